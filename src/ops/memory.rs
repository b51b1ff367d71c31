//! What a build leaves for the next one in this checkout: a file that is never committed. It may be gone, damaged or another program's
//! at any time; then nothing is remembered.

use super::World;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The largest file that is read, in bytes.
const LIMIT: u64 = 256 << 20;

/// Reads what was remembered, in this form.
pub(super) fn recall<T: DeserializeOwned>(world: &World, path: &str, format: u32) -> Option<T> {
    let bytes = world.workspace.read(path, LIMIT).ok()?;
    let (sum, body) = bytes.split_first_chunk::<32>()?;
    if blake3::hash(body).as_bytes() != sum {
        return None;
    }
    let (found, rest) = postcard::take_from_bytes::<u32>(body).ok()?;
    let (program, rest) = postcard::take_from_bytes::<&str>(rest).ok()?;
    let is_ours = found == format && program == world.program;
    is_ours.then(|| postcard::from_bytes(rest).ok()).flatten()
}

/// Remembers. That it cannot be written costs the next build time, nothing else.
pub(super) fn remember(world: &World, path: &str, format: u32, what: &impl Serialize) {
    let Ok(body) = postcard::to_stdvec(&(format, world.program.as_str(), what)) else { return };
    let bytes = [blake3::hash(&body).as_bytes().as_slice(), &body].concat();
    let directory = ".proofmark/.gitignore";
    if matches!(world.workspace.stat(directory), Ok(None)) && world.workspace.write(directory, b"*\n").is_err() {
        return;
    }
    // The write is atomic and the content has a checksum: a failure leaves the old file or none.
    world.workspace.write(path, &bytes).unwrap_or_default();
}
