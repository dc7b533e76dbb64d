//! Batch norm's channels in card memory: what is read and written of each before it is applied.
//!
//! Channels lie in units of [`NORM_UNIT_CHANNELS`], the FP32 values of a beat; a unit has one beat of each of its words, one behind
//! another, and the last is filled up with zeros. So a piece of channels is a piece of each tensor.

/// Channels of a unit: the FP32 values of a beat.
pub const NORM_UNIT_CHANNELS: usize = 16;
/// Most channels of one instruction: what is kept of them is a page.
pub const NORM_PIECE_CHANNELS: usize = 128;
/// Words of the running statistics of a channel, FP32: mean, variance.
pub const NORM_RUNNING_WORDS: usize = 2;
/// Words of what the forward pass keeps of a channel for the backward pass: [`NORM_K`] and those after it.
pub const NORM_KEPT_WORDS: usize = 6;
/// `k`, FP32.
pub const NORM_K: usize = 0;
/// `inv`, FP32.
pub const NORM_INVERSE: usize = 1;
/// `mean`, FP32.
pub const NORM_MEAN: usize = 2;
/// `S1` in units of 2^-24, two's complement: its lower 32 bits; 0 if it is no number.
pub const NORM_SUM_LOW: usize = 3;
/// Its upper 32 bits; the same.
pub const NORM_SUM_HIGH: usize = 4;
/// What is no number: bit 0, S1 has terms of +Inf; bit 1, of -Inf; both, it is NaN.
pub const NORM_SUM_SPECIAL: usize = 5;

/// Channels that VE computes at a time: as many as it has lanes, up to a unit.
#[must_use]
pub const fn norm_lanes(lanes: usize) -> usize {
    if lanes < NORM_UNIT_CHANNELS { lanes } else { NORM_UNIT_CHANNELS }
}

/// Units of so many channels.
#[must_use]
pub const fn norm_units(channels: usize) -> usize {
    channels.div_ceil(NORM_UNIT_CHANNELS)
}

/// Beat, in a tensor of `words` words for each channel, of one of them, and which of the beat's 16 values is the channel's.
#[must_use]
pub const fn norm_place(words: usize, channel: usize, word: usize) -> (usize, usize) {
    (channel / NORM_UNIT_CHANNELS * words + word, channel % NORM_UNIT_CHANNELS)
}
