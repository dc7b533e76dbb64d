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
use satkit_plan::layout::{master_rows, pitch, problem_weight_bytes};
use satkit_plan::{MacStage, Problem};
use satkit_spec::{ArrayConfig, ConvShape, K_BLOCK, Sparsity, Stage};

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

/// One K slot of a matrix problem: a reduced channel, or the group of it and the place among the kept, and a tap of the kernel.
#[derive(Clone, Copy, Debug)]
struct Slot {
    /// Channel, or group of channels.
    channel: usize,
    kept: usize,
    /// `kh * KW + kw`.
    tap: usize,
}

/// The slots of a problem in K order.
fn slots(problem: &Problem) -> Vec<Slot> {
    let MacStage { shape, stage, sparsity } = problem.mac;
    let channels = if stage == Stage::Bp { shape.co } else { shape.ci };
    let taps: Vec<usize> = match problem.phase {
        None => (0..shape.taps()).collect(),
        Some(phase) => {
            let axis = |first: usize, count| (0..count).map(move |i| first + i * shape.stride);
            axis(phase.phase_h, phase.taps_h)
                .flat_map(|kh| axis(phase.phase_w, phase.taps_w).map(move |kw| kh * shape.kw + kw))
                .collect()
        }
    };
    let (n, m) = (sparsity.n(), sparsity.m());
    let mut slots = Vec::with_capacity(problem.slots);
    for block in (0..channels).step_by(K_BLOCK) {
        let groups = block / m..channels.min(block + K_BLOCK) / m;
        for &tap in &taps {
            for channel in groups.clone() {
                slots.extend((0..n).map(|kept| Slot { channel, kept, tap }));
            }
        }
    }
    slots
}

/// Entries of a problem in memory: calls `visit(entry, slot, column)`.
fn for_each_entry(problem: &Problem, tile: usize, mut visit: impl FnMut(usize, Slot, usize)) {
    let slots = slots(problem);
    let mut entry = 0;
    for first in (0..problem.cols).step_by(tile) {
        for &slot in &slots {
            for column in first..problem.cols.min(first + tile) {
                visit(entry, slot, column);
                entry += 1;
            }
        }
    }
}

/// OIHW index of a dense weight.
const fn dense_at(mac: &MacStage, slot: Slot, column: usize) -> usize {
    let shape = &mac.shape;
    let (co, ci) = match mac.stage {
        Stage::Bp => (slot.channel, column),
        _ => (column, slot.channel),
    };
    (co * shape.ci + ci) * shape.taps() + slot.tap
}

/// Index of a kept value in [`Compact`].
fn compact_at(mac: &MacStage, slot: Slot, column: usize) -> usize {
    let channels = if mac.stage == Stage::Bp { mac.shape.co } else { mac.shape.ci };
    let groups = channels / mac.sparsity.m();
    let group = (column * mac.shape.taps() + slot.tap) * groups + slot.channel;
    group * mac.sparsity.n() + slot.kept
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
        for_each_entry(&problem, config.cols, |entry, slot, column| {
            let value = f16::from_le_bytes([value_bytes[entry * 2], value_bytes[entry * 2 + 1]]);
            if !sparse {
                values[dense_at(mac, slot, column)] = value;
                return;
            }
            let at = compact_at(mac, slot, column);
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
        for_each_entry(&problem, config.cols, |entry, slot, column| {
            let value = match weights {
                Weights::Dense(dense) => dense[dense_at(mac, slot, column)],
                Weights::Pruned(compact) => {
                    let at = compact_at(mac, slot, column);
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
