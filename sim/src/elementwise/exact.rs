//! Exact sums and their one rounding (`docs/contract-elementwise.md`, exact sums).

use crate::number::NAN_F32;

/// Most terms of one exact sum.
pub const MAX_TERMS: usize = 1 << 22;

/// Exponent of the unit of a sum of FP16 values: they are integers times 2^-24.
pub(crate) const VALUE_UNIT: i32 = -24;

/// Exponent of the unit of a sum of products of two FP16 values.
pub(crate) const PRODUCT_UNIT: i32 = -48;

/// An exact sum: an integer count of its unit, or the special that stuck.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExactSum {
    /// All terms were finite; units of 2^-24 (values) or 2^-48 (products).
    Integer(i128),
    /// There were infinite terms, all of this sign, and no NaN.
    Infinite {
        /// True for -Inf.
        negative: bool,
    },
    /// A NaN term, or infinite terms of both signs.
    Nan,
}

impl ExactSum {
    /// The sum of no terms.
    pub(crate) const ZERO: Self = Self::Integer(0);

    /// The special that `value` is, or `None` if it is finite.
    #[must_use]
    pub(crate) fn special(value: f64) -> Option<Self> {
        if value.is_finite() {
            None
        } else if value.is_nan() {
            Some(Self::Nan)
        } else {
            Some(Self::Infinite { negative: value < 0.0 })
        }
    }

    /// The sum of both, by the sticky rules. Both count the same unit.
    #[must_use]
    pub(crate) const fn plus(self, other: Self) -> Self {
        match (self, other) {
            (Self::Integer(a), Self::Integer(b)) => Self::Integer(a + b),
            (Self::Nan, _) | (_, Self::Nan) => Self::Nan,
            (Self::Infinite { negative: a }, Self::Infinite { negative: b }) if a != b => Self::Nan,
            (special @ Self::Infinite { .. }, _) | (_, special) => special,
        }
    }

    /// Two's complement of 64 bits, and what is no number: bit 0 for +Inf, bit 1 for -Inf, both for NaN. Of a sum of values, which has at
    /// most 63 bits; it is 0 where it is no number.
    #[must_use]
    pub(crate) const fn to_words(self) -> (u64, u32) {
        match self {
            Self::Integer(integer) => (integer as u64, 0),
            Self::Infinite { negative: false } => (0, 1),
            Self::Infinite { negative: true } => (0, 2),
            Self::Nan => (0, 3),
        }
    }

    /// The way back.
    #[must_use]
    pub(crate) const fn from_words(sum: u64, special: u32) -> Self {
        match special & 3 {
            0 => Self::Integer(sum as i64 as i128),
            1 => Self::Infinite { negative: false },
            2 => Self::Infinite { negative: true },
            _ => Self::Nan,
        }
    }

    /// The integer, or `None` for a special.
    #[must_use]
    pub(crate) const fn integer(self) -> Option<i128> {
        match self {
            Self::Integer(integer) => Some(integer),
            _ => None,
        }
    }

    /// `r(s / divisor)`, for a sum that counts 2^`unit`; an infinite sum keeps its infinity.
    ///
    /// `divisor` is at least 1.
    #[must_use]
    pub(crate) fn round(self, unit: i32, divisor: u64) -> f32 {
        match self {
            Self::Integer(integer) => round_ratio(integer, divisor, unit),
            Self::Infinite { negative: false } => f32::INFINITY,
            Self::Infinite { negative: true } => f32::NEG_INFINITY,
            Self::Nan => NAN_F32,
        }
    }
}

/// `(n * second - first * other) / divisor`, rounded once to FP32; NaN if any sum is a special.
///
/// `first` and `other` count 2^-24, `second` counts 2^-48; of at most [`MAX_TERMS`] terms each, so
/// that both products are below 2^124. This is the numerator of batch norm's variance
/// (`n*S2 - S1*S1`) and covariance (`n*D2 - S1*D1`).
#[must_use]
pub(crate) fn round_central_moment(
    n: u64,
    second: ExactSum,
    first: ExactSum,
    other: ExactSum,
    divisor: u64,
) -> f32 {
    match (second.integer(), first.integer(), other.integer()) {
        (Some(second), Some(first), Some(other)) => {
            round_ratio(i128::from(n) * second - first * other, divisor, PRODUCT_UNIT)
        }
        _ => NAN_F32,
    }
}

/// `numerator / denominator * 2^unit` rounded once to FP32: nearest even, overflow to infinity,
/// zero to +0.0. `denominator` is at least 1.
#[must_use]
pub(crate) fn round_ratio(numerator: i128, denominator: u64, unit: i32) -> f32 {
    if numerator == 0 {
        return 0.0;
    }
    // With the numerator's top bit at 127 the quotient has at least 64 bits: enough for 24 and a
    // round bit; the remainder is the sticky bit.
    let magnitude = numerator.unsigned_abs();
    let up_shift = magnitude.leading_zeros();
    let scaled = magnitude << up_shift;
    let (quotient, remainder) =
        (scaled / u128::from(denominator), scaled % u128::from(denominator));
    let exponent = unit - up_shift as i32;
    let top = 127 - quotient.leading_zeros() as i32 + exponent;
    let sign = if numerator < 0 { 0x8000_0000 } else { 0 };
    if top > 127 {
        return f32::from_bits(sign | 0x7F80_0000);
    }
    // Exponent of the result's last bit: 24 bits, fewer for a subnormal.
    let last = (top - 23).max(-149);
    let down_shift = last - exponent;
    if down_shift > 127 {
        return f32::from_bits(sign);
    }
    let mantissa = quotient >> down_shift;
    let rest = quotient & ((1 << down_shift) - 1);
    let half = 1 << (down_shift - 1);
    let above = rest > half || (rest == half && (remainder != 0 || mantissa & 1 == 1));
    // The implicit bit of a normal mantissa adds one to the exponent field, and so does a carry
    // of the rounding; past the largest finite number that is infinity.
    let bits = (((last + 149) as u32) << 23) + mantissa as u32 + u32::from(above);
    f32::from_bits(sign | bits)
}
