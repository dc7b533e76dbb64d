//! The forward pass.

use super::alias;
use super::calls::Call;
use super::graph::Graph;
use super::value::{Size, Value};
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
        let plain = |op| (op, value.elements);
        match node.op {
            Op::Input | Op::Patches { .. } | Op::Flatten { .. } | Op::ClassToken { .. } => {}
            Op::Mac { x, layer, bias, residual, relu } => {
                let edge = Edge {
                    bias: bias.is_some(),
                    add: residual.map(|residual| self.value(residual).stream.tensor),
                    relu,
                    sums: self.feeds_norm(index),
                    ..Edge::default()
                };
                let x = self.value(x);
                let weights = &self.weights[layer];
                self.recorder.ff(weights, x, value, edge);
                let macs = weights.layer.shape.dense_macs(Stage::Ff);
                self.call(Call::Ff, macs);
                self.call(Call::Store, value.elements);
            }
            Op::BatchNorm { x, residual, relu, .. } => {
                let y = self.value(x);
                if !matches!(network.nodes()[x.0].op, Op::Mac { .. }) {
                    self.recorder.norm_statistics(&node.name, y);
                }
                self.masks[index] = relu.then(|| self.recorder.mask(&node.name, value));
                let residual = residual.map(|residual| self.value(residual).stream);
                self.recorder.norm(&node.name, y, residual, value, self.masks[index]);
                self.call(Call::BatchNorm, value.elements);
            }
            Op::LayerNorm { x, .. } => {
                // Mean and 1 / deviation of each row, FP32.
                let width = node.shape.last().copied().unwrap_or(1).max(1) as u64;
                let elements = 2 * value.elements / width;
                let size = Size { elements, bytes: elements * SINGLE_BYTES };
                let rows = self.recorder.value(format!("{}.rows", node.name), size);
                self.kept[index] = Some(rows);
                let writes = vec![value.stream, rows.stream];
                self.elementwise(index, plain(VectorOp::LayerNorm), &[x], writes);
                self.call(Call::LayerNorm, value.elements);
            }
            Op::Gelu { x } => {
                self.elementwise(index, plain(VectorOp::Gelu), &[x], vec![value.stream]);
                self.call(Call::Gelu, value.elements);
            }
            Op::Add { a, b, relu } => {
                self.masks[index] = relu.then(|| self.recorder.mask(&node.name, value));
                let writes = std::iter::once(value.stream).chain(self.masks[index]).collect();
                self.elementwise(index, plain(VectorOp::Add), &[a, b], writes);
                self.call(Call::Add, value.elements);
            }
            Op::MaxPool { x, .. } => self.pool(index, x, Call::MaxPool),
            Op::AveragePool { x, .. } => self.pool(index, x, Call::AveragePool),
            Op::GlobalAveragePool { x } => self.pool(index, x, Call::GlobalAveragePool),
            Op::Attention { qkv, heads } => self.attention(index, qkv, heads)?,
            Op::Embed { x, cls, pos } => {
                let [cls, pos] = [self.parameter(index, cls)?, self.parameter(index, pos)?];
                let reads = vec![
                    self.value(x).stream,
                    self.recorder.master(&cls),
                    self.recorder.master(&pos),
                ];
                let (op, writes) = (VectorOp::Embed, vec![value.stream]);
                self.recorder.stream(&node.name, op, value.elements, reads, writes);
                self.call(Call::Embed, value.elements);
            }
        }
        Ok(())
    }

    /// Pooling takes a lane for each of its input's values.
    fn pool(&mut self, index: usize, x: NodeId, call: Call) {
        let elements = self.value(x).elements;
        let writes = vec![self.values[index].stream];
        self.elementwise(index, (VectorOp::Pool, elements), &[x], writes);
        self.call(call, elements);
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
