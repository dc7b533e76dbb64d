//! VE and WU, and stores with fused work, against closed forms worked out by hand: READS and WRITES, then the stream itself.

use crate::given::{changed, config, fixed, timed};
use crate::hand::{WAY, geometry, reads, results, start, store, tile, writes};
use proptest::prelude::*;
use satkit_memory::{
    AnyMemory, BackPressureParameters, Direction, Memory, MemoryModel, Ports, Request, Statistics,
    Transfer,
};
use satkit_plan::{LaneBlock, NoObserver, Observer, Program, Retired, Timing, time, time_with};
use satkit_spec::isa::{
    Engine, Instruction, Operation, Parameters, Prune, Store, Update, Vector, VectorOp,
};
use satkit_spec::{
    ArrayConfig, Dataflow, ROW_TAIL_CYCLES, STORE_AHEAD_CYCLES, STORE_DECODE_CYCLES,
    STORE_LATENCY_CYCLES, STORE_READ_CYCLES, UPDATE_DECODE_CYCLES, VECTOR_DECODE_CYCLES,
    VECTOR_LATENCY_CYCLES,
};

fn run(instructions: &[Instruction]) -> Timing {
    timed(&ArrayConfig::vcu1525(), instructions, &fixed(80, 64)).unwrap().0
}

/// The start of the third of three instructions, or of four, on WU or VE.
fn third() -> u64 {
    assert_eq!(UPDATE_DECODE_CYCLES, VECTOR_DECODE_CYCLES);
    let decode = VECTOR_DECODE_CYCLES as u64;
    assert_eq!(start(3, 2, decode), start(4, 2, decode));
    start(3, 2, decode)
}

/// Cycles of VE's lanes.
const LANES: u64 = VECTOR_LATENCY_CYCLES as u64;
/// An instruction ends in the cycle after its last response.
const END: u64 = 1;

fn vector(op: VectorOp, elements: u64) -> Instruction {
    Instruction::new(Operation::Vector(Vector { op, elements, last: false }))
}

fn update(parameters: u64, make_ff: bool) -> Instruction {
    Instruction::new(Operation::Update(Update {
        parameters,
        make_ff,
        make_bp: false,
        weights: false,
        guarded: false,
    }))
}

#[test]
fn a_vector_is_bound_by_its_lanes() {
    let timing = run(&[reads([64, 0, 0]), writes([64, 0, 0]), vector(VectorOp::Gelu, 3200)]);
    // One page arrives after the latency and 64 beats; GELU takes each of 32 lanes 4 * 100 cycles; one page is written.
    let (page, first) = (WAY + 64, third());
    assert_eq!(timing.cycles, first + page + 400 + LANES + page + END);
    assert_eq!((timing.dram_read_bytes, timing.dram_write_bytes), (4096, 4096));
    // One element more is one cycle more.
    let passes = |elements| {
        run(&[reads([64, 0, 0]), writes([64, 0, 0]), vector(VectorOp::Add, elements)]).cycles
    };
    let expected = [100, 101, 101].map(|lanes| first + page + lanes + LANES + page + END);
    assert_eq!([3200, 3201, 3232].map(passes), expected);
}

#[test]
fn a_vector_is_bound_by_its_streams() {
    let timing = run(&[reads([512, 0, 0]), writes([512, 0, 0]), vector(VectorOp::Add, 32)]);
    // 8 pages on 4 channels, requested one a cycle. The first arrives 82 + 64 = 146 cycles after the start, takes its cycle in
    // the lanes and is written their latency later; the next three follow a cycle apart. So the fourth is written from 150 and that on, and its channel
    // takes the eighth, which has long arrived, behind its 64 beats.
    assert_eq!(timing.busy(Engine::Vector), 150 + LANES + 64 + 64 + WAY + END);
    assert_eq!(timing.cycles, third() + 361 + LANES);
    // On one channel the 512 beats come one by one, and are written one by one.
    let config = changed(|config| config.dram_channels = 1);
    let program = [reads([512, 0, 0]), writes([512, 0, 0]), vector(VectorOp::Add, 32)];
    let timing = timed(&config, &program, &fixed(80, 64)).unwrap().0;
    assert_eq!(timing.cycles, third() + 147 + LANES + 512 + WAY + END);
}

