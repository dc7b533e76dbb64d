//! What a port asks for and what it gets.

/// Bytes of one page: addresses change the channel every page, and no request crosses one.
pub const PAGE_BYTES: u64 = 4096;

/// Which way the beats go, seen from the core.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
pub enum Direction {
    /// From DRAM to the core.
    Read,
    /// From the core to DRAM.
    Write,
}

/// One burst group of one channel's port. All its beats lie in one page of [`PAGE_BYTES`].
///
/// Requests arrive in non-decreasing order of `cycle`. Models count in 64 bits and are exact for cycles below 2^48
/// (16 days at 200 MHz).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
pub struct Request {
    /// Core cycle in which the port takes the request.
    pub cycle: u64,
    /// Physical byte address of the first beat.
    pub address: u64,
    /// Number of beats, at least 1.
    pub beats: u32,
    /// Read or write.
    pub direction: Direction,
}

/// When a request's beats pass the core's port, in core cycles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
pub struct Transfer {
    /// Cycle of the first beat: a read's first data arrives, a write's first data is taken.
    pub start_cycle: u64,
    /// First cycle after the last beat; for a write the cycle from which it counts as done.
    pub end_cycle: u64,
}
