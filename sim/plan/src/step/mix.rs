//! Which dataflow each problem of a step takes.
//!
//! A problem's own choice is the fastest for it alone. In a step problems meet: the rows of a weight-stationary pass run dry before
//! an output-stationary tile starts, drains wait for each other, and what a stage gains may be hidden behind the memory or VE.
//! So a step that may use both dataflows is timed as a whole, as its problems chose and against what else it could be.

use crate::PlanError;
use crate::plan::{DataflowChoice, time_with};
use crate::program::Program;
use crate::schedule::{Choice, Scheduler, Task};
use crate::timing::NoObserver;
use satkit_spec::{ArrayConfig, MAX_INTERLEAVE};

/// Instructions of a program up to which all alternatives are timed, whatever their prices.
const SMALL_INSTRUCTIONS: usize = 1 << 17;
/// Instructions that are timed for changes of single problems, all together.
const CHANGE_INSTRUCTIONS: usize = 1 << 19;
/// How many times the cycles of its changes of dataflow a longer step has to gain by them, for alternatives to be left out.
const CLEAR_GAIN: i128 = 8;

/// A step under some choices: its program and what else is made with it.
pub(super) type Built<S> = (Program, S);

/// One choice for each problem of a step, and what comes of them.
struct Mix<S> {
    choices: Vec<Choice>,
    built: Built<S>,
    cycles: u64,
}

/// The step that `build` makes of the choices that take the fewest cycles: each problem's own, some of them changed, or one
/// dataflow throughout. Choices are in the order of `tasks`.
///
/// # Errors
/// As [`Scheduler::choose`], and what `build` says of the problems' own choices.
pub(super) fn fastest<S>(
    scheduler: &Scheduler,
    tasks: &[Task],
    build: impl Fn(&[Choice]) -> Result<Built<S>, PlanError>,
) -> Result<Built<S>, PlanError> {
    let own = tasks.iter().map(|task| scheduler.choose(task));
    let own: Vec<Choice> = own.collect::<Result<_, _>>()?;
    let built = build(&own)?;
    let alone = scheduler.dataflow().alone();
    if alone.len() < 2 || tasks.is_empty() {
        return Ok(built);
    }
    let length = built.0.instructions().len();
    let mut alternatives = Vec::new();
    for &(dataflow, _) in alone {
        let choices = throughout(scheduler, tasks, &own, dataflow);
        let open =
            length <= SMALL_INSTRUCTIONS || !gains_clearly(scheduler, tasks, &own, &choices)?;
        if open && !same(&choices, &own) {
            alternatives.push(choices);
        }
    }
    if alternatives.is_empty() {
        return Ok(built);
    }
    let cycles = cycles(scheduler, &built.0)?;
    let mut best = Mix { choices: own, built, cycles };
    let at_changes: Vec<usize> = changes(&best.choices).collect();
    if length * at_changes.len() <= CHANGE_INSTRUCTIONS {
        for at in at_changes {
            for &(other, dataflow) in alone {
                if dataflow != best.choices[at].mapping.dataflow()
                    && let Some(choice) = scheduler.choose_alone(&tasks[at], other)
                {
                    let mut choices = best.choices.clone();
                    choices[at] = choice;
                    best = best.or(scheduler, choices, &build)?;
                }
            }
        }
    }
    for choices in alternatives {
        best = best.or(scheduler, choices, &build)?;
    }
    Ok(best.built)
}

impl<S> Mix<S> {
    /// The faster of this and what `build` makes of `choices`; what cannot be built is none.
    fn or(
        self,
        scheduler: &Scheduler,
        choices: Vec<Choice>,
        build: &impl Fn(&[Choice]) -> Result<Built<S>, PlanError>,
    ) -> Result<Self, PlanError> {
        let Ok(built) = build(&choices) else { return Ok(self) };
        let cycles = cycles(scheduler, &built.0)?;
        Ok(if cycles < self.cycles { Self { choices, built, cycles } } else { self })
    }
}

fn cycles(scheduler: &Scheduler, program: &Program) -> Result<u64, PlanError> {
    Ok(time_with(scheduler.config(), program, scheduler.memory(), &mut NoObserver)?.cycles)
}

/// The choices under one dataflow; where it cannot run a problem, the problem's own.
fn throughout(
    scheduler: &Scheduler,
    tasks: &[Task],
    own: &[Choice],
    dataflow: DataflowChoice,
) -> Vec<Choice> {
    let one = |(task, own): (&Task, &Choice)| {
        scheduler.choose_alone(task, dataflow).unwrap_or_else(|| own.clone())
    };
    tasks.iter().zip(own).map(one).collect()
}

fn same(left: &[Choice], right: &[Choice]) -> bool {
    left.iter().zip(right).all(|(left, right)| left.mapping == right.mapping)
}

/// The problems that have a neighbour with the other dataflow.
fn changes(choices: &[Choice]) -> impl Iterator<Item = usize> + '_ {
    let differs = |at: usize, other: Option<usize>| {
        let other = other.and_then(|other| choices.get(other));
        other.is_some_and(|other| other.mapping.dataflow() != choices[at].mapping.dataflow())
    };
    (0..choices.len())
        .filter(move |&at| differs(at, at.checked_sub(1)) || differs(at, Some(at + 1)))
}

/// Whether the prices of the problems' own choices are below those of `other` by far more than the changes of dataflow among them
/// may cost.
fn gains_clearly(
    scheduler: &Scheduler,
    tasks: &[Task],
    own: &[Choice],
    other: &[Choice],
) -> Result<bool, PlanError> {
    let mut gain = 0;
    for ((task, own), other) in tasks.iter().zip(own).zip(other) {
        let price = |choice| scheduler.whole_cycles(task, choice).map(i128::from);
        gain += price(other)? - price(own)?;
    }
    let change = i128::from(change_cycles(scheduler.config()));
    Ok(gain > CLEAR_GAIN * changes(own).count() as i128 * change)
}

/// Cycles that a change of dataflow costs at most, beside what its neighbours cost alone: the rows run dry, and the largest tile
/// leaves through the drain path.
fn change_cycles(config: &ArrayConfig) -> u64 {
    let timing = config.array_timing();
    (timing.ws_run_on_cycles + timing.ws_reach_cycles + config.rows * MAX_INTERLEAVE) as u64
}
