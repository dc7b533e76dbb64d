//! How one matrix problem is laid over the array, and the instructions of that.
//!
//! A mapping is legal if its tiles fit the accumulators and its chunks the halves of the buffers. The order of K inside
//! each output is the contract's under every mapping, so values cannot depend on the choice.

mod candidates;
mod emit;
mod estimate;
#[cfg(test)]
mod tests;

pub use candidates::candidates;
pub use emit::{Emitter, StoreWork, emit};
pub(crate) use estimate::Estimate;

use crate::problem::Problem;
use crate::space::{Grid, Rows, TileSpace, WeightSource};
use crate::traffic::{self, WeightRowKind, gcd};
use crate::{PlanError, cost};
use satkit_spec::{ArrayConfig, Dataflow, MAX_INTERLEAVE, Stage};
use std::fmt;

/// Most K slots that a chunk may be said to have; buffers hold far fewer.
const MAX_CHUNK_SLOTS: usize = 1 << 24;

/// Which tiles come one after another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Order {
    /// All columns of a row tile, then the next row tile: activations may stay.
    Rows,
    /// All rows of a column tile, then the next column tile: weights may stay.
    Columns,
}

/// An output-stationary mapping.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct OsMapping {
    /// FF and BP: height of the patch of one array row in pixels. 1 in WU.
    pub patch_h: usize,
    /// FF and BP: width of the patch in pixels. WU: weight rows of one array row.
    pub patch_w: usize,
    /// Output columns that one USPE owns, Iq.
    pub iq: usize,
    /// K slots of one chunk.
    pub chunk_slots: usize,
    /// Order of the tiles.
    pub order: Order,
}

/// A weight-stationary mapping.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct WsMapping {
    /// Output rows that stream through one pass, P.
    pub rows: usize,
    /// Column tiles that share a pass's activations, their partial sums side by side in the psum buffer.
    pub col_group: usize,
}

/// A mapping of one problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mapping {
    /// Output-stationary.
    Os(OsMapping),
    /// Weight-stationary.
    Ws(WsMapping),
}

impl OsMapping {
    /// Outputs along the rows that one USPE owns, Ip.
    #[must_use]
    pub const fn ip(&self) -> usize {
        self.patch_h * self.patch_w
    }
}

impl fmt::Display for Mapping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Os(os) => {
                let order = match os.order {
                    Order::Rows => "rows first",
                    Order::Columns => "columns first",
                };
                write!(
                    f,
                    "os Ip={}x{} Iq={} chunks of {} slots, {order}",
                    os.patch_h, os.patch_w, os.iq, os.chunk_slots
                )
            }
            Self::Ws(ws) => write!(f, "ws P={} column tiles={}", ws.rows, ws.col_group),
        }
    }
}

impl Mapping {
    /// The dataflow.
    #[must_use]
    pub const fn dataflow(&self) -> Dataflow {
        match self {
            Self::Os(_) => Dataflow::OutputStationary,
            Self::Ws(_) => Dataflow::WeightStationary,
        }
    }

    /// Ip and Iq; 1 and 1 in WS.
    #[must_use]
    pub const fn interleave(&self) -> (usize, usize) {
        match self {
            Self::Os(os) => (os.ip(), os.iq),
            Self::Ws(_) => (1, 1),
        }
    }

    /// The space that its instructions speak of, if the mapping is legal for that problem on that machine.
    ///
    /// # Errors
    /// [`PlanError::Mapping`] naming what does not fit.
    pub fn space(
        &self,
        config: &ArrayConfig,
        problem: &Problem,
        source: WeightSource,
    ) -> Result<TileSpace, PlanError> {
        self.checked_space(config, problem, source).map_err(|reason| PlanError::Mapping {
            mapping: self.to_string(),
            problem: format!("{problem:?}"),
            reason,
        })
    }

