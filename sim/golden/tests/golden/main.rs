//! Tests of the reference against the contract: formulas in FP64, integer arithmetic and enumerations that
//! are written here and share nothing with the crate but its interface.

mod attention;
mod batch_norm;
mod cross_entropy;
mod difference;
mod embedding;
mod exact;
mod layer_norm;
mod mac;
mod method;
mod number;
mod order;
mod pointwise;
mod pooling;
mod prune;
mod refusal;
mod slopes;
mod update;
mod values;
