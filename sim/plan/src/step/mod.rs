//! Whole training steps: what is done, and the program that does it.
//!
//! [`StepWork`] lists operations on tensors. [`compile`] places the tensors in card memory, asks the scheduler for the
//! mapping of each matrix problem, emits the instructions, and ties engines together where one reads what another wrote:
//! through semaphores, and only as far as the data that is needed, so that a stage starts while the one before is
//! still at work.

mod compile;
mod depend;
mod emit;
mod memory;
mod mix;
mod report;
#[cfg(test)]
mod tests;
mod work;

pub use compile::{Step, StepSection, compile, compile_at, room_bytes};
pub use report::{StepReport, StepRow};
pub use work::{
    DrainValues, Edge, HostWork, MacOperation, ProductOperand, ProductOperation, PruneOperation,
    StepOperation, StepWork, Stream, TensorId, TensorSpec, UpdateOperation, UpdateValues,
    VectorOperation, VectorTensors, VectorValues,
};
