//! `satkit eval`.

use crate::CliError;
use crate::arguments::{DeviceArguments, array_for, number};
use crate::backend::SimBackend;
use crate::command::on_threads;
use crate::command::train::record::Record;
use crate::{interrupt, output};
use satkit_host::checkpoint::{Checkpoint, DataIdentity};
use satkit_host::data::DataSource;
use satkit_host::train::evaluate;
use satkit_spec::{ArrayConfig, Method, Sparsity};
use std::path::PathBuf;

/// Test a trained network on the simulated accelerator
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  satkit eval --checkpoint run1
  satkit eval --checkpoint run1 --data mnist:DIR --batch 256 --json

FF is pruned as it was in training; batch norm uses its running statistics.")]
pub(crate) struct EvalArguments {
    /// Directory that `train --checkpoint` wrote
    #[arg(long, value_name = "DIR")]
    checkpoint: PathBuf,
    /// Where test images come from [default: where the run's data came from]
    #[arg(long, value_name = "SOURCE")]
    data: Option<DataSource>,
    /// Images per batch [default: the run's]
    #[arg(long, value_name = "N", value_parser = number::batch, allow_negative_numbers = true)]
    batch: Option<usize>,
    #[command(flatten)]
    machine: DeviceArguments,
    /// Threads of the simulator; the number changes no bit [default: all]
    #[arg(long, value_name = "N", value_parser = number::threads, allow_negative_numbers = true)]
    threads: Option<usize>,
    /// Print a JSON object instead of a line
    #[arg(long)]
    json: bool,
}

#[derive(serde::Serialize)]
struct Report<'a> {
    network: &'a str,
    data: &'a str,
    /// False if the images are not those that the run was trained and tested with.
    same_data: bool,
    method: Method,
    sparsity: Sparsity,
    steps: u64,
    images: usize,
    test_accuracy: f64,
    test_loss: f64,
}

pub(crate) fn run(arguments: &EvalArguments) -> anyhow::Result<()> {
    let checkpoint = Checkpoint::load(&arguments.checkpoint)?;
    let settings = checkpoint.settings;
    let record = Record::load(&arguments.checkpoint)?;
    let source = match (&arguments.data, &record) {
        (Some(source), _) => source.clone(),
        (None, Some(record)) => record.source()?,
        (None, None) => {
            let reason = "it does not say where its data was; accepted: with --data".into();
            return Err(CliError::Input { path: arguments.checkpoint.clone(), reason }.into());
        }
    };
    let asked: Option<ArrayConfig> = match (&arguments.machine.array, &record) {
        (Some(array), _) => Some(array.clone()),
        (None, Some(record)) => Some(crate::arguments::array(&record.array)?),
        (None, None) => None,
    };
    let array = array_for(asked.as_ref(), settings.sparsity)?;
    let network = checkpoint.build_network()?;
    let data = source.load(network.name(), settings.batch, settings.seed)?;
    data.check_fits(&network)?;
    let dataflow = arguments.machine.dataflow.unwrap_or_default();
    let batch = arguments.batch.unwrap_or(settings.batch).min(data.test().len().max(1));
    let evaluation = on_threads(arguments.threads, || {
        let mut backend = SimBackend::new(array, dataflow, settings.method, settings.sparsity)?;
        let stop = interrupt::stop_flag();
        let state = &checkpoint.state;
        Ok(evaluate(&mut backend, &network, state, data.test(), batch, stop)?)
    })?;
    let Some(evaluation) = evaluation else {
        return Err(CliError::Interrupted(" before the last image".into()).into());
    };
    let report = Report {
        network: network.name(),
        data: data.name(),
        same_data: DataIdentity::of(&data) == checkpoint.data,
        method: settings.method,
        sparsity: settings.sparsity,
        steps: checkpoint.progress.step,
        images: evaluation.images,
        test_accuracy: evaluation.accuracy,
        test_loss: evaluation.loss,
    };
    if arguments.json {
        return Ok(output::json(&report)?);
    }
    Ok(output::line(format_args!(
        "{} after step {} ({} {}) on {} test images of {}: accuracy {:.2} %, loss {:.4}",
        report.network,
        report.steps,
        report.method,
        report.sparsity,
        report.images,
        report.data,
        report.test_accuracy * 100.0,
        report.test_loss
    ))?)
}
