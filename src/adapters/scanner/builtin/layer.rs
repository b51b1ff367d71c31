//! One layer, streamed once: blob to tar to facts. Nothing is ever unpacked. Both digests cover all bytes.

use super::catalogue::LayerCatalogue;
use super::decode::{Hashing, Stop, Stoppable, TarBytes, decompress};
use super::walk::{HardLinks, walk};
use crate::model::{Digest, Gap, GapKind};
use crate::ports::{Cancel, ScanError};
use std::io::Read;

/// The largest uncompressed layer, in bytes.
const TOTAL_LIMIT: u64 = 256 << 30;

/// Which bytes a layer must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct LayerId {
    /// Digest of the blob, by the manifest; none where there is no manifest that says it, and the tar's alone counts.
    pub(super) blob: Option<Digest>,
    /// Digest of the tar, by the config.
    pub(super) diff_id: Digest,
}

/// Reads a layer. The flag says whether the result may be kept: whether all of it was read and checked.
///
/// # Errors
/// [`ScanError::Integrity`] where a digest is wrong, [`ScanError::Unusable`] where the blob cannot be decompressed,
/// [`ScanError::Unavailable`] where there is no room for temporary files.
pub(super) fn catalogue<R: Read>(
    open: impl Fn() -> Result<R, ScanError>,
    layer: &LayerId,
    cancel: &Cancel,
) -> Result<(LayerCatalogue, bool), ScanError> {
    let mut links = HardLinks::default();
    let first = within(open()?, layer, cancel, &mut links)?;
    if links.missing.is_empty() {
        return Ok(first);
    }
    // A wanted name that stands behind its content, which lies under a name that nobody wants: pnpm and others link so.
    let mut links = HardLinks { wanted: links.missing, ..HardLinks::default() };
    within(open()?, layer, cancel, &mut links)
}

/// What a stream came to.
enum Streamed {
    /// All of it was read; the digest of the tar.
    Whole(LayerCatalogue, Digest),
    /// It was left at a limit.
    Part(LayerCatalogue),
    /// Its bytes cannot be decompressed.
    Broken(std::io::Error),
}

fn within(
    blob: impl Read,
    layer: &LayerId,
    cancel: &Cancel,
    links: &mut HardLinks,
) -> Result<(LayerCatalogue, bool), ScanError> {
    let place = format!("layer {}", layer.blob.unwrap_or(layer.diff_id));
    let mut compressed = Hashing::new(Stoppable { inner: blob, cancel });
    let streamed = stream(&mut compressed, layer, TOTAL_LIMIT, links)?;
    let end = compressed.finish();
    if cancel.is_cancelled() {
        return Err(ScanError::Cancelled);
    }
    let unreadable = |error: std::io::Error| ScanError::Unusable(format!("{place}: cannot be read: {error}"));
    let integrity = |reason: &str| ScanError::Integrity { place: place.clone(), reason: reason.to_owned() };
    let end = end.map_err(unreadable)?;
    if layer.blob.is_some_and(|blob| blob != end) {
        return Err(integrity("the blob does not have the digest that the manifest says"));
    }
    match streamed {
        Streamed::Broken(error) => Err(unreadable(error)),
        Streamed::Part(catalogue) => Ok((catalogue, false)),
        Streamed::Whole(_, diff_id) if diff_id != layer.diff_id => {
            Err(integrity("the layer does not have the digest that the config says"))
        }
        Streamed::Whole(catalogue, _) => Ok((catalogue, true)),
    }
}

fn stream(
    compressed: &mut impl Read,
    layer: &LayerId,
    total: u64,
    links: &mut HardLinks,
) -> Result<Streamed, ScanError> {
    let mut tar = match decompress(compressed) {
        Ok(tar) => Hashing::new(tar),
        Err(error) => return Ok(Streamed::Broken(error)),
    };
    let (bytes, meter) = TarBytes::new(&mut tar, total);
    let mut catalogue = walk(bytes, &meter, layer, links)?;
    match meter.stop.take() {
        Some(Stop::Broken(error)) => return Ok(Streamed::Broken(error)),
        Some(Stop::Total) => {
            let place = format!("layer {}", layer.diff_id);
            catalogue.gaps.push(Gap::new(GapKind::LimitReached, place, format!("larger than {total} bytes")));
            return Ok(Streamed::Part(catalogue));
        }
        Some(Stop::Allowance) | None => {}
    }
    // What follows the end of the archive belongs to the digest of the tar. It is held to the same limit.
    let left = total.saturating_sub(meter.pulled.get());
    Ok(match std::io::copy(&mut tar.by_ref().take(left.saturating_add(1)), &mut std::io::sink()) {
        Err(error) => Streamed::Broken(error),
        Ok(more) if more > left => {
            let place = format!("layer {}", layer.diff_id);
            catalogue.gaps.push(Gap::new(GapKind::LimitReached, place, format!("larger than {total} bytes")));
            Streamed::Part(catalogue)
        }
        Ok(_) => match tar.finish() {
            Ok(diff_id) => Streamed::Whole(catalogue, diff_id),
            Err(error) => Streamed::Broken(error),
        },
    })
}
