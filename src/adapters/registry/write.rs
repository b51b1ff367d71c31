//! Blobs and manifests put into a repository, and read back.

use super::client::{Access, Registries, bytes, unusable};
use super::reference::Reference;
use crate::adapters::http::backoff::Backoff;
use crate::model::Digest;
use crate::ports::RegistryError;
use reqwest::StatusCode;
use reqwest::header::{ACCEPT, CONTENT_TYPE, LOCATION};
use std::time::Duration;

/// The largest manifest that registries take, in bytes: 4 MiB, by the distribution specification.
pub(super) const MANIFEST_LIMIT: u64 = 4 << 20;

/// A manifest or index as a registry has it.
pub(super) struct Stored {
    /// Its bytes.
    pub(super) bytes: Vec<u8>,
    /// Its type, as answered.
    pub(super) media_type: Option<String>,
}

/// Whether that is how registries say that a tag that is there stays as it is. The specification has no answer for it.
fn is_kept_as_it_is(status: StatusCode, reason: &str) -> bool {
    let codes = ["TAG_INVALID", "DENIED", "IMMUTABLE", "TAGALREADYEXISTS", "PRECONDITION"];
    let said = reason.to_ascii_uppercase();
    matches!(status, StatusCode::CONFLICT | StatusCode::PRECONDITION_FAILED | StatusCode::METHOD_NOT_ALLOWED)
        || (status.is_client_error() && codes.iter().any(|code| said.contains(code)))
}

impl Registries {
    /// Whether the repository has a blob.
    pub(super) async fn has_blob(&self, to: &Reference, digest: &Digest) -> Result<bool, RegistryError> {
        let response = self.send(to, Access::Push, &format!("blobs/{digest}"), |client, url| client.head(url)).await?;
        match response.status() {
            StatusCode::OK => Ok(true),
            StatusCode::NOT_FOUND => Ok(false),
            status => Err(unusable(to, &format!("it says {status} to a blob"))),
        }
    }

    /// Puts a blob there, unless it is there; `true` where it was sent. In a few tries: an upload that broke off cannot be taken
    /// up again, and registries stumble over the same blob from several at once.
    pub(super) async fn put_blob(&self, to: &Reference, digest: &Digest, body: &[u8]) -> Result<bool, RegistryError> {
        let backoff = Backoff { base: Duration::from_millis(50), most: Duration::from_secs(2), ..Backoff::default() };
        let mut tries = 0;
        loop {
            match self.put_blob_once(to, digest, body).await {
                Err(RegistryError::Unusable { .. }) if tries < backoff.retries => {
                    tokio::time::sleep(backoff.jittered(tries)).await;
                    tries += 1;
                }
                done => return done,
            }
        }
    }

    async fn put_blob_once(&self, to: &Reference, digest: &Digest, body: &[u8]) -> Result<bool, RegistryError> {
        if self.has_blob(to, digest).await? {
            return Ok(false);
        }
        let begun = self
            .send(to, Access::Push, "blobs/uploads/", |client, url| client.post(url).header("content-length", "0"))
            .await?;
        let location = begun.headers().get(LOCATION).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let (StatusCode::ACCEPTED, Some(mut location)) = (begun.status(), location) else {
            return Err(unusable(to, &format!("it says {} to an upload", begun.status())));
        };
        location.push(if location.contains('?') { '&' } else { '?' });
        location.push_str(&format!("digest={}", digest.to_string().replace(':', "%3A")));
        let body = body.to_vec();
        let put = self
            .send_on(to, Access::Push, &location, |client, url| {
                client.put(url).header(CONTENT_TYPE, "application/octet-stream").body(body.clone())
            })
            .await?;
        match put.status() {
            StatusCode::CREATED => {}
            status => return Err(unusable(to, &format!("it says {status} to a blob that was sent"))),
        }
        if !self.has_blob(to, digest).await? {
            return Err(unusable(to, &format!("it took the blob {digest} and does not have it")));
        }
        Ok(true)
    }

