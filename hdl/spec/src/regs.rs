//! The register map of the card's AXI4-Lite window.

use crate::described::described;

described! {
    /// What a register allows.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Access {
        /// Read only.
        ReadOnly = "RO",
        /// Read and write.
        ReadWrite = "RW",
        /// Write strobe: reads as zero, and a one that is written starts something.
        WriteStrobe = "WS",
        /// Sticky status: a bit reads as one until a one is written to it.
        WriteOneToClear = "W1C",
    }
}

/// One 32-bit register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Register {
    /// Name.
    pub name: &'static str,
    /// Byte offset in the window.
    pub offset: u32,
    /// Access.
    pub access: Access,
    /// What it holds.
    pub doc: &'static str,
}

/// Value of `MAGIC`: `SATK` in ASCII.
pub const MAGIC: u32 = 0x5341_544B;
/// Bytes of the register window.
pub const WINDOW_BYTES: u32 = 0x1000;

macro_rules! registers {
    ($( $name:ident = $offset:literal, $access:ident, $doc:literal; )*) => {
        $(
            #[doc = $doc]
            pub const $name: Register =
                Register { name: stringify!($name), offset: $offset, access: Access::$access, doc: $doc };
        )*
        /// All registers, in ascending offset.
        pub const MAP: &[Register] = &[$( $name ),*];
    };
}

registers! {
    IDENTITY_MAGIC = 0x000, ReadOnly, "The value of `MAGIC`.";
    CONTRACT_VERSION = 0x004, ReadOnly, "Version of the contract.";
    CONTRACT_HASH = 0x008, ReadOnly, "First 32 bits of the contract hash.";
    CONFIGURATION_HASH = 0x00C, ReadOnly, "First 32 bits of the array configuration's hash.";
    GIT_HASH = 0x010, ReadOnly, "First 32 bits of the commit that the core was generated from.";
    BUILD_DATE = 0x014, ReadOnly, "Build date, as the decimal digits YYYYMMDD in hexadecimal.";
    DDR_CALIBRATED = 0x018, ReadOnly, "One bit per DDR4 channel: calibration is done.";
    SCRATCH = 0x01C, ReadWrite, "Holds what was written; for tests of the window.";
    CYCLES_LOW = 0x020, ReadOnly, "Low half of the free-running cycle counter; reading it latches the high half.";
    CYCLES_HIGH = 0x024, ReadOnly, "High half of the cycle counter, latched.";
    CONTROL = 0x040, WriteStrobe, "Bit 0 starts the program, bit 1 cancels it, bit 2 resets the core.";
    STATUS = 0x044, WriteOneToClear, "Bit 0 done, bit 1 illegal instruction, bit 2 AXI error, bit 3 watchdog, bit 4 cancelled.";
    INTERRUPT_ENABLE = 0x048, ReadWrite, "One bit per bit of `STATUS`.";
    PROGRAM_LOW = 0x04C, ReadWrite, "Low half of the program's address in card memory.";
    PROGRAM_HIGH = 0x050, ReadWrite, "High half of the program's address.";
    PROGRAM_LENGTH = 0x054, ReadWrite, "Instructions of the program.";
    FAULT_INSTRUCTION = 0x058, ReadOnly, "Index of the instruction that raised the last fault.";
    WATCHDOG_CYCLES = 0x05C, ReadWrite, "Cycles without a retired instruction until the watchdog fires; 0 is never.";
}
