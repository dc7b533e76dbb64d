//! A MAC stage as a matrix problem: `rows` x `cols` outputs of `slots` K steps each.

use super::{
    axis::Axis,
    entries::Entries,
    kernel::{
        self, Accumulators, DenseChunk, PANEL_COLS, PackRun, Packing, SPARSE_ROWS, SparseChunk,
        panel_rows,
    },
    panels::Panels,
};
use crate::{Isa, buffer::Buffer};
use std::{cell::RefCell, ops::Range};

/// Slots of a dense chunk: its packed rows (48 x 128 x 4 bytes) and a panel of columns fit the first-level cache.
const CHUNK_SLOTS: usize = 128;
/// Columns of a dense block: their chunk (512 x 128 x 4 bytes) fits the second-level cache.
const BLOCK_COLS: usize = 512;

/// Outputs and K steps of a problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ProblemSize {
    /// Rows of outputs: pixels (FF, BP), weight rows (WU), or m.
    pub rows: usize,
    /// Columns of outputs: Co (FF, WU), Ci (BP), or n.
    pub cols: usize,
    /// K steps of each output; kept ones if the weights are pruned.
    pub slots: usize,
}

/// The operand whose values differ from column to column.
pub(super) enum Stationary {
    /// Every slot is multiplied.
    Dense(Panels),
    /// Only kept slots are.
    Sparse(Entries),
}

/// One matrix problem over a moving operand that it shares with the other problems of its stage.
pub(super) struct Problem {
    /// Rows in the moving operand.
    pub(super) rows: Axis,
    /// Dense slots in the moving operand, added to the row's offset.
    pub(super) slots: Axis,
    /// Rows in the output tensor.
    pub(super) out_rows: Axis,
    /// Distance between columns in the output tensor.
    pub(super) out_col_pitch: usize,
    /// Columns.
    pub(super) cols: usize,
    /// The columns' operand.
    pub(super) stationary: Stationary,
}

/// Buffers of one thread, used again by every tile.
pub(super) struct Scratch {
    rows: Buffer<f32>,
    cols: Buffer<f32>,
    pub(super) acc: Buffer<f32>,
    /// Runs of slots: source offset and number.
    slots: Vec<(usize, usize)>,
    runs: Vec<PackRun>,
    /// End in `runs` of each packed panel's runs.
    panel_ends: Vec<usize>,
}

impl Scratch {
    /// Runs `work` with this thread's buffers.
    pub(super) fn with<R>(work: impl FnOnce(&mut Self) -> R) -> R {
        thread_local! {
            static SCRATCH: RefCell<Scratch> = RefCell::new(Scratch {
                rows: Buffer::take(0),
                cols: Buffer::take(0),
                acc: Buffer::take(0),
                slots: Vec::new(),
                runs: Vec::new(),
                panel_ends: Vec::new(),
            });
        }
        SCRATCH.with_borrow_mut(work)
    }

    /// Lays the source runs of `rows` into packed panels of `width` rows.
    fn lay_runs(&mut self, axis: &Axis, rows: Range<usize>, width: usize) {
        self.runs.clear();
        self.panel_ends.clear();
        let mut target = 0;
        axis.runs(rows, |mut source, mut len| {
            while len > 0 {
                let here = len.min(width - target);
                self.runs.push(PackRun { source, target, len: here });
                source += here * axis.step();
                len -= here;
                target += here;
                if target == width {
                    self.panel_ends.push(self.runs.len());
                    target = 0;
                }
            }
        });
        if target > 0 {
            self.panel_ends.push(self.runs.len());
        }
    }
}

/// A rectangle of outputs and a range of K steps.
#[derive(Clone, Debug)]
pub(super) struct Tile {
    pub(super) rows: Range<usize>,
    pub(super) cols: Range<usize>,
    pub(super) slots: Range<usize>,
}

impl Problem {
    pub(super) fn size(&self) -> ProblemSize {
        let slots = match &self.stationary {
            Stationary::Dense(panels) => panels.slots,
            Stationary::Sparse(entries) => entries.slots(),
        };
        ProblemSize { rows: self.rows.len(), cols: self.cols, slots }
    }

    /// Continues the accumulators `acc[(col - cols.start) * pitch + row - rows.start]` of `tile` by its slots.
    ///
    /// # Safety
    /// The tile lies within the problem; `moving` is the operand the problem was made for; the CPU runs `isa`;
    /// `acc` is valid for the tile's outputs and nobody else touches them.
    pub(super) unsafe fn accumulate(
        &self,
        isa: Isa,
        moving: &[u16],
        tile: &Tile,
        acc: *mut f32,
        pitch: usize,
        scratch: &mut Scratch,
    ) {
        if tile.rows.is_empty() || tile.cols.is_empty() || tile.slots.is_empty() {
            return;
        }
        // SAFETY: handed on from the caller.
        unsafe {
            match &self.stationary {
                Stationary::Dense(panels) => {
                    self.dense(isa, moving, panels, tile, acc, pitch, scratch);
                }
                Stationary::Sparse(entries) => {
                    self.sparse(isa, moving, entries, tile, acc, pitch, scratch);
                }
            }
        }
    }

