//! The runs themselves: the method's, then the dense one.

use super::arguments::{Compare, TrainArguments};
use super::csv::Rows;
use super::dense_stages::dense_stages;
use super::plan::{DENSE_DIRECTORY, Plan};
use super::progress::Progress;
use super::trace::Trace;
use crate::backend::{SimBackend, VerifiedBackend, card_machine, of_engines};
use crate::card::CardDevice;
use crate::{CliError, interrupt, output};
use satkit_host::checkpoint::{Checkpoint, FILE_NAME};
use satkit_host::train::{Observer, Operations, StepMachine, TrainReport, TrainSettings, Trainer};
use satkit_spec::Method;
use satkit_transport::Backend as CardBackend;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

/// A finished run.
pub(super) struct Run {
    /// `bdwp 2:8`, or `dense`.
    pub(super) name: String,
    pub(super) settings: TrainSettings,
    pub(super) report: TrainReport,
    /// What kind of card trained.
    pub(super) backend: CardBackend,
}

/// The method's run and, if it was wanted, the dense one.
pub(super) struct Runs {
    pub(super) main: Run,
    pub(super) dense: Option<Run>,
}

impl Runs {
    /// The runs that were made; a dense run compared with itself is one.
    pub(super) fn distinct(&self) -> impl Iterator<Item = &Run> {
        let dense = self.dense.as_ref().filter(|_| self.main.settings.method != Method::Dense);
        std::iter::once(&self.main).chain(dense)
    }
}

/// Trains what the plan says.
///
/// # Errors
/// [`CliError::Interrupted`] after Ctrl-C, with everything saved; those of training and of writing files.
pub(super) fn run(plan: &Plan, arguments: &TrainArguments) -> anyhow::Result<Runs> {
    if arguments.verify.is_some() && arguments.device != CardDevice::Sim {
        let reason = "a card computes whole steps; accepted with --device sim".into();
        let given = arguments.verify.map_or_else(String::new, |samples| samples.to_string());
        return Err(CliError::Option { option: "--verify", given, reason }.into());
    }
    if arguments.verify.is_some() && arguments.transfers.verify_transfers {
        let reason = "nothing is transferred where operations are compared one by one; accepted without --verify";
        let (option, given) = ("--verify-transfers", "with --verify".into());
        return Err(CliError::Option { option, given, reason: reason.into() }.into());
    }
    let stop = interrupt::stop_flag();
    for note in dense_stages(&plan.network, &plan.settings)? {
        output::note(note);
    }
    let dense_directory = arguments.checkpoint.as_ref().map(|path| path.join(DENSE_DIRECTORY));
    let is_dense = plan.settings.method == Method::Dense;
    let compares = plan.compare == Compare::Dense;
    let dense_checkpoint = match &dense_directory {
        Some(directory) if compares && !is_dense && arguments.resume => dense_at(directory, plan)?,
        _ => None,
    };
    let mut rows = match &arguments.csv {
        Some(path) => {
            let steps = |checkpoint: &Option<Checkpoint>| {
                checkpoint.as_ref().map_or(0, |checkpoint| checkpoint.progress.step)
            };
            let kept = [
                (run_name(&plan.settings), steps(&plan.resumed)),
                (run_name(&plan.dense_settings()), steps(&dense_checkpoint)),
            ];
            Some(Rows::open(path, &kept)?)
        }
        None => None,
    };
    let mut trace = arguments.trace.clone().map(Trace::new);
    let mut single = |settings, checkpoint: Option<Checkpoint>, directory: Option<&Path>| {
        let single = Single { plan, settings, checkpoint, directory, arguments, stop };
        let run = single.run(rows.as_mut(), trace.as_mut());
        // Also that of a run that failed; what failed first is what is told.
        let traced = trace.as_ref().map_or(Ok(()), Trace::write);
        let run = run?;
        traced?;
        Ok::<_, anyhow::Error>(run)
    };
    let main = single(plan.settings, plan.resumed.clone(), arguments.checkpoint.as_deref())?;
    let dense = match (compares, is_dense) {
        (false, _) => None,
        // The comparison run would be this one, bit for bit.
        (true, true) => Some(Run {
            name: main.name.clone(),
            settings: main.settings,
            report: main.report.clone(),
            backend: main.backend,
        }),
        (true, false) => {
            Some(single(plan.dense_settings(), dense_checkpoint, dense_directory.as_deref())?)
        }
    };
    Ok(Runs { main, dense })
}

fn run_name(settings: &TrainSettings) -> String {
    match settings.method {
        Method::Dense => "dense".into(),
        method => format!("{method} {}", settings.sparsity),
    }
}

