//! Schedules are complete: every output takes every K slot once and in order and is stored once.

use crate::given::{any_choice, any_config, any_draw, any_stage, config, legal_mappings, timed};
use proptest::prelude::*;
use satkit_memory::MemoryModel;
use satkit_plan::{
    DataflowChoice, MacStage, Plan, Problem, Program, TileSpace, plan_mapped, plan_stage,
};
use satkit_spec::isa::{Engine, Instruction, Operation};
use satkit_spec::{ArrayConfig, Sparsity, Stage};
use std::collections::HashMap;

/// How far an output has come.
#[derive(Clone, Copy, Default)]
struct Output {
    slots: usize,
    started: bool,
    drained: bool,
    stored: bool,
}

/// Walks MMs and STs: every output of every problem, in rows of the problem.
fn check_coverage(stage: &MacStage, program: &Program) -> Result<(), TestCaseError> {
    let problems = stage.problems();
    let mut current: Option<(usize, TileSpace)> = None;
    let mut outputs: HashMap<(usize, usize, usize), Output> = HashMap::new();
    let visit = |space: &TileSpace, (base, count): (u32, u32), cols: (u32, u32)| {
        let mut tile = Vec::new();
        space.problem_rows(base as usize, count as usize, |rows| {
            for row in rows {
                tile.extend((cols.0..cols.0 + cols.1).map(|col| (row, col as usize)));
            }
        });
        tile
    };
    for instruction in program.instructions() {
        match instruction.operation {
            Operation::Geometry(geometry) => {
                let space = TileSpace::read(&geometry).unwrap();
                let index = problems.iter().position(|problem| *problem == space.problem).unwrap();
                current = Some((index, space));
            }
            Operation::MatMul(mm) => {
                let (index, space) = current.unwrap();
                for (row, col) in visit(&space, (mm.row_base, mm.rows), (mm.col_base, mm.cols)) {
                    let output = outputs.entry((index, row, col)).or_default();
                    prop_assert_eq!(mm.accumulate, output.started);
                    prop_assert!(!output.drained);
                    prop_assert_eq!(output.slots, mm.slot_base as usize);
                    output.started = true;
                    output.slots += mm.slots as usize;
                    output.drained = mm.drain;
                }
            }
            Operation::Store(st) => {
                let (index, space) = current.unwrap();
                prop_assert_eq!(st.fp32, stage.stage == Stage::Wu);
                for (row, col) in visit(&space, (st.row_base, st.rows), (st.col_base, st.cols)) {
                    let output = outputs.get_mut(&(index, row, col)).unwrap();
                    prop_assert!(output.drained && !output.stored);
                    output.stored = true;
                }
            }
            _ => {}
        }
    }
    let expected: usize = problems.iter().map(|problem| problem.rows * problem.cols).sum();
    prop_assert_eq!(outputs.len(), expected);
    for ((index, ..), output) in outputs {
        prop_assert!(output.stored && output.slots == problems[index].slots);
    }
    Ok(())
}

/// Bytes that must be read: every weight, and every element of the streamed operands that some MAC needs.
fn compulsory_read_bytes(stage: &MacStage) -> u64 {
    let shape = &stage.shape;
    // Rows or columns of X that some output sees at some tap, and of dY that some input pixel sees.
    let seen = |side: usize, out: usize, kernel: usize| {
        let (mut x, mut y) = (vec![false; side], vec![false; out]);
        for (at, k) in (0..out).flat_map(|at| (0..kernel).map(move |k| (at, k))) {
            let i = at * shape.stride + k;
            if i >= shape.pad && i - shape.pad < side {
                (x[i - shape.pad], y[at]) = (true, true);
            }
        }
        let count = |seen: Vec<bool>| seen.into_iter().filter(|&seen| seen).count();
        (count(x), count(y))
    };
    let (rows, columns) =
        (seen(shape.h, shape.out_h(), shape.kh), seen(shape.w, shape.out_w(), shape.kw));
    let x = (shape.batch * rows.0 * columns.0 * shape.ci) as u64;
    let seen_dy = (shape.batch * rows.1 * columns.1 * shape.co) as u64;
    let dy = shape.y_len() as u64;
    let entries: u64 = stage.problems().iter().map(|p| (p.cols * p.slots) as u64).sum();
    let weights =
        entries * 2 + if stage.sparsity == Sparsity::DENSE { 0 } else { entries.div_ceil(2) };
    match stage.stage {
        Stage::Ff => 2 * x + weights,
        Stage::Bp => 2 * seen_dy + weights,
        Stage::Wu => 2 * (x + dy),
    }
}

