//! Running a network backward.

use super::forward::{Tape, class_token_backward, missing, with_shape};
use crate::HostError;
use crate::backend::{Backend, Fused, NormParameters, Tensor};
use crate::network::{MacLayer, Network, Node, NodeId, Op};

/// A backward pass under way.
struct Backward<'a, B: Backend> {
    backend: &'a mut B,
    network: &'a Network,
    layers: &'a [MacLayer],
    parameters: &'a [Vec<f32>],
    /// Gradient of each node's value, as far as its consumers have been there.
    gradients: Vec<Option<Tensor>>,
    /// FP32 gradient of each parameter.
    parameter_gradients: Vec<Option<Vec<f32>>>,
}

/// The FP32 gradient of each parameter, from the scaled gradient of the logits. Nodes run in reverse
/// order, so where gradients meet, the consumer that is last in the network comes first.
pub(super) fn backward<B: Backend>(
    backend: &mut B,
    network: &Network,
    layers: &[MacLayer],
    parameters: &[Vec<f32>],
    mut tape: Tape<B::Saved>,
    dlogits: Tensor,
) -> Result<Vec<Vec<f32>>, HostError> {
    let count = network.nodes().len();
    let mut gradients: Vec<Option<Tensor>> = (0..count).map(|_| None).collect();
    gradients[count - 1] = Some(dlogits);
    let parameter_gradients = vec![None; parameters.len()];
    let mut pass =
        Backward { backend, network, layers, parameters, gradients, parameter_gradients };
    for (index, node) in network.nodes().iter().enumerate().rev() {
        if node.needs_gradient {
            let dy = pass.gradients[index].take().ok_or_else(|| missing("a gradient"))?;
            pass.node(index, node, dy, &tape)?;
        }
        // Only nodes before this one are still to come, and they do not use its value.
        tape.values[index] = None;
        tape.saved[index] = None;
    }
    let all: Option<Vec<_>> = pass.parameter_gradients.into_iter().collect();
    all.ok_or_else(|| missing("a parameter's gradient"))
}

