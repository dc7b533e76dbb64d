//! Exact sums per channel, in blocks of FP64 additions that cannot round.
//!
//! An FP16 value is below 2^16 and a multiple of 2^-24, so 2^13 of them add up below 2^29, which is
//! 53 bits: FP64 holds it. A product of two is below 2^32 and a multiple of 2^-48, which is too wide
//! for such a sum; it is split into a multiple of 2^-8 (a sum below 2^45, 53 bits) and a rest of at most
//! 2^-9 (a sum of at most 2^4, 52 bits). So every addition in a block is exact, its order is free,
//! and an infinity or a NaN sticks by the rules of IEEE, which are the contract's.

use super::vector::{CHUNK, SHORT_PLANE, map_indices, vectorised};
use super::{ExactSum, Planes};
use crate::number::widen;
use half::f16;

/// Most terms of a block.
const BLOCK_TERMS: usize = 1 << 13;

/// Independent FP64 accumulators of a plane.
const LANES: usize = 16;

/// Columns that are summed side by side.
const COLUMNS: usize = 64;

/// Adding and subtracting it rounds an FP64 below 2^43 to a multiple of 2^-8: its last bit is 2^-8.
const SPLIT: f64 = 1.5 * (1_u64 << 44) as f64;

/// The exact sums of one channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moments {
    /// `xsum(a)`, in units of 2^-24.
    pub(crate) sum: ExactSum,
    /// `xsum(a * b)`, in units of 2^-48.
    pub(crate) products: ExactSum,
}

/// FP64 accumulators of `W` lanes: at most [`BLOCK_TERMS`] terms may meet in one sum.
#[derive(Clone)]
struct Block<const W: usize> {
    sum: [f64; W],
    high: [f64; W],
    low: [f64; W],
}

impl<const W: usize> Block<W> {
    const EMPTY: Self = Self { sum: [0.0; W], high: [0.0; W], low: [0.0; W] };

    #[inline(always)]
    fn add(&mut self, a: &[f32; W], b: &[f32; W]) {
        let sums = self.sum.iter_mut().zip(&mut self.high).zip(&mut self.low);
        for (((sum, high_sum), low_sum), (&a, &b)) in sums.zip(a.iter().zip(b)) {
            let (a, b) = (f64::from(a), f64::from(b));
            let product = a * b;
            let high = (product + SPLIT) - SPLIT;
            *sum += a;
            *high_sum += high;
            *low_sum += product - high;
        }
    }

    #[inline(always)]
    fn add_values(&mut self, a: &[f32; W]) {
        for (sum, &a) in self.sum.iter_mut().zip(a) {
            *sum += f64::from(a);
        }
    }
}

/// The integers of FP64 sums that did not round.
fn moments(sum: f64, high: f64, low: f64) -> Moments {
    const TWO_8: f64 = (1_u64 << 8) as f64;
    const TWO_24: f64 = (1_u64 << 24) as f64;
    const TWO_48: f64 = (1_u64 << 48) as f64;
    let integer = |value: f64| i128::from(value as i64);
    Moments {
        sum: ExactSum::special(sum).unwrap_or_else(|| ExactSum::Integer(integer(sum * TWO_24))),
        // A special product makes `high` special too, and `low` NaN.
        products: ExactSum::special(high).unwrap_or_else(|| {
            ExactSum::Integer((integer(high * TWO_8) << 40) + integer(low * TWO_48))
        }),
    }
}

impl Moments {
    const ZERO: Self = Self { sum: ExactSum::ZERO, products: ExactSum::ZERO };

    const fn plus(self, other: Self) -> Self {
        Self { sum: self.sum.plus(other.sum), products: self.products.plus(other.products) }
    }
}

vectorised! {
    /// Adds `a` and `a * b`, whose length is a multiple of `LANES` (the rest filled with zeros).
    fn add_products(a: &[f32], b: &[f32], block: &mut Block<LANES>) {
        let mut sums = block.clone();
        for (a, b) in a.as_chunks::<LANES>().0.iter().zip(b.as_chunks::<LANES>().0) {
            sums.add(a, b);
        }
        *block = sums;
    }
}

vectorised! {
    /// Adds `a`, whose length is a multiple of `LANES` (the rest filled with zeros).
    fn add_values(a: &[f32], block: &mut Block<LANES>) {
        let mut sums = block.clone();
        for a in a.as_chunks::<LANES>().0 {
            sums.add_values(a);
        }
        *block = sums;
    }
}

