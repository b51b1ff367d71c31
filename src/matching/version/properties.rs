//! What holds for every ordering, whatever the texts.

use super::compare;
use crate::model::EcosystemKind;
use proptest::prelude::*;
use std::cmp::Ordering;

/// One ecosystem for each ordering.
const NAMES: [&str; 14] = [
    "npm",
    "Go",
    "PyPI",
    "Debian",
    "Alpine",
    "Maven",
    "RubyGems",
    "NuGet",
    "Packagist",
    "Pub",
    "Red Hat",
    "CRAN",
    "Hackage",
    "ConanCenter",
];

#[test]
fn ecosystems_that_are_said_to_have_an_ordering_have_one() {
    for name in super::ORDERED {
        assert_eq!(compare(&EcosystemKind::parse(name), "1.9.0", "1.10.0"), Ok(Ordering::Less), "{name}");
    }
}

/// Texts that many of them read.
fn version() -> impl Strategy<Value = String> {
    "(v|1:|2!)?[0-9]{1,2}(\\.(0|1|02|10)){0,3}([-_.~^+]?(a|alpha|beta|rc|pre|dev|post|p|r|final|sp|x)?[-.]?[012]?){0,3}"
}

proptest! {
    #[test]
    fn both_ways_round_agree(a in version(), b in version()) {
        for kind in NAMES.map(EcosystemKind::parse) {
            let (there, back) = (compare(&kind, &a, &b), compare(&kind, &b, &a));
            prop_assert_eq!(there.is_ok(), back.is_ok());
            if let (Ok(there), Ok(back)) = (there, back) {
                prop_assert_eq!(there, back.reverse(), "{} {} {}", kind.as_str(), a, b);
                prop_assert_eq!(compare(&kind, &a, &a), Ok(Ordering::Equal));
            }
        }
    }

    /// PHP's, Maven's and Conan's rules are not transitive, the others are.
    #[test]
    fn orders_are_orders(a in version(), b in version(), c in version()) {
        for name in NAMES.iter().filter(|name| !["Packagist", "Maven", "ConanCenter"].contains(name)) {
            let kind = EcosystemKind::parse(name);
            if let (Ok(ab), Ok(bc), Ok(ac)) = (compare(&kind, &a, &b), compare(&kind, &b, &c), compare(&kind, &a, &c)) {
                if ab == bc || bc.is_eq() {
                    prop_assert_eq!(ac, ab, "{} {} {} {}", name, a, b, c);
                } else if ab.is_eq() {
                    prop_assert_eq!(ac, bc, "{} {} {} {}", name, a, b, c);
                }
            }
        }
    }

    #[test]
    fn any_text_is_read_or_refused(a in "\\PC{0,12}", b in "[0-9a-zß\u{0}.:~^!+_#-]{0,12}") {
        for kind in NAMES.map(EcosystemKind::parse) {
            let there = compare(&kind, &a, &b);
            prop_assert_eq!(there.map(Ordering::reverse).ok(), compare(&kind, &b, &a).ok(), "{} {} {}", kind.as_str(), a, b);
        }
    }
}

#[test]
fn long_texts_take_no_longer_than_their_length() {
    let repeated = ["1", "1.", "0.", "a", "1a", "-", "~", "^", ".", "-a", "_p1", "0a0-", "é", "-r"];
    for piece in repeated {
        let long = piece.repeat(80_000 / piece.len());
        let (a, b) = (format!("1.{long}1"), format!("1.{long}2"));
        for kind in NAMES.map(EcosystemKind::parse) {
            // A rule that is not linear would not end here.
            let _ = compare(&kind, &a, &b);
        }
    }
}
