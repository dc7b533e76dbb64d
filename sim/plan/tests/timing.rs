//! Timing against closed forms worked out by hand, and the refusal of programs that cannot run.

use satkit_plan::{
    DataflowChoice, MacStage, PlanError, Program, plan_stage, plan_update, plan_vector, time,
};
use satkit_spec::isa::{
    self, Instruction, MatMul, Operation, Semaphore, SemaphoreSet, Store, VectorOp,
};
use satkit_spec::{ArrayConfig, ConvShape, Dataflow, Sparsity, Stage};

fn geometry(dataflow: Dataflow) -> Instruction {
    Instruction::new(Operation::Geometry(isa::Geometry {
        stage: Stage::Ff,
        dataflow,
        compact: false,
        n: 1,
        m: 1,
        phase: 0,
        batch: 32,
        ci: 64,
        co: 32,
        h: 1,
        w: 1,
        kh: 1,
        kw: 1,
        stride: 1,
        pad: 0,
    }))
}

fn matmul(slots: u32, ip: u8, drain: bool) -> MatMul {
    MatMul {
        row_base: 0,
        rows: 32 * u32::from(ip),
        col_base: 0,
        cols: 32,
        slot_base: 0,
        slots,
        ip,
        iq: 1,
        accumulate: false,
        drain,
    }
}

#[test]
fn one_os_tile_takes_its_rounds_then_its_drain() {
    let config = ArrayConfig::vcu1525();
    let mm = Instruction::new(Operation::MatMul(matmul(100, 8, true)));
    let program = Program::new(vec![geometry(Dataflow::OutputStationary), mm]);
    let timing = time(&config, &program).unwrap();
    // 100 rounds of 8; skew 31 + 31; multiplier 3; adder 5; 32 rows of 8 outputs drain.
    assert_eq!(timing.cycles, 100 * 8 + 31 + 31 + 3 + 5 + 32 * 8);
    assert_eq!(timing.useful_macs, 256 * 32 * 100);
    assert_eq!(timing.busy(isa::Engine::Mm), 800);
}

#[test]
fn interleave_below_the_adder_latency_leaves_idle_slots() {
    let config = ArrayConfig::vcu1525();
    let mm = Instruction::new(Operation::MatMul(matmul(100, 1, false)));
    let timing =
        time(&config, &Program::new(vec![geometry(Dataflow::OutputStationary), mm])).unwrap();
    assert_eq!(timing.cycles, 100 * 5);
}

#[test]
fn a_short_tile_waits_for_the_drain_before_it() {
    let config = ArrayConfig::vcu1525();
    let tile = |slots| Instruction::new(Operation::MatMul(matmul(slots, 8, true)));
    // 10 rounds of 8 are done in 80 cycles, but the path needs 32 * 8 cycles for each tile.
    let program = Program::new(vec![geometry(Dataflow::OutputStationary), tile(10), tile(10)]);
    let timing = time(&config, &program).unwrap();
    // First last round begins at 72, so the second tile's begins at 72 + 256 and its first slot at 256.
    assert_eq!(timing.spans[2].start_cycle, 256);
    // A long second tile is not held up: its last round comes late enough.
    let program = Program::new(vec![geometry(Dataflow::OutputStationary), tile(10), tile(100)]);
    assert_eq!(time(&config, &program).unwrap().spans[2].start_cycle, 80);
}

#[test]
fn ws_passes_wait_for_their_partial_sums() {
    let config = ArrayConfig::vcu1525();
    let pass = |first: bool, last: bool, rows: u32| {
        let mm = MatMul { rows, accumulate: !first, ..matmul(32, 1, last) };
        Instruction::new(Operation::MatMul(mm))
    };
    let geometry = geometry(Dataflow::WeightStationary);
    let run = |passes: Vec<Instruction>| {
        let mut program = vec![geometry];
        program.extend(passes);
        time(&config, &Program::new(program)).unwrap()
    };
    // 64 rows: both passes are stretched to R * L + 8 = 168 cycles.
    let short = run(vec![pass(true, false, 64), pass(false, true, 64)]);
    assert_eq!(short.busy(isa::Engine::Mm), 2 * 168);
    assert_eq!(short.cycles, 2 * 168 + 32 * 5 + 31 + 3);
    // 500 rows hide the way round.
    assert_eq!(
        run(vec![pass(true, false, 500), pass(false, true, 500)]).busy(isa::Engine::Mm),
        1000
    );
    // A single pass needs no psums.
    assert_eq!(run(vec![pass(true, true, 64)]).busy(isa::Engine::Mm), 64);
}

