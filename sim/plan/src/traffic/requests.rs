//! Runs of bytes as requests to memory.

use crate::layout::BEAT_BYTES;
use satkit_memory::PAGE_BYTES;

const PAGE_BEATS: u64 = PAGE_BYTES / BEAT_BYTES;

/// Beats that lie in one page, issued as one request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct PageRequest {
    /// Address of the first beat.
    pub(crate) address: u64,
    /// Beats.
    pub(crate) beats: u32,
}

/// The requests of one instruction, in order. Runs that follow each other in one page are one request of no more beats than
/// a page has; a beat that two touching runs share is moved once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Requests {
    list: Vec<PageRequest>,
    /// Only beats are counted, for a memory that is not paged: all of it is one request.
    whole: bool,
    beats: u64,
    /// First byte after the last run.
    end: u64,
    /// The runs of bytes, as they came.
    #[cfg(test)]
    pub(crate) runs: Vec<std::ops::Range<u64>>,
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
        (self.beats, self.end) = (0, u64::MAX);
        #[cfg(test)]
        self.runs.clear();
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
            self.beats += count;
            match self.list.last_mut() {
                Some(last)
                    if last.address / PAGE_BYTES == beat / PAGE_BEATS
                        && u64::from(last.beats) + count <= PAGE_BEATS =>
                {
                    last.beats += count as u32;
                }
                _ => {
                    self.list.push(PageRequest { address: beat * BEAT_BYTES, beats: count as u32 })
                }
            }
            beat += count;
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
        // Whole beats at a pitch that divides the page: no run crosses a page if the first stays in its pitch.
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

    /// Runs of whole beats of which none crosses a page, page by page.
    fn regular(&mut self, address: u64, bytes: u64, pitch: u64, count: u64) {
        let shift = pitch.trailing_zeros();
        let (mut at, mut left) = (address, count);
        while left > 0 {
            let here = left.min((((at | (PAGE_BYTES - 1)) - at) >> shift) + 1);
            #[cfg(test)]
            self.runs.extend((0..here).map(|i| at + (i << shift)..at + (i << shift) + bytes));
            let run_beats = bytes / BEAT_BYTES;
            self.beats += here * run_beats;
            let joined = match self.list.last_mut() {
                Some(last) if last.address / PAGE_BYTES == at / PAGE_BYTES => {
                    let room = PAGE_BEATS.saturating_sub(last.beats.into()) / run_beats;
                    let joined = here.min(room);
                    last.beats += (joined * run_beats) as u32;
                    joined
                }
                _ => 0,
            };
            if joined < here {
                let (address, beats) = (at + (joined << shift), (here - joined) * run_beats);
                self.list.push(PageRequest { address, beats: beats as u32 });
            }
            self.end = at + ((here - 1) << shift) + bytes;
            at += here << shift;
            left -= here;
        }
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

    /// Cuts the one request of a memory that is not paged into at most `most` even ones.
    pub(crate) fn cut(&mut self, most: u64) {
        if !self.whole || self.list.is_empty() {
            return;
        }
        let PageRequest { address, .. } = self.list[0];
        let parts = most.min(self.beats).max(1);
        self.list.clear();
        for part in 0..parts {
            let (from, to) = (self.beats * part / parts, self.beats * (part + 1) / parts);
            let address = address + from * BEAT_BYTES;
            self.list.push(PageRequest { address, beats: (to - from) as u32 });
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
    use super::{PageRequest, Requests};

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
    fn runs_are_cut_at_pages_and_joined_inside_them() {
        let page = |address, beats| PageRequest { address, beats };
        assert_eq!(requests(&[(0, 4096)]), [page(0, 64)]);
        assert_eq!(requests(&[(4032, 128)]), [page(4032, 1), page(4096, 1)]);
        // A run that is not aligned touches the beats at both ends.
        assert_eq!(requests(&[(10, 64)]), [page(0, 2)]);
        // Regular runs are the same as one by one.
        for (address, bytes, pitch, count) in
            [(0, 64, 128, 100), (4032, 64, 4096, 3), (192, 256, 512, 20), (448, 128, 512, 9)]
        {
            let mut regular = Requests::default();
            regular.clear();
            regular.strided(address, bytes, pitch, count);
            let runs: Vec<_> = (0..count as u64).map(|i| (address + i * pitch, bytes)).collect();
            assert_eq!(regular.list(), requests(&runs), "{address} {bytes} {pitch}");
        }
        // Also where pages are read again.
        let mut regular = Requests::default();
        regular.clear();
        let mut runs = Vec::new();
        for address in [0, 1024, 512, 0] {
            regular.strided(address, 256, 512, 8);
            runs.extend((0..8).map(|i| (address + i * 512, 256)));
        }
        assert_eq!(regular.list(), requests(&runs));
        assert!(regular.list().iter().all(|request| request.beats <= 64));
        // Two runs in one page; touching runs share their beat.
        assert_eq!(requests(&[(0, 64), (1024, 64)]), [page(0, 2)]);
        assert_eq!(requests(&[(0, 80), (80, 48)]), [page(0, 2)]);
        assert_eq!(requests(&[(0, 80), (96, 32)]), [page(0, 3)]);
        assert_eq!(requests(&[(0, 0)]), []);
        // Beats that are moved again: a request has no more than a page.
        assert_eq!(requests(&[(0, 4096), (64, 128)]), [page(0, 64), page(64, 2)]);
    }
}
