//! ST, WU and VE: what they read, how long their lanes take, what they write, block by block.
//!
//! A block is what lies in one page of the longest stream (WU, VE) or one request of the tile (ST). Reads run ahead of lanes
//! and writes as far as the engine's buffers hold; lanes take blocks in order, and so do writes.

use super::record::{LaneBlock, Retired};
use super::sequencer::Context;
use super::stream_job::{BlockRequests, Job};
use satkit_memory::{Direction, Memory, Request};
use satkit_spec::ArrayConfig;
use satkit_spec::isa::{Engine, Instruction};
use std::collections::VecDeque;

/// Buffers of a stream engine hold as many beats as this many load engines'.
const BUFFERS: usize = 4;
/// Most blocks without reads that wait for their writes.
const MOST_HELD: usize = 1024;

/// A block between its reads and its writes.
#[derive(Clone, Copy)]
struct Held {
    read_beats: usize,
    /// The lanes are done with it.
    ready_cycle: u64,
    /// Its buffer is free again; `None` until its first write is issued.
    consumed_cycle: Option<u64>,
}

/// A stream engine.
pub(super) struct StreamEngine {
    pub(super) engine: Engine,
    /// Cycle of its next request; `u64::MAX` while it has none.
    pub(super) next_cycle: u64,
    /// First cycle in which the next instruction may start.
    free: u64,
    index: usize,
    start: u64,
    capacity_beats: usize,
    job: Job,
    /// Reads of the block that is being read, and the next of them.
    reads: BlockRequests,
    read_at: usize,
    read_block: u64,
    read_cycle: u64,
    /// First cycle after the last beat that is known to arrive.
    arrived: u64,
    lanes_free: u64,
    held: VecDeque<Held>,
    held_beats: usize,
    /// Index of the first held block, and of the block that is being written.
    first_held: u64,
    writes: BlockRequests,
    write_at: usize,
    write_block: u64,
    write_free: u64,
    write_cycle: u64,
    /// The last write is done.
    written: u64,
    read_beats: u64,
    write_beats: u64,
    /// What the lanes of WU have been given since the observer heard of it.
    pub(super) worked: Vec<LaneBlock>,
}

impl StreamEngine {
    pub(super) fn new(config: &ArrayConfig, engine: Engine, paged: bool) -> Self {
        Self {
            engine,
            next_cycle: u64::MAX,
            free: 0,
            index: 0,
            start: 0,
            capacity_beats: BUFFERS * config.axi_inflight_beats,
            job: Job::new(paged),
            reads: BlockRequests::default(),
            read_at: 0,
            read_block: 0,
            read_cycle: u64::MAX,
            arrived: 0,
            lanes_free: 0,
            held: VecDeque::new(),
            held_beats: 0,
            first_held: 0,
            writes: BlockRequests::default(),
            write_at: 0,
            write_block: 0,
            write_free: 0,
            write_cycle: u64::MAX,
            written: 0,
            read_beats: 0,
            write_beats: 0,
            worked: Vec::new(),
        }
    }

    pub(super) const fn is_idle(&self) -> bool {
        self.next_cycle == u64::MAX
    }

    /// Begins an instruction that may start in cycle `ready`; gives the cycle in which it does.
    pub(super) fn start(
        &mut self,
        config: &ArrayConfig,
        ready: u64,
        index: usize,
        instruction: &Instruction,
        context: &Context,
    ) -> u64 {
        self.job.set(config, instruction, context);
        let mut start = ready.max(self.free);
        if self.job.reads_results(context) {
            // What it adds may have been stored just before.
            start = start.max(self.written);
        }
        (self.index, self.start) = (index, start);
        (self.read_beats, self.write_beats) = (0, 0);
        (self.arrived, self.lanes_free) = (start, start);
        // Tiles end in order: a response that is late holds those behind it.
        self.written = self.written.max(start);
        self.write_free = start;
        self.held.clear();
        (self.held_beats, self.first_held, self.write_block) = (0, 0, 0);
        self.write_cycle = u64::MAX;
        self.begin_read(0, start);
        self.next_cycle = self.due();
        start
    }

    /// The cycle of the next request; an instruction with nothing left to do is due when its lanes are done.
    fn due(&self) -> u64 {
        let next = self.read_cycle.min(self.write_cycle);
        if next == u64::MAX { self.lanes_free.max(self.start) } else { next }
    }

    /// Prepares block `block` for reading, from cycle `cycle` on. Blocks without reads go on to the lanes at once.
    fn begin_read(&mut self, block: u64, cycle: u64) {
        self.read_block = block;
        loop {
            if self.read_block >= self.job.blocks() {
                self.read_cycle = u64::MAX;
                return;
            }
            self.job.reads(self.read_block, &mut self.reads);
            self.read_at = 0;
            if !self.reads.is_empty() {
                break;
            }
            while self.held.front().is_some_and(|held| held.consumed_cycle.is_some()) {
                self.release();
            }
            if self.held.len() >= MOST_HELD {
                // Writes come first; they go on reading.
                self.read_cycle = u64::MAX;
                return;
            }
            self.lanes(0);
            self.read_block += 1;
        }
        self.gate(cycle);
    }

