//! Authorities as Sigstore's `trusted_root.json`, for verifiers that know no other form:
//! <https://github.com/sigstore/protobuf-specs/blob/main/protos/sigstore_trustroot.proto>.
//!
//! Bundles carry the leaf alone, so each chain is written whole: for signers every intermediate with all above it, for time the
//! stamping certificate with all above that. Lists of logs are there, and empty: nothing here is in a transparency log.

use super::authorities::{Authorities, Purpose};
use super::x509::{self, Read, TIME_STAMPING};
use crate::model::Timestamp;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// The form that every verifier reads.
const MEDIA_TYPE: &str = "application/vnd.dev.sigstore.trustedroot+json;version=0.1";

/// The most certificates of a chain.
const MOST: usize = 8;

/// The trusted root of these authorities. The same authorities give the same value.
pub fn trusted_root(authorities: &Authorities) -> Value {
    let (mut signers, mut time) = (Vec::new(), Vec::new());
    for trusted in authorities.roots() {
        let Ok(read) = x509::read(&trusted.der) else { continue };
        let root = Certificate { der: &trusted.der, read };
        // Whom we trust for a part of its life, others must not trust for longer.
        let authority = |chain: &[Certificate<'_>]| authority(chain, trusted.from, trusted.until);
        let below = chains(authorities, &root);
        if trusted.for_signers {
            let authorities = below.iter().filter(|chain| chain[0].read.authority);
            let mut chains: Vec<&[Certificate<'_>]> = authorities.map(Vec::as_slice).collect();
            // A root that issues leaves itself.
            let alone = [root.clone()];
            if chains.is_empty() {
                chains.push(&alone);
            }
            signers.extend(chains.into_iter().map(authority));
        }
        if trusted.for_time {
            let is_clock = |chain: &&Vec<Certificate<'_>>| {
                let usages = chain[0].read.usages.as_ref();
                !chain[0].read.authority && usages.is_some_and(|(_, usages)| usages.contains(&TIME_STAMPING))
            };
            time.extend(below.iter().filter(is_clock).map(|chain| authority(chain)));
        }
    }
    for list in [&mut signers, &mut time] {
        list.sort_by_key(Value::to_string);
        list.dedup();
    }
    json!({
        "mediaType": MEDIA_TYPE,
        "tlogs": [],
        "certificateAuthorities": signers,
        "ctlogs": [],
        "timestampAuthorities": time,
    })
}

#[derive(Clone)]
struct Certificate<'a> {
    der: &'a [u8],
    read: Read,
}

/// Every certificate below a root with all above it, the root last. Only those that really lead there.
fn chains<'a>(authorities: &'a Authorities, root: &Certificate<'a>) -> Vec<Vec<Certificate<'a>>> {
    let others: Vec<Certificate<'a>> =
        authorities.intermediates().filter_map(|der| Some(Certificate { der, read: x509::read(der).ok()? })).collect();
    let mut chains: Vec<Vec<Certificate<'a>>> = Vec::new();
    let mut above = vec![vec![root.clone()]];
    while let Some(chain) = above.pop() {
        let issuer = &chain[0].read.certificate.tbs_certificate.subject;
        for other in &others {
            let is_below = other.read.certificate.tbs_certificate.issuer == *issuer && !other.read.self_issued;
            let is_new = chain.iter().all(|known| known.der != other.der) && chain.len() < MOST;
            if !(is_below && is_new) {
                continue;
            }
            let longer: Vec<Certificate<'a>> = std::iter::once(other.clone()).chain(chain.iter().cloned()).collect();
            if other.read.authority {
                above.push(longer.clone());
            }
            chains.push(longer);
        }
    }
    // Names are only names: a chain counts where the path builder finds it too. It builds paths of end entities, and so of
    // stamping certificates; an intermediate is believed as far as its signature, which a leaf's verification checks.
    chains.retain(|chain| {
        chain[0].read.authority
            || authorities
                .chain(chain[0].der, &[], Purpose::Time, chain[0].read.from)
                .is_ok_and(|found| found.der == root.der)
    });
    chains
}

fn authority(chain: &[Certificate<'_>], after: Option<Timestamp>, before: Option<Timestamp>) -> Value {
    let from = chain.iter().map(|certificate| certificate.read.from).chain(after).max().unwrap_or(chain[0].read.from);
    let until =
        chain.iter().map(|certificate| certificate.read.until).chain(before).min().unwrap_or(chain[0].read.until);
    let certificates: Vec<Value> =
        chain.iter().map(|certificate| json!({ "rawBytes": STANDARD.encode(certificate.der) })).collect();
    json!({
        "subject": named(chain.last().map(|root| root.read.subject.as_str()).unwrap_or_default()),
        "uri": "",
        "certChain": { "certificates": certificates },
        "validFor": { "start": text(from), "end": text(until) },
    })
}

/// Organisation and common name of an RFC 4514 name.
fn named(subject: &str) -> Value {
    let part = |key: &str| {
        subject
            .split(',')
            .find_map(|part| part.trim().strip_prefix(key)?.strip_prefix('='))
            .unwrap_or_default()
            .to_owned()
    };
    json!({ "organization": part("O"), "commonName": part("CN") })
}

fn text(at: Timestamp) -> String {
    at.to_string()
}
