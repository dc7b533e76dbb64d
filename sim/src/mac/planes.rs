//! Zero-padded FP16 copies of an image operand, arranged so that every tap reads contiguous pixels.
//!
//! A strided convolution reads every `step`-th pixel. The copy splits an image into `step * step` sub-planes, one per
//! phase, so that all taps are plain offsets. Padding is there as +0.0, because it takes part in the sums
//! (`docs/contract.md`, Numbers).

use super::transpose::{Matrix, transpose};
use crate::{SimError, buffer::Buffer};
use rayon::prelude::*;
use satkit_spec::{BpPhase, ConvShape};

/// Values behind the end that vector reads may touch.
const SLACK: usize = 64;

/// Channels that the pixel-major copy transposes at once: 64 bytes, a cache line of the target.
const CHANNEL_BLOCK: usize = 32;

/// Largest copy in FP16 values, 8 GiB: padding far larger than the image must not eat the machine.
const MAX_VALUES: usize = 4 << 30;

/// The padded and split form of one image operand.
#[derive(Clone, Debug)]
pub(super) struct Planes {
    images: usize,
    channels: usize,
    /// Source rows and columns.
    source: [usize; 2],
    /// Source row and column of element (0, 0) of sub-plane (0, 0); may be outside.
    origin: [isize; 2],
    /// Distance in the source between neighbours of a sub-plane.
    step: usize,
    /// Sub-planes along rows and columns.
    phases: [usize; 2],
    /// Rows and columns of each sub-plane.
    size: [usize; 2],
}

impl Planes {
    /// Of X, for FF and WU.
    pub(super) fn of_input(shape: &ConvShape) -> Self {
        let size = |out: usize, kernel: usize| out + (kernel - 1) / shape.stride;
        Self {
            images: shape.batch,
            channels: shape.ci,
            source: [shape.h, shape.w],
            origin: [-(shape.pad as isize); 2],
            step: shape.stride,
            phases: [shape.stride.min(shape.kh), shape.stride.min(shape.kw)],
            size: [size(shape.out_h(), shape.kh), size(shape.out_w(), shape.kw)],
        }
    }

    /// Of dY, for all phases of BP.
    pub(super) fn of_gradient(shape: &ConvShape, phases: &[BpPhase]) -> Self {
        let axis = |axis: usize| {
            // Output rows that the phases' first and last pixels touch.
            let ends = phases.iter().filter(|phase| phase.taps() > 0).map(|phase| {
                let (first, taps) = bp_origin(shape, phase)[axis];
                let pixels = [phase.rows, phase.cols][axis];
                (first - (taps as isize - 1), first + pixels as isize - 1)
            });
            ends.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
                .map_or((0, 0), |(low, high)| (low, (high - low + 1) as usize))
        };
        let ((origin_h, rows), (origin_w, cols)) = (axis(0), axis(1));
        Self {
            images: shape.batch,
            channels: shape.co,
            source: [shape.out_h(), shape.out_w()],
            origin: [origin_h, origin_w],
            step: 1,
            phases: [1, 1],
            size: [rows, cols],
        }
    }

    /// Values of all sub-planes of one channel of one image.
    pub(super) const fn plane_len(&self) -> usize {
        self.phases[0] * self.phases[1] * self.size[0] * self.size[1]
    }

    /// Values from a row of a sub-plane to the next.
    pub(super) const fn row_pitch(&self) -> usize {
        self.size[1]
    }

    /// Values from a channel to the next in the channel-major copy: an odd number of cache lines, so that the same
    /// pixels of many channels do not fall into the same cache set.
    pub(super) const fn channel_pitch(&self) -> usize {
        ((self.images * self.plane_len()).div_ceil(32) | 1) * 32
    }

    /// Values from a pixel to the next in the pixel-major copy.
    pub(super) const fn pixel_pitch(&self) -> usize {
        self.channels.next_multiple_of(8)
    }

    /// Offset in a plane of what kernel tap (kh, kw) reads for output (0, 0), in ascending (kh, kw).
    pub(super) fn input_taps(&self, shape: &ConvShape) -> Vec<usize> {
        let taps = (0..shape.kh).flat_map(|kh| (0..shape.kw).map(move |kw| (kh, kw)));
        taps.map(|(kh, kw)| {
            let sub_plane = kh % self.step * self.phases[1] + kw % self.step;
            (sub_plane * self.size[0] + kh / self.step) * self.size[1] + kw / self.step
        })
        .collect()
    }

    /// Offset in a plane of what each tap of `phase` reads for the phase's first pixel, in ascending (kh, kw).
    pub(super) fn gradient_taps(&self, shape: &ConvShape, phase: &BpPhase) -> Vec<usize> {
        let [(first_h, _), (first_w, _)] = bp_origin(shape, phase);
        let at = |first: isize, tap: usize, axis: usize| {
            (first - tap as isize - self.origin[axis]) as usize
        };
        (0..phase.taps_h)
            .flat_map(|a| (0..phase.taps_w).map(move |b| (a, b)))
            .map(|(a, b)| at(first_h, a, 0) * self.size[1] + at(first_w, b, 1))
            .collect()
    }

    fn check(&self, values: Option<usize>) -> Result<usize, SimError> {
        values.filter(|&values| values <= MAX_VALUES - SLACK).ok_or_else(|| SimError::Operand {
            what: "padding",
            given: format!(
                "that of {} images of {} channels with planes of {} values, which is more than 8 GiB",
                self.images,
                self.channels,
                self.plane_len()
            ),
            accepted: "a smaller batch or less padding".into(),
        })
    }

