//! The accelerator's Verilog as a model that Rust drives, bit and cycle exact, through Verilator.
//!
//! [`Model`] is an instance of any design of satkit-hdl: its ports are found by name, set and read; [`Model::run`] steps many cycles
//! in C++ and brings back what chosen ports held whenever a strobe was up. Models of the arrays tiny and small are compiled into this
//! crate by its build script if Verilator is there (`RTL_SIM=off|auto|require`); any other is compiled on request and
//! kept in the user's cache folder, as are models that write waves. Both kinds are driven through the same table of C
//! functions (`shim.cpp`).
//!
//! A simulation of Verilator's is two-state and starts from registers of 0, so it finds wrong values, not missing resets.

mod cache;
pub mod card;
mod core;
mod error;
mod model;
mod verilate;

pub use cache::{Build, Progress};
pub use core::{
    Core, Counters, Groups, Made, MmCycles, Operands, Sgd, StageRun, UpdateRun, Weights,
};
pub use error::RtlError;
pub use model::{Model, PortId, Record, Run, Watch};
pub use satkit_hdl::emit::{Direction, Port};

/// True if models of the small arrays are part of this binary.
pub const HAS_BUILT_IN_MODELS: bool = cfg!(have_rtl);
