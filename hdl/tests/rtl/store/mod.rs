//! The store engine under Verilator: its requests and events in the cycles of the timing model, its bytes those of the contract.

mod bench;
mod bytes;
mod given;

use crate::live::Live;
use crate::support::{Random, accepted_by_the_tools};
use crate::verilog::has_verilog_tool;
use bench::Seen;
use satkit_hdl::emit::Design;
use satkit_hdl::store;
use satkit_memory::{BackPressureParameters, FixedParameters, MemoryModel};
use satkit_spec::isa::{Geometry, Instruction, Operation, Results, Store};
use satkit_spec::{ArrayConfig, Stage};

fn changed(mut config: ArrayConfig, channels: usize, inflight: usize) -> ArrayConfig {
    (config.dram_channels, config.axi_inflight_beats) = (channels, inflight);
    config
}

fn designs() -> Vec<Design> {
    let configs = [
        changed(ArrayConfig::tiny(), 1, 16),
        changed(ArrayConfig::small(), 2, 64),
        ArrayConfig::vcu1525(),
    ];
    configs.iter().map(|config| store::design(config).unwrap()).collect()
}

accepted_by_the_tools!(designs);

/// A memory that is fast or slow.
fn any_memory(random: &mut Random) -> MemoryModel {
    let latency = 8 + random.below(200) as u32;
    let bandwidth = [64, 64, 17, 5][random.below(4) as usize];
    match random.below(3) {
        0 => MemoryModel::Fixed(FixedParameters { latency, bandwidth }),
        1 => MemoryModel::BackPressure(BackPressureParameters {
            seed: random.next(),
            latency,
            bandwidth,
            jitter: random.below(300) as u32,
            stall: random.below(50) as u32,
        }),
        _ => MemoryModel::ddr4(),
    }
}

fn many(config: &ArrayConfig, cases: u64) {
    if !has_verilog_tool("verilator") {
        return;
    }
    let live = Live::build(&bench::design(config));
    let mut random = Random(config.cols as u64);
    let mut seen = Seen::default();
    for case in 0..cases {
        let given = given::any_case(&mut random, config);
        let model = any_memory(&mut random);
        let times = given::times(config, &given.program, &model);
        let (expected, sets) = bytes::of(config, &given.tiles);
        let written = bench::run(&live, config, &given, &times, &sets, &mut seen);
        let wrong = |byte: &&u64| written.get(*byte) != expected.get(*byte);
        let wrong = written.keys().chain(expected.keys()).filter(wrong).min();
        let at = |byte: &u64| (*byte, written.get(byte).copied(), expected.get(byte).copied());
        assert!(wrong.is_none(), "case {case}: {:x?} of {:?}", wrong.map(at), given.program);
    }
    let what = format!("{}: {cases} programs, {seen:?}", config.name);
    println!("{what}");
    assert!(
        seen.partial_beats > 0
            && seen.tiles as u64 > 2 * cases
            && seen.bursts > 10 * cases as usize
            && seen.reads > cases as usize
            && seen.sums > 10 * cases
            && seen.finite_sums > seen.sums / 3
            && seen.forgotten > 0,
        "{what}"
    );
}

#[test]
fn tiny_stores_what_is_drained_in_the_models_cycles() {
    many(&ArrayConfig::tiny(), 120);
}

/// A bad response is the engine's fault, and the tile does not end; reset, it works again.
#[test]
fn a_bad_response_is_a_fault() {
    if !has_verilog_tool("verilator") {
        return;
    }
    let config = ArrayConfig::tiny();
    let live = Live::build(&bench::design(&config));
    // 16 pixels of 16 channels and what pads them: one burst.
    let (patch_w, cols) = (4, 16);
    let geometry = Geometry { batch: 16, co: 16, patch_w, ..given::FLAT };
    let results = Results { out: 3 << 6, pitch: 4, ..given::RESULTS };
    let store = Store { rows: 4, cols, ..given::PLAIN };
    let program =
        [Operation::Geometry(geometry), Operation::Results(results), Operation::Store(store)];
    let program = program.map(Instruction::new);
    let words = 4 * 4 * 4;
    let answered = |errors| bench::answered(&live, &config, &program, words, errors);
    assert_eq!(answered([false, false]), [(None, true); 2]);
    assert_eq!(answered([true, false]), [(Some(3 << 12), false), (None, true)]);
}

/// Makes another tile of a plain one.
type Change = dyn Fn(&mut Geometry, &mut Store);

/// What it cannot store yet, and what nobody can, is illegal and never starts.
#[test]
fn other_tiles_are_at_fault() {
    if !has_verilog_tool("verilator") {
        return;
    }
    let config = ArrayConfig::tiny();
    let live = Live::build(&bench::design(&config));
    let refuses = |change: &Change| {
        let (mut geometry, mut store) = (given::FLAT, given::PLAIN);
        change(&mut geometry, &mut store);
        let results = Results { out: 64, pitch: 1, heads: 1, ..given::RESULTS };
        let program =
            [Operation::Geometry(geometry), Operation::Results(results), Operation::Store(store)];
        bench::refuses(&live, &config, &program.map(Instruction::new))
    };
    let taken: [&Change; 9] = [
        &|_, _| {},
        &|_, store| store.relu = true,
        &|_, store| (store.bias, store.add, store.mask) = (true, true, true),
        &|_, store| (store.sums, store.relu, store.col_base) = (true, true, 252),
        &|geometry, store| {
            geometry.stage = Stage::Bp;
            (store.sums, store.products, store.mask) = (true, true, true);
        },
        &|geometry, _| (geometry.flat, geometry.kh, geometry.pad) = (false, 3, 1),
        &|geometry, _| (geometry.stage, geometry.flat, geometry.stride) = (Stage::Wu, false, 2),
        &|geometry, _| (geometry.flat, geometry.patch_h, geometry.patch_w) = (false, 3, 2),
        &|geometry, _| {
            (geometry.h, geometry.w, geometry.flat) = (2, 2, false);
            (geometry.stage, geometry.stride, geometry.phase) = (Stage::Bp, 2, 3);
        },
    ];
    assert!(taken.iter().all(|change| !refuses(change)));
    let refused: [&Change; 14] = [
        &|_, store| store.group = 1,
        &|_, store| store.rows = 0,
        &|_, store| store.cols = 0,
        &|_, store| (store.bias, store.fp32) = (true, true),
        &|_, store| (store.mask, store.col_base) = (true, 1),
        &|geometry, store| {
            geometry.stage = Stage::Bp;
            (store.add, store.relu) = (true, true);
        },
        &|geometry, store| {
            (geometry.stage, geometry.flat) = (Stage::Wu, false);
            store.add = true;
        },
        &|_, store| (store.sums, store.fp32) = (true, true),
        &|_, store| (store.sums, store.col_base) = (true, 256),
        &|_, store| (store.sums, store.col_base) = (true, 2),
        &|_, store| store.products = true,
        &|_, store| store.bias_gradient = true,
        &|_, store| (store.relu, store.fp32) = (true, true),
        &|geometry, _| (geometry.stage, geometry.flat, geometry.stride) = (Stage::Bp, false, 2),
    ];
    for (number, change) in refused.iter().enumerate() {
        assert!(refuses(change), "number {number} starts");
    }
}

#[test]
fn small_stores_with_little_room() {
    many(&changed(ArrayConfig::small(), 2, 32), 120);
}

#[test]
fn words_of_32_columns_are_stored() {
    let config = ArrayConfig::tiny().with_size(4, 32).unwrap();
    many(&changed(config, 1, 16), 40);
}
