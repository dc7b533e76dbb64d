//! From options to runs: what is trained, on what, and whether the options belong together.

use super::arguments::{Compare, TrainArguments};
use super::memory;
use super::record::Record;
use crate::arguments::array_for;
use crate::card::CardDevice;
use crate::{CliError, output};
use satkit_host::checkpoint::{Checkpoint, FILE_NAME};
use satkit_host::data::{DataSource, Dataset};
use satkit_host::network::Network;
use satkit_host::train::{RunLength, Schedule, TrainSettings};
use satkit_plan::DataflowChoice;
use satkit_spec::{ArrayConfig, Method, Sparsity};
use std::fmt::Display;
use std::path::Path;

/// Where the comparison run is saved, below the method's.
pub(super) const DENSE_DIRECTORY: &str = "dense";

/// Everything that is decided before the first step.
pub(super) struct Plan {
    pub(super) network: Network,
    pub(super) data: Dataset,
    pub(super) source: DataSource,
    /// What trains.
    pub(super) device: CardDevice,
    pub(super) array: ArrayConfig,
    pub(super) dataflow: DataflowChoice,
    pub(super) settings: TrainSettings,
    /// Whether the dense network is wanted too.
    pub(super) compare: Compare,
    /// Where the run goes on.
    pub(super) resumed: Option<Checkpoint>,
}

/// Refuses a lambda that no term of the update would use; 0 is no term.
pub(crate) fn check_lambda(lambda: f32, method: Method) -> Result<(), CliError> {
    if lambda == 0.0 || method.decays_pruned() {
        return Ok(());
    }
    let reason = format!("the method {method} does not use it; accepted with --method srste, or 0");
    Err(CliError::Option { option: "--lambda", given: lambda.to_string(), reason })
}

impl Plan {
    pub(super) fn new(arguments: &TrainArguments) -> anyhow::Result<Self> {
        for (option, path) in
            [("--csv", &arguments.csv), ("--plot", &arguments.plot), ("--trace", &arguments.trace)]
        {
            if let Some(path) = path {
                output::check_writable(option, path)?;
            }
        }
        match &arguments.checkpoint {
            Some(directory) if arguments.resume => Self::resumed(arguments, directory),
            Some(directory) => {
                check_unused(directory)?;
                Self::started(arguments)
            }
            None => Self::started(arguments),
        }
    }

    fn started(arguments: &TrainArguments) -> anyhow::Result<Self> {
        let settings = settings(arguments);
        settings.check()?;
        if let Some(lambda) = arguments.lambda {
            check_lambda(lambda, settings.method)?;
        }
        if let (Method::Dense, Some(sparsity)) = (settings.method, arguments.sparsity) {
            output::note(format_args!(
                "note: the method dense prunes nothing, so --sparsity {sparsity} changes nothing"
            ));
        }
        let array = array_for(arguments.machine.array.as_ref(), settings.sparsity)?;
        if arguments.machine.array.is_none() && array != ArrayConfig::vcu1525() {
            output::note(format_args!(
                "note: array {}, whose words hold a group of {}",
                array.name,
                settings.sparsity.m()
            ));
        }
        let name = arguments.network.as_deref().unwrap_or(Network::NAMES[0]);
        let source = arguments.data.clone().unwrap_or(DataSource::Digits);
        let data = source.load(name, settings.batch, settings.seed)?;
        Self {
            network: Network::for_data(name, &data)?,
            data,
            source,
            device: arguments.device.clone(),
            array,
            dataflow: dataflow(arguments),
            settings,
            compare: arguments.compare.unwrap_or(Compare::Dense),
            resumed: None,
        }
        .checked()
    }

    fn resumed(arguments: &TrainArguments, directory: &Path) -> anyhow::Result<Self> {
        let mut checkpoint = Checkpoint::load(directory)?;
        let record = Record::load(directory)?;
        let was = checkpoint.settings;
        same("--network", arguments.network.as_ref(), &checkpoint.network)?;
        same("--method", arguments.method.as_ref(), &was.method)?;
        if was.method != Method::Dense {
            same("--sparsity", arguments.sparsity.as_ref(), &was.sparsity)?;
        }
        same("--batch", arguments.batch.as_ref(), &was.batch)?;
        same("--lr", arguments.lr.as_ref(), &was.learning_rate)?;
        same("--momentum", arguments.momentum.as_ref(), &was.momentum)?;
        same("--weight-decay", arguments.weight_decay.as_ref(), &was.weight_decay)?;
        match arguments.lambda {
            Some(lambda) if !was.method.decays_pruned() => check_lambda(lambda, was.method)?,
            lambda => same("--lambda", lambda.as_ref(), &was.lambda)?,
        }
        same("--loss-scale", arguments.loss_scale.as_ref(), &was.loss_scale)?;
        same("--schedule", arguments.schedule.as_ref(), &was.schedule)?;
        same("--seed", arguments.seed.as_ref(), &was.seed)?;
        checkpoint.settings.length = resumed_length(arguments, &was)?;

        let asked = &arguments.machine;
        let (array, dataflow, source) = match &record {
            Some(record) => {
                let array = crate::arguments::array(&record.array)?;
                let dataflow = record.dataflow()?;
                same("--array", asked.array.as_ref().map(|array| &array.name), &array.name)?;
                same("--dataflow", asked.dataflow.as_ref(), &dataflow)?;
                // The files may have moved; that they are the same is checked by their content.
                let source = match &arguments.data {
                    Some(source) => source.clone(),
                    None => record.source()?,
                };
                (array, dataflow, source)
            }
            None => (
                array_for(asked.array.as_ref(), was.sparsity)?,
                dataflow(arguments),
                arguments.data.clone().unwrap_or(DataSource::Digits),
            ),
        };
        let data = source.load(&checkpoint.network, was.batch, was.seed)?;
        Self {
            network: checkpoint.build_network()?,
            data,
            source,
            device: arguments.device.clone(),
            array,
            dataflow,
            settings: checkpoint.settings,
            // A comparison changes no bit of the run, so it may be added or left out.
            compare: arguments
                .compare
                .or(record.map(|record| record.compare))
                .unwrap_or(Compare::Dense),
            resumed: Some(checkpoint),
        }
        .checked()
    }

