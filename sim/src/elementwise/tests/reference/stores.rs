//! Stores, residual, ReLU, GELU, token embedding: one element at a time.

use super::{Xsum, f, h};
use half::f16;

fn relu(v: f32) -> f32 {
    if v.is_nan() {
        f32::NAN
    } else if v > 0.0 {
        v
    } else {
        0.0
    }
}

/// Index of `(n, c, p)`.
pub(super) fn at([_, channels, pixels]: [usize; 3], n: usize, c: usize, p: usize) -> usize {
    (n * channels + c) * pixels + p
}

/// All values of a channel.
pub(super) fn channel(size: [usize; 3], x: &[f16], c: usize) -> impl Iterator<Item = f16> {
    (0..size[0]).flat_map(move |n| (0..size[2]).map(move |p| x[at(size, n, c, p)]))
}

pub(super) fn finish(mut v: f32, residual: Option<f16>, fuse_relu: bool) -> f16 {
    if let Some(residual) = residual {
        v += f(residual);
    }
    if fuse_relu {
        v = relu(v);
    }
    h(v)
}

pub(in super::super) fn store(
    size: [usize; 3],
    acc: &[f32],
    bias: Option<&[f32]>,
    residual: Option<&[f16]>,
    fuse_relu: bool,
) -> Vec<f16> {
    (0..acc.len())
        .map(|i| {
            let mut v = acc[i];
            if let Some(bias) = bias {
                v += bias[i / size[2] % size[1]];
            }
            finish(v, residual.map(|r| r[i]), fuse_relu)
        })
        .collect()
}

pub(in super::super) fn bias_gradient(size: [usize; 3], dy: &[f16]) -> Vec<f32> {
    (0..size[1]).map(|c| Xsum::of(channel(size, dy, c)).r_values(1)).collect()
}

pub(in super::super) fn relu_backward(y: f16, dy: f16) -> f16 {
    if f(y) <= 0.0 { h(0.0) } else { h(f(dy)) }
}

/// `0.70710678118654752440` and `0.39894228040143267794` in FP32, by the parser.
fn gelu_constants() -> (f32, f32) {
    let parse = |text: &str| text.parse().expect("a decimal constant");
    (parse("0.70710678118654752440"), parse("0.39894228040143267794"))
}

pub(in super::super) fn gelu(x: f16) -> f16 {
    let u = 1.0 + libm::erff(f(x) * gelu_constants().0);
    h((0.5 * f(x)) * u)
}

pub(in super::super) fn gelu_backward(x: f16, dy: f16) -> f16 {
    let u = 1.0 + libm::erff(f(x) * gelu_constants().0);
    let cdf = 0.5 * u;
    let p = libm::expf((f(x) * f(x)) * -0.5);
    let pdf = p * gelu_constants().1;
    h(f(dy) * (cdf + f(x) * pdf))
}

/// Y of a token embedding with `t` input tokens of width `d`.
pub(in super::super) fn embed(
    [b, t, d]: [usize; 3],
    x: &[f16],
    cls: &[f32],
    pos: &[f32],
) -> Vec<f16> {
    let mut y = vec![];
    for b in 0..b {
        y.extend((0..d).map(|i| h(cls[i] + pos[i])));
        for token in 0..t {
            y.extend((0..d).map(|i| h(f(x[(b * t + token) * d + i]) + pos[(1 + token) * d + i])));
        }
    }
    y
}

/// dX and dpos.
pub(in super::super) fn embed_backward([b, t, d]: [usize; 3], dy: &[f16]) -> (Vec<f16>, Vec<f32>) {
    let image = (t + 1) * d;
    let dx = (0..b).flat_map(|b| dy[b * image + d..(b + 1) * image].iter().map(|&v| h(f(v))));
    (dx.collect(), bias_gradient([b, image, 1], dy))
}
