//! The memory of a card that lives in a process: sparse, and unreadable where nobody has written. Bytes alone: what they mean,
//! and when they move, is for the card to say.

use crate::{CardError, CardInfo, CardResult, Direction, DmaBuf, check_index, check_transfer};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::ops::Range;
use std::sync::{OnceLock, PoisonError, RwLock};

/// Bytes of one page, the unit that is locked and allocated.
const PAGE_BYTES: u64 = 64 << 10;
/// Pages of one folder of the page table.
const FOLDER_PAGES: u64 = 1024;
/// Bytes that become readable together.
const BLOCK_BYTES: u64 = 4096;

/// Why a read or write of card memory is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("card memory at {address:#x}: {kind}")]
pub struct MemoryFault {
    /// The first byte that cannot be read or written.
    pub address: u64,
    /// Why.
    pub kind: MemoryFaultKind,
}

/// What is wrong with an address of card memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MemoryFaultKind {
    /// There is no memory.
    #[error("outside of the memory")]
    Outside,
    /// The block was never written, so its error correction code is of no data.
    #[error("never written; fill it with zeros first")]
    NeverWritten,
}

impl MemoryFault {
    /// What a transfer from `address` on says of it.
    fn during(self, direction: Direction, address: u64) -> CardError {
        CardError::Axi { direction, address, done: self.address.saturating_sub(address) }
    }
}

/// Bytes that many threads may read and write at once. Host memory is taken where anything but zeros is written.
///
/// DDR4 modules with ECC answer a read of what was never written with an error, and so does this memory, in blocks of
/// 4 KiB: a block is readable once one write has covered all of it. A write of a part of a block that is not readable
/// yet fails too, as it does on a card, where the controller reads the rest of the code word first. Code words
/// of a card are shorter than 4 KiB, so whoever fills memory with zeros before its use for this model
/// does enough for a card.
///
/// A transfer that touches several pages is not atomic: a reader may see a part of it.
#[derive(Debug)]
pub struct CardMemory {
    bytes: u64,
    folders: Box<[Folder]>,
}

/// Pages side by side, once one of them is written.
type Folder = OnceLock<Box<[RwLock<Page>]>>;

#[derive(Debug, Default)]
struct Page {
    /// Empty while all that was written is zeros.
    bytes: Vec<u8>,
    /// One bit per readable block.
    readable: u16,
}

const _: () = assert!(PAGE_BYTES / BLOCK_BYTES == u16::BITS as u64);

impl CardMemory {
    /// A memory of `bytes` bytes from address 0, nothing of it written.
    #[must_use]
    pub fn new(bytes: u64) -> Self {
        let folders = bytes.div_ceil(PAGE_BYTES * FOLDER_PAGES);
        Self { bytes, folders: (0..folders).map(|_| OnceLock::new()).collect() }
    }

    /// Bytes of the memory.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// A number for what lies in runs of bytes: equal for equal places and bytes, in this process. Bytes that nobody has written, or that are
    /// outside, count as such.
    #[must_use]
    pub fn digest(&self, runs: &[Range<u64>]) -> u64 {
        let mut hasher = DefaultHasher::new();
        let mut buffer = [0; BLOCK_BYTES as usize];
        for run in runs {
            run.hash(&mut hasher);
            let mut at = run.start;
            while at < run.end {
                let bytes = &mut buffer[..(run.end - at).min(BLOCK_BYTES) as usize];
                match self.read(at, bytes) {
                    Ok(()) => bytes.hash(&mut hasher),
                    Err(fault) => fault.address.hash(&mut hasher),
                }
                at += BLOCK_BYTES.min(run.end - at);
            }
        }
        hasher.finish()
    }

