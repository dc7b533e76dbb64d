//! LD.A and LD.W: requests in order, data in order, one beat per cycle into the banks.

use super::dma::Dma;
use super::queues::Entry;
use super::record::Retired;
use super::sequencer::Context;
use crate::traffic::{self, Requests};
use satkit_memory::{Direction, Memory};
use satkit_spec::ArrayConfig;
use satkit_spec::isa::{Engine, Instruction, Operation};
use std::collections::VecDeque;

/// A load engine. It issues one request per cycle while no more than its buffer's beats are under way, and starts the next
/// instruction while data of the one before still arrives.
pub(super) struct LoadEngine {
    pub(super) engine: Engine,
    /// Cycle of its next request; `u64::MAX` while it has none.
    pub(super) next_cycle: u64,
    /// First cycle in which a request may be issued.
    free: u64,
    /// First cycle after the last beat that is known to arrive.
    arrived: u64,
    /// Arrival and beats of the requests under way.
    inflight: VecDeque<(u64, u32)>,
    inflight_beats: usize,
    capacity_beats: usize,
    index: usize,
    start: u64,
    at: usize,
    requests: Requests,
}

impl LoadEngine {
    pub(super) fn new(config: &ArrayConfig, engine: Engine, paged: bool) -> Self {
        Self {
            engine,
            next_cycle: u64::MAX,
            free: 0,
            arrived: 0,
            inflight: VecDeque::new(),
            inflight_beats: 0,
            capacity_beats: config.axi_inflight_beats,
            index: 0,
            start: 0,
            at: 0,
            requests: Requests::new(paged),
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
        if let Some(beats) = entry.beats {
            self.requests.known(beats);
        } else if let (Some(space), Some(operands)) = (&context.space, &context.operands) {
            match &instruction.operation {
                Operation::LoadActivations(load) => {
                    traffic::load_activations(space, operands, load, &mut self.requests);
                }
                Operation::LoadWeights(load) => {
                    let cols = config.cols;
                    traffic::load_weights(space, operands, load, cols, &mut self.requests);
                }
                _ => {}
            }
        }
        (self.index, self.at) = (index, 0);
        self.start = ready.max(self.free);
        // A load of nothing but padding has no request, and what is behind it still starts after it.
        self.free = self.start + 1;
        self.next_cycle = self.room_cycle(self.start);
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
        if let Some(&request) = self.requests.list().get(self.at) {
            let Some(transfer) = dma.request(cycle, request, Direction::Read) else {
                self.next_cycle = cycle + 1;
                return None;
            };
            // Beats arrive in order, one per cycle over all channels.
            let first = self.arrived.max(transfer.start_cycle);
            self.arrived = (first + u64::from(request.beats)).max(transfer.end_cycle);
            self.inflight.push_back((self.arrived, request.beats));
            self.inflight_beats += request.beats as usize;
            self.free = cycle + 1;
            self.at += 1;
        }
        if self.at < self.requests.list().len() {
            self.next_cycle = self.room_cycle(self.free);
            return None;
        }
        self.next_cycle = u64::MAX;
        let end = self.arrived.max(cycle);
        Some(Retired {
            index: self.index,
            engine: self.engine,
            start_cycle: self.start,
            // The last beat is in the bank one cycle after it arrived.
            end_cycle: end + 1,
            released_cycle: end + 1,
            busy_cycles: self.requests.beats(),
            read_beats: self.requests.beats(),
            write_beats: 0,
        })
    }
}
