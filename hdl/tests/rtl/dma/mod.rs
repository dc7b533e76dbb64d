//! The ports to the card's memory under Verilator, with clients and memories in Rust: every pin in every cycle is what the
//! description says, whatever the memories' temper, and the masters keep AXI's rules.

mod in_order;
pub(crate) mod leaves;
mod memory;
mod streams;
mod truth;

use crate::live::{Live, Pins};
use crate::support::{Random, accepted_by_the_tools};
use crate::verilog::has_verilog_tool;
use memory::{Answers, Beat, Content, Port, Temper};
use satkit_hdl::dma::{
    self, CLIENTS, REQUEST_CYCLES, RESPONSE_CYCLES, W_DATA_CYCLES, W_OFFER_CYCLES,
};
use satkit_hdl::emit::Design;
use satkit_spec::ArrayConfig;
use std::collections::VecDeque;
use truth::{Asked, Happened, Request, Truth};

fn config(channels: usize) -> ArrayConfig {
    let mut config = ArrayConfig::tiny();
    config.dram_channels = channels;
    config
}

fn design(channels: usize) -> Design {
    dma::design(&config(channels)).unwrap()
}

fn designs() -> Vec<Design> {
    let all = [1, 2, 4].into_iter().map(|channels| {
        let config = config(channels);
        [
            dma::design(&config),
            dma::in_order(&config, 256),
            dma::read_rings(&config, 1024),
            dma::write_rings(&config, 1024),
            dma::blocks(&config, 1024),
        ]
    });
    all.flatten().map(Result::unwrap).collect()
}

accepted_by_the_tools!(designs);

/// What clients do.
#[derive(Clone, Copy, Debug)]
struct Habits {
    /// Most cycles between two requests of a client and direction.
    gap: u64,
    /// Whole pages one after another, not whatever comes to mind.
    pages: bool,
    /// Of 100 requests, those that are no burst.
    illegal: u64,
    /// Of 1000 cycles, those in which the ports begin to be held until they are idle, and then reset.
    resets: u64,
    /// As many as the ports take, not 256 beats of reads and 16 writes of a client.
    boundless: bool,
    /// Which clients read and write.
    active: [[bool; 6]; 2],
}

const EVERYBODY: [[bool; 6]; 2] = [[true; 6], [false, false, false, true, true, true]];

/// A client's bursts on a port whose beats are to be pulled: first address, beats left.
type Open = VecDeque<(u64, u64)>;

struct Clients {
    habits: Habits,
    random: Random,
    /// Cycles until the next request, the request, and the next page, by direction and client.
    waits: [[u64; 6]; 2],
    wants: [[Option<Request>; 6]; 2],
    pages: [[u64; 6]; 2],
    open: Vec<[Open; 6]>,
    /// Beats of reads, and writes, that are under way.
    under_way: [[u64; 6]; 2],
    /// What is on the write ports so many cycles from now, by port.
    coming: VecDeque<Vec<[(Beat, u64); 6]>>,
}

impl Clients {
    fn new(habits: Habits, channels: usize, seed: u64) -> Self {
        let mut clients = Self {
            habits,
            random: Random(seed),
            waits: [[0; 6]; 2],
            wants: [[None; 6]; 2],
            pages: [[0; 6]; 2],
            open: (0..channels).map(|_| Default::default()).collect(),
            under_way: [[0; 6]; 2],
            coming: VecDeque::new(),
        };
        for _ in 0..W_DATA_CYCLES {
            clients.noise();
        }
        clients
    }

    /// What nobody pulls means nothing.
    fn noise(&mut self) {
        let random = &mut self.random;
        let mut beat = || (std::array::from_fn(|_| random.next() as u32), random.next());
        let ports = self.open.iter().map(|_| std::array::from_fn(|_| beat()));
        self.coming.push_back(ports.collect());
    }

