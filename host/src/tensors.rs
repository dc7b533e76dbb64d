//! Tensors as they lie in card memory (`docs/machine.md`, memory layout), from and to those of the host.

use crate::backend::SgdStep;
use half::f16;
use satkit_plan::MacStage;
use satkit_plan::layout::{for_each_operand, master_rows, pitch, weight_bytes};
use satkit_spec::isa::scalar;
use satkit_spec::{
    ArrayConfig, ConvShape, NORM_RUNNING_WORDS, NORM_UNIT_CHANNELS, Sparsity, norm_place,
    norm_units,
};

/// FP16 images `(n, c, pixels)` as pixels with their channels.
pub(crate) fn images(values: &[f16], channels: usize, pixels: usize) -> Vec<u8> {
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

/// FP32 accumulators `(n, c, pixels)` from pixels with their channels.
pub(crate) fn read_accumulators(
    bytes: &[u8],
    batch: usize,
    channels: usize,
    pixels: usize,
) -> Vec<f32> {
    let (image, pitch) = (channels * pixels, pitch(channels));
    let mut values = vec![0.0; batch * image];
    let rooms = bytes.chunks_exact(pixels * pitch * 4);
    for (room, image) in rooms.zip(values.chunks_exact_mut(image)) {
        let (room, _) = room.as_chunks::<4>();
        for (channel, plane) in image.chunks_exact_mut(pixels).enumerate() {
            for (pixel, value) in plane.iter_mut().enumerate() {
                *value = f32::from_le_bytes(room[pixel * pitch + channel]);
            }
        }
    }
    values
}

/// FP16 weights OIHW as the dense operand of FF or BP.
pub(crate) fn operand(mac: &MacStage, oihw: &[f16]) -> Vec<u8> {
    let mut bytes = vec![0; weight_bytes(mac) as usize];
    for_each_operand(mac, |place| {
        let value = oihw[place.dense_at(mac)].to_le_bytes();
        bytes[place.value_byte..][..2].copy_from_slice(&value);
    });
    bytes
}

/// Compact weights with N of each M, from the operand of FF or BP: values and positions of each group, in C order over
/// (Co, tap, group along Ci) or (Ci, tap, group along Co). Where all is kept, memory holds them dense.
pub(crate) fn read_compact(mac: &MacStage, m: usize, bytes: &[u8]) -> (Vec<f16>, Vec<u8>) {
    let is_dense = mac.sparsity == Sparsity::DENSE;
    let kept = mac.sparsity.kept(mac.shape.w_len());
    let (mut values, mut positions) = (vec![f16::ZERO; kept], vec![0; kept]);
    for_each_operand(mac, |place| {
        let (at, byte) = (place.compact_at(mac), place.value_byte);
        values[at] = f16::from_le_bytes([bytes[byte], bytes[byte + 1]]);
        positions[at] = if is_dense {
            (place.group % m) as u8
        } else {
            bytes[place.position_byte] >> place.position_bit & 0xF
        };
    });
    (values, positions)
}

/// The step's numbers as one beat.
pub(crate) fn numbers(numbers: &SgdStep) -> Vec<u8> {
    let mut block = [0.0; scalar::COUNT];
    block[scalar::LEARNING_RATE] = numbers.learning_rate;
    block[scalar::MOMENTUM] = numbers.momentum;
    block[scalar::WEIGHT_DECAY] = numbers.weight_decay;
    block[scalar::LAMBDA] = numbers.lambda;
    block[scalar::LOSS_SCALE] = numbers.loss_scale;
    singles(&block)
}

/// FP32 values one behind another.
pub(crate) fn singles(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// The FP32 values of bytes.
pub(crate) fn read_singles(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
}

/// Running means and variances in units of channels, the last filled up with zeros.
pub(crate) fn running_statistics(mean: &[f32], var: &[f32]) -> Vec<u8> {
    let mut values = vec![0.0; norm_units(mean.len()) * NORM_RUNNING_WORDS * NORM_UNIT_CHANNELS];
    for (word, of_channels) in [mean, var].into_iter().enumerate() {
        for (channel, &value) in of_channels.iter().enumerate() {
            let (beat, at) = norm_place(NORM_RUNNING_WORDS, channel, word);
            values[beat * NORM_UNIT_CHANNELS + at] = value;
        }
    }
    singles(&values)
}

/// The way back: means and variances of so many channels.
pub(crate) fn read_running_statistics(
    channels: usize,
    bytes: &[u8],
) -> [Vec<f32>; NORM_RUNNING_WORDS] {
    let values = read_singles(bytes);
    [0, 1].map(|word| {
        let of_channel = |channel: usize| {
            let (beat, at) = norm_place(NORM_RUNNING_WORDS, channel, word);
            values[beat * NORM_UNIT_CHANNELS + at]
        };
        (0..channels).map(of_channel).collect()
    })
}

/// FP32 weights OIHW as rows of `Co`.
pub(crate) fn master(config: &ArrayConfig, shape: &ConvShape, oihw: &[f32]) -> Vec<u8> {
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
pub(crate) fn read_master(config: &ArrayConfig, shape: &ConvShape, bytes: &[u8]) -> Vec<f32> {
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
