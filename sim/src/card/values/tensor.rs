//! Tensors in card memory: NHWC with a pitch there, NCHW in the kernels (`docs/machine.md`, memory layout).

use crate::card::memory::{CardMemory, MemoryFault};
use half::f16;
use rayon::prelude::*;
use satkit_plan::layout::pitch;

/// Sizes of a tensor, FP16 but for the accumulators of a stage: `batch` images of `pixels` pixels with `channels` channels, each `pitch` elements behind the last.
#[derive(Clone, Copy, Debug)]
pub(super) struct Images {
    pub(super) batch: usize,
    pub(super) channels: usize,
    pub(super) pixels: usize,
    pub(super) pitch: usize,
}

impl Images {
    pub(super) const fn new(batch: usize, channels: usize, pixels: usize) -> Self {
        Self { batch, channels, pixels, pitch: pitch(channels) }
    }

    /// Values without padding.
    pub(super) const fn len(&self) -> usize {
        self.batch * self.channels * self.pixels
    }

    /// Elements in memory.
    const fn room(&self) -> usize {
        self.batch * self.pixels * self.pitch
    }

    /// Reads the tensor, NCHW.
    pub(super) fn read(&self, memory: &CardMemory, address: u64) -> Result<Vec<f16>, MemoryFault> {
        let mut values = vec![f16::ZERO; self.len()];
        if values.is_empty() {
            return Ok(values);
        }
        // The padding of the last pixel may lie behind the tensor.
        let bytes = read_bytes(memory, address, (self.room() - self.pitch + self.channels) * 2)?;
        let image = self.channels * self.pixels;
        values.par_chunks_exact_mut(image).enumerate().for_each(|(index, values)| {
            let first = index * self.pixels * self.pitch;
            for (channel, plane) in values.chunks_exact_mut(self.pixels).enumerate() {
                for (pixel, value) in plane.iter_mut().enumerate() {
                    let at = (first + pixel * self.pitch + channel) * 2;
                    *value = f16::from_le_bytes([bytes[at], bytes[at + 1]]);
                }
            }
        });
        Ok(values)
    }

    /// Writes the tensor from NCHW, with zeros in the padding.
    pub(super) fn write(
        &self,
        memory: &CardMemory,
        address: u64,
        values: &[f16],
    ) -> Result<(), MemoryFault> {
        self.write_elements(memory, address, values, |value| value.to_le_bytes())
    }

    /// The same with FP32 values: the accumulators of a stage.
    pub(super) fn write_singles(
        &self,
        memory: &CardMemory,
        address: u64,
        values: &[f32],
    ) -> Result<(), MemoryFault> {
        self.write_elements(memory, address, values, |value| value.to_le_bytes())
    }

    fn write_elements<T: Copy + Sync, const BYTES: usize>(
        &self,
        memory: &CardMemory,
        address: u64,
        values: &[T],
        bytes_of: impl Fn(T) -> [u8; BYTES] + Sync,
    ) -> Result<(), MemoryFault> {
        let image = self.channels * self.pixels;
        let mut bytes = vec![0u8; self.room() * BYTES];
        bytes.par_chunks_exact_mut(self.pixels * self.pitch * BYTES).enumerate().for_each(
            |(index, bytes)| {
                let planes = values[index * image..][..image].chunks_exact(self.pixels);
                for (channel, plane) in planes.enumerate() {
                    for (pixel, value) in plane.iter().enumerate() {
                        let at = (pixel * self.pitch + channel) * BYTES;
                        bytes[at..at + BYTES].copy_from_slice(&bytes_of(*value));
                    }
                }
            },
        );
        memory.write(address, &bytes)
    }

    /// Reads one bit per value, NCHW, from where [`Images::write_bits`] puts them.
    pub(super) fn read_bits(
        &self,
        memory: &CardMemory,
        address: u64,
    ) -> Result<Vec<bool>, MemoryFault> {
        let bytes = read_bytes(memory, address, self.room().div_ceil(8))?;
        let bit = |element: usize| bytes[element / 8] >> (element % 8) & 1 == 1;
        Ok((0..self.len()).map(|index| bit(self.element(index))).collect())
    }

    /// Writes one bit per value: that of an element is where the element is, counted in elements, lowest bit first.
    pub(super) fn write_bits(
        &self,
        memory: &CardMemory,
        address: u64,
        bits: impl Iterator<Item = bool>,
    ) -> Result<(), MemoryFault> {
        let mut bytes = vec![0u8; self.room().div_ceil(8)];
        for (index, bit) in bits.enumerate() {
            let element = self.element(index);
            bytes[element / 8] |= u8::from(bit) << (element % 8);
        }
        memory.write(address, &bytes)
    }

    /// The element in memory of NCHW index `index`.
    const fn element(&self, index: usize) -> usize {
        let (plane, pixel) = (index / self.pixels, index % self.pixels);
        let (image, channel) = (plane / self.channels, plane % self.channels);
        (image * self.pixels + pixel) * self.pitch + channel
    }
}

pub(super) fn read_bytes(
    memory: &CardMemory,
    address: u64,
    len: usize,
) -> Result<Vec<u8>, MemoryFault> {
    let mut bytes = vec![0; len];
    memory.read(address, &mut bytes)?;
    Ok(bytes)
}

/// Reads `len` FP32 values.
pub(super) fn read_singles(
    memory: &CardMemory,
    address: u64,
    len: usize,
) -> Result<Vec<f32>, MemoryFault> {
    let bytes = read_bytes(memory, address, len * 4)?;
    let (values, _) = bytes.as_chunks::<4>();
    Ok(values.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
}

/// Reads `len` words of 32 bits.
pub(super) fn read_words(
    memory: &CardMemory,
    address: u64,
    len: usize,
) -> Result<Vec<u32>, MemoryFault> {
    let bytes = read_bytes(memory, address, len * 4)?;
    let (words, _) = bytes.as_chunks::<4>();
    Ok(words.iter().map(|bytes| u32::from_le_bytes(*bytes)).collect())
}

/// Writes words of 32 bits.
pub(super) fn write_words(
    memory: &CardMemory,
    address: u64,
    words: &[u32],
) -> Result<(), MemoryFault> {
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    memory.write(address, &bytes)
}

/// Writes FP32 values.
pub(super) fn write_singles(
    memory: &CardMemory,
    address: u64,
    values: &[f32],
) -> Result<(), MemoryFault> {
    let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    memory.write(address, &bytes)
}
