//! A lock: what is read is written back as it was.
#![no_main]

use libfuzzer_sys::fuzz_target;
use proofmark::lockfile;

fuzz_target!(|text: &str| {
    if let Ok(lock) = lockfile::decode(text) {
        assert_eq!(lockfile::encode(&lock), text);
    }
});
