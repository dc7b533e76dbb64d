//! Loads, MMs and stores against closed forms worked out by hand. What is fetched, dispatched, taken and decoded when is in
//! `hand::start`.

use crate::given::{changed, fixed, timed};
use crate::hand::{
    WAY, geometry, load_a, load_w, matmul, mm, operands, results, start, start_behind, store, tied,
    tile,
};
use satkit_plan::{Span, Spans, Timing};
use satkit_spec::Dataflow::{OutputStationary, WeightStationary};
use satkit_spec::isa::{Engine, Instruction, Semaphore};
use satkit_spec::{ArrayConfig, STORE_DECODE_CYCLES};

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

/// An MM is decoded in this many cycles, a load of weights in that many, one of activations in these.
const DECODE: u64 = 4;
const LOAD_DECODE: u64 = 8;
const LOAD_A_DECODE: u64 = 160;
/// From a store's last piece to the request of its burst, and from the response to its end.
const STORE_LATENCY: u64 = 27;
const STORE_DONE: u64 = 2;
/// Beside the way to the memory, the beats and their steps: a cycle from a load's start to its first request, and two from its last
/// step to its end.
const INTO_BANK: u64 = 3;
/// The same of activations, with six cycles from the last step.
const INTO_ROWS: u64 = 7;
/// From the start of an OS tile's last round to its first output at the edge: the front up to the first multiplier, multiplier,
/// adder, the drain registers of all rows, a cycle for each column.
const OS_REACH: u64 = 7 + 3 + 5 + 32 + 32;
/// From the start of a WS pass to its first sum at the edge: front, multiplier, the adders of all rows, a cycle for each column.
const WS_REACH: u64 = 7 + 3 + 32 * 5 + 32;
/// Cycles until the last row or column has read what it needs, after an OS tile and after a WS pass: the skew, where a WS row
/// is an adder later than the one before, and three cycles from a row's token to its word.
const OS_RELEASE: u64 = 31 + 3;
const WS_RELEASE: u64 = 31 * 5 + 3;

#[test]
fn one_os_tile_takes_its_rounds_then_its_drain() {
    let (timing, spans) = run(&[geometry(OutputStationary, 8), mm(matmul(32, 32, 100, 8, true))]);
    // A beat is fetched in 83 cycles; the MM is dispatched in the next, taken two later and started when it is decoded. 99
    // rounds of 8; in the last one the way to the edge begins, where 32 rows of 8 outputs drain.
    let first = start(2, 1, DECODE);
    assert_eq!(first, 83 + 1 + 2 + 4);
    assert_eq!(spans.0[1], span(first, first + 99 * 8 + OS_REACH + 32 * 8));
    assert_eq!(timing.cycles, first + 792 + 79 + 256);
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
    // begins 72 cycles after its start, so the second 72 + 256 = 328 after it, and its first slot 256.
    let first = start(3, 1, DECODE);
    let (timing, spans) = run(&[geometry(OutputStationary, 8), tile(10), tile(10)]);
    assert_eq!(spans.0[2].start_cycle, first + 256);
    assert_eq!(timing.drain_wait_cycles, 256 - 80);
    // 32 rounds are just long enough: the last begins in 80 + 31 * 8 = 328. 31 are not: 80 + 30 * 8 = 320.
    let second =
        |slots| run(&[geometry(OutputStationary, 8), tile(10), tile(slots)]).1.0[2].start_cycle;
    let expected = [80, 80, 328 - 240, 328 - 232].map(|cycles| first + cycles);
    assert_eq!([33, 32, 31, 30].map(second), expected);
}

#[test]
fn ws_passes_stream_at_least_the_way_of_their_partial_sums() {
    let pass = |first: bool, last: bool, rows: u32| {
        mm(satkit_spec::isa::MatMul { accumulate: !first, ..matmul(rows, 32, 32, 1, last) })
    };
    let run = |passes: &[Instruction]| run(&[&[geometry(WeightStationary, 1)], passes].concat());
    // 64 rows: both passes are stretched to R * L + 8 = 168 cycles. The outputs of the second, begun 168 cycles after the
    // first, leave one per cycle.
    let (timing, spans) = run(&[pass(true, false, 64), pass(false, true, 64)]);
    assert_eq!(timing.busy(Engine::Mm), 2 * 168);
    let second = start(3, 1, DECODE) + 168;
    assert_eq!(spans.0[2], span(second, second + WS_REACH + 64));
    // From 168 rows on they hide it.
    let busy = |rows| run(&[pass(true, true, rows)]).0.busy(Engine::Mm);
    assert_eq!([1, 167, 168, 169, 500].map(busy), [168, 168, 168, 169, 500]);
}

