//! What says when: one authority on time a folder.

pub mod local;
