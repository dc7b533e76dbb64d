//! The store engine with the ports to memory, driven as the front, the array and the memory would.

use super::bytes::Set;
use super::given::{self, Case, Times};
use crate::live::{Live, Pins};
use satkit_hdl::emit::{Design, Direction, Port, Wiring};
use satkit_hdl::{dma, store};
use satkit_memory::{Request, Transfer};
use satkit_spec::isa::{Instruction, Operation};
use satkit_spec::{ArrayConfig, Dataflow};
use std::collections::{HashMap, VecDeque};

/// Both, top `store_bench`.
pub(super) fn design(config: &ArrayConfig) -> Design {
    let (store, dma) = (store::design(config).unwrap(), dma::design(config).unwrap());
    let mut bench = Wiring::new("store_bench");
    let to_dma = |port: &Port| match port.name.as_str() {
        name @ ("dma_fault" | "dma_fault_address") => name.replace("dma", "store_dma"),
        name @ ("r_data" | "r_error") => name.into(),
        name => format!("store_{name}"),
    };
    // Signals of the engine that are the client's.
    let is_client = |name: &str| {
        ["ar_", "r_", "aw_", "w_", "b_valid", "dma_fault"]
            .iter()
            .any(|start| name.starts_with(start))
    };
    for port in store.ports().iter().filter(|port| !is_client(&port.name)) {
        match port.direction {
            Direction::Input => bench.input(&port.name, port.width),
            Direction::Output => bench.output(&port.name, port.width),
        }
    }
    for port in dma.ports().iter().filter(|port| port.name.starts_with("m_axi_")) {
        match port.direction {
            Direction::Input => bench.input(&port.name, port.width),
            Direction::Output => bench.output(&port.name, port.width),
        }
    }
    for port in store.ports().iter().filter(|port| is_client(&port.name)) {
        bench.wire(&to_dma(port), port.width);
    }
    let of_store =
        |port: &Port| if is_client(&port.name) { to_dma(port) } else { port.name.clone() };
    let of_dma = |port: &Port| match port.name.as_str() {
        name @ ("clock" | "reset" | "r_data" | "r_error") => name.into(),
        "store_fault" => "store_dma_fault".into(),
        "store_fault_address" => "store_dma_fault_address".into(),
        name if name.starts_with("m_axi_") => name.into(),
        name if name.ends_with("_refused") => String::new(),
        name if ["ar_", "r_", "aw_", "w_", "b_valid"]
            .iter()
            .any(|start| name.strip_prefix("store_").is_some_and(|own| own.starts_with(start))) =>
        {
            name.into()
        }
        _ if port.direction == Direction::Output => String::new(),
        _ => format!("{}'h0", port.width),
    };
    let connect = |ports: &[Port], of: &dyn Fn(&Port) -> String| -> Vec<(String, String)> {
        ports.iter().map(|port| (port.name.clone(), of(port))).collect()
    };
    for (kind, connections) in
        [("store", connect(&store.ports(), &of_store)), ("dma", connect(&dma.ports(), &of_dma))]
    {
        let connections: Vec<(&str, String)> =
            connections.iter().map(|(port, to)| (port.as_str(), to.clone())).collect();
        bench.instance(kind, &format!("the_{kind}"), &[], &connections);
    }
    Design::join("store_bench", vec![store, dma], vec![bench.finish()])
}

/// A burst that a port has taken.
struct Burst {
    request: Request,
    transfer: Transfer,
    given: u64,
}

impl Burst {
    /// One beat per cycle, and what is missing to the end before the last.
    fn read_due(&self) -> u64 {
        let on_time = self.transfer.start_cycle + self.given;
        let is_last = self.given + 1 == u64::from(self.request.beats);
        if is_last { on_time.max(self.transfer.end_cycle - 1) } else { on_time }
    }
}

#[derive(Default)]
struct PortState {
    reads: VecDeque<Burst>,
    bursts: VecDeque<Burst>,
    responses: VecDeque<u64>,
    free: u64,
}

/// What a run has shown besides.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) bursts: usize,
    pub(super) beats: u64,
    pub(super) partial_beats: u64,
    pub(super) reads: usize,
    pub(super) tiles: usize,
    /// Sums that were read, those of them that are numbers, and reads of those that are not there any more.
    pub(super) sums: u64,
    pub(super) finite_sums: u64,
    pub(super) forgotten: u64,
}

/// Reads of sums: as soon as a set is complete, it and the one before it, and the one before that, which is gone.
struct SumReads<'a> {
    sets: &'a [Set],
    complete: usize,
    /// Which set and channel, one in a cycle.
    queue: VecDeque<(usize, u64)>,
    /// From which cycle on what is there, and that it is.
    due: VecDeque<(u64, usize, u64, bool)>,
}

