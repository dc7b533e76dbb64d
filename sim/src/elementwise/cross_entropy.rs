//! Softmax cross-entropy: loss, predictions and the gradient of the logits.

use super::Planes;
use super::checks::{check_length, count_as_f32, refuse};
use super::softmax::{exponentials, maximum};
use super::vector::TASK;
use crate::SimError;
use crate::number::{canonical, narrow, widen};
use crate::update::check_loss_scale;
use half::f16;
use rayon::prelude::*;

/// Result of the loss over a batch.
#[derive(Clone, Debug, PartialEq)]
pub struct Loss {
    /// `(sum over rows of loss) / B`, unscaled FP32, a NaN canonical.
    pub loss: f32,
    /// Rows whose predicted class is their label.
    pub correct: usize,
    /// Predicted class per row: the position of the largest logit, lowest first.
    pub predicted: Vec<u32>,
    /// Loss of each row.
    pub rows: Vec<f32>,
}

/// Where the gradient of the logits goes.
#[derive(Debug)]
pub struct LogitGradient<'a> {
    /// Loss scale: a power of two.
    pub loss_scale: f32,
    /// FP16 `(batch, classes)`: the scaled gradient of the batch's mean loss.
    pub dlogits: &'a mut [f16],
}

/// One row's results.
#[derive(Clone, Copy, Default)]
struct Row {
    loss: f32,
    predicted: u32,
}

/// Softmax cross-entropy of `logits` FP16 `(batch, classes)` against `labels` `(batch)`.
///
/// With `gradient` it also writes `dX = h((((e / z) - [i = label]) / B) * loss_scale)`; without, as in an
/// evaluation, only the loss is computed. On an error nothing is written.
/// Source: `docs/contract-elementwise.md`, softmax cross-entropy.
///
/// # Errors
/// [`SimError`] if a length disagrees or is zero, a label is not below `classes`, the batch is not
/// exact in FP32, or the loss scale is not a power of two.
pub fn cross_entropy(
    batch: usize,
    classes: usize,
    logits: &[f16],
    labels: &[u32],
    gradient: Option<LogitGradient<'_>>,
) -> Result<Loss, SimError> {
    let planes = Planes::rows(batch, classes)?;
    planes.check("logits", logits.len())?;
    check_length("labels", labels.len(), batch)?;
    let count = count_as_f32("the number of rows of the batch", batch)?;
    if u32::try_from(classes).is_err() {
        return Err(refuse("the number of classes", classes, format!("1 to {}", u32::MAX)));
    }
    if let Some(position) = labels.iter().position(|&label| label as usize >= classes) {
        return Err(refuse(
            "a label",
            format!("{} (row {position})", labels[position]),
            format!("0 to {}", classes - 1),
        ));
    }
    let mut rows = vec![Row::default(); batch];
    // An exponential is worth about eight cheap operations.
    let rows_per_task = (TASK / 8).div_ceil(classes);
    if let Some(LogitGradient { loss_scale, dlogits }) = gradient {
        planes.check("dlogits", dlogits.len())?;
        check_loss_scale(loss_scale)?;
        rows.par_iter_mut()
            .zip(dlogits.par_chunks_exact_mut(classes))
            .zip(logits.par_chunks_exact(classes))
            .zip(labels)
            .with_min_len(rows_per_task)
            .for_each_init(
                || vec![0.0; classes],
                |e, (((row, dx), logits), &label)| {
                    let z;
                    (*row, z) = forward(logits, label as usize, e);
                    for (i, e) in e.iter_mut().enumerate() {
                        let target = if i == label as usize { 1.0 } else { 0.0 };
                        *e = (((*e / z) - target) / count) * loss_scale;
                    }
                    narrow(e, dx);
                },
            );
    } else {
        rows.par_iter_mut()
            .zip(logits.par_chunks_exact(classes))
            .zip(labels)
            .with_min_len(rows_per_task)
            .for_each_init(
                || vec![0.0; classes],
                |e, ((row, logits), &label)| *row = forward(logits, label as usize, e).0,
            );
    }
    let sum = rows.iter().fold(0.0, |sum, row| sum + row.loss);
    Ok(Loss {
        loss: canonical(sum / count),
        correct: rows.iter().zip(labels).filter(|(row, label)| row.predicted == **label).count(),
        predicted: rows.iter().map(|row| row.predicted).collect(),
        rows: rows.iter().map(|row| canonical(row.loss)).collect(),
    })
}

/// One row: `e` receives the exponentials; returns loss, prediction and `z`.
fn forward(logits: &[f16], label: usize, e: &mut [f32]) -> (Row, f32) {
    widen(logits, e);
    let (position, m) = maximum(e);
    let target = e[label] - m;
    let z = exponentials(e, m);
    (Row { loss: libm::logf(z) - target, predicted: position as u32 }, z)
}
