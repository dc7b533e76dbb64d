//! Exact sums and their rounding against arbitrary-precision integers.

use super::values::{any_f16, finite_f16};
use half::f16;
use num_bigint::{BigInt, BigUint};
use proptest::prelude::*;
use satkit_golden::GoldenError;
use satkit_golden::exact::{
    Exact, MAX_TERMS, Unit, round_rational, round_sum, xsum, xsum_products,
};
use std::num::NonZeroU64;

/// A finite FP32 value as an integer multiple of 2^-149.
fn units_of_f32(value: f32) -> BigInt {
    let bits = value.to_bits();
    let exponent = bits >> 23 & 0xFF;
    let fraction = BigUint::from(bits & 0x7F_FFFF);
    let magnitude = if exponent == 0 {
        fraction
    } else {
        (fraction + BigUint::from(0x80_0000u32)) << (exponent - 1)
    };
    let magnitude = BigInt::from(magnitude);
    if value.is_sign_negative() { -magnitude } else { magnitude }
}

/// Asserts that no FP32 neighbour of `got` is nearer to numerator / denominator * 2^unit, nor as near and even.
fn assert_nearest(got: f32, numerator: i128, denominator: u64, unit: Unit) {
    // Everything times denominator, in units of 2^-149.
    let q = BigInt::from(numerator) << (149 + unit.log2()) as usize;
    let distance = |value: f32| {
        let difference = units_of_f32(value) * BigInt::from(denominator) - &q;
        BigInt::from(difference.magnitude().clone())
    };
    assert!(got.is_finite(), "{numerator} / {denominator} rounds to {got}");
    let here = distance(got);
    for neighbour in [got.next_up(), got.next_down()] {
        let there = distance(neighbour);
        assert!(here <= there, "{numerator}/{denominator}: {neighbour} is nearer than {got}");
        if here == there {
            assert_eq!(got.to_bits() & 1, 0, "{numerator}/{denominator}: a tie must go to even");
        }
    }
}

fn one() -> NonZeroU64 {
    NonZeroU64::MIN
}

