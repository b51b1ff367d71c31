//! What signs: one signer a folder.

pub mod local;
