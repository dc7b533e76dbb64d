//! The options of `satkit simulate` and `satkit compile`.

use crate::arguments::{self, DeviceArguments, number};
use clap::builder::PossibleValuesParser;
use satkit_host::network::Network;
use satkit_memory::MemoryModel;
use satkit_spec::{Method, Sparsity};
use std::path::PathBuf;

/// A training step and the machine that runs it.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct StepArguments {
    /// Network, see `satkit list networks`
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(Network::NAMES))]
    pub(crate) network: Option<String>,
    /// Layer table: satkit's own columns, or a conv or GEMM table of SCALE-Sim
    #[arg(long, value_name = "FILE.csv", conflicts_with = "network")]
    pub(crate) topology: Option<PathBuf>,
    /// Images per step [default: 512; resnet50 256, digits 32, layer tables 64]
    #[arg(long, value_name = "N", value_parser = number::batch, allow_negative_numbers = true)]
    pub(crate) batch: Option<usize>,
    /// Keep N of every M weights: `dense`, or M in 1, 2, 4, 8, 16 [default: 2:8]
    #[arg(long, value_name = "N:M")]
    pub(crate) sparsity: Option<Sparsity>,
    /// Sparse training method [default: bdwp]
    #[arg(long, value_name = "METHOD", value_parser = arguments::method())]
    pub(crate) method: Option<Method>,
    #[command(flatten)]
    pub(crate) machine: DeviceArguments,
    /// Lanes of an activation word, 8 or 16: the largest M [default: the array's]
    #[arg(long, value_name = "N")]
    pub(crate) m_lanes: Option<usize>,
    /// Core clock, such as 200MHz [default: the array's]
    #[arg(long, value_name = "HZ", value_parser = number::clock)]
    pub(crate) clock: Option<u64>,
    /// Prune before each stage instead of during the update (no pre-generation)
    #[arg(long)]
    pub(crate) on_the_fly: bool,
    /// One output per USPE (no interleave mapping)
    #[arg(long)]
    pub(crate) no_interleave: bool,
    /// Search all mappings anew, and keep none
    #[arg(long)]
    pub(crate) no_cache: bool,
}

/// Time a whole training step on the accelerator, stage by stage, and say what limits it
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  satkit simulate --network resnet50 --batch 256 --compare dense
  satkit simulate --topology my_layers.csv --batch 64 --sparsity 2:4 --csv rows.csv
  satkit simulate --network vit --array 16x16 --dram fixed:latency=100,bandwidth=32 --dataflow os
  satkit simulate --network digits-cnn --trace step.json     open it in ui.perfetto.dev or chrome://tracing
  satkit simulate --program step.sat                         a program of `satkit compile`

DRAM models: pool:latency=80,bandwidth=320 (core cycles; bytes per cycle in all; the default), fixed:latency=80,bandwidth=64
(bytes per cycle, channel and direction), ddr4 (four DDR4-2400 channels with banks and refresh), pressure:seed=1 (random
stalls); see docs/memory.md.

With --json one object is printed: total_cycles, seconds, dense_macs, useful_macs, utilization (0 to 1),
gflops_dense_equivalent, dram_bytes, cycles_ff, cycles_bp, cycles_wu, cycles_update, cycles_elementwise, instructions,
card_bytes, and in \"layers\" for each row name, stage, dataflow, ip, iq, cycles, span_cycles, useful_macs, utilization,
dram_read_bytes, dram_write_bytes, bound, mapping, priced_cycles, runner_up; the rows' cycles add up to total_cycles.
What was simulated is in network, batch, method, sparsity, array, clock_hz, dram; work of the host in \"host\". With
--compare dense also speedup and, under \"dense\", the dense run's totals.")]
pub(crate) struct SimulateArguments {
    #[command(flatten)]
    pub(super) step: StepArguments,
    /// A saved program instead of a network
    #[arg(long, value_name = "FILE.sat", conflicts_with_all = [
        "network", "topology", "batch", "sparsity", "method", "array", "dataflow", "m_lanes", "clock", "on_the_fly",
        "no_interleave", "no_cache", "compare", "explain",
    ])]
    pub(super) program: Option<PathBuf>,
    /// Memory of the card [default: pool]
    #[arg(long, value_name = "MODEL")]
    pub(super) dram: Option<MemoryModel>,
    /// Simulate the dense method too, for the speed-up
    #[arg(long, value_enum)]
    pub(super) compare: Option<Against>,
    /// Say under each row of MACs why its mapping was chosen
    #[arg(long, conflicts_with = "json")]
    pub(super) explain: bool,
    /// Write a row per layer and stage to this file
    #[arg(long, value_name = "FILE")]
    pub(super) csv: Option<PathBuf>,
    /// Write a trace for Perfetto or Chrome to this file, one track per engine
    #[arg(long, value_name = "FILE.json")]
    pub(super) trace: Option<PathBuf>,
    /// Print a JSON object instead of tables
    #[arg(long)]
    pub(super) json: bool,
}

/// What a step is compared with.
#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Against {
    /// The same step without pruning
    Dense,
}
