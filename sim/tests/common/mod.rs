//! A scalar reading of `docs/contract.md` to compare with: one output at a time, one term at a time.
#![allow(dead_code, reason = "each test binary uses its part")]

use half::f16;
use proptest::{prelude::*, test_runner::FileFailurePersistence};
use satkit_sim::{Weights, prune::Compact};
use satkit_spec::{ConvShape, Sparsity};

/// Channels of one block of the K order, as the contract writes it.
const BLOCK: usize = 64;

/// FP16 to FP32 by value, not by the crate under test.
fn wide(value: f16) -> f32 {
    value.to_f32_const()
}

fn canonical(value: f32) -> f32 {
    if value.is_nan() { f32::from_bits(0x7FC0_0000) } else { value }
}

/// One weight and whether it takes part, for every OIHW index.
pub(crate) fn terms(weights: &Weights) -> Vec<(f16, bool)> {
    match weights {
        Weights::Dense(values) => values.iter().map(|&value| (value, true)).collect(),
        Weights::Pruned(compact) => {
            compact.to_dense_oihw().into_iter().zip(compact.mask_oihw()).collect()
        }
    }
}

fn blocks(channels: usize) -> impl Iterator<Item = std::ops::Range<usize>> {
    (0..channels).step_by(BLOCK).map(move |first| first..channels.min(first + BLOCK))
}

/// FF, NCHW.
pub(crate) fn ff(s: &ConvShape, x: &[f16], w: &[(f16, bool)]) -> Vec<f32> {
    let mut y = Vec::new();
    for n in 0..s.batch {
        for co in 0..s.co {
            for oh in 0..s.out_h() {
                for ow in 0..s.out_w() {
                    let mut acc = 0.0_f32;
                    for block in blocks(s.ci) {
                        for kh in 0..s.kh {
                            for kw in 0..s.kw {
                                for ci in block.clone() {
                                    let (value, present) =
                                        w[((co * s.ci + ci) * s.kh + kh) * s.kw + kw];
                                    if present {
                                        let x = padded(
                                            s,
                                            x,
                                            n,
                                            ci,
                                            oh * s.stride + kh,
                                            ow * s.stride + kw,
                                        );
                                        acc += wide(x) * wide(value);
                                    }
                                }
                            }
                        }
                    }
                    y.push(canonical(acc));
                }
            }
        }
    }
    y
}

/// X at a row and column of the padded image.
fn padded(s: &ConvShape, x: &[f16], n: usize, ci: usize, ph: usize, pw: usize) -> f16 {
    if ph < s.pad || pw < s.pad || ph - s.pad >= s.h || pw - s.pad >= s.w {
        return f16::ZERO;
    }
    x[((n * s.ci + ci) * s.h + ph - s.pad) * s.w + pw - s.pad]
}

/// BP, NCHW.
pub(crate) fn bp(s: &ConvShape, dy: &[f16], w: &[(f16, bool)]) -> Vec<f32> {
    let (out_h, out_w) = (s.out_h() as isize, s.out_w() as isize);
    let stride = s.stride as isize;
    let mut dx = Vec::new();
    for n in 0..s.batch {
        for ci in 0..s.ci {
            for ih in 0..s.h {
                for iw in 0..s.w {
                    let mut acc = 0.0_f32;
                    for block in blocks(s.co) {
                        for kh in 0..s.kh {
                            for kw in 0..s.kw {
                                let (a, b) = (
                                    (ih + s.pad) as isize - kh as isize,
                                    (iw + s.pad) as isize - kw as isize,
                                );
                                if a % stride != 0 || b % stride != 0 {
                                    continue;
                                }
                                let (oh, ow) = (a / stride, b / stride);
                                let inside = a >= 0 && b >= 0 && oh < out_h && ow < out_w;
                                for co in block.clone() {
                                    let (value, present) =
                                        w[((co * s.ci + ci) * s.kh + kh) * s.kw + kw];
                                    if present {
                                        let dy = if inside {
                                            dy[((n * s.co + co) * out_h as usize + oh as usize)
                                                * out_w as usize
                                                + ow as usize]
                                        } else {
                                            f16::ZERO
                                        };
                                        acc += wide(dy) * wide(value);
                                    }
                                }
                            }
                        }
                    }
                    dx.push(canonical(acc));
                }
            }
        }
    }
    dx
}

/// WU, OIHW.
pub(crate) fn wu(s: &ConvShape, x: &[f16], dy: &[f16]) -> Vec<f32> {
    let mut dw = Vec::new();
    for co in 0..s.co {
        for ci in 0..s.ci {
            for kh in 0..s.kh {
                for kw in 0..s.kw {
                    let mut acc = 0.0_f32;
                    for n in 0..s.batch {
                        for oh in 0..s.out_h() {
                            for ow in 0..s.out_w() {
                                let x = padded(s, x, n, ci, oh * s.stride + kh, ow * s.stride + kw);
                                let dy = dy[((n * s.co + co) * s.out_h() + oh) * s.out_w() + ow];
                                acc += wide(x) * wide(dy);
                            }
                        }
                    }
                    dw.push(canonical(acc));
                }
            }
        }
    }
    dw
}

/// Bits, for comparison; NaNs must be the canonical one, so no exception for them.
pub(crate) fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

/// Checks bits, naming the first difference.
pub(crate) fn assert_same(given: &[f32], expected: &[f32], what: impl std::fmt::Display) {
    assert_eq!(given.len(), expected.len(), "{what}");
    let differs = given.iter().zip(expected).position(|(a, b)| a.to_bits() != b.to_bits());
    if let Some(at) = differs {
        panic!("{what}: element {at} is {:e} instead of {:e}", given[at], expected[at]);
    }
}

