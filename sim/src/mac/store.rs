//! The store of finished tiles in their tensor's layout.

use super::{problem::Problem, transfer};
use crate::{Isa, number::canonical};
use std::ops::Range;

/// The result tensor, written by many tasks.
#[derive(Clone, Copy)]
pub(super) struct Output {
    pub(super) values: *mut f32,
    pub(super) isa: Isa,
}

// SAFETY: tasks write disjoint elements: each output belongs to one task.
unsafe impl Send for Output {}
// SAFETY: as above.
unsafe impl Sync for Output {}

/// A rectangle of outputs in each of a group of problems whose outputs interleave.
pub(super) struct Task {
    pub(super) group: usize,
    pub(super) rows: Range<usize>,
    pub(super) cols: Range<usize>,
}

/// A run of neighbouring outputs of a column: first tile row, offset in the tensor, length.
type Run = (usize, usize, usize);

fn runs(problem: &Problem, rows: Range<usize>) -> Vec<Run> {
    let mut row = 0;
    let mut runs = Vec::new();
    problem.out_rows.runs(rows, |offset, len| {
        runs.push((row, offset, len));
        row += len;
    });
    runs
}

/// Stores a tile's accumulators, NaNs canonical. Column by column, so that what is written lies together.
///
/// # Safety
/// `output` is the problem's tensor and nobody else touches the tile's outputs.
pub(super) unsafe fn store(
    problem: &Problem,
    task: &Task,
    acc: &[f32],
    pitch: usize,
    output: Output,
) {
    let Problem { out_rows, out_col_pitch, .. } = problem;
    let step = out_rows.step();
    let at = |col: usize| (task.cols.start + col) * out_col_pitch;
    let runs = runs(problem, task.rows.clone());
    let columns = acc.chunks_exact(pitch).enumerate();
    if step == 1 {
        for (col, column) in columns {
            for &(row, offset, len) in &runs {
                let source = column[row..row + len].as_ptr();
                // SAFETY: the axis maps the tile's rows and columns into the tensor.
                unsafe {
                    let target = output.values.add(offset + at(col));
                    transfer::store(output.isa, source, target, len);
                }
            }
        }
    } else if *out_col_pitch == 1 {
        // Columns are neighbours in the tensor: a transposition, in blocks of rows that share cache lines.
        for &(row, offset, len) in &runs {
            for first in (0..len).step_by(16) {
                for (col, column) in columns.clone() {
                    for r in first..len.min(first + 16) {
                        // SAFETY: as above.
                        unsafe {
                            *output.values.add(offset + at(col) + r * step) =
                                canonical(column[row + r]);
                        }
                    }
                }
            }
        }
    } else {
        for (col, column) in columns {
            for &(row, offset, len) in &runs {
                for (r, value) in column[row..row + len].iter().enumerate() {
                    // SAFETY: as above.
                    unsafe {
                        *output.values.add(offset + at(col) + r * step) = canonical(*value);
                    }
                }
            }
        }
    }
}

/// Stores the tiles of all phases of a strided BP: together they fill the image.
///
/// # Safety
/// As [`store`], for every problem of the group.
pub(super) unsafe fn store_interleaved(
    group: &[Problem],
    task: &Task,
    acc: &[f32],
    pitch: usize,
    output: Output,
) {
    // Each problem's first output, ascending: along a row first, then row by row. Runs are the same otherwise.
    let first_output = |problem: &Problem| runs(problem, 0..1)[0].1;
    let mut members: Vec<(usize, usize)> =
        group.iter().map(first_output).enumerate().map(|(i, first)| (first, i)).collect();
    members.sort_unstable();
    let leader = &group[members[0].1];
    let base = members[0].0;
    let side = leader.out_rows.step();
    let runs = runs(leader, task.rows.clone());
    let tile_len = pitch * task.cols.len();
    for col in 0..task.cols.len() {
        for &(row, offset, len) in &runs {
            let column = |member: usize| &acc[member * tile_len + col * pitch + row..][..len];
            for line in members.chunks_exact(side) {
                let at = offset + line[0].0 - base + (task.cols.start + col) * leader.out_col_pitch;
                // SAFETY: the members' outputs are neighbours, so the run of `len * side` elements is theirs.
                unsafe {
                    let target = output.values.add(at);
                    if let &[(_, even), (_, odd)] = line {
                        let sources = [column(even).as_ptr(), column(odd).as_ptr()];
                        transfer::store_pairs(output.isa, sources, target, len);
                    } else {
                        for (first, &(_, member)) in line.iter().enumerate() {
                            for (r, value) in column(member).iter().enumerate() {
                                *target.add(first + r * side) = canonical(*value);
                            }
                        }
                    }
                }
            }
        }
    }
}
