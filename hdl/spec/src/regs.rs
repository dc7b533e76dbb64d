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

macro_rules! bits {
    ($( #[doc = $table_doc:literal] $table:ident { $( $name:ident = $bit:literal, $doc:literal; )* } )*) => {
        $( #[doc = $table_doc] pub mod $table {
            $( #[doc = $doc] pub const $name: u32 = 1 << $bit; )*
            /// All bits, in ascending order: name, number, what it says.
            pub const BITS: &[(&str, u32, &str)] = &[$( (stringify!($name), $bit, $doc) ),*];
        } )*
    };
}

bits! {
    /// Bits of `CONTROL`.
    control {
        START = 0, "Starts the program at `PROGRAM_LOW`, `PROGRAM_HIGH`; ignored while one runs.";
        CANCEL = 1, "Ends the program before its next instruction starts.";
        RESET = 2, "Resets the core: the program ends, status, enables and program registers are cleared, card memory stays.";
    }
    /// Bits of `STATUS` and of `INTERRUPT_ENABLE`.
    status {
        DONE = 0, "The program has ended: its last instruction has retired, or one of the bits below says why it stopped.";
        ILLEGAL_INSTRUCTION = 1, "An instruction cannot be decoded or executed.";
        AXI_ERROR = 2, "A read or write of card memory was answered with an error, or lies outside of it.";
        WATCHDOG = 3, "No instruction retired for `WATCHDOG_CYCLES`.";
        CANCELLED = 4, "The host cancelled the program.";
        NOT_FINITE = 5, "A gradient was not finite, and guarded updates were left out.";
    }
}

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
    GIT_HASH = 0x010, ReadOnly, "First 32 bits of the commit that the core was generated from; 0 if it was not generated, as in the simulator.";
    BUILD_DATE = 0x014, ReadOnly, "Day that the core was built on, as the decimal digits YYYYMMDD in hexadecimal; 0 as with `GIT_HASH`.";
    DDR_CALIBRATED = 0x018, ReadOnly, "One bit per DDR4 channel: calibration is done.";
    SCRATCH = 0x01C, ReadWrite, "Holds what was written; for tests of the window.";
    CYCLES_LOW = 0x020, ReadOnly, "Low half of the free-running cycle counter; reading it latches the high half.";
    CYCLES_HIGH = 0x024, ReadOnly, "High half of the cycle counter, latched.";
    CONTROL = 0x040, WriteStrobe, "What is to be done, one bit each.";
    STATUS = 0x044, WriteOneToClear, "What has happened, one bit each.";
    INTERRUPT_ENABLE = 0x048, ReadWrite, "One bit per bit of `STATUS`.";
    PROGRAM_LOW = 0x04C, ReadWrite, "Low half of the program's address in card memory, a multiple of 64 bytes; one that is not ends the program with `AXI_ERROR`.";
    PROGRAM_HIGH = 0x050, ReadWrite, "High half of the program's address.";
    PROGRAM_LENGTH = 0x054, ReadWrite, "Instructions of the program.";
    FAULT_INSTRUCTION = 0x058, ReadOnly, "Index of the instruction that raised the last fault.";
    WATCHDOG_CYCLES = 0x05C, ReadWrite, "Cycles without a retired instruction until the watchdog fires; 0 is never.";
    RUNNING = 0x060, ReadOnly, "1 while a program runs, else 0.";
    RETIRED = 0x064, ReadOnly, "Instructions of the running or last program that have retired.";
    JOB_CYCLES_LOW = 0x068, ReadOnly, "Low half of the cycles of the last program that ended; reading it latches the high half.";
    JOB_CYCLES_HIGH = 0x06C, ReadOnly, "High half of the last program's cycles, latched.";
    FAULT_ADDRESS_LOW = 0x070, ReadOnly, "Low half of the card memory address that the last AXI error concerns.";
    FAULT_ADDRESS_HIGH = 0x074, ReadOnly, "High half of that address.";
}
