//! LD.W: the operand of the columns.

use super::{Requests, bytes_at, group_offset, half_pitch, row_bytes};
use crate::layout::{HALF_BYTES, problem_weight_bytes};
use crate::space::{TileSpace, WeightSource};
use satkit_spec::Sparsity;
use satkit_spec::isa::{LoadWeights, Operands};

/// Appends what the load reads; `array_cols` is the width of a weight tile. The tile lies within the space.
pub(crate) fn load_weights(
    space: &TileSpace,
    operands: &Operands,
    load: &LoadWeights,
    array_cols: usize,
    requests: &mut Requests,
) {
    if load.slots == 0 || load.cols == 0 {
        return;
    }
    let (col_base, cols) = (load.col_base as usize, load.cols as usize);
    let (slot_base, slots) = (u64::from(load.slot_base), load.slots as usize);
    let problem = &space.problem;
    let pitch = half_pitch(operands.w_pitch);
    match space.source {
        WeightSource::Tiles => {
            let base = bytes_at(operands.w) + phase_offset(space);
            let [value_bytes, _] = problem_weight_bytes(problem);
            let mut at = col_base;
            while at < col_base + cols {
                let tile = at / array_cols * array_cols;
                let stop = (tile + array_cols).min(col_base + cols);
                let width = array_cols.min(problem.cols - tile) as u64;
                // The tiles before this one, then its K slots before this chunk; a row of a tile is loaded whole.
                let entry = tile as u64 * problem.slots as u64 + slot_base * width;
                let entries = slots as u64 * width;
                requests.run(base + entry * HALF_BYTES, entries * HALF_BYTES);
                if problem.mac.sparsity != Sparsity::DENSE {
                    // Two positions share a byte: the first and the last may be half another chunk's.
                    let (first, end) = (entry / 2, (entry + entries).div_ceil(2));
                    requests.run(base + value_bytes + first, end - first);
                }
                at = stop;
            }
        }
        WeightSource::Rows => {
            let base = bytes_at(operands.w)
                + group_offset(load.group, operands.heads, operands.w_head, problem.slots, pitch);
            let part = col_base..col_base + cols;
            let bytes = row_bytes(&part, problem.cols, operands.heads, HALF_BYTES, pitch);
            let first = base + slot_base * pitch + col_base as u64 * HALF_BYTES;
            requests.strided(first, bytes, pitch, slots);
        }
        WeightSource::Columns => {
            let base = bytes_at(operands.w)
                + group_offset(load.group, operands.heads, operands.w_head, problem.cols, pitch);
            let first = base + col_base as u64 * pitch + slot_base * HALF_BYTES;
            requests.strided(first, slots as u64 * HALF_BYTES, pitch, cols);
        }
    }
}

/// Bytes of the weights of the phases before this one.
fn phase_offset(space: &TileSpace) -> u64 {
    if space.problem.phase_index == 0 {
        return 0;
    }
    let problems = space.problem.mac.problems();
    let before = problems.iter().take_while(|p| p.phase_index != space.problem.phase_index);
    before.flat_map(problem_weight_bytes).sum()
}