#[test]
fn rows_take_their_time_whatever_the_lanes() {
    // 64 rows of 32: a page of logits, their labels and the step's numbers on one channel; the same of what is written.
    let rows = |config: &ArrayConfig, [logits, labels, numbers]: [u32; 3], elements| {
        let losses = logits.div_ceil(8);
        let streams = [reads([logits, labels, numbers]), writes([logits, losses, 0])];
        let program = [&streams[..], &[vector(VectorOp::CrossEntropy, elements)]].concat();
        timed(config, &program, &fixed(80, 64)).unwrap().0
    };
    let tail = ROW_TAIL_CYCLES as u64;
    for lanes in [4, 8, 64] {
        let config = changed(|config| config.ve_lanes = lanes);
        let timing = rows(&config, [64, 4, 1], 64 * 32);
        let (read, written) = (WAY + 64 + 4 + 1, WAY + 64 + 8 + END);
        assert_eq!(timing.cycles, third() + read + 6 * 2048 + tail + LANES + written);
        // Each block has a tail, and the numbers come with the first. The second page of gradients goes to another channel than its losses.
        let timing = rows(&config, [128, 8, 2], 128 * 32);
        let second = 6 * 2048 + tail;
        assert_eq!(timing.busy(Engine::Vector), read + 2 * second + LANES + written - 8);
        assert_eq!(timing.dram_read_bytes, 64 * (128 + 8 + 1));
    }
}

#[test]
fn a_stream_without_reads_or_writes_takes_its_lanes() {
    // Nothing is read: each of 8 pages takes a cycle to get its room, and one lane cycle. The fourth is written from cycle 5
    // on, the eighth behind it.
    let first = third();
    let fill = run(&[reads([0; 3]), writes([512, 0, 0]), vector(VectorOp::Fill, 32)]);
    assert_eq!(fill.cycles, first + 5 + LANES + 2 * 64 + WAY + END);
    // Nothing is written: done when the results of the lanes are out, and have had the cycle of a write.
    let sums = run(&[reads([64, 0, 0]), writes([0; 3]), vector(VectorOp::BiasGradient, 3200)]);
    assert_eq!(sums.cycles, first + WAY + 64 + 100 + LANES + 1 + END);
    let idle = run(&[reads([0; 3]), writes([0; 3]), vector(VectorOp::Add, 3200)]);
    assert_eq!(idle.cycles, first + 1 + 100 + LANES + 1 + END);
    // Without anything to do it takes a cycle of the lanes.
    let nothing = run(&[vector(VectorOp::Add, 0)]);
    let first = start(1, 0, VECTOR_DECODE_CYCLES as u64);
    assert_eq!(nothing.cycles, first + 1 + 1 + LANES + 1 + END);
}

#[test]
fn lanes_and_sore_add_their_latencies_once() {
    // WUVE: a product, three sums, a product and a difference, 6 and 5 cycles each. SORE: 2 to round, 1 and the 4 beats of a block
    // of 8 x 8 to turn it, 5 to select. A beat leaves the buffers in 2, its lanes leave it in 1, results are in theirs 1 later.
    let (wuve, sore, buffers) = (6 + 3 * 5 + 6 + 5, 2 + 1 + 4 + 5, 2 + 1 + 1);
    // Two streams of one page, requested one after the other on channel 0: the second arrives with 128 beats; 16 lanes
    // take 100 cycles for 1,600 parameters; two pages are written one behind another.
    let plain = third() + WAY + 128 + 100 + 128 + WAY + END + buffers;
    let prune = Operation::Prune(Prune { parameters: 1600, along_co: true, single: false });
    let pages = [reads([64, 64, 0]), writes([64, 64, 0])];
    let pruned = run(&[&pages[..], &[Instruction::new(prune)]].concat());
    assert_eq!(pruned.cycles, plain + sore);
    // W, and V behind it, are a page each on two channels; the numbers come behind W.
    let page = 1 + WAY + 64;
    let plain = third() + page + 100 + page + END + buffers;
    for numbers in [0, 1] {
        let run =
            |make_ff| run(&[reads([128, 0, numbers]), writes([128, 0, 0]), update(1600, make_ff)]);
        assert_eq!(run(false).cycles, plain + wuve);
        assert_eq!(run(true).cycles, plain + wuve + sore);
        assert_eq!(run(false).dram_read_bytes, 2 * 4096 + 64 * u64::from(numbers));
    }
}

