//! The MM engine's controller at three levels, each from one stimulus: random sequences of GEOMETRY, WALK and MM, against token
//! streams in plain Rust, written from `docs/machine.md`, the instruction table and `ArrayTiming`.

use crate::support::Random;
use crate::trace::{Cycle, Replay, in_rusthdl, traced};
use crate::verilog::has_verilog_tool;
use satkit_hdl::array::Controller;
use satkit_hdl::emit::emit;
use satkit_spec::{ArrayConfig, ArrayTiming, MM_DECODE_CYCLES};
use std::collections::{BTreeMap, VecDeque};

const FEW: usize = 4_000;
const MANY: usize = 400_000;

traced!(
    Controller,
    [rows last_row pass_floor reach_outputs reach_sums run_on
     geometry geometry_streams walk mm mm_slots mm_rows mm_ip mm_iq mm_accumulate mm_drain mm_posts mm_activations mm_weights go forget
     walk_slots walk_start walk_kept walk_kept_left walk_groups walk_groups_left walk_taps walk_taps_left
     walk_lines walk_lines_left walk_group_step walk_tap_step walk_line_step walk_block_step walk_psum],
    [walk_room walk_write mm_room starts start_streams start_drains start_posts start_outputs start_interleave ending running_streams
     ended busy walk_read row_token column_token row_drain]
);

/// Cycles from the start of an MM to its first token, out of a register.
const FRONT: u64 = 2;
/// A row's first output is in the drain buffer so long after its token has left.
const DRAIN: u64 = 12 - 1;
const ADDER: u64 = 5;
/// Walks that can wait.
const WALKS: u64 = 15;

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Walk {
    pub(crate) slots: u64,
    pub(crate) start: u64,
    /// Slots of a group, groups, taps, lines; what is left of each at the start.
    pub(crate) sizes: [u64; 4],
    pub(crate) left: [u64; 4],
    /// From a group, tap, line and block to the next.
    pub(crate) steps: [u64; 4],
    pub(crate) psum: u64,
}

impl Walk {
    /// The element of slot `slot`: every boundary that has been passed counts with the step of the outermost loop that it ends.
    fn element(&self, slot: u64) -> u64 {
        let mut place = 0;
        let mut size = 1;
        for (&loops, &left) in self.sizes.iter().zip(&self.left) {
            place += (loops - left) * size;
            size *= loops;
        }
        let mut element = self.start;
        let mut size = 1;
        let mut passed = [0; 5];
        for (level, &loops) in self.sizes.iter().enumerate() {
            size *= loops;
            passed[level] = (place + slot) / size - place / size;
        }
        for level in 0..4 {
            element += (passed[level] - passed[level + 1]) * self.steps[level];
        }
        element % (1 << 20)
    }

