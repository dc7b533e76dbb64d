//! The simulated SAT accelerator: fast kernels with the contract's bits, and the execution of programs.
//!
//! Everything here computes what `docs/contract.md` and `docs/contract-elementwise.md` say, bit for bit, as fast as
//! the CPU allows: vectorised and threaded over outputs, never over K.

mod accelerator;
pub mod bench;
mod buffer;
pub mod card;
pub mod elementwise;
pub mod error;
pub mod exec;
pub mod isa;
pub mod mac;
pub mod number;
pub mod peak;
pub mod prune;
pub mod update;
mod weights;

pub use accelerator::{Accelerator, AcceleratorError, Run, Section};
pub use error::SimError;
pub use isa::Isa;
pub use weights::Weights;
