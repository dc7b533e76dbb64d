//! What the ports are to do, cycle by cycle, from the description of `satkit_hdl::dma`.

use super::memory::{Answers, Beat};
use crate::live::Pins;
use satkit_hdl::dma::{CLIENTS, W_DATA_CYCLES};
use std::collections::VecDeque;

/// What a client asks for, in beats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) address: u64,
    pub(super) beats: u64,
}

impl Request {
    /// The card has 64 GiB, in pages of 64 beats.
    pub(super) fn is_legal(self) -> bool {
        let Self { address, beats } = self;
        (1..=64).contains(&beats) && address % 64 + beats <= 64 && address < (64 << 30) / 64
    }
}

/// What clients put on their ports in a cycle: reads and writes, by client.
#[derive(Clone, Debug, Default)]
pub(super) struct Asked {
    pub(super) hold: bool,
    pub(super) clear: bool,
    pub(super) reset: bool,
    pub(super) requests: [[Option<Request>; 6]; 2],
}

/// What happens to clients in a cycle, by port.
#[derive(Clone, Debug, Default)]
pub(super) struct Happened {
    /// Reads and writes that are taken, by client; and refused.
    pub(super) taken: [[bool; 6]; 2],
    pub(super) refused: [[bool; 6]; 2],
    pub(super) beats: Vec<Option<(usize, Beat, bool)>>,
    pub(super) pulls: Vec<Option<usize>>,
    pub(super) done: Vec<Option<(usize, bool)>>,
}

#[derive(Clone, Copy, Debug)]
struct Open {
    client: usize,
    request: Request,
    at: u64,
}

/// Bursts that are offered on AR or AW, and those without their last answer.
#[derive(Debug, Default)]
struct Side {
    offers: VecDeque<Request>,
    open: VecDeque<Open>,
}

#[derive(Debug, Default)]
struct Port {
    sides: [Side; 2],
    /// Client, beat, error and address of what R gave in the cycle before; the same of B.
    beat: Option<(usize, Beat, bool, u64)>,
    done: Option<(usize, bool, u64)>,
    /// Writes whose beats are to be pulled.
    pulls: VecDeque<Open>,
    /// Beats pulled that have not left.
    ahead: usize,
    /// Client and last of what was pulled in the cycles before, the latest first.
    coming: VecDeque<Option<(usize, bool)>>,
    offered: VecDeque<(Beat, u64, bool)>,
}

impl Port {
    fn is_idle(&self) -> bool {
        let open = self.sides.iter().any(|side| !side.open.is_empty());
        let answered = self.beat.is_some() || self.done.is_some();
        !open && !answered && self.pulls.is_empty() && self.ahead == 0
    }
}

/// The ports of all channels.
#[derive(Debug)]
pub(super) struct Truth {
    ports: Vec<Port>,
    /// Bursts of a port and direction that may be under way.
    most: usize,
    /// Address of each client's first fault.
    pub(super) faults: [Option<u64>; 6],
}

impl Truth {
    pub(super) fn new(channels: usize, most: usize) -> Self {
        let ports = (0..channels).map(|_| Port::default()).collect();
        Self { ports, most, faults: [None; 6] }
    }

    pub(super) fn is_idle(&self) -> bool {
        self.ports.iter().all(Port::is_idle)
    }

