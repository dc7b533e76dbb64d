//! The update unit as a whole under Verilator: bits and the cycle of every beat that comes out, for each number of lanes and
//! each largest M. The truth is plain Rust, written from `docs/contract.md` and `docs/contract-elementwise.md`.

use crate::support::{Bench, Random, check_with_yosys, elaborate_with_icarus, has, lint};
use crate::update_lane::{Sgd, weight};
use half::f16;
use satkit_hdl::HdlError;
use satkit_hdl::emit::Design;
use satkit_hdl::update::design;
use satkit_spec::ArrayConfig;
use std::collections::BTreeMap;

/// What is made of the weights of one instruction.
#[derive(Clone, Copy, Debug, Default)]
struct Made {
    prune_only: bool,
    srste: bool,
    make_ff: bool,
    make_bp: bool,
    prune_ff: bool,
    prune_bp: bool,
    mask_bp: bool,
    m: usize,
    n: usize,
}

impl Made {
    const fn transposes(&self) -> bool {
        self.prune_ff && self.prune_bp && !self.mask_bp
    }

    /// Weights that belong together.
    const fn unit(&self) -> usize {
        if self.transposes() {
            self.m * self.m
        } else if self.prune_ff || self.prune_bp || self.mask_bp || self.srste {
            self.m
        } else {
            1
        }
    }
}

/// One instruction: settings, weights, and the idle cycles before each beat.
struct Job {
    made: Made,
    sgd: Sgd,
    /// dw, w, v and the FP16 weight.
    weights: Vec<[u32; 4]>,
    gaps: Vec<u32>,
}

/// Flags of the N of largest magnitude, the lowest position first among equals.
fn kept(group: &[u16], n: usize) -> Vec<bool> {
    let mut order: Vec<usize> = (0..group.len()).collect();
    order.sort_by_key(|&at| (std::cmp::Reverse(group[at] & 0x7FFF), at));
    let mut kept = vec![false; group.len()];
    order[..n].iter().for_each(|&at| kept[at] = true);
    kept
}

fn canonical(half: u16) -> u16 {
    if half & 0x7FFF > 0x7C00 { 0x7E00 } else { half }
}

fn narrow(single: u32) -> u16 {
    canonical(f16::from_f32(f32::from_bits(single)).to_bits())
}

/// A vector of `width`-bit elements, `count` of them, in words as the bench has them.
fn packed(elements: &[u32], width: usize, count: usize) -> Vec<u32> {
    let mut words = vec![0_u32; (width * count).div_ceil(32)];
    for (at, &element) in elements.iter().enumerate() {
        words[at * width / 32] |= element << (at * width % 32);
    }
    words
}

/// A unit with everything that is due, cycle by cycle.
struct Truth {
    lanes: usize,
    m_lanes: usize,
    sore_latency_cycles: u64,
    input: Vec<u32>,
    due: BTreeMap<(u64, u32), Vec<u32>>,
    cycle: u64,
    parameters: u64,
    groups: u64,
}

const WUVE_CYCLES: u64 = 32;

impl Truth {
    fn new(config: &ArrayConfig) -> Self {
        Self {
            lanes: config.wuve_lanes,
            m_lanes: config.m_lanes,
            sore_latency_cycles: config.sore_latency_cycles as u64,
            input: vec![3],
            due: BTreeMap::new(),
            cycle: 1,
            parameters: 0,
            groups: 0,
        }
    }

    fn word(&self) -> usize {
        self.lanes.max(self.m_lanes)
    }

    fn idle(&mut self, cycles: u32) {
        self.input.extend([2, cycles]);
        self.cycle += u64::from(cycles);
    }

