//! How many cycles the array takes for one MM (`docs/machine.md`).

use satkit_spec::isa::MatMul;
use satkit_spec::{ArrayConfig, Dataflow};

/// Length of the accumulator ring for `interleave` outputs: idle slots pad it to the adder's latency.
pub(crate) fn ring_cycles(config: &ArrayConfig, interleave: usize) -> u64 {
    interleave.max(config.adder_latency_cycles) as u64
}

/// Rows that a WS pass streams at least: its psums come round to the next pass, and the next pass's weights are in place.
pub(crate) fn ws_pass_floor_cycles(config: &ArrayConfig) -> u64 {
    (config.rows * config.adder_latency_cycles + 8) as u64
}

/// What one MM instruction costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MatMulCost {
    /// Cycles that the array is taken.
    pub(crate) array_cycles: u64,
    /// Cycles of the last round (OS) or pass (WS), whose start is bound by the drain before it.
    pub(crate) last_round_cycles: u64,
    /// Cycles from the end of the last round (OS) or the start of the pass (WS) until the outputs of one array row are
    /// at the edge: a store may begin, and follows the drain.
    pub(crate) first_out_cycles: u64,
    /// Cycles from then on until the last output is at the edge.
    pub(crate) drain_cycles: u64,
    /// Cycles that the drain path is taken, counted from the last round's start.
    pub(crate) drain_busy_cycles: u64,
}

/// The cost of an MM in `dataflow`.
pub(crate) fn matmul(config: &ArrayConfig, dataflow: Dataflow, mm: &MatMul) -> MatMulCost {
    let (rows, cols) = (config.rows as u64, config.cols as u64);
    let adder = config.adder_latency_cycles as u64;
    let multiplier = config.multiplier_latency_cycles as u64;
    match dataflow {
        Dataflow::OutputStationary => {
            let interleave = usize::from(mm.ip) * usize::from(mm.iq);
            let ring = ring_cycles(config, interleave);
            let drain = rows * interleave as u64;
            MatMulCost {
                array_cycles: ring * u64::from(mm.slots),
                last_round_cycles: ring,
                // Skew over rows and columns, the pipelines, then the outputs leave down the columns.
                first_out_cycles: (rows - 1) + (cols - 1) + multiplier + adder + interleave as u64,
                drain_cycles: drain - interleave as u64,
                drain_busy_cycles: drain,
            }
        }
        Dataflow::WeightStationary => {
            let streamed = u64::from(mm.rows);
            let pass = streamed.max(ws_pass_floor_cycles(config));
            MatMulCost {
                array_cycles: pass,
                last_round_cycles: pass,
                // Rows are skewed by the adder; columns by one. Outputs leave as they are finished.
                first_out_cycles: rows * adder + (cols - 1) + multiplier,
                drain_cycles: streamed,
                drain_busy_cycles: streamed,
            }
        }
    }
}
