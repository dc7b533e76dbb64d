//! `satkit bench`: the figures that this project is held to, measured here.

mod driver;
#[cfg(feature = "rtl")]
mod rtl;
mod simulation;

use crate::backend::SimBackend;
use crate::command::on_threads;
use crate::output::{self, thousands};
use crate::{arguments::number, interrupt};
use satkit_host::backend::StepCycles;
use satkit_host::data::Dataset;
use satkit_host::network::Network;
use satkit_host::train::{Operations, RunLength, Silent, TrainReport, TrainSettings, Trainer};
use satkit_plan::DataflowChoice;
use satkit_sim::{Isa, bench};
use satkit_spec::{ArrayConfig, Method, Sparsity};
use std::time::Instant;

/// Measure the simulator's kernels, the cycles that 2:8 saves, the speed of simulating, and a default training
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  satkit bench --quick
  satkit bench --train --json
  satkit bench --driver

Kernels are measured on ResNet-18's layer shapes, as a share of the peak that a loop of independent multiply-adds
reaches in the same run. Nothing else should run meanwhile.")]
pub(crate) struct BenchArguments {
    /// Smaller batches and fewer repetitions
    #[arg(long)]
    quick: bool,
    /// Also time a default training, dense and 2:8
    #[arg(long)]
    train: bool,
    /// Measure only what driving a card adds to training steps of digits-cnn, on the simulator
    #[arg(long)]
    driver: bool,
    /// Measure only the Verilated core of these arrays against the simulator, on one program; 32 x 32 is compiled first
    #[cfg(feature = "rtl")]
    #[arg(long, value_name = "NAME,...", value_delimiter = ',', value_parser = crate::arguments::array)]
    rtl: Vec<ArrayConfig>,
    /// Threads of the simulator [default: all]
    #[arg(long, value_name = "N", value_parser = number::threads, allow_negative_numbers = true)]
    threads: Option<usize>,
    /// Print a JSON object instead of tables
    #[arg(long)]
    json: bool,
}

/// Speed of one kind of work over all layers.
#[derive(serde::Serialize)]
struct KernelRate {
    work: String,
    gflops: f64,
    share_of_peak: f64,
}

/// Cycles of one training step.
#[derive(serde::Serialize)]
struct StepRate {
    network: &'static str,
    prunable_share: f64,
    dense: StepCycles,
    sparse: StepCycles,
    dense_cycles: u64,
    sparse_cycles: u64,
    speedup: f64,
}

#[derive(serde::Serialize)]
struct Report {
    isa: &'static str,
    threads: usize,
    peak_gflops: f64,
    kernels: Vec<KernelRate>,
    steps: Vec<StepRate>,
    /// Whole steps of the paper's networks, timing only.
    simulated_steps: Vec<simulation::StepSpeed>,
    average_speedup: f64,
    /// Programs executed with values.
    simulated_with_values: Vec<simulation::ValueSpeed>,
    default_train_seconds: Option<f64>,
}

#[cfg(feature = "rtl")]
fn run_rtl(arguments: &BenchArguments) -> anyhow::Result<()> {
    let speeds = arguments.rtl.iter().map(rtl::measure).collect::<anyhow::Result<Vec<_>>>()?;
    if arguments.json {
        return Ok(output::json(&speeds)?);
    }
    Ok(output::line(rtl::table(&speeds))?)
}

