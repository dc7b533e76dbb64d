//! Programs of parts of the machine.

use satkit_plan::{DataflowChoice, MacStage, plan_stage};
use satkit_spec::ArrayConfig;
use satkit_spec::isa::{Engine, Instruction, Operation, SemaphoreSet};

/// What some of the engines do in a stage's plan. It waits only for what these engines post, so that
/// nothing stands for want of the others.
///
/// # Panics
/// If the stage has no plan.
pub fn part_of(
    config: &ArrayConfig,
    stage: MacStage,
    choice: DataflowChoice,
    engines: &[Engine],
) -> Vec<Instruction> {
    let plan = plan_stage(config, stage, choice).unwrap();
    let is_kept_by = |any: &[Engine]| any.iter().any(|engine| engines.contains(engine));
    let mut program = Vec::new();
    for instruction in plan.program.instructions() {
        let is_part = match &instruction.operation {
            Operation::Geometry(_) => true,
            Operation::Walk(_) => engines.contains(&Engine::Mm),
            Operation::Operands(_) => is_kept_by(&[Engine::LoadActivations, Engine::LoadWeights]),
            Operation::Results(_) => is_kept_by(&[Engine::Store]),
            operation => operation.engine().is_some_and(|engine| engines.contains(&engine)),
        };
        if !is_part {
            continue;
        }
        let posted = instruction.wait.iter().filter(|token| engines.contains(&token.poster()));
        let wait = SemaphoreSet::of(&posted.collect::<Vec<_>>());
        program.push(Instruction { wait, ..*instruction });
    }
    program
}

/// The GEOMETRYs, WALKs and MMs of a stage's plan. MMs wait for nothing, so that they come one after another.
///
/// # Panics
/// As [`part_of`].
pub fn mms_of(config: &ArrayConfig, stage: MacStage, choice: DataflowChoice) -> Vec<Instruction> {
    part_of(config, stage, choice, &[Engine::Mm])
}
