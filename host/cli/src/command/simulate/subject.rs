//! What is simulated: the step, the machine and the scheduler that the options name.

use super::arguments::StepArguments;
use crate::arguments::array_for;
use crate::schedules::ScheduleCache;
use crate::{CliError, output};
use satkit_host::network::Network;
use satkit_host::step::{StepSettings, network_step, topology_step};
use satkit_host::topology::Topology;
use satkit_plan::step::{Step, StepWork, compile};
use satkit_plan::{PlanError, Scheduler};
use satkit_spec::{ArrayConfig, Method, Sparsity};

/// Where the layers come from.
pub(crate) enum Source {
    /// A network that satkit has.
    Network(Network),
    /// A layer table.
    Topology(Topology),
}

/// A step of a source on a machine.
pub(crate) struct Subject {
    pub(crate) source: Source,
    pub(crate) settings: StepSettings,
    pub(crate) array: ArrayConfig,
    scheduler: Scheduler,
    cache: ScheduleCache,
}

/// The batch of the paper's networks, and of what it does not have.
fn default_batch(source: &Source) -> usize {
    match source {
        Source::Network(network) => match network.name() {
            "resnet50" => 256,
            "digits-cnn" | "digits-mlp" => 32,
            _ => 512,
        },
        Source::Topology(_) => 64,
    }
}

impl Subject {
    /// Reads the options.
    ///
    /// # Errors
    /// [`CliError::Option`] for options that do not belong together, those of layer tables and machines.
    pub(crate) fn new(arguments: &StepArguments) -> anyhow::Result<Self> {
        let source = match (&arguments.network, &arguments.topology) {
            (Some(name), _) => Source::Network(Network::named(name)?),
            (None, Some(path)) => Source::Topology(Topology::read(path)?),
            (None, None) => {
                let reason = "neither a network nor a layer table; accepted: --network NAME or --topology FILE.csv";
                let (option, given) = ("--network", "is missing".into());
                return Err(CliError::Option { option, given, reason: reason.into() }.into());
            }
        };
        let asked = arguments.sparsity.unwrap_or(Sparsity::TWO_OF_EIGHT);
        let method = match arguments.method {
            Some(method) => method,
            // N = M keeps everything.
            None if asked.is_dense() => Method::Dense,
            None => Method::Bdwp,
        };
        if let (Method::Dense, Some(given)) = (method, arguments.sparsity)
            && !given.is_dense()
        {
            output::note(format_args!(
                "note: the method dense prunes nothing, so --sparsity {given} changes nothing"
            ));
        }
        let sparsity = if method == Method::Dense { Sparsity::DENSE } else { asked };
        let batch = arguments.batch.unwrap_or_else(|| default_batch(&source));
        let pregenerate = !arguments.on_the_fly;
        let settings = StepSettings { pregenerate, ..StepSettings::new(batch, method, sparsity) };
        Self::on(source, settings, machine(arguments, sparsity)?, arguments)
    }

    fn on(
        source: Source,
        settings: StepSettings,
        array: ArrayConfig,
        arguments: &StepArguments,
    ) -> anyhow::Result<Self> {
        let dataflow = arguments.machine.dataflow.unwrap_or_default();
        let mut scheduler = Scheduler::new(&array, dataflow)?;
        let mut restriction = dataflow.to_string();
        if arguments.no_interleave {
            scheduler = scheduler.without_interleave();
            restriction.push_str("-single");
        }
        let cache = ScheduleCache::recall(&scheduler, &restriction, !arguments.no_cache);
        Ok(Self { source, settings, array, scheduler, cache })
    }

    /// Name of the network or table.
    pub(crate) fn name(&self) -> &str {
        match &self.source {
            Source::Network(network) => network.name(),
            Source::Topology(topology) => &topology.name,
        }
    }

    /// The work under `settings`, and what was inferred about it.
    pub(crate) fn work(&self, settings: &StepSettings) -> anyhow::Result<(StepWork, Vec<String>)> {
        match &self.source {
            Source::Network(network) => Ok((network_step(network, settings)?.work, Vec::new())),
            Source::Topology(topology) => {
                let (work, inferred) = topology_step(topology, settings)?;
                let notes = topology.notes.iter().cloned().chain(inferred).collect();
                Ok((work, notes))
            }
        }
    }

    /// Plans a step, with a bar while mappings are searched, and keeps what was found.
    pub(crate) fn compile(&self, work: &StepWork) -> Result<Step, PlanError> {
        let bar = output::spinner("searching mappings");
        let step = compile(work, &self.scheduler, &|key| {
            bar.inc(1);
            bar.set_message(key.to_owned());
        });
        bar.finish_and_clear();
        self.cache.keep(&self.scheduler);
        step
    }
}

/// The machine that the options name.
fn machine(arguments: &StepArguments, sparsity: Sparsity) -> anyhow::Result<ArrayConfig> {
    let asked = arguments.machine.array.clone();
    let widened = match (asked, arguments.m_lanes) {
        (asked, Some(lanes)) => {
            Some(asked.unwrap_or_else(ArrayConfig::vcu1525).with_m_lanes(lanes)?)
        }
        (asked, None) => asked,
    };
    let array = array_for(widened.as_ref(), sparsity)?;
    Ok(match arguments.clock {
        Some(clock_hz) => array.with_clock(clock_hz)?,
        None => array,
    })
}
