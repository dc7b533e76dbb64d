//! Planning one stage on its own: a program and its report.

use crate::mapping::{Mapping, StoreWork, emit};
use crate::program::Program;
use crate::schedule::{Scheduler, Task, weight_source};
use crate::stage::StageEmitter;
use crate::timing::{NoObserver, Observer, Timing, time};
use crate::{MacStage, PlanError};
use satkit_memory::{MemoryModel, Ports};
use satkit_spec::isa::Engine;
use satkit_spec::{ArrayConfig, Dataflow, Sparsity, SpecError, Stage};
use std::{fmt, str::FromStr};

/// Which dataflow a plan may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum DataflowChoice {
    /// The one with fewer cycles, problem by problem.
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

    /// Its dataflows, each as a choice of its own.
    pub(crate) fn alone(self) -> &'static [(Self, Dataflow)] {
        const OS: (DataflowChoice, Dataflow) = (DataflowChoice::Os, Dataflow::OutputStationary);
        const WS: (DataflowChoice, Dataflow) = (DataflowChoice::Ws, Dataflow::WeightStationary);
        match self {
            Self::Auto => &[OS, WS],
            Self::Ws => &[WS],
            Self::Os => &[OS],
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

/// What limits a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Bound {
    /// The array's slots.
    Compute,
    /// The path on which outputs leave the array.
    Drain,
    /// Loads and stores.
    Dram,
    /// WUVE and SORE.
    Update,
    /// The elementwise unit.
    Elementwise,
}

impl Bound {
    /// Name in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Compute => "compute",
            Self::Drain => "drain",
            Self::Dram => "dram",
            Self::Update => "update",
            Self::Elementwise => "elementwise",
        }
    }

    /// What was taken longest, from the busy cycles of the engines in the order of `Engine::ALL` and the array's wait for
    /// its drain path.
    #[must_use]
    pub fn of(busy: &[u64; Engine::ALL.len()], drain_wait: u64) -> Self {
        let of = |engine: Engine| busy[engine as usize];
        let array = of(Engine::Mm);
        let compute = if drain_wait > array / 10 { Self::Drain } else { Self::Compute };
        let port = of(Engine::LoadActivations).max(of(Engine::LoadWeights)).max(of(Engine::Store));
        let mut longest = (array + drain_wait, compute);
        for (cycles, bound) in [
            (port, Self::Dram),
            (of(Engine::Update), Self::Update),
            (of(Engine::Vector), Self::Elementwise),
        ] {
            if cycles > longest.0 {
                longest = (cycles, bound);
            }
        }
        longest.1
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a stage costs on its own and why.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct StageReport {
    /// The dataflow of the largest problem.
    pub dataflow: Dataflow,
    /// The mapping of each matrix problem, in words.
    pub mappings: Vec<String>,
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
    /// What limits the stage.
    pub bound: Bound,
}

/// A planned stage: the program and what it costs.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The stage.
    pub stage: MacStage,
    /// The mapping of each of its matrix problems.
    pub mappings: Vec<Mapping>,
    /// The program.
    pub program: Program,
    /// Its timing.
    pub timing: Timing,
    /// The summary.
    pub report: StageReport,
}

/// Plans one MAC stage on its own, with the pooled memory.
///
/// # Errors
/// [`PlanError::Spec`] if the machine is impossible or its words do not hold a group of the sparsity,
/// [`PlanError::TooLong`] or [`PlanError::TooLarge`] if the layer is beyond the instructions.
pub fn plan_stage(
    config: &ArrayConfig,
    stage: MacStage,
    choice: DataflowChoice,
) -> Result<Plan, PlanError> {
    let scheduler = Scheduler::new(config, choice)?;
    config.check_sparsity(stage.sparsity)?;
    let source = weight_source(stage.stage);
    let mut mappings = Vec::new();
    for problem in stage.problems() {
        let work = StoreWork { single: stage.stage == Stage::Wu, ..StoreWork::default() };
        let task = Task { problem, source, work, groups: 1 };
        mappings.push(scheduler.choose(&task)?.mapping);
    }
    plan_mapped(config, stage, &mappings)
}

