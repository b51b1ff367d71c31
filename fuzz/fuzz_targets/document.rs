//! SBOMs that other tools wrote.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = proofmark::adapters::documents::read(bytes);
});
