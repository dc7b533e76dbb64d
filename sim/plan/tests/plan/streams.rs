//! VE and WU, and stores with fused work, against closed forms worked out by hand: READS in cycle 0, WRITES in cycle 1,
//! the stream itself from cycle 2 on.

use crate::given::{changed, fixed, timed};
use crate::hand::{geometry, reads, results, store, tile, writes};
use satkit_plan::{LaneBlock, Observer, Program, Retired, Timing, time_with};
use satkit_spec::isa::{Engine, Instruction, Operation, Prune, Store, Update, Vector, VectorOp};
use satkit_spec::{ArrayConfig, Dataflow};

fn run(instructions: &[Instruction]) -> Timing {
    timed(&ArrayConfig::vcu1525(), instructions, &fixed(80, 64)).unwrap().0
}

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
    let timing = run(&[reads([64, 0, 0]), writes([64, 0, 0]), vector(VectorOp::Gelu, 6400)]);
    // One page arrives in cycle 2 + 80 + 64; GELU takes each of 64 lanes 4 * 100 cycles; one page is written.
    assert_eq!(timing.cycles, 146 + 400 + 64 + 80);
    assert_eq!((timing.dram_read_bytes, timing.dram_write_bytes), (4096, 4096));
    // One element more is one cycle more.
    let passes = |elements| {
        run(&[reads([64, 0, 0]), writes([64, 0, 0]), vector(VectorOp::Add, elements)]).cycles
    };
    assert_eq!([6400, 6401, 6464].map(passes), [146 + 100 + 144, 146 + 101 + 144, 146 + 101 + 144]);
}

#[test]
fn a_vector_is_bound_by_its_streams() {
    let timing = run(&[reads([512, 0, 0]), writes([512, 0, 0]), vector(VectorOp::Add, 64)]);
    // 8 pages on 4 channels, requested in cycles 2 to 9: the last arrives in cycle 2 + 3 + 80 + 128 = 213, takes its cycle in
    // the lanes, and is written on its channel until 214 + 64 + 80.
    assert_eq!(timing.cycles, 214 + 64 + 80);
    assert_eq!(timing.busy(Engine::Vector), 358 - 2);
    // On one channel the 512 beats come one by one: the last page is there in cycle 2 + 80 + 512.
    let config = changed(|config| config.dram_channels = 1);
    let program = [reads([512, 0, 0]), writes([512, 0, 0]), vector(VectorOp::Add, 64)];
    let timing = timed(&config, &program, &fixed(80, 64)).unwrap().0;
    assert_eq!(timing.cycles, 594 + 1 + 64 + 80);
}

#[test]
fn a_stream_without_reads_or_writes_takes_its_lanes() {
    // Nothing is read: each of 8 pages takes one lane cycle. The fourth is written from cycle 6 on, the eighth behind it.
    let fill = run(&[reads([0; 3]), writes([512, 0, 0]), vector(VectorOp::Fill, 512)]);
    assert_eq!(fill.cycles, 2 + 4 + 2 * 64 + 80);
    // Nothing is written: done when the lanes are.
    let sums = run(&[reads([64, 0, 0]), writes([0; 3]), vector(VectorOp::BiasGradient, 6400)]);
    assert_eq!(sums.cycles, 146 + 100);
    let idle = run(&[reads([0; 3]), writes([0; 3]), vector(VectorOp::Add, 6400)]);
    assert_eq!(idle.cycles, 2 + 100);
    assert_eq!(run(&[vector(VectorOp::Add, 0)]).cycles, 1);
}

