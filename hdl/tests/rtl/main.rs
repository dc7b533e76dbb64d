//! What RustHDL and the Verilog tools say of the blocks and of what is emitted.

mod controller;
mod core;
mod dma;
mod edges;
mod emit;
mod ends;
mod float;
mod formal;
mod front;
mod golden;
mod header;
mod live;
mod load;
mod pipeline;
mod refusals;
mod row_bank;
mod sore;
mod steady;
mod store;
mod stream;
mod support;
mod trace;
mod update;
mod update_lane;
mod uspe;
mod vector;
#[path = "../../../tests/verilog.rs"]
mod verilog;
