//! A vision transformer for CIFAR-100 (Dosovitskiy et al., arXiv 2010.11929; sizes of
//! `host/networks/vit_cifar100.csv`).

use crate::HostError;
use crate::network::{Builder, Epilogue, Network};

const PATCH: usize = 4;
const WIDTH: usize = 512;
const DEPTH: usize = 6;
const HEADS: usize = 8;
const MLP: usize = 512;

/// Patches, class token and positions, pre-norm blocks of attention (qkv without bias) and a GELU MLP, layer norm
/// and a linear layer over the class token. Layer norm works row by row, so the head norms the class token only.
pub(super) fn vit() -> Result<Network, HostError> {
    let (mut net, x) = Builder::new("vit", [3, 32, 32])?;
    let x = net.patches("patches", x, PATCH)?;
    let x = net.linear("patch_embed", x, WIDTH, Epilogue::BIAS)?;
    let mut x = net.embed("embed", x)?;
    for block in 0..DEPTH {
        let name = |part: &str| format!("blk{block}.{part}");
        let y = net.layer_norm(&name("ln1"), x)?;
        let y = net.linear(&name("qkv"), y, 3 * WIDTH, Epilogue::NONE)?;
        let y = net.attention(&name("attention"), y, HEADS)?;
        x = net.linear(&name("proj"), y, WIDTH, Epilogue::BIAS.with_residual(x))?;
        let y = net.layer_norm(&name("ln2"), x)?;
        let y = net.linear(&name("fc1"), y, MLP, Epilogue::BIAS)?;
        let y = net.gelu(&name("gelu"), y);
        x = net.linear(&name("fc2"), y, WIDTH, Epilogue::BIAS.with_residual(x))?;
    }
    let x = net.class_token("class_token", x)?;
    let x = net.layer_norm("ln", x)?;
    net.linear("head", x, 100, Epilogue::BIAS)?;
    net.finish()
}
