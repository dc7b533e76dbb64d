//! Output pixels in patches: what one array row owns.

use crate::Problem;
use satkit_spec::{MAX_INTERLEAVE, Stage};
use std::ops::Range;

/// The output images of a problem, cut into patches row by row. Patches at the right and lower edge may be smaller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grid {
    /// Images; 1 if flat.
    pub images: usize,
    /// Height of an image in pixels; 1 if flat.
    pub image_h: usize,
    /// Width of an image in pixels; all pixels of the batch if flat.
    pub image_w: usize,
    /// Height of a patch in pixels.
    pub patch_h: usize,
    /// Width of a patch in pixels.
    pub patch_w: usize,
    /// All pixels of the batch are one image row.
    pub flat: bool,
    patches_h: usize,
    patches_w: usize,
}

/// A patch, or neighbouring ones: where they lie and how much of them is inside the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patch {
    /// Image.
    pub image: usize,
    /// First pixel row.
    pub y: usize,
    /// First pixel column.
    pub x: usize,
    /// Pixel rows.
    pub h: usize,
    /// Pixel columns.
    pub w: usize,
}

impl Grid {
    /// True if all pixels of the batch may count as one row: 1 x 1 kernels without stride or padding.
    #[must_use]
    pub fn may_be_flat(problem: &Problem) -> bool {
        let shape = &problem.mac.shape;
        (shape.kh, shape.kw, shape.stride, shape.pad) == (1, 1, 1, 0)
    }

    /// The grid of an FF or BP problem.
    ///
    /// # Errors
    /// The reason, in words, if a side is 0, the patch is larger than an accumulator ring, or the problem is not flat.
    pub fn new(
        problem: &Problem,
        flat: bool,
        patch_h: usize,
        patch_w: usize,
    ) -> Result<Self, String> {
        if patch_h == 0 || patch_w == 0 || patch_h * patch_w > MAX_INTERLEAVE {
            return Err(format!(
                "patches of {patch_h} x {patch_w} pixels; accepted: 1 to {MAX_INTERLEAVE} pixels"
            ));
        }
        let shape = &problem.mac.shape;
        let (images, image_h, image_w) = match (problem.mac.stage, problem.phase) {
            (Stage::Bp, Some(phase)) => (shape.batch, phase.rows, phase.cols),
            _ => (shape.batch, shape.out_h(), shape.out_w()),
        };
        if flat && (!Self::may_be_flat(problem) || patch_h != 1) {
            return Err(
                "a flat image; accepted: 1 x 1 kernels without stride or padding, patches of height 1"
                    .into(),
            );
        }
        let (images, image_h, image_w) =
            if flat { (1, 1, images * image_h * image_w) } else { (images, image_h, image_w) };
        Ok(Self {
            images,
            image_h,
            image_w,
            patch_h,
            patch_w,
            flat,
            patches_h: image_h.div_ceil(patch_h),
            patches_w: image_w.div_ceil(patch_w),
        })
    }

    /// Pixels of a whole patch.
    #[must_use]
    pub const fn area(&self) -> usize {
        self.patch_h * self.patch_w
    }

    /// Patches of all images.
    #[must_use]
    pub const fn patches(&self) -> usize {
        self.images * self.patches_h * self.patches_w
    }

    /// Patches of one image.
    #[must_use]
    pub const fn patches_per_image(&self) -> usize {
        self.patches_h * self.patches_w
    }

    /// The patches `base..base + count` as stripes: neighbours in one row of patches of one image.
    pub fn stripes(
        &self,
        base: usize,
        count: usize,
    ) -> impl Iterator<Item = Patch> + Clone + use<> {
        let grid = *self;
        let per_row = grid.patches_w.max(1);
        let (mut row, mut column, mut left) = (base / per_row, base % per_row, count);
        std::iter::from_fn(move || {
            if left == 0 {
                return None;
            }
            let wide = left.min(per_row - column);
            let (y, x) = (row % grid.patches_h * grid.patch_h, column * grid.patch_w);
            let stripe = Patch {
                image: row / grid.patches_h,
                y,
                x,
                h: grid.patch_h.min(grid.image_h - y),
                w: (wide * grid.patch_w).min(grid.image_w - x),
            };
            left -= wide;
            (row, column) = (row + 1, 0);
            Some(stripe)
        })
    }

    /// The stripes of [`Grid::stripes`].
    #[must_use]
    pub const fn stripe_count(&self, base: usize, count: usize) -> usize {
        let per_row = if self.patches_w == 0 { 1 } else { self.patches_w };
        (base % per_row + count).div_ceil(per_row)
    }

    /// Pixels that the patches `base..base + count` have inside their images.
    #[must_use]
    pub fn pixels(&self, base: usize, count: usize) -> u64 {
        if self.image_h.is_multiple_of(self.patch_h) && self.image_w.is_multiple_of(self.patch_w) {
            return (count * self.area()) as u64;
        }
        if self.flat {
            let end = ((base + count) * self.patch_w).min(self.image_w);
            return (end - base * self.patch_w) as u64;
        }
        self.stripes(base, count).map(|patch| (patch.h * patch.w) as u64).sum()
    }

    /// Calls `visit` with the ranges of problem rows (pixels in reading order) of these patches.
    pub(crate) fn problem_rows(
        &self,
        base: usize,
        count: usize,
        mut visit: impl FnMut(Range<usize>),
    ) {
        if self.flat {
            let end = ((base + count) * self.patch_w).min(self.image_w);
            return visit(base * self.patch_w..end);
        }
        for patch in self.stripes(base, count) {
            for y in patch.y..patch.y + patch.h {
                let first = (patch.image * self.image_h + y) * self.image_w + patch.x;
                visit(first..first + patch.w);
            }
        }
    }
}
