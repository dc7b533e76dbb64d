//! Card memory behind the masters' pins: bytes that follow from their address, in the cycles that a memory model gives.

use crate::live::Pins;
use crate::support::Random;
use satkit_memory::{
    AnyMemory, Direction, Memory, MemoryModel, Ports, Request, Statistics, Transfer,
};
use satkit_spec::isa::Word;
use satkit_spec::{ArrayConfig, REQUEST_CYCLES};
use std::collections::VecDeque;

/// A beat's words.
pub(super) type Beat = [u32; 16];

/// What memory holds: a program, and anything everywhere else.
#[derive(Clone, Debug, Default)]
pub(super) struct Content {
    pub(super) program_address: u64,
    pub(super) program: Vec<Word>,
}

impl Content {
    /// The beat at a byte address.
    pub(super) fn beat(&self, address: u64) -> Beat {
        let first = address.wrapping_sub(self.program_address) / 64 * 2;
        if address >= self.program_address && (first as usize) < self.program.len() {
            let word = |index: u64| self.program.get(index as usize).copied().unwrap_or_default();
            let both = [word(first).0, word(first + 1).0];
            return std::array::from_fn(|at| (both[at / 8][at / 2 % 4] >> (at % 2 * 32)) as u32);
        }
        let mut random = Random(address);
        std::array::from_fn(|_| random.next() as u32)
    }

    /// Two bytes.
    pub(super) fn half(&self, address: u64) -> u16 {
        (self.beat(address / 64 * 64)[address as usize % 64 / 4] >> (address % 4 * 8)) as u16
    }
}

/// Keeps the requests that a memory gets.
pub(super) struct Recorder {
    memory: AnyMemory,
    pub(super) requests: Vec<Request>,
}

impl Recorder {
    pub(super) fn new(config: &ArrayConfig, model: &MemoryModel) -> Self {
        Self { memory: model.build(&Ports::from(config)).unwrap(), requests: Vec::new() }
    }
}

impl Memory for Recorder {
    fn transfer(&mut self, request: Request) -> Transfer {
        self.requests.push(request);
        self.memory.transfer(request)
    }

    fn statistics(&self) -> &Statistics {
        self.memory.statistics()
    }
}

struct Read {
    address: u64,
    beats: u32,
    done: u32,
    time: Transfer,
}

impl Read {
    /// One beat per cycle, and what is missing to the end before the last.
    fn due(&self) -> u64 {
        let on_time = self.time.start_cycle + u64::from(self.done);
        if self.done + 1 == self.beats { on_time.max(self.time.end_cycle - 1) } else { on_time }
    }
}

/// The ports of a job.
pub(super) struct Card {
    pub(super) memory: Recorder,
    /// The cycle that is the job's first.
    pub(super) origin: Option<u64>,
    ports: Vec<VecDeque<Read>>,
    /// Byte address of a beat that is answered with an error.
    pub(super) bad_beat: Option<u64>,
}

impl Card {
    pub(super) fn new(config: &ArrayConfig, model: &MemoryModel) -> Self {
        Self {
            memory: Recorder::new(config, model),
            origin: None,
            ports: (0..config.dram_channels).map(|_| VecDeque::new()).collect(),
            bad_beat: None,
        }
    }

    /// What is on the pins in a cycle.
    pub(super) fn speak(&self, now: u64, content: &Content, pins: &mut Pins<'_>) {
        for (p, reads) in self.ports.iter().enumerate() {
            let mut put = |signal: &str, value| pins.put(&format!("m_axi_{p}_{signal}"), value);
            put("arready", 1);
            let due = reads.front().filter(|read| Some(read.due()) == self.cycle(now));
            put("rvalid", due.is_some().into());
            if let Some(read) = due {
                let address = read.address + u64::from(read.done) * 64;
                put("rlast", (read.done + 1 == read.beats).into());
                put("rresp", if self.bad_beat == Some(address) { 2 } else { 0 });
                pins.put_words(&format!("m_axi_{p}_rdata"), 0, &content.beat(address));
            }
        }
    }

    fn cycle(&self, now: u64) -> Option<u64> {
        self.origin.map(|origin| now - origin)
    }

    /// What was on them.
    pub(super) fn listen(&mut self, now: u64, pins: &Pins<'_>) {
        let cycle = self.cycle(now);
        for reads in &mut self.ports {
            if let Some(read) = reads.front_mut()
                && Some(read.due()) == cycle
            {
                read.done += 1;
                if read.done == read.beats {
                    reads.pop_front();
                }
            }
        }
        for p in 0..self.ports.len() {
            let get = |signal: &str| pins.get(&format!("m_axi_{p}_{signal}"));
            if get("arvalid") == 1 {
                let origin = *self.origin.get_or_insert(now - REQUEST_CYCLES as u64);
                let (address, beats) = (get("araddr"), get("arlen") as u32 + 1);
                let direction = Direction::Read;
                let request = Request { cycle: now - origin, address, beats, direction };
                let time = self.memory.transfer(request);
                self.ports[p].push_back(Read { address, beats, done: 0, time });
            }
        }
    }

    pub(super) fn is_idle(&self) -> bool {
        self.ports.iter().all(VecDeque::is_empty)
    }
}
