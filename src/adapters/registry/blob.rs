//! One blob as a reader. What breaks off is resumed where it was; its bytes are checked by whoever reads them.

use super::client::{Access, Registries, unreachable};
use super::reference::Reference;
use crate::adapters::http;
use crate::model::Digest;
use crate::ports::RegistryError;
use reqwest::{Response, StatusCode};
use std::io::{Error, Read, Result};
use std::sync::Arc;

/// How often a blob may break off without a byte more.
const FRUITLESS: u32 = 5;

/// A blob of a registry, read from its beginning.
pub(crate) struct BlobReader {
    registries: Arc<Registries>,
    reference: Reference,
    digest: Digest,
    size: u64,
    offset: u64,
    /// Bytes of the answer that were read before.
    skip: u64,
    response: Option<Response>,
    chunk: Box<dyn AsRef<[u8]> + Send>,
    taken: usize,
    fruitless: u32,
}

impl BlobReader {
    /// Asks for the blob.
    ///
    /// # Errors
    /// It is not there, refused, or out of reach.
    pub(crate) fn open(
        registries: &Arc<Registries>,
        reference: &Reference,
        digest: Digest,
        size: u64,
    ) -> std::result::Result<Self, RegistryError> {
        let mut reader = Self {
            registries: Arc::clone(registries),
            reference: reference.clone(),
            digest,
            size,
            offset: 0,
            skip: 0,
            response: None,
            chunk: Box::new([]),
            taken: 0,
            fruitless: 0,
        };
        reader.ask()?;
        Ok(reader)
    }

    /// Asks for what is still to come.
    fn ask(&mut self) -> std::result::Result<(), RegistryError> {
        let (registries, offset) = (Arc::clone(&self.registries), self.offset);
        let path = format!("blobs/{}", self.digest);
        let response = registries.wait(registries.send(&self.reference, Access::Pull, &path, |client, url| {
            let request = client.get(url);
            if offset == 0 { request } else { request.header("range", format!("bytes={offset}-")) }
        }))?;
        match response.status() {
            StatusCode::PARTIAL_CONTENT if offset > 0 => {}
            // Not every server resumes: what was read already is passed over.
            StatusCode::OK => self.skip = offset,
            StatusCode::NOT_FOUND => return Err(RegistryError::Missing(format!("{}@{}", self.reference, self.digest))),
            status => return Err(unreachable(&self.reference, format!("it says {status} to a blob"))),
        }
        self.response = Some(response);
        Ok(())
    }

    /// The next bytes into `chunk`; `false` at the end.
    fn fill(&mut self) -> Result<bool> {
        loop {
            if self.response.is_none() {
                self.ask().map_err(Error::other)?;
            }
            let Some(response) = &mut self.response else { return Ok(false) };
            let (registries, reference) = (Arc::clone(&self.registries), &self.reference);
            let next = registries
                .wait(async { response.chunk().await.map_err(|error| unreachable(reference, http::reason(&error))) });
            match next {
                Ok(Some(chunk)) => {
                    let skipped = self.skip.min(chunk.len() as u64);
                    self.skip -= skipped;
                    self.taken = usize::try_from(skipped).unwrap_or(usize::MAX);
                    if self.taken < chunk.len() {
                        self.fruitless = 0;
                        self.chunk = Box::new(chunk);
                        return Ok(true);
                    }
                }
                Ok(None) if self.offset >= self.size => return Ok(false),
                // Shorter than it should be is broken off as well.
                Ok(None) | Err(_) if self.fruitless < FRUITLESS => {
                    self.fruitless += 1;
                    self.response = None;
                }
                Ok(None) => return Ok(false),
                Err(error) => return Err(Error::other(error)),
            }
        }
    }
}

impl Read for BlobReader {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        // A byte more than there should be is enough to make the digest wrong.
        if buffer.is_empty() || self.offset > self.size {
            return Ok(0);
        }
        if self.taken >= self.chunk.as_ref().as_ref().len() && !self.fill()? {
            return Ok(0);
        }
        let rest = self.chunk.as_ref().as_ref().get(self.taken..).unwrap_or_default();
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        self.taken += count;
        self.offset += count as u64;
        Ok(count)
    }
}
