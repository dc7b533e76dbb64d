//! What a core says of itself.

use super::{Checked, Failure};
use satkit_spec::{ArrayConfig, CONTRACT_VERSION, contract_hash, memory_map, regs};
use satkit_transport::{Card, CardError, CardResult};

/// The registers that say what a core is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Should be that of satkit.
    pub magic: u32,
    /// Version of the contract.
    pub contract_version: u32,
    /// First 32 bits of the contract hash.
    pub contract_hash: u32,
    /// First 32 bits of the array configuration's hash.
    pub configuration_hash: u32,
    /// First 32 bits of the commit that it was built from; 0 if unknown.
    pub git_hash: u32,
    /// Build date as YYYYMMDD in hexadecimal; 0 if unknown.
    pub build_date: u32,
    /// One bit for each DDR4 channel that is ready.
    pub ddr_calibrated: u32,
}

impl Identity {
    /// Reads it.
    ///
    /// # Errors
    /// Those of [`Card::read32`].
    pub fn read(card: &dyn Card) -> CardResult<Self> {
        let read = |register: regs::Register| card.read32(register.offset);
        Ok(Self {
            magic: read(regs::IDENTITY_MAGIC)?,
            contract_version: read(regs::CONTRACT_VERSION)?,
            contract_hash: read(regs::CONTRACT_HASH)?,
            configuration_hash: read(regs::CONFIGURATION_HASH)?,
            git_hash: read(regs::GIT_HASH)?,
            build_date: read(regs::BUILD_DATE)?,
            ddr_calibrated: read(regs::DDR_CALIBRATED)?,
        })
    }

    /// The array, if it is one that this program makes: those with a name, and vcu1525 in other sizes, with 8 or 16 lanes.
    #[must_use]
    pub fn config(&self) -> Option<ArrayConfig> {
        let named = ArrayConfig::NAMES.iter().filter_map(|name| ArrayConfig::named(name).ok());
        let sides = || (1..=6).map(|log2| 1 << log2);
        let sizes = sides().flat_map(|rows| sides().map(move |cols| (rows, cols)));
        let sized = sizes.filter_map(|(r, c)| ArrayConfig::vcu1525().with_size(r, c).ok());
        let mut all = named.chain(sized).flat_map(|config| {
            let wide = config.clone().with_m_lanes(16).ok();
            [Some(config), wide].into_iter().flatten()
        });
        all.find(|config| config.hash_word() == self.configuration_hash)
    }

    /// Name of that array.
    #[must_use]
    pub fn array(&self) -> Option<String> {
        self.config().map(|config| config.name)
    }

    /// What keeps this program from using the core.
    ///
    /// # Errors
    /// [`CardError::IdMismatch`], [`CardError::ContractMismatch`], [`CardError::NotCalibrated`].
    pub fn check(&self) -> CardResult<()> {
        if self.magic != regs::MAGIC {
            return Err(CardError::IdMismatch { found: self.magic, expected: regs::MAGIC });
        }
        for (what, found, expected) in [
            ("contract version", self.contract_version, CONTRACT_VERSION),
            ("contract hash", self.contract_hash, contract_hash().first_word()),
        ] {
            if found != expected {
                return Err(CardError::ContractMismatch { what, found, expected });
            }
        }
        let expected = memory_map::ALL_CALIBRATED;
        if self.ddr_calibrated & expected != expected {
            return Err(CardError::NotCalibrated { found: self.ddr_calibrated, expected });
        }
        Ok(())
    }
}

pub(super) fn check(card: &dyn Card) -> Checked {
    let identity = Identity::read(card)?;
    identity.check().map_err(Failure::Card)?;
    let array = identity.array().unwrap_or_else(|| {
        format!("an array without a name ({:#010x})", identity.configuration_hash)
    });
    Ok(format!("contract {}, {array}", identity.contract_version))
}
