//! What pruning keeps, and the forms that it is kept in.

use super::values::{any_f16, array, bits16};
use half::f16;
use ndarray::{Array4, array};
use proptest::prelude::*;
use satkit_golden::prune::{
    PruneAxis, Pruned, kept_positions, prune_ci, prune_co, prune_gradient, unpack_positions,
};
use satkit_spec::Sparsity;

fn sparsities() -> impl Strategy<Value = Sparsity> {
    prop::sample::select(&Sparsity::GROUP_SIZES[..])
        .prop_flat_map(|m| (1..=m).prop_map(move |n| Sparsity::new(n, m).expect("N is in 1..=M")))
}

/// Magnitude of the contract, NaN canonical.
fn magnitude(value: f16) -> u16 {
    if value.is_nan() { 0x7E00 } else { value.to_bits() & 0x7FFF }
}

/// A value survives if fewer than N others beat it: by magnitude, or by a lower position at the same magnitude.
fn survives(group: &[f16], position: usize, n: usize) -> bool {
    let mine = magnitude(group[position]);
    let beaten_by = |other: usize| {
        let theirs = magnitude(group[other]);
        theirs > mine || (theirs == mine && other < position)
    };
    (0..group.len()).filter(|&other| beaten_by(other)).count() < n
}

/// Weights whose pruned axis holds one or two groups.
fn layers() -> impl Strategy<Value = (Sparsity, bool, Array4<f16>)> {
    (sparsities(), any::<bool>(), 1..3usize, 1..4usize, 1..3usize, 1..3usize).prop_flat_map(
        |(sparsity, along_ci, groups, other, kh, kw)| {
            let reduced = groups * sparsity.m();
            let dims = if along_ci { [other, reduced, kh, kw] } else { [reduced, other, kh, kw] };
            // Few different values, so that ties are common.
            let values = prop_oneof![
                any_f16(),
                prop::sample::select(&[0x3C00, 0xBC00, 0x4000, 0][..]).prop_map(f16::from_bits)
            ];
            (Just(sparsity), Just(along_ci), array(dims, values))
        },
    )
}

