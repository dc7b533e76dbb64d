//! Updates of W and V, among loads of weights, MMs and stores: in the cycles of the timing model, and byte by byte what the simulated card
//! makes of them.

use crate::given::{card, in_lockstep, run};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use satkit_memory::MemoryModel;
use satkit_plan::{DataflowChoice, MacStage};
use satkit_sim::card::{SimCard, SimCardOptions};
use satkit_spec::isa::{
    Engine, Instruction, Operation, Parameters, Prune, Reads, Semaphore, Update, Weights, Writes,
    scalar,
};
use satkit_spec::regs::status;
use satkit_spec::{ArrayConfig, ConvShape, Sparsity, Stage, WeightOperand, weight_tile_beats};
use satkit_tests::part_of;
use satkit_transport::{Card, DmaBuf};

const BEAT_BYTES: u64 = 64;
/// Values of a beat.
const BEAT_SINGLES: u32 = 16;
/// Where tensors of updates lie, in beats: behind the stages' and the programs.
const PLACE: u32 = 1 << 15;
/// Beats for a tensor.
const ROOM: u32 = 1 << 10;
/// Updates and stages of a program.
pub(crate) const MOST: u32 = 5;
/// Tensors of an update: W with V, those that are written, dW, the step's numbers, the operand weights of FF and of BP.
const TENSORS: u32 = 6;
const ALL_BEATS: u32 = TENSORS * MOST * ROOM;

/// What is updated.
#[derive(Clone, Copy, Debug)]
enum Updated {
    /// The weights of a linear layer, with decay.
    Layer { ci: u32, co: u32 },
    /// The same, and what is made of them: the operands of FF and BP, dense or not.
    Making {
        ci: u32,
        co: u32,
        kernel: (u8, u8),
        ff: Option<bool>,
        bp: Option<bool>,
        n: u8,
        m: u8,
        updates: bool,
    },
    /// Other parameters, in beats.
    Vector(u32),
}

#[derive(Clone, Debug)]
pub(crate) struct Case {
    updated: Updated,
    in_place: bool,
    /// Where each tensor begins in its room, in beats.
    offsets: [u32; TENSORS as usize],
}

#[derive(Clone, Debug)]
enum Item {
    Update(Case),
    Stage(MacStage, DataflowChoice),
}

impl Case {
    fn beats(&self) -> u32 {
        match self.updated {
            Updated::Layer { ci, co } => ci * co / BEAT_SINGLES,
            Updated::Making { ci, co, kernel: (kh, kw), .. } => {
                ci * u32::from(kh * kw) * co.next_multiple_of(32) / BEAT_SINGLES
            }
            Updated::Vector(beats) => beats,
        }
    }

    /// Where tensor `k` of update `at` lies; rows of weights at an even beat.
    const fn place(&self, k: u32, at: u32) -> u32 {
        let makes = matches!(self.updated, Updated::Making { .. });
        let offset = self.offsets[k as usize];
        PLACE + (k * MOST + at) * ROOM + if makes && k < 4 { offset / 2 * 2 } else { offset }
    }

    /// Where the operands of update `at` lie that are made, and their beats.
    fn made(&self, at: u32) -> Vec<(u32, u32)> {
        let Updated::Making { ci, co, kernel: (kh, kw), ff, bp, n, m, .. } = self.updated else {
            return Vec::new();
        };
        let all = [(4, ff, ci, co), (5, bp, co, ci)];
        let made = all.into_iter().filter_map(|(k, made, channels, columns)| {
            let compact = !made? && n != m;
            let slots = if compact { channels / u32::from(m) * u32::from(n) } else { channels };
            let slots = slots * u32::from(kh * kw);
            let tile = weight_tile_beats(slots.into(), compact) as u32;
            Some((self.place(k, at), columns.div_ceil(32) * tile))
        });
        made.collect()
    }

    /// The layer, if there is one.
    fn layer(&self) -> Option<Weights> {
        let (ci, co, (kh, kw), dense, n, m) = match self.updated {
            Updated::Layer { ci, co } => (ci, co, (1, 1), [false; 2], 2, 8),
            Updated::Making { ci, co, kernel, ff, bp, n, m, .. } => {
                (ci, co, kernel, [ff, bp].map(|made| made == Some(true)), n, m)
            }
            Updated::Vector(_) => return None,
        };
        let operand = |dense, compact| if dense { WeightOperand::Dense } else { compact };
        Some(Weights {
            ci,
            co,
            h: kh.into(),
            w: kw.into(),
            kh,
            kw,
            stride: 1,
            pad: 0,
            n,
            m,
            ff: operand(dense[0], WeightOperand::PrunedCi),
            bp: operand(dense[1], WeightOperand::PrunedCo),
            decays_pruned: false,
        })
    }

