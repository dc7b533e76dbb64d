//! ST: a tile's way from the drain buffer to memory, burst by burst.
//!
//! The drain buffer gives one piece of the tile per cycle (`traffic::Bursts`), from the cycle after the start on, and not before
//! the array has drained what is asked for, nor before the bias is there. Before the first piece of a burst there has to be room for a
//! burst, and all that is read for it has arrived. What that is, is known when a walk ahead of the pieces has found the burst's end; it
//! begins with a tile once that is decoded and it is done with the one before. A burst is asked for when it is complete, one per cycle, in order. Once the last piece is read, the
//! next tile may start, and the array may drain into its place; bursts of both follow each other.

use super::dma::Dma;
use super::queues::Entry;
use super::record::Retired;
use super::sequencer::Context;
use super::stream_job::BlockRequests;
use crate::layout::{BEAT_BYTES, SINGLE_BYTES};
use crate::space::Rows;
use crate::traffic::{self, Bursts, PageRequest, bytes_at};
use satkit_memory::{Direction, Memory};
use satkit_spec::isa::{Engine, Instruction, Operation, Store};
use satkit_spec::{
    ArrayConfig, Dataflow, STORE_AHEAD_CYCLES, STORE_BURST_BEATS, STORE_DECODE_CYCLES,
    STORE_DONE_CYCLES, STORE_LATENCY_CYCLES, STORE_READ_CYCLES, STREAM_BUFFERS,
};
use std::collections::VecDeque;
use std::ops::Range;

/// Bursts of a tile where requests need not stay in one page, if it reads tensors, and if it does not.
const LARGE_TILE_BURSTS: [u64; 2] = [4, 2];

/// Operands that a store reads besides its tile: where they lie, relative to the results.
#[derive(Clone, Copy, Default)]
struct Edge {
    out: u64,
    add: Option<u64>,
    sum: Option<u64>,
    mask: Option<u64>,
}

impl Edge {
    const fn reads(&self) -> bool {
        self.add.is_some() || self.sum.is_some() || self.mask.is_some()
    }
}

/// A burst in the buffers.
#[derive(Clone, Copy)]
struct Held {
    beats: usize,
    /// Its room is free again; `None` until it is asked for.
    free_cycle: Option<u64>,
}

/// A burst to be asked for.
struct Write {
    /// The instruction.
    index: usize,
    request: PageRequest,
    ready_cycle: u64,
    /// With it this tile has ended, but for the end's cycle.
    ends: Option<Retired>,
}

/// The store engine.
pub(super) struct StoreEngine {
    /// Cycle of its next read; `u64::MAX` while it has none.
    pub(super) read_cycle: u64,
    /// Cycle of its next write; `u64::MAX` while it has none.
    pub(super) write_cycle: u64,
    /// The tile that has left the drain buffer since this was last asked, with the cycle from which its place is free.
    pub(super) released: Option<(usize, u64)>,
    paged: bool,
    capacity_beats: usize,
    tile: Bursts,
    edge: Edge,
    /// Which RESULTS the store before had.
    results: usize,
    /// The bias that is kept: which PARAMETERS, first column, columns.
    bias: Option<(usize, u32, u32)>,
    /// The reads that are asked for are those of the bias.
    reads_bias: bool,
    /// First cycle in which the walk ahead may begin with a tile; then that in which it knows the tile's bursts up to here.
    ahead_free: u64,
    known_cycle: u64,
    retired: Retired,
    /// Next burst of the tile.
    at: usize,
    reads: BlockRequests,
    read_at: usize,
    /// No burst is let into the buffers before.
    room_cycle: u64,
    /// First cycle after the last beat that is known to arrive.
    arrived: u64,
    /// First cycle in which the next piece may be read.
    piece_cycle: u64,
    /// Bursts in the buffers, of earlier tiles too, and the room that they take.
    held: VecDeque<Held>,
    held_beats: usize,
    writes: VecDeque<Write>,
    /// All bursts that have been asked for are done.
    done_cycle: u64,
}

impl StoreEngine {
    pub(super) fn new(config: &ArrayConfig, paged: bool) -> Self {
        Self {
            read_cycle: u64::MAX,
            write_cycle: u64::MAX,
            released: None,
            paged,
            capacity_beats: STREAM_BUFFERS * config.axi_inflight_beats,
            tile: Bursts::new(paged),
            edge: Edge::default(),
            results: 0,
            bias: None,
            reads_bias: false,
            ahead_free: 0,
            known_cycle: 0,
            retired: Retired {
                index: 0,
                engine: Engine::Store,
                start_cycle: 0,
                end_cycle: 0,
                released_cycle: 0,
                busy_cycles: 0,
                read_beats: 0,
                write_beats: 0,
            },
            at: 0,
            reads: BlockRequests::default(),
            read_at: 0,
            room_cycle: 0,
            arrived: 0,
            piece_cycle: 0,
            held: VecDeque::new(),
            held_beats: 0,
            writes: VecDeque::new(),
            done_cycle: 0,
        }
    }

