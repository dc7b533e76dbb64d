//! LD.W: the operand of the columns.

use super::{Requests, Steps, bytes_at, group_offset, half_pitch, row_bytes};
use crate::layout::{BEAT_BYTES, HALF_BYTES};
use crate::space::{TileSpace, WeightSource};
use satkit_spec::isa::{LoadWeights, Operands};
use satkit_spec::{POSITION_SLOTS, Sparsity, WEIGHT_TILE_COLS, position_beat, weight_beat};
use std::ops::Range;

/// Elements of a pixel, of the smallest pitch, of which four share a beat.
const QUARTER: usize = WEIGHT_TILE_COLS / 4;

/// Appends what the load reads, and how long its beats take on the way into the banks of `array_cols` columns: what a beat holds for
/// as many columns as the array has takes a cycle. The tile lies within the space.
pub(crate) fn load_weights(
    space: &TileSpace,
    operands: &Operands,
    load: &LoadWeights,
    array_cols: usize,
    requests: &mut Requests,
    steps: &mut Steps,
) {
    if load.slots == 0 || load.cols == 0 {
        return;
    }
    let (col_base, cols) = (load.col_base as usize, load.cols as usize);
    let (slot_base, slots) = (u64::from(load.slot_base), load.slots as usize);
    let problem = &space.problem;
    let pitch = half_pitch(operands.w_pitch);
    // The first tile or beat of columns, and what of it is loaded.
    let tiles = || {
        let first = col_base / WEIGHT_TILE_COLS * WEIGHT_TILE_COLS;
        (first..col_base + cols).step_by(WEIGHT_TILE_COLS)
    };
    // Groups of columns that lie in one tile or beat.
    let groups = |tile: usize| {
        let part = col_base.max(tile)..(col_base + cols).min(tile + WEIGHT_TILE_COLS);
        ((part.end - 1 - col_base) / array_cols - (part.start - col_base) / array_cols + 1) as u32
    };
    match space.source {
        WeightSource::Tiles => {
            let base = bytes_at(operands.w);
            let compact = problem.mac.sparsity != Sparsity::DENSE;
            let first = problem.first_slot as u64 + slot_base;
            let part = tile_part(first..first + slots as u64, compact);
            let beats = part.end - part.start;
            for tile in tiles() {
                let tile_beat = (tile / WEIGHT_TILE_COLS) as u64 * u64::from(operands.tile_beats);
                let address = base + (tile_beat + part.start) * BEAT_BYTES;
                requests.run(address, beats * BEAT_BYTES);
            }
            let groups: Vec<u32> = tiles().map(groups).collect();
            let most = groups.iter().copied().max().unwrap_or(1);
            // Positions are kept by, and slots before the chunk's dropped, in a cycle each.
            let dropped = if compact { first as usize % POSITION_SLOTS } else { 0 };
            steps.run(requests, most, |beat| {
                let (tile, beat) = (beat / beats as usize, beat % beats as usize);
                let is_other =
                    compact && (beat <= dropped || beat.is_multiple_of(POSITION_SLOTS + 1));
                if is_other { 1 } else { groups[tile] }
            });
        }
        WeightSource::Rows if pitch == QUARTER as u64 * HALF_BYTES => {
            let base = bytes_at(operands.w)
                + group_offset(load.group, operands.heads, operands.w_head, problem.slots, pitch);
            let first = base + slot_base * pitch;
            requests.run(first, slots as u64 * pitch);
            let groups = cols.div_ceil(array_cols) as u32;
            let skipped = (first % BEAT_BYTES / pitch) as usize;
            let end = skipped + slots;
            let of_beat = |beat: usize| end.min(beat * 4 + 4) - skipped.max(beat * 4);
            steps.run(requests, 4 * groups, |beat| of_beat(beat) as u32 * groups);
        }
        WeightSource::Rows => {
            let base = bytes_at(operands.w)
                + group_offset(load.group, operands.heads, operands.w_head, problem.slots, pitch);
            let part = col_base..col_base + cols;
            let bytes = row_bytes(&part, problem.cols, operands.heads, HALF_BYTES, pitch);
            let first = base + slot_base * pitch + col_base as u64 * HALF_BYTES;
            requests.strided(first, bytes, pitch, slots);
            let groups: Vec<u32> = tiles().map(groups).collect();
            let most = groups.iter().copied().max().unwrap_or(1);
            let aligned = (base | pitch).is_multiple_of(BEAT_BYTES);
            let of = |beat: usize| if aligned { groups[beat % groups.len()] } else { most };
            steps.run(requests, most, of);
        }
        // Turned over on the way.
        WeightSource::Columns => {
            let base = bytes_at(operands.w)
                + group_offset(load.group, operands.heads, operands.w_head, problem.cols, pitch);
            let first = base + col_base as u64 * pitch + slot_base * HALF_BYTES;
            requests.strided(first, slots as u64 * HALF_BYTES, pitch, cols);
            steps.run(requests, 1, |_| 1);
        }
    }
}

/// The beats of a tile that slots of it need, the positions before their values.
fn tile_part(slots: Range<u64>, compact: bool) -> Range<u64> {
    let first = if compact { position_beat(slots.start) } else { slots.start };
    first..weight_beat(slots.end - 1, compact) + 1
}
