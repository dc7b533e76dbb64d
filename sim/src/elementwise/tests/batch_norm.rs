//! Batch norm, training and evaluation, forward and backward.

use super::{Values, assert_bits, on_thread_counts, output, reference, values};
use crate::elementwise::{
    Fused, MAX_TERMS, Planes, batch_norm_eval, batch_norm_eval_backward, batch_norm_train,
    batch_norm_train_backward,
};
use half::f16;
use proptest::prelude::*;

/// Everything that the layer computes, on one set of inputs.
#[derive(Debug)]
struct Case {
    size: [usize; 3],
    y: Vec<f16>,
    dz: Vec<f16>,
    residual: Option<Vec<f16>>,
    /// gamma, beta, running mean, running variance.
    parameters: [Vec<f32>; 4],
    relu: bool,
}

impl Case {
    fn new(v: Values, p: Values, size: [usize; 3], has_residual: bool, relu: bool) -> Self {
        let len = size.iter().product();
        let mut parameters = [1, 2, 3, 4].map(|stream| p.floats(stream, size[1]));
        // Mostly possible variances; a negative one must still give the contract's NaN.
        parameters[3].iter_mut().skip(1).for_each(|var| *var = var.abs());
        let residual = has_residual.then(|| p.halves(7, len));
        Self { size, y: v.halves(5, len), dz: v.halves(6, len), residual, parameters, relu }
    }

    fn check(&self) {
        let planes = Planes::new(self.size[0], self.size[1], self.size[2]).unwrap();
        let [gamma, beta, mean, var] = self.parameters.each_ref().map(Vec::as_slice);
        let fused = Fused { residual: self.residual.as_deref(), relu: self.relu };
        let mut out = output(planes.len());

        let expected = reference::batch_norm_train(
            self.size,
            &self.y,
            [gamma, beta, mean, var],
            fused.residual,
            self.relu,
        );
        let (mut running_mean, mut running_var) = (mean.to_vec(), var.to_vec());
        let saved = batch_norm_train(
            planes,
            &self.y,
            gamma,
            beta,
            &mut running_mean,
            &mut running_var,
            fused,
            &mut out,
        )
        .unwrap();
        assert_bits("mean", saved.mean(), &expected.mean);
        assert_bits("inv", saved.inv(), &expected.inv);
        assert_bits("running mean", &running_mean, &expected.running_mean);
        assert_bits("running variance", &running_var, &expected.running_var);
        assert_bits("train Y", &out, &expected.y);

        let expected = reference::batch_norm_train_backward(self.size, &self.y, &self.dz, gamma);
        let gradient =
            batch_norm_train_backward(planes, &self.y, &self.dz, gamma, &saved, &mut out).unwrap();
        assert_bits("train dgamma", &gradient.dgamma, &expected.1);
        assert_bits("train dbeta", &gradient.dbeta, &expected.2);
        assert_bits("train dX", &out, &expected.0);

        let expected = reference::batch_norm_eval(
            self.size,
            &self.y,
            [gamma, beta, mean, var],
            fused.residual,
            self.relu,
        );
        batch_norm_eval(planes, &self.y, gamma, beta, mean, var, fused, &mut out).unwrap();
        assert_bits("eval Y", &out, &expected);

        let expected =
            reference::batch_norm_eval_backward(self.size, &self.y, &self.dz, [gamma, mean, var]);
        let gradient =
            batch_norm_eval_backward(planes, &self.y, &self.dz, gamma, mean, var, &mut out)
                .unwrap();
        assert_bits("eval dgamma", &gradient.dgamma, &expected.1);
        assert_bits("eval dbeta", &gradient.dbeta, &expected.2);
        assert_bits("eval dX", &out, &expected.0);
    }
}

proptest! {
    #[test]
    fn layers(
        v in values(), p in values(),
        size in (1_usize..9, 1_usize..9, 1_usize..70),
        has_residual: bool, relu: bool,
    ) {
        Case::new(v, p, [size.0, size.1, size.2], has_residual, relu).check();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn large_layers_on_any_threads(
        v in values(), p in values(),
        pixels in prop::sample::select(vec![1, 16, 49, 1100]),
    ) {
        let case = Case::new(v, p, [37, 11, pixels], true, true);
        on_thread_counts(|| case.check());
    }
}

#[test]
fn one_value_per_channel() {
    // n = 1: the variance is 0 and not divided by n - 1.
    let planes = Planes::rows(1, 2).unwrap();
    let y = [f16::from_f32(3.0), f16::from_f32(-5.0)];
    let (mut mean, mut var, mut out) = ([1.0; 2], [1.0; 2], output(2));
    let fused = Fused::NOTHING;
    batch_norm_train(planes, &y, &[2.0; 2], &[0.5; 2], &mut mean, &mut var, fused, &mut out)
        .unwrap();
    assert_bits("Y", &out, &[f16::from_f32(0.5); 2]);
    assert_bits("running variance", &var, &[0.9_f32; 2]);
}

#[test]
fn an_error_changes_nothing() {
    let planes = Planes::rows(4, 2).unwrap();
    let (y, mut out) = (output(8), output(8));
    let (mut mean, mut var) = ([1.0; 2], [1.0; 2]);
    let mut train = |gamma: &[f32], mean: &mut [f32], y: &[f16], fused: Fused<'_>| {
        batch_norm_train(planes, y, gamma, &[0.0; 2], mean, &mut var, fused, &mut out).is_err()
    };
    assert!(train(&[1.0; 3], &mut mean, &y, Fused::RELU));
    assert!(train(&[1.0; 2], &mut [0.0; 1], &y, Fused::RELU));
    assert!(train(&[1.0; 2], &mut mean, &y[1..], Fused::RELU));
    assert!(train(&[1.0; 2], &mut mean, &y, Fused { residual: Some(&y[1..]), relu: true }));
    assert_eq!((mean, var), ([1.0; 2], [1.0; 2]));
    assert_bits("untouched", &out, &output(8));
    let saved = batch_norm_train(
        planes,
        &y,
        &[1.0; 2],
        &[1.0; 2],
        &mut mean,
        &mut var,
        Fused::NOTHING,
        &mut out,
    )
    .unwrap();
    assert!(batch_norm_train_backward(planes, &y, &y[1..], &[1.0; 2], &saved, &mut out).is_err());
    let other = Planes::rows(2, 4).unwrap();
    assert!(batch_norm_train_backward(other, &y, &y, &[1.0; 4], &saved, &mut out).is_err());
}

#[test]
fn too_large_a_batch_is_refused() {
    let len = MAX_TERMS + 1;
    let planes = Planes::new(len, 1, 1).unwrap();
    let (y, mut out) = (output(len), output(len));
    let (mut mean, mut var) = ([0.0], [1.0]);
    let error =
        batch_norm_train(planes, &y, &[1.0], &[0.0], &mut mean, &mut var, Fused::NOTHING, &mut out);
    assert!(error.unwrap_err().to_string().contains("accepted: at most 4194304"));
}
