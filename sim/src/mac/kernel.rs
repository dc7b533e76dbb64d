//! The inner loops: register tiles over packed operands.
//!
//! Each output has one lane of one accumulator register and takes its terms one after another in K order; the lanes
//! are different outputs. An accumulator may go to memory and come back between chunks of K, which changes no bits.

use super::{
    dense_tile::dense_columns, simd::Portable, sparse_tile::sparse_columns, transfer::pack_rows,
};
use crate::{Isa, buffer::Plain};

/// Columns of a packed panel of the stationary operand.
pub(super) const PANEL_COLS: usize = 8;
/// Vectors of rows in a dense register tile. With 8 columns (AVX-512, 32 registers) or 4 (16 registers) it holds 24
/// or 8 accumulators: enough to hide the FMA's latency and to need less than one load per FMA. (3 by 4 accumulators
/// would leave no register over, and compilers spill.)
pub(super) const fn tile_vectors(lanes: usize) -> usize {
    if lanes == 16 { 3 } else { 2 }
}
/// Rows of the copy that a tile with a partial last vector works on.
pub(super) const TAIL_PITCH: usize = panel_rows(Isa::Avx512);
/// Rows of a packed tile of the sparse path.
pub(super) const SPARSE_ROWS: usize = 128;

/// One kept weight: its value and where its channel's row starts in the packed tile.
#[derive(Clone, Copy)]
#[repr(C)]
pub(super) struct Entry {
    /// The weight.
    pub(super) value: f32,
    /// Channel within its block of 64, times [`SPARSE_ROWS`].
    pub(super) offset: u32,
}

// SAFETY: an f32 and a u32: any bits are a value and there is no padding.
unsafe impl Plain for Entry {}

/// Rows of a packed dense panel.
pub(super) const fn panel_rows(isa: Isa) -> usize {
    let lanes = match isa {
        Isa::Avx512 => 16,
        Isa::Avx2 => 8,
        Isa::Portable => 4,
    };
    tile_vectors(lanes) * lanes
}

/// Accumulators of a tile, column by column: row `r` of column `c` is `at[c * pitch + r]`.
#[derive(Clone, Copy)]
pub(super) struct Accumulators {
    /// First accumulator.
    pub(super) at: *mut f32,
    /// Values from a column to the next.
    pub(super) pitch: usize,
    /// Rows that exist.
    pub(super) rows: usize,
}

/// Dense chunk of K: up to [`panel_rows`] rows by any columns.
#[derive(Clone, Copy)]
pub(super) struct DenseChunk {
    /// Packed rows `[slot][panel_rows]`.
    pub(super) rows: *const f32,
    /// Packed columns `[panel][slot][PANEL_COLS]`.
    pub(super) cols: *const f32,
    /// Slots of the chunk.
    pub(super) slots: usize,
    /// First column, counted from the first panel's first; less than [`PANEL_COLS`].
    pub(super) first_col: usize,
    /// Number of columns.
    pub(super) col_count: usize,
}

/// Sparse chunk of K: up to [`SPARSE_ROWS`] rows by any columns, inside one (channel block, tap).
#[derive(Clone, Copy)]
pub(super) struct SparseChunk {
    /// Packed rows `[channel in block][SPARSE_ROWS]`.
    pub(super) rows: *const f32,
    /// First kept weight of the first column.
    pub(super) entries: *const Entry,
    /// Entries from a column to the next.
    pub(super) entry_pitch: usize,
    /// Kept slots of the chunk.
    pub(super) slots: usize,
    /// Number of columns.
    pub(super) col_count: usize,
}

/// A run of contiguous source values and where it goes in a packed row.
#[derive(Clone, Copy, Debug)]
pub(super) struct PackRun {
    /// First value, counted from the slot's own offset.
    pub(super) source: usize,
    /// First target position in the packed row.
    pub(super) target: usize,
    /// Values.
    pub(super) len: usize,
}

/// Packing of FP16 values to FP32 rows, one per slot.
#[derive(Clone, Copy)]
pub(super) struct Packing<'a> {
    /// FP16 source.
    pub(super) source: *const u16,
    /// Distance between neighbours of a run.
    pub(super) step: usize,
    /// The slots, as runs of evenly spaced ones: source offset of the first, and their number.
    pub(super) slots: &'a [(usize, usize)],
    /// Distance in the source between slots of a run.
    pub(super) slot_step: usize,
    /// The runs of each row, ascending and without gaps from target 0.
    pub(super) runs: &'a [PackRun],
    /// Values from a packed row to the next.
    pub(super) pitch: usize,
}