#[test]
fn a_load_takes_the_latency_and_its_beats() {
    // 32 rows of 512 channels are 32 KiB: 512 beats in 8 pages, one each cycle from the latency on; the last is in the
    // bank six cycles after it was taken.
    let load = load_a(0, 32, 512, 64);
    let (timing, spans) = run(&[geometry(OutputStationary, 1), operands(), load]);
    let first = start(3, 2, LOAD_A_DECODE);
    assert_eq!(spans.0[2], span(first, first + WAY + 512 + INTO_ROWS));
    assert_eq!(timing.dram_read_bytes, 32 << 10);
    assert_eq!(timing.busy(Engine::LoadActivations), 512);
    // 64 columns by 16 slots in two tiles: 1 KiB each, 16 slots of 32 values, 512 slots apart.
    let program = [geometry(OutputStationary, 1), operands(), load_w(64, 16, 32)];
    let (timing, spans) = run(&program);
    let weights = start(3, 2, LOAD_DECODE);
    assert_eq!(spans.0[2], span(weights, weights + WAY + 32 + INTO_BANK));
    assert_eq!(timing.dram_read_bytes, 2 << 10);
    // Half the bandwidth with all pages on one channel: twice the cycles of the beats, also of the program's two.
    let config = changed(|config| config.dram_channels = 1);
    let program = [geometry(OutputStationary, 1), operands(), load];
    let timing = timed(&config, &program, &fixed(80, 32)).unwrap().0;
    assert_eq!(timing.cycles, first + 2 + WAY + 2 * 512 + INTO_ROWS);
}

#[test]
fn a_load_has_no_more_under_way_than_its_buffer_holds() {
    // 64 beats of buffer are one page: each of the 8 waits for the one before to arrive.
    let config = changed(|config| config.axi_inflight_beats = 64);
    let program = [geometry(OutputStationary, 1), operands(), load_a(0, 32, 512, 64)];
    let first = start(3, 2, LOAD_A_DECODE);
    assert_eq!(run_on(&config, &program).0.cycles, first + 8 * (WAY + 64) + INTO_ROWS);
    // Two pages: pairs. The second arrives 64 cycles after the first, the next of a pair goes when its elder has arrived.
    let config = changed(|config| config.axi_inflight_beats = 128);
    assert_eq!(run_on(&config, &program).0.cycles, first + 4 * (WAY + 64) + 64 + INTO_ROWS);
}

#[test]
fn the_next_load_is_under_way_while_the_one_before_arrives() {
    let loads = [load_a(0, 32, 512, 64), load_a(32, 8, 512, 64)];
    let (timing, spans) = run(&[&[geometry(OutputStationary, 1), operands()], &loads[..]].concat());
    // The second is taken in the cycle after the first has started, and decoded while 512 beats arrive. It starts when the first asks
    // no longer: 256 beats may be under way, so the last burst waits for 256 to be in the rows. Its two pages are behind
    // them, and a cycle in which a line of the banks is cleared.
    let first = start(4, 2, LOAD_A_DECODE);
    assert_eq!(spans.0[2], span(first, first + WAY + 512 + INTO_ROWS));
    let asked = first + WAY + 256 + 1;
    assert!(first + 1 + LOAD_A_DECODE < asked);
    let second = asked + 1;
    assert_eq!(spans.0[3], span(second, first + WAY + 512 + 1 + 128 + INTO_ROWS));
    assert_eq!(timing.cycles, spans.0[3].end_cycle);
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
    // The outputs of the first array row have passed the edge 16 cycles after the first of them.
    let start = start(4, 2, DECODE) + 99 * 16 + OS_REACH + 16;
    // 256 rows of two beats are 512 pieces, which are read one per cycle from the next cycle on, behind the drain. The eighth page is
    // asked for when its last piece is in its beat.
    assert_eq!(spans.0[3], span(start, start + 1 + 512 + STORE_LATENCY + WAY + 64 + STORE_DONE));
    assert_eq!(timing.dram_write_bytes, 256 * 128);
    assert_eq!(timing.busy(Engine::Store), 512);
}

#[test]
fn a_store_releases_its_place_with_its_last_piece() {
    // Tiles of 32 rows by 64 columns: two pieces per row, in which the second is decoded. It starts in the cycle after the last piece
    // of the first.
    let stores = [store(tile(32, 64)), store(tile(32, 64))];
    let program = [&[geometry(OutputStationary, 1), results()][..], &stores].concat();
    let (timing, spans) = run(&program);
    let first = start(4, 2, STORE_DECODE_CYCLES as u64);
    assert_eq!([2, 3].map(|index: usize| spans.0[index].start_cycle), [first, first + 65]);
    // All rows are a burst of one page.
    let last = first + 65 + 1 + 64 + STORE_LATENCY;
    assert_eq!(timing.cycles, last + WAY + 64 + STORE_DONE);
}

