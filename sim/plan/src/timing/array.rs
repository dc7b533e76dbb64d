//! The USPE array and its drain path.

use crate::cost;
use satkit_spec::isa::MatMul;
use satkit_spec::{ArrayConfig, Dataflow};

/// When one MM has the array.
#[derive(Clone, Copy, Debug)]
pub(super) struct Busy {
    /// First slot.
    pub(super) start: u64,
    /// The array is free.
    pub(super) end: u64,
    /// The first array row's outputs are at the edge, if it drains; else the same as `end`.
    pub(super) first_out: u64,
    /// The last output is at the edge, if it drains; else the same as `end`.
    pub(super) drained: u64,
    /// Cycles of slots.
    pub(super) array_cycles: u64,
    /// Cycles that the tile waits for the drain path before its first slot.
    pub(super) drain_wait_cycles: u64,
}

#[derive(Default)]
pub(super) struct Array {
    /// The array is free from here on.
    free: u64,
    /// The drain path is free from here on.
    drain_free: u64,
}

impl Array {
    /// Starts an MM that may start in cycle `ready`.
    ///
    /// The last round of a tile that drains may not begin before the tile drained before has left the path; the wait
    /// goes before its first slot.
    pub(super) fn multiply(
        &mut self,
        config: &ArrayConfig,
        dataflow: Dataflow,
        mm: &MatMul,
        ready: u64,
    ) -> Busy {
        let cost = cost::matmul(config, dataflow, mm);
        let array_cycles = cost.array_cycles;
        let possible = ready.max(self.free);
        if !mm.drain {
            self.free = possible + array_cycles;
            let end = self.free;
            return Busy {
                start: possible,
                end,
                first_out: end,
                drained: end,
                array_cycles,
                drain_wait_cycles: 0,
            };
        }
        let before_last = array_cycles.saturating_sub(cost.last_round_cycles);
        let start = possible.max(self.drain_free.saturating_sub(before_last));
        self.drain_free = start + before_last + cost.drain_busy_cycles;
        self.free = start + array_cycles;
        let first_out = match dataflow {
            Dataflow::OutputStationary => self.free + cost.first_out_cycles,
            Dataflow::WeightStationary => start + cost.first_out_cycles,
        };
        Busy {
            start,
            end: self.free,
            first_out,
            drained: (first_out + cost.drain_cycles).max(self.free),
            array_cycles,
            drain_wait_cycles: start - possible,
        }
    }
}
