//! Elementwise work with updates between its pieces: in the cycles of the timing model, and byte by byte what the simulated card
//! makes of it.

use crate::given::{PLACE, card, in_lockstep, run};
use crate::updates;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use satkit_memory::MemoryModel;
use satkit_sim::card::{SimCard, SimCardOptions};
use satkit_spec::ArrayConfig;
use satkit_spec::isa::{Instruction, Operation, VectorOp};
use satkit_spec::regs::status;
use satkit_tests::vector_case::{
    TENSOR_BEATS, TENSORS, VectorCase, any_rows, any_vector_case, place,
};
use satkit_transport::{Card, DmaBuf};

const BEAT_BYTES: usize = 64;
/// Kept instructions that [`VectorCase::program`] begins with, and instructions of a piece.
const KEPT: usize = 3;
const PIECE: usize = 3;

// Tensors of elementwise work lie before the programs.
const _: () = assert!((TENSORS * TENSOR_BEATS * BEAT_BYTES) as u64 <= PLACE);

/// A program of both engines of streams.
#[derive(Clone, Debug)]
struct Case {
    vector: VectorCase,
    /// Before which piece each comes, modulo the pieces.
    updates: Vec<(updates::Case, usize)>,
}

fn cases(lanes: usize) -> impl Strategy<Value = Case> {
    let most = updates::MOST as usize;
    let updates = proptest::collection::vec((updates::updates(), 0usize..8), 0..most);
    let vector =
        any_vector_case().prop_filter("lanes have their channels", move |case| case.is_for(lanes));
    (vector, updates).prop_map(|(vector, updates)| Case { vector, updates })
}

impl Case {
    fn program(&self) -> Vec<Instruction> {
        let vector = self.vector.program();
        let (kept, pieces) = vector.split_at(KEPT);
        let pieces: Vec<_> = pieces.chunks(PIECE).collect();
        let mut program = kept.to_vec();
        for (nth, piece) in pieces.iter().enumerate() {
            for (at, (update, before)) in (0..).zip(&self.updates) {
                if before % pieces.len() == nth {
                    program.extend(update.instructions(at));
                }
            }
            program.extend_from_slice(piece);
        }
        program
    }

    fn upload(&self, card: &impl Card) {
        card.h2c(0, 0, &DmaBuf::zeroed(PLACE as usize)).unwrap();
        let VectorCase { a, b, c, .. } = &self.vector;
        for (index, bytes) in [a, b, c].into_iter().enumerate().filter(|(_, b)| !b.is_empty()) {
            let address = (place(index) * BEAT_BYTES) as u64;
            card.h2c(0, address, &DmaBuf::copy_of(bytes)).unwrap();
        }
        card.h2c(0, updates::ADDRESS, &updates::tensors()).unwrap();
    }
}

/// All tensors, whether they are written or not.
fn read(card: &impl Card) -> [DmaBuf; 2] {
    let mut vectors = DmaBuf::zeroed(PLACE as usize);
    card.c2h(0, 0, &mut vectors).unwrap();
    [vectors, updates::read(card)]
}

fn in_lockstep_and_bytes(config: &ArrayConfig, dram: MemoryModel, count: u32) {
    let Some(card) = card(config, dram) else { return };
    let simulated = SimCard::new(config, &SimCardOptions::default()).unwrap();
    let mut runner =
        TestRunner::new(Config { failure_persistence: None, ..Config::with_cases(count) });
    let ran = runner.run(&(cases(config.ve_lanes), 0u64..100), |(case, offset_beats)| {
        let program = case.program();
        case.upload(&card);
        in_lockstep(&card, config, &dram, program.clone(), offset_beats)
            .map_err(TestCaseError::fail)?;
        case.upload(&simulated);
        // The hardware does not look whether sums are finite.
        let ended = run(&simulated, &program, offset_beats).status & !status::NOT_FINITE;
        prop_assert_eq!(ended, status::DONE);
        for (rtl, due) in read(&card).iter().zip(read(&simulated)) {
            let other = rtl.iter().zip(due.iter()).position(|(rtl, due)| rtl != due);
            prop_assert!(other.is_none(), "byte {:?} of the tensors", other);
        }
        Ok(())
    });
    if let Err(error) = ran {
        panic!("{}", error.to_string().chars().take(3000).collect::<String>());
    }
}

