//! Instruction queues and semaphores.

use super::ahead::Known;
use satkit_spec::isa::{Engine, Semaphore, SemaphoreSet};
use satkit_spec::{ArrayConfig, QUEUE_CYCLES};
use std::collections::VecDeque;

/// An instruction in a queue.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    /// Index in the program.
    pub(super) index: usize,
    /// Kept: the engine that takes it is done with it.
    pub(super) kept: bool,
    /// What was kept when it was dispatched.
    pub(super) context: usize,
    /// Cycle in which it is dispatched.
    pub(super) dispatch_cycle: u64,
    /// First cycle in which an engine that does nothing else takes it; 0 until it is at the head.
    pub(super) queued_cycle: u64,
    /// Cycle in which its engine takes it from the queue; 0 until that is known.
    pub(super) taken_cycle: u64,
    /// First cycle in which every semaphore that it waits for has its token; 0 until it starts.
    pub(super) tokens_cycle: u64,
    /// Cycle in which the tile that it stores has begun to be there; 0 until it starts, or if it waits for none.
    pub(super) drained_cycle: u64,
    /// Cycles from that in which it is decoded.
    pub(super) decode_cycles: usize,
    /// What is known of a load.
    pub(super) known: Option<Known>,
    /// Semaphores that it waits for.
    pub(super) wait: SemaphoreSet,
}

/// The queue of an engine, and the instruction that the engine has taken and not started.
struct Queue {
    entries: VecDeque<Entry>,
    decoding: Option<Entry>,
    /// First cycle after the last kept instruction was taken, and in which the next one may be.
    kept_until: u64,
    free: u64,
    /// Cycles in which the last `depth` instructions were taken, as a ring.
    taken_cycles: Vec<u64>,
    /// Instructions that came in, and that were taken.
    dispatched: usize,
    taken: usize,
}

impl Queue {
    /// Takes whatever can be: kept instructions, one per cycle, up to the next to start.
    #[inline]
    fn advance(&mut self) {
        while self.decoding.is_none()
            && let Some(mut entry) = self.entries.pop_front()
        {
            entry.queued_cycle = (entry.dispatch_cycle + QUEUE_CYCLES as u64).max(self.kept_until);
            entry.taken_cycle = entry.queued_cycle.max(self.free);
            let depth = self.taken_cycles.len();
            self.taken_cycles[self.taken % depth] = entry.taken_cycle;
            self.taken += 1;
            self.free = entry.taken_cycle + 1;
            if entry.kept {
                self.kept_until = self.free;
            } else {
                self.decoding = Some(entry);
            }
        }
    }
}

/// One queue per engine, and the cycles at which each semaphore's tokens appear.
pub(super) struct Queues {
    queues: [Queue; Engine::ALL.len()],
    tokens: Vec<VecDeque<u64>>,
    /// Something happened that may let an instruction start.
    pub(super) changed: bool,
}

impl Queues {
    pub(super) fn new(config: &ArrayConfig) -> Self {
        let depth = config.queue_depth;
        let queue = |_| Queue {
            entries: VecDeque::with_capacity(depth),
            decoding: None,
            kept_until: 0,
            free: 0,
            taken_cycles: vec![0; depth],
            dispatched: 0,
            taken: 0,
        };
        let tokens =
            |semaphore: &Semaphore| std::iter::repeat_n(0, semaphore.initial() as usize).collect();
        Self {
            queues: Engine::ALL.map(queue),
            tokens: Semaphore::ALL.iter().map(tokens).collect(),
            changed: true,
        }
    }

    /// The first cycle in which all these engines' queues have room for one more; `None` while that is not known.
    #[inline]
    pub(super) fn room_cycle(&self, engines: &[Engine]) -> Option<u64> {
        let mut cycle = 0;
        for &engine in engines {
            let queue = &self.queues[engine as usize];
            let depth = queue.taken_cycles.len();
            if queue.dispatched >= depth {
                let before = queue.dispatched - depth;
                if before >= queue.taken {
                    return None;
                }
                cycle = cycle.max(queue.taken_cycles[before % depth] + 1);
            }
        }
        Some(cycle)
    }

    #[inline]
    pub(super) fn push(&mut self, engine: Engine, entry: Entry) {
        let queue = &mut self.queues[engine as usize];
        queue.dispatched += 1;
        queue.entries.push_back(entry);
        queue.advance();
    }

    /// The instruction that the engine has taken and not started.
    pub(super) fn taken(&self, engine: Engine) -> Option<&Entry> {
        self.queues[engine as usize].decoding.as_ref()
    }

    /// The instruction that the engine has taken and the cycle from which it may start, if all its tokens are known: its
    /// decoding is done, and the tokens are there.
    #[inline]
    pub(super) fn start(&mut self, engine: Engine) -> Option<(u64, Entry)> {
        let decoding = &mut self.queues[engine as usize].decoding;
        let mut entry = (*decoding)?;
        for semaphore in entry.wait.iter() {
            let cycle = *self.tokens[semaphore as usize].front()?;
            entry.tokens_cycle = entry.tokens_cycle.max(cycle);
            if semaphore == Semaphore::DrainFull {
                entry.drained_cycle = cycle;
            }
        }
        for semaphore in entry.wait.iter() {
            self.tokens[semaphore as usize].pop_front();
        }
        *decoding = None;
        let decoded = entry.taken_cycle + entry.decode_cycles as u64;
        Some((decoded.max(entry.tokens_cycle), entry))
    }

    /// The instruction of [`start`](Self::start) started in that cycle: the next one is taken in the cycle after.
    pub(super) fn started(&mut self, engine: Engine, cycle: u64) {
        let queue = &mut self.queues[engine as usize];
        queue.free = cycle + 1;
        queue.advance();
        self.changed = true;
    }

    /// A token appears.
    pub(super) fn post(&mut self, semaphore: Semaphore, cycle: u64) {
        self.tokens[semaphore as usize].push_back(cycle);
        self.changed = true;
    }

    /// The first instruction that is taken and not started, and the semaphore that it waits for.
    pub(super) fn first_waiting(&self) -> Option<(usize, Semaphore)> {
        let waiting = self.queues.iter().filter_map(|queue| queue.decoding.as_ref());
        let entry = waiting.min_by_key(|entry| entry.index)?;
        let starved = |s: &Semaphore| self.tokens[*s as usize].is_empty();
        let semaphore = entry.wait.iter().find(starved)?;
        Some((entry.index, semaphore))
    }
}
