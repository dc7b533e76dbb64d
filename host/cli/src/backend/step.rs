//! The program of a training step, as the backend that executes it sees it.

use satkit_host::HostError;
use satkit_host::backend::{BackendError, BackendResult, StepCycles};
use satkit_host::network::{MacLayer, Network};
use satkit_host::step::{Call, Calls, StepSettings, network_step};
use satkit_memory::MemoryModel;
use satkit_plan::step::{Step, StepOperation, StepWork, compile};
use satkit_plan::{MacStage, NoObserver, PlanError, Scheduler, time_with};
use satkit_sim::mac::StageOperands;
use satkit_sim::{AcceleratorError, Section};
use satkit_spec::{ArrayConfig, Stage};
use std::collections::HashMap;
use std::ops::Range;

/// A step's program with its cycles, and what the training loop did of it so far.
///
/// The program's cycles do not depend on data, so they are counted once. Whether the loop does what the program
/// stands for is checked in every step, call by call.
#[derive(Debug)]
pub(super) struct StepProgram {
    config: ArrayConfig,
    step: Step,
    /// The MAC stage and the instructions of each layer's stage.
    stages: HashMap<(String, Stage), (MacStage, Range<usize>)>,
    lowered: HashMap<(String, Stage), Section>,
    expected: Calls,
    made: Calls,
    /// Cycles of a step whose updates are applied, and of one whose are not.
    applied: StepCycles,
    skipped: StepCycles,
}

fn planned(
    work: &StepWork,
    scheduler: &Scheduler,
    memory: &MemoryModel,
) -> Result<(Step, StepCycles), PlanError> {
    let step = compile(work, scheduler, &|_| {})?;
    let timing = time_with(scheduler.config(), &step.program, memory, &mut NoObserver)?;
    let cycles = StepCycles::of(&timing, &step.program);
    Ok((step, cycles))
}

impl StepProgram {
    /// Plans a step of `network` on the scheduler's machine and counts its cycles with `memory`.
    ///
    /// # Errors
    /// [`BackendError`] around [`HostError`] or [`AcceleratorError`].
    pub(super) fn new(
        network: &Network,
        settings: &StepSettings,
        scheduler: &Scheduler,
        memory: &MemoryModel,
    ) -> BackendResult<Self> {
        let work =
            network_step(network, settings).map_err(|error: HostError| BackendError::new(error))?;
        let refuse = |error: PlanError| BackendError::new(AcceleratorError::from(error));
        let (step, applied) = planned(&work.work, scheduler, memory).map_err(refuse)?;
        let mut without = work.work.clone();
        without.operations.retain(|operation| !matches!(operation, StepOperation::Update(_)));
        let (_, skipped) = planned(&without, scheduler, memory).map_err(refuse)?;
        let mut stages = HashMap::new();
        for (operation, section) in work.work.operations.iter().zip(step.program.sections()) {
            if let StepOperation::Mac(mac) = operation {
                let range = section.first..section.first + section.count;
                stages.insert((mac.name.clone(), mac.stage.stage), (mac.stage, range));
            }
        }
        Ok(Self {
            config: scheduler.config().clone(),
            step,
            stages,
            lowered: HashMap::new(),
            expected: work.calls,
            made: Calls::new(),
            applied,
            skipped,
        })
    }

    /// The section of a layer's stage, if it has this very shape and sparsity.
    pub(super) fn section(
        &mut self,
        layer: &MacLayer,
        mac: &MacStage,
    ) -> Result<Option<&Section>, AcceleratorError> {
        let key = (layer.name.clone(), mac.stage);
        let Some((stage, range)) = self.stages.get(&key) else { return Ok(None) };
        if stage != mac {
            return Ok(None);
        }
        if !self.lowered.contains_key(&key) {
            let instructions = &self.step.program.instructions()[range.clone()];
            let section = Section::lower(&self.config, mac, instructions)?;
            self.lowered.insert(key.clone(), section);
        }
        Ok(self.lowered.get(&key))
    }

    /// The loop made a call.
    pub(super) fn note(&mut self, call: Call, elements: usize) {
        *self.made.entry((call, elements)).or_default() += 1;
    }

    /// Ends a step: the loop must have made the calls that the program stands for, updates only if they were applied.
    /// Gives the step's cycles.
    pub(super) fn finish(&mut self, applied: bool) -> BackendResult<StepCycles> {
        let made = std::mem::take(&mut self.made);
        let wanted = |&((call, _), _): &(&(Call, usize), &usize)| applied || *call != Call::Update;
        if !made.iter().eq(self.expected.iter().filter(wanted)) {
            let differs = |calls: &Calls, others: &Calls| {
                let odd = calls.iter().find(|(call, count)| others.get(call) != Some(count));
                odd.map_or_else(|| "nothing".into(), |(call, count)| format!("{count} x {call:?}"))
            };
            return Err(BackendError::new(format!(
                "the training step is not the planned one: it made {}, planned were {}",
                differs(&made, &self.expected),
                differs(&self.expected, &made)
            )));
        }
        Ok(if applied { self.applied } else { self.skipped })
    }

    /// Executes a stage that the program has, or gives `None`.
    pub(super) fn run(
        &mut self,
        layer: &MacLayer,
        mac: &MacStage,
        operands: &StageOperands,
    ) -> Result<Option<Vec<f32>>, AcceleratorError> {
        self.section(layer, mac)?.map(|section| section.run(operands)).transpose()
    }
}
