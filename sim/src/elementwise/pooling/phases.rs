//! A plane whose columns are regrouped by stride, so that a tap of all windows of an output row is
//! contiguous and loops over it vectorise.
//!
//! Column `iw` of the input is column `(iw + pad) / stride` of phase `(iw + pad) % stride`; tap `kw` of
//! window `ow` is column `ow + kw / stride` of phase `kw % stride`.

use super::PoolShape;
use std::ops::Range;

/// Where the columns of one input row lie.
#[derive(Clone, Copy, Debug)]
pub(super) struct Phases {
    shape: PoolShape,
    /// Stride of the windows, at most the columns of a padded row.
    stride: usize,
    /// Columns of one phase.
    pitch: usize,
}

impl Phases {
    pub(super) const fn new(shape: PoolShape) -> Self {
        // A row padded on both sides holds one window if the stride reaches `w + pad`, since `pad` is at
        // most half a window: a larger stride changes nothing.
        let columns = shape.w + shape.pad;
        let stride = if shape.stride < columns { shape.stride } else { columns };
        Self { shape, stride, pitch: columns.div_ceil(stride) }
    }

    /// Values of one regrouped row; the ones left of the image are never read.
    pub(super) const fn row_len(self) -> usize {
        self.stride * self.pitch
    }

    /// Each phase's first column of the input and the position of that column in a regrouped row.
    fn starts(self) -> impl Iterator<Item = (usize, usize)> {
        let (stride, pad) = (self.stride, self.shape.pad);
        (0..stride).map(move |phase| {
            let skipped = pad.saturating_sub(phase).div_ceil(stride);
            (phase + skipped * stride - pad, phase * self.pitch + skipped)
        })
    }

    /// Regroups the plane `from`.
    pub(super) fn split<T: Copy>(self, from: &[T], into: &mut [T]) {
        let (stride, w) = (self.stride, self.shape.w);
        for (into, from) in into.chunks_exact_mut(self.row_len()).zip(from.chunks_exact(w)) {
            for (first, start) in self.starts() {
                let columns = from.iter().skip(first).step_by(stride);
                into[start..].iter_mut().zip(columns).for_each(|(into, from)| *into = *from);
            }
        }
    }

    /// Undoes [`Phases::split`], changing each value by `map`.
    pub(super) fn join<T, U>(self, from: &[T], into: &mut [U], map: impl Fn(&T) -> U) {
        let (stride, w) = (self.stride, self.shape.w);
        for (into, from) in into.chunks_exact_mut(w).zip(from.chunks_exact(self.row_len())) {
            for (first, start) in self.starts() {
                let columns = into.iter_mut().skip(first).step_by(stride);
                columns.zip(&from[start..]).for_each(|(into, from)| *into = map(from));
            }
        }
    }

    /// The windows of an output row whose tap `kw` lies in the image, and where the taps of these
    /// windows lie in a regrouped row. Both ranges have one length, possibly 0.
    pub(super) fn tap(self, kw: usize) -> (Range<usize>, Range<usize>) {
        let Self { shape: PoolShape { w, pad, .. }, stride, .. } = self;
        let first = pad.saturating_sub(kw).div_ceil(stride);
        let end = (w + pad).saturating_sub(kw).div_ceil(stride).min(self.shape.out_w());
        if end <= first {
            return (0..0, 0..0);
        }
        let start = kw % stride * self.pitch + first + kw / stride;
        (first..end, start..start + (end - first))
    }
}
