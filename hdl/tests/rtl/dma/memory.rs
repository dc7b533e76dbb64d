//! The card's memory as an AXI4 master sees it: bytes, faults, and a temper. It also looks whether the master keeps AXI's rules.

use crate::live::Pins;
use crate::support::Random;
use std::collections::{HashMap, VecDeque};

pub(super) type Beat = [u32; 16];

/// How a memory answers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Temper {
    /// Of 100 cycles, those in which it is not ready, or has nothing to say.
    pub(super) stalls: u64,
    /// Cycles from a request to its first answer, at least.
    pub(super) latency: u64,
    /// Of 100 beats, those that are errors.
    pub(super) errors: u64,
}

/// What is in a beat that was never written.
fn untouched(address: u64) -> Beat {
    let mut random = Random(address);
    std::array::from_fn(|_| random.next() as u32)
}

/// What all ports share.
#[derive(Debug, Default)]
pub(super) struct Content(HashMap<u64, Beat>);

impl Content {
    pub(super) fn read(&self, address: u64) -> Beat {
        self.0.get(&address).copied().unwrap_or_else(|| untouched(address))
    }

    fn write(&mut self, address: u64, data: &Beat, strobe: u64) {
        let mut beat = self.read(address);
        for byte in (0..64).filter(|byte| strobe >> byte & 1 == 1) {
            let mask = 0xFF << (byte % 4 * 8);
            beat[byte / 4] = beat[byte / 4] & !mask | data[byte / 4] & mask;
        }
        self.0.insert(address, beat);
    }
}

/// A burst as AXI has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Burst {
    /// Of its first beat, in beats.
    pub(super) address: u64,
    pub(super) beats: u64,
    /// First cycle in which it may be answered.
    from: u64,
}

/// What a channel offered in the cycle before, if it was not taken.
#[derive(Debug, Default)]
struct Stable(Option<Vec<u64>>);

impl Stable {
    /// What was offered and not taken is still offered; true if it is taken now.
    fn taken(&mut self, what: &str, valid: bool, ready: bool, payload: Vec<u64>) -> bool {
        if let Some(before) = self.0.take() {
            assert!(valid && before == payload, "{what}: offered {before:x?}, then {payload:x?}");
        }
        if valid && !ready {
            self.0 = Some(payload);
        }
        valid && ready
    }
}

/// What the memory says in a cycle.
#[derive(Clone, Debug, Default)]
pub(super) struct Answers {
    pub(super) arready: bool,
    pub(super) awready: bool,
    pub(super) wready: bool,
    pub(super) read: Option<(Beat, bool)>,
    pub(super) written: Option<bool>,
}

/// One master's memory.
#[derive(Debug)]
pub(super) struct Port {
    number: usize,
    channels: usize,
    temper: Temper,
    random: Random,
    reads: VecDeque<Burst>,
    read_at: u64,
    writes: VecDeque<Burst>,
    /// Beats of writes, which may come before their bursts.
    beats: VecDeque<(Beat, u64, bool)>,
    responses: VecDeque<(u64, bool)>,
    stable: [Stable; 3],
    answers: Answers,
    pub(super) read_beats: u64,
    pub(super) write_beats: u64,
}

impl Port {
    pub(super) fn new(number: usize, channels: usize, temper: Temper, seed: u64) -> Self {
        Self {
            number,
            channels,
            temper,
            random: Random(seed ^ (number as u64) << 32),
            reads: VecDeque::new(),
            read_at: 0,
            writes: VecDeque::new(),
            beats: VecDeque::new(),
            responses: VecDeque::new(),
            stable: Default::default(),
            answers: Answers::default(),
            read_beats: 0,
            write_beats: 0,
        }
    }

    fn luck(&mut self) -> bool {
        self.random.below(100) >= self.temper.stalls
    }

    fn error(&mut self) -> bool {
        self.random.below(100) < self.temper.errors
    }

    /// Nothing is under way here.
    pub(super) fn is_idle(&self) -> bool {
        let Self { reads, writes, beats, responses, .. } = self;
        reads.is_empty() && writes.is_empty() && beats.is_empty() && responses.is_empty()
    }

