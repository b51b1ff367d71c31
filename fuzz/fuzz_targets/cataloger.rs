//! Every cataloger: the first byte says which.
#![no_main]

use libfuzzer_sys::fuzz_target;
use proofmark::adapters::scanner::builtin::catalog::{Content, File};
use proofmark::adapters::scanner::builtin::catalogers::ALL;

fuzz_target!(|input: &[u8]| {
    let Some((which, bytes)) = input.split_first() else { return };
    let cataloger = ALL[usize::from(*which) % ALL.len()];
    let companion = |_: &str| Some(bytes.to_vec());
    let _ = cataloger.parse(&File { path: "a/b/file", content: Content::Bytes(bytes), companion: &companion });
});
