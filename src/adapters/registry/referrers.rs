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
use reqwest::header::ACCEPT;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// An index's type.
pub(super) const INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// A manifest's type.
pub(super) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
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
    #[serde(default)]
    manifests: Vec<Entry>,
    #[serde(flatten)]
    rest: BTreeMap<String, serde_json::Value>,
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

impl Registries {
    /// Every referrer of a subject.
    pub(super) async fn referrers(&self, at: &Reference, subject: &Digest) -> Result<Vec<Entry>, RegistryError> {
        let path = format!("referrers/{subject}");
        let response = self.send(at, Access::Pull, &path, |client, url| client.get(url).header(ACCEPT, INDEX)).await?;
        if response.status() == StatusCode::OK {
            let body = bytes(at, response, ANSWER_LIMIT).await?;
            let list: List = serde_json::from_slice(&body).map_err(|error| unusable(at, &error))?;
            return Ok(list.manifests);
        }
        let mut entries = self.fallback_list(at, subject).await?.manifests;
        entries.extend(self.not_listed(at, subject, &entries).await?);
        Ok(entries)
    }

    async fn fallback_list(&self, at: &Reference, subject: &Digest) -> Result<List, RegistryError> {
        let empty = List { schema_version: 2, media_type: index(), manifests: Vec::new(), rest: BTreeMap::new() };
        match self.manifest(at, &fallback(subject)).await? {
            Some(stored) => serde_json::from_slice(&stored.bytes).map_err(|error| unusable(at, &error)),
            None => Ok(empty),
        }
    }

    /// Ours, by their own tags, that a list lacks.
    async fn not_listed(&self, at: &Reference, subject: &Digest, list: &[Entry]) -> Result<Vec<Entry>, RegistryError> {
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
                missing.push(entry);
            }
        }
        Ok(missing)
    }

    /// Makes the fallback index list all of ours. A registry that has the tag in hand for somebody else may answer with nonsense:
    /// that passes.
    pub(super) async fn list_by_fallback(&self, at: &Reference, subject: &Digest) -> Result<(), RegistryError> {
        let backoff = Backoff { base: Duration::from_millis(20), most: Duration::from_secs(2), ..Backoff::default() };
        let mut trouble = None;
        for round in 0..ROUNDS {
            match self.list_once(at, subject).await {
                Ok(true) => return Ok(()),
                Ok(false) => {}
                Err(error @ RegistryError::Unusable { .. }) if round < PATIENCE => trouble = Some(error),
                Err(error) => return Err(error),
            }
            // Writers that met once are unlikely to meet again.
            tokio::time::sleep(backoff.jittered(round)).await;
        }
        let busy = || unusable(at, &"others write the list of referrers all the time: try again");
        Err(trouble.unwrap_or_else(busy))
    }

    /// Whether the fallback index lists all of ours; if not, it is written anew.
    async fn list_once(&self, at: &Reference, subject: &Digest) -> Result<bool, RegistryError> {
        let mut list = self.fallback_list(at, subject).await?;
        let missing = self.not_listed(at, subject, &list.manifests).await?;
        if missing.is_empty() {
            return Ok(true);
        }
        list.manifests.extend(missing);
        list.manifests.sort_by_key(|entry| entry.digest);
        list.manifests.dedup_by_key(|entry| entry.digest);
        let body = serde_json::to_vec(&list).map_err(|error| unusable(at, &error))?;
        self.put_manifest(at, &fallback(subject), INDEX, &body).await?;
        Ok(false)
    }
}
