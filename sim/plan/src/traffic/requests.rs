//! Runs of bytes as requests to memory.

use crate::layout::BEAT_BYTES;
use satkit_memory::PAGE_BYTES;

const PAGE_BEATS: u64 = PAGE_BYTES / BEAT_BYTES;

/// Beats in a row that lie in one page: one AXI burst.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct PageRequest {
    /// Address of the first beat.
    pub(crate) address: u64,
    /// Beats.
    pub(crate) beats: u32,
}

/// The requests of one instruction, in order. A run that goes on where the one before it ended joins its request, up to the end
/// of the page; a beat that two touching runs share is moved once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Requests {
    list: Vec<PageRequest>,
    /// Only beats are counted, for a memory that is not paged: all of it is one request.
    whole: bool,
    beats: u64,
    /// First byte after the last run.
    end: u64,
    /// The next run begins a request, whatever was before it.
    begins: bool,
    /// The runs of bytes, as they came.
    #[cfg(test)]
    pub(crate) runs: Vec<std::ops::Range<u64>>,
    /// Runs with which a part begins.
    #[cfg(test)]
    pub(crate) parts: Vec<usize>,
}

impl Requests {
    /// Requests of a memory that is paged, or not.
    pub(crate) fn new(paged: bool) -> Self {
        Self { whole: !paged, ..Self::default() }
    }

    /// True for a memory that is not paged: the order of runs does not matter.
    pub(crate) const fn is_whole(&self) -> bool {
        self.whole
    }

    pub(crate) fn clear(&mut self) {
        self.list.clear();
        (self.beats, self.end, self.begins) = (0, u64::MAX, false);
        #[cfg(test)]
        {
            self.runs.clear();
            self.parts.clear();
        }
    }

    /// What comes joins no request from before, and shares no beat with it.
    pub(crate) fn part(&mut self) {
        (self.end, self.begins) = (u64::MAX, true);
        #[cfg(test)]
        self.parts.push(self.runs.len());
    }

    /// One request of so many beats, for a memory that is not paged, which minds no address.
    pub(crate) fn known(&mut self, beats: u32) {
        if beats > 0 {
            self.count(0, u64::from(beats));
        }
    }

    /// Appends `bytes` bytes from `address`.
    #[inline]
    pub(crate) fn run(&mut self, address: u64, bytes: u64) {
        if bytes == 0 {
            return;
        }
        #[cfg(test)]
        self.runs.push(address..address + bytes);
        let stop = (address + bytes).div_ceil(BEAT_BYTES);
        let mut beat = address / BEAT_BYTES;
        if address == self.end && !address.is_multiple_of(BEAT_BYTES) {
            beat += 1;
        }
        self.end = address + bytes;
        if self.whole {
            return self.count(beat * BEAT_BYTES, stop - beat);
        }
        while beat < stop {
            let page_stop = (beat / PAGE_BEATS + 1) * PAGE_BEATS;
            let count = stop.min(page_stop) - beat;
            self.push(beat, count);
            beat += count;
        }
    }

    /// Appends `count` beats of one page from beat `beat` on.
    #[inline]
    fn push(&mut self, beat: u64, count: u64) {
        self.beats += count;
        let begins = std::mem::take(&mut self.begins);
        match self.list.last_mut() {
            Some(last)
                if !begins
                    && !beat.is_multiple_of(PAGE_BEATS)
                    && last.address / BEAT_BYTES + u64::from(last.beats) == beat =>
            {
                last.beats += count as u32;
            }
            _ => self.list.push(PageRequest { address: beat * BEAT_BYTES, beats: count as u32 }),
        }
    }

    /// Appends `rows` times `count` runs of `bytes` bytes, `pitch` apart, for a memory that is not paged.
    #[inline]
    pub(crate) fn counted(
        &mut self,
        address: u64,
        bytes: u64,
        pitch: u64,
        count: usize,
        rows: usize,
    ) {
        let aligned = (address | bytes | pitch).is_multiple_of(BEAT_BYTES);
        if aligned && count > 0 && rows > 0 {
            self.end = u64::MAX;
            return self.count(address, (rows * count) as u64 * (bytes / BEAT_BYTES));
        }
        for _ in 0..rows {
            self.end = u64::MAX;
            self.strided(address, bytes, pitch, count);
        }
    }

    /// Appends `count` runs of `bytes` bytes, `pitch` bytes apart.
    #[inline]
    pub(crate) fn strided(&mut self, address: u64, bytes: u64, pitch: u64, count: usize) {
        if bytes == 0 {
            return;
        }
        if bytes == pitch {
            return self.run(address, bytes * count as u64);
        }
        let aligned = (address | bytes | pitch).is_multiple_of(BEAT_BYTES);
        if self.whole && aligned && count > 0 {
            self.end = address + (count as u64 - 1) * pitch + bytes;
            return self.count(address, count as u64 * (bytes / BEAT_BYTES));
        }
        // Whole beats at a pitch that divides the page: no run crosses a page if the first stays in its pitch, which is longer.
        if aligned
            && pitch.is_power_of_two()
            && pitch <= PAGE_BYTES
            && address % pitch + bytes <= pitch
        {
            return self.regular(address, bytes, pitch, count as u64);
        }
        for index in 0..count as u64 {
            self.run(address + index * pitch, bytes);
        }
    }

