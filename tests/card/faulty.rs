//! A card that misbehaves when it is told to.

use satkit_spec::regs;
use satkit_transport::{Card, CardError, CardInfo, CardResult, Direction, DmaBuf, ResetKind, Wait};
use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What goes wrong with one transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mishap {
    /// The system says EIO.
    Io,
    /// Half of it is moved, then the interconnect answers with an error.
    Axi,
    /// Half of it is moved, then time is over.
    Timeout,
    /// Half of it is moved.
    Short,
    /// All of it is moved, and one bit is another.
    Flip,
}

impl Mishap {
    pub(crate) const ALL: [Self; 5] = [Self::Io, Self::Axi, Self::Timeout, Self::Short, Self::Flip];

    fn error(self, direction: Direction, address: u64, len: usize) -> Option<CardError> {
        let (done, bytes) = (len as u64 / 2, len as u64);
        Some(match self {
            Self::Io => {
                let source = io::Error::other("Input/output error");
                CardError::Io { what: "a transfer".into(), source }
            }
            Self::Axi => CardError::Axi { direction, address, done },
            Self::Timeout => CardError::Timeout { operation: "h2c", address, done },
            Self::Short => CardError::ShortTransfer { direction, address, done, bytes },
            Self::Flip => return None,
        })
    }
}

/// What goes wrong with a write of `CONTROL`, which fails either way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ControlMishap {
    /// It did not arrive.
    Lost,
    /// It arrived, and its answer did not.
    Arrived,
}

/// Another card, with faults between it and the host.
pub(crate) struct FaultyCard {
    inner: Arc<dyn Card>,
    /// What goes wrong with the next transfers to the card, the next one last.
    pub(crate) h2c: Mutex<Vec<Option<Mishap>>>,
    /// The same for those from the card.
    pub(crate) c2h: Mutex<Vec<Option<Mishap>>>,
    /// Registers that read as something else.
    pub(crate) registers: Mutex<HashMap<u32, u32>>,
    /// No interrupt arrives.
    pub(crate) deaf: AtomicBool,
    /// Interrupts that come for nothing.
    pub(crate) spurious: AtomicU32,
    /// Nobody answers any more.
    pub(crate) gone: AtomicBool,
    /// Programs compute wrongly: what is read after one of any instructions has another lowest bit in each byte.
    pub(crate) wrong: AtomicBool,
    /// What goes wrong with the next write of `CONTROL`.
    pub(crate) control: Mutex<Option<ControlMishap>>,
    /// What was written to `CONTROL`, whether it arrived or not.
    pub(crate) control_writes: Mutex<Vec<u32>>,
    program_length: AtomicU32,
    computed: AtomicBool,
}

impl FaultyCard {
    pub(crate) fn new(inner: Arc<dyn Card>) -> Arc<Self> {
        Arc::new(Self {
            inner,
            h2c: Mutex::default(),
            c2h: Mutex::default(),
            registers: Mutex::default(),
            deaf: AtomicBool::default(),
            spurious: AtomicU32::default(),
            gone: AtomicBool::default(),
            wrong: AtomicBool::default(),
            control: Mutex::default(),
            control_writes: Mutex::default(),
            program_length: AtomicU32::default(),
            computed: AtomicBool::default(),
        })
    }

    fn is_gone(&self) -> bool {
        self.gone.load(Ordering::Relaxed)
    }

    fn offline(&self) -> CardResult<()> {
        if !self.is_gone() {
            return Ok(());
        }
        let source = io::Error::other("Input/output error");
        Err(CardError::Io { what: "a transfer".into(), source })
    }
}

impl Card for FaultyCard {
    fn info(&self) -> &CardInfo {
        self.inner.info()
    }

    fn read32(&self, offset: u32) -> CardResult<u32> {
        if self.is_gone() {
            return Ok(u32::MAX);
        }
        let value = self.inner.read32(offset)?;
        Ok(self.registers.lock().unwrap().get(&offset).copied().unwrap_or(value))
    }

    fn write32(&self, offset: u32, value: u32) -> CardResult<()> {
        if self.is_gone() {
            return Ok(());
        }
        if offset == regs::PROGRAM_LENGTH.offset {
            self.program_length.store(value, Ordering::Relaxed);
        }
        let starts = offset == regs::CONTROL.offset && value & regs::control::START != 0;
        if starts && self.program_length.load(Ordering::Relaxed) > 0 {
            self.computed.store(true, Ordering::Relaxed);
        }
        if offset != regs::CONTROL.offset {
            return self.inner.write32(offset, value);
        }
        self.control_writes.lock().unwrap().push(value);
        let mishap = self.control.lock().unwrap().take();
        if mishap != Some(ControlMishap::Lost) {
            self.inner.write32(offset, value)?;
        }
        match mishap {
            None => Ok(()),
            Some(_) => {
                let (address, done) = (offset.into(), 0);
                Err(CardError::Timeout { operation: "write", address, done })
            }
        }
    }

    fn h2c(&self, channel: u8, address: u64, buffer: &DmaBuf) -> CardResult<()> {
        self.offline()?;
        let Some(mishap) = self.h2c.lock().unwrap().pop().flatten() else {
            return self.inner.h2c(channel, address, buffer);
        };
        let mut moved = buffer.to_vec();
        match mishap.error(Direction::HostToCard, address, buffer.len()) {
            Some(error) => {
                self.inner.h2c(channel, address, &DmaBuf::copy_of(&moved[..buffer.len() / 2]))?;
                Err(error)
            }
            None => {
                moved[buffer.len() / 2] ^= 0x10;
                self.inner.h2c(channel, address, &DmaBuf::copy_of(&moved))
            }
        }
    }

    fn c2h(&self, channel: u8, address: u64, buffer: &mut DmaBuf) -> CardResult<()> {
        self.offline()?;
        let mishap = self.c2h.lock().unwrap().pop().flatten();
        self.inner.c2h(channel, address, buffer)?;
        if self.wrong.load(Ordering::Relaxed) && self.computed.load(Ordering::Relaxed) {
            buffer.iter_mut().for_each(|byte| *byte ^= 1);
        }
        let Some(mishap) = mishap else { return Ok(()) };
        let half = buffer.len() / 2;
        match mishap.error(Direction::CardToHost, address, buffer.len()) {
            Some(error) => {
                buffer[half..].fill(0xEE);
                Err(error)
            }
            None => {
                buffer[half] ^= 0x10;
                Ok(())
            }
        }
    }

    fn wait_event(&self, irq: u8, timeout: Duration) -> CardResult<Wait> {
        let one_less = |left: u32| left.checked_sub(1);
        let spurious = &self.spurious;
        if spurious.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less).is_ok() {
            return Ok(Wait::Fired);
        }
        let waited = self.inner.wait_event(irq, timeout)?;
        Ok(if self.deaf.load(Ordering::Relaxed) { Wait::TimedOut } else { waited })
    }

    fn reset(&self, kind: ResetKind) -> CardResult<()> {
        if self.is_gone() { Ok(()) } else { self.inner.reset(kind) }
    }
}