    /// Sets the cycle of the next block's first read: when the buffers have room for all of it.
    fn gate(&mut self, mut cycle: u64) {
        let beats = self.reads.beats();
        while let Some(held) = self.held.front() {
            let full = self.held_beats + beats > self.capacity_beats;
            match held.consumed_cycle {
                Some(consumed) if full || consumed <= cycle => {
                    cycle = cycle.max(consumed);
                    self.release();
                }
                // Its write comes first.
                None if full => {
                    self.read_cycle = u64::MAX;
                    return;
                }
                _ => break,
            }
        }
        self.read_cycle = cycle;
    }

    /// The first held block's buffer is free.
    fn release(&mut self) {
        if let Some(held) = self.held.pop_front() {
            self.held_beats -= held.read_beats;
            self.first_held += 1;
        }
    }

    /// The lanes take the block whose data has arrived.
    fn lanes(&mut self, read_beats: usize) {
        let block = self.read_block;
        let start_cycle = self.lanes_free.max(self.arrived);
        self.lanes_free = start_cycle + self.job.lane_cycles(block);
        let ready_cycle = self.lanes_free + self.job.latency_cycles();
        if self.engine == Engine::Update {
            self.worked.push(LaneBlock {
                index: self.index,
                block,
                elements: self.job.elements(block + 1),
                start_cycle,
                free_cycle: self.lanes_free,
                ready_cycle,
            });
        }
        let consumed_cycle = (!self.job.writes_anything()).then_some(self.lanes_free);
        self.held.push_back(Held { read_beats, ready_cycle, consumed_cycle });
        self.held_beats += read_beats;
        if self.write_cycle == u64::MAX && self.job.writes_anything() && block == self.write_block {
            self.begin_write();
        }
    }

    /// Prepares the writes of the next block that has any, if its lanes are known to be done.
    fn begin_write(&mut self) {
        self.write_cycle = u64::MAX;
        while self.write_block < self.job.blocks() {
            let at = (self.write_block - self.first_held) as usize;
            let Some(held) = self.held.get_mut(at) else { return };
            self.job.writes(self.write_block, &mut self.writes);
            self.write_at = 0;
            if !self.writes.is_empty() {
                self.write_cycle = held.ready_cycle.max(self.write_free);
                return;
            }
            held.consumed_cycle = Some(held.ready_cycle);
            self.write_block += 1;
        }
    }

    /// Issues the request that is due.
    pub(super) fn act<M: Memory>(&mut self, memory: &mut M) -> Option<Retired> {
        if self.read_cycle == u64::MAX && self.write_cycle == u64::MAX {
            return Some(self.finish());
        }
        if self.read_cycle <= self.write_cycle {
            self.read(memory);
        } else {
            self.write(memory);
        }
        if self.read_cycle == u64::MAX && self.write_cycle == u64::MAX {
            return Some(self.finish());
        }
        self.next_cycle = self.due();
        None
    }

    fn read<M: Memory>(&mut self, memory: &mut M) {
        let request = self.reads.list()[self.read_at];
        let cycle = self.read_cycle;
        let transfer = memory.transfer(Request {
            cycle,
            address: request.address,
            beats: request.beats,
            direction: Direction::Read,
        });
        // A tile's operands come through one port; streams use the ports of all channels.
        let in_order = if self.job.one_port() {
            self.arrived.max(transfer.start_cycle) + u64::from(request.beats)
        } else {
            self.arrived
        };
        self.arrived = in_order.max(transfer.end_cycle);
        self.read_beats += u64::from(request.beats);
        self.read_at += 1;
        if self.read_at < self.reads.list().len() {
            self.read_cycle = cycle + 1;
            return;
        }
        let beats = self.reads.beats();
        self.lanes(beats);
        self.begin_read(self.read_block + 1, cycle + 1);
    }

    fn write<M: Memory>(&mut self, memory: &mut M) {
        let request = self.writes.list()[self.write_at];
        let cycle = self.write_cycle;
        let transfer = memory.transfer(Request {
            cycle,
            address: request.address,
            beats: request.beats,
            direction: Direction::Write,
        });
        self.written = self.written.max(transfer.end_cycle);
        self.write_beats += u64::from(request.beats);
        let taken = if self.job.one_port() { u64::from(request.beats) } else { 1 };
        self.write_free = cycle + taken;
        self.write_at += 1;
        if self.write_at < self.writes.list().len() {
            self.write_cycle = self.write_free;
            return;
        }
        let at = (self.write_block - self.first_held) as usize;
        if let Some(held) = self.held.get_mut(at) {
            held.consumed_cycle = Some(self.write_free);
        }
        self.write_block += 1;
        self.begin_write();
        if self.read_cycle == u64::MAX && self.read_block < self.job.blocks() {
            self.begin_read(self.read_block, cycle + 1);
        }
    }

    fn finish(&mut self) -> Retired {
        self.next_cycle = u64::MAX;
        let end = self.written.max(self.lanes_free).max(self.arrived).max(self.start + 1);
        // The next tile may follow the last write; a stream ends before the next begins.
        self.free = if self.job.one_port() { self.write_free.max(self.start + 1) } else { end };
        // Reads and writes pass the port at the same time.
        let beats = self.read_beats.max(self.write_beats);
        Retired {
            index: self.index,
            engine: self.engine,
            start_cycle: self.start,
            end_cycle: end,
            released_cycle: self.lanes_free.max(self.write_free).min(end),
            busy_cycles: if self.job.one_port() { beats } else { end - self.start },
            read_beats: self.read_beats,
            write_beats: self.write_beats,
        }
    }
}