/// Keeps what the lanes did.
#[derive(Default)]
struct Lanes(Vec<LaneBlock>);

impl Observer for Lanes {
    fn retired(&mut self, _: &Retired) {}

    fn lanes(&mut self, block: &LaneBlock) {
        self.0.push(*block);
    }
}

#[test]
fn blocks_of_an_update_take_whole_beats() {
    let lanes = |parameters| {
        let mut lanes = Lanes::default();
        let program = [reads([384, 96, 0]), writes([384, 24, 0]), update(parameters, true)];
        let program = Program::new(program.to_vec());
        let config = ArrayConfig::vcu1525();
        time_with(&config, &program, &fixed(80, 64), &mut lanes).unwrap();
        lanes.0
    };
    // 192 beats of W are three pages, each with a third of the parameters.
    let blocks = lanes(1536);
    let elements: Vec<u64> = blocks.iter().map(|block| block.elements).collect();
    assert_eq!(elements, [512, 1024, 1536]);
    for block in &blocks {
        assert_eq!((block.index, block.free_cycle - block.start_cycle), (2, 512 / 16));
        assert_eq!(block.ready_cycle, block.free_cycle + 4 + 32 + 12);
    }
    assert_eq!(blocks.iter().map(|block| block.block).collect::<Vec<_>>(), [0, 1, 2]);
    // 1,000: a beat of the longest stream has 8, so the first page has 512 and the second the rest. The third takes its cycle.
    let blocks = lanes(1000);
    let taken = |b: &LaneBlock| (b.elements, b.free_cycle - b.start_cycle);
    assert_eq!(blocks.iter().map(taken).collect::<Vec<_>>(), [(512, 32), (1000, 31), (1000, 1)]);
    // 1,537 do not fit 192 beats of 8: 16 of each.
    let blocks = lanes(1537);
    assert_eq!(blocks.iter().map(taken).collect::<Vec<_>>(), [(1024, 64), (1537, 33), (1537, 1)]);
}

#[test]
fn streams_of_one_engine_do_not_overlap_and_those_of_two_do() {
    let page = [reads([64, 0, 0]), writes([64, 0, 0])];
    let (gelu, plain) = (vector(VectorOp::Gelu, 32_000), update(16_000, false));
    let one = |instruction| [&page[..], &[instruction]].concat();
    // 4,000 cycles of lanes; 1,000 for the update, and its latency.
    let page = WAY + 64;
    let work = page + 4000 + LANES + page + END;
    let alone = third() + work;
    assert_eq!(run(&one(gelu)).cycles, alone);
    let twice = [one(gelu), vec![gelu]].concat();
    assert_eq!(run(&twice).cycles, alone + work);
    let both = [one(gelu), vec![plain]].concat();
    assert_eq!(run(&both).cycles, alone);
}

/// A tile of 32 rows of 64 channels: 64 beats in one page.
fn fused(change: impl Fn(&mut Store)) -> Timing {
    let mut st = tile(32, 64);
    change(&mut st);
    run(&[geometry(Dataflow::OutputStationary, 1), results(), store(st)])
}

