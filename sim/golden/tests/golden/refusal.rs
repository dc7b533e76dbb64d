//! Operands that do not fit are refused in words, never by a panic.

use half::f16;
use ndarray::{Array1, Array2, Array3, Array4, array};
use proptest::prelude::*;
use satkit_golden::GoldenError;
use satkit_golden::elementwise::{
    add, attention, average_pool, batch_norm, cross_entropy, embedding, gelu, layer_norm, max_pool,
    relu, store, window::Window,
};
use satkit_golden::mac::{Weight, bp, ff, ff_at, matmul, wu};
use satkit_golden::prune::{
    PruneAxis, Pruned, prune_ci, prune_co, prune_gradient, unpack_positions,
};
use satkit_spec::{ConvShape, Sparsity};

fn zeros4(dims: [usize; 4]) -> Array4<f16> {
    Array4::from_elem(dims, f16::ZERO)
}

fn words<T: std::fmt::Debug>(result: Result<T, GoldenError>) -> String {
    let words = result.expect_err("it must be refused").to_string();
    assert!(words.contains("accepted: "), "{words}");
    words
}

#[test]
fn stages_name_the_tensor_and_its_shape() {
    let s = ConvShape::new(1, 8, (4, 4), 8, (3, 3), 1, 1).expect("the kernel fits");
    let (x, dy) = (zeros4([1, 8, 4, 4]), zeros4([1, 8, 4, 4]));
    let w = zeros4([8, 8, 3, 3]);
    let dense = Weight::Dense(w.clone());
    assert_eq!(
        words(ff(s, zeros4([1, 8, 4, 5]).view(), &dense)),
        "X has shape [1, 8, 4, 5]; accepted: [1, 8, 4, 4] (N, Ci, H, W)"
    );
    assert!(words(bp(s, zeros4([1, 7, 4, 4]).view(), &dense)).starts_with("dY has shape"));
    assert!(words(wu(s, x.view(), zeros4([2, 8, 4, 4]).view())).starts_with("dY has shape"));
    let small = Weight::Dense(zeros4([8, 8, 1, 1]));
    assert!(words(ff(s, x.view(), &small)).starts_with("W has shape [8, 8, 1, 1]"));
    let co = prune_co(w.view(), Sparsity::TWO_OF_EIGHT).expect("one group");
    assert_eq!(
        words(ff(s, x.view(), &Weight::PrunedCo(co))),
        "FF got weights pruned along Co; accepted: dense weights, or weights pruned along Ci"
    );
    let ci = prune_ci(w.view(), Sparsity::TWO_OF_EIGHT).expect("one group");
    assert!(words(bp(s, dy.view(), &Weight::PrunedCi(ci))).starts_with("BP got weights"));
    assert!(words(ff_at(s, x.view(), &dense, [0, 8, 0, 0])).contains("[0, 8, 0, 0]"));
    words(matmul(
        Array2::from_elem((2, 3), f16::ZERO).view(),
        Array2::from_elem((2, 3), f16::ZERO).view(),
    ));
}

#[test]
fn pruning_names_the_channels_and_the_groups() {
    let w = zeros4([4, 12, 1, 1]);
    assert_eq!(
        words(prune_ci(w.view(), Sparsity::TWO_OF_EIGHT)),
        "12 Ci channels do not make whole groups of 2:8; accepted: a multiple of 8"
    );
    words(prune_co(w.view(), Sparsity::TWO_OF_EIGHT));
    words(prune_gradient(w.view(), Sparsity::TWO_OF_EIGHT));
    words(prune_ci(zeros4([1, 0, 1, 1]).view(), Sparsity::DENSE));
    let two_of_four = Sparsity::new(2, 4).expect("2:4 exists");
    let make = |dims, positions: Array2<u8>| {
        let values = Array2::from_elem(positions.dim(), f16::ONE);
        Pruned::new(PruneAxis::Ci, two_of_four, dims, values, positions)
    };
    make([1, 4, 1, 1], array![[0, 3]]).expect("ascending positions below 4");
    words(make([1, 4, 1, 1], array![[0, 4]]));
    words(make([1, 4, 1, 1], array![[1, 1]]));
    words(make([1, 4, 1, 1], array![[2, 1]]));
    words(make([1, 4, 1, 1], array![[0, 1, 2]]));
    words(make([2, 4, 1, 1], array![[0, 1]]));
    words(make([1, 6, 1, 1], array![[0, 1]]));
    words(make([usize::MAX, 4, usize::MAX, 2], array![[0, 1]]));
    words(unpack_positions(&bitvec::vec::BitVec::repeat(false, 7), 1, 2));
    words(unpack_positions(&bitvec::vec::BitVec::repeat(false, 8), usize::MAX, 2));
}

