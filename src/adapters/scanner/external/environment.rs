//! The whole environment of a scanner: places of its own, and nothing of this machine. No credential, no name of a user, no
//! address of a server is in it, and no other program can be found by it.

use std::ffi::OsString;
use std::path::Path;

/// An address at which nothing answers: a scanner that wants the network fails at once instead of leaving this machine.
const NOWHERE: &str = "http://127.0.0.1:1";

/// The environment of a program whose files all lie below a private directory.
pub(in crate::adapters::scanner) fn environment(private: &Path, own: &[(&str, &str)]) -> Vec<(OsString, OsString)> {
    let mut environment: Vec<(OsString, OsString)> = vec![
        // Empty: Trivy asks a Python that it finds for the licences of what is installed on this machine.
        ("PATH".into(), private.join("bin").into()),
        ("HOME".into(), private.join("home").into()),
        ("TMPDIR".into(), private.join("tmp").into()),
        ("LC_ALL".into(), "C".into()),
        ("TZ".into(), "UTC".into()),
        ("NO_COLOR".into(), "1".into()),
    ];
    environment.extend(["HTTP_PROXY", "HTTPS_PROXY"].map(|name| (name.into(), NOWHERE.into())));
    environment.extend(own.iter().map(|(name, value)| ((*name).into(), (*value).into())));
    environment
}

/// Makes a private directory with the places that the environment names.
pub(in crate::adapters::scanner) fn private() -> std::io::Result<tempfile::TempDir> {
    let private = tempfile::Builder::new().prefix("proofmark-scan-").tempdir()?;
    for place in ["bin", "home", "tmp"] {
        std::fs::create_dir(private.path().join(place))?;
    }
    Ok(private)
}
