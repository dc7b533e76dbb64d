//! How a chunk of activations lies in the row banks, and how the array walks through it: what WALK instructions say, the
//! offsets of each output of a row, and which input value each element of a bank is.
//!
//! A bank's half is a line of elements, `m_lanes` to a word. A K slot of output `i` of array row `r` is at
//! `element of the walk + offset(r, segment, i)`; the walk is the same for all rows and outputs, the offset for all slots of a segment.

mod patches;
mod streamed;
mod weight_rows;

use crate::space::{Rows, TileSpace};
use satkit_spec::isa::{ELEMENT_BITS, MAX_WALKS, Walk};
use satkit_spec::{ArrayConfig, Dataflow};
use std::ops::Range;

/// An input value: a pixel of the streamed tensor (X in FF and WU, dY in BP) and its channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Source {
    /// Image of the batch.
    pub image: usize,
    /// Pixel row.
    pub y: usize,
    /// Pixel column.
    pub x: usize,
    /// Channel.
    pub channel: usize,
}

/// Elements of a bank that hold neighbouring channels of a pixel, or neighbouring pixels of a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Element {
    /// Its place in the half.
    pub element: usize,
    /// What it holds; `None` is +0.0, a padding pixel or one that no output sees.
    pub source: Option<Source>,
}

/// A chunk of activations in the row banks.
#[derive(Clone, Debug)]
pub struct BankLayout {
    walks: Vec<Walk>,
    words: usize,
    kind: Kind,
}

#[derive(Clone, Debug)]
enum Kind {
    Patches(patches::Patches),
    WeightRows(weight_rows::WeightRows),
    Streamed(streamed::Streamed),
}

impl BankLayout {
    /// The layout of rows `rows` and K slots `slots` of a space; both lie within it.
    ///
    /// # Errors
    /// The reason, in words, if the chunk does not fit half a bank or needs more walks than an MM may have.
    pub fn new(
        config: &ArrayConfig,
        space: &TileSpace,
        rows: Range<usize>,
        slots: Range<usize>,
    ) -> Result<Self, String> {
        let walks = walks(config, space, rows.clone(), slots.clone());
        if walks.len() > MAX_WALKS {
            return Err(format!("{} walks; accepted: up to {MAX_WALKS}", walks.len()));
        }
        let (words, kind) = match (space.dataflow, space.rows) {
            (Dataflow::WeightStationary, _) => {
                let streamed = streamed::Streamed::new(config, space, rows, slots);
                (streamed.words(), Kind::Streamed(streamed))
            }
            (Dataflow::OutputStationary, Rows::Patches(grid)) => {
                let patches = patches::Patches::new(config, space, grid, rows, slots);
                (patches.words(), Kind::Patches(patches))
            }
            (Dataflow::OutputStationary, Rows::WeightRows { block }) => {
                let rows = weight_rows::WeightRows::new(config, space, block, rows, slots);
                (rows.words(), Kind::WeightRows(rows))
            }
        };
        let half = config.w2e_words_per_row / 2;
        if words > half {
            return Err(format!("{words} words in half a bank of {half}"));
        }
        Ok(Self { walks, words, kind })
    }

    /// The WALK instructions of an MM over the chunk. In WS partial sums begin at word 0 of the psum buffer.
    #[must_use]
    pub fn walks(&self) -> &[Walk] {
        &self.walks
    }

    /// Words of a bank's half that are used.
    #[must_use]
    pub const fn words(&self) -> usize {
        self.words
    }

    /// Elements from the walk's to that of output `output` of array row `row`, in segment `segment`.
    #[must_use]
    pub fn offset(&self, row: usize, segment: usize, output: usize) -> usize {
        match &self.kind {
            Kind::Patches(patches) => patches.offset(segment, output),
            Kind::WeightRows(rows) => rows.offset(row, segment, output),
            Kind::Streamed(streamed) => streamed.offset(row),
        }
    }

    /// Calls `visit` with every element of the bank of array row `row` that an output of its may read.
    pub fn elements(&self, space: &TileSpace, row: usize, visit: impl FnMut(Element)) {
        match &self.kind {
            Kind::Patches(patches) => patches.elements(space, row, visit),
            Kind::WeightRows(rows) => rows.elements(space, row, visit),
            Kind::Streamed(streamed) => streamed.elements(space, row, visit),
        }
    }
}

/// The WALK instructions of an MM over rows `rows` and K slots `slots` of a space; both lie within it. In WS partial sums begin at word 0
/// of the psum buffer.
pub(crate) fn walks(
    config: &ArrayConfig,
    space: &TileSpace,
    rows: Range<usize>,
    slots: Range<usize>,
) -> Vec<Walk> {
    match (space.dataflow, space.rows) {
        (Dataflow::WeightStationary, _) => vec![streamed::walk(config, rows.len())],
        (Dataflow::OutputStationary, Rows::Patches(grid)) => {
            patches::walks(config, space, grid, slots)
        }
        (Dataflow::OutputStationary, Rows::WeightRows { block }) => {
            weight_rows::walks(space, block, rows, &slots)
        }
    }
}

/// A step as its field: modulo the elements of a half.
const fn step(elements: isize) -> u32 {
    (elements as u32) & ((1 << ELEMENT_BITS) - 1)
}

/// Outputs of one line that `count` neighbours see at a span of taps, `stride` apart: all that lies between where they
/// overlap, each for itself where the stride skips over some.
const fn side(count: usize, span: usize, stride: usize) -> usize {
    if stride <= span { (count - 1) * stride + span } else { count * span }
}

impl TileSpace {
    /// Height, width and channels of the streamed tensor.
    fn streamed_image(&self) -> (usize, usize, usize) {
        let shape = &self.problem.mac.shape;
        match self.problem.mac.stage {
            satkit_spec::Stage::Bp => (shape.out_h(), shape.out_w(), shape.co),
            _ => (shape.h, shape.w, shape.ci),
        }
    }

    /// The value at a place that may lie outside the image.
    fn source(&self, image: usize, y: isize, x: isize, channel: usize) -> Option<Source> {
        let (h, w, channels) = self.streamed_image();
        let (y, x) = (usize::try_from(y).ok()?, usize::try_from(x).ok()?);
        let inside = image < self.problem.mac.shape.batch && y < h && x < w && channel < channels;
        inside.then_some(Source { image, y, x, channel })
    }

    /// The value at a pixel that counts through all images.
    fn flat_source(&self, pixel: usize, channel: usize) -> Option<Source> {
        let (h, w, _) = self.streamed_image();
        let (image, inside) = (pixel / (h * w), pixel % (h * w));
        self.source(image, (inside / w) as isize, (inside % w) as isize, channel)
    }
}
