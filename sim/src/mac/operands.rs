//! The operands of one layer and stage, prepared once and multiplied in any tiling.

use super::{
    axis::Axis,
    entries::Entries,
    panels::{Panels, phase_taps},
    planes::Planes,
    problem::{Problem, ProblemSize, Scratch, Stationary, Tile},
    transpose::{Matrix, transpose},
};
use crate::{Isa, SimError, Weights, buffer::Buffer, prune::Along};
use half::f16;
use satkit_spec::ConvShape;
use std::ops::Range;

/// How the stored matrices of a product `C = A . B` are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Transposition {
    /// A is stored `(m, k)`, B `(k, n)`.
    #[default]
    None,
    /// A is stored `(m, k)`, B `(n, k)`: `A . B^T`.
    B,
    /// A is stored `(k, m)`, B `(k, n)`: `A^T . B`.
    A,
}

/// The operands of one MAC stage, as one or more matrix problems.
///
/// FF, WU and matrix products are one problem, BP one per [`satkit_spec::BpPhase`] of
/// [`ConvShape::bp_phases`], in that order. Axes:
///
/// | stage | rows | cols | slots |
/// |---|---|---|---|
/// | FF | output pixels, `(n * OH + oh) * OW + ow` | Co | channel block, tap, (kept) channel |
/// | BP | the phase's input pixels: n, phase row, phase column | Ci | channel block, the phase's tap, (kept) channel |
/// | WU | tap-major weight rows, `(kh * KW + kw) * Ci + ci` | Co | pixels `(n * OH + oh) * OW + ow` |
/// | product | m | n | k |
pub struct StageOperands {
    isa: Isa,
    /// FP16 values of the rows, shared by all problems.
    moving: Buffer<u16>,
    problems: Vec<Problem>,
    /// Consecutive problems whose outputs interleave: 1, or all phases of a strided BP.
    interleaved: usize,
    out_len: usize,
}

impl StageOperands {
    /// FF: X is NCHW.
    ///
    /// # Errors
    /// [`SimError::Length`] if X or the weights are not of `shape`; [`SimError::Operand`] if the weights
    /// are pruned along Co.
    pub fn ff(shape: &ConvShape, x: &[f16], weights: &Weights) -> Result<Self, SimError> {
        SimError::check_len("X", x.len(), shape.x_len())?;
        weights.check(shape, Along::Ci)?;
        let planes = Planes::of_input(shape);
        let taps = planes.input_taps(shape);
        let stationary = match weights {
            Weights::Dense(values) => Stationary::Dense(Panels::of_ff_weights(shape, bits(values))),
            Weights::Pruned(compact) => {
                let all: Vec<usize> = (0..shape.taps()).collect();
                Stationary::Sparse(Entries::new(compact, shape.co, shape.ci, &all))
            }
        };
        let (oh, ow) = (shape.out_h(), shape.out_w());
        let size = [shape.batch, oh, ow];
        let problem = Problem {
            rows: Axis::pixels(0, size, [planes.plane_len(), planes.row_pitch(), 1]),
            slots: Axis::KOrder { taps, channels: shape.ci, step: planes.channel_pitch() },
            out_rows: Axis::pixels(0, size, [shape.co * oh * ow, ow, 1]),
            out_col_pitch: oh * ow,
            cols: shape.co,
            stationary,
        };
        Ok(Self::new(planes.channel_major(bits(x))?, vec![problem], shape.y_len()))
    }