impl<'a> SumReads<'a> {
    fn new(sets: &'a [Set]) -> Self {
        Self { sets, complete: 0, queue: VecDeque::new(), due: VecDeque::new() }
    }

    /// The set, and whether it is there when `starts` stores have started: two are, of a tensor the later.
    fn is_there(&self, set: usize, starts: usize) -> bool {
        let begun = self.sets.iter().take_while(|set| set.stores[0] < starts).count();
        let later = &self.sets[set + 1..begun.max(set + 1)];
        later.len() < 2 && later.iter().all(|other| other.tensor != self.sets[set].tensor)
    }

    /// Asks for the next sum.
    fn put(&mut self, pins: &mut Pins<'_>, now: u64, starts: usize) {
        let Some((set, channel)) = self.queue.pop_front() else {
            pins.put("sums_tensor", 0);
            return;
        };
        let tensor = self.sets[set].tensor;
        pins.put("sums_tensor", tensor);
        pins.put("sums_channel", channel);
        let begun = self.sets.iter().take_while(|set| set.stores[0] < starts).count();
        let is_there = self.is_there(set, starts);
        // Where a later set of the tensor is there, what is read is of that, which may have begun only.
        if is_there || self.sets[..begun].iter().rev().take(2).all(|set| set.tensor != tensor) {
            self.due.push_back((now + store::SUMS_READ_CYCLES as u64, set, channel, is_there));
        }
    }

    /// Looks at what is there, of a cycle before which `ends` stores had ended.
    fn get(&mut self, pins: &Pins<'_>, now: u64, ends: usize, seen: &mut Seen) {
        if let Some(&(_, set, channel, is_there)) = self.due.front().filter(|due| due.0 == now) {
            self.due.pop_front();
            assert_eq!(pins.get("sums_found") == 1, is_there, "set {set} in cycle {now}");
            seen.forgotten += u64::from(!is_there);
            if is_there {
                let expected = self.sets[set].sums[&channel];
                let wide = |name: &str, words| {
                    let words = pins.get_words(name, 0, words).iter().rev();
                    words.fold(0, |sum, &word| sum << 32 | u128::from(word))
                };
                let values = wide("sums_values", 2) as i64;
                // 104 bits.
                let products = (wide("sums_products", 4) << 24) as i128 >> 24;
                let sums = [("values", i128::from(values)), ("products", products)];
                for ((name, units), expected) in sums.into_iter().zip(expected) {
                    let special = pins.get(&format!("sums_{name}_special"));
                    let units = if special == 0 { units } else { 0 };
                    let expected = match expected.special {
                        0 => (expected.units, 0),
                        special => (0, special),
                    };
                    assert_eq!((units, special), expected, "{name}, {channel} of set {set}");
                }
                seen.sums += 1;
                seen.finite_sums += u64::from(expected.iter().all(|sum| sum.is_finite()));
            }
        }
        while self.sets.get(self.complete).is_some_and(|set| set.stores[1] < ends) {
            for set in self.complete.saturating_sub(2)..=self.complete {
                self.queue.extend(self.sets[set].sums.keys().map(|&channel| (set, channel)));
            }
            self.complete += 1;
        }
    }
}

