//! Vault, and OpenBao, which speaks the same: <https://openbao.org/api-docs/>.
//!
//! | file | holds |
//! |---|---|
//! | [`environment`] | what `VAULT_…` and `BAO_…` say |
//! | [`client`] | requests: spaced, tried again where that can help, answered in bounded memory |
//! | [`login`] | a token by each method; refused where it lives too long |
//! | [`session`] | one login for a run, whatever it needs Vault for |
//! | [`kv`] | secrets that are read: of the KV engine, and identity tokens |
//! | [`admin`] | settings, changed with an administrator's token |
//! | [`transit`] | signing with a key that never leaves Vault |
//! | [`pki`] | signing with a key of this run, which Vault certifies |
//! | [`request`] | what Vault is asked to certify |
//!
//! What is asked is made by vaultrs, where it has the request; it has none for several texts to sign at once, for identity tokens and
//! for a login by a role id alone. Sent they are here, for its client hides `Retry-After`, and its answers keep tokens in plain strings
//! and miss what OpenBao leaves out. Tokens live in memory alone and are given up at the end of the run that made them.

pub(crate) mod admin;
pub(crate) mod client;
pub(crate) mod environment;
mod kv;
pub(crate) mod login;
pub(crate) mod pki;
mod request;
mod session;
pub(crate) mod transit;

pub use admin::Administrator;
pub use environment::VaultEnvironment;
pub use session::Session;
