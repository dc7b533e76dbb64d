//! Pruning against a sort, in both directions.

mod common;

use common::{check_compact, kept_positions, pool, sparsity, tensor};
use half::f16;
use proptest::prelude::*;
use satkit_sim::prune::{prune_ci, prune_co, prune_gradient};
use satkit_spec::Sparsity;

proptest! {
    #![proptest_config(common::config(128))]

    #[test]
    fn compact_forms(
        (outer, groups, taps) in (1_usize..20, 1_usize..9, 1_usize..10),
        sparsity in sparsity(),
        pool in pool(),
        seed in any::<u64>(),
    ) {
        let m = sparsity.m();
        let (co, ci) = (outer, groups * m);
        let weights = tensor(&pool, seed, co * ci * taps);
        let compact = prune_ci(&weights, co, ci, taps, sparsity).unwrap();
        // Groups in C order over (co, tap, ci / M); OIHW is (co, ci, tap).
        check_compact(&compact, &weights, |group, position| {
            let (line, g) = (group / groups, group % groups);
            (line / taps * ci + g * m + position) * taps + line % taps
        });
        let (co, ci) = (groups * m, outer);
        let compact = prune_co(&weights, co, ci, taps, sparsity).unwrap();
        // Groups in C order over (ci, tap, co / M).
        check_compact(&compact, &weights, |group, position| {
            let (line, g) = (group / groups, group % groups);
            ((g * m + position) * ci + line / taps) * taps + line % taps
        });
        let (dense, mask) = (compact.to_dense_oihw(), compact.mask_oihw());
        prop_assert_eq!(mask.iter().filter(|&&kept| kept).count(), compact.values().len());
        for (i, (value, kept)) in dense.iter().zip(mask).enumerate() {
            let canonical =
                if weights[i].is_nan() { 0x7E00 } else { weights[i].to_bits() };
            prop_assert_eq!(value.to_bits(), if kept { canonical } else { 0 });
        }
    }

    #[test]
    fn gradients(
        (batch, groups, pixels) in (1_usize..4, 1_usize..6, 1_usize..30),
        sparsity in sparsity(),
        pool in pool(),
        seed in any::<u64>(),
    ) {
        let (n, m) = (sparsity.n(), sparsity.m());
        let co = groups * m;
        let gradient = tensor(&pool, seed, batch * co * pixels);
        let pruned = prune_gradient(&gradient, batch, co, pixels, sparsity).unwrap();
        for image in 0..batch {
            for pixel in 0..pixels {
                for group in 0..groups {
                    let at = |position| (image * co + group * m + position) * pixels + pixel;
                    let values: Vec<f16> = (0..m).map(|position| gradient[at(position)]).collect();
                    let kept = kept_positions(&values, n);
                    for (position, value) in values.into_iter().enumerate() {
                        let canonical = if value.is_nan() { 0x7E00 } else { value.to_bits() };
                        let expected = if kept.contains(&position) { canonical } else { 0 };
                        prop_assert_eq!(pruned[at(position)].to_bits(), expected);
                    }
                }
            }
        }
    }
}

#[test]
fn ties_keep_the_lowest_positions_and_a_nan_is_largest() {
    let group = [1.0, -1.0, 1.0, f32::INFINITY, -0.0, f32::NAN, 0.5, 1.0].map(f16::from_f32);
    let keep = |n| {
        let compact = prune_ci(&group, 1, 8, 1, Sparsity::new(n, 8).unwrap()).unwrap();
        compact.positions().to_vec()
    };
    assert_eq!(keep(1), [5]);
    assert_eq!(keep(2), [3, 5]);
    assert_eq!(keep(4), [0, 1, 3, 5]);
    assert_eq!(
        prune_ci(&[f16::ZERO; 8], 1, 8, 1, Sparsity::TWO_OF_EIGHT).unwrap().positions(),
        [0, 1]
    );
}

#[test]
fn wrong_sizes_are_errors() {
    let weights = [f16::ONE; 24];
    assert!(prune_ci(&weights, 2, 12, 1, Sparsity::TWO_OF_EIGHT).is_err());
    assert!(prune_co(&weights, 2, 12, 1, Sparsity::TWO_OF_EIGHT).is_err());
    assert!(prune_ci(&weights, 2, 16, 1, Sparsity::TWO_OF_EIGHT).is_err());
    assert!(prune_ci(&weights, usize::MAX, usize::MAX, 8, Sparsity::TWO_OF_EIGHT).is_err());
    assert!(prune_gradient(&weights, 1, 12, 2, Sparsity::TWO_OF_EIGHT).is_err());
}
