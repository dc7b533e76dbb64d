//! Weights in card memory: operands in column tiles, masters in rows.
//!
//! Operand weights of a matrix problem lie in tiles of the array's width, each slot after slot of K; the values of all tiles
//! first, then, from the next beat on, their positions, two in a byte. Master weights, momentum and gradients are FP32
//! rows of `Co` values, one for each input channel and tap, in the order of the rows of WU.

use super::tensor::{read_bytes, read_singles, write_singles};
use crate::card::memory::{CardMemory, MemoryFault};
use crate::prune::{Along, Compact};
use crate::{SimError, Weights};
use half::f16;
use satkit_plan::MacStage;
use satkit_plan::layout::{for_each_operand, master_rows, pitch, problem_weight_bytes};
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
    config: &ArrayConfig,
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
    let mut base = address;
    let mut wrong = None;
    for problem in mac.problems() {
        let bytes = problem_weight_bytes(&problem);
        let value_bytes = read_bytes(memory, base, bytes[0] as usize)?;
        let position_bytes = read_bytes(memory, base + bytes[0], bytes[1] as usize)?;
        for_each_operand(&problem, config.cols, |place| {
            let entry = place.entry;
            let value = f16::from_le_bytes([value_bytes[entry * 2], value_bytes[entry * 2 + 1]]);
            if !sparse {
                values[place.dense_at(mac)] = value;
                return;
            }
            let at = place.compact_at(mac);
            let position = position_bytes[entry / 2] >> (entry % 2 * 4) & 0xF;
            if usize::from(position) >= m {
                wrong = Some(position);
            }
            (values[at], positions[at]) = (value, position);
        });
        base += bytes[0] + bytes[1];
    }
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
    config: &ArrayConfig,
    memory: &CardMemory,
    address: u64,
    mac: &MacStage,
    weights: &Weights,
) -> Result<(), MemoryFault> {
    let mut base = address;
    for problem in mac.problems() {
        let bytes = problem_weight_bytes(&problem);
        let (mut values, mut positions) =
            (vec![0u8; bytes[0] as usize], vec![0u8; bytes[1] as usize]);
        for_each_operand(&problem, config.cols, |place| {
            let entry = place.entry;
            let value = match weights {
                Weights::Dense(dense) => dense[place.dense_at(mac)],
                Weights::Pruned(compact) => {
                    let at = place.compact_at(mac);
                    positions[entry / 2] |= compact.positions()[at] << (entry % 2 * 4);
                    compact.values()[at]
                }
            };
            values[entry * 2..entry * 2 + 2].copy_from_slice(&value.to_le_bytes());
        });
        memory.write(base, &values)?;
        memory.write(base + bytes[0], &positions)?;
        base += bytes[0] + bytes[1];
    }
    Ok(())
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
