//! What a stream engine does for one instruction: blocks with their reads, lane cycles and writes.

use super::sequencer::Context;
use crate::layout::{BEAT_BYTES, SINGLE_BYTES, beat_elements};
use crate::space::Rows;
use crate::traffic::{self, PageRequest, Requests, bytes_at};
use satkit_memory::PAGE_BYTES;
use satkit_spec::isa::{Instruction, Operation, Results, Store};
use satkit_spec::{ArrayConfig, Dataflow, VECTOR_LATENCY_CYCLES};
use std::ops::Range;

const PAGE_BEATS: u64 = PAGE_BYTES / BEAT_BYTES;
/// Values of FP32 in a beat.
const BEAT_SINGLES: u64 = BEAT_BYTES / SINGLE_BYTES;
/// Most requests of one block and direction: three streams, each cut once by a page, or one of sums, which come all at once.
const MOST: usize = 6;
/// Most beats of sums that come all at once: those requests and no more.
const MOST_SUM_BEATS: u64 = (MOST as u64 - 1) * PAGE_BEATS;

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

    /// Appends beats from `address`: if paged, cut where a page ends.
    fn push(&mut self, paged: bool, address: u64, beats: u64) {
        let (mut beat, mut left) = (address / BEAT_BYTES, beats);
        while left > 0 && self.len < MOST {
            let here = if paged { left.min(PAGE_BEATS - beat % PAGE_BEATS) } else { left };
            self.list[self.len] = PageRequest { address: beat * BEAT_BYTES, beats: here as u32 };
            self.len += 1;
            self.beats += here as usize;
            (beat, left) = (beat + here, left - here);
        }
    }
}

/// A contiguous stream.
#[derive(Clone, Copy, Default)]
struct Stream {
    address: u64,
    beats: u64,
}

/// Operands that a store reads besides its tile: where they lie, relative to the results.
#[derive(Clone, Copy, Default)]
struct Edge {
    out: u64,
    add: Option<u64>,
    sum: Option<u64>,
    mask: Option<u64>,
}

#[derive(Default)]
pub(super) struct Job {
    /// Requests stay in one page.
    paged: bool,
    /// ST: the tile's requests.
    tile: Requests,
    edge: Edge,
    is_tile: bool,
    /// RESULTS of the store before.
    results: Option<Results>,
    reads: [Stream; 3],
    writes: [Stream; 3],
    /// Beats of the longest stream.
    longest: u64,
    blocks: u64,
    /// Elements of a stream, how many of them belong to a block at most, how often each passes the lanes, and how many of them the
    /// lanes take per cycle.
    elements: u64,
    block_elements: u64,
    passes: u64,
    lanes: u64,
    /// Cycles of a tile's lanes.
    lane_cycles: u64,
    /// The lanes' work is all done before the first block is.
    lanes_first: bool,
    /// What is written are sums, which are there when the last block is, and not before.
    reduces: bool,
    latency_cycles: u64,
}

/// Blocks of a tile where requests need not stay in one page.
const LARGE_TILE_BLOCKS: u64 = 4;

impl Job {
    pub(super) fn new(paged: bool) -> Self {
        Self { paged, tile: Requests::new(paged), ..Self::default() }
    }