    fn checked(self) -> anyhow::Result<Self> {
        memory::check(&self.network, self.settings.batch)?;
        Ok(self)
    }

    /// The settings of the comparison run.
    pub(super) fn dense_settings(&self) -> TrainSettings {
        TrainSettings { method: Method::Dense, sparsity: Sparsity::DENSE, ..self.settings }
    }

    /// What is not in a checkpoint.
    pub(super) fn record(&self) -> Record {
        Record {
            data: self.source.to_string(),
            array: self.array.name.clone(),
            dataflow: self.dataflow.to_string(),
            compare: self.compare,
        }
    }

    /// Network and data in a line.
    pub(super) fn title(&self) -> String {
        format!("{} on {}", self.network.name(), self.data.name())
    }
}

/// The dataflow asked for; the Verilog loads no weight gradients in WS, so there all is OS unless something else is asked for.
fn dataflow(arguments: &TrainArguments) -> DataflowChoice {
    let usual = match arguments.device {
        CardDevice::Rtl => DataflowChoice::Os,
        _ => DataflowChoice::default(),
    };
    arguments.machine.dataflow.unwrap_or(usual)
}

fn settings(arguments: &TrainArguments) -> TrainSettings {
    let default = TrainSettings::default();
    let method = arguments.method.unwrap_or(default.method);
    let sparsity = match method {
        Method::Dense => Sparsity::DENSE,
        _ => arguments.sparsity.unwrap_or(default.sparsity),
    };
    TrainSettings {
        method,
        sparsity,
        length: asked_length(arguments).unwrap_or(default.length),
        batch: arguments.batch.unwrap_or(default.batch),
        learning_rate: arguments.lr.unwrap_or(default.learning_rate),
        momentum: arguments.momentum.unwrap_or(default.momentum),
        weight_decay: arguments.weight_decay.unwrap_or(default.weight_decay),
        lambda: arguments.lambda.unwrap_or(default.lambda),
        loss_scale: arguments.loss_scale.unwrap_or(default.loss_scale),
        schedule: arguments.schedule.unwrap_or(default.schedule),
        seed: arguments.seed.unwrap_or(default.seed),
    }
}

fn asked_length(arguments: &TrainArguments) -> Option<RunLength> {
    arguments.steps.map(RunLength::Steps).or(arguments.epochs.map(RunLength::Epochs))
}

/// A resumed run may be made longer only where that changes no step that is done.
fn resumed_length(arguments: &TrainArguments, was: &TrainSettings) -> Result<RunLength, CliError> {
    let Some(asked) = asked_length(arguments) else { return Ok(was.length) };
    if asked == was.length || was.schedule == Schedule::Constant {
        return Ok(asked);
    }
    let (option, given) = match asked {
        RunLength::Epochs(epochs) => ("--epochs", epochs),
        RunLength::Steps(steps) => ("--steps", steps),
    };
    let (what, had) = match was.length {
        RunLength::Epochs(epochs) => ("epochs", epochs),
        RunLength::Steps(steps) => ("steps", steps),
    };
    Err(CliError::Option {
        option,
        given: given.to_string(),
        reason: format!(
            "the learning rate of this run follows a cosine over {had} {what}, so another length would have been \
             another run; accepted: {had} {what}, or runs started with --schedule constant"
        ),
    })
}

/// Refuses an option that would change a run that has begun.
fn same<T: PartialEq + Display>(
    option: &'static str,
    asked: Option<&T>,
    was: &T,
) -> Result<(), CliError> {
    match asked {
        Some(asked) if asked != was => Err(CliError::Option {
            option,
            given: asked.to_string(),
            reason: format!(
                "the run was started with {was}; accepted: {was}, or a run without --resume"
            ),
        }),
        _ => Ok(()),
    }
}

/// A new run does not write over an old one.
fn check_unused(directory: &Path) -> Result<(), CliError> {
    let refuse = |reason: &str| {
        let given = directory.display().to_string();
        Err(CliError::Option { option: "--checkpoint", given, reason: reason.into() })
    };
    let beside = directory.join(DENSE_DIRECTORY);
    if [directory, &beside].iter().any(|directory| directory.join(FILE_NAME).exists()) {
        return refuse(
            "it holds a run already; add --resume to go on with it, or name another directory",
        );
    }
    if directory.exists() && !directory.is_dir() {
        return refuse(
            "it is no directory; accepted: a directory, which is made if it is not there",
        );
    }
    Ok(())
}
