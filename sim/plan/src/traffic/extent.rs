//! Which tensors lie on the card.

use super::row_bytes;
use crate::layout::{BEAT_BYTES, CARD_BYTES, HALF_BYTES, SINGLE_BYTES, problem_weight_bytes};
use crate::space::{Rows, TileSpace, WeightSource};
use satkit_spec::Stage;
use satkit_spec::isa::{Operands, Results, Store};

/// A tensor of rows of the same width, in any number of products.
struct Tensor {
    address: u32,
    rows: usize,
    width: usize,
    heads: u8,
    /// In eights of elements, as fields hold them.
    pitch: u32,
    head: u32,
    element: u64,
}

impl Tensor {
    /// Checks that product `group` lies on the card. Fields may say anything, so this counts in 128 bits.
    fn check(&self, group: u32) -> Result<(), String> {
        let eights = |field: u32| u64::from(field) * 8 * self.element;
        let pitch = eights(self.pitch);
        if (self.pitch as usize) * 8 < self.width {
            return Err(format!("rows of {} elements {} apart", self.width, self.pitch * 8));
        }
        let heads = u32::from(self.heads.max(1));
        let (image, inside) = (group / heads, group % heads);
        let rows = (u128::from(image) + 1) * self.rows as u128;
        let last = row_bytes(&(0..self.width), self.width, self.heads, self.element, pitch);
        on_card(
            u128::from(self.address) * u128::from(BEAT_BYTES)
                + rows.saturating_sub(1) * u128::from(pitch)
                + u128::from(inside) * u128::from(eights(self.head))
                + u128::from(last),
        )
    }
}

/// Checks that what ends at byte `end` lies on the card.
///
/// # Errors
/// The reason, in words.
pub(crate) fn on_card(end: u128) -> Result<(), String> {
    if end <= u128::from(CARD_BYTES) {
        return Ok(());
    }
    Err(format!("memory up to byte {end} of a card of {CARD_BYTES}"))
}

/// Checks the streamed operand.
///
/// # Errors
/// The reason, in words.
pub(crate) fn check_activations(
    space: &TileSpace,
    operands: &Operands,
    group: u32,
) -> Result<(), String> {
    let shape = &space.problem.mac.shape;
    let (pixels, width) = match space.problem.mac.stage {
        Stage::Ff | Stage::Wu => (shape.h * shape.w, shape.ci),
        Stage::Bp => (shape.out_h() * shape.out_w(), shape.co),
    };
    let (address, heads, pitch, head) =
        (operands.a, operands.heads, operands.a_pitch, operands.a_head);
    let (rows, element) = (shape.batch * pixels, HALF_BYTES);
    Tensor { address, rows, width, heads, pitch, head, element }.check(group)
}

/// Checks the columns' operand.
///
/// # Errors
/// As [`check_activations`].
pub(crate) fn check_weights(
    space: &TileSpace,
    operands: &Operands,
    group: u32,
) -> Result<(), String> {
    let problem = &space.problem;
    let (rows, width) = match space.source {
        WeightSource::Tiles => {
            let beats = problem.tile_beats();
            if u64::from(operands.tile_beats) != beats {
                let given = operands.tile_beats;
                return Err(format!("tiles of weights {given} beats apart; accepted: {beats}"));
            }
            let base = u128::from(operands.w) * u128::from(BEAT_BYTES);
            return on_card(base + u128::from(problem_weight_bytes(problem)));
        }
        WeightSource::Rows => (problem.slots, problem.cols),
        WeightSource::Columns => (problem.cols, problem.slots),
    };
    let (address, heads, pitch, head) =
        (operands.w, operands.heads, operands.w_pitch, operands.w_head);
    Tensor { address, rows, width, heads, pitch, head, element: HALF_BYTES }.check(group)
}

/// Checks the results.
///
/// # Errors
/// As [`check_activations`].
pub(crate) fn check_results(
    space: &TileSpace,
    results: &Results,
    store: &Store,
) -> Result<(), String> {
    let problem = &space.problem;
    let shape = &problem.mac.shape;
    let rows = match (space.rows, problem.phase) {
        (Rows::Patches(_), Some(_)) => shape.batch * shape.h * shape.w,
        _ => problem.rows,
    };
    let element = if store.fp32 { SINGLE_BYTES } else { HALF_BYTES };
    let (address, heads, pitch, head) = (results.out, results.heads, results.pitch, results.head);
    Tensor { address, rows, width: problem.cols, heads, pitch, head, element }.check(store.group)
}
