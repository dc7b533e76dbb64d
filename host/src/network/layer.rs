//! MAC layers: convolutions and linear layers.

use crate::HostError;
use satkit_spec::ConvShape;

/// A convolution or linear layer of a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerSpec {
    /// Name, such as `layer1.0.conv1`.
    pub name: String,
    /// Shape for one image: batch 1, or as many rows as an image has tokens.
    pub shape: ConvShape,
    /// True for linear layers.
    pub is_linear: bool,
    /// False for the first and the last MAC layer, which stay dense.
    pub prunable: bool,
    /// True if the gradient of its input is not needed.
    pub is_first: bool,
    /// Index of its weight among the network's parameters.
    pub weight: usize,
}

/// A MAC layer as the backend sees it: with the batch that it runs on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MacLayer {
    /// Index among the network's MAC layers, in forward order: a key for what a backend caches.
    pub id: usize,
    /// Name, such as `layer1.0.conv1`.
    pub name: String,
    /// Shape, batch included. A linear layer over tokens has `batch * tokens` rows.
    pub shape: ConvShape,
    /// True for linear layers, whose tensors are tokens or rows instead of images.
    pub is_linear: bool,
    /// False for the first and the last MAC layer of a network, which stay dense.
    pub prunable: bool,
    /// True if the gradient of its input is not needed: BP is never asked of it.
    pub is_first: bool,
}

impl LayerSpec {
    /// The layer for `batch` images.
    ///
    /// # Errors
    /// [`HostError::Setting`] if that batch is not possible.
    pub(crate) fn with_batch(&self, id: usize, batch: usize) -> Result<MacLayer, HostError> {
        let shape = batch
            .checked_mul(self.shape.batch)
            .and_then(|rows| self.shape.with_batch(rows).ok())
            .ok_or_else(|| {
                let most = ConvShape::MAX_BATCH / self.shape.batch;
                HostError::setting("batch", batch, format!("1 to {most} images"))
            })?;
        Ok(MacLayer {
            id,
            name: self.name.clone(),
            shape,
            is_linear: self.is_linear,
            prunable: self.prunable,
            is_first: self.is_first,
        })
    }
}
