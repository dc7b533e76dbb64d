//! Attention against its FP64 formula and its finite differences.

use super::difference::gradient;
use super::values::{array, assert_close, bits16, small_f16, wide};
use half::f16;
use ndarray::{Array3, Axis, array, s};
use proptest::prelude::*;
use satkit_golden::elementwise::attention::{backward, forward};
use satkit_golden::number::to_f16;

/// Attention of `(b, t, 3 * D)` values with heads of `depth`, output `(b, t, D)`.
fn formula(qkv: &[f64], [batch, tokens, heads, depth]: [usize; 4]) -> Vec<f64> {
    let width = heads * depth;
    let at = |b: usize, t: usize, part: usize, head: usize, i: usize| {
        qkv[(b * tokens + t) * 3 * width + part * width + head * depth + i]
    };
    let mut output = vec![0.0; batch * tokens * width];
    for b in 0..batch {
        for head in 0..heads {
            for t in 0..tokens {
                let score = |u: usize| {
                    let dot: f64 =
                        (0..depth).map(|i| at(b, t, 0, head, i) * at(b, u, 1, head, i)).sum();
                    (dot / (depth as f64).sqrt()).exp()
                };
                let scores: Vec<f64> = (0..tokens).map(score).collect();
                let sum: f64 = scores.iter().sum();
                for i in 0..depth {
                    let value: f64 =
                        (0..tokens).map(|u| scores[u] / sum * at(b, u, 2, head, i)).sum();
                    output[(b * tokens + t) * width + head * depth + i] = value;
                }
            }
        }
    }
    output
}

fn cases() -> impl Strategy<Value = ([usize; 4], Array3<f16>, Array3<f16>)> {
    (1..3usize, 1..5usize, 1..4usize, 1..6usize).prop_flat_map(|(b, t, heads, depth)| {
        let width = heads * depth;
        (
            Just([b, t, heads, depth]),
            array([b, t, 3 * width], small_f16(1.0)),
            array([b, t, width], small_f16(1.0)),
        )
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn both_directions_are_the_formula((sizes, qkv, d_output) in cases()) {
        let heads = sizes[2];
        let got = forward(qkv.view(), heads).expect("heads divide D");
        let qkv64: Vec<f64> = wide(&qkv).iter().copied().collect();
        let d64: Vec<f64> = wide(&d_output).iter().copied().collect();
        // S and P are rounded to FP16 on the way, each by 2^-11 of a value of about 1.
        assert_close("O", wide(&got.output), formula(&qkv64, sizes), 1e-3, 1.5e-3);
        for row in got.probabilities.lanes(Axis(3)) {
            let sum: f64 = row.iter().map(|&p| f64::from(p)).sum();
            prop_assert!((sum - 1.0).abs() < 2e-3, "probabilities sum to {sum}");
        }
        let dqkv = backward(d_output.view(), qkv.view(), got.probabilities.view(), heads)
            .expect("the forward pass's tensors");
        let slope = gradient(&qkv64, &d64, |qkv| formula(qkv, sizes));
        assert_close("dQKV", wide(&dqkv), slope, 2e-3, 4e-3);
    }

    /// Images and heads do not see each other.
    #[test]
    fn heads_and_images_are_independent(qkv in array([2, 3, 12], small_f16(1.0))) {
        let whole = forward(qkv.view(), 2).expect("two heads");
        for b in 0..2 {
            for head in 0..2 {
                let part = |p: usize| qkv.slice(s![b..b + 1, .., p * 4 + head * 2..p * 4 + head * 2 + 2]);
                let alone = ndarray::concatenate![Axis(2), part(0), part(1), part(2)];
                let alone = forward(alone.view(), 1).expect("one head").output;
                let together = whole.output.slice(s![b..b + 1, .., head * 2..head * 2 + 2]);
                prop_assert_eq!(bits16(&alone), bits16(&together.to_owned()));
            }
        }
    }
}

#[test]
fn one_token_attends_to_itself() {
    let qkv = array![[[0.5, -2.0, 3.0, 1.0, 0.1, 0.2]]].mapv(to_f16);
    let got = forward(qkv.view(), 1).expect("one head");
    assert_eq!(got.probabilities[[0, 0, 0, 0]], f16::ONE);
    assert_eq!(got.output, array![[[0.1, 0.2]]].mapv(to_f16));
    // The probability is constant, so only v has a gradient.
    let d_output = array![[[1.0, -4.0]]].mapv(to_f16);
    let dqkv = backward(d_output.view(), qkv.view(), got.probabilities.view(), 1).expect("it fits");
    let zero = 0.0;
    assert_eq!(dqkv, array![[[zero, zero, zero, zero, 1.0, -4.0]]].mapv(to_f16));
}

#[test]
fn scores_are_rounded_after_the_scale() {
    // Depth 2, q.k = 4: S = h(4 / sqrt(2)); the other token scores 0.
    let qkv = array![[[2.0, 0.0, 2.0, 0.0, 1.0, 0.0], [0.0, 0.0, 0.0, 0.0, 0.0, 1.0]]].mapv(to_f16);
    let got = forward(qkv.view(), 1).expect("one head");
    let score = to_f16(4.0 * (1.0 / 2f32.sqrt())).to_f32();
    let e = libm::expf(0.0 - score);
    let want = [1.0 / (1.0 + e), e / (1.0 + e)].map(|p| to_f16(p).to_bits());
    let row: Vec<u16> =
        got.probabilities.slice(s![0, 0, 0, ..]).iter().map(|p| p.to_bits()).collect();
    assert_eq!(row, want);
}

#[test]
fn accumulators_are_not_rounded_before_the_scale_or_the_softmax() {
    // q.k = 65536 is beyond FP16, its scaled half is not: S = [h(46340.95), 0].
    let qkv =
        array![[[256.0, 0.0, 256.0, 0.0, 1.0, 0.0], [0.0, 0.0, 0.0, 0.0, 0.0, 0.0]]].mapv(to_f16);
    let got = forward(qkv.view(), 1).expect("one head");
    assert_eq!(bits16(&got.output.slice(s![.., ..1, ..]).to_owned()), [0x3C00, 0]);
    // dP = 65536 too; one token has P = 1, so dS = dP - dP = 0.
    let qkv = array![[[1.0, 2.0, 3.0, 4.0, 256.0, 0.0]]].mapv(to_f16);
    let p = forward(qkv.view(), 1).expect("one head").probabilities;
    let d_output = array![[[256.0, 0.0]]].mapv(to_f16);
    let dqkv = backward(d_output.view(), qkv.view(), p.view(), 1).expect("it fits");
    assert_eq!(dqkv, array![[[0.0, 0.0, 0.0, 0.0, 256.0, 0.0]]].mapv(to_f16));
}

#[test]
fn nans_stay_in_their_image() {
    let mut qkv = Array3::from_elem((2, 2, 6), f16::ONE);
    qkv[[0, 1, 0]] = f16::from_bits(0xFE01);
    let got = forward(qkv.view(), 1).expect("one head");
    let want = [0x3C00, 0x3C00, 0x7E00, 0x7E00, 0x3C00, 0x3C00, 0x3C00, 0x3C00];
    assert_eq!(bits16(&got.output), want);
}
