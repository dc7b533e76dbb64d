//! Nodes that move nothing on the card: their values are other nodes' tensors.

use super::value::Size;
use crate::HostError;
use crate::network::{Network, NodeId, Op};

/// The node in whose tensor a node's value lies, if it is not in one of its own. What takes the images apart is done by
/// the host, which uploads them as their consumer needs them.
pub(super) fn tensor_of(network: &Network, node: usize) -> Option<usize> {
    match network.nodes()[node].op {
        // One pixel lies in memory as a row does.
        Op::Flatten { x } if is_one_pixel(network, x) => Some(x.0),
        _ => None,
    }
}

/// True if the host uploads the node's value.
pub(super) fn is_uploaded(network: &Network, node: usize) -> bool {
    match network.nodes()[node].op {
        Op::Input => {
            let takes = |op: &Op| op.inputs().contains(&NodeId(node));
            let moves = |op: &Op| matches!(op, Op::Flatten { .. } | Op::Patches { .. });
            network.nodes().iter().any(|node| takes(&node.op) && !moves(&node.op))
        }
        Op::Flatten { x } | Op::Patches { x, .. } => is_input(network, x),
        _ => false,
    }
}

fn is_one_pixel(network: &Network, node: NodeId) -> bool {
    !is_input(network, node) && matches!(network.nodes()[node.0].shape[..], [_, 1, 1] | [_])
}

fn is_input(network: &Network, node: NodeId) -> bool {
    matches!(network.nodes()[node.0].op, Op::Input)
}

/// The size of each node's value for `batch` images. One that lies in another's tensor whole makes that as large as the
/// larger of both layouts.
///
/// # Errors
/// [`HostError::Setting`] for a batch that is too large to count.
pub(super) fn sizes(network: &Network, batch: usize) -> Result<Vec<Size>, HostError> {
    let nodes = network.nodes().iter();
    let sizes: Result<Vec<Size>, _> =
        nodes.map(|node| Size::of(&node.name, batch, &node.shape)).collect();
    let mut sizes = sizes?;
    for index in 0..network.nodes().len() {
        if let Some(other) = tensor_of(network, index) {
            let bytes = sizes[index].bytes.max(sizes[other].bytes);
            (sizes[index].bytes, sizes[other].bytes) = (bytes, bytes);
        }
    }
    Ok(sizes)
}
