//! Bytes to the card and back: in chunks, retried once, checked if asked for.

use super::memory::BLOCK_BYTES;
use super::{Session, lock};
use satkit_transport::{CardError, CardResult, DmaBuf, check_transfer};
use std::ops::Range;
use std::sync::Mutex;

/// Channel of all transfers: the card has one each way.
const CHANNEL: u8 = 0;

/// Buffers that are used again: to make one costs more than to fill it.
#[derive(Debug, Default)]
pub(super) struct Buffers(Mutex<Vec<DmaBuf>>);

impl Buffers {
    /// Most buffers that are kept.
    const KEPT: usize = 8;

    fn take(&self, len: usize) -> DmaBuf {
        let mut kept = lock(&self.0);
        let found = kept.iter().position(|buffer| buffer.len() == len);
        found.map_or_else(|| DmaBuf::zeroed(len), |at| kept.remove(at))
    }

    fn give(&self, buffer: DmaBuf) {
        let mut kept = lock(&self.0);
        if kept.len() == Self::KEPT {
            kept.remove(0);
        }
        kept.push(buffer);
    }
}

/// The parts of `range` that lie in one chunk each.
fn chunks(range: Range<u64>, chunk_bytes: u64) -> impl Iterator<Item = (u64, usize)> {
    let mut next = range.start;
    std::iter::from_fn(move || {
        let at = next;
        let len = (chunk_bytes - at % chunk_bytes).min(range.end - at);
        next += len;
        (len > 0).then_some((at, len as usize))
    })
}

/// True for what may go away when memory is transferred again. Transfers of memory may be repeated; writes of registers never.
const fn may_pass(error: &CardError) -> bool {
    matches!(
        error,
        CardError::Timeout { .. }
            | CardError::Axi { .. }
            | CardError::ShortTransfer { .. }
            | CardError::Io { .. }
    )
}

impl Session {
    /// Copies `bytes` to card memory at `address`; any number of them, anywhere. May be called while a job runs.
    ///
    /// # Errors
    /// [`CardError::OutOfRange`] before anything is written, [`CardError::Corrupt`] if uploads are checked, and what
    /// the card says twice in a row.
    pub fn upload(&self, address: u64, bytes: &[u8]) -> CardResult<()> {
        let end = self.checked_end(address, bytes.len())?;
        // Blocks that are written in part must be readable before.
        for edge in [address, end] {
            if !edge.is_multiple_of(BLOCK_BYTES) && edge != self.memory_bytes() && address < end {
                self.make_readable(edge..edge + 1)?;
            }
        }
        let mut rest = bytes;
        for (at, len) in chunks(address..end, self.chunk_bytes()) {
            let (part, tail) = rest.split_at(len);
            rest = tail;
            let mut buffer = self.buffers.take(len);
            buffer.copy_from_slice(part);
            self.send(at, &buffer)?;
            self.buffers.give(buffer);
        }
        lock(&self.space).wrote(address..end, self.memory_bytes());
        lock(&self.stats).uploaded_bytes += bytes.len() as u64;
        Ok(())
    }

    /// Fills `bytes` from card memory at `address`; any number of them, anywhere. May be called while a job runs.
    ///
    /// # Errors
    /// [`CardError::OutOfRange`] before anything is read, [`CardError::Corrupt`] if downloads are checked, and what the card says twice in a row: [`CardError::Axi`] where
    /// nobody has written since power-on.
    pub fn download(&self, address: u64, bytes: &mut [u8]) -> CardResult<()> {
        let end = self.checked_end(address, bytes.len())?;
        let len = bytes.len() as u64;
        let mut rest = bytes;
        for (at, len) in chunks(address..end, self.chunk_bytes()) {
            let (part, tail) = rest.split_at_mut(len);
            rest = tail;
            let mut buffer = self.buffers.take(len);
            self.receive_checked(at, &mut buffer)?;
            part.copy_from_slice(&buffer);
            self.buffers.give(buffer);
        }
        lock(&self.stats).downloaded_bytes += len;
        Ok(())
    }

    /// Fills `range` with zeros.
    pub(super) fn zero(&self, range: Range<u64>) -> CardResult<()> {
        let mut zeros: Option<DmaBuf> = None;
        lock(&self.stats).zeroed_bytes += range.end - range.start;
        for (at, len) in chunks(range, self.chunk_bytes()) {
            let buffer = match zeros.take() {
                Some(buffer) if buffer.len() == len => buffer,
                _ => DmaBuf::zeroed(len),
            };
            self.send(at, &buffer)?;
            zeros = Some(buffer);
        }
        Ok(())
    }

    /// Writes one chunk, and reads it back if uploads are checked.
    fn send(&self, address: u64, buffer: &DmaBuf) -> CardResult<()> {
        let card = &self.window.card;
        let send = || self.twice(|| card.h2c(CHANNEL, address, buffer));
        send()?;
        if !self.settings.verify_uploads {
            return Ok(());
        }
        let expected = crc32fast::hash(buffer);
        let mut back = self.buffers.take(buffer.len());
        self.receive(address, &mut back)?;
        if crc32fast::hash(&back) != expected {
            lock(&self.stats).corrupt_transfers += 1;
            send()?;
            self.receive(address, &mut back)?;
            let found = crc32fast::hash(&back);
            if found != expected {
                lock(&self.stats).corrupt_transfers += 1;
                let bytes = buffer.len() as u64;
                return Err(CardError::Corrupt { address, bytes, found, expected });
            }
        }
        self.buffers.give(back);
        Ok(())
    }

    /// Reads one chunk, as often as it takes to read the same twice in a row, if downloads are checked.
    fn receive_checked(&self, address: u64, buffer: &mut DmaBuf) -> CardResult<()> {
        /// Readings after the first.
        const READINGS: usize = 3;
        self.receive(address, buffer)?;
        if !self.settings.verify_downloads {
            return Ok(());
        }
        let mut again = self.buffers.take(buffer.len());
        for _ in 0..READINGS {
            self.receive(address, &mut again)?;
            if *again == **buffer {
                self.buffers.give(again);
                return Ok(());
            }
            lock(&self.stats).corrupt_transfers += 1;
            std::mem::swap(buffer, &mut again);
        }
        let bytes = buffer.len() as u64;
        let (found, expected) = (crc32fast::hash(&again), crc32fast::hash(buffer));
        Err(CardError::Corrupt { address, bytes, found, expected })
    }

    fn receive(&self, address: u64, buffer: &mut DmaBuf) -> CardResult<()> {
        let card = &self.window.card;
        self.twice(|| card.c2h(CHANNEL, address, buffer))
    }

    /// Tries a transfer again that failed once, unless the device is gone.
    fn twice(&self, mut transfer: impl FnMut() -> CardResult<()>) -> CardResult<()> {
        match transfer() {
            Err(error) if may_pass(&error) => {
                self.window.present()?;
                lock(&self.stats).retried_transfers += 1;
                transfer()
            }
            other => other,
        }
    }

    fn checked_end(&self, address: u64, len: usize) -> CardResult<u64> {
        check_transfer(address, len as u64, self.memory_bytes())?;
        Ok(address + len as u64)
    }

    fn chunk_bytes(&self) -> u64 {
        // Whole blocks, and below what one call of the XDMA driver moves.
        (self.settings.chunk_bytes as u64).clamp(BLOCK_BYTES, 1 << 30) / BLOCK_BYTES * BLOCK_BYTES
    }
}
