//! LD.A.

use super::bench;
use super::card::{Card, Content};
use super::job::{self, Job, content};
use super::tiles::{Tile, program};
use crate::live::{Live, Pins};
use crate::support::{Random, accepted_by_the_tools};
use crate::verilog::has_verilog_tool;
use satkit_hdl::emit::Design;
use satkit_hdl::load;
use satkit_memory::MemoryModel;
use satkit_spec::ArrayConfig;
use satkit_spec::isa::{Engine, Operation};
use satkit_spec::regs::status;

fn config(rows: usize, channels: usize, beats: usize) -> ArrayConfig {
    let mut config = ArrayConfig::tiny();
    config.rows = rows;
    config.cols = rows;
    config.dram_channels = channels;
    config.axi_inflight_beats = beats;
    // Few lines, so that tags come round.
    config.w2e_words_per_row = 256;
    config.queue_depth = 64;
    config
}

fn designs() -> Vec<Design> {
    [(2, 1), (4, 4), (8, 2)]
        .map(|(rows, channels)| load::activations(&config(rows, channels, 256)).unwrap())
        .into()
}

accepted_by_the_tools!(designs);

/// The row banks and the tables of offsets, as their ports write them.
struct Banks {
    rows: usize,
    words: usize,
    /// Tag and values, by row and word.
    content: Vec<Vec<(u64, [u16; 8])>>,
    /// By row, half and output: offsets in four segments.
    tables: Vec<[[u32; 4]; 32]>,
    /// Loads that have started, and those whose table is complete.
    started: usize,
    complete: usize,
    /// Loads whose half has been looked at.
    compared: usize,
}

/// Bits of a port from anywhere.
fn bits(pins: &Pins<'_>, port: &str, at: usize, count: usize) -> u64 {
    let first = at / 32;
    let words = pins.get_words(port, first, (at + count).div_ceil(32) - first);
    let all = words.iter().rev().fold(0_u128, |all, &word| all << 32 | u128::from(word));
    (all >> (at % 32)) as u64 & ((1 << count) - 1)
}

impl Banks {
    fn new(config: &ArrayConfig) -> Self {
        let (rows, words) = (config.rows, config.w2e_words_per_row);
        let content = vec![vec![(0, [0; 8]); words]; rows];
        Self {
            rows,
            words,
            content,
            tables: vec![[[0; 4]; 32]; rows],
            started: 0,
            complete: 0,
            compared: 0,
        }
    }

    /// What the ports write in a cycle. Gives the load whose table is complete with it: nothing holds up a load here until those
    /// before it have ended, so that the next of its half may write its own before that.
    fn write(&mut self, pins: &Pins<'_>, tiles: &[Tile]) -> Option<usize> {
        self.started += usize::from(pins.get("load_a_start") + pins.get("load_a_go") == 2);
        let line_bits = self.words.ilog2() as usize - 2;
        let tag = pins.get("w2e_tag");
        for row in 0..self.rows {
            let write = bits(pins, "w2e_write", 4 * row, 4);
            for bank in (0..4).filter(|bank| write >> bank & 1 == 1) {
                let at = 4 * row + bank;
                let line = bits(pins, "w2e_lines", at * line_bits, line_bits) as usize;
                let values = pins.get_words("w2e_data", at * 4, 4);
                let value = |lane: usize| (values[lane / 2] >> (lane % 2 * 16)) as u16;
                self.content[row][4 * line + bank] = (tag, std::array::from_fn(value));
            }
        }
        if pins.get("table_write") == 1 {
            let entry = pins.get("table_entry") as usize;
            for (row, table) in self.tables.iter_mut().enumerate() {
                table[entry] = std::array::from_fn(|segment| {
                    bits(pins, "table_values", 20 * (4 * row + segment), 20) as u32
                });
            }
            if entry % 16 == tiles[self.complete].last_entry {
                self.complete += 1;
                return Some(self.complete - 1);
            }
        }
        None
    }

    /// What differs in a half from what a load brings.
    fn wrong(&self, pins: &Pins<'_>, half: usize, tile: &Tile, content: &Content) -> Vec<String> {
        let mut wrong = Vec::new();
        let tag_bits = self.words.ilog2() as usize - 3;
        let tag = pins.get("w2e_tags") >> (half * tag_bits) & ((1 << tag_bits) - 1);
        for row in 0..self.rows {
            tile.layout.elements(&tile.space, row, |element| {
                let (word, lane) = (element.element / 8, element.element % 8);
                let (has, values) = self.content[row][half * self.words / 2 + word];
                let got = if has == tag { values[lane] } else { 0 };
                let due = element.source.map_or(0, |source| tile.value(content, source));
                if got != due {
                    let index = tile.index;
                    wrong.push(format!(
                        "load {index}, row {row}: {element:?} is {got:x}, not {due:x}"
                    ));
                }
            });
        }
        wrong
    }

    /// The same of its table.
    fn wrong_table(&self, half: usize, tile: &Tile) -> Vec<String> {
        let mut wrong = Vec::new();
        for row in 0..self.rows {
            for segment in 0..tile.layout.walks().len() {
                for output in 0..tile.outputs {
                    let due = tile.layout.offset(row, segment, output) as u32;
                    let got = self.tables[row][half * 16 + output][segment];
                    if got != due && tile.has(row, output) {
                        let index = tile.index;
                        wrong.push(format!(
                            "load {index}, row {row}, {segment}, {output}: {got}, not {due}"
                        ));
                    }
                }
            }
        }
        wrong
    }
}