    /// Gives a job's beats, and notes what comes of them. Nothing of the job before may be on its way.
    fn job(&mut self, job: &Job) {
        let Job { made, sgd, weights, gaps } = job;
        let flags = [
            made.prune_only,
            sgd.skip,
            made.srste,
            made.make_ff,
            made.make_bp,
            made.prune_ff,
            made.prune_bp,
            made.mask_bp,
        ];
        let flags = flags.iter().enumerate().map(|(at, &flag)| u32::from(flag) << at).sum();
        self.input.extend([0, flags, made.m.ilog2(), made.n as u32]);
        self.input.extend(sgd.words());
        assert!(weights.len().is_multiple_of(made.unit()));

        let old: Vec<u16> = weights.iter().map(|&[_, w, ..]| narrow(w)).collect();
        let mut decays = vec![false; weights.len()];
        if made.srste && sgd.lambda != 0.0 {
            for (group, decays) in old.chunks(made.m).zip(decays.chunks_mut(made.m)) {
                for (decays, kept) in decays.iter_mut().zip(kept(group, made.n)) {
                    *decays = !kept;
                }
            }
        }
        let new: Vec<[u32; 2]> = weights
            .iter()
            .zip(&decays)
            .map(|(&[dw, w, v, _], &decays)| sgd.update(dw, w, v, decays))
            .collect();
        let halves: Vec<u16> = if made.prune_only {
            weights.iter().map(|&[.., half]| canonical(half as u16)).collect()
        } else {
            new.iter().map(|&[w, _]| narrow(w)).collect()
        };

        // The cycle in which SORE takes each beat.
        let mut taken = Vec::new();
        for (beat, weights) in weights.chunks(self.lanes).enumerate() {
            let gap = gaps.get(beat).copied().unwrap_or(0);
            if gap > 0 {
                self.idle(gap);
            }
            let valid = (1 << weights.len()) - 1;
            self.input.extend([1, valid]);
            for field in [1, 2, 0] {
                let values: Vec<u32> = weights.iter().map(|weight| weight[field]).collect();
                self.input.extend(packed(&values, 32, self.lanes));
            }
            let values: Vec<u32> = weights.iter().map(|weight| weight[3]).collect();
            self.input.extend(packed(&values, 16, self.lanes));
            if made.prune_only {
                taken.push(self.cycle);
            } else {
                let new = &new[beat * self.lanes..][..weights.len()];
                // What invalid lanes hold is not said: it is compared with nothing.
                let mut event = vec![valid];
                for field in 0..2 {
                    event.extend(new.iter().map(|new| new[field]));
                    event.extend(std::iter::repeat_n(0, self.lanes - new.len()));
                }
                self.due.insert((self.cycle + WUVE_CYCLES, 0), event);
                taken.push(self.cycle + WUVE_CYCLES);
                self.parameters += if sgd.skip { 0 } else { weights.len() as u64 };
            }
            self.cycle += 1;
        }

        if made.make_ff {
            let (m, n) = if made.prune_ff { (made.m, made.n) } else { (1, 1) };
            self.select(1, &halves, &taken, (m, n), false);
            if made.prune_ff {
                self.groups += (halves.len() / m) as u64;
            }
        }
        if made.make_bp {
            let selects = made.prune_bp || made.mask_bp;
            let (m, n) = if selects { (made.m, made.n) } else { (1, 1) };
            if selects {
                self.groups += (halves.len() / m) as u64;
            }
            if made.transposes() {
                let mut across = halves.clone();
                for (to, from) in across.chunks_mut(m * m).zip(halves.chunks(m * m)) {
                    for (at, to) in to.iter_mut().enumerate() {
                        *to = from[at % m * m + at / m];
                    }
                }
                // A block leaves from the second cycle after its last beat on.
                let beats = (m * m).div_ceil(self.lanes);
                let last = |beat: usize| taken[beat / beats * beats + beats - 1];
                let turned: Vec<u64> =
                    (0..taken.len()).map(|beat| last(beat) + 2 + (beat % beats) as u64).collect();
                self.select(2, &across, &turned, (m, n), false);
                let due = self.due.range(..).rev().find(|((_, what), _)| *what == 2);
                let out = due.map_or(0, |((cycle, _), _)| *cycle);
                if m == self.m_lanes {
                    // The contract's latency, of the largest block.
                    assert_eq!(out, taken[taken.len() - 1] + self.sore_latency_cycles);
                } else {
                    assert!(out <= taken[taken.len() - 1] + self.sore_latency_cycles);
                }
            } else {
                self.select(2, &halves, &taken, (m, n), made.mask_bp);
            }
        }
    }

    /// Notes the words of one selection whose beats come in these cycles.
    fn select(
        &mut self,
        what: u32,
        values: &[u16],
        beats: &[u64],
        (m, n): (usize, usize),
        dense: bool,
    ) {
        // Rounding takes two cycles, gathering one, comparing to filling slots five.
        let latency = 2 + u64::from(self.lanes < self.m_lanes) + 5;
        let length = m.max(self.lanes);
        for (word, values) in values.chunks(length).enumerate() {
            let last = (word * length + values.len() - 1) / self.lanes;
            let (mut slots, mut positions) = (Vec::new(), Vec::new());
            for group in values.chunks(m) {
                for (at, kept) in kept(group, n).into_iter().enumerate() {
                    if kept || dense {
                        slots.push(if kept { u32::from(group[at]) } else { 0 });
                        positions.push(at as u32);
                    }
                }
            }
            let mut event = vec![slots.len() as u32];
            event.extend(packed(&slots, 16, self.word()));
            event.extend(packed(&positions, 4, self.word()));
            self.due.insert((beats[last] + latency, what), event);
        }
    }

    /// Lets everything come out.
    fn flush(&mut self) {
        self.idle(128);
    }

