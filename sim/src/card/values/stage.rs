//! MAC stages: operands from memory, the tiles of the program, the work at the drain, results to memory.

use super::tensor::{Images, read_singles, write_singles};
use super::{Machine, ValueFault, at, missing, products, weights};
use crate::elementwise::{self, Fused, Planes};
use crate::exec::{self, ExecError};
use crate::mac::StageOperands;
use half::f16;
use satkit_plan::{MacStage, TileSpace, WeightSource};
use satkit_spec::Stage as Kind;
use satkit_spec::isa::{Geometry, Instruction, Operands, Operation, Results, Store};
use std::ops::Range;

/// The instructions of a MAC stage, as far as they have been read.
#[derive(Debug, Default)]
pub(super) struct Stage {
    range: Range<usize>,
    operands: Option<Operands>,
    results: Option<Results>,
    geometry: Option<Geometry>,
    /// The fields of the stage's stores that say what happens at the drain.
    store: Option<Store>,
}

impl Stage {
    /// True for instructions of a MAC stage.
    pub(super) const fn takes(operation: &Operation) -> bool {
        matches!(
            operation,
            Operation::Geometry(_)
                | Operation::Operands(_)
                | Operation::Results(_)
                | Operation::Walk(_)
                | Operation::LoadActivations(_)
                | Operation::LoadWeights(_)
                | Operation::MatMul(_)
                | Operation::Store(_)
        )
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.range.start == self.range.end
    }

    /// True if a tile has been read.
    pub(super) const fn has_started(&self) -> bool {
        self.geometry.is_some()
    }

    pub(super) fn note(&mut self, index: usize, operation: &Operation) {
        if self.is_empty() {
            self.range.start = index;
        }
        self.range.end = index + 1;
        match operation {
            Operation::Operands(operands) => self.operands = Some(*operands),
            Operation::Results(results) => self.results = Some(*results),
            Operation::Geometry(geometry) => {
                self.geometry.get_or_insert(*geometry);
            }
            Operation::Store(store) => {
                self.store.get_or_insert(*store);
            }
            _ => {}
        }
    }

    /// Computes the stage.
    pub(super) fn compute(
        self,
        machine: &mut Machine<'_>,
        program: &[Instruction],
    ) -> Result<(), (usize, ValueFault)> {
        // Operands or geometry alone move nothing.
        let Some(store) = self.store else { return Ok(()) };
        let first = self.range.start;
        let instructions = &program[self.range.clone()];
        let last = |fault| (self.range.end - 1, fault);
        for (offset, instruction) in instructions.iter().enumerate() {
            if let Operation::Store(other) = &instruction.operation
                && drain(other) != drain(&store)
            {
                let reason = "its work at the drain is not that of the stage's other stores";
                return Err((first + offset, ValueFault::Illegal(reason.into())));
            }
        }
        let geometry = missing(self.geometry, "GEOMETRY").map_err(last)?;
        let operands = missing(self.operands, "OPERANDS").map_err(last)?;
        let results = missing(self.results, "RESULTS").map_err(last)?;
        let space = TileSpace::read(&geometry).map_err(|reason| (first, reason.into()))?;
        let is_products = operands.heads > 1
            || (space.problem.mac.stage != Kind::Wu && space.source != WeightSource::Tiles)
            || instructions
                .iter()
                .any(|i| matches!(&i.operation, Operation::Store(store) if store.group > 0));
        if is_products {
            let products = products::Products { space, operands, results, store };
            return products.compute(machine, instructions).map_err(last);
        }
        let mac = space.problem.mac;
        let lower = || exec::lower(machine.config, &mac, instructions);
        let lowered = machine.lowered.get(first, lower).map_err(|error| {
            let index = match &error {
                ExecError::Instruction { index, .. } => first + index,
                ExecError::Incomplete { .. } => self.range.end - 1,
            };
            (index, ValueFault::Illegal(error.to_string()))
        })?;
        let mut run = || -> Result<(), ValueFault> {
            let stage_operands = read_operands(machine, &mac, &operands)?;
            let mut values = vec![0.0; stage_operands.out_len()];
            exec::execute(&lowered, &stage_operands, &mut values)?;
            match mac.stage {
                Kind::Wu => {
                    machine.watch(&values);
                    let (config, memory) = (machine.config, machine.memory);
                    weights::write_master(config, memory, at(results.out), &mac.shape, &values)?;
                    Ok(())
                }
                Kind::Ff | Kind::Bp => finish(machine, &mac, &results, &store, &values),
            }
        };
        run().map_err(last)
    }
}

