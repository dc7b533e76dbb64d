//! ResNet-18 with a CIFAR stem for Tiny ImageNet and ResNet-50 v1.5 for ImageNet (He et al., arXiv 1512.03385):
//! `host/networks/resnet18_tinyimagenet_cifarstem.csv` and `host/networks/resnet50_imagenet.csv`.

use crate::HostError;
use crate::backend::PoolWindow;
use crate::network::{Builder, Epilogue, Kernel, Network, NodeId};

/// Channels of the four groups of blocks, before a bottleneck's expansion.
const WIDTHS: [usize; 4] = [64, 128, 256, 512];

/// 64 x 64 images, a 3 x 3 stem without pooling, two basic blocks a group, 200 classes.
pub(super) fn resnet18() -> Result<Network, HostError> {
    let (mut net, x) = Builder::new("resnet18", [3, 64, 64])?;
    let mut x = net.conv_norm(["conv1", "bn1"], x, Kernel::same(64, 3, 1), Epilogue::RELU)?;
    let mut ci = 64;
    for (group, co) in WIDTHS.into_iter().enumerate() {
        for block in 0..2 {
            let name = format!("layer{}.{block}", group + 1);
            let stride = if group > 0 && block == 0 { 2 } else { 1 };
            let kernels = [Kernel::same(co, 3, stride), Kernel::same(co, 3, 1)];
            x = residual_block(&mut net, &name, x, &kernels, stride != 1 || ci != co)?;
            ci = co;
        }
    }
    let x = net.global_average_pool("average", x)?;
    net.linear("fc", x, 200, Epilogue::BIAS)?;
    net.finish()
}

/// 224 x 224 images, a 7 x 7 stem with max pooling, bottlenecks with the stride in the 3 x 3, 1000 classes.
pub(super) fn resnet50() -> Result<Network, HostError> {
    let (mut net, x) = Builder::new("resnet50", [3, 224, 224])?;
    let x = net.conv_norm(["conv1", "bn1"], x, Kernel::same(64, 7, 2), Epilogue::RELU)?;
    let mut x = net.max_pool("maxpool", x, PoolWindow { window: 3, stride: 2, pad: 1 })?;
    for (group, (width, blocks)) in WIDTHS.into_iter().zip([3, 4, 6, 3]).enumerate() {
        for block in 0..blocks {
            let name = format!("layer{}.{block}", group + 1);
            let stride = if group > 0 && block == 0 { 2 } else { 1 };
            let kernels = [
                Kernel::same(width, 1, 1),
                Kernel::same(width, 3, stride),
                Kernel::same(4 * width, 1, 1),
            ];
            x = residual_block(&mut net, &name, x, &kernels, block == 0)?;
        }
    }
    let x = net.global_average_pool("average", x)?;
    net.linear("fc", x, 1000, Epilogue::BIAS)?;
    net.finish()
}

/// Convolutions with batch norm, each but the last with ReLU; the last adds the block's input, or its
/// projection by a 1 x 1 convolution (`down`), before its ReLU.
fn residual_block(
    net: &mut Builder,
    name: &str,
    input: NodeId,
    kernels: &[Kernel],
    project: bool,
) -> Result<NodeId, HostError> {
    let mut x = input;
    for (index, &kernel) in kernels.iter().enumerate().map(|(index, kernel)| (index + 1, kernel)) {
        let (conv, norm) = (format!("{name}.conv{index}"), format!("{name}.bn{index}"));
        if index < kernels.len() {
            x = net.conv_norm([&conv, &norm], x, kernel, Epilogue::RELU)?;
            continue;
        }
        let y = net.conv(&conv, x, kernel, Epilogue::NONE)?;
        let mut residual = input;
        if project {
            let stride = kernels.iter().map(|kernel| kernel.stride).product();
            let down = [format!("{name}.down"), format!("{name}.down.bn")];
            let projection = Kernel { co: kernel.co, side: 1, stride, pad: 0 };
            residual = net.conv_norm([&down[0], &down[1]], input, projection, Epilogue::NONE)?;
        }
        x = net.batch_norm(&norm, y, Epilogue::RELU.with_residual(residual))?;
    }
    Ok(x)
}