    /// Runs of whole beats of which none crosses a page, nor touches the next.
    fn regular(&mut self, address: u64, bytes: u64, pitch: u64, count: u64) {
        if count == 0 {
            return;
        }
        #[cfg(test)]
        self.runs.extend((0..count).map(|i| address + i * pitch..address + i * pitch + bytes));
        let beats = bytes / BEAT_BYTES;
        self.push(address / BEAT_BYTES, beats);
        self.beats += (count - 1) * beats;
        let run = |index| PageRequest { address: address + index * pitch, beats: beats as u32 };
        self.list.extend((1..count).map(run));
        self.end = address + (count - 1) * pitch + bytes;
    }

    /// Adds to the one request of a memory that is not paged.
    #[inline]
    fn count(&mut self, address: u64, beats: u64) {
        self.beats += beats;
        match self.list.last_mut() {
            Some(all) => all.beats += beats as u32,
            None => self.list.push(PageRequest { address, beats: beats as u32 }),
        }
    }

    pub(crate) fn list(&self) -> &[PageRequest] {
        &self.list
    }

    pub(crate) const fn beats(&self) -> u64 {
        self.beats
    }
}

#[cfg(test)]
mod tests {
    use super::{BEAT_BYTES, PAGE_BYTES, PageRequest, Requests};
    use proptest::prelude::*;

    fn requests(runs: &[(u64, u64)]) -> Vec<PageRequest> {
        let mut requests = Requests::default();
        requests.clear();
        for &(address, bytes) in runs {
            requests.run(address, bytes);
        }
        assert_eq!(
            requests.beats(),
            requests.list().iter().map(|r| u64::from(r.beats)).sum::<u64>()
        );
        requests.list().to_vec()
    }

    #[test]
    fn runs_are_cut_at_pages_and_joined_where_they_touch() {
        let burst = |address, beats| PageRequest { address, beats };
        assert_eq!(requests(&[(0, 4096)]), [burst(0, 64)]);
        assert_eq!(requests(&[(4032, 128)]), [burst(4032, 1), burst(4096, 1)]);
        // A run that is not aligned touches the beats at both ends.
        assert_eq!(requests(&[(10, 64)]), [burst(0, 2)]);
        // Touching runs share their beat, in one page and over its end.
        assert_eq!(requests(&[(0, 80), (80, 48)]), [burst(0, 2)]);
        assert_eq!(requests(&[(0, 64), (64, 64)]), [burst(0, 2)]);
        assert_eq!(requests(&[(4032, 64), (4096, 64)]), [burst(4032, 1), burst(4096, 1)]);
        // A gap ends a burst, and so does a step back: then beats are moved again.
        assert_eq!(requests(&[(0, 64), (1024, 64)]), [burst(0, 1), burst(1024, 1)]);
        assert_eq!(requests(&[(0, 80), (96, 32)]), [burst(0, 2), burst(64, 1)]);
        assert_eq!(requests(&[(0, 4096), (64, 128)]), [burst(0, 64), burst(64, 2)]);
        assert_eq!(requests(&[(0, 0)]), []);
    }

    proptest! {
        /// Regular runs are the same as one by one, also behind others.
        #[test]
        fn strides_are_runs_one_by_one(
            before in prop_oneof![Just(0_u64), 0_u64..40],
            first in 0_u64..300,
            unit in prop_oneof![Just(64_u64), Just(16), Just(1)],
            bytes in 1_u64..20,
            gap in 0_u64..20,
            power in any::<bool>(),
            count in 0_usize..100,
        ) {
            let (address, bytes) = (first * unit, bytes * unit);
            let pitch = bytes + gap * unit;
            let pitch = if power { pitch.next_power_of_two() } else { pitch };
            let start = address.saturating_sub(before * unit);
            let runs: Vec<_> = std::iter::once((start, address - start))
                .chain((0..count as u64).map(|i| (address + i * pitch, bytes)))
                .collect();
            let mut regular = Requests::default();
            regular.clear();
            regular.run(start, address - start);
            regular.strided(address, bytes, pitch, count);
            prop_assert_eq!(regular.list(), requests(&runs));
            let inside = |r: &PageRequest| {
                let last = r.address + u64::from(r.beats) * BEAT_BYTES - 1;
                r.beats > 0 && r.address / PAGE_BYTES == last / PAGE_BYTES
            };
            prop_assert!(regular.list().iter().all(inside), "{:?}", regular.list());
        }
    }
}
