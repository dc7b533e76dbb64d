//! Constant latency and bandwidth, disturbed by a seed: the memory that finds wrong handshakes.

use crate::fixed::rate;
use crate::key::{Key, Keyed, narrow};
use crate::ports::Interleave;
use crate::server::{Port, Rate};
use crate::{Memory, MemoryError, Ports, Request, Statistics, Transfer};

/// Parameters of [`BackPressure`]. The two bounds are assumed: about one DRAM refresh's worth of surprise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
pub struct BackPressureParameters {
    /// Seed of the disturbance.
    pub seed: u64,
    /// As [`crate::FixedParameters::latency`].
    pub latency: u32,
    /// As [`crate::FixedParameters::bandwidth`].
    pub bandwidth: u32,
    /// Largest extra delay before a request's first beat, in core cycles; evenly from 0.
    pub jitter: u32,
    /// Largest sum of stalls between a request's beats, in core cycles; evenly from 0.
    pub stall: u32,
}

impl Default for BackPressureParameters {
    fn default() -> Self {
        Self { seed: 0, latency: 80, bandwidth: 64, jitter: 64, stall: 32 }
    }
}

impl Keyed for BackPressureParameters {
    const MODEL: &'static str = "pressure";
    const KEYS: &'static [Key<Self>] = &[
        Key {
            name: "seed",
            unit: "as a seed",
            min: 0,
            max: u64::MAX,
            get: |p| p.seed,
            set: |p, value| p.seed = value,
        },
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
        Key {
            name: "jitter",
            unit: "core cycles",
            min: 0,
            max: 1_000_000,
            get: |p| p.jitter.into(),
            set: |p, value| p.jitter = narrow(value),
        },
        Key {
            name: "stall",
            unit: "core cycles",
            min: 0,
            max: 1_000_000,
            get: |p| p.stall.into(),
            set: |p, value| p.stall = narrow(value),
        },
    ];
}

#[derive(Clone, Copy, Debug)]
struct Channel {
    port: Port,
    /// State of the channel's generator: a base of its own, advanced by a constant for each request, so what
    /// request `i` gets is a function of (seed, channel, i).
    state: u64,
}

/// As [`crate::Fixed`], plus a delay and stalls that are a function of the seed, the channel and the request's
/// index on that channel.
#[derive(Clone, Debug)]
pub struct BackPressure {
    interleave: Interleave,
    rate: Rate,
    latency: u64,
    jitter: u64,
    stall: u64,
    channels: Vec<Channel>,
    statistics: Statistics,
}

impl BackPressure {
    /// An idle memory.
    ///
    /// # Errors
    /// [`MemoryError`] naming the parameter or the port size that is not possible.
    pub fn new(parameters: BackPressureParameters, ports: &Ports) -> Result<Self, MemoryError> {
        ports.validate()?;
        parameters.check()?;
        let channel = |index: u64| {
            // Mixed twice, or a seed and its neighbour would give two channels the same sequence shifted.
            Channel { port: Port::default(), state: mix(mix(parameters.seed) ^ index) }
        };
        Ok(Self {
            interleave: Interleave::new(ports),
            rate: rate::<BackPressureParameters>(parameters.bandwidth, ports)?,
            latency: parameters.latency.into(),
            jitter: parameters.jitter.into(),
            stall: parameters.stall.into(),
            channels: (0..ports.channels as u64).map(channel).collect(),
            statistics: Statistics::default(),
        })
    }
}

impl Memory for BackPressure {
    #[inline]
    fn transfer(&mut self, request: Request) -> Transfer {
        self.statistics.count(&request);
        let channel = &mut self.channels[self.interleave.channel(request.address)];
        channel.state = channel.state.wrapping_add(GOLDEN);
        let bits = mix(channel.state);
        let delay = ((bits >> 32) * (self.jitter + 1)) >> 32;
        // One beat has no gap to stall in.
        let stall =
            if request.beats > 1 { ((bits & 0xffff_ffff) * (self.stall + 1)) >> 32 } else { 0 };
        self.statistics.pressure_cycles += delay + stall;
        channel.port.transfer(&self.rate, &request, self.latency, delay, stall)
    }

    #[inline]
    fn statistics(&self) -> &Statistics {
        &self.statistics
    }
}

/// Increment of SplitMix64: the golden ratio's fraction.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// The finaliser of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014).
#[inline]
const fn mix(state: u64) -> u64 {
    let state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}

#[cfg(test)]
mod tests {
    use super::{GOLDEN, mix};

    #[test]
    fn mix_is_the_published_sequence() {
        // The first outputs of SplitMix64 for seed 0.
        assert_eq!(mix(GOLDEN), 0xe220_a839_7b1d_cdaf);
        assert_eq!(mix(GOLDEN.wrapping_mul(2)), 0x6e78_9e6a_a1b9_65f4);
    }
}
