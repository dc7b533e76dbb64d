//! What moves in a step: images and numbers up, losses down.

use super::{CardMachine, Ready};
use crate::HostError;
use crate::backend::{SgdStep, Tensor};
use crate::network::Op;
use crate::step::StepIo;
use crate::tensors;
use crate::train::{Batch, patches};
use satkit_plan::step::TensorId;

impl CardMachine {
    /// Uploads images and labels to the tensors of `io`.
    pub(super) fn upload_batch(
        &self,
        ready: &Ready,
        io: &StepIo,
        batch: &Batch,
    ) -> Result<(), HostError> {
        let count = batch.labels.len();
        for &(node, tensor) in &io.images {
            let value = ready.uploaded(node, &batch.x)?;
            let (channels, pixels) = match *value.shape() {
                [_, c, h, w] => (c, h * w),
                [_, _, d] => (d, 1),
                _ => (value.len() / count.max(1), 1),
            };
            let values: Vec<_> = value.iter().copied().collect();
            let bytes = tensors::images(&values, channels, pixels);
            self.upload(ready.addresses[tensor.0], &bytes)?;
        }
        let labels: Vec<u8> = batch.labels.iter().flat_map(|label| label.to_le_bytes()).collect();
        self.upload(ready.addresses[io.labels.0], &labels)
    }

    pub(super) fn upload_numbers(&self, ready: &Ready, numbers: &SgdStep) -> Result<(), HostError> {
        let tensor = ready.programs.step.io.numbers;
        self.upload(ready.addresses[tensor.0], &tensors::numbers(numbers))
    }

    /// Mean loss and predicted classes of the first `count` rows.
    pub(super) fn losses(
        &self,
        ready: &Ready,
        tensor: TensorId,
        count: usize,
    ) -> Result<(f32, Vec<u32>), HostError> {
        let bytes = self.download(ready.addresses[tensor.0], count as u64 * 8)?;
        let (rows, _) = bytes.as_chunks::<8>();
        let word = |row: &[u8; 8], at: usize| [row[at], row[at + 1], row[at + 2], row[at + 3]];
        let sum = rows.iter().fold(0.0, |sum, row| sum + f32::from_le_bytes(word(row, 0)));
        let predicted = rows.iter().map(|row| u32::from_le_bytes(word(row, 4))).collect();
        Ok((sum / count as f32, predicted))
    }
}

impl Ready {
    /// The value of an uploaded node.
    fn uploaded(&self, node: usize, x: &Tensor) -> Result<Tensor, HostError> {
        match self.network.nodes()[node].op {
            Op::Patches { side, .. } => Ok(patches(x, side)),
            // A row is all of an image, in the order of channels.
            Op::Flatten { .. } => {
                let images = x.shape()[0];
                let shape = ndarray::IxDyn(&[images, x.len() / images.max(1)]);
                x.clone().into_shape_with_order(shape).map_err(|error| {
                    HostError::setting("image shape", error, "one that its pixels fill")
                })
            }
            _ => Ok(x.clone()),
        }
    }
}
