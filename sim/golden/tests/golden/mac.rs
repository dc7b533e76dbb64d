//! FF, BP and WU against enumerations of their terms, and against each other on whole numbers.

use super::values::{any_f16, array, bits32, integer_f16, wide};
use half::f16;
use ndarray::{Array2, Array4, ArrayView4};
use proptest::prelude::*;
use satkit_golden::mac::{Weight, bp, bp_at, ff, ff_at, matmul, wu, wu_at};
use satkit_golden::prune::{prune_ci, prune_co};
use satkit_spec::{ConvShape, Sparsity};

/// Sums products in the order of their keys, from +0.0.
pub(crate) fn sum_by_key<K: Ord>(mut terms: Vec<(K, f16, f16)>) -> u32 {
    terms.sort_by(|a, b| a.0.cmp(&b.0));
    let sum = terms.iter().fold(0.0f32, |acc, (_, a, b)| f32::from(*a).mul_add(f32::from(*b), acc));
    if sum.is_nan() { 0x7FC0_0000 } else { sum.to_bits() }
}

/// A pixel, or +0.0 outside the image.
fn pixel(image: ArrayView4<f16>, n: usize, c: usize, row: isize, column: isize) -> f16 {
    let index = usize::try_from(row).ok().zip(usize::try_from(column).ok());
    let value = index.and_then(|(row, column)| image.get([n, c, row, column]));
    value.copied().unwrap_or(f16::ZERO)
}

/// Bits of FF, term by term; `kept` says which weights (OIHW index) are there.
fn ff_oracle(
    s: ConvShape,
    x: &Array4<f16>,
    w: &Array4<f16>,
    kept: impl Fn([usize; 4]) -> bool,
) -> Vec<u32> {
    let outputs = Array4::from_shape_fn((s.batch, s.co, s.out_h(), s.out_w()), |index| index);
    let sum = |&(n, co, oh, ow): &(usize, usize, usize, usize)| {
        let mut terms = Vec::new();
        for ((o, ci, kh, kw), &w) in w.indexed_iter() {
            if o == co && kept([o, ci, kh, kw]) {
                let row = (oh * s.stride + kh) as isize - s.pad as isize;
                let column = (ow * s.stride + kw) as isize - s.pad as isize;
                terms.push(((ci / 64, kh, kw, ci), pixel(x.view(), n, ci, row, column), w));
            }
        }
        sum_by_key(terms)
    };
    outputs.iter().map(sum).collect()
}

/// Bits of BP: the taps and outputs `oh` (which may lie outside) with `oh * stride + kh = ih + pad`.
fn bp_oracle(
    s: ConvShape,
    dy: &Array4<f16>,
    w: &Array4<f16>,
    kept: impl Fn([usize; 4]) -> bool,
) -> Vec<u32> {
    let inputs = Array4::from_shape_fn((s.batch, s.ci, s.h, s.w), |index| index);
    let stride = s.stride as isize;
    let reach = -40..80isize;
    let sum = |&(n, ci, ih, iw): &(usize, usize, usize, usize)| {
        let mut terms = Vec::new();
        for ((co, i, kh, kw), &w) in w.indexed_iter() {
            if i != ci || !kept([co, i, kh, kw]) {
                continue;
            }
            let meets =
                |o: isize, k: usize, i: usize| o * stride + k as isize == (i + s.pad) as isize;
            let row = reach.clone().find(|&oh| meets(oh, kh, ih));
            let column = reach.clone().find(|&ow| meets(ow, kw, iw));
            if let (Some(row), Some(column)) = (row, column) {
                terms.push(((co / 64, kh, kw, co), pixel(dy.view(), n, co, row, column), w));
            }
        }
        sum_by_key(terms)
    };
    inputs.iter().map(sum).collect()
}

fn wu_oracle(s: ConvShape, x: &Array4<f16>, dy: &Array4<f16>) -> Vec<u32> {
    let weights = Array4::from_shape_fn((s.co, s.ci, s.kh, s.kw), |index| index);
    let sum = |&(co, ci, kh, kw): &(usize, usize, usize, usize)| {
        let mut terms = Vec::new();
        for ((n, o, oh, ow), &dy) in dy.indexed_iter() {
            if o == co {
                let row = (oh * s.stride + kh) as isize - s.pad as isize;
                let column = (ow * s.stride + kw) as isize - s.pad as isize;
                terms.push(((n, oh, ow), pixel(x.view(), n, ci, row, column), dy));
            }
        }
        sum_by_key(terms)
    };
    weights.iter().map(sum).collect()
}

