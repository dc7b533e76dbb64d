//! Softmax and cross-entropy.

use super::{f, h};
use half::f16;

/// Position of the maximum, its exponentials and their sum.
pub(super) fn softmax(x: &[f32]) -> (usize, Vec<f32>, f32) {
    let mut best = 0;
    for i in 1..x.len() {
        if x[i] > x[best] || (x[i].is_nan() && !x[best].is_nan()) {
            best = i;
        }
    }
    let e: Vec<f32> = x.iter().map(|&v| libm::expf(v - x[best])).collect();
    let mut z = 0.0_f32;
    for &e in &e {
        z += e;
    }
    (best, e, z)
}

/// Loss, predicted classes, dX.
pub(in super::super) fn cross_entropy(
    classes: usize,
    logits: &[f16],
    labels: &[u32],
    s: f32,
) -> (f32, Vec<u32>, Vec<f16>) {
    let b = labels.len() as f32;
    let (mut sum, mut predicted, mut dx) = (0.0_f32, vec![], vec![]);
    for (x, &y) in logits.chunks(classes).zip(labels) {
        let x: Vec<f32> = x.iter().map(|&x| f(x)).collect();
        let (best, e, z) = softmax(&x);
        sum += libm::logf(z) - (x[y as usize] - x[best]);
        predicted.push(best as u32);
        for (i, &e) in e.iter().enumerate() {
            let target = if i == y as usize { 1.0 } else { 0.0 };
            dx.push(h((((e / z) - target) / b) * s));
        }
    }
    (sum / b, predicted, dx)
}
