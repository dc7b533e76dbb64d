//! The arithmetic of the elementwise unit (VE) and of the drain (ST), block by block. No top instantiates them yet: there are neither
//! streams nor a controller around them.
//!
//! | block | computes | rate | latency |
//! |---|---|---|---|
//! | [`Lane`] | what is done with one element of a drained tile or of a stream | one per cycle | 28 |
//! | [`ExactSum`] | sums of FP16 values and of their products, per channel, without rounding | one pair per cycle | 5 |
//! | [`Statistics`] | mean, variance, `k`, running statistics; `dbeta`, `dgamma`, `a`, `b`: from exact sums | one channel at a time | [`Program::cycles`]: 460 forwards, 244 backwards |
//! | [`ExactRatio`] | an exact integer over 1, `n` or `n * n`, rounded once to FP32 | one at a time | 10 to 239 |
//! | [`DivideSingle`], [`RootSingle`] | FP32 quotient, FP32 square root | one at a time | 18, 16 |
//! | [`WidenHalf`] | FP16 to FP32 | one per cycle | 1 |
//!
//! A latency of n: what is at the inputs at a rising edge is at the output after the n-th edge, that one counted. No block's time
//! depends on values. Results are those of `docs/contract-elementwise.md`, bit by bit.

mod divide_single;
mod exact_ratio;
mod exact_sum;
mod exact_term;
mod lane;
mod microcode;
mod normalize_single;
mod root_single;
mod statistics;
mod widen_half;

pub use divide_single::DivideSingle;
pub use exact_ratio::ExactRatio;
pub use exact_sum::{Accumulator, ExactSum};
pub use exact_term::ExactTerm;
pub use lane::Lane;
pub use microcode::{Microcode, Program, Register};
pub use normalize_single::NormalizeSingle;
pub use root_single::RootSingle;
pub use statistics::Statistics;
pub use widen_half::WidenHalf;
