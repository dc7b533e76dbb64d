//! The forward pass.

use super::alias;
use super::calls::Call;
use super::graph::Graph;
use super::value::{Size, Value};
use super::values::{self, Pooling};
use crate::HostError;
use crate::network::{NodeId, Op};
use satkit_plan::layout::SINGLE_BYTES;
use satkit_plan::step::{Edge, Stream};
use satkit_spec::Stage;
use satkit_spec::isa::VectorOp;

impl Graph<'_> {
    /// Appends what makes the value of a node.
    pub(super) fn forward(&mut self, index: usize) -> Result<(), HostError> {
        let network = self.network;
        let node = &network.nodes()[index];
        let value = match alias::tensor_of(network, index) {
            Some(other) => {
                let Size { elements, bytes } = self.sizes[index];
                let tensor = self.values[other].stream.tensor;
                Value { stream: Stream { tensor, bytes }, elements }
            }
            // Nobody reads images that are uploaded in other layouts only.
            None if matches!(node.op, Op::Input) && !alias::is_uploaded(network, index) => {
                self.recorder.value(&*node.name, Size { bytes: 0, ..self.sizes[index] })
            }
            None => self.recorder.value(&*node.name, self.sizes[index]),
        };
        self.values.push(value);
        let plain = |op| (op, value.padded());
        match node.op {
            Op::Flatten { x } if self.is_moved(index) => {
                self.elementwise(index, plain(VectorOp::Flatten), &[x], vec![value.stream]);
                self.recorder.describe(values::plain(self.shape(x)));
            }
            Op::ClassToken { x } => {
                self.elementwise(index, plain(VectorOp::FirstToken), &[x], vec![value.stream]);
                self.recorder.describe(values::plain(self.shape(x)));
            }
            Op::Input | Op::Patches { .. } | Op::Flatten { .. } => {}
            Op::Mac { x, layer, bias, residual, relu } => {
                let edge = Edge {
                    bias: bias.is_some(),
                    add: residual.map(|residual| self.value(residual).stream.tensor),
                    relu,
                    sums: self.feeds_norm(index) && !self.evaluates,
                    ..Edge::default()
                };
                let x = self.value(x);
                let bias = bias.map(|bias| self.parameter(index, bias)).transpose()?;
                let weights = &self.weights[layer];
                self.recorder.ff(weights, x, value, edge, bias.as_ref());
                let macs = weights.layer.shape.dense_macs(Stage::Ff);
                self.call(Call::Ff, macs);
                self.call(Call::Store, value.elements);
            }
            Op::BatchNorm { x, gamma, beta, norm, residual, relu } => {
                let y = self.value(x);
                let summed = matches!(network.nodes()[x.0].op, Op::Mac { .. });
                self.masks[index] = self.mask_of(index, relu, value);
                let mut shape = self.shape(NodeId(index));
                (shape.relu, shape.residual) = (relu, residual.is_some());
                (shape.bits, shape.running) = (!self.evaluates, self.evaluates);
                let residual = residual.map(|residual| self.value(residual).stream);
                let mask = self.masks[index];
                let tensors = self.norm(index, [gamma, beta], norm)?;
                let (name, z) = (&node.name, value);
                self.recorder.norm(name, &tensors, y, summed, residual, z, mask, Some(shape));
                self.call(Call::BatchNorm, value.elements);
            }
            Op::LayerNorm { x, gamma, beta } => {
                // Mean and 1 / deviation of each row, FP32.
                let width = node.shape.last().copied().unwrap_or(1).max(1) as u64;
                let elements = 2 * value.elements / width;
                let size = Size { elements, bytes: elements * SINGLE_BYTES };
                let rows = self.recorder.value(format!("{}.rows", node.name), size);
                self.kept[index] = Some(rows);
                let writes = vec![value.stream, rows.stream];
                self.elementwise(index, plain(VectorOp::LayerNorm), &[x], writes);
                let vectors = [self.parameter(index, gamma)?, self.parameter(index, beta)?];
                let values = self.norm_values(self.shape(x), &vectors);
                self.recorder.describe(values);
                self.call(Call::LayerNorm, value.elements);
            }
            Op::Gelu { x } => {
                self.elementwise(index, plain(VectorOp::Gelu), &[x], vec![value.stream]);
                self.recorder.describe(values::plain(self.shape(x)));
                self.call(Call::Gelu, value.elements);
            }
            Op::Add { a, b, relu } => {
                self.masks[index] = self.mask_of(index, relu, value);
                let writes = std::iter::once(value.stream).chain(self.masks[index]).collect();
                self.elementwise(index, plain(VectorOp::Add), &[a, b], writes);
                let mut shape = self.shape(NodeId(index));
                (shape.relu, shape.bits) = (relu, !self.evaluates);
                self.recorder.describe(values::plain(shape));
                self.call(Call::Add, value.elements);
            }
            Op::MaxPool { x, window } => {
                self.pool(index, x, Call::MaxPool, Pooling::Greatest(window));
            }
            Op::AveragePool { x, window } => {
                self.pool(index, x, Call::AveragePool, Pooling::Average(window));
            }
            Op::GlobalAveragePool { x } => {
                self.pool(index, x, Call::GlobalAveragePool, Pooling::AverageOfAll);
            }
            Op::Attention { qkv, heads } => self.attention(index, qkv, heads)?,
            Op::Embed { x, cls, pos } => {
                let [cls, pos] = [self.parameter(index, cls)?, self.parameter(index, pos)?];
                let reads = vec![
                    self.value(x).stream,
                    self.recorder.master(&cls),
                    self.recorder.master(&pos),
                ];
                let (op, writes) = (VectorOp::Embed, vec![value.stream]);
                self.recorder.stream(&node.name, op, value.padded(), reads, writes);
                self.recorder.describe(values::plain(self.shape(x)));
                self.call(Call::Embed, value.elements);
            }
        }
        Ok(())
    }

    /// True if the machine puts the values of a flattening into another order.
    pub(super) fn is_moved(&self, node: usize) -> bool {
        alias::tensor_of(self.network, node).is_none() && !alias::is_uploaded(self.network, node)
    }

    /// Room for the mask of a ReLU, which the backward pass needs.
    fn mask_of(&mut self, index: usize, relu: bool, value: Value) -> Option<Stream> {
        let name = &self.network.nodes()[index].name;
        (relu && !self.evaluates).then(|| self.recorder.mask(name, value))
    }

    /// Pooling takes a lane for each of its input's values.
    fn pool(&mut self, index: usize, x: NodeId, call: Call, pooling: Pooling) {
        let input = self.value(x);
        let writes = vec![self.values[index].stream];
        self.elementwise(index, (VectorOp::Pool, input.padded()), &[x], writes);
        let mut shape = self.shape(x);
        pooling.describe(&mut shape);
        self.recorder.describe(values::plain(shape));
        self.call(call, input.elements);
    }

    fn elementwise(
        &mut self,
        index: usize,
        (op, elements): (VectorOp, u64),
        inputs: &[NodeId],
        writes: Vec<Stream>,
    ) {
        let reads = inputs.iter().map(|&input| self.value(input).stream).collect();
        let name = &self.network.nodes()[index].name;
        self.recorder.stream(name, op, elements, reads, writes);
    }
}
