//! The load engines under Verilator, behind the sequencer and the ports to memory: every burst, start and end is in the cycle
//! that the timing model says, and the banks hold what the loads bring.

mod activations;
mod bench;
mod card;
mod job;
mod leaves;
mod program;
mod tiles;
mod weights;
