//! The weights of a MAC layer in card memory.

use super::pruning::Pruning;
use super::recorder::Recorder;
use super::values::weights_of;
use crate::HostError;
use crate::network::MacLayer;
use satkit_plan::MacStage;
use satkit_plan::layout;
use satkit_plan::step::{
    PruneOperation, StepOperation, StepWork, Stream, TensorId, UpdateOperation,
};
use satkit_spec::{Sparsity, Stage, WeightOperand, isa};

/// A layer, its stages and its tensors.
#[derive(Clone, Debug)]
pub(super) struct Weights {
    pub(super) layer: MacLayer,
    pub(super) ff: Operand,
    /// None in a first layer.
    pub(super) bp: Option<Operand>,
    pub(super) wu: MacStage,
    pub(super) master: TensorId,
    pub(super) gradient: TensorId,
    pub(super) prunes_gradient: bool,
}

/// Operand weights of FF or BP.
#[derive(Clone, Copy, Debug)]
pub(super) struct Operand {
    pub(super) stage: MacStage,
    /// What the stage loads.
    pub(super) tensor: TensorId,
    /// What the update writes, and its sparsity.
    updated: (TensorId, Sparsity),
    /// What the update makes of the weights, and what the stage multiplies.
    made: [WeightOperand; 2],
}

impl Weights {
    /// Adds the tensors of a layer.
    pub(super) fn new(
        work: &mut StepWork,
        pruning: &Pruning,
        pregenerate: bool,
        layer: MacLayer,
    ) -> Result<Self, HostError> {
        let name = &layer.name;
        let mut operand = |stage: Stage, weight: WeightOperand| -> Result<Operand, HostError> {
            let sparsity = pruning.compact(weight);
            let mac = MacStage::new(layer.shape, stage, sparsity)?;
            let end = if stage == Stage::Ff { "ff" } else { "bp" };
            let tensor = work.tensor(format!("{name}.{end}"), layout::weight_bytes(&mac));
            let dense = MacStage::new(layer.shape, stage, Sparsity::DENSE)?;
            let pruned = weight != WeightOperand::Dense && !pruning.sparsity.is_dense();
            let updated = if pruned && !pregenerate {
                let bytes = layout::weight_bytes(&dense);
                (work.tensor(format!("{name}.{end}.unpruned"), bytes), Sparsity::DENSE)
            } else {
                (tensor, mac.sparsity)
            };
            let is_pruned_later = pruned && !pregenerate;
            let made = [if is_pruned_later { WeightOperand::Dense } else { weight }, weight];
            Ok(Operand { stage: mac, tensor, updated, made })
        };
        let ff = operand(Stage::Ff, pruning.ff_weight(&layer))?;
        let bp = if layer.is_first {
            None
        } else {
            Some(operand(Stage::Bp, pruning.bp_weight(&layer))?)
        };
        let wu = MacStage::new(layer.shape, Stage::Wu, Sparsity::DENSE)?;
        let bytes = layout::master_bytes(&layer.shape);
        let master = work.tensor(format!("{name}.master"), 2 * bytes);
        let gradient = work.tensor(format!("{name}.dw"), bytes);
        let prunes_gradient = !layer.is_first && pruning.prunes_gradient(&layer);
        Ok(Self { layer, ff, bp, wu, master, gradient, prunes_gradient })
    }

    /// The update of the master weights, which makes the next step's operands.
    pub(super) fn update(&self, recorder: &Recorder) -> StepOperation {
        let work = &recorder.work;
        let made = |operand: &Operand| {
            let (tensor, sparsity) = operand.updated;
            (work.all(tensor), sparsity)
        };
        StepOperation::Update(UpdateOperation {
            name: self.layer.name.clone(),
            parameters: self.layer.shape.w_len() as u64,
            master: work.all(self.master),
            gradient: work.all(self.gradient),
            ff: Some(made(&self.ff)),
            bp: self.bp.as_ref().map(made),
            weights: Some(self.fields(&recorder.pruning, 0)),
            values: recorder.update_values(),
        })
    }

    /// WEIGHTS: with the operands that the update makes (0), or that the stages multiply (1).
    fn fields(&self, pruning: &Pruning, which: usize) -> isa::Weights {
        let bp = self.bp.as_ref().map_or(WeightOperand::Dense, |bp| bp.made[which]);
        weights_of(&self.layer, pruning, [self.ff.made[which], bp])
    }

    /// What makes the operands that an update leaves from the master weights alone: before the first step.
    pub(super) fn load(&self, recorder: &Recorder) -> impl Iterator<Item = StepOperation> {
        let work = &recorder.work;
        let from = Stream { tensor: self.master, bytes: work.all(self.master).bytes / 2 };
        let values = recorder.scalars.map(|_| self.fields(&recorder.pruning, 0));
        let operands =
            std::iter::once((&self.ff, false)).chain(self.bp.as_ref().map(|bp| (bp, true)));
        operands.map(move |(operand, along_co)| {
            StepOperation::Prune(PruneOperation {
                name: self.layer.name.clone(),
                parameters: self.layer.shape.w_len() as u64,
                along_co,
                from,
                to: work.all(operand.updated.0),
                single: true,
                values,
            })
        })
    }
}

impl Recorder {
    /// Prunes an operand before its stage, if the update has not.
    pub(super) fn prune(&mut self, weights: &Weights, stage: Stage) {
        let operand = match (stage, &weights.bp) {
            (Stage::Bp, Some(operand)) => operand,
            _ => &weights.ff,
        };
        let layer = &weights.layer;
        let (from, _) = operand.updated;
        if from == operand.tensor {
            return;
        }
        self.push(StepOperation::Prune(PruneOperation {
            name: layer.name.clone(),
            parameters: layer.shape.w_len() as u64,
            along_co: stage == Stage::Bp,
            from: self.work.all(from),
            to: self.work.all(operand.tensor),
            single: false,
            values: self.scalars.map(|_| weights.fields(&self.pruning, 1)),
        }));
    }
}
