//! One port's one direction as a server of beats, in exact fractions of a cycle.

use crate::divider::Divider;

/// How fast beats pass: `bandwidth` bytes per cycle are `beat_bytes / bandwidth` cycles per beat.
///
/// Time is counted in units of `1 / bandwidth` cycle, in which a beat takes `beat_bytes` units: no fraction is ever
/// rounded but the one that a caller sees.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rate {
    units_per_cycle: u64,
    units_per_beat: u64,
    divider: Divider,
}

impl Rate {
    pub(crate) const fn new(bandwidth: u64, beat_bytes: u64) -> Self {
        Self {
            units_per_cycle: bandwidth,
            units_per_beat: beat_bytes,
            divider: Divider::new(bandwidth),
        }
    }
}

/// One direction of one port.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Server {
    free_units: u64,
}

impl Server {
    /// Passes `beats` beats from `ready_cycle` on, with `stall` cycles in which none passes; gives the cycle of the
    /// first beat and the first cycle after the last.
    #[inline]
    pub(crate) fn pass(
        &mut self,
        rate: &Rate,
        ready_cycle: u64,
        beats: u32,
        stall: u64,
    ) -> (u64, u64) {
        let start = (ready_cycle * rate.units_per_cycle).max(self.free_units);
        let end = start + u64::from(beats) * rate.units_per_beat + stall * rate.units_per_cycle;
        self.free_units = end;
        (rate.divider.ceil(start), rate.divider.ceil(end))
    }
}

/// Both directions of one port.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Port {
    pub(crate) read: Server,
    pub(crate) write: Server,
}
