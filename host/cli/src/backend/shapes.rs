//! What a tensor's axes mean to the simulator's kernels.

use satkit_host::backend::{BackendError, BackendResult, PoolWindow};
use satkit_sim::elementwise::{Planes, PoolShape};

/// Channels are axis 1 of images and the last axis of tokens and rows.
pub(super) fn planes(shape: &[usize]) -> BackendResult<Planes> {
    match *shape {
        [n, c, h, w] => Planes::new(n, c, h * w),
        [b, t, d] => Planes::rows(b * t, d),
        [rows, c] => Planes::rows(rows, c),
        _ => {
            return Err(BackendError::new(format!(
                "a tensor of shape {shape:?}; accepted: 2 to 4 axes"
            )));
        }
    }
    .map_err(BackendError::new)
}

/// Rows and width of tokens or rows.
pub(super) fn rows(shape: &[usize]) -> BackendResult<(usize, usize)> {
    match *shape {
        [b, t, d] => Ok((b * t, d)),
        [rows, d] => Ok((rows, d)),
        _ => {
            Err(BackendError::new(format!("a tensor of shape {shape:?}; accepted: tokens or rows")))
        }
    }
}

/// The four axes of images.
pub(super) fn image(shape: &[usize]) -> BackendResult<[usize; 4]> {
    <[usize; 4]>::try_from(shape).map_err(|_| {
        BackendError::new(format!("a tensor of shape {shape:?}; accepted: images (n, c, h, w)"))
    })
}

/// A pooling layer on images of these axes.
pub(super) fn pool_shape([n, c, h, w]: [usize; 4], window: PoolWindow) -> BackendResult<PoolShape> {
    let PoolWindow { window, stride, pad } = window;
    PoolShape::new(n, c, [h, w], window, stride, pad).map_err(BackendError::new)
}

/// The three axes of tokens.
pub(super) fn tokens(shape: &[usize]) -> BackendResult<[usize; 3]> {
    <[usize; 3]>::try_from(shape).map_err(|_| {
        BackendError::new(format!("a tensor of shape {:?}; accepted: tokens (b, t, d)", shape))
    })
}

/// `[b, t, width]` of the output for `qkv` of `[b, t, 3 * width]`.
pub(super) fn attention_sizes(shape: &[usize]) -> BackendResult<[usize; 3]> {
    let [b, t, width] = tokens(shape)?;
    if !width.is_multiple_of(3) {
        return Err(BackendError::new(format!("qkv of width {width}; accepted: a multiple of 3")));
    }
    Ok([b, t, width / 3])
}
