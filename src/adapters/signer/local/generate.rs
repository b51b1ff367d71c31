//! Making a key pair: the private half for its owner alone, the public half for everybody. Neither replaces a file.

use super::LocalSigner;
use crate::ports::{SignError, SignerPublic};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair};
use base64::Engine as _;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use zeroize::Zeroizing;

/// Which kind of key.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum KeyType {
    /// ECDSA on P-256: what every verifier takes.
    #[default]
    P256,
    /// Ed25519.
    Ed25519,
}

impl LocalSigner {
    /// Makes a key pair and writes both halves, parent directories included: the private one as PKCS#8 PEM, which from its
    /// first moment only the owner can read, the public one as SPKI PEM.
    ///
    /// # Errors
    /// One of the files is there already, or cannot be written. What was written up to then is removed again.
    pub fn generate(private: &Path, public: &Path, kind: KeyType) -> Result<SignerPublic, SignError> {
        let no_key = |_| SignError::Unavailable("the system has no randomness to make a key with".to_owned());
        let document = match kind {
            KeyType::P256 => EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &SystemRandom::new()),
            // The first version of the format: the second is unknown to OpenSSL 3.0.
            KeyType::Ed25519 => Ed25519KeyPair::generate_pkcs8v1(&SystemRandom::new()),
        }
        .map_err(no_key)?;
        let signer = Self::from_pkcs8(document.as_ref()).ok_or(SignError::Unverified)?;

        let private_file = create(private, true)?;
        let written = write(private_file, private, &pem("PRIVATE KEY", document.as_ref()))
            .and_then(|()| create(public, false))
            .inspect_err(|_| discard(private))?;
        write(written, public, &pem("PUBLIC KEY", &signer.public.spki)).inspect_err(|_| {
            discard(private);
            discard(public);
        })?;
        Ok(signer.public)
    }
}

/// A new file; an existing one, links included, is never opened.
fn create(path: &Path, private: bool) -> Result<File, SignError> {
    let failed = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => {
            SignError::Refused(format!("{}: already there; a key is never overwritten", path.display()))
        }
        _ => SignError::Unavailable(format!("{}: {error}", path.display())),
    };
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).map_err(failed)?;
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if private {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    #[cfg(not(unix))]
    let _ = private;
    options.open(path).map_err(failed)
}

fn write(mut file: File, path: &Path, text: &str) -> Result<(), SignError> {
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    written.map_err(|error| SignError::Unavailable(format!("{}: {error}", path.display())))
}

/// Removes a file that this run has made. An error is of no use to a caller who is being told of another one.
fn discard(path: &Path) {
    let _ = std::fs::remove_file(path);
}

/// PEM (RFC 7468), in lines of 64 characters.
fn pem(label: &str, der: &[u8]) -> Zeroizing<String> {
    let body = Zeroizing::new(base64::engine::general_purpose::STANDARD.encode(der));
    let mut text = Zeroizing::new(String::with_capacity(body.len() + body.len() / 64 + 80));
    text.push_str(&format!("-----BEGIN {label}-----\n"));
    let mut rest = body.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(64));
        text.push_str(line);
        text.push('\n');
        rest = after;
    }
    text.push_str(&format!("-----END {label}-----\n"));
    text
}
