//! The options of `satkit kernel`.

use crate::CliError;
use crate::arguments::{self, DeviceArguments, TransferArguments, number};
use crate::card::CardDevice;
use crate::command::train::check_lambda;
use satkit_spec::{Method, Sparsity};
use std::path::PathBuf;
use std::str::FromStr;

/// Run one operation of the accelerator on NumPy files
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Arrays, by name, float16 or float32 (rounded to float16 as operands), C or Fortran order. Linear layers have
2 axes, convolutions 4; others in the file are ignored.
  prune   takes W                gives Wff_val, Wff_idx, Wbp_val, Wbp_idx, all of shape (G, N)
  ff      takes X, W             gives Y
  bp      takes dY, W and X      gives dX   (X for dX's shape only; without it, the smallest that gives dY)
  wu      takes X, dY and W      gives dW   (W for the kernel's shape only; not needed for linear layers)
  update  takes W, V, dW         gives W1, V1
W is (Co, Ci, KH, KW) or (Co, Ci), X (B, Ci, H, W) or (B, Ci), dY (B, Co, OH, OW) or (B, Co). Y, dX, dW, W1 and V1
are float32, before rounding; Wff_val and Wbp_val are float16, Wff_idx and Wbp_idx uint8.

Examples:
  satkit kernel ff --in operands.npz --out y.npz --sparsity 2:8 --pad 1
  satkit kernel bp --in operands.npz --out dx.npz --method sdgp --sparsity 1:4 --device golden
  satkit kernel wu --in operands.npz --out dw.npz --pad 1 --device xdma:/tmp/card --array tiny --verify
  satkit kernel ff --in operands.npz --out y.npz --device rtl --array tiny --waves ff.fst
  satkit kernel update --in weights.npz --out new.npz --method srste --lambda 2e-4 --lr 0.1")]
pub(crate) struct KernelArguments {
    /// The operation
    #[arg(value_enum)]
    pub(super) op: Op,
    /// Archive with the operands
    #[arg(long = "in", value_name = "F.npz")]
    pub(super) input: PathBuf,
    /// Archive for the results; it is whole or not there
    #[arg(long = "out", value_name = "F.npz")]
    pub(super) output: PathBuf,
    /// Keep N of every M values: `dense`, or M in 1, 2, 4, 8, 16
    #[arg(long, value_name = "N:M", default_value_t = Sparsity::TWO_OF_EIGHT)]
    pub(super) sparsity: Sparsity,
    /// Sparse training method: which operands are pruned
    #[arg(long, value_name = "METHOD", default_value_t = Method::Bdwp, value_parser = arguments::method())]
    pub(super) method: Method,
    /// Stride of a convolution (ff, bp, wu) [default: 1]
    #[arg(long, value_name = "PIXELS", value_parser = number::stride, allow_negative_numbers = true)]
    pub(super) stride: Option<usize>,
    /// Zero padding on every side of a convolution (ff, bp, wu) [default: 0]
    #[arg(long, value_name = "PIXELS", value_parser = number::pad, allow_negative_numbers = true)]
    pub(super) pad: Option<usize>,
    /// What computes: golden is the reference, values only; sim the simulated accelerator, xdma[:DIR][:N] a card behind the
    /// files of the XDMA driver, real or virtual, whose array --array names: values and cycles; rtl the accelerator's Verilog
    /// under Verilator, slowly: values and cycles, checked against the timing model
    #[arg(long, value_name = "golden|sim|xdma[:DIR][:N]|rtl", default_value = "sim")]
    pub(super) device: Device,
    #[command(flatten)]
    pub(super) machine: DeviceArguments,
    /// With --device rtl: writes waves, as .vcd or .fst by the file's ending
    #[arg(long, value_name = "FILE")]
    pub(super) waves: Option<PathBuf>,
    #[command(flatten)]
    pub(super) transfers: TransferArguments,
    /// Compare every bit with the reference; what differs is not written
    #[arg(long)]
    pub(super) verify: bool,
    #[command(flatten)]
    pub(super) update: UpdateArguments,
    /// Print a JSON object instead of a line
    #[arg(long)]
    pub(super) json: bool,
}

/// Settings of `update`. The defaults are those of `satkit train`.
#[derive(clap::Args, Debug)]
#[command(next_help_heading = "Options of update")]
pub(super) struct UpdateArguments {
    /// Learning rate [default: 0.05]
    #[arg(long, value_name = "X", value_parser = number::decay, allow_negative_numbers = true)]
    pub(super) lr: Option<f32>,
    /// Momentum [default: 0.9]
    #[arg(long, value_name = "X", value_parser = number::momentum, allow_negative_numbers = true)]
    pub(super) momentum: Option<f32>,
    /// Weight decay [default: 0.0005]
    #[arg(long, value_name = "X", value_parser = number::decay, allow_negative_numbers = true)]
    pub(super) weight_decay: Option<f32>,
    /// Decay of the weights that FF prunes, with srste only [default: 0.0002]
    #[arg(long, value_name = "X", value_parser = number::decay, allow_negative_numbers = true)]
    pub(super) lambda: Option<f32>,
    /// Loss scale that dW carries, a power of two [default: 1024]
    #[arg(long, value_name = "X", value_parser = number::loss_scale, allow_negative_numbers = true)]
    pub(super) loss_scale: Option<f32>,
}

/// The operations.
#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Op {
    /// N:M selection of weights, for FF and for BP
    Prune,
    /// Forward: Y = X . W
    Ff,
    /// Backward: dX = dY . W^T
    Bp,
    /// Weight gradient: dW = X^T . dY
    Wu,
    /// Momentum SGD on the master weights
    Update,
}

impl Op {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Prune => "prune",
            Self::Ff => "ff",
            Self::Bp => "bp",
            Self::Wu => "wu",
            Self::Update => "update",
        }
    }
}

