//! `gradle.lockfile`, `buildscript-gradle.lockfile` and the older files below `gradle/dependency-locks`: every module that Gradle
//! resolved, with the configurations that need it. Format: <https://docs.gradle.org/current/userguide/dependency_locking.html>.

use super::super::catalog::{Cataloger, File, FileFacts, ParseError, Parsed, Reads};
use super::collect::Collector;
use super::identity::{self, Origin};
use crate::model::{Component, Scope};

/// Reads Gradle's lockfiles.
pub(super) struct GradleLockfile;

impl Cataloger for GradleLockfile {
    fn name(&self) -> &'static str {
        "gradle-lockfile"
    }

    fn revision(&self) -> u32 {
        3
    }

    fn reads(&self) -> Reads {
        Reads::Source
    }

    fn wants(&self, file: &FileFacts<'_>) -> bool {
        let name = file.file_name();
        matches!(name, "gradle.lockfile" | "buildscript-gradle.lockfile")
            || (name.ends_with(".lockfile") && file.path.contains("gradle/dependency-locks/"))
    }

    fn parse(&self, file: &File<'_>) -> Result<Parsed, ParseError> {
        let text = file.content.text()?;
        let mut all = Collector::default();
        // Older files are for one configuration each: they name none, and have no last line.
        let old = file.path.contains("dependency-locks/");
        let mut ended = false;
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            // The last line names the configurations that need nothing.
            if let Some(rest) = line.strip_prefix("empty=") {
                ended =
                    rest.is_empty() || rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || b",_-".contains(&byte));
                continue;
            }
            let (module, configurations) = match line.split_once('=') {
                Some(split) => split,
                None if old => (line, ""),
                None => ("", ""),
            };
            let parts: Vec<&str> = module.split(':').collect();
            match parts.as_slice() {
                [group, name, version] if !version.is_empty() => {
                    let component = maven(group, name, version);
                    all.add_or_gap(component.map(|component| Component { scope: scope(configurations), ..component }));
                }
                _ => all.gap(format!("line {}: `{line}` is no module", index + 1)),
            }
        }
        if !ended && !old {
            all.gap("it has no `empty=`: cut off");
        }
        Ok(all.finish())
    }
}

/// Needed for development where no configuration but those of tests and of the build needs it.
fn scope(configurations: &str) -> Scope {
    let is_development = |name: &str| {
        let lower = name.to_ascii_lowercase();
        let tools = ["annotationprocessor", "checkstyle", "jacoco", "pmd", "spotbugs", "developmentonly"];
        is_of_tests(name) || tools.iter().any(|it| lower.contains(it))
    };
    let mut names = configurations.split(',').filter(|name| !name.is_empty()).peekable();
    if names.peek().is_some() && names.all(is_development) { Scope::Development } else { Scope::Runtime }
}

/// Whether `test` is one of the words of a configuration's name (`testRuntimeClasspath`, `debugUnitTestCompileClasspath`), as it
/// is not in `latestRuntimeClasspath`.
fn is_of_tests(name: &str) -> bool {
    let ends = |rest: &str| !rest.starts_with(|c: char| c.is_ascii_lowercase());
    name.strip_prefix("test").is_some_and(ends)
        || name.match_indices("Test").any(|(at, word)| ends(&name[at + word.len()..]))
}

/// A module of Maven's name space.
///
/// # Errors
/// A group, name or version that no module can have.
pub(super) fn maven(group: &str, name: &str, version: &str) -> Result<Component, String> {
    let odd = |part: &str| part.is_empty() || part.contains(['/', ':', '$', '{', '}']);
    if odd(group) || odd(name) {
        return Err(format!("`{group}:{name}` is not the name of a module"));
    }
    identity::component("maven", Some(group), name, &format!("{group}:{name}"), version, &Origin::Registry)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{NOTHING, components, damage, parse};
    use super::*;

    const SAMPLE: &str = "# This is a Gradle generated file for dependency locking.\n\
        com.a:b:1.0=compileClasspath,runtimeClasspath\norg.c:d:2.0=testCompileClasspath,testRuntimeClasspath\nempty=x\n";

    #[test]
    fn modules_are_read_with_what_needs_them() {
        let parsed = parse(&GradleLockfile, "gradle.lockfile", SAMPLE).unwrap();
        let show = |c: &&Component| format!("{} {:?} {}", c.purl, c.scope, c.name);
        let shown: Vec<String> = components(&parsed).iter().map(show).collect();
        assert_eq!(shown, ["pkg:maven/com.a/b@1.0 Runtime com.a:b", "pkg:maven/org.c/d@2.0 Development org.c:d"]);
        assert_eq!(parsed.gaps, NOTHING);
        for end in 0..SAMPLE.len() - 3 {
            let cut = parse(&GradleLockfile, "gradle.lockfile", &SAMPLE[..end]).unwrap();
            assert!(!cut.gaps.is_empty(), "{end}");
        }
        assert_eq!(parse(&GradleLockfile, "gradle.lockfile", "empty=\n"), Ok(Parsed::default()));
        damage(&GradleLockfile, "gradle.lockfile", SAMPLE);
    }

    #[test]
    fn tests_are_a_word_of_a_name() {
        for name in
            ["testCompileClasspath", "debugUnitTestRuntimeClasspath", "test", "integrationTest", "testFixturesApi"]
        {
            assert!(is_of_tests(name), "{name}");
        }
        for name in ["latestRuntimeClasspath", "runtimeClasspath", "testimonialsRuntimeClasspath", "contestApi", ""] {
            assert!(!is_of_tests(name), "{name}");
        }
    }
}
