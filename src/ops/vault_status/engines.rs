//! What signs: keys that could leave, and certificates that would be more than they should.

use super::probe::{Place, Probe, Safety, no, texts, within};
use crate::config::VaultRole;
use crate::ops::vault_setup::CODE_SIGNING;
use der::Decode as _;
use serde_json::{Value, json};
use x509_cert::Certificate;
use x509_cert::ext::pkix::BasicConstraints;

/// The longest that a certificate may live, in seconds.
const LONGEST: u64 = 15 * 60;
/// The most that it may be dated back, in seconds: a verifier allows so much.
const DATED_BACK: u64 = 60;

/// A key of Transit.
pub(super) fn transit(place: &str, role: &VaultRole, data: &Value, probes: &mut Vec<Probe>) {
    let mut at = Place::new(place, data, probes);
    let gone = "this cannot be undone: make another key, and trust that one";
    at.check("exportable", "exportable", Safety::Unsafe, gone, no);
    at.check("plaintext-backup", "allow_plaintext_backup", Safety::Unsafe, gone, no);
    at.check("imported", "imported_key", Safety::Unsafe, "its private half was made elsewhere: make one in Vault", no);
    let kinds = ["ecdsa-p256", "ed25519"];
    at.check("key-type", "type", Safety::Unsafe, "make one of ecdsa-p256 or ed25519: it signs", |value| {
        value.as_str().is_some_and(|kind| kinds.contains(&kind))
    });
    at.check("deletion", "deletion_allowed", Safety::Weak, "set deletion_allowed=false in its config", no);
    let mend = "set auto_rotate_period=0 and rotate by hand, or `key-version` in the config: else builds stop when a version \
                comes that [trust] keys does not have";
    at.check("rotation", "auto_rotate_period", Safety::Weak, mend, |value| {
        role.key_version.is_some() || *value == json!(0)
    });
}

/// A role of PKI. Whether requests may say when a certificate ends is settled with the policies.
pub(super) fn pki(place: &str, data: &Value, probes: &mut Vec<Probe>) {
    let mut at = Place::new(place, data, probes);
    usages(&mut at);
    at.check("key-usage", "key_usage", Safety::Unsafe, "key_usage=DigitalSignature", |value| {
        texts(value) == ["DigitalSignature"]
    });
    at.check("ttl", "max_ttl", Safety::Unsafe, "max_ttl=15m or less", within(LONGEST));
    at.check("dated-back", "not_before_duration", Safety::Unsafe, "not_before_duration=30s", |value| {
        value.as_u64().is_some_and(|seconds| seconds <= DATED_BACK)
    });
    let fixed = "leave not_after out: it ends every certificate at one time, whatever max_ttl says";
    at.check("fixed-end", "not_after", Safety::Unsafe, fixed, |value| value.as_str() == Some(""));
    at.check("any-name", "allow_any_name", Safety::Unsafe, "allow_any_name=false", no);
    at.check("addresses", "allow_ip_sans", Safety::Unsafe, "allow_ip_sans=false", no);
    let domains = "leave allowed_domains out: who signs is named by one URI";
    at.check("domains", "allowed_domains", Safety::Unsafe, domains, |value| value.is_null() || texts(value).is_empty());
    let wide = "name whole hosts: allowed_uri_sans=https://host/owner/*";
    at.check("wildcard", "allowed_uri_sans", Safety::Unsafe, wide, |value| {
        let patterns = texts(value);
        !patterns.is_empty() && patterns.iter().all(|pattern| is_narrow(pattern))
    });
    at.check(
        "names-of-requests",
        "use_csr_sans",
        Safety::Unsafe,
        "use_csr_sans=true: else certificates name nobody",
        |value| *value == Value::Bool(true),
    );
    at.check("key-type", "key_type", Safety::Unsafe, "key_type=ec", |value| value.as_str() == Some("ec"));
    at.check(
        "no-store",
        "no_store",
        Safety::Weak,
        "no_store=true: else Vault keeps each certificate for good",
        |value| *value == Value::Bool(true),
    );
}

/// What certificates may be used for: to sign, and nothing else.
fn usages(at: &mut Place<'_>) {
    let mut usages: Vec<&str> = texts(at.get("ext_key_usage"));
    usages.extend(texts(at.get("ext_key_usage_oids")));
    let flags = ["server_flag", "client_flag", "email_protection_flag", "code_signing_flag"];
    if flags.iter().any(|flag| !at.get(flag).is_boolean()) {
        return at.add("extended-key-usage", Safety::NotKnown, "not all of its flags are shown".to_owned(), None);
    }
    usages.extend(flags.iter().filter(|flag| *at.get(flag) == Value::Bool(true)));
    let is_signing = |usage: &&str| matches!(*usage, CODE_SIGNING | "code_signing_flag" | "CodeSigning");
    let safety = if !usages.is_empty() && usages.iter().all(is_signing) { Safety::Safe } else { Safety::Unsafe };
    let mend = format!("server_flag=false client_flag=false ext_key_usage_oids={CODE_SIGNING}");
    let mend = (safety == Safety::Unsafe).then_some(mend.as_str());
    at.add("extended-key-usage", safety, format!("certificates are for {usages:?}"), mend);
}

/// Whether a pattern of URIs names a whole host before its first star.
fn is_narrow(pattern: &str) -> bool {
    let fixed = pattern.split('*').next().unwrap_or_default();
    if fixed == pattern {
        return !pattern.is_empty();
    }
    let Some((scheme, rest)) = fixed.split_once("://") else { return false };
    !scheme.is_empty() && rest.split_once('/').is_some_and(|(host, _)| !host.is_empty())
}

/// The authority that signs leaves: it must not be able to make others.
pub(super) fn authority(place: &str, data: &Value, probes: &mut Vec<Probe>) {
    let mut at = Place::new(place, data, probes);
    let pem = at.get("certificate").as_str().unwrap_or_default();
    let constraints = pem_rfc7468::decode_vec(pem.trim().as_bytes())
        .ok()
        .and_then(|(_, der)| Certificate::from_der(&der).ok())
        .and_then(|certificate| certificate.tbs_certificate.get::<BasicConstraints>().ok().flatten());
    let name = "path-length";
    match constraints {
        None => at.add(name, Safety::NotKnown, "its certificate is not understood".to_owned(), None),
        Some((_, constraints)) => match constraints.path_len_constraint {
            Some(0) => at.add(name, Safety::Safe, "it signs leaves alone".to_owned(), None),
            length => {
                let found = length.map_or("without bound".to_owned(), |length| format!("{length} deep"));
                let mend = "sign leaves by an intermediate of max_path_length=0";
                at.add(name, Safety::Unsafe, format!("it can make other authorities, {found}"), Some(mend));
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::is_narrow;

    #[test]
    fn narrow_patterns_name_a_host() {
        for (pattern, narrow) in [
            ("*", false),
            ("https://*", false),
            ("https://github.com*", false),
            ("https:///*", false),
            ("://x/*", false),
            ("https://github.com/*", true),
            ("spiffe://example.com/ci/*", true),
            ("https://github.com/acme/shop", true),
            ("", false),
        ] {
            assert_eq!(is_narrow(pattern), narrow, "{pattern}");
        }
    }
}