    fn counters(&mut self) {
        self.input.push(4);
        let counters = [self.parameters, self.groups];
        let words = counters.iter().flat_map(|c| [*c as u32, (*c >> 32) as u32]).collect();
        self.due.insert((self.cycle, 3), words);
    }

    /// Runs the bench and compares everything that comes out with what is due.
    fn check(mut self, bench: &Bench) -> usize {
        self.flush();
        self.counters();
        let input = std::mem::take(&mut self.input);
        let output = bench.run(|pipe| {
            for word in &input {
                pipe.write_all(&word.to_le_bytes()).unwrap();
            }
        });
        let mut words = output.chunks_exact(4).map(|w| u32::from_le_bytes(w.try_into().unwrap()));
        let lengths = [
            1 + 2 * self.lanes,
            1 + (16 * self.word()).div_ceil(32) + (4 * self.word()).div_ceil(32),
        ];
        let lengths = [lengths[0], lengths[1], lengths[1], 4];
        let count = self.due.len();
        for ((cycle, what), mut expected) in self.due {
            let head = (words.next(), words.next());
            assert_eq!(head, (Some(cycle as u32), Some(what)), "due: {expected:x?}");
            let mut event: Vec<u32> = words.by_ref().take(lengths[what as usize]).collect();
            if what == 0 {
                let valid = event[0];
                for lane in (0..self.lanes).filter(|lane| valid >> lane & 1 == 0) {
                    for at in [1 + lane, 1 + self.lanes + lane] {
                        (event[at], expected[at]) = (0, 0);
                    }
                }
            }
            assert_eq!(event, expected, "cycle {cycle}, output {what}");
        }
        assert_eq!(words.next(), None);
        count
    }
}

const NO_UPDATE: Sgd = Sgd {
    inverse_loss_scale: 1.0,
    lambda: 0.0,
    weight_decay: 0.0,
    momentum: 0.0,
    learning_rate: 0.0,
    skip: false,
};

/// FP16 weights with many equal magnitudes, zeros of both signs, subnormals, infinities and NaNs.
fn halves(random: &mut Random, count: usize) -> Vec<[u32; 4]> {
    let few =
        [0, 0x8000, 1, 0x8001, 0x3C00, 0xBC00, 0x7BFF, 0xFBFF, 0x7C00, 0xFC00, 0x7C01, 0xFE5A];
    let kind = random.below(3);
    let half = |random: &mut Random| match kind {
        0 => few[random.below(12) as usize],
        1 => random.half(),
        _ => (random.next() as u32 & 1) << 15 | (0x3C00 + random.below(4) as u32),
    };
    (0..count).map(|_| [0, 0, 0, half(random)]).collect()
}

fn gaps(random: &mut Random, beats: usize) -> Vec<u32> {
    (0..beats).map(|_| if random.below(4) == 0 { random.below(4) as u32 } else { 0 }).collect()
}

/// All that can be made of FP16 weights with groups of `m`.
fn selections(m: usize, n: usize) -> Vec<Made> {
    let made = Made { prune_only: true, make_ff: true, make_bp: true, m, n, ..Made::default() };
    vec![
        Made { prune_ff: true, prune_bp: true, ..made },
        Made { prune_ff: true, make_bp: false, ..made },
        Made { prune_bp: true, make_ff: false, ..made },
        Made { prune_ff: true, prune_bp: true, make_ff: false, ..made },
        Made { prune_ff: true, mask_bp: true, ..made },
        Made { prune_ff: true, ..made },
        Made { prune_bp: true, ..made },
        made,
    ]
}

/// The selection alone: every M, N and way, with and without gaps, last beats partial. Returns the number of groups.
fn select_everything(config: &ArrayConfig, bench: &Bench, elements: usize) -> u64 {
    let mut random = Random(5);
    let mut groups = 0;
    for m in [1, 2, 4, 8, 16].into_iter().filter(|&m| m <= config.m_lanes) {
        for n in 1..=m {
            let mut truth = Truth::new(config);
            for made in selections(m, n) {
                for with_gaps in [false, true] {
                    let units = elements / if with_gaps { 4 } else { 1 } / made.unit();
                    let units = units + random.below(16) as usize;
                    let weights = halves(&mut random, units.max(1) * made.unit());
                    let beats = weights.len().div_ceil(config.wuve_lanes);
                    let gaps = if with_gaps { gaps(&mut random, beats) } else { Vec::new() };
                    truth.job(&Job { made, sgd: NO_UPDATE, weights, gaps });
                    truth.flush();
                }
            }
            groups += truth.groups;
            truth.check(bench);
        }
    }
    groups
}

