//! VGG-19 with batch norm for CIFAR-100: `host/networks/vgg19_cifar100.csv`.

use super::halving;
use crate::HostError;
use crate::network::{Builder, Epilogue, Kernel, Network};

/// Convolutions and output channels of each part; a max pooling of 2 follows each.
const PARTS: [(usize, usize); 5] = [(2, 64), (2, 128), (4, 256), (4, 512), (4, 512)];

/// Sixteen convolutions with batch norm and ReLU, one linear layer.
pub(super) fn vgg19() -> Result<Network, HostError> {
    let (mut net, mut x) = Builder::new("vgg19", [3, 32, 32])?;
    let mut conv = 0;
    for (part, (convs, co)) in PARTS.into_iter().enumerate() {
        for _ in 0..convs {
            conv += 1;
            let names = [format!("conv{conv}"), format!("bn{conv}")];
            let names = [names[0].as_str(), names[1].as_str()];
            x = net.conv_norm(names, x, Kernel::same(co, 3, 1), Epilogue::RELU)?;
        }
        x = net.max_pool(&format!("pool{}", part + 1), x, halving(2))?;
    }
    let x = net.flatten("flatten", x)?;
    net.linear("fc1", x, 100, Epilogue::BIAS)?;
    net.finish()
}