fn numerators() -> impl Strategy<Value = i128> {
    // All lengths, and few leading bits, then zeros: ties.
    (any::<i128>(), 0u32..127).prop_flat_map(|(bits, shift)| {
        (Just(bits >> shift), 0..=shift).prop_map(|(bits, zeros)| bits << (zeros / 2))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn rationals_round_to_the_nearest(
        numerator in numerators(),
        denominator in prop_oneof![1..100u64, 1..1u64 << 44, (0..64u32).prop_map(|e| 1 << e), 1u64 << 60..],
        product: bool,
    ) {
        let unit = if product { Unit::Product } else { Unit::Value };
        let got = round_rational(numerator, NonZeroU64::new(denominator).expect("not zero"), unit);
        assert_nearest(got, numerator, denominator, unit);
    }

    #[test]
    fn ties_of_whole_quotients_go_to_even(odd in 1 << 23..1i128 << 24, shift in 0..60u32, negative: bool) {
        // 25 significant bits, the last one set: exactly between two FP32 values.
        let magnitude = (2 * odd + 1) << shift;
        let numerator = if negative { -magnitude } else { magnitude };
        let got = round_rational(numerator, one(), Unit::Product);
        assert_nearest(got, numerator, 1, Unit::Product);
    }

    #[test]
    fn sums_are_exact(values in prop::collection::vec((finite_f16(), finite_f16()), 0..300)) {
        // FP64 holds a value as a multiple of 2^-24 exactly, and a product as one of 2^-48.
        let units = |v: f16| BigInt::from((f64::from(v) * 2f64.powi(24)) as i64);
        let sum: BigInt = values.iter().map(|&(a, _)| units(a)).sum();
        let products: BigInt = values.iter().map(|&(a, b)| units(a) * units(b)).sum();
        let got = xsum(values.iter().map(|&(a, _)| a)).expect("few terms");
        prop_assert_eq!(got.integer().map(BigInt::from), Some(sum));
        let got = xsum_products(values.iter().copied()).expect("few terms");
        prop_assert_eq!(got.integer().map(BigInt::from), Some(products));
    }

    #[test]
    fn specials_stick_in_any_order(values in prop::collection::vec((any_f16(), any_f16()), 1..6)) {
        // The sign rules of IEEE sums, without their rounding: FP64 has room for six products.
        let want = values.iter().map(|&(a, b)| f64::from(a) * f64::from(b)).sum::<f64>();
        let mut reversed = values.clone();
        reversed.reverse();
        for values in [values, reversed] {
            let got = xsum_products(values).expect("few terms");
            let same = match got {
                Exact::Integer(_) => want.is_finite(),
                Exact::PositiveInfinity => want == f64::INFINITY,
                Exact::NegativeInfinity => want == f64::NEG_INFINITY,
                Exact::Nan => want.is_nan(),
            };
            prop_assert!(same, "{got:?} instead of {want}");
        }
    }
}

#[test]
fn the_largest_and_the_smallest_quotients_round() {
    for numerator in [i128::MIN, i128::MAX, -1, 1, 3, (1 << 24) + 1, (1 << 25) - 1] {
        for denominator in [1, 3, 1 << 63, u64::MAX - 2, u64::MAX] {
            for unit in [Unit::Value, Unit::Product] {
                let divisor = NonZeroU64::new(denominator).expect("not zero");
                let got = round_rational(numerator, divisor, unit);
                assert_nearest(got, numerator, denominator, unit);
            }
        }
    }
}

#[test]
fn hand_made_sums() {
    let big = f16::MAX;
    let tiny = f16::from_bits(1);
    let got = xsum([big, tiny, -big]).expect("few terms");
    assert_eq!(got, Exact::Integer(1));
    assert_eq!(round_sum(got, one(), Unit::Value).to_bits(), 2f32.powi(-24).to_bits());
    // Nothing and negative zeros sum to +0.0.
    for values in [vec![], vec![f16::NEG_ZERO; 2]] {
        let sum = xsum(values).expect("few terms");
        assert_eq!(round_sum(sum, one(), Unit::Value).to_bits(), 0);
    }
    let sum = |values: &[f16]| {
        round_sum(xsum(values.iter().copied()).expect("few terms"), one(), Unit::Value).to_bits()
    };
    let (inf, nan) = (f16::INFINITY, f16::from_bits(0xFE01));
    assert_eq!(sum(&[inf, big]), f32::INFINITY.to_bits());
    assert_eq!(sum(&[-inf, inf, big]), 0x7FC0_0000);
    assert_eq!(sum(&[inf, nan]), 0x7FC0_0000);
    assert_eq!(xsum_products([(f16::ZERO, inf)]).expect("few terms"), Exact::Nan);
    assert_eq!(xsum_products([(-big, inf)]).expect("few terms"), Exact::NegativeInfinity);
}

#[test]
fn the_most_terms_fit_and_one_more_is_refused() {
    let worst = std::iter::repeat_n((f16::MIN, f16::MAX), MAX_TERMS);
    let unit: i128 = 65_504 << 24;
    let sum = xsum_products(worst).expect("the limit is allowed");
    assert_eq!(sum, Exact::Integer(-unit * unit * MAX_TERMS as i128));
    // n * S2, the largest integer of batch norm, still rounds.
    let n = MAX_TERMS as i128;
    let got = round_rational(-unit * unit * n * n, one(), Unit::Product);
    assert_nearest(got, -unit * unit * n * n, 1, Unit::Product);
    let refused = xsum(std::iter::repeat_n(f16::ONE, MAX_TERMS + 1));
    assert_eq!(refused, Err(GoldenError::TooManyTerms { limit: MAX_TERMS }));
}
