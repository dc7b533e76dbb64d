//! One master's bursts under way: when each beat is due, and what it holds.

use super::axi::{BEAT_BYTES, Response, Violation};
use satkit_transport::memory::{CardMemory, MemoryFault, MemoryFaultKind};
use std::collections::VecDeque;

/// When a burst's beats pass, in cycles of the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Schedule {
    /// The first beat.
    pub(super) start_cycle: u64,
    /// First cycle after the last beat of a read; the response to a write.
    pub(super) end_cycle: u64,
}

/// A beat of read data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ReadBeat<'a> {
    /// Its bytes.
    pub(super) data: &'a [u8],
    /// How it is answered.
    pub(super) response: Response,
    /// The burst's last.
    pub(super) last: bool,
}

#[derive(Debug)]
struct Read {
    schedule: Schedule,
    data: Vec<u8>,
    /// How each beat is answered.
    responses: Vec<Response>,
    done: u32,
}

impl Read {
    const fn is_last(&self) -> bool {
        self.done as usize + 1 == self.responses.len()
    }

    /// The cycle of the next beat: one per cycle, and what is missing to the end before the last.
    fn due(&self) -> u64 {
        let on_time = self.schedule.start_cycle + u64::from(self.done);
        if self.is_last() {
            on_time.max(self.schedule.end_cycle.saturating_sub(1))
        } else {
            on_time
        }
    }
}

#[derive(Debug)]
struct Write {
    schedule: Schedule,
    address: u64,
    data: Vec<u8>,
    /// Which bytes of each beat are written.
    strobes: Vec<u64>,
    beats: u32,
}

impl Write {
    fn due(&self) -> u64 {
        self.schedule.start_cycle + self.strobes.len() as u64
    }

    /// Puts the bytes into memory.
    fn commit(&self, memory: &CardMemory) -> Response {
        if self.strobes.iter().all(|&strobe| strobe == u64::MAX) {
            return answer(memory.write(self.address, &self.data));
        }
        let mut worst = Response::Okay;
        let enabled = |byte: usize| self.strobes[byte / BEAT_BYTES] >> (byte % BEAT_BYTES) & 1 == 1;
        let mut at = 0;
        while at < self.data.len() {
            let len = (at..self.data.len()).take_while(|&byte| enabled(byte)).count();
            if len > 0 {
                let written = memory.write(self.address + at as u64, &self.data[at..at + len]);
                worst = if worst == Response::Okay { answer(written) } else { worst };
            }
            at += len.max(1);
        }
        worst
    }
}

const fn answer(result: Result<(), MemoryFault>) -> Response {
    match result {
        Ok(()) => Response::Okay,
        Err(fault) => response_to(fault.kind),
    }
}

const fn response_to(fault: MemoryFaultKind) -> Response {
    match fault {
        MemoryFaultKind::Outside => Response::DecodeError,
        MemoryFaultKind::NeverWritten => Response::SlaveError,
    }
}

/// How well port and master keep to the model's cycles.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PortStatistics {
    /// Read bursts.
    pub reads: u64,
    /// Write bursts.
    pub writes: u64,
    /// Bursts that passed later than the memory model says, because a port passes one beat per cycle: none with paged models,
    /// whose answers leave room for each.
    pub displaced: u64,
    /// Beats and responses that the master let wait: a core that asks for what it cannot take or give yet.
    pub late: u64,
}

/// The bursts of one master.
#[derive(Debug, Default)]
pub(super) struct Port {
    reads: VecDeque<Read>,
    writes: VecDeque<Write>,
    responses: VecDeque<(u64, Response)>,
    /// First cycle in which no beat of the reads so far passes.
    read_free: u64,
    response_free: u64,
    pub(super) statistics: PortStatistics,
}

