//! Where gradients meet, and what of a node's backward pass the drain before it takes over.

use super::alias;
use super::calls::Call;
use super::graph::Graph;
use super::value::{Gradient, Value};
use super::values::plain;
use crate::network::{NodeId, Op};
use satkit_plan::step::{Edge, TensorId};
use satkit_spec::isa::VectorOp;

/// What is fused at the drain of a BP, and what that spares.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Drain {
    pub(super) edge: Edge,
    pub(super) masked: bool,
    pub(super) summed: bool,
    /// The bias gradient that the sums are.
    pub(super) bias_gradient: Option<TensorId>,
}

impl Graph<'_> {
    /// Gives a contribution to a node's gradient; an elementwise add where others came before.
    pub(super) fn give(&mut self, to: NodeId, contribution: Gradient) {
        let network = self.network;
        let node = &network.nodes()[to.0];
        if !node.needs_gradient {
            return;
        }
        self.awaited[to.0] -= 1;
        let gradient = match self.gradients[to.0].take() {
            None => contribution,
            Some(sofar) => {
                let elements = contribution.value.padded();
                self.call(Call::Merge, contribution.value.elements);
                let merged = self.recorder.like(format!("{}.d", node.name), sofar.value);
                let reads = vec![sofar.value.stream, contribution.value.stream];
                let writes = vec![merged.stream];
                self.recorder.stream(&node.name, VectorOp::Add, elements, reads, writes);
                self.recorder.describe(plain(self.shape(to)));
                merged.into()
            }
        };
        self.gradients[to.0] = Some(gradient);
    }

    /// Gives a contribution that `drain` has finished already.
    pub(super) fn give_drained(&mut self, to: NodeId, value: Value, drain: Drain) {
        if drain.edge.add.is_some() {
            self.call(Call::Merge, value.elements);
        }
        self.awaited[to.0] -= 1;
        let Drain { masked, summed, .. } = drain;
        self.gradients[to.0] = Some(Gradient { value, masked, summed });
    }

    /// What the drain of a BP that makes the gradient of node `to`, one column per `columns`, can take over.
    pub(super) fn drain(&self, to: NodeId, columns: usize) -> Drain {
        let add = self.gradients[to.0].map(|sofar| sofar.value.stream.tensor);
        let mut drain = Drain { edge: Edge { add, ..Edge::default() }, ..Drain::default() };
        if self.awaited[to.0] != 1 {
            return drain;
        }
        let root = self.origin(to);
        // Sums are per column, so the node's channels have to be the columns.
        let is_columns = |channels: usize| channels == columns;
        let shape = &self.network.nodes()[root.0].shape;
        match self.network.nodes()[root.0].op {
            Op::BatchNorm { x, relu, .. } => {
                drain.edge.mask = self.masks[root.0].map(|mask| mask.tensor);
                drain.masked = relu;
                if is_columns(shape[0]) {
                    drain.edge.sums = true;
                    drain.edge.products = Some(self.value(x).stream.tensor);
                    drain.summed = true;
                }
            }
            Op::Add { relu: true, .. } => {
                drain.edge.mask = self.masks[root.0].map(|mask| mask.tensor);
                drain.masked = true;
            }
            Op::Mac { bias: Some(bias), relu: false, layer, .. } => {
                drain.edge.sums = is_columns(self.network.layers()[layer].shape.co);
                drain.summed = drain.edge.sums;
                let bias = self.parameters.get(bias).and_then(Option::as_ref);
                drain.bias_gradient = bias.filter(|_| drain.summed).map(|bias| bias.gradient);
            }
            _ => {}
        }
        drain
    }

    /// The node whose gradient is that of `node`, value by value and byte by byte: flattening moves nothing.
    fn origin(&self, node: NodeId) -> NodeId {
        let Op::Flatten { x } = self.network.nodes()[node.0].op else { return node };
        // More pixels than one are put in another order.
        let same = alias::tensor_of(self.network, node.0) == Some(x.0);
        if same && self.uses[x.0] == 1 { x } else { node }
    }
}
