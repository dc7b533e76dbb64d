//! The card's memory behind the core's AXI masters: its bytes, and the cycles that a memory model gives.
//!
//! Cycle by cycle, the same as the simulator's memory sees them: whoever drives this takes the requests of a cycle first (reads
//! before writes, each master after master), then asks what is offered in that same cycle, and says which
//! of it was taken. Every request is taken in the cycle in which it is made.

use super::axi::{BEAT_BYTES, Burst, Response, Violation};
use super::port::{Port, PortStatistics, ReadBeat, Schedule};
use satkit_memory::{
    AnyMemory, Direction, Memory as _, MemoryError, MemoryModel, Ports, Request, Transfer,
};
use satkit_spec::REQUEST_CYCLES;
use satkit_transport::memory::CardMemory;
use std::sync::Arc;

/// Cycle of a job in which its first request is on the bus: the program's fetch asks in cycle 0.
const FIRST_REQUEST_CYCLE: u64 = REQUEST_CYCLES as u64;

/// All masters' ports.
#[derive(Debug)]
pub(super) struct Bus {
    memory: Arc<CardMemory>,
    model: MemoryModel,
    shape: Ports,
    time: AnyMemory,
    /// The clock's cycle that is the job's first, once its first request has come.
    origin: Option<u64>,
    ports: Vec<Port>,
    /// The job's requests as the model has seen them, if they are kept.
    kept: Option<Vec<Request>>,
}

impl Bus {
    /// An idle memory.
    ///
    /// # Errors
    /// [`MemoryError`] if the model does not fit the ports.
    pub(super) fn new(
        memory: Arc<CardMemory>,
        model: MemoryModel,
        shape: Ports,
    ) -> Result<Self, MemoryError> {
        let time = model.build(&shape)?;
        let ports = (0..shape.channels).map(|_| Port::default()).collect();
        Ok(Self { memory, model, shape, time, origin: None, ports, kept: None })
    }

    /// From the next job on its requests are kept.
    pub(super) fn keep_requests(&mut self) {
        self.kept = Some(Vec::new());
    }

    /// The requests of the job.
    pub(super) fn kept_requests(&self) -> Vec<Request> {
        self.kept.clone().unwrap_or_default()
    }

    /// The bytes.
    pub(super) fn memory(&self) -> &CardMemory {
        &self.memory
    }

    /// Masters.
    pub(super) fn ports(&self) -> usize {
        self.ports.len()
    }

    /// The next request begins a job: the memory is as new, and its time counts from there.
    pub(super) fn restart(&mut self) {
        self.origin = None;
        if let Some(kept) = &mut self.kept {
            kept.clear();
        }
        // It could be built once.
        if let Ok(time) = self.model.build(&self.shape) {
            self.time = time;
        }
    }

    /// A cycle counted from the job's first, once that is known.
    pub(super) fn job_cycle(&self, cycle: u64) -> Option<u64> {
        cycle.checked_sub(self.origin?)
    }

    /// Forgets what is under way.
    pub(super) fn clear(&mut self) {
        self.ports.iter_mut().for_each(Port::clear);
        self.restart();
    }

    /// A master's request; `cycle` never goes back.
    ///
    /// # Errors
    /// [`Violation`] if no master of the core may ask so.
    pub(super) fn request(
        &mut self,
        port: usize,
        direction: Direction,
        burst: Burst,
        cycle: u64,
    ) -> Result<(), Violation> {
        burst.check(port, self.ports.len()).map_err(|reason| Violation::Burst {
            port,
            direction,
            burst,
            reason,
        })?;
        let origin = *self.origin.get_or_insert(cycle.saturating_sub(FIRST_REQUEST_CYCLE));
        let (address, beats) = (burst.address, burst.beats());
        let request = Request { cycle: cycle - origin, address, beats, direction };
        if let Some(kept) = &mut self.kept {
            kept.push(request);
        }
        let Transfer { start_cycle, end_cycle } = self.time.transfer(request);
        let schedule =
            Schedule { start_cycle: origin + start_cycle, end_cycle: origin + end_cycle };
        match direction {
            Direction::Read => self.ports[port].read(address, beats, schedule, &self.memory),
            Direction::Write => self.ports[port].write(address, beats, schedule),
        }
        Ok(())
    }

    /// The read data that is offered to a master in this cycle.
    pub(super) fn offered(&self, port: usize, cycle: u64) -> Option<ReadBeat<'_>> {
        self.ports[port].offered(cycle)
    }

    /// It was taken.
    pub(super) fn beat_taken(&mut self, port: usize, cycle: u64) {
        self.ports[port].beat_taken(cycle);
    }

    /// True if a master's write data is taken in this cycle.
    pub(super) fn ready(&self, port: usize, cycle: u64) -> bool {
        self.ports[port].ready(cycle)
    }

    /// It was given.
    ///
    /// # Errors
    /// [`Violation::Last`].
    pub(super) fn beat_given(
        &mut self,
        port: usize,
        cycle: u64,
        data: &[u8; BEAT_BYTES],
        strobes: u64,
        last: bool,
    ) -> Result<(), Violation> {
        self.ports[port].beat_given(port, cycle, data, strobes, last, &self.memory)
    }

    /// The response that is offered to a master in this cycle.
    pub(super) fn response(&self, port: usize, cycle: u64) -> Option<Response> {
        self.ports[port].response(cycle)
    }

    /// It was taken.
    pub(super) fn response_taken(&mut self, port: usize, cycle: u64) {
        self.ports[port].response_taken(cycle);
    }

    /// The next cycle in which something is offered or taken, if no master asks for more; `None` if nothing is under way.
    pub(super) fn next_due(&self) -> Option<u64> {
        self.ports.iter().filter_map(Port::next_due).min()
    }

    /// What all ports have counted.
    pub(super) fn statistics(&self) -> PortStatistics {
        self.ports.iter().fold(PortStatistics::default(), |sum, port| PortStatistics {
            reads: sum.reads + port.statistics.reads,
            writes: sum.writes + port.statistics.writes,
            displaced: sum.displaced + port.statistics.displaced,
            late: sum.late + port.statistics.late,
        })
    }
}

#[cfg(test)]
mod tests;
