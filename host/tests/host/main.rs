//! Tests of satkit-host against a backend that computes nothing real.

mod checkpoint;
mod data;
mod fake;
mod networks;
mod npz;
mod step;
mod topology;
mod training;
