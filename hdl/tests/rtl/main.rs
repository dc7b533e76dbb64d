//! What RustHDL and the Verilog tools say of the blocks and of what is emitted.

mod controller;
mod core;
mod edges;
mod emit;
mod float;
mod formal;
mod golden;
mod pipeline;
mod refusals;
mod sore;
mod steady;
mod support;
mod trace;
mod update;
mod update_lane;
mod uspe;
mod vector;
