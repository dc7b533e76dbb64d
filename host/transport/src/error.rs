//! What can go wrong with a card. Each error says what to do next; `docs/guide-card.md` has a section for each name.

use std::fmt;
use std::path::PathBuf;

/// Result of a card's methods.
pub type CardResult<T> = Result<T, CardError>;

/// Which way a transfer goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Host to card.
    HostToCard,
    /// Card to host.
    CardToHost,
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::HostToCard => "h2c",
            Self::CardToHost => "c2h",
        })
    }
}

/// Why a card refuses, or does not answer.
#[derive(Debug, thiserror::Error)]
pub enum CardError {
    /// There is no such device.
    #[error(
        "no device {path}: is the card plugged in, the xdma driver loaded (lsmod | grep xdma), and the bitstream in the FPGA? `satkit card list` shows what there is"
    )]
    NoDevice {
        /// The file looked for.
        path: PathBuf,
    },
    /// The device may not be opened.
    #[error(
        "no permission for {path}: install the udev rule host/udev/60-satkit-xdma.rules, or join the group that owns the file"
    )]
    Permission {
        /// The file.
        path: PathBuf,
    },
    /// The file is not one of the XDMA driver's.
    #[error(
        "{path} is not a device of the xdma driver: {reason}; load the stock driver (`modinfo -F filename xdma` tells which one there is), or name another folder of device files"
    )]
    WrongDriver {
        /// The file.
        path: PathBuf,
        /// What gives it away.
        reason: String,
    },
    /// The core is not a satkit core.
    #[error(
        "the register window starts with {found:#010x}, not {expected:#010x}: the FPGA holds another design; load a satkit bitstream with `satkit card program`"
    )]
    IdMismatch {
        /// The magic number read.
        found: u32,
        /// That of satkit.
        expected: u32,
    },
    /// The core was built from other definitions than this program.
    #[error(
        "the core's {what} is {found:#010x}, this program's {expected:#010x}: build both from one commit"
    )]
    ContractMismatch {
        /// Which of the identity's facts.
        what: &'static str,
        /// What the core says.
        found: u32,
        /// What the host was built from.
        expected: u32,
    },
    /// A memory channel is not calibrated.
    #[error(
        "DDR4 calibration bits are {found:#06b}, expected {expected:#06b}: reseat the memory modules or wait after loading; `satkit card info` shows the bits"
    )]
    NotCalibrated {
        /// One bit per channel that is ready.
        found: u32,
        /// Those needed.
        expected: u32,
    },
    /// Outside of what the card has.
    #[error("{what} {address:#x} with {bytes} bytes is beyond {limit:#x}")]
    OutOfRange {
        /// What is addressed.
        what: &'static str,
        /// First byte, or the index of a line or channel.
        address: u64,
        /// Bytes wanted.
        bytes: u64,
        /// Where it ends.
        limit: u64,
    },
    /// Not a multiple of what it has to be.
    #[error("{what} {address:#x} is not a multiple of {align}")]
    Misaligned {
        /// What is addressed.
        what: &'static str,
        /// First byte.
        address: u64,
        /// What it should be a multiple of.
        align: u64,
    },
    /// Time is over.
    #[error(
        "{operation} at {address:#x} timed out after {done} bytes or instructions: `satkit card reset` recovers the core"
    )]
    Timeout {
        /// What was waited for, such as `h2c` or `job`.
        operation: &'static str,
        /// Address in card memory.
        address: u64,
        /// How far it came.
        done: u64,
    },
    /// The memory or the interconnect answered with an error.
    #[error(
        "{direction} at {address:#x}: AXI error after {done} bytes: is the address in the memory map, and the memory calibrated?"
    )]
    Axi {
        /// Which way.
        direction: Direction,
        /// First byte of the transfer.
        address: u64,
        /// Bytes moved before.
        done: u64,
    },
    /// The device does not answer any more.
    #[error(
        "the card is lost ({reason}): remove and rescan it as docs/guide-card.md says, or reboot warm"
    )]
    DeviceLost {
        /// What shows it.
        reason: String,
    },
    /// A transfer stopped half-way and did not go on.
    #[error(
        "{direction} at {address:#x} moved {done} of {bytes} bytes: try again, and look into `dmesg` if that comes back"
    )]
    ShortTransfer {
        /// Which way.
        direction: Direction,
        /// First byte.
        address: u64,
        /// Bytes moved.
        done: u64,
        /// Bytes wanted.
        bytes: u64,
    },
    /// What was written is not what is read.
    #[error(
        "{bytes} bytes at {address:#x} came back with CRC-32 {found:#010x}, not {expected:#010x}: the transfer is corrupt; go on from the last checkpoint, and look for the cause with `satkit card validate`"
    )]
    Corrupt {
        /// First byte.
        address: u64,
        /// Bytes checked.
        bytes: u64,
        /// Checksum of what was read.
        found: u32,
        /// Checksum of what was written.
        expected: u32,
    },
    /// Somebody else owns the card.
    #[error(
        "{name} is in use by another process: one program at a time may drive a card; wait for that one, or end it"
    )]
    Busy {
        /// The card or its file.
        name: String,
    },
    /// The card cannot do this.
    #[error("{name} cannot {what}")]
    Unsupported {
        /// The card.
        name: String,
        /// What was asked of it, and what to do instead.
        what: &'static str,
    },
    /// The core stopped a job.
    #[error(
        "the core stopped at instruction {instruction}: {reason}; the card takes the next job, and `satkit disasm` shows the instruction"
    )]
    Fault {
        /// Index in the program.
        instruction: u32,
        /// What the status says.
        reason: String,
        /// The address that it concerns, if any.
        address: Option<u64>,
    },
    /// Something else that the system says.
    #[error("{what}: {source}")]
    Io {
        /// What was tried, with the file.
        what: String,
        /// The error.
        source: std::io::Error,
    },
}

impl CardError {
    /// The section of `docs/guide-card.md` that says what to do about it.
    #[must_use]
    pub const fn section(&self) -> &'static str {
        match self {
            Self::NoDevice { .. } => "NoDevice",
            Self::Permission { .. } => "Permission",
            Self::WrongDriver { .. } => "WrongDriver",
            Self::IdMismatch { .. } => "IdMismatch",
            Self::ContractMismatch { .. } => "ContractMismatch",
            Self::NotCalibrated { .. } => "NotCalibrated",
            Self::OutOfRange { .. } => "OutOfRange",
            Self::Misaligned { .. } => "Misaligned",
            Self::Timeout { .. } => "Timeout",
            Self::Axi { .. } => "Axi",
            Self::DeviceLost { .. } => "DeviceLost",
            Self::ShortTransfer { .. } => "ShortTransfer",
            Self::Corrupt { .. } => "Corrupt",
            Self::Busy { .. } => "Busy",
            Self::Unsupported { .. } => "Unsupported",
            Self::Fault { .. } => "Fault",
            Self::Io { .. } => "Io",
        }
    }
}
