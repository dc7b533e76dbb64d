//! The fetch: bursts of the program, as far ahead of dispatch as its buffer holds.

use super::dma::Dma;
use crate::layout::BEAT_BYTES;
use crate::traffic::PageRequest;
use satkit_memory::{Direction, Memory};
use satkit_spec::isa::Word;
use satkit_spec::{FETCH_BUFFER_BEATS, FETCH_BURST_BEATS};
use std::collections::VecDeque;

const BEAT_INSTRUCTIONS: u64 = BEAT_BYTES / Word::BYTES as u64;
const BURST_BEATS: u64 = FETCH_BURST_BEATS as u64;

/// A burst that was asked for.
struct Burst {
    /// Index after its last instruction.
    end: usize,
    beats: usize,
    /// First cycle in which one of its instructions may be dispatched.
    cycle: u64,
}

/// The fetch unit.
pub(super) struct Fetch {
    /// Cycle of its next request; `u64::MAX` while it has none.
    pub(super) next_cycle: u64,
    /// First cycle in which a request may be issued.
    free: u64,
    /// The program's first beat, the next one to ask for, and the one after its last.
    first: u64,
    next: u64,
    end: u64,
    instructions: usize,
    /// Bursts of which not all is dispatched.
    bursts: VecDeque<Burst>,
    /// Cycles from which on room is free again, and beats of it.
    freed: VecDeque<(u64, usize)>,
    held_beats: usize,
}

impl Fetch {
    /// Begins with a program of so many instructions at `address`, in cycle 0.
    pub(super) fn new(address: u64, instructions: usize) -> Self {
        let first = address / BEAT_BYTES;
        let end = first + (instructions as u64).div_ceil(BEAT_INSTRUCTIONS);
        let next_cycle = if first < end { 0 } else { u64::MAX };
        Self {
            next_cycle,
            free: 0,
            first,
            next: first,
            end,
            instructions,
            bursts: VecDeque::new(),
            freed: VecDeque::new(),
            held_beats: 0,
        }
    }

    /// The first cycle in which instruction `index`, the next in order, may be dispatched, if that is known.
    #[inline]
    pub(super) fn ready_cycle(&self) -> Option<u64> {
        self.bursts.front().map(|burst| burst.cycle)
    }

    /// Instruction `index`, the next in order, is dispatched.
    #[inline]
    pub(super) fn dispatched(&mut self, index: usize, cycle: u64) {
        if let Some(burst) = self.bursts.front()
            && burst.end == index + 1
        {
            self.freed.push_back((cycle + 1, burst.beats));
            self.bursts.pop_front();
            if self.next_cycle == u64::MAX {
                self.plan();
            }
        }
    }

    /// Beats of the next burst, which ends where one of its size is aligned.
    const fn beats(&self) -> usize {
        let aligned = (self.next / BURST_BEATS + 1) * BURST_BEATS;
        let stop = if aligned < self.end { aligned } else { self.end };
        (stop - self.next) as usize
    }

    /// Sets the cycle of the next request: the first in which the buffer has room for all of it.
    fn plan(&mut self) {
        self.next_cycle = u64::MAX;
        if self.next == self.end {
            return;
        }
        let mut cycle = self.free;
        while self.held_beats + self.beats() > FETCH_BUFFER_BEATS {
            let Some((freed, beats)) = self.freed.pop_front() else { return };
            cycle = cycle.max(freed);
            self.held_beats -= beats;
        }
        self.next_cycle = cycle;
    }

    /// Issues the request that is due.
    pub(super) fn act<M: Memory>(&mut self, dma: &mut Dma<'_, M>) {
        let cycle = self.next_cycle;
        let beats = self.beats();
        let request = PageRequest { address: self.next * BEAT_BYTES, beats: beats as u32 };
        let Some(transfer) = dma.request(cycle, request, Direction::Read) else {
            self.next_cycle = cycle + 1;
            return;
        };
        self.next += beats as u64;
        let end = ((self.next - self.first) * BEAT_INSTRUCTIONS) as usize;
        let end = end.min(self.instructions);
        self.bursts.push_back(Burst { end, beats, cycle: transfer.end_cycle });
        self.held_beats += beats;
        self.free = cycle + 1;
        self.plan();
    }
}
