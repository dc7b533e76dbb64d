//! LD.W.

use super::bench;
use super::card::{Card, Content};
use super::job::{self, Job, content};
use super::program::{Load, program};
use crate::live::{Live, Pins};
use crate::support::{Random, accepted_by_the_tools};
use crate::verilog::has_verilog_tool;
use satkit_hdl::emit::Design;
use satkit_hdl::load;
use satkit_memory::MemoryModel;
use satkit_spec::ArrayConfig;
use satkit_spec::isa::{Engine, Operation};
use satkit_spec::regs::status;

/// 4 x 4, or as many columns, with so many channels and beats under way.
fn config(cols: usize, channels: usize, beats: usize) -> ArrayConfig {
    let mut config = ArrayConfig::tiny();
    config.cols = cols;
    config.rows = cols;
    config.dram_channels = channels;
    config.axi_inflight_beats = beats;
    config.queue_depth = 64;
    config
}

fn designs() -> Vec<Design> {
    [(2, 1), (4, 4), (8, 2), (32, 4)]
        .map(|(cols, channels)| load::weights(&config(cols, channels, 256)).unwrap())
        .into()
}

accepted_by_the_tools!(designs);

/// Runs a program; gives with its job the entries that were not what their load brings, or of none.
fn run(
    pins: &mut Pins<'_>,
    config: &ArrayConfig,
    card: &mut Card,
    content: &Content,
    loads: &[Load],
    now: &mut u64,
) -> (Job, Vec<String>) {
    let mut wrong = Vec::new();
    let half_entries = config.n2s_entries_per_col / 2;
    let mut banks = vec![None; config.n2s_entries_per_col];
    let job = job::run(pins, card, content, "load_w", now, |pins, ended| {
        if pins.get("n2s_write") == 1 {
            let bits: Vec<u32> =
                pins.get_words("n2s_data", 0, (20 * config.cols).div_ceil(32)).to_vec();
            let bit = |at: usize| bits[at / 32] >> (at % 32) & 1;
            let column = |c: usize| (0..20).map(|at| bit(20 * c + at) << at).sum();
            let row: Vec<u32> = (0..config.cols).map(column).collect();
            banks[pins.get("n2s_entry") as usize] = Some(row);
        }
        let Some(ended) = ended else { return };
        let load = &loads[ended];
        let half = ended % 2 * half_entries;
        for entry in 0..half_entries {
            let written = banks[half + entry].take();
            let Some(due) = load.entries.get(entry) else {
                if written.is_some() {
                    wrong.push(format!("load {}: entry {entry} written", load.index));
                }
                continue;
            };
            for (column, place) in due.iter().enumerate() {
                let Some(place) = *place else { continue };
                let due = load.due(content, place);
                let got = written.as_ref().map(|row| row[column]);
                if got != Some(due) {
                    let index = load.index;
                    wrong.push(format!("load {index}: {entry}, {column}: {got:x?}, not {due:x}"));
                }
            }
        }
    });
    (job, wrong)
}

/// A program runs as the timing model says; gives its loads and bursts.
fn agrees(
    pins: &mut Pins<'_>,
    config: &ArrayConfig,
    model: &MemoryModel,
    seed: u64,
    now: &mut u64,
) -> (usize, usize) {
    let mut random = Random(seed);
    let (instructions, loads) = program(&mut random, config);
    let content = content(&mut random, &instructions);
    let mut card = Card::new(config, model);
    let (job, wrong) = run(pins, config, &mut card, &content, &loads, now);
    let what = format!("seed {seed}, {} columns, {model:?}", config.cols);
    let bursts = job.agrees(config, model, &content, &card, instructions, &what);
    assert!(wrong.is_empty(), "{what}: {:#?}", &wrong[..wrong.len().min(5)]);
    (loads.len(), bursts)
}

#[test]
fn weights_come_in_the_cycles_of_the_timing_model() {
    if !has_verilog_tool("verilator") {
        return;
    }
    let models = ["fixed:latency=80", "fixed:latency=1", "pressure", "ddr4"];
    let models = models.map(|model| model.parse::<MemoryModel>().unwrap());
    let mut counts = (0, 0, 0);
    for (cols, channels, beats) in [(4, 4, 256), (8, 2, 64), (2, 2, 64), (32, 4, 64)] {
        let config = config(cols, channels, beats);
        let live = Live::build(&bench::design(&config, Engine::LoadWeights));
        let mut pins = live.start();
        let mut now = 0;
        for seed in 0..60 {
            let model = &models[seed as usize % models.len()];
            let (loads, bursts) = agrees(&mut pins, &config, model, seed, &mut now);
            counts = (counts.0 + 1, counts.1 + loads, counts.2 + bursts);
        }
    }
    println!("{counts:?} programs, loads, bursts");
    assert!(counts.0 >= 200 && counts.1 > 1_000, "{counts:?}");
}

/// What is no load stops the program at it, when those before it have ended, and the next program runs.
#[test]
fn what_is_at_fault_is_named() {
    if !has_verilog_tool("verilator") {
        return;
    }
    let config = config(4, 4, 256);
    let live = Live::build(&bench::design(&config, Engine::LoadWeights));
    let mut pins = live.start();
    let model: MemoryModel = "fixed:latency=80".parse().unwrap();
    let mut now = 0;
    let bit = |bit: u32| u64::from(bit | status::DONE);
    for seed in 0..40 {
        let mut random = Random(seed);
        let (mut instructions, mut loads) = program(&mut random, &config);
        let at = random.below(loads.len() as u64) as usize;
        let index = loads[at].index;
        let mut expected = bit(status::ILLEGAL_INSTRUCTION);
        let mut bad_beat = None;
        if let Operation::LoadWeights(load) = &mut instructions[index].operation {
            match seed % 6 {
                0 => load.slots = 0,
                1 => load.cols = 0,
                2 => load.col_base += 1,
                3 => load.entries = config.n2s_entries_per_col as u32,
                4 => {
                    // The first of OPERANDS before it leads out of card memory.
                    expected = bit(status::AXI_ERROR);
                    let before = instructions[..index].iter_mut().rev();
                    let operands = before.filter_map(|i| match &mut i.operation {
                        Operation::Operands(operands) => Some(operands),
                        _ => None,
                    });
                    operands.into_iter().next().unwrap().w = u32::MAX >> 2;
                }
                _ => {
                    expected = bit(status::AXI_ERROR);
                    bad_beat = Some(loads[at].first_beat());
                }
            }
        }
        let content = content(&mut random, &instructions);
        let mut card = Card::new(&config, &model);
        card.bad_beat = bad_beat;
        let (outcome, _) = run(&mut pins, &config, &mut card, &content, &loads, &mut now);
        // A beat or a place may be that of an earlier load, too.
        let first = outcome.ends.len();
        assert!(first <= at, "seed {seed}");
        assert_eq!(outcome.raised, expected, "seed {seed}");
        assert_eq!(outcome.fault_index, loads[first].index as u64, "seed {seed}");
        if let Some(beat) = bad_beat {
            // That of the burst.
            let burst = outcome.fault_address;
            assert!(burst / 4096 == beat / 4096 && burst <= beat, "seed {seed}: {burst:#x}");
        } else if seed % 6 != 4 {
            assert_eq!(first, at, "seed {seed}");
        }
        loads.clear();
        agrees(&mut pins, &config, &model, 1000 + seed, &mut now);
    }
}
