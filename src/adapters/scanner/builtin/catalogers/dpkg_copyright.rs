//! What the licences of Debian's packages are: `usr/share/doc/PACKAGE/copyright`, in the machine-readable form
//! (<https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/>) or as free text that refers to the licences in
//! `usr/share/common-licenses`.
//!
//! Of a machine-readable file the licences count that its files have. A paragraph that only gives the text of a licence says of
//! nothing that it is under that: of `GPL-2+ or Artistic` both would be, where one of them is to be chosen.
//!
//! No package lists these files as needed: images leave them out, and nothing is missing then but the licences.

use super::debian_license::{self, LENGTH_LIMIT};
use crate::adapters::scanner::builtin::catalog::{
    Cataloger, File, FileFacts, Found, Licensed, ParseError, Parsed, Reads,
};
use std::collections::BTreeSet;

const DOC: &str = "usr/share/doc/";
const COMMON: &str = "/usr/share/common-licenses/";
/// The most licences of a file that are kept, by either way.
const LICENSES: usize = 200;
/// How much text before a reference is taken for what it refers from, in bytes: the usual words are less.
const NOTICE: usize = 1500;
/// As near as this, in bytes, a reference to the same licence is one more of what the one before it refers from.
const NEAR: usize = 200;

/// Reads the file.
pub(super) struct DpkgCopyright;

impl Cataloger for DpkgCopyright {
    fn name(&self) -> &'static str {
        "dpkg-copyright"
    }

    fn revision(&self) -> u32 {
        1
    }

    fn reads(&self) -> Reads {
        Reads::Installed
    }

    fn wants(&self, file: &FileFacts<'_>) -> bool {
        package(file.path).is_some()
    }

    fn is_optional(&self) -> bool {
        true
    }

    fn parse(&self, file: &File<'_>) -> Result<Parsed, ParseError> {
        let mut parsed = Parsed::default();
        let Some(name) = package(file.path) else { return Ok(parsed) };
        let bytes = file.content.bytes()?;
        let text = String::from_utf8_lossy(&bytes);
        let licenses = match stated(&text) {
            Stated::OfFiles(licenses) => licenses,
            Stated::OfTexts(mut licenses) => {
                licenses.append(&mut referred_to(&text));
                licenses
            }
        };
        if !licenses.is_empty() {
            let licenses = licenses.into_iter().collect();
            parsed.add(Found::Licensed(Licensed { manager: "deb".into(), name: name.into(), licenses }));
        }
        Ok(parsed)
    }
}

fn package(path: &str) -> Option<&str> {
    path.strip_prefix(DOC)?.split_once('/').filter(|(_, file)| *file == "copyright").map(|(name, _)| name)
}

/// Licences that fields of a file state.
enum Stated {
    /// By paragraphs on files, or for all in the head.
    OfFiles(BTreeSet<String>),
    /// By others: the file is not, or not wholly, in the machine-readable form.
    OfTexts(BTreeSet<String>),
}

/// What a paragraph says.
#[derive(Default)]
struct Paragraph<'a> {
    license: Option<&'a str>,
    has_files: bool,
    is_head: bool,
}

impl<'a> Paragraph<'a> {
    fn line(&mut self, line: &'a str) {
        let Some((field, value)) = line.split_once(':') else { return };
        let is = |name: &str| field.eq_ignore_ascii_case(name);
        let value = value.trim();
        if is("License") && !value.is_empty() && value.len() <= LENGTH_LIMIT {
            self.license.get_or_insert(value);
        }
        self.has_files |= is("Files");
        self.is_head |= is("Format") || is("Format-Specification");
    }
}

fn stated(text: &str) -> Stated {
    let (mut of_files, mut of_texts) = (BTreeSet::new(), BTreeSet::new());
    let mut paragraph = Paragraph::default();
    // One line more ends the last paragraph.
    for line in text.lines().chain([""]) {
        if !line.trim().is_empty() {
            paragraph.line(line);
            continue;
        }
        let Paragraph { license, has_files, is_head } = std::mem::take(&mut paragraph);
        let licenses = if has_files || is_head { &mut of_files } else { &mut of_texts };
        licenses.extend(license.filter(|_| licenses.len() < LICENSES));
    }
    let normal = |licenses: BTreeSet<&str>| licenses.into_iter().map(debian_license::normal).collect();
    if of_files.is_empty() { Stated::OfTexts(normal(of_texts)) } else { Stated::OfFiles(normal(of_files)) }
}

