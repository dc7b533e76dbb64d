//! The reference of satkit: what a training step computes, bit for bit, written to be read.
//!
//! Everything that the simulator, the RTL and a card compute is compared with this crate. It follows
//! `docs/contract.md` and `docs/contract-elementwise.md` line by line on ndarray, one thread, no tricks,
//! and shares no code with what it judges. ndarray views go in, owned arrays come out; images are NCHW, weights OIHW,
//! tokens `(b, t, d)`, rows `(rows, channels)`.
//!
//! - [`number`], [`exact`]: FP16, FP32, the MAC, sums without rounding;
//! - [`prune`]: N:M groups and their compact form;
//! - [`mac`]: FF, BP, WU, and [`method`]: which operands each method gives them;
//! - [`update`], [`loss_scale`]: momentum SGD;
//! - [`elementwise`]: every layer around the matrix stages, forward and backward.
//!
//! Source of the method: arXiv 2309.13015 (BDWP).

pub mod elementwise;
mod error;
pub mod exact;
pub mod loss_scale;
pub mod mac;
pub mod method;
pub mod number;
pub mod prune;
pub mod update;

pub use error::GoldenError;
