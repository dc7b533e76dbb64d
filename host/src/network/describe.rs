//! A network in figures: what `satkit list networks` prints and what the layer tables hold.

use super::{Network, Op};
use satkit_spec::{ConvShape, Sparsity, Stage};

/// A network in figures.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct NetworkSummary {
    /// Name.
    pub name: String,
    /// Shape of an image, `[c, h, w]`.
    pub input: [usize; 3],
    /// Classes.
    pub classes: usize,
    /// Learnt values.
    pub parameters: u64,
    /// Dense multiply-accumulates of a forward pass over one image, attention's products included.
    pub macs_per_image: u64,
    /// Share of these in layers that 2:8 prunes in FF and BP: neither first nor last, both channels multiples of
    /// 8. 0 to 1.
    pub prunable_share: f64,
}

/// Which product a row of the layer table is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MacKind {
    /// A convolution, of one image.
    Conv(ConvShape),
    /// A linear layer; its batch is the rows of one image.
    Linear(ConvShape),
    /// A product of activations, `(m, k)` by `(k, n)`, `repeat` times an image (once a head).
    Matmul {
        /// Rows of the output.
        m: usize,
        /// Columns of the output.
        n: usize,
        /// Terms of each sum.
        k: usize,
        /// Products per image.
        repeat: usize,
    },
}

/// One matrix product of a forward pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MacRow {
    /// Name, such as `layer1.0.conv1` or `blk0.qkT`.
    pub name: String,
    /// What is multiplied.
    pub kind: MacKind,
    /// True if the layer is neither the network's first nor its last, nor a product of activations.
    pub prunable: bool,
}

impl MacRow {
    /// Dense multiply-accumulates for one image, padding included.
    #[must_use]
    pub fn macs(&self) -> u64 {
        match self.kind {
            MacKind::Conv(shape) | MacKind::Linear(shape) => shape.dense_macs(Stage::Ff),
            MacKind::Matmul { m, n, k, repeat } => {
                [n, k, repeat].into_iter().fold(m as u64, |macs, size| macs * size as u64)
            }
        }
    }

    /// True if groups of `sparsity` prune both FF and BP of it.
    #[must_use]
    pub fn prunes(&self, sparsity: Sparsity) -> bool {
        match self.kind {
            MacKind::Conv(shape) | MacKind::Linear(shape) => {
                let divides = |channels: usize| channels.is_multiple_of(sparsity.m());
                self.prunable && divides(shape.ci) && divides(shape.co)
            }
            MacKind::Matmul { .. } => false,
        }
    }
}

impl Network {
    /// Every matrix product of a forward pass over one image, in order.
    #[must_use]
    pub fn mac_rows(&self) -> Vec<MacRow> {
        let mut rows = Vec::new();
        for node in self.nodes() {
            match node.op {
                Op::Mac { layer, .. } => {
                    let layer = &self.layers()[layer];
                    let kind = if layer.is_linear { MacKind::Linear } else { MacKind::Conv };
                    let prunable = layer.prunable;
                    rows.push(MacRow {
                        name: layer.name.clone(),
                        kind: kind(layer.shape),
                        prunable,
                    });
                }
                Op::Attention { heads, .. } => {
                    let (t, d) = (node.shape[0], node.shape[1] / heads);
                    let block = node.name.strip_suffix(".attention").unwrap_or(&node.name);
                    for (product, n, k) in [("qkT", t, d), ("av", d, t)] {
                        let kind = MacKind::Matmul { m: t, n, k, repeat: heads };
                        let name = format!("{block}.{product}");
                        rows.push(MacRow { name, kind, prunable: false });
                    }
                }
                _ => {}
            }
        }
        rows
    }

    /// The network in figures.
    #[must_use]
    pub fn describe(&self) -> NetworkSummary {
        let rows = self.mac_rows();
        let total: u64 = rows.iter().map(MacRow::macs).sum();
        let pruned: u64 =
            rows.iter().filter(|row| row.prunes(Sparsity::TWO_OF_EIGHT)).map(MacRow::macs).sum();
        NetworkSummary {
            name: self.name().into(),
            input: self.input(),
            classes: self.classes(),
            parameters: self.parameters().iter().map(|spec| spec.len() as u64).sum(),
            macs_per_image: total,
            prunable_share: if total == 0 { 0.0 } else { pruned as f64 / total as f64 },
        }
    }
}
