//! Version orderings: both ways round agree.
#![no_main]

use libfuzzer_sys::fuzz_target;
use proofmark::matching::version;
use proofmark::model::EcosystemKind;

fuzz_target!(|input: (u8, &str, &str)| {
    let (which, a, b) = input;
    let kind = EcosystemKind::parse(version::ORDERED[usize::from(which) % version::ORDERED.len()]);
    let (one, other) = (version::compare(&kind, a, b), version::compare(&kind, b, a));
    assert_eq!(one.is_ok(), other.is_ok());
    assert_eq!(one.ok().map(std::cmp::Ordering::reverse), other.ok());
});
