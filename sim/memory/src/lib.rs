//! The card's DRAM in time: when each transfer of an AXI port begins and ends. No values.
//!
//! One model drives the simulator's clock and, behind an AXI adapter, the ports of Verilated RTL, so both
//! see the same memory. `docs/memory.md` has the models, their parameters and the sources of those.
//!
//! ```
//! use satkit_memory::{Direction, Memory, MemoryModel, Ports, Request};
//!
//! let ports = Ports::from(&satkit_spec::ArrayConfig::vcu1525());
//! let mut memory = "fixed:latency=80".parse::<MemoryModel>()?.build(&ports)?;
//! let read = Request { cycle: 5, address: 0, beats: 64, direction: Direction::Read };
//! let transfer = memory.transfer(read);
//! assert_eq!((transfer.start_cycle, transfer.end_cycle), (85, 149));
//! # Ok::<(), satkit_memory::MemoryError>(())
//! ```

mod ddr4;
mod divider;
mod error;
mod fixed;
mod key;
mod memory;
mod model;
mod pool;
mod ports;
mod pressure;
mod request;
mod server;
mod statistics;
mod told;

pub use ddr4::{Ddr4, Ddr4Parameters, timing};
pub use error::MemoryError;
pub use fixed::{Fixed, FixedParameters};
pub use memory::{AnyMemory, Memory};
pub use model::MemoryModel;
pub use pool::{Pool, PoolParameters};
pub use ports::Ports;
pub use pressure::{BackPressure, BackPressureParameters};
pub use request::{Direction, PAGE_BYTES, Request, Transfer};
pub use statistics::Statistics;
pub use told::Told;
