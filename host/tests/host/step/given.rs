//! Networks that the tests take steps of.

use satkit_host::HostError;
use satkit_host::backend::PoolWindow;
use satkit_host::network::{Builder, Epilogue, Kernel, Network};
use satkit_host::step::StepSettings;
use satkit_spec::{Method, Sparsity};

pub(super) fn bdwp(batch: usize) -> StepSettings {
    StepSettings::new(batch, Method::Bdwp, Sparsity::TWO_OF_EIGHT)
}

/// The large networks and their tables.
pub(super) const LARGE: [(&str, &str); 5] = [
    ("resnet9", include_str!("../../../networks/resnet9_cifar10.csv")),
    ("vgg19", include_str!("../../../networks/vgg19_cifar100.csv")),
    ("resnet18", include_str!("../../../networks/resnet18_tinyimagenet_cifarstem.csv")),
    ("resnet50", include_str!("../../../networks/resnet50_imagenet.csv")),
    ("vit", include_str!("../../../networks/vit_cifar100.csv")),
];

const NARROW: Kernel = Kernel { co: 16, side: 1, stride: 1, pad: 0 };
const WIDE: Kernel = Kernel::same(16, 3, 1);

/// Two residuals, one with a projection.
pub(super) fn residual() -> Result<Network, HostError> {
    let (mut net, x) = Builder::new("residual", [3, 8, 8])?;
    let stem = net.conv_norm(["stem", "stem.bn"], x, WIDE, Epilogue::RELU)?;
    let y = net.conv("body", stem, WIDE, Epilogue::NONE)?;
    let down = net.conv_norm(["down", "down.bn"], stem, NARROW, Epilogue::NONE)?;
    let x = net.batch_norm("body.bn", y, Epilogue::RELU.with_residual(down))?;
    let y = net.conv_norm(["next", "next.bn"], x, WIDE, Epilogue::RELU)?;
    let y = net.conv("last", y, WIDE, Epilogue::NONE)?;
    let y = net.batch_norm("last.bn", y, Epilogue::RELU.with_residual(x))?;
    let y = net.global_average_pool("average", y)?;
    net.linear("fc", y, 10, Epilogue::BIAS)?;
    net.finish()
}

/// All poolings, adds, a batch norm of something that no layer made, values used three times, biases behind convolutions.
pub(super) fn mixed() -> Result<Network, HostError> {
    let (mut net, images) = Builder::new("mixed", [3, 9, 9])?;
    let window = |stride| PoolWindow { window: 3, stride, pad: 1 };
    let x = net.average_pool("shrink", images, window(1))?;
    let x = net.conv("stem", x, WIDE, Epilogue::BIAS_RELU)?;
    let x = net.max_pool("max", x, window(2))?;
    let x = net.batch_norm("norm", x, Epilogue::RELU)?;
    let a = net.conv("a", x, WIDE, Epilogue::BIAS)?;
    let b = net.conv("b", x, NARROW, Epilogue::BIAS_RELU.with_residual(a))?;
    let c = net.average_pool("mean", x, window(1))?;
    let d = net.add("ab", a, b, true)?;
    let d = net.add("abc", d, c, false)?;
    let e = net.conv("e", d, WIDE, Epilogue::BIAS_RELU)?;
    let e = net.batch_norm("e.bn", e, Epilogue::NONE.with_residual(d))?;
    let e = net.conv("f", e, Kernel { stride: 2, ..WIDE }, Epilogue::NONE)?;
    let e = net.batch_norm("f.bn", e, Epilogue::NONE)?;
    let e = net.conv("g", e, NARROW, Epilogue::NONE)?;
    let e = net.flatten("flatten", e)?;
    let e = net.linear("fc1", e, 24, Epilogue::BIAS)?;
    let e = net.linear("fc2", e, 24, Epilogue::BIAS_RELU)?;
    net.linear("fc3", e, 10, Epilogue::NONE)?;
    net.finish()
}

/// A small transformer.
pub(super) fn tokens(width: usize) -> Result<Network, HostError> {
    let (mut net, x) = Builder::new("tokens", [3, 8, 8])?;
    let x = net.patches("patches", x, 4)?;
    let x = net.linear("patch_embed", x, width, Epilogue::BIAS)?;
    let x = net.embed("embed", x)?;
    let y = net.layer_norm("ln1", x)?;
    let y = net.linear("qkv", y, 3 * width, Epilogue::BIAS)?;
    let y = net.attention("blk.attention", y, 4)?;
    let x = net.linear("proj", y, width, Epilogue::BIAS.with_residual(x))?;
    let y = net.layer_norm("ln2", x)?;
    let y = net.linear("fc1", y, 64, Epilogue::BIAS)?;
    let y = net.gelu("gelu", y);
    let x = net.linear("fc2", y, width, Epilogue::BIAS.with_residual(x))?;
    let x = net.class_token("class_token", x)?;
    let x = net.layer_norm("ln", x)?;
    net.linear("head", x, 10, Epilogue::BIAS)?;
    net.finish()
}

/// Every network there is.
pub(super) fn networks() -> Vec<Network> {
    let named = Network::NAMES.iter().map(|name| Network::named(name));
    let small = [residual(), mixed(), tokens(32)];
    named.chain(small).collect::<Result<_, _>>().unwrap()
}
