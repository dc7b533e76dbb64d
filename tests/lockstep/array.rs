//! The MM engine: tiles and passes of random stages, on banks that nobody fills.

use crate::given::{card, in_lockstep, run};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use satkit_memory::MemoryModel;
use satkit_plan::{DataflowChoice, MacStage};
use satkit_spec::isa::{MatMul, Operation, Semaphore, SemaphoreSet};
use satkit_spec::regs::status;
use satkit_spec::{ArrayConfig, ConvShape, Sparsity, Stage};
use satkit_tests::mms_of;

fn stages() -> impl Strategy<Value = (MacStage, DataflowChoice)> {
    let shape = (1usize..3, 1usize..4, 1usize..9, 1usize..9, 1usize..4, 1usize..3, 0usize..2);
    let stage = prop_oneof![Just(Stage::Ff), Just(Stage::Bp), Just(Stage::Wu)];
    let choice = prop_oneof![Just(DataflowChoice::Os), Just(DataflowChoice::Ws)];
    (shape, stage, choice, any::<bool>()).prop_filter_map(
        "no such layer",
        |(shape, stage, choice, sparse)| {
            let (batch, channels, side, co, kernel, stride, pad) = shape;
            let (ci, co) = if sparse { (8 * channels, 8 * co.min(3)) } else { (channels, co) };
            let shape = ConvShape::new(batch, ci, (side, side), co, (kernel, kernel), stride, pad);
            let sparsity = if sparse && stage != Stage::Wu {
                Sparsity::new(2, 8).ok()?
            } else {
                Sparsity::DENSE
            };
            Some((MacStage::new(shape.ok()?, stage, sparsity).ok()?, choice))
        },
    )
}

#[test]
fn mms_start_and_end_when_the_model_says() {
    let (config, dram) = (ArrayConfig::tiny(), MemoryModel::ddr4());
    let Some(card) = card(&config, dram) else { return };
    let mut runner =
        TestRunner::new(Config { failure_persistence: None, ..Config::with_cases(200) });
    let cases = (proptest::collection::vec(stages(), 1..4), 0u64..100);
    let ran = runner.run(&cases, |(stages, offset_beats)| {
        let programs = stages.iter().map(|(stage, choice)| mms_of(&config, *stage, *choice));
        let program: Vec<_> = programs.flatten().take(400).collect();
        if let Err(difference) = in_lockstep(&card, &config, &dram, program, offset_beats) {
            return Err(TestCaseError::fail(difference));
        }
        Ok(())
    });
    ran.unwrap();
}

/// What the array cannot do is at fault where it stands, whatever runs before it, and the next program is executed.
#[test]
fn an_mm_that_does_not_fit_is_at_fault() {
    let (config, dram) = (ArrayConfig::tiny(), MemoryModel::ddr4());
    let Some(card) = card(&config, dram) else { return };
    let shape = ConvShape::new(1, 16, (6, 6), 16, (3, 3), 1, 1).unwrap();
    let stage = MacStage::new(shape, Stage::Ff, Sparsity::new(2, 8).unwrap()).unwrap();
    let good = mms_of(&config, stage, DataflowChoice::Os);
    let at = good.len() - 1;
    // The last drains, and says so.
    assert!(good[at].post.contains(Semaphore::DrainFull));
    let changes: [fn(&mut MatMul); 5] = [
        |mm| mm.ip = 0,
        |mm| (mm.ip, mm.iq) = (17, 1),
        |mm| (mm.ip, mm.iq) = (4, 5),
        |mm| mm.slots += 1,
        |mm| mm.drain = false,
    ];
    for change in changes {
        let mut program = good.clone();
        let Operation::MatMul(mut mm) = program[at].operation else { panic!("the last is an MM") };
        change(&mut mm);
        program[at].operation = Operation::MatMul(mm);
        let end = run(&card, &program, 0);
        assert_eq!(end.status, status::DONE | status::ILLEGAL_INSTRUCTION, "{}", program[at]);
        assert_eq!(end.instruction as usize, at, "{}", program[at]);
        in_lockstep(&card, &config, &dram, good.clone(), 0).unwrap();
    }
    // It need not say that it drains.
    let mut silent = good.clone();
    silent[at].post = SemaphoreSet::EMPTY;
    in_lockstep(&card, &config, &dram, silent, 0).unwrap();
}
