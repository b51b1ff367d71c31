//! Sources to a database: fetches what changed, then imports all of it.
//!
//! A source is `osv` (osv.dev's public bucket), an `https:` address of the same layout (`http:` on this machine only), or a path.
//! Copies are kept in `<dir>/downloads`, so that the next update transfers only what changed.

use super::download::Downloader;
use super::errors::UpdateError;
use super::import::{Imported, import};
use super::{format, store};
use crate::adapters::http::{self, backoff::Backoff};
use crate::model::{Digest, Hasher, Snapshot};
use crate::ports::{Advisories as _, Cancel, Event, Events};
use reqwest::{Client, Url};
use std::path::{Path, PathBuf};

/// osv.dev's public bucket. <https://google.github.io/osv.dev/data/>
pub const OSV_BUCKET: &str = "https://osv-vulnerabilities.storage.googleapis.com/";

/// The ecosystems that are fetched where none are named: those that most projects have, of all that can be matched.
pub const DEFAULT_ECOSYSTEMS: [&str; 9] =
    ["Alpine", "Chainguard", "Debian", "Go", "PyPI", "Ubuntu", "Wolfi", "crates.io", "npm"];

/// What to update from.
#[derive(Debug, Clone)]
pub struct UpdateRequest<'a> {
    /// The database's directory.
    pub dir: &'a Path,
    /// `osv`, addresses, paths.
    pub sources: &'a [String],
    /// What relative paths are relative to.
    pub root: &'a Path,
    /// Ecosystems to fetch from addresses; empty for [`DEFAULT_ECOSYSTEMS`].
    pub ecosystems: &'a [String],
    /// In place of [`OSV_BUCKET`].
    pub osv_bucket: Option<&'a str>,
    /// When to try again.
    pub backoff: Backoff,
}

/// What an update did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Updated {
    /// The snapshot that is current now.
    pub snapshot: Snapshot,
    /// The import; `None` where nothing had changed.
    pub imported: Option<Imported>,
    /// Bytes that were transferred.
    pub transferred: u64,
}

/// Sources that are all on this machine now.
#[derive(Debug)]
pub struct Local {
    /// What to import.
    paths: Vec<PathBuf>,
    /// Those of them that are copies.
    copies: Vec<PathBuf>,
    /// Digest over the addresses and contents of all copies; `None` where a path is among the sources, whose content is not
    /// known before it is read.
    inputs: Option<Digest>,
    transferred: u64,
    /// Held until the import is done, so that no other update changes the copies.
    _lock: std::fs::File,
}

/// Fetches and imports.
///
/// # Errors
/// See [`UpdateError`]; the database before stays current then.
pub async fn update(request: &UpdateRequest<'_>, events: &dyn Events, cancel: &Cancel) -> Result<Updated, UpdateError> {
    let local = fetch(request, events, cancel).await?;
    take_in(request.dir, local, events)
}

/// The first half of an update, which waits for the network.
///
/// # Errors
/// A source makes no sense or cannot be fetched, or another update is under way.
pub async fn fetch(request: &UpdateRequest<'_>, events: &dyn Events, cancel: &Cancel) -> Result<Local, UpdateError> {
    let sources: Vec<Source> =
        request.sources.iter().map(|text| Source::parse(text, request)).collect::<Result<_, _>>()?;
    let downloads = request.dir.join("downloads");
    let failed = |source| UpdateError::Store { place: downloads.display().to_string(), source };
    std::fs::create_dir_all(&downloads).map_err(failed)?;
    let lock = std::fs::File::create(downloads.join("lock")).map_err(failed)?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(std::fs::TryLockError::WouldBlock) => return Err(UpdateError::Busy),
        Err(std::fs::TryLockError::Error(error)) => return Err(failed(error)),
    }
    let mut paths = Vec::new();
    let mut fetched_to = Vec::new();
    let mut inputs = Some(Hasher::new());
    let mut transferred = 0;
    let named: Vec<&str> = request.ecosystems.iter().map(String::as_str).collect();
    for source in &sources {
        let Source::Bucket { base, is_public } = source else {
            if let Source::Path(path) = source {
                paths.push(path.clone());
            }
            inputs = None;
            continue;
        };
        let client = client(base)?;
        let downloader = Downloader { client: &client, backoff: request.backoff, events, cancel };
        let copies = downloads.join(&Digest::of(base.as_str().as_bytes()).hex()[..16]);
        // A mirror need not have all that we would take; one that was named must be there.
        let may_lack = named.is_empty() && !is_public;
        let before = paths.len();
        for ecosystem in if named.is_empty() { &DEFAULT_ECOSYSTEMS[..] } else { &named[..] } {
            let url = archive_url(base, ecosystem)?;
            let dir = copies.join(ecosystem);
            match downloader.fetch(&url, &dir, &format!("{ecosystem}/all.zip")).await {
                Ok(fetched) => {
                    if let Some(inputs) = &mut inputs {
                        inputs.update(format!("{url} {}\n", fetched.digest).as_bytes());
                    }
                    transferred += fetched.transferred;
                    fetched_to.push(dir.clone());
                    paths.push(dir);
                }
                Err(UpdateError::Refused { url, status: 404 }) if may_lack => events.emit(Event::Warning {
                    code: "advisories::not-at-source",
                    message: format!("{url} is not there: nothing of {ecosystem} can be called clean"),
                }),
                Err(error) => return Err(error),
            }
        }
        if paths.len() == before {
            return Err(UpdateError::BadSource {
                source_text: base.to_string(),
                reason: "it has none of the ecosystems that we can match".into(),
            });
        }
    }
    Ok(Local { paths, copies: fetched_to, inputs: inputs.map(Hasher::finish), transferred, _lock: lock })
}

