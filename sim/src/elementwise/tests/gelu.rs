//! GELU over all inputs.

use super::{assert_bits, output, reference, values};
use crate::elementwise::{gelu, gelu_backward};
use half::f16;
use proptest::prelude::*;

fn every_half() -> Vec<f16> {
    (0..=u16::MAX).map(f16::from_bits).collect()
}

#[test]
fn every_input_forward() {
    let x = every_half();
    let mut out = output(x.len());
    gelu(&x, &mut out).unwrap();
    let expected: Vec<f16> = x.iter().map(|&x| reference::gelu(x)).collect();
    assert_bits("Y", &out, &expected);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn every_input_backward(v in values()) {
        let x = every_half();
        let dy = v.halves(0, x.len());
        let mut out = output(x.len());
        gelu_backward(&x, &dy, &mut out).unwrap();
        let expected: Vec<f16> =
            x.iter().zip(&dy).map(|(&x, &dy)| reference::gelu_backward(x, dy)).collect();
        assert_bits("dX", &out, &expected);
    }
}

#[test]
fn disagreeing_lengths_are_refused() {
    let (x, mut out) = (output(5), output(4));
    assert!(gelu(&x, &mut out).is_err());
    assert!(gelu_backward(&x, &x, &mut out).is_err());
    assert!(gelu_backward(&x, &out.clone(), &mut x.clone()).is_err());
}
