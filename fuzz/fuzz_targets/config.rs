//! Configs in both syntaxes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use proofmark::config::{Syntax, load};

fuzz_target!(|bytes: &[u8]| {
    for (name, syntax) in [("compliance.toml", Syntax::Toml), ("compliance.kdl", Syntax::Kdl)] {
        if let Err(errors) = load(name, bytes, syntax) {
            let _ = format!("{errors:?}");
        }
    }
});
