//! Globs over paths with `/`: `*` and `?` within one part, `**` for any number of parts, none included.

/// A pattern, anchored at both ends.
#[derive(Debug)]
pub(crate) struct Glob(Vec<Vec<char>>);

impl Glob {
    /// Any text is a pattern; empty parts and `.` are left out.
    pub(crate) fn new(pattern: &str) -> Self {
        let parts = pattern.split('/').filter(|part| !part.is_empty() && *part != ".");
        Self(parts.map(|part| part.chars().collect()).collect())
    }

    /// Whether it names this path (or, with `dir/**`, this directory). Time is bounded by the product of both lengths.
    pub(crate) fn matches(&self, path: &str) -> bool {
        let path: Vec<Vec<char>> = path.split('/').map(|part| part.chars().collect()).collect();
        matches(
            &self.0,
            &path,
            |pattern| pattern.as_slice() == ['*', '*'],
            |pattern, part| matches(pattern, part, |c| *c == '*', |pattern, c| *pattern == '?' || pattern == c),
        )
    }
}

/// Wildcard matching over any items: a `star` stands for any run of items.
fn matches<P, T>(pattern: &[P], items: &[T], star: impl Fn(&P) -> bool, same: impl Fn(&P, &T) -> bool) -> bool {
    let (mut at, mut item) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while item < items.len() {
        match pattern.get(at) {
            Some(part) if star(part) => {
                retry = Some((at, item));
                at += 1;
            }
            Some(part) if same(part, &items[item]) => {
                at += 1;
                item += 1;
            }
            _ => {
                let Some((star_at, from)) = retry else { return false };
                retry = Some((star_at, from + 1));
                at = star_at + 1;
                item = from + 1;
            }
        }
    }
    pattern[at..].iter().all(star)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stay_in_their_part_and_double_stars_do_not() {
        for (pattern, path, expected) in [
            ("vendor/**", "vendor", true),
            ("vendor/**", "vendor/a/b", true),
            ("vendor/**", "vendors", false),
            ("**/test/*.lock", "test/a.lock", true),
            ("**/test/*.lock", "a/b/test/a.lock", true),
            ("**/test/*.lock", "test/a/b.lock", false),
            ("*.lock", "a/b.lock", false),
            ("a?c/", "abc", true),
            ("./a/**/z", "a/z", true),
            ("", "a", false),
        ] {
            assert_eq!(Glob::new(pattern).matches(path), expected, "{pattern} {path}");
        }
    }

    #[test]
    fn hostile_patterns_end() {
        assert!(!Glob::new(&"*a".repeat(500)).matches(&"a".repeat(499)));
        assert!(!Glob::new(&"**/a/".repeat(500)).matches(&"a/".repeat(498)));
    }
}