    fn request(&mut self, side: usize, client: usize) -> Request {
        if self.habits.pages {
            self.pages[side][client] += 1;
            let page = (client as u64 + 1) << 20 | self.pages[side][client];
            return Request { address: page * 64, beats: 64 };
        }
        let random = &mut self.random;
        if random.below(100) < self.habits.illegal {
            let page = random.below(1 << 24);
            return match random.below(5) {
                0 => Request { address: page * 64, beats: 0 },
                1 => Request { address: page * 64, beats: 65 + random.below(63) },
                2 => {
                    let inside = 1 + random.below(63);
                    let beats = 65 - inside + random.below(inside);
                    Request { address: page * 64 + inside, beats }
                }
                // Just behind the card's memory, and anywhere else.
                3 => Request { address: (64 << 30) / 64, beats: 1 },
                _ => Request { address: (64 << 30) / 64 + random.below(3 << 30), beats: 1 },
            };
        }
        // Few pages, so that clients meet; the first and the last of the memory are among them.
        let page = random.below(9).wrapping_sub(1) & ((1 << 24) - 1);
        let inside = random.below(64);
        let most = 64 - inside;
        let most = if random.below(2) == 0 { most } else { most.min(3) };
        let beats = 1 + random.below(most);
        Request { address: page * 64 + inside, beats }
    }

    /// What they put on the pins in a cycle.
    fn speak(&mut self, pins: &mut Pins<'_>, hold: bool) -> Asked {
        let mut asked = Asked { hold, ..Asked::default() };
        for (side, channel) in ["ar", "aw"].into_iter().enumerate() {
            for client in (0..6).filter(|&client| side == 0 || CLIENTS[client].writes) {
                let limit = if self.habits.boundless { u64::MAX } else { [256 - 64, 16][side] };
                if self.wants[side][client].is_none()
                    && self.habits.active[side][client]
                    && self.under_way[side][client] < limit
                {
                    if self.waits[side][client] == 0 {
                        self.wants[side][client] = Some(self.request(side, client));
                    } else {
                        self.waits[side][client] -= 1;
                    }
                }
                let want = self.wants[side][client];
                asked.requests[side][client] = want;
                let mut put = |what: &str, value| {
                    pins.put(&format!("{}_{channel}_{what}", CLIENTS[client].name), value);
                };
                put("valid", want.is_some().into());
                let noise =
                    Request { address: self.random.below(1 << 32), beats: self.random.below(128) };
                put("address", want.unwrap_or(noise).address);
                put("beats", want.unwrap_or(noise).beats);
            }
        }
        for (p, ports) in self.coming[0].iter().enumerate() {
            for client in (0..6).filter(|&client| CLIENTS[client].writes) {
                let (beat, strobe) = ports[client];
                let name = CLIENTS[client].name;
                pins.put_words(&format!("{name}_w_data"), 16 * p, &beat);
                let strobe = [strobe as u32, (strobe >> 32) as u32];
                pins.put_words(&format!("{name}_w_strobe"), 2 * p, &strobe);
            }
        }
        asked
    }

    fn listen(&mut self, happened: &Happened) {
        for &(client, ..) in happened.beats.iter().flatten() {
            self.under_way[0][client] -= 1;
        }
        for &(client, _) in happened.done.iter().flatten() {
            self.under_way[1][client] -= 1;
        }
        let channels = self.open.len();
        self.coming.pop_front();
        self.noise();
        for (p, pulled) in happened.pulls.iter().enumerate() {
            if let &Some(client) = pulled {
                let (address, left) = &mut self.open[p][client][0];
                let mut random = Random(*address << 7 | *left);
                let strobe = if random.below(2) == 0 { u64::MAX } else { random.next() };
                let beat = std::array::from_fn(|_| random.next() as u32);
                self.coming[W_DATA_CYCLES - 1][p][client] = (beat, strobe);
                *left -= 1;
                if *left == 0 {
                    self.open[p][client].pop_front();
                }
            }
        }
        for side in 0..2 {
            for client in 0..6 {
                if happened.taken[side][client] || happened.refused[side][client] {
                    let request = self.wants[side][client].take().unwrap();
                    self.waits[side][client] = self.random.below(self.habits.gap + 1);
                    if happened.taken[side][client] {
                        self.under_way[side][client] += [request.beats, 1][side];
                    }
                    if side == 1 && happened.taken[side][client] {
                        let port = request.address as usize / 64 % channels;
                        self.open[port][client].push_back((request.address, request.beats));
                    }
                }
            }
        }
    }
}

