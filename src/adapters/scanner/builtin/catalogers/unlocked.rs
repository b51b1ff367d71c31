//! Manifests that no lockfile stands behind: they name ranges, and what is taken of those stands nowhere in the tree. Each that
//! asks for anything is a gap, so that a project without a lockfile is not taken for one without packages.
//!
//! A lockfile counts where it lies beside the manifest or above it, as that of a workspace does.

use super::super::catalog::{Cataloger, File, FileFacts, ParseError, Parsed, Reads};
use super::collect::Collector;
use super::toml_lock;
use serde_json::Value;

/// Tells of manifests without a lockfile.
pub(super) struct Unlocked;

/// A kind of manifest: its name, and the lockfiles that say what was taken.
const KINDS: [(&str, &[&str]); 6] = [
    ("Cargo.toml", &["Cargo.lock"]),
    ("Pipfile", &["Pipfile.lock"]),
    ("composer.json", &["composer.lock"]),
    ("deno.json", &["deno.lock"]),
    (
        "package.json",
        &[
            "package-lock.json",
            "npm-shrinkwrap.json",
            "yarn.lock",
            "pnpm-lock.yaml",
            "bun.lock",
            "bun.lockb",
            "deno.lock",
        ],
    ),
    (
        "pyproject.toml",
        &[
            "uv.lock",
            "poetry.lock",
            "pdm.lock",
            "pylock.toml",
            "Pipfile.lock",
            "pixi.lock",
            "requirements.txt",
            "*requirements*.txt",
            "requirements/*.txt",
            "pylock.*.toml",
        ],
    ),
];

/// How many directories above a manifest are looked into.
const ABOVE: usize = 16;

impl Cataloger for Unlocked {
    fn name(&self) -> &'static str {
        "unlocked-manifest"
    }

    fn revision(&self) -> u32 {
        1
    }

    fn reads(&self) -> Reads {
        Reads::Source
    }

    fn wants(&self, file: &FileFacts<'_>) -> bool {
        KINDS.iter().any(|(name, _)| *name == file.file_name())
    }

    fn parse(&self, file: &File<'_>) -> Result<Parsed, ParseError> {
        let name = file.path.rsplit('/').next().unwrap_or(file.path);
        let locks = KINDS.iter().find(|(kind, _)| *kind == name).map(|(_, locks)| *locks).unwrap_or_default();
        let depth = file.path.matches('/').count().min(ABOVE);
        // What a pattern names is listed: none is an empty list.
        let is_there = |lock: &str, up: usize| {
            let found = (file.companion)(&format!("{}{lock}", "../".repeat(up)));
            found.is_some_and(|bytes| !lock.contains('*') || !bytes.is_empty())
        };
        let locked = |up: usize| locks.iter().any(|lock| is_there(lock, up));
        if (0..=depth).any(locked) {
            return Ok(Parsed::default());
        }
        let manifest: Value = match name.ends_with(".json") {
            true => {
                let text = file.content.text()?;
                serde_json::from_str(&text).map_err(|error| ParseError(error.to_string()))?
            }
            false => toml_lock::read(file)?,
        };
        let mut all = Collector::default();
        if asks(name, &manifest) {
            let plain: Vec<&str> = locks.iter().copied().filter(|lock| !lock.contains('*')).collect();
            all.gap(format!("it asks for packages, and no lockfile ({}) says which are taken", plain.join(", ")));
        }
        Ok(all.finish())
    }
}

