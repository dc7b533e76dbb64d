//! LD.A and LD.W: requests in order, data in order, a beat per cycle into the banks, or as many cycles as it takes.

use super::dma::Dma;
use super::queues::Entry;
use super::record::Retired;
use super::sequencer::Context;
use crate::traffic::{self, RequestSteps, Requests, Steps};
use satkit_memory::{Direction, Memory};
use satkit_spec::isa::{Engine, Instruction, Operation};
use satkit_spec::{
    ACTIVATION_TABLE_CYCLES, ACTIVATION_WRITE_CYCLES, ArrayConfig, LOAD_ISSUE_CYCLES,
    LOAD_WRITE_CYCLES,
};
use std::collections::VecDeque;

/// A load engine. It issues one request per cycle while no more than its buffer's beats are under way, and starts the next
/// instruction while data of the one before still arrives.
pub(super) struct LoadEngine {
    pub(super) engine: Engine,
    /// Cycle of its next request; `u64::MAX` while it has none.
    pub(super) next_cycle: u64,
    /// First cycle in which an instruction may start.
    free: u64,
    /// First cycle after the last step of what has been requested.
    done: u64,
    /// The same before the step that a load of activations begins with.
    before: u64,
    /// Of the requests under way the cycle in which their last beat is taken, and their beats.
    inflight: VecDeque<(u64, u32)>,
    inflight_beats: usize,
    capacity_beats: usize,
    /// The instruction that it requests for.
    pub(super) index: usize,
    start: u64,
    at: usize,
    requests: Requests,
    steps: Steps,
}

impl LoadEngine {
    pub(super) fn new(config: &ArrayConfig, engine: Engine, paged: bool) -> Self {
        Self {
            engine,
            next_cycle: u64::MAX,
            free: 0,
            done: 0,
            before: 0,
            inflight: VecDeque::new(),
            inflight_beats: 0,
            capacity_beats: config.axi_inflight_beats,
            index: 0,
            start: 0,
            at: 0,
            requests: Requests::new(paged),
            steps: Steps::default(),
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
        entry: &Entry,
        instruction: &Instruction,
        context: &Context,
    ) -> u64 {
        let index = entry.index;
        self.requests.clear();
        self.steps.clear();
        if let Some(known) = entry.known {
            self.requests.known(known.beats);
            self.steps.known(known.steps);
        } else if let (Some(space), Some(operands)) = (&context.space, &context.operands) {
            match &instruction.operation {
                Operation::LoadActivations(load) => {
                    let rows = config.rows;
                    let (requests, steps) = (&mut self.requests, &mut self.steps);
                    traffic::load_activations(space, operands, load, rows, requests, steps);
                }
                Operation::LoadWeights(load) => {
                    let cols = config.cols;
                    let (requests, steps) = (&mut self.requests, &mut self.steps);
                    traffic::load_weights(space, operands, load, cols, requests, steps);
                }
                _ => {}
            }
        }
        (self.index, self.at) = (index, 0);
        self.start = ready.max(self.free);
        self.before = self.done;
        if self.engine == Engine::LoadActivations {
            // A step before its beats clears a line of the banks, not before the offsets are on their way.
            let table = match (&context.space, &instruction.operation) {
                (Some(space), Operation::LoadActivations(load)) => {
                    traffic::activation_table_cycles(space, load)
                }
                _ => ACTIVATION_TABLE_CYCLES,
            };
            let begins = self.start + (table - ACTIVATION_WRITE_CYCLES) as u64;
            self.done = self.done.max(begins) + 1;
        }
        self.next_cycle = self.room_cycle(self.start + LOAD_ISSUE_CYCLES as u64);
        self.start
    }

    /// The first cycle from `cycle` on in which the next request fits the buffer.
    fn room_cycle(&mut self, mut cycle: u64) -> u64 {
        let Some(request) = self.requests.list().get(self.at) else { return cycle };
        let beats = request.beats as usize;
        while let Some(&(arrival, taken)) = self.inflight.front() {
            if arrival > cycle && self.inflight_beats + beats <= self.capacity_beats {
                break;
            }
            cycle = cycle.max(arrival);
            self.inflight_beats -= taken as usize;
            self.inflight.pop_front();
        }
        cycle
    }

    /// Issues the request that is due.
    #[inline]
    pub(super) fn act<M: Memory>(&mut self, dma: &mut Dma<'_, M>) -> Option<Retired> {
        let cycle = self.next_cycle;
        // A load of nothing but padding has no request, and what is behind it still starts after it.
        if let Some(&request) = self.requests.list().get(self.at) {
            let Some(transfer) = dma.request(cycle, request, Direction::Read) else {
                self.next_cycle = cycle + 1;
                return None;
            };
            // Beats are taken in order over all channels, from the cycle after each has come on. If none takes less than a
            // cycle, only the first and the last one's coming can hold up the last.
            let RequestSteps { all, last } = self.steps.of(self.at, request.beats);
            let first = self.done.max(transfer.start_cycle + 1);
            let came = transfer.end_cycle.max(transfer.start_cycle + u64::from(request.beats));
            self.done = (first + u64::from(all)).max(came + u64::from(last));
            // A single beat has left its buffer while it waits for that step.
            let waits = self.at == 0 && request.beats == 1;
            let taken = if waits { came.max(self.before) } else { self.done - u64::from(last) };
            self.inflight.push_back((taken, request.beats));
            self.inflight_beats += request.beats as usize;
            self.at += 1;
        }
        self.free = cycle + 1;
        if self.at < self.requests.list().len() {
            self.next_cycle = self.room_cycle(self.free);
            return None;
        }
        self.next_cycle = u64::MAX;
        let write_cycles = match self.engine {
            Engine::LoadActivations => ACTIVATION_WRITE_CYCLES,
            _ => LOAD_WRITE_CYCLES,
        };
        let end_cycle = self.done.max(cycle + 1) - 1 + write_cycles as u64;
        Some(Retired {
            index: self.index,
            engine: self.engine,
            start_cycle: self.start,
            end_cycle,
            released_cycle: end_cycle,
            busy_cycles: self.requests.beats().max(self.steps.all()),
            read_beats: self.requests.beats(),
            write_beats: 0,
        })
    }
}
