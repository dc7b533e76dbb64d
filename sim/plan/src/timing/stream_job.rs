//! What a stream engine does for one instruction: blocks with their reads, lane cycles and writes.

use super::sequencer::Context;
use crate::layout::BEAT_BYTES;
use crate::traffic::{PageRequest, bytes_at};
use satkit_memory::PAGE_BYTES;
use satkit_spec::ArrayConfig;
use satkit_spec::isa::{Instruction, Operation};

const PAGE_BEATS: u64 = PAGE_BYTES / BEAT_BYTES;
/// Most requests of one block and direction: three streams, each cut once by a page.
const MOST: usize = 6;

/// Requests of one block and direction.
#[derive(Clone, Copy, Default)]
pub(super) struct BlockRequests {
    list: [PageRequest; MOST],
    len: usize,
    beats: usize,
}

impl BlockRequests {
    pub(super) const fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(super) fn list(&self) -> &[PageRequest] {
        &self.list[..self.len]
    }

    pub(super) const fn beats(&self) -> usize {
        self.beats
    }

    pub(super) fn clear(&mut self) {
        (self.len, self.beats) = (0, 0);
    }

    /// Appends beats from `address`: if paged, at most a page's, cut where a page ends.
    pub(super) fn push(&mut self, paged: bool, address: u64, beats: u64) {
        let beat = address / BEAT_BYTES;
        let here = if paged { beats.min(PAGE_BEATS - beat % PAGE_BEATS) } else { beats };
        for (first, count) in [(beat, here), (beat + here, beats - here)] {
            if count > 0 && self.len < MOST {
                let address = first * BEAT_BYTES;
                self.list[self.len] = PageRequest { address, beats: count as u32 };
                self.len += 1;
                self.beats += count as usize;
            }
        }
    }
}

/// A contiguous stream.
#[derive(Clone, Copy, Default)]
struct Stream {
    address: u64,
    beats: u64,
}

#[derive(Default)]
pub(super) struct Job {
    /// Requests stay in one page.
    paged: bool,
    reads: [Stream; 3],
    writes: [Stream; 3],
    /// Beats of the longest stream.
    longest: u64,
    blocks: u64,
    /// Work of a stream, and how much of it the lanes take per cycle.
    elements: u64,
    lanes: u64,
    latency_cycles: u64,
}

impl Job {
    pub(super) fn new(paged: bool) -> Self {
        Self { paged, ..Self::default() }
    }

    pub(super) fn set(
        &mut self,
        config: &ArrayConfig,
        instruction: &Instruction,
        context: &Context,
    ) {
        self.latency_cycles = 0;
        (self.elements, self.lanes) = (0, 1);
        match &instruction.operation {
            Operation::Update(update) => {
                let sore =
                    if update.make_ff || update.make_bp { config.sore_latency_cycles } else { 0 };
                self.latency_cycles = (config.wuve_latency_cycles + sore) as u64;
                self.streams(context, update.parameters, config.wuve_lanes);
            }
            Operation::Prune(prune) => {
                self.latency_cycles = config.sore_latency_cycles as u64;
                self.streams(context, prune.parameters, config.wuve_lanes);
            }
            Operation::Vector(vector) => {
                let work = vector.elements.saturating_mul(vector.op.passes());
                self.streams(context, work, config.ve_lanes);
            }
            _ => self.blocks = 0,
        }
    }

    fn streams(&mut self, context: &Context, elements: u64, lanes: usize) {
        let stream = |address: u32, beats: u32| Stream {
            address: bytes_at(address),
            beats: u64::from(beats),
        };
        self.reads = context.reads.map_or_else(Default::default, |r| {
            [
                stream(r.first, r.first_beats),
                stream(r.second, r.second_beats),
                stream(r.third, r.third_beats),
            ]
        });
        self.writes = context.writes.map_or_else(Default::default, |w| {
            [
                stream(w.first, w.first_beats),
                stream(w.second, w.second_beats),
                stream(w.third, w.third_beats),
            ]
        });
        let all = self.reads.iter().chain(&self.writes);
        self.longest = all.map(|stream| stream.beats).max().unwrap_or(0);
        // Work without a stream is one block.
        self.blocks = self.longest.div_ceil(PAGE_BEATS).max(1);
        (self.elements, self.lanes) = (elements, lanes as u64);
    }

    pub(super) const fn blocks(&self) -> u64 {
        self.blocks
    }

    pub(super) fn writes_anything(&self) -> bool {
        self.writes.iter().any(|stream| stream.beats > 0)
    }

    /// Cycles from a block's last lane to its first write.
    pub(super) const fn latency_cycles(&self) -> u64 {
        self.latency_cycles
    }

    /// Elements of a stream that belong to the blocks before `block`: in proportion to the longest stream's beats.
    pub(super) fn elements(&self, block: u64) -> u64 {
        if block >= self.blocks {
            return self.elements;
        }
        // Without a stream there is one block.
        let (beats, longest) = (block * PAGE_BEATS, self.longest.max(1));
        match self.elements.checked_mul(beats) {
            Some(product) => product / longest,
            None => (u128::from(self.elements) * u128::from(beats) / u128::from(longest)) as u64,
        }
    }

    /// Cycles that the lanes take for a block. They take full beats, so that one on the border belongs to the block where it
    /// begins.
    pub(super) fn lane_cycles(&self, block: u64) -> u64 {
        let beats = |block: u64| self.elements(block).div_ceil(self.lanes);
        beats(block + 1) - beats(block)
    }

    pub(super) fn reads(&self, block: u64, requests: &mut BlockRequests) {
        requests.clear();
        self.portions(&self.reads, block, requests);
    }

    pub(super) fn writes(&self, block: u64, requests: &mut BlockRequests) {
        requests.clear();
        self.portions(&self.writes, block, requests);
    }

    /// Beats that a block writes.
    pub(super) fn write_beats(&self, block: u64) -> usize {
        self.shares(&self.writes, block).map(|(_, beats)| beats as usize).sum()
    }

    fn portions(&self, streams: &[Stream; 3], block: u64, requests: &mut BlockRequests) {
        for (address, beats) in self.shares(streams, block) {
            requests.push(self.paged, address, beats);
        }
    }

    /// Address and beats of the part of each stream that belongs to a block: in proportion to the longest.
    fn shares(&self, streams: &[Stream; 3], block: u64) -> impl Iterator<Item = (u64, u64)> {
        let end = ((block + 1) * PAGE_BEATS).min(self.longest);
        let start = (block * PAGE_BEATS).min(self.longest);
        streams.iter().filter(|stream| stream.beats > 0).map(move |stream| {
            let share = |beats: u64| {
                if stream.beats == self.longest {
                    beats
                } else {
                    beats * stream.beats / self.longest
                }
            };
            let (from, to) = (share(start), share(end));
            (stream.address + from * BEAT_BYTES, to - from)
        })
    }
}