    /// Decides what it says in cycle `now`, and puts it on the pins.
    pub(super) fn speak(&mut self, now: u64, content: &Content, pins: &mut Pins<'_>) -> Answers {
        let name = |signal: &str| format!("m_axi_{}_{signal}", self.number);
        let names = ["arready", "awready", "wready", "rvalid", "rresp", "rlast", "bvalid", "bresp"];
        let names = names.map(name);
        let data = name("rdata");
        let mut answers = Answers {
            arready: self.luck(),
            awready: self.luck(),
            wready: self.luck(),
            ..Answers::default()
        };
        let kind = 2 + self.random.below(2);
        let (mut rlast, mut rresp, mut bresp) = (false, 0, 0);
        if let Some(&burst) = self.reads.front()
            && burst.from <= now
            && self.luck()
        {
            let error = self.error();
            answers.read = Some((content.read(burst.address + self.read_at), error));
            rlast = self.read_at + 1 == burst.beats;
            rresp = if error { kind } else { 0 };
        }
        if let Some(&(from, error)) = self.responses.front()
            && from <= now
            && self.luck()
        {
            answers.written = Some(error);
            bresp = if error { kind } else { 0 };
        }
        // What is not valid means nothing.
        let beat = answers.read.map_or_else(|| [self.random.next() as u32; 16], |(beat, _)| beat);
        if answers.read.is_none() {
            (rlast, rresp) = (self.random.below(2) == 1, self.random.below(4));
        }
        let values = [
            answers.arready.into(),
            answers.awready.into(),
            answers.wready.into(),
            answers.read.is_some().into(),
            rresp,
            rlast.into(),
            answers.written.is_some().into(),
            bresp,
        ];
        for (name, value) in names.iter().zip(values) {
            pins.put(name, value);
        }
        pins.put_words(&data, 0, &beat);
        self.answers = answers.clone();
        answers
    }

    /// Takes what the master said in cycle `now`.
    pub(super) fn listen(&mut self, now: u64, content: &mut Content, pins: &Pins<'_>) {
        let get = |signal: &str| pins.get(&format!("m_axi_{}_{signal}", self.number));
        assert_eq!((get("rready"), get("bready")), (1, 1));
        let Answers { arready, awready, wready, ref read, ref written } = self.answers;
        if read.is_some() {
            self.read_beats += 1;
            self.read_at += 1;
            if self.read_at == self.reads[0].beats {
                self.reads.pop_front();
                self.read_at = 0;
            }
        }
        if written.is_some() {
            self.responses.pop_front();
        }
        let from = now + self.temper.latency;
        for (at, channel, ready) in [(0, "ar", arready), (1, "aw", awready)] {
            let signal = |signal: &str| get(&format!("{channel}{signal}"));
            let payload = ["addr", "len", "size", "burst"].map(signal).to_vec();
            let valid = signal("valid") == 1;
            if self.stable[at].taken(channel, valid, ready, payload.clone()) {
                let &[bytes, len, size, kind] = &payload[..] else { unreachable!() };
                assert_eq!((size, kind, bytes % 64), (6, 1, 0));
                let burst = Burst { address: bytes / 64, beats: len + 1, from };
                assert!(burst.address % 64 + burst.beats <= 64, "{burst:?} crosses 4 KiB");
                let page = burst.address / 64;
                assert_eq!(page as usize % self.channels, self.number, "{burst:?}");
                [&mut self.reads, &mut self.writes][at].push_back(burst);
            }
        }
        let data: Beat =
            pins.get_words(&format!("m_axi_{}_wdata", self.number), 0, 16).try_into().unwrap();
        let (strobe, last) = (get("wstrb"), get("wlast") == 1);
        let payload: Vec<u64> =
            data.iter().map(|&word| word.into()).chain([strobe, last.into()]).collect();
        if self.stable[2].taken("w", get("wvalid") == 1, wready, payload) {
            self.write_beats += 1;
            self.beats.push_back((data, strobe, last));
        }
        while let Some(&burst) = self.writes.front()
            && self.beats.len() as u64 >= burst.beats
        {
            self.writes.pop_front();
            for at in 0..burst.beats {
                let (data, strobe, last) = self.beats.pop_front().unwrap();
                assert_eq!(last, at + 1 == burst.beats, "{burst:?}: wlast at beat {at}");
                content.write(burst.address + at, &data, strobe);
            }
            let error = self.error();
            self.responses.push_back((from, error));
        }
    }
}
