//! Max, average and global pooling.

use super::difference::gradient;
use super::values::{FP16_RELATIVE, any_f16, array, assert_close, bits16, small_f16, wide};
use half::f16;
use ndarray::{Array4, array};
use proptest::prelude::*;
use satkit_golden::elementwise::window::Window;
use satkit_golden::elementwise::{average_pool, max_pool};
use satkit_golden::number::to_f16;

/// Sides of the window, of the image, and the tensors.
type Case = ((usize, usize, usize), Array4<f16>, Array4<f16>);

fn cases<S: Strategy<Value = f16> + Clone + 'static>(values: S) -> impl Strategy<Value = Case> {
    (1..5usize, 1..4usize, 0..3usize, 1..3usize, (1..7usize, 1..7usize))
        .prop_filter("half the window pads, and the window fits", |&(k, _, p, _, (h, w))| {
            2 * p <= k && h + 2 * p >= k && w + 2 * p >= k
        })
        .prop_flat_map(move |(k, s, p, c, (h, w))| {
            let out = |side: usize| (side + 2 * p - k) / s + 1;
            let dy = array([2, c, out(h), out(w)], values.clone());
            (Just((k, s, p)), array([2, c, h, w], values.clone()), dy)
        })
}

/// The pixels of window `[oh, ow]`, padding left out, in ascending (kh, kw).
fn pixels(
    (k, s, p): (usize, usize, usize),
    x: &Array4<f16>,
    oh: usize,
    ow: usize,
) -> Vec<[usize; 2]> {
    let (_, _, h, w) = x.dim();
    let mut pixels = Vec::new();
    for kh in 0..k {
        for kw in 0..k {
            let (row, column) = (oh * s + kh, ow * s + kw);
            if row >= p && column >= p && row - p < h && column - p < w {
                pixels.push([row - p, column - p]);
            }
        }
    }
    pixels
}

/// Average of each window of one FP64 tensor; padding counts as zeros.
fn average(
    (k, s, p): (usize, usize, usize),
    x: &Array4<f16>,
    values: &[f64],
    out: [usize; 2],
) -> Vec<f64> {
    let (n, c, h, w) = x.dim();
    let mut y = Vec::new();
    for image in 0..n * c {
        for oh in 0..out[0] {
            for ow in 0..out[1] {
                let window = pixels((k, s, p), x, oh, ow);
                let sum: f64 = window.iter().map(|[r, q]| values[(image * h + r) * w + q]).sum();
                y.push(sum / (k * k) as f64);
            }
        }
    }
    y
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn max_takes_the_first_largest(((k, s, p), x, dy) in cases(any_f16().boxed())) {
        let window = Window::new(k, s, p).expect("a window");
        let y = max_pool::forward(x.view(), window).expect("the window fits");
        prop_assert_eq!(y.dim(), dy.dim());
        let mut sums = Array4::<f32>::zeros(x.dim());
        for ((n, c, oh, ow), &y) in y.indexed_iter() {
            let pixels = pixels((k, s, p), &x, oh, ow);
            let value = |[row, column]: [usize; 2]| f32::from(x[[n, c, row, column]]);
            // The first NaN, or else the first that nothing exceeds.
            let best = pixels.iter().copied().find(|&at| value(at).is_nan()).or_else(|| {
                pixels.iter().copied().find(|&at| pixels.iter().all(|&other| value(other) <= value(at)))
            });
            let [row, column] = best.expect("each window holds a pixel");
            prop_assert_eq!(y.to_bits(), to_f16(value([row, column])).to_bits());
            sums[[n, c, row, column]] += f32::from(dy[[n, c, oh, ow]]);
        }
        let dx = max_pool::backward(dy.view(), x.view(), window).expect("the window fits");
        prop_assert_eq!(bits16(&dx), bits16(&sums.mapv(to_f16)));
    }

    #[test]
    fn average_is_the_formula_and_its_slope(((k, s, p), x, dy) in cases(small_f16(4.0).boxed())) {
        let window = Window::new(k, s, p).expect("a window");
        let y = average_pool::forward(x.view(), window).expect("the window fits");
        let out = [dy.dim().2, dy.dim().3];
        let x64: Vec<f64> = wide(&x).iter().copied().collect();
        let dy64: Vec<f64> = wide(&dy).iter().copied().collect();
        let formula = |values: &[f64]| average((k, s, p), &x, values, out);
        assert_close("Y", wide(&y), formula(&x64), FP16_RELATIVE, 4e-8);
        let (n, c, h, w) = x.dim();
        let dx = average_pool::backward(dy.view(), [n, c, h, w], window).expect("the window fits");
        assert_close("dX", wide(&dx), gradient(&x64, &dy64, formula), FP16_RELATIVE, 1e-7);
    }

    #[test]
    fn global_average_is_one_window(x in array([2, 3, 4, 4], small_f16(4.0)), dy in array([2, 3], small_f16(1.0))) {
        let window = Window::new(4, 1, 0).expect("a window");
        let y = average_pool::global_forward(x.view()).expect("not empty");
        let same = average_pool::forward(x.view(), window).expect("the window fits");
        prop_assert_eq!(bits16(&y), bits16(&same));
        let dx = average_pool::global_backward(dy.view(), [4, 4]).expect("not empty");
        let dy4 = dy.to_shape((2, 3, 1, 1)).expect("the same values").to_owned();
        let same = average_pool::backward(dy4.view(), [2, 3, 4, 4], window).expect("it fits");
        prop_assert_eq!(bits16(&dx), bits16(&same));
    }
}

