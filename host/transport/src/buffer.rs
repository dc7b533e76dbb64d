//! Buffers that a DMA engine may be given.

use std::fmt;
use std::ops::{Deref, DerefMut};

/// Where buffers start: at a page.
const ALIGN_BYTES: usize = 4096;

/// Bytes that start at a page and lie in memory: owned and writable, as the XDMA driver wants them even where it only reads.
pub struct DmaBuf {
    room: Box<[u8]>,
    start: usize,
    len: usize,
}

impl DmaBuf {
    /// `len` zeros.
    #[must_use]
    pub fn zeroed(len: usize) -> Self {
        let mut room = vec![0; len + ALIGN_BYTES - 1].into_boxed_slice();
        let start = room.as_ptr().align_offset(ALIGN_BYTES);
        // A write to each page brings it into memory before a driver pins it.
        for page in room.chunks_mut(ALIGN_BYTES) {
            page[0] = std::hint::black_box(0);
        }
        Self { room, start, len }
    }

    /// A copy of `bytes`.
    #[must_use]
    pub fn copy_of(bytes: &[u8]) -> Self {
        let mut buffer = Self::zeroed(bytes.len());
        buffer.copy_from_slice(bytes);
        buffer
    }
}

impl Deref for DmaBuf {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.room[self.start..self.start + self.len]
    }
}

impl DerefMut for DmaBuf {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.room[self.start..self.start + self.len]
    }
}

impl fmt::Debug for DmaBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DmaBuf of {} bytes", self.len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_start_at_a_page_and_hold_what_they_are_given() {
        for len in [0, 1, 3, 4095, 4096, 4097, 1 << 20] {
            let bytes: Vec<u8> = (0..len).map(|i| i as u8).collect();
            let buffer = DmaBuf::copy_of(&bytes);
            assert!(buffer.as_ptr().addr().is_multiple_of(ALIGN_BYTES));
            assert_eq!(*buffer, *bytes);
        }
    }
}
