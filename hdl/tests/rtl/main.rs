//! What RustHDL and the Verilog tools say of the blocks and of what is emitted.

mod emit;
mod float;
mod sore;
mod support;
mod update;
mod update_lane;
