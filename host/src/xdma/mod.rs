//! The one driver of cards behind the XDMA kernel driver's files: the real card in `/dev`, a virtual card in its mount.
//!
//! Only this module knows device paths. It uses `pread`, `pwrite`, `poll` and `flock` alone: the driver's `readv`, AIO and
//! `io_uring` paths have crashed kernels, and a virtual card cannot be mapped. It has never met a real card: what it knows
//! of the kernel driver is from the driver's source (Xilinx `dma_ip_drivers`, XDMA), and was tried on the virtual card.

mod discovery;
mod hot_reset;
mod open;
mod pci;
#[cfg(test)]
mod tests;
mod transfer;

pub use discovery::{FoundCard, list};
pub use hot_reset::hot_reset;
pub use pci::{Link, PciDevice};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use satkit_spec::regs::{CONTROL, IDENTITY_MAGIC, control};
use satkit_transport::{
    Card, CardError, CardInfo, CardResult, Direction, DmaBuf, ResetKind, Wait, check_register,
    check_transfer,
};
use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What the PCIe root returns in place of a device that does not answer.
const ALL_ONES: u32 = u32::MAX;
/// Readings that agree before a register is taken to hold all-ones while the identity answers.
const ALL_ONES_READINGS: u32 = 3;

/// A card behind the files of the XDMA driver. Owns the card until it is dropped.
#[derive(Debug)]
pub struct XdmaCard {
    info: CardInfo,
    pci: Option<PciDevice>,
    user: File,
    // An engine takes one transfer at a time, and the kernel driver does not queue.
    h2c: Vec<Mutex<File>>,
    c2h: Vec<Mutex<File>>,
    // A read of an event blocks for ever if another thread has taken the event between its poll and its read.
    events: Vec<Mutex<File>>,
}

impl XdmaCard {
    /// Opens card `index` of the files in `dir`, and owns it: a second opening fails until this one is dropped.
    ///
    /// # Errors
    /// [`CardError::NoDevice`], [`CardError::Permission`], [`CardError::WrongDriver`], [`CardError::Busy`],
    /// [`CardError::DeviceLost`] if the virtual card's server is gone, and what the system says.
    pub fn open(dir: &Path, index: u32) -> CardResult<Self> {
        open::open(dir, index)
    }

    /// The card's place on the PCI bus, if it has one.
    #[must_use]
    pub const fn pci(&self) -> Option<&PciDevice> {
        self.pci.as_ref()
    }

    fn channel(files: &[Mutex<File>], channel: u8) -> CardResult<MutexGuard<'_, File>> {
        let file = files.get(usize::from(channel));
        let file = file.ok_or(CardError::OutOfRange {
            what: "DMA channel",
            address: channel.into(),
            bytes: 1,
            limit: files.len() as u64,
        })?;
        Ok(file.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// One register access as the driver wants it: 4 bytes, never more.
    fn register(
        &self,
        offset: u32,
        what: &'static str,
        access: impl Fn(&File, u64) -> std::io::Result<usize>,
    ) -> CardResult<()> {
        let moved = transfer::uninterrupted(|| access(&self.user, offset.into()));
        match moved {
            Ok(4) => Ok(()),
            Ok(moved) => Err(CardError::Io {
                what: format!("{what} register {offset:#x} of {}", self.info.name),
                source: std::io::Error::other(format!("{moved} bytes moved instead of 4")),
            }),
            Err(error) => Err(transfer::register_error(error, what, offset, &self.info.name)),
        }
    }

    fn read_once(&self, offset: u32) -> CardResult<u32> {
        let bytes = std::cell::Cell::new([0; 4]);
        self.register(offset, "read", |file, at| {
            let mut word = [0; 4];
            let moved = file.read_at(&mut word, at)?;
            bytes.set(word);
            Ok(moved)
        })?;
        Ok(u32::from_ne_bytes(bytes.get()))
    }
}

impl Card for XdmaCard {
    fn info(&self) -> &CardInfo {
        &self.info
    }

    /// A reading of all-ones is what a lost device gives, so the identity is asked; and it may be what one lost reading
    /// gives, so it is taken for the register's value only when it repeats.
    fn read32(&self, offset: u32) -> CardResult<u32> {
        check_register(offset, self.info.register_bytes)?;
        for _ in 1..ALL_ONES_READINGS {
            let value = self.read_once(offset)?;
            if value != ALL_ONES {
                return Ok(value);
            }
            if self.read_once(IDENTITY_MAGIC.offset)? == ALL_ONES {
                let reason = format!("register {offset:#x} and the identity read as all-ones");
                return Err(CardError::DeviceLost { reason });
            }
        }
        self.read_once(offset)
    }

