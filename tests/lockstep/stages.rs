//! Loads, the array and stores: stages of random layers. Where activations are loaded, values are compared too; other programs work on
//! row banks that nobody fills.

use crate::difference::with_values;
use crate::given::{PLACE, card, in_lockstep, run};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use satkit_memory::MemoryModel;
use satkit_plan::layout::{BEAT_BYTES, for_each_operand};
use satkit_plan::{DataflowChoice, MacStage};
use satkit_spec::isa::{Engine, Instruction, Operation, Parameters, Store};
use satkit_spec::regs::status;
use satkit_spec::{ArrayConfig, ConvShape, Sparsity, Stage};
use satkit_tests::part_of;
use std::cell::Cell;

/// A stage, and how it is laid over the array.
pub(crate) type Part = (MacStage, DataflowChoice);

/// The work at the drain of a stage's stores.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Work {
    bias: bool,
    add: bool,
    relu: bool,
    mask: bool,
}

/// Stages of some layers.
fn stages(shapes: impl Strategy<Value = ConvShape>) -> impl Strategy<Value = Vec<Part>> {
    let sparsity = prop_oneof![Just((1, 1)), Just((2, 8)), Just((2, 4)), Just((1, 2))];
    let choice = prop_oneof![Just(DataflowChoice::Os), Just(DataflowChoice::Ws)];
    let stage = prop_oneof![Just(Stage::Ff), Just(Stage::Bp), Just(Stage::Wu)];
    let part = (shapes, stage, sparsity, choice).prop_filter_map(
        "no such stage",
        |(shape, stage, (n, m), choice)| {
            let sparsity = match stage {
                Stage::Wu => Sparsity::DENSE,
                _ if m == 1 => Sparsity::DENSE,
                _ => Sparsity::new(n, m).ok()?,
            };
            Some((MacStage::new(shape, stage, sparsity).ok()?, choice))
        },
    );
    proptest::collection::vec(part, 1..4)
}

/// Programs of stages, with the engines that take part in them.
fn programs() -> impl Strategy<Value = (Vec<Part>, &'static [Engine])> {
    let linear = (1usize..70, 1usize..9, 4usize..12).prop_map(|(batch, ci, co)| {
        ConvShape::new(batch, 8 * ci, (1, 1), 8 * co, (1, 1), 1, 0).unwrap()
    });
    let convolution = (1usize..3, 1usize..4, 3usize..9, 4usize..9, 2usize..4, 1usize..3).prop_map(
        |(batch, ci, side, co, kernel, stride)| {
            let kernel = (kernel, kernel);
            ConvShape::new(batch, 8 * ci, (side, side), 8 * co, kernel, stride, 1).unwrap()
        },
    );
    // ST does not store patches: tiles of convolutions stay where they are.
    let stored: &[Engine] = &[Engine::LoadWeights, Engine::Mm, Engine::Store];
    let loaded: &[Engine] = &[Engine::LoadWeights, Engine::Mm];
    prop_oneof![
        2 => (stages(linear), Just(stored)),
        1 => (stages(convolution), Just(loaded)),
    ]
}

fn stages_in_lockstep(config: &ArrayConfig, dram: MemoryModel, cases: u32) {
    let Some(card) = card(config, dram) else { return };
    let mut runner =
        TestRunner::new(Config { failure_persistence: None, ..Config::with_cases(cases) });
    let ran = runner.run(&(programs(), 0u64..100), |((parts, engines), offset_beats)| {
        let programs =
            parts.iter().map(|(stage, choice)| part_of(config, *stage, *choice, engines));
        let program: Vec<_> = programs.flatten().collect();
        in_lockstep(&card, config, &dram, program, offset_beats).map_err(TestCaseError::fail)
    });
    ran.unwrap();
}

/// The engines of a whole stage.
const ALL: &[Engine] = &[Engine::LoadActivations, Engine::LoadWeights, Engine::Mm, Engine::Store];

/// Bytes between two tensors: more than one of these layers takes, to the last stored zero.
const TENSOR_BYTES: u64 = 32 << 10;
/// Tensors of a stage: both operands, the result, what is added to it, its mask and the bias.
const TENSORS: u64 = 6;

/// Layers with larger kernels and padding, of which LD.A loads what is seen in OS: of up to 32 channels a chunk of FF and BP has one piece.
fn kernel_layers() -> impl Strategy<Value = ConvShape> {
    let channels = || {
        let words = (1usize..5).prop_map(|words| 8 * words);
        prop_oneof![6 => words, 3 => 1usize..33, 1 => Just(1)]
    };
    let side = || 1usize..8;
    (1usize..4, side(), side(), channels(), channels(), 1usize..4, 1usize..4, 0usize..3)
        .prop_filter_map("a kernel larger than its image", |(batch, h, w, ci, co, kh, kw, pad)| {
            ConvShape::new(batch, ci, (h, w), co, (kh, kw), 1, pad).ok()
        })
}

