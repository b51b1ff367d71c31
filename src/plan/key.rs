//! Keys: the hash of everything that can change an action's result.
//!
//! | key | what enters it |
//! |---|---|
//! | SBOM | subject kind, digest, name and address (they stand in the document); scanner name, version and program digest; its options |
//! | match | digest of the SBOM document; digest of the advisory snapshot; revision of the matching rules, or the program that matches |
//!
//! Each is BLAKE3 in key-derivation mode under a context of its own, over fields that are length-prefixed, so that no two
//! different inputs run together. Raise the number in a context when a field is added or an output's form changes.

use crate::model::{Digest, ScannerIdentity, Subject, SubjectKind};
use crate::ports::ActionKey;

const SBOM: &str = "proofmark 2026-11 sbom action 3";
const MATCH: &str = "proofmark 2026-11 match action 4";

/// The key of scanning a subject.
pub fn sbom_key(subject: &Subject, scanner: &ScannerIdentity, options: &str) -> ActionKey {
    let kind = match subject.kind {
        SubjectKind::Image => "image",
        SubjectKind::Source => "source",
    };
    let digest = subject.digest.to_string();
    let program = scanner.binary.map(|digest| digest.to_string()).unwrap_or_default();
    let fields =
        [kind, &digest, subject.name.as_str(), &subject.uri, &scanner.name, &scanner.version, &program, options];
    key(SBOM, fields.map(str::as_bytes))
}

/// The key of matching an SBOM: by this revision of our rules, or by another program.
pub fn match_key(sbom: &Digest, snapshot: &Digest, by: &MatchedBy) -> ActionKey {
    let by = match by {
        MatchedBy::Ours(revision) => format!("ours {revision}"),
        MatchedBy::Other(program) => format!("{} {program}", program.name),
    };
    key(MATCH, [sbom.as_bytes().as_slice(), snapshot.as_bytes(), by.as_bytes()])
}

/// What matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MatchedBy {
    /// Our own rules, of a revision.
    Ours(u32),
    /// Another program.
    Other(ScannerIdentity),
}

fn key<'a>(context: &str, fields: impl IntoIterator<Item = &'a [u8]>) -> ActionKey {
    let mut hasher = blake3::Hasher::new_derive_key(context);
    for field in fields {
        hasher.update(&(field.len() as u64).to_le_bytes());
        hasher.update(field);
    }
    ActionKey(*hasher.finalize().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Name, SubjectDigest};
    use proptest::prelude::*;

    fn subject(digest: &[u8], name: &str, uri: &str) -> Subject {
        Subject {
            name: Name::new(name).unwrap(),
            kind: SubjectKind::Image,
            uri: uri.into(),
            digest: SubjectDigest::Sha256(Digest::of(digest)),
        }
    }

    fn scanner(version: &str) -> ScannerIdentity {
        ScannerIdentity { name: "builtin".into(), version: version.into(), binary: None }
    }

    proptest! {
        #[test]
        fn distinct_inputs_have_distinct_keys(a: (Vec<u8>, String, String, String), b: (Vec<u8>, String, String, String)) {
            let of = |(digest, uri, version, options): &(Vec<u8>, String, String, String)| {
                sbom_key(&subject(digest, "n", uri), &scanner(version), options)
            };
            prop_assert_eq!(a == b, of(&a) == of(&b));
        }

        #[test]
        fn match_keys_differ_in_each_part(a: (u8, u8, u32), b: (u8, u8, u32)) {
            let of = |(sbom, snapshot, revision): (u8, u8, u32)| {
                match_key(&Digest::of(&[sbom]), &Digest::of(&[snapshot]), &MatchedBy::Ours(revision))
            };
            prop_assert_eq!(a == b, of(a) == of(b));
        }
    }

    #[test]
    fn who_matches_is_part_of_the_key() {
        let of = |by: MatchedBy| match_key(&Digest::of(b"sbom"), &Digest::of(b"db"), &by);
        assert_ne!(of(MatchedBy::Ours(1)), of(MatchedBy::Other(scanner("1"))));
        assert_ne!(of(MatchedBy::Other(scanner("2"))), of(MatchedBy::Other(scanner("1"))));
    }

    #[test]
    fn fields_do_not_run_together() {
        let one = sbom_key(&subject(b"x", "ab", "c"), &scanner("1"), "");
        let other = sbom_key(&subject(b"x", "a", "bc"), &scanner("1"), "");
        assert_ne!(one, other);
        let one = sbom_key(&subject(b"x", "n", "u"), &scanner("1"), "23");
        let other = sbom_key(&subject(b"x", "n", "u"), &scanner("12"), "3");
        assert_ne!(one, other);
    }
}
