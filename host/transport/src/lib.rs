//! What a host can do with a card, whatever the card is: [`Card`], its errors, and buffers for DMA.
//!
//! A card is a window of 32-bit registers, a memory that DMA channels reach, and events. The real VCU1525, the virtual card
//! (both through the system calls of the XDMA driver), the simulator and the Verilated core are the same to whoever drives them.

mod buffer;
mod error;
pub mod files;
pub mod memory;

pub use buffer::DmaBuf;
pub use error::{CardError, CardResult, Direction};

use std::time::Duration;

/// What a card is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Backend {
    /// Hardware behind the XDMA driver.
    Real,
    /// A virtual card: the files of the XDMA driver, served by a program.
    Virtual,
    /// A model in this process.
    InProcess,
}

impl Backend {
    /// Name in outputs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Real => "real",
            Self::Virtual => "virtual",
            Self::InProcess => "in-process",
        }
    }
}

/// What is known of a card without asking its core.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardInfo {
    /// What it is.
    pub backend: Backend,
    /// Name for people, such as `xdma0 in /dev` or `simulator`.
    pub name: String,
    /// PCI address, such as `0000:03:00.0`, where there is one.
    pub pci_address: Option<String>,
    /// Version of the kernel driver, where there is one.
    pub driver_version: Option<String>,
    /// Bytes of the register window.
    pub register_bytes: u32,
    /// Bytes of the memory that DMA reaches, from address 0.
    pub memory_bytes: u64,
    /// DMA channels from host to card.
    pub h2c_channels: u8,
    /// DMA channels from card to host.
    pub c2h_channels: u8,
    /// Interrupt lines that [`Card::wait_event`] knows.
    pub events: u8,
}

impl CardInfo {
    /// A model in this process: `name`, bytes of its register window and of its memory, DMA channels in each direction, interrupt
    /// lines.
    #[must_use]
    pub fn in_process(
        name: &str,
        register_bytes: u32,
        memory_bytes: u64,
        channels: u8,
        events: u8,
    ) -> Self {
        Self {
            backend: Backend::InProcess,
            name: name.into(),
            pci_address: None,
            driver_version: None,
            register_bytes,
            memory_bytes,
            h2c_channels: channels,
            c2h_channels: channels,
            events,
        }
    }
}

/// How a wait for an event ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// An event came. It is a hint: only the sticky status says what happened.
    Fired,
    /// The time is over.
    TimedOut,
}

/// What a reset resets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResetKind {
    /// The core: its job ends, its status is cleared, card memory stays.
    Core,
    /// The core and the DMA engine with the transfers under way.
    DmaEngine,
    /// The card as seen from its PCI slot.
    PciHot,
}

/// A card. All methods may be called from several threads at once.
///
/// A transfer moves all of its buffer or fails. After a failed one, memory in its range holds old and new bytes in an
/// unknown mixture, and nothing outside of it has changed.
pub trait Card: Send + Sync {
    /// What is known of it.
    fn info(&self) -> &CardInfo;

    /// Reads the register at byte `offset`.
    ///
    /// # Errors
    /// [`CardError::Misaligned`], [`CardError::OutOfRange`], [`CardError::DeviceLost`] and what the system says.
    fn read32(&self, offset: u32) -> CardResult<u32>;

    /// Writes the register at byte `offset`.
    ///
    /// # Errors
    /// As [`Card::read32`].
    fn write32(&self, offset: u32, value: u32) -> CardResult<()>;

    /// Copies `buffer` to card memory at byte `address`.
    ///
    /// # Errors
    /// [`CardError::OutOfRange`] for memory that there is not, [`CardError::Timeout`], [`CardError::Axi`],
    /// [`CardError::ShortTransfer`], [`CardError::DeviceLost`] and what the system says.
    fn h2c(&self, channel: u8, address: u64, buffer: &DmaBuf) -> CardResult<()>;

    /// Fills `buffer` from card memory at byte `address`.
    ///
    /// # Errors
    /// As [`Card::h2c`].
    fn c2h(&self, channel: u8, address: u64, buffer: &mut DmaBuf) -> CardResult<()>;

    /// Waits for interrupt `irq`, at most `timeout`.
    ///
    /// # Errors
    /// [`CardError::OutOfRange`] for a line that there is not, [`CardError::DeviceLost`] and what the system says.
    fn wait_event(&self, irq: u8, timeout: Duration) -> CardResult<Wait>;

    /// Resets the card, or a part of it.
    ///
    /// # Errors
    /// [`CardError::Unsupported`] if this card cannot, and what the system says.
    fn reset(&self, kind: ResetKind) -> CardResult<()>;
}

/// Checks a register's offset against a window of `register_bytes`.
///
/// # Errors
/// [`CardError::Misaligned`], [`CardError::OutOfRange`].
pub fn check_register(offset: u32, register_bytes: u32) -> CardResult<()> {
    if !offset.is_multiple_of(4) {
        return Err(CardError::Misaligned { what: "register", address: offset.into(), align: 4 });
    }
    if offset >= register_bytes {
        let (address, bytes, limit) = (offset.into(), 4, register_bytes.into());
        return Err(CardError::OutOfRange { what: "register", address, bytes, limit });
    }
    Ok(())
}

/// Checks a transfer against a memory of `memory_bytes`.
///
/// # Errors
/// [`CardError::OutOfRange`].
pub fn check_transfer(address: u64, bytes: u64, memory_bytes: u64) -> CardResult<()> {
    match address.checked_add(bytes) {
        Some(end) if end <= memory_bytes => Ok(()),
        _ => {
            let what = "card memory";
            Err(CardError::OutOfRange { what, address, bytes, limit: memory_bytes })
        }
    }
}

/// Checks the index of an interrupt line or a channel against their number.
///
/// # Errors
/// [`CardError::OutOfRange`].
pub fn check_index(what: &'static str, index: u8, count: u8) -> CardResult<()> {
    if index < count {
        return Ok(());
    }
    Err(CardError::OutOfRange { what, address: index.into(), bytes: 1, limit: count.into() })
}
