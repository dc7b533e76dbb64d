//! What driving a card adds to training steps: the time of a step that is not the card's own.

use super::settings;
use crate::{CliError, interrupt};
use satkit_host::HostError;
use satkit_host::card::{CardMachine, CardSettings};
use satkit_host::data::{Dataset, Samples};
use satkit_host::network::{ModelState, Network};
use satkit_host::session::Session;
use satkit_host::train::{
    Evaluation, RunLength, Silent, StepMachine, StepOrder, StepOutput, TrainSettings, Trainer,
};
use satkit_memory::MemoryModel;
use satkit_sim::card::{SimCard, SimCardOptions};
use satkit_spec::{ArrayConfig, Method};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

/// Steps that are measured, and in a quick run.
const STEPS: u64 = 440;
const QUICK_STEPS: u64 = 44;

/// Where the time of steps went.
#[derive(serde::Serialize)]
pub(super) struct Overhead {
    network: &'static str,
    batch: usize,
    steps: u64,
    /// From a step's order to its output.
    step_milliseconds: f64,
    /// From the write that starts a step's job until the card's status says that it has ended, by the card's own clock.
    card_milliseconds: f64,
    /// The rest of a step's time over all of it.
    host_share: f64,
}

impl fmt::Display for Overhead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { network, batch, steps, step_milliseconds, card_milliseconds, host_share } = self;
        write!(
            f,
            "{network}, batch {batch}, {steps} steps on the simulator: {step_milliseconds:.3} ms a step, of which the card works \
             {card_milliseconds:.3} ms; the host adds {:.2} %",
            100.0 * host_share
        )
    }
}

/// A card's machine, with a stopwatch beside the card's own.
struct Timed {
    machine: CardMachine,
    card: Arc<SimCard>,
    steps: u64,
    wall: Duration,
    worked: Duration,
}

impl StepMachine for Timed {
    fn prepare(&mut self, network: &Network, settings: &TrainSettings) -> Result<(), HostError> {
        self.machine.prepare(network, settings)
    }

    fn load(&mut self, state: &ModelState) -> Result<(), HostError> {
        self.machine.load(state)
    }

    fn step(&mut self, state: &mut ModelState, order: StepOrder) -> Result<StepOutput, HostError> {
        let (before, begun) = (self.card.job_time(), Instant::now());
        let output = self.machine.step(state, order)?;
        self.wall += begun.elapsed();
        self.worked += self.card.job_time() - before;
        self.steps += 1;
        Ok(output)
    }

    fn read(&mut self, state: &mut ModelState) -> Result<(), HostError> {
        self.machine.read(state)
    }

    fn evaluate(
        &mut self,
        state: &ModelState,
        samples: &Samples,
        batch: usize,
        stop: &AtomicBool,
    ) -> Result<Option<Evaluation>, HostError> {
        self.machine.evaluate(state, samples, batch, stop)
    }
}

/// Trains digits-cnn with 2:8 weights on a simulated card.
///
/// # Errors
/// Those of training, and [`CliError::Interrupted`].
pub(super) fn measure(quick: bool) -> anyhow::Result<Overhead> {
    let name = Network::NAMES[0];
    let data = Dataset::digits()?;
    let network = Network::for_data(name, &data)?;
    let length = RunLength::Steps(if quick { QUICK_STEPS } else { STEPS });
    let settings = TrainSettings { length, ..settings(Method::Bdwp) };
    let (array, dram) = (ArrayConfig::vcu1525(), MemoryModel::default());
    let options = SimCardOptions { dram, ..SimCardOptions::default() };
    let card = Arc::new(SimCard::new(&array, &options)?);
    let session = Arc::new(Session::open(Arc::clone(&card) as _, &array)?);
    let how = CardSettings { memory: dram, ..CardSettings::default() };
    let machine = CardMachine::new(session, how);
    let (wall, worked) = (Duration::ZERO, Duration::ZERO);
    let timed = Timed { machine, card, steps: 0, wall, worked };
    let mut trainer = Trainer::new(&network, &data, settings, timed)?;
    if trainer.run(&mut Silent, interrupt::stop_flag(), None)?.interrupted {
        return Err(CliError::Interrupted(" while measuring".into()).into());
    }
    let Timed { steps, wall, worked, .. } = trainer.machine();
    let milliseconds = |time: &Duration| 1e3 * time.as_secs_f64() / (*steps).max(1) as f64;
    Ok(Overhead {
        network: name,
        batch: settings.batch,
        steps: *steps,
        step_milliseconds: milliseconds(wall),
        card_milliseconds: milliseconds(worked),
        host_share: 1.0 - worked.as_secs_f64() / wall.as_secs_f64().max(1e-9),
    })
}