/// Updates under all kinds of settings. Returns the number of parameters.
fn update_everything(config: &ArrayConfig, bench: &Bench, jobs: usize) -> u64 {
    let mut random = Random(6);
    let mut parameters = 0;
    for _ in 0..jobs {
        let mut truth = Truth::new(config);
        for _ in 0..4 {
            let sgd = Sgd::any(&mut random);
            let mut flag = || random.below(2) == 0;
            let mut made = Made {
                srste: flag(),
                make_ff: flag(),
                make_bp: flag(),
                prune_ff: flag(),
                prune_bp: flag(),
                mask_bp: flag(),
                ..Made::default()
            };
            if made.mask_bp {
                (made.prune_ff, made.prune_bp) = (true, false);
            }
            made.m = 1 << random.below(u64::from(config.m_lanes.ilog2()) + 1);
            made.n = 1 + random.below(made.m as u64) as usize;
            let count = (1 + random.below(2000) as usize).next_multiple_of(made.unit());
            let halves = halves(&mut random, count);
            let weights = halves
                .iter()
                .map(|&[.., half]| {
                    let [dw, w, v] = weight(&mut random, &sgd);
                    // Old weights that tie in FP16, and such that round to NaN and Inf.
                    let tie = random.below(3) == 0;
                    let w = if tie { f16::from_bits(half as u16).to_f32().to_bits() } else { w };
                    [dw, w, v, random.next() as u32 & 0xFFFF]
                })
                .collect::<Vec<_>>();
            // Groups that are longer than a beat come without gaps.
            let beats = count.div_ceil(config.wuve_lanes);
            let per_group = if made.srste { made.m.div_ceil(config.wuve_lanes) } else { 1 };
            let mut gaps = gaps(&mut random, beats);
            let within = gaps.iter_mut().enumerate().filter(|(at, _)| at % per_group != 0);
            within.for_each(|(_, gap)| *gap = 0);
            truth.job(&Job { made, sgd, weights, gaps });
            truth.flush();
        }
        parameters += truth.parameters;
        truth.check(bench);
    }
    parameters
}

fn designs() -> Vec<(ArrayConfig, Design)> {
    let wide = |config: ArrayConfig| config.with_m_lanes(16).unwrap();
    let configs = ArrayConfig::all().into_iter().flat_map(|config| [config.clone(), wide(config)]);
    configs.map(|config| (config.clone(), design(&config).unwrap())).collect()
}

fn run_all(lanes: usize) {
    if !has("verilator") {
        return;
    }
    for (config, design) in designs().iter().filter(|(config, _)| config.wuve_lanes == lanes) {
        let bench = Bench::build(design, "update.cpp", "-O1");
        let groups = select_everything(config, &bench, 4_000);
        let parameters = update_everything(config, &bench, 40);
        println!("{}: {groups} groups selected, {parameters} parameters updated", config.name);
        // Six configurations: more than a million groups.
        assert!(groups > 170_000 && parameters > 100_000);
    }
}

#[test]
fn four_lanes_in_verilog() {
    run_all(4);
}

#[test]
fn eight_lanes_in_verilog() {
    run_all(8);
}

#[test]
fn sixteen_lanes_in_verilog() {
    run_all(16);
}

#[test]
fn what_cannot_be_built_is_refused_in_words() {
    let refused = |change: fn(&mut ArrayConfig)| {
        let mut config = ArrayConfig::tiny();
        change(&mut config);
        design(&config).unwrap_err()
    };
    let lanes = refused(|config| config.wuve_lanes = 32);
    assert!(matches!(lanes, HdlError::Unbuildable { .. }));
    assert_eq!(lanes.to_string(), "array tiny: no RTL for WUVE lanes 32; accepted: 4, 8 or 16");
    let words = refused(|config| config.m_lanes = 4);
    assert_eq!(words.to_string(), "array tiny: no RTL for lanes per word 4; accepted: 8 or 16");
    let sore = refused(|config| config.sore_latency_cycles = 16);
    assert_eq!(
        sore.to_string(),
        "array tiny: no RTL for cycles of SORE latency 16; accepted: 25 with these lanes"
    );
    let wuve = refused(|config| config.wuve_latency_cycles = 0);
    assert_eq!(wuve.to_string(), "array tiny: no RTL for cycles of WUVE latency 0; accepted: 32");
}

#[test]
fn the_tools_accept_it() {
    for (_, design) in designs() {
        if has("verilator") {
            lint(&design);
        }
        if has("iverilog") {
            elaborate_with_icarus(&design);
        }
    }
}

#[test]
fn yosys_checks() {
    if has("yosys") {
        // The smallest and the largest.
        let designs = designs();
        [&designs[0], &designs[5]].into_iter().for_each(|(_, design)| check_with_yosys(design));
    }
}