/// Runs a program; gives with its job what was not in the banks as its load brings it.
fn run(
    pins: &mut Pins<'_>,
    banks: &mut Banks,
    card: &mut Card,
    content: &Content,
    tiles: &[Tile],
    now: &mut u64,
) -> (Job, Vec<String>) {
    let mut wrong = Vec::new();
    (banks.started, banks.complete) = (0, 0);
    let job = job::run(pins, card, content, "load_a", now, |pins, ended| {
        if let Some(complete) = banks.write(pins, tiles) {
            wrong.extend(banks.wrong_table(complete % 2, &tiles[complete]));
        }
        // The half is as the load left it until the next of the half starts.
        if let Some(ended) = ended.filter(|ended| banks.started <= ended + 2) {
            banks.compared += 1;
            wrong.extend(banks.wrong(pins, ended % 2, &tiles[ended], content));
        }
    });
    (job, wrong)
}

/// A program runs as the timing model says; gives its loads and bursts.
fn agrees(
    pins: &mut Pins<'_>,
    banks: &mut Banks,
    config: &ArrayConfig,
    model: &MemoryModel,
    seed: u64,
    now: &mut u64,
) -> (usize, usize) {
    let mut random = Random(seed);
    let (instructions, tiles) = program(&mut random, config);
    let content = content(&mut random, &instructions);
    let mut card = Card::new(config, model);
    let (job, wrong) = run(pins, banks, &mut card, &content, &tiles, now);
    let what = format!("seed {seed}, {} rows, {model:?}", config.rows);
    let bursts = job.agrees(config, model, &content, &card, instructions, &what);
    assert!(wrong.is_empty(), "{what}: {:#?}", &wrong[..wrong.len().min(5)]);
    (tiles.len(), bursts)
}

#[test]
fn activations_come_in_the_cycles_of_the_timing_model() {
    if !has_verilog_tool("verilator") {
        return;
    }
    let models = ["fixed:latency=80", "fixed:latency=1", "pressure", "ddr4"];
    let models = models.map(|model| model.parse::<MemoryModel>().unwrap());
    let mut counts = (0, 0, 0);
    let mut compared = 0;
    for (rows, channels, beats) in [(4, 4, 256), (8, 2, 64), (2, 2, 64)] {
        let config = config(rows, channels, beats);
        let live = Live::build(&bench::design(&config, Engine::LoadActivations));
        let mut pins = live.start();
        let mut banks = Banks::new(&config);
        let mut now = 0;
        for seed in 0..80 {
            let model = &models[seed as usize % models.len()];
            let (loads, bursts) = agrees(&mut pins, &mut banks, &config, model, seed, &mut now);
            counts = (counts.0 + 1, counts.1 + loads, counts.2 + bursts);
        }
        compared += banks.compared;
    }
    println!("{counts:?} programs, loads, bursts; {compared} halves");
    assert!(counts.0 >= 200 && counts.1 > 1_000, "{counts:?}");
    assert!(4 * compared > 3 * counts.1, "{compared} of {}", counts.1);
}

/// What is no load stops the program at it, when those before it have ended, and the next program runs.
#[test]
fn what_is_at_fault_is_named() {
    if !has_verilog_tool("verilator") {
        return;
    }
    let config = config(4, 4, 256);
    let live = Live::build(&bench::design(&config, Engine::LoadActivations));
    let mut pins = live.start();
    let mut banks = Banks::new(&config);
    let model: MemoryModel = "fixed:latency=80".parse().unwrap();
    let mut now = 0;
    let bit = |bit: u32| u64::from(bit | status::DONE);
    for seed in 0..40 {
        let mut random = Random(seed);
        let (mut instructions, tiles) = program(&mut random, &config);
        let at = random.below(tiles.len() as u64) as usize;
        let index = tiles[at].index;
        let mut expected = bit(status::ILLEGAL_INSTRUCTION);
        let mut bad_beat = None;
        if let Operation::LoadActivations(load) = &mut instructions[index].operation {
            match seed % 8 {
                0 => load.slots = 0,
                1 => load.rows = 0,
                2 => load.group = 1,
                3 => load.words = config.w2e_words_per_row as u32,
                4 => load.row_base = 1 << 20,
                5 => load.slot_base = 1 << 20,
                6 => {
                    // The first of OPERANDS before it leads out of card memory.
                    expected = bit(status::AXI_ERROR);
                    let before = instructions[..index].iter_mut().rev();
                    let operands = before.filter_map(|i| match &mut i.operation {
                        Operation::Operands(operands) => Some(operands),
                        _ => None,
                    });
                    operands.into_iter().next().unwrap().a = u32::MAX >> 2;
                }
                _ => {
                    expected = bit(status::AXI_ERROR);
                    bad_beat = Some(tiles[at].first_beat());
                }
            }
        }
        let content = content(&mut random, &instructions);
        let mut card = Card::new(&config, &model);
        card.bad_beat = bad_beat;
        let (job, _) = run(&mut pins, &mut banks, &mut card, &content, &tiles, &mut now);
        // A beat or a place may be that of an earlier load, too.
        let first = job.ends.len();
        assert!(first <= at, "seed {seed}");
        assert_eq!(job.raised, expected, "seed {seed}");
        assert_eq!(job.fault_index, tiles[first].index as u64, "seed {seed}");
        if let Some(beat) = bad_beat {
            // That of the burst.
            let burst = job.fault_address;
            assert!(burst / 4096 == beat / 4096 && burst <= beat, "seed {seed}: {burst:#x}");
        } else if seed % 8 != 6 {
            assert_eq!(first, at, "seed {seed}");
        }
        agrees(&mut pins, &mut banks, &config, &model, 1000 + seed, &mut now);
    }
}