/// Layers of which LD.A loads what they see in all dataflows and stages: 1 x 1 kernels without stride or padding, so linear ones too. WS
/// of larger kernels and strided BP are illegal to it yet; programs of those have no LD.A.
fn flat_layers() -> impl Strategy<Value = ConvShape> {
    // Also channels that fill no word, and pixels whose pitch is padding for the most part.
    let channels = || prop_oneof![2 => (1usize..9).prop_map(|words| 8 * words), 1 => 1usize..70];
    let linear = (1usize..70).prop_map(|batch| (batch, 1, 1));
    let convolution = (1usize..4, 1usize..7, 1usize..7);
    (prop_oneof![linear, convolution], channels(), channels()).prop_map(
        |((batch, height, width), ci, co)| {
            ConvShape::new(batch, ci, (height, width), co, (1, 1), 1, 0).unwrap()
        },
    )
}

/// Bias, addition, ReLU and mask, as the stage's stores can have them.
fn works(stage: Stage) -> impl Strategy<Value = Work> {
    any::<[bool; 4]>().prop_map(move |[bias, add, relu, mask]| {
        if stage == Stage::Wu {
            return Work::default();
        }
        // ReLU does not go with merged gradients.
        let relu = relu && !(add && stage == Stage::Bp);
        Work { bias, add, relu, mask }
    })
}

/// All stages of such layers, FF and BP dense and with several N:M, with work at the drain; of those with larger kernels in OS. WU
/// is illegal to LD.A in WS, and of larger kernels with input channels that are neither one nor a multiple of the array's rows (up to 8 here), and to
/// LD.W of up to 8 output channels.
fn flat_stages() -> impl Strategy<Value = Vec<(Part, Work)>> {
    let stage = prop_oneof![Just(Stage::Ff), Just(Stage::Bp), Just(Stage::Wu)];
    let sparsity = prop_oneof![
        3 => Just((1, 1)),
        2 => Just((2, 8)),
        1 => Just((1, 8)),
        1 => Just((2, 4)),
        1 => Just((3, 4)),
        1 => Just((1, 2)),
    ];
    let choice = prop_oneof![Just(DataflowChoice::Os), Just(DataflowChoice::Ws)];
    let layers = prop_oneof![flat_layers(), kernel_layers()];
    let part = (layers, stage, sparsity, choice).prop_filter_map(
        "channels that are no whole groups, or too few, or what LD.A does not load",
        |(shape, stage, (n, m), choice)| {
            let is_flat = (shape.kh, shape.kw, shape.pad) == (1, 1, 0);
            if !is_flat && choice == DataflowChoice::Ws {
                return None;
            }
            if stage == Stage::Wu {
                if !is_flat && shape.ci != 1 && !shape.ci.is_multiple_of(8) {
                    return None;
                }
                let stage = MacStage::new(shape, stage, Sparsity::DENSE).ok()?;
                return (shape.co > 8).then_some((stage, DataflowChoice::Os));
            }
            let sparsity = if m == 1 { Sparsity::DENSE } else { Sparsity::new(n, m).ok()? };
            Some((MacStage::new(shape, stage, sparsity).ok()?, choice))
        },
    );
    let part = part.prop_flat_map(|part| (Just(part), works(part.0.stage)));
    proptest::collection::vec(part, 1..4)
}

/// The program of stages with tensors of their own, each some beats behind its place, and what card memory holds before it.
pub(crate) fn with_operands(
    config: &ArrayConfig,
    parts: &[(Part, Work)],
    seed: u64,
) -> (Vec<Instruction>, Vec<u8>) {
    let mut state = seed.wrapping_mul(2).wrapping_add(1);
    let mut random = move || {
        state = state.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(0x1405_7B7E_F767_814F);
        state >> 40
    };
    // FP16 numbers below 2 of both signs, subnormal ones among them.
    let mut memory: Vec<u8> =
        (0..PLACE / 2).flat_map(|_| [random() as u8, random() as u8 & 0xBF]).collect();
    let mut program = Vec::new();
    for (nth, ((stage, choice), work)) in parts.iter().enumerate() {
        let mut place = |tensor: u64| {
            (nth as u64 * TENSORS + tensor) * TENSOR_BYTES / BEAT_BYTES + random() % 70
        };
        let [a, w, out, add, mask, first] = [0, 1, 2, 3, 4, 5].map(|tensor| place(tensor) as u32);
        let parameters = Parameters { scalars: 0, first, second: 0, running: 0, sums: 0 };
        program.push(Instruction::new(Operation::Parameters(parameters)));
        // FP32 values of 1/256 to 4, so that they change the results.
        let biases = (u64::from(first) * BEAT_BYTES) as usize..;
        for bias in memory[biases].chunks_exact_mut(4).take(stage.shape.ci.max(stage.shape.co)) {
            let bits =
                random() << 31 & 1 << 31 | (119 + random() % 10) << 23 | random() & 0x7F_FFFF;
            bias.copy_from_slice(&(bits as u32).to_le_bytes());
        }
        for mut instruction in part_of(config, *stage, *choice, ALL) {
            match &mut instruction.operation {
                Operation::Operands(operands) => (operands.a, operands.w) = (a, w),
                Operation::Results(results) => {
                    (results.out, results.add, results.mask) = (out, add, mask);
                }
                Operation::Store(store) => {
                    let Work { bias, add, relu, mask } = *work;
                    *store = Store { bias, add, relu, mask, ..*store };
                }
                _ => {}
            }
            program.push(instruction);
        }
        if stage.sparsity == Sparsity::DENSE {
            continue;
        }
        // Positions of a group that go up.
        let (n, m) = (stage.sparsity.n(), stage.sparsity.m());
        for_each_operand(stage, |entry| {
            let first = (entry.column * 7 + entry.group * 5 + entry.tap) % (m - n + 1);
            let byte = &mut memory[(u64::from(w) * BEAT_BYTES) as usize + entry.position_byte];
            *byte &= !(0xF << entry.position_bit);
            *byte |= ((first + entry.kept) as u8) << entry.position_bit;
        });
    }
    (program, memory)
}

