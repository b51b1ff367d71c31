//! The bytes of a layer: a blob, decompressed by what its first bytes say, with the digests of both computed on the way and
//! zeros appended where a tar lacks its last padding.

use crate::model::{Digest, Hasher};
use crate::ports::Cancel;
use std::cell::{Cell, RefCell};
use std::io::{BufRead as _, BufReader, Error, ErrorKind, Read, Result, Seek, SeekFrom};
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
    /// Bytes of the tar that were handed out or passed over, padding not counted.
    pub(super) read: Rc<Cell<u64>>,
    /// Bytes that may still be handed out now.
    pub(super) allowance: Rc<Cell<u64>>,
    /// Bytes that the source gave: more than `read` by what lies in the buffer.
    pub(super) pulled: Rc<Cell<u64>>,
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

/// How much is decompressed at once, in bytes: a decompressor that is asked for little at a time copies its window again and again.
const AT_ONCE: usize = 1 << 17;

/// The uncompressed tar within limits, padded to whole blocks and closed by two of zeros. It can be sought forwards, by which
/// what nobody wants is passed over without being copied.
pub(super) struct TarBytes<'a, R> {
    inner: &'a mut R,
    meter: Meter,
    total: u64,
    /// What was decompressed and not handed out yet is `buffer[start..end]`.
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
    /// How many zeros are still to follow, once the source has ended.
    padding: Option<u64>,
    /// Bytes that were handed out or passed over, with the padding.
    position: u64,
}

impl<'a, R: Read> TarBytes<'a, R> {
    pub(super) fn new(inner: &'a mut R, total: u64) -> (Self, Meter) {
        let meter = Meter {
            read: Rc::default(),
            allowance: Rc::new(Cell::new(u64::MAX)),
            pulled: Rc::default(),
            stop: Rc::default(),
        };
        let buffer = vec![0; AT_ONCE].into_boxed_slice();
        (Self { inner, meter: meter.clone(), total, buffer, start: 0, end: 0, padding: None, position: 0 }, meter)
    }

    fn stop<T>(&self, why: Stop) -> Result<T> {
        self.meter.stop.replace(Some(why));
        Err(Error::other("stopped"))
    }

    /// How many bytes, of those that are wanted, can be had at once: out of the buffer, or as zeros once the source has ended; none
    /// where those have ended too.
    fn at_hand(&mut self, wanted: u64) -> Result<usize> {
        if self.padding.is_none() && self.meter.allowance.get() == 0 {
            return self.stop(Stop::Allowance);
        }
        if self.padding.is_none() && self.start == self.end {
            self.start = 0;
            self.end = match self.inner.read(&mut self.buffer) {
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {
                    self.end = 0;
                    return Err(error);
                }
                Err(error) => {
                    self.end = 0;
                    return self.stop(Stop::Broken(error));
                }
            };
            self.meter.pulled.set(self.meter.pulled.get().saturating_add(self.end as u64));
            if self.end == 0 {
                let read = self.meter.read.get();
                self.padding = Some((BLOCK - read % BLOCK) % BLOCK + 2 * BLOCK);
            }
        }
        let most = match self.padding {
            Some(left) => left,
            None => self.meter.allowance.get().min((self.end - self.start) as u64),
        };
        Ok(usize::try_from(wanted.min(most)).unwrap_or(usize::MAX))
    }

    /// Takes note that so many of the bytes at hand are gone.
    fn consume(&mut self, count: usize) -> Result<()> {
        self.position = self.position.saturating_add(count as u64);
        if let Some(left) = &mut self.padding {
            *left -= count as u64;
            return Ok(());
        }
        self.start += count;
        let read = self.meter.read.get().saturating_add(count as u64);
        self.meter.read.set(read);
        if read > self.total {
            return self.stop(Stop::Total);
        }
        self.meter.allowance.set(self.meter.allowance.get() - count as u64);
        Ok(())
    }
}

impl<R: Read> Read for TarBytes<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        let count = self.at_hand(buffer.len() as u64)?;
        match self.padding {
            Some(_) => buffer[..count].fill(0),
            None => buffer[..count].copy_from_slice(&self.buffer[self.start..self.start + count]),
        }
        self.consume(count)?;
        Ok(count)
    }
}

impl<R: Read> Seek for TarBytes<'_, R> {
    /// Forwards from where it is, and no further than the end.
    fn seek(&mut self, to: SeekFrom) -> Result<u64> {
        let SeekFrom::Current(distance) = to else { return Err(ErrorKind::Unsupported.into()) };
        let mut left = u64::try_from(distance).map_err(|_| Error::from(ErrorKind::Unsupported))?;
        while left > 0 {
            match self.at_hand(left) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(count) => {
                    self.consume(count)?;
                    left -= count as u64;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(self.position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Seven kibibytes and a bit: the last block is not whole.
    fn source() -> Vec<u8> {
        (0..7 * 1024 + 100).map(|at: u32| at as u8).collect()
    }

    #[test]
    fn passing_over_is_like_reading() {
        let source = source();
        let padded = source.len().next_multiple_of(512) + 1024;
        for step in [1, 511, 512, 4096, 7000] {
            let mut inner = source.as_slice();
            let (mut bytes, meter) = TarBytes::new(&mut inner, 1 << 20);
            let mut got = Vec::new();
            loop {
                let mut one = [0; 1];
                if bytes.read(&mut one).unwrap() == 0 {
                    break;
                }
                got.push((bytes.position - 1, one[0]));
                if bytes.seek(SeekFrom::Current(step)).is_err() {
                    break;
                }
            }
            for (at, byte) in got {
                assert_eq!(byte, source.get(at as usize).copied().unwrap_or(0), "at {at}");
            }
            assert_eq!(bytes.position, padded as u64);
            assert_eq!((meter.read.get(), meter.pulled.get()), (source.len() as u64, source.len() as u64));
            assert!(meter.stop.borrow().is_none());
        }
    }

    #[test]
    fn limits_hold_for_what_is_passed_over_too() {
        let source = source();
        let mut inner = source.as_slice();
        let (mut bytes, meter) = TarBytes::new(&mut inner, 4096);
        meter.allowance.set(100);
        assert!(bytes.seek(SeekFrom::Current(101)).is_err());
        assert!(matches!(meter.stop.take(), Some(Stop::Allowance)));
        assert_eq!(meter.read.get(), 100);
        meter.allowance.set(u64::MAX);
        assert!(bytes.seek(SeekFrom::Current(5000)).is_err());
        assert!(matches!(meter.stop.take(), Some(Stop::Total)));
        assert!(bytes.seek(SeekFrom::Start(0)).is_err() && bytes.seek(SeekFrom::Current(-1)).is_err());
    }
}
