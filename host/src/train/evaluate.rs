//! Testing a network.

use super::forward::{Mode, forward};
use crate::HostError;
use crate::backend::Backend;
use crate::data::Samples;
use crate::network::{ModelState, Network};
use std::sync::atomic::{AtomicBool, Ordering};

/// How well a network does on labelled images.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Evaluation {
    /// Share of the images whose class was predicted. 0 to 1.
    pub accuracy: f64,
    /// Mean loss; not finite if the network's numbers are not.
    pub loss: f64,
    /// Number of images.
    pub images: usize,
}

/// Evaluates all of `samples`, `batch` images at a time; the last batch may be smaller. Its cycles are not counted.
/// `None` if `stop` was set before the end.
///
/// # Errors
/// [`HostError`] if there are no images, the state is not the network's, or the backend refuses an operation.
pub fn evaluate<B: Backend>(
    backend: &mut B,
    network: &Network,
    state: &ModelState,
    samples: &Samples,
    batch: usize,
    stop: &AtomicBool,
) -> Result<Option<Evaluation>, HostError> {
    if samples.is_empty() || batch == 0 {
        let given = format!("of {batch} over {} images", samples.len());
        return Err(HostError::setting("evaluation batch", given, "at least 1 image"));
    }
    state.check(network)?;
    backend.set_counting(false);
    let result = run(backend, network, state, samples, batch, stop);
    backend.set_counting(true);
    result
}

fn run<B: Backend>(
    backend: &mut B,
    network: &Network,
    state: &ModelState,
    samples: &Samples,
    batch: usize,
    stop: &AtomicBool,
) -> Result<Option<Evaluation>, HostError> {
    let indices: Vec<usize> = (0..samples.len()).collect();
    let mut layers = network.mac_layers(batch.min(samples.len()))?;
    let (mut correct, mut loss_sum) = (0, 0.0);
    for chunk in indices.chunks(batch) {
        if stop.load(Ordering::Relaxed) {
            return Ok(None);
        }
        if chunk.len() < batch {
            layers = network.mac_layers(chunk.len())?;
        }
        let (x, labels) = samples.batch(chunk)?;
        let mode = Mode::Evaluate(&state.running);
        let tape = forward(backend, network, &layers, &state.values, mode, x)?;
        let output = backend
            .softmax_cross_entropy(tape.logits()?, &labels, None)
            .map_err(HostError::backend("loss"))?;
        correct += count_correct(&output.predicted, &labels);
        loss_sum += f64::from(output.loss) * chunk.len() as f64;
    }
    let images = samples.len();
    let accuracy = correct as f64 / images as f64;
    Ok(Some(Evaluation { accuracy, loss: loss_sum / images as f64, images }))
}

pub(super) fn count_correct(predicted: &[u32], labels: &[u32]) -> u64 {
    predicted.iter().zip(labels).filter(|(predicted, label)| predicted == label).count() as u64
}
