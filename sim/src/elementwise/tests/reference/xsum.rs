//! Exact sums and their rounding.

use super::f;
use half::f16;

/// An exact sum and its sticky specials.
#[derive(Clone, Copy, Default)]
pub(in super::super) struct Xsum {
    units: i128,
    plus_inf: bool,
    minus_inf: bool,
    nan: bool,
}

impl Xsum {
    /// The sum of values, in units of 2^-24.
    pub(in super::super) fn of(values: impl IntoIterator<Item = f16>) -> Self {
        let mut sum = Self::default();
        for v in values {
            sum.term(f(v), units(v));
        }
        sum
    }

    /// The sum of products, in units of 2^-48.
    pub(in super::super) fn of_products(pairs: impl IntoIterator<Item = (f16, f16)>) -> Self {
        let mut sum = Self::default();
        for (a, b) in pairs {
            sum.term(f(a) * f(b), units(a) * units(b));
        }
        sum
    }

    fn term(&mut self, value: f32, units: i128) {
        if value.is_nan() {
            self.nan = true;
        } else if value == f32::INFINITY {
            self.plus_inf = true;
        } else if value == f32::NEG_INFINITY {
            self.minus_inf = true;
        } else {
            self.units += units;
        }
    }

    /// The special that stuck, if any.
    fn special(&self) -> Option<f32> {
        if self.nan || (self.plus_inf && self.minus_inf) {
            Some(f32::NAN)
        } else if self.plus_inf {
            Some(f32::INFINITY)
        } else if self.minus_inf {
            Some(f32::NEG_INFINITY)
        } else {
            None
        }
    }

    /// The integer, if no special stuck.
    pub(in super::super) fn integer(&self) -> Option<i128> {
        self.special().is_none().then_some(self.units)
    }

    /// `r(s / n)` for a sum of values.
    pub(in super::super) fn r_values(&self, n: usize) -> f32 {
        self.special().unwrap_or_else(|| r(self.units, n as u128, -24))
    }

    /// `r(s)` for a sum of products.
    pub(in super::super) fn r_products(&self) -> f32 {
        self.special().unwrap_or_else(|| r(self.units, 1, -48))
    }
}

/// A finite FP16 as an integer of units 2^-24; 0 for a special.
fn units(v: f16) -> i128 {
    let bits = i128::from(v.to_bits());
    let (exponent, fraction) = ((bits >> 10) & 31, bits & 1023);
    let magnitude = match exponent {
        0 => fraction,
        31 => 0,
        _ => (1024 + fraction) << (exponent - 1),
    };
    if bits & 0x8000 == 0 { magnitude } else { -magnitude }
}

/// `num / den * 2^unit` to FP32, by long division, bit after bit.
pub(in super::super) fn r(num: i128, den: u128, unit: i32) -> f32 {
    let (mut remainder, whole) = (num.unsigned_abs() % den, num.unsigned_abs() / den);
    let mut mantissa: u64 = 0;
    let mut bits = 0;
    let mut exponent = 127 + unit + 1;
    let mut sticky = false;
    let mut next_whole_bit = 128;
    // 25 significant bits (24 and the round bit), the rest only counts as sticky.
    loop {
        let bit = if next_whole_bit > 0 {
            next_whole_bit -= 1;
            whole >> next_whole_bit & 1 == 1
        } else if bits == 25 || (remainder == 0 && (bits > 0 || whole == 0)) {
            break;
        } else {
            remainder *= 2;
            let bit = remainder >= den;
            remainder -= if bit { den } else { 0 };
            bit
        };
        if bits == 25 {
            sticky |= bit;
            continue;
        }
        exponent -= 1;
        if bits > 0 || bit {
            mantissa = mantissa * 2 + u64::from(bit);
            bits += 1;
        }
    }
    sticky |= remainder != 0;
    if bits == 0 {
        return 0.0;
    }
    if bits == 25 {
        let round = mantissa & 1 == 1;
        mantissa /= 2;
        exponent += 1;
        if round && (sticky || mantissa & 1 == 1) {
            mantissa += 1;
        }
    }
    let magnitude = (mantissa as f64 * 2_f64.powi(exponent)) as f32;
    if num < 0 { -magnitude } else { magnitude }
}

/// `r((n * second - a * b) / den)`, NaN if any is special.
pub(super) fn r_moment(n: usize, second: Xsum, a: Xsum, b: Xsum, den: usize) -> f32 {
    if [second, a, b].iter().any(|s| s.special().is_some()) {
        return f32::NAN;
    }
    r(n as i128 * second.units - a.units * b.units, den as u128, -48)
}
