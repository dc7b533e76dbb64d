//! Exact sums: the blocks of FP64 against integers, and the rounding against long division.

use super::reference::{self, Xsum};
use super::{assert_bits, on_thread_counts, values};
use crate::elementwise::channel_sums::channel_moments;
use crate::elementwise::exact::{PRODUCT_UNIT, VALUE_UNIT, round_central_moment, round_ratio};
use crate::elementwise::{MAX_TERMS, Planes, bias_gradient};
use half::f16;
use proptest::prelude::*;

proptest! {
    #[test]
    fn ratios_are_rounded_once(
        num in any::<i128>(),
        shift in 2_u32..128,
        den in 1_u64..1 << 44,
        den_shift in 0_u32..44,
        unit in prop::sample::select(vec![VALUE_UNIT, PRODUCT_UNIT]),
    ) {
        let (num, den) = (num >> shift, (den >> den_shift).max(1));
        let expected = reference::r(num, den.into(), unit);
        prop_assert_eq!(round_ratio(num, den, unit).to_bits(), expected.to_bits());
    }

    #[test]
    fn ties_of_ratios_go_to_even(
        mantissa in 1_i128 << 23..1 << 24,
        den in 1_i128..1 << 44,
        den_shift in 0_u32..44,
        scale in 0_u32..56,
        off in -1_i128..2,
    ) {
        // Exactly between two neighbours, and the least possible beside it: with a large scale only
        // the division's remainder shows it.
        let den = (den >> den_shift).max(1);
        let num = (((2 * mantissa + 1) * den) << scale) + off;
        let expected = reference::r(num, den as u128, PRODUCT_UNIT);
        let given = |num| round_ratio(num, den as u64, PRODUCT_UNIT).to_bits();
        prop_assert_eq!(given(num), expected.to_bits());
        prop_assert_eq!(given(-num), (-expected).to_bits());
        if off == 0 {
            prop_assert_eq!(expected.to_bits() & 1, 0);
        }
    }

    #[test]
    fn sums_are_exact(
        a in values(), b in values(),
        batch in 1_usize..40, channels in 1_usize..70, pixels in 1_usize..80,
    ) {
        let planes = Planes::new(batch, channels, pixels).unwrap();
        let (a, b) = (a.halves(0, planes.len()), b.halves(1, planes.len()));
        check(planes, &a, &b);
    }

    #[test]
    fn blocks_may_follow_each_other(
        a in values(), b in values(),
        batch in 1_usize..4, pixels in 8000_usize..9000,
    ) {
        // More terms than one block holds, in planes and in columns.
        for planes in [Planes::new(batch, 2, pixels), Planes::new(pixels, 3, batch)] {
            let planes = planes.unwrap();
            check(planes, &a.halves(0, planes.len()), &b.halves(1, planes.len()));
        }
    }
}

/// Compares sums and sums of products of every channel with the integers.
fn check(planes: Planes, a: &[f16], b: &[f16]) {
    let [moments, on_three] = on_thread_counts(|| channel_moments(planes, a, Some(b)));
    assert_eq!(moments, on_three);
    let values_only = channel_moments(planes, a, None);
    for c in 0..planes.channels {
        let of = |x: &[f16]| -> Vec<f16> {
            x.chunks(planes.channels * planes.pixels)
                .flat_map(|image| image[c * planes.pixels..(c + 1) * planes.pixels].to_vec())
                .collect()
        };
        let (a, b) = (of(a), of(b));
        let sum = Xsum::of(a.iter().copied());
        let products = Xsum::of_products(a.into_iter().zip(b));
        let given =
            [moments[c].sum.round(VALUE_UNIT, 7), moments[c].products.round(PRODUCT_UNIT, 1)];
        assert_bits("sums", &given, &[sum.r_values(7), products.r_products()]);
        assert_eq!(moments[c].sum, values_only[c].sum);
        // Beyond what a rounded sum shows: the integers themselves.
        assert_eq!(moments[c].sum.integer(), sum.integer());
        assert_eq!(moments[c].products.integer(), products.integer());
    }
}

#[test]
fn sums_of_every_width_do_not_round() {
    // Piles of one magnitude, so that sums grow without cancelling, with the smallest odd terms in
    // between: any addition that needed more than 53 bits would lose them.
    for exponent in -14..=15 {
        let pile = f16::from_f32(2_f32.powi(exponent) * 1.999);
        for planes in [Planes::new(2, 1, 20_000), Planes::new(20_000, 1, 2)] {
            let planes = planes.unwrap();
            for phase in 0..2 {
                let mut a = vec![pile; planes.len()];
                let mut b = a.clone();
                for i in (phase..a.len()).step_by(7) {
                    a[i] = f16::from_bits(1);
                    b[i] = f16::from_bits(if phase == 0 { 1 } else { 3 });
                }
                check(planes, &a, &b);
            }
        }
    }
}

#[test]
fn the_largest_sums_fit() {
    // Every term at the largest magnitude, as many as are allowed, in planes and in columns.
    for planes in [Planes::new(4, 1, MAX_TERMS / 4), Planes::new(MAX_TERMS, 1, 1)] {
        let planes = planes.unwrap();
        for value in [f16::MAX, f16::MIN] {
            let x = vec![value; planes.len()];
            let moments = channel_moments(planes, &x, Some(&x))[0];
            let units = i128::from(value.to_f32() as i64) << 24;
            assert_eq!(moments.sum.integer(), Some(units << 22));
            assert_eq!(moments.products.integer(), Some((units * units) << 22));
            let n = MAX_TERMS as u64;
            let var = round_central_moment(n, moments.products, moments.sum, moments.sum, n * n);
            assert_eq!(var.to_bits(), 0);
            assert_eq!(moments.sum.round(VALUE_UNIT, n), value.to_f32());
        }
    }
}

#[test]
fn the_largest_variance_fits() {
    let planes = Planes::new(1, 1, MAX_TERMS).unwrap();
    let mut x = vec![f16::MAX; MAX_TERMS];
    x[MAX_TERMS / 2..].fill(f16::MIN);
    let moments = channel_moments(planes, &x, Some(&x))[0];
    let n = MAX_TERMS as u64;
    let var = round_central_moment(n, moments.products, moments.sum, moments.sum, n * n);
    assert_eq!(var, 65_504.0 * 65_504.0);
}

#[test]
fn one_term_too_many_is_refused() {
    let planes = Planes::new(MAX_TERMS + 1, 1, 1).unwrap();
    let error = bias_gradient(planes, &vec![f16::ZERO; MAX_TERMS + 1]).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("4194305") && text.contains("at most 4194304"), "{text}");
}
