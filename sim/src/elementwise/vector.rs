//! How elementwise loops run fast: wide vectors, short buffers, large tasks.
//!
//! Loops are plain Rust that the compiler vectorises. [`vectorised!`] compiles such a loop a second
//! time for AVX2, which changes its speed and none of its bits: every operation stays one IEEE
//! operation, since Rust never contracts a multiply and an add to an FMA.

use super::Planes;
use half::f16;
use rayon::prelude::*;
use std::ops::Range;

/// Elements that a kernel sees at once: its FP32 buffers stay in the L1 cache.
pub(crate) const CHUNK: usize = 512;

/// Elements of one parallel task: enough to be worth waking a thread.
pub(crate) const TASK: usize = 1 << 14;

/// Planes with fewer pixels than this are handled as rows of `channels * pixels` values.
pub(crate) const SHORT_PLANE: usize = 32;

/// Defines a function that runs its loop on AVX2 where the processor has it.
///
/// The body must not depend on the width of the vectors, so that both versions give the same bits.
macro_rules! vectorised {
    ($(#[$meta:meta])* $vis:vis fn $name:ident($($arg:ident: $kind:ty),* $(,)?) $(-> $ret:ty)? $body:block) => {
        $(#[$meta])*
        $vis fn $name($($arg: $kind),*) $(-> $ret)? {
            #[inline(always)]
            fn body($($arg: $kind),*) $(-> $ret)? $body

            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx2")]
                fn wide($($arg: $kind),*) $(-> $ret)? {
                    body($($arg),*)
                }
                if $crate::Isa::chosen() != $crate::Isa::Portable {
                    // SAFETY: `wide` needs AVX2, which every ISA but the portable one implies, and
                    // an ISA is only chosen if the processor has it.
                    return unsafe { wide($($arg),*) };
                }
            }
            body($($arg),*)
        }
    };
}
pub(crate) use vectorised;

/// Calls `kernel` on pieces of at most [`CHUNK`] elements that together cover `out`, in parallel.
///
/// `kernel` gets the range of the piece in the flat tensor and the piece of `out`.
pub(crate) fn for_each_chunk<T: Send>(
    out: &mut [T],
    kernel: impl Fn(Range<usize>, &mut [T]) + Sync,
) {
    let task = |start: usize, out: &mut [T]| {
        for (index, out) in out.chunks_mut(CHUNK).enumerate() {
            let first = start + index * CHUNK;
            kernel(first..first + out.len(), out);
        }
    };
    if out.len() <= TASK {
        task(0, out);
    } else {
        out.par_chunks_mut(TASK).enumerate().for_each(|(index, out)| task(index * TASK, out));
    }
}

/// As [`for_each_chunk`], with `N` per-channel parameters spread to one value per element.
///
/// `parameters` are `N` slices of `planes.channels` values; `out` has `planes.len()` elements.
pub(crate) fn for_each_chunk_by_channel<const N: usize>(
    planes: Planes,
    parameters: [&[f32]; N],
    out: &mut [f16],
    kernel: impl Fn(Range<usize>, [&[f32]; N], &mut [f16]) + Sync,
) {
    if planes.pixels < SHORT_PLANE {
        let spread = parameters.map(|values| -> Vec<f32> {
            values.iter().flat_map(|&value| std::iter::repeat_n(value, planes.pixels)).collect()
        });
        let image = planes.channels * planes.pixels;
        for_each_unit(image, out, |index, out| {
            for (piece, out) in out.chunks_mut(CHUNK).enumerate() {
                let channel_first = piece * CHUNK;
                let first = index * image + channel_first;
                let here = spread.each_ref().map(|v| &v[channel_first..channel_first + out.len()]);
                kernel(first..first + out.len(), here, out);
            }
        });
    } else {
        let width = planes.pixels.min(CHUNK);
        for_each_unit(planes.pixels, out, |index, out| {
            let mut spread = [[0.0; CHUNK]; N];
            for (spread, values) in spread.iter_mut().zip(parameters) {
                spread[..width].fill(values[index % planes.channels]);
            }
            for (piece, out) in out.chunks_mut(CHUNK).enumerate() {
                let first = index * planes.pixels + piece * CHUNK;
                let here = spread.each_ref().map(|v| &v[..out.len()]);
                kernel(first..first + out.len(), here, out);
            }
        });
    }
}

/// Calls `kernel` on every unit of `unit` elements of `out`, with its index, in parallel.
pub(crate) fn for_each_unit<T: Send>(
    unit: usize,
    out: &mut [T],
    kernel: impl Fn(usize, &mut [T]) + Sync,
) {
    let units_per_task = TASK.div_ceil(unit);
    let task = |start: usize, out: &mut [T]| {
        for (index, out) in out.chunks_mut(unit).enumerate() {
            kernel(start + index, out);
        }
    };
    if out.len() <= units_per_task * unit {
        task(0, out);
    } else {
        out.par_chunks_mut(units_per_task * unit)
            .enumerate()
            .for_each(|(index, out)| task(index * units_per_task, out));
    }
}

/// Maps `0..count` to a vector, in parallel if `work` elements are worth it.
pub(crate) fn map_indices<T: Send>(
    count: usize,
    work: usize,
    map: impl Fn(usize) -> T + Sync + Send,
) -> Vec<T> {
    if work <= TASK {
        (0..count).map(map).collect()
    } else {
        (0..count).into_par_iter().map(map).collect()
    }
}
