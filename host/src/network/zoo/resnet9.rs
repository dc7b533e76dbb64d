//! ResNet-9 for CIFAR-10: `host/networks/resnet9_cifar10.csv`.

use super::halving;
use crate::HostError;
use crate::network::{Builder, Epilogue, Kernel, Network, NodeId};

/// Convolutions with batch norm and ReLU, two residual pairs, three max poolings.
pub(super) fn resnet9() -> Result<Network, HostError> {
    let (mut net, x) = Builder::new("resnet9", [3, 32, 32])?;
    let x = conv(&mut net, "conv1", x, 64)?;
    let x = conv(&mut net, "conv2", x, 128)?;
    let x = net.max_pool("pool1", x, halving(2))?;
    let x = pair(&mut net, "res1", x, 128)?;
    let x = conv(&mut net, "conv3", x, 256)?;
    let x = net.max_pool("pool2", x, halving(2))?;
    let x = conv(&mut net, "conv4", x, 512)?;
    let x = net.max_pool("pool3", x, halving(2))?;
    let x = pair(&mut net, "res2", x, 512)?;
    let x = net.max_pool("pool4", x, halving(4))?;
    let x = net.flatten("flatten", x)?;
    net.linear("fc", x, 10, Epilogue::BIAS)?;
    net.finish()
}

fn conv(net: &mut Builder, name: &str, x: NodeId, co: usize) -> Result<NodeId, HostError> {
    net.conv_norm([name, &format!("{name}.bn")], x, Kernel::same(co, 3, 1), Epilogue::RELU)
}

/// Two convolutions whose result, after its own ReLU, is added to their input.
fn pair(net: &mut Builder, name: &str, x: NodeId, co: usize) -> Result<NodeId, HostError> {
    let y = conv(net, &format!("{name}.0"), x, co)?;
    let y = conv(net, &format!("{name}.1"), y, co)?;
    net.add(&format!("{name}.add"), x, y, false)
}
