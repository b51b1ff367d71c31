//! Authorities that an auditor trusts: for certificates of signers, for time, or for both.
//!
//! | file | trusted for |
//! |---|---|
//! | PEM with no certificate for time stamps in it | both: its self-issued certificates are roots, the others intermediates |
//! | PEM with a certificate for time stamps in it | time alone: whoever may say when must not thereby say who |
//! | Sigstore `trusted_root.json` | `certificateAuthorities` for signers, `timestampAuthorities` for time; the last of a chain is its root |
//!
//! Intermediates only help to build a chain; a chain must end in a root.

use super::x509::{self, TIME_STAMPING};
use super::x509_errors::AuthorityError;
use crate::model::{Digest, Timestamp};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls_pki_types::pem::{PemObject as _, SectionKind};
use rustls_pki_types::{CertificateDer, UnixTime};
use serde::Deserialize;
use std::time::Duration;
use webpki::{EndEntityCert, KeyUsage, anchor_from_trusted_cert};

/// The most certificates that one file may hold.
const MOST: usize = 256;

/// Authorities that are trusted.
#[derive(Debug, Default)]
pub struct Authorities {
    roots: Vec<Root>,
    others: Vec<Vec<u8>>,
}

/// A root, and what it is trusted for.
#[derive(Debug)]
pub(super) struct Root {
    /// The file that names it.
    pub(super) name: String,
    /// The certificate.
    pub(super) der: Vec<u8>,
    /// Whether it may name signers.
    pub(super) for_signers: bool,
    /// Whether it may say when.
    pub(super) for_time: bool,
    /// From when it is trusted, where that is not all of its life.
    pub(super) from: Option<Timestamp>,
    /// Until when.
    pub(super) until: Option<Timestamp>,
}

/// What a chain is wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// A signer's certificate.
    Signer,
    /// A time stamp.
    Time,
}

impl Authorities {
    /// Reads files, each given as a name for messages and its content.
    ///
    /// # Errors
    /// A file is neither PEM certificates nor a `trusted_root.json`, or no root is in any.
    pub fn read(files: &[(&str, &[u8])]) -> Result<Self, AuthorityError> {
        let mut all = Self::default();
        for (name, bytes) in files {
            if bytes.trim_ascii_start().starts_with(b"{") { all.json(name, bytes)? } else { all.pem(name, bytes)? }
        }
        if !files.is_empty() && all.roots.is_empty() {
            let names: Vec<&str> = files.iter().map(|(name, _)| *name).collect();
            return Err(AuthorityError::NoRoot { name: names.join(", ") });
        }
        Ok(all)
    }

    /// Whether nobody's certificates are trusted.
    pub fn no_signers(&self) -> bool {
        !self.roots.iter().any(|root| root.for_signers)
    }

    /// Each root.
    pub(super) fn roots(&self) -> impl Iterator<Item = &Root> {
        self.roots.iter()
    }

    /// The certificates that are not roots.
    pub(super) fn intermediates(&self) -> impl Iterator<Item = &[u8]> {
        self.others.iter().map(Vec::as_slice)
    }

    /// Certificates that may help to find a signer of a time stamp.
    pub(super) fn known(&self) -> impl Iterator<Item = &[u8]> {
        self.others.iter().map(Vec::as_slice).chain(self.roots.iter().map(|root| root.der.as_slice()))
    }

    /// Whether a root may also name signers: then its time stamps come from the same hands.
    pub(super) fn names_signers(&self, der: &[u8]) -> bool {
        self.roots.iter().any(|root| root.for_signers && root.der == der)
    }

    /// The root that a certificate leads to, through trusted intermediates and those given, all of them valid at that time.
    ///
    /// # Errors
    /// There is none; the text says why.
    pub(super) fn chain(&self, leaf: &[u8], given: &[&[u8]], purpose: Purpose, at: Timestamp) -> Result<&Root, String> {
        let leaf = CertificateDer::from(leaf);
        let end = EndEntityCert::try_from(&leaf).map_err(|error| error.to_string())?;
        let others: Vec<CertificateDer<'_>> =
            self.others.iter().map(Vec::as_slice).chain(given.iter().copied()).map(CertificateDer::from).collect();
        let seconds = u64::try_from(at.unix()).map_err(|_| "the time is before 1970".to_owned())?;
        let time = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
        let mut why = "no root is trusted for it at that time".to_owned();
        for root in &self.roots {
            let wanted = if purpose == Purpose::Signer { root.for_signers } else { root.for_time };
            if !wanted || root.from.is_some_and(|from| at < from) || root.until.is_some_and(|until| at > until) {
                continue;
            }
            // A root's own lifetime is not looked at by the path builder: an anchor is a name and a key.
            if !x509::read(&root.der).is_ok_and(|certificate| certificate.covers(at)) {
                continue;
            }
            let der = CertificateDer::from(root.der.as_slice());
            let Ok(anchor) = anchor_from_trusted_cert(&der) else { continue };
            let usage: &[u8] =
                if purpose == Purpose::Signer { x509::CODE_SIGNING.as_bytes() } else { TIME_STAMPING.as_bytes() };
            let anchors = [anchor];
            let found = end.verify_for_usage(
                webpki::ALL_VERIFICATION_ALGS,
                &anchors,
                &others,
                time,
                // Of an intermediate that names usages at all; of the leaf our own rules want exactly one.
                KeyUsage::required_if_present(usage),
                None,
                None,
            );
            match found {
                Ok(_) => return Ok(root),
                Err(error) => why = error.to_string(),
            }
        }
        Err(why)
    }

