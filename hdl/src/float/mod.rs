//! Floating point blocks: fully pipelined, one operation per cycle, no stall and no reset.
//!
//! | block | computes | latency |
//! |---|---|---|
//! | [`NormalizeHalf`] | FP16 in the form that [`MultiplyHalf`] takes | 1 |
//! | [`MultiplyHalf`] | product of two such, exact, in the form that [`AccumulateSingle`] takes | 3 |
//! | [`AccumulateSingle`] | FP32 + such a product | 5 |
//! | [`AddSingle`] | FP32 + FP32 | 5 |
//! | [`MultiplySingle`] | FP32 x FP32 | 6 |
//! | [`NarrowSingle`] | FP32 to FP16 | 2 |
//!
//! A latency of n: what is at the inputs at a rising edge is at the output after the n-th edge, that one counted. Every
//! result is rounded to nearest, ties to even, and keeps subnormals; every NaN that leaves a block is canonical.
//!
//! What is in every processing element, [`MultiplyHalf`] and [`AccumulateSingle`], gives up generality for area: Yosys 0.23
//! (`synth_xilinx -family xcup -flatten`) needs 287 LUTs and one DSP for both together, and 481 for [`AddSingle`] alone.

mod accumulate_single;
mod add_single;
mod multiply_half;
mod multiply_single;
mod narrow_single;
mod normalize_half;
mod product;

pub use accumulate_single::AccumulateSingle;
pub use add_single::AddSingle;
pub use multiply_half::MultiplyHalf;
pub use multiply_single::MultiplySingle;
pub use narrow_single::NarrowSingle;
pub use normalize_half::NormalizeHalf;
pub use product::Product;