    /// What happens in a cycle, compared with the pins.
    pub(super) fn check(&self, asked: &Asked, pins: &Pins<'_>) -> Happened {
        let channels = self.ports.len();
        let mut happened = Happened::default();
        for (side, channel) in ["ar", "aw"].into_iter().enumerate() {
            for (p, port) in self.ports.iter().enumerate() {
                let here = |&client: &usize| {
                    asked.requests[side][client].is_some_and(|request| {
                        request.is_legal() && request.address as usize / 64 % channels == p
                    })
                };
                let first = (0..6).find(here);
                if let Some(client) = first
                    && port.sides[side].offers.len() < 2
                    && port.sides[side].open.len() < self.most
                    && !asked.hold
                {
                    happened.taken[side][client] = true;
                }
                let signal = |signal: &str| pins.get(&format!("m_axi_{p}_{channel}{signal}"));
                let offer = port.sides[side].offers.front();
                assert_eq!(signal("valid"), u64::from(offer.is_some()), "{channel} of port {p}");
                if let Some(request) = offer {
                    assert_eq!(signal("addr"), request.address * 64);
                    assert_eq!(signal("len"), request.beats - 1);
                }
            }
            for (client, kind) in CLIENTS.iter().enumerate().filter(|(_, c)| c.writes || side == 0)
            {
                let request = asked.requests[side][client];
                happened.refused[side][client] = request.is_some_and(|request| !request.is_legal());
                let get = |what: &str| pins.get(&format!("{}_{channel}_{what}", kind.name)) == 1;
                assert_eq!(get("ready"), happened.taken[side][client], "{kind:?} {request:x?}");
                assert_eq!(get("refused"), happened.refused[side][client], "{kind:?} {request:x?}");
            }
        }
        for (p, port) in self.ports.iter().enumerate() {
            let pulled = port.pulls.front().filter(|_| port.ahead < 8).map(|open| open.client);
            happened.pulls.push(pulled);
            happened.beats.push(port.beat.map(|(client, beat, error, _)| (client, beat, error)));
            happened.done.push(port.done.map(|(client, error, _)| (client, error)));
            for (client, kind) in CLIENTS.iter().enumerate() {
                let bit = |what: &str| pins.get(&format!("{}_{what}", kind.name)) >> p & 1 == 1;
                let beat = port.beat.is_some_and(|beat| beat.0 == client);
                assert_eq!(bit("r_valid"), beat, "beat of port {p} for {kind:?}");
                if kind.writes {
                    assert_eq!(bit("w_pull"), pulled == Some(client), "pull of {p}, {kind:?}");
                    let done = port.done.is_some_and(|done| done.0 == client);
                    assert_eq!(bit("b_valid"), done, "response of {p}, {kind:?}");
                }
            }
            let error = |what: &str| pins.get(what) >> p & 1 == 1;
            if let Some((_, beat, wrong, _)) = port.beat {
                assert_eq!(pins.get_words("r_data", 16 * p, 16), beat);
                assert_eq!(error("r_error"), wrong);
            }
            if let Some((_, wrong, _)) = port.done {
                assert_eq!(error("b_error"), wrong);
            }
            let get = |what: &str| pins.get(&format!("m_axi_{p}_{what}"));
            assert_eq!(get("wvalid"), u64::from(!port.offered.is_empty()), "w of port {p}");
            if let Some((beat, strobe, last)) = port.offered.front() {
                assert_eq!(pins.get_words(&format!("m_axi_{p}_wdata"), 0, 16), beat);
                assert_eq!((get("wstrb"), get("wlast")), (*strobe, u64::from(*last)));
            }
        }
        for (client, kind) in CLIENTS.iter().enumerate() {
            let get = |what: &str| pins.get(&format!("{}_{what}", kind.name));
            assert_eq!(get("fault"), u64::from(self.faults[client].is_some()), "{kind:?}");
            if let Some(address) = self.faults[client] {
                assert_eq!(get("fault_address"), address * 64, "{kind:?}");
            }
        }
        assert_eq!(pins.get("idle"), u64::from(self.is_idle()));
        happened
    }

    /// The cycle ends. `data` is what clients had on their write ports, by client and port.
    pub(super) fn advance(
        &mut self,
        asked: &Asked,
        happened: &Happened,
        answers: &[Answers],
        data: impl Fn(usize, usize) -> (Beat, u64),
    ) {
        for client in 0..6 {
            let refused = |side: usize| {
                asked.requests[side][client].filter(|_| happened.refused[side][client])
            };
            let refused = refused(0).or_else(|| refused(1)).map(|request| request.address);
            let reads = self.ports.iter().filter_map(|port| port.beat);
            let mut reads = reads.filter(|beat| beat.0 == client && beat.2).map(|beat| beat.3);
            let writes = self.ports.iter().filter_map(|port| port.done);
            let mut writes = writes.filter(|done| done.0 == client && done.1).map(|done| done.2);
            let now = refused.or_else(|| reads.next()).or_else(|| writes.next());
            self.faults[client] = self.faults[client].or(now).filter(|_| !asked.clear);
        }
        let channels = self.ports.len();
        for (p, (port, answers)) in self.ports.iter_mut().zip(answers).enumerate() {
            for (side, ready) in [answers.arready, answers.awready].into_iter().enumerate() {
                if ready {
                    port.sides[side].offers.pop_front();
                }
            }
            port.beat = answers.read.map(|(beat, error)| {
                let open = &mut port.sides[0].open;
                let Open { client, request, ref mut at } = open[0];
                *at += 1;
                if *at == request.beats {
                    open.pop_front();
                }
                (client, beat, error, request.address)
            });
            port.done = answers.written.map(|error| {
                let Open { client, request, .. } = port.sides[1].open.pop_front().unwrap();
                (client, error, request.address)
            });
            if answers.wready && port.offered.pop_front().is_some() {
                port.ahead -= 1;
            }
            // What was pulled some cycles ago is there.
            if let Some(Some((client, last))) = port.coming.get(W_DATA_CYCLES - 1) {
                let (beat, strobe) = data(*client, p);
                port.offered.push_back((beat, strobe, *last));
            }
            port.coming.truncate(W_DATA_CYCLES - 1);
            port.coming.push_front(happened.pulls[p].map(|client| {
                let open = &mut port.pulls[0];
                open.at += 1;
                let last = open.at == open.request.beats;
                if last {
                    port.pulls.pop_front();
                }
                port.ahead += 1;
                (client, last)
            }));
            for side in 0..2 {
                for client in (0..6).filter(|&client| happened.taken[side][client]) {
                    let request = asked.requests[side][client].unwrap();
                    if request.address as usize / 64 % channels == p {
                        let open = Open { client, request, at: 0 };
                        port.sides[side].offers.push_back(request);
                        port.sides[side].open.push_back(open);
                        if side == 1 {
                            port.pulls.push_back(open);
                        }
                    }
                }
            }
        }
        if asked.reset {
            assert!(self.is_idle(), "a reset while something is under way");
            *self = Self::new(channels, self.most);
        }
    }
}
