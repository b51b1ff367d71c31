//! The version that a program was given by the linker (`-ldflags "-X main.version=v1.2.3"`): what it is released as, where the
//! tool itself recorded none. Format: <https://pkg.go.dev/cmd/link>.

use super::super::collect::unescaped;

/// What the recorded flags say of the version of a program, by the module's path; `None` where nothing does, or where what
/// does disagrees.
pub(super) fn version(module: &str, recorded: &str) -> Option<String> {
    let flags = unquoted(recorded);
    let commands = format!("{module}/cmd/");
    // By rank: a command of the module, the program itself, any other package.
    let mut found: [Vec<&str>; 3] = Default::default();
    for (variable, value) in definitions(&flags) {
        let Some((package, name)) = variable.rsplit_once('.') else { continue };
        if !matches!(name.to_ascii_lowercase().as_str(), "version" | "ver") || !is_version(value) {
            continue;
        }
        let rank = match package {
            package if package.starts_with(&commands) => 0,
            "main" => 1,
            _ => 2,
        };
        if let Some(ranked) = found.get_mut(rank) {
            ranked.push(value);
        }
    }
    let best = found.iter().find(|ranked| !ranked.is_empty())?;
    let (first, others) = best.split_first()?;
    let bare = |value: &str| value.trim_start_matches('v').to_owned();
    others.iter().all(|other| bare(other) == bare(first)).then(|| format!("v{}", bare(first)))
}

/// The flags as they were given: they are recorded in Go's quotes where they hold a blank or a quote.
fn unquoted(recorded: &str) -> String {
    let Some(inner) = recorded.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
        return recorded.to_owned();
    };
    unescaped(inner)
}

/// Names and values of `-X`.
fn definitions(flags: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut words = words(flags).into_iter();
    std::iter::from_fn(move || {
        loop {
            let word = words.next()?;
            let flag = word.strip_prefix("--").or_else(|| word.strip_prefix('-'));
            let definition = match flag.and_then(|flag| flag.strip_prefix('X')) {
                Some("") => words.next()?,
                Some(joined) if joined.starts_with('=') => &joined[1..],
                _ => continue,
            };
            let definition = definition.trim_matches(['\'', '"']);
            if let Some(pair) = definition.split_once('=') {
                return Some(pair);
            }
        }
    })
}

/// Words between blanks; one in quotes may hold blanks.
fn words(flags: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut rest = flags.trim_start();
    while let Some(first) = rest.chars().next() {
        let end = match first {
            '\'' | '"' => rest[1..].find(first).map_or(rest.len(), |at| at + 2),
            _ => rest.find(char::is_whitespace).unwrap_or(rest.len()),
        };
        let (word, more) = rest.split_at(end);
        words.push(word);
        rest = more.trim_start();
    }
    words
}

/// Whether a text is a version as modules have them, with or without the `v` before it.
fn is_version(text: &str) -> bool {
    let text = text.strip_prefix('v').unwrap_or(text);
    let numbers = text.split(['-', '+']).next().unwrap_or_default();
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-+".contains(&byte);
    let parts = numbers.split('.').count();
    text.len() <= 128 && (2..=3).contains(&parts) && numbers.split('.').all(is_number) && text.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_programs_own_version_counts() {
        for (flags, expected) in [
            ("-X main.version=1.2.4", Some("v1.2.4")),
            (r#""-s -w -X 'main.Version=v1.2.4' -X main.date=today""#, Some("v1.2.4")),
            (r#""-X \"main.version=1.2.4\" -X 'main.built=Mon 1 Jan'""#, Some("v1.2.4")),
            ("-X=main.ver=1.2.4-rc.1+b", Some("v1.2.4-rc.1+b")),
            ("-X main.version=1.0 -X example.com/other/version.Version=2.0.0", Some("v1.0")),
            ("-X main.version=1.0.0 -X example.com/m/cmd/tool.version=v3.0.0", Some("v3.0.0")),
            ("-X example.com/other.Version=2.0.0", Some("v2.0.0")),
            ("-X main.version=v1.2.3 -X main.Version=1.2.3", Some("v1.2.3")),
            ("-X main.version=v1.2.3 -X main.Version=1.2.9", None),
            ("-X main.version=dev", None),
            ("-X main.version=", None),
            ("-X main.version=20240101", None),
            ("-X main.gitVersion=1.0.0 -X main.tag=v1.0.0", None),
            ("-X", None),
            ("\"", None),
            ("", None),
        ] {
            assert_eq!(version("example.com/m", flags).as_deref(), expected, "{flags}");
        }
    }

    #[test]
    fn no_flags_panic() {
        let flags = r#""-s -X 'main.versión=v1.2.3' -X=é -X \"main.version=1.2.3\" "é"#;
        for (at, _) in flags.char_indices() {
            version("m", &flags[at..]);
            version("m", &flags[..at]);
        }
    }
}
