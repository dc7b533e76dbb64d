//! The backward pass. Nodes come in reverse, so where gradients meet, the consumer that is last in the network comes
//! first.

use super::calls::Call;
use super::graph::Graph;
use super::value::{Gradient, Value};
use super::values::{self, Pooling};
use crate::HostError;
use crate::network::{NodeId, Op};
use satkit_plan::step::{Stream, VectorValues};
use satkit_spec::Stage;
use satkit_spec::isa::VectorOp;

impl Graph<'_> {
    /// Appends a node's backward pass from the gradient of its value.
    pub(super) fn backward(&mut self, index: usize, dy: Gradient) -> Result<(), HostError> {
        let network = self.network;
        let node = &network.nodes()[index];
        let own = self.values[index];
        match node.op {
            // Neither has a gradient: nothing before them learns.
            Op::Input | Op::Patches { .. } => {}
            Op::Flatten { x } if self.is_moved(index) => {
                let op = (VectorOp::Unflatten, own.padded());
                let values = values::plain(self.shape(x));
                self.elementwise_backward(index, op, x, vec![dy.value.stream], &[], values);
            }
            Op::Flatten { x } => self.give(x, dy),
            Op::ClassToken { x } => {
                // Zeros around the first tokens.
                let dx = self.like(x);
                let (reads, writes) = (vec![dy.value.stream], vec![dx.stream]);
                self.recorder.stream(&node.name, VectorOp::Fill, dx.padded(), reads, writes);
                self.recorder.describe(values::plain(self.shape(x)));
                self.give(x, dx.into());
            }
            Op::Mac { x, layer, bias, residual, relu } => {
                let dz = self.unmask(index, dy, relu);
                let bias = bias.map(|bias| self.parameter(index, bias)).transpose()?;
                if bias.is_some() {
                    self.call(Call::BiasGradient, own.elements);
                }
                self.mac(x, layer, dz);
                let x = self.value(x);
                self.recorder.wu(&self.weights[layer], x, dz, bias.as_ref());
                self.give_residual(residual, dz);
            }
            Op::BatchNorm { x, gamma, beta, norm, residual, relu } => {
                let dz = self.unmask(index, dy, relu);
                self.call(Call::BatchNormBackward, own.elements);
                let (y, shape) = (self.value(x), self.shape(x));
                let norm = self.norm(index, [gamma, beta], norm)?;
                let dx = self.recorder.norm_backward(&node.name, &norm, y, dz, Some(shape));
                self.give(x, dx.into());
                self.give_residual(residual, dz);
            }
            Op::LayerNorm { x, gamma, beta } => {
                let parameters = [self.parameter(index, gamma)?, self.parameter(index, beta)?];
                self.call(Call::LayerNormBackward, own.elements);
                let rows = self.kept[index].map(|kept| kept.stream);
                let also = parameters.each_ref().map(|p| self.recorder.work.all(p.gradient));
                let op = (VectorOp::LayerNormBackward, own.padded());
                let reads = [self.value(x).stream, dy.value.stream].into_iter().chain(rows);
                let values = self.norm_values(self.shape(x), &parameters);
                self.elementwise_backward(index, op, x, reads.collect(), &also, values);
                self.recorder.update(&parameters);
            }
            Op::Gelu { x } => {
                self.call(Call::GeluBackward, own.elements);
                let op = (VectorOp::GeluBackward, own.padded());
                let reads = vec![self.value(x).stream, dy.value.stream];
                let values = values::plain(self.shape(x));
                self.elementwise_backward(index, op, x, reads, &[], values);
            }
            Op::Add { a, b, relu } => {
                let dz = self.unmask(index, dy, relu);
                self.give_residual(Some(b), dz);
                self.give_residual(Some(a), dz);
            }
            // The machine finds the best pixels again from X.
            Op::MaxPool { x, window } => {
                self.pool_backward(index, x, dy, Call::MaxPoolBackward, Pooling::Greatest(window));
            }
            Op::AveragePool { x, window } => {
                let pooling = Pooling::Average(window);
                self.pool_backward(index, x, dy, Call::AveragePoolBackward, pooling);
            }
            Op::GlobalAveragePool { x } => {
                let call = Call::GlobalAveragePoolBackward;
                self.pool_backward(index, x, dy, call, Pooling::AverageOfAll);
            }
            Op::Attention { qkv, heads } => self.attention_backward(index, qkv, heads, dy.value)?,
            Op::Embed { x, cls, pos } => {
                let parameters = [self.parameter(index, cls)?, self.parameter(index, pos)?];
                self.call(Call::EmbedBackward, own.elements);
                let also = parameters.each_ref().map(|p| self.recorder.work.all(p.gradient));
                let op = (VectorOp::EmbedBackward, own.padded());
                let values = values::plain(self.shape(x));
                self.elementwise_backward(index, op, x, vec![dy.value.stream], &also, values);
                self.recorder.update(&parameters);
            }
        }
        Ok(())
    }

    /// BP, if the layer has one, and the calls of both of its stages.
    fn mac(&mut self, x: NodeId, layer: usize, dz: Gradient) {
        let shape = self.weights[layer].layer.shape;
        self.call(Call::Wu, shape.dense_macs(Stage::Wu));
        if self.weights[layer].bp.is_none() {
            return;
        }
        let drain = self.drain(x, shape.ci);
        let dx = self.like(x);
        self.call(Call::Bp, shape.dense_macs(Stage::Bp));
        self.call(Call::Store, dx.elements);
        self.recorder.bp(&self.weights[layer], dz.value, dx, drain.edge, drain.bias_gradient);
        self.give_drained(x, dx, drain);
    }

    /// A gradient that goes on as it is: the same tensor, of which nothing is summed for the one it goes to.
    fn give_residual(&mut self, to: Option<NodeId>, dz: Gradient) {
        if let Some(to) = to {
            self.give(to, dz.value.into());
        }
    }

    /// The gradient before a node's ReLU.
    fn unmask(&mut self, index: usize, dy: Gradient, relu: bool) -> Gradient {
        if !relu {
            return dy;
        }
        self.call(Call::ReluBackward, self.values[index].elements);
        let from = self.masks[index].unwrap_or(self.values[index].stream);
        let mut shape = self.shape(NodeId(index));
        shape.bits = self.masks[index].is_some();
        let values = Some(values::plain(shape));
        self.recorder.unmask(&self.network.nodes()[index].name, dy, from, values)
    }

    fn pool_backward(
        &mut self,
        index: usize,
        x: NodeId,
        dy: Gradient,
        call: Call,
        pooling: Pooling,
    ) {
        let value = self.value(x);
        self.call(call, value.elements);
        let x_read = matches!(pooling, Pooling::Greatest(_)).then_some(value.stream);
        let reads = x_read.into_iter().chain([dy.value.stream]).collect();
        let op = (VectorOp::PoolBackward, value.padded());
        let mut shape = self.shape(x);
        pooling.describe(&mut shape);
        self.elementwise_backward(index, op, x, reads, &[], values::plain(shape));
    }

    /// A stream that makes the gradient of `x`, and `also`.
    fn elementwise_backward(
        &mut self,
        index: usize,
        (op, elements): (VectorOp, u64),
        x: NodeId,
        reads: Vec<Stream>,
        also: &[Stream],
        values: VectorValues,
    ) {
        let dx = self.like(x);
        let writes = std::iter::once(dx.stream).chain(also.iter().copied()).collect();
        self.recorder.stream(&self.network.nodes()[index].name, op, elements, reads, writes);
        self.recorder.describe(values);
        self.give(x, dx.into());
    }

    /// A tensor for a gradient of node `x`.
    pub(super) fn like(&mut self, x: NodeId) -> Value {
        let name = format!("{}.d", self.network.nodes()[x.0].name);
        let value = self.value(x);
        self.recorder.like(name, value)
    }
}
