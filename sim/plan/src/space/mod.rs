//! The rows of a geometry: patches of output pixels in FF and BP, blocks of weight rows in WU.
//!
//! Instructions name tiles by ranges of these rows. A [`TileSpace`] says which outputs of the matrix problem a row is, and
//! what a range of K slots needs of the streamed operand.

mod grid;
mod slots;

pub use grid::{Grid, Patch};
pub(crate) use slots::{Piece, Taps};

use crate::{MacStage, PlanError, Problem};
use satkit_spec::isa::Geometry;
use satkit_spec::{ConvShape, Dataflow, Sparsity, Stage};
use std::ops::Range;

/// Where the operand of the columns comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum WeightSource {
    /// Weights in tiles of [`satkit_spec::WEIGHT_TILE_COLS`] columns.
    Tiles,
    /// Activations `[K][columns]`: V of attention, dY in WU.
    Rows,
    /// Activations `[columns][K]`, transposed by the loader: K of attention.
    Columns,
}

impl WeightSource {
    /// The value of the instruction field.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Tiles => 0,
            Self::Rows => 1,
            Self::Columns => 2,
        }
    }

    const fn from_code(code: u8) -> Option<Self> {
        match code {
            0 => Some(Self::Tiles),
            1 => Some(Self::Rows),
            2 => Some(Self::Columns),
            _ => None,
        }
    }
}

/// How the rows of a geometry are numbered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rows {
    /// FF and BP: patches of output pixels.
    Patches(Grid),
    /// WU: `(channel block, kh, kw, channel of the block)`.
    WeightRows {
        /// Channels of a block.
        block: usize,
    },
}

/// What a GEOMETRY instruction says, ready to answer which outputs and operands a tile has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TileSpace {
    /// The matrix problem.
    pub problem: Problem,
    /// How it is laid over the array.
    pub dataflow: Dataflow,
    /// How its rows are numbered.
    pub rows: Rows,
    /// Where the columns' operand comes from.
    pub source: WeightSource,
}

impl TileSpace {
    /// Reads a GEOMETRY.
    ///
    /// # Errors
    /// The reason, in words, if it names no possible problem.
    pub fn read(geometry: &Geometry) -> Result<Self, String> {
        let shape = ConvShape::new(
            geometry.batch as usize,
            geometry.ci as usize,
            (geometry.h as usize, geometry.w as usize),
            geometry.co as usize,
            (usize::from(geometry.kh), usize::from(geometry.kw)),
            usize::from(geometry.stride),
            usize::from(geometry.pad),
        )
        .map_err(|error| error.to_string())?;
        let (n, m) = (usize::from(geometry.n), usize::from(geometry.m));
        let sparsity = if geometry.compact {
            Sparsity::new(n, m).map_err(|error| error.to_string())?
        } else if (n, m) == (1, 1) {
            Sparsity::DENSE
        } else {
            return Err(format!("{n}:{m} of weights that are not compact; accepted: 1:1"));
        };
        let mac = MacStage::new(shape, geometry.stage, sparsity)
            .map_err(|error: PlanError| error.to_string())?;
        if mac.sparsity.is_dense() == geometry.compact {
            return Err(format!("compact weights of {sparsity}; accepted: N below M"));
        }
        let phase = usize::from(geometry.phase);
        let problem = mac
            .problems()
            .into_iter()
            .find(|problem| problem.phase_index == phase)
            .ok_or_else(|| format!("there is no phase {phase}"))?;
        if geometry.first_slot as usize != problem.first_slot {
            let (given, first) = (geometry.first_slot, problem.first_slot);
            return Err(format!("phase {phase} after {given} slots; accepted: {first}"));
        }
        let source = WeightSource::from_code(geometry.weight_source)
            .ok_or_else(|| format!("weight source {}; accepted: 0 to 2", geometry.weight_source))?;
        let sides = (usize::from(geometry.patch_h), usize::from(geometry.patch_w));
        if geometry.compact && source != WeightSource::Tiles {
            return Err("compact weights from activations; accepted: weights in tiles".into());
        }
        let rows = match geometry.stage {
            Stage::Ff | Stage::Bp => {
                if geometry.block != 1 {
                    return Err(format!("a block of {}; accepted: 1", geometry.block));
                }
                Rows::Patches(Grid::new(&problem, geometry.flat, sides.0, sides.1)?)
            }
            Stage::Wu => {
                let block = usize::from(geometry.block);
                if block == 0 || geometry.flat || sides != (1, 1) || source == WeightSource::Tiles {
                    return Err("weight rows; accepted: a block of at least 1, patches of 1 x 1, \
                         not flat, columns from activations"
                        .into());
                }
                Rows::WeightRows { block }
            }
        };
        Ok(Self { problem, dataflow: geometry.dataflow, rows, source })
    }

