//! The entries of operand weights and where they lie.

use super::{BEAT_BYTES, HALF_BYTES, tile_beats};
use crate::MacStage;
use satkit_spec::{
    BpPhase, K_BLOCK, POSITION_SLOTS, Sparsity, Stage, WEIGHT_TILE_COLS, position_beat, weight_beat,
};

/// One entry of operand weights: a kept weight, or any if they are dense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OperandEntry {
    /// First byte of its value, from the start of the weights.
    pub value_byte: usize,
    /// Byte with its position, if the weights are compact.
    pub position_byte: usize,
    /// Lowest bit of its position in that byte: 0 or 4.
    pub position_bit: usize,
    /// Output column: Co in FF, Ci in BP.
    pub column: usize,
    /// Reduced channel if the weights are dense, else the group of them.
    pub group: usize,
    /// Index among the kept weights of the group; 0 if the weights are dense.
    pub kept: usize,
    /// `kh * KW + kw`.
    pub tap: usize,
}

impl OperandEntry {
    /// OIHW index of the weight, if the weights are dense.
    #[must_use]
    pub const fn dense_at(&self, mac: &MacStage) -> usize {
        let shape = &mac.shape;
        let (co, ci) = match mac.stage {
            Stage::Bp => (self.group, self.column),
            _ => (self.column, self.group),
        };
        (co * shape.ci + ci) * shape.taps() + self.tap
    }

    /// Index among the compact weights in C order: (Co, tap, group along Ci, kept) in FF, (Ci, tap, group along Co, kept) in BP.
    #[must_use]
    pub const fn compact_at(&self, mac: &MacStage) -> usize {
        let channels = match mac.stage {
            Stage::Bp => mac.shape.co,
            _ => mac.shape.ci,
        };
        let groups = channels / mac.sparsity.m();
        let group = (self.column * mac.shape.taps() + self.tap) * groups + self.group;
        group * mac.sparsity.n() + self.kept
    }
}

/// Calls `visit` for each entry of the operand weights of FF or BP, in the order of memory: tiles of 32 columns, in each the slots
/// of K, in each its columns. The slots are those of all phases of a BP, phase after phase; taps of no phase have no weights in
/// memory.
pub fn for_each_operand(mac: &MacStage, mut visit: impl FnMut(OperandEntry)) {
    let problems = mac.problems();
    let (n, m) = (mac.sparsity.n(), mac.sparsity.m());
    let compact = mac.sparsity != Sparsity::DENSE;
    let taps: Vec<Vec<usize>> = problems.iter().map(|problem| taps(mac, problem.phase)).collect();
    let cols = problems.first().map_or(0, |problem| problem.cols);
    let beats = tile_beats(mac);
    for first in (0..cols).step_by(WEIGHT_TILE_COLS) {
        let tile = (first / WEIGHT_TILE_COLS) as u64 * beats;
        let byte = |beat: u64| ((tile + beat) * BEAT_BYTES) as usize;
        let mut slot = 0;
        for (problem, taps) in problems.iter().zip(&taps) {
            let channels = problem.channels();
            for block in (0..channels).step_by(K_BLOCK) {
                for &tap in taps {
                    for group in block / m..channels.min(block + K_BLOCK) / m {
                        for kept in 0..n {
                            let values = byte(weight_beat(slot, compact));
                            let quarter = slot as usize % POSITION_SLOTS;
                            let positions = byte(position_beat(slot))
                                + quarter * BEAT_BYTES as usize / POSITION_SLOTS;
                            for column in first..cols.min(first + WEIGHT_TILE_COLS) {
                                let inside = column - first;
                                visit(OperandEntry {
                                    value_byte: values + inside * HALF_BYTES as usize,
                                    position_byte: positions + inside / 2,
                                    position_bit: inside % 2 * 4,
                                    column,
                                    group,
                                    kept,
                                    tap,
                                });
                            }
                            slot += 1;
                        }
                    }
                }
            }
        }
    }
}

/// Kernel taps of FF, or of a phase of BP, in the order of K.
fn taps(mac: &MacStage, phase: Option<BpPhase>) -> Vec<usize> {
    let shape = &mac.shape;
    let Some(phase) = phase else { return (0..shape.taps()).collect() };
    let axis = |first: usize, count| (0..count).map(move |i| first + i * shape.stride);
    axis(phase.phase_h, phase.taps_h)
        .flat_map(|kh| axis(phase.phase_w, phase.taps_w).map(move |kw| kh * shape.kw + kw))
        .collect()
}
