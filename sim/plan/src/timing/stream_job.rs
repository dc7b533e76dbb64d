//! What a stream engine does for one instruction: blocks with their reads, lane cycles and writes.

use super::sequencer::Context;
use crate::layout::{BEAT_BYTES, beat_elements};
use crate::space::Rows;
use crate::traffic::{self, PageRequest, Requests, bytes_at};
use satkit_memory::PAGE_BYTES;
use satkit_spec::isa::{Instruction, Operation, Results, Store};
use satkit_spec::{ArrayConfig, Dataflow, SUMS_PER_BEAT, VECTOR_LATENCY_CYCLES};
use std::ops::Range;

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
    fn push(&mut self, paged: bool, address: u64, beats: u64) {
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
    /// What a stream writes comes after its last element, in so many cycles.
    reduces: bool,
    tail_cycles: u64,
    /// Cycles of a tile's lanes.
    lane_cycles: u64,
    /// The lanes' work is all done before the first block is.
    lanes_first: bool,
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
        (self.reduces, self.tail_cycles) = (false, 0);
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
                self.reduces = vector.op.reduces();
                if self.reduces {
                    let cycles = SUMS_PER_BEAT.div_ceil(config.ve_lanes) as u64;
                    self.tail_cycles = self.writes[0].beats * cycles;
                }
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
    pub(super) const fn latency_cycles(&self, block: u64) -> u64 {
        let tail = if block + 1 == self.blocks { self.tail_cycles } else { 0 };
        self.latency_cycles + tail
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
            return (beats(block + 1) - beats(block)).max(1);
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
            return self.portions(&self.reads, block, false, requests);
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
            return self.portions(&self.writes, block, self.reduces, requests);
        }
        let PageRequest { address, beats } = self.tile.list()[block as usize];
        requests.push(self.paged, address, u64::from(beats));
    }

    /// Beats that a block writes.
    pub(super) fn write_beats(&self, block: u64) -> usize {
        if self.is_tile {
            return self.tile.list()[block as usize].beats as usize;
        }
        self.shares(&self.writes, block, self.reduces).map(|(_, beats)| beats as usize).sum()
    }

    fn portions(
        &self,
        streams: &[Stream; 3],
        block: u64,
        at_end: bool,
        requests: &mut BlockRequests,
    ) {
        for (address, beats) in self.shares(streams, block, at_end) {
            requests.push(self.paged, address, beats);
        }
    }

    /// Address and beats of the part of each stream that belongs to a block: in proportion to the longest, or all to the last.
    fn shares(
        &self,
        streams: &[Stream; 3],
        block: u64,
        at_end: bool,
    ) -> impl Iterator<Item = (u64, u64)> {
        let end = ((block + 1) * PAGE_BEATS).min(self.longest);
        let start = (block * PAGE_BEATS).min(self.longest);
        streams.iter().filter(|stream| stream.beats > 0).map(move |stream| {
            let share = |beats: u64| {
                if at_end && beats < self.longest {
                    0
                } else if stream.beats == self.longest {
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
