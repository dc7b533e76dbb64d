//! A card without a core: plain registers, a memory, and events that a test makes.

use satkit_spec::regs::{
    CONTROL, IDENTITY_MAGIC, MAGIC, SCRATCH, STATUS, WINDOW_BYTES, control, status,
};
use satkit_transport::{
    Card, CardInfo, CardResult, DmaBuf, ResetKind, Wait, check_register, check_transfer,
};
use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex};
use std::time::Duration;

/// Bytes of its memory: as much as a card has, and hardly ever written.
pub(crate) const MEMORY_BYTES: u64 = 64 << 30;
const PAGE_BYTES: u64 = 1 << 16;

pub(crate) struct MemoryCard {
    info: CardInfo,
    registers: Mutex<BTreeMap<u32, u32>>,
    pages: Mutex<BTreeMap<u64, Vec<u8>>>,
    event: Mutex<bool>,
    fired: Condvar,
}

impl MemoryCard {
    pub(crate) fn new() -> Self {
        let info = CardInfo::in_process("memory", WINDOW_BYTES, MEMORY_BYTES, 1, 1);
        Self {
            info,
            registers: Mutex::new(BTreeMap::from([(IDENTITY_MAGIC.offset, MAGIC)])),
            pages: Mutex::default(),
            event: Mutex::default(),
            fired: Condvar::new(),
        }
    }

    pub(crate) fn fire(&self) {
        *self.event.lock().unwrap() = true;
        self.fired.notify_all();
    }

    /// Calls `visit` with each byte of memory in the range.
    fn visit(&self, address: u64, bytes: usize, mut visit: impl FnMut(usize, &mut [u8])) {
        let mut pages = self.pages.lock().unwrap();
        let mut at = 0;
        while at < bytes {
            let address = address + at as u64;
            let offset = (address % PAGE_BYTES) as usize;
            let length = (bytes - at).min(PAGE_BYTES as usize - offset);
            let page = pages.entry(address / PAGE_BYTES);
            let page = page.or_insert_with(|| vec![0; PAGE_BYTES as usize]);
            visit(at, &mut page[offset..offset + length]);
            at += length;
        }
    }
}

impl Card for MemoryCard {
    fn info(&self) -> &CardInfo {
        &self.info
    }

    fn read32(&self, offset: u32) -> CardResult<u32> {
        check_register(offset, WINDOW_BYTES)?;
        Ok(self.registers.lock().unwrap().get(&offset).copied().unwrap_or(0))
    }

    fn write32(&self, offset: u32, value: u32) -> CardResult<()> {
        check_register(offset, WINDOW_BYTES)?;
        let mut registers = self.registers.lock().unwrap();
        if offset == CONTROL.offset && value & control::RESET != 0 {
            registers.retain(|&other, _| [IDENTITY_MAGIC.offset, SCRATCH.offset].contains(&other));
        } else if offset == CONTROL.offset {
            registers.insert(STATUS.offset, status::DONE);
        } else if offset != IDENTITY_MAGIC.offset {
            registers.insert(offset, value);
        }
        Ok(())
    }

    fn h2c(&self, _: u8, address: u64, buffer: &DmaBuf) -> CardResult<()> {
        check_transfer(address, buffer.len() as u64, MEMORY_BYTES)?;
        self.visit(address, buffer.len(), |at, part| {
            part.copy_from_slice(&buffer[at..at + part.len()]);
        });
        Ok(())
    }

    fn c2h(&self, _: u8, address: u64, buffer: &mut DmaBuf) -> CardResult<()> {
        check_transfer(address, buffer.len() as u64, MEMORY_BYTES)?;
        let bytes = buffer.len();
        self.visit(address, bytes, |at, part| {
            buffer[at..at + part.len()].copy_from_slice(part);
        });
        Ok(())
    }

    fn wait_event(&self, _: u8, timeout: Duration) -> CardResult<Wait> {
        let event = self.event.lock().unwrap();
        let (mut event, _) =
            self.fired.wait_timeout_while(event, timeout, |event| !*event).unwrap();
        Ok(if std::mem::take(&mut *event) { Wait::Fired } else { Wait::TimedOut })
    }

    fn reset(&self, _: ResetKind) -> CardResult<()> {
        self.write32(CONTROL.offset, control::RESET)
    }
}
