//! Output-stationary: each USPE owns `Ip x Iq` outputs while K streams past.

use super::{Extent, TileStep, extents, geometry, load_activations, load_weights, matmul, store};
use crate::cost::{port_beats, ring_cycles};
use crate::{PlanError, Problem, Program};
use satkit_spec::isa::Semaphore::{
    ActivationsFree, ActivationsFull, DrainFree, DrainFull, WeightsFree, WeightsFull,
};
use satkit_spec::{ArrayConfig, Dataflow, MAX_INTERLEAVE};

/// How an OS schedule tiles a problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OsMapping {
    /// Output rows that one USPE owns.
    pub(crate) ip: usize,
    /// Output columns that one USPE owns.
    pub(crate) iq: usize,
    /// K slots of one chunk.
    pub(crate) chunk_slots: usize,
}

impl OsMapping {
    /// The mapping with the smallest estimated time; ties go to the smaller interleave.
    pub(crate) fn choose(config: &ArrayConfig, problem: &Problem) -> Self {
        let mut best: Option<(u64, Self)> = None;
        for total in 1..=MAX_INTERLEAVE {
            for ip in (1..=total).filter(|ip| total.is_multiple_of(*ip)) {
                let Some(mapping) = Self::fit(config, problem, ip, total / ip) else { continue };
                let estimate = mapping.estimate_cycles(config, problem);
                if best.is_none_or(|(cycles, _)| estimate < cycles) {
                    best = Some((estimate, mapping));
                }
            }
        }
        // Ip = Iq = 1 with a one-unit chunk fits every valid configuration (banks hold at least 256).
        best.map_or(Self { ip: 1, iq: 1, chunk_slots: problem.unit_slots().max(1) }, |(_, m)| m)
    }

    /// The mapping with the fewest K chunks of whole units that fit half of each buffer.
    fn fit(config: &ArrayConfig, problem: &Problem, ip: usize, iq: usize) -> Option<Self> {
        let unit = problem.unit_slots().max(1);
        let fits = |slots: usize| {
            ip * problem.words(slots, config.m_lanes) <= config.w2e_words_per_row / 2
                && iq * slots <= config.n2s_entries_per_col / 2
        };
        let whole = problem.slots.max(1);
        if fits(whole) {
            return Some(Self { ip, iq, chunk_slots: whole });
        }
        // Chunks of even length, so that each load hides behind the multiplication before it.
        let units = whole.div_ceil(unit);
        let most = (1..=units).take_while(|units| fits(units * unit)).last()?;
        let chunks = units.div_ceil(most);
        Some(Self { ip, iq, chunk_slots: units.div_ceil(chunks) * unit })
    }

    /// The slowest engine's busy time, by closed form; the exact time comes from the program.
    fn estimate_cycles(&self, config: &ArrayConfig, problem: &Problem) -> u64 {
        let (tile_rows, tile_cols) = (config.rows * self.ip, config.cols * self.iq);
        let row_tiles = problem.rows.div_ceil(tile_rows) as u64;
        let col_tiles = problem.cols.div_ceil(tile_cols) as u64;
        let interleave = self.ip * self.iq;
        let round = ring_cycles(config, interleave);
        let drain = (config.rows * interleave) as u64;
        let array = row_tiles * col_tiles * (round * problem.slots as u64).max(drain);
        let rows = tile_rows.min(problem.rows);
        let a_loads = if self.chunk_slots >= problem.slots { 1 } else { col_tiles };
        let a_bytes = problem.activation_bytes(0, rows, problem.slots);
        let load_a = row_tiles * a_loads * port_beats(config, a_bytes);
        let w_bytes = problem.weight_bytes(problem.cols, problem.slots);
        let load_w = row_tiles * port_beats(config, w_bytes);
        array.max(load_a).max(load_w)
    }

    /// Appends the problem's instructions.
    pub(crate) fn emit(
        &self,
        config: &ArrayConfig,
        problem: &Problem,
        program: &mut Program,
    ) -> Result<(), PlanError> {
        program.push(geometry(problem, Dataflow::OutputStationary), &[], &[])?;
        let col_tiles = extents(problem.cols, config.cols * self.iq);
        let col_tile_count = col_tiles.clone().count();
        // K = 0 is legal: one empty chunk drains +0.0.
        let chunks: Vec<Extent> = if problem.slots == 0 {
            vec![Extent { base: 0, len: 0 }]
        } else {
            extents(problem.slots, self.chunk_slots).collect()
        };
        let resident = chunks.len() == 1;
        for rows in extents(problem.rows, config.rows * self.ip) {
            let ip = rows.len.div_ceil(config.rows);
            for (tile, cols) in col_tiles.clone().enumerate() {
                let iq = cols.len.div_ceil(config.cols);
                for (chunk, &slots) in chunks.iter().enumerate() {
                    let (first, last) = (chunk == 0, chunk + 1 == chunks.len());
                    // Activations of a whole K stay for all column tiles.
                    let load_a = !resident || tile == 0;
                    let free_a = !resident || tile + 1 == col_tile_count;
                    if load_a {
                        let words = ip * problem.words(slots.len, config.m_lanes);
                        let load = load_activations(problem, rows, words, slots)?;
                        program.push(load, &[ActivationsFree], &[ActivationsFull])?;
                    }
                    let load = load_weights(problem, cols, iq * slots.len, slots)?;
                    program.push(load, &[WeightsFree], &[WeightsFull])?;
                    let mut wait = vec![WeightsFull];
                    let mut post = vec![WeightsFree];
                    if load_a {
                        wait.push(ActivationsFull);
                    }
                    if free_a {
                        post.push(ActivationsFree);
                    }
                    if last {
                        wait.push(DrainFree);
                        post.push(DrainFull);
                    }
                    let step = TileStep { rows, cols, slots, ip, iq, first, last };
                    program.push(matmul(&step)?, &wait, &post)?;
                }
                program.push(store(problem, rows, cols)?, &[DrainFull], &[DrainFree])?;
            }
        }
        Ok(())
    }
}
