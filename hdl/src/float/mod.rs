//! Floating point blocks: fully pipelined, one operation per cycle, no stall and no reset.
//!
//! | block | computes | latency |
//! |---|---|---|
//! | [`MultiplyHalf`] | FP16 x FP16, exact in FP32 | 3 |
//! | [`AddSingle`] | FP32 + FP32 | 5 |
//! | [`MultiplySingle`] | FP32 x FP32 | 6 |
//! | [`NarrowSingle`] | FP32 to FP16 | 2 |
//! | [`WidenHalf`] | FP16 to FP32 | 1 |
//!
//! A latency of n: what is at the inputs at a rising edge is at the output after the n-th edge, that one counted. Every
//! result is rounded to nearest, ties to even, and keeps subnormals; every NaN that leaves a block is canonical.

mod accumulate_single;
mod add_single;
mod multiply_half;
mod multiply_single;
mod narrow_single;
mod normalize_half;
mod product;
mod widen_half;

pub use accumulate_single::AccumulateSingle;
pub use add_single::AddSingle;
pub use multiply_half::MultiplyHalf;
pub use multiply_single::MultiplySingle;
pub use narrow_single::NarrowSingle;
pub use normalize_half::NormalizeHalf;
pub use product::Product;
pub use widen_half::WidenHalf;
