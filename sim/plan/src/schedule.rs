//! The offline scheduler: looks for the mapping of a problem that takes the fewest cycles.
//!
//! Candidates are ranked by a closed form, and the best of them are priced: their program is emitted and timed by the very
//! model that times whole steps, against the pooled memory, on as many images as show the steady state. So a
//! choice depends on the machine and the problem and on nothing that runs beside it.

use crate::PlanError;
use crate::mapping::{Estimate, Mapping, StoreWork, candidates, emit};
use crate::plan::{DataflowChoice, time_with};
use crate::problem::{MacStage, Problem};
use crate::program::Program;
use crate::space::WeightSource;
use crate::stage::StageEmitter;
use crate::timing::{NoObserver, Timing};
use satkit_memory::MemoryModel;
use satkit_spec::{ArrayConfig, Dataflow, Stage};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Ideal array cycles of the part of a problem that candidates are priced on.
const PRICED_CYCLES: u64 = 300_000;
/// Most products of a batched multiplication that candidates are priced on.
const PRICED_GROUPS: u32 = 8;
/// Candidates that are priced at least, whatever their instructions.
const PRICED_LEAST: usize = 12;
/// Requests and instructions that pricing one problem may take, beyond the least.
const PRICED_WORK: u64 = 400_000;
/// Cycles of latencies that the closed form may misjudge in a small problem.
const ESTIMATE_SLACK_CYCLES: u64 = 1024;
/// A mapping that is slower by no more than this share, and moves fewer bytes, is taken.
const SLACK: f64 = 0.005;
/// Cycles that a mapping may be slower by where only a part is priced: a longer first load, which the whole hides.
const PART_START_CYCLES: u64 = 4096;
/// Bytes that an instruction counts as when bytes decide: its own, and the time that it takes to plan and simulate.
const INSTRUCTION_BYTES: u64 = 8192;

/// One problem to schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Task {
    /// The problem.
    pub problem: Problem,
    /// Where the columns' operand comes from.
    pub source: WeightSource,
    /// Elementwise work of the stores.
    pub work: StoreWork,
    /// Products of a batched multiplication; 1 elsewhere.
    pub groups: u32,
}

impl Task {
    /// The name under which a choice is kept: everything that it depends on besides the machine.
    #[must_use]
    pub fn key(&self) -> String {
        let Problem { mac, phase_index, .. } = self.problem;
        let s = mac.shape;
        format!(
            "{} {} n{} ci{} {}x{} co{} k{}x{} s{} p{} phase{phase_index} {:?} groups{} reads{}{}{} single{}",
            mac.stage,
            mac.sparsity,
            s.batch,
            s.ci,
            s.h,
            s.w,
            s.co,
            s.kh,
            s.kw,
            s.stride,
            s.pad,
            self.source,
            self.groups,
            u8::from(self.work.add),
            u8::from(self.work.mask),
            u8::from(self.work.products),
            u8::from(self.work.single)
        )
    }
}

/// What the scheduler chose for a problem, and what it would have taken else.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Choice {
    /// The mapping.
    pub mapping: Mapping,
    /// Cycles of the part that was priced.
    pub priced_cycles: u64,
    /// Bytes that the priced part moves.
    pub priced_bytes: u64,
    /// The next best mapping with another dataflow, interleave or order, and its cycles.
    pub runner_up: Option<(Mapping, u64)>,
    /// Legal candidates that were looked at.
    pub candidates: usize,
}

/// Chooses mappings for one machine, and keeps its choices.
#[derive(Debug)]
pub struct Scheduler {
    config: ArrayConfig,
    dataflow: DataflowChoice,
    memory: MemoryModel,
    interleave: bool,
    choices: Mutex<BTreeMap<String, Choice>>,
}

