//! A card in this process: registers, memory and jobs as the hardware shows them.

mod memory;

pub use memory::{CardMemory, MemoryFault, MemoryFaultKind};