    pub(super) fn set(
        &mut self,
        config: &ArrayConfig,
        instruction: &Instruction,
        context: &Context,
    ) {
        self.is_tile = false;
        (self.lane_cycles, self.lanes_first, self.latency_cycles) = (0, false, 0);
        (self.elements, self.passes, self.lanes) = (0, 1, 1);
        self.reduces = false;
        match &instruction.operation {
            Operation::Store(store) => {
                self.is_tile = true;
                self.tile.clear();
                if let (Some(space), Some(results)) = (&context.space, &context.results) {
                    traffic::store(space, results, store, &mut self.tile);
                    let used = |used: bool, field: u32| used.then(|| bytes_at(field));
                    self.edge = Edge {
                        out: bytes_at(results.out),
                        add: used(store.add, results.add),
                        sum: used(store.products, results.sum),
                        mask: used(store.mask, results.mask),
                    };
                }
                let reads = store.add || store.products || store.mask;
                self.tile.cut(if reads { LARGE_TILE_BLOCKS } else { LARGE_TILE_BLOCKS / 2 });
                self.blocks = self.tile.list().len() as u64;
                (self.lane_cycles, self.lanes_first) = drained(config, context, store);
            }
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
                self.latency_cycles = VECTOR_LATENCY_CYCLES as u64;
                self.passes = vector.op.passes();
                self.streams(context, vector.elements, config.ve_lanes);
                self.reduces = vector.op.reduces() && self.writes[0].beats <= MOST_SUM_BEATS;
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
        self.block_elements = beat_elements(elements, self.longest) * PAGE_BEATS;
    }

    /// True for a store that reads tensors and is the first after a RESULTS.
    pub(super) fn reads_results(&mut self, context: &Context) -> bool {
        let changed = self.is_tile && self.results != context.results;
        self.results = context.results;
        let Edge { add, sum, mask, .. } = self.edge;
        changed && (add.is_some() || sum.is_some() || mask.is_some())
    }

    pub(super) const fn blocks(&self) -> u64 {
        self.blocks
    }

    /// True for a tile's store, whose data passes one port, one beat per cycle.
    pub(super) const fn one_port(&self) -> bool {
        self.is_tile
    }

    /// Cycles from a block's last lane to its first write.
    pub(super) const fn latency_cycles(&self) -> u64 {
        self.latency_cycles
    }

    /// Elements of a stream that belong to the blocks before `block`: all blocks but the last are full of them.
    pub(super) fn elements(&self, block: u64) -> u64 {
        if block >= self.blocks {
            return self.elements;
        }
        self.elements.min(block * self.block_elements)
    }

    /// Cycles that the lanes take for a block, one at least. A stream's lanes take full beats, so that one on the border belongs
    /// to the block where it begins; a tile's outputs come evenly.
    pub(super) fn lane_cycles(&self, block: u64) -> u64 {
        if !self.is_tile {
            let beats = |block: u64| (self.elements(block) * self.passes).div_ceil(self.lanes);
            let elements = (beats(block + 1) - beats(block)).max(1);
            // A lane gives a sum per cycle.
            let sums = if self.reduces && block + 1 == self.blocks {
                self.writes[0].beats * BEAT_SINGLES / self.lanes.min(BEAT_SINGLES)
            } else {
                0
            };
            return elements + sums;
        }
        if self.lane_cycles == 0 {
            return 0;
        }
        if self.lanes_first {
            return if block == 0 { self.lane_cycles } else { 0 };
        }
        // A tile has fewer cycles and requests than 2^32.
        let share = |blocks: u64| self.lane_cycles * blocks / self.blocks;
        share(block + 1) - share(block)
    }

    pub(super) fn reads(&self, block: u64, requests: &mut BlockRequests) {
        requests.clear();
        if !self.is_tile {
            let shares = self.shares(&self.reads, block);
            return shares.for_each(|(address, beats)| requests.push(self.paged, address, beats));
        }
        let PageRequest { address, beats } = self.tile.list()[block as usize];
        let (offset, beats) = (address - self.edge.out.min(address), u64::from(beats));
        for base in [self.edge.add, self.edge.sum].into_iter().flatten() {
            requests.push(self.paged, base + offset, beats);
        }
        if let Some(base) = self.edge.mask {
            let mut mask = self.mask_beats(base, block);
            // A beat has the bits of 16 beats of results, and the one that was read last is kept.
            if let Some(before) = block.checked_sub(1).map(|block| self.mask_beats(base, block))
                && mask.start + 1 == before.end
            {
                mask.start += 1;
            }
            requests.push(self.paged, mask.start * BEAT_BYTES, mask.end - mask.start);
        }
    }

    /// Beats of the mask that belong to a request of a tile: one bit for each 16-bit value.
    fn mask_beats(&self, base: u64, block: u64) -> Range<u64> {
        let PageRequest { address, beats } = self.tile.list()[block as usize];
        let offset = address - self.edge.out.min(address);
        let first = (base + offset / 16) / BEAT_BYTES;
        let end = base + (offset + u64::from(beats) * BEAT_BYTES) / 16;
        first..end.div_ceil(BEAT_BYTES).max(first + 1)
    }

    pub(super) fn writes(&self, block: u64, requests: &mut BlockRequests) {
        requests.clear();
        if !self.is_tile {
            let shares = self.written(block);
            return shares.for_each(|(address, beats)| requests.push(self.paged, address, beats));
        }
        let PageRequest { address, beats } = self.tile.list()[block as usize];
        requests.push(self.paged, address, u64::from(beats));
    }

    /// Beats that a block writes.
    pub(super) fn write_beats(&self, block: u64) -> usize {
        if self.is_tile {
            return self.tile.list()[block as usize].beats as usize;
        }
        self.written(block).map(|(_, beats)| beats as usize).sum()
    }

    /// Address and beats of what a block writes of each stream: sums all with the last.
    fn written(&self, block: u64) -> impl Iterator<Item = (u64, u64)> {
        let is_last = block + 1 == self.blocks;
        let sums = self.writes.iter().filter(move |_| self.reduces && is_last);
        let streams = if self.reduces { &[] } else { &self.writes[..] };
        let sums = sums.map(|stream| (stream.address, stream.beats));
        sums.chain(self.shares(streams, block))
    }

    /// Address and beats of the part of each stream that belongs to a block: in proportion to the longest.
    fn shares(&self, streams: &[Stream], block: u64) -> impl Iterator<Item = (u64, u64)> {
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

/// Cycles in which the tile's outputs come to the edge, and whether a store has to wait for all of them: it follows the
/// drain where it stores outputs in the order of the array's rows, but stores stripes of patches image row by image row.
fn drained(config: &ArrayConfig, context: &Context, store: &Store) -> (u64, bool) {
    let Some(space) = &context.space else { return (0, false) };
    match (space.dataflow, space.rows) {
        (Dataflow::WeightStationary, _) => (u64::from(store.rows), false),
        (Dataflow::OutputStationary, rows) => {
            let (ip, whole) = match rows {
                Rows::Patches(grid) => (grid.area(), !grid.flat && grid.area() > 1),
                Rows::WeightRows { .. } => ((store.rows as usize).div_ceil(config.rows), false),
            };
            let interleave = ip * (store.cols as usize).div_ceil(config.cols);
            // The first array row's outputs are there when the store begins.
            ((config.rows as u64 - 1) * interleave as u64, whole)
        }
    }
}
