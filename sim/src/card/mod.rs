//! A card in this process: registers, memory and jobs as the hardware shows them.

mod memory;
mod values;

pub use memory::{CardMemory, MemoryFault, MemoryFaultKind};
