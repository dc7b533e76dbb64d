//! What the training loop asks of the machine that takes whole steps.

use super::TrainSettings;
use super::backward::backward;
use super::evaluate::{Evaluation, evaluate};
use super::forward::{Mode, forward, missing};
use crate::HostError;
use crate::backend::{Backend, SgdStep, StepCycles, Tensor, UpdateTarget};
use crate::data::Samples;
use crate::network::{MacLayer, ModelState, Network};
use std::sync::atomic::AtomicBool;

/// Images and their labels.
#[derive(Clone, Debug)]
pub struct Batch {
    /// FP16 `(n, c, h, w)`.
    pub x: Tensor,
    /// One class per image.
    pub labels: Vec<u32>,
}

/// What a step is to do.
#[derive(Clone, Debug)]
pub struct StepOrder {
    /// Number of the step in the run, from 0.
    pub step: u64,
    /// The images.
    pub batch: Batch,
    /// Those of the step after it, as far as they are known: a machine may fetch them while it works.
    pub next: Option<Batch>,
    /// Learning rate and the other numbers of the update.
    pub numbers: SgdStep,
    /// Leaves all updates out if a gradient is not finite.
    pub guarded: bool,
}

/// What a step came to.
#[derive(Clone, Debug, PartialEq)]
pub struct StepOutput {
    /// Mean loss of the batch; finite.
    pub loss: f32,
    /// Class that each image is taken for.
    pub predicted: Vec<u32>,
    /// False if the updates were left out.
    pub applied: bool,
    /// What the step took.
    pub cycles: StepCycles,
}

/// A machine that takes training steps. A [`Backend`], which computes single operations, is one; a card, which holds the
/// state and runs a step's program, is another.
pub trait StepMachine {
    /// Gets ready for steps of `network`: called once, before all else.
    ///
    /// # Errors
    /// If the machine cannot take such steps.
    fn prepare(&mut self, network: &Network, settings: &TrainSettings) -> Result<(), HostError>;

    /// Takes a state over.
    ///
    /// # Errors
    /// What the machine says.
    fn load(&mut self, state: &ModelState) -> Result<(), HostError>;

    /// Takes a step. `state` is the run's; a machine that holds it itself leaves it as it is.
    ///
    /// # Errors
    /// [`HostError::NonFiniteLoss`], and what the machine says.
    fn step(&mut self, state: &mut ModelState, order: StepOrder) -> Result<StepOutput, HostError>;

    /// Brings `state` up to date.
    ///
    /// # Errors
    /// What the machine says.
    fn read(&mut self, state: &mut ModelState) -> Result<(), HostError>;

    /// Tests the network on all of `samples`, as [`super::evaluate`] does; `None` if `stop` was set before the end. `state` is
    /// the run's, as in [`StepMachine::step`].
    ///
    /// # Errors
    /// What the machine says.
    fn evaluate(
        &mut self,
        state: &ModelState,
        samples: &Samples,
        batch: usize,
        stop: &AtomicBool,
    ) -> Result<Option<Evaluation>, HostError>;

    /// Where the time of the steps went, in words; none if the machine does not know.
    fn times(&self) -> Option<String> {
        None
    }
}

/// Takes steps operation by operation; the state is the run's.
#[derive(Debug)]
pub struct Operations<B> {
    backend: B,
    network: Network,
    layers: Vec<MacLayer>,
}

impl<B: Backend> Operations<B> {
    /// Steps of `network` on `backend`, which is built for their method and sparsity.
    pub fn new(backend: B, network: &Network) -> Self {
        Self { backend, network: network.clone(), layers: Vec::new() }
    }

    /// The backend.
    #[must_use]
    pub const fn backend(&self) -> &B {
        &self.backend
    }
}

impl<B: Backend> StepMachine for Operations<B> {
    fn prepare(&mut self, network: &Network, settings: &TrainSettings) -> Result<(), HostError> {
        self.backend
            .prepare(network, settings.batch)
            .map_err(HostError::backend("the step's program"))?;
        self.layers = network.mac_layers(settings.batch)?;
        Ok(())
    }

    fn load(&mut self, _: &ModelState) -> Result<(), HostError> {
        Ok(())
    }

    fn step(&mut self, state: &mut ModelState, order: StepOrder) -> Result<StepOutput, HostError> {
        let StepOrder { step, batch, numbers, guarded, .. } = order;
        let Self { backend, network, layers } = self;
        let before = backend.cycles();
        let mode = Mode::Train(&mut state.running);
        let tape = forward(backend, network, layers, &state.values, mode, batch.x)?;
        let output = backend
            .softmax_cross_entropy(tape.logits()?, &batch.labels, Some(numbers.loss_scale))
            .map_err(HostError::backend("loss"))?;
        check_loss(step, output.loss, &numbers)?;
        let dlogits = output.dlogits.ok_or_else(|| missing("the loss's gradient"))?;
        let gradients = backward(backend, network, layers, &state.values, tape, dlogits)?;
        let applied = !guarded || gradients.iter().all(|gradient| backend.all_finite(gradient));
        if applied {
            update(backend, network, layers, state, &gradients, &numbers)?;
        }
        backend.finish_step(applied).map_err(HostError::backend("the step's end"))?;
        let cycles = backend.cycles().minus(&before);
        Ok(StepOutput { loss: output.loss, predicted: output.predicted, applied, cycles })
    }

    fn read(&mut self, _: &mut ModelState) -> Result<(), HostError> {
        Ok(())
    }

    fn evaluate(
        &mut self,
        state: &ModelState,
        samples: &Samples,
        batch: usize,
        stop: &AtomicBool,
    ) -> Result<Option<Evaluation>, HostError> {
        evaluate(&mut self.backend, &self.network, state, samples, batch, stop)
    }
}

/// Refuses a loss that is not finite.
pub(crate) fn check_loss(step: u64, loss: f32, numbers: &SgdStep) -> Result<(), HostError> {
    if loss.is_finite() {
        return Ok(());
    }
    let SgdStep { learning_rate, loss_scale, .. } = *numbers;
    Err(HostError::NonFiniteLoss { step, loss, learning_rate, loss_scale })
}

/// Updates every parameter; weight decay is for weights only.
fn update<B: Backend>(
    backend: &mut B,
    network: &Network,
    layers: &[MacLayer],
    state: &mut ModelState,
    gradients: &[Vec<f32>],
    sgd: &SgdStep,
) -> Result<(), HostError> {
    for (index, spec) in network.parameters().iter().enumerate() {
        let (target, sgd) = match spec.layer {
            Some(layer) => (UpdateTarget::Weights(&layers[layer]), *sgd),
            None => (UpdateTarget::Plain(&spec.name), SgdStep { weight_decay: 0.0, ..*sgd }),
        };
        let (w, v) = (&mut state.values[index], &mut state.momentum[index]);
        backend
            .update(target, w, v, &gradients[index], &sgd)
            .map_err(HostError::backend(&spec.name))?;
    }
    Ok(())
}
