//! Schedules are legal: every output takes every K slot once and in order, and is stored once.

use proptest::prelude::*;
use satkit_plan::{DataflowChoice, MacStage, PlanError, Program, plan_stage, time};
use satkit_spec::isa::{Engine, Instruction, Operation};
use satkit_spec::{ArrayConfig, ConvShape, Sparsity, Stage};
use std::collections::HashMap;

fn any_shape() -> impl Strategy<Value = ConvShape> {
    (
        1usize..4,
        1usize..40,
        1usize..9,
        1usize..9,
        1usize..40,
        1usize..4,
        1usize..4,
        1usize..4,
        0usize..3,
    )
        .prop_filter_map(
            "kernel larger than image",
            |(b, ci, h, w, co, kh, kw, stride, pad)| {
                ConvShape::new(b, ci, (h, w), co, (kh, kw), stride, pad).ok()
            },
        )
}

fn any_sparsity() -> impl Strategy<Value = Sparsity> {
    proptest::sample::select(vec![(1, 1), (1, 2), (2, 4), (1, 4), (2, 8), (3, 8), (4, 8)])
        .prop_map(|(n, m)| Sparsity::new(n, m).unwrap())
}

fn any_stage() -> impl Strategy<Value = MacStage> {
    (any_shape(), proptest::sample::select(Stage::ALL.to_vec()), any_sparsity()).prop_filter_map(
        "channels",
        |(shape, stage, sparsity)| {
            let sparsity = if stage == Stage::Wu { Sparsity::DENSE } else { sparsity };
            MacStage::new(shape, stage, sparsity).ok()
        },
    )
}

fn any_config() -> impl Strategy<Value = ArrayConfig> {
    proptest::sample::select(ArrayConfig::all())
}

fn any_choice() -> impl Strategy<Value = DataflowChoice> {
    proptest::sample::select(DataflowChoice::ALL.to_vec())
}

/// How far each output of a problem has come: slots done, drained, stored.
#[derive(Clone, Copy, Default, PartialEq, Debug)]
struct Output {
    slots: usize,
    started: bool,
    drained: bool,
    stored: bool,
}

fn check_coverage(stage: &MacStage, program: &Program) -> Result<(), TestCaseError> {
    let problems = stage.problems();
    let mut current = usize::MAX;
    let mut outputs: HashMap<(usize, usize, usize), Output> = HashMap::new();
    for instruction in program.instructions() {
        instruction.encode().unwrap();
        match instruction.operation {
            Operation::Geometry(geometry) => {
                current = problems
                    .iter()
                    .position(|p| p.phase_index == usize::from(geometry.phase))
                    .unwrap();
            }
            Operation::MatMul(mm) => {
                for row in mm.row_base..mm.row_base + mm.rows {
                    for col in mm.col_base..mm.col_base + mm.cols {
                        let key = (current, row as usize, col as usize);
                        let output = outputs.entry(key).or_default();
                        prop_assert_eq!(mm.accumulate, output.started);
                        prop_assert!(!output.drained);
                        prop_assert_eq!(output.slots, mm.slot_base as usize);
                        output.started = true;
                        output.slots += mm.slots as usize;
                        output.drained = mm.drain;
                    }
                }
            }
            Operation::Store(store) => {
                for row in store.row_base..store.row_base + store.rows {
                    for col in store.col_base..store.col_base + store.cols {
                        let output = outputs.get_mut(&(current, row as usize, col as usize));
                        let output = output.unwrap();
                        prop_assert!(output.drained && !output.stored);
                        output.stored = true;
                    }
                }
            }
            _ => {}
        }
    }
    for (index, problem) in problems.iter().enumerate() {
        for row in 0..problem.rows {
            for col in 0..problem.cols {
                let output = outputs.get(&(index, row, col)).copied().unwrap_or_default();
                prop_assert!(output.stored, "phase {} row {} col {}", index, row, col);
                prop_assert_eq!(output.slots, problem.slots);
            }
        }
    }
    let expected: usize = problems.iter().map(|p| p.rows * p.cols).sum();
    prop_assert_eq!(outputs.len(), expected);
    Ok(())
}