pub(crate) fn run(arguments: &BenchArguments) -> anyhow::Result<()> {
    #[cfg(feature = "rtl")]
    if !arguments.rtl.is_empty() {
        return on_threads(arguments.threads, || run_rtl(arguments));
    }
    if arguments.driver {
        return on_threads(arguments.threads, || {
            let overhead = driver::measure(arguments.quick)?;
            if arguments.json {
                return Ok(output::json(&overhead)?);
            }
            Ok(output::line(overhead)?)
        });
    }
    on_threads(arguments.threads, || {
        let rates = bench::resnet18(Isa::chosen(), arguments.quick)?;
        // What is measured is printed when it is known.
        if !arguments.json {
            output::line("Kernels on ResNet-18's layers:")?;
            output::line(&rates)?;
        }
        let steps = ["digits-cnn", "digits-mlp"].map(step_rate).into_iter();
        let steps = steps.collect::<anyhow::Result<Vec<_>>>()?;
        if !arguments.json {
            output::line(format_args!(
                "\nCycles per training step on vcu1525:\n{}",
                step_table(&steps)
            ))?;
        }
        let simulated_steps = simulation::steps()?;
        let average_speedup = simulation::average_speedup(&simulated_steps);
        let macs = if arguments.quick { 200_000_000 } else { 2_000_000_000 };
        let simulated_with_values = [
            ("resnet18", Sparsity::DENSE),
            ("resnet18", Sparsity::TWO_OF_EIGHT),
            ("digits-cnn", Sparsity::TWO_OF_EIGHT),
        ]
        .into_iter()
        .map(|(name, sparsity)| simulation::values(name, sparsity, macs))
        .collect::<anyhow::Result<Vec<_>>>()?;
        if !arguments.json {
            output::line(format_args!(
                "\nWhole steps on vcu1525, timing only (mean speed-up {average_speedup:.3}x):\n{}\n\n\
                 MAC stages executed with values:\n{}",
                simulation::step_table(&simulated_steps),
                simulation::value_table(&simulated_with_values, rates.peak_gflops)
            ))?;
        }
        let default_train_seconds = arguments.train.then(default_train).transpose()?;
        if !arguments.json {
            if let Some(seconds) = default_train_seconds {
                output::line(format_args!(
                    "\nDefault training, 20 epochs of digits-cnn dense and 2:8: {seconds:.1} s"
                ))?;
            }
            return Ok(());
        }
        let kernels = bench::Work::ALL.map(|work| {
            let gflops = rates.total_gflops(work);
            KernelRate { work: work.to_string(), gflops, share_of_peak: gflops / rates.peak_gflops }
        });
        Ok(output::json(&Report {
            isa: rates.isa.name(),
            threads: rates.threads,
            peak_gflops: rates.peak_gflops,
            kernels: kernels.into(),
            steps,
            simulated_steps,
            average_speedup,
            simulated_with_values,
            default_train_seconds,
        })?)
    })
}

/// One step of a network on the digits, dense and 2:8.
fn step_rate(name: &'static str) -> anyhow::Result<StepRate> {
    let [dense, sparse] = [Method::Dense, Method::Bdwp].map(|method| {
        let settings = TrainSettings { length: RunLength::Steps(1), ..settings(method) };
        train(name, settings).map(|report| report.cycles)
    });
    let (dense, sparse) = (dense?, sparse?);
    Ok(StepRate {
        network: name,
        prunable_share: Network::named(name)?.describe().prunable_share,
        dense,
        sparse,
        dense_cycles: dense.total(),
        sparse_cycles: sparse.total(),
        speedup: dense.total() as f64 / sparse.total().max(1) as f64,
    })
}

fn default_train() -> anyhow::Result<f64> {
    let start = Instant::now();
    for method in [Method::Bdwp, Method::Dense] {
        train(Network::NAMES[0], settings(method))?;
    }
    Ok(start.elapsed().as_secs_f64())
}

fn settings(method: Method) -> TrainSettings {
    let sparsity = if method == Method::Dense { Sparsity::DENSE } else { Sparsity::TWO_OF_EIGHT };
    TrainSettings { method, sparsity, ..TrainSettings::default() }
}

fn train(name: &str, settings: TrainSettings) -> anyhow::Result<TrainReport> {
    let data = Dataset::digits()?;
    let network = Network::for_data(name, &data)?;
    let (array, dataflow) = (ArrayConfig::vcu1525(), DataflowChoice::Auto);
    let backend = SimBackend::new(array, dataflow, settings.method, settings.sparsity)?;
    let stop = interrupt::stop_flag();
    let report = Trainer::new(&network, &data, settings, Operations::new(backend, &network))?.run(
        &mut Silent,
        stop,
        None,
    )?;
    if report.interrupted {
        return Err(crate::CliError::Interrupted(" while measuring".into()).into());
    }
    Ok(report)
}

fn step_table(steps: &[StepRate]) -> comfy_table::Table {
    let header = [
        "network",
        "MACs in prunable layers",
        "run",
        "FF",
        "BP",
        "WU",
        "other",
        "total",
        "speed-up",
    ];
    let mut table = output::table(&header);
    for step in steps {
        for (run, cycles, speedup) in
            [("dense", &step.dense, 1.0), ("bdwp 2:8", &step.sparse, step.speedup)]
        {
            table.add_row([
                step.network.to_owned(),
                format!("{:.1} %", step.prunable_share * 100.0),
                run.to_owned(),
                thousands(cycles.ff),
                thousands(cycles.bp),
                thousands(cycles.wu),
                thousands(cycles.other()),
                thousands(cycles.total()),
                format!("{speedup:.2}x"),
            ]);
        }
    }
    output::right_align(&mut table);
    table
}
