//! Weight-stationary: R kept slots of C columns sit in the array while output rows stream past.

use super::{Extent, TileStep, extents, geometry, load_activations, load_weights, matmul, store};
use crate::{PlanError, Problem, Program};
use satkit_spec::isa::Semaphore::{
    ActivationsFree, ActivationsFull, DrainFree, DrainFull, WeightsFree, WeightsFull,
};
use satkit_spec::{ArrayConfig, Dataflow};

/// How a WS schedule tiles a problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WsMapping {
    /// Output rows that stream through one pass, P.
    pub(crate) rows: usize,
    /// Column tiles that share a pass's activations, their partial sums side by side in the psum buffer.
    pub(crate) col_group: usize,
}

impl WsMapping {
    /// Streams as many rows as leave room for all column tiles in the psum buffer, but at least the
    /// rows that hide the psums' way round; half a row bank bounds them.
    pub(crate) fn choose(config: &ArrayConfig, problem: &Problem) -> Self {
        let bank = (config.w2e_words_per_row / 2).min(config.psum_depth);
        let col_tiles = problem.cols.div_ceil(config.cols);
        let floor = crate::cost::ws_pass_floor_cycles(config) as usize;
        let rows = (bank / col_tiles).clamp(floor.min(bank), bank);
        Self { rows, col_group: (config.psum_depth / rows).max(1) }
    }

    /// Appends the problem's instructions.
    pub(crate) fn emit(
        &self,
        config: &ArrayConfig,
        problem: &Problem,
        program: &mut Program,
    ) -> Result<(), PlanError> {
        program.push(geometry(problem, Dataflow::WeightStationary), &[], &[])?;
        let passes: Vec<Extent> = if problem.slots == 0 {
            vec![Extent { base: 0, len: 0 }]
        } else {
            extents(problem.slots, config.rows).collect()
        };
        let tiles: Vec<Extent> = extents(problem.cols, config.cols).collect();
        for rows in extents(problem.rows, self.rows) {
            for group in tiles.chunks(self.col_group) {
                for (pass, &slots) in passes.iter().enumerate() {
                    let (first, last) = (pass == 0, pass + 1 == passes.len());
                    // Each row bank holds one word per output row: that of its own slot.
                    let words = rows.len * slots.len.min(1);
                    let load = load_activations(problem, rows, words, slots)?;
                    program.push(load, &[ActivationsFree], &[ActivationsFull])?;
                    for (tile, &cols) in group.iter().enumerate() {
                        let load = load_weights(problem, cols, slots.len.min(1), slots)?;
                        program.push(load, &[WeightsFree], &[WeightsFull])?;
                        let mut wait = vec![WeightsFull];
                        let mut post = vec![WeightsFree];
                        if tile == 0 {
                            wait.push(ActivationsFull);
                        }
                        if tile + 1 == group.len() {
                            post.push(ActivationsFree);
                        }
                        if last {
                            wait.push(DrainFree);
                            post.push(DrainFull);
                        }
                        let step = TileStep { rows, cols, slots, ip: 1, iq: 1, first, last };
                        program.push(matmul(&step)?, &wait, &post)?;
                        if last {
                            program.push(
                                store(problem, rows, cols)?,
                                &[DrainFull],
                                &[DrainFree],
                            )?;
                        }
                    }
                }
            }
        }
        Ok(())
    }
}
