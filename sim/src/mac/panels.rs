//! The stationary operand of a dense problem: FP16 panels `[column / 8][slot][8]`.
//!
//! They stay FP16 in memory, half the traffic, and are widened a chunk of K at a time.

use super::{
    kernel::PANEL_COLS,
    transpose::{Matrix, transpose},
};
use crate::buffer::Buffer;
use rayon::prelude::*;
use satkit_spec::{BpPhase, ConvShape};

/// Panels of one problem.
pub(super) struct Panels {
    pub(super) values: Buffer<u16>,
    pub(super) slots: usize,
}

impl Panels {
    fn empty(cols: usize, slots: usize) -> Self {
        let len = cols.div_ceil(PANEL_COLS) * slots * PANEL_COLS;
        Self { values: Buffer::take(len), slots }
    }

    /// Fills panel by panel, in parallel: `fill(first column, columns, panel)`.
    fn fill(&mut self, cols: usize, fill: impl Fn(usize, usize, &mut [u16]) + Sync) {
        if self.slots == 0 {
            return;
        }
        let panel_len = self.slots * PANEL_COLS;
        self.values.par_chunks_mut(panel_len).enumerate().for_each(|(panel, values)| {
            let first = panel * PANEL_COLS;
            let count = (cols - first).min(PANEL_COLS);
            if count < PANEL_COLS {
                values.fill(0);
            }
            fill(first, count, values);
        });
    }

    /// Of OIHW weights for FF: columns Co, slots in K order.
    pub(super) fn of_ff_weights(shape: &ConvShape, weights: &[u16]) -> Self {
        let (taps, row_len) = (shape.taps(), shape.ci * shape.taps());
        let mut panels = Self::empty(shape.co, row_len);
        panels.fill(shape.co, |first, count, panel| {
            let values = &weights[first * row_len..];
            let rows = Matrix { values, rows: count, cols: row_len, pitch: row_len };
            if taps == 1 {
                transpose(rows, panel, PANEL_COLS);
                return;
            }
            // First (ci, tap) by column, then the rows of eight into K order.
            let mut by_tap = Buffer::<u16>::take(row_len * PANEL_COLS);
            if count < PANEL_COLS {
                by_tap.fill(0);
            }
            transpose(rows, &mut by_tap, PANEL_COLS);
            let order = ConvShape::k_order(shape.ci, taps);
            for (target, slot) in panel.chunks_exact_mut(PANEL_COLS).zip(order) {
                let source = (slot.channel * taps + slot.tap) * PANEL_COLS;
                target.copy_from_slice(&by_tap[source..source + PANEL_COLS]);
            }
        });
        panels
    }

    /// Of OIHW weights for one phase of BP: columns Ci, slots in K order over Co and the phase's taps.
    pub(super) fn of_bp_weights(shape: &ConvShape, phase: &BpPhase, weights: &[u16]) -> Self {
        let taps = shape.taps();
        let kernel_taps = phase_taps(shape, phase);
        let mut panels = Self::empty(shape.ci, shape.co * kernel_taps.len());
        panels.fill(shape.ci, |first, count, panel| {
            let order = ConvShape::k_order(shape.co, kernel_taps.len());
            for (target, slot) in panel.chunks_exact_mut(PANEL_COLS).zip(order) {
                let source = (slot.channel * shape.ci + first) * taps + kernel_taps[slot.tap];
                for (target, value) in
                    target[..count].iter_mut().zip(weights[source..].iter().step_by(taps))
                {
                    *target = *value;
                }
            }
        });
        panels
    }

    /// Of NCHW dY for WU: columns Co, slots the output pixels of all images.
    pub(super) fn of_gradient(shape: &ConvShape, gradient: &[u16]) -> Self {
        let pixels = shape.out_h() * shape.out_w();
        if pixels == 1 {
            return Self::of_rows(shape.batch, shape.co, gradient);
        }
        let mut panels = Self::empty(shape.co, shape.batch * pixels);
        panels.fill(shape.co, |first, rows, panel| {
            for (image, panel) in panel.chunks_exact_mut(pixels * PANEL_COLS).enumerate() {
                let values = &gradient[(image * shape.co + first) * pixels..];
                let matrix = Matrix { values, rows, cols: pixels, pitch: pixels };
                transpose(matrix, panel, PANEL_COLS);
            }
        });
        panels
    }

    /// Of a matrix `(slots, cols)`.
    pub(super) fn of_rows(slots: usize, cols: usize, values: &[u16]) -> Self {
        let mut panels = Self::empty(cols, slots);
        panels.fill(cols, |first, count, panel| {
            for (target, row) in panel.chunks_exact_mut(PANEL_COLS).zip(values.chunks_exact(cols)) {
                target[..count].copy_from_slice(&row[first..first + count]);
            }
        });
        panels
    }

    /// Of a matrix `(cols, slots)`.
    pub(super) fn of_columns(slots: usize, cols: usize, values: &[u16]) -> Self {
        let mut panels = Self::empty(cols, slots);
        panels.fill(cols, |first, rows, panel| {
            let values = &values[first * slots..];
            transpose(Matrix { values, rows, cols: slots, pitch: slots }, panel, PANEL_COLS);
        });
        panels
    }
}

/// Index `kh * KW + kw` of each tap of a phase, ascending.
pub(super) fn phase_taps(shape: &ConvShape, phase: &BpPhase) -> Vec<usize> {
    (0..phase.taps_h)
        .flat_map(|a| (0..phase.taps_w).map(move |b| (a, b)))
        .map(|(a, b)| {
            let (kh, kw) = (phase.phase_h + a * shape.stride, phase.phase_w + b * shape.stride);
            kh * shape.kw + kw
        })
        .collect()
}
