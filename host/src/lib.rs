//! Training on an accelerator that is handed in: networks, data, the loop, checkpoints.
//!
//! [`train::Trainer`] runs a [`network::Network`] on a [`data::Dataset`] with whatever implements
//! [`backend::Backend`]. This crate knows no simulator and no card, computes no layer itself, and
//! is deterministic: the same settings, data and backend give the same bits on every machine, interrupted or
//! not.

pub mod backend;
pub mod bitstream;
pub mod card;
pub mod checkpoint;
pub mod data;
mod error;
mod files;
pub mod kernel;
pub mod network;
pub mod npz;
mod random;
pub mod session;
pub mod step;
mod tensors;
pub mod topology;
pub mod train;
pub mod validate;
#[cfg(target_os = "linux")]
pub mod xdma;

pub use error::HostError;
