//! Layer shapes and the K order.

use crate::{Sparsity, SpecError, Stage};

/// Channels of one block of the K order (`docs/contract.md`, K order).
pub const K_BLOCK: usize = 64;

/// Shape of a convolution or, with `h = w = kh = kw = 1`, of a linear layer.
///
/// Tensors: X `(batch, ci, h, w)`, W `(co, ci, kh, kw)`, Y `(batch, co, out_h, out_w)`.
/// One stride and one padding serve both directions. Made by [`ConvShape::new`], so that a
/// value of this type is always possible.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct ConvShape {
    /// Images (linear: rows).
    pub batch: usize,
    /// Input channels.
    pub ci: usize,
    /// Input height in pixels.
    pub h: usize,
    /// Input width in pixels.
    pub w: usize,
    /// Output channels.
    pub co: usize,
    /// Kernel height.
    pub kh: usize,
    /// Kernel width.
    pub kw: usize,
    /// Stride in both directions.
    pub stride: usize,
    /// Zero padding on every side.
    pub pad: usize,
}

/// One phase of a strided BP: the input pixels with `(ih + pad) % stride == phase_h` and
/// `(iw + pad) % stride == phase_w`, which all see the same kernel taps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BpPhase {
    /// `(ih + pad) % stride` of the phase's pixels.
    pub phase_h: usize,
    /// `(iw + pad) % stride` of the phase's pixels.
    pub phase_w: usize,
    /// First input row of the phase.
    pub first_ih: usize,
    /// First input column of the phase.
    pub first_iw: usize,
    /// Input rows of the phase (each `stride` apart).
    pub rows: usize,
    /// Input columns of the phase.
    pub cols: usize,
    /// Kernel rows present: `kh = phase_h, phase_h + stride, ...`.
    pub taps_h: usize,
    /// Kernel columns present: `kw = phase_w, phase_w + stride, ...`.
    pub taps_w: usize,
}

impl BpPhase {
    /// Pixels of the phase in one image.
    #[must_use]
    pub const fn pixels(&self) -> usize {
        self.rows * self.cols
    }

    /// Kernel taps that each pixel of the phase sees.
    #[must_use]
    pub const fn taps(&self) -> usize {
        self.taps_h * self.taps_w
    }
}

/// Where a dense K step of FF or BP lies: a channel (Ci in FF, Co in BP) and a tap.
///
/// `tap` counts the stage's own taps in ascending (kh, kw): all of them in FF, those of the phase in BP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SlotPosition {
    /// Reduced channel.
    pub channel: usize,
    /// Index among the taps.
    pub tap: usize,
}

impl ConvShape {
    /// Largest batch (or linear rows) that an instruction can name.
    pub const MAX_BATCH: usize = (1 << 24) - 1;
    /// Largest channel count.
    pub const MAX_CHANNELS: usize = (1 << 20) - 1;
    /// Largest image side in pixels.
    pub const MAX_SIDE: usize = (1 << 16) - 1;
    /// Largest kernel side.
    pub const MAX_KERNEL: usize = 31;
    /// Largest stride.
    pub const MAX_STRIDE: usize = 15;
    /// Largest padding.
    pub const MAX_PAD: usize = 31;

    /// Checks and makes a shape.
    ///
    /// # Errors
    /// [`SpecError::Shape`] naming the value: zero or too large sizes, a kernel larger than
    /// the padded image.
    pub fn new(
        batch: usize,
        ci: usize,
        (h, w): (usize, usize),
        co: usize,
        (kh, kw): (usize, usize),
        stride: usize,
        pad: usize,
    ) -> Result<Self, SpecError> {
        let limits = [
            ("batch", batch, 1, Self::MAX_BATCH),
            ("Ci", ci, 1, Self::MAX_CHANNELS),
            ("height", h, 1, Self::MAX_SIDE),
            ("width", w, 1, Self::MAX_SIDE),
            ("Co", co, 1, Self::MAX_CHANNELS),
            ("kernel height", kh, 1, Self::MAX_KERNEL),
            ("kernel width", kw, 1, Self::MAX_KERNEL),
            ("stride", stride, 1, Self::MAX_STRIDE),
            ("padding", pad, 0, Self::MAX_PAD),
        ];
        for (what, value, low, high) in limits {
            if value < low || value > high {
                return Err(SpecError::Shape(format!(
                    "{what} is {value}, accepted: {low} to {high}"
                )));
            }
        }
        for (what, side, kernel) in [("height", h, kh), ("width", w, kw)] {
            if side + 2 * pad < kernel {
                return Err(SpecError::Shape(format!(
                    "the kernel's {what} {kernel} does not fit the image's {what} {side} with padding {pad}; \
                     accepted: a kernel of at most {}",
                    side + 2 * pad
                )));
            }
        }
        let shape = Self { batch, ci, h, w, co, kh, kw, stride, pad };
        if shape.macs().is_none() {
            return Err(SpecError::Shape(format!(
                "{shape:?} has more than 2^62 multiply-accumulates; accepted: smaller sizes"
            )));
        }
        Ok(shape)
    }

