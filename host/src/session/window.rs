//! The register window as a session reads it: with the identity checked, and a lost device noticed.

use satkit_spec::regs::{self, Register};
use satkit_spec::{ArrayConfig, CONTRACT_VERSION, contract_hash, memory_map};
use satkit_transport::{Card, CardError, CardResult};
use std::sync::Arc;

/// What a PCIe read gives when nobody answers.
const ALL_ONES: u32 = u32::MAX;

/// Registers by their names.
#[derive(Clone)]
pub(super) struct Window {
    pub(super) card: Arc<dyn Card>,
}

impl Window {
    /// Reads a register. All ones may be its value, or the answer of a device that is gone: the identity tells.
    pub(super) fn read(&self, register: Register) -> CardResult<u32> {
        let value = self.card.read32(register.offset)?;
        if value == ALL_ONES {
            self.present()?;
        }
        Ok(value)
    }

    /// Reads a counter whose high half is latched by the read of its low half.
    pub(super) fn read64(&self, low: Register, high: Register) -> CardResult<u64> {
        let low = self.read(low)?;
        Ok(u64::from(self.read(high)?) << 32 | u64::from(low))
    }

    pub(super) fn write(&self, register: Register, value: u32) -> CardResult<()> {
        self.card.write32(register.offset, value)
    }

    /// Checks that the device answers at all.
    pub(super) fn present(&self) -> CardResult<()> {
        if self.card.read32(regs::IDENTITY_MAGIC.offset)? == ALL_ONES {
            let reason = "its registers read as all ones".into();
            return Err(CardError::DeviceLost { reason });
        }
        Ok(())
    }

    /// Checks that the core is one of satkit's, built from this contract for this array, with its memory ready.
    pub(super) fn check(&self, expected: &ArrayConfig) -> CardResult<()> {
        let found = self.read(regs::IDENTITY_MAGIC)?;
        if found != regs::MAGIC {
            return Err(CardError::IdMismatch { found, expected: regs::MAGIC });
        }
        for (what, register, expected) in [
            ("contract version", regs::CONTRACT_VERSION, CONTRACT_VERSION),
            ("contract hash", regs::CONTRACT_HASH, contract_hash().first_word()),
            ("array configuration hash", regs::CONFIGURATION_HASH, expected.hash_word()),
        ] {
            let found = self.read(register)?;
            if found != expected {
                return Err(CardError::ContractMismatch { what, found, expected });
            }
        }
        let (found, expected) = (self.read(regs::DDR_CALIBRATED)?, memory_map::ALL_CALIBRATED);
        if found & expected != expected {
            return Err(CardError::NotCalibrated { found, expected });
        }
        Ok(())
    }
}
