//! The simulated accelerator: a machine, its plans, and stages executed with values and cycles.

use crate::exec::{self, ExecError, Lowered};
use crate::mac::StageOperands;
use crate::{SimError, Weights};
use half::f16;
use satkit_plan::{DataflowChoice, MacStage, PlanError, StageReport, plan_stage};
use satkit_spec::isa::Instruction;
use satkit_spec::{ArrayConfig, ConvShape, Sparsity, Stage};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Why the accelerator refuses an operation.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AcceleratorError {
    /// It cannot be planned on this machine.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// Operands do not fit their shape.
    #[error(transparent)]
    Operands(#[from] SimError),
    /// The plan's program is not executable: a defect of the scheduler.
    #[error(transparent)]
    Program(#[from] ExecError),
}

/// A stage that was executed.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// FP32 results before rounding, NCHW (FF, BP) or OIHW (WU), NaNs canonical.
    pub values: Vec<f32>,
    /// What it cost.
    pub report: Arc<StageReport>,
}

/// A simulated SAT accelerator (arXiv 2309.13015).
///
/// It plans each stage once per shape, executes the plan's program with values on every call, and gives the
/// cycles of that program. Values do not depend on the machine or the dataflow; cycles depend on nothing else.
#[derive(Debug)]
pub struct Accelerator {
    config: ArrayConfig,
    choice: DataflowChoice,
    plans: Mutex<HashMap<MacStage, Planned>>,
}

#[derive(Clone, Debug)]
struct Planned {
    lowered: Arc<Lowered>,
    report: Arc<StageReport>,
}

impl Accelerator {
    /// A machine that uses the dataflows of `choice`.
    ///
    /// # Errors
    /// [`AcceleratorError::Plan`] if the machine is impossible.
    pub fn new(config: ArrayConfig, choice: DataflowChoice) -> Result<Self, AcceleratorError> {
        config.validate().map_err(PlanError::from)?;
        Ok(Self { config, choice, plans: Mutex::default() })
    }

    /// The machine.
    #[must_use]
    pub const fn config(&self) -> &ArrayConfig {
        &self.config
    }

    /// The dataflows that it may use.
    #[must_use]
    pub const fn dataflow(&self) -> DataflowChoice {
        self.choice
    }

    /// FF: X is FP16 NCHW; gives Y. Shapes as in [`crate::mac::ff`].
    ///
    /// # Errors
    /// [`AcceleratorError`] if operands do not fit `shape` or the machine cannot run it.
    pub fn ff(
        &self,
        shape: &ConvShape,
        x: &[f16],
        weights: &Weights,
    ) -> Result<Run, AcceleratorError> {
        let planned = self.planned(MacStage::new(*shape, Stage::Ff, weights.sparsity())?)?;
        planned.run(&StageOperands::ff(shape, x, weights)?)
    }

    /// BP: dY is FP16 NCHW; gives dX. Shapes as in [`crate::mac::bp`].
    ///
    /// # Errors
    /// As [`Accelerator::ff`].
    pub fn bp(
        &self,
        shape: &ConvShape,
        dy: &[f16],
        weights: &Weights,
    ) -> Result<Run, AcceleratorError> {
        let planned = self.planned(MacStage::new(*shape, Stage::Bp, weights.sparsity())?)?;
        planned.run(&StageOperands::bp(shape, dy, weights)?)
    }

    /// WU: X and dY are FP16 NCHW; gives dW. Shapes as in [`crate::mac::wu`].
    ///
    /// # Errors
    /// As [`Accelerator::ff`].
    pub fn wu(&self, shape: &ConvShape, x: &[f16], dy: &[f16]) -> Result<Run, AcceleratorError> {
        let planned = self.planned(MacStage::new(*shape, Stage::Wu, Sparsity::DENSE)?)?;
        planned.run(&StageOperands::wu(shape, x, dy)?)
    }

    /// What a stage costs, without values.
    ///
    /// # Errors
    /// [`AcceleratorError::Plan`] if the machine cannot run it.
    pub fn report(&self, stage: MacStage) -> Result<Arc<StageReport>, AcceleratorError> {
        Ok(self.planned(stage)?.report)
    }

    fn planned(&self, stage: MacStage) -> Result<Planned, AcceleratorError> {
        let mut plans = self.plans.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(planned) = plans.get(&stage) {
            return Ok(planned.clone());
        }
        let plan = plan_stage(&self.config, stage, self.choice)?;
        let lowered = Arc::new(exec::lower(&self.config, &stage, plan.program.instructions())?);
        let planned = Planned { lowered, report: Arc::new(plan.report) };
        plans.insert(stage, planned.clone());
        Ok(planned)
    }
}

/// A MAC stage as part of a larger program: its section, lowered once.
#[derive(Clone, Debug)]
pub struct Section {
    lowered: Arc<Lowered>,
}

impl Section {
    /// Lowers the section of a program that computes `stage`.
    ///
    /// # Errors
    /// [`AcceleratorError::Program`] naming the first instruction, counted from the section's first, that is wrong.
    pub fn lower(
        config: &ArrayConfig,
        stage: &MacStage,
        instructions: &[Instruction],
    ) -> Result<Self, AcceleratorError> {
        Ok(Self { lowered: Arc::new(exec::lower(config, stage, instructions)?) })
    }

    /// Executes the section: FP32 results before rounding, NCHW (FF, BP) or OIHW (WU), NaNs canonical.
    ///
    /// # Errors
    /// [`AcceleratorError::Operands`] if the operands are of another stage.
    pub fn run(&self, operands: &StageOperands) -> Result<Vec<f32>, AcceleratorError> {
        let mut values = vec![0.0; operands.out_len()];
        exec::execute(&self.lowered, operands, &mut values)?;
        Ok(values)
    }
}

impl Planned {
    fn run(&self, operands: &StageOperands) -> Result<Run, AcceleratorError> {
        let mut values = vec![0.0; operands.out_len()];
        exec::execute(&self.lowered, operands, &mut values)?;
        Ok(Run { values, report: Arc::clone(&self.report) })
    }
}