    /// A linear layer: X `(rows, ci)`, W `(co, ci)`, Y `(rows, co)`.
    ///
    /// # Errors
    /// As [`ConvShape::new`].
    pub fn linear(rows: usize, ci: usize, co: usize) -> Result<Self, SpecError> {
        Self::new(rows, ci, (1, 1), co, (1, 1), 1, 0)
    }

    /// The same layer with another batch.
    ///
    /// # Errors
    /// As [`ConvShape::new`].
    pub fn with_batch(self, batch: usize) -> Result<Self, SpecError> {
        Self::new(
            batch,
            self.ci,
            (self.h, self.w),
            self.co,
            (self.kh, self.kw),
            self.stride,
            self.pad,
        )
    }

    fn macs(&self) -> Option<u64> {
        [self.ci, self.co, self.kh, self.kw, self.h + 2 * self.pad, self.w + 2 * self.pad]
            .into_iter()
            .try_fold(self.batch as u64, |product, factor| product.checked_mul(factor as u64))
            .filter(|&macs| macs < 1 << 62)
    }

    /// Output height in pixels.
    #[must_use]
    pub const fn out_h(&self) -> usize {
        (self.h + 2 * self.pad - self.kh) / self.stride + 1
    }

    /// Output width in pixels.
    #[must_use]
    pub const fn out_w(&self) -> usize {
        (self.w + 2 * self.pad - self.kw) / self.stride + 1
    }

    /// Kernel taps, `kh * kw`.
    #[must_use]
    pub const fn taps(&self) -> usize {
        self.kh * self.kw
    }

    /// Elements of X and dX.
    #[must_use]
    pub const fn x_len(&self) -> usize {
        self.batch * self.ci * self.h * self.w
    }

    /// Elements of W and dW.
    #[must_use]
    pub const fn w_len(&self) -> usize {
        self.co * self.ci * self.kh * self.kw
    }

    /// Elements of Y and dY.
    #[must_use]
    pub const fn y_len(&self) -> usize {
        self.batch * self.co * self.out_h() * self.out_w()
    }

    /// The phases of BP in ascending (phase_h, phase_w); one phase if the stride is 1. Together they hold
    /// every input pixel once. Phases without pixels are left out; a phase may have no taps.
    #[must_use]
    pub fn bp_phases(&self) -> Vec<BpPhase> {
        let axis = |phase: usize, side: usize, kernel: usize| {
            // The first index i >= 0 with (i + pad) % stride == phase.
            let first = (phase + self.stride - self.pad % self.stride) % self.stride;
            let count = if first < side { (side - first).div_ceil(self.stride) } else { 0 };
            let taps = if phase < kernel { (kernel - phase).div_ceil(self.stride) } else { 0 };
            (first, count, taps)
        };
        let mut phases = Vec::new();
        for phase_h in 0..self.stride {
            for phase_w in 0..self.stride {
                let (first_ih, rows, taps_h) = axis(phase_h, self.h, self.kh);
                let (first_iw, cols, taps_w) = axis(phase_w, self.w, self.kw);
                if rows * cols > 0 {
                    let phase = BpPhase {
                        phase_h,
                        phase_w,
                        first_ih,
                        first_iw,
                        rows,
                        cols,
                        taps_h,
                        taps_w,
                    };
                    phases.push(phase);
                }
            }
        }
        phases
    }

    /// Multiply-accumulates of a stage with dense operands, padding included, taps that are absent in BP not.
    #[must_use]
    pub fn dense_macs(&self, stage: Stage) -> u64 {
        match stage {
            Stage::Ff | Stage::Wu => self.y_len() as u64 * (self.ci * self.taps()) as u64,
            Stage::Bp => {
                let per_image: u64 =
                    self.bp_phases().iter().map(|p| (p.pixels() * p.taps()) as u64).sum();
                per_image * (self.batch * self.ci * self.co) as u64
            }
        }
    }

    /// The K steps of one FF output, or of one BP output in `taps` taps, with `sparsity` along `channels`.
    #[must_use]
    pub const fn slots(channels: usize, taps: usize, sparsity: Sparsity) -> usize {
        sparsity.kept(channels) * taps
    }

    /// Walks the dense K order of FF or BP: channel block -> tap -> channel inside the block.
    pub fn k_order(channels: usize, taps: usize) -> impl Iterator<Item = SlotPosition> {
        (0..channels).step_by(K_BLOCK).flat_map(move |block| {
            let end = channels.min(block + K_BLOCK);
            (0..taps)
                .flat_map(move |tap| (block..end).map(move |channel| SlotPosition { channel, tap }))
        })
    }
}