proptest! {
    #[test]
    fn groups_keep_the_n_largest(group in prop::collection::vec(any_f16(), 1..17), n in 1..17usize) {
        let n = n.min(group.len());
        let want: Vec<usize> = (0..group.len()).filter(|&p| survives(&group, p, n)).collect();
        prop_assert_eq!(kept_positions(&group, n), want);
    }

    /// Values, positions, mask, dense form and packed form say the same, which is what the contract says.
    #[test]
    fn all_forms_agree((sparsity, along_ci, weights) in layers()) {
        let pruned = if along_ci { prune_ci(weights.view(), sparsity) } else { prune_co(weights.view(), sparsity) };
        let pruned = pruned.expect("M divides the channels");
        let (co, ci, kh, kw) = weights.dim();
        let (n, m) = (sparsity.n(), sparsity.m());
        let groups = weights.len() / m;
        prop_assert_eq!(pruned.values().dim(), (groups, n));
        prop_assert_eq!(pruned.positions().dim(), (groups, n));
        prop_assert_eq!(pruned.mask().len(), weights.len());
        prop_assert_eq!(pruned.mask().count_ones(), groups * n);
        let dense = pruned.to_dense();
        let mut slot_of_group = vec![0; groups];
        // Along Co, position order inside a group is still ascending when co is walked outermost.
        for (offset, ((o, i, h, w), &value)) in weights.indexed_iter().enumerate() {
            let (other, channel, channels) = if along_ci { (o, i, ci) } else { (i, o, co) };
            let group = ((other * kh + h) * kw + w) * (channels / m) + channel / m;
            let first = channel / m * m;
            let members: Vec<f16> = (first..first + m)
                .map(|c| if along_ci { weights[[o, c, h, w]] } else { weights[[c, i, h, w]] })
                .collect();
            let kept = survives(&members, channel % m, n);
            prop_assert_eq!(pruned.mask()[offset], kept);
            let want = if !kept { 0 } else if value.is_nan() { 0x7E00 } else { value.to_bits() };
            prop_assert_eq!(dense[[o, i, h, w]].to_bits(), want);
            if kept {
                let slot = slot_of_group[group];
                slot_of_group[group] += 1;
                prop_assert_eq!(usize::from(pruned.positions()[[group, slot]]), channel % m);
                prop_assert_eq!(pruned.values()[[group, slot]].to_bits(), want);
            }
        }
        let packed = pruned.packed_positions();
        prop_assert_eq!(packed.len(), groups * n * 4);
        let unpacked = unpack_positions(&packed, groups, n).expect("as many bits");
        prop_assert_eq!(unpacked.view(), pruned.positions());
        let again = Pruned::new(
            pruned.axis(), sparsity, pruned.dims(), pruned.values().to_owned(), unpacked,
        ).expect("its own parts");
        prop_assert_eq!(bits16(&again.to_dense()), bits16(&dense));
        prop_assert_eq!(again.mask(), pruned.mask());
    }

    /// A gradient per pixel is a weight tensor with as many taps as pixels.
    #[test]
    fn gradients_prune_per_pixel((sparsity, _, dy) in layers(), groups in 1..3usize) {
        let (batch, _, h, w) = dy.dim();
        let channels = groups * sparsity.m();
        let dy = Array4::from_shape_fn((batch, channels, h, w), |(n, c, y, x)| {
            dy[[n, (c * 7 + n) % dy.dim().1, y, x]]
        });
        let got = prune_gradient(dy.view(), sparsity).expect("M divides the channels");
        let want = prune_ci(dy.view(), sparsity).expect("M divides the channels").to_dense();
        prop_assert_eq!(bits16(&got), bits16(&want));
    }
}

#[test]
fn ties_nans_and_zeros_by_hand() {
    let h = f16::from_f32;
    let two_of_four = Sparsity::new(2, 4).expect("2:4 exists");
    let nan = f16::from_bits(0xFC01);
    let rows = [
        ([h(1.0), h(-1.0), h(1.0), h(1.0)], [0, 1]),
        ([h(0.0), h(-0.0), h(0.0), h(0.0)], [0, 1]),
        ([f16::INFINITY, h(2.0), nan, h(-0.0)], [0, 2]),
        ([nan, f16::from_bits(0x7FFF), f16::NEG_INFINITY, f16::NAN], [0, 1]),
        ([h(0.5), h(-3.0), h(2.0), h(-2.0)], [1, 2]),
    ];
    for (values, positions) in rows {
        let weights = Array4::from_shape_fn((1, 4, 1, 1), |(_, c, ..)| values[c]);
        let pruned = prune_ci(weights.view(), two_of_four).expect("one group");
        assert_eq!(pruned.positions(), array![positions], "{values:?}");
        assert_eq!(pruned.axis(), PruneAxis::Ci);
        // Kept NaNs are canonical, kept zeros keep their sign, pruned ones are +0.0.
        let dense = pruned.to_dense();
        for c in 0..4 {
            let kept = positions.contains(&(c as u8));
            let value = if values[c].is_nan() { 0x7E00 } else { values[c].to_bits() };
            assert_eq!(dense[[0, c, 0, 0]].to_bits(), if kept { value } else { 0 });
        }
    }
}

#[test]
fn positions_are_packed_low_half_first() {
    let sparsity = Sparsity::new(3, 16).expect("3:16 exists");
    let weights = Array4::from_shape_fn((1, 16, 1, 1), |(_, c, ..)| {
        f16::from_f32(if [1, 10, 15].contains(&c) { 1.0 } else { 0.0 })
    });
    let packed = prune_ci(weights.view(), sparsity).expect("one group").packed_positions();
    assert_eq!(packed.into_vec(), [0xA1, 0x0F]);
}
