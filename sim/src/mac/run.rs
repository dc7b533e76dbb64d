//! A whole stage: tasks over outputs on all threads, results stored in their tensor's layout.

use super::{
    kernel::SPARSE_ROWS,
    operands::StageOperands,
    problem::{Problem, Scratch, Stationary, Tile},
    store::{Output, Task, store, store_interleaved},
};
use crate::{SimError, buffer::Buffer};
use rayon::prelude::*;
use std::ops::Range;

/// Accumulators of one task: with the chunks of both operands they fit the second-level cache.
const TASK_OUTPUTS: usize = 96 * 1024;
/// Columns of one task at most.
const TASK_COLS: usize = 512;
/// Rows that a task does not go below, so that packing pays.
const TASK_MIN_ROWS: usize = 96;
/// Below this many multiply-accumulates threads cost more than they give.
const SERIAL_MACS: usize = 1 << 18;

/// A tile of a lowered program: a rectangle of outputs of one problem, and the K ranges that it takes, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TileRun {
    /// Index of the problem.
    pub(crate) problem: usize,
    /// Rows of outputs.
    pub(crate) rows: Range<usize>,
    /// Columns of outputs.
    pub(crate) cols: Range<usize>,
    /// Ranges of slots, in the order in which the accumulators take them.
    pub(crate) slots: Vec<Range<usize>>,
}

impl StageOperands {
    /// Computes every output of the stage into `out`: NCHW (FF, BP), OIHW (WU) or `(m, n)`, FP32, NaNs canonical.
    ///
    /// # Errors
    /// [`SimError::Length`] if `out` is not of [`StageOperands::out_len`].
    pub fn run_all(&self, out: &mut [f32]) -> Result<(), SimError> {
        SimError::check_len("the result", out.len(), self.out_len())?;
        let output = self.output(out);
        let groups: Vec<&[Problem]> = self.problems().chunks(self.interleaved()).collect();
        let tasks: Vec<Task> =
            groups.iter().enumerate().flat_map(|(i, group)| tasks(i, group)).collect();
        let macs = self.problems().iter().map(|problem| {
            let size = problem.size();
            size.rows.saturating_mul(size.cols).saturating_mul(size.slots)
        });
        let run = |task: &Task| self.run_task(groups[task.group], task, output);
        if macs.fold(0, usize::saturating_add) < SERIAL_MACS {
            tasks.iter().for_each(run);
        } else {
            tasks.par_iter().with_max_len(1).for_each(run);
        }
        Ok(())
    }

    /// Computes `tiles` into `out`, as [`StageOperands::run_all`] lays it out; on all threads, each tile's K ranges in
    /// their order.
    ///
    /// # Errors
    /// [`SimError::Length`] if `out` is not of [`StageOperands::out_len`].
    ///
    /// # Safety
    /// Every tile lies within its problem, and no two tiles share an output.
    pub(crate) unsafe fn run_tiles(
        &self,
        tiles: &[TileRun],
        out: &mut [f32],
    ) -> Result<(), SimError> {
        SimError::check_len("the result", out.len(), self.out_len())?;
        let output = self.output(out);
        tiles.par_iter().for_each(|run| {
            let problem = &self.problems()[run.problem];
            Scratch::with(|scratch| {
                let (rows, cols) = (run.rows.clone(), run.cols.clone());
                let pitch = column_pitch(rows.len());
                let mut acc = std::mem::replace(&mut scratch.acc, Buffer::take(0));
                acc.reserve(pitch * cols.len());
                let used = &mut acc[..pitch * cols.len()];
                clear(used);
                for slots in &run.slots {
                    let tile =
                        Tile { rows: rows.clone(), cols: cols.clone(), slots: slots.clone() };
                    // SAFETY: tiles lie within their problem by the caller's contract, and `used` is ours.
                    unsafe {
                        let at = used.as_mut_ptr();
                        problem.accumulate(self.isa(), self.moving(), &tile, at, pitch, scratch);
                    }
                }
                let task = Task { group: run.problem, rows, cols };
                // SAFETY: each output of the tensor is one tile's alone.
                unsafe { store(problem, &task, used, pitch, output) };
                scratch.acc = acc;
            });
        });
        Ok(())
    }

    fn output(&self, out: &mut [f32]) -> Output {
        Output { values: out.as_mut_ptr(), isa: self.isa() }
    }

    fn run_task(&self, group: &[Problem], task: &Task, output: Output) {
        Scratch::with(|scratch| {
            let (rows, cols) = (task.rows.clone(), task.cols.clone());
            let pitch = column_pitch(rows.len());
            let tile_len = pitch * cols.len();
            let mut acc = std::mem::replace(&mut scratch.acc, Buffer::take(0));
            acc.reserve(tile_len * group.len());
            let used = &mut acc[..tile_len * group.len()];
            clear(used);
            for (problem, acc) in group.iter().zip(used.chunks_exact_mut(tile_len)) {
                let slots = 0..problem.size().slots;
                let tile = Tile { rows: rows.clone(), cols: cols.clone(), slots };
                // SAFETY: tasks lie within the problem, and `acc` holds the tile and is ours.
                unsafe {
                    let at = acc.as_mut_ptr();
                    problem.accumulate(self.isa(), self.moving(), &tile, at, pitch, scratch);
                }
            }
            // SAFETY: each output of the tensor is one task's alone.
            unsafe {
                if let [problem] = group {
                    store(problem, task, used, pitch, output);
                } else {
                    store_interleaved(group, task, used, pitch, output);
                }
            }
            scratch.acc = acc;
        });
    }
}

/// Values from an accumulator column to the next: whole cache lines, and an odd number of them, so that the columns'
/// same rows do not fall into the same cache set.
const fn column_pitch(rows: usize) -> usize {
    (rows.div_ceil(16) | 1) * 16
}

/// Starts accumulators at +0.0. In pieces: for large ones the C library would use string instructions, which go through
/// memory and leave the caches cold.
fn clear(acc: &mut [f32]) {
    for piece in acc.chunks_mut(256) {
        piece.fill(0.0);
    }
}

/// Cuts a group of problems of one size into rectangles of outputs.
fn tasks(group_index: usize, group: &[Problem]) -> impl Iterator<Item = Task> {
    let problem = &group[0];
    let size = problem.size();
    let wanted = 4 * rayon::current_num_threads();
    // Rows first: the columns' operand is what packing shares.
    let rows_max = TASK_OUTPUTS / group.len() / size.cols.clamp(1, TASK_COLS);
    let row_blocks = size
        .rows
        .div_ceil(rows_max.max(TASK_MIN_ROWS))
        .max(wanted.min(size.rows / TASK_MIN_ROWS))
        .max(1);
    let granule = match problem.stationary {
        Stationary::Dense(_) => 48,
        Stationary::Sparse(_) => SPARSE_ROWS,
    };
    let rows = size.rows.div_ceil(row_blocks).max(1).next_multiple_of(granule);
    let row_blocks = size.rows.div_ceil(rows);
    let col_blocks =
        size.cols.div_ceil(TASK_COLS).max((wanted / row_blocks.max(1)).min(size.cols / 64)).max(1);
    let cols = size.cols.div_ceil(col_blocks).max(1).next_multiple_of(8);
    (0..size.cols).step_by(cols).flat_map(move |col| {
        let cols = col..size.cols.min(col + cols);
        (0..size.rows).step_by(rows).map(move |row| Task {
            group: group_index,
            rows: row..size.rows.min(row + rows),
            cols: cols.clone(),
        })
    })
}
