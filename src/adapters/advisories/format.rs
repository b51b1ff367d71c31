//! The index file.
//!
//! ```text
//! blocks      zstd frames: first the record blocks, then the key blocks
//! content     postcard: what the index says of itself, with the SHA-256 of every block before compression
//! layout      postcard: offset and length of every block in this file
//! trailer     24 bytes: lengths of content and layout (u64, little-endian), magic `PMADVIX2`
//! ```
//!
//! A *piece* is a length (u32, little-endian) and so many bytes. A *record block* is a run of records in order of their ids, each
//! a piece. A record is again a run of pieces: the JSON of a [`crate::model::Advisory`] with nothing in `affected`, then, for each
//! package, the JSON of what belongs there; so a lookup of one package reads nothing of the hundreds of others that a
//! distribution's record may name. A *key block* is a run of [`KeyEntry`] in postcard, in order of ecosystem and normal name.
//!
//! The snapshot's digest is SHA-256 over a label and `content`. Since that holds the digest of every block's text, it stands for
//! every record, and a changed byte anywhere is seen: in `content` when the file is opened, in a block when it is used, in
//! `layout` because a wrong block does not have the right digest. It does not depend on how well the blocks are compressed,
//! so another version of the compressor gives the same snapshot.

use crate::model::{Digest, Hasher};
use serde::{Deserialize, Serialize};
use std::io;

/// The last bytes of an index file. Another number whenever the same records would be looked up by other names.
pub const MAGIC: &[u8; 8] = b"PMADVIX2";
/// Two lengths and the magic.
pub const TRAILER_BYTES: usize = 24;
/// A record block is closed once it has this many bytes.
pub const RECORD_BLOCK_BYTES: usize = 32 * 1024;
/// A key block is closed once it has this many bytes.
pub const KEY_BLOCK_BYTES: usize = 8 * 1024;
/// No block may claim more bytes than this: the largest record and its block.
pub const MAX_BLOCK_BYTES: u32 = 96 * 1024 * 1024;

/// What an index says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// The latest `modified` of any record, seconds since 1970.
    pub modified: i64,
    /// How many records.
    pub records: u32,
    /// Every ecosystem that a key names, sorted by its text; keys refer to them by position.
    pub ecosystems: Vec<String>,
    /// The imported ecosystems, sorted by their text, with how many records each has.
    pub present: Vec<(String, u64)>,
    /// In order of records.
    pub record_blocks: Vec<RecordBlock>,
    /// In order of keys.
    pub key_blocks: Vec<KeyBlock>,
}

/// A run of records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordBlock {
    /// The number of its first record.
    pub first: u32,
    /// Its text.
    pub sum: Sum,
}

/// A run of keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyBlock {
    /// Its first key's ecosystem.
    pub ecosystem: u32,
    /// Its first key's name.
    pub name: String,
    /// Its text.
    pub sum: Sum,
}

/// Length and digest of a block before compression.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sum {
    /// In bytes.
    pub bytes: u32,
    /// SHA-256.
    pub digest: Digest,
}

/// A key of the index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyEntry<'a> {
    /// Position in [`Content::ecosystems`].
    pub ecosystem: u32,
    /// The package's name in the ecosystem's normal form.
    pub name: &'a str,
    /// The records that name it, ascending: number, and which of the record's packages.
    pub records: Vec<(u32, u32)>,
}

/// Where the blocks lie in this file: record blocks, then key blocks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layout {
    /// Offset and length in bytes.
    pub blocks: Vec<(u64, u32)>,
}

/// A record, in the making.
pub struct RecordText(pub Vec<u8>);

impl RecordText {
    /// One that affects nothing yet.
    ///
    /// # Errors
    /// The text is longer than a length can say.
    pub fn new(head: &[u8]) -> io::Result<Self> {
        let mut bytes = Vec::with_capacity(head.len() + 4);
        push_piece(&mut bytes, head)?;
        Ok(Self(bytes))
    }

    /// Adds what belongs to one package.
    ///
    /// # Errors
    /// The text is longer than a length can say.
    pub fn push(&mut self, part: &[u8]) -> io::Result<()> {
        push_piece(&mut self.0, part)
    }
}

/// Adds a piece.
///
/// # Errors
/// It is longer than a length can say.
pub fn push_piece(bytes: &mut Vec<u8>, piece: &[u8]) -> io::Result<()> {
    let length = u32::try_from(piece.len()).map_err(io::Error::other)?;
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(piece);
    Ok(())
}

/// The pieces of a run; ends early where the bytes do not add up.
pub fn pieces(mut bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (length, rest) = bytes.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        let (piece, rest) = rest.split_at_checked(length)?;
        bytes = rest;
        Some(piece)
    })
}

/// The digest of a snapshot, from its encoded [`Content`].
pub fn digest(content: &[u8]) -> Digest {
    let mut hasher = Hasher::new();
    hasher.update(b"proofmark advisory snapshot 1\n");
    hasher.update(content);
    hasher.finish()
}

/// The content, layout and end of the blocks of an index file; a text where it is not one.
///
/// # Errors
/// What is wrong with the file.
pub fn split(file: &[u8]) -> Result<(&[u8], &[u8]), String> {
    let end = file.len().checked_sub(TRAILER_BYTES).ok_or("it is too short")?;
    let (body, trailer) = file.split_at(end);
    let (lengths, magic) = trailer.split_at(16);
    if magic != MAGIC {
        return Err("it is not an index of this version".into());
    }
    let length = |bytes: &[u8]| -> Option<usize> { u64::from_le_bytes(bytes.try_into().ok()?).try_into().ok() };
    let cut = || {
        let content = length(&lengths[..8])?;
        let layout = length(&lengths[8..])?;
        let (body, layout) = body.split_at_checked(body.len().checked_sub(layout)?)?;
        let (_, content) = body.split_at_checked(body.len().checked_sub(content)?)?;
        Some((content, layout))
    };
    cut().ok_or_else(|| "its lengths do not add up".into())
}