/// Whether a manifest asks for any package.
fn asks(name: &str, manifest: &Value) -> bool {
    let at = |path: &str| manifest.pointer(path);
    let some = |path: &str| at(path).is_some_and(|value| !is_empty(value));
    // Beside packages stands what they run on.
    let but = |path: &str, own: fn(&str) -> bool| {
        at(path).and_then(Value::as_object).is_some_and(|list| list.keys().any(|name| !own(name)))
    };
    match name {
        "Cargo.toml" => {
            let lists = ["dependencies", "dev-dependencies", "build-dependencies"];
            let targets = at("/target").and_then(Value::as_object).into_iter().flat_map(|map| map.values());
            lists.iter().any(|list| {
                some(&format!("/{list}")) || targets.clone().any(|it| it.get(list).is_some_and(|it| !is_empty(it)))
            })
        }
        "Pipfile" => some("/packages") || some("/dev-packages"),
        "composer.json" => {
            let platform = |name: &str| !name.contains('/');
            but("/require", platform) || but("/require-dev", platform)
        }
        "deno.json" => some("/imports"),
        "package.json" => some("/dependencies") || some("/devDependencies") || some("/optionalDependencies"),
        _ => {
            let groups = at("/tool/poetry/group").and_then(Value::as_object).into_iter().flat_map(|map| map.values());
            some("/project/dependencies")
                || at("/project/optional-dependencies").is_some_and(holds)
                || at("/dependency-groups").is_some_and(holds)
                || but("/tool/poetry/dependencies", |name| name == "python")
                || some("/tool/poetry/dev-dependencies")
                || groups.filter_map(|group| group.get("dependencies")).any(|list| !is_empty(list))
        }
    }
}

fn is_empty(value: &Value) -> bool {
    value.as_object().is_some_and(serde_json::Map::is_empty) || value.as_array().is_some_and(Vec::is_empty)
}

/// Whether any list of a table holds anything.
fn holds(table: &Value) -> bool {
    table.as_object().is_some_and(|lists| lists.values().any(|list| !is_empty(list)))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{damage, parse, parse_with};
    use super::*;

    #[test]
    fn a_manifest_that_asks_for_packages_needs_a_lockfile() {
        let asking = [
            ("Cargo.toml", "[package]\nname = \"a\"\n[dependencies]\nb = \"1\"\n"),
            ("Cargo.toml", "[target.'cfg(unix)'.dev-dependencies]\nb = \"1\"\n"),
            ("Pipfile", "[packages]\nb = \"*\"\n"),
            ("composer.json", r#"{"require":{"php":"^8","a/b":"1"}}"#),
            ("deno.json", r#"{"imports":{"a":"jsr:@a/b@1"}}"#),
            ("package.json", r#"{"name":"a","devDependencies":{"b":"1"}}"#),
            ("pyproject.toml", "[project]\ndependencies = [\"b>=1\"]\n"),
            ("pyproject.toml", "[tool.poetry.group.dev.dependencies]\nb = \"1\"\n"),
            ("pyproject.toml", "[dependency-groups]\nx = []\ndev = [\"b\"]\n"),
        ];
        for (name, text) in asking {
            let path = format!("a/b/{name}");
            assert_eq!(parse(&Unlocked, &path, text).unwrap().gaps.len(), 1, "{text}");
            for (lock, up) in KINDS
                .iter()
                .filter(|(kind, _)| *kind == name)
                .flat_map(|(_, locks)| *locks)
                .zip([0, 1, 2, 0, 1, 2, 0, 0, 0, 0])
            {
                let place = format!("{}{lock}", "../".repeat(up));
                let beside = |name: &str| (name == place).then(|| b"x".to_vec());
                assert_eq!(parse_with(&Unlocked, &path, text, &beside), Ok(Parsed::default()), "{place}");
            }
            let none = |name: &str| name.contains('*').then(Vec::new);
            assert_eq!(parse_with(&Unlocked, &path, text, &none).unwrap().gaps.len(), 1, "{text}");
            damage(&Unlocked, &path, text);
        }
    }

    #[test]
    fn one_that_asks_for_none_needs_none() {
        let content = [
            ("Cargo.toml", "[workspace]\nmembers = [\"a\"]\n[workspace.dependencies]\nb = \"1\"\n"),
            ("Pipfile", "[requires]\npython_version = \"3\"\n"),
            ("composer.json", r#"{"require":{"php":"^8","ext-json":"*"}}"#),
            ("deno.json", r#"{"tasks":{"a":"b"}}"#),
            ("package.json", r#"{"type":"module","dependencies":{}}"#),
            ("pyproject.toml", "[tool.poetry.dependencies]\npython = \"^3\"\n[tool.ruff]\nline-length = 1\n"),
        ];
        for (name, text) in content {
            assert_eq!(parse(&Unlocked, name, text), Ok(Parsed::default()), "{name}");
            assert!(parse(&Unlocked, name, "{ x").is_err());
        }
    }
}
