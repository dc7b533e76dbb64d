//! What a step costs, row by row.

use super::compile::Step;
use crate::plan::Bound;
use crate::program::Work;
use crate::timing::{SectionTiming, Timing, utilization};
use satkit_spec::{ArrayConfig, Dataflow};

/// One section of a step: a stage of a layer, an elementwise stream, an update.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct StepRow {
    /// Name of the layer, node or parameter.
    pub name: String,
    /// What is done: FF, BP, WU, update or elementwise.
    pub stage: &'static str,
    /// Dataflow of its largest matrix problem; none without one.
    pub dataflow: Option<Dataflow>,
    /// Output rows that one USPE owns.
    pub ip: Option<usize>,
    /// Output columns that one USPE owns.
    pub iq: Option<usize>,
    /// Cycles of the step that belong to this row; all rows add up to the step's cycles. 0 for what is hidden behind others.
    pub cycles: u64,
    /// Cycles from its first start to its last end, overlap included.
    pub span_cycles: u64,
    /// Useful multiply-accumulates.
    pub useful_macs: u64,
    /// Useful MACs per USPE and cycle of the row, 0 to 1; 0 where a row has no MACs.
    pub utilization: f64,
    /// Bytes read from DRAM.
    pub dram_read_bytes: u64,
    /// Bytes written to DRAM.
    pub dram_write_bytes: u64,
    /// What limits it.
    pub bound: Bound,
    /// The chosen mapping of its largest matrix problem, in words.
    pub mapping: Option<String>,
    /// Cycles that the scheduler found for the part of the problem that it priced.
    pub priced_cycles: Option<u64>,
    /// The next best mapping, and its cycles for the same part.
    pub runner_up: Option<(String, u64)>,
}

/// What a step costs.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct StepReport {
    /// Cycles of the step.
    pub total_cycles: u64,
    /// The same in seconds at the machine's clock.
    pub seconds: f64,
    /// Multiply-accumulates with dense operands: FF, BP and WU of the whole batch.
    pub dense_macs: u64,
    /// Multiply-accumulates that are done.
    pub useful_macs: u64,
    /// Useful MACs per USPE and cycle, 0 to 1.
    pub utilization: f64,
    /// Dense operations per second, two per multiply-accumulate, in 10^9.
    pub gflops_dense_equivalent: f64,
    /// Bytes moved to and from DRAM.
    pub dram_bytes: u64,
    /// Instructions of the program.
    pub instructions: usize,
    /// Bytes of card memory.
    pub card_bytes: u64,
    /// The rows, in program order.
    pub layers: Vec<StepRow>,
}

impl StepRow {
    /// Row `index` of a step, which took `own`.
    #[must_use]
    pub fn of(config: &ArrayConfig, step: &Step, own: &SectionTiming, index: usize) -> Self {
        let section = &step.program.sections()[index];
        let choice = step.sections[index].choice();
        let mapping = choice.map(|choice| choice.mapping);
        let bound = match section.work {
            Work::Elementwise => Bound::Elementwise,
            Work::Update => Bound::Update,
            _ => Bound::of(&own.busy_cycles, own.drain_wait_cycles),
        };
        Self {
            name: section.name.clone(),
            stage: section.work.name(),
            dataflow: mapping.map(|mapping| mapping.dataflow()),
            ip: mapping.map(|mapping| mapping.interleave().0),
            iq: mapping.map(|mapping| mapping.interleave().1),
            cycles: own.cycles,
            span_cycles: own.end_cycle - own.start_cycle,
            useful_macs: own.useful_macs,
            utilization: utilization(config, own.useful_macs, own.cycles),
            dram_read_bytes: own.dram_read_bytes,
            dram_write_bytes: own.dram_write_bytes,
            bound,
            mapping: mapping.map(|mapping| mapping.to_string()),
            priced_cycles: choice.map(|choice| choice.priced_cycles),
            runner_up: choice
                .and_then(|choice| choice.runner_up)
                .map(|(mapping, cycles)| (mapping.to_string(), cycles)),
        }
    }
}

impl StepReport {
    /// The report of a step that was timed on `config`.
    #[must_use]
    pub fn new(config: &ArrayConfig, step: &Step, timing: &Timing) -> Self {
        let seconds = timing.cycles as f64 / config.clock_hz as f64;
        let rows = (0..step.program.sections().len())
            .map(|index| StepRow::of(config, step, &timing.sections[index], index))
            .collect();
        Self {
            total_cycles: timing.cycles,
            seconds,
            dense_macs: step.dense_macs,
            useful_macs: timing.useful_macs,
            utilization: timing.utilization(config),
            gflops_dense_equivalent: if seconds > 0.0 {
                2e-9 * step.dense_macs as f64 / seconds
            } else {
                0.0
            },
            dram_bytes: timing.dram_read_bytes + timing.dram_write_bytes,
            instructions: step.program.instructions().len(),
            card_bytes: step.card_bytes,
            layers: rows,
        }
    }

    /// Useful MACs per USPE and cycle over the rows of MAC stages alone, 0 to 1.
    #[must_use]
    pub fn mac_stage_utilization(&self, config: &ArrayConfig) -> f64 {
        let cycles = self.layers.iter().filter(|row| row.dataflow.is_some()).map(|row| row.cycles);
        utilization(config, self.useful_macs, cycles.sum())
    }
}
