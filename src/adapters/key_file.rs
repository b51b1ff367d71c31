//! Files with a private key: read, refusing one that others could have read or changed; made, replacing none.

use crate::ports::{SignError, TimestampError};
use pem_rfc7468::LineEnding;
use rustls_pki_types::pem::{PemObject as _, SectionKind};
use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::path::Path;
use zeroize::Zeroizing;

/// The largest key file that is read, in bytes.
const LIMIT: u64 = 64 << 10;

/// Why there is no key. Never holds any of it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyFileError {
    /// There is no file.
    #[error("{0}: no such file")]
    Missing(String),
    /// It may not be used as it is.
    #[error("{0}")]
    Refused(String),
    /// It cannot be read or written now.
    #[error("{0}")]
    Unavailable(String),
}

impl From<KeyFileError> for SignError {
    fn from(error: KeyFileError) -> Self {
        match error {
            KeyFileError::Missing(path) => Self::NoKey { path },
            KeyFileError::Refused(reason) => Self::Refused(reason),
            KeyFileError::Unavailable(reason) => Self::Unavailable(reason),
        }
    }
}

impl From<KeyFileError> for TimestampError {
    fn from(error: KeyFileError) -> Self {
        match error {
            KeyFileError::Missing(path) => Self::NoKey { path },
            KeyFileError::Refused(reason) => Self::Refused(reason),
            KeyFileError::Unavailable(reason) => Self::Unavailable(reason),
        }
    }
}

/// A private key, and the certificates that lie with it.
pub(crate) struct Sections {
    /// PKCS#8, DER.
    pub(crate) key: Zeroizing<Vec<u8>>,
    /// DER, in the order of the file.
    pub(crate) certificates: Vec<Vec<u8>>,
}

/// Reads a key file: PKCS#8, PEM, unencrypted, in a regular file that only its owner can use.
///
/// # Errors
/// There is none, others could have used it, or it holds something else.
pub(crate) fn read(path: &Path) -> Result<Sections, KeyFileError> {
    sections(path, &read_private(path)?)
}

/// The content of a key file. A link is followed; what counts is the file it leads to.
fn read_private(path: &Path) -> Result<Zeroizing<Vec<u8>>, KeyFileError> {
    let failed = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => KeyFileError::Missing(path.display().to_string()),
        std::io::ErrorKind::PermissionDenied => KeyFileError::Refused(format!("{}: {error}", path.display())),
        _ => KeyFileError::Unavailable(format!("{}: {error}", path.display())),
    };
    // Before opening, because opening a pipe would wait for its other end; after it, because the name may by then lead to
    // another file.
    check(path, &std::fs::metadata(path).map_err(failed)?)?;
    let file = std::fs::File::open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    check(path, &metadata)?;
    // Room for all of it at once: a buffer that grows leaves copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(LIMIT).unwrap_or(0) + 1));
    file.take(LIMIT + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > LIMIT {
        return Err(KeyFileError::Refused(format!("{}: larger than any key", path.display())));
    }
    Ok(bytes)
}

fn check(path: &Path, metadata: &std::fs::Metadata) -> Result<(), KeyFileError> {
    if !metadata.is_file() {
        return Err(KeyFileError::Refused(format!("{}: not a regular file", path.display())));
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = metadata.permissions().mode() & 0o7777;
        if mode & 0o077 != 0 {
            return Err(KeyFileError::Refused(format!(
                "{0}: the key can be used by others (mode {mode:04o}): `chmod 600 {0}`, and make a new key if others have had access",
                path.display()
            )));
        }
    }
    Ok(())
}

/// The one `PRIVATE KEY` section of a PEM file, and its certificates.
fn sections(path: &Path, pem: &[u8]) -> Result<Sections, KeyFileError> {
    let refused = |reason: &str| KeyFileError::Refused(format!("{}: {reason}", path.display()));
    let (mut key, mut certificates) = (None, Vec::new());
    for section in <(SectionKind, Vec<u8>)>::pem_slice_iter(pem) {
        // The reader's own message could quote a line of the file.
        let (kind, der) = section.map_err(|_| refused("not a PEM file"))?;
        let mut der = Zeroizing::new(der);
        match kind {
            SectionKind::PrivateKey if key.is_none() => key = Some(der),
            SectionKind::PrivateKey => return Err(refused("more than one private key")),
            SectionKind::EcPrivateKey | SectionKind::RsaPrivateKey => {
                return Err(refused("not a PKCS#8 key: `openssl pkcs8 -topk8 -nocrypt` converts it"));
            }
            SectionKind::Certificate => certificates.push(std::mem::take(&mut *der)),
            _ => return Err(refused("something other than a private key is in it")),
        }
    }
    let key = key.ok_or_else(|| refused("no unencrypted `BEGIN PRIVATE KEY` section in it"))?;
    Ok(Sections { key, certificates })
}

/// Writes a private half, which from its first moment only the owner can read, and the public half for everybody, parent
/// directories included.
///
/// # Errors
/// One of the files is there already, or cannot be written. What was written up to then is removed again.
pub(crate) fn write_pair(private: (&Path, &str), public: (&Path, &str)) -> Result<(), KeyFileError> {
    let file = create(private.0, true)?;
    let public_file =
        write(file, private.0, private.1).and_then(|()| create(public.0, false)).inspect_err(|_| discard(private.0))?;
    write(public_file, public.0, public.1).inspect_err(|_| {
        discard(private.0);
        discard(public.0);
    })
}

/// PEM (RFC 7468).
///
/// # Errors
/// It is larger than memory.
pub(crate) fn pem(label: &str, der: &[u8]) -> Result<Zeroizing<String>, KeyFileError> {
    let encoded = pem_rfc7468::encode_string(label, LineEnding::LF, der);
    encoded.map(Zeroizing::new).map_err(|error| KeyFileError::Unavailable(error.to_string()))
}

/// A new file; an existing one, links included, is never opened.
fn create(path: &Path, private: bool) -> Result<File, KeyFileError> {
    let failed = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => {
            KeyFileError::Refused(format!("{}: already there; a key is never overwritten", path.display()))
        }
        _ => KeyFileError::Unavailable(format!("{}: {error}", path.display())),
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

fn write(mut file: File, path: &Path, text: &str) -> Result<(), KeyFileError> {
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    written.map_err(|error| KeyFileError::Unavailable(format!("{}: {error}", path.display())))
}

/// Removes a file that this run has made. An error is of no use to a caller who is being told of another one.
fn discard(path: &Path) {
    let _ = std::fs::remove_file(path);
}
