//! The register tile of the dense path: some vectors of rows by some columns.

use super::{
    kernel::{Accumulators, DenseChunk, PANEL_COLS, TAIL_PITCH, tile_vectors},
    simd::Simd,
};

/// All columns of a dense chunk; `COLS` columns per register tile.
#[inline(always)]
pub(super) unsafe fn dense_columns<S: Simd, const COLS: usize>(
    chunk: &DenseChunk,
    acc: Accumulators,
) {
    let end = chunk.first_col + chunk.col_count;
    let mut col = chunk.first_col;
    while col < end {
        let (panel, within) = (col / PANEL_COLS, col % PANEL_COLS);
        let left = (end - col).min(PANEL_COLS - within);
        // SAFETY: the panel and the columns exist by the caller's contract.
        unsafe {
            let cols = chunk.cols.add(panel * chunk.slots * PANEL_COLS + within);
            let at = Accumulators { at: acc.at.add((col - chunk.first_col) * acc.pitch), ..acc };
            col += if left >= COLS {
                dense_rows::<S, COLS>(chunk, cols, at)
            } else if left >= 4 {
                dense_rows::<S, 4>(chunk, cols, at)
            } else if left >= 2 {
                dense_rows::<S, 2>(chunk, cols, at)
            } else {
                dense_rows::<S, 1>(chunk, cols, at)
            };
        }
    }
}

/// `COLS` columns of a dense chunk. Returns `COLS`.
#[inline(always)]
unsafe fn dense_rows<S: Simd, const COLS: usize>(
    chunk: &DenseChunk,
    cols: *const f32,
    acc: Accumulators,
) -> usize {
    // SAFETY: handed on from the caller; a partial vector works on a copy with room for whole ones.
    unsafe {
        if acc.rows.is_multiple_of(S::LANES) {
            dense_vectors::<S, COLS>(chunk, cols, acc);
        } else {
            let mut copy = [[0.0; TAIL_PITCH]; COLS];
            let at = copy.as_mut_ptr().cast();
            copy_columns::<COLS>(acc.at, acc.pitch, at, TAIL_PITCH, acc.rows);
            let whole = Accumulators { at, pitch: TAIL_PITCH, rows: acc.rows };
            dense_vectors::<S, COLS>(chunk, cols, whole);
            copy_columns::<COLS>(at, TAIL_PITCH, acc.at, acc.pitch, acc.rows);
        }
    }
    COLS
}

/// Picks the tile for the number of vectors that the rows need.
#[inline(always)]
unsafe fn dense_vectors<S: Simd, const COLS: usize>(
    chunk: &DenseChunk,
    cols: *const f32,
    acc: Accumulators,
) {
    // SAFETY: handed on from the caller.
    unsafe {
        match acc.rows.div_ceil(S::LANES) {
            1 => dense_tile::<S, 1, COLS>(chunk, cols, acc.at, acc.pitch),
            2 => dense_tile::<S, 2, COLS>(chunk, cols, acc.at, acc.pitch),
            _ => dense_tile::<S, 3, COLS>(chunk, cols, acc.at, acc.pitch),
        }
    }
}

/// Copies `len` values of each of `COLS` columns.
#[inline(always)]
unsafe fn copy_columns<const COLS: usize>(
    source: *const f32,
    source_pitch: usize,
    target: *mut f32,
    target_pitch: usize,
    len: usize,
) {
    for col in 0..COLS {
        // SAFETY: each column holds `len` values by the caller's contract.
        unsafe {
            let (source, target) = (source.add(col * source_pitch), target.add(col * target_pitch));
            source.copy_to_nonoverlapping(target, len);
        }
    }
}

/// The dense register tile: `VECTORS` vectors of rows by `COLS` columns.
#[inline(always)]
unsafe fn dense_tile<S: Simd, const VECTORS: usize, const COLS: usize>(
    chunk: &DenseChunk,
    cols: *const f32,
    at: *mut f32,
    pitch: usize,
) {
    // SAFETY: the caller's contract; packed rows hold `tile_vectors` vectors.
    unsafe {
        let mut acc = [[S::splat(&0.0); VECTORS]; COLS];
        for (col, acc) in acc.iter_mut().enumerate() {
            for (vector, acc) in acc.iter_mut().enumerate() {
                *acc = S::load(at.add(col * pitch + vector * S::LANES));
            }
        }
        let (mut rows, mut cols) = (chunk.rows, cols);
        for _ in 0..chunk.slots {
            let mut row = [S::splat(&0.0); VECTORS];
            for (vector, row) in row.iter_mut().enumerate() {
                *row = S::load(rows.add(vector * S::LANES));
            }
            for (col, acc) in acc.iter_mut().enumerate() {
                let weight = S::splat(cols.add(col));
                for (acc, row) in acc.iter_mut().zip(row) {
                    *acc = S::multiply_add(row, weight, *acc);
                }
            }
            rows = rows.add(tile_vectors(S::LANES) * S::LANES);
            cols = cols.add(PANEL_COLS);
        }
        for (col, acc) in acc.iter().enumerate() {
            for (vector, acc) in acc.iter().enumerate() {
                S::store(at.add(col * pitch + vector * S::LANES), *acc);
            }
        }
    }
}