    /// The instructions of update `at` of a program.
    pub(crate) fn instructions(&self, at: u32) -> Vec<Instruction> {
        let place = |k: u32| self.place(k, at);
        let (beats, numbers) = (self.beats(), place(3));
        let made = self.made(at);
        let streams = |streams: [(u32, u32); 3]| {
            let [first, second, third] = streams;
            Writes {
                first: first.0,
                first_beats: first.1,
                second: second.0,
                second_beats: second.1,
                third: third.0,
                third_beats: third.1,
            }
        };
        let of = |k: usize| made.get(k).copied().unwrap_or((0, 0));
        let mut operations: Vec<Operation> =
            self.layer().map(Operation::Weights).into_iter().collect();
        if let Updated::Making { bp, updates: false, .. } = self.updated {
            operations.extend([
                Operation::Reads(Reads {
                    first: place(0),
                    first_beats: beats,
                    second: 0,
                    second_beats: 0,
                    third: 0,
                    third_beats: 0,
                }),
                Operation::Writes(streams([of(0), (0, 0), (0, 0)])),
                Operation::Prune(Prune {
                    parameters: u64::from(BEAT_SINGLES * beats),
                    along_co: bp.is_some(),
                    single: true,
                }),
            ]);
            return operations.into_iter().map(Instruction::new).collect();
        }
        let (make_ff, make_bp) = match self.updated {
            Updated::Making { ff, bp, .. } => (ff.is_some(), bp.is_some()),
            _ => (false, false),
        };
        operations.extend([
            Operation::Reads(Reads {
                first: place(0),
                first_beats: 2 * beats,
                second: place(2),
                second_beats: beats,
                third: numbers,
                third_beats: 1,
            }),
            Operation::Writes(streams([
                (place(u32::from(!self.in_place)), 2 * beats),
                of(0),
                of(1),
            ])),
            Operation::Parameters(Parameters {
                scalars: numbers,
                first: 0,
                second: 0,
                running: 0,
                sums: 0,
            }),
            Operation::Update(Update {
                parameters: u64::from(BEAT_SINGLES * beats),
                make_ff,
                make_bp,
                weights: self.layer().is_some(),
                guarded: false,
            }),
        ]);
        operations.into_iter().map(Instruction::new).collect()
    }
}

pub(crate) fn updates() -> impl Strategy<Value = Case> {
    let updated = prop_oneof![
        (1u32..4, 1u32..4).prop_map(|(ci, co)| Updated::Layer { ci: 8 * ci, co: 32 * co }),
        making(),
        prop_oneof![0u32..4, 62u32..67, 1u32..200].prop_map(Updated::Vector),
    ];
    let offsets = proptest::array::uniform6(0u32..100);
    (updated, any::<bool>(), offsets).prop_map(|(updated, in_place, offsets)| Case {
        updated,
        in_place,
        offsets,
    })
}

/// What makes operand weights; from W alone, of one of them.
fn making() -> impl Strategy<Value = Updated> {
    let sparsity =
        prop_oneof![Just((2, 8)), Just((1, 4)), Just((2, 4)), Just((1, 2)), Just((8, 8))];
    let made = prop_oneof![
        (any::<bool>(), any::<bool>()).prop_map(|(ff, bp)| (Some(ff), Some(bp))),
        any::<bool>().prop_map(|ff| (Some(ff), None)),
        any::<bool>().prop_map(|bp| (None, Some(bp))),
    ];
    let small = ((1u32..6, 2u32..9), Just((1, 1)), Just(8));
    // Taps of compact weights are whole beats of positions.
    let large = ((1u32..3, 1u32..3), (1u8..4, 1u8..4), Just(16));
    let layer = prop_oneof![2 => small, 1 => large];
    (layer, sparsity, made, any::<bool>()).prop_map(
        |(((ci, co), kernel, unit), (n, m), (ff, bp), updates)| {
            let updates = updates || (ff.is_some() && bp.is_some());
            Updated::Making { ci: unit * ci, co: unit * co, kernel, ff, bp, n, m, updates }
        },
    )
}

fn stages() -> impl Strategy<Value = Item> {
    let stage = prop_oneof![Just(Stage::Ff), Just(Stage::Bp)];
    let choice = prop_oneof![Just(DataflowChoice::Os), Just(DataflowChoice::Ws)];
    let shape = (1usize..40, 1usize..9, 4usize..12);
    (shape, stage, any::<bool>(), choice).prop_map(|((batch, ci, co), stage, dense, choice)| {
        let shape = ConvShape::new(batch, 8 * ci, (1, 1), 8 * co, (1, 1), 1, 0).unwrap();
        let sparsity = if dense { Sparsity::DENSE } else { Sparsity::new(2, 8).unwrap() };
        Item::Stage(MacStage::new(shape, stage, sparsity).unwrap(), choice)
    })
}

