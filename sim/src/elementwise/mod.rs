//! The elementwise layers: everything around the matrix stages, bit for bit.
//!
//! Source: `docs/contract-elementwise.md`. One file per layer; functions take plain slices with explicit
//! sizes, images NCHW ([`Planes`]), tokens `(b, t, d)`, rows `(rows, d)`, activations FP16, parameters and
//! statistics FP32. Every stored NaN is canonical. Work is shared by rayon's current thread pool; the
//! number of threads never changes a bit, because a sum is either exact or runs in ascending
//! index within one task.

mod attention;
mod batch_norm;
mod channel_sums;
mod checks;
mod cross_entropy;
mod embedding;
mod exact;
mod fused;
mod gelu;
mod layer_norm;
mod matmul;
mod planes;
mod pooling;
mod residual;
mod softmax;
mod store;
mod vector;

#[cfg(test)]
pub(crate) mod tests;

pub use attention::{AttentionShape, attention, attention_backward};
pub use batch_norm::{
    BatchStatistics, NormGradient, batch_norm_eval, batch_norm_eval_backward, batch_norm_train,
    batch_norm_train_backward,
};
pub use cross_entropy::{LogitGradient, Loss, cross_entropy};
pub use embedding::{EmbeddingGradient, EmbeddingShape, embed, embed_backward};
pub use exact::MAX_TERMS;
pub use fused::Fused;
pub use gelu::{gelu, gelu_backward};
pub use layer_norm::{RowStatistics, layer_norm, layer_norm_backward};
pub use planes::Planes;
pub use pooling::{
    PoolShape, average_pool, average_pool_backward, global_average_pool,
    global_average_pool_backward, max_pool, max_pool_backward,
};
pub use residual::{merge_gradient, relu_backward, residual_add};
pub use store::{bias_gradient, store};

pub(crate) use attention::softmax_row;
pub(crate) use batch_norm::{
    apply, apply_backward, gradient, inverse_deviation, product, statistics,
};
pub(crate) use checks::{check_length, refuse};
pub(crate) use exact::{ExactSum, VALUE_UNIT};
pub(crate) use vector::{TASK, vectorised};
