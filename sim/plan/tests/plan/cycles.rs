//! Loads, MMs and stores against closed forms worked out by hand. The sequencer fetches one instruction a cycle from cycle
//! 0 on, so what stands at index i of a program without full queues may start in cycle i.

use crate::given::{changed, fixed, timed};
use crate::hand::{geometry, load_a, load_w, matmul, mm, operands, results, store, tied, tile};
use satkit_plan::{Span, Spans, Timing};
use satkit_spec::ArrayConfig;
use satkit_spec::Dataflow::{OutputStationary, WeightStationary};
use satkit_spec::isa::{Engine, Instruction, Semaphore};

/// On 32 x 32 USPEs with adders of 5 and multipliers of 3 stages, memory of 80 cycles and a beat per cycle.
fn run(instructions: &[Instruction]) -> (Timing, Spans) {
    run_on(&ArrayConfig::vcu1525(), instructions)
}

fn run_on(config: &ArrayConfig, instructions: &[Instruction]) -> (Timing, Spans) {
    timed(config, instructions, &fixed(80, 64)).unwrap()
}

const fn span(start_cycle: u64, end_cycle: u64) -> Span {
    Span { start_cycle, end_cycle }
}

/// Skew over rows and columns, multiplier, adder.
const OS_PIPE: u64 = 31 + 31 + 3 + 5;

#[test]
fn one_os_tile_takes_its_rounds_then_its_drain() {
    let (timing, spans) = run(&[geometry(OutputStationary, 8), mm(matmul(32, 32, 100, 8, true))]);
    // 100 rounds of 8; the pipe; 32 rows of 8 outputs drain.
    assert_eq!(spans.0[1], span(1, 1 + 100 * 8 + OS_PIPE + 32 * 8));
    assert_eq!(timing.cycles, 1 + 800 + 70 + 256);
    assert_eq!(timing.useful_macs, 256 * 32 * 100);
    assert_eq!(timing.busy(Engine::Mm), 800);
    assert_eq!((timing.dram_read_bytes, timing.dram_write_bytes), (0, 0));
}

#[test]
fn interleave_below_the_adder_latency_leaves_idle_slots() {
    let cycles = |ip: u8| {
        let program = [geometry(OutputStationary, ip), mm(matmul(32, 32, 100, ip, false))];
        run(&program).0.busy(Engine::Mm)
    };
    assert_eq!([1, 4, 5, 6, 16].map(cycles), [500, 500, 500, 600, 1600]);
}

#[test]
fn columns_of_one_uspe_count_like_its_rows() {
    let two_columns = |cols| satkit_spec::isa::MatMul { iq: 2, ..matmul(32, cols, 100, 4, false) };
    let run = |cols| run(&[geometry(OutputStationary, 4), mm(two_columns(cols))]).0;
    let timing = run(64);
    assert_eq!((timing.busy(Engine::Mm), timing.useful_macs), (800, 32 * 4 * 64 * 100));
    // A ragged tile takes the same cycles for less.
    let timing = run(33);
    assert_eq!((timing.busy(Engine::Mm), timing.useful_macs), (800, 32 * 4 * 33 * 100));
}

#[test]
fn a_short_tile_waits_for_the_drain_before_it() {
    let tile = |slots| mm(matmul(32, 32, slots, 8, true));
    // 10 rounds of 8 are done in 80 cycles, but the path needs 32 * 8 cycles for each tile: the first last round
    // begins in cycle 73, so the second in 73 + 256 = 329, and its first slot in 257.
    let (timing, spans) = run(&[geometry(OutputStationary, 8), tile(10), tile(10)]);
    assert_eq!(spans.0[2].start_cycle, 257);
    assert_eq!(timing.drain_wait_cycles, 257 - 81);
    // 33 rounds are just long enough: 81 + 32 * 8 = 337 is after 329. 31 are not: 81 + 30 * 8 = 321.
    let start =
        |slots| run(&[geometry(OutputStationary, 8), tile(10), tile(slots)]).1.0[2].start_cycle;
    assert_eq!([33, 32, 31, 30].map(start), [81, 81, 329 - 240, 329 - 232]);
}

#[test]
fn ws_passes_stream_at_least_the_way_of_their_partial_sums() {
    let pass = |first: bool, last: bool, rows: u32| {
        mm(satkit_spec::isa::MatMul { accumulate: !first, ..matmul(rows, 32, 32, 1, last) })
    };
    let run = |passes: &[Instruction]| run(&[&[geometry(WeightStationary, 1)], passes].concat());
    // 64 rows: both passes are stretched to R * L + 8 = 168 cycles. The outputs of the second, begun in cycle 169, leave
    // after R * L + (C - 1) + 3, one per cycle.
    let (timing, spans) = run(&[pass(true, false, 64), pass(false, true, 64)]);
    assert_eq!(timing.busy(Engine::Mm), 2 * 168);
    assert_eq!(spans.0[2], span(169, 169 + 160 + 31 + 3 + 64));
    // From 168 rows on they hide it.
    let busy = |rows| run(&[pass(true, true, rows)]).0.busy(Engine::Mm);
    assert_eq!([1, 167, 168, 169, 500].map(busy), [168, 168, 168, 169, 500]);
}

