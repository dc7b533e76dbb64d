//! Where tensors lie in card memory (`docs/machine.md`, memory layout).
//!
//! Activations are NHWC with a pixel pitch of 8 elements up to 8 channels and of a multiple of 32 above. Operand weights
//! lie in tiles of 32 columns, each in K order: a beat of FP16 values for each slot, and of compact weights, before those of
//! four slots, a beat of their 4-bit positions. Weight gradients are rows of FP32 in the geometry's row order.

mod operand;

pub use operand::{OperandEntry, for_each_operand};

use crate::{MacStage, Problem};
use satkit_spec::isa::{Operands, Results};
use satkit_spec::{
    ArrayConfig, BEAT_ELEMENTS, ConvShape, NORM_KEPT_WORDS, NORM_RUNNING_WORDS, Stage,
    WEIGHT_TILE_COLS, norm_units,
};

/// Bytes of an FP16 value.
pub const HALF_BYTES: u64 = 2;
/// Bytes of an FP32 value.
pub const SINGLE_BYTES: u64 = 4;
/// Bytes of one beat, and of one unit of an address.
pub const BEAT_BYTES: u64 = satkit_spec::isa::ADDRESS_UNIT_BYTES;
/// Tensors start at a multiple of this, so that the channels that they use do not depend on their place.
pub const TENSOR_ALIGN_BYTES: u64 = 64 << 10;
/// Bytes of card memory.
pub const CARD_BYTES: u64 = satkit_spec::memory_map::BYTES;

/// Elements from one pixel to the next of a tensor with `channels` channels.
#[must_use]
pub const fn pitch(channels: usize) -> usize {
    if channels <= 8 { 8 } else { channels.next_multiple_of(32) }
}

/// Channels of the streamed operand of a stage, of the columns' operand, and of the results.
pub(crate) const fn channels(mac: &MacStage) -> (usize, usize, usize) {
    let shape = &mac.shape;
    match mac.stage {
        Stage::Ff | Stage::Wu => (shape.ci, shape.co, shape.co),
        Stage::Bp => (shape.co, shape.ci, shape.ci),
    }
}

/// Operands and results of a stage at their natural pitch, all of them at address 0.
pub(crate) fn operands(mac: &MacStage) -> (Operands, Results) {
    let (a, w, out) = channels(mac);
    let (a_pitch, w_pitch, pitch) = (eights(a), eights(w), eights(out));
    let (heads, a_head, w_head) = (1, 0, 0);
    let tile_beats = tile_beats(mac) as u32;
    let operands = Operands { a: 0, w: 0, a_pitch, w_pitch, heads, a_head, w_head, tile_beats };
    let (head, scale) = (0, 1f32.to_bits());
    (operands, Results { out: 0, add: 0, sum: 0, mask: 0, pitch, heads, head, scale })
}

/// The pitch as OPERANDS and RESULTS have it, in 8 elements.
const fn eights(channels: usize) -> u32 {
    (pitch(channels) / 8) as u32
}

/// Elements of a full beat of the longest of an operation's streams, of `beats`: a power of two, as elements are. The last beat need
/// not be full.
#[must_use]
pub const fn beat_elements(elements: u64, beats: u64) -> u64 {
    let mut beat = 1;
    while beat < BEAT_ELEMENTS as u64 && beats * beat < elements {
        beat *= 2;
    }
    beat
}

/// Bytes of an FP16 tensor of `pixels` pixels with `channels` channels.
#[must_use]
pub const fn tensor_bytes(pixels: u64, channels: usize) -> u64 {
    pixels * pitch(channels) as u64 * HALF_BYTES
}

/// Bytes of an FP32 tensor of `pixels` pixels with `channels` channels: the accumulators of FF or BP.
#[must_use]
pub const fn single_tensor_bytes(pixels: u64, channels: usize) -> u64 {
    pixels * pitch(channels) as u64 * SINGLE_BYTES
}

/// Bytes of a batch norm's running statistics.
#[must_use]
pub const fn running_bytes(channels: usize) -> u64 {
    (norm_units(channels) * NORM_RUNNING_WORDS) as u64 * BEAT_BYTES
}

/// Bytes of what a batch norm's forward pass keeps for the backward pass.
#[must_use]
pub const fn norm_kept_bytes(channels: usize) -> u64 {
    (norm_units(channels) * NORM_KEPT_WORDS) as u64 * BEAT_BYTES
}

/// Channels of one block of WU's weight rows: as many as the array has rows, or all of them.
#[must_use]
pub fn weight_row_block(config: &ArrayConfig, shape: &ConvShape) -> usize {
    config.rows.min(shape.ci)
}

/// Bytes of the FP32 gradient of a layer's weights, of its master weights, or of their momentum.
#[must_use]
pub const fn master_bytes(shape: &ConvShape) -> u64 {
    (shape.ci * shape.taps()) as u64 * pitch(shape.co) as u64 * SINGLE_BYTES
}

/// The rows of a layer's master weights, momentum and gradients, in order: the input channel and the tap of each. They are
/// numbered as WU's rows are.
pub fn master_rows(
    config: &ArrayConfig,
    shape: &ConvShape,
) -> impl Iterator<Item = (usize, usize)> + use<> {
    let (ci, taps, block) = (shape.ci, shape.taps(), weight_row_block(config, shape));
    (0..ci).step_by(block).flat_map(move |first| {
        let channels = first..ci.min(first + block);
        (0..taps).flat_map(move |tap| channels.clone().map(move |channel| (channel, tap)))
    })
}

/// Beats of a column tile of the operand weights of FF or BP; 0 in WU.
#[must_use]
pub fn tile_beats(mac: &MacStage) -> u64 {
    mac.problems().first().map_or(0, Problem::tile_beats)
}

/// Bytes of the operand weights that FF or BP of this stage loads; 0 in WU.
#[must_use]
pub fn weight_bytes(mac: &MacStage) -> u64 {
    mac.problems().first().map_or(0, problem_weight_bytes)
}

/// The same, of any of the stage's problems.
pub(crate) fn problem_weight_bytes(problem: &Problem) -> u64 {
    problem.cols.div_ceil(WEIGHT_TILE_COLS) as u64 * problem.tile_beats() * BEAT_BYTES
}