/// Runs a program's stores with the model's cycles; every event has to come in its cycle. Gives the bytes that were written.
pub(super) fn run(
    live: &Live,
    config: &ArrayConfig,
    case: &Case,
    times: &Times,
    sets: &[Set],
    seen: &mut Seen,
) -> HashMap<u64, u8> {
    let mut pins = live.start();
    let mut ports: Vec<PortState> =
        (0..config.dram_channels).map(|_| PortState::default()).collect();
    let mut memory = HashMap::new();
    let instructions = case.program.instructions();
    let last = times.retired.iter().map(|retired| retired.end_cycle).max().unwrap_or(0);
    let mut drain: HashMap<u64, &[u32]> = HashMap::new();
    for (tile, mm) in case.tiles.iter().zip(&times.mms) {
        let ahead = match tile.space.dataflow {
            Dataflow::OutputStationary => u64::from(tile.mm.ip) * u64::from(tile.mm.iq),
            Dataflow::WeightStationary => 0,
        };
        for (at, word) in tile.words.iter().enumerate() {
            let cycle = mm.first_out_cycle - ahead + at as u64;
            assert!(drain.insert(cycle, word).is_none(), "two drains in cycle {cycle}");
        }
    }
    let (mut head, mut taken, mut starts, mut releases, mut ends) = (0, 0, 0, 0, 0);
    let mut requests = times.writes.iter();
    let mut reads = times.reads.iter();
    let mut sums = SumReads::new(sets);
    let mut now = 0;
    while now < last + 40 || !(sums.queue.is_empty() && sums.due.is_empty()) {
        sums.put(&mut pins, now, starts);
        let next = times.queue.get(head).filter(|(_, from)| *from <= now);
        pins.put("store_valid", next.is_some().into());
        let word = next.map(|&(index, _)| instructions[index].encode().unwrap().0);
        let word = word.unwrap_or([0x1234_5678_9ABC_DEF0; 4]);
        let halves: Vec<u32> = word.iter().flat_map(|&w| [w as u32, (w >> 32) as u32]).collect();
        pins.put_words("store_word", 0, &halves);
        let go = taken > starts && times.stores[starts].tokens_cycle <= now;
        pins.put("store_go", go.into());
        let words = drain.get(&now);
        pins.put("drain_valid", words.is_some().into());
        let noise = vec![now as u32 | 0x4000_0000; config.cols];
        pins.put_words("drain", 0, words.copied().unwrap_or(&noise));
        for (p, port) in ports.iter().enumerate() {
            let name = |signal: &str| format!("m_axi_{p}_{signal}");
            let due = |burst: &Burst| burst.transfer.start_cycle + burst.given <= now;
            pins.put(&name("arready"), 1);
            let read = port.reads.front().filter(|burst| burst.read_due() <= now);
            pins.put(&name("rvalid"), read.is_some().into());
            if let Some(burst) = read {
                let address = burst.request.address + burst.given * 64;
                let words: Vec<u32> =
                    (0..16).map(|word| given::stored(address + 4 * word)).collect();
                pins.put_words(&name("rdata"), 0, &words);
                pins.put(
                    &name("rlast"),
                    (burst.given + 1 == u64::from(burst.request.beats)).into(),
                );
            }
            pins.put(&name("awready"), 1);
            pins.put(&name("wready"), port.bursts.front().is_some_and(due).into());
            let answers = port.responses.front().is_some_and(|&due| due <= now);
            pins.put(&name("bvalid"), answers.into());
        }
        pins.step();
        let get = |name: &str| pins.get(name) == 1;
        if next.is_some() && get("store_ready") {
            let (index, _) = times.queue[head];
            taken += usize::from(matches!(instructions[index].operation, Operation::Store(_)));
            head += 1;
        }
        assert!(!get("store_fault"), "a fault in cycle {now}");
        if get("store_start") {
            let issued = times.stores[starts];
            assert_eq!(now, issued.start_cycle, "start of {}", instructions[issued.index]);
            starts += 1;
        }
        for (signal, count) in [("store_released", &mut releases), ("store_end", &mut ends)] {
            if get(signal) {
                let retired = &times.retired[*count];
                let cycle = [retired.end_cycle, retired.released_cycle]
                    [usize::from(signal == "store_released")];
                assert_eq!(now + 1, cycle, "{signal} of {}", instructions[retired.index]);
                *count += 1;
            }
        }
        for (p, port) in ports.iter_mut().enumerate() {
            let name = |signal: &str| format!("m_axi_{p}_{signal}");
            if let Some(burst) = port.reads.front_mut().filter(|burst| burst.read_due() <= now) {
                burst.given += 1;
                if burst.given == u64::from(burst.request.beats) {
                    port.reads.pop_front();
                }
            }
            if get(&name("arvalid")) {
                let &(request, transfer) = reads.next().expect("a read that the model has, too");
                let made = (pins.get(&name("araddr")), pins.get(&name("arlen")) + 1, now);
                let expected = (request.address, u64::from(request.beats), request.cycle);
                assert_eq!(made, expected, "read {} of {:?}", seen.reads, times.retired);
                seen.reads += 1;
                port.reads.push_back(Burst { request, transfer, given: 0 });
            }
            if get(&name("awvalid")) {
                let &(request, transfer) =
                    requests.next().expect("a burst that the model has, too");
                let made = (pins.get(&name("awaddr")), pins.get(&name("awlen")) + 1, now);
                let expected = (request.address, u64::from(request.beats), request.cycle);
                assert_eq!(made, expected, "burst {} of {:?}", seen.bursts, times.retired);
                seen.bursts += 1;
                port.bursts.push_back(Burst { request, transfer, given: 0 });
            }
            give(&pins, p, port, now, &mut memory, seen);
        }
        sums.get(&pins, now, ends, seen);
        now += 1;
    }
    let stores = times.stores.len();
    assert_eq!((starts, releases, ends), (stores, stores, stores));
    assert!(requests.next().is_none() && reads.next().is_none());
    seen.tiles += stores;
    memory
}