/// `cases` cases; failures persist beside the test's source, to be committed.
pub(crate) fn config(cases: u32) -> ProptestConfig {
    let persistence = FileFailurePersistence::WithSource("regressions");
    ProptestConfig {
        failure_persistence: Some(Box::new(persistence)),
        ..ProptestConfig::with_cases(cases)
    }
}

/// An FP16 value: mostly ordinary and of few magnitudes (ties), some of any bits, some special.
pub(crate) fn value() -> impl Strategy<Value = f16> {
    prop_oneof![
        12 => (-40_i16..=40).prop_map(|v| f16::from_f32(f32::from(v) / 16.0)),
        6 => (-1.0_f32..1.0).prop_map(f16::from_f32),
        1 => (0_u16..0x0400, any::<bool>())
            .prop_map(|(bits, negative)| f16::from_bits(bits | u16::from(negative) << 15)),
        1 => prop::sample::select(vec![0x0000, 0x8000, 0x0001, 0x8001, 0x7BFF, 0xFBFF])
            .prop_map(f16::from_bits),
    ]
}

/// As [`value`], now and then an infinity or a NaN of any payload.
pub(crate) fn special_value() -> impl Strategy<Value = f16> {
    prop_oneof![
        60 => value(),
        1 => (0x7C00_u16..=0x7FFF, any::<bool>())
            .prop_map(|(bits, negative)| f16::from_bits(bits | u16::from(negative) << 15)),
    ]
}

/// Values of a tensor, cheap to make: a pool of generated values, mixed by a seed.
pub(crate) fn tensor(pool: &[f16], seed: u64, len: usize) -> Vec<f16> {
    let mut state = seed | 1;
    (0..len)
        .map(|_| {
            // xorshift64
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            pool[(state >> 33) as usize % pool.len()]
        })
        .collect()
}

/// A pool of values for [`tensor`]: half of the pools have infinities and NaNs.
pub(crate) fn pool() -> impl Strategy<Value = Vec<f16>> {
    prop_oneof![
        prop::collection::vec(value(), 8..200),
        prop::collection::vec(special_value(), 8..200),
    ]
}

/// Any N:M.
pub(crate) fn sparsity() -> impl Strategy<Value = Sparsity> {
    prop::sample::select(vec![1_usize, 2, 4, 8, 16])
        .prop_flat_map(|m| (1..=m, Just(m)))
        .prop_map(|(n, m)| Sparsity::new(n, m).expect("a possible sparsity"))
}

/// Small shapes of every kind: kernels, strides, paddings, linear layers; channels sometimes above one K block.
pub(crate) fn shape() -> impl Strategy<Value = ConvShape> {
    let channels = || prop_oneof![6 => 1_usize..24, 1 => 60_usize..70, 1 => 120_usize..140];
    let side = || prop_oneof![1 => Just(1_usize), 4 => 1_usize..13];
    let kernel = || prop_oneof![1_usize..=3, 1_usize..=5];
    (1_usize..4, channels(), side(), side(), channels(), kernel(), kernel(), 1_usize..4, 0_usize..4)
        .prop_filter_map("the kernel fits", |(n, ci, h, w, co, kh, kw, stride, pad)| {
            ConvShape::new(n, ci, (h, w), co, (kh, kw), stride, pad).ok()
        })
        .prop_filter("small enough for the scalar reference", |s| {
            s.y_len() * s.ci * s.taps() < 400_000 && s.x_len() * s.co * s.taps() < 1_500_000
        })
}

/// The same shape with channels rounded up to whole groups.
pub(crate) fn grouped(s: &ConvShape, sparsity: Sparsity) -> ConvShape {
    let (ci, co) = (s.ci.next_multiple_of(sparsity.m()), s.co.next_multiple_of(sparsity.m()));
    ConvShape::new(s.batch, ci, (s.h, s.w), co, (s.kh, s.kw), s.stride, s.pad).expect("a shape")
}

/// Pruning read off the contract: the kept positions of one group, ascending.
pub(crate) fn kept_positions(group: &[f16], n: usize) -> Vec<usize> {
    let magnitude = |value: f16| if value.is_nan() { 0x7E00 } else { value.to_bits() & 0x7FFF };
    let mut order: Vec<usize> = (0..group.len()).collect();
    // A stable sort keeps the lowest position first among equals.
    order.sort_by_key(|&position| std::cmp::Reverse(magnitude(group[position])));
    let mut kept = order[..n].to_vec();
    kept.sort_unstable();
    kept
}

/// Checks one compact operand against [`kept_positions`]. `member(group, position)` is its OIHW index.
pub(crate) fn check_compact(
    compact: &Compact,
    dense: &[f16],
    member: impl Fn(usize, usize) -> usize,
) {
    let (n, m) = (compact.sparsity().n(), compact.sparsity().m());
    assert_eq!(compact.values().len(), dense.len() / m * n);
    for group in 0..dense.len() / m {
        let values: Vec<f16> = (0..m).map(|position| dense[member(group, position)]).collect();
        let kept = kept_positions(&values, n);
        for (slot, &position) in kept.iter().enumerate() {
            assert_eq!(usize::from(compact.positions()[group * n + slot]), position);
            let expected =
                if values[position].is_nan() { 0x7E00 } else { values[position].to_bits() };
            assert_eq!(compact.values()[group * n + slot].to_bits(), expected);
        }
    }
}
