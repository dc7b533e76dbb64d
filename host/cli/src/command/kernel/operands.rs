//! From arrays to a layer: shapes of two or four axes, checked against each other.

use super::archive::{Archive, MAX_ELEMENTS};
use crate::CliError;
use satkit_host::HostError;
use satkit_spec::{ConvShape, SpecError};

/// How many axes the arrays have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rank {
    /// Linear: (B, C) and (Co, Ci).
    Two,
    /// Convolution: NCHW and OIHW.
    Four,
}

/// The layer that the arrays belong to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layer {
    /// Its shape.
    pub(super) shape: ConvShape,
    /// How its arrays are written.
    pub(super) rank: Rank,
}

/// Four sizes of an array; a linear layer's last two are 1.
#[derive(Clone, Copy, Debug)]
pub(super) struct Axes {
    rank: Rank,
    sizes: [usize; 4],
}

/// Stride and padding as given.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Window {
    /// `--stride`.
    pub(super) stride: Option<usize>,
    /// `--pad`.
    pub(super) pad: Option<usize>,
}

/// Checks the axes of the array `name`.
///
/// # Errors
/// [`HostError::Data`] if there are not two or four, or one is empty.
pub(super) fn axes(archive: &Archive, name: &str, shape: &[usize]) -> Result<Axes, HostError> {
    let (rank, sizes) = match *shape {
        [a, b] => (Rank::Two, [a, b, 1, 1]),
        [a, b, c, d] => (Rank::Four, [a, b, c, d]),
        _ => {
            let reason = format!(
                "{} axes {shape:?}; accepted: 2 (linear layers) or 4 (convolutions)",
                shape.len()
            );
            return Err(archive.refuse(name, &reason));
        }
    };
    if sizes.contains(&0) {
        let reason = format!("it is empty, {shape:?}; accepted: sizes of at least 1");
        return Err(archive.refuse(name, &reason));
    }
    Ok(Axes { rank, sizes })
}

/// Two sizes that must agree.
fn agree(
    archive: &Archive,
    (name, what, given): (&str, &str, usize),
    (other, expected): (&str, usize),
) -> Result<(), HostError> {
    if given == expected {
        return Ok(());
    }
    let reason = format!("{what} is {given}, but {other} has {expected}; accepted: equal sizes");
    Err(archive.refuse(name, &reason))
}

fn same_rank(archive: &Archive, name: &str, given: Rank, expected: Rank) -> Result<(), HostError> {
    if given == expected {
        return Ok(());
    }
    let axes = |rank| if rank == Rank::Two { 2 } else { 4 };
    let reason = format!(
        "{} axes, but another array has {}; accepted: all 2 (linear) or all 4 (convolution)",
        axes(given),
        axes(expected)
    );
    Err(archive.refuse(name, &reason))
}

impl Window {
    fn sizes(self, rank: Rank) -> Result<(usize, usize), CliError> {
        let (stride, pad) = (self.stride.unwrap_or(1), self.pad.unwrap_or(0));
        if rank == Rank::Two {
            let options = [("--stride", self.stride, 1), ("--pad", self.pad, 0)];
            for (option, given, neutral) in options {
                if let Some(given) = given.filter(|&given| given != neutral) {
                    return Err(CliError::Option {
                        option,
                        given: given.to_string(),
                        reason: format!("linear layers (2 axes) have none; accepted: {neutral}"),
                    });
                }
            }
        }
        Ok((stride, pad))
    }
}

impl Layer {
    /// The layer of FF: X and W.
    ///
    /// # Errors
    /// [`HostError`] or [`SpecError`] if they disagree or are too large.
    pub(super) fn of_ff(
        archive: &Archive,
        x: Axes,
        w: Axes,
        window: Window,
    ) -> anyhow::Result<Self> {
        same_rank(archive, "W", w.rank, x.rank)?;
        let (stride, pad) = window.sizes(x.rank)?;
        let ([batch, ci, h, width], [co, w_ci, kh, kw]) = (x.sizes, w.sizes);
        agree(archive, ("W", "Ci (axis 1)", w_ci), ("X", ci))?;
        let shape = ConvShape::new(batch, ci, (h, width), co, (kh, kw), stride, pad)?;
        Self { shape, rank: x.rank }.check_size()
    }

    /// The layer of BP: dY, W and, if it is there, X, whose values are not used. Without X the input has the
    /// smallest size that gives dY.
    ///
    /// # Errors
    /// As [`Layer::of_ff`].
    pub(super) fn of_bp(
        archive: &Archive,
        dy: Axes,
        w: Axes,
        x: Option<Axes>,
        window: Window,
    ) -> anyhow::Result<Self> {
        same_rank(archive, "W", w.rank, dy.rank)?;
        let (stride, pad) = window.sizes(dy.rank)?;
        let ([batch, dy_co, oh, ow], [co, ci, kh, kw]) = (dy.sizes, w.sizes);
        agree(archive, ("dY", "Co (axis 1)", dy_co), ("W", co))?;
        let (h, width) = match x {
            Some(x) => {
                same_rank(archive, "X", x.rank, dy.rank)?;
                agree(archive, ("X", "the batch (axis 0)", x.sizes[0]), ("dY", batch))?;
                agree(archive, ("X", "Ci (axis 1)", x.sizes[1]), ("W", ci))?;
                (x.sizes[2], x.sizes[3])
            }
            None => {
                let smallest = |what: &str, out: usize, kernel: usize| {
                    let padded = (out - 1).saturating_mul(stride).saturating_add(kernel);
                    padded.checked_sub(2 * pad).filter(|&size| size > 0).ok_or_else(|| {
                        let reason = format!(
                            "{what} {out} needs no input at all with padding {pad}; accepted: X in the file, \
                             or less padding"
                        );
                        archive.refuse("dY", &reason)
                    })
                };
                (smallest("height", oh, kh)?, smallest("width", ow, kw)?)
            }
        };
        let shape = ConvShape::new(batch, ci, (h, width), co, (kh, kw), stride, pad)?;
        check_output(archive, &shape, [oh, ow])?;
        Self { shape, rank: dy.rank }.check_size()
    }

