//! What is to be computed: the operation with its operands, read and checked.

use super::archive::{Archive, Array};
use super::arguments::{KernelArguments, Op};
use super::operands::{Layer, Window, axes};
use half::f16;
use satkit_host::train::TrainSettings;
use satkit_spec::{Method, Sparsity, SpecError, WeightOperand};

/// An operation with its operands, all in C order.
pub(super) enum Work {
    Prune { w: Vec<f16> },
    Ff { x: Vec<f16>, w: Vec<f16> },
    Bp { dy: Vec<f16>, w: Vec<f16> },
    Wu { x: Vec<f16>, dy: Vec<f16> },
    Update { w: Vec<f32>, v: Vec<f32>, dw: Vec<f32>, settings: Sgd },
}

/// Settings of an update, all FP32.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sgd {
    pub(super) lr: f32,
    pub(super) momentum: f32,
    pub(super) weight_decay: f32,
    pub(super) lambda: f32,
    pub(super) loss_scale: f32,
}

/// What is computed, for which layer.
pub(super) struct Task {
    pub(super) layer: Layer,
    pub(super) method: Method,
    pub(super) sparsity: Sparsity,
    pub(super) work: Work,
}

/// What a device computed.
pub(super) enum Computed {
    /// Compact weights: values and positions for FF, then for BP.
    Pruned([(Vec<f16>, Vec<u8>); 2]),
    /// Y, dX or dW.
    Stage(Vec<f32>),
    /// W1 and V1.
    Updated(Vec<f32>, Vec<f32>),
}

/// Reads the operands and finds the layer that they belong to.
pub(super) fn read(archive: &mut Archive, arguments: &KernelArguments) -> anyhow::Result<Task> {
    let window = Window { stride: arguments.stride, pad: arguments.pad };
    let (layer, work) = match arguments.op {
        Op::Prune => {
            let w = archive.array("W")?;
            let layer = Layer::of_weights(axes(archive, "W", &w.shape)?)?;
            (layer, Work::Prune { w: w.into_halves() })
        }
        Op::Ff => {
            let (x, w) = (archive.array("X")?, archive.array("W")?);
            let (x_axes, w_axes) = (axes(archive, "X", &x.shape)?, axes(archive, "W", &w.shape)?);
            let layer = Layer::of_ff(archive, x_axes, w_axes, window)?;
            (layer, Work::Ff { x: x.into_halves(), w: w.into_halves() })
        }
        Op::Bp => {
            let (dy, w) = (archive.array("dY")?, archive.array("W")?);
            let x = archive.shape("X")?.map(|shape| axes(archive, "X", &shape)).transpose()?;
            let (dy_axes, w_axes) =
                (axes(archive, "dY", &dy.shape)?, axes(archive, "W", &w.shape)?);
            let layer = Layer::of_bp(archive, dy_axes, w_axes, x, window)?;
            (layer, Work::Bp { dy: dy.into_halves(), w: w.into_halves() })
        }
        Op::Wu => {
            let (x, dy) = (archive.array("X")?, archive.array("dY")?);
            let w = archive.shape("W")?.map(|shape| axes(archive, "W", &shape)).transpose()?;
            let (x_axes, dy_axes) =
                (axes(archive, "X", &x.shape)?, axes(archive, "dY", &dy.shape)?);
            let layer = Layer::of_wu(archive, x_axes, dy_axes, w, window)?;
            (layer, Work::Wu { x: x.into_halves(), dy: dy.into_halves() })
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
            (layer, Work::Update { w, v, dw, settings: Sgd::of(arguments) })
        }
    };
    Ok(Task { layer, method: arguments.method, sparsity: arguments.sparsity, work })
}

impl Sgd {
    fn of(arguments: &KernelArguments) -> Self {
        let (given, default) = (&arguments.update, TrainSettings::default());
        Self {
            lr: given.lr.unwrap_or(default.learning_rate),
            momentum: given.momentum.unwrap_or(default.momentum),
            weight_decay: given.weight_decay.unwrap_or(default.weight_decay),
            lambda: given.lambda.unwrap_or(default.lambda),
            loss_scale: given.loss_scale.unwrap_or(1024.0),
        }
    }
}

impl Task {
    /// Whether the operation groups W or dY along Ci, and along Co.
    fn groups(&self) -> [bool; 2] {
        let method = self.method;
        let along_ci = |operand: WeightOperand| {
            matches!(operand, WeightOperand::PrunedCi | WeightOperand::PrunedCiAsDense)
        };
        match &self.work {
            Work::Prune { .. } => [true, true],
            Work::Ff { .. } => [along_ci(method.ff_weight()), false],
            Work::Bp { .. } => [along_ci(method.bp_weight()), method.prunes_co()],
            Work::Wu { .. } => [false, false],
            Work::Update { .. } => [method.decays_pruned(), false],
        }
    }

    /// True if the machine's words have to hold a group.
    pub(super) fn is_compact(&self) -> bool {
        match &self.work {
            Work::Prune { .. } => true,
            Work::Ff { .. } => self.method.ff_weight() == WeightOperand::PrunedCi,
            Work::Bp { .. } => self.method.bp_weight() == WeightOperand::PrunedCo,
            Work::Wu { .. } => false,
            Work::Update { .. } => self.method != Method::Dense,
        }
    }

    /// Refuses channels that M does not divide.
    pub(super) fn check_groups(&self) -> Result<(), SpecError> {
        let shape = &self.layer.shape;
        let m = self.sparsity.m();
        let channels = [("Ci", shape.ci), ("Co", shape.co)];
        for ((what, channels), grouped) in channels.into_iter().zip(self.groups()) {
            if grouped && !channels.is_multiple_of(m) {
                return Err(SpecError::Sparsity {
                    given: self.sparsity.to_string(),
                    reason: format!(
                        "{} prunes groups of M = {m} along {what}, and {m} does not divide {what} = {channels}",
                        self.method
                    ),
                });
            }
        }
        Ok(())
    }
}
