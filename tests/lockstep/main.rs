//! The Verilog's engines and the timing model in lockstep: every instruction of random programs starts and ends in the same cycle.

mod array;
mod difference;
mod faults;
mod given;
mod norms;
mod stages;
mod steps;
mod updates;
mod vectors;
