//! The contract, transcribed line by line: scalar, sequential, sums in 128-bit integers.
//!
//! Source: `docs/contract-elementwise.md`. Nothing of the tested code is used here.

mod attention;
mod batch_norm;
mod layer_norm;
mod loss;
mod pooling;
mod stores;
mod xsum;

pub(super) use attention::Attention;
pub(super) use batch_norm::{
    batch_norm_eval, batch_norm_eval_backward, batch_norm_train, batch_norm_train_backward,
};
pub(super) use layer_norm::{layer_norm, layer_norm_backward};
pub(super) use loss::cross_entropy;
pub(super) use pooling::{Pool, global_average};
pub(super) use stores::{
    bias_gradient, embed, embed_backward, gelu, gelu_backward, relu_backward, store,
};
pub(super) use xsum::{Xsum, r};

use half::f16;

/// `h(v)`.
pub(super) fn h(v: f32) -> f16 {
    if v.is_nan() { f16::from_bits(0x7E00) } else { f16::from_f32_const(v) }
}

/// `f(v)`.
pub(super) fn f(v: f16) -> f32 {
    v.to_f32_const()
}