/// What a store says of the drain.
const fn drain(store: &Store) -> [bool; 8] {
    let Store { fp32, bias, add, relu, mask, sums, products, bias_gradient, .. } = store;
    [*fp32, *bias, *add, *relu, *mask, *sums, *products, *bias_gradient]
}

/// Images of a stage's input (X, dX) or output (Y, dY), at the pitch of an instruction's field.
fn input(mac: &MacStage, pitch: u32) -> Images {
    let shape = &mac.shape;
    Images { pitch: pitch as usize * 8, ..Images::new(shape.batch, shape.ci, shape.h * shape.w) }
}

fn output(mac: &MacStage, pitch: u32) -> Images {
    let shape = &mac.shape;
    let pixels = shape.out_h() * shape.out_w();
    Images { pitch: pitch as usize * 8, ..Images::new(shape.batch, shape.co, pixels) }
}

fn read_operands(
    machine: &Machine<'_>,
    mac: &MacStage,
    operands: &Operands,
) -> Result<StageOperands, ValueFault> {
    let memory = machine.memory;
    let weights = || weights::read_operand(memory, at(operands.w), mac);
    Ok(match mac.stage {
        Kind::Ff => {
            let x = input(mac, operands.a_pitch).read(memory, at(operands.a))?;
            StageOperands::ff(&mac.shape, &x, &weights()?)?
        }
        Kind::Bp => {
            let dy = output(mac, operands.a_pitch).read(memory, at(operands.a))?;
            StageOperands::bp(&mac.shape, &dy, &weights()?)?
        }
        Kind::Wu => {
            let x = input(mac, operands.a_pitch).read(memory, at(operands.a))?;
            let dy = output(mac, operands.w_pitch).read(memory, at(operands.w))?;
            StageOperands::wu(&mac.shape, &x, &dy)?
        }
    })
}

/// The work at the drain, and the results.
fn finish(
    machine: &mut Machine<'_>,
    mac: &MacStage,
    results: &Results,
    store: &Store,
    acc: &[f32],
) -> Result<(), ValueFault> {
    let memory = machine.memory;
    let images = match mac.stage {
        Kind::Bp => input(mac, results.pitch),
        _ => output(mac, results.pitch),
    };
    if store.fp32 {
        let [_, rest @ ..] = drain(store);
        if rest.contains(&true) {
            return Err("FP32 results have no work at the drain".to_owned().into());
        }
        return Ok(images.write_singles(memory, at(results.out), acc)?);
    }
    let planes = Planes::new(images.batch, images.channels, images.pixels)?;
    let small = || missing(machine.parameters, "PARAMETERS");
    let bias = if store.bias {
        Some(read_singles(memory, at(small()?.first), images.channels)?)
    } else {
        None
    };
    let added = store.add.then(|| images.read(memory, at(results.add))).transpose()?;
    let mut values = vec![f16::ZERO; images.len()];
    let is_gradient = mac.stage == Kind::Bp;
    // A residual enters before the one rounding of Y; gradients are rounded before they are merged.
    let residual = added.as_deref().filter(|_| !is_gradient);
    let fused = Fused { residual, relu: store.relu };
    elementwise::store(planes, acc, bias.as_deref(), fused, &mut values)?;
    if let Some(mut sum) = added.filter(|_| is_gradient) {
        elementwise::merge_gradient(&mut sum, &values)?;
        values = sum;
    }
    if store.mask {
        let mask = images.read_bits(memory, at(results.mask))?;
        for (value, _) in values.iter_mut().zip(mask).filter(|(_, passes)| !passes) {
            *value = f16::ZERO;
        }
    }
    images.write(memory, at(results.out), &values)?;
    if store.bias_gradient {
        let sums = small()?.sums;
        let gradient = elementwise::bias_gradient(planes, &values)?;
        machine.watch(&gradient);
        write_singles(memory, at(sums), &gradient)?;
    }
    Ok(())
}
