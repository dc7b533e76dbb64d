//! Stores, ReLU's backward pass, residual add, merge of gradients, bias gradient.

use super::{assert_bits, on_thread_counts, output, reference, values};
use crate::SimError;
use crate::elementwise::{
    Fused, Planes, bias_gradient, merge_gradient, relu_backward, residual_add, store,
};
use half::f16;
use proptest::prelude::*;

proptest! {
    #[test]
    fn stores(
        v in values(), r in values(),
        size in (1_usize..5, 1_usize..9, 1_usize..70),
        has_bias: bool, has_residual: bool, relu: bool,
    ) {
        let planes = Planes::new(size.0, size.1, size.2).unwrap();
        let acc = v.floats(0, planes.len());
        let (bias, residual) = (r.floats(1, size.1), r.halves(2, planes.len()));
        let bias = has_bias.then_some(&bias[..]);
        let residual = has_residual.then_some(&residual[..]);
        let mut out = output(planes.len());
        store(planes, &acc, bias, Fused { residual, relu }, &mut out).unwrap();
        let expected = reference::store([size.0, size.1, size.2], &acc, bias, residual, relu);
        assert_bits("Y", &out, &expected);
    }

    #[test]
    fn residual_adds_merges_and_masks(a in values(), b in values(), len in 1_usize..3000, relu: bool) {
        let (a, b) = (a.halves(0, len), b.halves(1, len));
        let wide: Vec<f32> = a.iter().map(|&a| reference::f(a)).collect();
        let mut out = output(len);
        residual_add(&a, &b, relu, &mut out).unwrap();
        assert_bits("sum", &out, &reference::store([1, 1, len], &wide, None, Some(&b), relu));

        let mut merged = a.clone();
        merge_gradient(&mut merged, &b).unwrap();
        assert_bits("merged", &merged, &reference::store([1, 1, len], &wide, None, Some(&b), false));

        relu_backward(&a, &b, &mut out).unwrap();
        let expected: Vec<f16> = a.iter().zip(&b).map(|(&y, &dy)| reference::relu_backward(y, dy)).collect();
        assert_bits("dX", &out, &expected);
    }

    #[test]
    fn bias_gradients(v in values(), size in (1_usize..9, 1_usize..70, 1_usize..40)) {
        let planes = Planes::new(size.0, size.1, size.2).unwrap();
        let dy = v.halves(0, planes.len());
        let expected = reference::bias_gradient([size.0, size.1, size.2], &dy);
        assert_bits("db", &bias_gradient(planes, &dy).unwrap(), &expected);
    }
}

#[test]
fn relu_backward_knows_every_output() {
    let y: Vec<f16> = (0..=u16::MAX).map(f16::from_bits).collect();
    let dy = vec![f16::from_f32(-3.5); y.len()];
    let mut dx = output(y.len());
    relu_backward(&y, &dy, &mut dx).unwrap();
    let expected: Vec<f16> =
        y.iter().zip(&dy).map(|(&y, &dy)| reference::relu_backward(y, dy)).collect();
    assert_bits("dX", &dx, &expected);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn threads_change_no_bit(v in values(), pixels in prop::sample::select(vec![1, 17, 300, 1024])) {
        // Several tasks each, with sizes that no task divides.
        let planes = Planes::new(61, 23, pixels).unwrap();
        let (acc, bias) = (v.floats(0, planes.len()), v.floats(1, 23));
        let residual = v.halves(2, planes.len());
        let fused = Fused { residual: Some(&residual), relu: true };
        let [one, three] = on_thread_counts(|| {
            let mut out = output(planes.len());
            store(planes, &acc, Some(&bias), fused, &mut out).unwrap();
            (out, bias_gradient(planes, &residual).unwrap())
        });
        let expected = reference::store([61, 23, pixels], &acc, Some(&bias), Some(&residual), true);
        assert_bits("one thread", &one.0, &expected);
        assert_bits("three threads", &three.0, &expected);
        assert_bits("db", &one.1, &three.1);
    }
}

#[test]
fn disagreeing_lengths_are_refused() {
    let planes = Planes::new(2, 3, 4).unwrap();
    let (acc, mut out) = (vec![0.0; 24], output(24));
    let error = store(planes, &acc[1..], None, Fused::NOTHING, &mut out).unwrap_err();
    assert_eq!(error, SimError::Length { what: "acc", given: 23, expected: 24 });
    assert!(store(planes, &acc, Some(&[0.0; 4]), Fused::RELU, &mut out).is_err());
    assert!(store(planes, &acc, None, Fused::NOTHING, &mut out[1..]).is_err());
    let residual = output(23);
    let fused = Fused { residual: Some(&residual), relu: false };
    assert!(store(planes, &acc, None, fused, &mut out).is_err());
    assert!(residual_add(&residual, &out.clone(), false, &mut out).is_err());
    assert!(merge_gradient(&mut out, &residual).is_err());
    assert!(relu_backward(&residual, &residual, &mut out).is_err());
    assert!(bias_gradient(planes, &residual).is_err());
    for size in [[0, 1, 1], [1, 0, 1], [1, 1, 0], [usize::MAX, 2, 1], [1 << 31, 1 << 31, 4]] {
        let error = Planes::new(size[0], size[1], size[2]).unwrap_err().to_string();
        assert!(error.contains("accepted: "), "{error}");
    }
}
