//! The layers around the matrix stages, forward and backward, one file each
//! (`docs/contract-elementwise.md`).
//!
//! The channel of an image `(n, c, h, w)` is axis 1, that of tokens `(b, t, d)` and rows `(rows, c)` is the last
//! axis. Operations that do not look at axes take tensors of any dimension.

pub mod add;
pub mod attention;
pub mod average_pool;
pub mod batch_norm;
pub mod cross_entropy;
pub mod embedding;
pub mod gelu;
pub mod layer_norm;
pub mod max_pool;
pub mod relu;
pub mod softmax;
pub mod store;
pub mod window;

use crate::error::{GoldenError, check_value};

/// A count as FP32, which must hold it exactly.
fn exact_f32(what: &'static str, count: usize) -> Result<f32, GoldenError> {
    check_value((1..=1 << 24).contains(&count), what, count, "1 to 16777216 (2^24)")?;
    Ok(count as f32)
}