    /// # Safety
    /// As [`Problem::accumulate`].
    unsafe fn dense(
        &self,
        isa: Isa,
        moving: &[u16],
        panels: &Panels,
        tile: &Tile,
        acc: *mut f32,
        pitch: usize,
        scratch: &mut Scratch,
    ) {
        let width = panel_rows(isa);
        scratch.lay_runs(&self.rows, tile.rows.clone(), width);
        // Eight values behind the last packed row, for vectors that overrun it.
        scratch.rows.reserve(CHUNK_SLOTS * width + 8);
        scratch.cols.reserve((BLOCK_COLS + PANEL_COLS) * CHUNK_SLOTS);
        let mut col = tile.cols.start;
        while col < tile.cols.end {
            let first_panel = col / PANEL_COLS;
            let end_col = tile.cols.end.min((first_panel * PANEL_COLS) + BLOCK_COLS);
            let mut slot = tile.slots.start;
            while slot < tile.slots.end {
                let slots = (tile.slots.end - slot).min(CHUNK_SLOTS);
                for panel in first_panel..end_col.div_ceil(PANEL_COLS) {
                    let source = &panels.values[(panel * panels.slots + slot) * PANEL_COLS..];
                    let len = slots * PANEL_COLS;
                    let target = &mut scratch.cols[(panel - first_panel) * len..][..len];
                    // SAFETY: both slices hold `len` values, a multiple of 8.
                    unsafe {
                        kernel::widen(isa, source[..len].as_ptr(), target.as_mut_ptr(), len);
                    }
                }
                scratch.slots.clear();
                let slot_runs = &mut scratch.slots;
                self.slots
                    .runs(slot..slot + slots, |offset, count| slot_runs.push((offset, count)));
                let mut first_run = 0;
                for (i, &end_run) in scratch.panel_ends.iter().enumerate() {
                    let packing = Packing {
                        source: moving.as_ptr(),
                        step: self.rows.step(),
                        slots: &scratch.slots,
                        slot_step: self.slots.step(),
                        runs: &scratch.runs[first_run..end_run],
                        pitch: width,
                    };
                    first_run = end_run;
                    let row = i * width;
                    let chunk = DenseChunk {
                        rows: scratch.rows.as_ptr(),
                        cols: scratch.cols.as_ptr(),
                        slots,
                        first_col: col % PANEL_COLS,
                        col_count: end_col - col,
                    };
                    // SAFETY: axes stay inside the moving operand, which has spare values behind it; the buffers were sized
                    // above; rows and columns are the tile's.
                    unsafe {
                        kernel::pack(isa, &packing, scratch.rows.as_mut_ptr());
                        let acc = Accumulators {
                            at: acc.add((col - tile.cols.start) * pitch + row),
                            pitch,
                            rows: (tile.rows.len() - row).min(width),
                        };
                        kernel::dense(isa, &chunk, acc);
                    }
                }
                slot += slots;
            }
            col = end_col;
        }
    }

    /// # Safety
    /// As [`Problem::accumulate`].
    unsafe fn sparse(
        &self,
        isa: Isa,
        moving: &[u16],
        entries: &Entries,
        tile: &Tile,
        acc: *mut f32,
        pitch: usize,
        scratch: &mut Scratch,
    ) {
        let Axis::KOrder { taps, step, .. } = &self.slots else {
            unreachable!("only FF and BP have sparse operands, and their slots are in K order")
        };
        scratch.lay_runs(&self.rows, tile.rows.clone(), SPARSE_ROWS);
        scratch.rows.reserve(satkit_spec::K_BLOCK * SPARSE_ROWS + 8);
        let mut first_run = 0;
        for (i, &end_run) in scratch.panel_ends.iter().enumerate() {
            let runs = &scratch.runs[first_run..end_run];
            first_run = end_run;
            let row = i * SPARSE_ROWS;
            for block in entries.blocks(tile.slots.clone()) {
                let channels = entries.channels(&block);
                let offset = taps[block.tap] + (block.channel + channels.start) * step;
                let packing = Packing {
                    source: moving.as_ptr(),
                    step: self.rows.step(),
                    slots: &[(offset, channels.len())],
                    slot_step: *step,
                    runs,
                    pitch: SPARSE_ROWS,
                };
                let target = &mut scratch.rows[channels.start * SPARSE_ROWS..];
                let (entries, entry_pitch) = entries.at(&block, tile.cols.start);
                // SAFETY: axes stay inside the moving operand, which has spare values behind it; the packed channels lie within a
                // block, as the entries' offsets do; rows and columns are the tile's.
                unsafe {
                    kernel::pack(isa, &packing, target.as_mut_ptr());
                    let chunk = SparseChunk {
                        rows: scratch.rows.as_ptr(),
                        entries: entries.as_ptr(),
                        entry_pitch,
                        slots: block.kept.len(),
                        col_count: tile.cols.len(),
                    };
                    let acc = Accumulators {
                        at: acc.add(row),
                        pitch,
                        rows: (tile.rows.len() - row).min(SPARSE_ROWS),
                    };
                    kernel::sparse(isa, &chunk, acc);
                }
            }
        }
    }
}