fn check_conservation(config: &ArrayConfig, plan: &Plan) -> Result<(), TestCaseError> {
    let stage = &plan.stage;
    let macs: u64 = stage.problems().iter().map(Problem::macs).sum();
    let dense = stage.shape.dense_macs(stage.stage);
    let (n, m) = (stage.sparsity.n() as u64, stage.sparsity.m() as u64);
    prop_assert_eq!(macs * m, dense * n);
    prop_assert_eq!(plan.report.useful_macs, macs);
    prop_assert!(plan.report.utilization <= 1.0);
    let results = match stage.stage {
        Stage::Ff => 2 * stage.shape.y_len(),
        Stage::Bp => 2 * stage.shape.x_len(),
        Stage::Wu => 4 * stage.shape.w_len(),
    };
    prop_assert!(plan.report.dram_write_bytes >= results as u64);
    prop_assert!(plan.report.dram_read_bytes >= compulsory_read_bytes(stage));
    prop_assert!(plan.timing.busy_cycles.iter().all(|&busy| busy <= plan.report.cycles));
    prop_assert!(macs <= config.peak_macs_per_cycle() * plan.timing.busy(Engine::Mm));
    Ok(())
}

fn check_encoding(program: &Program) -> Result<(), TestCaseError> {
    for instruction in program.instructions() {
        let word = instruction.encode().unwrap();
        prop_assert_eq!(Instruction::decode(&word).unwrap(), *instruction);
    }
    Ok(())
}

fn check_all(config: &ArrayConfig, plan: &Plan) -> Result<(), TestCaseError> {
    check_coverage(&plan.stage, &plan.program)?;
    check_conservation(config, plan)?;
    check_encoding(&plan.program)
}

proptest! {
    #![proptest_config(config(128))]

    #[test]
    fn chosen_schedules_are_complete_and_conserve_work(
        stage in any_stage(), config in any_config(), choice in any_choice(),
    ) {
        let plan = plan_stage(&config, stage, choice).unwrap();
        check_all(&config, &plan)?;
    }

    #[test]
    fn any_legal_mapping_is_complete_and_conserves_work(
        stage in any_stage(), config in any_config(), draw in any_draw(),
    ) {
        let Some(mappings) = legal_mappings(&config, &stage, &draw) else { return Ok(()) };
        let plan = plan_mapped(&config, stage, &mappings).unwrap();
        check_all(&config, &plan)?;
    }

    /// The choice may be 0.5 % slower than the fastest if it moves fewer bytes; problem by problem.
    #[test]
    fn auto_is_the_faster_of_both(stage in any_stage(), config in any_config()) {
        let cycles = |choice| plan_stage(&config, stage, choice).unwrap().report.cycles;
        let (auto, ws, os) = (
            cycles(DataflowChoice::Auto),
            cycles(DataflowChoice::Ws),
            cycles(DataflowChoice::Os),
        );
        if stage.problems().len() == 1 {
            prop_assert!(auto as f64 <= ws.min(os) as f64 * 1.0101, "{auto} {ws} {os}");
        }
    }

    #[test]
    fn two_runs_are_equal(stage in any_stage(), config in any_config(), choice in any_choice()) {
        let plan = plan_stage(&config, stage, choice).unwrap();
        prop_assert_eq!(&plan_stage(&config, stage, choice).unwrap(), &plan);
        let run = || timed(&config, plan.program.instructions(), &MemoryModel::default()).unwrap();
        let (first, second) = (run(), run());
        prop_assert_eq!(&first, &second);
        prop_assert_eq!(first.0.cycles, plan.timing.cycles);
    }
}
