//! The K order where it shows: data whose sum depends on it.

use super::mac::sum_by_key;
use half::f16;
use ndarray::Array4;
use satkit_golden::mac::{Weight, bp, ff, wu};
use satkit_spec::ConvShape;

const BIG: f32 = 32_768.0;

/// A tensor of zeros with `value` at each `[channel, row, column]`.
///
/// Terms of 2^30, 1 and -2^30 sum to 1 if the 1 comes last and to 0 otherwise.
fn one_by_one(terms: &[([usize; 3], f32)], dims: (usize, usize, usize, usize)) -> Array4<f16> {
    let mut tensor = Array4::from_elem(dims, f16::ZERO);
    for &([c, h, w], value) in terms {
        tensor[[0, c, h, w]] = f16::from_f32(value);
    }
    tensor
}

fn weights_for(terms: &[([usize; 3], f32)], channels: usize) -> Array4<f16> {
    let mut w = one_by_one(terms, (1, channels, 1, 2));
    // Products are +-2^30 and 1.
    w.mapv_inplace(|v| match v.to_f32().abs() {
        BIG => f16::from_f32(BIG),
        1.0 => f16::ONE,
        _ => f16::ZERO,
    });
    w
}

#[test]
fn ff_takes_a_block_of_64_channels_before_the_next() {
    let s = ConvShape::new(1, 128, (1, 2), 1, (1, 2), 1, 0).expect("the kernel fits");
    let sum = |terms: &[([usize; 3], f32)]| {
        let x = one_by_one(terms, (1, 128, 1, 2));
        let w = Weight::Dense(weights_for(terms, 128));
        ff(s, x.view(), &w).expect("the layer's tensors")[[0, 0, 0, 0]]
    };
    // Block 0 tap 1 (big, then one), then block 1 tap 0 (-big): the one is lost. Taps outermost would keep it.
    assert_eq!(sum(&[([0, 0, 1], BIG), ([1, 0, 1], 1.0), ([64, 0, 0], -BIG)]), 0.0);
    // Tap 0 of channel 63 before tap 1 of channel 0: the one comes last. Channels outermost would lose it.
    assert_eq!(sum(&[([62, 0, 0], BIG), ([63, 0, 0], -BIG), ([0, 0, 1], 1.0)]), 1.0);
    assert_eq!(sum(&[([1, 0, 0], BIG), ([0, 0, 1], 1.0), ([2, 0, 1], -BIG)]), 0.0);
    // Channel 63 and 64 are in different blocks, 0 and 63 in one.
    assert_eq!(sum(&[([64, 0, 0], BIG), ([63, 0, 1], 1.0), ([65, 0, 0], -BIG)]), 0.0);
    assert_eq!(sum(&[([63, 0, 0], BIG), ([64, 0, 0], -BIG), ([0, 0, 1], 1.0)]), 0.0);
}

#[test]
fn bp_takes_a_block_of_64_channels_before_the_next() {
    // Input pixel 1 of a 3-wide image meets kw = 0 at ow = 1 and kw = 1 at ow = 0.
    let s = ConvShape::new(1, 1, (1, 3), 128, (1, 2), 1, 0).expect("the kernel fits");
    let sum = |terms: &[([usize; 3], f32)]| {
        // A term names (co, _, kw); its dY lies at ow = 1 - kw.
        let mut dy = Array4::from_elem((1, 128, 1, 2), f16::ZERO);
        let mut w = Array4::from_elem((128, 1, 1, 2), f16::ZERO);
        for &([co, _, kw], value) in terms {
            dy[[0, co, 0, 1 - kw]] = f16::from_f32(value);
            w[[co, 0, 0, kw]] = f16::from_f32(value.abs());
        }
        bp(s, dy.view(), &Weight::Dense(w)).expect("the layer's tensors")[[0, 0, 0, 1]]
    };
    assert_eq!(sum(&[([0, 0, 1], BIG), ([1, 0, 1], 1.0), ([64, 0, 0], -BIG)]), 0.0);
    assert_eq!(sum(&[([62, 0, 0], BIG), ([63, 0, 0], -BIG), ([0, 0, 1], 1.0)]), 1.0);
    assert_eq!(sum(&[([63, 0, 0], BIG), ([64, 0, 0], -BIG), ([0, 0, 1], 1.0)]), 0.0);
}

#[test]
fn wu_goes_by_image_row_and_column() {
    let s = ConvShape::new(2, 1, (2, 2), 1, (1, 1), 1, 0).expect("the kernel fits");
    let sum = |terms: [([usize; 3], f32); 3]| {
        let mut x = Array4::from_elem((2, 1, 2, 2), f16::ZERO);
        let mut dy = x.clone();
        for ([n, h, w], value) in terms {
            x[[n, 0, h, w]] = f16::from_f32(value);
            dy[[n, 0, h, w]] = f16::from_f32(value.abs());
        }
        wu(s, x.view(), dy.view()).expect("the layer's tensors")[[0, 0, 0, 0]]
    };
    assert_eq!(sum([([0, 0, 0], BIG), ([0, 1, 1], -BIG), ([1, 0, 0], 1.0)]), 1.0);
    assert_eq!(sum([([0, 0, 1], BIG), ([0, 1, 0], 1.0), ([1, 0, 0], -BIG)]), 0.0);
    assert_eq!(sum([([0, 0, 0], BIG), ([0, 0, 1], -BIG), ([0, 1, 0], 1.0)]), 1.0);
}

/// On 130 channels of mixed magnitudes the contract's order gives its bits and other orders give others.
#[test]
fn other_orders_give_other_bits() {
    let s = ConvShape::new(1, 130, (3, 3), 1, (3, 3), 1, 0).expect("the kernel fits");
    // A small generator of repeatable values between 2^-8 and 2^8, of both signs.
    let mut state = 12_345u32;
    let mut draw = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let exponent = 7 + (state >> 28) as u16;
        f16::from_bits((state >> 16) as u16 & 0x83FF | exponent << 10)
    };
    let x = Array4::from_shape_fn((1, 130, 3, 3), |_| draw(()));
    let w = Array4::from_shape_fn((1, 130, 3, 3), |_| draw(()));
    let terms = |key: fn(usize, usize, usize) -> [usize; 4]| {
        let all = w.indexed_iter();
        sum_by_key(all.map(|((_, c, h, v), &w)| (key(c, h, v), x[[0, c, h, v]], w)).collect())
    };
    let y = ff(s, x.view(), &Weight::Dense(w.clone())).expect("the layer's tensors");
    let got = y[[0, 0, 0, 0]].to_bits();
    assert_eq!(got, terms(|c, h, v| [c / 64, h, v, c]));
    for other in [
        terms(|c, h, v| [h, v, c, 0]),
        terms(|c, h, v| [c, h, v, 0]),
        terms(|c, h, v| [c / 32, h, v, c]),
        terms(|c, h, v| [c / 64, v, h, c]),
        terms(|c, h, v| [c / 64, h, v, 130 - c]),
    ] {
        assert_ne!(got, other);
    }
}
