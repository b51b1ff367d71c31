//! One archive of a bucket to a local file: asked for only if it changed, resumed where it broke off, tried again where that
//! can help, and put in place in one step once it is whole.
//!
//! Beside `all.zip` lie `all.meta` (what it is a copy of), and while a transfer is under way `all.part` and `all.part.meta`.

use super::errors::UpdateError;
use super::sources::MAX_ARCHIVE_BYTES;
use super::store::replace;
use crate::adapters::http;
use crate::adapters::http::backoff::{self, Backoff};
use crate::model::{Digest, Hasher};
use crate::ports::{Cancel, Event, Events};
use reqwest::header::{self, HeaderMap, HeaderName};
use reqwest::{Client, Response, StatusCode, Url};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Progress is told each time this many bytes came in.
const PROGRESS_BYTES: u64 = 1 << 20;

/// What a local copy is a copy of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Origin {
    url: String,
    etag: Option<String>,
    last_modified: Option<String>,
    /// Of the whole file; `None` while it is not.
    digest: Option<Digest>,
}

/// An archive that is here now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// Where.
    pub path: PathBuf,
    /// SHA-256 of it.
    pub digest: Digest,
    /// Bytes that were transferred; 0 where the copy was still good.
    pub transferred: u64,
}

/// What all downloads of an update share.
pub struct Downloader<'a> {
    /// Sends the requests.
    pub client: &'a Client,
    /// When to try again.
    pub backoff: Backoff,
    /// Told of progress.
    pub events: &'a dyn Events,
    /// Asked between pieces.
    pub cancel: &'a Cancel,
}

enum Failure {
    /// Another try may help, after so long if the server said.
    Passing(String, Option<std::time::Duration>),
    Final(UpdateError),
}

impl From<UpdateError> for Failure {
    fn from(error: UpdateError) -> Self {
        Self::Final(error)
    }
}

impl Downloader<'_> {
    /// Brings the local copy in `dir` up to date.
    ///
    /// # Errors
    /// See [`UpdateError`]. A copy that was there stays.
    pub async fn fetch(&self, url: &Url, dir: &Path, label: &str) -> Result<Fetched, UpdateError> {
        std::fs::create_dir_all(dir).map_err(|error| store(dir, error))?;
        let mut retry = 0;
        loop {
            let (reason, asked) = match self.attempt(url, dir, label).await {
                Ok(fetched) => return Ok(fetched),
                Err(Failure::Final(error)) => return Err(error),
                Err(Failure::Passing(reason, asked)) => (reason, asked),
            };
            let unreachable = |reason| UpdateError::Unreachable { url: url.to_string(), reason };
            if retry >= self.backoff.retries {
                return Err(unreachable(format!("{reason} (tried {} times)", retry + 1)));
            }
            let jitter = self.backoff.jittered(retry);
            let length = asked.map_or(jitter, |asked| asked.max(jitter));
            if asked.is_some_and(|asked| asked > self.backoff.most_asked) {
                return Err(unreachable(format!("{reason}, and asks to wait for {} s", length.as_secs())));
            }
            if !backoff::wait(length, self.cancel).await {
                return Err(UpdateError::Stopped);
            }
            retry += 1;
        }
    }

    async fn attempt(&self, url: &Url, dir: &Path, label: &str) -> Result<Fetched, Failure> {
        let files = Files::new(dir);
        let part = files.part_of(url);
        let whole = if part.is_some() { None } else { files.whole_of(url) };
        let mut request = self.client.get(url.clone());
        if let Some((origin, length)) = &part {
            let validator = origin.etag.as_ref().or(origin.last_modified.as_ref());
            request = request.header(header::RANGE, format!("bytes={length}-"));
            request = request.header(header::IF_RANGE, validator.map_or("", String::as_str));
        } else if let Some((origin, _)) = &whole {
            for (name, value) in
                [(header::IF_NONE_MATCH, &origin.etag), (header::IF_MODIFIED_SINCE, &origin.last_modified)]
            {
                if let Some(value) = value {
                    request = request.header(name, value);
                }
            }
        }
        let response = request.send().await.map_err(|error| passing(&error))?;
        let offset = match (response.status(), whole, part) {
            (StatusCode::NOT_MODIFIED, Some((_, digest)), _) => {
                return Ok(Fetched { path: files.whole, digest, transferred: 0 });
            }
            (StatusCode::OK, _, _) => 0,
            (StatusCode::PARTIAL_CONTENT, _, Some((_, length))) if starts_at(response.headers(), length) => length,
            (StatusCode::PARTIAL_CONTENT | StatusCode::RANGE_NOT_SATISFIABLE, _, _) => {
                files.forget_part();
                return Err(Failure::Passing("the transfer could not be resumed".into(), None));
            }
            (status, _, _) => return Err(refusal(url, status, response.headers())),
        };
        let length = self.receive(response, url, &files, offset, label).await?;
        let digest = files.finish(url).map_err(|error| store(dir, error))?.map_err(|reason| {
            files.forget_part();
            UpdateError::BadDownload { url: url.to_string(), reason }
        })?;
        Ok(Fetched { path: files.whole, digest, transferred: length - offset })
    }

    /// Writes the body into the part file from this offset on; gives the length that the file then has.
    async fn receive(
        &self,
        mut response: Response,
        url: &Url,
        files: &Files,
        offset: u64,
        label: &str,
    ) -> Result<u64, Failure> {
        let failed = |error| Failure::Final(store(&files.part, error));
        let too_large = || UpdateError::BadDownload { url: url.to_string(), reason: "larger than 4 GiB".into() };
        let total = response.content_length().map(|rest| rest.saturating_add(offset));
        if total.is_some_and(|total| total > MAX_ARCHIVE_BYTES) {
            return Err(too_large().into());
        }
        let mut out = if offset == 0 {
            let origin = Origin {
                url: url.to_string(),
                etag: text(response.headers(), &header::ETAG),
                last_modified: text(response.headers(), &header::LAST_MODIFIED),
                digest: None,
            };
            files.forget_part();
            write_origin(&files.part_meta, &origin).map_err(failed)?;
            File::create(&files.part).map_err(failed)?
        } else {
            File::options().append(true).open(&files.part).map_err(failed)?
        };
        let mut done = offset;
        let mut told = offset;
        loop {
            if self.cancel.is_cancelled() {
                return Err(UpdateError::Stopped.into());
            }
            let Some(piece) = response.chunk().await.map_err(|error| passing(&error))? else { break };
            done = done.saturating_add(piece.len() as u64);
            if done > MAX_ARCHIVE_BYTES {
                files.forget_part();
                return Err(too_large().into());
            }
            out.write_all(&piece).map_err(failed)?;
            if done - told >= PROGRESS_BYTES {
                told = done;
                self.events.emit(Event::Progress { label: label.to_owned(), done, total });
            }
        }
        out.sync_all().map_err(failed)?;
        if total.is_some_and(|total| total != done) {
            return Err(Failure::Passing("the transfer broke off".into(), None));
        }
        self.events.emit(Event::Progress { label: label.to_owned(), done, total: Some(done) });
        Ok(done)
    }
}

