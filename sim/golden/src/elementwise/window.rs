//! The square window of a pooling layer (`docs/contract-elementwise.md`, pooling).

use crate::error::{GoldenError, check_not_empty, check_shape, check_value};
use half::f16;
use ndarray::ArrayView4;
use std::ops::Range;

/// Window, stride and padding of a pooling layer, in pixels, the same in both directions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    side: usize,
    stride: usize,
    pad: usize,
}

impl Window {
    /// Largest side, so that `side * side` is at most 2^22.
    pub const MAX_SIDE: usize = 2048;

    /// Checks and makes a window.
    ///
    /// # Errors
    /// [`GoldenError::Value`] for a side or a stride of 0 or above [`Window::MAX_SIDE`], and for a padding of more than half the side.
    pub fn new(side: usize, stride: usize, pad: usize) -> Result<Self, GoldenError> {
        for (what, value) in [("the pooling window", side), ("the pooling stride", stride)] {
            let ok = (1..=Self::MAX_SIDE).contains(&value);
            check_value(ok, what, value, format!("1 to {}", Self::MAX_SIDE))?;
        }
        check_value(
            pad <= side / 2,
            "the pooling padding",
            pad,
            format!("at most {}, half the window", side / 2),
        )?;
        Ok(Self { side, stride, pad })
    }

    /// `side * side` as FP32, exact.
    pub(super) fn area(self) -> f32 {
        (self.side * self.side) as f32
    }

    /// Output height and width for an FP16 input NCHW.
    ///
    /// # Errors
    /// [`GoldenError::Shape`] if the input is empty or smaller than the window.
    pub fn output_size(self, x: ArrayView4<f16>) -> Result<[usize; 2], GoldenError> {
        check_not_empty("X", x.shape())?;
        let (_, _, h, w) = x.dim();
        self.output_size_of(x.shape(), [h, w])
    }

    /// The same for an input of shape `dims`, NCHW, whose height and width are `sides`.
    pub(super) fn output_size_of(
        self,
        dims: &[usize],
        sides: [usize; 2],
    ) -> Result<[usize; 2], GoldenError> {
        let Self { side, stride, pad } = self;
        // An axis of an array is at most isize::MAX long, but sides given as numbers need not be.
        let fits = |pixels: usize| pixels < 1 << 32 && pixels + 2 * pad >= side;
        if !sides.into_iter().all(fits) {
            return Err(GoldenError::Shape {
                tensor: "X",
                given: dims.to_vec(),
                accepted: format!(
                    "height and width of at least {} and below 2^32",
                    (side - 2 * pad).max(1)
                ),
            });
        }
        Ok(sides.map(|pixels| (pixels + 2 * pad - side) / stride + 1))
    }

    /// Checks that `dy` is a gradient of the output for an input of shape `dims`, NCHW.
    pub(super) fn check_gradient(
        self,
        dims: [usize; 4],
        dy: ArrayView4<f16>,
    ) -> Result<(), GoldenError> {
        check_not_empty("X", &dims)?;
        let [n, c, h, w] = dims;
        let [out_h, out_w] = self.output_size_of(&dims, [h, w])?;
        check_shape("dY", dy.shape(), &[n, c, out_h, out_w], "N, C, out H, out W")
    }

    /// The pixels that output `[oh, ow]` sees in an image of the given sides, padding left out, in ascending (kh, kw).
    pub(super) fn pixels(
        self,
        [oh, ow]: [usize; 2],
        [h, w]: [usize; 2],
    ) -> impl Iterator<Item = [usize; 2]> {
        let rows = self.span(oh, h);
        let columns = self.span(ow, w);
        rows.flat_map(move |ih| columns.clone().map(move |iw| [ih, iw]))
    }

    /// Rows (columns) inside the image that output row (column) `o` sees.
    fn span(self, o: usize, side: usize) -> Range<usize> {
        let first = o * self.stride;
        first.saturating_sub(self.pad)..(first + self.side - self.pad).min(side)
    }
}