/// Runs `chunk` on `acc`.
///
/// # Safety
/// The CPU runs `isa`; the packed operands hold what the chunk's fields say; `acc` is valid for its rows in each of the
/// chunk's columns and nobody else touches them.
#[inline]
pub(super) unsafe fn dense(isa: Isa, chunk: &DenseChunk, acc: Accumulators) {
    // SAFETY: handed on from the caller.
    unsafe {
        match isa {
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => x86::dense_avx512(chunk, acc),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => x86::dense_avx2(chunk, acc),
            _ => dense_columns::<Portable, 4>(chunk, acc),
        }
    }
}

/// Runs `chunk` on `acc`.
///
/// # Safety
/// As for [`dense`]; each entry's offset lies within the packed tile.
#[inline]
pub(super) unsafe fn sparse(isa: Isa, chunk: &SparseChunk, acc: Accumulators) {
    // SAFETY: handed on from the caller.
    unsafe {
        match isa {
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => x86::sparse_avx512(chunk, acc),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => x86::sparse_avx2(chunk, acc),
            _ => sparse_columns::<Portable>(chunk, acc),
        }
    }
}

/// Packs rows into `target`, `[slot][pitch]`.
///
/// # Safety
/// The CPU runs `isa`; each run of each slot is readable for its length rounded up to 8 values; `target` is writable
/// for all rows and 8 values more.
#[inline]
pub(super) unsafe fn pack(isa: Isa, packing: &Packing<'_>, target: *mut f32) {
    // SAFETY: handed on from the caller.
    unsafe {
        match isa {
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 | Isa::Avx2 => x86::pack_avx2(packing, target),
            _ => pack_rows::<Portable>(packing, target),
        }
    }
}

/// Converts `len` (a multiple of 8) FP16 values to FP32.
///
/// # Safety
/// The CPU runs `isa`; both pointers are valid for `len` values.
#[inline]
pub(super) unsafe fn widen(isa: Isa, source: *const u16, target: *mut f32, len: usize) {
    let packing = Packing {
        source,
        step: 1,
        slots: &[(0, 1)],
        slot_step: 0,
        runs: &[PackRun { source: 0, target: 0, len }],
        pitch: len,
    };
    // SAFETY: handed on from the caller; a multiple of 8 is not exceeded.
    unsafe { pack(isa, &packing, target) }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    //! The generic loops compiled with each instruction set's registers.

    use super::super::simd::{Avx2, Avx512};
    use super::{
        Accumulators, DenseChunk, Packing, SparseChunk, dense_columns, pack_rows, sparse_columns,
    };

    #[target_feature(enable = "avx512f,avx2,fma,f16c")]
    pub(super) unsafe fn dense_avx512(chunk: &DenseChunk, acc: Accumulators) {
        // SAFETY: handed on from the caller.
        unsafe { dense_columns::<Avx512, 8>(chunk, acc) }
    }

    #[target_feature(enable = "avx2,fma,f16c")]
    pub(super) unsafe fn dense_avx2(chunk: &DenseChunk, acc: Accumulators) {
        // SAFETY: handed on from the caller.
        unsafe { dense_columns::<Avx2, 4>(chunk, acc) }
    }

    #[target_feature(enable = "avx512f,avx2,fma,f16c")]
    pub(super) unsafe fn sparse_avx512(chunk: &SparseChunk, acc: Accumulators) {
        // SAFETY: handed on from the caller.
        unsafe { sparse_columns::<Avx512>(chunk, acc) }
    }

    #[target_feature(enable = "avx2,fma,f16c")]
    pub(super) unsafe fn sparse_avx2(chunk: &SparseChunk, acc: Accumulators) {
        // SAFETY: handed on from the caller.
        unsafe { sparse_columns::<Avx2>(chunk, acc) }
    }

    #[target_feature(enable = "avx2,fma,f16c")]
    pub(super) unsafe fn pack_avx2(packing: &Packing<'_>, target: *mut f32) {
        // SAFETY: handed on from the caller.
        unsafe { pack_rows::<Avx2>(packing, target) }
    }
}