#[test]
fn a_large_dense_layer_keeps_the_array_busy_and_2_of_8_is_nearly_four_times_faster() {
    let config = ArrayConfig::vcu1525();
    let shape = ConvShape::new(8, 128, (32, 32), 128, (3, 3), 1, 1).unwrap();
    let cycles = |sparsity| {
        let stage = MacStage::new(shape, Stage::Ff, sparsity).unwrap();
        plan_stage(&config, stage, DataflowChoice::Os).unwrap().report
    };
    let (dense, sparse) = (cycles(Sparsity::DENSE), cycles(Sparsity::TWO_OF_EIGHT));
    assert!(dense.utilization > 0.95, "{dense:?}");
    let speed_up = dense.cycles as f64 / sparse.cycles as f64;
    assert!((3.5..=4.0).contains(&speed_up), "{speed_up} {sparse:?}");
}

#[test]
fn updates_and_vectors_are_bound_by_lanes_or_streams() {
    let config = ArrayConfig::vcu1525();
    let parameters = 1 << 16;
    let (_, timing) = plan_update(&config, parameters, None, None).unwrap();
    // 16 lanes take 4,096 cycles; 12 bytes each over 256 bytes a cycle take 3,072.
    assert_eq!(timing.cycles, 4096 + 80);
    let pruned = Some(Sparsity::TWO_OF_EIGHT);
    let (program, timing) = plan_update(&config, parameters, pruned, pruned).unwrap();
    assert_eq!(timing.cycles, 4096 + 80 + 16);
    // W and V, and twice a quarter of the weights at 2.5 bytes.
    assert_eq!(timing.dram_write_bytes, parameters * 8 + 2 * (parameters / 4 * 5 / 2));
    program.instructions()[0].encode().unwrap();
    let (_, timing) = plan_vector(&config, VectorOp::Gelu, 6400, 12_800, 12_800).unwrap();
    assert_eq!(timing.cycles, 4 * 100 + 80);
}

#[test]
fn programs_that_cannot_run_are_refused_with_the_instruction() {
    let config = ArrayConfig::tiny();
    let store = |wait: &[Semaphore]| Instruction {
        wait: SemaphoreSet::of(wait),
        post: SemaphoreSet::EMPTY,
        operation: Operation::Store(Store {
            row_base: 0,
            rows: 1,
            col_base: 0,
            cols: 1,
            fp32: false,
            bytes: 2,
        }),
    };
    let geometry = geometry(Dataflow::OutputStationary);
    // Nothing ever drains, so the store waits for ever.
    let program = Program::new(vec![geometry, store(&[Semaphore::DrainFull])]);
    let error = time(&config, &program).unwrap_err();
    assert!(matches!(error, PlanError::Deadlock { index: 1, semaphore: "d.full", .. }), "{error}");
    // A second taker of one semaphore.
    let mut mm = Instruction::new(Operation::MatMul(matmul(1, 1, false)));
    mm.wait = SemaphoreSet::of(&[Semaphore::DrainFree]);
    let program = Program::new(vec![geometry, mm, store(&[Semaphore::DrainFree])]);
    assert!(matches!(
        time(&config, &program),
        Err(PlanError::SharedSemaphore { index: 2, semaphore: "d.free", .. })
    ));
    // No layer to speak of.
    let program = Program::new(vec![store(&[])]);
    assert!(matches!(time(&config, &program), Err(PlanError::NoGeometry { index: 0, .. })));
    // More words than half a bank.
    let load = Instruction::new(Operation::LoadActivations(isa::LoadActivations {
        row_base: 0,
        rows: 4,
        slot_base: 0,
        slots: 8,
        words: 513,
        bytes: 64,
    }));
    let error = time(&config, &Program::new(vec![geometry, load])).unwrap_err().to_string();
    assert!(error.contains("513 words") && error.contains("512"), "{error}");
}