    /// True if it can start this instruction as soon as that has its tokens: the tile before has left the drain buffer, and
    /// what the instruction reads is all asked for, if it may have been stored just before.
    pub(super) fn is_free(&self, instruction: &Instruction, context: &Context) -> bool {
        let Operation::Store(store) = &instruction.operation else { return true };
        let reads = store.add || store.products || store.mask;
        let waits = reads && self.results != context.results_count && !self.writes.is_empty();
        self.at == self.tile.list().len() && !waits
    }

    /// Begins an instruction that may start in cycle `ready`; gives the cycle in which it does.
    pub(super) fn start(
        &mut self,
        config: &ArrayConfig,
        ready: u64,
        entry: &Entry,
        instruction: &Instruction,
        context: &Context,
    ) -> u64 {
        let mut start = ready.max(self.piece_cycle);
        let Operation::Store(store) = &instruction.operation else { return start };
        self.tile.clear(BEAT_BYTES);
        if let (Some(space), Some(results)) = (&context.space, &context.results) {
            traffic::store(config, space, results, store, &mut self.tile);
            let used = |used: bool, field: u32| used.then(|| bytes_at(field));
            self.edge = Edge {
                out: bytes_at(results.out),
                add: used(store.add, results.add),
                sum: used(store.products, results.sum),
                mask: used(store.mask, results.mask),
            };
        }
        let reads = self.edge.reads();
        self.tile.cut(LARGE_TILE_BURSTS[usize::from(!reads)]);
        let changed = self.results != context.results_count;
        self.results = context.results_count;
        if reads && changed {
            start = start.max(self.done_cycle);
        }
        self.retired = Retired {
            index: entry.index,
            engine: Engine::Store,
            start_cycle: start,
            end_cycle: 0,
            released_cycle: 0,
            busy_cycles: self.tile.cycles(),
            read_beats: 0,
            write_beats: self.tile.beats(),
        };
        let there = entry.drained_cycle + drained_after(config, context, store);
        (self.at, self.room_cycle, self.arrived) = (0, start + 1, start);
        self.piece_cycle = there.max(start + 1);
        if reads {
            let decoded = entry.taken_cycle + STORE_DECODE_CYCLES as u64;
            let begins = decoded.max(self.ahead_free);
            self.known_cycle = begins + STORE_AHEAD_CYCLES as u64;
            self.ahead_free = begins + self.tile.cycles() + 1;
        }
        self.find_bias(context, store);
        if self.reads.is_empty() {
            self.begin();
        } else {
            self.reads_bias = true;
            self.read_cycle = start + 1;
        }
        start
    }

    /// What is read of the bias: that of the tile before is kept.
    fn find_bias(&mut self, context: &Context, store: &Store) {
        self.reads.clear();
        self.read_at = 0;
        let Some((parameters, number)) = context.parameters.filter(|_| store.bias) else { return };
        let bias = Some((number, store.col_base, store.cols));
        if self.bias == bias {
            return;
        }
        self.bias = bias;
        let beat = |column: u32| u64::from(column) / (BEAT_BYTES / SINGLE_BYTES);
        let (first, last) = (beat(store.col_base), beat(store.col_base + store.cols - 1));
        let address = bytes_at(parameters.first) + first * BEAT_BYTES;
        self.reads.push(self.paged, address, last + 1 - first);
    }

    /// Prepares the reads of the next burst, in the first cycle in which the buffers have room for it. A burst without reads goes
    /// on to the drain buffer.
    fn begin(&mut self) {
        self.read_cycle = u64::MAX;
        while let Some(burst) = self.tile.list().get(self.at) {
            let (write_beats, cycles) = (burst.request.beats as usize, burst.cycles);
            self.find_reads();
            if !self.make_room(if self.paged { STORE_BURST_BEATS } else { write_beats }) {
                return;
            }
            if self.edge.reads() {
                self.room_cycle = self.room_cycle.max(self.known_cycle + cycles);
            }
            if !self.reads.is_empty() {
                self.read_cycle = self.room_cycle;
                return;
            }
            // One whose mask is there already takes the cycle all the same.
            self.room_cycle += u64::from(self.edge.reads());
            self.give();
        }
    }

    /// Moves `room_cycle` to the first cycle in which so many beats fit; false if a burst is to be asked for first.
    fn make_room(&mut self, beats: usize) -> bool {
        while self.held_beats + beats > self.capacity_beats
            && let Some(held) = self.held.front()
        {
            let Some(free) = held.free_cycle else { return false };
            self.room_cycle = self.room_cycle.max(free);
            self.held_beats -= held.beats;
            self.held.pop_front();
        }
        true
    }