#[test]
fn elementwise_layers_refuse_what_does_not_fit() {
    let (one, two) = (Array1::from_elem(1, 1.0f32), Array1::from_elem(2, 1.0f32));
    let image = zeros4([1, 2, 3, 3]);
    let other = zeros4([1, 2, 3, 4]);
    words(relu::backward(image.view(), other.view()));
    words(add::forward(image.view(), other.view(), false));
    words(gelu::backward(image.view(), other.view()));
    let acc = Array4::zeros((1, 2, 3, 3));
    words(store::forward(acc.view(), Some(one.view()), None, false));
    words(store::forward(acc.view(), None, Some(other.view()), false));
    words(store::forward(one.view(), Some(one.view()), None, false));
    words(store::bias_gradient(zeros4([1, 2, 0, 3]).view()));
    let statistics = batch_norm::batch_statistics(image.view()).expect("a small batch");
    words(batch_norm::batch_statistics(zeros4([0, 2, 3, 3]).view()));
    words(batch_norm::forward(image.view(), &statistics, one.view(), two.view(), None, false));
    words(batch_norm::forward(image.view(), &statistics, two.view(), one.view(), None, false));
    words(batch_norm::train_backward(other.view(), image.view(), &statistics, two.view()));
    words(batch_norm::eval_backward(other.view(), image.view(), &statistics, two.view()));
    words(batch_norm::update_running(&statistics, &statistics, 0));
    let tokens = Array3::from_elem((1, 2, 2), f16::ONE);
    words(layer_norm::forward(tokens.view(), one.view(), two.view()));
    words(layer_norm::backward(tokens.view(), tokens.view(), one.view()));
    words(layer_norm::forward(ndarray::arr0(f16::ONE).view(), one.view(), one.view()));
    words(attention::forward(tokens.view(), 1));
    let qkv = Array3::from_elem((1, 2, 6), f16::ONE);
    words(attention::forward(qkv.view(), 0));
    assert!(words(attention::forward(qkv.view(), 4)).contains("a divisor of 2"));
    words(attention::backward(tokens.view(), qkv.view(), zeros4([1, 2, 2, 2]).view(), 1));
    words(embedding::forward(tokens.view(), two.view(), Array2::zeros((2, 2)).view()));
    words(embedding::backward(Array3::from_elem((1, 1, 2), f16::ONE).view()));
    let logits = Array2::from_elem((2, 3), f16::ONE);
    words(cross_entropy::cross_entropy(logits.view(), &[0], 1.0));
    assert_eq!(
        words(cross_entropy::cross_entropy(logits.view(), &[0, 3], 1.0)),
        "a label is 3; accepted: 0 to 2"
    );
    words(cross_entropy::cross_entropy(logits.view(), &[0, 1], f32::NAN));
    words(cross_entropy::cross_entropy(logits.view(), &[0, 1], 1000.0));
    words(average_pool::global_forward(zeros4([1, 1, 0, 1]).view()));
    words(average_pool::global_backward(logits.view(), [0, 3]));
    words(average_pool::global_backward(logits.view(), [usize::MAX, 3]));
}

proptest! {
    /// Any window on any small image works or is refused, in both directions.
    #[test]
    fn windows_never_panic(
        (k, s, p) in prop_oneof![
            (0..6usize, 0..4usize, 0..4usize),
            (any::<usize>(), any::<usize>(), any::<usize>()),
        ],
        (h, w) in (0..6usize, 0..6usize),
    ) {
        let Ok(window) = Window::new(k, s, p) else { return Ok(()) };
        let x = zeros4([1, 1, h, w]);
        let fits = h > 0 && w > 0 && h + 2 * p >= k && w + 2 * p >= k;
        let y = max_pool::forward(x.view(), window);
        prop_assert_eq!(y.is_ok(), fits);
        prop_assert_eq!(average_pool::forward(x.view(), window).is_ok(), fits);
        if let Ok(y) = y {
            max_pool::backward(y.view(), x.view(), window).expect("its own output");
            average_pool::backward(y.view(), [1, 1, h, w], window).expect("its own output");
            words(max_pool::backward(zeros4([2, 1, h, w]).view(), x.view(), window));
            words(average_pool::backward(zeros4([2, 1, h, w]).view(), [1, 1, h, w], window));
            words(average_pool::backward(y.view(), [1, 1, usize::MAX, w], window));
        }
    }
}
