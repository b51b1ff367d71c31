//! Reading a private key from a file, refusing one that others could have read or changed.

use crate::ports::SignError;
use rustls_pki_types::pem::{PemObject as _, SectionKind};
use std::io::Read as _;
use std::path::Path;
use zeroize::Zeroizing;

/// The largest key file that is read, in bytes.
const LIMIT: u64 = 64 << 10;

/// The content of a key file. A link is followed; what counts is the file it leads to.
pub(super) fn read_private(path: &Path) -> Result<Zeroizing<Vec<u8>>, SignError> {
    let failed = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => SignError::NoKey { path: path.display().to_string() },
        std::io::ErrorKind::PermissionDenied => SignError::Refused(format!("{}: {error}", path.display())),
        _ => SignError::Unavailable(format!("{}: {error}", path.display())),
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
        return Err(SignError::Refused(format!("{}: larger than any key", path.display())));
    }
    Ok(bytes)
}

fn check(path: &Path, metadata: &std::fs::Metadata) -> Result<(), SignError> {
    if !metadata.is_file() {
        return Err(SignError::Refused(format!("{}: not a regular file", path.display())));
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = metadata.permissions().mode() & 0o7777;
        if mode & 0o077 != 0 {
            return Err(SignError::Refused(format!(
                "{0}: the key can be used by others (mode {mode:04o}): `chmod 600 {0}`, and make a new key if others have had access",
                path.display()
            )));
        }
    }
    Ok(())
}

/// The one `PRIVATE KEY` section of a PEM file.
pub(super) fn private_section(path: &Path, pem: &[u8]) -> Result<Zeroizing<Vec<u8>>, SignError> {
    let refused = |reason: &str| SignError::Refused(format!("{}: {reason}", path.display()));
    let mut key = None;
    for section in <(SectionKind, Vec<u8>)>::pem_slice_iter(pem) {
        // The reader's own message could quote a line of the file.
        let (kind, der) = section.map_err(|_| refused("not a PEM file"))?;
        let der = Zeroizing::new(der);
        match kind {
            SectionKind::PrivateKey if key.is_none() => key = Some(der),
            SectionKind::PrivateKey => return Err(refused("more than one private key")),
            SectionKind::EcPrivateKey | SectionKind::RsaPrivateKey => {
                return Err(refused("not a PKCS#8 key: `openssl pkcs8 -topk8 -nocrypt` converts it"));
            }
            _ => return Err(refused("something other than a private key is in it")),
        }
    }
    key.ok_or_else(|| refused("no unencrypted `BEGIN PRIVATE KEY` section in it"))
}
