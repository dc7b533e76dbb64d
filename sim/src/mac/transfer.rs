//! What moves values between tensors and tiles: packing of FP16 rows, and the store of accumulators.

use super::{
    kernel::{PackRun, Packing},
    simd::Simd,
};
use crate::Isa;

#[inline(always)]
pub(super) unsafe fn pack_rows<S: Simd>(packing: &Packing<'_>, mut target: *mut f32) {
    for &(offset, count) in packing.slots {
        // SAFETY: the caller's contract. What a run writes beyond its end belongs to a later run, to a later row, or to
        // the 8 spare values behind the last row. `wrapping_add`, as the last step leaves the source.
        unsafe {
            let mut source = packing.source.add(offset);
            for _ in 0..count {
                for run in packing.runs {
                    pack_run::<S>(source.add(run.source), packing.step, target, run);
                }
                source = source.wrapping_add(packing.slot_step);
                target = target.wrapping_add(packing.pitch);
            }
        }
    }
}

/// One run of one packed row.
#[inline(always)]
unsafe fn pack_run<S: Simd>(source: *const u16, step: usize, target: *mut f32, run: &PackRun) {
    // SAFETY: the caller's contract.
    unsafe {
        let target = target.add(run.target);
        if step == 1 {
            let mut i = 0;
            while i < run.len {
                S::widen8(source.add(i), target.add(i));
                i += 8;
            }
        } else {
            for i in 0..run.len {
                let half = *source.add(i * step);
                *target.add(i) = f32::from_bits(crate::number::widen_bits(half));
            }
        }
    }
}

/// Stores `len` accumulators at `target`, NaNs canonical.
///
/// # Safety
/// The CPU runs `isa`; `source` is readable and `target` writable for `len` values.
#[inline]
pub(super) unsafe fn store(isa: Isa, source: *const f32, target: *mut f32, len: usize) {
    // SAFETY: handed on from the caller.
    unsafe {
        #[cfg(target_arch = "x86_64")]
        if isa != Isa::Portable {
            x86::store(source, target, len);
            return;
        }
        // Elsewhere there is one version.
        let _ = isa;
        for i in 0..len {
            *target.add(i) = crate::number::canonical(*source.add(i));
        }
    }
}

/// Stores two interleaved columns of `len` accumulators each: `target[2 * i]` and `target[2 * i + 1]`.
///
/// # Safety
/// As for [`store`]; `target` is writable for `2 * len` values.
#[inline]
pub(super) unsafe fn store_pairs(isa: Isa, sources: [*const f32; 2], target: *mut f32, len: usize) {
    // Interleaved into a piece that stays in the first-level cache, then stored as a run.
    const PIECE: usize = 256;
    let mut piece = [0.0_f32; 2 * PIECE];
    let mut done = 0;
    while done < len {
        let here = (len - done).min(PIECE);
        // SAFETY: the caller's contract, for `here` values from `done` on.
        unsafe {
            let [even, odd] =
                sources.map(|source| std::slice::from_raw_parts(source.add(done), here));
            for (pair, (even, odd)) in piece.chunks_exact_mut(2).zip(even.iter().zip(odd)) {
                pair[0] = *even;
                pair[1] = *odd;
            }
            store(isa, piece.as_ptr(), target.add(2 * done), 2 * here);
        }
        done += here;
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::{
        _CMP_UNORD_Q, _mm256_blendv_ps, _mm256_cmp_ps, _mm256_loadu_ps, _mm256_set1_ps,
        _mm256_storeu_ps,
    };

    /// # Safety
    /// As [`super::store`]; the CPU has AVX2.
    #[target_feature(enable = "avx2")]
    pub(super) unsafe fn store(source: *const f32, target: *mut f32, len: usize) {
        let nan = _mm256_set1_ps(crate::number::NAN_F32);
        let mut i = 0;
        // SAFETY: all indices are below `len`.
        unsafe {
            while i + 8 <= len {
                let value = _mm256_loadu_ps(source.add(i));
                let is_nan = _mm256_cmp_ps::<_CMP_UNORD_Q>(value, value);
                _mm256_storeu_ps(target.add(i), _mm256_blendv_ps(value, nan, is_nan));
                i += 8;
            }
            while i < len {
                *target.add(i) = crate::number::canonical(*source.add(i));
                i += 1;
            }
        }
    }
}
