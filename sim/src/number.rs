//! FP16 and FP32 at stores and conversions (`docs/contract.md`, Numbers).
//!
//! Round to nearest even, subnormals kept, overflow to infinity, and one NaN: hardware keeps a NaN's payload and
//! x86 makes negative ones, so every function here replaces any NaN by the canonical one.

use crate::Isa;
use half::f16;

/// The canonical FP16 NaN, `7E00`.
pub const NAN_F16: f16 = f16::from_bits(0x7E00);
/// The canonical FP32 NaN, `7FC00000`.
pub const NAN_F32: f32 = f32::from_bits(0x7FC0_0000);

/// `value` rounded to FP16, nearest even; any NaN becomes `7E00`.
#[inline]
#[must_use]
pub fn to_f16(value: f32) -> f16 {
    if value.is_nan() { NAN_F16 } else { f16::from_f32(value) }
}

/// `value` as FP32, exact; any NaN becomes `7FC00000`.
#[inline]
#[must_use]
pub fn to_f32(value: f16) -> f32 {
    f32::from_bits(widen_bits(value.to_bits()))
}

/// `value`, or the canonical FP32 NaN.
#[inline]
#[must_use]
pub fn canonical(value: f32) -> f32 {
    if value.is_nan() { NAN_F32 } else { value }
}

/// `value`, or the canonical FP16 NaN.
#[inline]
#[must_use]
pub fn canonical_f16(value: f16) -> f16 {
    if value.is_nan() { NAN_F16 } else { value }
}

/// Bits of [`to_f32`], without branches, so that the compiler vectorises loops over it.
#[inline]
pub(crate) fn widen_bits(half: u16) -> u32 {
    let magnitude = u32::from(half & 0x7FFF);
    let sign = u32::from(half & 0x8000) << 16;
    // With the FP16 exponent placed in FP32's field the value is 2^112 too small, subnormals included; the product is exact.
    let scaled = (f32::from_bits(magnitude << 13) * f32::from_bits(0x7780_0000)).to_bits();
    if magnitude > 0x7C00 {
        0x7FC0_0000
    } else if magnitude == 0x7C00 {
        sign | 0x7F80_0000
    } else {
        sign | scaled
    }
}

/// Converts FP16 to FP32, exact, NaNs canonical: [`to_f32`] of each element.
///
/// # Panics
/// If the slices differ in length.
pub fn widen(source: &[f16], target: &mut [f32]) {
    assert_eq!(source.len(), target.len(), "widen: source and target have one length");
    #[cfg(target_arch = "x86_64")]
    if Isa::chosen() != Isa::Portable {
        // SAFETY: every other ISA implies AVX and F16C.
        unsafe { x86::widen(source, target) };
        return;
    }
    for (target, source) in target.iter_mut().zip(source) {
        *target = to_f32(*source);
    }
}