/// A small layer with X, W and dY; channels come in whole groups of 4.
fn layers<S: Strategy<Value = f16> + Clone + 'static>(
    values: S,
) -> impl Strategy<Value = (ConvShape, Array4<f16>, Array4<f16>, Array4<f16>)> {
    let sizes = (1..3usize, 1..3usize, (1..6usize, 1..6usize), 1..3usize);
    (sizes, (1..5usize, 1..4usize), 1..5usize, 0..4usize)
        .prop_filter_map("the kernel fits", |((batch, ci, image, co), kernel, stride, pad)| {
            ConvShape::new(batch, ci * 4, image, co * 4, kernel, stride, pad).ok()
        })
        .prop_flat_map(move |s| {
            (
                Just(s),
                array([s.batch, s.ci, s.h, s.w], values.clone()),
                array([s.co, s.ci, s.kh, s.kw], values.clone()),
                array([s.batch, s.co, s.out_h(), s.out_w()], values.clone()),
            )
        })
}

fn dot(a: &Array4<f64>, b: &Array4<f64>) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn stages_are_their_terms_in_k_order((s, x, w, dy) in layers(any_f16().boxed())) {
        let dense = Weight::Dense(w.clone());
        let y = ff(s, x.view(), &dense).expect("the layer's tensors");
        prop_assert_eq!(bits32(&y), ff_oracle(s, &x, &w, |_| true));
        let dx = bp(s, dy.view(), &dense).expect("the layer's tensors");
        prop_assert_eq!(bits32(&dx), bp_oracle(s, &dy, &w, |_| true));
        let dw = wu(s, x.view(), dy.view()).expect("the layer's tensors");
        prop_assert_eq!(bits32(&dw), wu_oracle(s, &x, &dy));
        // Fewest outputs first: the sampled form gives the same bits.
        let last = [s.batch - 1, s.co - 1, s.out_h() - 1, s.out_w() - 1];
        let got = ff_at(s, x.view(), &dense, last).expect("inside Y");
        prop_assert_eq!(got.to_bits(), y[last].to_bits());
        let last = [s.batch - 1, s.ci - 1, s.h - 1, s.w - 1];
        let got = bp_at(s, dy.view(), &dense, last).expect("inside dX");
        prop_assert_eq!(got.to_bits(), dx[last].to_bits());
        let last = [s.co - 1, s.ci - 1, s.kh - 1, s.kw - 1];
        let got = wu_at(s, x.view(), dy.view(), last).expect("inside dW");
        prop_assert_eq!(got.to_bits(), dw[last].to_bits());
    }

    #[test]
    fn pruned_terms_are_skipped((s, x, w, dy) in layers(any_f16().boxed()), n in 1..5usize) {
        let sparsity = Sparsity::new(n, 4).expect("N of 4");
        let offset = |[o, i, h, v]: [usize; 4]| ((o * s.ci + i) * s.kh + h) * s.kw + v;
        let pruned = prune_ci(w.view(), sparsity).expect("groups of 4");
        let mask = pruned.mask().to_bitvec();
        let y = ff(s, x.view(), &Weight::PrunedCi(pruned)).expect("the layer's tensors");
        prop_assert_eq!(bits32(&y), ff_oracle(s, &x, &w, |index| mask[offset(index)]));
        let pruned = prune_co(w.view(), sparsity).expect("groups of 4");
        let mask = pruned.mask().to_bitvec();
        let dx = bp(s, dy.view(), &Weight::PrunedCo(pruned)).expect("the layer's tensors");
        prop_assert_eq!(bits32(&dx), bp_oracle(s, &dy, &w, |index| mask[offset(index)]));
    }

    /// `<FF(x), dy> = <x, BP(dy)> = <w, WU(x, dy)>`, exactly, on whole numbers.
    #[test]
    fn stages_are_adjoint((s, x, w, dy) in layers(integer_f16().boxed())) {
        let dense = Weight::Dense(w.clone());
        let y = ff(s, x.view(), &dense).expect("the layer's tensors").mapv(f64::from);
        let dx = bp(s, dy.view(), &dense).expect("the layer's tensors").mapv(f64::from);
        let dw = wu(s, x.view(), dy.view()).expect("the layer's tensors").mapv(f64::from);
        let product = dot(&y, &wide(&dy));
        prop_assert_eq!(product, dot(&wide(&x), &dx));
        prop_assert_eq!(product, dot(&wide(&w), &dw));
    }

    #[test]
    fn matrix_products_take_k_ascending(
        (a, b) in (1..5usize, 0..9usize, 1..5usize).prop_flat_map(|(m, k, n)| {
            (array([m, k], any_f16()), array([k, n], any_f16()))
        }),
    ) {
        let product = matmul(a.view(), b.view()).expect("k fits");
        let want = Array2::from_shape_fn((a.nrows(), b.ncols()), |(m, n)| {
            f32::from_bits(sum_by_key((0..a.ncols()).map(|k| (k, a[[m, k]], b[[k, n]])).collect()))
        });
        prop_assert_eq!(bits32(&product), bits32(&want));
    }
}