    fn pem(&mut self, name: &str, bytes: &[u8]) -> Result<(), AuthorityError> {
        let malformed = |reason: String| AuthorityError::Malformed { name: name.to_owned(), reason };
        let mut certificates = Vec::new();
        for section in <(SectionKind, Vec<u8>)>::pem_slice_iter(bytes) {
            match section.map_err(|error| malformed(error.to_string()))? {
                (SectionKind::Certificate, der) => certificates.push(der),
                (other, _) => return Err(malformed(format!("expected `BEGIN CERTIFICATE`, found {other:?}"))),
            }
            if certificates.len() > MOST {
                return Err(malformed(format!("more than {MOST} certificates")));
            }
        }
        if certificates.is_empty() {
            return Err(malformed("there is no `BEGIN CERTIFICATE` section in it".into()));
        }
        let mut time_alone = false;
        let mut read = Vec::new();
        for der in certificates {
            let certificate = x509::read(&der).map_err(malformed)?;
            time_alone |= certificate.usages.as_ref().is_some_and(|(_, usages)| usages.contains(&TIME_STAMPING))
                && !certificate.authority;
            read.push((certificate.self_issued, certificate.authority, der));
        }
        for (self_issued, authority, der) in read {
            if self_issued && (authority || time_alone) {
                let root = Root {
                    name: name.to_owned(),
                    der,
                    for_signers: !time_alone,
                    for_time: true,
                    from: None,
                    until: None,
                };
                self.roots.push(root);
            } else if self_issued {
                return Err(malformed("a self-issued certificate in it is not one of an authority (CA:FALSE)".into()));
            } else {
                self.others.push(der);
            }
        }
        Ok(())
    }

    fn json(&mut self, name: &str, bytes: &[u8]) -> Result<(), AuthorityError> {
        let malformed = |reason: String| AuthorityError::Malformed { name: name.to_owned(), reason };
        let file: RawRoot = serde_json::from_slice(bytes).map_err(|error| malformed(error.to_string()))?;
        if !file.media_type.starts_with("application/vnd.dev.sigstore.trustedroot") {
            return Err(malformed(format!("the media type is `{}`", file.media_type)));
        }
        let lists = [(file.certificate_authorities, true), (file.timestamp_authorities, false)];
        for (authority, for_signers) in
            lists.into_iter().flat_map(|(list, signers)| list.into_iter().map(move |each| (each, signers)))
        {
            let decode = |raw: &RawBytes| STANDARD.decode(&raw.raw_bytes).map_err(|error| malformed(error.to_string()));
            let mut chain =
                authority.cert_chain.certificates.iter().map(decode).collect::<Result<Vec<_>, AuthorityError>>()?;
            for der in &chain {
                x509::read(der).map_err(malformed)?;
            }
            if chain.len() > MOST {
                return Err(malformed(format!("more than {MOST} certificates")));
            }
            let Some(der) = chain.pop() else { return Err(malformed("an authority has no certificates".into())) };
            let time = |text: Option<String>| {
                text.map(|text| Timestamp::parse(&text).map_err(|error| malformed(error.to_string()))).transpose()
            };
            let RawPeriod { start, end } = authority.valid_for.unwrap_or_default();
            self.roots.push(Root {
                name: name.to_owned(),
                der,
                for_signers,
                for_time: !for_signers,
                from: time(start)?,
                until: time(end)?,
            });
            self.others.append(&mut chain);
        }
        Ok(())
    }
}

impl Root {
    /// For messages: the subject and the file.
    pub(super) fn describe(&self) -> String {
        let subject = x509::read(&self.der).map_or_else(|_| Digest::of(&self.der).to_string(), |read| read.subject);
        format!("{subject} ({})", self.name)
    }
}

// Read as widely as Sigstore writes it: fields for transparency logs and whatever comes later are none of ours.

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawRoot {
    media_type: String,
    #[serde(default)]
    certificate_authorities: Vec<RawAuthority>,
    #[serde(default)]
    timestamp_authorities: Vec<RawAuthority>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawAuthority {
    cert_chain: RawChain,
    valid_for: Option<RawPeriod>,
}

#[derive(Deserialize)]
struct RawChain {
    certificates: Vec<RawBytes>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawBytes {
    raw_bytes: String,
}

#[derive(Deserialize, Default)]
struct RawPeriod {
    start: Option<String>,
    end: Option<String>,
}