/// The devices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Device {
    /// The reference.
    Golden,
    /// The accelerator's Verilog.
    Rtl,
    /// The simulator, or a card behind the files of the XDMA driver.
    Card(CardDevice),
}

impl FromStr for Device {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "golden" => Ok(Self::Golden),
            "rtl" => Ok(Self::Rtl),
            card => card
                .parse()
                .map(Self::Card)
                .map_err(|reason: String| reason.replacen("accepted: ", "accepted: golden, ", 1)),
        }
    }
}

impl Device {
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Golden => "golden",
            Self::Rtl => "rtl",
            Self::Card(card) => card.name(),
        }
    }
}

/// Refuses options that the operation or the device has no use for.
pub(super) fn check_options(arguments: &KernelArguments) -> Result<(), CliError> {
    let KernelArguments { op, device, machine, update, .. } = arguments;
    let is_stage = matches!(op, Op::Ff | Op::Bp | Op::Wu);
    let refuse =
        |option, given: String, reason: String| Err(CliError::Option { option, given, reason });
    for (option, given) in [("--stride", arguments.stride), ("--pad", arguments.pad)] {
        if let Some(given) = given.filter(|_| !is_stage) {
            let reason = format!("{} has none; accepted with ff, bp and wu", op.name());
            return refuse(option, given.to_string(), reason);
        }
    }
    for (option, given) in [
        ("--lr", update.lr),
        ("--momentum", update.momentum),
        ("--weight-decay", update.weight_decay),
        ("--lambda", update.lambda),
        ("--loss-scale", update.loss_scale),
    ] {
        if let Some(given) = given.filter(|_| *op != Op::Update) {
            let reason = format!("{} has none; accepted with update", op.name());
            return refuse(option, given.to_string(), reason);
        }
    }
    if let Some(lambda) = update.lambda.filter(|&lambda| lambda != 0.0) {
        check_lambda(lambda, arguments.method)?;
    }
    let has_dataflow = *device != Device::Golden && is_stage;
    if let Some(dataflow) = machine.dataflow.filter(|_| !has_dataflow) {
        let who = if is_stage { "the device golden" } else { op.name() };
        let reason = format!(
            "{who} has no dataflow; accepted with ff, bp and wu on the devices sim, xdma and rtl"
        );
        return refuse("--dataflow", dataflow.to_string(), reason);
    }
    if let Some(array) = machine.array.as_ref().filter(|_| *device == Device::Golden) {
        let reason =
            "the device golden has no array; accepted with the devices sim, xdma and rtl".into();
        return refuse("--array", array.name.clone(), reason);
    }
    if arguments.verify && *device == Device::Golden {
        let reason =
            "it is what others are compared with; accepted with the devices sim, xdma and rtl";
        return refuse("--verify", "with --device golden".into(), reason.into());
    }
    if let Some(waves) = arguments.waves.as_ref().filter(|_| *device != Device::Rtl) {
        let reason = format!("the device {} has none; accepted with the device rtl", device.name());
        return refuse("--waves", waves.display().to_string(), reason);
    }
    if arguments.transfers.verify_transfers && !matches!(device, Device::Card(_)) {
        let given = format!("with --device {}", device.name());
        let reason = "nothing is transferred to it; accepted with the devices sim and xdma".into();
        return refuse("--verify-transfers", given, reason);
    }
    Ok(())
}
