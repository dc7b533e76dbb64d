//! What is to be computed: the operation with its operands, read and checked.

use super::archive::{Archive, Array};
use super::arguments::{KernelArguments, Op};
use super::operands::{Layer, Window, axes};
use satkit_host::backend::SgdStep;
use satkit_host::kernel::{Kernel, KernelOperands};
use satkit_host::train::TrainSettings;

/// What is computed, and how the arrays of its layer are written.
pub(super) struct Task {
    pub(super) layer: Layer,
    pub(super) kernel: Kernel,
}

/// Reads the operands and finds the layer that they belong to.
pub(super) fn read(archive: &mut Archive, arguments: &KernelArguments) -> anyhow::Result<Task> {
    let window = Window { stride: arguments.stride, pad: arguments.pad };
    let (layer, operands) = match arguments.op {
        Op::Prune => {
            let w = archive.array("W")?;
            let layer = Layer::of_weights(axes(archive, "W", &w.shape)?)?;
            (layer, KernelOperands::Prune { w: w.into_halves() })
        }
        Op::Ff => {
            let (x, w) = (archive.array("X")?, archive.array("W")?);
            let (x_axes, w_axes) = (axes(archive, "X", &x.shape)?, axes(archive, "W", &w.shape)?);
            let layer = Layer::of_ff(archive, x_axes, w_axes, window)?;
            (layer, KernelOperands::Ff { x: x.into_halves(), w: w.into_halves() })
        }
        Op::Bp => {
            let (dy, w) = (archive.array("dY")?, archive.array("W")?);
            let x = archive.shape("X")?.map(|shape| axes(archive, "X", &shape)).transpose()?;
            let (dy_axes, w_axes) =
                (axes(archive, "dY", &dy.shape)?, axes(archive, "W", &w.shape)?);
            let layer = Layer::of_bp(archive, dy_axes, w_axes, x, window)?;
            (layer, KernelOperands::Bp { dy: dy.into_halves(), w: w.into_halves() })
        }
        Op::Wu => {
            let (x, dy) = (archive.array("X")?, archive.array("dY")?);
            let w = archive.shape("W")?.map(|shape| axes(archive, "W", &shape)).transpose()?;
            let (x_axes, dy_axes) =
                (axes(archive, "X", &x.shape)?, axes(archive, "dY", &dy.shape)?);
            let layer = Layer::of_wu(archive, x_axes, dy_axes, w, window)?;
            (layer, KernelOperands::Wu { x: x.into_halves(), dy: dy.into_halves() })
        }
        Op::Update => {
            let arrays = [archive.array("W")?, archive.array("V")?, archive.array("dW")?];
            let layer = Layer::of_weights(axes(archive, "W", &arrays[0].shape)?)?;
            for (name, array) in ["V", "dW"].into_iter().zip(&arrays[1..]) {
                if array.shape != arrays[0].shape {
                    let reason = format!(
                        "its shape is {:?}, but W's is {:?}; accepted: equal shapes",
                        array.shape, arrays[0].shape
                    );
                    return Err(archive.refuse(name, &reason).into());
                }
            }
            let [w, v, dw] = arrays.map(Array::into_singles);
            (layer, KernelOperands::Update { w, v, dw, numbers: numbers(arguments) })
        }
    };
    let (method, sparsity) = (arguments.method, arguments.sparsity);
    Ok(Task { layer, kernel: Kernel { shape: layer.shape, method, sparsity, operands } })
}

/// The numbers of an update; by default those of `satkit train`.
fn numbers(arguments: &KernelArguments) -> SgdStep {
    let (given, default) = (&arguments.update, TrainSettings::default());
    SgdStep {
        learning_rate: given.lr.unwrap_or(default.learning_rate),
        momentum: given.momentum.unwrap_or(default.momentum),
        weight_decay: given.weight_decay.unwrap_or(default.weight_decay),
        lambda: given.lambda.unwrap_or(default.lambda),
        loss_scale: given.loss_scale.unwrap_or(1024.0),
    }
}