    /// BP: dY is NCHW.
    ///
    /// # Errors
    /// [`SimError::Length`] if dY or the weights are not of `shape`; [`SimError::Operand`] if the weights
    /// are pruned along Ci.
    pub fn bp(shape: &ConvShape, dy: &[f16], weights: &Weights) -> Result<Self, SimError> {
        SimError::check_len("dY", dy.len(), shape.y_len())?;
        weights.check(shape, Along::Co)?;
        let phases = shape.bp_phases();
        let planes = Planes::of_gradient(shape, &phases);
        let problem = |phase| {
            let &satkit_spec::BpPhase { first_ih, first_iw, rows, cols, .. } = phase;
            let stationary = match weights {
                Weights::Dense(values) => {
                    Stationary::Dense(Panels::of_bp_weights(shape, phase, bits(values)))
                }
                Weights::Pruned(compact) => {
                    let taps = phase_taps(shape, phase);
                    Stationary::Sparse(Entries::new(compact, shape.ci, shape.co, &taps))
                }
            };
            let size = [shape.batch, rows, cols];
            let (image, row) = (shape.ci * shape.h * shape.w, shape.stride * shape.w);
            Problem {
                rows: Axis::pixels(0, size, [planes.plane_len(), planes.row_pitch(), 1]),
                slots: Axis::KOrder {
                    taps: planes.gradient_taps(shape, phase),
                    channels: shape.co,
                    step: planes.channel_pitch(),
                },
                out_rows: Axis::pixels(
                    first_ih * shape.w + first_iw,
                    size,
                    [image, row, shape.stride],
                ),
                out_col_pitch: shape.h * shape.w,
                cols: shape.ci,
                stationary,
            }
        };
        let problems: Vec<Problem> = phases.iter().map(problem).collect();
        let mut stage = Self::new(planes.channel_major(bits(dy))?, problems, shape.x_len());
        // Images of whole periods: all phases have one size, and together they fill the image. (With one pixel per row
        // there would be no runs to interleave.)
        let period = shape.stride;
        let whole = shape.w.is_multiple_of(period) && shape.h.is_multiple_of(period);
        if whole && shape.w >= 2 * period {
            stage.interleaved = period * period;
        }
        Ok(stage)
    }

    /// WU: X and dY are NCHW.
    ///
    /// # Errors
    /// [`SimError::Length`] if X or dY is not of `shape`.
    pub fn wu(shape: &ConvShape, x: &[f16], dy: &[f16]) -> Result<Self, SimError> {
        SimError::check_len("X", x.len(), shape.x_len())?;
        SimError::check_len("dY", dy.len(), shape.y_len())?;
        let planes = Planes::of_input(shape);
        let pixel = planes.pixel_pitch();
        let problem = Problem {
            rows: Axis::TapChannels {
                taps: planes.input_taps(shape).into_iter().map(|tap| tap * pixel).collect(),
                channels: shape.ci,
                step: 1,
            },
            slots: Axis::pixels(
                0,
                [shape.batch, shape.out_h(), shape.out_w()],
                [planes.plane_len() * pixel, planes.row_pitch() * pixel, pixel],
            ),
            out_rows: Axis::TapChannels {
                taps: (0..shape.taps()).collect(),
                channels: shape.ci,
                step: shape.taps(),
            },
            out_col_pitch: shape.ci * shape.taps(),
            cols: shape.co,
            stationary: Stationary::Dense(Panels::of_gradient(shape, bits(dy))),
        };
        Ok(Self::new(planes.pixel_major(bits(x))?, vec![problem], shape.w_len()))
    }

    /// The matrix product `C = A . B` of `(m, k)` and `(k, n)`, stored as `transposition` says.
    ///
    /// # Errors
    /// [`SimError::Length`] if a matrix has another size.
    pub fn matmul(
        (m, n, k): (usize, usize, usize),
        a: &[f16],
        b: &[f16],
        transposition: Transposition,
    ) -> Result<Self, SimError> {
        let product = |x: usize, y: usize| x.saturating_mul(y);
        SimError::check_len("A", a.len(), product(m, k))?;
        SimError::check_len("B", b.len(), product(k, n))?;
        // Rows contiguous within a slot: (k, m), with an odd number of cache lines from slot to slot.
        let pitch = (m.div_ceil(32) | 1) * 32;
        let mut moving = Buffer::take(product(k, pitch) + pitch);
        if transposition == Transposition::A {
            for (target, row) in moving.chunks_exact_mut(pitch).zip(bits(a).chunks_exact(m.max(1)))
            {
                target[..m].copy_from_slice(row);
            }
        } else {
            transpose(Matrix { values: bits(a), rows: m, cols: k, pitch: k }, &mut moving, pitch);
        }
        let panels = if transposition == Transposition::B {
            Panels::of_columns(k, n, bits(b))
        } else {
            Panels::of_rows(k, n, bits(b))
        };
        let problem = Problem {
            rows: Axis::pixels(0, [1, 1, m], [0, 0, 1]),
            slots: Axis::pixels(0, [1, 1, k], [0, 0, pitch]),
            out_rows: Axis::pixels(0, [1, 1, m], [0, 0, n]),
            out_col_pitch: 1,
            cols: n,
            stationary: Stationary::Dense(panels),
        };
        Ok(Self::new(moving, vec![problem], product(m, n)))
    }

