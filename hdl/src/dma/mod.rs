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
//! What clients have in common:
//!
//! | module | what |
//! |---|---|
//! | [`fn@in_order`] | reads whose beats come in the order of the requests |
//! | [`read_rings`], [`write_rings`] | the streams of an engine in banks, one bank for each master |
//! | [`blocks`] | which blocks of the streams have arrived, and for which there is room |
//!
//! The first beat of a write on a port that has no other is offered [`W_OFFER_CYCLES`] after the request was taken; after that
//! a beat leaves in every cycle in which the memory takes one, from burst to burst.

mod arbiter;
mod client_wiring;
mod fault;
mod in_order;
mod outlet;
mod read_port;
mod stream;
mod wiring;
mod write_port;

pub use arbiter::{Arbiter, Check};
pub use fault::FirstFault;
pub use in_order::{Give, InOrder, Room};
pub use outlet::Outlet;
pub use read_port::ReadPort;
pub use stream::{Asked, Book, Steer};
pub(crate) use wiring::{Fifo, fifo};
pub use write_port::WritePort;

use crate::HdlError;
use crate::emit::{Design, Module, emit};
use crate::memory;
use satkit_spec::ArrayConfig;
pub use satkit_spec::{REQUEST_CYCLES, RESPONSE_CYCLES, W_DATA_CYCLES, W_OFFER_CYCLES};

/// Cycles from a lane's address to a ring's beat.
pub const LANE_READ_CYCLES: usize = 2;

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

/// Bursts to be written that can be under way on one port: four times the load engines' beats of the store engine (each may be a
/// burst), and less than 256 of the others. So no request waits for room there.
#[must_use]
pub const fn bursts_under_way(config: &ArrayConfig) -> usize {
    (4 * config.axi_inflight_beats + 256).next_power_of_two()
}

/// The same of reads: those of the load engines, and for each burst of the store engine what is added and its mask.
#[must_use]
pub const fn reads_under_way(config: &ArrayConfig) -> usize {
    (10 * config.axi_inflight_beats + 256).next_power_of_two()
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

/// A client with `capacity_beats` (at most 4096) under way or waiting for their turn, top `in_order_<capacity_beats>`.
///
/// The engine gives requests (`request_*`, taken with `request_ready`) and gets their beats in that order, one per cycle
/// (`beat_*`, out of registers; one stays until it is taken with `beat_ready`). Towards `dma` it has `ar_*` and `r_*`. `idle` is low while something is under way.
///
/// # Errors
/// As [`design`].
pub fn in_order(config: &ArrayConfig, capacity_beats: usize) -> Result<Design, HdlError> {
    check(config)?;
    let name = format!("in_order_{capacity_beats}");
    let parts = vec![
        emit("dma_in_order", InOrder::default),
        emit("dma_room", Room::default),
        emit("dma_give", Give::default),
    ];
    let module = client_wiring::in_order(&name, config.dram_channels, capacity_beats);
    Ok(Design::join(&name, parts, vec![memory::fifo_ram(), module]))
}

/// What a stream engine reads, four streams of `capacity_beats` each (a power of two, 64 to 4096), top `read_rings_<capacity_beats>`.
///
/// The engine says which bursts of which stream were taken (`request_*`); their beats lie at their address modulo the capacity, in
/// the bank of their master, from the cycle after they came on. `lane_address_k`, in beats, gives `lane_data_k`
/// [`LANE_READ_CYCLES`] later. `moved` counts beats by master for [`blocks`].
///
/// # Errors
/// As [`design`].
pub fn read_rings(config: &ArrayConfig, capacity_beats: usize) -> Result<Design, HdlError> {
    check(config)?;
    let name = format!("read_rings_{capacity_beats}");
    let module = client_wiring::read_rings(&name, config.dram_channels, capacity_beats);
    Ok(rings(&name, module))
}

/// What a stream engine writes, likewise, top `write_rings_<capacity_beats>`: its lanes write `lane_data_k` at `lane_address_k` with
/// `lane_write_k`, and `w_pull` gives `w_data` of the bursts that were taken.
///
/// # Errors
/// As [`design`].
pub fn write_rings(config: &ArrayConfig, capacity_beats: usize) -> Result<Design, HdlError> {
    check(config)?;
    let name = format!("write_rings_{capacity_beats}");
    let module = client_wiring::write_rings(&name, config.dram_channels, capacity_beats);
    Ok(rings(&name, module))
}

fn rings(name: &str, module: Module) -> Design {
    let wiring = vec![memory::delay_line(), memory::fifo_ram(), memory::block_ram(), module];
    Design::join(name, vec![emit("dma_steer", Steer::default)], wiring)
}

/// The blocks of a stream engine whose buffers hold `capacity_beats` (at most 4096), top `stream_blocks_<capacity_beats>`.
///
/// `room` says whether the next block, of `beats`, may begin. The engine says which reads and writes were taken; `opens` in the cycle of
/// a block's last read (or of none, if it has none), `closes` in that of its last write, with the block's beats (or in the
/// cycle before its lanes are done, if it has none). `arrived` says that the oldest block that the lanes have not taken
/// (`lanes_take`) is there; `leaves`, that the oldest block of all leaves the buffers.
///
/// # Errors
/// As [`design`].
pub fn blocks(config: &ArrayConfig, capacity_beats: usize) -> Result<Design, HdlError> {
    check(config)?;
    let name = format!("stream_blocks_{capacity_beats}");
    let parts = vec![emit("dma_asked", Asked::default), emit("dma_book", Book::default)];
    let module = client_wiring::blocks(&name, config.dram_channels, capacity_beats);
    Ok(Design::join(&name, parts, vec![memory::fifo_ram(), module]))
}
