//! All channels as one pool of bandwidth: the memory for quick answers.

use crate::divider::Divider;
use crate::key::{Key, Keyed, narrow};
use crate::{Memory, MemoryError, Ports, Request, Statistics, Transfer};

/// Parameters of [`Pool`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
pub struct PoolParameters {
    /// Core cycles from a request to its first beat, and from a write's last beat to its response. Assumed: 80.
    pub latency: u32,
    /// Bytes per core cycle over all channels and both directions. Assumed: 320, 83 % of the 76.8 GB/s of
    /// four DDR4-2400 channels at a core clock of 200 MHz.
    pub bandwidth: u32,
}

impl Default for PoolParameters {
    fn default() -> Self {
        Self { latency: 80, bandwidth: 320 }
    }
}

impl Keyed for PoolParameters {
    const MODEL: &'static str = "pool";
    const KEYS: &'static [Key<Self>] = &[
        Key {
            name: "latency",
            unit: "core cycles",
            min: 0,
            max: 1_000_000,
            get: |p| p.latency.into(),
            set: |p, value| p.latency = narrow(value),
        },
        Key {
            name: "bandwidth",
            unit: "bytes per core cycle",
            min: 1,
            max: 65_536,
            get: |p| p.bandwidth.into(),
            set: |p, value| p.bandwidth = narrow(value),
        },
    ];
}

/// One server for all channels, first come first served. A request may be longer than a page: a load's or a store's
/// whole chunk. Beats pass at the rate of the pool behind all requests before; the first one no earlier than the latency
/// after the request.
#[derive(Clone, Debug)]
pub struct Pool {
    latency: u64,
    units_per_cycle: u64,
    units_per_beat: u64,
    divider: Divider,
    free_units: u64,
    statistics: Statistics,
}

impl Pool {
    /// An idle memory.
    ///
    /// # Errors
    /// [`MemoryError`] naming the parameter or the port size that is not possible.
    pub fn new(parameters: PoolParameters, ports: &Ports) -> Result<Self, MemoryError> {
        ports.validate()?;
        parameters.check()?;
        let bandwidth = u64::from(parameters.bandwidth);
        Ok(Self {
            latency: parameters.latency.into(),
            units_per_cycle: bandwidth,
            units_per_beat: ports.beat_bytes as u64,
            divider: Divider::new(bandwidth),
            free_units: 0,
            statistics: Statistics::default(),
        })
    }
}

impl Memory for Pool {
    #[inline]
    fn transfer(&mut self, request: Request) -> Transfer {
        self.statistics.count(&request);
        let start = (request.cycle * self.units_per_cycle).max(self.free_units);
        let end = start + u64::from(request.beats) * self.units_per_beat;
        self.free_units = end;
        let start_cycle = self.divider.ceil(start) + self.latency;
        let end_cycle = self.divider.ceil(end) + self.latency;
        // A port passes one beat per cycle, however much the pool has.
        Transfer { start_cycle, end_cycle: end_cycle.max(start_cycle + 1) }
    }

    fn paged(&self) -> bool {
        false
    }

    #[inline]
    fn statistics(&self) -> &Statistics {
        &self.statistics
    }
}