impl Scheduler {
    /// A scheduler for a machine, restricted to the dataflows of `dataflow`.
    ///
    /// # Errors
    /// [`PlanError::Spec`] if the machine is impossible.
    pub fn new(config: &ArrayConfig, dataflow: DataflowChoice) -> Result<Self, PlanError> {
        config.validate()?;
        let memory = MemoryModel::default();
        let choices = Mutex::default();
        Ok(Self { config: config.clone(), dataflow, memory, interleave: true, choices })
    }

    /// Prices against another memory.
    #[must_use]
    pub fn with_memory(mut self, memory: MemoryModel) -> Self {
        self.memory = memory;
        self
    }

    /// Without interleave mapping: one output per USPE (an ablation).
    #[must_use]
    pub const fn without_interleave(mut self) -> Self {
        self.interleave = false;
        self
    }

    /// The machine.
    #[must_use]
    pub const fn config(&self) -> &ArrayConfig {
        &self.config
    }

    /// All choices so far, by [`Task::key`]; under one dataflow alone, by that and the dataflow's name.
    #[must_use]
    pub fn choices(&self) -> BTreeMap<String, Choice> {
        self.choices.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes over choices that were made before for the same machine. Mappings are checked when they are used.
    pub fn recall(&self, choices: BTreeMap<String, Choice>) {
        self.choices.lock().unwrap_or_else(PoisonError::into_inner).extend(choices);
    }

    /// The choice for a problem: kept, or searched now.
    ///
    /// # Errors
    /// [`PlanError`] if the machine cannot run it.
    pub fn choose(&self, task: &Task) -> Result<Choice, PlanError> {
        self.kept(&task.key(), task).map_or_else(|| self.search(task, self.dataflow), Ok)
    }

    /// What a scheduler that is restricted to `dataflow` chooses; none if that dataflow cannot run the problem.
    pub(crate) fn choose_alone(&self, task: &Task, dataflow: DataflowChoice) -> Option<Choice> {
        self.kept(&self.key(task, dataflow), task).or_else(|| self.search(task, dataflow).ok())
    }

    /// Cycles of the whole problem, in proportion to the part that was priced.
    pub(crate) fn whole_cycles(&self, task: &Task, choice: &Choice) -> Result<u64, PlanError> {
        let part = self.part(task)?;
        let macs = |task: &Task| u128::from(task.problem.macs()) * u128::from(task.groups);
        Ok((u128::from(choice.priced_cycles) * macs(task) / macs(&part).max(1)) as u64)
    }

    /// The dataflows that choices are made among.
    pub(crate) const fn dataflow(&self) -> DataflowChoice {
        self.dataflow
    }

    /// The memory that choices are priced against.
    pub(crate) const fn memory(&self) -> &MemoryModel {
        &self.memory
    }

    /// The name of a choice that is restricted further than this scheduler.
    fn key(&self, task: &Task, dataflow: DataflowChoice) -> String {
        if dataflow == self.dataflow { task.key() } else { format!("{} {dataflow}", task.key()) }
    }

    fn kept(&self, key: &str, task: &Task) -> Option<Choice> {
        let choices = self.choices.lock().unwrap_or_else(PoisonError::into_inner);
        let choice = choices.get(key)?;
        let legal = choice.mapping.space(&self.config, &task.problem, task.source).is_ok();
        legal.then(|| choice.clone())
    }

    fn keep(&self, key: String, choice: &Choice) {
        let mut choices = self.choices.lock().unwrap_or_else(PoisonError::into_inner);
        choices.insert(key, choice.clone());
    }

    /// Chooses for all problems, on all threads; `progress` is called with each key that is done.
    ///
    /// # Errors
    /// The first error in the order of `tasks`.
    pub fn choose_all(
        &self,
        tasks: &[Task],
        progress: &(impl Fn(&str) + Sync),
    ) -> Result<(), PlanError> {
        let unique: BTreeMap<String, &Task> = tasks.iter().map(|task| (task.key(), task)).collect();
        let known = self.choices();
        let open: Vec<_> = unique.into_iter().filter(|(key, _)| !known.contains_key(key)).collect();
        let next = Mutex::new(open.iter());
        let failed = Mutex::new(None);
        let threads = std::thread::available_parallelism().map_or(1, usize::from).min(open.len());
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    loop {
                        let item = next.lock().unwrap_or_else(PoisonError::into_inner).next();
                        let Some((key, task)) = item else { break };
                        if let Err(error) = self.choose(task) {
                            let mut failed = failed.lock().unwrap_or_else(PoisonError::into_inner);
                            failed.get_or_insert(error);
                        }
                        progress(key);
                    }
                });
            }
        });
        failed.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(()), Err)
    }

    /// Searches among the dataflows of `choice`, and keeps what is found, for each of them alone too.
    fn search(&self, task: &Task, choice: DataflowChoice) -> Result<Choice, PlanError> {
        self.config.check_sparsity(task.problem.mac.sparsity)?;
        let part = self.part(task)?;
        let whole = part.problem == task.problem && part.groups == task.groups;
        let (mut priced, mut legal) = (Vec::new(), 0);
        // One by one, so that either is looked at as if it were alone.
        for &(alone, dataflow) in choice.alone() {
            let ranked = self.ranked(&part, dataflow);
            let of_one = self.priced(task, &part, &ranked)?;
            if alone != choice
                && let Ok(found) = self.pick(task, whole, of_one.clone(), ranked.len())
            {
                self.keep(self.key(task, alone), &found);
            }
            legal += ranked.len();
            priced.extend(of_one);
        }
        let found = self.pick(task, whole, priced, legal)?;
        self.keep(self.key(task, choice), &found);
        Ok(found)
    }

    /// The legal candidates of one dataflow by their estimates, best first.
    fn ranked(&self, part: &Task, dataflow: Dataflow) -> Vec<(u64, Mapping)> {
        let mut ranked: Vec<(u64, Mapping)> = Vec::new();
        for mapping in candidates(&self.config, &part.problem, part.source, dataflow) {
            if !self.interleave && mapping.interleave() != (1, 1) {
                continue;
            }
            if let Ok(space) = mapping.checked_space(&self.config, &part.problem, part.source) {
                let estimate = Estimate::of(&self.config, &space, &mapping);
                ranked.push((estimate.cycles(), mapping));
            }
        }
        // The sort is stable, so ties keep the order of the candidates.
        ranked.sort_by_key(|(cycles, _)| *cycles);
        ranked
    }

    /// Cycles and bytes of the first of them.
    fn priced(
        &self,
        task: &Task,
        part: &Task,
        ranked: &[(u64, Mapping)],
    ) -> Result<Vec<(u64, u64, Mapping)>, PlanError> {
        let mut priced: Vec<(u64, u64, Mapping)> = Vec::new();
        let (mut work, mut best) = (0, u64::MAX);
        for (estimate, mapping) in ranked {
            // The closed form leaves latencies out and is seldom above the truth: what it puts well behind is behind.
            let behind = *estimate > best.saturating_add(best / 8 + ESTIMATE_SLACK_CYCLES);
            if priced.len() >= PRICED_LEAST && (work > PRICED_WORK || behind) {
                break;
            }
            // What fits a part need not fit the whole: its chunks begin elsewhere.
            if part.problem != task.problem
                && mapping.checked_space(&self.config, &task.problem, task.source).is_err()
            {
                continue;
            }
            let (program, timing) = self.price(part, mapping)?;
            work += program.instructions().len() as u64
                + (timing.dram_read_bytes + timing.dram_write_bytes) / 1024;
            let bytes = timing.dram_read_bytes
                + timing.dram_write_bytes
                + program.instructions().len() as u64 * INSTRUCTION_BYTES;
            best = best.min(timing.cycles);
            priced.push((timing.cycles, bytes, *mapping));
        }
        Ok(priced)
    }

    fn pick(
        &self,
        task: &Task,
        whole: bool,
        mut priced: Vec<(u64, u64, Mapping)>,
        candidates: usize,
    ) -> Result<Choice, PlanError> {
        priced.sort_by_key(|&(cycles, bytes, _)| (cycles, bytes));
        let Some(&(fastest, ..)) = priced.first() else {
            return Err(PlanError::Mapping {
                mapping: self.dataflow.to_string(),
                problem: format!("{:?}", task.problem),
                reason: "no tile fits the buffers; accepted: larger buffers or a smaller kernel"
                    .into(),
            });
        };
        let start = if whole { 0 } else { PART_START_CYCLES };
        let limit = (fastest as f64 * (1.0 + SLACK)) as u64 + start;
        let near = priced.iter().filter(|(cycles, ..)| *cycles <= limit);
        let &(priced_cycles, priced_bytes, mapping) =
            near.min_by_key(|(cycles, bytes, _)| (*bytes, *cycles)).unwrap_or(&priced[0]);
        let differs = |other: &Mapping| {
            let order = |mapping: &Mapping| match mapping {
                Mapping::Os(os) => Some(os.order),
                Mapping::Ws(_) => None,
            };
            other.dataflow() != mapping.dataflow()
                || other.interleave() != mapping.interleave()
                || order(other) != order(&mapping)
        };
        let runner_up = priced.iter().find(|(_, _, other)| differs(other));
        let runner_up = runner_up.map(|&(cycles, _, mapping)| (mapping, cycles));
        Ok(Choice { mapping, priced_cycles, priced_bytes, runner_up, candidates })
    }

    /// The part of a task that candidates are priced on: the same layer with a smaller batch, fewer products.
    fn part(&self, task: &Task) -> Result<Task, PlanError> {
        let Problem { mac, phase_index, .. } = task.problem;
        let ideal = task.problem.macs() / self.config.peak_macs_per_cycle();
        let batch = mac.shape.batch;
        let share = (u128::from(PRICED_CYCLES) * batch as u128 / u128::from(ideal.max(1))) as usize;
        // Whole array tiles, and enough of them to be periodic.
        let least = if mac.shape.h * mac.shape.w == 1 { 4 * self.config.rows * 16 } else { 2 };
        // WU's K grows with the batch: several of the largest chunks that a column bank holds.
        let per_image = (mac.shape.out_h() * mac.shape.out_w()).max(1);
        let least = match mac.stage {
            Stage::Wu => least.max((2 * self.config.n2s_entries_per_col).div_ceil(per_image)),
            _ => least,
        };
        let batch = if task.groups > 1 { batch } else { share.max(least).min(batch) };
        let shape = mac.shape.with_batch(batch)?;
        let part = MacStage::new(shape, mac.stage, mac.sparsity)?;
        let problem = part.problems().into_iter().find(|p| p.phase_index == phase_index);
        let groups = task.groups.min(PRICED_GROUPS);
        Ok(Task { problem: problem.unwrap_or(task.problem), groups, ..*task })
    }

    fn price(&self, task: &Task, mapping: &Mapping) -> Result<(Program, Timing), PlanError> {
        let space = mapping.space(&self.config, &task.problem, task.source)?;
        let mut emitter = StageEmitter::new();
        emitter.tensors(&space)?;
        emit(&self.config, &space, mapping, task.work, task.groups, &mut emitter)?;
        let program = emitter.finish("", task.problem.mac.stage);
        let timing = time_with(&self.config, &program, &self.memory, &mut NoObserver)?;
        Ok((program, timing))
    }
}

/// Where the columns' operand of a layer's stage comes from.
#[must_use]
pub const fn weight_source(stage: Stage) -> WeightSource {
    match stage {
        Stage::Ff | Stage::Bp => WeightSource::Tiles,
        Stage::Wu => WeightSource::Rows,
    }
}
