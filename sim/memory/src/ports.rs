//! The core's AXI ports, as the memory sees them.

use crate::{MemoryError, PAGE_BYTES};
use satkit_spec::ArrayConfig;

/// One AXI4 port per DRAM channel, each with one beat per core cycle and direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
pub struct Ports {
    /// DRAM channels, a power of two.
    pub channels: usize,
    /// Bytes of one beat, a power of two.
    pub beat_bytes: usize,
    /// Core clock in hertz.
    pub clock_hz: u64,
}

impl From<&ArrayConfig> for Ports {
    fn from(config: &ArrayConfig) -> Self {
        Self {
            channels: config.dram_channels,
            beat_bytes: config.axi_beat_bytes,
            clock_hz: config.clock_hz,
        }
    }
}

impl Ports {
    /// Checks that the ports can be served; the bounds are those of [`ArrayConfig::validate`].
    pub(crate) fn validate(&self) -> Result<(), MemoryError> {
        for (what, value) in
            [("DRAM channels", self.channels), ("bytes per AXI beat", self.beat_bytes)]
        {
            if !value.is_power_of_two() || value > 1024 {
                return Err(MemoryError::Ports {
                    what,
                    given: value as u64,
                    accepted: "a power of two up to 1024".into(),
                });
            }
        }
        if self.clock_hz == 0 {
            return Err(MemoryError::Ports {
                what: "Hz of core clock",
                given: 0,
                accepted: "at least 1".into(),
            });
        }
        Ok(())
    }
}

/// Pages dealt out to the channels in turn; shifts, because both sizes are powers of two.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Interleave {
    mask: usize,
    page_shift: u32,
}

impl Interleave {
    pub(crate) fn new(ports: &Ports) -> Self {
        let shift = PAGE_BYTES.trailing_zeros();
        Self { mask: ports.channels - 1, page_shift: shift + ports.channels.trailing_zeros() }
    }

    /// `(address / PAGE_BYTES) % channels`.
    #[inline]
    #[allow(clippy::cast_possible_truncation)]
    pub(crate) const fn channel(self, address: u64) -> usize {
        // Truncation drops bits that the mask drops too.
        (address >> PAGE_BYTES.trailing_zeros()) as usize & self.mask
    }

    /// Index of the address's page among the pages of its channel.
    #[inline]
    pub(crate) const fn page(self, address: u64) -> u64 {
        address >> self.page_shift
    }
}
