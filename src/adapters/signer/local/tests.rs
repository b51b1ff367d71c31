use super::*;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, ED25519, ParsedPublicKey};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;

struct Files {
    dir: tempfile::TempDir,
    private: PathBuf,
    public: PathBuf,
}

fn files() -> Files {
    let dir = tempfile::tempdir().unwrap();
    let (private, public) = (dir.path().join("secret/local.key"), dir.path().join("trust/local.pub"));
    Files { dir, private, public }
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

fn refusal(result: Result<LocalSigner, SignError>) -> String {
    match result {
        Err(SignError::Refused(reason)) => reason,
        other => panic!("{other:?}"),
    }
}

fn sign(signer: &LocalSigner, encodings: &[Vec<u8>]) -> Vec<SignatureBytes> {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(signer.sign(encodings))
        .unwrap()
        .into_iter()
        .map(|made| made.signature)
        .collect()
}

fn has_openssl(test: &str) -> bool {
    let found = Command::new("openssl").arg("version").output().is_ok_and(|output| output.status.success());
    if !found {
        eprintln!("SKIPPED {test}: no openssl program");
    }
    found
}

#[test]
fn makes_keys_that_it_signs_with() {
    for kind in [KeyType::P256, KeyType::Ed25519] {
        let files = files();
        let public = LocalSigner::generate(&files.private, &files.public, kind).unwrap();
        assert_eq!(mode(&files.private), 0o600);
        let signer = LocalSigner::open(&files.private).unwrap();
        assert_eq!(signer.public(), &public);
        assert_eq!(public.id, SignerId::local(&public.spki));
        assert_eq!(public.material, crate::model::Material::Key(crate::model::Hint::of(&public.spki)));
        let signatures = sign(&signer, &[b"one".to_vec(), b"two".to_vec()]);
        let key = match &signer.key {
            Key::P256(pair) => ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, pair.public_key().as_ref()).unwrap(),
            Key::Ed25519(pair) => ParsedPublicKey::new(&ED25519, pair.public_key().as_ref()).unwrap(),
        };
        assert!(key.verify_sig(b"one", &signatures[0].0).is_ok());
        assert!(key.verify_sig(b"two", &signatures[1].0).is_ok());
        assert!(key.verify_sig(b"two", &signatures[0].0).is_err());
        let pem = std::fs::read_to_string(&files.public).unwrap();
        assert!(pem.starts_with("-----BEGIN PUBLIC KEY-----\n") && pem.ends_with("-----END PUBLIC KEY-----\n"));
        assert!(!format!("{signer:?}").contains("BEGIN"));
    }
}

#[test]
fn never_overwrites() {
    let files = files();
    LocalSigner::generate(&files.private, &files.public, KeyType::P256).unwrap();
    let before = std::fs::read(&files.private).unwrap();
    assert!(matches!(LocalSigner::generate(&files.private, &files.public, KeyType::P256), Err(SignError::Refused(_))));
    assert_eq!(std::fs::read(&files.private).unwrap(), before);

    let other = files.dir.path().join("other.key");
    assert!(matches!(LocalSigner::generate(&other, &files.public, KeyType::P256), Err(SignError::Refused(_))));
    assert!(!other.exists(), "half a key pair is left behind");

    let target = files.dir.path().join("target");
    std::os::unix::fs::symlink(&target, &other).unwrap();
    let public = files.dir.path().join("other.pub");
    assert!(matches!(LocalSigner::generate(&other, &public, KeyType::P256), Err(SignError::Refused(_))));
    assert!(!target.exists() && !public.exists());
}

#[test]
fn refuses_a_key_that_others_can_use() {
    let files = files();
    LocalSigner::generate(&files.private, &files.public, KeyType::P256).unwrap();
    for bits in [0o640, 0o604, 0o620, 0o601, 0o644] {
        std::fs::set_permissions(&files.private, std::fs::Permissions::from_mode(bits)).unwrap();
        assert!(refusal(LocalSigner::open(&files.private)).contains("chmod 600"), "{bits:o}");
    }
    std::fs::set_permissions(&files.private, std::fs::Permissions::from_mode(0o400)).unwrap();
    let link = files.dir.path().join("link");
    std::os::unix::fs::symlink(&files.private, &link).unwrap();
    assert!(LocalSigner::open(&link).is_ok());
}