/// Converts FP32 to FP16, nearest even, NaNs canonical: [`to_f16`] of each element.
///
/// # Panics
/// If the slices differ in length.
pub fn narrow(source: &[f32], target: &mut [f16]) {
    assert_eq!(source.len(), target.len(), "narrow: source and target have one length");
    #[cfg(target_arch = "x86_64")]
    if Isa::chosen() != Isa::Portable {
        // SAFETY: every other ISA implies AVX and F16C.
        unsafe { x86::narrow(source, target) };
        return;
    }
    for (target, source) in target.iter_mut().zip(source) {
        *target = to_f16(*source);
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    //! F16C keeps NaN payloads, so each vector is compared and blended.

    use super::{NAN_F32, to_f16, to_f32};
    use half::f16;
    use std::arch::x86_64::{
        _CMP_UNORD_Q, _MM_FROUND_TO_NEAREST_INT, _mm_loadu_si128, _mm_storeu_si128,
        _mm256_blendv_ps, _mm256_cmp_ps, _mm256_cvtph_ps, _mm256_cvtps_ph, _mm256_loadu_ps,
        _mm256_set1_ps, _mm256_storeu_ps,
    };

    /// # Safety
    /// The CPU has AVX and F16C.
    #[target_feature(enable = "avx,f16c")]
    pub(super) unsafe fn widen(source: &[f16], target: &mut [f32]) {
        let nan = _mm256_set1_ps(NAN_F32);
        let (mut targets, mut sources) = (target.chunks_exact_mut(8), source.chunks_exact(8));
        for (target, source) in (&mut targets).zip(&mut sources) {
            // SAFETY: each chunk holds eight elements, and f16 is a transparent u16.
            unsafe {
                let value = _mm256_cvtph_ps(_mm_loadu_si128(source.as_ptr().cast()));
                let is_nan = _mm256_cmp_ps::<_CMP_UNORD_Q>(value, value);
                _mm256_storeu_ps(target.as_mut_ptr(), _mm256_blendv_ps(value, nan, is_nan));
            }
        }
        for (target, source) in targets.into_remainder().iter_mut().zip(sources.remainder()) {
            *target = to_f32(*source);
        }
    }

    /// # Safety
    /// The CPU has AVX and F16C.
    #[target_feature(enable = "avx,f16c")]
    pub(super) unsafe fn narrow(source: &[f32], target: &mut [f16]) {
        // 7FC00000 converts to 7E00, so a canonical FP32 NaN gives a canonical FP16 one.
        let nan = _mm256_set1_ps(NAN_F32);
        let (mut targets, mut sources) = (target.chunks_exact_mut(8), source.chunks_exact(8));
        for (target, source) in (&mut targets).zip(&mut sources) {
            // SAFETY: each chunk holds eight elements, and f16 is a transparent u16.
            unsafe {
                let value = _mm256_loadu_ps(source.as_ptr());
                let is_nan = _mm256_cmp_ps::<_CMP_UNORD_Q>(value, value);
                let value = _mm256_blendv_ps(value, nan, is_nan);
                let half = _mm256_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(value);
                _mm_storeu_si128(target.as_mut_ptr().cast(), half);
            }
        }
        for (target, source) in targets.into_remainder().iter_mut().zip(sources.remainder()) {
            *target = to_f16(*source);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The independent truth: half's conversion, NaNs made canonical.
    fn expected_f32(half: f16) -> u32 {
        if half.is_nan() { 0x7FC0_0000 } else { half.to_f32_const().to_bits() }
    }

    #[test]
    fn all_halves_widen_and_come_back() {
        let halves: Vec<f16> = (0..=u16::MAX).map(f16::from_bits).collect();
        // An odd length exercises the remainder too.
        for range in [0..halves.len(), 3..halves.len(), 0..5] {
            let halves = &halves[range];
            let mut wide = vec![0.0; halves.len()];
            widen(halves, &mut wide);
            let mut back = vec![f16::ZERO; halves.len()];
            narrow(&wide, &mut back);
            for ((half, wide), back) in halves.iter().zip(&wide).zip(&back) {
                assert_eq!(wide.to_bits(), expected_f32(*half), "{:04x}", half.to_bits());
                assert_eq!(to_f32(*half).to_bits(), expected_f32(*half));
                assert_eq!(back.to_bits(), canonical_f16(*half).to_bits());
            }
        }
    }

    #[test]
    fn narrowing_is_nearest_even_at_every_boundary() {
        // Every midpoint between neighbours and the values just beside it, in both signs, and all NaN payload ends.
        let mut values = vec![f32::INFINITY, 65_519.996, 65_520.0, 1e30, f32::MIN_POSITIVE, 1e-45];
        for bits in 0..0x7BFF_u16 {
            let low = f16::from_bits(bits).to_f32_const();
            let high = f16::from_bits(bits + 1).to_f32_const();
            let middle = f32::midpoint(low, high);
            values.extend([middle, middle.next_down(), middle.next_up()]);
        }
        values.extend([0x7F80_0001, 0xFFC0_0000, 0x7FFF_FFFF].map(f32::from_bits));
        values.extend(values.clone().iter().map(|value| -value));
        let mut narrowed = vec![f16::ZERO; values.len()];
        narrow(&values, &mut narrowed);
        for (value, narrowed) in values.iter().zip(&narrowed) {
            let expected =
                if value.is_nan() { 0x7E00 } else { f16::from_f32_const(*value).to_bits() };
            assert_eq!(narrowed.to_bits(), expected, "{value:e}");
            assert_eq!(to_f16(*value).to_bits(), expected, "{value:e}");
        }
    }
}