#[test]
fn elementwise_work_starts_and_ends_when_the_model_says_and_writes_its_bytes() {
    in_lockstep_and_bytes(&ArrayConfig::tiny(), MemoryModel::ddr4(), 120);
}

#[test]
fn eight_lanes_do_under_back_pressure() {
    in_lockstep_and_bytes(&ArrayConfig::small(), "pressure:seed=5".parse().unwrap(), 80);
}

/// A beat of FP16 in a cycle, beside the array of 4 x 4.
#[test]
#[ignore = "compiles a model of its own, tiny with 32 lanes, which takes minutes"]
fn thirty_two_lanes_do() {
    let mut config = ArrayConfig::tiny();
    (config.name, config.ve_lanes) = ("tiny-ve32".into(), 32);
    in_lockstep_and_bytes(&config, MemoryModel::ddr4(), 120);
}

/// A label that is no class stops both where it is read, and the next program runs.
#[test]
fn a_label_that_is_no_class_is_illegal() {
    let (config, dram) = (ArrayConfig::tiny(), MemoryModel::ddr4());
    let Some(card) = card(&config, dram) else { return };
    let simulated = SimCard::new(&config, &SimCardOptions::default()).unwrap();
    let mut runner =
        TestRunner::new(Config { failure_persistence: None, ..Config::with_cases(12) });
    let row = any::<proptest::sample::Index>();
    let ran = runner.run(&(any_rows(), row, 0u32..100), |(vector, row, above)| {
        let case = Case { vector, updates: Vec::new() };
        let mut wrong = case.clone();
        let (row, shape) = (row.index(case.vector.shape.batch as usize), case.vector.shape);
        let label = (shape.channels + above * above * above).to_le_bytes();
        wrong.vector.b[4 * row..4 * row + 4].copy_from_slice(&label);
        let program = case.program();
        wrong.upload(&card);
        wrong.upload(&simulated);
        let ends = [run(&card, &program, 0), run(&simulated, &program, 0)];
        for end in ends {
            prop_assert_eq!(end.status, status::DONE | status::ILLEGAL_INSTRUCTION);
            prop_assert_eq!(end.instruction as usize, program.len() - 1);
        }
        case.upload(&card);
        in_lockstep(&card, &config, &dram, program, 0).map_err(TestCaseError::fail)
    });
    ran.unwrap();
}

/// What the engine cannot do stops the program where it stands, and the next one runs.
#[test]
fn what_ve_cannot_do_is_illegal() {
    let (config, dram) = (ArrayConfig::tiny(), MemoryModel::ddr4());
    let Some(card) = card(&config, dram) else { return };
    let known = [
        VectorOp::Add,
        VectorOp::ReluBackward,
        VectorOp::BiasGradient,
        VectorOp::CrossEntropy,
        VectorOp::Pool,
        VectorOp::PoolBackward,
        VectorOp::BatchNormStatistics,
        VectorOp::BatchNormBackwardSums,
        VectorOp::BatchNormScale,
        VectorOp::BatchNormBackwardScale,
    ];
    let unknown: Vec<_> = VectorOp::ALL.iter().filter(|op| !known.contains(op)).collect();
    let mut runner =
        TestRunner::new(Config { failure_persistence: None, ..Config::with_cases(12) });
    let work = (cases(config.ve_lanes), proptest::sample::select(unknown));
    let ran = runner.run(&work, |(case, op)| {
        let program = case.program();
        let mut wrong = program.clone();
        let at = wrong.len() - 1;
        let Operation::Vector(vector) = &mut wrong[at].operation else { unreachable!() };
        vector.op = *op;
        case.upload(&card);
        let end = run(&card, &wrong, 0);
        prop_assert_eq!(end.status, status::DONE | status::ILLEGAL_INSTRUCTION);
        prop_assert_eq!(end.instruction as usize, at);
        in_lockstep(&card, &config, &dram, program, 0).map_err(TestCaseError::fail)
    });
    ran.unwrap();
}