/// What a run comes to.
#[derive(Clone, Debug, Default)]
struct Outcome {
    /// Beats on R and on W, by port.
    beats: [Vec<u64>; 2],
    requests: [u64; 2],
    refused: u64,
    errors: u64,
    /// Resets, and those before which beats were under way when the ports were held.
    resets: [u64; 2],
}

/// Runs clients against memories for so many cycles, and until everything has ended.
fn run(
    live: &Live,
    channels: usize,
    habits: Habits,
    temper: Temper,
    seed: u64,
    cycles: u64,
) -> Outcome {
    let mut pins = live.start();
    let mut clients = Clients::new(habits, channels, seed);
    let mut random = Random(seed + 1);
    let mut content = Content::default();
    let port = |p| Port::new(p, channels, temper, seed);
    let mut ports: Vec<Port> = (0..channels).map(port).collect();
    let mut truth = Truth::new(channels, dma::bursts_under_way(&config(channels)));
    let mut outcome = Outcome::default();
    let mut hold = false;
    for now in 0.. {
        let ends = now >= cycles;
        if !hold && !ends && random.below(1000) < habits.resets {
            hold = true;
            outcome.resets[1] += u64::from(!truth.is_idle());
        }
        if ends {
            clients.habits.active = [[false; 6]; 2];
        }
        let mut asked = clients.speak(&mut pins, hold);
        asked.clear = random.below(200) == 0;
        // Who waits for idle sees it before he resets.
        asked.reset = hold && truth.is_idle() && random.below(4) == 0;
        for (name, value) in [("hold", asked.hold), ("clear", asked.clear), ("reset", asked.reset)]
        {
            pins.put(name, value.into());
        }
        let mut answers: Vec<Answers> = Vec::new();
        for port in &mut ports {
            answers.push(port.speak(now, &content, &mut pins));
        }
        pins.step();
        let happened = truth.check(&asked, &pins);
        let data = |client: usize, p: usize| clients.coming[0][p][client];
        truth.advance(&asked, &happened, &answers, data);
        for port in &mut ports {
            port.listen(now, &mut content, &pins);
        }
        for side in 0..2 {
            let count = |of: &[bool; 6]| of.iter().filter(|&&is| is).count() as u64;
            outcome.requests[side] += count(&happened.taken[side]);
            outcome.refused += count(&happened.refused[side]);
        }
        outcome.errors += happened.beats.iter().flatten().filter(|beat| beat.2).count() as u64;
        outcome.errors += happened.done.iter().flatten().filter(|done| done.1).count() as u64;
        clients.listen(&happened);
        if asked.reset {
            assert!(ports.iter().all(Port::is_idle), "a reset while the memory is at work");
            hold = false;
            outcome.resets[0] += 1;
        }
        let asks = clients.wants.iter().flatten().any(Option::is_some);
        if ends && !asks && truth.is_idle() && ports.iter().all(Port::is_idle) {
            break;
        }
        assert!(now < 4 * cycles + 100_000, "does not end: {habits:?}, {temper:?}");
        if now + 1 == cycles {
            outcome.beats[0] = ports.iter().map(|port| port.read_beats).collect();
            outcome.beats[1] = ports.iter().map(|port| port.write_beats).collect();
            hold = false;
        }
    }
    outcome
}

/// All at once: everybody, errors, requests that are refused, resets.
#[test]
fn every_pin_is_right_in_every_cycle() {
    if !has_verilog_tool("verilator") {
        return;
    }
    for channels in [1, 2, 4] {
        let live = Live::build(&design(channels));
        let mut total = Outcome::default();
        for (seed, (stalls, latency, gap)) in
            [(0, 1, 0), (50, 1, 0), (80, 5, 3), (20, 90, 40)].into_iter().enumerate()
        {
            for (resets, pages) in [(0, false), (5, false), (2, true)] {
                let boundless = resets == 0 && gap == 0;
                let habits =
                    Habits { gap, pages, illegal: 5, resets, boundless, active: EVERYBODY };
                let temper = Temper { stalls, latency, errors: 3 };
                let outcome = run(&live, channels, habits, temper, seed as u64, 2_000);
                total.refused += outcome.refused;
                total.errors += outcome.errors;
                for at in 0..2 {
                    total.requests[at] += outcome.requests[at];
                    total.resets[at] += outcome.resets[at];
                }
            }
        }
        println!("{channels} channels: {total:?}");
        assert!(total.requests.iter().all(|&count| count > 1_000), "{total:?}");
        assert!(total.refused > 100 && total.errors > 100, "{total:?}");
        assert!(total.resets[1] > 1 && total.resets[0] > 1, "{total:?}");
    }
}