#[test]
fn a_load_takes_the_latency_and_its_beats() {
    // 32 rows of 512 channels are 32 KiB: 512 beats in 8 pages, one each cycle from cycle 2 + 80 on; the last is in the
    // bank one cycle after it arrived.
    let load = load_a(0, 32, 512, 64);
    let (timing, spans) = run(&[geometry(OutputStationary, 1), operands(), load]);
    assert_eq!(spans.0[2], span(2, 2 + 80 + 512 + 1));
    assert_eq!(timing.dram_read_bytes, 32 << 10);
    assert_eq!(timing.busy(Engine::LoadActivations), 512);
    // 64 columns by 16 slots in two tiles: 1 KiB each, 16 slots of 32 values, 512 slots apart.
    let program = [geometry(OutputStationary, 1), operands(), load_w(64, 16, 32)];
    let (timing, spans) = run(&program);
    assert_eq!((spans.0[2], timing.dram_read_bytes), (span(2, 2 + 80 + 32 + 1), 2 << 10));
    // Half the bandwidth with all pages on one channel: twice the cycles of the beats.
    let config = changed(|config| config.dram_channels = 1);
    let program = [geometry(OutputStationary, 1), operands(), load];
    let timing = timed(&config, &program, &fixed(80, 32)).unwrap().0;
    assert_eq!(timing.cycles, 2 + 80 + 2 * 512 + 1);
}

#[test]
fn a_load_has_no_more_under_way_than_its_buffer_holds() {
    // 64 beats of buffer are one page: each of the 8 waits for the one before to arrive.
    let config = changed(|config| config.axi_inflight_beats = 64);
    let program = [geometry(OutputStationary, 1), operands(), load_a(0, 32, 512, 64)];
    assert_eq!(run_on(&config, &program).0.cycles, 2 + 8 * (80 + 64) + 1);
    // Two pages: pairs. The second arrives 64 cycles after the first, the next of a pair goes when its elder has arrived.
    let config = changed(|config| config.axi_inflight_beats = 128);
    assert_eq!(run_on(&config, &program).0.cycles, 2 + 4 * (80 + 64) + 64 + 1);
}

#[test]
fn the_next_load_is_under_way_while_the_one_before_arrives() {
    let loads = [load_a(0, 8, 512, 64), load_a(8, 8, 512, 64)];
    let (timing, spans) = run(&[&[geometry(OutputStationary, 1), operands()], &loads[..]].concat());
    // Two pages each: requested in cycles 2 and 3, then 4 and 5; 128 beats each arrive one behind another.
    assert_eq!(spans.0[2], span(2, 2 + 80 + 128 + 1));
    assert_eq!(spans.0[3], span(4, 2 + 80 + 256 + 1));
    assert_eq!(timing.cycles, 339);
}

#[test]
fn a_store_follows_the_drain() {
    let program = [
        geometry(OutputStationary, 8),
        results(),
        tied(mm(matmul(32, 64, 100, 8, true)), &[], &[Semaphore::DrainFull]),
        tied(store(tile(32, 64)), &[Semaphore::DrainFull], &[]),
    ];
    let program = program.map(|mut instruction| {
        if let satkit_spec::isa::Operation::MatMul(mm) = &mut instruction.operation {
            mm.iq = 2;
        }
        instruction
    });
    let (timing, spans) = run(&program);
    // The outputs of the first array row are at the edge 16 cycles after the pipe.
    let start = 2 + 100 * 16 + OS_PIPE + 16;
    // 256 rows of two beats are 8 pages. The other 31 array rows come in 31 * 16 = 496 cycles, 62 for each page; a
    // page takes 64 cycles, so it is the pages that count: the first begins after 62, the others follow at once.
    assert_eq!(spans.0[3], span(start, start + 62 + 8 * 64 + 80));
    assert_eq!(timing.dram_write_bytes, 256 * 128);
    assert_eq!(timing.busy(Engine::Store), 512);
}

#[test]
fn the_sequencer_fetches_one_instruction_a_cycle() {
    let many = vec![geometry(OutputStationary, 8); 37];
    let (_, spans) = run(&[&many[..], &[mm(matmul(32, 32, 1, 8, false))]].concat());
    assert_eq!(spans.0[37].start_cycle, 37);
}

#[test]
fn a_full_queue_holds_the_sequencer_up() {
    let tile = mm(matmul(32, 32, 100, 5, false));
    let program =
        [geometry(OutputStationary, 5), operands(), tile, tile, tile, tile, load_a(0, 1, 8, 5)];
    let start = |queue_depth| {
        let config = changed(|config| config.queue_depth = queue_depth);
        run_on(&config, &program).1.0[6].start_cycle
    };
    // Each MM takes 500 cycles from cycle 2 on. With a depth of 2 the fourth is fetched in the cycle after the second
    // started (502 + 1); with 1, when the third did (1002 + 1); the load follows a cycle later.
    assert_eq!([64, 4, 2, 1].map(start), [6, 6, 504, 1004]);
}

#[test]
fn semaphores_carry_the_cycle_of_their_post() {
    let program = [
        geometry(OutputStationary, 8),
        operands(),
        tied(load_a(0, 4, 512, 512), &[Semaphore::ActivationsFree], &[Semaphore::ActivationsFull]),
        tied(
            mm(matmul(4, 32, 512, 8, false)),
            &[Semaphore::ActivationsFull],
            &[Semaphore::ActivationsFree],
        ),
        tied(load_a(4, 4, 512, 512), &[Semaphore::ActivationsFree], &[Semaphore::ActivationsFull]),
        tied(load_a(8, 4, 512, 512), &[Semaphore::ActivationsFree], &[Semaphore::ActivationsFull]),
    ];
    let (_, spans) = run(&program);
    // 32 rows of 16 beats; the MM starts when they are there and frees its half when the array is free. Two halves: the
    // second load needs no waiting, the third waits for the MM.
    let loaded = 2 + 80 + 512 + 1;
    assert_eq!(spans.0[3], span(loaded, loaded + 512 * 8));
    assert!(spans.0[4].start_cycle < loaded);
    assert_eq!(spans.0[5].start_cycle, loaded + 512 * 8);
}
