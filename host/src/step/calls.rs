//! The backend calls of a training step.

use std::collections::BTreeMap;

/// How often a step makes each call with that many elements.
///
/// Elements are the dense multiply-accumulates of [`Call::Ff`], [`Call::Bp`] and [`Call::Wu`], the parameters of
/// [`Call::Update`], and the values of one tensor of all others: the input, or its gradient, of poolings, of attention
/// (`qkv`) and of the loss, the output, or its gradient, of the rest.
pub type Calls = BTreeMap<(Call, usize), usize>;

/// A method of [`crate::backend::Backend`] that computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs, reason = "each is a method of the trait, which says what it is")]
pub enum Call {
    Ff,
    Bp,
    Wu,
    Store,
    BiasGradient,
    ReluBackward,
    Add,
    Merge,
    BatchNorm,
    BatchNormBackward,
    LayerNorm,
    LayerNormBackward,
    Gelu,
    GeluBackward,
    MaxPool,
    MaxPoolBackward,
    AveragePool,
    AveragePoolBackward,
    GlobalAveragePool,
    GlobalAveragePoolBackward,
    SoftmaxCrossEntropy,
    Attention,
    AttentionBackward,
    Embed,
    EmbedBackward,
    Update,
}