/// The second half of an update, which computes: imports what was fetched, unless it is what the current database was made of.
///
/// # Errors
/// The import failed.
pub fn take_in(dir: &Path, local: Local, events: &dyn Events) -> Result<Updated, UpdateError> {
    let marker = dir.join("inputs");
    let mark = |snapshot: &Digest| {
        let inputs = local.inputs?;
        let version = env!("CARGO_PKG_VERSION");
        let magic = String::from_utf8_lossy(format::MAGIC);
        Some(format!("{magic} {version} {snapshot} {inputs}\n"))
    };
    if let Ok(index) = store::open(dir)
        && let Some(wanted) = mark(&index.snapshot().digest)
        && std::fs::read_to_string(&marker).is_ok_and(|found| found == wanted)
        && index.verify().is_ok()
    {
        let snapshot = index.snapshot().clone();
        return Ok(Updated { snapshot, imported: None, transferred: local.transferred });
    }
    let imported = import(dir, &local.paths, events).inspect_err(|_| {
        // A copy may have been spoiled on its way: the next update fetches it anew.
        local.copies.iter().for_each(|copy| super::download::forget(copy));
    })?;
    if let Some(text) = mark(&imported.snapshot.digest) {
        let failed = |source| UpdateError::Store { place: marker.display().to_string(), source };
        store::replace(&marker, text.as_bytes()).map_err(failed)?;
    }
    let snapshot = imported.snapshot.clone();
    Ok(Updated { snapshot, imported: Some(imported), transferred: local.transferred })
}

enum Source {
    Bucket { base: Url, is_public: bool },
    Path(PathBuf),
}

impl Source {
    fn parse(text: &str, request: &UpdateRequest<'_>) -> Result<Self, UpdateError> {
        let bad = |reason: &str| UpdateError::BadSource { source_text: text.to_owned(), reason: reason.to_owned() };
        let is_public = text == "osv";
        let address = if is_public { request.osv_bucket.unwrap_or(OSV_BUCKET) } else { text };
        if !address.contains("://") {
            return Ok(Self::Path(request.root.join(address)));
        }
        let mut base: Url = address.parse().map_err(|_| bad("not an address"))?;
        match base.scheme() {
            "https" => {}
            "http" if is_this_machine(&base) => {}
            "http" => return Err(bad("advisories are fetched over https, except from this machine")),
            _ => return Err(bad("only https addresses can be fetched")),
        }
        if !base.username().is_empty() || base.password().is_some() {
            return Err(bad("an address must not hold a password"));
        }
        if base.query().is_some() || base.fragment().is_some() {
            return Err(bad("the address of a directory has no `?` and no `#`"));
        }
        if !base.path().ends_with('/') {
            let path = format!("{}/", base.path());
            base.set_path(&path);
        }
        Ok(Self::Bucket { base, is_public })
    }
}

fn is_this_machine(url: &Url) -> bool {
    match url.host_str() {
        Some("localhost") => true,
        Some(host) => {
            let host = host.trim_start_matches('[').trim_end_matches(']');
            host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
        }
        None => false,
    }
}

fn archive_url(base: &Url, ecosystem: &str) -> Result<Url, UpdateError> {
    let bad = |reason: &str| UpdateError::BadSource { source_text: ecosystem.to_owned(), reason: reason.to_owned() };
    let is_plain = |c: char| !c.is_control() && !matches!(c, '/' | '\\');
    if ecosystem.is_empty() || ecosystem.starts_with('.') || ecosystem.len() > 64 || !ecosystem.chars().all(is_plain) {
        return Err(bad("not the name of an ecosystem"));
    }
    let mut url = base.clone();
    url.path_segments_mut()
        .map_err(|()| bad("not an address of a directory"))?
        .pop_if_empty()
        .push(ecosystem)
        .push("all.zip");
    Ok(url)
}

fn client(base: &Url) -> Result<Client, UpdateError> {
    let unreachable = |reason| UpdateError::Unreachable { url: base.to_string(), reason };
    http::client(base, None).map_err(unreachable)?.build().map_err(|error| unreachable(error.to_string()))
}

#[cfg(test)]
mod tests;
