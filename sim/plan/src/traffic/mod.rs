//! Which bytes of card memory an instruction moves, as requests that lie in one page each.
//!
//! This is the definition: `docs/machine.md` says it in words, and a DMA engine walks the same runs in the same order.

mod activations;
mod bursts;
mod extent;
mod requests;
mod results;
mod steps;
#[cfg(test)]
mod tests;
mod weights;

use std::ops::Range;

pub(crate) use activations::{
    WeightRowKind, decode_cycles as activation_decode_cycles, first_seen, gcd, load_activations,
    table_cycles as activation_table_cycles, words,
};
pub(crate) use bursts::Bursts;
pub(crate) use extent::{check_activations, check_results, check_weights, on_card};
pub(crate) use requests::{PageRequest, Requests};
pub(crate) use results::store;
pub(crate) use steps::{RequestSteps, Steps};
pub(crate) use weights::load_weights;

/// Bytes that are moved of each row, `pitch` bytes apart, for `part` of its `all` elements: what fills the row up comes with
/// the whole of it, so that rows are one run, unless other products lie beside it.
pub(crate) fn row_bytes(
    part: &Range<usize>,
    all: usize,
    heads: u8,
    element: u64,
    pitch: u64,
) -> u64 {
    let natural = crate::layout::pitch(all) as u64 * element;
    let whole = *part == (0..all) && heads <= 1 && natural >= pitch;
    if whole { pitch } else { part.len() as u64 * element }
}

/// Byte address of an address field.
pub(crate) const fn bytes_at(field: u32) -> u64 {
    field as u64 * satkit_spec::isa::ADDRESS_UNIT_BYTES
}

/// Bytes from one pixel or row to the next, of FP16 elements, from a pitch field.
pub(crate) const fn half_pitch(field: u32) -> u64 {
    field as u64 * 8 * crate::layout::HALF_BYTES
}

/// Byte offset of product `group` in a tensor of `rows` rows, `pitch` bytes apart, whose rows hold `heads` products side
/// by side, `head` eights of FP16 elements apart.
pub(crate) fn group_offset(group: u32, heads: u8, head: u32, rows: usize, pitch: u64) -> u64 {
    if group == 0 {
        return 0;
    }
    let heads = u64::from(heads.max(1));
    let (image, inside) = (u64::from(group) / heads, u64::from(group) % heads);
    image * rows as u64 * pitch + inside * half_pitch(head)
}
