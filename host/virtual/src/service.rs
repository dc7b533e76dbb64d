//! What the files do: the XDMA driver's behaviour on top of a card, with faults.

use crate::FaultKind::{Die, Eio, Etimedout, Flip, LostIrq, Ones, Short, SpuriousIrq};
use crate::events::EventLine;
use crate::faults::{Draw, Faults, Injector, Stream};
use fuser::Errno;
use satkit_transport::files::info_text;
use satkit_transport::{Card, CardError, CardInfo, DmaBuf, Wait};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Bytes of the largest request that the kernel hands over.
pub(crate) const REQUEST_BYTES: usize = 1 << 20;
const PAGE_BYTES: u64 = 4096;
/// How often a line's thread looks after interrupted clients and the card's end.
const TICK: Duration = Duration::from_millis(50);

const ALIVE: u8 = 0;
const STOPPED: u8 = 1;
const DIED: u8 = 2;

/// A card as its files show it.
pub(crate) struct Service {
    card: Arc<dyn Card>,
    injector: Injector,
    lines: Vec<EventLine>,
    state: AtomicU8,
    /// Buffers of full requests, used again: fresh pages cost as much as the copy into them.
    buffers: Mutex<Vec<DmaBuf>>,
}

impl Service {
    pub(crate) fn new(card: Arc<dyn Card>, faults: Faults) -> Self {
        let lines = (0..card.info().events).map(|_| EventLine::default()).collect();
        Self {
            card,
            injector: Injector::new(faults),
            lines,
            state: AtomicU8::new(ALIVE),
            buffers: Mutex::new(Vec::new()),
        }
    }

    pub(crate) fn info(&self) -> &CardInfo {
        self.card.info()
    }

    pub(crate) fn info_text(&self) -> String {
        info_text(self.info())
    }

    pub(crate) const fn injector(&self) -> &Injector {
        &self.injector
    }

    pub(crate) fn line(&self, line: u8) -> Option<&EventLine> {
        self.lines.get(usize::from(line))
    }

    /// True once a fault has ended the card.
    pub(crate) fn has_died(&self) -> bool {
        self.state.load(Ordering::SeqCst) == DIED
    }

    /// Fails if the card is no more, as the kernel does when a server is gone.
    pub(crate) fn check_alive(&self) -> Result<(), Errno> {
        if self.state.load(Ordering::SeqCst) == ALIVE { Ok(()) } else { Err(Errno::ENOTCONN) }
    }

    /// From here on everything ends with ENOTCONN.
    pub(crate) fn stop(&self) {
        self.end(STOPPED);
    }

    fn end(&self, state: u8) {
        let _ = self.state.compare_exchange(ALIVE, state, Ordering::SeqCst, Ordering::SeqCst);
        self.lines.iter().for_each(EventLine::close);
    }

    /// Reads a register as the driver does: exactly 4 bytes, however many more are asked for.
    pub(crate) fn read_register(&self, offset: u64, bytes: usize) -> Result<[u8; 4], Errno> {
        let offset = self.register(offset, bytes)?;
        let draw = self.injector.next(Stream::RegisterReads);
        let value = self.card.read32(offset).map_err(|error| errno(&error))?;
        Ok(if draw.has(Ones) { u32::MAX } else { value }.to_ne_bytes())
    }

    /// Writes a register: exactly 4 bytes, however many more there are.
    pub(crate) fn write_register(&self, offset: u64, bytes: &[u8]) -> Result<u32, Errno> {
        let offset = self.register(offset, bytes.len())?;
        let draw = self.injector.next(Stream::RegisterWrites);
        let word = bytes.first_chunk().ok_or(Errno::EINVAL)?;
        self.card.write32(offset, u32::from_ne_bytes(*word)).map_err(|error| errno(&error))?;
        self.maybe_fire(&draw);
        Ok(4)
    }

    fn register(&self, offset: u64, bytes: usize) -> Result<u32, Errno> {
        self.check_alive()?;
        if bytes < 4 {
            return Err(Errno::EINVAL);
        }
        u32::try_from(offset).map_err(|_| Errno::EINVAL)
    }

    /// Moves `bytes` to card memory, and says how many of them.
    pub(crate) fn write(&self, channel: u8, address: u64, bytes: &[u8]) -> Result<u32, Errno> {
        let length = self.within(address, bytes.len())?;
        let draw = self.injector.next(Stream::HostToCard(channel));
        let mut buffer = self.buffer(length);
        buffer.copy_from_slice(&bytes[..length]);
        let outcome = self.transfer(&draw, address, length, |part| {
            if draw_flip(&draw, part, length) {
                flip(&draw, &mut buffer);
            }
            if part == length {
                self.card.h2c(channel, address, &buffer)
            } else {
                self.card.h2c(channel, address, &DmaBuf::copy_of(&buffer[..part]))
            }
        });
        self.keep(buffer);
        outcome.map(|moved| moved as u32)
    }

    /// Moves bytes from card memory, and hands them to `reply`.
    pub(crate) fn read<T>(
        &self,
        channel: u8,
        address: u64,
        bytes: usize,
        reply: impl FnOnce(Result<&[u8], Errno>) -> T,
    ) -> T {
        let length = match self.within(address, bytes) {
            Ok(length) => length,
            Err(errno) => return reply(Err(errno)),
        };
        let draw = self.injector.next(Stream::CardToHost(channel));
        let mut buffer = self.buffer(length);
        let outcome = self.transfer(&draw, address, length, |part| {
            if part == length {
                self.card.c2h(channel, address, &mut buffer)?;
            } else {
                let mut half = DmaBuf::zeroed(part);
                self.card.c2h(channel, address, &mut half)?;
                buffer[..part].copy_from_slice(&half);
            }
            if draw_flip(&draw, part, length) {
                flip(&draw, &mut buffer);
            }
            Ok(())
        });
        let answer = reply(outcome.map(|moved| &buffer[..moved]));
        self.keep(buffer);
        answer
    }