fn programs() -> impl Strategy<Value = Vec<Item>> {
    let item = prop_oneof![
        3 => updates().prop_map(Item::Update),
        1 => stages(),
    ];
    proptest::collection::vec(item, 1..=MOST as usize)
}

/// The program of items. An update waits for the stage before it, and a stage for the update before.
fn program(config: &ArrayConfig, items: &[Item]) -> Vec<Instruction> {
    const STAGE: &[Engine] = &[Engine::LoadWeights, Engine::Mm, Engine::Store];
    let mut program: Vec<Instruction> = Vec::new();
    let mut before = None;
    for (at, item) in (0..).zip(items) {
        let (next, semaphore, engine) = match item {
            Item::Update(case) => {
                (case.instructions(at), Semaphore::StoredForUpdate, Engine::Update)
            }
            Item::Stage(stage, choice) => (
                part_of(config, *stage, *choice, STAGE),
                Semaphore::UpdateForWeights,
                Engine::LoadWeights,
            ),
        };
        let begin = program.len();
        program.extend(next);
        if before == Some(semaphore.poster()) {
            let of = |engine| move |i: &Instruction| i.operation.engine() == Some(engine);
            let posts = program[..begin].iter().rposition(of(semaphore.poster())).unwrap();
            program[posts].post = program[posts].post.with(semaphore);
            let waits = begin + program[begin..].iter().position(of(engine)).unwrap();
            program[waits].wait = program[waits].wait.with(semaphore);
        }
        before = Some(if engine == Engine::Update { engine } else { Engine::Store });
    }
    program
}

/// Bytes of all tensors of updates: numbers from -2 to 2, and the step's.
pub(crate) fn tensors() -> DmaBuf {
    let values = (0..ALL_BEATS * BEAT_SINGLES).map(|at| {
        let (beat, index) = (at / BEAT_SINGLES, (at % BEAT_SINGLES) as usize);
        let any = (at.wrapping_mul(0x9E37_79B9) >> 8) as f32 / 4_194_304.0 - 2.0;
        match index {
            _ if beat < 3 * MOST * ROOM => any,
            scalar::LEARNING_RATE => 0.037,
            scalar::MOMENTUM => 0.9,
            scalar::WEIGHT_DECAY => [0.0, 5e-4][beat as usize % 2],
            scalar::LOSS_SCALE => 2_f32.powi(beat as i32 % 12),
            _ => any,
        }
    });
    DmaBuf::copy_of(&values.flat_map(f32::to_le_bytes).collect::<Vec<u8>>())
}

pub(crate) const ADDRESS: u64 = PLACE as u64 * BEAT_BYTES;

/// What a card has of the tensors.
pub(crate) fn read(card: &impl Card) -> DmaBuf {
    let mut bytes = DmaBuf::zeroed(ALL_BEATS as usize * BEAT_BYTES as usize);
    card.c2h(0, ADDRESS, &mut bytes).unwrap();
    bytes
}

fn updates_in_lockstep(dram: MemoryModel, cases: u32) {
    let config = ArrayConfig::tiny();
    let Some(card) = card(&config, dram) else { return };
    let simulated = SimCard::new(&config, &SimCardOptions::default()).unwrap();
    let before = tensors();
    let mut runner =
        TestRunner::new(Config { failure_persistence: None, ..Config::with_cases(cases) });
    let ran = runner.run(&(programs(), 0u64..100), |(items, offset_beats)| {
        card.h2c(0, ADDRESS, &before).unwrap();
        let whole = program(&config, &items);
        in_lockstep(&card, &config, &dram, whole, offset_beats).map_err(TestCaseError::fail)?;
        // Stages have no activations there, and touch nothing of this.
        simulated.h2c(0, ADDRESS, &before).unwrap();
        let updates = (0..).zip(&items).filter_map(|(at, item)| match item {
            Item::Update(case) => Some(case.instructions(at)),
            Item::Stage(..) => None,
        });
        let updates: Vec<_> = updates.flatten().collect();
        if updates.is_empty() {
            return Ok(());
        }
        prop_assert_eq!(run(&simulated, &updates, 0).status, status::DONE);
        let (rtl, due) = (read(&card), read(&simulated));
        let other = rtl.iter().zip(due.iter()).position(|(rtl, due)| rtl != due);
        prop_assert!(other.is_none(), "byte {:#x}", ADDRESS + other.unwrap_or(0) as u64);
        Ok(())
    });
    ran.unwrap();
}

#[test]
fn updates_start_and_end_when_the_model_says_and_write_its_bytes() {
    updates_in_lockstep(MemoryModel::ddr4(), 100);
}

#[test]
fn updates_do_under_back_pressure() {
    updates_in_lockstep("pressure:seed=5".parse().unwrap(), 60);
}
