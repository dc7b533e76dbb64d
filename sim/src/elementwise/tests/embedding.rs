//! Token embedding, forward and backward.

use super::{assert_bits, output, reference, values};
use crate::elementwise::{EmbeddingShape, embed, embed_backward};
use proptest::prelude::*;

proptest! {
    #[test]
    fn layers(v in values(), b in 1_usize..9, t in 1_usize..20, d in 1_usize..80) {
        let shape = EmbeddingShape::new(b, t, d).unwrap();
        let (inputs, outputs) = (b * t * d, b * (t + 1) * d);
        let (class, position) = (v.floats(0, d), v.floats(1, (t + 1) * d));
        let x = v.halves(2, inputs);
        let mut y = output(outputs);
        embed(shape, &x, &class, &position, &mut y).unwrap();
        assert_bits("Y", &y, &reference::embed([b, t, d], &x, &class, &position));

        let (dy, mut dx) = (v.halves(3, outputs), output(inputs));
        let gradient = embed_backward(shape, &dy, &mut dx).unwrap();
        let (expected_dx, expected) = reference::embed_backward([b, t, d], &dy);
        assert_bits("dX", &dx, &expected_dx);
        assert_bits("dposition", &gradient.dposition, &expected);
        assert_bits("dclass", &gradient.dclass, &expected[..d]);
    }
}

#[test]
fn impossible_arguments_are_refused() {
    for size in [[0, 1, 1], [1, 0, 1], [1, 1, 0], [1, usize::MAX, 1], [1 << 40, 1 << 40, 1]] {
        let error = EmbeddingShape::new(size[0], size[1], size[2]).unwrap_err().to_string();
        assert!(error.contains("accepted: "), "{error}");
    }
    let shape = EmbeddingShape::new(2, 3, 4).unwrap();
    let (x, mut y) = (output(24), output(32));
    assert!(embed(shape, &x[1..], &[0.0; 4], &[0.0; 16], &mut y).is_err());
    assert!(embed(shape, &x, &[0.0; 3], &[0.0; 16], &mut y).is_err());
    assert!(embed(shape, &x, &[0.0; 4], &[0.0; 15], &mut y).is_err());
    assert!(embed_backward(shape, &y[1..], &mut x.clone()).is_err());
}
