//! The stream engines: random work of VE and updates of WU in one program, in the model's cycles, to the bytes of the simulated card.

use crate::given::{PLACE, card, in_lockstep, run};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use satkit_memory::{MemoryModel, PAGE_BYTES};
use satkit_sim::card::{SimCard, SimCardOptions};
use satkit_spec::isa::{
    Instruction, Operation, Parameters, Reads, Update, VectorOp, Weights, Writes, scalar,
};
use satkit_spec::regs::status;
use satkit_spec::{ArrayConfig, WeightOperand};
use satkit_tests::vector_case::{VectorCase, any_vector_case, place};
use satkit_transport::{Card, DmaBuf};

const BEAT_BYTES: u64 = 64;
/// Parameters of a beat.
const BEAT_SINGLES: usize = 16;
/// Where what an update works on lies, in beats: behind the programs.
const UPDATES: u64 = 4 * PLACE / BEAT_BYTES;
/// Room for an update, in beats: W and V, dW, numbers.
const ROOM: u64 = 1 << 11;
/// Kept instructions that [`VectorCase::program`] begins with.
const KEPT: usize = 3;

/// An update of whole beats, in place or not.
#[derive(Clone, Debug)]
struct Updating {
    /// Numbers, W, V, dW.
    numbers: [f32; scalar::COUNT],
    values: Vec<f32>,
    beats: usize,
    weights: bool,
    moves: bool,
}

fn any_single() -> impl Strategy<Value = f32> {
    prop_oneof![
        8 => -4.0f32..4.0,
        2 => any::<u32>().prop_map(f32::from_bits),
        1 => Just(0.0f32),
        1 => (0u32..1 << 23).prop_map(f32::from_bits),
    ]
}

fn any_update() -> impl Strategy<Value = Updating> {
    let numbers = (-4i32..16, prop_oneof![Just(0.0f32), Just(5e-4)], any::<[bool; 2]>());
    let beats = prop_oneof![1usize..4, 62usize..67, 1usize..200];
    (numbers, beats).prop_flat_map(|((scale, decay, [weights, moves]), beats)| {
        // Whole rows of 32 output channels.
        let beats = if weights { beats.next_multiple_of(2) } else { beats };
        let mut numbers = [0.0; scalar::COUNT];
        numbers[scalar::LEARNING_RATE] = 0.037;
        numbers[scalar::MOMENTUM] = 0.9;
        numbers[scalar::WEIGHT_DECAY] = decay;
        numbers[scalar::LOSS_SCALE] = 2f32.powi(scale);
        let values = proptest::collection::vec(any_single(), 3 * beats * BEAT_SINGLES);
        values.prop_map(move |values| Updating { numbers, values, beats, weights, moves })
    })
}

impl Updating {
    /// First beats of W, of what is written, of dW and of the numbers.
    fn places(&self, index: usize) -> [u64; 4] {
        let master = UPDATES + index as u64 * ROOM;
        let written = if self.moves { master + ROOM / 4 } else { master };
        [master, written, master + ROOM / 2, master + ROOM - 1]
    }

    fn instructions(&self, index: usize) -> Vec<Instruction> {
        let [master, written, gradient, numbers] = self.places(index).map(|beat| beat as u32);
        let beats = self.beats as u32;
        let mut program = vec![
            Operation::Reads(Reads {
                first: master,
                first_beats: 2 * beats,
                second: gradient,
                second_beats: beats,
                third: numbers,
                third_beats: 1,
            }),
            Operation::Writes(Writes {
                first: written,
                first_beats: 2 * beats,
                second: 0,
                second_beats: 0,
                third: 0,
                third_beats: 0,
            }),
            Operation::Parameters(Parameters {
                scalars: numbers,
                first: 0,
                second: 0,
                running: 0,
                sums: 0,
            }),
        ];
        if self.weights {
            program.push(Operation::Weights(Weights {
                ci: beats / 2,
                co: 2 * BEAT_SINGLES as u32,
                h: 1,
                w: 1,
                kh: 1,
                kw: 1,
                stride: 1,
                pad: 0,
                n: 2,
                m: 8,
                ff: WeightOperand::PrunedCi,
                bp: WeightOperand::PrunedCo,
                decays_pruned: false,
            }));
        }
        program.push(Operation::Update(Update {
            parameters: (self.beats * BEAT_SINGLES) as u64,
            make_ff: false,
            make_bp: false,
            weights: self.weights,
            guarded: false,
        }));
        program.into_iter().map(Instruction::new).collect()
    }

    fn upload(&self, card: &dyn Card, index: usize) {
        let [master, _, gradient, numbers] = self.places(index);
        let (masters, dw) = self.values.split_at(2 * self.beats * BEAT_SINGLES);
        for (beat, values) in [(master, masters), (gradient, dw), (numbers, &self.numbers)] {
            let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
            card.h2c(0, beat * BEAT_BYTES, &DmaBuf::copy_of(&bytes)).unwrap();
        }
    }
}

/// A program of both engines: pieces of VE's work with updates between them.
#[derive(Clone, Debug)]
struct Case {
    vector: VectorCase,
    /// Before which piece each comes, modulo the pieces.
    updates: Vec<(Updating, usize)>,
}

