//! The simulator's elementwise layers and update against the golden reference, bit for bit.
//!
//! Source: `docs/contract-elementwise.md`. Both crates implement it independently; every test draws shapes
//! and values and demands equal bits of everything that a layer stores.

mod samples;

use half::f16;
use ndarray::{ArrayView1, ArrayView2, ArrayView3, ArrayView4, ArrayViewMut4};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use samples::{Samples, same, samples};
use satkit_golden::elementwise as golden;
use satkit_golden::prune::prune_ci;
use satkit_golden::update::Update;
use satkit_sim::elementwise::{self as sim, Fused, LogitGradient, Planes};
use satkit_sim::update::{MomentumSgd, PrunedDecay};
use satkit_spec::Sparsity;

/// NCHW sizes. Planes on both sides of the simulator's switch between its ways of summing.
fn images() -> impl Strategy<Value = [usize; 4]> {
    [1_usize..6, 1..9, 1..9, 1..9]
}

fn planes([n, c, h, w]: [usize; 4]) -> Planes {
    Planes::new(n, c, h * w).unwrap()
}

fn image<T>(size: [usize; 4], values: &[T]) -> ArrayView4<'_, T> {
    ArrayView4::from_shape(size, values).unwrap()
}

/// An output, filled so that an element left out is seen.
fn unwritten(count: usize) -> Vec<f16> {
    vec![f16::ONE; count]
}

