//! The accelerator's RTL in RustHDL, and the Verilog that is made of it.
//!
//! - [`accelerator`]: the accelerator, the top of the design
//! - [`mod@core`]: the compute core
//! - [`front`]: register window and sequencer
//! - [`mod@array`]: the array of USPEs and its edges
//! - [`dma`]: AXI masters to the card's memory
//! - [`delay`], [`memory`]: shift registers and memories, written by hand
//! - [`float`]: floating point blocks, bit for bit as `docs/contract.md` has numbers
//! - [`stream`]: the shell of WU and VE, everything but their lanes
//! - [`emit`]: Verilog with one module per kind of block, where RustHDL writes one per instance
//! - [`verilator`]: what Verilator is told of a design
//! - [`store`]: the store engine
//! - [`update`]: WUVE and SORE, which update master weights and make the next step's operand weights
//! - [`vector`]: arithmetic of the elementwise unit and of the drain, which no top instantiates yet
//!
//! What a block holds for the tools' sake (sized locals before every cast, compare and slice; no constants without a width) is
//! explained in `docs/decisions/0009-rtl-tools.md`.

pub mod accelerator;
pub mod array;
pub mod core;
pub mod delay;
pub mod dma;
pub mod emit;
mod error;
pub mod float;
pub mod front;
mod isa_bits;
pub mod load;
pub mod memory;
pub mod store;
pub mod stream;
pub mod update;
pub mod vector;
pub mod verilator;

pub use error::HdlError;