#[test]
fn refuses_what_is_no_private_key() {
    let files = files();
    LocalSigner::generate(&files.private, &files.public, KeyType::P256).unwrap();
    assert!(matches!(LocalSigner::open(&files.dir.path().join("none")), Err(SignError::NoKey { .. })));
    assert!(refusal(LocalSigner::open(files.dir.path())).contains("not a regular file"));
    let good = std::fs::read_to_string(&files.private).unwrap();
    let write = |text: &str| {
        std::fs::write(&files.private, text).unwrap();
        refusal(LocalSigner::open(&files.private))
    };
    assert!(write("").contains("no unencrypted"));
    assert!(write(&good.replace("PRIVATE", "ENCRYPTED PRIVATE")).contains("no unencrypted"));
    assert!(write(&good.replace("PRIVATE", "EC PRIVATE")).contains("PKCS#8"));
    assert!(write(&good.repeat(2)).contains("more than one"));
    assert!(write(&std::fs::read_to_string(&files.public).unwrap()).contains("other than a private key"));
    assert!(write("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n").contains("neither"));
    assert!(write(&"x".repeat(70_000)).contains("larger"));
    let cut = write(&good[..good.len() / 2]);
    assert!(!cut.contains(&good[40..60]), "a message quotes the key");
}

#[test]
fn openssl_verifies_its_signatures() {
    if !has_openssl("openssl_verifies_its_signatures") {
        return;
    }
    for kind in [KeyType::P256, KeyType::Ed25519] {
        let files = files();
        LocalSigner::generate(&files.private, &files.public, kind).unwrap();
        let message = b"DSSEv1 4 text 2 ok".to_vec();
        let signature = sign(&LocalSigner::open(&files.private).unwrap(), std::slice::from_ref(&message)).remove(0);
        let path = |name: &str| files.dir.path().join(name);
        std::fs::write(path("message"), &message).unwrap();
        std::fs::write(path("signature"), &signature.0).unwrap();
        let mut openssl = Command::new("openssl");
        openssl.current_dir(files.dir.path());
        match kind {
            KeyType::P256 => openssl.args(["dgst", "-sha256", "-verify", "trust/local.pub", "-signature", "signature"]),
            KeyType::Ed25519 => openssl.args(["pkeyutl", "-verify", "-pubin", "-inkey", "trust/local.pub", "-rawin"]),
        };
        match kind {
            KeyType::P256 => openssl.arg("message"),
            KeyType::Ed25519 => openssl.args(["-in", "message", "-sigfile", "signature"]),
        };
        let output = openssl.output().unwrap();
        assert!(output.status.success(), "{kind:?}: {output:?}");
    }
}

#[test]
fn takes_keys_made_by_openssl() {
    if !has_openssl("takes_keys_made_by_openssl") {
        return;
    }
    for arguments in [
        vec!["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
        vec!["genpkey", "-algorithm", "ED25519"],
    ] {
        let files = files();
        let key = files.dir.path().join("key");
        let output = Command::new("openssl").args(&arguments).arg("-out").arg(&key).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
        let signer = LocalSigner::open(&key).unwrap();
        let der =
            Command::new("openssl").args(["pkey", "-pubout", "-outform", "DER", "-in"]).arg(&key).output().unwrap();
        assert_eq!(signer.public().spki, der.stdout);
        assert_eq!(sign(&signer, &[b"x".to_vec()]).len(), 1);
    }
    let files = files();
    let key = files.dir.path().join("key");
    let arguments = ["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384", "-out"];
    assert!(Command::new("openssl").args(arguments).arg(&key).output().unwrap().status.success());
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
    assert!(refusal(LocalSigner::open(&key)).contains("neither"));
}
