//! How a bundle was come by: the requests that a server answered for it, by the ids of its audit log. Kept beside the bundle; proves
//! nothing by itself, and lets an auditor find the lines of the log that do.

use crate::model::{Digest, SignerId};
use crate::ports::ServerRequest;
use serde::Serialize;

/// How a bundle was come by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Record {
    /// 1.
    pub(super) version: u32,
    /// Of the bundle's file.
    pub(super) bundle: Digest,
    /// Of the signed statement.
    pub(super) statement: Digest,
    /// Of what is signed, the pre-authentication encoding: what Vault's Transit engine is given, in base64, as `input`.
    pub(super) signed: Digest,
    /// Who signed.
    pub(super) signer: SignerId,
    /// The requests: of the certificate, and of the signature.
    pub(super) requests: Vec<ServerRequest>,
}

impl Record {
    /// As JSON, for people to read.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec_pretty(self).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }
}