/// Forgets what the copy in `dir` is a copy of, so that it is fetched anew.
pub(super) fn forget(dir: &Path) {
    // Where that fails, the next update says again what is wrong with the copy.
    drop(std::fs::remove_file(Files::new(dir).meta));
}

struct Files {
    whole: PathBuf,
    meta: PathBuf,
    part: PathBuf,
    part_meta: PathBuf,
}

impl Files {
    fn new(dir: &Path) -> Self {
        let file = |name| dir.join(name);
        Self {
            whole: file("all.zip"),
            meta: file("all.meta"),
            part: file("all.part"),
            part_meta: file("all.part.meta"),
        }
    }

    /// A transfer of this address that broke off and can be resumed: its length. A weak tag does not promise the same bytes.
    fn part_of(&self, url: &Url) -> Option<(Origin, u64)> {
        let length = std::fs::metadata(&self.part).ok()?.len();
        let mut origin = read_origin(&self.part_meta, url)?;
        origin.etag = origin.etag.filter(|etag| !etag.starts_with("W/"));
        let has_validator = origin.etag.is_some() || origin.last_modified.is_some();
        (length > 0 && has_validator).then_some((origin, length))
    }

    /// The copy of this address, if it is still what was fetched.
    fn whole_of(&self, url: &Url) -> Option<(Origin, Digest)> {
        let origin = read_origin(&self.meta, url)?;
        let digest = digest_of(&self.whole).ok()?;
        (origin.digest == Some(digest)).then_some((origin, digest))
    }

    fn forget_part(&self) {
        for path in [&self.part_meta, &self.part] {
            // What cannot be removed is overwritten, or fails, when it is next written to.
            drop(std::fs::remove_file(path));
        }
    }

    /// Puts a finished transfer in place. The inner error is what is wrong with the bytes.
    fn finish(&self, url: &Url) -> std::io::Result<Result<Digest, String>> {
        let opened = std::io::BufReader::new(File::open(&self.part)?);
        if let Err(error) = zip::ZipArchive::new(opened) {
            return Ok(Err(format!("not a zip archive: {error}")));
        }
        let digest = digest_of(&self.part)?;
        let mut origin = read_origin(&self.part_meta, url).ok_or_else(|| std::io::Error::other("changed meanwhile"))?;
        origin.digest = Some(digest);
        std::fs::rename(&self.part, &self.whole)?;
        write_origin(&self.meta, &origin)?;
        self.forget_part();
        Ok(Ok(digest))
    }
}

fn read_origin(path: &Path, url: &Url) -> Option<Origin> {
    let origin: Origin = serde_json::from_slice(&std::fs::read(path).ok()?).ok()?;
    (origin.url == url.as_str()).then_some(origin)
}

fn write_origin(path: &Path, origin: &Origin) -> std::io::Result<()> {
    replace(path, &serde_json::to_vec(origin)?)
}

fn digest_of(path: &Path) -> std::io::Result<Digest> {
    let mut hasher = Hasher::new();
    std::io::copy(&mut File::open(path)?, &mut hasher)?;
    Ok(hasher.finish())
}

fn store(place: &Path, source: std::io::Error) -> UpdateError {
    UpdateError::Store { place: place.display().to_string(), source }
}

/// A failure below HTTP. The address is left out of the text: it stands in front of it already.
fn passing(error: &reqwest::Error) -> Failure {
    Failure::Passing(http::reason(error), None)
}

fn refusal(url: &Url, status: StatusCode, headers: &HeaderMap) -> Failure {
    let reason = format!("the server says {status}");
    if status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error() {
        let now = jiff::Timestamp::now().as_second();
        let asked = text(headers, &header::RETRY_AFTER).and_then(|value| backoff::retry_after(&value, now));
        return Failure::Passing(reason, asked);
    }
    Failure::Final(UpdateError::Refused { url: url.to_string(), status: status.as_u16() })
}

fn text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    Some(headers.get(name)?.to_str().ok()?.to_owned())
}

/// Whether a partial answer begins where ours breaks off.
fn starts_at(headers: &HeaderMap, offset: u64) -> bool {
    let range = text(headers, &header::CONTENT_RANGE).unwrap_or_default();
    let start = range.strip_prefix("bytes ").and_then(|range| range.split_once('-'));
    start.is_some_and(|(start, _)| start.parse() == Ok(offset))
}
