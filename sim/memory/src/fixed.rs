//! Constant latency, constant bandwidth.

use crate::key::{Key, Keyed, narrow};
use crate::ports::Interleave;
use crate::server::{Port, Rate};
use crate::{Direction, Memory, MemoryError, Ports, Request, Statistics, Transfer};

/// Parameters of [`Fixed`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
pub struct FixedParameters {
    /// Core cycles from a read's request to its first beat, and from a write's last beat to its response. Assumed:
    /// 80, the `dram_latency_cycles` of every committed array.
    pub latency: u32,
    /// Bytes per core cycle, per channel and direction; at most a beat.
    pub bandwidth: u32,
}

impl Default for FixedParameters {
    fn default() -> Self {
        Self { latency: 80, bandwidth: 64 }
    }
}

impl From<&satkit_spec::ArrayConfig> for FixedParameters {
    /// The latency of the configuration, and a beat per cycle.
    fn from(config: &satkit_spec::ArrayConfig) -> Self {
        let whole = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
        Self { latency: whole(config.dram_latency_cycles), bandwidth: whole(config.axi_beat_bytes) }
    }
}

impl Keyed for FixedParameters {
    const MODEL: &'static str = "fixed";
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
            max: 1024,
            get: |p| p.bandwidth.into(),
            set: |p, value| p.bandwidth = narrow(value),
        },
    ];
}

/// The rate of a bandwidth behind `ports`, if a beat is that wide.
pub(crate) fn rate<P: Keyed>(bandwidth: u32, ports: &Ports) -> Result<Rate, MemoryError> {
    let beat = ports.beat_bytes as u64;
    if u64::from(bandwidth) > beat {
        return Err(MemoryError::Value {
            model: P::MODEL,
            key: "bandwidth",
            given: bandwidth.to_string(),
            accepted: format!(
                "1 to {beat} bytes per core cycle, because a port passes one beat of {beat} bytes per cycle"
            ),
        });
    }
    Ok(Rate::new(bandwidth.into(), beat))
}

/// Per channel and direction a server with constant latency and bandwidth.
///
/// A read's first beat arrives at `max(cycle + latency, port free)`. A write's first beat is taken at
/// `max(cycle, port free)`, and the write is done `latency` after its last.
#[derive(Clone, Debug)]
pub struct Fixed {
    interleave: Interleave,
    rate: Rate,
    latency: u64,
    ports: Vec<Port>,
    statistics: Statistics,
}

impl Fixed {
    /// An idle memory.
    ///
    /// # Errors
    /// [`MemoryError`] naming the parameter or the port size that is not possible.
    pub fn new(parameters: FixedParameters, ports: &Ports) -> Result<Self, MemoryError> {
        ports.validate()?;
        parameters.check()?;
        Ok(Self {
            interleave: Interleave::new(ports),
            rate: rate::<FixedParameters>(parameters.bandwidth, ports)?,
            latency: parameters.latency.into(),
            ports: vec![Port::default(); ports.channels],
            statistics: Statistics::default(),
        })
    }
}

impl Memory for Fixed {
    #[inline]
    fn transfer(&mut self, request: Request) -> Transfer {
        self.statistics.count(&request);
        let port = &mut self.ports[self.interleave.channel(request.address)];
        port.transfer(&self.rate, &request, self.latency, 0, 0)
    }

    #[inline]
    fn statistics(&self) -> &Statistics {
        &self.statistics
    }
}

impl Port {
    /// `delay` comes before the first beat, `stall` between beats.
    #[inline]
    pub(crate) fn transfer(
        &mut self,
        rate: &Rate,
        request: &Request,
        latency: u64,
        delay: u64,
        stall: u64,
    ) -> Transfer {
        let ready = request.cycle + delay;
        match request.direction {
            Direction::Read => {
                let (start_cycle, end_cycle) =
                    self.read.pass(rate, ready + latency, request.beats, stall);
                Transfer { start_cycle, end_cycle }
            }
            Direction::Write => {
                let (start_cycle, taken) = self.write.pass(rate, ready, request.beats, stall);
                Transfer { start_cycle, end_cycle: taken + latency }
            }
        }
    }
}