/// The comparison run's checkpoint, if it had begun.
fn dense_at(directory: &Path, plan: &Plan) -> anyhow::Result<Option<Checkpoint>> {
    if !directory.join(FILE_NAME).exists() {
        return Ok(None);
    }
    let mut checkpoint = Checkpoint::load(directory)?;
    checkpoint.settings.length = plan.settings.length;
    if checkpoint.settings != plan.dense_settings() {
        let reason = "it is not the dense run beside this one; remove it, or use --compare none";
        return Err(CliError::Input { path: directory.into(), reason: reason.into() }.into());
    }
    Ok(Some(checkpoint))
}

/// One run.
struct Single<'a> {
    plan: &'a Plan,
    settings: TrainSettings,
    checkpoint: Option<Checkpoint>,
    directory: Option<&'a Path>,
    arguments: &'a TrainArguments,
    stop: &'a AtomicBool,
}

impl Single<'_> {
    fn run(self, rows: Option<&mut Rows>, trace: Option<&mut Trace>) -> anyhow::Result<Run> {
        let Self { plan, settings, arguments, .. } = self;
        let (method, sparsity) = (settings.method, settings.sparsity);
        match arguments.verify {
            None => {
                let mut machine = card_machine(
                    &arguments.device,
                    &plan.array,
                    plan.dataflow,
                    arguments.transfers,
                    arguments.dram,
                )?;
                if let Some(trace) = trace {
                    machine = trace.follow(&run_name(&settings), machine);
                }
                let backend = machine.session().info().backend;
                self.run_on(machine, backend, rows)
            }
            Some(samples) => {
                let sim = SimBackend::new(plan.array.clone(), plan.dataflow, method, sparsity)?;
                let backend = VerifiedBackend::new(sim, method, sparsity, samples);
                let tally = backend.tally();
                let run = self.run_on(
                    Operations::new(backend, &plan.network),
                    CardBackend::InProcess,
                    rows,
                )?;
                output::note(format!(
                    "{}: compared {tally} with the reference; no bit differs",
                    run.name
                ));
                Ok(run)
            }
        }
    }

    fn run_on<M: StepMachine>(
        self,
        machine: M,
        backend: CardBackend,
        rows: Option<&mut Rows>,
    ) -> anyhow::Result<Run> {
        let Self { plan, settings, checkpoint, directory, arguments, stop, .. } = self;
        let name = run_name(&settings);
        let (network, data) = (&plan.network, &plan.data);
        let mut trainer = match checkpoint {
            Some(checkpoint) => Trainer::resume(network, data, checkpoint, machine)?,
            None => Trainer::new(network, data, settings, machine)?,
        };
        if let Some(directory) = directory {
            plan.record().save(directory)?;
        }
        let epochs = trainer.steps().div_ceil(trainer.steps_per_epoch().max(1));
        let progress = Progress::new(&name, trainer.progress().step, trainer.steps(), epochs, plan);
        let mut watch = Watch { progress, rows, saved: None, name: &name, failure: None };
        let report = trainer.run(&mut watch, stop, directory);
        watch.progress.finish();
        if let Some(times) = trainer.machine().times() {
            output::note(format!("{name}: {times}"));
        }
        let (failure, saved) = (watch.failure.take(), watch.saved.take());
        let closed = watch.rows.map_or(Ok(()), Rows::flush);
        let report = report.map_err(|error| of_engines(&arguments.device, error.into()))?;
        failure.map_or(closed, Err)?;
        if report.interrupted {
            let place = match (&saved, directory) {
                (Some(file), _) => {
                    format!(
                        " in step {}; saved {}, go on with --resume",
                        report.steps,
                        file.display()
                    )
                }
                _ => format!(" in step {}; not saved, there is no --checkpoint", report.steps),
            };
            return Err(CliError::Interrupted(place).into());
        }
        Ok(Run { name, settings, report, backend })
    }
}

/// Tells the terminal and the CSV file what happens.
struct Watch<'a> {
    progress: Progress,
    rows: Option<&'a mut Rows>,
    saved: Option<PathBuf>,
    name: &'a str,
    /// The first row that could not be written.
    failure: Option<CliError>,
}

impl Watch<'_> {
    fn note(&mut self, result: Result<(), CliError>) {
        if let Err(error) = result {
            self.failure.get_or_insert(error);
        }
    }
}

impl Observer for Watch<'_> {
    fn step(&mut self, event: &satkit_host::train::StepEvent) {
        self.progress.step(event);
        let written = self.rows.as_mut().map_or(Ok(()), |rows| rows.step(self.name, event));
        self.note(written);
    }

    fn epoch(&mut self, record: &satkit_host::train::EpochRecord) {
        self.progress.epoch(record);
        let written = self.rows.as_mut().map_or(Ok(()), |rows| rows.epoch(record));
        self.note(written);
    }

    fn saved(&mut self, file: &Path) {
        self.saved = Some(file.into());
    }
}
