//! Batch norms of VE alone: in the cycles of the timing model, and byte by byte what the simulated card makes of them.

use crate::given::{PLACE, card, in_lockstep, run};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use satkit_memory::MemoryModel;
use satkit_sim::card::{SimCard, SimCardOptions};
use satkit_spec::ArrayConfig;
use satkit_spec::isa::{Operation, VectorOp};
use satkit_spec::regs::status;
use satkit_tests::norm_case::{NORM_BEATS, NormCase, any_norm_case};
use satkit_transport::{Card, DmaBuf};

// Tensors lie before the programs.
const _: () = assert!((NORM_BEATS * 64) as u64 <= PLACE);

fn upload(card: &impl Card, case: &NormCase) {
    card.h2c(0, 0, &DmaBuf::zeroed(PLACE as usize)).unwrap();
    for (address, bytes) in case.memory() {
        card.h2c(0, address, &DmaBuf::copy_of(&bytes)).unwrap();
    }
}

/// All tensors, whether they are written or not.
fn read(card: &impl Card) -> DmaBuf {
    let mut tensors = DmaBuf::zeroed(PLACE as usize);
    card.c2h(0, 0, &mut tensors).unwrap();
    tensors
}

fn in_lockstep_and_bytes(config: &ArrayConfig, dram: MemoryModel, count: u32) {
    let Some(card) = card(config, dram) else { return };
    let simulated = SimCard::new(config, &SimCardOptions::default()).unwrap();
    let mut runner =
        TestRunner::new(Config { failure_persistence: None, ..Config::with_cases(count) });
    let ran = runner.run(&(any_norm_case(), 0u64..100), |(case, offset_beats)| {
        let program = case.program();
        upload(&card, &case);
        in_lockstep(&card, config, &dram, program.clone(), offset_beats)
            .map_err(TestCaseError::fail)?;
        upload(&simulated, &case);
        // The hardware does not look whether gradients are finite.
        let ended = run(&simulated, &program, offset_beats).status & !status::NOT_FINITE;
        prop_assert_eq!(ended, status::DONE);
        let (rtl, due) = (read(&card), read(&simulated));
        let other = rtl.iter().zip(due.iter()).position(|(rtl, due)| rtl != due);
        let beat = other.map(|byte| (byte / 64, byte % 64));
        prop_assert!(other.is_none(), "beat and byte {:?} of the tensors, {:?}", beat, case.shape);
        Ok(())
    });
    if let Err(error) = ran {
        panic!("{}", error.to_string().chars().take(3000).collect::<String>());
    }
}

#[test]
fn batch_norms_start_and_end_when_the_model_says_and_write_their_bytes() {
    in_lockstep_and_bytes(&ArrayConfig::tiny(), MemoryModel::ddr4(), 70);
}

#[test]
fn eight_lanes_norm_under_back_pressure() {
    in_lockstep_and_bytes(&ArrayConfig::small(), "pressure:seed=7".parse().unwrap(), 25);
}

/// Elements whose channels were not made before are illegal to both, and so are sums of a tensor that no store has summed to the hardware; the
/// next program runs.
#[test]
fn channels_that_are_not_there_are_illegal() {
    let (config, dram) = (ArrayConfig::tiny(), MemoryModel::ddr4());
    let Some(card) = card(&config, dram) else { return };
    let simulated = SimCard::new(&config, &SimCardOptions::default()).unwrap();
    let mut runner =
        TestRunner::new(Config { failure_persistence: None, ..Config::with_cases(12) });
    let ran = runner.run(&any_norm_case(), |case| {
        let program = case.program();
        let of = |op: VectorOp| {
            let is =
                |operation: &Operation| matches!(operation, Operation::Vector(v) if v.op == op);
            program.iter().position(|instruction| is(&instruction.operation)).unwrap()
        };
        // Without the channels, their READS and WRITES.
        let (first, applied) = (of(VectorOp::BatchNormScale), of(VectorOp::BatchNormApply));
        let mut without = program.clone();
        without.drain(first - 2..applied - 2);
        upload(&card, &case);
        let end = run(&card, &without, 0);
        prop_assert_eq!(end.status, status::DONE | status::ILLEGAL_INSTRUCTION);
        prop_assert_eq!(end.instruction as usize, first);
        upload(&simulated, &case);
        // It computes a tensor with its last piece.
        prop_assert_eq!(
            run(&simulated, &without, 0).status,
            status::DONE | status::ILLEGAL_INSTRUCTION
        );
        if !case.shape.running {
            let mut unsummed = program.clone();
            let Operation::Parameters(parameters) = &mut unsummed[2].operation else {
                unreachable!("the third of a norm's program")
            };
            parameters.sums = 0x1234;
            let end = run(&card, &unsummed, 0);
            prop_assert_eq!(end.status, status::DONE | status::ILLEGAL_INSTRUCTION);
            prop_assert_eq!(end.instruction as usize, first);
        }
        upload(&card, &case);
        in_lockstep(&card, &config, &dram, program, 0).map_err(TestCaseError::fail)
    });
    ran.unwrap();
}