    /// Fills `buffer` from byte `address` on.
    ///
    /// # Errors
    /// [`MemoryFault`] at the first byte outside, before anything is read; or at the first one in a block that was never
    /// written, and the rest of `buffer` is unspecified.
    pub fn read(&self, address: u64, buffer: &mut [u8]) -> Result<(), MemoryFault> {
        self.check(address, buffer.len())?;
        let mut rest = buffer;
        for piece in pieces(address, rest.len()) {
            let (part, tail) = rest.split_at_mut(piece.len);
            rest = tail;
            let Some(page) = self.page(piece.page) else {
                return Err(never_written(piece.page, piece.start));
            };
            let page = page.read().unwrap_or_else(PoisonError::into_inner);
            piece.without(piece.touched() & !page.readable)?;
            if page.bytes.is_empty() {
                part.fill(0);
            } else {
                part.copy_from_slice(&page.bytes[piece.start..][..piece.len]);
            }
        }
        Ok(())
    }

    /// Copies `bytes` to byte `address` and those after it.
    ///
    /// # Errors
    /// [`MemoryFault`] at the first byte outside, before anything is written; or at the first one in a block that is
    /// covered in part only and was never written, and those before it are written.
    pub fn write(&self, address: u64, bytes: &[u8]) -> Result<(), MemoryFault> {
        self.check(address, bytes.len())?;
        let mut rest = bytes;
        for piece in pieces(address, rest.len()) {
            let (part, tail) = rest.split_at(piece.len);
            rest = tail;
            let (start, end) = (piece.start, piece.start + piece.len);
            let covered = self.covered(&piece);

            let page = self.page_or_new(piece.page);
            let mut page = page.write().unwrap_or_else(PoisonError::into_inner);
            let answer = piece.without(piece.touched() & !covered & !page.readable);
            let good_end =
                answer.map_or_else(|fault| (fault.address % PAGE_BYTES) as usize, |()| end);
            if good_end > start {
                let good = &part[..good_end - start];
                // A page of zeros takes no room until something else is written.
                if page.bytes.is_empty() && good.iter().any(|&byte| byte != 0) {
                    page.bytes = vec![0; PAGE_BYTES as usize];
                }
                if !page.bytes.is_empty() {
                    page.bytes[start..good_end].copy_from_slice(good);
                }
                page.readable |= covered & blocks(start, good_end);
            }
            answer?;
        }
        Ok(())
    }

    /// What [`read`](Self::read) says of `len` bytes from byte `address` on.
    ///
    /// # Errors
    /// [`MemoryFault`] as `read`.
    pub fn check_read(&self, address: u64, len: usize) -> Result<(), MemoryFault> {
        self.check_pieces(address, len, Piece::touched)
    }

    /// What [`write`](Self::write) says of `len` bytes to byte `address` and those after it; nothing is written.
    ///
    /// # Errors
    /// [`MemoryFault`] as `write`.
    pub fn check_write(&self, address: u64, len: usize) -> Result<(), MemoryFault> {
        self.check_pieces(address, len, |piece| piece.touched() & !self.covered(piece))
    }

    /// Looks for blocks of each piece that need to be readable and are not.
    fn check_pieces(
        &self,
        address: u64,
        len: usize,
        needed: impl Fn(&Piece) -> u16,
    ) -> Result<(), MemoryFault> {
        self.check(address, len)?;
        for piece in pieces(address, len) {
            let readable = self
                .page(piece.page)
                .map_or(0, |page| page.read().unwrap_or_else(PoisonError::into_inner).readable);
            piece.without(needed(&piece) & !readable)?;
        }
        Ok(())
    }

    /// Blocks that a write of this piece covers as a whole.
    fn covered(&self, piece: &Piece) -> u16 {
        let end = piece.start + piece.len;
        // The last block of the memory may be shorter than the others.
        let page_end = (self.bytes - piece.page * PAGE_BYTES).min(PAGE_BYTES) as usize;
        let inner = piece.start.next_multiple_of(BLOCK_BYTES as usize);
        let inner_end =
            if end == page_end { PAGE_BYTES as usize } else { end & !(BLOCK_BYTES as usize - 1) };
        if inner < inner_end { blocks(inner, inner_end) } else { 0 }
    }