    fn write32(&self, offset: u32, value: u32) -> CardResult<()> {
        check_register(offset, self.info.register_bytes)?;
        self.register(offset, "write", |file, at| file.write_at(&value.to_ne_bytes(), at))
    }

    fn h2c(&self, channel: u8, address: u64, buffer: &DmaBuf) -> CardResult<()> {
        check_transfer(address, buffer.len() as u64, self.info.memory_bytes)?;
        let file = Self::channel(&self.h2c, channel)?;
        transfer::run(Direction::HostToCard, address, buffer.len(), |part| {
            file.write_at(&buffer[part.clone()], address + part.start as u64)
        })
    }

    fn c2h(&self, channel: u8, address: u64, buffer: &mut DmaBuf) -> CardResult<()> {
        check_transfer(address, buffer.len() as u64, self.info.memory_bytes)?;
        let file = Self::channel(&self.c2h, channel)?;
        transfer::run(Direction::CardToHost, address, buffer.len(), |part| {
            file.read_at(&mut buffer[part.clone()], address + part.start as u64)
        })
    }

    fn wait_event(&self, irq: u8, timeout: Duration) -> CardResult<Wait> {
        let lines = &self.events;
        let line = lines.get(usize::from(irq)).ok_or(CardError::OutOfRange {
            what: "interrupt line",
            address: irq.into(),
            bytes: 1,
            limit: lines.len() as u64,
        })?;
        // `None` is a time beyond what the clock can count: for ever.
        let deadline = Instant::now().checked_add(timeout);
        loop {
            let left = deadline.map(|at| at.saturating_duration_since(Instant::now()));
            // A clone shares the open file; it keeps the wait outside of the lock that guards the read.
            let waiting = line.lock().unwrap_or_else(PoisonError::into_inner).try_clone();
            let waiting = waiting.map_err(|source| self.event_error(irq, source))?;
            if !self.readable(irq, &waiting, left)? {
                return Ok(Wait::TimedOut);
            }
            let file = line.lock().unwrap_or_else(PoisonError::into_inner);
            if self.readable(irq, &file, Some(Duration::ZERO))? {
                // The driver copies exactly 4 bytes: the events since the last read, saturated at one.
                let mut word = [0; 4];
                let moved = transfer::uninterrupted(|| file.read_at(&mut word, 0));
                moved.map_err(|source| self.event_error(irq, source))?;
                return Ok(Wait::Fired);
            }
        }
    }

    fn reset(&self, kind: ResetKind) -> CardResult<()> {
        let unsupported = |what| Err(CardError::Unsupported { name: self.info.name.clone(), what });
        match kind {
            ResetKind::Core => {
                self.write32(CONTROL.offset, control::RESET)?;
                // Writes are posted: the answer to a read says that the card has taken it.
                self.read32(IDENTITY_MAGIC.offset).map(drop)
            }
            ResetKind::DmaEngine => unsupported(
                "reset its DMA engine: the xdma driver has no call for it; reload the driver (rmmod xdma, modprobe xdma)",
            ),
            ResetKind::PciHot => unsupported(
                "be removed from the PCI bus while it is open; close it and use `satkit card reset --kind hot`",
            ),
        }
    }
}

impl XdmaCard {
    /// Whether an event can be read within `timeout`, `None` being for ever.
    fn readable(&self, irq: u8, file: &File, timeout: Option<Duration>) -> CardResult<bool> {
        let deadline = timeout.map(|timeout| Instant::now() + timeout);
        loop {
            let left = deadline.map(|at| at.saturating_duration_since(Instant::now()));
            let left = left.map(|left| Timespec {
                tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX),
                tv_nsec: left.subsec_nanos().into(),
            });
            let mut wanted = [PollFd::new(file, PollFlags::IN)];
            match poll(&mut wanted, left.as_ref()) {
                Ok(0) => return Ok(false),
                Ok(_) if wanted[0].revents().contains(PollFlags::IN) => return Ok(true),
                Ok(_) => {
                    let reason =
                        format!("interrupt line {irq} of {} reports an error", self.info.name);
                    return Err(CardError::DeviceLost { reason });
                }
                Err(Errno::INTR) => {}
                Err(errno) => return Err(self.event_error(irq, errno.into())),
            }
        }
    }

    fn event_error(&self, irq: u8, source: std::io::Error) -> CardError {
        let name = &self.info.name;
        transfer::lost(&source, name).unwrap_or_else(|| CardError::Io {
            what: format!("wait for interrupt line {irq} of {name}"),
            source,
        })
    }
}