/// A beat of W, and a response.
fn give(
    pins: &Pins<'_>,
    p: usize,
    port: &mut PortState,
    now: u64,
    memory: &mut HashMap<u64, u8>,
    seen: &mut Seen,
) {
    let name = |signal: &str| format!("m_axi_{p}_{signal}");
    if port.responses.front().is_some_and(|&due| due <= now) {
        port.responses.pop_front();
    }
    let due = |burst: &&mut Burst| burst.transfer.start_cycle + burst.given <= now;
    if pins.get(&name("wvalid")) == 1
        && let Some(burst) = port.bursts.front_mut().filter(due)
    {
        let strobe = pins.get(&name("wstrb"));
        let data = pins.get_words(&name("wdata"), 0, 16);
        let bytes = data.iter().flat_map(|word| word.to_le_bytes());
        let address = burst.request.address + burst.given * 64;
        let written = (address..).zip(bytes).enumerate();
        memory.extend(written.filter(|(byte, _)| strobe >> byte & 1 == 1).map(|(_, byte)| byte));
        burst.given += 1;
        seen.beats += 1;
        seen.partial_beats += u64::from(strobe != u64::MAX);
        let is_last = burst.given == u64::from(burst.request.beats);
        assert_eq!(pins.get(&name("wlast")) == 1, is_last);
        if is_last {
            // A response comes behind the last beat, and one per cycle.
            let end = burst.transfer.end_cycle.max(now + 1).max(port.free);
            port.responses.push_back(end);
            port.free = end + 1;
            port.bursts.pop_front();
        }
    }
}

/// True if the last of these instructions is at fault, false if it starts.
pub(super) fn refuses(live: &Live, config: &ArrayConfig, instructions: &[Instruction]) -> bool {
    let mut pins = live.start();
    pins.put("store_go", 1);
    let mut at = 0;
    for _ in 0..100 {
        let word = instructions.get(at).map(|instruction| instruction.encode().unwrap().0);
        pins.put("store_valid", word.is_some().into());
        let words = word.unwrap_or_default();
        let halves: Vec<u32> = words.iter().flat_map(|&w| [w as u32, (w >> 32) as u32]).collect();
        pins.put_words("store_word", 0, &halves);
        for p in 0..config.dram_channels {
            pins.put(&format!("m_axi_{p}_awready"), 1);
        }
        pins.step();
        at += usize::from(word.is_some() && pins.get("store_ready") == 1);
        let (starts, fault) = (pins.get("store_start") == 1, pins.get("store_fault") == 1);
        assert!(!(starts && fault));
        if starts || fault {
            assert_eq!((at, pins.get("store_fault_axi")), (instructions.len(), 0));
            return fault;
        }
    }
    panic!("neither starts nor is at fault: {instructions:?}");
}

/// Runs one tile whose first burst is answered with an error, then, after a reset, once more without: the fault's address, if
/// there is one, and whether the tile ends.
pub(super) fn answered(
    live: &Live,
    config: &ArrayConfig,
    instructions: &[Instruction],
    words: usize,
    errors: [bool; 2],
) -> [(Option<u64>, bool); 2] {
    /// Of each run, the last of them the reset.
    const CYCLES: usize = 400;
    let mut pins = live.start();
    let mut responses: VecDeque<(u64, usize)> = VecDeque::new();
    let mut now = 0_u64;
    errors.map(|error| {
        let (mut at, mut answers, mut fault, mut ended) = (0, 0, None, false);
        for cycle in 0..CYCLES {
            let word = instructions.get(at).map(|instruction| instruction.encode().unwrap().0);
            pins.put("store_valid", word.is_some().into());
            let word = word.unwrap_or_default();
            let halves: Vec<u32> =
                word.iter().flat_map(|&w| [w as u32, (w >> 32) as u32]).collect();
            pins.put_words("store_word", 0, &halves);
            pins.put("drain_valid", u64::from(cycle < words));
            pins.put("store_go", u64::from(cycle > words));
            pins.put("reset", u64::from(cycle + 1 == CYCLES));
            let due = responses.front().copied().filter(|(due, _)| *due <= now);
            for p in 0..config.dram_channels {
                let name = |signal: &str| format!("m_axi_{p}_{signal}");
                pins.put(&name("awready"), 1);
                pins.put(&name("wready"), 1);
                let answers_now = due.is_some_and(|(_, port)| port == p);
                pins.put(&name("bvalid"), answers_now.into());
                pins.put(&name("bresp"), if answers_now && answers == 0 && error { 2 } else { 0 });
            }
            pins.step();
            if due.is_some() {
                responses.pop_front();
                answers += 1;
            }
            at += usize::from(at < instructions.len() && pins.get("store_ready") == 1);
            for p in 0..config.dram_channels {
                let name = |signal: &str| format!("m_axi_{p}_{signal}");
                if pins.get(&name("wvalid")) == 1 && pins.get(&name("wlast")) == 1 {
                    responses.push_back((now + 5, p));
                }
            }
            ended |= pins.get("store_end") == 1;
            if pins.get("store_fault") == 1 {
                assert_eq!(pins.get("store_fault_axi"), 1);
                fault = Some(pins.get("store_fault_address"));
            }
            now += 1;
        }
        (fault, ended)
    })
}