    /// What [`Card::h2c`](crate::Card::h2c) does on a card whose DMA takes the time of a copy.
    ///
    /// # Errors
    /// [`CardError::OutOfRange`] for a channel or memory that there is not, [`CardError::Axi`] as [`write`](Self::write).
    pub fn h2c(&self, info: &CardInfo, channel: u8, at: u64, buffer: &DmaBuf) -> CardResult<()> {
        check_index("h2c channel", channel, info.h2c_channels)?;
        check_transfer(at, buffer.len() as u64, info.memory_bytes)?;
        self.write(at, buffer).map_err(|fault| fault.during(Direction::HostToCard, at))
    }

    /// What [`Card::c2h`](crate::Card::c2h) does on such a card.
    ///
    /// # Errors
    /// [`CardError::OutOfRange`] for a channel or memory that there is not, [`CardError::Axi`] as [`read`](Self::read).
    pub fn c2h(
        &self,
        info: &CardInfo,
        channel: u8,
        at: u64,
        buffer: &mut DmaBuf,
    ) -> CardResult<()> {
        check_index("c2h channel", channel, info.c2h_channels)?;
        check_transfer(at, buffer.len() as u64, info.memory_bytes)?;
        self.read(at, buffer).map_err(|fault| fault.during(Direction::CardToHost, at))
    }

    fn check(&self, address: u64, len: usize) -> Result<(), MemoryFault> {
        match address.checked_add(len as u64) {
            Some(end) if end <= self.bytes => Ok(()),
            _ => {
                let address = address.max(self.bytes);
                Err(MemoryFault { address, kind: MemoryFaultKind::Outside })
            }
        }
    }

    fn page(&self, page: u64) -> Option<&RwLock<Page>> {
        let folder = self.folders[(page / FOLDER_PAGES) as usize].get()?;
        Some(&folder[(page % FOLDER_PAGES) as usize])
    }

    fn page_or_new(&self, page: u64) -> &RwLock<Page> {
        let folder = self.folders[(page / FOLDER_PAGES) as usize]
            .get_or_init(|| (0..FOLDER_PAGES).map(|_| RwLock::default()).collect());
        &folder[(page % FOLDER_PAGES) as usize]
    }
}

/// The part of a transfer that lies in one page.
struct Piece {
    page: u64,
    /// First byte in the page.
    start: usize,
    len: usize,
}

impl Piece {
    /// Blocks of the page of which it has bytes.
    fn touched(&self) -> u16 {
        blocks(self.start, self.start + self.len)
    }

    /// An error at its first byte in one of the blocks `missing`.
    fn without(&self, missing: u16) -> Result<(), MemoryFault> {
        if missing == 0 {
            return Ok(());
        }
        let block = missing.trailing_zeros() as usize * BLOCK_BYTES as usize;
        Err(never_written(self.page, block.max(self.start)))
    }
}

fn pieces(address: u64, len: usize) -> impl Iterator<Item = Piece> {
    let end = address + len as u64;
    let mut next = address;
    std::iter::from_fn(move || {
        let start = next % PAGE_BYTES;
        let len = (PAGE_BYTES - start).min(end - next);
        let piece = Piece { page: next / PAGE_BYTES, start: start as usize, len: len as usize };
        next += len;
        (len > 0).then_some(piece)
    })
}

/// One bit per block that bytes `start..end` of a page touch; `start < end`.
fn blocks(start: usize, end: usize) -> u16 {
    let block = BLOCK_BYTES as usize;
    let (first, last) = (start / block, (end - 1) / block);
    ((1u32 << (last + 1)) - (1u32 << first)) as u16
}

fn never_written(page: u64, at: usize) -> MemoryFault {
    let address = page * PAGE_BYTES + at as u64;
    MemoryFault { address, kind: MemoryFaultKind::NeverWritten }
}

#[cfg(test)]
mod tests;
