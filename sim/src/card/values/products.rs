//! Products of activations: attention's, several side by side in the rows of each tensor.

use super::tensor::read_bytes;
use super::{Machine, ValueFault, at};
use crate::mac::{StageOperands, Transposition};
use crate::number::{canonical, to_f16};
use half::f16;
use satkit_plan::{TileSpace, WeightSource};
use satkit_spec::Stage;
use satkit_spec::isa::{Instruction, Operands, Operation, Results, Store};

pub(super) struct Products {
    pub(super) space: TileSpace,
    pub(super) operands: Operands,
    pub(super) results: Results,
    pub(super) store: Store,
}

/// A matrix in a tensor: rows at a distance, the values of a row together.
#[derive(Clone, Copy)]
struct Part {
    address: u64,
    rows: usize,
    cols: usize,
    pitch_bytes: u64,
}

impl Part {
    /// Product `group` of a tensor whose rows of `width` bytes a value hold `heads` products, `head` apart.
    fn of(
        base: u32,
        group: usize,
        heads: usize,
        head: u32,
        pitch: u32,
        size: (usize, usize),
        width: u64,
    ) -> Self {
        let (rows, cols) = size;
        let pitch_bytes = u64::from(pitch) * 8 * width;
        let image = (group / heads * rows) as u64 * pitch_bytes;
        let address = at(base) + image + (group % heads) as u64 * u64::from(head) * 8 * width;
        Self { address, rows, cols, pitch_bytes }
    }

    fn read(&self, machine: &Machine<'_>) -> Result<Vec<f16>, ValueFault> {
        let mut values = Vec::with_capacity(self.rows * self.cols);
        for row in 0..self.rows as u64 {
            let address = self.address + row * self.pitch_bytes;
            let bytes = read_bytes(machine.memory, address, self.cols * 2)?;
            values.extend(bytes.as_chunks().0.iter().map(|bytes| f16::from_le_bytes(*bytes)));
        }
        Ok(values)
    }

    fn write(&self, machine: &Machine<'_>, bytes: &[u8]) -> Result<(), ValueFault> {
        let width = bytes.len() / self.rows.max(1);
        for (row, bytes) in bytes.chunks_exact(width.max(1)).enumerate() {
            machine.memory.write(self.address + row as u64 * self.pitch_bytes, bytes)?;
        }
        Ok(())
    }
}

impl Products {
    /// Computes each product that the instructions store, once.
    pub(super) fn compute(
        &self,
        machine: &Machine<'_>,
        instructions: &[Instruction],
    ) -> Result<(), ValueFault> {
        let problem = &self.space.problem;
        let shape = &problem.mac.shape;
        let groups = instructions.iter().filter_map(|instruction| match &instruction.operation {
            Operation::Store(store) => Some(store.group as usize),
            _ => None,
        });
        let mut groups: Vec<usize> = groups.collect();
        groups.dedup();
        let Store { bias, add, relu, mask, sums, products, .. } = self.store;
        if bias || add || relu || mask || sums || products {
            return Err("products have no work at the drain but scaling".to_owned().into());
        }
        let (m, n, k) = match problem.mac.stage {
            Stage::Wu => (shape.ci, shape.co, shape.batch),
            _ => (shape.batch, shape.co, shape.ci),
        };
        let (o, r) = (&self.operands, &self.results);
        for group in groups {
            let part = |base, heads: u8, head, pitch, size, width| {
                Part::of(base, group, usize::from(heads.max(1)), head, pitch, size, width)
            };
            let a_size = if problem.mac.stage == Stage::Wu { (k, m) } else { (m, k) };
            let b_size = if self.space.source == WeightSource::Columns { (n, k) } else { (k, n) };
            let a = part(o.a, o.heads, o.a_head, o.a_pitch, a_size, 2).read(machine)?;
            let b = part(o.w, o.heads, o.w_head, o.w_pitch, b_size, 2).read(machine)?;
            let transposition = match (problem.mac.stage, self.space.source) {
                (Stage::Wu, _) => Transposition::A,
                (_, WeightSource::Columns) => Transposition::B,
                _ => Transposition::None,
            };
            let product = StageOperands::matmul((m, n, k), &a, &b, transposition)?;
            let mut acc = vec![0.0; product.out_len()];
            product.run_all(&mut acc)?;
            let scale = f32::from_bits(r.scale);
            let values = acc.into_iter().map(|value| value * scale);
            let width = if self.store.fp32 { 4 } else { 2 };
            let bytes: Vec<u8> = if self.store.fp32 {
                values.flat_map(|value| canonical(value).to_le_bytes()).collect()
            } else {
                values.flat_map(|value| to_f16(value).to_le_bytes()).collect()
            };
            part(r.out, r.heads, r.head, r.pitch, (m, n), width).write(machine, &bytes)?;
        }
        Ok(())
    }
}