#[test]
fn the_sequencer_dispatches_one_instruction_a_cycle() {
    let many = vec![geometry(OutputStationary, 8); 37];
    let (_, spans) = run(&[&many[..], &[mm(matmul(32, 32, 1, 8, false))]].concat());
    // A burst of 32 instructions and one of 6, whose beats follow at once.
    assert_eq!(spans.0[37].start_cycle, WAY + 16 + 37 + 2 + DECODE);
}

#[test]
fn a_full_queue_holds_the_sequencer_up() {
    let tile = mm(matmul(32, 32, 100, 5, false));
    let program =
        [geometry(OutputStationary, 5), operands(), tile, tile, tile, tile, load_a(0, 1, 8, 5)];
    let load = |queue_depth| {
        let config = changed(|config| config.queue_depth = queue_depth);
        run_on(&config, &program).1.0[6].start_cycle
    };
    // From cycle F = 86 on: GEOMETRY is dispatched in F and taken in F + 2, the first MM in F + 2, taken in F + 4, started in
    // F + 8; it takes 500 cycles, and the second is taken in F + 9. With a depth of 4 nothing waits.
    let first = WAY + 4;
    assert_eq!([256, 4].map(load), [start(7, 6, LOAD_A_DECODE); 2]);
    // With 2, the third MM waits for the first to be taken and comes in F + 5, the fourth for the second and comes in F + 10.
    assert_eq!(load(2), first + 11 + 2 + LOAD_A_DECODE);
    // With 1, OPERANDS waits for GEOMETRY to be taken and comes in F + 3, the first MM in F + 4. That is taken in F + 6 and
    // started in F + 10, and the second taken in F + 11, started in F + 510; the third is taken in F + 511, and the fourth comes
    // in F + 512.
    assert_eq!(load(1), first + 513 + 2 + LOAD_A_DECODE);
}

#[test]
fn a_kept_instruction_goes_to_all_queues_that_use_it() {
    // One that is taken leaves its place free three cycles after its dispatch: GEOMETRY after GEOMETRY waits so long in a queue
    // of one, while RESULTS goes to ST alone.
    let config = changed(|config| config.queue_depth = 1);
    let run = |other: Instruction| {
        let program = [geometry(OutputStationary, 8), other, mm(matmul(32, 32, 1, 8, false))];
        run_on(&config, &program).1.0[2].start_cycle
    };
    let first = WAY + 2;
    assert_eq!(run(geometry(OutputStationary, 8)), first + 6 + 2 + DECODE);
    // The MM waits for GEOMETRY's place in the array's queue; RESULTS for that in ST's.
    assert_eq!(run(results()), first + 4 + 2 + DECODE);
    assert_eq!(run(operands()), first + 4 + 2 + DECODE);
    assert_eq!(run(crate::hand::reads([1, 0, 0])), first + 3 + 2 + DECODE);
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
    // 32 rows of 16 beats; the MM, long decoded, starts when they are there and frees its half when the last row has read.
    // Two halves: the second load needs no waiting, the third waits for the MM.
    let loaded = start(6, 2, LOAD_A_DECODE) + WAY + 512 + INTO_ROWS;
    assert_eq!(spans.0[3], span(loaded, loaded + 512 * 8));
    assert!(spans.0[4].start_cycle < loaded);
    assert_eq!(spans.0[5].start_cycle, loaded + 512 * 8 + OS_RELEASE);
}

#[test]
fn mms_are_decoded_one_at_a_time() {
    // Adders of two stages: a round is two cycles, shorter than the decoding.
    let config = changed(|config| config.adder_latency_cycles = 2);
    let tile = mm(matmul(32, 32, 1, 1, false));
    let starts = |tiles: &[Instruction]| -> Vec<u64> {
        let program = [&[geometry(OutputStationary, 1)], tiles].concat();
        run_on(&config, &program).1.0[1..].iter().map(|span| span.start_cycle).collect()
    };
    // The next is taken in the cycle after the one before has started, and decoded 4 cycles later.
    let first = start(5, 1, DECODE);
    assert_eq!(starts(&[tile; 4]), [first, first + 5, first + 10, first + 15]);
    // Behind more than two rounds that is hidden.
    let long = |slots| mm(matmul(32, 32, slots, 1, false));
    let first = start(3, 1, DECODE);
    assert_eq!(starts(&[long(2), tile]), [first, first + 5]);
    assert_eq!(starts(&[long(3), tile]), [first, first + 6]);
}