impl<B: Backend> Backward<'_, B> {
    fn node(
        &mut self,
        index: usize,
        node: &Node,
        dy: Tensor,
        tape: &Tape<B::Saved>,
    ) -> Result<(), HostError> {
        let name = &node.name;
        let refuse = || HostError::backend(name);
        match node.op {
            // Neither has a gradient: nothing before them learns.
            Op::Input | Op::Patches { .. } => Ok(()),
            Op::Flatten { x } => {
                let batch = dy.shape()[0];
                let dx = with_shape(dy, batch, &self.network.nodes()[x.0].shape, name)?;
                self.give(x, dx)
            }
            Op::ClassToken { x } => {
                let tokens = self.network.nodes()[x.0].shape[0];
                self.give(x, class_token_backward(&dy, tokens))
            }
            Op::Mac { x, layer, bias, residual, relu } => {
                let dz = self.unmask(index, name, dy, relu, tape)?;
                if let Some(bias) = bias {
                    let db = self.backend.bias_gradient(&dz).map_err(refuse())?;
                    self.learn(bias, db);
                }
                let (layer, weight) = (&self.layers[layer], self.network.layers()[layer].weight);
                let dw = self.backend.wu(layer, tape.value(x)?, &dz).map_err(refuse())?;
                self.learn(weight, dw);
                if !layer.is_first {
                    let weights = &self.parameters[weight];
                    let acc = self.backend.bp(layer, &dz, weights).map_err(refuse())?;
                    let shape = &self.network.nodes()[x.0].shape;
                    let acc = with_shape(acc, dz.shape()[0], shape, name)?;
                    let dx = self.backend.store(acc, None, Fused::default()).map_err(refuse())?;
                    self.give(x, dx)?;
                }
                residual.map_or(Ok(()), |residual| self.give(residual, dz))
            }
            Op::BatchNorm { x, gamma, beta, residual, relu, .. } => {
                let dz = self.unmask(index, name, dy, relu, tape)?;
                let parameters = norm_parameters(self.parameters, gamma, beta);
                let gradient = self
                    .backend
                    .batch_norm_backward(tape.value(x)?, &dz, parameters, tape.saved(index)?)
                    .map_err(refuse())?;
                self.learn(gamma, gradient.dgamma);
                self.learn(beta, gradient.dbeta);
                self.give(x, gradient.dx)?;
                residual.map_or(Ok(()), |residual| self.give(residual, dz))
            }
            Op::LayerNorm { x, gamma, beta } => {
                let parameters = norm_parameters(self.parameters, gamma, beta);
                let gradient = self
                    .backend
                    .layer_norm_backward(tape.value(x)?, &dy, parameters, tape.saved(index)?)
                    .map_err(refuse())?;
                self.learn(gamma, gradient.dgamma);
                self.learn(beta, gradient.dbeta);
                self.give(x, gradient.dx)
            }
            Op::Gelu { x } => {
                let dx = self.backend.gelu_backward(tape.value(x)?, &dy).map_err(refuse())?;
                self.give(x, dx)
            }
            Op::Add { a, b, relu } => {
                let dz = self.unmask(index, name, dy, relu, tape)?;
                self.give(b, dz.clone())?;
                self.give(a, dz)
            }
            Op::MaxPool { x, window } => {
                let (value, saved) = (tape.value(x)?, tape.saved(index)?);
                let dx =
                    self.backend.max_pool_backward(value, &dy, window, saved).map_err(refuse())?;
                self.give(x, dx)
            }
            Op::AveragePool { x, window } => {
                let shape = image_shape(tape.value(x)?);
                let dx = self.backend.average_pool_backward(shape, &dy, window).map_err(refuse())?;
                self.give(x, dx)
            }
            Op::GlobalAveragePool { x } => {
                let shape = image_shape(tape.value(x)?);
                let dx = self.backend.global_average_pool_backward(shape, &dy).map_err(refuse())?;
                self.give(x, dx)
            }
            Op::Attention { qkv, heads } => {
                let (value, saved) = (tape.value(qkv)?, tape.saved(index)?);
                let dx =
                    self.backend.attention_backward(value, &dy, heads, saved).map_err(refuse())?;
                self.give(qkv, dx)
            }
            Op::Embed { x, cls, pos } => {
                let gradient = self.backend.embed_backward(&dy).map_err(refuse())?;
                self.learn(cls, gradient.dcls);
                self.learn(pos, gradient.dpos);
                self.give(x, gradient.dx)
            }
        }
    }

    /// The gradient before the fused ReLU, from the one after it.
    fn unmask(
        &mut self,
        index: usize,
        name: &str,
        dy: Tensor,
        relu: bool,
        tape: &Tape<B::Saved>,
    ) -> Result<Tensor, HostError> {
        if !relu {
            return Ok(dy);
        }
        let y = tape.value(NodeId(index))?;
        self.backend.relu_backward(y, &dy).map_err(HostError::backend(name))
    }

    /// Adds `gradient` to that of a node's value, if anything there learns.
    fn give(&mut self, to: NodeId, gradient: Tensor) -> Result<(), HostError> {
        let node = &self.network.nodes()[to.0];
        if !node.needs_gradient {
            return Ok(());
        }
        let merged = match self.gradients[to.0].take() {
            None => gradient,
            Some(sofar) => {
                self.backend.merge(&sofar, &gradient).map_err(HostError::backend(&node.name))?
            }
        };
        self.gradients[to.0] = Some(merged);
        Ok(())
    }

    fn learn(&mut self, parameter: usize, gradient: Vec<f32>) {
        self.parameter_gradients[parameter] = Some(gradient);
    }
}

fn norm_parameters(parameters: &[Vec<f32>], gamma: usize, beta: usize) -> NormParameters<'_> {
    NormParameters { gamma: &parameters[gamma], beta: &parameters[beta] }
}

fn image_shape(x: &Tensor) -> [usize; 4] {
    [x.shape()[0], x.shape()[1], x.shape()[2], x.shape()[3]]
}
