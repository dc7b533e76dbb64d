//! How many cycles the array takes for one MM (`docs/machine.md`).

use satkit_spec::isa::MatMul;
use satkit_spec::{ArrayConfig, Dataflow};

/// Length of the accumulator ring for `interleave` outputs: idle slots pad it to the adder's latency.
pub(crate) fn ring_cycles(config: &ArrayConfig, interleave: usize) -> u64 {
    interleave.max(config.adder_latency_cycles) as u64
}

/// Rows that a WS pass streams at least: its psums come round to the next pass, and the next pass's weights are in place.
pub(crate) fn ws_pass_floor_cycles(config: &ArrayConfig) -> u64 {
    config.array_timing().ws_pass_floor_cycles as u64
}

/// What one MM instruction costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MatMulCost {
    /// Cycles that the array is taken.
    pub(crate) array_cycles: u64,
    /// Cycles of the last round (OS) or pass (WS).
    pub(crate) last_round_cycles: u64,
    /// Cycles from the start of the last round (OS) or pass (WS) until the first output is at the edge.
    pub(crate) reach_cycles: u64,
    /// Cycles from then on until a store may begin, and follows the drain: in OS the outputs of the first array row.
    pub(crate) first_cycles: u64,
    /// Cycles in which outputs are at the edge: the drain path is taken.
    pub(crate) drain_cycles: u64,
}

/// The cost of an MM in `dataflow`.
pub(crate) fn matmul(config: &ArrayConfig, dataflow: Dataflow, mm: &MatMul) -> MatMulCost {
    let timing = config.array_timing();
    match dataflow {
        Dataflow::OutputStationary => {
            let interleave = usize::from(mm.ip) * usize::from(mm.iq);
            let ring = ring_cycles(config, interleave);
            MatMulCost {
                // Without slots one round of idle ones still hands +0.0 to the drain.
                array_cycles: ring * u64::from(mm.slots.max(1)),
                last_round_cycles: ring,
                reach_cycles: timing.os_reach_cycles as u64,
                first_cycles: interleave as u64,
                drain_cycles: (config.rows * interleave) as u64,
            }
        }
        Dataflow::WeightStationary => {
            let streamed = u64::from(mm.rows);
            let pass = streamed.max(timing.ws_pass_floor_cycles as u64);
            MatMulCost {
                array_cycles: pass,
                last_round_cycles: pass,
                reach_cycles: timing.ws_reach_cycles as u64,
                first_cycles: 0,
                drain_cycles: streamed,
            }
        }
    }
}
