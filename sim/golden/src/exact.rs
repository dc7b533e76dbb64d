//! Sums without rounding, and their one rounding at the end (`docs/contract-elementwise.md`, exact sums).

use crate::error::GoldenError;
use crate::number::NAN32;
use half::f16;
use std::num::NonZeroU64;

/// Most terms of one exact sum, so that sums, their squares and their multiples by the count fit 128 bits.
pub const MAX_TERMS: usize = 1 << 22;

/// What the integer of an exact sum counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// 2^-24, which every FP16 value is a multiple of.
    Value,
    /// 2^-48, which every product of two FP16 values is a multiple of.
    Product,
}

impl Unit {
    /// The unit's exponent of two.
    #[must_use]
    pub const fn log2(self) -> i32 {
        match self {
            Self::Value => -24,
            Self::Product => -48,
        }
    }
}

/// An exact sum: an integer number of units, or what infinities and NaNs made of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exact {
    /// The sum in units of [`Unit::Value`] or [`Unit::Product`], whichever was summed.
    Integer(i128),
    /// At least one term was +Inf and none -Inf or NaN.
    PositiveInfinity,
    /// At least one term was -Inf and none +Inf or NaN.
    NegativeInfinity,
    /// A term was NaN, or there were infinities of both signs.
    Nan,
}

impl Exact {
    /// The integer, unless the sum is infinite or NaN.
    #[must_use]
    pub const fn integer(self) -> Option<i128> {
        match self {
            Self::Integer(units) => Some(units),
            Self::PositiveInfinity | Self::NegativeInfinity | Self::Nan => None,
        }
    }

    /// The sum of two exact sums, by the sticky rules.
    fn add(self, other: Self) -> Self {
        match (self, other) {
            (Self::Integer(a), Self::Integer(b)) => Self::Integer(a + b),
            (Self::Integer(_), special) | (special, Self::Integer(_)) => special,
            (a, b) if a == b => a,
            _ => Self::Nan,
        }
    }

    /// One FP16 value, in units of [`Unit::Value`].
    fn of_value(value: f16) -> Self {
        if value.is_nan() {
            return Self::Nan;
        }
        let negative = value.is_sign_negative();
        if value.is_infinite() {
            return if negative { Self::NegativeInfinity } else { Self::PositiveInfinity };
        }
        let exponent = i32::from((value.to_bits() >> 10) & 0x1F);
        let fraction = i128::from(value.to_bits() & 0x3FF);
        // A subnormal is `fraction` units; a normal has the hidden bit and is worth 2^(exponent - 1) times that.
        let magnitude = if exponent == 0 { fraction } else { (fraction + 0x400) << (exponent - 1) };
        Self::Integer(if negative { -magnitude } else { magnitude })
    }

    /// The product of two FP16 values, in units of [`Unit::Product`].
    fn of_product(a: f16, b: f16) -> Self {
        match (Self::of_value(a), Self::of_value(b)) {
            (Self::Integer(a), Self::Integer(b)) => Self::Integer(a * b),
            // With an infinity or a NaN in it, FP32 knows the product: NaN or an infinity.
            _ => {
                let product = a.to_f32() * b.to_f32();
                if product.is_nan() {
                    Self::Nan
                } else if product > 0.0 {
                    Self::PositiveInfinity
                } else {
                    Self::NegativeInfinity
                }
            }
        }
    }
}

fn sum(terms: impl Iterator<Item = Exact>) -> Result<Exact, GoldenError> {
    let mut total = Exact::Integer(0);
    for (index, term) in terms.enumerate() {
        if index >= MAX_TERMS {
            return Err(GoldenError::TooManyTerms { limit: MAX_TERMS });
        }
        total = total.add(term);
    }
    Ok(total)
}

/// `xsum` of FP16 values, in units of [`Unit::Value`].
///
/// # Errors
/// [`GoldenError::TooManyTerms`] for more than [`MAX_TERMS`] values.
pub fn xsum(values: impl IntoIterator<Item = f16>) -> Result<Exact, GoldenError> {
    sum(values.into_iter().map(Exact::of_value))
}

/// `xsum` of products of two FP16 values, in units of [`Unit::Product`].
///
/// # Errors
/// [`GoldenError::TooManyTerms`] for more than [`MAX_TERMS`] products.
pub fn xsum_products(pairs: impl IntoIterator<Item = (f16, f16)>) -> Result<Exact, GoldenError> {
    sum(pairs.into_iter().map(|(a, b)| Exact::of_product(a, b)))
}

/// `r(s / divisor)` of one exact sum `s` in units of `unit`: an infinite sum gives that infinity.
#[must_use]
pub fn round_sum(sum: Exact, divisor: NonZeroU64, unit: Unit) -> f32 {
    match sum {
        Exact::Integer(units) => round_rational(units, divisor, unit),
        Exact::PositiveInfinity => f32::INFINITY,
        Exact::NegativeInfinity => f32::NEG_INFINITY,
        Exact::Nan => NAN32,
    }
}

/// `r(q)` with `q = numerator / denominator` units: rounded once to FP32, nearest even; zero gives +0.0.
///
/// With these types |q| is 0 or from 2^-112 to 2^103, so that FP32's subnormals and infinities are out of reach.
#[must_use]
pub fn round_rational(numerator: i128, denominator: NonZeroU64, unit: Unit) -> f32 {
    if numerator == 0 {
        return 0.0;
    }
    let magnitude = numerator.unsigned_abs();
    let denominator = u128::from(denominator.get());
    // magnitude / denominator lies between 2^(top - 1) and 2^(top + 1). Count it in steps of FP32's spacing, which
    // is 2^-23 of the power of two below: first as if that were 2^(top - 1), and if 24 bits do not hold the
    // steps, it is 2^top.
    let top = magnitude.ilog2() as i32 - denominator.ilog2() as i32;
    let mut step_log2 = top - 1 - 23;
    let mut steps = Steps::new(magnitude, denominator, step_log2);
    if steps.whole >= 1 << 24 {
        step_log2 += 1;
        steps = Steps::new(magnitude, denominator, step_log2);
    }
    // At most 2^24 steps: FP64 and FP32 both hold the result exactly.
    let rounded = (steps.nearest_even() as f64 * 2f64.powi(step_log2 + unit.log2())) as f32;
    if numerator < 0 { -rounded } else { rounded }
}

/// `magnitude / denominator` counted in steps of a power of two: whole ones, and `rest / divisor` of one.
struct Steps {
    whole: u128,
    rest: u128,
    divisor: u128,
}

impl Steps {
    /// For a quotient below 2^25 steps, so that no side of the fraction leaves 128 bits.
    const fn new(magnitude: u128, denominator: u128, step_log2: i32) -> Self {
        let (dividend, divisor) = if step_log2 < 0 {
            (magnitude << -step_log2, denominator)
        } else {
            (magnitude, denominator << step_log2)
        };
        Self { whole: dividend / divisor, rest: dividend % divisor, divisor }
    }

    const fn nearest_even(&self) -> u128 {
        let twice = self.rest * 2;
        let tie = twice == self.divisor && self.whole % 2 == 1;
        if twice > self.divisor || tie { self.whole + 1 } else { self.whole }
    }
}
