//! Strategies and comparisons that all tests share.

use half::f16;
use ndarray::{Array, Dimension, IntoDimension};
use proptest::prelude::*;

/// FP16 values that go wrong first: zeros, subnormals, ties, the largest, infinities, NaNs with payloads.
const CORNERS: [u16; 18] = [
    0x0000, 0x8000, 0x0001, 0x8001, 0x03FF, 0x0400, 0x3C00, 0xBC00, 0x3C01, 0x4000, 0x7BFF, 0xFBFF,
    0x7C00, 0xFC00, 0x7E00, 0xFE01, 0x7C01, 0x7FFF,
];

/// Any FP16 value, corners often.
pub(crate) fn any_f16() -> impl Strategy<Value = f16> {
    prop_oneof![
        3 => any::<u16>(),
        1 => prop::sample::select(&CORNERS[..]),
    ]
    .prop_map(f16::from_bits)
}

/// Any finite FP16 value.
pub(crate) fn finite_f16() -> impl Strategy<Value = f16> {
    any_f16().prop_map(|v| if v.is_finite() { v } else { f16::from_bits(v.to_bits() & 0x83FF) })
}

/// FP16 values in [-bound, bound].
pub(crate) fn small_f16(bound: f32) -> impl Strategy<Value = f16> {
    (-1000..=1000i32).prop_map(move |step| f16::from_f32(step as f32 / 1000.0 * bound))
}

/// Whole numbers in [-3, 3], of which short sums are exact in FP32.
pub(crate) fn integer_f16() -> impl Strategy<Value = f16> {
    (-3..=3i8).prop_map(f16::from)
}

/// An array of that shape.
pub(crate) fn array<A, I>(
    dims: I,
    values: impl Strategy<Value = A>,
) -> impl Strategy<Value = Array<A, I::Dim>>
where
    A: std::fmt::Debug + Clone,
    I: IntoDimension,
    I::Dim: Dimension,
{
    let dims = dims.into_dimension();
    prop::collection::vec(values, dims.size()).prop_map(move |values| {
        Array::from_shape_vec(dims.clone(), values).expect("the length fits")
    })
}

/// Bits of every element in C order.
pub(crate) fn bits16<D: Dimension>(values: &Array<f16, D>) -> Vec<u16> {
    values.iter().map(|v| v.to_bits()).collect()
}

/// Bits of every element in C order.
pub(crate) fn bits32<D: Dimension>(values: &Array<f32, D>) -> Vec<u32> {
    values.iter().map(|v| v.to_bits()).collect()
}

/// An FP16 array as FP64.
pub(crate) fn wide<D: Dimension>(values: &Array<f16, D>) -> Array<f64, D> {
    values.mapv(f64::from)
}

/// Half of FP16's relative spacing, with room for the FP32 arithmetic before the rounding.
pub(crate) const FP16_RELATIVE: f64 = 6e-4;

/// Asserts that `got` is within `relative * |want| + absolute` of `want`, element by element.
#[track_caller]
pub(crate) fn assert_close(
    what: &str,
    got: impl IntoIterator<Item = f64>,
    want: impl IntoIterator<Item = f64>,
    relative: f64,
    absolute: f64,
) {
    let (got, want): (Vec<f64>, Vec<f64>) = (got.into_iter().collect(), want.into_iter().collect());
    assert_eq!(got.len(), want.len(), "{what}: lengths");
    for (i, (got, want)) in got.iter().zip(&want).enumerate() {
        let tolerance = relative * want.abs() + absolute;
        assert!((got - want).abs() <= tolerance, "{what}[{i}]: {got} instead of {want}");
    }
}
