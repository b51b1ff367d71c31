//! Bytes that are kept compressed, since a run holds many of them and looks at each for a moment.

use std::cell::RefCell;
use std::io::Read as _;
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

/// Compresses into one frame that says how long the whole is.
///
/// # Errors
/// There is no memory for it.
pub fn compress(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    COMPRESSOR.with_borrow_mut(|kept| {
        let compressor = match kept {
            Some(compressor) => compressor,
            none => none.insert(Compressor::new(LEVEL)?),
        };
        compressor.compress(bytes)
    })
}

/// Decompresses at most so many bytes; `None` for anything that is not whole.
pub fn decompress(stored: &[u8], limit: u64) -> Option<Vec<u8>> {
    let said = zstd::zstd_safe::get_frame_content_size(stored).ok()?;
    if let Some(size) = said.filter(|size| *size <= AT_ONCE.min(limit)) {
        return DECOMPRESSOR.with_borrow_mut(|kept| {
            let decompressor = match kept {
                Some(decompressor) => decompressor,
                none => none.insert(Decompressor::new().ok()?),
            };
            decompressor.decompress(stored, usize::try_from(size).ok()?).ok()
        });
    }
    let mut bytes = Vec::new();
    let decoder = zstd::stream::read::Decoder::with_buffer(stored).ok()?;
    decoder.take(limit.saturating_add(1)).read_to_end(&mut bytes).ok()?;
    (bytes.len() as u64 <= limit).then_some(bytes)
}

/// Bytes, compressed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packed {
    form: Form,
    length: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Form {
    Compressed(Box<[u8]>),
    /// Where compressing gave nothing.
    Plain(Box<[u8]>),
}

impl Packed {
    /// Packs.
    pub fn new(bytes: &[u8]) -> Self {
        let form = match compress(bytes) {
            Ok(stored) if stored.len() < bytes.len() => Form::Compressed(stored.into()),
            _ => Form::Plain(bytes.into()),
        };
        Self { form, length: bytes.len() as u64 }
    }

    /// The bytes; `None` only where there is no memory for them.
    pub fn bytes(&self) -> Option<Vec<u8>> {
        match &self.form {
            Form::Compressed(stored) => decompress(stored, self.length),
            Form::Plain(bytes) => Some(bytes.to_vec()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_compressed_comes_back_within_the_limit() {
        for size in [0, 1, 1000, (AT_ONCE + 1) as usize] {
            let bytes: Vec<u8> = (0..size).map(|at| (at % 251) as u8).collect();
            let stored = compress(&bytes).unwrap();
            let limit = size as u64;
            assert!(decompress(&stored, limit).unwrap() == bytes, "{size}");
            assert!(size == 0 || decompress(&stored, limit - 1).is_none(), "{size}");
            assert!(decompress(&stored[..stored.len() - 1], limit).is_none(), "{size}");
            assert!(decompress(b"not compressed", limit).is_none());
            assert!(Packed::new(&bytes).bytes().unwrap() == bytes, "{size}");
        }
        // Two frames, or none that says its size, are no blob of ours; nothing of them goes missing quietly.
        let two = [compress(b"one").unwrap(), compress(b"two").unwrap()].concat();
        assert_ne!(decompress(&two, 100).as_deref(), Some(b"one".as_slice()));
        let unsaid = zstd::stream::encode_all(b"text".as_slice(), 1).unwrap();
        assert_eq!(decompress(&unsaid, 100).unwrap(), b"text");
    }
}