proptest! {
    #[test]
    fn every_output_takes_its_slots_once_in_order_and_is_stored_once(
        stage in any_stage(), config in any_config(), choice in any_choice(),
    ) {
        let plan = plan_stage(&config, stage, choice).unwrap();
        check_coverage(&stage, &plan.program)?;
    }

    #[test]
    fn work_and_bytes_are_conserved(
        stage in any_stage(), config in any_config(), choice in any_choice(),
    ) {
        let plan = plan_stage(&config, stage, choice).unwrap();
        let macs: u64 = stage.problems().iter().map(satkit_plan::Problem::macs).sum();
        let kept = (stage.sparsity.n(), stage.sparsity.m());
        let dense = stage.shape.dense_macs(stage.stage);
        prop_assert_eq!(macs, dense / kept.1 as u64 * kept.0 as u64);
        prop_assert_eq!(plan.report.useful_macs, macs);
        prop_assert!(plan.report.utilization <= 1.0);
        let stored = match stage.stage {
            Stage::Ff => 2 * stage.shape.y_len(),
            Stage::Bp => 2 * stage.shape.x_len(),
            Stage::Wu => 4 * stage.shape.w_len(),
        };
        prop_assert_eq!(plan.report.dram_write_bytes, stored as u64);
        // No engine is taken longer than the program runs, and the array works at most one MAC a cycle.
        prop_assert!(plan.timing.busy_cycles.iter().all(|&busy| busy <= plan.report.cycles));
        let slots = config.peak_macs_per_cycle() * plan.timing.busy(Engine::Mm);
        prop_assert!(macs <= slots);
    }

    #[test]
    fn spans_keep_queue_order_and_auto_is_the_faster(stage in any_stage(), config in any_config()) {
        let plan = plan_stage(&config, stage, DataflowChoice::Auto).unwrap();
        let one = |choice| plan_stage(&config, stage, choice).unwrap().report.cycles;
        prop_assert_eq!(plan.report.cycles, one(DataflowChoice::Ws).min(one(DataflowChoice::Os)));
        let again = time(&config, &plan.program).unwrap();
        prop_assert_eq!(&again, &plan.timing);
        let mut last_start = [0; Engine::ALL.len()];
        for (instruction, span) in plan.program.instructions().iter().zip(&plan.timing.spans) {
            prop_assert!(span.end_cycle >= span.start_cycle && span.end_cycle <= plan.report.cycles);
            if let Some(engine) = instruction.operation.engine() {
                prop_assert!(span.start_cycle >= last_start[engine as usize]);
                last_start[engine as usize] = span.start_cycle;
            }
        }
    }

    #[test]
    fn programs_survive_their_encoding(stage in any_stage(), config in any_config()) {
        let plan = plan_stage(&config, stage, DataflowChoice::Auto).unwrap();
        let words = plan.program.instructions().iter().map(|i| i.encode().unwrap());
        let decoded = words.map(|word| Instruction::decode(&word).unwrap()).collect();
        prop_assert_eq!(Program::new(decoded), plan.program);
    }

    #[test]
    fn a_faster_memory_is_never_slower(stage in any_stage(), choice in any_choice()) {
        let config = ArrayConfig::tiny();
        let plan = plan_stage(&config, stage, choice).unwrap();
        let mut faster = config.clone();
        faster.axi_beat_bytes *= 2;
        faster.dram_latency_cycles /= 2;
        prop_assert!(time(&faster, &plan.program).unwrap().cycles <= plan.timing.cycles);
    }
}

#[test]
fn sparsity_that_does_not_divide_or_fit_is_refused_in_words() {
    let two_of_eight = Sparsity::TWO_OF_EIGHT;
    let odd = ConvShape::linear(4, 12, 16).unwrap();
    let error = MacStage::new(odd, Stage::Ff, two_of_eight).unwrap_err().to_string();
    assert!(error.contains("12 reduced channels") && error.contains("2:8"), "{error}");
    MacStage::new(odd, Stage::Bp, two_of_eight).unwrap();
    let wide = Sparsity::new(2, 16).unwrap();
    let stage = MacStage::new(ConvShape::linear(4, 32, 32).unwrap(), Stage::Ff, wide).unwrap();
    let error = plan_stage(&ArrayConfig::vcu1525(), stage, DataflowChoice::Auto).unwrap_err();
    assert!(matches!(error, PlanError::Spec(_)) && error.to_string().contains("2:16"), "{error}");
}
