//! Who refers to an image. A registry that keeps such a list itself is asked for it; for others the list is an index under the
//! tag `sha256-…` (<https://github.com/opencontainers/distribution-spec/blob/main/spec.md#referrers-tag-schema>).
//!
//! That index has no owner: whoever writes it later may undo what was written meanwhile. So each of our referrers also has a tag
//! of its own, which nobody else writes (and which keeps it from being collected as garbage), and whoever has written the index
//! looks at those tags again and writes again, until nothing is missing. The last one to write has then seen every tag that was
//! set before; one that is set later makes its owner write.

use super::client::{ANSWER_LIMIT, Access, Registries, bytes, unusable};
use super::reference::Reference;
use crate::adapters::http::backoff::Backoff;
use crate::model::Digest;
use crate::ports::RegistryError;
use reqwest::StatusCode;
use reqwest::header::{ACCEPT, LINK};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// An index's type.
pub(super) const INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// A manifest's type.
pub(super) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// The most pages of a registry's own list that are read.
const PAGES: usize = 1000;
/// How often the fallback index is written before its other writers are given up on.
const ROUNDS: u32 = 50;
/// In how many of them its answers may make no sense.
const PATIENCE: u32 = 10;

/// A descriptor of a referrer. What else it has is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Entry {
    pub(super) media_type: String,
    pub(super) digest: Digest,
    pub(super) size: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) artifact_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) annotations: Option<BTreeMap<String, String>>,
    #[serde(flatten)]
    rest: BTreeMap<String, serde_json::Value>,
}

