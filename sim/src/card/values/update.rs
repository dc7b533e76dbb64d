//! WU and SORE.

use super::tensor::{read_singles, write_singles};
use super::weights::{read_master, read_operand, write_master, write_operand};
use super::{Machine, ValueFault, at, missing};
use crate::number::narrow;
use crate::prune::prune_ci;
use crate::update::{MomentumSgd, PrunedDecay};
use half::f16;
use satkit_plan::MacStage;
use satkit_plan::layout::{SINGLE_BYTES, master_bytes};
use satkit_spec::isa::{Prune, Update, Weights, scalar};
use satkit_spec::{ConvShape, Sparsity, Stage, WeightOperand};

/// A layer's weights as WEIGHTS describes them.
struct Layer {
    shape: ConvShape,
    sparsity: Sparsity,
    fields: Weights,
}

impl Layer {
    fn of(fields: Weights) -> Result<Self, ValueFault> {
        let shape = ConvShape::new(
            1,
            fields.ci as usize,
            (fields.h as usize, fields.w as usize),
            fields.co as usize,
            (usize::from(fields.kh), usize::from(fields.kw)),
            usize::from(fields.stride),
            usize::from(fields.pad),
        );
        let shape = shape.map_err(|error| error.to_string())?;
        let sparsity = Sparsity::new(usize::from(fields.n), usize::from(fields.m));
        let sparsity = sparsity.map_err(|error| error.to_string())?;
        Ok(Self { shape, sparsity, fields })
    }

    /// The stage that multiplies an operand.
    fn stage(&self, stage: Stage, operand: WeightOperand) -> Result<MacStage, ValueFault> {
        let sparsity = match operand {
            WeightOperand::PrunedCi | WeightOperand::PrunedCo => self.sparsity,
            WeightOperand::Dense | WeightOperand::PrunedCiAsDense => Sparsity::DENSE,
        };
        MacStage::new(self.shape, stage, sparsity).map_err(|error| error.to_string().into())
    }

    /// Writes the operand of a stage, made from FP16 weights, OIHW.
    fn make(
        &self,
        machine: &Machine<'_>,
        stage: Stage,
        address: u64,
        oihw: &[f16],
    ) -> Result<(), ValueFault> {
        let operand = if stage == Stage::Bp { self.fields.bp } else { self.fields.ff };
        let mac = self.stage(stage, operand)?;
        // A sparsity that keeps everything has no positions.
        let pruned = matches!(operand, WeightOperand::PrunedCi | WeightOperand::PrunedCo);
        let operand =
            if pruned && mac.sparsity == Sparsity::DENSE { WeightOperand::Dense } else { operand };
        let weights = crate::Weights::new(&self.shape, oihw, operand, self.sparsity)?;
        write_operand(machine.memory, address, &mac, &weights)?;
        Ok(())
    }
}

fn rounded(values: &[f32]) -> Vec<f16> {
    let mut halves = vec![f16::ZERO; values.len()];
    narrow(values, &mut halves);
    halves
}

impl Machine<'_> {
    pub(super) fn update(&mut self, update: &Update) -> Result<(), ValueFault> {
        if update.guarded && self.not_finite {
            return Ok(());
        }
        // Without PARAMETERS an update only takes time.
        let Some(parameters) = self.parameters else { return Ok(()) };
        let reads = missing(self.reads, "READS")?;
        let writes = missing(self.writes, "WRITES")?;
        let numbers = read_singles(self.memory, at(parameters.scalars), scalar::COUNT)?;
        let mut sgd = MomentumSgd {
            learning_rate: numbers[scalar::LEARNING_RATE],
            momentum: numbers[scalar::MOMENTUM],
            weight_decay: numbers[scalar::WEIGHT_DECAY],
            loss_scale: numbers[scalar::LOSS_SCALE],
        };
        let (master, gradient) = (at(reads.first), at(reads.second));
        if !update.weights {
            sgd.weight_decay = 0.0;
            let len = usize::try_from(update.parameters).unwrap_or(usize::MAX);
            let bytes = len as u64 * SINGLE_BYTES;
            let mut w = read_singles(self.memory, master, len)?;
            let mut v = read_singles(self.memory, master + bytes, len)?;
            let dw = read_singles(self.memory, gradient, len)?;
            sgd.update(&mut w, &mut v, &dw, None)?;
            write_singles(self.memory, at(writes.first), &w)?;
            write_singles(self.memory, at(writes.first) + bytes, &v)?;
            return Ok(());
        }
        let layer = Layer::of(missing(self.weights, "WEIGHTS")?)?;
        let shape = &layer.shape;
        let momentum = master_bytes(shape);
        let read = |address| read_master(self.config, self.memory, address, shape);
        let (mut w, mut v) = (read(master)?, read(master + momentum)?);
        let dw = read(gradient)?;
        let keep = if layer.fields.decays_pruned {
            let (co, ci, taps) = (shape.co, shape.ci, shape.taps());
            Some(prune_ci(&rounded(&w), co, ci, taps, layer.sparsity)?.mask_oihw())
        } else {
            None
        };
        let lambda = numbers[scalar::LAMBDA];
        let decay = keep.as_ref().map(|keep| PrunedDecay { lambda, keep });
        sgd.update(&mut w, &mut v, &dw, decay)?;
        let write = |address, values: &[f32]| {
            write_master(self.config, self.memory, address, shape, values)
        };
        write(at(writes.first), &w)?;
        write(at(writes.first) + momentum, &v)?;
        let oihw = rounded(&w);
        let mut targets = [writes.second, writes.third].into_iter();
        for (stage, made) in [(Stage::Ff, update.make_ff), (Stage::Bp, update.make_bp)] {
            if made && let Some(target) = targets.next() {
                layer.make(self, stage, at(target), &oihw)?;
            }
        }
        Ok(())
    }

    pub(super) fn prune(&mut self, prune: &Prune) -> Result<(), ValueFault> {
        // Without WEIGHTS pruning only takes time.
        let Some(fields) = self.weights else { return Ok(()) };
        let reads = missing(self.reads, "READS")?;
        let writes = missing(self.writes, "WRITES")?;
        let layer = Layer::of(fields)?;
        let stage = if prune.along_co { Stage::Bp } else { Stage::Ff };
        let oihw = if prune.single {
            rounded(&read_master(self.config, self.memory, at(reads.first), &layer.shape)?)
        } else {
            let mac = layer.stage(stage, WeightOperand::Dense)?;
            match read_operand(self.memory, at(reads.first), &mac)? {
                crate::Weights::Dense(oihw) => oihw,
                crate::Weights::Pruned(compact) => compact.to_dense_oihw(),
            }
        };
        layer.make(self, stage, at(writes.first), &oihw)
    }
}
