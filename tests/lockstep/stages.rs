//! Loads of weights, the array and stores: stages of random layers, on row banks that nobody fills.

use crate::given::{card, in_lockstep};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use satkit_memory::MemoryModel;
use satkit_plan::{DataflowChoice, MacStage};
use satkit_spec::isa::Engine;
use satkit_spec::{ArrayConfig, ConvShape, Sparsity, Stage};
use satkit_tests::part_of;

/// A stage, and how it is laid over the array.
type Part = (MacStage, DataflowChoice);

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

#[test]
fn loads_mms_and_stores_start_and_end_when_the_model_says() {
    stages_in_lockstep(&ArrayConfig::tiny(), MemoryModel::ddr4(), 100);
}

#[test]
fn they_do_under_back_pressure() {
    stages_in_lockstep(&ArrayConfig::tiny(), "pressure:seed=3".parse().unwrap(), 100);
}
