//! Batch norm and ReLU, forward and backward.

use super::recorder::{Parameter, Recorder};
use super::value::{Gradient, Value};
use satkit_plan::step::{StepOperation, Stream, VectorOperation, VectorValues};
use satkit_spec::isa::VectorOp;

/// Bits of an FP16 value; a mask has one bit for it.
const MASK_SHARE: u64 = 16;

impl Recorder {
    /// Room for the ReLU mask of a value, one bit each.
    pub(super) fn mask(&mut self, name: &str, of: Value) -> Stream {
        let bytes = of.stream.bytes / MASK_SHARE;
        Stream { tensor: self.work.tensor(format!("{name}.mask"), bytes), bytes }
    }

    /// Applies batch norm to `y`, whose statistics are complete when `y` is.
    pub(super) fn norm(
        &mut self,
        name: &str,
        y: Value,
        residual: Option<Stream>,
        z: Value,
        mask: Option<Stream>,
        values: Option<VectorValues>,
    ) {
        let reads = std::iter::once(y.stream).chain(residual).collect();
        let writes = std::iter::once(z.stream).chain(mask).collect();
        let op = VectorOp::BatchNormApply;
        self.barred(name, op, y, reads, writes, y);
        values.into_iter().for_each(|values| self.describe(values));
    }

    /// Statistics of a `y` that no matrix stage made.
    pub(super) fn norm_statistics(&mut self, name: &str, y: Value) {
        let op = VectorOp::BatchNormStatistics;
        self.push(Self::sums(name, op, y.padded(), vec![y.stream], Vec::new()));
    }

    /// Batch norm's backward pass from the masked gradient, with the updates of scale and shift. Returns the gradient of
    /// `y`.
    pub(super) fn norm_backward(
        &mut self,
        name: &str,
        y: Value,
        dz: Gradient,
        scale_and_shift: &[Parameter; 2],
        values: Option<VectorValues>,
    ) -> Value {
        let Gradient { value: dz, summed, .. } = dz;
        if !summed {
            let op = VectorOp::BatchNormBackwardSums;
            self.push(Self::sums(name, op, y.padded(), vec![y.stream, dz.stream], Vec::new()));
        }
        let dy = self.like(format!("{name}.dy"), y);
        let gradients = scale_and_shift.each_ref().map(|p| self.work.all(p.gradient));
        let writes = std::iter::once(dy.stream).chain(gradients).collect();
        let op = VectorOp::BatchNormBackwardApply;
        self.barred(name, op, y, vec![y.stream, dz.stream], writes, dz);
        values.into_iter().for_each(|values| self.describe(values));
        // Applying used the old scale.
        self.update(scale_and_shift);
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

    fn barred(
        &mut self,
        name: &str,
        op: VectorOp,
        y: Value,
        reads: Vec<Stream>,
        writes: Vec<Stream>,
        complete: Value,
    ) {
        self.push(StepOperation::Vector(VectorOperation {
            name: name.into(),
            op,
            elements: y.padded(),
            reads,
            writes,
            barrier: vec![complete.stream.tensor],
            divisible: true,
            values: None,
        }));
    }
}