impl Entry {
    /// A manifest's.
    pub(super) fn of(manifest: &[u8], artifact_type: &str, annotations: &BTreeMap<String, String>) -> Self {
        Self {
            media_type: MANIFEST.to_owned(),
            digest: Digest::of(manifest),
            size: manifest.len() as u64,
            artifact_type: Some(artifact_type.to_owned()),
            annotations: Some(annotations.clone()),
            rest: BTreeMap::new(),
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct List {
    #[serde(default = "two")]
    schema_version: u32,
    #[serde(default = "index")]
    media_type: String,
    #[serde(default, deserialize_with = "null_is_none")]
    manifests: Vec<Entry>,
    #[serde(flatten)]
    rest: BTreeMap<String, serde_json::Value>,
}

/// Some registries say `null` of an empty list.
fn null_is_none<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<Entry>, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

fn two() -> u32 {
    2
}

fn index() -> String {
    INDEX.to_owned()
}

/// The fallback tag of a subject.
fn fallback(subject: &Digest) -> String {
    format!("sha256-{}", subject.hex())
}

/// The tag of one of our referrers: its subject's fallback tag, and its own digest's beginning.
pub(super) fn own_tag(subject: &Digest, referrer: &Digest) -> String {
    let hex = referrer.hex();
    format!("{}.pm-{}", fallback(subject), hex.get(..32).unwrap_or(&hex))
}

/// The query of the next page of a list (RFC 8288). Where it is asked is not the server's to say.
fn next_page(link: &str) -> Option<String> {
    let (target, rest) = link.trim().strip_prefix('<')?.split_once('>')?;
    let is_next = rest.split(';').any(|part| matches!(part.trim(), "rel=\"next\"" | "rel=next"));
    let (_, query) = target.split_once('?').filter(|(_, query)| is_next && !query.is_empty())?;
    let is_plain = query.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#');
    is_plain.then(|| query.to_owned())
}

impl Registries {
    /// Every referrer of a subject.
    pub(super) async fn referrers(&self, at: &Reference, subject: &Digest) -> Result<Vec<Entry>, RegistryError> {
        if let Some(listed) = self.own_list(at, subject).await? {
            return Ok(listed);
        }
        let mut entries = self.fallback_list(at, subject).await?.map(|list| list.manifests).unwrap_or_default();
        entries.extend(self.not_listed(at, subject, &entries).await?.into_iter().map(|(entry, ..)| entry));
        Ok(entries)
    }

    /// The list that the registry keeps itself; `None` where it keeps none.
    async fn own_list(&self, at: &Reference, subject: &Digest) -> Result<Option<Vec<Entry>>, RegistryError> {
        let first = format!("referrers/{subject}");
        let (mut path, mut listed) = (first.clone(), Vec::new());
        for page in 0..PAGES {
            let ask = |client: &reqwest::Client, url| client.get(url).header(ACCEPT, INDEX);
            let response = self.send(at, Access::Pull, &path, ask).await?;
            let status = response.status();
            if status != StatusCode::OK && page == 0 {
                return Ok(None);
            }
            if status != StatusCode::OK {
                return Err(unusable(at, &format!("it says {status} in the middle of its list of referrers")));
            }
            let next = response.headers().get(LINK).and_then(|link| link.to_str().ok()).and_then(next_page);
            let body = bytes(at, response, ANSWER_LIMIT).await?;
            let list: List = serde_json::from_slice(&body).map_err(|error| unusable(at, &error))?;
            listed.extend(list.manifests);
            let Some(query) = next else { return Ok(Some(listed)) };
            path = format!("{first}?{query}");
        }
        Err(unusable(at, &"its list of referrers has no end"))
    }

    async fn fallback_list(&self, at: &Reference, subject: &Digest) -> Result<Option<List>, RegistryError> {
        match self.manifest(at, &fallback(subject)).await? {
            Some(stored) => serde_json::from_slice(&stored.bytes).map(Some).map_err(|error| unusable(at, &error)),
            None => Ok(None),
        }
    }

    /// Ours, by their own tags, that a list lacks: the entry, the tag, and the manifest.
    async fn not_listed(
        &self,
        at: &Reference,
        subject: &Digest,
        list: &[Entry],
    ) -> Result<Vec<(Entry, String, Vec<u8>)>, RegistryError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Typed {
            artifact_type: Option<String>,
            #[serde(default)]
            annotations: BTreeMap<String, String>,
            subject: Option<Subject>,
        }
        #[derive(Deserialize)]
        struct Subject {
            digest: Digest,
        }
        let listed: Vec<String> = list.iter().map(|entry| own_tag(subject, &entry.digest)).collect();
        let mut missing = Vec::new();
        for tag in self.tags(at, &format!("{}.pm-", fallback(subject))).await? {
            if listed.contains(&tag) {
                continue;
            }
            let Some(stored) = self.manifest(at, &tag).await? else { continue };
            let Ok(typed) = serde_json::from_slice::<Typed>(&stored.bytes) else { continue };
            let entry =
                Entry::of(&stored.bytes, typed.artifact_type.as_deref().unwrap_or_default(), &typed.annotations);
            let is_whole = own_tag(subject, &entry.digest) == tag && typed.artifact_type.is_some();
            if is_whole && typed.subject.is_some_and(|of| of.digest == *subject) {
                missing.push((entry, tag, stored.bytes));
            }
        }
        Ok(missing)
    }

    /// Makes the list of referrers have all of ours, whoever keeps it. A registry that has the list in hand for somebody else may
    /// answer with nonsense: that passes. One that never changes a tag keeps the list as it is: gives how many it lacks, all of which are
    /// found by their own tags.
    pub(super) async fn list_all(&self, at: &Reference, subject: &Digest) -> Result<usize, RegistryError> {
        let backoff = Backoff { base: Duration::from_millis(20), most: Duration::from_secs(2), ..Backoff::default() };
        let mut trouble = None;
        for round in 0..ROUNDS {
            match self.list_once(at, subject).await {
                Ok(Listing::Whole) => return Ok(0),
                Ok(Listing::Written) => {}
                Ok(Listing::Fixed { lacks }) => return Ok(lacks),
                Err(error @ RegistryError::Unusable { .. }) if round < PATIENCE => trouble = Some(error),
                Err(error) => return Err(error),
            }
            // Writers that met once are unlikely to meet again.
            tokio::time::sleep(backoff.jittered(round)).await;
        }
        let busy = || unusable(at, &"others write the list of referrers all the time: try again");
        Err(trouble.unwrap_or_else(busy))
    }

    /// Whether the list has all of ours; if not, what it lacks is put there again.
    async fn list_once(&self, at: &Reference, subject: &Digest) -> Result<Listing, RegistryError> {
        if let Some(listed) = self.own_list(at, subject).await? {
            let missing = self.not_listed(at, subject, &listed).await?;
            // Registries that write their list without a lock lose entries too; a manifest that comes again is listed again.
            for (_, tag, manifest) in &missing {
                self.put_manifest(at, tag, MANIFEST, manifest).await?;
            }
            return Ok(if missing.is_empty() { Listing::Whole } else { Listing::Written });
        }
        let known = self.fallback_list(at, subject).await?;
        let is_there = known.is_some();
        let mut list = known.unwrap_or_else(|| List {
            schema_version: 2,
            media_type: index(),
            manifests: Vec::new(),
            rest: BTreeMap::new(),
        });
        let missing = self.not_listed(at, subject, &list.manifests).await?;
        if missing.is_empty() {
            return Ok(Listing::Whole);
        }
        let lacks = missing.len();
        list.manifests.extend(missing.into_iter().map(|(entry, ..)| entry));
        list.manifests.sort_by_key(|entry| entry.digest);
        list.manifests.dedup_by_key(|entry| entry.digest);
        let body = serde_json::to_vec(&list).map_err(|error| unusable(at, &error))?;
        match self.put_manifest(at, &fallback(subject), INDEX, &body).await {
            Ok(()) => Ok(Listing::Written),
            Err(RegistryError::Refused { .. } | RegistryError::Denied { .. }) if is_there => {
                Ok(Listing::Fixed { lacks })
            }
            Err(error) => Err(error),
        }
    }
}

/// What became of the list.
enum Listing {
    /// It has all of ours.
    Whole,
    /// It was written.
    Written,
    /// It cannot be written.
    Fixed {
        /// How many of ours it lacks.
        lacks: usize,
    },
}

#[cfg(test)]
mod tests {
    use super::{List, next_page};

    #[test]
    fn an_empty_list_has_several_spellings() {
        for text in ["{}", r#"{"manifests":null}"#, r#"{"manifests":[]}"#] {
            assert!(serde_json::from_str::<List>(text).unwrap().manifests.is_empty(), "{text}");
        }
    }

    #[test]
    fn only_the_query_of_a_next_page_is_taken() {
        assert_eq!(next_page("</v2/x/referrers/y?n=2&last=z>; rel=\"next\"").as_deref(), Some("n=2&last=z"));
        assert_eq!(next_page("<https://elsewhere.example/steal?last=z>; rel=next").as_deref(), Some("last=z"));
        for link in ["", "</v2/x>; rel=\"next\"", "</v2/x?a=b>; rel=\"prev\"", "/v2/x?a=b", "</v2/x?a=b#c>; rel=next"] {
            assert_eq!(next_page(link), None, "{link}");
        }
    }
}
