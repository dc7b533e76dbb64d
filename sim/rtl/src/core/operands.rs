//! The operands of a stage, by the places that a program names.

use satkit_plan::{Problem, Source};
use satkit_spec::{ConvShape, K_BLOCK, Sparsity, Stage};

/// Weights as an operand, FP16 bits.
#[derive(Clone, Debug)]
pub enum Weights {
    /// OIHW.
    Dense(Vec<u16>),
    /// The kept values of each group and their positions, groups in C order over (co, tap, ci / M) along Ci, or over
    /// (ci, tap, co / M) along Co.
    Compact {
        /// Values, N of each group.
        values: Vec<u16>,
        /// Positions, N of each group.
        positions: Vec<u8>,
        /// N:M.
        sparsity: Sparsity,
    },
}

/// The operands of one stage, FP16 bits.
#[derive(Clone, Debug)]
pub enum Operands {
    /// X (NCHW) and W.
    Ff(Vec<u16>, Weights),
    /// dY (NCHW) and W.
    Bp(Vec<u16>, Weights),
    /// X and dY, both NCHW.
    Wu(Vec<u16>, Vec<u16>),
}

impl Operands {
    /// The stage that they are of.
    #[must_use]
    pub const fn stage(&self) -> Stage {
        match self {
            Self::Ff(..) => Stage::Ff,
            Self::Bp(..) => Stage::Bp,
            Self::Wu(..) => Stage::Wu,
        }
    }

    /// Sparsity of compact weights; dense otherwise.
    #[must_use]
    pub const fn sparsity(&self) -> Sparsity {
        match self {
            Self::Ff(_, Weights::Compact { sparsity, .. })
            | Self::Bp(_, Weights::Compact { sparsity, .. }) => *sparsity,
            _ => Sparsity::DENSE,
        }
    }

    /// The streamed value.
    pub(super) fn activation(&self, shape: &ConvShape, source: Source) -> u16 {
        let Source { image, y, x, channel } = source;
        match self {
            Self::Ff(values, _) | Self::Wu(values, _) => {
                values[((image * shape.ci + channel) * shape.h + y) * shape.w + x]
            }
            Self::Bp(values, _) => {
                let (h, w) = (shape.out_h(), shape.out_w());
                values[((image * shape.co + channel) * h + y) * w + x]
            }
        }
    }

    /// The value that meets K slot `slot` in output column `col`, and its position.
    pub(super) fn weight(&self, problem: &Problem, slot: usize, col: usize) -> (u16, u8) {
        let shape = &problem.mac.shape;
        let (weights, channels) = match self {
            Self::Wu(_, dy) => {
                let pixels = shape.out_h() * shape.out_w();
                let (image, pixel) = (slot / pixels, slot % pixels);
                return (dy[(image * shape.co + col) * pixels + pixel], 0);
            }
            Self::Ff(_, weights) => (weights, shape.ci),
            Self::Bp(_, weights) => (weights, shape.co),
        };
        let sparsity = problem.mac.sparsity;
        let (n, m) = (sparsity.n(), sparsity.m());
        // Channel block, tap, group, kept value.
        let (kernel_w, taps, stride, first) = match problem.phase {
            Some(p) => (p.taps_w, p.taps(), shape.stride, (p.phase_h, p.phase_w)),
            None => (shape.kw, shape.taps(), 1, (0, 0)),
        };
        let block_slots = sparsity.kept(channels.min(K_BLOCK)) * taps;
        let (block, inside) = (slot / block_slots, slot % block_slots);
        let tap_slots = sparsity.kept(K_BLOCK.min(channels - block * K_BLOCK));
        let (tap, inside) = (inside / tap_slots, inside % tap_slots);
        let group = block * K_BLOCK / m + inside / n;
        let kept = inside % n;
        let (kh, kw) = (first.0 + tap / kernel_w * stride, first.1 + tap % kernel_w * stride);
        let tap = kh * shape.kw + kw;
        match weights {
            Weights::Dense(values) => {
                let (co, ci) = if problem.phase.is_some() { (group, col) } else { (col, group) };
                (values[(co * shape.ci + ci) * shape.taps() + tap], 0)
            }
            Weights::Compact { values, positions, .. } => {
                let at = ((col * shape.taps() + tap) * (channels / m) + group) * n + kept;
                (values[at], positions[at])
            }
        }
    }
}
