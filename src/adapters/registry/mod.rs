//! Registries of images, by the OCI distribution specification: <https://github.com/opencontainers/distribution-spec>.
//!
//! | file | holds |
//! |---|---|
//! | [`reference`] | `registry.example/repository:tag@digest`, taken apart |
//! | [`credentials`] | what docker's and podman's configs and credential helpers know |
//! | [`challenge`], [`token`] | a registry's `WWW-Authenticate`, and the tokens that answer it |
//! | [`client`] | requests: spaced, tried again, answered in bounded memory |
//! | [`blob`] | one blob as a reader, resumed where it broke off |
//! | [`images`] | an image of a registry as a subject |
//! | [`write`] | blobs and manifests put there, and read back |
//! | [`referrers`] | who refers to an image: by the registry's own list, else by the fallback tag |
//! | [`evidence`] | bundles beside images, and the files of a lock: `impl ports::Registry` |
//!
//! Its own client, because those there are read whole answers into memory, hide `Retry-After`, and go on without
//! credentials when a login fails.

pub(crate) mod blob;
pub(crate) mod challenge;
pub(crate) mod client;
pub(crate) mod credentials;
pub(crate) mod evidence;
pub(crate) mod images;
pub(crate) mod reference;
pub(crate) mod referrers;
pub(crate) mod token;
pub(crate) mod write;

pub use client::Registries;
pub use credentials::Keychain;
pub use evidence::Evidence;