    /// A manifest or index by tag or digest; `None` where there is none.
    pub(super) async fn manifest(&self, from: &Reference, selector: &str) -> Result<Option<Stored>, RegistryError> {
        let path = format!("manifests/{selector}");
        let accept = |client: &reqwest::Client, url| client.get(url).header(ACCEPT, super::images::MANIFESTS);
        let response = self.send(from, Access::Pull, &path, accept).await?;
        match response.status() {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND => return Ok(None),
            status => return Err(unusable(from, &format!("it says {status} to {selector}"))),
        }
        let media_type = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let bytes = bytes(from, response, MANIFEST_LIMIT).await?;
        if Digest::parse(selector).is_ok_and(|digest| digest != Digest::of(&bytes)) {
            return Err(RegistryError::Integrity { place: format!("{from}@{selector}") });
        }
        Ok(Some(Stored { bytes, media_type }))
    }

    /// Puts a manifest or index there, and reads it back.
    pub(super) async fn put_manifest(
        &self,
        to: &Reference,
        selector: &str,
        media_type: &str,
        body: &[u8],
    ) -> Result<(), RegistryError> {
        if body.len() as u64 > MANIFEST_LIMIT {
            return Err(unusable(
                to,
                &format!("{selector} would have more than the {MANIFEST_LIMIT} bytes that registries take"),
            ));
        }
        let body = body.to_vec();
        let put = self
            .send(to, Access::Push, &format!("manifests/{selector}"), |client, url| {
                client.put(url).header(CONTENT_TYPE, media_type).body(body.clone())
            })
            .await?;
        let status = put.status();
        if status != StatusCode::CREATED {
            let code = bytes(to, put, 64 << 10).await.ok().and_then(|body| super::client::reason(&body));
            let is_refused = is_kept_as_it_is(status, code.as_deref().unwrap_or_default());
            let code = code.map(|code| format!(" ({code})")).unwrap_or_default();
            let reason = format!("it says {status}{code} to {selector}");
            return Err(match is_refused {
                true => RegistryError::Refused { place: to.to_string(), reason },
                false => unusable(to, &reason),
            });
        }
        match self.manifest(to, selector).await? {
            // Another writer of the same tag is no fault; another content of a digest was refused before this.
            Some(_) => Ok(()),
            None => Err(unusable(to, &format!("it took {selector} and does not have it"))),
        }
    }

    /// The tags of a repository that begin so.
    pub(super) async fn tags(&self, of: &Reference, beginning: &str) -> Result<Vec<String>, RegistryError> {
        /// The most pages of tags that are read.
        const PAGES: usize = 1000;
        #[derive(serde::Deserialize)]
        struct Page {
            tags: Option<Vec<String>>,
        }
        let (mut tags, mut last) = (Vec::new(), None::<String>);
        for _ in 0..PAGES {
            let path = match &last {
                Some(last) => format!("tags/list?n=1000&last={last}"),
                None => "tags/list?n=1000".to_owned(),
            };
            let response = self.send(of, Access::Pull, &path, |client, url| client.get(url)).await?;
            match response.status() {
                StatusCode::OK => {}
                StatusCode::NOT_FOUND => return Ok(tags),
                status => return Err(unusable(of, &format!("it says {status} to the list of tags"))),
            }
            let more = response.headers().contains_key("link");
            let body = bytes(of, response, super::client::ANSWER_LIMIT).await?;
            let page: Page = serde_json::from_slice(&body).map_err(|error| unusable(of, &error))?;
            let page = page.tags.unwrap_or_default();
            let plain = |tag: &String| tag.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
            let next = page.iter().rev().find(|tag| plain(tag)).cloned();
            tags.extend(page.into_iter().filter(|tag| tag.starts_with(beginning) && plain(tag)));
            if !more || next.is_none() || next == last {
                return Ok(tags);
            }
            last = next;
        }
        Err(unusable(of, &"its list of tags has no end"))
    }
}
