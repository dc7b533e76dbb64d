//! Tensors as they lie in card memory (`docs/machine.md`, memory layout), from and to those of the host.

use half::f16;
use satkit_plan::layout::{master_rows, pitch};
use satkit_spec::{ArrayConfig, ConvShape};

/// FP16 images `(n, c, pixels)` as pixels with their channels.
pub(super) fn images(values: &[f16], channels: usize, pixels: usize) -> Vec<u8> {
    let (image, pitch) = (channels * pixels, pitch(channels));
    let mut bytes = vec![0; values.len() / image.max(1) * pixels * pitch * 2];
    let rooms = bytes.chunks_exact_mut(pixels * pitch * 2);
    for (room, image) in rooms.zip(values.chunks_exact(image)) {
        for (channel, plane) in image.chunks_exact(pixels).enumerate() {
            for (pixel, value) in plane.iter().enumerate() {
                let at = (pixel * pitch + channel) * 2;
                room[at..at + 2].copy_from_slice(&value.to_le_bytes());
            }
        }
    }
    bytes
}

/// FP32 values one behind another.
pub(super) fn singles(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// The FP32 values of bytes.
pub(super) fn read_singles(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
}

/// FP32 weights OIHW as rows of `Co`.
pub(super) fn master(config: &ArrayConfig, shape: &ConvShape, oihw: &[f32]) -> Vec<u8> {
    let pitch = pitch(shape.co);
    let mut rows = vec![0.0; shape.ci * shape.taps() * pitch];
    for ((channel, tap), row) in master_rows(config, shape).zip(rows.chunks_exact_mut(pitch)) {
        for (co, value) in row[..shape.co].iter_mut().enumerate() {
            *value = oihw[(co * shape.ci + channel) * shape.taps() + tap];
        }
    }
    singles(&rows)
}

/// The way back.
pub(super) fn read_master(config: &ArrayConfig, shape: &ConvShape, bytes: &[u8]) -> Vec<f32> {
    let pitch = pitch(shape.co);
    let rows = read_singles(bytes);
    let mut oihw = vec![0.0; shape.w_len()];
    for ((channel, tap), row) in master_rows(config, shape).zip(rows.chunks_exact(pitch)) {
        for (co, value) in row[..shape.co].iter().enumerate() {
            oihw[(co * shape.ci + channel) * shape.taps() + tap] = *value;
        }
    }
    oihw
}