    /// Bytes that are in memory: a transfer across its end is short, one beyond it an AXI error.
    fn within(&self, address: u64, bytes: usize) -> Result<usize, Errno> {
        self.check_alive()?;
        let left = self.info().memory_bytes.checked_sub(address).filter(|&left| left > 0);
        let left = left.ok_or(Errno::EIO)?;
        Ok(bytes.min(usize::try_from(left).unwrap_or(usize::MAX)))
    }

    /// Moves all of `length` bytes, or as a fault has it: a part of them, after which comes the error.
    fn transfer(
        &self,
        draw: &Draw<'_>,
        address: u64,
        length: usize,
        mut step: impl FnMut(usize) -> Result<(), CardError>,
    ) -> Result<usize, Errno> {
        let fault = draw.first_of(&[Die, Etimedout, Eio, Short]);
        let part = match fault {
            Some(Short) => whole_pages(address, length, draw.below(Short, length)),
            Some(kind) => draw.below(kind, length),
            None => length,
        };
        let moved = if part > 0 { step(part).map_err(|error| errno(&error)) } else { Ok(()) };
        self.maybe_fire(draw);
        // What a broken transfer has moved is nobody's business: the fault is what is told.
        match fault {
            Some(Die) => {
                self.end(DIED);
                Err(Errno::ENOTCONN)
            }
            Some(Etimedout) => Err(Errno::ETIMEDOUT),
            Some(Eio) => Err(Errno::EIO),
            _ => moved.map(|()| part),
        }
    }

    fn buffer(&self, length: usize) -> DmaBuf {
        let kept = || self.buffers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let kept = (length == REQUEST_BYTES).then(kept).flatten();
        kept.unwrap_or_else(|| DmaBuf::zeroed(length))
    }

    fn keep(&self, buffer: DmaBuf) {
        if buffer.len() == REQUEST_BYTES {
            self.buffers.lock().unwrap_or_else(PoisonError::into_inner).push(buffer);
        }
    }

    fn maybe_fire(&self, draw: &Draw<'_>) {
        if let Some(line) = self.lines.first()
            && draw.has(SpuriousIrq)
        {
            line.fire();
        }
    }

    /// Hands the card's events of one line on until the card ends.
    pub(crate) fn pump(&self, number: u8) {
        let Some(line) = self.line(number) else { return };
        while self.check_alive().is_ok() {
            match self.card.wait_event(number, TICK) {
                Ok(Wait::Fired) => {
                    if !self.injector.next(Stream::Events(number)).has(LostIrq) {
                        line.fire();
                    }
                }
                Ok(Wait::TimedOut) => {}
                // The clients hear of it with their next access.
                Err(_) => std::thread::sleep(TICK),
            }
            line.end_interrupted_reads();
        }
    }
}

/// Where a short transfer of `length` bytes stops that has moved about `part`: at the end of a page where it has one, because
/// the driver's descriptors hold a page each. So a page that was never written, whose parts have no ECC yet, is written
/// whole or not at all.
const fn whole_pages(address: u64, length: usize, part: usize) -> usize {
    let last = (address + part as u64) / PAGE_BYTES * PAGE_BYTES;
    if last > address {
        (last - address) as usize
    } else if address.is_multiple_of(PAGE_BYTES) && length as u64 >= PAGE_BYTES {
        0
    } else {
        part
    }
}

/// Flips are for transfers that are whole: others already say that they went wrong.
fn draw_flip(draw: &Draw<'_>, part: usize, length: usize) -> bool {
    part == length && draw.has(Flip)
}

fn flip(draw: &Draw<'_>, bytes: &mut [u8]) {
    let bit = draw.below(Flip, bytes.len() * 8);
    if let Some(byte) = bytes.get_mut(bit / 8) {
        *byte ^= 1 << (bit % 8);
    }
}

/// The driver's error number for what went wrong.
fn errno(error: &CardError) -> Errno {
    match error {
        // The driver refuses unaligned registers so.
        CardError::Misaligned { .. } => Errno::EPROTO,
        CardError::Timeout { .. } => Errno::ETIMEDOUT,
        // It answers so for a device that is offline.
        CardError::DeviceLost { .. } | CardError::Busy { .. } => Errno::EBUSY,
        CardError::OutOfRange { what: "register", .. } => Errno::EINVAL,
        _ => Errno::EIO,
    }
}

#[cfg(test)]
mod tests {
    use super::whole_pages;

    #[test]
    fn short_transfers_write_pages_whole() {
        // (address, length, drawn part) and where it stops.
        for (address, length, part, stop) in [
            (0, 1 << 20, 10_000, 8192),
            (100, 1 << 20, 10_000, 8092),
            (0, 4096, 4095, 0),
            (0, 100, 50, 50),
            (100, 200, 50, 50),
            (100, 4096, 3996, 3996),
        ] {
            assert_eq!(whole_pages(address, length, part), stop, "{address} {length} {part}");
        }
    }
}