#[test]
fn loads_mms_and_stores_start_and_end_when_the_model_says() {
    stages_in_lockstep(&ArrayConfig::tiny(), MemoryModel::ddr4(), 100);
}

#[test]
fn they_do_under_back_pressure() {
    stages_in_lockstep(&ArrayConfig::tiny(), "pressure:seed=3".parse().unwrap(), 100);
}

/// Whole stages: beside requests and cycles, every byte of memory is that of the simulated card.
fn values_in_lockstep(config: &ArrayConfig, dram: MemoryModel, cases: u32) {
    let Some(card) = card(config, dram) else { return };
    let mut runner =
        TestRunner::new(Config { failure_persistence: None, ..Config::with_cases(cases) });
    let counts = Cell::new([0; 3]);
    let ran = runner.run(&(flat_stages(), any::<u64>()), |(parts, seed)| {
        let (program, memory) = with_operands(config, &parts, seed);
        let loads = program.iter().filter(|i| i.operation.engine() == Some(ALL[0])).count();
        let read = |store: &Store| store.bias || store.add || store.mask;
        let reads = program
            .iter()
            .filter(|i| matches!(&i.operation, Operation::Store(store) if read(store)));
        let [programs, all, reading] = counts.get();
        counts.set([programs + 1, all + loads, reading + reads.count()]);
        with_values(&card, config, &dram, program, seed % 100, &memory).map_err(TestCaseError::fail)
    });
    println!("{:?} programs, loads of activations, stores that read", counts.get());
    ran.unwrap();
}

#[test]
fn whole_stages_give_the_values_of_the_simulated_card() {
    values_in_lockstep(&ArrayConfig::tiny(), MemoryModel::ddr4(), 200);
}

#[test]
fn they_do_under_back_pressure_too() {
    values_in_lockstep(&ArrayConfig::tiny(), "pressure:seed=3".parse().unwrap(), 100);
}

/// LD.A stops a program at a patch that is not flat in WS, at a strided BP, at WU of a larger kernel and six channels, and at WU in WS, when what is
/// before it has ended; then the next program runs.
#[test]
fn a_load_of_other_patches_is_at_fault() {
    let (config, dram) = (ArrayConfig::tiny(), MemoryModel::ddr4());
    let Some(card) = card(&config, dram) else { return };
    let of = |shape: Result<ConvShape, _>, stage| {
        MacStage::new(shape.unwrap(), stage, Sparsity::DENSE).unwrap()
    };
    let flat = of(ConvShape::new(5, 16, (1, 1), 12, (1, 1), 1, 0), Stage::Ff);
    let part = (flat, DataflowChoice::Os);
    let (good, memory) = with_operands(&config, &[(part, Work::default())], 1);
    let convolution = ConvShape::new(1, 16, (5, 5), 16, (3, 3), 1, 1);
    let strided = ConvShape::new(1, 16, (6, 6), 16, (1, 1), 2, 0);
    for other in [
        of(convolution.clone(), Stage::Ff),
        of(convolution.clone(), Stage::Bp),
        of(convolution, Stage::Wu),
        of(ConvShape::new(1, 6, (5, 5), 16, (3, 3), 1, 1), Stage::Wu),
        of(strided.clone(), Stage::Ff),
        of(strided, Stage::Bp),
        of(ConvShape::new(5, 16, (1, 1), 12, (1, 1), 1, 0), Stage::Wu),
    ] {
        let is_linear = other.shape.h == 1;
        for choice in [DataflowChoice::Os, DataflowChoice::Ws] {
            // What it loads.
            let loads = is_linear || (other.shape.stride == 1 && other.shape.ci != 6);
            if loads && choice == DataflowChoice::Os {
                continue;
            }
            let mut program = good.clone();
            program.extend(part_of(&config, other, choice, ALL));
            let first = program[good.len()..]
                .iter()
                .position(|i| i.operation.engine() == Some(Engine::LoadActivations));
            let at = good.len() + first.unwrap();
            let end = run(&card, &program, 0);
            assert_eq!(end.status, status::DONE | status::ILLEGAL_INSTRUCTION, "{other:?}");
            assert_eq!(end.instruction as usize, at, "{other:?}, {}", program[at]);
            with_values(&card, &config, &dram, good.clone(), 0, &memory).unwrap();
        }
    }
}