    pub(crate) fn checked_space(
        &self,
        config: &ArrayConfig,
        problem: &Problem,
        source: WeightSource,
    ) -> Result<TileSpace, String> {
        let flat = problem.mac.stage != Stage::Wu && Grid::may_be_flat(problem);
        let rows = |patch_h: usize, patch_w: usize| match problem.mac.stage {
            Stage::Ff | Stage::Bp => {
                Ok::<_, String>(Rows::Patches(Grid::new(problem, flat, patch_h, patch_w)?))
            }
            Stage::Wu => Ok(Rows::WeightRows {
                block: crate::layout::weight_row_block(config, &problem.mac.shape),
            }),
        };
        match self {
            Self::Os(os) => {
                // A mapping may come from a file, so no product is taken for granted.
                let outputs = os.patch_h.checked_mul(os.patch_w);
                let outputs = outputs.and_then(|ip| ip.checked_mul(os.iq)).unwrap_or(usize::MAX);
                if outputs == 0 || outputs > MAX_INTERLEAVE {
                    return Err(format!(
                        "{outputs} outputs per USPE; accepted: 1 to {MAX_INTERLEAVE}"
                    ));
                }
                if os.chunk_slots == 0 || os.chunk_slots > MAX_CHUNK_SLOTS {
                    return Err(format!(
                        "chunks of {} slots; accepted: 1 to {MAX_CHUNK_SLOTS}",
                        os.chunk_slots
                    ));
                }
                let space = TileSpace {
                    problem: *problem,
                    dataflow: Dataflow::OutputStationary,
                    rows: rows(os.patch_h, os.patch_w)?,
                    source,
                };
                let entries = os.iq.min(problem.cols.div_ceil(config.cols))
                    * os.chunk_slots.min(problem.slots);
                let half = config.n2s_entries_per_col / 2;
                if entries > half {
                    return Err(format!("{entries} entries in half a bank of {half}"));
                }
                let words = self.most_words(config, &space, os);
                let half = config.w2e_words_per_row / 2;
                if words > half {
                    return Err(format!("{words} words in half a bank of {half}"));
                }
                Ok(space)
            }
            Self::Ws(ws) => {
                let space = TileSpace {
                    problem: *problem,
                    dataflow: Dataflow::WeightStationary,
                    rows: rows(1, 1)?,
                    source,
                };
                let half = config.w2e_words_per_row / 2;
                if ws.rows == 0 || ws.col_group == 0 {
                    return Err("no rows or no columns; accepted: at least 1 of each".into());
                }
                let sums = ws.rows.saturating_mul(ws.col_group);
                if sums > config.psum_depth {
                    return Err(format!(
                        "{sums} partial sums in a buffer of {}",
                        config.psum_depth
                    ));
                }
                if ws.rows > half {
                    return Err(format!("{} words in half a bank of {half}", ws.rows));
                }
                Ok(space)
            }
        }
    }

    /// The most words that any chunk of any row tile needs.
    fn most_words(&self, config: &ArrayConfig, space: &TileSpace, os: &OsMapping) -> usize {
        let count = space.row_count();
        let tile = self.tile_rows(config, space);
        let chunk = os.chunk_slots;
        let slots = space.problem.slots;
        // Chunks differ in where they begin in their channel block or image, which comes round after so many.
        let cycle = |period: usize| period / gcd(period.max(1), chunk);
        let chunks = (0..slots).step_by(chunk).map(|base| base..(base + chunk).min(slots));
        match space.rows {
            // Patches count as whole, so every tile needs the same.
            Rows::Patches(_) => {
                let block = space.problem.block_slots();
                let cycle = cycle(block);
                // The last block may be narrower.
                let narrow = slots.saturating_sub(1) / block.max(1) * block;
                let kinds =
                    chunks.enumerate().filter(|(i, slots)| *i < cycle || slots.end > narrow);
                let words =
                    kinds.map(|(_, s)| traffic::words(config, space, 0..tile.min(count), s));
                words.max().unwrap_or(0)
            }
            Rows::WeightRows { block } => {
                let tiles =
                    (0..count).step_by(tile.max(1)).map(|base| base..(base + tile).min(count));
                let mut kinds: Vec<WeightRowKind> = Vec::new();
                for rows in tiles {
                    let kind = WeightRowKind::of(config, space, block, &rows);
                    if !kinds.contains(&kind) {
                        kinds.push(kind);
                    }
                }
                let shape = &space.problem.mac.shape;
                let flat = Grid::may_be_flat(&space.problem);
                let image = if flat { 1 } else { shape.out_h() * shape.out_w() };
                let words = chunks.take(cycle(image)).flat_map(|slots| {
                    kinds.iter().map(move |k| k.words(config, space, slots.start, slots.len()))
                });
                words.max().unwrap_or(0)
            }
        }
    }

    /// Rows of the geometry in one tile.
    #[must_use]
    pub fn tile_rows(&self, config: &ArrayConfig, space: &TileSpace) -> usize {
        match (self, space.rows) {
            (Self::Os(_), Rows::Patches(_)) => config.rows,
            (Self::Os(os), Rows::WeightRows { .. }) => config.rows * os.ip(),
            (Self::Ws(ws), _) => ws.rows,
        }
    }

    /// Columns of one tile.
    #[must_use]
    pub const fn tile_cols(&self, config: &ArrayConfig) -> usize {
        match self {
            Self::Os(os) => config.cols * os.iq,
            Self::Ws(_) => config.cols,
        }
    }
}

/// A range of rows, columns or slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Extent {
    pub(crate) base: usize,
    pub(crate) len: usize,
}

/// Cuts `0..total` into extents of at most `step`; one empty extent if there is nothing.
pub(crate) fn extents(total: usize, step: usize) -> Vec<Extent> {
    if total == 0 {
        return vec![Extent { base: 0, len: 0 }];
    }
    let extent = |base| Extent { base, len: step.min(total - base) };
    (0..total).step_by(step.max(1)).map(extent).collect()
}

/// Rows that a WS pass streams at least without idle cycles.
pub(crate) fn ws_floor(config: &ArrayConfig) -> usize {
    cost::ws_pass_floor_cycles(config) as usize
}
