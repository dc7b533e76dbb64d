//! Instruction queues and semaphores.

use satkit_spec::ArrayConfig;
use satkit_spec::isa::{Engine, Semaphore, SemaphoreSet};
use std::collections::VecDeque;

/// An instruction in a queue.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    /// Index in the program.
    pub(super) index: usize,
    /// What the sequencer had set when it fetched it.
    pub(super) context: usize,
    /// First cycle in which it is in the queue.
    pub(super) dispatch_cycle: u64,
    /// First cycle in which every semaphore that it waits for has its token; 0 until it is taken.
    pub(super) tokens_cycle: u64,
    /// Beats of a load, if they are known.
    pub(super) beats: Option<u32>,
    /// Semaphores that it waits for.
    pub(super) wait: SemaphoreSet,
}

struct Queue {
    entries: VecDeque<Entry>,
    /// Start cycles of the last `depth` instructions, as a ring.
    starts: Vec<u64>,
    /// Instructions that came in, and that started.
    dispatched: usize,
    started: usize,
}

/// One queue per engine, and the cycles at which each semaphore's tokens appear.
pub(super) struct Queues {
    queues: [Queue; Engine::ALL.len()],
    tokens: Vec<VecDeque<u64>>,
    depth: usize,
    /// Something happened that may let an instruction start.
    pub(super) changed: bool,
}

impl Queues {
    pub(super) fn new(config: &ArrayConfig) -> Self {
        let depth = config.queue_depth;
        let queue = |_| Queue {
            entries: VecDeque::with_capacity(depth),
            starts: vec![0; depth],
            dispatched: 0,
            started: 0,
        };
        let tokens =
            |semaphore: &Semaphore| std::iter::repeat_n(0, semaphore.initial() as usize).collect();
        Self {
            queues: Engine::ALL.map(queue),
            tokens: Semaphore::ALL.iter().map(tokens).collect(),
            depth,
            changed: true,
        }
    }

    /// The first cycle in which the engine's queue has room for one more; `None` while that is not known.
    pub(super) fn room_cycle(&self, engine: Engine) -> Option<u64> {
        let queue = &self.queues[engine as usize];
        if queue.dispatched < self.depth {
            return Some(0);
        }
        let before = queue.dispatched - self.depth;
        (before < queue.started).then(|| queue.starts[before % self.depth] + 1)
    }

    pub(super) fn push(&mut self, engine: Engine, entry: Entry) {
        let queue = &mut self.queues[engine as usize];
        queue.dispatched += 1;
        queue.entries.push_back(entry);
    }

    /// The engine's next instruction and the cycle from which it may start, if all its tokens are known. `decoded` gives the
    /// cycle in which the engine knows it, from that in which it is in the queue.
    #[inline]
    pub(super) fn take(
        &mut self,
        engine: Engine,
        decoded: impl FnOnce(u64) -> u64,
    ) -> Option<(u64, Entry)> {
        let mut entry = *self.queues[engine as usize].entries.front()?;
        let wait = entry.wait;
        for semaphore in wait.iter() {
            entry.tokens_cycle = entry.tokens_cycle.max(*self.tokens[semaphore as usize].front()?);
        }
        let ready = decoded(entry.dispatch_cycle).max(entry.tokens_cycle);
        for semaphore in wait.iter() {
            self.tokens[semaphore as usize].pop_front();
        }
        self.queues[engine as usize].entries.pop_front();
        Some((ready, entry))
    }

    /// The instruction taken last started in that cycle.
    pub(super) fn started(&mut self, engine: Engine, cycle: u64) {
        let depth = self.depth;
        let queue = &mut self.queues[engine as usize];
        queue.starts[queue.started % depth] = cycle;
        queue.started += 1;
        self.changed = true;
    }

    /// A token appears.
    pub(super) fn post(&mut self, semaphore: Semaphore, cycle: u64) {
        self.tokens[semaphore as usize].push_back(cycle);
        self.changed = true;
    }

    /// The first instruction that is still queued, and the semaphore that it waits for.
    pub(super) fn first_waiting(&self) -> Option<(usize, Semaphore)> {
        let fronts = self.queues.iter().filter_map(|queue| queue.entries.front());
        let entry = fronts.min_by_key(|entry| entry.index)?;
        let starved = |s: &Semaphore| self.tokens[*s as usize].is_empty();
        let semaphore = entry.wait.iter().find(starved)?;
        Some((entry.index, semaphore))
    }
}