vectorised! {
    fn add_product_row(a: &[f32; COLUMNS], b: &[f32; COLUMNS], block: &mut Block<COLUMNS>) {
        block.add(a, b);
    }
}

vectorised! {
    fn add_value_row(a: &[f32; COLUMNS], block: &mut Block<COLUMNS>) {
        block.add_values(a);
    }
}

/// `xsum(a)` and, with `b`, `xsum(a * b)` over batch and pixels, per channel.
///
/// `a` and `b` have `planes.len()` elements; `planes.terms()` must not exceed
/// [`MAX_TERMS`](super::MAX_TERMS), which the callers check.
pub(crate) fn channel_moments(planes: Planes, a: &[f16], b: Option<&[f16]>) -> Vec<Moments> {
    if planes.pixels >= SHORT_PLANE {
        return map_indices(planes.channels, a.len(), |channel| {
            plane_moments(planes, channel, a, b)
        });
    }
    let width = planes.channels * planes.pixels;
    let blocks = width.div_ceil(COLUMNS);
    let columns: Vec<Moments> = map_indices(blocks, a.len(), |block| {
        let first = block * COLUMNS;
        column_moments(width, first, COLUMNS.min(width - first), a, b)
    })
    .concat();
    columns
        .chunks(planes.pixels)
        .map(|channel| channel.iter().fold(Moments::ZERO, |sum, &column| sum.plus(column)))
        .collect()
}

/// The moments of one channel, plane by plane.
fn plane_moments(planes: Planes, channel: usize, a: &[f16], b: Option<&[f16]>) -> Moments {
    let (mut wide_a, mut wide_b) = ([0.0; CHUNK], [0.0; CHUNK]);
    let mut total = Moments::ZERO;
    let mut block = Block::EMPTY;
    let mut terms = 0;
    for image in 0..planes.batch {
        let start = (image * planes.channels + channel) * planes.pixels;
        for first in (start..start + planes.pixels).step_by(CHUNK) {
            let length = CHUNK.min(start + planes.pixels - first);
            let padded = length.next_multiple_of(LANES);
            if terms + length > BLOCK_TERMS {
                total = total.plus(close(&block));
                block = Block::EMPTY;
                terms = 0;
            }
            terms += length;
            widen(&a[first..first + length], &mut wide_a[..length]);
            wide_a[length..padded].fill(0.0);
            if let Some(b) = b {
                widen(&b[first..first + length], &mut wide_b[..length]);
                wide_b[length..padded].fill(0.0);
                add_products(&wide_a[..padded], &wide_b[..padded], &mut block);
            } else {
                add_values(&wide_a[..padded], &mut block);
            }
        }
    }
    total.plus(close(&block))
}

/// The moments of a block whose lanes together hold at most [`BLOCK_TERMS`] terms.
fn close(block: &Block<LANES>) -> Moments {
    moments(block.sum.iter().sum(), block.high.iter().sum(), block.low.iter().sum())
}

/// The moments of `count` adjacent columns of a matrix `(rows, width)`.
fn column_moments(
    width: usize,
    first: usize,
    count: usize,
    a: &[f16],
    b: Option<&[f16]>,
) -> Vec<Moments> {
    let (mut wide_a, mut wide_b) = ([0.0; COLUMNS], [0.0; COLUMNS]);
    let mut totals = vec![Moments::ZERO; count];
    for band in 0..(a.len() / width).div_ceil(BLOCK_TERMS) {
        let start = band * BLOCK_TERMS * width;
        let end = a.len().min(start + BLOCK_TERMS * width);
        let mut block = Block::EMPTY;
        for row in (start..end).step_by(width) {
            let range = row + first..row + first + count;
            widen(&a[range.clone()], &mut wide_a[..count]);
            if let Some(b) = b {
                widen(&b[range], &mut wide_b[..count]);
                add_product_row(&wide_a, &wide_b, &mut block);
            } else {
                add_value_row(&wide_a, &mut block);
            }
        }
        for (column, total) in totals.iter_mut().enumerate() {
            let sums = moments(block.sum[column], block.high[column], block.low[column]);
            *total = total.plus(sums);
        }
    }
    totals
}

/// `r(xsum(a))` per channel, canonical: the gradient of a bias (`(rows, d)`: `pixels` = 1).
pub(crate) fn rounded_channel_sums(planes: Planes, a: &[f16]) -> Vec<f32> {
    channel_moments(planes, a, None).iter().map(|m| m.sum.round(super::VALUE_UNIT, 1)).collect()
}
