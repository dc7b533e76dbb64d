//! Batch norm and ReLU, forward and backward.

use super::recorder::{Parameter, Recorder, vector};
use super::value::{Gradient, Value};
use super::values::plain;
use satkit_plan::layout::norm_kept_bytes;
use satkit_plan::step::{StepOperation, Stream, TensorId, VectorTensors, VectorValues};
use satkit_spec::isa::{Shape, VectorOp};
use satkit_spec::{NORM_UNIT_CHANNELS, norm_units};

/// Bits of an FP16 value; a mask has one bit for it.
const MASK_SHARE: u64 = 16;

/// Tensors of a batch norm.
#[derive(Clone, Debug)]
pub(super) struct Norm {
    gamma: Parameter,
    beta: Parameter,
    running: Stream,
    /// What the forward pass keeps of each channel for the backward pass.
    kept: Stream,
    /// Channels, whole units of them.
    channels: u64,
}

impl Recorder {
    /// Room for the ReLU mask of a value, one bit each.
    pub(super) fn mask(&mut self, name: &str, of: Value) -> Stream {
        let bytes = of.stream.bytes / MASK_SHARE;
        Stream { tensor: self.work.tensor(format!("{name}.mask"), bytes), bytes }
    }

    /// Tensors of a batch norm over `channels` channels.
    pub(super) fn norm_tensors(
        &mut self,
        name: &str,
        [gamma, beta]: &[Parameter; 2],
        running: TensorId,
        channels: usize,
    ) -> Norm {
        let kept = self.work.tensor(format!("{name}.kept"), norm_kept_bytes(channels));
        Norm {
            gamma: gamma.clone(),
            beta: beta.clone(),
            running: self.work.all(running),
            kept: self.work.all(kept),
            channels: (norm_units(channels) * NORM_UNIT_CHANNELS) as u64,
        }
    }

    /// Applies batch norm to `y`. Its sums are complete when `y` is; if no matrix stage made it, they are made here.
    pub(super) fn norm(
        &mut self,
        name: &str,
        norm: &Norm,
        y: Value,
        summed: bool,
        residual: Option<Stream>,
        z: Value,
        mask: Option<Stream>,
        shape: Option<Shape>,
    ) {
        let evaluates = shape.is_some_and(|shape| shape.running);
        let named = VectorTensors {
            a: Some(y.stream.tensor),
            b: residual.map(|residual| residual.tensor),
            c: Some(norm.kept.tensor),
            x: Some(z.stream.tensor),
            y: mask.map(|mask| mask.tensor),
            z: None,
        };
        let values = shape.map(|shape| VectorValues {
            first: Some(norm.gamma.master),
            second: Some(norm.beta.master),
            running: Some(norm.running.tensor),
            sums: Some(y.stream.tensor).filter(|_| summed),
            tensors: Some(named),
            ..plain(shape)
        });
        if !summed && !evaluates {
            let op = VectorOp::BatchNormStatistics;
            self.push(Self::sums(name, op, y.padded(), vec![y.stream], Vec::new()));
            values.into_iter().for_each(|values| self.describe(values));
        }
        let reads = vec![self.whole(&norm.gamma), self.whole(&norm.beta), norm.running];
        let writes = if evaluates { Vec::new() } else { vec![norm.running, norm.kept] };
        self.channels(name, VectorOp::BatchNormScale, norm, reads, writes, y);
        values.into_iter().for_each(|values| self.describe(values));
        let reads = std::iter::once(y.stream).chain(residual).collect();
        let writes = std::iter::once(z.stream).chain(mask).collect();
        self.stream(name, VectorOp::BatchNormApply, y.padded(), reads, writes);
        values.into_iter().for_each(|values| self.describe(values));
    }

    /// The values of a vector, whole beats of them.
    fn whole(&self, parameter: &Parameter) -> Stream {
        Stream { tensor: parameter.master, ..self.work.all(parameter.gradient) }
    }

    /// Channels of a batch norm, when `complete` is complete.
    fn channels(
        &mut self,
        name: &str,
        op: VectorOp,
        norm: &Norm,
        reads: Vec<Stream>,
        writes: Vec<Stream>,
        complete: Value,
    ) {
        let mut operation = vector(name, op, norm.channels, reads, writes);
        operation.barrier = vec![complete.stream.tensor];
        self.push(StepOperation::Vector(operation));
    }

    /// Batch norm's backward pass from the masked gradient, with the updates of scale and shift. Returns the gradient of
    /// `y`.
    pub(super) fn norm_backward(
        &mut self,
        name: &str,
        norm: &Norm,
        y: Value,
        dz: Gradient,
        shape: Option<Shape>,
    ) -> Value {
        let Gradient { value: dz, summed, .. } = dz;
        let dy = self.like(format!("{name}.dy"), y);
        let gradients = [&norm.gamma, &norm.beta].map(|p| self.work.all(p.gradient));
        let named = VectorTensors {
            a: Some(y.stream.tensor),
            b: Some(dz.stream.tensor),
            c: Some(norm.kept.tensor),
            x: Some(dy.stream.tensor),
            y: Some(norm.gamma.gradient),
            z: Some(norm.beta.gradient),
        };
        let values = shape.map(|shape| VectorValues {
            first: Some(norm.gamma.master),
            sums: Some(dz.stream.tensor).filter(|_| summed),
            tensors: Some(named),
            ..plain(shape)
        });
        let reads = vec![y.stream, dz.stream];
        if !summed {
            let op = VectorOp::BatchNormBackwardSums;
            self.push(Self::sums(name, op, y.padded(), reads.clone(), Vec::new()));
            values.into_iter().for_each(|values| self.describe(values));
        }
        let op = VectorOp::BatchNormBackwardScale;
        self.channels(name, op, norm, vec![norm.kept], gradients.to_vec(), dz);
        values.into_iter().for_each(|values| self.describe(values));
        let op = VectorOp::BatchNormBackwardApply;
        self.stream(name, op, y.padded(), reads, vec![dy.stream]);
        values.into_iter().for_each(|values| self.describe(values));
        self.update(&[norm.gamma.clone(), norm.beta.clone()]);
        dy
    }

    /// The gradient before a ReLU, from the one after it and the mask, or the ReLU's output.
    pub(super) fn unmask(
        &mut self,
        name: &str,
        dz: Gradient,
        mask: Stream,
        values: Option<VectorValues>,
    ) -> Gradient {
        if dz.masked {
            return dz;
        }
        let masked = self.like(format!("{name}.masked"), dz.value);
        let (op, reads) = (VectorOp::ReluBackward, vec![dz.value.stream, mask]);
        self.stream(name, op, dz.value.padded(), reads, vec![masked.stream]);
        values.into_iter().for_each(|values| self.describe(values));
        Gradient { value: masked, masked: true, summed: false }
    }
}
