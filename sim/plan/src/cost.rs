//! How many cycles the machine takes for one instruction (`docs/machine.md`).

use satkit_spec::isa::{MatMul, Update, Vector};
use satkit_spec::{ArrayConfig, Dataflow};

/// Beats of one AXI port.
pub(crate) fn port_beats(config: &ArrayConfig, bytes: u64) -> u64 {
    bytes.div_ceil(config.axi_beat_bytes as u64)
}

/// Beats of a stream that is interleaved over all channels.
pub(crate) fn stream_beats(config: &ArrayConfig, bytes: u64) -> u64 {
    bytes.div_ceil((config.axi_beat_bytes * config.dram_channels) as u64)
}

/// Length of the accumulator ring for `interleave` outputs: idle slots pad it to the adder's latency.
pub(crate) fn ring_cycles(config: &ArrayConfig, interleave: usize) -> u64 {
    interleave.max(config.adder_latency_cycles) as u64
}

/// Rows that a WS pass streams at least, if psums of one pass feed the next.
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
    /// Cycles from the end of the last round to the last drained output.
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
                drain_cycles: (rows - 1) + (cols - 1) + multiplier + adder + drain,
                drain_busy_cycles: drain,
            }
        }
        Dataflow::WeightStationary => {
            let streamed = u64::from(mm.rows);
            // A pass that continues, or is continued by, another waits for its psums to come round. A
            // single pass takes at least the R cycles of its preload.
            let floor =
                if mm.accumulate || !mm.drain { ws_pass_floor_cycles(config) } else { rows };
            let pass = streamed.max(floor);
            MatMulCost {
                array_cycles: pass,
                last_round_cycles: pass,
                // Rows are skewed by the adder; columns by one. Outputs leave as they are finished.
                drain_cycles: rows * adder + (cols - 1) + multiplier,
                drain_busy_cycles: streamed,
            }
        }
    }
}

/// Cycles of an update: lanes or DRAM streams, whichever is slower, then SORE's latency.
pub(crate) fn update(config: &ArrayConfig, update: &Update) -> u64 {
    let lanes = update.parameters.div_ceil(config.wuve_lanes as u64);
    let streams =
        stream_beats(config, update.read_bytes).max(stream_beats(config, update.write_bytes));
    let sore = if update.make_ff || update.make_bp { config.sore_latency_cycles as u64 } else { 0 };
    lanes.max(streams) + config.dram_latency_cycles as u64 + sore
}

/// Cycles of an elementwise stream: lanes or DRAM streams, whichever is slower.
pub(crate) fn vector(config: &ArrayConfig, vector: &Vector) -> u64 {
    let lanes = (vector.elements * vector.op.passes()).div_ceil(config.ve_lanes as u64);
    let streams =
        stream_beats(config, vector.read_bytes).max(stream_beats(config, vector.write_bytes));
    lanes.max(streams) + config.dram_latency_cycles as u64
}