/// Plans one MAC stage with the given mapping for each of its problems.
///
/// # Errors
/// As [`plan_stage`]; [`PlanError::Mapping`] if a mapping is not legal.
pub fn plan_mapped(
    config: &ArrayConfig,
    stage: MacStage,
    mappings: &[Mapping],
) -> Result<Plan, PlanError> {
    let program = stage_program(config, stage, mappings)?;
    let memory = MemoryModel::default();
    let timing = time_with(config, &program, &memory, &mut NoObserver)?;
    let largest = stage.problems().iter().zip(mappings).max_by_key(|(p, _)| p.macs()).map(|m| *m.1);
    let report = StageReport {
        dataflow: largest.map_or(Dataflow::OutputStationary, |mapping| mapping.dataflow()),
        mappings: mappings.iter().map(ToString::to_string).collect(),
        cycles: timing.cycles,
        useful_macs: timing.useful_macs,
        utilization: timing.utilization(config),
        dram_read_bytes: timing.dram_read_bytes,
        dram_write_bytes: timing.dram_write_bytes,
        bound: Bound::of(&timing.busy_cycles, timing.drain_wait_cycles),
    };
    Ok(Plan { stage, mappings: mappings.to_vec(), program, timing, report })
}

/// The program of a stage on its own; its tensors lie from address 0.
fn stage_program(
    config: &ArrayConfig,
    stage: MacStage,
    mappings: &[Mapping],
) -> Result<Program, PlanError> {
    let source = weight_source(stage.stage);
    let mut emitter = StageEmitter::new();
    for (index, (problem, mapping)) in stage.problems().iter().zip(mappings).enumerate() {
        let space = mapping.space(config, problem, source)?;
        if index == 0 {
            emitter.tensors(&space)?;
        }
        let work = StoreWork { single: stage.stage == Stage::Wu, ..StoreWork::default() };
        emit(config, &space, mapping, work, 1, &mut emitter)?;
    }
    Ok(emitter.finish("", stage.stage))
}

/// The program of one update of a layer's weights on its own, which takes time only. `ff` and `bp` are the sparsities of
/// the weights that SORE makes for the next step's FF and BP (dense: their FP16 copy); `None` makes none.
///
/// # Errors
/// [`PlanError::Channels`] if M does not divide the channels, [`PlanError::CardMemory`] if the layer does not fit.
pub fn update_program(
    config: &ArrayConfig,
    shape: &satkit_spec::ConvShape,
    ff: Option<Sparsity>,
    bp: Option<Sparsity>,
) -> Result<Program, PlanError> {
    use crate::step::{StepOperation, StepWork, UpdateOperation, compile};
    let mut work = StepWork::default();
    let master = work.tensor("W and V", 2 * crate::layout::master_bytes(shape));
    let gradient = work.tensor("dW", crate::layout::master_bytes(shape));
    let mut operand = |name: &str, stage, sparsity: Option<Sparsity>| {
        let Some(sparsity) = sparsity else { return Ok::<_, PlanError>(None) };
        let mac = MacStage::new(*shape, stage, sparsity)?;
        let tensor = work.tensor(name, crate::layout::weight_bytes(&mac));
        Ok(Some((work.all(tensor), sparsity)))
    };
    let sparsities = [ff, bp];
    let (ff, bp) = (operand("W_FF", Stage::Ff, ff)?, operand("W_BP", Stage::Bp, bp)?);
    let update = UpdateOperation {
        name: "update".into(),
        parameters: shape.w_len() as u64,
        master: work.all(master),
        gradient: work.all(gradient),
        ff,
        bp,
        weights: Some(weight_fields(shape, sparsities)),
        values: None,
    };
    work.operations.push(StepOperation::Update(update));
    let step = compile(&work, &Scheduler::new(config, DataflowChoice::Auto)?, &|_| {})?;
    Ok(step.program)
}