fn any_case() -> impl Strategy<Value = Case> {
    let updates = proptest::collection::vec((any_update(), 0usize..8), 0..4);
    (any_vector_case(), updates).prop_map(|(vector, updates)| Case { vector, updates })
}

impl Case {
    fn program(&self) -> Vec<Instruction> {
        let vector = self.vector.program();
        let (kept, pieces) = vector.split_at(KEPT);
        let mut program = kept.to_vec();
        let pieces: Vec<_> = pieces.chunks(3).collect();
        for (at, piece) in pieces.iter().enumerate() {
            for (index, (update, before)) in self.updates.iter().enumerate() {
                if before % pieces.len() == at {
                    program.extend(update.instructions(index));
                }
            }
            program.extend_from_slice(piece);
        }
        program
    }

    fn upload(&self, card: &dyn Card) {
        let zeros = DmaBuf::copy_of(&vec![0; (4 * ROOM * BEAT_BYTES) as usize]);
        for start in [0, UPDATES * BEAT_BYTES] {
            card.h2c(0, start, &zeros).unwrap();
            card.h2c(0, start + zeros.len() as u64, &zeros).unwrap();
        }
        for (index, bytes) in [&self.vector.a, &self.vector.b].into_iter().enumerate() {
            card.h2c(0, place(index) as u64 * BEAT_BYTES, &DmaBuf::copy_of(bytes)).unwrap();
        }
        for (index, (update, _)) in self.updates.iter().enumerate() {
            update.upload(card, index);
        }
    }

    /// All that the program may read and write, and some beats around it.
    fn download(&self, card: &dyn Card) -> Vec<u8> {
        let mut bytes = Vec::new();
        for start in [0, UPDATES * BEAT_BYTES] {
            let mut buffer = DmaBuf::zeroed(PLACE as usize);
            card.c2h(0, start, &mut buffer).unwrap();
            bytes.extend_from_slice(&buffer);
        }
        bytes
    }
}

fn streams_in_lockstep(config: &ArrayConfig, dram: MemoryModel, cases: u32) {
    let Some(card) = card(config, dram) else { return };
    let options = SimCardOptions { dram, ..SimCardOptions::default() };
    let simulated = SimCard::new(config, &options).unwrap();
    let mut runner =
        TestRunner::new(Config { failure_persistence: None, ..Config::with_cases(cases) });
    let ran = runner.run(&any_case(), |case| {
        let program = case.program();
        case.upload(&card);
        case.upload(&simulated);
        in_lockstep(&card, config, &dram, program.clone(), 0).map_err(TestCaseError::fail)?;
        let end = run(&simulated, &program, 0);
        prop_assert_eq!(end.status & !status::NOT_FINITE, status::DONE);
        let (rtl, sim) = (case.download(&card), case.download(&simulated));
        let differs = rtl.iter().zip(&sim).position(|(rtl, sim)| rtl != sim);
        prop_assert!(differs.is_none(), "byte {:?} of memory differs", differs);
        Ok(())
    });
    if let Err(error) = ran {
        panic!("{}", error.to_string().chars().take(3000).collect::<String>());
    }
}

#[test]
fn updates_and_elementwise_work_of_four_lanes() {
    streams_in_lockstep(&ArrayConfig::tiny(), MemoryModel::ddr4(), 120);
}

#[test]
fn updates_and_elementwise_work_of_eight_lanes() {
    streams_in_lockstep(&ArrayConfig::small(), "pressure:seed=5".parse().unwrap(), 80);
}

/// What the engines cannot do stops the program where it stands, and the next one runs.
#[test]
fn what_the_stream_engines_cannot_do_is_illegal() {
    let (config, dram) = (ArrayConfig::tiny(), MemoryModel::ddr4());
    let Some(card) = card(&config, dram) else { return };
    let mut runner =
        TestRunner::new(Config { failure_persistence: None, ..Config::with_cases(12) });
    let cannot = proptest::sample::select(
        VectorOp::ALL.iter().copied().filter(|op| !VECTOR_OPS.contains(op)).collect::<Vec<_>>(),
    );
    let ran = runner.run(&(any_case(), cannot, any::<bool>()), |(case, op, updates)| {
        let program = case.program();
        let mut wrong = program.clone();
        let at = wrong.iter().rposition(|instruction| match instruction.operation {
            Operation::Vector(_) => !updates,
            Operation::Update(_) => updates,
            _ => false,
        });
        let Some(at) = at else { return Ok(()) };
        match &mut wrong[at].operation {
            Operation::Vector(vector) => vector.op = op,
            Operation::Update(update) => update.make_ff = true,
            _ => unreachable!(),
        }
        case.upload(&card);
        let end = run(&card, &wrong, 0);
        prop_assert_eq!(end.status, status::DONE | status::ILLEGAL_INSTRUCTION);
        prop_assert_eq!(end.instruction as usize, at);
        in_lockstep(&card, &config, &dram, program, 0).map_err(TestCaseError::fail)
    });
    ran.unwrap();
}

/// What VE's lanes do.
const VECTOR_OPS: [VectorOp; 3] = [VectorOp::Add, VectorOp::ReluBackward, VectorOp::BiasGradient];
const _: () = assert!(PLACE.is_multiple_of(PAGE_BYTES) && 8 * ROOM * BEAT_BYTES == PLACE);
