//! The world, behind the ports: files, processes, network, environment. Imports only `model` and `ports`.
#![expect(
    clippy::disallowed_methods,
    reason = "this is the room where files, processes and the environment are touched"
)]

pub mod advisories;
pub mod cache;
pub mod clock;
pub mod documents;
pub mod git;
pub mod http;
mod key_file;
pub mod packed;
pub mod progress;
pub mod registry;
pub mod scanner;
pub mod signer;
pub mod stamp;
pub mod subjects;
pub mod timestamper;
pub mod vault;
pub mod workspace;
