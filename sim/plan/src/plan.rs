//! Planning: a stage in, a program and its report out.

use crate::schedule::{OsMapping, WsMapping};
use crate::{MacStage, PlanError, Program, Timing, time};
use satkit_spec::isa::{Engine, Instruction, Operation, Update, Vector, VectorOp};
use satkit_spec::{ArrayConfig, Dataflow, Sparsity, SpecError};
use std::{fmt, str::FromStr};

/// Which dataflow a plan may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum DataflowChoice {
    /// The one with fewer cycles, stage by stage.
    #[default]
    Auto,
    /// Weight-stationary only.
    Ws,
    /// Output-stationary only.
    Os,
}

impl DataflowChoice {
    /// All choices.
    pub const ALL: [Self; 3] = [Self::Auto, Self::Ws, Self::Os];

    /// The name used on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Ws => "ws",
            Self::Os => "os",
        }
    }

    fn dataflows(self) -> &'static [Dataflow] {
        match self {
            Self::Auto => &[Dataflow::OutputStationary, Dataflow::WeightStationary],
            Self::Ws => &[Dataflow::WeightStationary],
            Self::Os => &[Dataflow::OutputStationary],
        }
    }
}

impl fmt::Display for DataflowChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for DataflowChoice {
    type Err = SpecError;

    fn from_str(text: &str) -> Result<Self, SpecError> {
        Self::ALL.into_iter().find(|c| c.name() == text).ok_or_else(|| SpecError::Name {
            what: "dataflow",
            given: text.into(),
            accepted: Self::ALL.map(Self::name).join(", "),
        })
    }
}

/// What a stage costs and why.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct StageReport {
    /// The dataflow chosen.
    pub dataflow: Dataflow,
    /// Cycles from the first load to the last store.
    pub cycles: u64,
    /// Useful multiply-accumulates.
    pub useful_macs: u64,
    /// Useful MACs per USPE and cycle, 0 to 1.
    pub utilization: f64,
    /// Bytes read from DRAM.
    pub dram_read_bytes: u64,
    /// Bytes written to DRAM.
    pub dram_write_bytes: u64,
    /// The engine that is taken longest: what limits the stage.
    pub bound: &'static str,
}

impl StageReport {
    fn new(config: &ArrayConfig, dataflow: Dataflow, timing: &Timing) -> Self {
        // The first of the busiest engines, so that a tie has one answer.
        let mut bound = Engine::Mm;
        for engine in Engine::ALL {
            if timing.busy(engine) > timing.busy(bound) {
                bound = engine;
            }
        }
        Self {
            dataflow,
            cycles: timing.cycles,
            useful_macs: timing.useful_macs,
            utilization: timing.utilization(config),
            dram_read_bytes: timing.dram_read_bytes,
            dram_write_bytes: timing.dram_write_bytes,
            bound: bound.name(),
        }
    }
}

/// A planned stage: the program and what it costs.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The stage.
    pub stage: MacStage,
    /// The program.
    pub program: Program,
    /// Its timing, instruction by instruction.
    pub timing: Timing,
    /// The summary.
    pub report: StageReport,
}

/// Plans one MAC stage on a machine.
///
/// # Errors
/// [`PlanError::Spec`] if the machine is impossible or its words do not hold a group of the sparsity,
/// [`PlanError::TooLong`] or [`PlanError::TooLarge`] if the layer is beyond the instructions.
pub fn plan_stage(
    config: &ArrayConfig,
    stage: MacStage,
    choice: DataflowChoice,
) -> Result<Plan, PlanError> {
    config.validate()?;
    config.check_sparsity(stage.sparsity)?;
    let mut best: Option<Plan> = None;
    for &dataflow in choice.dataflows() {
        let mut program = Program::default();
        for problem in stage.problems() {
            match dataflow {
                Dataflow::OutputStationary => {
                    OsMapping::choose(config, &problem).emit(config, &problem, &mut program)?;
                }
                Dataflow::WeightStationary => {
                    WsMapping::choose(config, &problem).emit(config, &problem, &mut program)?;
                }
            }
        }
        let timing = time(config, &program)?;
        if best.as_ref().is_none_or(|plan| timing.cycles < plan.timing.cycles) {
            let report = StageReport::new(config, dataflow, &timing);
            best = Some(Plan { stage, program, timing, report });
        }
    }
    best.ok_or_else(|| {
        PlanError::Spec(SpecError::Shape(format!("{:?} has no outputs", stage.shape)))
    })
}

/// Plans the update of `parameters` master weights. `ff` and `bp` are the sparsities of the weights that SORE makes
/// for the next step's FF and BP (dense: their FP16 copy); `None` makes none.
///
/// # Errors
/// As [`time`].
pub fn plan_update(
    config: &ArrayConfig,
    parameters: u64,
    ff: Option<Sparsity>,
    bp: Option<Sparsity>,
) -> Result<(Program, Timing), PlanError> {
    // FP32 W, V and dW come in; W and V go out with the FP16 operands and their 4-bit positions.
    let operand_bytes = |sparsity: Option<Sparsity>| match sparsity {
        None => 0,
        Some(sparsity) if sparsity.is_dense() => 2 * parameters,
        Some(sparsity) => (parameters * sparsity.n() as u64).div_ceil(sparsity.m() as u64) * 5 / 2,
    };
    let operation = Operation::Update(Update {
        parameters,
        make_ff: ff.is_some(),
        make_bp: bp.is_some(),
        read_bytes: 12 * parameters,
        write_bytes: 8 * parameters + operand_bytes(ff) + operand_bytes(bp),
    });
    single(config, operation)
}

/// Plans one elementwise stream.
///
/// # Errors
/// As [`time`].
pub fn plan_vector(
    config: &ArrayConfig,
    op: VectorOp,
    elements: u64,
    read_bytes: u64,
    write_bytes: u64,
) -> Result<(Program, Timing), PlanError> {
    single(config, Operation::Vector(Vector { op, elements, read_bytes, write_bytes }))
}

fn single(config: &ArrayConfig, operation: Operation) -> Result<(Program, Timing), PlanError> {
    config.validate()?;
    let instruction = Instruction::new(operation);
    instruction.encode()?;
    let program = Program::new(vec![instruction]);
    let timing = time(config, &program)?;
    Ok((program, timing))
}