    /// The layer of WU: X, dY and, for convolutions, W, whose values are not used.
    ///
    /// # Errors
    /// As [`Layer::of_ff`].
    pub(super) fn of_wu(
        archive: &Archive,
        x: Axes,
        dy: Axes,
        w: Option<Axes>,
        window: Window,
    ) -> anyhow::Result<Self> {
        same_rank(archive, "dY", dy.rank, x.rank)?;
        let (stride, pad) = window.sizes(x.rank)?;
        let ([batch, ci, h, width], [dy_batch, co, oh, ow]) = (x.sizes, dy.sizes);
        agree(archive, ("dY", "the batch (axis 0)", dy_batch), ("X", batch))?;
        let kernel = match w {
            Some(w) => {
                same_rank(archive, "W", w.rank, x.rank)?;
                agree(archive, ("W", "Co (axis 0)", w.sizes[0]), ("dY", co))?;
                agree(archive, ("W", "Ci (axis 1)", w.sizes[1]), ("X", ci))?;
                (w.sizes[2], w.sizes[3])
            }
            None if x.rank == Rank::Two => (1, 1),
            None => {
                let reason = "it is missing; wu of a convolution takes the kernel's shape from it";
                return Err(archive.refuse("W", reason).into());
            }
        };
        let shape = ConvShape::new(batch, ci, (h, width), co, kernel, stride, pad)?;
        check_output(archive, &shape, [oh, ow])?;
        Self { shape, rank: x.rank }.check_size()
    }

    /// The layer of prune and update: W alone. Its input has the kernel's size.
    ///
    /// # Errors
    /// As [`Layer::of_ff`].
    pub(super) fn of_weights(w: Axes) -> Result<Self, SpecError> {
        let [co, ci, kh, kw] = w.sizes;
        let shape = ConvShape::new(1, ci, (kh, kw), co, (kh, kw), 1, 0)?;
        Ok(Self { shape, rank: w.rank })
    }

    /// Refuses what would need more memory than the limit, padding included.
    fn check_size(self) -> anyhow::Result<Self> {
        let s = &self.shape;
        let padded = (s.h + 2 * s.pad) * (s.w + 2 * s.pad);
        // BP sees dY with a border that the kernel's reach makes.
        let bordered = (s.h + 2 * s.pad + s.kh) * (s.w + 2 * s.pad + s.kw);
        let tensors = [
            ("X with its padding", vec![s.batch, s.ci, padded]),
            ("dY with its padding", vec![s.batch, s.co, bordered]),
            ("Y", vec![s.batch, s.co, s.out_h(), s.out_w()]),
            ("W", vec![s.co, s.ci, s.kh, s.kw]),
        ];
        for (what, sizes) in tensors {
            let elements = sizes.iter().try_fold(1usize, |all, &size| all.checked_mul(size));
            if elements.is_none_or(|elements| elements > MAX_ELEMENTS) {
                return Err(SpecError::Shape(format!(
                    "{what} would have more than {MAX_ELEMENTS} elements ({s:?}); accepted: smaller arrays"
                ))
                .into());
            }
        }
        Ok(self)
    }

    /// The shape of X and dX as it is written.
    pub(super) fn x_axes(&self) -> Vec<usize> {
        let s = &self.shape;
        self.cut([s.batch, s.ci, s.h, s.w])
    }

    /// The shape of Y and dY as it is written.
    pub(super) fn y_axes(&self) -> Vec<usize> {
        let s = &self.shape;
        self.cut([s.batch, s.co, s.out_h(), s.out_w()])
    }

    /// The shape of W and dW as it is written.
    pub(super) fn w_axes(&self) -> Vec<usize> {
        let s = &self.shape;
        self.cut([s.co, s.ci, s.kh, s.kw])
    }

    fn cut(&self, sizes: [usize; 4]) -> Vec<usize> {
        match self.rank {
            Rank::Two => sizes[..2].to_vec(),
            Rank::Four => sizes.to_vec(),
        }
    }
}

fn check_output(archive: &Archive, shape: &ConvShape, given: [usize; 2]) -> Result<(), HostError> {
    let expected = [shape.out_h(), shape.out_w()];
    if given == expected {
        return Ok(());
    }
    let reason = format!(
        "{} x {} pixels, but an input of {} x {} with kernel {} x {}, stride {} and padding {} gives {} x {}",
        given[0],
        given[1],
        shape.h,
        shape.w,
        shape.kh,
        shape.kw,
        shape.stride,
        shape.pad,
        expected[0],
        expected[1]
    );
    Err(archive.refuse("dY", &reason))
}