/// WEIGHTS of a layer whose FF and BP have operands of these sparsities.
fn weight_fields(
    shape: &satkit_spec::ConvShape,
    [ff, bp]: [Option<Sparsity>; 2],
) -> satkit_spec::isa::Weights {
    use satkit_spec::WeightOperand;
    let pruned = |sparsity: Option<Sparsity>| sparsity.filter(|sparsity| !sparsity.is_dense());
    let operand = |sparsity, operand| pruned(sparsity).map_or(WeightOperand::Dense, |_| operand);
    let sparsity = pruned(ff).or(pruned(bp)).unwrap_or(Sparsity::DENSE);
    satkit_spec::isa::Weights {
        ci: shape.ci as u32,
        co: shape.co as u32,
        h: shape.h as u32,
        w: shape.w as u32,
        kh: shape.kh as u8,
        kw: shape.kw as u8,
        stride: shape.stride as u8,
        pad: shape.pad as u8,
        n: sparsity.n() as u8,
        m: sparsity.m() as u8,
        ff: operand(ff, WeightOperand::PrunedCi),
        bp: operand(bp, WeightOperand::PrunedCo),
        decays_pruned: false,
    }
}

/// The program that makes the operand weights of a layer's `stage` (FF or BP) out of its FP16 weights in SORE, which takes time only.
///
/// # Errors
/// As [`update_program`].
pub fn prune_program(
    config: &ArrayConfig,
    shape: &satkit_spec::ConvShape,
    stage: Stage,
    sparsity: Sparsity,
) -> Result<Program, PlanError> {
    use crate::step::{PruneOperation, StepOperation, StepWork, compile};
    let mut work = StepWork::default();
    let dense = MacStage::new(*shape, stage, Sparsity::DENSE)?;
    let pruned = MacStage::new(*shape, stage, sparsity)?;
    let from = work.tensor("W", crate::layout::weight_bytes(&dense));
    let to = work.tensor("operand weights", crate::layout::weight_bytes(&pruned));
    let prune = PruneOperation {
        name: "prune".into(),
        parameters: shape.w_len() as u64,
        along_co: stage == Stage::Bp,
        from: work.all(from),
        to: work.all(to),
        single: false,
        values: None,
    };
    work.operations.push(StepOperation::Prune(prune));
    let step = compile(&work, &Scheduler::new(config, DataflowChoice::Auto)?, &|_| {})?;
    Ok(step.program)
}

/// Times a program against a fresh memory of a model, at [`Program::DEFAULT_ADDRESS`].
///
/// # Errors
/// As [`time`]; [`PlanError::Memory`] if the model does not fit the machine.
pub fn time_with(
    config: &ArrayConfig,
    program: &Program,
    memory: &MemoryModel,
    observer: &mut impl Observer,
) -> Result<Timing, PlanError> {
    time_at(config, program, Program::DEFAULT_ADDRESS, memory, observer)
}

/// Times a program that lies at byte `address` of card memory against a fresh memory of a model.
///
/// # Errors
/// As [`time_with`].
pub fn time_at(
    config: &ArrayConfig,
    program: &Program,
    address: u64,
    memory: &MemoryModel,
    observer: &mut impl Observer,
) -> Result<Timing, PlanError> {
    use satkit_memory::AnyMemory;
    // One copy of the engines per model, so that a request costs no dispatch.
    match memory.build(&Ports::from(config))? {
        AnyMemory::Pool(mut memory) => time(config, program, address, &mut memory, observer),
        AnyMemory::Fixed(mut memory) => time(config, program, address, &mut memory, observer),
        AnyMemory::BackPressure(mut memory) => {
            time(config, program, address, &mut memory, observer)
        }
        AnyMemory::Ddr4(mut memory) => time(config, program, address, &mut memory, observer),
    }
}
