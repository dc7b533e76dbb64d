//! Tests of satkit-host against a backend that computes nothing real.

mod bitstream;
mod checkpoint;
mod data;
mod fake;
#[path = "../../../tests/board/given.rs"]
mod given;
mod networks;
mod npz;
mod step;
mod topology;
mod training;
