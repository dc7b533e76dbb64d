//! The card's memory at AXI ports: bytes in beats, cycles from a memory model, errors on request.

use super::random::Random;
use satkit_memory::{AnyMemory, Direction, Memory as _, MemoryModel, Ports, Request};
use satkit_rtl::{Model, PortId};
use satkit_spec::ArrayConfig;
use std::collections::{HashMap, HashSet, VecDeque};

pub(crate) type Beat = [u32; 16];

struct Read {
    address: u64,
    beats: u64,
    start: u64,
    end: u64,
    done: u64,
}

impl Read {
    fn due(&self) -> u64 {
        let on_time = self.start + self.done;
        if self.done + 1 == self.beats { on_time.max(self.end - 1) } else { on_time }
    }
}

struct Write {
    address: u64,
    beats: u64,
    start: u64,
    end: u64,
    done: u64,
    bad: bool,
}

struct Port {
    pins: HashMap<&'static str, PortId>,
    reads: VecDeque<Read>,
    writes: VecDeque<Write>,
    /// Cycle of each response, and whether it is an error.
    responses: VecDeque<(u64, bool)>,
    response_free: u64,
}

const PINS: [&str; 17] = [
    "araddr", "arlen", "arvalid", "arready", "awaddr", "awlen", "awvalid", "awready", "wdata",
    "wlast", "wvalid", "wready", "rdata", "rresp", "rlast", "rvalid", "bresp",
];

pub(crate) struct Card {
    time: AnyMemory,
    ports: Vec<Port>,
    pub(crate) content: HashMap<u64, Beat>,
    /// Cycle of the job's first; none before the first request.
    pub(crate) origin: Option<u64>,
    pub(crate) requests: Vec<Request>,
    /// Beats that are errors, read or written.
    pub(crate) bad: HashSet<u64>,
}

impl Card {
    pub(crate) fn new(model: &Model, config: &ArrayConfig, memory: &MemoryModel) -> Self {
        let port = |p: usize| {
            let pin = |name: &str| model.port(&format!("m_axi_{p}_{name}")).unwrap();
            let mut pins: HashMap<&'static str, PortId> =
                PINS.iter().map(|&name| (name, pin(name))).collect();
            pins.insert("bvalid", pin("bvalid"));
            Port {
                pins,
                reads: VecDeque::new(),
                writes: VecDeque::new(),
                responses: VecDeque::new(),
                response_free: 0,
            }
        };
        Self {
            time: memory.build(&Ports::from(config)).unwrap(),
            ports: (0..config.dram_channels).map(port).collect(),
            content: HashMap::new(),
            origin: None,
            requests: Vec::new(),
            bad: HashSet::new(),
        }
    }

    /// A job begins: the memory is idle.
    pub(crate) fn restart(&mut self, config: &ArrayConfig, memory: &MemoryModel) {
        self.time = memory.build(&Ports::from(config)).unwrap();
        self.origin = None;
        self.requests.clear();
        assert!(self.ports.iter().all(|port| {
            port.reads.is_empty() && port.writes.is_empty() && port.responses.is_empty()
        }));
    }

    /// Everything is reset, the memory too.
    pub(crate) fn forget(&mut self) {
        for port in &mut self.ports {
            port.reads.clear();
            port.writes.clear();
            port.responses.clear();
        }
    }

    /// Takes the requests of a cycle, and puts its answers on the pins.
    pub(crate) fn speak(&mut self, model: &mut Model, now: u64) {
        for direction in [Direction::Read, Direction::Write] {
            let a = if direction == Direction::Read { "ar" } else { "aw" };
            let pin = |what: &str| PINS.iter().find(|pin| **pin == format!("{a}{what}")).unwrap();
            let (valid, addr, len) = (pin("valid"), pin("addr"), pin("len"));
            for port in &mut self.ports {
                if model.get(port.pins[valid]) == 0 {
                    continue;
                }
                let origin = *self.origin.get_or_insert(now - 1);
                let (address, beats) = (model.get(port.pins[addr]), model.get(port.pins[len]) + 1);
                let request =
                    Request { cycle: now - origin, address, beats: beats as u32, direction };
                self.requests.push(request);
                let transfer = self.time.transfer(request);
                let (start, end) = (transfer.start_cycle + origin, transfer.end_cycle + origin);
                let address = address / 64;
                match direction {
                    Direction::Read => {
                        port.reads.push_back(Read { address, beats, start, end, done: 0 });
                    }
                    Direction::Write => {
                        let bad = (address..address + beats).any(|at| self.bad.contains(&at));
                        port.writes.push_back(Write { address, beats, start, end, done: 0, bad });
                    }
                }
            }
        }
        for port in &mut self.ports {
            for ready in ["arready", "awready"] {
                model.set(port.pins[ready], 1);
            }
            let beat = port.reads.front().filter(|read| read.due() <= now);
            model.set(port.pins["rvalid"], beat.is_some().into());
            if let Some(read) = beat {
                let at = read.address + read.done;
                let data = self.content.get(&at).copied().unwrap_or_else(|| untouched(at));
                model.set_wide(port.pins["rdata"], &data);
                model.set(port.pins["rresp"], 2 * u64::from(self.bad.contains(&at)));
                model.set(port.pins["rlast"], (read.done + 1 == read.beats).into());
            }
            let takes = port.writes.front().is_some_and(|write| write.start + write.done <= now);
            model.set(port.pins["wready"], takes.into());
            let response = port.responses.front().filter(|response| response.0 <= now);
            model.set(port.pins["bvalid"], response.is_some().into());
            model.set(port.pins["bresp"], response.map_or(0, |response| 2 * u64::from(response.1)));
        }
    }

    /// Takes what was given in the cycle.
    pub(crate) fn listen(&mut self, model: &Model, now: u64) {
        for port in &mut self.ports {
            if let Some(read) = port.reads.front_mut().filter(|read| read.due() <= now) {
                read.done += 1;
                if read.done == read.beats {
                    port.reads.pop_front();
                }
            }
            if port.responses.front().is_some_and(|response| response.0 <= now) {
                port.responses.pop_front();
            }
            let Some(write) = port.writes.front_mut() else { continue };
            if write.start + write.done <= now && model.get(port.pins["wvalid"]) == 1 {
                let mut beat = Beat::default();
                model.get_words(port.pins["wdata"], &mut beat);
                self.content.insert(write.address + write.done, beat);
                write.done += 1;
                let last = write.done == write.beats;
                assert_eq!(model.get(port.pins["wlast"]) == 1, last);
                if last {
                    let due = write.end.max(now + 1).max(port.response_free);
                    port.response_free = due + 1;
                    port.responses.push_back((due, write.bad));
                    port.writes.pop_front();
                }
            }
        }
    }
}

/// What is in a beat that was never written.
pub(crate) fn untouched(address: u64) -> Beat {
    let mut random = Random(address);
    std::array::from_fn(|_| random.next() as u32)
}
