//! What a memory has done so far.

use crate::{Direction, Request};

/// Counts since the memory was built, over all channels. What a model does not have stays 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Statistics {
    /// Read requests.
    pub read_requests: u64,
    /// Write requests.
    pub write_requests: u64,
    /// Beats read.
    pub read_beats: u64,
    /// Beats written.
    pub write_beats: u64,
    /// Cycles added by seeded back-pressure.
    pub pressure_cycles: u64,
    /// DDR4: requests that found their row open. Writes count when they leave the write buffer.
    pub row_hits: u64,
    /// DDR4: requests that found their bank closed.
    pub row_misses: u64,
    /// DDR4: requests that found another row open.
    pub row_conflicts: u64,
    /// DDR4: refreshes begun, those of idle time included.
    pub refreshes: u64,
    /// DDR4: changes of the data bus's direction.
    pub turnarounds: u64,
}

impl Statistics {
    #[inline]
    pub(crate) fn count(&mut self, request: &Request) {
        let beats = u64::from(request.beats);
        match request.direction {
            Direction::Read => {
                self.read_requests += 1;
                self.read_beats += beats;
            }
            Direction::Write => {
                self.write_requests += 1;
                self.write_beats += beats;
            }
        }
    }
}
