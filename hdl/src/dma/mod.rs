//! The way to the card's memory: one AXI4 master per DRAM channel, and who uses it when.
//!
//! [`design`] gives module `dma`. Its clients ([`CLIENTS`]) ask for bursts; a burst lies in one page of 4 KiB, and master k has the
//! pages of which `page % channels == k`. In each cycle each master takes one read and one write burst, of the first client that asks.
//! Who is not taken asks again.
//!
//! | ports of client c | meaning |
//! |---|---|
//! | `c_ar_valid`, `c_ar_address`, `c_ar_beats` | it asks for beats from an address (in beats), 1 to 64 in a page |
//! | `c_ar_ready` | taken in this cycle: AR in [`REQUEST_CYCLES`] |
//! | `c_ar_refused` | there is no such burst: too long, across a page, or outside of the card's memory. It is never taken |
//! | `c_r_valid` | one bit per master: a beat, [`RESPONSE_CYCLES`] after AXI's; those of one master in the order of the requests |
//! | `r_data`, `r_error` | the masters' beats, for whom `c_r_valid` says |
//! | `c_aw_valid`, ... `c_aw_refused` | the same for writes; all beats are there when it asks |
//! | `c_w_pull` | one bit per master: it wants the next beat of the client's oldest open burst there |
//! | `c_w_data`, `c_w_strobe` | that beat and which of its bytes are written, [`W_DATA_CYCLES`] later |
//! | `c_b_valid`, `b_error` | one bit per master: a burst is written, [`RESPONSE_CYCLES`] after AXI's response |
//! | `c_fault`, `c_fault_address` | the client's first burst that went wrong (byte address), until `clear` |
//!
//! Clients take every beat and response: `rready` and `bready` are constant. `hold` keeps every request from being taken; with it,
//! what is under way ends, and then `idle` is high. So a reset that leaves the memory alone is: `hold`, wait for `idle`, and only then
//! reset clients and `dma`.
//!
//! The first beat of a write on a port that has no other is offered [`W_OFFER_CYCLES`] after the request was taken; after that
//! a beat leaves in every cycle in which the memory takes one, from burst to burst.

mod arbiter;
mod fault;
mod outlet;
mod read_port;
mod wiring;
mod write_port;

pub use arbiter::{Arbiter, Check};
pub use fault::FirstFault;
pub use outlet::Outlet;
pub use read_port::ReadPort;
pub use write_port::WritePort;

use crate::HdlError;
use crate::emit::{Design, emit};
use crate::memory;
use satkit_spec::ArrayConfig;

/// Cycles from a client's request being taken to AR or AW.
pub const REQUEST_CYCLES: usize = 1;
/// Cycles from a beat on R, or a response on B, to the client.
pub const RESPONSE_CYCLES: usize = 1;
/// Cycles from a port's pull to the client's data.
pub const W_DATA_CYCLES: usize = 2;
/// Cycles from a write's request being taken to its first beat on W, if the port has nothing else to write: pulled in the
/// next, and offered in the one after the data came.
pub const W_OFFER_CYCLES: usize = 2 + W_DATA_CYCLES;

/// One who moves data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Client {
    /// What its ports begin with.
    pub name: &'static str,
    /// It writes, too.
    pub writes: bool,
}

/// The clients, the one that comes first when several ask for a port first: fetch, then the engines in the order of
/// `satkit_spec::isa::Engine`.
pub const CLIENTS: [Client; 6] = [
    Client { name: "fetch", writes: false },
    Client { name: "load_a", writes: false },
    Client { name: "load_w", writes: false },
    Client { name: "store", writes: true },
    Client { name: "update", writes: true },
    Client { name: "vector", writes: true },
];

/// Bursts that can be under way on one port and direction: the load engines' beats, four times as many of the store engine (each
/// may be a burst), and less than 256 of the others. So no request of theirs waits for room there.
#[must_use]
pub const fn bursts_under_way(config: &ArrayConfig) -> usize {
    (6 * config.axi_inflight_beats + 256).next_power_of_two()
}

/// Checks that the ports of a configuration can be built.
fn check(config: &ArrayConfig) -> Result<(), HdlError> {
    config.validate()?;
    if matches!(config.dram_channels, 1 | 2 | 4) {
        return Ok(());
    }
    Err(HdlError::Unbuildable {
        array: config.name.clone(),
        what: "DRAM channels",
        given: config.dram_channels.to_string(),
        accepted: "1, 2 or 4".into(),
    })
}

/// The ports of a configuration, top `dma`.
///
/// # Errors
/// [`HdlError`] if the array is impossible, or has other than 1, 2 or 4 channels.
pub fn design(config: &ArrayConfig) -> Result<Design, HdlError> {
    check(config)?;
    let parts = vec![
        emit("dma_check", Check::default),
        emit("dma_arbiter", Arbiter::default),
        emit("dma_read_port", ReadPort::default),
        emit("dma_write_port", WritePort::default),
        emit("dma_first_fault", FirstFault::default),
    ];
    let wiring = vec![memory::delay_line(), memory::fifo_ram(), wiring::dma(config)];
    Ok(Design::join("dma", parts, wiring))
}