#[test]
fn lanes_and_sore_add_their_latencies_once() {
    let run = |instruction| run(&[reads([64, 64, 0]), writes([64, 64, 0]), instruction]).cycles;
    // Two streams of one page, requested in cycles 2 and 3 on channel 0: the second arrives in 2 + 80 + 128; 16 lanes
    // take 100 cycles for 1,600 parameters; two pages are written one behind another.
    let plain = 210 + 100 + 128 + 80;
    // WUVE: a product, three sums, a product and a difference, 6 and 5 cycles each. SORE: 2 to round, 1 and the 4 beats of a block
    // of 8 x 8 to turn it, 5 to select.
    let (wuve, sore) = (6 + 3 * 5 + 6 + 5, 2 + 1 + 4 + 5);
    assert_eq!(run(update(1600, false)), plain + wuve);
    assert_eq!(run(update(1600, true)), plain + wuve + sore);
    let prune = Operation::Prune(Prune { parameters: 1600, along_co: true, single: false });
    assert_eq!(run(Instruction::new(prune)), plain + sore);
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
        let program = [reads([192, 96, 0]), writes([192, 24, 0]), update(parameters, true)];
        let program = Program::new(program.to_vec());
        let config = ArrayConfig::vcu1525();
        time_with(&config, &program, &fixed(80, 64), &mut lanes).unwrap();
        lanes.0
    };
    // 192 beats are three pages, each with a third of the parameters.
    let blocks = lanes(1536);
    let elements: Vec<u64> = blocks.iter().map(|block| block.elements).collect();
    assert_eq!(elements, [512, 1024, 1536]);
    for block in &blocks {
        assert_eq!((block.index, block.free_cycle - block.start_cycle), (2, 512 / 16));
        assert_eq!(block.ready_cycle, block.free_cycle + 32 + 12);
    }
    assert_eq!(blocks.iter().map(|block| block.block).collect::<Vec<_>>(), [0, 1, 2]);
    // 1,000 in thirds: 333, 666 and the rest end in beats 21, 42 and 63 of 16.
    let blocks = lanes(1000);
    let taken = |b: &LaneBlock| (b.elements, b.free_cycle - b.start_cycle);
    assert_eq!(blocks.iter().map(taken).collect::<Vec<_>>(), [(333, 21), (666, 21), (1000, 21)]);
    // The border's beat belongs to the block where it begins: 343, 686 and 1,030 end in beats 22, 43 and 65.
    let blocks = lanes(1030);
    assert_eq!(blocks.iter().map(taken).collect::<Vec<_>>(), [(343, 22), (686, 21), (1030, 22)]);
}

#[test]
fn streams_of_one_engine_do_not_overlap_and_those_of_two_do() {
    let page = [reads([64, 0, 0]), writes([64, 0, 0])];
    let (gelu, plain) = (vector(VectorOp::Gelu, 64_000), update(16_000, false));
    let one = |instruction| [&page[..], &[instruction]].concat();
    // 4,000 cycles of lanes; 1,000 for the update, and its latency.
    assert_eq!(run(&one(gelu)).cycles, 146 + 4000 + 144);
    let twice = [one(gelu), vec![gelu]].concat();
    assert_eq!(run(&twice).cycles, 146 + 4000 + 144 + 80 + 64 + 4000 + 144);
    let both = [one(gelu), vec![plain]].concat();
    assert_eq!(run(&both).cycles, 146 + 4000 + 144);
}

/// A tile of 32 rows of 64 channels: 64 beats in one page.
fn fused(change: impl Fn(&mut Store)) -> Timing {
    let mut st = tile(32, 64);
    change(&mut st);
    run(&[geometry(Dataflow::OutputStationary, 1), results(), store(st)])
}

#[test]
fn a_store_reads_what_it_adds() {
    // Two columns of each USPE: the other 31 array rows come in 62 cycles, then the page leaves, then the response.
    let plain = fused(|_| {});
    assert_eq!(plain.cycles, 2 + 62 + 64 + 80);
    // Bias, ReLU and sums need no memory.
    let edge = fused(|st| (st.bias, st.relu, st.sums) = (true, true, true));
    assert_eq!(edge, plain);
    // The page that is added arrives in 2 + 80 + 64.
    let added = fused(|st| st.add = true);
    assert_eq!(added.cycles, 146 + 62 + 64 + 80);
    assert_eq!((added.dram_read_bytes, added.dram_write_bytes), (4096, 4096));
    // The mask has one bit for each value of 16: 4 beats. All three come through one port.
    let all = fused(|st| (st.add, st.mask, st.products) = (true, true, true));
    assert_eq!(all.cycles, 2 + 80 + 64 + 64 + 4 + 62 + 64 + 80);
    assert_eq!(all.dram_read_bytes, 2 * 4096 + 256);
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
