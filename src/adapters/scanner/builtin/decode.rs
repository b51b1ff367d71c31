//! The bytes of a layer: a blob, decompressed by what its first bytes say, with the digests of both computed on the way and
//! zeros appended where a tar lacks its last padding.

use crate::model::{Digest, Hasher};
use crate::ports::Cancel;
use std::cell::{Cell, RefCell};
use std::io::{BufRead as _, BufReader, Error, Read, Result};
use std::rc::Rc;

/// The largest window of a zstd frame that is given memory: 2^27 bytes.
const ZSTD_WINDOW_LOG: u32 = 27;
const BLOCK: u64 = 512;

/// A reader that hashes what passes.
pub(super) struct Hashing<R> {
    inner: R,
    hasher: Hasher,
}

impl<R: Read> Hashing<R> {
    pub(super) fn new(inner: R) -> Self {
        Self { inner, hasher: Hasher::new() }
    }

    /// Reads what is left and gives the digest of all.
    pub(super) fn finish(mut self) -> Result<Digest> {
        std::io::copy(&mut self, &mut std::io::sink())?;
        Ok(self.hasher.finish())
    }
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let count = self.inner.read(buffer)?;
        self.hasher.update(&buffer[..count]);
        Ok(count)
    }
}

/// Decompresses: gzip (several members too), zstd (several frames too), or nothing.
pub(super) fn decompress<'a>(blob: impl Read + 'a) -> Result<Box<dyn Read + 'a>> {
    let mut blob = BufReader::with_capacity(1 << 17, blob);
    // A first read may be short of four bytes only at the end of a file.
    let start = blob.fill_buf()?;
    Ok(match start {
        [0x1f, 0x8b, ..] => Box::new(flate2::bufread::MultiGzDecoder::new(blob)),
        [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => {
            let mut decoder = zstd::stream::read::Decoder::with_buffer(blob)?;
            decoder.window_log_max(ZSTD_WINDOW_LOG)?;
            Box::new(decoder)
        }
        _ => Box::new(blob),
    })
}

/// A reader that fails once the run is to stop.
pub(super) struct Stoppable<'a, R> {
    pub(super) inner: R,
    pub(super) cancel: &'a Cancel,
}

impl<R: Read> Read for Stoppable<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        if self.cancel.is_cancelled() {
            return Err(Error::other("stopped"));
        }
        self.inner.read(buffer)
    }
}

/// What the reader of a tar shares with whoever walks its entries.
#[derive(Clone)]
pub(super) struct Meter {
    /// Bytes of the tar that were read, padding not counted.
    pub(super) read: Rc<Cell<u64>>,
    /// Bytes that may still be read now.
    pub(super) allowance: Rc<Cell<u64>>,
    /// Why the reader stopped, if it did.
    pub(super) stop: Rc<RefCell<Option<Stop>>>,
}

/// Why a reader stopped before the end.
#[derive(Debug)]
pub(super) enum Stop {
    /// More was asked for than is allowed now.
    Allowance,
    /// The whole is too large.
    Total,
    /// The source failed.
    Broken(Error),
}

/// The uncompressed tar within limits, padded to whole blocks and closed by two of zeros.
pub(super) struct TarBytes<'a, R> {
    inner: &'a mut R,
    meter: Meter,
    total: u64,
    padding: Option<u64>,
}

impl<'a, R: Read> TarBytes<'a, R> {
    pub(super) fn new(inner: &'a mut R, total: u64) -> (Self, Meter) {
        let meter = Meter { read: Rc::default(), allowance: Rc::new(Cell::new(u64::MAX)), stop: Rc::default() };
        (Self { inner, meter: meter.clone(), total, padding: None }, meter)
    }

    fn stop(&self, why: Stop) -> Result<usize> {
        self.meter.stop.replace(Some(why));
        Err(Error::other("stopped"))
    }
}

impl<R: Read> Read for TarBytes<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        if let Some(left) = self.padding {
            let count = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            buffer[..count].fill(0);
            self.padding = Some(left - count as u64);
            return Ok(count);
        }
        let allowance = self.meter.allowance.get();
        if allowance == 0 {
            return self.stop(Stop::Allowance);
        }
        let most = buffer.len().min(usize::try_from(allowance).unwrap_or(usize::MAX));
        let count = match self.inner.read(&mut buffer[..most]) {
            Ok(count) => count,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => return Err(error),
            Err(error) => return self.stop(Stop::Broken(error)),
        };
        let read = self.meter.read.get().saturating_add(count as u64);
        if count == 0 && !buffer.is_empty() {
            self.padding = Some((BLOCK - read % BLOCK) % BLOCK + 2 * BLOCK);
            return self.read(buffer);
        }
        self.meter.read.set(read);
        if read > self.total {
            return self.stop(Stop::Total);
        }
        self.meter.allowance.set(allowance - count as u64);
        Ok(count)
    }
}
