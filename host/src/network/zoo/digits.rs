//! digits-cnn and digits-mlp: small networks of our own for the 8 x 8 digits.
//!
//! Channels are multiples of 32, the side of the array; more than four fifths of the MACs lie in prunable layers.

use super::halving;
use crate::HostError;
use crate::network::{Builder, Epilogue, Kernel, Network};

const CLASSES: usize = 10;

/// A convolution with batch norm, max pooling, two more convolutions, global average pooling, a linear layer.
pub(super) fn cnn(image: [usize; 3]) -> Result<Network, HostError> {
    let (mut net, x) = Builder::new("digits-cnn", image)?;
    let conv = |co| Kernel::same(co, 3, 1);
    let x = net.conv_norm(["conv1", "bn1"], x, conv(32), Epilogue::RELU)?;
    let x = net.max_pool("pool", x, halving(2))?;
    let x = net.conv_norm(["conv2", "bn2"], x, conv(64), Epilogue::RELU)?;
    let x = net.conv_norm(["conv3", "bn3"], x, conv(128), Epilogue::RELU)?;
    let x = net.global_average_pool("average", x)?;
    net.linear("fc", x, CLASSES, Epilogue::BIAS)?;
    net.finish()
}

/// Four linear layers with biases and ReLU.
pub(super) fn mlp(image: [usize; 3]) -> Result<Network, HostError> {
    let (mut net, x) = Builder::new("digits-mlp", image)?;
    let x = net.flatten("flatten", x)?;
    let x = net.linear("fc1", x, 256, Epilogue::BIAS_RELU)?;
    let x = net.linear("fc2", x, 256, Epilogue::BIAS_RELU)?;
    let x = net.linear("fc3", x, 256, Epilogue::BIAS_RELU)?;
    net.linear("fc4", x, CLASSES, Epilogue::BIAS)?;
    net.finish()
}
