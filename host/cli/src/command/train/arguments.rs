//! The options of `satkit train`.

use crate::arguments::{self, DeviceArguments, TransferArguments, number};
use crate::card::CardDevice;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use satkit_host::data::DataSource;
use satkit_host::network::Network;
use satkit_host::train::{LossScale, Schedule};
use satkit_memory::MemoryModel;
use satkit_spec::{Method, Sparsity};
use std::path::PathBuf;

/// Train a network on the simulated accelerator, next to the same network trained dense
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  satkit train                                        digits-cnn on its digits, bdwp 2:8 next to dense
  satkit train --method srste --sparsity 1:4 --lambda 2e-4 --plot curves.svg
  satkit train --network resnet18 --data npz:tiny.npz --epochs 30 --checkpoint run1 --csv run1.csv
  satkit train --checkpoint run1 --resume             goes on to the same bits
  satkit train --network resnet50 --data random --steps 1 --batch 2 --verify 64 --compare none

Ctrl-C finishes the step, saves if there is a --checkpoint, and exits with 130.
With --json one object is printed: network, method, sparsity, seed, device, backend (real, virtual or in-process), epochs,
steps, test_accuracy, train_loss (fractions and means of the last epoch), cycles_total = cycles_ff + cycles_bp + cycles_wu + cycles_other of all training steps,
and under \"dense\" the same for the comparison run.")]
pub(crate) struct TrainArguments {
    /// Network, see `satkit list networks` [default: digits-cnn]
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(Network::NAMES))]
    pub(super) network: Option<String>,
    /// Where images come from: digits, random, mnist:DIR, cifar10:DIR, cifar100:DIR or npz:FILE [default: digits]
    #[arg(long, value_name = "SOURCE")]
    pub(super) data: Option<DataSource>,
    /// Sparse training method [default: bdwp]
    #[arg(long, value_name = "METHOD", value_parser = arguments::method())]
    pub(super) method: Option<Method>,
    /// Keep N of every M weights: `dense`, or M in 1, 2, 4, 8, 16 [default: 2:8]
    #[arg(long, value_name = "N:M")]
    pub(super) sparsity: Option<Sparsity>,
    /// Passes over the training images [default: 20]
    #[arg(long, value_name = "N", value_parser = number::count, allow_negative_numbers = true)]
    pub(super) epochs: Option<u64>,
    /// Steps, wherever in an epoch that ends; overrides --epochs
    #[arg(long, value_name = "N", value_parser = number::count, allow_negative_numbers = true)]
    pub(super) steps: Option<u64>,
    /// Images per step [default: 32]
    #[arg(long, value_name = "N", value_parser = number::batch, allow_negative_numbers = true)]
    pub(super) batch: Option<usize>,
    /// Learning rate at the start [default: 0.05]
    #[arg(long, value_name = "X", value_parser = number::learning_rate, allow_negative_numbers = true)]
    pub(super) lr: Option<f32>,
    /// Momentum [default: 0.9]
    #[arg(long, value_name = "X", value_parser = number::momentum, allow_negative_numbers = true)]
    pub(super) momentum: Option<f32>,
    /// Weight decay of linear and convolution layers [default: 0.0005]
    #[arg(long, value_name = "X", value_parser = number::decay, allow_negative_numbers = true)]
    pub(super) weight_decay: Option<f32>,
    /// Decay of the weights that FF prunes, with srste only [default: 0.0002]
    #[arg(long, value_name = "X", value_parser = number::decay, allow_negative_numbers = true)]
    pub(super) lambda: Option<f32>,
    /// A power of two from 1 to 2^24, or `dynamic` [default: 1024]
    #[arg(long, value_name = "X|dynamic", allow_negative_numbers = true)]
    pub(super) loss_scale: Option<LossScale>,
    /// How the learning rate goes on [default: cosine]
    #[arg(long, value_name = "cosine|constant", value_parser = schedule())]
    pub(super) schedule: Option<Schedule>,
    #[command(flatten)]
    pub(super) machine: DeviceArguments,
    /// Threads of the simulator; the number changes no bit [default: all]
    #[arg(long, value_name = "N", value_parser = number::threads, allow_negative_numbers = true)]
    pub(super) threads: Option<usize>,
    /// Seed of the initial weights, of the order of images and of random data [default: 0]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(super) seed: Option<u64>,
    /// The card that trains: sim for the simulator, xdma[:DIR][:N] for the files of the XDMA driver, real or virtual;
    /// rtl for the hardware's Verilog, on which the dataflow is os unless --dataflow says otherwise
    #[arg(long, value_name = "sim|rtl|xdma[:DIR][:N]", default_value = "sim")]
    pub(super) device: CardDevice,
    /// Memory of the card, as `satkit simulate` has it [default: pool; with --device rtl ddr4]
    #[arg(long, value_name = "MODEL")]
    pub(super) dram: Option<MemoryModel>,
    #[command(flatten)]
    pub(super) transfers: TransferArguments,
    /// Train the same network dense too, for accuracy and speed-up [default: dense]
    #[arg(long, value_enum)]
    pub(super) compare: Option<Compare>,
    /// Save the run here after each epoch and when it stops; the dense one in DIR/dense
    #[arg(long, value_name = "DIR")]
    pub(super) checkpoint: Option<PathBuf>,
    /// Go on with the run in --checkpoint, under the options that it was started with
    #[arg(long, requires = "checkpoint")]
    pub(super) resume: bool,
    /// Check N sampled outputs of each matrix operation, and elementwise ones whole, against the reference
    #[arg(long, value_name = "N", value_parser = number::samples, allow_negative_numbers = true)]
    pub(super) verify: Option<usize>,
    /// Write a row per step to this file
    #[arg(long, value_name = "FILE")]
    pub(super) csv: Option<PathBuf>,
    /// Write a trace of uploads, jobs and downloads in wall time to this file, for Perfetto or Chrome; not with --verify
    #[arg(long, value_name = "FILE.json", conflicts_with = "verify")]
    pub(super) trace: Option<PathBuf>,
    /// Draw the learning curves into this file
    #[arg(long, value_name = "FILE.svg")]
    pub(super) plot: Option<PathBuf>,
    /// Print a JSON object instead of a table
    #[arg(long)]
    pub(super) json: bool,
}

/// What a run is compared with.
#[derive(
    clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Compare {
    /// The same network trained dense
    Dense,
    /// Nothing
    None,
}

fn schedule() -> impl TypedValueParser<Value = Schedule> {
    PossibleValuesParser::new(Schedule::ALL.map(Schedule::name))
        .try_map(|name| name.parse::<Schedule>())
}
