//! RPM's own database form, `Packages.db` (SUSE): pages of slots that say where the headers lie.
//! Format: `lib/backend/ndb/rpmpkg.c` of <https://github.com/rpm-software-management/rpm>.

use super::super::parts::{Budget, Source, u32_le};
use super::{BLOB_LIMIT, Each};
use crate::adapters::scanner::builtin::catalog::ParseError;

/// What the file begins with.
pub(super) const MAGIC: &[u8; 4] = b"RpmP";

const HEADER: usize = 32;
const PAGE: u64 = 4096;
const SLOT: usize = 16;
const BLOCK: u64 = 16;
/// Bytes around a header: magic, index, generation, length; checksum, length, magic.
const HEAD: usize = 16;
const TAIL: u64 = 12;

/// Hands out every header.
///
/// # Errors
/// It is no such database, or its slots are damaged.
pub(super) fn read(source: &Source<'_>, each: Each<'_>) -> Result<(), ParseError> {
    let damaged = || ParseError("its table of packages is damaged".into());
    let header = source.bytes(0, HEADER as u64)?;
    let version = u32_le(&header, 4).ok_or_else(damaged)?;
    if version != 0 {
        return Err(ParseError(format!("version {version} of such databases is not known")));
    }
    let pages = u64::from(u32_le(&header, 12).ok_or_else(damaged)?);
    let mut budget = Budget::of(source);
    for page in 0..pages {
        let slots = source.bytes(page * PAGE, PAGE)?;
        let (slots, _) = slots.as_chunks::<SLOT>();
        for slot in slots.iter().skip(if page == 0 { HEADER / SLOT } else { 0 }) {
            let field = |at| u32_le(slot, at).ok_or_else(damaged);
            if !slot.starts_with(b"Slot") {
                return Err(damaged());
            }
            let (index, start, blocks) = (field(4)?, field(8)?, field(12)?);
            if start == 0 {
                continue;
            }
            if index == 0 || u64::from(start) * BLOCK < pages * PAGE {
                return Err(damaged());
            }
            budget.take(u64::from(blocks).max(1) * BLOCK)?;
            each(blob(source, index, u64::from(start) * BLOCK, u64::from(blocks)));
        }
    }
    Ok(())
}

fn blob(source: &Source<'_>, index: u32, offset: u64, blocks: u64) -> Result<Vec<u8>, ParseError> {
    let damaged = || ParseError(format!("package {index}: damaged"));
    let head = source.bytes(offset, HEAD as u64)?;
    let length = u32_le(&head, 12).ok_or_else(damaged)?;
    let size = u64::from(length);
    let whole = HEAD as u64 + size + TAIL;
    if !head.starts_with(b"BlbS") || u32_le(&head, 4) != Some(index) || blocks != whole.div_ceil(BLOCK) {
        return Err(damaged());
    }
    if size > BLOB_LIMIT {
        return Err(ParseError(format!("package {index}: larger than {BLOB_LIMIT} bytes")));
    }
    // The checksum is of what stands before it, padding included.
    let body = source.bytes(offset, blocks * BLOCK)?;
    let (checked, tail) = body.split_at_checked(body.len() - TAIL as usize).ok_or_else(damaged)?;
    if u32_le(tail, 0) != Some(adler32(checked)) || u32_le(tail, 4) != Some(length) || tail.get(8..) != Some(b"BlbE") {
        return Err(damaged());
    }
    Ok(body.get(HEAD..HEAD + length as usize).ok_or_else(damaged)?.to_vec())
}

/// The checksum of RFC 1950.
fn adler32(bytes: &[u8]) -> u32 {
    let (mut a, mut b) = (1_u32, 0_u32);
    // So many steps cannot overflow.
    for part in bytes.chunks(5552) {
        for byte in part {
            a += u32::from(*byte);
            b += a;
        }
        a %= 65521;
        b %= 65521;
    }
    b << 16 | a
}
