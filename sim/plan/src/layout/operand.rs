//! The entries of operand weights in their order in memory.

use crate::{MacStage, Problem};
use satkit_spec::{K_BLOCK, Stage};

/// One entry of a matrix problem's operand weights: a kept weight, or any if they are dense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OperandEntry {
    /// Place in memory, counted in entries.
    pub entry: usize,
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

/// Calls `visit` for each entry of an FF or BP problem's weights, in the order of memory: column tiles of `columns` columns (those
/// of the array), in each slot after slot of K, in each slot its columns. A BP has a problem for each phase, and taps of no phase
/// have no weights in memory.
pub fn for_each_operand(problem: &Problem, columns: usize, mut visit: impl FnMut(OperandEntry)) {
    let MacStage { shape, stage, sparsity } = problem.mac;
    let channels = if stage == Stage::Bp { shape.co } else { shape.ci };
    let taps: Vec<usize> = match problem.phase {
        None => (0..shape.taps()).collect(),
        Some(phase) => {
            let axis = |first: usize, count| (0..count).map(move |i| first + i * shape.stride);
            axis(phase.phase_h, phase.taps_h)
                .flat_map(|kh| axis(phase.phase_w, phase.taps_w).map(move |kw| kh * shape.kw + kw))
                .collect()
        }
    };
    let (n, m) = (sparsity.n(), sparsity.m());
    let mut entry = 0;
    for first in (0..problem.cols).step_by(columns) {
        for block in (0..channels).step_by(K_BLOCK) {
            for &tap in &taps {
                for group in block / m..channels.min(block + K_BLOCK) / m {
                    for kept in 0..n {
                        for column in first..problem.cols.min(first + columns) {
                            visit(OperandEntry { entry, column, group, kept, tap });
                            entry += 1;
                        }
                    }
                }
            }
        }
    }
}
