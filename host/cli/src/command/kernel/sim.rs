//! Operations on the simulated accelerator.

use super::Cost;
use super::task::{Computed, Sgd, Task, Work};
use half::f16;
use satkit_plan::{DataflowChoice, StageReport, update_cycles};
use satkit_sim::number::narrow;
use satkit_sim::prune::{prune_ci, prune_co, prune_gradient};
use satkit_sim::update::{MomentumSgd, PrunedDecay};
use satkit_sim::{Accelerator, Run, SimError, Weights};
use satkit_spec::{ArrayConfig, BpGradient, Sparsity, WeightOperand};
use std::borrow::Cow;

/// Computes `task` on a machine.
///
/// # Errors
/// Those of the accelerator and its kernels.
pub(super) fn compute(
    task: &Task,
    config: ArrayConfig,
    dataflow: DataflowChoice,
) -> anyhow::Result<(Computed, Cost)> {
    let shape = &task.layer.shape;
    let (co, ci, taps) = (shape.co, shape.ci, shape.taps());
    let array = config.name.clone();
    let machine = Accelerator::new(config, dataflow)?;
    let stage =
        |run: Run| (Computed::Stage(run.values), Cost::of_stage(array.clone(), &run.report));
    match &task.work {
        Work::Prune { w } => {
            let directions = [
                prune_ci(w, co, ci, taps, task.sparsity)?,
                prune_co(w, co, ci, taps, task.sparsity)?,
            ];
            let directions =
                directions.map(|compact| (compact.values().to_vec(), compact.positions().to_vec()));
            // SORE prunes inside the update: it costs the update instruction that makes both directions.
            let made = Some(task.sparsity);
            let cycles = update_cycles(machine.config(), shape, made, made)?;
            Ok((Computed::Pruned(directions), Cost::of_update(array, cycles)))
        }
        Work::Ff { x, w } => {
            let weights = Weights::new(shape, w, task.method.ff_weight(), task.sparsity)?;
            Ok(stage(machine.ff(shape, x, &weights)?))
        }
        Work::Bp { dy, w } => {
            let weights = Weights::new(shape, w, task.method.bp_weight(), task.sparsity)?;
            let dy = match task.method.bp_gradient() {
                BpGradient::Dense => Cow::Borrowed(&dy[..]),
                BpGradient::PrunedCoAsDense => {
                    let pixels = shape.out_h() * shape.out_w();
                    Cow::Owned(prune_gradient(dy, shape.batch, co, pixels, task.sparsity)?)
                }
            };
            Ok(stage(machine.bp(shape, &dy, &weights)?))
        }
        Work::Wu { x, dy } => Ok(stage(machine.wu(shape, x, dy)?)),
        Work::Update { w, v, dw, settings } => {
            let (mut w1, mut v1) = (w.clone(), v.clone());
            update(task, settings, &mut w1, &mut v1, dw)?;
            let made = |operand, channels: usize| match operand {
                WeightOperand::PrunedCi | WeightOperand::PrunedCo
                    if channels.is_multiple_of(task.sparsity.m()) =>
                {
                    task.sparsity
                }
                _ => Sparsity::DENSE,
            };
            let (ff, bp) = (made(task.method.ff_weight(), ci), made(task.method.bp_weight(), co));
            let cycles = update_cycles(machine.config(), shape, Some(ff), Some(bp))?;
            Ok((Computed::Updated(w1, v1), Cost::of_update(array, cycles)))
        }
    }
}

fn update(
    task: &Task,
    settings: &Sgd,
    w: &mut [f32],
    v: &mut [f32],
    dw: &[f32],
) -> Result<(), SimError> {
    let sgd = MomentumSgd {
        learning_rate: settings.lr,
        momentum: settings.momentum,
        weight_decay: settings.weight_decay,
        loss_scale: settings.loss_scale,
    };
    if !task.method.decays_pruned() {
        return sgd.update(w, v, dw, None);
    }
    let shape = &task.layer.shape;
    let mut oihw = vec![f16::ZERO; w.len()];
    narrow(w, &mut oihw);
    let compact = prune_ci(&oihw, shape.co, shape.ci, shape.taps(), task.sparsity)?;
    let keep = compact.mask_oihw();
    sgd.update(w, v, dw, Some(PrunedDecay { lambda: settings.lambda, keep: &keep }))
}

impl Cost {
    /// An update: cycles, but no MACs and no dataflow.
    pub(super) fn of_update(array: String, cycles: u64) -> Self {
        Self {
            array: Some(array),
            dataflow: None,
            cycles: Some(cycles),
            useful_macs: Some(0),
            utilization: Some(0.0),
            counters: None,
        }
    }

    pub(super) fn of_stage(array: String, report: &StageReport) -> Self {
        Self {
            array: Some(array),
            dataflow: Some(report.dataflow.name()),
            cycles: Some(report.cycles),
            useful_macs: Some(report.useful_macs),
            utilization: Some(report.utilization),
            counters: None,
        }
    }
}