#[test]
fn a_store_reads_what_it_adds() {
    // From the next cycle on two pieces for each row, on their way to their beats; then the page leaves, and the response is counted.
    let (first, page) = (start(3, 2, STORE_DECODE_CYCLES as u64) + 1, WAY + 64);
    let store = 64 + STORE_LATENCY_CYCLES as u64 + page + 2;
    let plain = fused(|_| {});
    assert_eq!(plain.cycles, first + store);
    // ReLU and sums need no memory.
    let edge = fused(|st| (st.relu, st.sums) = (true, true));
    assert_eq!(edge, plain);
    // The walk ahead finds the burst, the page that is added arrives, in the next cycle the pieces begin.
    let found = first - 1 + 64 + STORE_AHEAD_CYCLES as u64;
    let added = fused(|st| st.add = true);
    assert_eq!(added.cycles, found + page + STORE_READ_CYCLES as u64 + store);
    assert_eq!((added.dram_read_bytes, added.dram_write_bytes), (4096, 4096));
    // The mask has one bit for each value of 16: 4 beats. All three come through one port.
    let all = fused(|st| (st.add, st.mask, st.products) = (true, true, true));
    assert_eq!(all.cycles, found + WAY + 64 + 64 + 4 + STORE_READ_CYCLES as u64 + store);
    assert_eq!(all.dram_read_bytes, 2 * 4096 + 256);
}

#[test]
fn a_store_keeps_the_bias_of_its_columns() {
    let timed = |stores: &[(bool, u32)], again: bool| {
        let parameters = Parameters { scalars: 0, first: 1, second: 0, running: 0, sums: 0 };
        let parameters = Instruction::new(Operation::Parameters(parameters));
        let mut program = vec![geometry(Dataflow::OutputStationary, 1), results(), parameters];
        for &(bias, col_base) in stores {
            let mut st = tile(32, 32);
            (st.bias, st.col_base) = (bias, col_base);
            program.push(store(st));
            program.extend(again.then_some(parameters));
        }
        run(&program)
    };
    // 32 FP32 values are two beats, which come before the first piece.
    let (plain, with) = (timed(&[(false, 0)], false), timed(&[(true, 0)], false));
    assert_eq!(with.cycles, plain.cycles + WAY + 2 + STORE_READ_CYCLES as u64);
    assert_eq!((plain.dram_read_bytes, with.dram_read_bytes), (0, 128));
    // They are kept for the same columns, until there are other parameters.
    assert_eq!(timed(&[(true, 0), (false, 0), (true, 0)], false).dram_read_bytes, 128);
    assert_eq!(timed(&[(true, 0), (true, 32), (true, 0)], false).dram_read_bytes, 3 * 128);
    assert_eq!(timed(&[(true, 0), (true, 0)], true).dram_read_bytes, 2 * 128);
}

#[test]
fn a_store_reads_a_beat_of_the_mask_once() {
    // Half the columns of 32 rows: a burst of one beat for each row of two. A beat of the mask has the bits of 8 rows.
    let mut st = tile(32, 32);
    st.mask = true;
    let timing = run(&[geometry(Dataflow::OutputStationary, 1), results(), store(st)]);
    assert_eq!((timing.dram_read_bytes, timing.dram_write_bytes), (4 * 64, 32 * 64));
}

/// Keeps the requests of an engine with the answers, from a program of one burst.
struct Recording {
    memory: AnyMemory,
    fetched: bool,
    all: Vec<(Request, Transfer)>,
}

impl Memory for Recording {
    fn transfer(&mut self, request: Request) -> Transfer {
        let transfer = self.memory.transfer(request);
        if self.fetched {
            self.all.push((request, transfer));
        }
        self.fetched = true;
        transfer
    }

    fn statistics(&self) -> &Statistics {
        self.memory.statistics()
    }
}

