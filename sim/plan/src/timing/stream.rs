//! WU and VE: what they read, how long their lanes take, what they write, block by block.
//!
//! A block is what lies in one page of the longest stream. The engine's buffers hold
//! blocks, in order: each takes room for what is read or for what is written of it, whichever is more, from its first read on
//! until the last response of its writes is there. Reads run ahead of lanes and writes as far as there is room; lanes take blocks in
//! order, and so do writes. A block without reads, or without writes, takes a cycle where they would be. One block leaves the
//! buffers per cycle, and an instruction ends in the cycle after its last has.

use super::dma::Dma;
use super::record::{LaneBlock, Retired};
use super::sequencer::Context;
use super::stream_job::{BlockRequests, Job};
use satkit_memory::{Direction, Memory};
use satkit_spec::isa::{Engine, Instruction};
use satkit_spec::{ArrayConfig, STREAM_BUFFERS};
use std::collections::VecDeque;

/// A block that the lanes have been given.
#[derive(Clone, Copy)]
struct Held {
    beats: usize,
    /// Its results are all out.
    ready_cycle: u64,
    /// Its room is free again; `None` until its last write is issued.
    free_cycle: Option<u64>,
}

/// A stream engine.
pub(super) struct StreamEngine {
    pub(super) engine: Engine,
    /// Cycle of its next read; `u64::MAX` while it has none.
    pub(super) read_cycle: u64,
    /// Cycle of its next write; `u64::MAX` while it has none.
    pub(super) write_cycle: u64,
    /// First cycle in which the next instruction may start.
    free: u64,
    /// The instruction that it executes.
    pub(super) index: usize,
    start: u64,
    capacity_beats: usize,
    job: Job,
    /// Reads of the block that is being read, and the next of them.
    reads: BlockRequests,
    read_at: usize,
    read_block: u64,
    /// No block is let into the buffers before.
    room_cycle: u64,
    /// Beats of the block that is being read.
    block_beats: usize,
    /// First cycle after the last beat that is known to arrive.
    arrived: u64,
    lanes_free: u64,
    /// Blocks in the buffers, and the room that they take.
    held: VecDeque<Held>,
    held_beats: usize,
    writes: BlockRequests,
    write_at: usize,
    /// The block that is being written, and its last response so far.
    write_block: u64,
    responded: u64,
    write_free: u64,
    /// The last block that is written leaves the buffers.
    left: u64,
    /// The first cycle after that.
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
            read_cycle: u64::MAX,
            write_cycle: u64::MAX,
            free: 0,
            index: 0,
            start: 0,
            capacity_beats: STREAM_BUFFERS * config.axi_inflight_beats,
            job: Job::new(paged),
            reads: BlockRequests::default(),
            read_at: 0,
            read_block: 0,
            room_cycle: 0,
            block_beats: 0,
            arrived: 0,
            lanes_free: 0,
            held: VecDeque::new(),
            held_beats: 0,
            writes: BlockRequests::default(),
            write_at: 0,
            write_block: 0,
            responded: 0,
            write_free: 0,
            left: 0,
            written: 0,
            read_beats: 0,
            write_beats: 0,
            worked: Vec::new(),
        }
    }

    /// True if it has no request to make: its instruction has ended, or there is none.
    pub(super) const fn is_idle(&self) -> bool {
        self.read_cycle == u64::MAX && self.write_cycle == u64::MAX
    }

    /// Begins an instruction that may start in cycle `ready`; gives the cycle in which it does. One without any request has its
    /// end known in that cycle, where a read would be.
    pub(super) fn start(
        &mut self,
        config: &ArrayConfig,
        ready: u64,
        index: usize,
        instruction: &Instruction,
        context: &Context,
    ) -> u64 {
        self.job.set(config, instruction, context);
        let start = ready.max(self.free);
        (self.index, self.start) = (index, start);
        (self.read_beats, self.write_beats) = (0, 0);
        (self.arrived, self.lanes_free) = (start, start);
        self.written = start;
        self.write_free = start;
        (self.read_block, self.write_block) = (0, 0);
        self.room_cycle = start;
        self.begin_read();
        if self.is_idle() {
            self.reads.clear();
            self.read_cycle = start;
        }
        start
    }

    /// Prepares the next block for reading, in the first cycle in which the buffers have room for all of it. Blocks without
    /// reads take that cycle and go on to the lanes.
    fn begin_read(&mut self) {
        self.read_cycle = u64::MAX;
        while self.read_block < self.job.blocks() {
            self.job.reads(self.read_block, &mut self.reads);
            self.read_at = 0;
            let capacity = self.capacity_beats;
            self.block_beats = self.job.room_beats(self.read_block, self.reads.beats(), capacity);
            if !self.make_room() {
                return;
            }
            if !self.reads.is_empty() {
                self.read_cycle = self.room_cycle;
                return;
            }
            self.room_cycle += 1;
            self.arrived = self.arrived.max(self.room_cycle);
            self.lanes();
        }
    }

    /// Moves `room_cycle` to the first cycle in which the next block fits; false if a write comes first.
    fn make_room(&mut self) -> bool {
        while let Some(held) = self.held.front() {
            let full = self.held_beats + self.block_beats > self.capacity_beats;
            match held.free_cycle {
                Some(free) if full || free <= self.room_cycle => {
                    self.room_cycle = self.room_cycle.max(free);
                    self.held_beats -= held.beats;
                    self.held.pop_front();
                }
                None if full => return false,
                _ => break,
            }
        }
        true
    }

    /// The lanes take the block that has been read.
    fn lanes(&mut self) {
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
        let beats = self.block_beats;
        self.held.push_back(Held { beats, ready_cycle, free_cycle: None });
        self.held_beats += beats;
        self.read_block += 1;
        if self.write_cycle == u64::MAX && block == self.write_block {
            self.begin_write();
        }
    }

    /// The block that is being written, if the lanes have been given it.
    fn writing(&mut self) -> Option<&mut Held> {
        let behind = self.read_block.checked_sub(self.write_block)? as usize;
        let at = self.held.len().checked_sub(behind)?;
        self.held.get_mut(at)
    }

    /// Prepares the writes of the next block that has any, if its lanes are known to be done.
    fn begin_write(&mut self) {
        self.write_cycle = u64::MAX;
        while self.write_block < self.read_block {
            self.job.writes(self.write_block, &mut self.writes);
            (self.write_at, self.responded) = (0, 0);
            let free = self.write_free;
            let Some(held) = self.writing() else { return };
            let cycle = held.ready_cycle.max(free);
            if !self.writes.is_empty() {
                self.write_cycle = cycle;
                return;
            }
            self.write_free = cycle + 1;
            self.responded = cycle + 1;
            self.leave();
        }
    }

    /// The block that is being written is known to leave the buffers, behind the one before it.
    fn leave(&mut self) {
        let left = self.responded.max(self.left + 1);
        if let Some(held) = self.writing() {
            held.free_cycle = Some(left);
        }
        (self.left, self.written) = (left, self.written.max(left + 1));
        self.write_block += 1;
    }

    /// Issues the read that is due.
    pub(super) fn read<M: Memory>(&mut self, dma: &mut Dma<'_, M>) -> Option<Retired> {
        let cycle = self.read_cycle;
        let Some(&request) = self.reads.list().get(self.read_at) else {
            return Some(self.finish());
        };
        let Some(transfer) = dma.request(cycle, request, Direction::Read) else {
            self.read_cycle = cycle + 1;
            return None;
        };
        self.arrived = self.arrived.max(transfer.end_cycle);
        self.read_beats += u64::from(request.beats);
        self.read_at += 1;
        if self.read_at < self.reads.list().len() {
            self.read_cycle = cycle + 1;
            return None;
        }
        self.lanes();
        self.room_cycle = cycle + 1;
        self.begin_read();
        self.is_idle().then(|| self.finish())
    }

    /// Issues the write that is due.
    pub(super) fn write<M: Memory>(&mut self, dma: &mut Dma<'_, M>) -> Option<Retired> {
        let request = self.writes.list()[self.write_at];
        let cycle = self.write_cycle;
        let Some(transfer) = dma.request(cycle, request, Direction::Write) else {
            self.write_cycle = cycle + 1;
            return None;
        };
        self.responded = self.responded.max(transfer.end_cycle);
        self.write_beats += u64::from(request.beats);
        self.write_free = cycle + 1;
        self.write_at += 1;
        if self.write_at < self.writes.list().len() {
            self.write_cycle = self.write_free;
            return None;
        }
        self.leave();
        self.begin_write();
        if self.read_cycle == u64::MAX {
            self.begin_read();
        }
        self.is_idle().then(|| self.finish())
    }

    fn finish(&mut self) -> Retired {
        (self.read_cycle, self.write_cycle) = (u64::MAX, u64::MAX);
        let end = self.written.max(self.lanes_free).max(self.arrived).max(self.start + 1);
        self.free = end;
        Retired {
            index: self.index,
            engine: self.engine,
            start_cycle: self.start,
            end_cycle: end,
            released_cycle: end,
            busy_cycles: end - self.start,
            read_beats: self.read_beats,
            write_beats: self.write_beats,
        }
    }
}
