//! The update unit as a whole under Verilator: bits and the cycle of every beat that comes out, for each number of lanes and
//! each largest M.

mod truth;

use crate::support::{Bench, Random, accepted};
use crate::update_lane::{Sgd, weight};
use crate::verilog::has_verilog_tool;
use half::f16;
use satkit_hdl::HdlError;
use satkit_hdl::emit::Design;
use satkit_hdl::update::design;
use satkit_spec::ArrayConfig;
use truth::{Job, Made, Truth, WUVE_CYCLES};

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

/// An update of up to `most` weights, with all kinds of settings.
fn any_update(random: &mut Random, config: &ArrayConfig, most: u64) -> Job {
    let sgd = Sgd::any(random);
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
    let count = (1 + random.below(most) as usize).next_multiple_of(made.unit());
    let halves = halves(random, count);
    let weights = halves
        .iter()
        .map(|&[.., half]| {
            let [dw, w, v] = weight(random, &sgd);
            // Old weights that tie in FP16, and such that round to NaN and Inf.
            let tie = random.below(3) == 0;
            let w = if tie { f16::from_bits(half as u16).to_f32().to_bits() } else { w };
            [dw, w, v, random.next() as u32 & 0xFFFF]
        })
        .collect::<Vec<_>>();
    // Groups that are longer than a beat come without gaps.
    let per_group = if made.srste { made.m.div_ceil(config.wuve_lanes) } else { 1 };
    let mut gaps = gaps(random, count.div_ceil(config.wuve_lanes));
    let within = gaps.iter_mut().enumerate().filter(|(at, _)| at % per_group != 0);
    within.for_each(|(_, gap)| *gap = 0);
    Job { made, sgd, weights, gaps }
}

/// Updates under all kinds of settings. Returns the number of parameters.
fn update_everything(config: &ArrayConfig, bench: &Bench, jobs: usize) -> u64 {
    let mut random = Random(6);
    let mut parameters = 0;
    for _ in 0..jobs {
        let mut truth = Truth::new(config);
        for _ in 0..4 {
            truth.job(&any_update(&mut random, config, 2000));
            truth.flush();
        }
        parameters += truth.parameters;
        truth.check(bench);
    }
    parameters
}

/// Resets while beats are in the unit, also in the middle of a group, and an instruction of another kind right behind it. Returns
/// how many results were due after a reset.
fn reset_in_mid_stream(config: &ArrayConfig, bench: &Bench, jobs: usize) -> usize {
    let mut random = Random(7);
    let mut truth = Truth::new(config);
    let mut results = 0;
    let any_job = |random: &mut Random| {
        let mut job = any_update(random, config, 600);
        if random.below(3) == 0 {
            (job.made.prune_only, job.made.srste) = (true, false);
        }
        job
    };
    for _ in 0..jobs {
        truth.job(&any_job(&mut random));
        let beats = truth.beats.len();
        if random.below(3) == 0 {
            // What comes out last is on its way.
            truth.idle(random.below(WUVE_CYCLES + 40) as u32);
            truth.reset(beats);
        } else {
            truth.reset(random.below(beats as u64) as usize);
        }
        if random.below(2) == 0 {
            truth.idle(1 + random.below(4) as u32);
        }
        let before = truth.due.len();
        truth.job(&any_job(&mut random));
        truth.flush();
        truth.counters();
        results += truth.due.len() - before;
    }
    truth.check(bench);
    results
}

fn designs() -> Vec<(ArrayConfig, Design)> {
    let wide = |config: ArrayConfig| config.with_m_lanes(16).unwrap();
    let configs = ArrayConfig::all().into_iter().flat_map(|config| [config.clone(), wide(config)]);
    configs.map(|config| (config.clone(), design(&config).unwrap())).collect()
}

fn run_all(lanes: usize) {
    if !has_verilog_tool("verilator") {
        return;
    }
    for (config, design) in designs().iter().filter(|(config, _)| config.wuve_lanes == lanes) {
        let bench = Bench::build(design, "update.cpp", "-O1");
        let groups = select_everything(config, &bench, 4_000);
        let parameters = update_everything(config, &bench, 40);
        let results = reset_in_mid_stream(config, &bench, 200);
        println!(
            "{}: {groups} groups selected, {parameters} parameters updated, {results} results behind resets",
            config.name
        );
        // Six configurations: more than a million groups.
        assert!(groups > 170_000 && parameters > 100_000 && results > 2_000);
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
    let designs: Vec<Design> = designs().into_iter().map(|(_, design)| design).collect();
    accepted("verilator", &designs);
    accepted("iverilog", &designs);
    // The smallest and the largest.
    accepted("yosys", [&designs[0], &designs[5]]);
}