#[test]
fn outputs_without_a_tap_are_positive_zero() {
    // Kernel 1 at stride 2: odd input pixels meet no tap, whatever dY and W hold.
    let s = ConvShape::new(1, 1, (3, 3), 1, (1, 1), 2, 0).expect("the kernel fits");
    let dy = Array4::from_elem((1, 1, 2, 2), f16::NAN);
    let w = Weight::Dense(Array4::from_elem((1, 1, 1, 1), f16::NEG_INFINITY));
    let dx = bp(s, dy.view(), &w).expect("the layer's tensors");
    for ((_, _, ih, iw), value) in dx.indexed_iter() {
        let want = if ih % 2 == 0 && iw % 2 == 0 { 0x7FC0_0000 } else { 0 };
        assert_eq!(value.to_bits(), want, "({ih}, {iw})");
    }
}

#[test]
fn present_taps_outside_the_image_multiply_zero() {
    // 3-wide kernel without padding: input pixel 0 meets kw = 0 inside and kw = 1, 2 outside dY.
    let s = ConvShape::new(1, 1, (1, 4), 1, (1, 3), 1, 0).expect("the kernel fits");
    let dy = Array4::from_elem((1, 1, 1, 2), f16::ONE);
    let mut w = Array4::from_elem((1, 1, 1, 3), f16::ONE);
    w[[0, 0, 0, 2]] = f16::INFINITY;
    let dx = bp(s, dy.view(), &Weight::Dense(w)).expect("the layer's tensors");
    // Pixel 0 and 1: 0 * Inf is NaN. Pixels 2 and 3: kw = 2 is inside, 1 * Inf.
    let bits: Vec<u32> = dx.iter().map(|v| v.to_bits()).collect();
    let (nan, inf) = (0x7FC0_0000, 0x7F80_0000);
    assert_eq!(bits, [nan, nan, inf, inf]);
}

#[test]
fn infinite_gradients_reach_only_their_taps() {
    // Stride 2, kernel 2: each input pixel meets exactly one output. Inf in one leaves the others alone.
    let s = ConvShape::new(1, 1, (4, 4), 1, (2, 2), 2, 0).expect("the kernel fits");
    let mut dy = Array4::from_elem((1, 1, 2, 2), f16::ONE);
    dy[[0, 0, 1, 0]] = f16::INFINITY;
    let w = Weight::Dense(Array4::from_elem((1, 1, 2, 2), f16::from_f32(-2.0)));
    let dx = bp(s, dy.view(), &w).expect("the layer's tensors");
    for ((_, _, ih, iw), &value) in dx.indexed_iter() {
        let want = if ih >= 2 && iw < 2 { f32::NEG_INFINITY } else { -2.0 };
        assert_eq!(value, want, "({ih}, {iw})");
    }
}

#[test]
fn infinite_activations_do_not_leak_through_pruned_weights() {
    let s = ConvShape::linear(1, 4, 1).expect("a linear layer");
    let x = Array4::from_shape_fn(
        (1, 4, 1, 1),
        |(_, c, ..)| {
            if c == 3 { f16::INFINITY } else { f16::ONE }
        },
    );
    let w =
        Array4::from_shape_fn((1, 4, 1, 1), |(_, c, ..)| f16::from_f32([2.0, 3.0, 1.0, 0.0][c]));
    let pruned = prune_ci(w.view(), Sparsity::new(2, 4).expect("2:4 exists")).expect("one group");
    let as_dense = Weight::Dense(pruned.to_dense());
    let y = ff(s, x.view(), &Weight::PrunedCi(pruned)).expect("the layer's tensors");
    assert_eq!(y[[0, 0, 0, 0]], 5.0);
    let y = ff(s, x.view(), &as_dense).expect("the layer's tensors");
    assert_eq!(y[[0, 0, 0, 0]].to_bits(), 0x7FC0_0000);
}
