//! Softmax cross-entropy (`docs/contract-elementwise.md`, softmax cross-entropy).

use super::exact_f32;
use super::softmax::Softmax;
use crate::error::{GoldenError, check_not_empty, check_shape, check_value};
use crate::number::{canon32, to_f16, to_f32};
use crate::update::check_loss_scale;
use half::f16;
use ndarray::{Array2, ArrayView2};

/// Loss and gradient of one batch.
#[derive(Clone, Debug)]
pub struct CrossEntropy {
    /// FP32 mean loss over the rows, without loss scale.
    pub loss: f32,
    /// Predicted class of each row.
    pub predicted: Vec<usize>,
    /// Rows whose predicted class is their label.
    pub correct: usize,
    /// FP16 gradient of the logits `(b, classes)`, with loss scale.
    pub dlogits: Array2<f16>,
}

/// Cross-entropy of FP16 logits `(b, classes)` with one label per row; `loss_scale` is a power of two.
///
/// # Errors
/// [`GoldenError::Shape`] if the logits are empty or the labels are not one per row, [`GoldenError::Value`] for a label that is
/// no class, a batch above 2^24 or a loss scale that is no power of two.
pub fn cross_entropy(
    logits: ArrayView2<f16>,
    labels: &[usize],
    loss_scale: f32,
) -> Result<CrossEntropy, GoldenError> {
    check_not_empty("the logits", logits.shape())?;
    let (rows, classes) = logits.dim();
    let batch = exact_f32("the batch", rows)?;
    check_shape("the labels", &[labels.len()], &[rows], "one per row")?;
    for &label in labels {
        check_value(label < classes, "a label", label, format!("0 to {}", classes - 1))?;
    }
    check_loss_scale(loss_scale)?;
    let mut loss = 0.0;
    let mut predicted = Vec::with_capacity(rows);
    let mut dlogits = Array2::from_elem(logits.dim(), f16::ZERO);
    for (row, &label) in labels.iter().enumerate() {
        let x = logits.row(row);
        let Softmax { best, max, exps, sum } = Softmax::new(x);
        loss += libm::logf(sum) - (to_f32(x[label]) - max);
        predicted.push(best);
        for (class, e) in exps.iter().enumerate() {
            let target = f32::from(u8::from(class == label));
            dlogits[[row, class]] = to_f16((((e / sum) - target) / batch) * loss_scale);
        }
    }
    let correct = predicted.iter().zip(labels).filter(|(best, label)| best == label).count();
    Ok(CrossEntropy { loss: canon32(loss / batch), predicted, correct, dlogits })
}
