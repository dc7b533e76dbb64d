//! What a stream engine does for one instruction: blocks with their reads, lane cycles and writes.

use super::panels::Panels;
use super::sequencer::Context;
use crate::layout::{BEAT_BYTES, SINGLE_BYTES, beat_elements};
use crate::traffic::{PageRequest, bytes_at};
use satkit_memory::PAGE_BYTES;
use satkit_spec::isa::{Instruction, Operation};
use satkit_spec::{
    ArrayConfig, PANEL_LATENCY_CYCLES, ROW_TAIL_CYCLES, UPDATE_BUFFER_CYCLES,
    VECTOR_LATENCY_CYCLES, norm_lanes,
};

const PAGE_BEATS: u64 = PAGE_BYTES / BEAT_BYTES;
/// Values of FP32 in a beat.
const BEAT_SINGLES: u64 = BEAT_BYTES / SINGLE_BYTES;
/// Streams in a direction: three that READS or WRITES name, of which WU's first is two.
const STREAMS: usize = 4;
/// Most beats of sums that come all at once: five pages, in six requests.
const MOST_SUM_BEATS: u64 = 5 * PAGE_BEATS;

/// Requests of one block and direction.
#[derive(Clone, Default)]
pub(super) struct BlockRequests {
    list: Vec<PageRequest>,
    beats: usize,
}

impl BlockRequests {
    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub(super) fn list(&self) -> &[PageRequest] {
        &self.list
    }

    pub(super) const fn beats(&self) -> usize {
        self.beats
    }

    pub(super) fn clear(&mut self) {
        self.list.clear();
        self.beats = 0;
    }