#[test]
fn an_mm_is_decoded_while_it_waits_for_its_tokens() {
    // Eight instructions for ST let the load begin well before the MM is dispatched.
    let program = |beats: u32| {
        let load = load_w(32, beats, beats);
        let mut all = vec![
            geometry(OutputStationary, 1),
            operands(),
            tied(load, &[], &[Semaphore::WeightsFull]),
        ];
        all.extend([results(); 8]);
        all.push(tied(mm(matmul(1, 1, 1, 1, false)), &[Semaphore::WeightsFull], &[]));
        all
    };
    let start = |beats: u32| {
        let config = ArrayConfig::vcu1525();
        timed(&config, &program(beats), &fixed(0, 64)).unwrap().1.0[11].start_cycle
    };
    // One beat is in the bank a cycle before the MM is decoded or later: two registers, the beats, and the load's own cycles.
    let decoded = start_behind(0, 12, 11, DECODE);
    let loading = start_behind(0, 12, 2, LOAD_DECODE);
    let loaded = |beats| loading + 2 + beats + INTO_BANK;
    assert_eq!(loaded(1), decoded + 1);
    assert_eq!([1, 2, 3, 4].map(start), [1, 2, 3, 4].map(loaded));
}

#[test]
fn a_tile_without_slots_takes_a_round() {
    let (timing, spans) = run(&[geometry(OutputStationary, 8), mm(matmul(32, 32, 0, 8, true))]);
    // Idle slots bring +0.0 to the edge.
    let first = start(2, 1, DECODE);
    assert_eq!(spans.0[1], span(first, first + OS_REACH + 32 * 8));
    assert_eq!((timing.busy(Engine::Mm), timing.useful_macs), (8, 0));
    // With less interleave, one of the adder's latency.
    let (timing, spans) = run(&[geometry(OutputStationary, 2), mm(matmul(32, 32, 0, 2, true))]);
    assert_eq!(spans.0[1], span(first, first + OS_REACH + 32 * 2));
    assert_eq!(timing.busy(Engine::Mm), 5);
}

#[test]
fn a_tile_waits_for_the_rows_of_a_pass_to_run_dry() {
    let pass = mm(matmul(200, 32, 32, 1, false));
    let tile = mm(matmul(32, 32, 100, 1, false));
    let last = |program: [Instruction; 4]| run(&program).1.0[3].start_cycle;
    let first = start(4, 1, DECODE);
    let (ws, os) = (geometry(WeightStationary, 1), geometry(OutputStationary, 1));
    // Row r works r * (L - 1) cycles longer in a pass than in a tile, which is 31 * 4 for the last; a pass follows at once.
    assert_eq!(last([ws, pass, os, tile]), first + 200 + 31 * 4);
    assert_eq!(last([ws, pass, ws, pass]), first + 200);
    // A pass need not wait for a tile, nor a tile for one.
    assert_eq!(last([os, tile, ws, pass]), first + 500);
    assert_eq!(last([os, tile, os, tile]), first + 500);
}

#[test]
fn halves_of_banks_are_free_when_the_last_row_has_read() {
    let freed = |dataflow, mm: Instruction, free: Semaphore, load: Instruction| {
        let program = [
            geometry(dataflow, 1),
            operands(),
            // Takes the second token, so that the load waits for the MM's.
            tied(load, &[free], &[]),
            tied(load, &[free], &[]),
            tied(mm, &[], &[free]),
            tied(load, &[free], &[]),
        ];
        run(&program).1.0[5].start_cycle
    };
    // Long enough for three loads to be decoded.
    let tile = mm(matmul(32, 32, 300, 1, false));
    let pass = mm(matmul(1000, 32, 32, 1, false));
    let halves = [
        (Semaphore::ActivationsFree, load_a(0, 1, 8, 64)),
        (Semaphore::WeightsFree, load_w(32, 8, 8)),
    ];
    for (free, load) in halves {
        let first = start(6, 4, DECODE);
        assert_eq!(freed(OutputStationary, tile, free, load), first + 1500 + OS_RELEASE);
        assert_eq!(freed(WeightStationary, pass, free, load), first + 1000 + WS_RELEASE);
    }
}

#[test]
fn outputs_of_a_pass_wait_for_those_of_a_tile_at_the_edge() {
    let tile = mm(matmul(32, 32, 10, 8, true));
    let pass = mm(matmul(64, 32, 32, 1, true));
    let (timing, spans) =
        run(&[geometry(OutputStationary, 8), tile, geometry(WeightStationary, 1), pass]);
    // Counted from its start the tile is at the edge from 9 * 8 + 79 = 151 to 407; the pass could start in 80 and reach it in
    // 282.
    let first = start(4, 1, DECODE);
    assert_eq!(spans.0[1], span(first, first + 407));
    assert_eq!(spans.0[3], span(first + 407 - WS_REACH, first + 407 + 64));
    assert_eq!(timing.drain_wait_cycles, 407 - WS_REACH - 80);
}
