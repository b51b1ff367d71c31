//! Whether a version is one that an advisory lists by name.

use super::{digits, nuget, pep440};
use crate::model::EcosystemKind;
use std::cmp::Ordering;

/// A version to hold against lists. PyPI and NuGet: any spelling of the same version (`1.0` for `1.0.0`); where versions are
/// tags of repositories (Go, Packagist, Swift, GitHub Actions) and in Julia: with or without `v`; all others: the same text. A
/// local build of a Python version (`1.0+cpu`) is that version too, as PEP 440 has it of every requirement.
pub(in crate::matching) struct Same<'a> {
    text: &'a str,
    rule: Rule<'a>,
}

enum Rule<'a> {
    Text,
    Tag,
    NuGet,
    /// The version, and it without its local part.
    Pep440(Box<[pep440::Version<'a>; 2]>),
}

impl<'a> Same<'a> {
    /// A version of an ecosystem.
    pub(in crate::matching) fn new(kind: &EcosystemKind, version: &'a str) -> Self {
        let rule = match kind {
            EcosystemKind::Go | EcosystemKind::Packagist => Rule::Tag,
            EcosystemKind::Other(name) if matches!(&**name, "SwiftURL" | "GitHub Actions" | "Julia") => Rule::Tag,
            EcosystemKind::NuGet => Rule::NuGet,
            EcosystemKind::PyPI => pep440::Version::parse(version).map_or(Rule::Text, |version| {
                let public = version.public();
                Rule::Pep440(Box::new([version, public]))
            }),
            _ => Rule::Text,
        };
        Self { text: version, rule }
    }

    /// Whether it is in a list.
    pub(in crate::matching) fn is_in(&self, list: &[String]) -> bool {
        let bare = |text| str::strip_prefix(text, ['v', 'V']).unwrap_or(text);
        list.iter().any(|listed| listed == self.text)
            || match &self.rule {
                Rule::Text => false,
                Rule::Tag => list.iter().any(|listed| bare(listed) == bare(self.text)),
                Rule::NuGet => list.iter().any(|listed| nuget::compare(listed, self.text) == Ok(Ordering::Equal)),
                Rule::Pep440(versions) => {
                    let [version, public] = versions.as_ref();
                    let start = start(self.text);
                    let mut near = list.iter().filter(|listed| start == self::start(listed));
                    near.any(|listed| {
                        pep440::Version::parse(listed)
                            .is_some_and(|listed| version.compare(&listed).is_eq() || public.compare(&listed).is_eq())
                    })
                }
            }
    }
}

/// What equal PEP 440 versions have in common and is had without reading them whole, since lists are long: the first two
/// numbers of the release, without leading zeros. An epoch is left out: the whole comparison has it.
fn start(text: &str) -> (&str, &str) {
    let text = text.trim_start();
    let text = text.strip_prefix(['v', 'V']).unwrap_or(text);
    let text = text.split_once('!').map_or(text, |(_, release)| release);
    let (first, rest) = digits::split(text);
    let second = rest.strip_prefix('.').map_or("", |rest| digits::split(rest).0);
    (first.trim_start_matches('0'), second.trim_start_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_version_are_the_same() {
        let list = |text: &str| [text.to_owned()];
        let python = |a, b| Same::new(&EcosystemKind::PyPI, a).is_in(&list(b));
        for (a, b) in [("1.0.0", "1.0"), ("v1", "1.0"), (" 1.00a1", "1.0.alpha-1"), ("0!1", "1"), ("1", "0!1")] {
            assert!(python(a, b), "{a} {b}");
        }
        assert!(python("1.0+cpu", "1") && python("1+a", "1.0+A") && !python("1+a", "1+b") && !python("1", "1+a"));
        assert!(!python("1.0", "1.1") && !python("1!1", "1") && !python("1.1+a", "1"));
        assert!(Same::new(&EcosystemKind::Go, "v1.0.0").is_in(&list("1.0.0")));
        assert!(!Same::new(&EcosystemKind::Maven, "1.0.0").is_in(&list("1.0")));
        for name in ["Packagist", "SwiftURL", "GitHub Actions", "Julia"] {
            assert!(Same::new(&EcosystemKind::parse(name), "1.0.0").is_in(&list("v1.0.0")), "{name}");
        }
        let nuget = |a, b| Same::new(&EcosystemKind::NuGet, a).is_in(&list(b));
        assert!(
            nuget("1.0", "1.0.0") && nuget("1.0.0.0-RC", "1.0.0-rc") && !nuget("1.0", "1.0.1") && !nuget("x", "1.0")
        );
    }
}
