//! Bytes with the digest that they are kept under. They are held compressed, since a run has many of them and looks at each for
//! a moment.

use super::Digest;
use std::borrow::Cow;
use std::cell::RefCell;
use std::io::Read as _;
use std::sync::Arc;
use zstd::bulk::{Compressor, Decompressor};

/// The level of compression: costs little more than copying.
const LEVEL: i32 = 1;

/// Bytes that say that they are at most so many are decompressed at once.
const AT_ONCE: u64 = 16 << 20;

// What the codec works with is larger than most texts: it is made once a thread.
thread_local! {
    static COMPRESSOR: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
    static DECOMPRESSOR: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
}

/// Bytes with their digest. Those with the same digest are equal, however they are held; copies share what they hold.
#[derive(Debug, Clone)]
pub struct Blob {
    digest: Digest,
    form: Form,
    length: u64,
}

impl PartialEq for Blob {
    fn eq(&self, other: &Self) -> bool {
        self.digest == other.digest
    }
}

impl Eq for Blob {}

#[derive(Debug, Clone)]
enum Form {
    /// One frame.
    Compressed(Arc<[u8]>),
    /// Where compressing gave nothing.
    Plain(Arc<[u8]>),
}

impl Blob {
    /// Takes bytes.
    pub fn new(bytes: &[u8]) -> Self {
        let form = match compress(bytes) {
            Ok(frame) if frame.len() < bytes.len() => Form::Compressed(frame.into()),
            _ => Form::Plain(bytes.into()),
        };
        Self { digest: Digest::of(bytes), form, length: bytes.len() as u64 }
    }

    /// What [`Blob::frame`] gave, with the bytes; `None` where they are more than the limit or not those of the digest.
    pub fn open(frame: Vec<u8>, digest: &Digest, limit: u64) -> Option<(Self, Vec<u8>)> {
        let bytes = decompress(&frame, limit).filter(|bytes| Digest::of(bytes) == *digest)?;
        Some((Self { digest: *digest, form: Form::Compressed(frame.into()), length: bytes.len() as u64 }, bytes))
    }

    /// Of the bytes.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// How many bytes there are.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// The bytes; `None` only where there is no memory for them.
    pub fn bytes(&self) -> Option<Vec<u8>> {
        match &self.form {
            Form::Compressed(frame) => decompress(frame, self.length),
            Form::Plain(bytes) => Some(bytes.to_vec()),
        }
    }

    /// The bytes as one frame, which says how long the whole is.
    ///
    /// # Errors
    /// There is no memory for it.
    pub fn frame(&self) -> std::io::Result<Cow<'_, [u8]>> {
        match &self.form {
            Form::Compressed(frame) => Ok(Cow::Borrowed(frame)),
            Form::Plain(bytes) => compress(bytes).map(Cow::Owned),
        }
    }
}

fn compress(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    COMPRESSOR.with_borrow_mut(|kept| {
        let compressor = match kept {
            Some(compressor) => compressor,
            none => none.insert(Compressor::new(LEVEL)?),
        };
        compressor.compress(bytes)
    })
}

/// At most so many bytes; `None` for anything that is not whole.
fn decompress(frame: &[u8], limit: u64) -> Option<Vec<u8>> {
    let said = zstd::zstd_safe::get_frame_content_size(frame).ok()?;
    if let Some(size) = said.filter(|size| *size <= AT_ONCE.min(limit)) {
        return DECOMPRESSOR.with_borrow_mut(|kept| {
            let decompressor = match kept {
                Some(decompressor) => decompressor,
                none => none.insert(Decompressor::new().ok()?),
            };
            decompressor.decompress(frame, usize::try_from(size).ok()?).ok()
        });
    }
    let mut bytes = Vec::new();
    let decoder = zstd::stream::read::Decoder::with_buffer(frame).ok()?;
    decoder.take(limit.saturating_add(1)).read_to_end(&mut bytes).ok()?;
    (bytes.len() as u64 <= limit).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_compressed_comes_back_within_the_limit() {
        for size in [0, 1, 1000, (AT_ONCE + 1) as usize] {
            let bytes: Vec<u8> = (0..size).map(|at| (at % 251) as u8).collect();
            let frame = compress(&bytes).unwrap();
            let limit = size as u64;
            assert!(decompress(&frame, limit).unwrap() == bytes, "{size}");
            assert!(size == 0 || decompress(&frame, limit - 1).is_none(), "{size}");
            assert!(decompress(&frame[..frame.len() - 1], limit).is_none(), "{size}");
            assert!(decompress(b"not compressed", limit).is_none());
        }
        // Two frames, or none that says its size, are no blob of ours; nothing of them goes missing quietly.
        let two = [compress(b"one").unwrap(), compress(b"two").unwrap()].concat();
        assert_ne!(decompress(&two, 100).as_deref(), Some(b"one".as_slice()));
        let unsaid = zstd::stream::encode_all(b"text".as_slice(), 1).unwrap();
        assert_eq!(decompress(&unsaid, 100).unwrap(), b"text");
    }

    #[test]
    fn a_frame_opens_as_what_it_was_made_of_or_not_at_all() {
        for bytes in [b"".as_slice(), b"short", &[7; 10_000]] {
            let blob = Blob::new(bytes);
            assert_eq!((blob.digest(), blob.length()), (Digest::of(bytes), bytes.len() as u64));
            assert_eq!(blob.bytes().unwrap(), bytes);
            let frame = blob.frame().unwrap().into_owned();
            let (opened, found) = Blob::open(frame.clone(), &blob.digest(), 10_000).unwrap();
            assert_eq!((found.as_slice(), opened.bytes().unwrap().as_slice()), (bytes, bytes));
            assert_eq!((opened.digest(), opened.length()), (blob.digest(), blob.length()));
            assert!(Blob::open(frame.clone(), &Digest::of(b"other"), 10_000).is_none());
            assert!(bytes.is_empty() || Blob::open(frame, &blob.digest(), bytes.len() as u64 - 1).is_none());
        }
    }
}
