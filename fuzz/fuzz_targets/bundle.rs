//! Bundles, slices and packs: nothing is trusted, nothing panics.
#![no_main]

use libfuzzer_sys::fuzz_target;
use proofmark::attest::{self, Trust};

fuzz_target!(|bytes: &[u8]| {
    assert!(attest::verify_bundle(bytes, &Trust::default()).is_err());
    let _ = attest::slice::decode(bytes);
    let _ = attest::pack::decode(bytes);
    let _ = attest::cyclonedx::decode(bytes);
});
