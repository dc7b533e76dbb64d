//! Weights in card memory: operands in column tiles, masters in rows.
//!
//! Operand weights lie in tiles of 32 columns, each slot after slot of K: a beat of values for each, and of compact weights, before
//! those of four slots, a beat of positions, two in a byte. Master weights, momentum and gradients are FP32
//! rows of `Co` values, one for each input channel and tap, in the order of the rows of WU.

use super::tensor::{read_bytes, read_singles, write_singles};
use crate::card::memory::{CardMemory, MemoryFault};
use crate::prune::{Along, Compact};
use crate::{SimError, Weights};
use half::f16;
use satkit_plan::MacStage;
use satkit_plan::layout::{for_each_operand, master_rows, pitch, weight_bytes};
use satkit_spec::{ArrayConfig, ConvShape, Sparsity, Stage};

/// What can go wrong while values are read.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReadError {
    #[error(transparent)]
    Memory(#[from] MemoryFault),
    #[error("position {position} of a kept weight in a group of {m}")]
    Position { position: u8, m: usize },
    #[error(transparent)]
    Operand(#[from] SimError),
}

/// Reads the operand of FF or BP.
pub(super) fn read_operand(
    memory: &CardMemory,
    address: u64,
    mac: &MacStage,
) -> Result<Weights, ReadError> {
    let shape = &mac.shape;
    let sparse = mac.sparsity != Sparsity::DENSE;
    let (n, m) = (mac.sparsity.n(), mac.sparsity.m());
    let kept = if sparse { mac.sparsity.kept(shape.w_len()) } else { shape.w_len() };
    let mut values = vec![f16::ZERO; kept];
    // Taps of no phase have no weights in memory; any positions do.
    let mut positions: Vec<u8> =
        (0..if sparse { kept } else { 0 }).map(|i| (i % n) as u8).collect();
    let mut wrong = None;
    let bytes = read_bytes(memory, address, weight_bytes(mac) as usize)?;
    for_each_operand(mac, |place| {
        let byte = place.value_byte;
        let value = f16::from_le_bytes([bytes[byte], bytes[byte + 1]]);
        if !sparse {
            values[place.dense_at(mac)] = value;
            return;
        }
        let at = place.compact_at(mac);
        let position = bytes[place.position_byte] >> place.position_bit & 0xF;
        if usize::from(position) >= m {
            wrong = Some(position);
        }
        (values[at], positions[at]) = (value, position);
    });
    if let Some(position) = wrong {
        return Err(ReadError::Position { position, m });
    }
    if !sparse {
        return Ok(Weights::Dense(values));
    }
    let along = if mac.stage == Stage::Bp { Along::Co } else { Along::Ci };
    let dims = (shape.co, shape.ci, shape.taps());
    Ok(Weights::Pruned(Compact::from_parts(values, positions, mac.sparsity, along, dims)))
}

/// Writes the operand of FF or BP.
pub(super) fn write_operand(
    memory: &CardMemory,
    address: u64,
    mac: &MacStage,
    weights: &Weights,
) -> Result<(), MemoryFault> {
    let mut bytes = vec![0u8; weight_bytes(mac) as usize];
    for_each_operand(mac, |place| {
        let value = match weights {
            Weights::Dense(dense) => dense[place.dense_at(mac)],
            Weights::Pruned(compact) => {
                let at = place.compact_at(mac);
                bytes[place.position_byte] |= compact.positions()[at] << place.position_bit;
                compact.values()[at]
            }
        };
        bytes[place.value_byte..place.value_byte + 2].copy_from_slice(&value.to_le_bytes());
    });
    memory.write(address, &bytes)
}

/// Reads FP32 weights, momentum or gradients, OIHW.
pub(super) fn read_master(
    config: &ArrayConfig,
    memory: &CardMemory,
    address: u64,
    shape: &ConvShape,
) -> Result<Vec<f32>, MemoryFault> {
    let pitch = pitch(shape.co);
    let rows = read_singles(memory, address, shape.ci * shape.taps() * pitch)?;
    let mut oihw = vec![0.0; shape.w_len()];
    for ((channel, tap), row) in master_rows(config, shape).zip(rows.chunks_exact(pitch)) {
        for (co, value) in row[..shape.co].iter().enumerate() {
            oihw[(co * shape.ci + channel) * shape.taps() + tap] = *value;
        }
    }
    Ok(oihw)
}

/// Writes FP32 weights, momentum or gradients from OIHW.
pub(super) fn write_master(
    config: &ArrayConfig,
    memory: &CardMemory,
    address: u64,
    shape: &ConvShape,
    oihw: &[f32],
) -> Result<(), MemoryFault> {
    let pitch = pitch(shape.co);
    let mut rows = vec![0.0; shape.ci * shape.taps() * pitch];
    for ((channel, tap), row) in master_rows(config, shape).zip(rows.chunks_exact_mut(pitch)) {
        for (co, value) in row[..shape.co].iter_mut().enumerate() {
            *value = oihw[(co * shape.ci + channel) * shape.taps() + tap];
        }
    }
    write_singles(memory, address, &rows)
}