    fn random(random: &mut Random, slots: u64, ws: bool) -> Self {
        let most = if ws { [1, 64, 1, 8] } else { [4, 4, 3, 3] };
        let sizes = most.map(|most| 1 + random.below(most));
        Self {
            slots,
            start: random.below(1 << 20),
            sizes,
            left: sizes.map(|size| 1 + random.below(size)),
            steps: [(); 4].map(|()| random.below(1 << 20)),
            psum: random.below(1 << 16),
        }
    }
}

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Mm {
    pub(crate) slots: u64,
    pub(crate) rows: u64,
    pub(crate) ip: u64,
    pub(crate) iq: u64,
    pub(crate) accumulate: bool,
    pub(crate) drain: bool,
    pub(crate) posts: bool,
    pub(crate) activations: bool,
    pub(crate) weights: bool,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Item {
    Geometry { streams: bool },
    Walk(Walk),
    Mm(Mm),
}

/// What a cycle's inputs are besides the constants.
#[derive(Clone, Copy, Default)]
pub(crate) struct Offer {
    pub(crate) item: Option<Item>,
    pub(crate) go: bool,
}

impl Offer {
    /// A cycle with these inputs, `walk` read; fields of what is not offered are those of `idle`.
    pub(crate) fn inputs(
        &self,
        rows: u64,
        timing: &ArrayTiming,
        walk: &Walk,
        (idle_streams, idle): (bool, Mm),
    ) -> Cycle {
        let is = |flag: bool| u64::from(flag);
        let (geometry, mm) = match self.item {
            Some(Item::Geometry { streams }) => (Some(streams), None),
            Some(Item::Mm(mm)) => (None, Some(mm)),
            _ => (None, None),
        };
        let mut cycle = Cycle::default();
        cycle.give(7, rows).give(6, rows - 1);
        for constant in [
            timing.ws_pass_floor_cycles,
            timing.os_reach_cycles,
            timing.ws_reach_cycles,
            timing.ws_run_on_cycles,
        ] {
            cycle.give(16, constant as u64);
        }
        cycle.give(1, is(geometry.is_some())).give(1, is(geometry.unwrap_or(idle_streams)));
        cycle.give(1, is(matches!(self.item, Some(Item::Walk(_)))));
        cycle.give(1, is(mm.is_some()));
        let mm = mm.unwrap_or(idle);
        cycle.give(16, mm.slots).give(16, mm.rows).give(5, mm.ip).give(5, mm.iq);
        // What forgets is tried where the engine stands in the accelerator.
        for flag in [mm.accumulate, mm.drain, mm.posts, mm.activations, mm.weights, self.go, false]
        {
            cycle.give(1, is(flag));
        }
        cycle.give(16, walk.slots).give(20, walk.start);
        for (level, width) in [5, 16, 5, 16].into_iter().enumerate() {
            cycle.give(width, walk.sizes[level]).give(width, walk.left[level]);
        }
        for step in walk.steps {
            cycle.give(20, step);
        }
        cycle.give(16, walk.psum);
        cycle
    }
}

/// A value and which bits of it are said.
#[derive(Clone, Copy, Default)]
struct Token(u64, u64);

impl Token {
    fn put(&mut self, low: u32, width: u32, value: u64) -> &mut Self {
        let all = (1 << width) - 1;
        assert!(value <= all);
        self.0 |= value << low;
        self.1 |= all << low;
        self
    }
}

/// The controller as documented: everything that follows from a start is noted when it happens.
pub(crate) struct Truth {
    rows: u64,
    timing: ArrayTiming,
    time: u64,
    streams: bool,
    store: [Walk; 16],
    waiting: VecDeque<Walk>,
    written: u64,
    read: u64,
    reads: BTreeMap<u64, u64>,
    next: Option<(u64, bool, Mm)>,
    array_free: u64,
    rows_free: u64,
    drain_free: u64,
    ends: BTreeMap<u64, ()>,
    /// Of the MM that started last.
    running_streams: bool,
    halves: [u64; 2],
    row_tokens: BTreeMap<u64, Token>,
    column_tokens: BTreeMap<u64, Token>,
    drains: BTreeMap<u64, u64>,
    /// What has been met: starts of both dataflows, starts without a lost cycle, waits for the drain path and for dry rows.
    pub(crate) met: BTreeMap<&'static str, usize>,
}

impl Truth {
    pub(crate) fn new(config: &ArrayConfig) -> Self {
        Self {
            rows: config.rows as u64,
            timing: config.array_timing(),
            time: 0,
            streams: false,
            store: [Walk::default(); 16],
            waiting: VecDeque::new(),
            written: 0,
            read: 0,
            reads: BTreeMap::new(),
            next: None,
            array_free: 0,
            rows_free: 0,
            drain_free: 0,
            ends: BTreeMap::new(),
            running_streams: false,
            halves: [0; 2],
            row_tokens: BTreeMap::new(),
            column_tokens: BTreeMap::new(),
            drains: BTreeMap::new(),
            met: BTreeMap::new(),
        }
    }

    fn walk_room(&self) -> bool {
        self.written - self.read < WALKS
    }

    /// What is taken of an offer.
    pub(crate) fn takes(&self, offer: &Offer) -> bool {
        match offer.item {
            None => false,
            Some(Item::Geometry { .. }) => true,
            Some(Item::Walk(_)) => self.walk_room(),
            Some(Item::Mm(_)) => self.next.is_none(),
        }
    }

    /// The half of a buffer that an MM reads: the next one if it takes one, else that of the MM before.
    fn half(&mut self, buffer: usize, takes: bool) -> u64 {
        self.halves[buffer] += u64::from(takes);
        (self.halves[buffer] + 1) % 2
    }

    fn starts(&mut self, go: bool) -> bool {
        let Some((since, streams, mm)) = self.next else { return false };
        let time = self.time;
        if time < since + MM_DECODE_CYCLES as u64 || !go || time < self.array_free {
            return false;
        }
        if !streams && time < self.rows_free {
            *self.met.entry("waits for dry rows").or_default() += 1;
            return false;
        }
        let ring = (mm.ip * mm.iq).max(ADDER);
        let rounds = mm.slots.max(1);
        let (cycles, reach, outputs) = if streams {
            let floor = self.timing.ws_pass_floor_cycles as u64;
            (mm.rows.max(floor), self.timing.ws_reach_cycles as u64, mm.rows)
        } else {
            let reach = ring * (rounds - 1) + self.timing.os_reach_cycles as u64;
            (ring * rounds, reach, self.rows * mm.ip * mm.iq)
        };
        if mm.drain {
            if time + reach < self.drain_free {
                *self.met.entry("waits for the drain path").or_default() += 1;
                return false;
            }
            self.drain_free = time + reach + outputs;
        }
        if time == self.array_free {
            *self.met.entry("starts without a lost cycle").or_default() += 1;
        }
        self.array_free = time + cycles;
        self.ends.insert(self.array_free, ());
        self.next = None;
        self.running_streams = streams;
        let halves = [self.half(0, mm.activations), self.half(1, mm.weights)];
        if streams {
            *self.met.entry("weight-stationary").or_default() += 1;
            self.rows_free = self.array_free + self.timing.ws_run_on_cycles as u64;
            self.pass(&mm, halves);
        } else {
            *self.met.entry("output-stationary").or_default() += 1;
            self.tile(&mm, ring, rounds, halves);
        }
        true
    }

    fn tile(&mut self, mm: &Mm, ring: u64, rounds: u64, [activations, weights]: [u64; 2]) {
        let first = self.time + FRONT;
        let mut walks: Vec<Walk> = Vec::new();
        while walks.iter().map(|walk| walk.slots).sum::<u64>() < mm.slots {
            walks.push(self.waiting.pop_front().expect("legal use"));
        }
        let mut until = 0;
        for walk in &walks {
            until += walk.slots;
            // The next is read when the last token of this one goes into its register.
            *self.reads.entry(first + until * ring - 1).or_default() += 1;
        }
        for round in 0..rounds {
            let (mut segment, mut slot) = (0, round);
            while mm.slots > 0 && slot >= walks[segment].slots {
                slot -= walks[segment].slots;
                segment += 1;
            }
            for place in 0..ring {
                let at = first + round * ring + place;
                let live = place < mm.ip * mm.iq;
                let last = mm.drain && round + 1 == rounds;
                if !live {
                    // An idle slot: what it carries besides does nothing.
                    self.row_tokens.insert(at, *Token::default().put(4, 1, 0));
                    self.column_tokens.insert(at, *Token::default().put(19, 6, 63));
                    continue;
                }
                let mut row = Token::default();
                row.put(0, 4, place)
                    .put(4, 1, 1)
                    .put(5, 1, u64::from(round == 0 && !mm.accumulate))
                    .put(6, 1, u64::from(last))
                    .put(7, 1, 0)
                    .put(8, 4, place % mm.ip);
                let mut column = Token::default();
                column.put(17, 1, u64::from(mm.slots > 0)).put(18, 1, 1).put(19, 6, 63);
                if mm.slots > 0 {
                    row.put(12, 2, segment as u64).put(14, 1, activations).put(
                        15,
                        20,
                        walks[segment].element(slot),
                    );
                    column.put(0, 16, round * mm.iq + place / mm.ip).put(16, 1, weights);
                }
                self.row_tokens.insert(at, row);
                self.column_tokens.insert(at, column);
            }
        }
        if mm.drain {
            let last_round = first + (rounds - 1) * ring;
            self.drains.insert(last_round + DRAIN, mm.ip * mm.iq - 1);
        }
    }

    fn pass(&mut self, mm: &Mm, [activations, weights]: [u64; 2]) {
        let first = self.time + FRONT;
        let walk = self.waiting.pop_front().expect("legal use");
        assert_eq!(walk.slots, mm.rows);
        *self.reads.entry(first + mm.rows - 1).or_default() += 1;
        for streamed in 0..mm.rows {
            let psum = walk.psum + streamed;
            let psum = psum % (1 << 16);
            let mut row = Token::default();
            row.put(0, 4, 0)
                .put(4, 1, 1)
                .put(6, 1, u64::from(mm.drain))
                .put(7, 1, 1)
                .put(8, 4, 0)
                .put(12, 2, 0)
                .put(14, 1, activations)
                .put(15, 20, walk.element(streamed))
                .put(35, 16, psum);
            self.row_tokens.insert(first + streamed, row);
            let column = self.column_tokens.entry(first + streamed).or_default();
            column.put(25, 1, u64::from(!mm.accumulate)).put(26, 16, psum);
        }
        for row in 0..self.rows {
            let column = self.column_tokens.entry(first + row * (ADDER - 1)).or_default();
            column
                .put(0, 16, row)
                .put(16, 1, weights)
                .put(17, 1, u64::from(row < mm.slots))
                .put(18, 1, 0)
                .put(19, 6, row);
        }
    }

    /// One cycle, and whether the offer is taken.
    pub(crate) fn cycle(&mut self, offer: Offer, random: &mut Random) -> Cycle {
        let time = self.time;
        self.read += self.reads.remove(&time).unwrap_or(0);
        let taken = self.takes(&offer);
        let (walk_room, mm_room) = (self.walk_room(), self.next.is_none());
        let pending = self.next;
        let running_streams = self.running_streams;
        let starts = self.starts(offer.go);
        let idle_streams = random.below(2) == 0;
        let idle = Mm {
            slots: random.below(1 << 16),
            rows: random.below(1 << 16),
            ip: random.below(32),
            iq: random.below(32),
            accumulate: random.below(2) == 0,
            drain: random.below(2) == 0,
            posts: random.below(2) == 0,
            activations: random.below(2) == 0,
            weights: random.below(2) == 0,
        };
        let walk = self.store[(self.read % 16) as usize];
        let mut cycle = offer.inputs(self.rows, &self.timing, &walk, (idle_streams, idle));
        let is = |flag: bool| u64::from(flag);
        cycle
            .expect(1, is(walk_room))
            .expect(4, self.written % 16)
            .expect(1, is(mm_room))
            .expect(1, is(starts));
        // What is to start, when it does.
        let (streams, mm) =
            pending.filter(|_| starts).map_or_else(Default::default, |p| (p.1, p.2));
        let care = |bits: u32| if starts { u64::MAX >> (64 - bits) } else { 0 };
        let outputs = if streams { mm.rows } else { self.rows * mm.ip * mm.iq };
        cycle
            .expect_bits(1, is(streams), care(1))
            .expect_bits(1, is(mm.drain), care(1))
            .expect_bits(1, is(mm.posts), care(1))
            .expect_bits(16, outputs, care(16))
            .expect_bits(5, mm.ip * mm.iq, care(5))
            .expect(1, is(self.ends.contains_key(&(time + 1))))
            .expect(1, is(running_streams))
            .expect(1, is(self.ends.remove(&time).is_some()))
            .expect(1, is(time < self.array_free))
            .expect(4, self.read % 16);
        // Where nothing runs no token is live, and no weight is taken: rows of a pass may still hold theirs.
        let row = self.row_tokens.remove(&time).unwrap_or(Token(0, 1 << 4));
        cycle.expect_bits(51, row.0, row.1);
        let mut column = self.column_tokens.remove(&time).unwrap_or_default();
        if time > 0 && column.1 >> 19 & 1 == 0 {
            column.put(18, 1, 0).put(19, 6, 63);
        }
        cycle.expect_bits(42, column.0, column.1);
        match self.drains.remove(&time) {
            Some(most) => cycle.expect(5, most | 0x10),
            None => cycle.expect_bits(5, 0, 0x10),
        };

        if taken {
            match offer.item {
                Some(Item::Geometry { streams }) => self.streams = streams,
                Some(Item::Walk(walk)) => {
                    self.store[(self.written % 16) as usize] = walk;
                    self.waiting.push_back(walk);
                    self.written += 1;
                }
                Some(Item::Mm(mm)) => self.next = Some((time, self.streams, mm)),
                None => {}
            }
        }
        self.time += 1;
        cycle
    }
}

/// An MM with its walks.
fn work(random: &mut Random, config: &ArrayConfig, streams: bool, items: &mut VecDeque<Item>) {
    let flag = |random: &mut Random| random.below(2) == 0;
    let mut mm = Mm {
        rows: random.below(1 << 16),
        ip: 1,
        iq: 1,
        accumulate: flag(random),
        drain: random.below(3) == 0,
        posts: flag(random),
        activations: flag(random),
        weights: flag(random),
        slots: 0,
    };
    if streams {
        let rows = config.rows as u64;
        mm.slots = 1 + random.below(rows);
        let floor = config.array_timing().ws_pass_floor_cycles as u64;
        mm.rows = match random.below(4) {
            0 => 1 + random.below(4),
            1 => floor + random.below(3) - 1,
            _ => 1 + random.below(2 * floor),
        };
        items.push_back(Item::Walk(Walk::random(random, mm.rows, true)));
    } else {
        (mm.ip, mm.iq) = loop {
            let (ip, iq) = (1 + random.below(16), 1 + random.below(16));
            if ip * iq <= 16 {
                break (ip, iq);
            }
        };
        // A tile may have no slots at all: its outputs are zeros.
        let walks = if random.below(12) == 0 { 0 } else { 1 + random.below(4) };
        for _ in 0..walks {
            let most = if random.below(4) == 0 { 60 } else { 6 };
            let slots = 1 + random.below(most);
            mm.slots += slots;
            items.push_back(Item::Walk(Walk::random(random, slots, false)));
        }
    }
    items.push_back(Item::Mm(mm));
}

/// Cycles of a random sequence; `met` is told at the end of each what has been met.
fn cycles(
    config: ArrayConfig,
    seed: u64,
    mut met: impl FnMut(&BTreeMap<&'static str, usize>),
) -> impl Iterator<Item = Cycle> {
    let mut random = Random(seed);
    let mut truth = Truth::new(&config);
    let mut items = VecDeque::from([Item::Geometry { streams: false }]);
    let (mut streams, mut haste, mut goes) = (false, 1, 1);
    (0..).map(move |_: usize| {
        if items.is_empty() {
            if random.below(6) == 0 {
                streams = !streams;
                items.push_back(Item::Geometry { streams });
            }
            if random.below(16) == 0 {
                // At full speed, or with what comes late.
                haste = [1, 1, 2, 12][random.below(4) as usize];
                goes = [1, 1, 2, 8][random.below(4) as usize];
            }
            work(&mut random, &config, streams, &mut items);
        }
        let offer = Offer {
            item: if random.below(haste) == 0 { items.front().copied() } else { None },
            go: random.below(goes) == 0,
        };
        if truth.takes(&offer) {
            items.pop_front();
        }
        let cycle = truth.cycle(offer, &mut random);
        met(&truth.met);
        cycle
    })
}

#[test]
fn a_controller_in_rusthdl() {
    in_rusthdl::<Controller>(cycles(ArrayConfig::tiny(), 1, |_| ()).take(FEW));
}

/// What the sequences are for does happen in them.
#[test]
fn every_reason_to_wait_is_met() {
    for config in ArrayConfig::all() {
        let mut seen = BTreeMap::new();
        let name = config.name.clone();
        let cycles = cycles(config, 2, |met| {
            if met.len() > seen.len() || met.values().sum::<usize>() % 64 == 0 {
                seen.clone_from(met);
            }
        });
        assert_eq!(cycles.take(MANY / 4).count(), MANY / 4);
        assert!(seen.len() == 5 && seen.values().all(|&count| count > 50), "{name}: {seen:?}");
    }
}

#[test]
fn a_controller_in_verilog() {
    if has_verilog_tool("verilator") {
        let replay = Replay::build::<Controller>(&emit("controller", Controller::default));
        for config in ArrayConfig::all() {
            replay.check(|| cycles(config.clone(), 2, |_| ()), MANY);
        }
        assert_eq!(replay.verdict(too_many_walks().into_iter()), "0 of 40 wrong");
    }
}

/// Walks that no MM takes: there is room for 15.
fn too_many_walks() -> Vec<Cycle> {
    let mut random = Random(3);
    let mut truth = Truth::new(&ArrayConfig::tiny());
    let cycles = (0..40).map(|_| {
        let walk = Walk::random(&mut random, 5, false);
        truth.cycle(Offer { item: Some(Item::Walk(walk)), go: true }, &mut Random(0))
    });
    let cycles: Vec<Cycle> = cycles.collect();
    assert_eq!(truth.written, WALKS);
    cycles
}

#[test]
fn the_store_of_walks_fills_up() {
    in_rusthdl::<Controller>(too_many_walks().into_iter());
}
