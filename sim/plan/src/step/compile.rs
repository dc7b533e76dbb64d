//! A step's work as a program.

use super::depend::Ledger;
use super::emit::StepEmitter;
use super::memory::Places;
use super::mix;
use super::work::{MacOperation, ProductOperation, StepOperation, StepWork, TensorId};
use crate::mapping::StoreWork;
use crate::program::{Program, Section};
use crate::schedule::{Choice, Scheduler, Task, weight_source};
use crate::{PlanError, layout};
use satkit_spec::{ArrayConfig, Stage};

/// A training step as a program, with what was chosen for each section.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Title of the work.
    pub title: String,
    /// The program; its sections are the operations of the work.
    pub program: Program,
    /// One per section.
    pub sections: Vec<StepSection>,
    /// Bytes of card memory that the tensors take.
    pub card_bytes: u64,
    /// Address of each tensor in card memory.
    pub addresses: Vec<u64>,
    /// Multiply-accumulates with dense operands.
    pub dense_macs: u64,
}

/// What was chosen for one section.
#[derive(Clone, Debug, PartialEq)]
pub struct StepSection {
    /// Multiply-accumulates with dense operands; 0 for what has none.
    pub dense_macs: u64,
    /// The choice for each matrix problem, with its multiply-accumulates.
    pub choices: Vec<(u64, Choice)>,
}

impl StepSection {
    /// The choice for the largest problem.
    #[must_use]
    pub fn choice(&self) -> Option<&Choice> {
        self.choices.iter().max_by_key(|(macs, _)| *macs).map(|(_, choice)| choice)
    }
}

fn mac_tasks(operation: &MacOperation) -> Vec<Task> {
    let source = weight_source(operation.stage.stage);
    let work = operation.store_work();
    let task = |problem| Task { problem, source, work, groups: 1 };
    operation.stage.problems().into_iter().map(task).collect()
}

fn product_task(operation: &ProductOperation) -> Result<Task, PlanError> {
    let problem = operation.stage.problems().into_iter().next();
    let problem = problem.ok_or_else(|| PlanError::Mapping {
        mapping: "product".into(),
        problem: format!("{:?}", operation.stage),
        reason: "it has no outputs".into(),
    })?;
    let groups = operation.groups as u64;
    let max = (1 << 24) - 1;
    if groups == 0 || groups > max {
        return Err(PlanError::TooLarge { what: "products", value: groups, max });
    }
    let work = StoreWork { single: operation.single, ..StoreWork::default() };
    Ok(Task { problem, source: operation.source, work, groups: groups as u32 })
}

/// Plans a step on the scheduler's machine. `progress` is called with a text for each problem whose mapping was searched.
///
/// # Errors
/// [`PlanError::CardMemory`] if the tensors do not fit, [`PlanError::TooLong`] or [`PlanError::TooLarge`] if the step is
/// beyond the instructions, [`PlanError::Spec`] if the machine cannot run a stage.
pub fn compile(
    work: &StepWork,
    scheduler: &Scheduler,
    progress: &(impl Fn(&str) + Sync),
) -> Result<Step, PlanError> {
    compile_at(work, 0, scheduler, progress)
}

/// Bytes of card memory that the tensors of `work` take.
///
/// # Errors
/// [`PlanError::CardMemory`] if the card has less.
pub fn room_bytes(work: &StepWork) -> Result<u64, PlanError> {
    Ok(Places::of(work, 0)?.end.max(layout::TENSOR_ALIGN_BYTES))
}

/// The same, with the tensors from byte `base` of card memory on, a multiple of [`layout::TENSOR_ALIGN_BYTES`].
///
/// # Errors
/// As [`compile`].
pub fn compile_at(
    work: &StepWork,
    base: u64,
    scheduler: &Scheduler,
    progress: &(impl Fn(&str) + Sync),
) -> Result<Step, PlanError> {
    let places = Places::of(work, base)?;
    let mut tasks = Vec::new();
    for operation in &work.operations {
        match operation {
            StepOperation::Mac(operation) => {
                scheduler.config().check_sparsity(operation.stage.sparsity)?;
                tasks.extend(mac_tasks(operation));
            }
            StepOperation::Products(operation) => tasks.push(product_task(operation)?),
            _ => {}
        }
    }
    scheduler.choose_all(&tasks, progress)?;
    let build = |choices: &[Choice]| build(work, scheduler.config(), &places, &tasks, choices);
    let (program, sections) = mix::fastest(scheduler, &tasks, build)?;
    Ok(Step {
        title: work.title.clone(),
        program,
        sections,
        card_bytes: (places.end - base).max(layout::TENSOR_ALIGN_BYTES),
        addresses: (0..work.tensors.len()).map(|tensor| places.bytes(TensorId(tensor))).collect(),
        dense_macs: work.dense_macs(),
    })
}

/// The program of a step whose matrix problems, in order, are `tasks` with these choices.
fn build(
    work: &StepWork,
    config: &ArrayConfig,
    places: &Places,
    tasks: &[Task],
    choices: &[Choice],
) -> Result<(Program, Vec<StepSection>), PlanError> {
    let mut ledger = Ledger::new(work.tensors.len());
    let (mut sections, mut details) = (Vec::new(), Vec::new());
    let gradients = work.operations.iter().filter_map(|operation| match operation {
        StepOperation::Update(update) => Some(update.gradient.tensor),
        _ => None,
    });
    let gradients: Vec<_> = gradients.collect();
    let mut chosen = tasks.iter().zip(choices);
    for operation in &work.operations {
        let first = ledger.len();
        let mut emitter =
            StepEmitter { config, places, ledger: &mut ledger, gradients: &gradients };
        let choices = append(&mut emitter, operation, &mut chosen)?;
        sections.push(Section {
            name: operation.name().into(),
            work: operation.work(),
            first,
            count: ledger.len() - first,
        });
        details.push(StepSection { dense_macs: operation.dense_macs(), choices });
    }
    // Sections are made one behind another, so they are in order.
    let program = Program::with_sections(ledger.finish(), sections).unwrap_or_default();
    Ok((program, details))
}

/// Appends one operation with the next of `chosen`; gives what was chosen for its matrix problems.
fn append<'a>(
    emitter: &mut StepEmitter<'_>,
    operation: &StepOperation,
    chosen: &mut impl Iterator<Item = (&'a Task, &'a Choice)>,
) -> Result<Vec<(u64, Choice)>, PlanError> {
    let config = emitter.config;
    let space =
        |task: &Task, choice: &Choice| choice.mapping.space(config, &task.problem, task.source);
    match operation {
        StepOperation::Mac(operation) => {
            let (mut problems, mut choices) = (Vec::new(), Vec::new());
            for (task, choice) in chosen.take(operation.stage.problems().len()) {
                problems.push((task.problem, space(task, choice)?, choice.mapping));
                choices.push((task.problem.macs(), choice.clone()));
            }
            debug_assert!(operation.stage.stage != Stage::Wu || problems.len() == 1);
            emitter.mac(operation, &problems)?;
            Ok(choices)
        }
        StepOperation::Products(operation) => {
            let mut choices = Vec::new();
            for (task, choice) in chosen.take(1) {
                emitter.products(operation, &space(task, choice)?, &choice.mapping)?;
                choices.push((task.problem.macs() * u64::from(task.groups), choice.clone()));
            }
            Ok(choices)
        }
        StepOperation::Vector(operation) => emitter.vector(operation).map(|()| Vec::new()),
        StepOperation::Update(operation) => emitter.update(operation).map(|()| Vec::new()),
        StepOperation::Prune(operation) => emitter.prune(operation).map(|()| Vec::new()),
    }
}