    /// Appends beats from `address`: if paged, cut where a page ends.
    pub(super) fn push(&mut self, paged: bool, address: u64, beats: u64) {
        let (mut beat, mut left) = (address / BEAT_BYTES, beats);
        while left > 0 {
            let here = if paged { left.min(PAGE_BEATS - beat % PAGE_BEATS) } else { left };
            self.list.push(PageRequest { address: beat * BEAT_BYTES, beats: here as u32 });
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

#[derive(Default)]
pub(super) struct Job {
    /// Requests stay in one page.
    paged: bool,
    reads: [Stream; STREAMS],
    writes: [Stream; STREAMS],
    /// Read with the first block: the numbers of an update, or of rows, a beat.
    numbers: Stream,
    /// Beats of the longest stream.
    longest: u64,
    blocks: u64,
    /// Elements of a stream, how many of them belong to a block at most, how often each passes the lanes, and how many of them the
    /// lanes take per cycle.
    elements: u64,
    block_elements: u64,
    passes: u64,
    lanes: u64,
    /// What is written are sums, which are there when the last block is, and not before.
    reduces: bool,
    /// Cycles that the lanes take after a block's elements.
    tail_cycles: u64,
    /// The same after the last block: those of channels.
    channel_cycles: u64,
    latency_cycles: u64,
    /// Operand weights are made: the blocks are panels.
    panels: Option<Panels>,
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
        (self.latency_cycles, self.tail_cycles, self.channel_cycles) = (0, 0, 0);
        (self.elements, self.passes, self.lanes, self.reduces) = (0, 1, 1, false);
        self.numbers = Stream::default();
        self.name_streams(context, &instruction.operation);
        match &instruction.operation {
            Operation::Update(update) => {
                let sore =
                    if update.make_ff || update.make_bp { config.sore_latency_cycles } else { 0 };
                let lanes = UPDATE_BUFFER_CYCLES + config.wuve_latency_cycles;
                self.latency_cycles = (lanes + sore) as u64;
                self.cut(update.parameters, config.wuve_lanes);
            }
            Operation::Prune(prune) => {
                self.latency_cycles = (UPDATE_BUFFER_CYCLES + config.sore_latency_cycles) as u64;
                self.cut(prune.parameters, config.wuve_lanes);
            }
            Operation::Vector(vector) => {
                self.latency_cycles = VECTOR_LATENCY_CYCLES as u64;
                self.passes = vector.op.passes();
                let by_rows = vector.op.is_by_rows();
                self.tail_cycles = if by_rows { ROW_TAIL_CYCLES as u64 } else { 0 };
                self.cut(vector.elements, if by_rows { 1 } else { config.ve_lanes });
                let turns = vector.elements.div_ceil(norm_lanes(config.ve_lanes) as u64);
                self.channel_cycles = turns * vector.op.turn_cycles(config.ve_lanes) as u64;
                self.reduces = vector.op.reduces() && self.writes[0].beats <= MOST_SUM_BEATS;
            }
            _ => self.blocks = 0,
        }
        self.panels = self.panels(config, &instruction.operation, context);
        if let Some(panels) = &self.panels {
            self.blocks = panels.count();
            self.latency_cycles = PANEL_LATENCY_CYCLES as u64;
        }
    }

    /// The panels of what makes operand weights out of master weights. One without WEIGHTS, or with those of a layer of other size
    /// than what is read, is a stream like others.
    fn panels(
        &self,
        config: &ArrayConfig,
        operation: &Operation,
        context: &Context,
    ) -> Option<Panels> {
        let (makes, updates) = match operation {
            Operation::Update(update) => ([update.make_ff, update.make_bp], true),
            Operation::Prune(prune) if prune.single => ([!prune.along_co, prune.along_co], false),
            _ => return None,
        };
        if makes == [false; 2] {
            return None;
        }
        let mut panels = Panels::new(config, context.weights.as_ref()?, makes)?;
        if self.reads[0].beats != panels.master_beats() {
            return None;
        }
        let (read, written) = if updates { (3, 2) } else { (1, 0) };
        panels.reads = self.reads[..read].iter().map(|stream| stream.address).collect();
        panels.writes = self.writes[..written].iter().map(|stream| stream.address).collect();
        let mut targets = self.writes[written..].iter().map(|stream| stream.address);
        for made in [&mut panels.ff, &mut panels.bp].into_iter().flatten() {
            made.address = targets.next()?;
        }
        Some(panels)
    }

    /// The streams of READS and WRITES. An update's first of each holds W, and V behind it in its second half; what WU reads third are
    /// its numbers, and so is what VE does for rows.
    fn name_streams(&mut self, context: &Context, operation: &Operation) {
        let stream = |address: u32, beats: u32| Stream {
            address: bytes_at(address),
            beats: u64::from(beats),
        };
        let reads = context.reads.map_or_else(Default::default, |r| {
            [
                stream(r.first, r.first_beats),
                stream(r.second, r.second_beats),
                stream(r.third, r.third_beats),
            ]
        });
        let writes = context.writes.map_or_else(Default::default, |w| {
            [
                stream(w.first, w.first_beats),
                stream(w.second, w.second_beats),
                stream(w.third, w.third_beats),
            ]
        });
        let w_and_v = |[both, second, third]: [Stream; 3]| {
            let w = both.beats.div_ceil(2);
            let v = Stream { address: both.address + w * BEAT_BYTES, beats: both.beats - w };
            [Stream { beats: w, ..both }, v, second, third]
        };
        let as_named =
            |[first, second, third]: [Stream; 3]| [first, Stream::default(), second, third];
        (self.reads, self.writes) = match operation {
            Operation::Update(_) => (w_and_v(reads), w_and_v(writes)),
            _ => (as_named(reads), as_named(writes)),
        };
        if !matches!(operation, Operation::Vector(vector) if !vector.op.is_by_rows()) {
            self.numbers = std::mem::take(&mut self.reads[3]);
            self.numbers.beats = self.numbers.beats.min(1);
        }
    }

    /// Cuts the streams into blocks.
    fn cut(&mut self, elements: u64, lanes: usize) {
        let all = self.reads.iter().chain(&self.writes);
        self.longest = all.map(|stream| stream.beats).max().unwrap_or(0);
        // Work without a stream is one block.
        self.blocks = self.longest.div_ceil(PAGE_BEATS).max(1);
        (self.elements, self.lanes) = (elements, lanes as u64);
        self.block_elements = beat_elements(elements, self.longest) * PAGE_BEATS;
    }

    pub(super) const fn blocks(&self) -> u64 {
        self.blocks
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
        if let Some(panels) = &self.panels {
            return panels.elements(block);
        }
        self.elements.min(block * self.block_elements)
    }

    /// Cycles that the lanes take for a block, one at least. They take full beats, so that one on the border belongs to the block
    /// where it begins.
    pub(super) fn lane_cycles(&self, block: u64) -> u64 {
        if let Some(panels) = &self.panels {
            return panels.lane_cycles();
        }
        let beats = |block: u64| (self.elements(block) * self.passes).div_ceil(self.lanes);
        let elements = (beats(block + 1) - beats(block)).max(1);
        // A lane gives a sum per cycle.
        let sums = if self.reduces && block + 1 == self.blocks {
            self.writes[0].beats * BEAT_SINGLES / self.lanes.min(BEAT_SINGLES)
        } else {
            0
        };
        let channels = if block + 1 == self.blocks { self.channel_cycles } else { 0 };
        elements + sums + channels + self.tail_cycles
    }

    pub(super) fn reads(&self, block: u64, requests: &mut BlockRequests) {
        requests.clear();
        if let Some(panels) = &self.panels {
            panels.read(block, self.paged, requests);
        } else {
            let shares = self.shares(&self.reads, block);
            shares.for_each(|(address, beats)| requests.push(self.paged, address, beats));
        }
        if block == 0 {
            requests.push(self.paged, self.numbers.address, self.numbers.beats);
        }
    }

    pub(super) fn writes(&self, block: u64, requests: &mut BlockRequests) {
        requests.clear();
        if let Some(panels) = &self.panels {
            panels.write(block, self.paged, requests);
            return;
        }
        let shares = self.written(block);
        shares.for_each(|(address, beats)| requests.push(self.paged, address, beats));
    }

    /// Room in the buffers, of `capacity` beats, of a block that reads `read_beats`. A panel has all of it: its rows may lie in one
    /// channel.
    pub(super) fn room_beats(&self, block: u64, read_beats: usize, capacity: usize) -> usize {
        if self.panels.is_some() {
            return capacity;
        }
        read_beats.max(self.written(block).map(|(_, beats)| beats as usize).sum())
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
