//! DDR4-2400: channels with banks, rows, bus turnarounds, refresh and a posted-write buffer.

mod bank;
mod channel;
mod clock;
mod parameters;
pub mod timing;

use crate::key::Keyed;
use crate::ports::Interleave;
use crate::{Direction, Memory, MemoryError, PAGE_BYTES, Ports, Request, Statistics, Transfer};
use channel::{Access, Channel};
use clock::Clock;
pub use parameters::Ddr4Parameters;
use parameters::Ticks;
use timing::{BANKS, BURST_BYTES, ROW_BYTES, TICKS_PER_NS};

/// One channel and the core's port to it.
#[derive(Clone, Debug)]
struct Port {
    channel: Channel,
    /// Cycle from which the read side takes beats again.
    read_free: u64,
    /// Cycle from which the write side takes beats again.
    write_free: u64,
    /// Cycle from which the half of the write buffer that is filled next is empty.
    half_free: u64,
}

/// DDR4-2400, one controller per channel, requests of a channel in their order.
///
/// A read's data pass the DRAM's bus when bus, row and port are ready, and the core's port a constant latency later. A
/// write is done when the buffer has it; the buffer has two halves, and a full one drains in one go.
#[derive(Clone, Debug)]
pub struct Ddr4 {
    interleave: Interleave,
    beat_shift: u32,
    clock: Clock,
    ticks: Ticks,
    latency: u64,
    ports: Vec<Port>,
    statistics: Statistics,
}

impl Ddr4 {
    /// An idle memory, all rows closed.
    ///
    /// # Errors
    /// [`MemoryError`] naming the parameter or the port size that is not possible.
    pub fn new(parameters: Ddr4Parameters, ports: &Ports) -> Result<Self, MemoryError> {
        ports.validate()?;
        parameters.check()?;
        let ticks = Ticks::new(&parameters);
        let channels = ports.channels as u64;
        let port = |index: u64| {
            // Staggered, so that the channels do not all rest at once.
            let first_refresh = ticks.refresh_interval * (index + 1) / channels;
            let channel = Channel::new(first_refresh, parameters.write_batch);
            Port { channel, read_free: 0, write_free: 0, half_free: 0 }
        };
        Ok(Self {
            interleave: Interleave::new(ports),
            beat_shift: ports.beat_bytes.trailing_zeros(),
            clock: Clock::new(ports)?,
            ticks,
            latency: u64::from(parameters.latency_ns) * TICKS_PER_NS,
            ports: (0..channels).map(port).collect(),
            statistics: Statistics::default(),
        })
    }

    /// Where a request's bytes are on its channel.
    #[inline]
    #[allow(clippy::cast_possible_truncation)]
    fn access(&self, request: &Request) -> Access {
        const PAGES_PER_ROW: u64 = ROW_BYTES / PAGE_BYTES;
        let row = self.interleave.page(request.address) / PAGES_PER_ROW;
        let offset = request.address & (BURST_BYTES - 1);
        let bytes = u64::from(request.beats) << self.beat_shift;
        // No truncation: a bank is below `BANKS`, and a request's bytes are those of a page.
        Access {
            row: row / BANKS as u64,
            bank: row as usize % BANKS,
            bursts: (offset + bytes).div_ceil(BURST_BYTES) as u32,
            ready: self.clock.ticks_from(request.cycle),
        }
    }
}

impl Memory for Ddr4 {
    #[inline]
    fn transfer(&mut self, request: Request) -> Transfer {
        self.statistics.count(&request);
        let access = self.access(&request);
        let beats = u64::from(request.beats);
        let clock = &self.clock;
        let port = &mut self.ports[self.interleave.channel(request.address)];
        match request.direction {
            Direction::Read => {
                // The controller keeps no read data: they leave the DRAM when the port can take them.
                let data_from = clock.ticks_until(port.read_free).saturating_sub(self.latency);
                let (data, data_end) = port.channel.serve(
                    access,
                    Direction::Read,
                    data_from,
                    &self.ticks,
                    &mut self.statistics,
                );
                let start_cycle = clock.cycle_from(data + self.latency).max(port.read_free);
                let arrived = clock.cycle_from(data_end + self.latency);
                let end_cycle = arrived.max(start_cycle + beats);
                port.read_free = end_cycle;
                Transfer { start_cycle, end_cycle }
            }
            Direction::Write => {
                let mut start_cycle = request.cycle.max(port.write_free);
                if port.channel.begins_half() {
                    start_cycle = start_cycle.max(port.half_free);
                }
                let end_cycle = start_cycle + beats;
                port.write_free = end_cycle;
                if port.channel.push(access) {
                    let full = clock.ticks_from(end_cycle);
                    let empty = port.channel.seal(full, &self.ticks, &mut self.statistics);
                    port.half_free = clock.cycle_from(empty);
                }
                Transfer { start_cycle, end_cycle }
            }
        }
    }

    #[inline]
    fn statistics(&self) -> &Statistics {
        &self.statistics
    }
}
