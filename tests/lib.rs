//! Shared parts of the cross-crate tests: strategies for layers and values, and comparison of bits.

mod fuse;
pub mod norm_case;
mod process;
mod programs;
pub mod vector_case;
mod verilog;

pub use fuse::has_fuse;
pub use process::ends;
pub use programs::{mms_of, part_of};
pub use verilog::has_verilog_tool;

use half::f16;
use proptest::prelude::*;
use satkit_spec::{ConvShape, Sparsity};

/// FP16 values that find mistakes: small integers (exact sums, many ties), subnormals, zeros of both signs, large values, and
/// now and then Inf or NaN.
pub fn any_f16() -> impl Strategy<Value = f16> {
    prop_oneof![
        8 => (-4i8..=4).prop_map(|v| f16::from_f32(f32::from(v) * 0.25)),
        6 => any::<u16>().prop_map(f16::from_bits),
        2 => (0u16..0x400, any::<bool>())
            .prop_map(|(bits, sign)| f16::from_bits(bits | u16::from(sign) << 15)),
        1 => proptest::sample::select(vec![
            f16::INFINITY,
            f16::NEG_INFINITY,
            f16::NAN,
            f16::from_bits(0xFE01),
            f16::NEG_ZERO,
            f16::MAX,
        ]),
    ]
}

/// FP16 values that are finite and of moderate size, so that sums stay finite and every rounding shows.
pub fn finite_f16() -> impl Strategy<Value = f16> {
    prop_oneof![
        4 => (-2.0f32..2.0).prop_map(f16::from_f32),
        1 => (-4i8..=4).prop_map(|v| f16::from_f32(f32::from(v))),
    ]
}

/// `len` values: all kinds in half of the cases, finite ones in the other half.
pub fn values(len: usize) -> impl Strategy<Value = Vec<f16>> {
    prop_oneof![
        proptest::collection::vec(any_f16(), len),
        proptest::collection::vec(finite_f16(), len),
    ]
}

/// Layers with channels that are multiples of `m`, any kernel, stride and padding.
pub fn any_shape(m: usize, most_channels: usize) -> impl Strategy<Value = ConvShape> {
    let channels = 1..=(most_channels / m).max(1);
    let sides = (1usize..8, 1usize..8, 1usize..5, 1usize..5, 1usize..4, 0usize..3);
    (1usize..4, channels.clone(), channels, sides).prop_filter_map(
        "the kernel is larger than the padded image",
        move |(batch, ci, co, (h, w, kh, kw, stride, pad))| {
            ConvShape::new(batch, ci * m, (h, w), co * m, (kh, kw), stride, pad).ok()
        },
    )
}

/// Every N:M.
pub fn any_sparsity() -> impl Strategy<Value = Sparsity> {
    let all = Sparsity::GROUP_SIZES.into_iter().flat_map(|m| (1..=m).map(move |n| (n, m)));
    let all: Vec<_> = all.filter_map(|(n, m)| Sparsity::new(n, m).ok()).collect();
    proptest::sample::select(all)
}

/// The first place where two FP32 slices differ in a bit, in words.
pub fn first_difference(left: &[f32], right: &[f32]) -> Option<String> {
    if left.len() != right.len() {
        return Some(format!("{} values against {}", left.len(), right.len()));
    }
    let differing =
        left.iter().zip(right).enumerate().find(|(_, (a, b))| a.to_bits() != b.to_bits());
    differing.map(|(i, (a, b))| {
        format!("at {i}: {a} ({:08x}) against {b} ({:08x})", a.to_bits(), b.to_bits())
    })
}
