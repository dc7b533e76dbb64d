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
    /// The halves of the banks are free: every row and column has read.
    pub(super) read: u64,
    /// The first array row's outputs are at the edge, if it drains; else the same as `end`.
    pub(super) first_out: u64,
    /// The last output is at the edge, if it drains; else the same as `end`.
    pub(super) drained: u64,
    /// It retires: MMs do so in order, one per cycle.
    pub(super) retired: u64,
    /// Cycles of slots.
    pub(super) array_cycles: u64,
    /// Cycles that the tile waits for the drain path before its first slot.
    pub(super) drain_wait_cycles: u64,
}

#[derive(Default)]
pub(super) struct Array {
    /// The array is free from here on.
    free: u64,
    /// No OS tile may start before: the rows of the last WS pass run dry.
    rows_free: u64,
    /// The drain path is free from here on.
    drain_free: u64,
    /// The MM before ended.
    ended: u64,
}

impl Array {
    /// Starts an MM that may start in cycle `ready`.
    ///
    /// Its outputs may not be at the edge before those of the MM drained before have left it; the wait goes before its
    /// first slot.
    pub(super) fn multiply(
        &mut self,
        config: &ArrayConfig,
        dataflow: Dataflow,
        mm: &MatMul,
        ready: u64,
    ) -> Busy {
        let cost = cost::matmul(config, dataflow, mm);
        let array_cycles = cost.array_cycles;
        let mut possible = ready.max(self.free);
        if dataflow == Dataflow::OutputStationary {
            possible = possible.max(self.rows_free);
        }
        let first_out = array_cycles - cost.last_round_cycles + cost.reach_cycles;
        let start = match mm.drain {
            true => possible.max(self.drain_free.saturating_sub(first_out)),
            false => possible,
        };
        self.free = start + array_cycles;
        if dataflow == Dataflow::WeightStationary {
            self.rows_free = self.free + config.array_timing().ws_run_on_cycles as u64;
        }
        let end = self.free;
        let timing = config.array_timing();
        let release = match dataflow {
            Dataflow::OutputStationary => timing.os_release_cycles,
            Dataflow::WeightStationary => timing.ws_release_cycles,
        };
        let read = end + release as u64;
        if !mm.drain {
            self.ended = end.max(self.ended + 1);
            return Busy {
                retired: self.ended,
                start,
                end,
                read,
                first_out: end,
                drained: end,
                array_cycles,
                drain_wait_cycles: 0,
            };
        }
        self.drain_free = start + first_out + cost.drain_cycles;
        self.ended = self.drain_free.max(end).max(self.ended + 1);
        Busy {
            retired: self.ended,
            start,
            end,
            read,
            first_out: start + first_out + cost.first_cycles,
            drained: self.drain_free.max(end),
            array_cycles,
            drain_wait_cycles: start - possible,
        }
    }
}