proptest! {
    #![proptest_config(config(200))]

    /// From its first read to its last response a block has its room, and all blocks together no more than there is.
    #[test]
    fn buffers_are_never_overcommitted(
        longest in 1_u32..2000, others in prop::array::uniform4(0.0_f64..1.0),
        inflight in 6_u32..9, elements in 0_u64..200_000,
        seed in any::<u64>(), latency in 0_u32..200, bandwidth in 8_u32..65,
    ) {
        let part = |share: f64| (f64::from(longest) * share) as u32;
        let [b, c, x, y] = others.map(part);
        let config = changed(|config| config.axi_inflight_beats = 1 << inflight);
        let memory = MemoryModel::BackPressure(BackPressureParameters {
            seed, latency, bandwidth, jitter: 100, stall: 50,
        });
        let memory = memory.build(&Ports::from(&config)).unwrap();
        let mut recording = Recording { memory, fetched: false, all: Vec::new() };
        let program = [reads([longest, b, c]), writes([x, y, 0]), vector(VectorOp::Add, elements)];
        let program = Program::new(program.to_vec());
        time(&config, &program, 0, &mut recording, &mut NoObserver).unwrap();
        // The block of a beat: pages of the longest stream, the others in proportion.
        let block = |request: &Request| {
            let beats = [longest, b, c, 0, x, y][(request.address >> 30) as usize];
            let beat = request.address % (1 << 30) / 64;
            let page = |block: u64| (block * 64).min(longest.into()) * u64::from(beats);
            (0..).find(|&block| page(block + 1) / u64::from(longest) > beat).unwrap() as usize
        };
        let blocks = longest.div_ceil(64) as usize;
        let mut asked = vec![u64::MAX; blocks];
        let mut free = vec![0; blocks];
        let mut room = vec![[0; 2]; blocks];
        for (request, transfer) in &recording.all {
            let at = block(request);
            room[at][request.direction as usize] += request.beats;
            if request.direction == Direction::Read {
                asked[at] = asked[at].min(request.cycle - 1);
            } else {
                free[at] = free[at].max(transfer.end_cycle + 1);
            }
        }
        let capacity = 4 * config.axi_inflight_beats as u32;
        for (at, &cycle) in asked.iter().enumerate() {
            let held = (0..=at).filter(|&other| other == at || free[other] > cycle);
            let beats: u32 = held.map(|other| room[other].into_iter().max().unwrap()).sum();
            prop_assert!(beats <= capacity, "{beats} of {capacity} at block {at}");
        }
    }
}

/// What is summed over a stream is known with its last block: all of it is written then, in bursts, and takes a lane's cycle each.
#[test]
fn sums_are_written_with_the_last_block() {
    let sums =
        |beats| [reads([320, 0, 0]), writes([beats, 0, 0]), vector(VectorOp::BiasGradient, 10_240)];
    // 16 of 64 lanes fill a beat of FP32 in a cycle; then it is written.
    let cycles = |beats| run(&sums(beats)).cycles;
    assert_eq!(cycles(16) - cycles(1), 15 + 15);
    let config = ArrayConfig::vcu1525();
    for beats in [1, 16, 64, 65, 256] {
        let memory = fixed(80, 64).build(&Ports::from(&config)).unwrap();
        let mut recording = Recording { memory, fetched: false, all: Vec::new() };
        let program = Program::new(sums(beats).to_vec());
        time(&config, &program, 0, &mut recording, &mut NoObserver).unwrap();
        let of = |direction| recording.all.iter().filter(move |(r, _)| r.direction == direction);
        let read = of(Direction::Read).map(|(_, transfer)| transfer.end_cycle).max().unwrap();
        let written: u32 = of(Direction::Write).map(|(request, _)| request.beats).sum();
        assert_eq!(written, beats);
        for (request, _) in of(Direction::Write) {
            assert!(request.cycle > read + u64::from(beats), "{request:?}");
            assert!(request.address % 4096 / 64 + u64::from(request.beats) <= 64, "{request:?}");
        }
    }
}

#[test]
fn an_engine_is_not_busier_than_the_cycles() {
    // 8 pages are read and written at the same time, one beat per cycle each way.
    let mut st = tile(32, 64);
    st.add = true;
    let program = [geometry(Dataflow::OutputStationary, 8), results(), store(st)];
    let timing = run(&program);
    assert_eq!((timing.dram_read_bytes, timing.dram_write_bytes), (32 << 10, 32 << 10));
    assert!(timing.busy(Engine::Store) <= timing.cycles, "{timing:?}");
}
