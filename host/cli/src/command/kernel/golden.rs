//! Operations on the reference.

use super::operands::Layer;
use super::task::{Computed, Sgd, Task, Work};
use half::f16;
use ndarray::{Array4, ArrayView4, ArrayViewMut4};
use satkit_golden::GoldenError;
use satkit_golden::mac::{self, Weight};
use satkit_golden::number::to_f16;
use satkit_golden::prune::{Pruned, prune_ci, prune_co, prune_gradient};
use satkit_golden::update::Update;
use satkit_spec::{BpGradient, WeightOperand};

/// Computes `task` for `layer`.
///
/// # Errors
/// Those of the reference.
pub(super) fn compute(layer: Layer, task: &Task) -> anyhow::Result<Computed> {
    let shape = layer.shape;
    let y_sizes = [shape.batch, shape.co, shape.out_h(), shape.out_w()];
    let x_sizes = [shape.batch, shape.ci, shape.h, shape.w];
    let w_sizes = [shape.co, shape.ci, shape.kh, shape.kw];
    let stage = |values: Array4<f32>| Computed::Stage(values.iter().copied().collect());
    let weight = |w, operand| weight(view(w_sizes, w)?, operand, task);
    Ok(match &task.work {
        Work::Prune { w } => {
            let w = view(w_sizes, w)?;
            let directions = [prune_ci(w, task.sparsity)?, prune_co(w, task.sparsity)?];
            Computed::Pruned(directions.map(|pruned: Pruned| {
                (
                    pruned.values().iter().copied().collect(),
                    pruned.positions().iter().copied().collect(),
                )
            }))
        }
        Work::Ff { x, w } => {
            stage(mac::ff(shape, view(x_sizes, x)?, &weight(w, task.method.ff_weight())?)?)
        }
        Work::Bp { dy, w } => {
            let dy = view(y_sizes, dy)?;
            let weight = weight(w, task.method.bp_weight())?;
            match task.method.bp_gradient() {
                BpGradient::Dense => stage(mac::bp(shape, dy, &weight)?),
                BpGradient::PrunedCoAsDense => {
                    let dy = prune_gradient(dy, task.sparsity)?;
                    stage(mac::bp(shape, dy.view(), &weight)?)
                }
            }
        }
        Work::Wu { x, dy } => stage(mac::wu(shape, view(x_sizes, x)?, view(y_sizes, dy)?)?),
        Work::Update { w, v, dw, settings } => {
            let (mut w1, mut v1) = (w.clone(), v.clone());
            let Sgd { lr, momentum, weight_decay, lambda, loss_scale } = *settings;
            let update = Update { learning_rate: lr, momentum, weight_decay, lambda, loss_scale };
            let pruned = if task.method.decays_pruned() {
                let halves: Vec<f16> = w.iter().copied().map(to_f16).collect();
                Some(prune_ci(view(w_sizes, &halves)?, task.sparsity)?)
            } else {
                None
            };
            let mask = pruned.as_ref().map(Pruned::mask);
            let dw = ArrayView4::from_shape(w_sizes, &dw[..])?;
            let w_view = ArrayViewMut4::from_shape(w_sizes, &mut w1[..])?;
            let v_view = ArrayViewMut4::from_shape(w_sizes, &mut v1[..])?;
            update.apply(w_view, v_view, dw, mask)?;
            Computed::Updated(w1, v1)
        }
    })
}

fn view(sizes: [usize; 4], values: &[f16]) -> anyhow::Result<ArrayView4<'_, f16>> {
    Ok(ArrayView4::from_shape(sizes, values)?)
}

fn weight(w: ArrayView4<'_, f16>, operand: WeightOperand, task: &Task) -> anyhow::Result<Weight> {
    let weight: Result<Weight, GoldenError> = match operand {
        WeightOperand::Dense => Ok(Weight::Dense(w.to_owned())),
        WeightOperand::PrunedCi => prune_ci(w, task.sparsity).map(Weight::PrunedCi),
        WeightOperand::PrunedCo => prune_co(w, task.sparsity).map(Weight::PrunedCo),
        WeightOperand::PrunedCiAsDense => {
            prune_ci(w, task.sparsity).map(|pruned| Weight::Dense(pruned.to_dense()))
        }
    };
    Ok(weight?)
}