/// A memory that never waits gives and takes a beat in at least 95 of 100 cycles on every port, whoever asks for long bursts.
#[test]
fn long_bursts_fill_the_ports() {
    if !has_verilog_tool("verilator") {
        return;
    }
    let live = Live::build(&design(4));
    let only = |reads: &[usize], writes: &[usize]| -> [[bool; 6]; 2] {
        [reads, writes].map(|clients| std::array::from_fn(|client| clients.contains(&client)))
    };
    let temper = Temper { stalls: 0, latency: 1, errors: 0 };
    let cycles = 4_000;
    for (reads, writes) in
        [(&[1][..], &[][..]), (&[], &[3]), (&[4], &[4]), (&[0, 1, 2, 3, 4, 5], &[3, 4, 5])]
    {
        let active = only(reads, writes);
        let habits =
            Habits { gap: 0, pages: true, illegal: 0, resets: 0, boundless: false, active };
        let outcome = run(&live, 4, habits, temper, 1, cycles);
        for (side, clients) in [reads, writes].into_iter().enumerate() {
            println!("clients {clients:?}: {:?} beats of {cycles}", outcome.beats[side]);
            let full = |&beats: &u64| 100 * beats >= 95 * cycles && beats <= cycles;
            let none = |&beats: &u64| beats == 0;
            let beats = &outcome.beats[side];
            assert!(if clients.is_empty() {
                beats.iter().all(none)
            } else {
                beats.iter().all(full)
            });
        }
    }
}

/// The cycles that the timing model counts with.
#[test]
fn a_lone_burst_takes_the_cycles_that_are_said() {
    if !has_verilog_tool("verilator") {
        return;
    }
    let live = Live::build(&design(4));
    let mut pins = live.start();
    for ready in ["arready", "awready", "wready"] {
        pins.put(&format!("m_axi_2_{ready}"), 1);
    }
    for name in ["load_w_ar", "vector_aw"] {
        pins.put(&format!("{name}_address"), 2 * 64 + 5);
        pins.put(&format!("{name}_beats"), 1);
    }
    let mut seen = [None; 5];
    for now in 0..20_usize {
        for name in ["load_w_ar_valid", "vector_aw_valid"] {
            pins.put(name, u64::from(now == 3));
        }
        for name in ["m_axi_2_rvalid", "m_axi_2_rlast", "m_axi_2_bvalid"] {
            pins.put(name, u64::from(now == 10));
        }
        pins.step();
        let names = ["arvalid", "awvalid", "wvalid"].map(|name| format!("m_axi_2_{name}"));
        let answers = ["load_w_r_valid", "vector_b_valid"].map(String::from);
        for (seen, name) in seen.iter_mut().zip(names.iter().chain(&answers)) {
            if seen.is_none() && pins.get(name) != 0 {
                *seen = Some(now);
            }
        }
    }
    let answered = 10 + RESPONSE_CYCLES;
    let asked = [REQUEST_CYCLES, REQUEST_CYCLES, W_OFFER_CYCLES].map(|cycles| 3 + cycles);
    assert_eq!(seen[..3], asked.map(Some));
    assert_eq!(seen[3..5], [Some(answered); 2]);
}

#[test]
fn channels_that_cannot_be_built_are_refused_in_words() {
    let error = dma::design(&config(8)).unwrap_err();
    assert_eq!(error.to_string(), "array tiny: no RTL for DRAM channels 8; accepted: 1, 2 or 4");
}
