//! What of AXI4 the core's masters speak (AMBA AXI4 specification): bursts, responses, and what would be a mistake.

use super::trace::Retirement;
use satkit_memory::{Direction, PAGE_BYTES};
use satkit_spec::isa::Engine;
use std::fmt;

/// Bytes of a beat: 512 bits.
pub(super) const BEAT_BYTES: usize = 64;
/// A beat's bytes as a power of two, as `AxSIZE` says them.
const BEAT_SIZE: u8 = BEAT_BYTES.ilog2() as u8;
/// `AxBURST` of bursts with ascending addresses.
const INCREMENTING: u8 = 1;

/// `RRESP` and `BRESP`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Response {
    /// Done.
    #[default]
    Okay = 0,
    /// The memory cannot: it was never written, so its error correction code is of no data.
    SlaveError = 2,
    /// There is no memory.
    DecodeError = 3,
}

/// A burst as `AR` or `AW` says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Burst {
    /// First byte.
    pub(super) address: u64,
    /// Beats but one.
    pub(super) len: u8,
    /// Bytes of a beat, as a power of two.
    pub(super) size: u8,
    /// How addresses go on.
    pub(super) kind: u8,
}

impl Burst {
    /// Beats.
    pub(super) const fn beats(&self) -> u32 {
        self.len as u32 + 1
    }

    /// Checks what the core's masters promise: whole beats, in one page, of the memory channel `port` of `channels`.
    pub(super) fn check(&self, port: usize, channels: usize) -> Result<(), &'static str> {
        let bytes = u64::from(self.beats()) * BEAT_BYTES as u64;
        if self.size != BEAT_SIZE || self.kind != INCREMENTING {
            return Err("is not of incrementing beats of 64 bytes");
        }
        if !self.address.is_multiple_of(BEAT_BYTES as u64) {
            return Err("does not start at a beat");
        }
        if self.address % PAGE_BYTES + bytes > PAGE_BYTES {
            return Err("crosses 4 KiB");
        }
        if (self.address / PAGE_BYTES) as usize % channels != port {
            return Err("belongs to another port");
        }
        Ok(())
    }
}

/// What the RTL does that it must not: a defect of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Violation {
    /// A burst that no master of the core may ask for.
    #[error("port {port}: the {direction:?} burst {burst:x?} {reason}")]
    Burst {
        /// The master's number.
        port: usize,
        /// Which way.
        direction: Direction,
        /// What was asked for.
        burst: Burst,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// `WLAST` where it should not be, or not where it should.
    #[error("port {port}: WLAST is {found} in beat {beat} of a burst of {beats}")]
    Last {
        /// The master's number.
        port: usize,
        /// What it said.
        found: bool,
        /// Index of the beat.
        beat: u32,
        /// Beats of the burst.
        beats: u32,
    },
    /// The register window does not answer.
    #[error("a {access} of register {offset:#05x} has no answer after {cycles} cycles")]
    Silent {
        /// `read` or `write`.
        access: &'static str,
        /// The register.
        offset: u32,
        /// How long was waited.
        cycles: u64,
    },
    /// An instruction of a job that is compared ends otherwise than expected.
    #[error("instruction {index} of {} {found}; expected: {expected}", engine.name())]
    Differs {
        /// Index in the program.
        index: usize,
        /// Whose.
        engine: Engine,
        /// What it did.
        found: Ending,
        /// What it had to do.
        expected: Ending,
    },
}

/// How an instruction ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ending {
    retirement: Retirement,
    /// Of what it has written.
    digest: u64,
}

impl From<(Retirement, u64)> for Ending {
    fn from((retirement, digest): (Retirement, u64)) -> Self {
        Self { retirement, digest }
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Retirement { start_cycle, end_cycle, .. } = self.retirement;
        write!(f, "runs in cycles {start_cycle}..{end_cycle} and leaves {:016x}", self.digest)
    }
}
