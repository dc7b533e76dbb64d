//! What RustHDL and the Verilog tools say of the blocks and of what is emitted.

mod core;
mod emit;
mod float;
mod sore;
mod support;
mod update;
mod update_lane;
