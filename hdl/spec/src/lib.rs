//! The facts of the SAT accelerator, each in one place.
//!
//! Everything that two parts of satkit must agree on lives here: sparsity and
//! methods ([`Sparsity`], [`Method`]), layer shapes and the K order
//! ([`ConvShape`], [`K_BLOCK`]), array configurations ([`ArrayConfig`]), the
//! instruction encoding ([`isa`]), the register map ([`regs`]) and the hash over all of
//! it ([`contract_hash`]). The crate knows no operating system, does no input or
//! output and depends on no other part of satkit.
//!
//! Source: arXiv 2309.13015 (BDWP, SAT) for the machine and the method;
//! `docs/contract.md` for what the paper leaves open.

mod array;
mod array_timing;
mod contract;
mod described;
mod device;
mod error;
mod front_timing;
pub mod isa;
pub mod memory_map;
mod method;
mod norm;
mod operand;
pub mod reference;
pub mod regs;
mod shape;
mod sparsity;
pub mod verilog;

pub use array::{ArrayConfig, MAX_INTERLEAVE};
pub use array_timing::{ARRAY_FRONT_CYCLES, ArrayTiming, MM_DECODE_CYCLES};
pub use contract::{CONTRACT_VERSION, ContractHash, contract_hash};
pub use device::Resources;
pub use error::SpecError;
pub use front_timing::{
    ACTIVATION_DECODE_CYCLES, ACTIVATION_IMAGE_DECODE_CYCLES, ACTIVATION_STRIPE_DECODE_CYCLES,
    ACTIVATION_TABLE_CYCLES, ACTIVATION_TABLE_ROW_CYCLES, ACTIVATION_WRITE_CYCLES, BEAT_ELEMENTS,
    FETCH_BUFFER_BEATS, FETCH_BURST_BEATS, LOAD_DECODE_CYCLES, LOAD_ISSUE_CYCLES,
    LOAD_WRITE_CYCLES, NORM_BACKWARD_CYCLES, NORM_FORWARD_CYCLES, PANEL_CHANNELS,
    PANEL_LATENCY_CYCLES, PANEL_STEP_CYCLES, QUEUE_CYCLES, REQUEST_CYCLES, RESPONSE_CYCLES,
    ROW_TAIL_CYCLES, STORE_AHEAD_CYCLES, STORE_BURST_BEATS, STORE_DECODE_CYCLES, STORE_DONE_CYCLES,
    STORE_LATENCY_CYCLES, STORE_READ_CYCLES, STREAM_BUFFERS, UPDATE_BUFFER_CYCLES,
    UPDATE_DECODE_CYCLES, VECTOR_DECODE_CYCLES, VECTOR_LATENCY_CYCLES, W_DATA_CYCLES,
    W_OFFER_CYCLES,
};
pub use method::{BpGradient, Method, Stage, WeightOperand};
pub use norm::{
    NORM_INVERSE, NORM_K, NORM_KEPT_WORDS, NORM_MEAN, NORM_PIECE_CHANNELS, NORM_RUNNING_WORDS,
    NORM_SUM_HIGH, NORM_SUM_LOW, NORM_SUM_SPECIAL, NORM_UNIT_CHANNELS, norm_lanes, norm_place,
    norm_units,
};
pub use operand::{
    POSITION_SLOTS, WEIGHT_TILE_COLS, position_beat, weight_beat, weight_tile_beats,
};
pub use shape::{BpPhase, ConvShape, K_BLOCK, SlotPosition};
pub use sparsity::Sparsity;

/// How a MAC stage is laid over the array.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum Dataflow {
    /// Weights stay in the USPEs, activations and partial sums stream.
    #[serde(rename = "ws")]
    WeightStationary,
    /// Outputs stay in the USPEs' accumulator rings, operands stream.
    #[serde(rename = "os")]
    OutputStationary,
}

impl Dataflow {
    /// The two-letter name of the field: `ws` or `os`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::WeightStationary => "ws",
            Self::OutputStationary => "os",
        }
    }
}

impl std::fmt::Display for Dataflow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
