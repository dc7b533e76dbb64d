//! The register tile of the sparse path: many vectors of rows of one column.
//!
//! Columns keep different channels, so a row vector is loaded for each multiply-add; many accumulators per column
//! share the load of the weight and its position.

use super::{
    kernel::{Accumulators, Entry, SparseChunk, TAIL_PITCH},
    simd::Simd,
};

/// All columns and rows of a sparse chunk.
#[inline(always)]
pub(super) unsafe fn sparse_columns<S: Simd>(chunk: &SparseChunk, acc: Accumulators) {
    for col in 0..chunk.col_count {
        let mut row = 0;
        while row < acc.rows {
            let left = acc.rows - row;
            // SAFETY: the column, its entries and the rows exist by the caller's contract.
            unsafe {
                let entries = chunk.entries.add(col * chunk.entry_pitch);
                let rows = chunk.rows.add(row);
                let at = acc.at.add(col * acc.pitch + row);
                row += if left >= 8 * S::LANES {
                    sparse_tile::<S, 8>(chunk, rows, entries, at)
                } else if left >= 4 * S::LANES {
                    sparse_tile::<S, 4>(chunk, rows, entries, at)
                } else if left >= 2 * S::LANES {
                    sparse_tile::<S, 2>(chunk, rows, entries, at)
                } else {
                    let mut copy = [0.0; TAIL_PITCH];
                    let len = left.min(S::LANES);
                    at.copy_to_nonoverlapping(copy.as_mut_ptr(), len);
                    sparse_tile::<S, 1>(chunk, rows, entries, copy.as_mut_ptr());
                    at.copy_from_nonoverlapping(copy.as_ptr(), len);
                    S::LANES
                };
            }
        }
    }
}

/// The sparse register tile: `VECTORS` vectors of rows of one column. Returns its rows.
#[inline(always)]
unsafe fn sparse_tile<S: Simd, const VECTORS: usize>(
    chunk: &SparseChunk,
    rows: *const f32,
    entries: *const Entry,
    at: *mut f32,
) -> usize {
    // SAFETY: the caller's contract.
    unsafe {
        let mut acc = [S::splat(&0.0); VECTORS];
        for (vector, acc) in acc.iter_mut().enumerate() {
            *acc = S::load(at.add(vector * S::LANES));
        }
        // Unrolled: a block of 2:8 has 16 slots, and so short a loop would pay for its mispredicted end.
        let mut slot = 0;
        while slot + 8 <= chunk.slots {
            for _ in 0..8 {
                sparse_step::<S, VECTORS>(&mut acc, rows, entries.add(slot));
                slot += 1;
            }
        }
        while slot < chunk.slots {
            sparse_step::<S, VECTORS>(&mut acc, rows, entries.add(slot));
            slot += 1;
        }
        for (vector, acc) in acc.iter().enumerate() {
            S::store(at.add(vector * S::LANES), *acc);
        }
    }
    VECTORS * S::LANES
}

/// One kept slot: `acc += row * weight`.
#[inline(always)]
unsafe fn sparse_step<S: Simd, const VECTORS: usize>(
    acc: &mut [S::Vector; VECTORS],
    rows: *const f32,
    entry: *const Entry,
) {
    // SAFETY: the caller's contract.
    unsafe {
        let weight = S::splat(&raw const (*entry).value);
        let row = rows.add((*entry).offset as usize);
        for (vector, acc) in acc.iter_mut().enumerate() {
            *acc = S::multiply_add(S::load(row.add(vector * S::LANES)), weight, *acc);
        }
    }
}
