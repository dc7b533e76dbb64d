//! Running a network forward.

use crate::HostError;
use crate::backend::{
    Accumulator, Backend, BackendError, Fused, NormParameters, RunningStatistics, Tensor,
};
use crate::network::{MacLayer, Network, NodeId, Op};
use half::f16;
use ndarray::{ArrayD, IxDyn, s};

/// Whose statistics batch norm uses.
pub(super) enum Mode<'a> {
    /// The batch's; the running ones are updated, and everything that a backward pass needs is kept.
    Train(&'a mut [RunningStatistics]),
    /// The running ones; values are dropped after their last use.
    Evaluate(&'a [RunningStatistics]),
}

/// What a forward pass leaves: the value of each node, and what backends keep for their backward operations.
pub(super) struct Tape<S> {
    pub(super) values: Vec<Option<Tensor>>,
    pub(super) saved: Vec<Option<S>>,
}

impl<S> Tape<S> {
    /// The value of a node. It is there by the order of the nodes; the error is for a graph that breaks it.
    pub(super) fn value(&self, node: NodeId) -> Result<&Tensor, HostError> {
        self.values[node.0].as_ref().ok_or_else(|| missing("a value"))
    }

    pub(super) fn saved(&self, node: usize) -> Result<&S, HostError> {
        self.saved[node].as_ref().ok_or_else(|| missing("what the forward pass keeps"))
    }

    /// The logits of a finished pass.
    pub(super) fn logits(&self) -> Result<&Tensor, HostError> {
        self.value(NodeId(self.values.len() - 1))
    }
}

pub(super) fn missing(what: &str) -> HostError {
    HostError::backend("graph")(BackendError::new(format!("{what} is used before it is made")))
}

/// Runs `network` on the images `x`, `(n, c, h, w)`; `layers` are its MAC layers for that batch.
pub(super) fn forward<B: Backend>(
    backend: &mut B,
    network: &Network,
    layers: &[MacLayer],
    parameters: &[Vec<f32>],
    mut mode: Mode<'_>,
    x: Tensor,
) -> Result<Tape<B::Saved>, HostError> {
    let batch = x.shape()[0];
    let count = network.nodes().len();
    let last_use = last_uses(network);
    let mut tape: Tape<B::Saved> = Tape { values: Vec::with_capacity(count), saved: Vec::new() };
    let mut images = Some(x);
    for (index, node) in network.nodes().iter().enumerate() {
        let refuse = || HostError::backend(&node.name);
        let norm = |gamma: usize, beta: usize| NormParameters {
            gamma: &parameters[gamma],
            beta: &parameters[beta],
        };
        let mut saved = None;
        let value = match node.op {
            Op::Input => images.take().ok_or_else(|| missing("the input"))?,
            Op::Patches { x, side } => patches(tape.value(x)?, side),
            Op::Flatten { x } => {
                with_shape(tape.value(x)?.clone(), batch, &node.shape, &node.name)?
            }
            Op::ClassToken { x } => tape.value(x)?.slice(s![.., 0, ..]).to_owned().into_dyn(),
            Op::Mac { x, layer, bias, residual, relu } => {
                let weight = &parameters[network.layers()[layer].weight];
                let acc = backend.ff(&layers[layer], tape.value(x)?, weight).map_err(refuse())?;
                let acc: Accumulator = with_shape(acc, batch, &node.shape, &node.name)?;
                let residual = residual.map(|residual| tape.value(residual)).transpose()?;
                let bias = bias.map(|bias| &parameters[bias][..]);
                backend.store(acc, bias, Fused { residual, relu }).map_err(refuse())?
            }
            Op::BatchNorm { x, gamma, beta, norm: statistics, residual, relu } => {
                let residual = residual.map(|residual| tape.value(residual)).transpose()?;
                let (y, fused) = (tape.value(x)?, Fused { residual, relu });
                match &mut mode {
                    Mode::Train(running) => {
                        let running = &mut running[statistics];
                        let (value, kept) = backend
                            .batch_norm_train(y, norm(gamma, beta), running, fused)
                            .map_err(refuse())?;
                        saved = Some(kept);
                        value
                    }
                    Mode::Evaluate(running) => backend
                        .batch_norm_eval(y, norm(gamma, beta), &running[statistics], fused)
                        .map_err(refuse())?,
                }
            }
            Op::LayerNorm { x, gamma, beta } => keep(
                &mut saved,
                backend.layer_norm(tape.value(x)?, norm(gamma, beta)).map_err(refuse())?,
            ),
            Op::Gelu { x } => backend.gelu(tape.value(x)?).map_err(refuse())?,
            Op::Add { a, b, relu } => {
                backend.add(tape.value(a)?, tape.value(b)?, relu).map_err(refuse())?
            }
            Op::MaxPool { x, window } => {
                keep(&mut saved, backend.max_pool(tape.value(x)?, window).map_err(refuse())?)
            }
            Op::AveragePool { x, window } => {
                backend.average_pool(tape.value(x)?, window).map_err(refuse())?
            }
            Op::GlobalAveragePool { x } => {
                backend.global_average_pool(tape.value(x)?).map_err(refuse())?
            }
            Op::Attention { qkv, heads } => {
                keep(&mut saved, backend.attention(tape.value(qkv)?, heads).map_err(refuse())?)
            }
            Op::Embed { x, cls, pos } => backend
                .embed(tape.value(x)?, &parameters[cls], &parameters[pos])
                .map_err(refuse())?,
        };
        check_shape(&value, batch, &node.shape, &node.name)?;
        tape.values.push(Some(value));
        if matches!(mode, Mode::Evaluate(_)) {
            saved = None;
            for input in node.op.inputs() {
                if last_use[input.0] == index {
                    tape.values[input.0] = None;
                }
            }
        }
        tape.saved.push(saved);
    }
    Ok(tape)
}

fn keep<S>(saved: &mut Option<S>, (value, kept): (Tensor, S)) -> Tensor {
    *saved = Some(kept);
    value
}

/// Index of the last node that uses each node's value.
fn last_uses(network: &Network) -> Vec<usize> {
    let mut last = vec![usize::MAX; network.nodes().len()];
    for (index, node) in network.nodes().iter().enumerate() {
        for input in node.op.inputs() {
            last[input.0] = index;
        }
    }
    last
}

/// The same values with the shape `(batch, shape...)`; moves nothing.
pub(super) fn with_shape<T>(
    values: ArrayD<T>,
    batch: usize,
    shape: &[usize],
    name: &str,
) -> Result<ArrayD<T>, HostError> {
    let full: Vec<usize> = std::iter::once(batch).chain(shape.iter().copied()).collect();
    let given = values.shape().to_vec();
    values.into_shape_with_order(IxDyn(&full)).map_err(|_| {
        let message = format!("the backend returned {given:?}; accepted: {full:?}");
        HostError::backend(name)(BackendError::new(message))
    })
}

/// Refuses a value that has not the shape that the graph gives it: no later operation would know what it means.
fn check_shape(value: &Tensor, batch: usize, shape: &[usize], name: &str) -> Result<(), HostError> {
    if value.shape().first() == Some(&batch) && value.shape()[1..] == *shape {
        return Ok(());
    }
    let message =
        format!("the backend returned {:?}; accepted: {batch} times {shape:?}", value.shape());
    Err(HostError::backend(name)(BackendError::new(message)))
}

/// `(n, c, h, w)` cut into squares, `(n, t, c * side * side)`: squares row by row, values in the order
/// (c, h, w).
pub(crate) fn patches(x: &Tensor, side: usize) -> Tensor {
    let (n, c, h, w) = (x.shape()[0], x.shape()[1], x.shape()[2], x.shape()[3]);
    let (rows, columns) = (h / side, w / side);
    let shape = IxDyn(&[n, rows * columns, c * side * side]);
    ArrayD::from_shape_fn(shape, |index| {
        let (image, token, value) = (index[0], index[1], index[2]);
        let (channel, row, column) = (value / (side * side), value / side % side, value % side);
        let (top, left) = (token / columns * side, token % columns * side);
        x[[image, channel, top + row, left + column]]
    })
}

/// Zeros but for the first token, which is `dy`: the class token's gradient, `(n, d)` to `(n, t, d)`.
pub(super) fn class_token_backward(dy: &Tensor, tokens: usize) -> Tensor {
    let (n, d) = (dy.shape()[0], dy.shape()[1]);
    let mut dx = ArrayD::from_elem(IxDyn(&[n, tokens, d]), f16::ZERO);
    for image in 0..n {
        for feature in 0..d {
            dx[[image, 0, feature]] = dy[[image, feature]];
        }
    }
    dx
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patches_are_squares_in_reading_order() {
        let x = ArrayD::from_shape_fn(IxDyn(&[1, 2, 4, 4]), |i| {
            f16::from_f32((i[1] * 16 + i[2] * 4 + i[3]) as f32)
        });
        let y = patches(&x, 2);
        assert_eq!(y.shape(), [1, 4, 8]);
        let row = |token| -> Vec<f32> { (0..8).map(|i| y[[0, token, i]].to_f32()).collect() };
        assert_eq!(row(0), [0.0, 1.0, 4.0, 5.0, 16.0, 17.0, 20.0, 21.0]);
        assert_eq!(row(1), [2.0, 3.0, 6.0, 7.0, 18.0, 19.0, 22.0, 23.0]);
        assert_eq!(row(2)[..2], [8.0, 9.0]);
    }
}