proptest! {
    #[test]
    fn store(
        a in samples(), b in samples(), size in images(),
        has_bias: bool, has_residual: bool, relu: bool,
    ) {
        let len = size.iter().product();
        let (acc, residual) = (a.floats(0, len), b.halves(1, len));
        let bias = b.floats(2, size[1]);
        let bias = has_bias.then_some(&bias[..]);
        let residual = has_residual.then_some(&residual[..]);
        let mut out = unwritten(len);
        sim::store(planes(size), &acc, bias, Fused { residual, relu }, &mut out).unwrap();
        let expected = golden::store::forward(
            image(size, &acc),
            bias.map(ArrayView1::from),
            residual.map(|r| image(size, r)),
            relu,
        );
        same("Y", &out, &expected.unwrap());
        let dy = b.halves(3, len);
        let db = sim::bias_gradient(planes(size), &dy).unwrap();
        same("db", &db, &golden::store::bias_gradient(image(size, &dy)).unwrap());
    }

    #[test]
    fn relu_and_add(a in samples(), b in samples(), len in 1_usize..2000, relu: bool) {
        let (a, b) = (a.halves(0, len), b.halves(1, len));
        let (view_a, view_b) = (ArrayView1::from(&a), ArrayView1::from(&b));
        let mut out = unwritten(len);
        sim::relu_backward(&a, &b, &mut out).unwrap();
        same("masked", &out, &golden::relu::backward(view_b, view_a).unwrap());
        sim::residual_add(&a, &b, relu, &mut out).unwrap();
        same("sum", &out, &golden::add::forward(view_a, view_b, relu).unwrap());
        let mut merged = a.clone();
        sim::merge_gradient(&mut merged, &b).unwrap();
        same("merged", &merged, &golden::add::accumulate(view_a, view_b).unwrap());
        sim::gelu(&a, &mut out).unwrap();
        same("gelu", &out, &golden::gelu::forward(view_a));
        sim::gelu_backward(&a, &b, &mut out).unwrap();
        same("gelu dX", &out, &golden::gelu::backward(view_b, view_a).unwrap());
    }

    #[test]
    fn batch_norm(
        a in samples(), b in samples(), size in images(), has_residual: bool, relu: bool,
    ) {
        let len = size.iter().product();
        let (y, dz, residual) = (a.halves(0, len), b.halves(1, len), b.halves(2, len));
        let residual = has_residual.then_some(&residual[..]);
        let [gamma, beta, mean, var] = [3, 4, 5, 6].map(|stream| b.floats(stream, size[1]));
        let (gamma_view, beta_view) = (ArrayView1::from(&gamma), ArrayView1::from(&beta));
        let running = golden::batch_norm::Statistics {
            mean: mean.clone().into(),
            var: var.clone().into(),
        };
        let fused = Fused { residual, relu };
        let (y_view, dz_view) = (image(size, &y), image(size, &dz));
        let forward = |statistics| {
            let residual = residual.map(|r| image(size, r));
            golden::batch_norm::forward(y_view, statistics, gamma_view, beta_view, residual, relu)
                .unwrap()
        };
        let planes = planes(size);
        let mut out = unwritten(len);

        sim::batch_norm_eval(planes, &y, &gamma, &beta, &mean, &var, fused, &mut out).unwrap();
        same("eval Y", &out, &forward(&running));
        let gradient =
            sim::batch_norm_eval_backward(planes, &y, &dz, &gamma, &mean, &var, &mut out).unwrap();
        let expected =
            golden::batch_norm::eval_backward(dz_view, y_view, &running, gamma_view).unwrap();
        same("eval dX", &out, &expected.dx);
        same("eval dgamma", &gradient.dgamma, &expected.dgamma);
        same("eval dbeta", &gradient.dbeta, &expected.dbeta);

        let (mut new_mean, mut new_var) = (mean, var);
        let saved = sim::batch_norm_train(
            planes, &y, &gamma, &beta, &mut new_mean, &mut new_var, fused, &mut out,
        )
        .unwrap();
        let batch = golden::batch_norm::batch_statistics(y_view).unwrap();
        same("mean", saved.mean(), &batch.mean);
        same("train Y", &out, &forward(&batch));
        let updated =
            golden::batch_norm::update_running(&running, &batch, planes.terms()).unwrap();
        same("running mean", &new_mean, &updated.mean);
        same("running variance", &new_var, &updated.var);
        let gradient =
            sim::batch_norm_train_backward(planes, &y, &dz, &gamma, &saved, &mut out).unwrap();
        let expected =
            golden::batch_norm::train_backward(dz_view, y_view, &batch, gamma_view).unwrap();
        same("train dX", &out, &expected.dx);
        same("train dgamma", &gradient.dgamma, &expected.dgamma);
        same("train dbeta", &gradient.dbeta, &expected.dbeta);
    }

    #[test]
    fn layer_norm(a in samples(), b in samples(), rows in 1_usize..20, d in 1_usize..90) {
        let (x, dy) = (a.halves(0, rows * d), b.halves(1, rows * d));
        let (gamma, beta) = (b.floats(2, d), b.floats(3, d));
        let view = |values| ArrayView2::from_shape((rows, d), values).unwrap();
        let gamma_view = ArrayView1::from(&gamma);
        let mut out = unwritten(rows * d);
        let saved = sim::layer_norm(rows, d, &x, &gamma, &beta, &mut out).unwrap();
        let expected = golden::layer_norm::forward(view(&x), gamma_view, ArrayView1::from(&beta));
        same("Y", &out, &expected.unwrap());
        let gradient =
            sim::layer_norm_backward(rows, d, &x, &dy, &gamma, &saved, &mut out).unwrap();
        let expected = golden::layer_norm::backward(view(&dy), view(&x), gamma_view).unwrap();
        same("dX", &out, &expected.dx);
        same("dgamma", &gradient.dgamma, &expected.dgamma);
        same("dbeta", &gradient.dbeta, &expected.dbeta);
    }

    #[test]
    fn pooling(
        a in samples(), b in samples(), n in 1_usize..3, c in 1_usize..4,
        side in 1_usize..6, stride in 1_usize..5, pad in 0_usize..3, more in [0_usize..9, 0_usize..9],
    ) {
        let pad = pad.min(side / 2);
        let least = side.saturating_sub(2 * pad).max(1);
        let size = [n, c, least + more[0], least + more[1]];
        let shape = sim::PoolShape::new(n, c, [size[2], size[3]], side, stride, pad).unwrap();
        let window = golden::window::Window::new(side, stride, pad).unwrap();
        let x = a.halves(0, size.iter().product());
        let x_view = image(size, &x);
        let out_size = [n, c, shape.out_h(), shape.out_w()];
        prop_assert_eq!(window.output_size(x_view).unwrap(), [out_size[2], out_size[3]]);
        let dy = b.halves(1, out_size.iter().product());
        let dy_view = image(out_size, &dy);
        let (mut out, mut best, mut dx) = (unwritten(dy.len()), vec![0; dy.len()], unwritten(x.len()));

        sim::max_pool(shape, &x, &mut out, &mut best).unwrap();
        same("max Y", &out, &golden::max_pool::forward(x_view, window).unwrap());
        sim::max_pool_backward(shape, &best, &dy, &mut dx).unwrap();
        same("max dX", &dx, &golden::max_pool::backward(dy_view, x_view, window).unwrap());
        sim::average_pool(shape, &x, &mut out).unwrap();
        same("average Y", &out, &golden::average_pool::forward(x_view, window).unwrap());
        sim::average_pool_backward(shape, &dy, &mut dx).unwrap();
        same("average dX", &dx, &golden::average_pool::backward(dy_view, size, window).unwrap());

        let mut out = unwritten(n * c);
        sim::global_average_pool(planes(size), &x, &mut out).unwrap();
        same("global Y", &out, &golden::average_pool::global_forward(x_view).unwrap());
        sim::global_average_pool_backward(planes(size), &out, &mut dx).unwrap();
        let dy_view = ArrayView2::from_shape((n, c), &out).unwrap();
        let expected = golden::average_pool::global_backward(dy_view, [size[2], size[3]]);
        same("global dX", &dx, &expected.unwrap());
    }

    #[test]
    fn cross_entropy(
        a in samples(), batch in 1_usize..40, classes in 1_usize..30, exponent in 0..25,
    ) {
        let logits = a.halves(0, batch * classes);
        let labels = a.below(1, batch, classes);
        let loss_scale = 2_f32.powi(exponent);
        let view = ArrayView2::from_shape((batch, classes), &logits).unwrap();
        let expected =
            golden::cross_entropy::cross_entropy(view, &labels, loss_scale).unwrap();
        let labels: Vec<u32> = labels.iter().map(|&label| label as u32).collect();
        let mut dlogits = unwritten(logits.len());
        let gradient = LogitGradient { loss_scale, dlogits: &mut dlogits };
        let given = sim::cross_entropy(batch, classes, &logits, &labels, Some(gradient)).unwrap();
        same("loss", &[given.loss], &[expected.loss]);
        same("dX", &dlogits, &expected.dlogits);
        prop_assert_eq!(given.correct, expected.correct);
        prop_assert!(given.predicted.iter().zip(&expected.predicted).all(|(a, b)| *a as usize == *b));
    }

    #[test]
    fn attention(
        a in samples(), b in samples(),
        batch in 1_usize..3, tokens in 1_usize..20, heads in 1_usize..4, d in 1_usize..20,
    ) {
        let width = heads * d;
        let shape = sim::AttentionShape::new(batch, tokens, width, heads).unwrap();
        let (qkv, dout) = (a.halves(0, shape.qkv_len()), b.halves(1, shape.output_len()));
        let qkv_view = ArrayView3::from_shape((batch, tokens, 3 * width), &qkv).unwrap();
        let dout_view = ArrayView3::from_shape((batch, tokens, width), &dout).unwrap();
        let (mut p, mut out) = (unwritten(shape.probabilities_len()), unwritten(shape.output_len()));
        sim::attention(shape, &qkv, &mut p, &mut out).unwrap();
        let expected = golden::attention::forward(qkv_view, heads).unwrap();
        same("P", &p, &expected.probabilities);
        same("O", &out, &expected.output);
        let mut dqkv = unwritten(qkv.len());
        sim::attention_backward(shape, &qkv, &p, &dout, &mut dqkv).unwrap();
        let probabilities = expected.probabilities.view();
        let expected = golden::attention::backward(dout_view, qkv_view, probabilities, heads);
        same("dqkv", &dqkv, &expected.unwrap());
    }

    #[test]
    fn embedding(a in samples(), b in samples(), batch in 1_usize..9, tokens in 1_usize..9, d in 1_usize..40) {
        let shape = sim::EmbeddingShape::new(batch, tokens, d).unwrap();
        let (outputs, x) = (batch * (tokens + 1) * d, a.halves(0, batch * tokens * d));
        let (class, position) = (b.floats(1, d), b.floats(2, (tokens + 1) * d));
        let mut out = unwritten(outputs);
        sim::embed(shape, &x, &class, &position, &mut out).unwrap();
        let expected = golden::embedding::forward(
            ArrayView3::from_shape((batch, tokens, d), &x).unwrap(),
            ArrayView1::from(&class),
            ArrayView2::from_shape((tokens + 1, d), &position).unwrap(),
        );
        same("Y", &out, &expected.unwrap());
        let (dy, mut dx) = (b.halves(3, outputs), unwritten(x.len()));
        let gradient = sim::embed_backward(shape, &dy, &mut dx).unwrap();
        let dy_view = ArrayView3::from_shape((batch, tokens + 1, d), &dy).unwrap();
        let expected = golden::embedding::backward(dy_view).unwrap();
        same("dX", &dx, &expected.dx);
        same("dclass", &gradient.dclass, &expected.dcls);
        same("dposition", &gradient.dposition, &expected.dpos);
    }

    #[test]
    fn update(
        a in samples(), b in samples(), groups in 1_usize..9, co in 1_usize..9, k in 1_usize..4,
        rates in [0_u8..4, 0_u8..4, 0_u8..4, 0_u8..4], exponent in 0..25, masked: bool,
    ) {
        let rate = |index: usize| [0.0, 1e-4, 0.9, 1e-39][usize::from(rates[index])];
        let size = [co, 8 * groups, k, k];
        let len = size.iter().product();
        let [w, v, dw] = [a.floats(0, len), b.floats(1, len), b.floats(2, len)];
        let halves: Vec<f16> = w.iter().map(|&w| f16::from_f32(w)).collect();
        let sparsity = Sparsity::new(2, 8).unwrap();
        let pruned = prune_ci(image(size, &halves), sparsity).unwrap();
        let keep = satkit_sim::prune::prune_ci(&halves, co, 8 * groups, k * k, sparsity)
            .unwrap()
            .mask_oihw();

        let golden = Update {
            learning_rate: rate(0),
            momentum: rate(1),
            weight_decay: rate(2),
            lambda: rate(3),
            loss_scale: 2_f32.powi(exponent),
        };
        let (mut golden_w, mut golden_v) = (w.clone(), v.clone());
        let views = (
            ArrayViewMut4::from_shape(size, &mut golden_w).unwrap(),
            ArrayViewMut4::from_shape(size, &mut golden_v).unwrap(),
        );
        let mask = masked.then(|| pruned.mask());
        golden.apply(views.0, views.1, image(size, &dw), mask).unwrap();

        let sgd = MomentumSgd {
            learning_rate: golden.learning_rate,
            momentum: golden.momentum,
            weight_decay: golden.weight_decay,
            loss_scale: golden.loss_scale,
        };
        let decay = masked.then_some(PrunedDecay { lambda: golden.lambda, keep: &keep });
        let (mut sim_w, mut sim_v) = (w, v);
        sgd.update(&mut sim_w, &mut sim_v, &dw, decay).unwrap();
        same("v", &sim_v, &golden_v);
        same("w", &sim_w, &golden_w);
    }
}

/// A channel whose sums need more than one block of FP64 additions, and more than 53 bits.
#[test]
fn long_channels() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    for _ in 0..6 {
        let tree = samples().new_tree(&mut runner).unwrap();
        let values: Samples = tree.current();
        let size = [3, 2, 90, 70];
        let y = values.halves(0, size.iter().product());
        let (mut mean, mut var, mut out) = ([0.5; 2], [1.5; 2], unwritten(y.len()));
        let saved = sim::batch_norm_train(
            planes(size),
            &y,
            &[1.0; 2],
            &[0.0; 2],
            &mut mean,
            &mut var,
            Fused::RELU,
            &mut out,
        )
        .unwrap();
        let batch = golden::batch_norm::batch_statistics(image(size, &y)).unwrap();
        same("mean", saved.mean(), &batch.mean);
        let inv: Vec<f32> = batch.var.iter().map(|var| 1.0 / (var + 1e-5).sqrt()).collect();
        let canonical = |v: &f32| if v.is_nan() { f32::from_bits(0x7FC0_0000) } else { *v };
        same("inv", saved.inv(), &inv.iter().map(canonical).collect::<Vec<_>>());
    }
}
