//! FP16, FP32, their canonical NaNs and the multiply-accumulate (`docs/contract.md`, numbers).

use half::f16;

/// The only FP16 NaN that is stored.
pub const NAN16: f16 = f16::from_bits(0x7E00);

/// The only FP32 NaN that is stored.
pub const NAN32: f32 = f32::from_bits(0x7FC0_0000);

/// `h(v)` of the contract: FP32 to FP16, nearest even, subnormals kept, overflow to infinity, any NaN to
/// [`NAN16`].
#[must_use]
pub fn to_f16(value: f32) -> f16 {
    if value.is_nan() { NAN16 } else { f16::from_f32(value) }
}

/// `f(v)` of the contract: FP16 to FP32, exact, any NaN to [`NAN32`].
#[must_use]
pub fn to_f32(value: f16) -> f32 {
    if value.is_nan() { NAN32 } else { value.to_f32() }
}

/// Any FP16 NaN to [`NAN16`], everything else unchanged.
#[must_use]
pub fn canon16(value: f16) -> f16 {
    if value.is_nan() { NAN16 } else { value }
}

/// Any FP32 NaN to [`NAN32`], everything else unchanged.
#[must_use]
pub fn canon32(value: f32) -> f32 {
    if value.is_nan() { NAN32 } else { value }
}

/// One step of an accumulator, `rne32(acc + a*w)`.
///
/// The product of two FP16 values has at most 22 significant bits and an exponent well inside FP32, so it is
/// exact and only the sum rounds. A NaN result is not canonical yet: that happens when the
/// accumulator is stored.
#[must_use]
pub fn mac(acc: f32, a: f16, w: f16) -> f32 {
    acc + to_f32(a) * to_f32(w)
}