/// A reference to a licence in `common-licenses`.
struct Reference<'a> {
    /// Where it begins and ends.
    at: usize,
    end: usize,
    /// `GPL` of `GPL-2`.
    family: &'a str,
    version: Option<&'a str>,
}

fn references(text: &str) -> impl Iterator<Item = Reference<'_>> {
    text.match_indices(COMMON).filter_map(|(at, _)| {
        let rest = &text[at + COMMON.len()..];
        let is_outside = |c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '+'));
        let name = &rest[..rest.find(is_outside).unwrap_or(rest.len())];
        let end = at + COMMON.len() + name.len();
        let name = name.trim_end_matches(['.', '-']);
        let (family, version) = name.split_once('-').map_or((name, None), |(family, version)| (family, Some(version)));
        let is_name = !family.is_empty() && name.len() <= LENGTH_LIMIT;
        is_name.then_some(Reference { at, end, family, version })
    })
}

/// The licences in `common-licenses` that a text refers to. Whether later versions will do, and which version is meant where the
/// name has none, is taken from the words before.
fn referred_to(text: &str) -> BTreeSet<String> {
    let mut licenses = BTreeSet::new();
    let mut references = references(text).peekable();
    let mut last: Option<(Reference<'_>, bool)> = None;
    while let Some(reference) = references.next() {
        let before = last.as_ref().map_or(0, |(last, _)| last.end);
        let start = text.floor_char_boundary(before.max(reference.at.saturating_sub(NOTICE)));
        let notice = text[start.min(reference.at)..reference.at].to_lowercase();
        let notice = notice.split_whitespace().collect::<Vec<_>>().join(" ");
        let one_more =
            |a: &Reference<'_>, b: &Reference<'_>| a.family == b.family && b.at.saturating_sub(a.end) <= NEAR;
        let inherited = last.as_ref().is_some_and(|(last, later)| *later && one_more(last, &reference));
        let later = inherited || notice.contains("later version");
        // Of `GPL`, and version 3 of it in `GPL-3`, the second says which.
        let is_told_next =
            reference.version.is_none() && references.peek().is_some_and(|next| one_more(&reference, next));
        if !is_told_next && licenses.len() < LICENSES {
            licenses.insert(common(&reference, &notice, later));
        }
        last = Some((reference, later));
    }
    licenses
}

/// A licence of `common-licenses`.
fn common(reference: &Reference<'_>, notice: &str, later: bool) -> String {
    let Reference { family, version, .. } = *reference;
    let name = version.map_or_else(|| family.to_owned(), |version| format!("{family}-{version}"));
    let id = match family {
        "GPL" | "LGPL" | "GFDL" => version
            .or_else(|| only_version(notice))
            .and_then(|version| debian_license::gnu_id(family, version, "", later)),
        "BSD" => Some("BSD-3-Clause".to_owned()),
        _ => debian_license::id(&name),
    };
    id.unwrap_or(name)
}

/// The version that a text speaks of, if it is one.
fn only_version(notice: &str) -> Option<&str> {
    let number = |text: &'_ str| text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let after = notice.match_indices("version ").map(|(at, word)| &notice[at + word.len()..]);
    let numbers: BTreeSet<&str> = after.map(|text| text[..number(text)].trim_end_matches('.')).collect();
    let mut numbers = numbers.into_iter().filter(|number| !number.is_empty());
    numbers.next().filter(|_| numbers.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::super::testing::{damage, parse};
    use super::*;

    const PATH: &str = "usr/share/doc/tiny1/copyright";
    const STATED: &str = "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\nSource: https://x.example\n\n\
        Files: *\nCopyright: 2024 A\nLicense: GPL-2+ or Artistic\n\nFiles:\n lib/a.c\n lib/b.c\nlicense: Expat\n Permission is\n .\n granted\n\n\
        Files: c\nLicense: public-domain\n\nLicense: GPL-2+\n This is free software\n\nLicense: Artistic\n Text\n";
    const FREE: &str = "This package was made by A.\n\n    The library is free software; you can redistribute it under the\n    terms of the GNU \
        Lesser General Public License, either\n    version 2.1 of the License, or (at your option) any\n    later version.\n\n  The text is in \
        `/usr/share/common-licenses/LGPL-2.1'.\n\nThe tools are under version 2 of the GNU GPL, which is in /usr/share/common-licenses/GPL-2.\n";

    fn licenses(text: &str) -> Vec<String> {
        let parsed = parse(&DpkgCopyright, PATH, text).unwrap();
        assert_eq!(parsed.gaps, Vec::<String>::new());
        match parsed.found.as_slice() {
            [] => Vec::new(),
            [Found::Licensed(licensed)] => {
                assert_eq!((licensed.manager.as_str(), licensed.name.as_str()), ("deb", "tiny1"));
                licensed.licenses.clone()
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn files_have_licences_and_texts_have_none() {
        assert_eq!(licenses(STATED), ["GPL-2.0-or-later OR Artistic-1.0-Perl", "MIT", "public-domain"]);
        assert_eq!(licenses(&STATED.replace('\n', "\r\n")), licenses(STATED));
        // A head alone; texts alone.
        assert_eq!(licenses("Format: x\nLicense: ISC\n\nLicense: Expat\n t\n"), ["ISC"]);
        assert_eq!(licenses("Format: x\n\nLicense: ISC\n t\n\nLicense: Expat\n t\n"), ["ISC", "MIT"]);
    }

    #[test]
    fn free_text_refers_to_common_licences() {
        assert_eq!(licenses(FREE), ["GPL-2.0-only", "LGPL-2.1-or-later"]);
        let unversioned = "either version 3 of the License, or any later version: \
            `/usr/share/common-licenses/GPL', version 3 in `/usr/share/common-licenses/GPL-3'.";
        assert_eq!(licenses(unversioned), ["GPL-3.0-or-later"]);
        for (text, expected) in [
            ("see /usr/share/common-licenses/GPL.", "GPL"),
            ("version 2 or version 3, see /usr/share/common-licenses/GPL.", "GPL"),
            ("see /usr/share/common-licenses/BSD", "BSD-3-Clause"),
            ("see '/usr/share/common-licenses/Artistic'", "Artistic-1.0-Perl"),
            ("see /usr/share/common-licenses/Apache-2.0", "Apache-2.0"),
            ("see /usr/share/common-licenses/Other", "Other"),
        ] {
            assert_eq!(licenses(text), [expected], "{text}");
        }
        let mixed = format!("A tool.\n\nLicense: Expat\n\n{FREE}");
        assert_eq!(licenses(&mixed), ["GPL-2.0-only", "LGPL-2.1-or-later", "MIT"]);
        assert_eq!(licenses("the licences in /usr/share/common-licenses/ .\n"), Vec::<String>::new());
    }

    #[test]
    fn only_the_file_of_a_package_is_wanted() {
        let wants = |path| DpkgCopyright.wants(&FileFacts { path, size: 1, executable: false });
        assert!(wants(PATH));
        for path in
            ["usr/share/doc/copyright", "usr/share/doc/a/b/copyright", "usr/share/doc/a/copyright.gz", "a/copyright"]
        {
            assert!(!wants(path), "{path}");
        }
    }

    #[test]
    fn no_damage_panics() {
        damage(&DpkgCopyright, PATH, STATED);
        damage(&DpkgCopyright, PATH, FREE);
        assert_eq!(licenses(&"License: é\n\n".repeat(300)).len(), 1);
        let many: String = (0..10_000).map(|at| format!("License: a{at}\n\n")).collect();
        assert_eq!(licenses(&many).len(), LICENSES);
        let many: String = (0..10_000).map(|at| format!("/usr/share/common-licenses/a{at} ")).collect();
        assert_eq!(licenses(&many).len(), LICENSES);
        assert_eq!(licenses(&"\n".repeat(1 << 20)).len(), 0);
        assert_eq!(licenses(&format!("é{}", "é/usr/share/common-licenses/é".repeat(3000))).len(), 0);
    }
}
