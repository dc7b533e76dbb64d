//! Core cycles to ticks and back, exactly.

use super::timing::TICKS_PER_SECOND;
use crate::divider::Divider;
use crate::{MemoryError, Ports};

/// The core clock beside the ticks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    hz: u64,
    /// Ticks of one core cycle, or 0 if they are not whole.
    ticks_per_cycle: u64,
    divider: Divider,
}

impl Clock {
    pub(super) fn new(ports: &Ports) -> Result<Self, MemoryError> {
        let hz = ports.clock_hz;
        if !(1_000_000..=1_000_000_000).contains(&hz) {
            return Err(MemoryError::Ports {
                what: "Hz of core clock",
                given: hz,
                accepted: "1000000 to 1000000000 beside DDR4-2400".into(),
            });
        }
        let whole = TICKS_PER_SECOND.is_multiple_of(hz);
        let ticks_per_cycle = if whole { TICKS_PER_SECOND / hz } else { 0 };
        Ok(Self { hz, ticks_per_cycle, divider: Divider::new(ticks_per_cycle) })
    }

    /// The first tick that is not before the cycle.
    #[inline]
    pub(super) fn ticks_from(&self, cycle: u64) -> u64 {
        if self.ticks_per_cycle != 0 {
            return cycle * self.ticks_per_cycle;
        }
        narrow((u128::from(cycle) * u128::from(TICKS_PER_SECOND)).div_ceil(u128::from(self.hz)))
    }

    /// The last tick that is not after the cycle: [`Self::cycle_from`] gives the same cycle again.
    #[inline]
    pub(super) fn ticks_until(&self, cycle: u64) -> u64 {
        if self.ticks_per_cycle != 0 {
            return cycle * self.ticks_per_cycle;
        }
        narrow(u128::from(cycle) * u128::from(TICKS_PER_SECOND) / u128::from(self.hz))
    }

    /// The first cycle that is not before the tick.
    #[inline]
    pub(super) fn cycle_from(&self, ticks: u64) -> u64 {
        if self.ticks_per_cycle != 0 {
            return self.divider.ceil(ticks);
        }
        narrow((u128::from(ticks) * u128::from(self.hz)).div_ceil(u128::from(TICKS_PER_SECOND)))
    }
}

/// In 64 bits again; the documented range of cycles stays far inside.
fn narrow(value: u128) -> u64 {
    u64::try_from(value).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::Clock;
    use crate::Ports;
    use proptest::prelude::*;

    fn clock(hz: u64) -> Clock {
        Clock::new(&Ports { channels: 1, beat_bytes: 64, clock_hz: hz }).unwrap()
    }

    #[test]
    fn a_core_cycle_of_200_mhz_is_30_ticks() {
        let clock = clock(200_000_000);
        assert_eq!(clock.ticks_from(3), 90);
        assert_eq!([90, 91, 120, 121].map(|ticks| clock.cycle_from(ticks)), [3, 4, 4, 5]);
    }

    #[test]
    fn a_cycle_of_322_265_625_hz_is_18_and_a_fraction() {
        // 6e9 / 322265625 = 18.6181...
        let clock = clock(322_265_625);
        assert_eq!((clock.ticks_until(2), clock.ticks_from(2)), (37, 38));
        assert_eq!([37, 38].map(|ticks| clock.cycle_from(ticks)), [2, 3]);
    }

    proptest! {
        #[test]
        fn cycles_come_back(hz in 1_000_000_u64..=1_000_000_000, cycle in 0_u64..1 << 48) {
            let clock = clock(hz);
            prop_assert_eq!(clock.cycle_from(clock.ticks_until(cycle)), cycle);
            prop_assert!(clock.cycle_from(clock.ticks_from(cycle)) >= cycle);
            prop_assert!(clock.ticks_from(cycle) - clock.ticks_until(cycle) <= 1);
        }
    }
}
