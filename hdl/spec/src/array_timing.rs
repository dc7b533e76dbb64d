//! Cycles of the array that RTL and timing model share.

use crate::ArrayConfig;

/// Cycles from the start of an MM until its first token is at the first USPE's multiplier: the token's register, the bank's
/// address, the bank with its output register, the normalised word, the USPE's word register, and the start itself.
pub const ARRAY_FRONT_CYCLES: usize = 7;
/// Cycles from the one in which the MM engine gets an MM to the first in which it may start.
pub const MM_DECODE_CYCLES: usize = 4;

/// Fixed cycles of an array. A time "at the edge" is the cycle in which the value of every column is at the drain port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArrayTiming {
    /// WS: shortest pass, so that psums come round to the next pass and its weights are in place.
    pub ws_pass_floor_cycles: usize,
    /// WS: cycles after a pass before an OS tile may start, until the last row has no token of the pass any more.
    pub ws_run_on_cycles: usize,
    /// WS: cycles after a pass until its last row has read its last word: the half of the banks is free.
    pub ws_release_cycles: usize,
    /// OS: cycles after an MM until its last row and column have read.
    pub os_release_cycles: usize,
    /// WS: from the start of a pass to its first sums at the edge.
    pub ws_reach_cycles: usize,
    /// OS: from the start of a tile's last round to its first output at the edge.
    pub os_reach_cycles: usize,
}

impl ArrayConfig {
    /// The fixed cycles of this array.
    #[must_use]
    pub const fn array_timing(&self) -> ArrayTiming {
        let (rows, cols, adder) = (self.rows, self.cols, self.adder_latency_cycles);
        let product = ARRAY_FRONT_CYCLES + self.multiplier_latency_cycles;
        ArrayTiming {
            ws_pass_floor_cycles: rows * adder + 8,
            ws_run_on_cycles: (rows - 1) * (adder - 1),
            // Each row reads an adder later than the one before, three cycles after it is told to.
            ws_release_cycles: (rows - 1) * adder + 3,
            os_release_cycles: (if rows > cols { rows } else { cols }) + 2,
            // Through the adders of all rows; each column is one cycle later, and all wait for the last.
            ws_reach_cycles: product + rows * adder + cols,
            // Through the drain registers of all rows.
            os_reach_cycles: product + adder + rows + cols,
        }
    }
}