fn row(values: &[f32]) -> Array4<f16> {
    Array4::from_shape_fn((1, 1, 1, values.len()), |(.., w)| to_f16(values[w]))
}

#[test]
fn max_by_hand() {
    let pair = Window::new(1, 1, 0).expect("a window");
    // A window of one pixel makes NaNs canonical and keeps -0.0.
    let x = array![[[[f16::from_bits(0xFC01), f16::NEG_ZERO]]]];
    assert_eq!(bits16(&max_pool::forward(x.view(), pair).expect("it fits")), [0x7E00, 0x8000]);
    // Zeros of both signs are equal: the first one stays.
    let all = Window::new(2, 2, 1).expect("a window");
    let x = row(&[-0.0, -0.0, 0.0, -1.0]);
    let y = max_pool::forward(x.view(), all).expect("it fits");
    assert_eq!(y.dim(), (1, 1, 1, 3));
    assert_eq!(bits16(&y), [0x8000, 0x8000, 0xBC00]);
    // Padding does not take part: negative values beat nothing.
    let x = row(&[-5.0]);
    assert_eq!(
        max_pool::forward(x.view(), all).expect("it fits")[[0, 0, 0, 0]],
        f16::from_f32(-5.0)
    );
}

#[test]
fn gradients_of_overlapping_windows_add_in_order() {
    // Windows of 3 with stride 1 share the middle pixel: 65504 + 65504 overflows FP16 once, at the end.
    let x = row(&[0.0, 0.0, 9.0, 0.0, 0.0]);
    let x = ndarray::concatenate![ndarray::Axis(2), x, x, x];
    let window = Window::new(3, 1, 0).expect("a window");
    let dy = array![[[[f16::MAX, f16::MAX, f16::MIN]]]];
    let dx = max_pool::backward(dy.view(), x.view(), window).expect("it fits");
    assert_eq!(dx[[0, 0, 0, 2]], f16::MAX);
    let dy = array![[[[f16::MAX, f16::MAX, f16::ZERO]]]];
    let dx = max_pool::backward(dy.view(), x.view(), window).expect("it fits");
    assert_eq!(dx[[0, 0, 0, 2]], f16::INFINITY);
    // A sum from +0.0 has no -0.0.
    let dy = array![[[[f16::NEG_ZERO, f16::NEG_ZERO, f16::NEG_ZERO]]]];
    let dx = max_pool::backward(dy.view(), x.view(), window).expect("it fits");
    assert!(bits16(&dx).iter().all(|&bits| bits == 0));
}

#[test]
fn averages_are_exact_sums() {
    let tiny = f16::from_bits(1).to_f32();
    let x = row(&[65_504.0, tiny, -65_504.0, tiny]);
    let y = average_pool::global_forward(x.view()).expect("not empty");
    // 2 * 2^-24 / 4 is a tie between 0 and 2^-24: to even.
    assert_eq!(bits16(&y), [0]);
    let y =
        average_pool::global_forward(row(&[65_504.0, tiny, -65_504.0]).view()).expect("not empty");
    assert_eq!(bits16(&y), [0]);
    let y = average_pool::global_forward(row(&[tiny, 0.0]).view()).expect("not empty");
    assert_eq!(bits16(&y), [0]);
    let y = average_pool::global_forward(row(&[f32::INFINITY, 1.0]).view()).expect("not empty");
    assert_eq!(bits16(&y), [0x7C00]);
    let y = average_pool::global_forward(row(&[f32::INFINITY, f32::NEG_INFINITY]).view());
    assert_eq!(bits16(&y.expect("not empty")), [0x7E00]);
}
