//! Which operands each method multiplies.

use super::values::{any_f16, array, bits16, bits32};
use half::f16;
use ndarray::{Array4, ArrayView4};
use proptest::prelude::*;
use satkit_golden::mac::{Weight, bp, ff, wu};
use satkit_golden::method::Layer;
use satkit_golden::number::to_f16;
use satkit_golden::prune::{prune_ci, prune_co, prune_gradient};
use satkit_spec::{ConvShape, Method, Sparsity};

/// FP32 master weights, among them values that FP16 rounds, overflows and flushes.
fn masters() -> impl Strategy<Value = f32> {
    prop_oneof![any::<u32>().prop_map(f32::from_bits), any_f16().prop_map(f32::from), -2.0f32..2.0,]
}

fn layers() -> impl Strategy<Value = (Layer, Array4<f32>, Array4<f16>, Array4<f16>)> {
    let channels = || prop::sample::select(&[3usize, 4, 6, 8][..]);
    let of_method = prop::sample::select(&Method::ALL[..]);
    (of_method, any::<bool>(), channels(), channels(), 1..3usize, 1..5usize).prop_flat_map(
        |(method, prunable, ci, co, stride, n)| {
            let shape = ConvShape::new(2, ci, (3, 4), co, (2, 2), stride, 1).expect("it fits");
            let sparsity = Sparsity::new(n, 4).expect("N of 4");
            (
                Just(Layer { shape, method, sparsity, prunable }),
                array([co, ci, 2, 2], masters()),
                array([2, ci, 3, 4], any_f16()),
                array([2, co, shape.out_h(), shape.out_w()], any_f16()),
            )
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// The table of the contract, row by row.
    #[test]
    fn every_method_is_its_row_of_the_table((layer, master, x, dy) in layers()) {
        let Layer { shape, method, sparsity, prunable } = layer;
        let w = master.mapv(to_f16);
        let whole = || Weight::Dense(w.clone());
        let along_ci = prunable && shape.ci % 4 == 0;
        let along_co = prunable && shape.co % 4 == 0;
        let ci = || prune_ci(w.view(), sparsity).expect("groups of 4");
        let co = || prune_co(w.view(), sparsity).expect("groups of 4");
        let ff_weight = match method {
            Method::Srste | Method::Bdwp if along_ci => Weight::PrunedCi(ci()),
            _ => whole(),
        };
        let bp_weight = match method {
            Method::Srste if along_ci => Weight::Dense(ci().to_dense()),
            Method::Sdwp | Method::Bdwp if along_co => Weight::PrunedCo(co()),
            _ => whole(),
        };
        let gradient = match method {
            Method::Sdgp if along_co => prune_gradient(dy.view(), sparsity).expect("groups of 4"),
            _ => dy.clone(),
        };
        let got = layer.ff(x.view(), master.view()).expect("the layer's tensors");
        let want = ff(shape, x.view(), &ff_weight).expect("the layer's tensors");
        prop_assert_eq!(bits32(&got), bits32(&want));
        let got = layer.bp(dy.view(), master.view()).expect("the layer's tensors");
        let want = bp(shape, gradient.view(), &bp_weight).expect("the layer's tensors");
        prop_assert_eq!(bits32(&got), bits32(&want));
        let got = layer.wu(x.view(), dy.view()).expect("the layer's tensors");
        let want = wu(shape, x.view(), dy.view()).expect("the layer's tensors");
        prop_assert_eq!(bits32(&got), bits32(&want));
        let mask = layer.decay_mask(master.view()).expect("the layer's weights");
        let want = (method == Method::Srste && along_ci).then(|| ci().mask().to_bitvec());
        prop_assert_eq!(mask, want);
    }
}

#[test]
fn pruned_weights_are_compact_only_where_the_table_says_so() {
    let shape = ConvShape::linear(2, 8, 8).expect("a linear layer");
    let master = Array4::from_shape_fn((8, 8, 1, 1), |(o, i, ..)| (o * 8 + i) as f32);
    let compact = |weight: Weight| match weight {
        Weight::Dense(_) => "dense",
        Weight::PrunedCi(_) => "ci",
        Weight::PrunedCo(_) => "co",
    };
    for (method, ff, bp) in [
        (Method::Dense, "dense", "dense"),
        (Method::Srste, "ci", "dense"),
        (Method::Sdwp, "dense", "co"),
        (Method::Sdgp, "dense", "dense"),
        (Method::Bdwp, "ci", "co"),
    ] {
        let layer = Layer { shape, method, sparsity: Sparsity::TWO_OF_EIGHT, prunable: true };
        let master: ArrayView4<f32> = master.view();
        assert_eq!(compact(layer.ff_weight(master).expect("its weights")), ff, "{method}");
        assert_eq!(compact(layer.bp_weight(master).expect("its weights")), bp, "{method}");
    }
}

#[test]
fn the_gradient_of_sdgp_keeps_two_of_eight_channels_per_pixel() {
    let shape = ConvShape::new(1, 8, (1, 2), 8, (1, 1), 1, 0).expect("the kernel fits");
    let layer =
        Layer { shape, method: Method::Sdgp, sparsity: Sparsity::TWO_OF_EIGHT, prunable: true };
    let dy = Array4::from_shape_fn((1, 8, 1, 2), |(_, c, _, w)| {
        f16::from_f32(if w == 0 { c as f32 } else { -(8.0 - c as f32) })
    });
    let pruned = layer.bp_gradient(dy.view()).expect("its gradient");
    let want = Array4::from_shape_fn((1, 8, 1, 2), |(_, c, _, w)| {
        let kept = if w == 0 { c >= 6 } else { c < 2 };
        if kept { dy[[0, c, 0, w]] } else { f16::ZERO }
    });
    assert_eq!(bits16(&pruned), bits16(&want));
}
