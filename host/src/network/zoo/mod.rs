//! The networks that come with satkit. `host/networks/*.csv` holds the layer shapes of the large ones, and a test
//! compares them.

mod digits;
mod resnet;
mod resnet9;
mod vgg19;
mod vit;

use super::Network;
use crate::HostError;
use crate::backend::PoolWindow;

/// Names; the first is the default.
pub(super) const NAMES: [&str; 7] =
    ["digits-cnn", "digits-mlp", "resnet9", "vgg19", "resnet18", "resnet50", "vit"];

/// The images that the network was made for, `[c, h, w]`.
pub(super) fn input(name: &str) -> Option<[usize; 3]> {
    match name {
        "digits-cnn" | "digits-mlp" => Some([1, 8, 8]),
        "resnet9" | "vgg19" | "vit" => Some([3, 32, 32]),
        "resnet18" => Some([3, 64, 64]),
        "resnet50" => Some([3, 224, 224]),
        _ => None,
    }
}

/// The network `name`, which [`input`] knows, for images of `[c, h, w]`.
pub(super) fn build(name: &str, image: [usize; 3]) -> Result<Network, HostError> {
    let refuse = |accepted: String| {
        let [c, h, w] = image;
        let reason =
            format!("images of {c} x {h} x {w} (channels, height, width); accepted: {accepted}");
        Err(HostError::Network { network: name.into(), reason })
    };
    match name {
        "digits-cnn" | "digits-mlp" => {
            let [c, h, w] = image;
            if c != 1 || !(8..=64).contains(&h) || !(8..=64).contains(&w) {
                return refuse("1 channel, 8 to 64 pixels a side".into());
            }
        }
        _ => {
            if let Some([c, h, w]) = input(name).filter(|&own| own != image) {
                return refuse(format!("{c} x {h} x {w}"));
            }
        }
    }
    match name {
        "digits-mlp" => digits::mlp(image),
        "resnet9" => resnet9::resnet9(),
        "vgg19" => vgg19::vgg19(),
        "resnet18" => resnet::resnet18(),
        "resnet50" => resnet::resnet50(),
        "vit" => vit::vit(),
        _ => digits::cnn(image),
    }
}

/// A window without overlap or padding.
const fn halving(side: usize) -> PoolWindow {
    PoolWindow { window: side, stride: side, pad: 0 }
}
