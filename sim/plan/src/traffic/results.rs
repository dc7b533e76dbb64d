//! ST: the results, and what is read to finish them.

use super::{Bursts, bytes_at, group_offset, half_pitch};
use crate::layout::{self, BEAT_BYTES, HALF_BYTES, SINGLE_BYTES};
use crate::space::{Rows, TileSpace};
use satkit_spec::ArrayConfig;
use satkit_spec::isa::{Results, Store};

/// Bytes that a store writes of each row: the tile with the last columns fills the row up to the next with zeros, unless other
/// products lie beside it.
fn written_bytes(
    first: usize,
    cols: usize,
    all: usize,
    heads: u8,
    element: u64,
    pitch: u64,
) -> u64 {
    let natural = layout::pitch(all) as u64 * element;
    let fills = first + cols == all && heads <= 1 && natural >= pitch;
    if fills { pitch - first as u64 * element } else { cols as u64 * element }
}

/// What the store writes. The tile lies within the space.
pub(crate) fn store(
    config: &ArrayConfig,
    space: &TileSpace,
    results: &Results,
    store: &Store,
    bursts: &mut Bursts,
) {
    let element = if store.fp32 { SINGLE_BYTES } else { HALF_BYTES };
    bursts.clear((config.cols as u64 * element).min(BEAT_BYTES));
    if store.rows == 0 || store.cols == 0 {
        return;
    }
    let pitch = half_pitch(results.pitch) / HALF_BYTES * element;
    let (col_base, cols) = (store.col_base as usize, store.cols as usize);
    let problem = &space.problem;
    let bytes = written_bytes(col_base, cols, problem.cols, results.heads, element, pitch);
    let shape = &problem.mac.shape;
    let rows = match (space.rows, problem.phase) {
        (Rows::Patches(_), None) => shape.batch * shape.out_h() * shape.out_w(),
        (Rows::Patches(_), Some(_)) => shape.batch * shape.h * shape.w,
        (Rows::WeightRows { .. }, _) => problem.rows,
    };
    let head = results.head * (element / HALF_BYTES) as u32;
    let base = bytes_at(results.out)
        + group_offset(store.group, results.heads, head, rows, pitch)
        + col_base as u64 * element;
    let (first, count) = (store.row_base as usize, store.rows as usize);
    match space.rows {
        Rows::WeightRows { .. } => {
            bursts.rows(base + first as u64 * pitch, bytes, pitch, count);
        }
        Rows::Patches(grid) if grid.flat => {
            let pixel = first * grid.patch_w;
            let end = ((first + count) * grid.patch_w).min(grid.image_w);
            bursts.rows(base + pixel as u64 * pitch, bytes, pitch, end - pixel);
        }
        Rows::Patches(grid) => {
            // A BP phase writes every stride-th pixel of the whole image.
            let (image_h, image_w, step, top, left) =
                problem.phase.map_or((grid.image_h, grid.image_w, 1, 0, 0), |phase| {
                    (shape.h, shape.w, shape.stride, phase.first_ih, phase.first_iw)
                });
            for patch in grid.stripes(first, count) {
                for y in patch.y..patch.y + patch.h {
                    let row = patch.image * image_h + top + y * step;
                    let pixel = (row * image_w + left + patch.x * step) as u64;
                    let distance = pitch * step as u64;
                    bursts.rows(base + pixel * pitch, bytes, distance, patch.w);
                }
            }
        }
    }
    bursts.close();
}