    /// The copy `[channel][image][sub-plane][row][column]` of NCHW `source`; channels are
    /// [`Planes::channel_pitch`] apart.
    pub(super) fn channel_major(&self, source: &[u16]) -> Result<Buffer<u16>, SimError> {
        let pitch = self.channel_pitch();
        let len = self.check(self.channels.checked_mul(pitch))?;
        let mut copy = Buffer::take(len + SLACK);
        if self.plane_len() == 1 && self.source == [1, 1] && self.origin == [0, 0] {
            let (rows, cols) = (self.images, self.channels);
            copy[..len].par_chunks_mut(CHANNEL_BLOCK * pitch).enumerate().for_each(|(i, copy)| {
                let first = i * CHANNEL_BLOCK;
                let cols_here = (cols - first).min(CHANNEL_BLOCK);
                let values = &source[first..];
                transpose(Matrix { values, rows, cols: cols_here, pitch: cols }, copy, pitch);
            });
            return Ok(copy);
        }
        copy[..len].par_chunks_mut(pitch).enumerate().for_each(|(channel, copy)| {
            for image in 0..self.images {
                let plane = self.source_plane(source, image, channel);
                self.fill(plane, &mut copy[image * self.plane_len()..][..self.plane_len()]);
            }
        });
        Ok(copy)
    }

    /// The copy `[image][sub-plane][row][column][channel]` of NCHW `source`; pixels are
    /// [`Planes::pixel_pitch`] apart.
    pub(super) fn pixel_major(&self, source: &[u16]) -> Result<Buffer<u16>, SimError> {
        let (pitch, plane_len) = (self.pixel_pitch(), self.plane_len());
        let image_len = self.check(pitch.checked_mul(plane_len))?;
        let len = self.check(image_len.checked_mul(self.images))?;
        let mut copy = Buffer::take(len + SLACK);
        if plane_len == 1 && self.source == [1, 1] && self.origin == [0, 0] {
            let pixels = copy[..len].par_chunks_mut(pitch).with_min_len(64);
            pixels.zip(source.par_chunks(self.channels)).for_each(|(copy, source)| {
                copy[..source.len()].copy_from_slice(source);
            });
            return Ok(copy);
        }
        copy[..len].par_chunks_mut(image_len).enumerate().for_each(|(image, copy)| {
            let mut block = Buffer::<u16>::take(CHANNEL_BLOCK * plane_len);
            for first in (0..self.channels).step_by(CHANNEL_BLOCK) {
                let rows = (self.channels - first).min(CHANNEL_BLOCK);
                for (channel, plane) in block.chunks_mut(plane_len).take(rows).enumerate() {
                    self.fill(self.source_plane(source, image, first + channel), plane);
                }
                let matrix = Matrix { values: &block, rows, cols: plane_len, pitch: plane_len };
                transpose(matrix, &mut copy[first..], pitch);
            }
        });
        Ok(copy)
    }

    fn source_plane<'a>(&self, source: &'a [u16], image: usize, channel: usize) -> &'a [u16] {
        let len = self.source[0] * self.source[1];
        &source[(image * self.channels + channel) * len..][..len]
    }

    /// Pads and splits one plane.
    fn fill(&self, source: &[u16], target: &mut [u16]) {
        let [rows, cols] = self.size;
        if rows * cols == 0 {
            return;
        }
        for (i, target) in target.chunks_exact_mut(cols).enumerate() {
            let (phase, row) = (i / rows, i % rows);
            let phase_h = phase / self.phases[1];
            let phase_w = phase % self.phases[1];
            let Some(y) = (self.origin[0] + (row * self.step + phase_h) as isize)
                .try_into()
                .ok()
                .filter(|&y: &usize| y < self.source[0])
            else {
                target.fill(0);
                continue;
            };
            let source = &source[y * self.source[1]..][..self.source[1]];
            // Element j reads source column first + j * step.
            let first = self.origin[1] + phase_w as isize;
            let before = first.min(0).unsigned_abs().div_ceil(self.step).min(cols);
            let x = (first + (before * self.step) as isize) as usize;
            let inside = source.len().saturating_sub(x).div_ceil(self.step).min(cols - before);
            target[..before].fill(0);
            target[before + inside..].fill(0);
            if inside == 0 {
                continue;
            }
            let target = &mut target[before..before + inside];
            match self.step {
                1 => target.copy_from_slice(&source[x..x + inside]),
                2 => copy_strided::<2>(source, x, target),
                _ => {
                    for (j, target) in target.iter_mut().enumerate() {
                        *target = source[x + j * self.step];
                    }
                }
            }
        }
    }
}

/// `target[j] = source[x + j * STEP]`, in a form that the compiler vectorises.
fn copy_strided<const STEP: usize>(source: &[u16], x: usize, target: &mut [u16]) {
    let Some((last, target)) = target.split_last_mut() else { return };
    *last = source[x + target.len() * STEP];
    for (target, group) in target.iter_mut().zip(source[x..].chunks_exact(STEP)) {
        *target = group[0];
    }
}

/// Per axis: the output row (column) that tap 0 of `phase` meets at the phase's first pixel, and the phase's taps. Pixel
/// `i` and tap `a` meet output `first + i - a`.
fn bp_origin(shape: &ConvShape, phase: &BpPhase) -> [(isize, usize); 2] {
    // (first + pad) % stride is the phase and also the phase's first tap, so (first + pad - tap) / stride is this:
    let first = |pixel: usize| ((pixel + shape.pad) / shape.stride) as isize;
    [(first(phase.first_ih), phase.taps_h), (first(phase.first_iw), phase.taps_w)]
}
