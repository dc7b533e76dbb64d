//! Small matrix products for attention: every output takes its terms in ascending k.
//!
//! Operands are FP16 values held as FP32, so each product is exact and each step is the contract's
//! MAC. Vectors run across the columns of the output, never along k.

use super::vector::vectorised;
use crate::number::widen;
use half::f16;

/// Columns of a register tile; rows of a [`Panel`] are padded to a multiple of it.
const TILE_COLUMNS: usize = 16;
/// Rows of a register tile.
const TILE_ROWS: usize = 4;

/// A matrix whose rows are padded with zeros to a multiple of the tile.
pub(crate) struct Panel {
    rows: usize,
    columns: usize,
    /// Values from one row to the next.
    pitch: usize,
    values: Vec<f32>,
}

impl Panel {
    /// A matrix of zeros.
    pub(crate) fn zeros(rows: usize, columns: usize) -> Self {
        let pitch = columns.next_multiple_of(TILE_COLUMNS);
        Self { rows, columns, pitch, values: vec![0.0; rows * pitch] }
    }

    /// Row `row`, without the padding.
    pub(crate) fn row(&self, row: usize) -> &[f32] {
        &self.values[row * self.pitch..][..self.columns]
    }

    /// Row `row`, without the padding.
    pub(crate) fn row_mut(&mut self, row: usize) -> &mut [f32] {
        &mut self.values[row * self.pitch..][..self.columns]
    }

    /// Fills the matrix from rows that start `pitch` apart, the first at `first`.
    pub(crate) fn load(&mut self, from: &[f16], first: usize, pitch: usize) {
        for row in 0..self.rows {
            let start = first + row * pitch;
            let columns = self.columns;
            widen(&from[start..start + columns], self.row_mut(row));
        }
    }

    /// Becomes the transpose of `from`, whose sizes are swapped.
    pub(crate) fn transpose(&mut self, from: &Self) {
        for row in 0..from.rows {
            for (column, &value) in from.row(row).iter().enumerate() {
                self.values[column * self.pitch + row] = value;
            }
        }
    }
}

/// `out = a . b`, with `a` `(m, k)`, `b` `(k, n)`, `out` `(m, n)`.
pub(crate) fn multiply(a: &Panel, b: &Panel, out: &mut Panel) {
    product(&a.values, [a.pitch, 1], b, out);
}

/// `out = a^T . b`, with `a` `(k, m)`, `b` `(k, n)`, `out` `(m, n)`.
pub(crate) fn multiply_transposed(a: &Panel, b: &Panel, out: &mut Panel) {
    product(&a.values, [1, a.pitch], b, out);
}

vectorised! {
    /// `a` at `row * steps[0] + k * steps[1]`.
    fn product(a: &[f32], steps: [usize; 2], b: &Panel, out: &mut Panel) {
        let mut row = 0;
        while row + TILE_ROWS <= out.rows {
            tile_row::<TILE_ROWS>(a, steps, b, out, row);
            row += TILE_ROWS;
        }
        while row < out.rows {
            tile_row::<1>(a, steps, b, out, row);
            row += 1;
        }
    }
}

/// `R` rows of the output, tile by tile.
#[inline(always)]
fn tile_row<const R: usize>(
    a: &[f32],
    steps: [usize; 2],
    b: &Panel,
    out: &mut Panel,
    first_row: usize,
) {
    for first_column in (0..out.pitch).step_by(TILE_COLUMNS) {
        let mut acc = [[0.0_f32; TILE_COLUMNS]; R];
        for (k, b) in b.values.chunks_exact(b.pitch).enumerate() {
            let b: &[f32; TILE_COLUMNS] =
                b[first_column..].first_chunk().expect("rows are padded to whole tiles");
            for (row, acc) in acc.iter_mut().enumerate() {
                let a = a[(first_row + row) * steps[0] + k * steps[1]];
                for (acc, b) in acc.iter_mut().zip(b) {
                    *acc += a * b;
                }
            }
        }
        for (row, acc) in acc.iter().enumerate() {
            let start = (first_row + row) * out.pitch + first_column;
            out.values[start..start + TILE_COLUMNS].copy_from_slice(acc);
        }
    }
}