    fn new(moving: Buffer<u16>, problems: Vec<Problem>, out_len: usize) -> Self {
        Self { isa: Isa::chosen(), moving, problems, interleaved: 1, out_len }
    }

    /// The same operands, run by another instruction set. It changes no bits.
    ///
    /// # Errors
    /// [`SimError::Operand`] if this CPU does not run it.
    pub fn with_isa(mut self, isa: Isa) -> Result<Self, SimError> {
        isa.check()?;
        self.isa = isa;
        Ok(self)
    }

    /// Sizes of the problems, in their order.
    #[must_use]
    pub fn sizes(&self) -> Vec<ProblemSize> {
        self.problems.iter().map(Problem::size).collect()
    }

    /// Elements of the stage's result.
    #[must_use]
    pub const fn out_len(&self) -> usize {
        self.out_len
    }

    /// Continues the accumulators of a rectangle of outputs of problem `problem` by a range of K steps.
    ///
    /// `acc` is FP32, column by column: row `r`, column `c` is `acc[(c - cols.start) * rows.len() + r - rows.start]`.
    /// Accumulators start at +0.0 and must see the slots in ascending order, in as many calls as one likes. NaNs
    /// in `acc` are not canonical; a store makes them so.
    ///
    /// # Errors
    /// [`SimError::Range`] if a range leaves its axis or there is no such problem, [`SimError::Length`] if `acc` is
    /// not of the rectangle's size.
    pub fn accumulate(
        &self,
        problem: usize,
        rows: Range<usize>,
        cols: Range<usize>,
        slots: Range<usize>,
        acc: &mut [f32],
    ) -> Result<(), SimError> {
        let check = |what, range: &Range<usize>, len| {
            let &Range { start, end } = range;
            if start <= end && end <= len {
                return Ok(());
            }
            Err(SimError::Range { what, start, end, len })
        };
        check("problems", &(problem..problem.saturating_add(1)), self.problems.len())?;
        let problem = &self.problems[problem];
        let size = problem.size();
        check("rows", &rows, size.rows)?;
        check("cols", &cols, size.cols)?;
        check("slots", &slots, size.slots)?;
        SimError::check_len("acc", acc.len(), rows.len() * cols.len())?;
        let (acc, pitch) = (acc.as_mut_ptr(), rows.len());
        let tile = Tile { rows, cols, slots };
        // SAFETY: the tile was checked against the problem, the ISA when it was chosen, and `acc` is borrowed exclusively.
        Scratch::with(|scratch| unsafe {
            problem.accumulate(self.isa, &self.moving, &tile, acc, pitch, scratch);
        });
        Ok(())
    }

    pub(super) const fn isa(&self) -> Isa {
        self.isa
    }

    pub(super) const fn interleaved(&self) -> usize {
        self.interleaved
    }

    pub(super) fn problems(&self) -> &[Problem] {
        &self.problems
    }

    pub(super) fn moving(&self) -> &[u16] {
        &self.moving
    }
}

/// The bits of FP16 values; FP16 is a transparent `u16`.
fn bits(values: &[f16]) -> &[u16] {
    use half::slice::HalfFloatSliceExt;
    values.reinterpret_cast()
}
