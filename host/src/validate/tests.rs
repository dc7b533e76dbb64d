//! Checks on cards that are broken in one way each: every fault is found, by the check that looks for it.

use super::{Outcome, validate};
use satkit_spec::{ArrayConfig, CONTRACT_VERSION, contract_hash, memory_map, regs};
use satkit_transport::{
    Card, CardError, CardInfo, CardResult, DmaBuf, ResetKind, Wait, check_register, check_transfer,
};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

const MEMORY_BYTES: u64 = 1 << 20;

/// In which way a card is broken.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Broken {
    Not,
    OtherDesign,
    OtherContract,
    Uncalibrated,
    ScratchBit,
    AddressLine,
    DataBit,
    TailByte,
    NoEnd,
    NoInterrupt,
    NeverDone,
    Lost,
}

struct BrokenCard {
    info: CardInfo,
    broken: Broken,
    registers: Mutex<BTreeMap<u32, u32>>,
    memory: Mutex<Vec<u8>>,
    event: Mutex<bool>,
}

impl BrokenCard {
    fn new(broken: Broken) -> Self {
        let info = CardInfo {
            c2h_channels: 2,
            ..CardInfo::in_process("broken", regs::WINDOW_BYTES, MEMORY_BYTES, 1, 1)
        };
        let calibrated = memory_map::ALL_CALIBRATED;
        let contract = contract_hash().first_word();
        let registers = BTreeMap::from([
            (regs::IDENTITY_MAGIC.offset, regs::MAGIC ^ u32::from(broken == Broken::OtherDesign)),
            (regs::CONTRACT_VERSION.offset, CONTRACT_VERSION),
            (regs::CONTRACT_HASH.offset, contract ^ u32::from(broken == Broken::OtherContract)),
            (regs::CONFIGURATION_HASH.offset, ArrayConfig::vcu1525().hash_word()),
            (regs::DDR_CALIBRATED.offset, calibrated >> u32::from(broken == Broken::Uncalibrated)),
        ]);
        let memory = Mutex::new(vec![0; MEMORY_BYTES as usize + 8]);
        Self { info, broken, registers: registers.into(), memory, event: Mutex::default() }
    }

    fn place(&self, address: u64, bytes: usize) -> CardResult<usize> {
        if self.broken == Broken::Lost {
            return Err(CardError::DeviceLost { reason: "broken".into() });
        }
        if self.broken != Broken::NoEnd {
            check_transfer(address, bytes as u64, MEMORY_BYTES)?;
        }
        // One line is stuck at zero.
        let mask = if self.broken == Broken::AddressLine { !(1 << 17) } else { u64::MAX };
        Ok((address & mask).min(MEMORY_BYTES) as usize)
    }
}

impl Card for BrokenCard {
    fn info(&self) -> &CardInfo {
        &self.info
    }

    fn read32(&self, offset: u32) -> CardResult<u32> {
        check_register(offset, regs::WINDOW_BYTES)?;
        let value = self.registers.lock().unwrap().get(&offset).copied().unwrap_or(0);
        let stuck = self.broken == Broken::ScratchBit && offset == regs::SCRATCH.offset;
        Ok(if stuck { value & !0x100 } else { value })
    }

    fn write32(&self, offset: u32, value: u32) -> CardResult<()> {
        check_register(offset, regs::WINDOW_BYTES)?;
        let mut registers = self.registers.lock().unwrap();
        if offset == regs::CONTROL.offset {
            if value & regs::control::START != 0 && self.broken != Broken::NeverDone {
                registers.insert(regs::STATUS.offset, regs::status::DONE);
                *self.event.lock().unwrap() = self.broken != Broken::NoInterrupt;
            }
        } else if offset == regs::STATUS.offset {
            registers.entry(offset).and_modify(|status| *status &= !value);
        } else {
            registers.insert(offset, value);
        }
        Ok(())
    }

    fn h2c(&self, _: u8, address: u64, buffer: &DmaBuf) -> CardResult<()> {
        let at = self.place(address, buffer.len())?;
        let mut memory = self.memory.lock().unwrap();
        memory[at..at + buffer.len()].copy_from_slice(buffer);
        // A byte strobe too many.
        if self.broken == Broken::TailByte && !buffer.len().is_multiple_of(4) {
            memory[at + buffer.len()] = 0;
        }
        Ok(())
    }

    fn c2h(&self, channel: u8, address: u64, buffer: &mut DmaBuf) -> CardResult<()> {
        let at = self.place(address, buffer.len())?;
        let bytes = buffer.len();
        buffer.copy_from_slice(&self.memory.lock().unwrap()[at..at + bytes]);
        // On the second channel alone.
        if self.broken == Broken::DataBit && channel == 1 && bytes > 777 {
            buffer[777] |= 0x10;
        }
        Ok(())
    }

    fn wait_event(&self, _: u8, _: Duration) -> CardResult<Wait> {
        let fired = std::mem::take(&mut *self.event.lock().unwrap());
        Ok(if fired { Wait::Fired } else { Wait::TimedOut })
    }

    fn reset(&self, _: ResetKind) -> CardResult<()> {
        Ok(())
    }
}

#[test]
fn every_fault_is_found_by_its_check() {
    for (broken, first_failure) in [
        // It runs no program: what should have been computed is not there.
        (Broken::Not, Some("jobs")),
        (Broken::OtherDesign, Some("identity")),
        (Broken::OtherContract, Some("identity")),
        (Broken::Uncalibrated, Some("identity")),
        (Broken::ScratchBit, Some("scratch register")),
        (Broken::AddressLine, Some("address patterns")),
        (Broken::DataBit, Some("address patterns")),
        (Broken::TailByte, Some("odd sizes")),
        (Broken::NoEnd, Some("boundaries")),
        (Broken::NoInterrupt, Some("interrupt")),
        (Broken::NeverDone, Some("interrupt")),
        (Broken::Lost, Some("address patterns")),
    ] {
        let mut seen = Vec::new();
        let card: Arc<dyn Card> = Arc::new(BrokenCard::new(broken));
        let report = validate(&card, 1 << 16, |check| seen.push(check.clone()));
        assert_eq!(seen, report.checks);
        let failed = report.checks.iter().find(|check| check.outcome == Outcome::Failed);
        assert_eq!(failed.map(|check| check.name), first_failure, "{broken:?}: {report:?}");
        assert!(!report.passed());
        // A foreign design is not written to, a lost card not asked again.
        let skipped =
            report.checks.iter().filter(|check| check.outcome == Outcome::Skipped).count();
        let expected = match first_failure {
            Some("identity") => report.checks.len() - 1,
            _ if broken == Broken::Lost => report.checks.len() - 4,
            _ => 0,
        };
        assert_eq!(skipped, expected, "{broken:?}");
    }
}