    /// The GEOMETRY of this space.
    #[must_use]
    pub fn geometry(&self) -> Geometry {
        let mac = &self.problem.mac;
        let (flat, patch_h, patch_w, block) = match self.rows {
            Rows::Patches(grid) => (grid.flat, grid.patch_h, grid.patch_w, 1),
            Rows::WeightRows { block } => (false, 1, 1, block),
        };
        // ConvShape's limits are those of the fields, so nothing is cut here.
        Geometry {
            stage: mac.stage,
            dataflow: self.dataflow,
            compact: mac.sparsity != Sparsity::DENSE,
            n: mac.sparsity.n() as u8,
            m: mac.sparsity.m() as u8,
            phase: self.problem.phase_index as u8,
            batch: mac.shape.batch as u32,
            ci: mac.shape.ci as u32,
            co: mac.shape.co as u32,
            h: mac.shape.h as u32,
            w: mac.shape.w as u32,
            kh: mac.shape.kh as u8,
            kw: mac.shape.kw as u8,
            stride: mac.shape.stride as u8,
            pad: mac.shape.pad as u8,
            flat,
            patch_h: patch_h as u8,
            patch_w: patch_w as u8,
            block: block as u8,
            weight_source: self.source.code(),
            first_slot: self.problem.first_slot as u32,
        }
    }

    /// Rows of the geometry.
    #[must_use]
    pub fn row_count(&self) -> usize {
        match self.rows {
            Rows::Patches(grid) => grid.patches(),
            Rows::WeightRows { .. } => self.problem.rows,
        }
    }

    /// Outputs of one column that rows `base..base + count` have; the range lies within [`TileSpace::row_count`].
    #[must_use]
    pub fn outputs(&self, base: usize, count: usize) -> u64 {
        match self.rows {
            Rows::Patches(grid) => grid.pixels(base, count),
            Rows::WeightRows { .. } => count as u64,
        }
    }

    /// Calls `visit` with the ranges of the matrix problem's rows (`Problem`) that these rows of the geometry are.
    pub fn problem_rows(&self, base: usize, count: usize, mut visit: impl FnMut(Range<usize>)) {
        match self.rows {
            Rows::Patches(grid) => grid.problem_rows(base, count, visit),
            Rows::WeightRows { block } => {
                let (ci, taps) = (self.problem.mac.shape.ci, self.problem.mac.shape.taps());
                let (mut at, end) = (base, base + count);
                while at < end {
                    let first = at / (block * taps) * block;
                    let width = block.min(ci - first);
                    let inside = at - first * taps;
                    let (tap, channel) = (inside / width, inside % width);
                    let len = (width - channel).min(end - at);
                    let row = tap * ci + first + channel;
                    visit(row..row + len);
                    at += len;
                }
            }
        }
    }

    /// Input channels and taps that weight rows `base..base + count` touch.
    pub(crate) fn weight_row_span(
        &self,
        block: usize,
        base: usize,
        count: usize,
    ) -> (Range<usize>, Taps) {
        let (ci, taps) = (self.problem.mac.shape.ci, self.problem.mac.shape.taps());
        let place = |row: usize| {
            let first = row / (block * taps) * block;
            let width = block.min(ci - first);
            let inside = row - first * taps;
            (first, width, inside / width, inside % width)
        };
        let kernel_w = self.problem.mac.shape.kw;
        let (first, width, tap, channel) = place(base);
        let (last_first, last_width, last_tap, last_channel) = place(base + count - 1);
        if first == last_first {
            let channels = if tap == last_tap {
                first + channel..first + last_channel + 1
            } else {
                first..first + width
            };
            return (channels, Taps::between(tap, last_tap, kernel_w));
        }
        (first..last_first + last_width, Taps::between(0, taps - 1, kernel_w))
    }

    /// Input channel and kernel tap of a weight row.
    pub(crate) fn weight_row(&self, block: usize, row: usize) -> (usize, usize) {
        let (ci, taps) = (self.problem.mac.shape.ci, self.problem.mac.shape.taps());
        let first = row / (block * taps) * block;
        let width = block.min(ci - first);
        let inside = row - first * taps;
        (first + inside % width, inside / width)
    }
}