    /// The drain buffer gives the burst whose reads are asked for.
    fn give(&mut self) {
        let burst = self.tile.list()[self.at];
        let there = self.arrived + STORE_READ_CYCLES as u64;
        let first = self.piece_cycle.max(self.room_cycle).max(there);
        self.piece_cycle = first + burst.cycles;
        self.known_cycle += burst.cycles;
        let beats = burst.request.beats as usize;
        self.held.push_back(Held { beats, free_cycle: None });
        self.held_beats += beats;
        self.at += 1;
        let last = self.at == self.tile.list().len();
        if last {
            // It is told a cycle later.
            self.retired.released_cycle = self.piece_cycle + 1;
            self.released = Some((self.retired.index, self.retired.released_cycle));
        }
        let ready_cycle = self.piece_cycle + STORE_LATENCY_CYCLES as u64;
        if self.writes.is_empty() {
            self.write_cycle = ready_cycle;
        }
        let ends = last.then_some(self.retired);
        let index = self.retired.index;
        self.writes.push_back(Write { index, request: burst.request, ready_cycle, ends });
    }

    /// The instruction that it reads for.
    pub(super) const fn reading(&self) -> usize {
        self.retired.index
    }

    /// The instruction whose burst is asked for next.
    pub(super) fn writing(&self) -> usize {
        self.writes.front().map_or(self.retired.index, |write| write.index)
    }

    /// Issues the read that is due.
    pub(super) fn read<M: Memory>(&mut self, dma: &mut Dma<'_, M>) {
        let cycle = self.read_cycle;
        self.read_cycle = cycle + 1;
        let request = self.reads.list()[self.read_at];
        let Some(transfer) = dma.request(cycle, request, Direction::Read) else { return };
        // Beats come in the order of the requests, one per cycle.
        let in_order = self.arrived.max(transfer.start_cycle) + u64::from(request.beats);
        self.arrived = in_order.max(transfer.end_cycle);
        self.retired.read_beats += u64::from(request.beats);
        self.read_at += 1;
        if self.read_at == self.reads.list().len() {
            if !std::mem::take(&mut self.reads_bias) {
                self.give();
            }
            self.room_cycle = cycle + 1;
            self.begin();
        }
    }

    /// Issues the write that is due; gives the tile that ends with it.
    pub(super) fn write<M: Memory>(&mut self, dma: &mut Dma<'_, M>) -> Option<Retired> {
        let cycle = self.write_cycle;
        self.write_cycle = cycle + 1;
        let request = self.writes.front()?.request;
        let transfer = dma.request(cycle, request, Direction::Write)?;
        // Bursts leave in order, one per cycle.
        let done = transfer.end_cycle + STORE_DONE_CYCLES as u64;
        self.done_cycle = done.max(self.done_cycle + 1);
        let open = self.held.len() - self.writes.len();
        self.held[open].free_cycle = Some(self.done_cycle);
        let ends = self.writes.pop_front()?.ends;
        self.write_cycle =
            self.writes.front().map_or(u64::MAX, |write| write.ready_cycle.max(cycle + 1));
        if self.read_cycle == u64::MAX {
            self.begin();
        }
        ends.map(|retired| Retired { end_cycle: self.done_cycle, ..retired })
    }

    /// What is read for the next burst.
    fn find_reads(&mut self) {
        self.reads.clear();
        self.read_at = 0;
        let PageRequest { address, beats } = self.tile.list()[self.at].request;
        let (offset, beats) = (address - self.edge.out.min(address), u64::from(beats));
        for base in [self.edge.add, self.edge.sum].into_iter().flatten() {
            self.reads.push(self.paged, base + offset, beats);
        }
        if let Some(base) = self.edge.mask {
            let mut mask = self.mask_beats(base, self.at);
            // A beat has the bits of 16 beats of results, and the one that was read last is kept.
            if let Some(before) = self.at.checked_sub(1).map(|at| self.mask_beats(base, at))
                && mask.start + 1 == before.end
            {
                mask.start += 1;
            }
            self.reads.push(self.paged, mask.start * BEAT_BYTES, mask.end - mask.start);
        }
    }

    /// Beats of the mask that belong to a burst of the tile: one bit for each 16-bit value.
    fn mask_beats(&self, base: u64, at: usize) -> Range<u64> {
        let PageRequest { address, beats } = self.tile.list()[at].request;
        let offset = address - self.edge.out.min(address);
        let first = (base + offset / 16) / BEAT_BYTES;
        let end = base + (offset + u64::from(beats) * BEAT_BYTES) / 16;
        first..end.div_ceil(BEAT_BYTES).max(first + 1)
    }
}

/// Cycles after `d.full` from which the drain buffer gives a piece per cycle without waiting for the array. Then the first array
/// row's outputs are there, and so on: pixels one behind another come in that order. Weight rows come from all array rows in turn,
/// so that the last array row's first outputs come in time. Stripes of patches wait for the whole tile.
fn drained_after(config: &ArrayConfig, context: &Context, store: &Store) -> u64 {
    let Some(space) = &context.space else { return 0 };
    if space.dataflow == Dataflow::WeightStationary {
        return 0;
    }
    let iq = (store.cols as usize).div_ceil(config.cols);
    let (ip, from) = match space.rows {
        Rows::Patches(grid) if grid.flat || grid.area() == 1 => return 0,
        Rows::Patches(grid) => (grid.area(), 0),
        Rows::WeightRows { .. } => ((store.rows as usize).div_ceil(config.rows), 1),
    };
    ((config.rows - 1) * (ip - from) * iq) as u64
}
