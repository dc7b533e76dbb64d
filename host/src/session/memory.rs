//! Card memory that a session has handed out, and which of it is readable.

use super::allocator::Allocator;
use super::error::{SessionError, SessionResult};
use super::ranges::Ranges;
use super::{Session, lock};
use satkit_transport::CardResult;
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Mutex};

/// Memory is made readable in blocks of this size, which the code words of ECC memory divide.
pub(super) const BLOCK_BYTES: u64 = 4096;

/// Who has what, and what is readable.
#[derive(Debug)]
pub(super) struct Space {
    allocator: Allocator,
    /// Whole blocks that this session has written.
    readable: Ranges,
}

impl Space {
    pub(super) fn new(bytes: u64) -> Self {
        Self { allocator: Allocator::new(bytes), readable: Ranges::default() }
    }

    pub(super) fn wrote(&mut self, range: Range<u64>, memory_bytes: u64) {
        let end = if range.end == memory_bytes { range.end } else { floor(range.end) };
        self.readable.insert(range.start.next_multiple_of(BLOCK_BYTES)..end);
    }
}

const fn floor(address: u64) -> u64 {
    address / BLOCK_BYTES * BLOCK_BYTES
}

/// A part of card memory, readable, with whatever was in it before: zeros, if this session has not used it yet. It is free again
/// when this is dropped; a job that still uses it has to have ended by then.
pub struct CardBuffer {
    space: Arc<Mutex<Space>>,
    place: Range<u64>,
    bytes: u64,
}

impl CardBuffer {
    /// First byte in card memory, a multiple of `satkit_plan::layout::TENSOR_ALIGN_BYTES`.
    #[must_use]
    pub const fn address(&self) -> u64 {
        self.place.start
    }

    /// Bytes that were asked for.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }
}

impl fmt::Debug for CardBuffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CardBuffer of {} bytes at {:#x}", self.bytes, self.place.start)
    }
}

impl Drop for CardBuffer {
    fn drop(&mut self) {
        lock(&self.space).allocator.free(&self.place);
    }
}

impl Session {
    /// Takes `bytes` bytes of card memory wherever they fit.
    ///
    /// # Errors
    /// [`SessionError::NoRoom`], and what filling it with zeros says.
    pub fn allocate(&self, bytes: u64) -> SessionResult<CardBuffer> {
        let place = lock(&self.space)
            .allocator
            .take(bytes)
            .map_err(|largest| SessionError::NoRoom { bytes, largest })?;
        self.hand_out(place, bytes)
    }

    /// Takes `bytes` bytes of card memory at `address`, for programs whose tensors have their places.
    ///
    /// # Errors
    /// [`SessionError::Place`], and what filling it with zeros says.
    pub fn reserve(&self, address: u64, bytes: u64) -> SessionResult<CardBuffer> {
        let place = lock(&self.space)
            .allocator
            .take_at(address, bytes)
            .map_err(|reason| SessionError::Place { address, bytes, reason })?;
        self.hand_out(place, bytes)
    }

    fn hand_out(&self, place: Range<u64>, bytes: u64) -> SessionResult<CardBuffer> {
        // Made first, so that a failure below frees it.
        let buffer = CardBuffer { space: Arc::clone(&self.space), place, bytes };
        self.make_readable(buffer.place.clone())?;
        Ok(buffer)
    }

    /// Fills the blocks of `range` with zeros that this session has not written yet.
    pub(super) fn make_readable(&self, range: Range<u64>) -> CardResult<()> {
        let end = range.end.next_multiple_of(BLOCK_BYTES).min(self.memory_bytes());
        // The lock is held, so that no upload comes between a block's zeros and its mark.
        let mut space = lock(&self.space);
        for missing in space.readable.missing(floor(range.start)..end) {
            self.zero(missing.clone())?;
            space.readable.insert(missing);
        }
        Ok(())
    }
}
