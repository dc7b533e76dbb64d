//! Multi-head attention, forward and backward.

use super::reference::Attention;
use super::{Values, assert_bits, on_thread_counts, output, values};
use crate::elementwise::{AttentionShape, attention, attention_backward};
use proptest::prelude::*;

/// Compares both directions with the contract. With `any_probabilities` the backward pass gets
/// probabilities that no softmax gave.
fn check(sizes: Attention, v: Values, any_probabilities: bool) {
    let Attention { b, t, heads, d } = sizes;
    let shape = AttentionShape::new(b, t, heads * d, heads).unwrap();
    let (qkv, d_o) = (v.halves(0, shape.qkv_len()), v.halves(1, shape.output_len()));
    let (mut p, mut o) = (output(shape.probabilities_len()), output(shape.output_len()));
    attention(shape, &qkv, &mut p, &mut o).unwrap();
    let (expected_p, expected_o) = sizes.forward(&qkv);
    assert_bits("P", &p, &expected_p);
    assert_bits("O", &o, &expected_o);
    if any_probabilities {
        p = v.halves(2, p.len());
    }
    let mut dqkv = output(qkv.len());
    attention_backward(shape, &qkv, &p, &d_o, &mut dqkv).unwrap();
    assert_bits("dqkv", &dqkv, &sizes.backward(&qkv, &p, &d_o));
}

proptest! {
    #[test]
    fn layers(
        v in values(),
        b in 1_usize..4, t in 1_usize..20, heads in 1_usize..4, d in 1_usize..20,
        any_probabilities: bool,
    ) {
        check(Attention { b, t, heads, d }, v, any_probabilities);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4))]
    #[test]
    fn large_layers_on_any_threads(v in values()) {
        on_thread_counts(|| check(Attention { b: 5, t: 65, heads: 2, d: 33 }, v, false));
    }
}

#[test]
fn impossible_arguments_are_refused() {
    for (batch, tokens, width, heads) in [
        (1, 1, 8, 0),
        (1, 1, 8, 3),
        (0, 1, 8, 2),
        (1, 0, 8, 2),
        (1, 1, 0, 2),
        (1, 1 << 40, 8, 2),
        (usize::MAX, 1, 8, 2),
    ] {
        let error = AttentionShape::new(batch, tokens, width, heads).unwrap_err().to_string();
        assert!(error.contains("accepted: "), "{error}");
    }
    let shape = AttentionShape::new(2, 3, 8, 2).unwrap();
    let (qkv, mut p, mut o) = (output(144), output(36), output(48));
    assert!(attention(shape, &qkv[1..], &mut p, &mut o).is_err());
    assert!(attention(shape, &qkv, &mut p[1..], &mut o).is_err());
    assert!(attention(shape, &qkv, &mut p, &mut o[1..]).is_err());
    assert!(attention_backward(shape, &qkv, &p, &o[1..], &mut qkv.clone()).is_err());
    assert!(attention_backward(shape, &qkv, &p, &o, &mut qkv[1..].to_vec()).is_err());
}