impl Port {
    /// A read burst is taken: its data are those of this moment.
    pub(super) fn read(&mut self, address: u64, beats: u32, model: Schedule, memory: &CardMemory) {
        let mut data = vec![0; beats as usize * BEAT_BYTES];
        let mut responses = vec![Response::Okay; beats as usize];
        let mut good = data.len();
        // What lies before a fault may be there.
        while good > 0
            && let Err(fault) = memory.read(address, &mut data[..good])
        {
            let first = (fault.address - address) as usize / BEAT_BYTES;
            responses[first..good / BEAT_BYTES].fill(response_to(fault.kind));
            good = first * BEAT_BYTES;
            data[good..].fill(0);
        }
        let start_cycle = model.start_cycle.max(self.read_free);
        let end_cycle = model.end_cycle.max(start_cycle + u64::from(beats));
        let schedule = Schedule { start_cycle, end_cycle };
        self.statistics.reads += 1;
        self.statistics.displaced += u64::from(schedule != model);
        self.read_free = end_cycle;
        self.reads.push_back(Read { schedule, data, responses, done: 0 });
    }

    /// A write burst is taken.
    pub(super) fn write(&mut self, address: u64, beats: u32, schedule: Schedule) {
        self.statistics.writes += 1;
        let data = Vec::with_capacity(beats as usize * BEAT_BYTES);
        let strobes = Vec::with_capacity(beats as usize);
        self.writes.push_back(Write { schedule, address, data, strobes, beats });
    }

    /// The beat that is offered in this cycle.
    pub(super) fn offered(&self, cycle: u64) -> Option<ReadBeat<'_>> {
        let read = self.reads.front().filter(|read| read.due() <= cycle)?;
        let beat = read.done as usize;
        let data = &read.data[beat * BEAT_BYTES..][..BEAT_BYTES];
        Some(ReadBeat { data, response: read.responses[beat], last: read.is_last() })
    }

    /// The master takes the beat that is offered.
    pub(super) fn beat_taken(&mut self, cycle: u64) {
        let Some(read) = self.reads.front_mut() else { return };
        self.statistics.late += u64::from(cycle > read.due());
        if read.is_last() {
            self.reads.pop_front();
        } else {
            read.done += 1;
        }
    }

    /// True if a beat of write data is taken in this cycle.
    pub(super) fn ready(&self, cycle: u64) -> bool {
        self.writes.front().is_some_and(|write| write.due() <= cycle)
    }

    /// The master gives a beat of write data; after the last one the burst is in memory.
    pub(super) fn beat_given(
        &mut self,
        port: usize,
        cycle: u64,
        data: &[u8; BEAT_BYTES],
        strobes: u64,
        last: bool,
        memory: &CardMemory,
    ) -> Result<(), Violation> {
        let Some(write) = self.writes.front_mut() else { return Ok(()) };
        self.statistics.late += u64::from(cycle > write.due());
        write.data.extend_from_slice(data);
        write.strobes.push(strobes);
        let (given, beats) = (write.strobes.len() as u32, write.beats);
        if last != (given == beats) {
            return Err(Violation::Last { port, found: last, beat: given - 1, beats });
        }
        if last {
            let response = write.commit(memory);
            let model = write.schedule.end_cycle;
            let due = model.max(cycle + 1).max(self.response_free);
            self.statistics.displaced += u64::from(due != model);
            self.response_free = due + 1;
            self.responses.push_back((due, response));
            self.writes.pop_front();
        }
        Ok(())
    }

    /// The response that is offered in this cycle.
    pub(super) fn response(&self, cycle: u64) -> Option<Response> {
        self.responses.front().filter(|(due, _)| *due <= cycle).map(|(_, response)| *response)
    }

    /// The master takes the response that is offered.
    pub(super) fn response_taken(&mut self, cycle: u64) {
        if let Some((due, _)) = self.responses.pop_front() {
            self.statistics.late += u64::from(cycle > due);
        }
    }

    /// The next cycle in which this port drives something.
    pub(super) fn next_due(&self) -> Option<u64> {
        let dues = [
            self.reads.front().map(Read::due),
            self.writes.front().map(Write::due),
            self.responses.front().map(|(due, _)| *due),
        ];
        dues.into_iter().flatten().min()
    }

    /// Forgets what is under way.
    pub(super) fn clear(&mut self) {
        *self = Self { statistics: self.statistics, ..Self::default() };
    }
}
