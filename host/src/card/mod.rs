//! Training on a card: the state lives in card memory, and a step is one job.
//!
//! Three programs share one set of tensors: a step, the making of the first operands, and a test of the network. A step comes
//! in two copies with images of their own, so that one batch is uploaded while the other is worked on.

mod state;
mod tensors;

use crate::HostError;
use crate::backend::{SgdStep, StepCycles, Tensor};
use crate::data::Samples;
use crate::network::{ModelState, Network, Op};
use crate::session::{CardBuffer, CardProgram, Job, Session, SessionError};
use crate::step::{NetworkPrograms, StepIo, StepSettings, network_programs};
use crate::train::{
    Batch, Evaluation, LossScale, StepMachine, StepOrder, StepOutput, TrainSettings, check_loss,
    patches,
};
use satkit_memory::MemoryModel;
use satkit_plan::step::{Step, StepOperation, StepWork, TensorId, compile_at, room_bytes};
use satkit_plan::{DataflowChoice, NoObserver, Scheduler, Timing, Work, time_at};
use satkit_spec::isa::scalar;
use satkit_transport::Backend;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tensors::singles;

/// How a card is driven.
#[derive(Clone, Copy, Debug)]
pub struct CardSettings {
    /// Dataflows that programs may use.
    pub dataflow: DataflowChoice,
    /// The memory that the model times programs with.
    pub memory: MemoryModel,
    /// Longest time that a job may take.
    pub deadline: Duration,
    /// Uploads the next batch while a step runs.
    pub overlap: bool,
}

impl Default for CardSettings {
    fn default() -> Self {
        Self {
            dataflow: DataflowChoice::default(),
            memory: MemoryModel::ddr4(),
            deadline: Duration::from_secs(3600),
            overlap: true,
        }
    }
}

/// Where the time of training steps went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CardTimes {
    /// Steps.
    pub steps: u64,
    /// From a step's order to its output.
    pub wall: Duration,
    /// In which the card worked.
    pub job: Duration,
    /// Uploads of images, labels and numbers.
    pub upload: Duration,
    /// The part of the uploads that ran while the card worked.
    pub overlapped: Duration,
    /// Downloads of losses.
    pub download: Duration,
}

impl CardTimes {
    /// Time that the host added to what the card took.
    #[must_use]
    pub const fn overhead(&self) -> Duration {
        self.wall.saturating_sub(self.job)
    }
}

/// A card that trains one network.
pub struct CardMachine {
    session: Arc<Session>,
    settings: CardSettings,
    times: CardTimes,
    ready: Option<Ready>,
}

impl std::fmt::Debug for CardMachine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CardMachine").field("card", self.session.info()).finish_non_exhaustive()
    }
}

/// What there is once a network is known.
struct Ready {
    network: Network,
    batch: usize,
    programs: NetworkPrograms,
    addresses: Vec<u64>,
    /// A step on either set of images.
    steps: [(CardProgram, StepIo); 2],
    load: CardProgram,
    evaluation: CardProgram,
    /// What the model says of either, and in all.
    cycles: [(StepCycles, u64); 2],
    /// Step whose images each set holds.
    holds: [Option<u64>; 2],
    /// Keeps the tensors' place.
    _room: CardBuffer,
}

fn card(what: &'static str) -> impl Fn(SessionError) -> HostError {
    move |source| HostError::Card { what, source }
}

impl CardMachine {
    /// Training through `session`.
    #[must_use]
    pub fn new(session: Arc<Session>, settings: CardSettings) -> Self {
        Self { session, settings, times: CardTimes::default(), ready: None }
    }

    /// Where the time went so far.
    #[must_use]
    pub const fn times(&self) -> &CardTimes {
        &self.times
    }

    /// The session.
    #[must_use]
    pub const fn session(&self) -> &Arc<Session> {
        &self.session
    }

    fn ready(&self) -> Result<&Ready, HostError> {
        self.ready.as_ref().ok_or_else(|| HostError::Setting {
            setting: "network",
            given: "none".into(),
            accepted: "one that the card has been prepared for".into(),
        })
    }

    fn run(&self, program: &CardProgram, what: &'static str) -> Result<u64, HostError> {
        let report = self.session.run(program, self.settings.deadline).map_err(card(what))?;
        Ok(report.cycles)
    }

    fn upload(&self, address: u64, bytes: &[u8]) -> Result<(), HostError> {
        self.session.upload(address, bytes).map_err(|e| card("upload")(e.into()))
    }

    fn download(&self, address: u64, bytes: u64) -> Result<Vec<u8>, HostError> {
        let mut buffer = vec![0; bytes as usize];
        self.session.download(address, &mut buffer).map_err(|e| card("download")(e.into()))?;
        Ok(buffer)
    }

    /// Uploads images and labels to the tensors of `io`.
    fn upload_batch(&self, ready: &Ready, io: &StepIo, batch: &Batch) -> Result<(), HostError> {
        let count = batch.labels.len();
        for &(node, tensor) in &io.images {
            let value = ready.uploaded(node, &batch.x)?;
            let (channels, pixels) = match *value.shape() {
                [_, c, h, w] => (c, h * w),
                [_, _, d] => (d, 1),
                _ => (value.len() / count.max(1), 1),
            };
            let values: Vec<_> = value.iter().copied().collect();
            let bytes = tensors::images(&values, channels, pixels);
            self.upload(ready.addresses[tensor.0], &bytes)?;
        }
        let labels: Vec<u8> = batch.labels.iter().flat_map(|label| label.to_le_bytes()).collect();
        self.upload(ready.addresses[io.labels.0], &labels)
    }

    fn upload_numbers(&self, ready: &Ready, numbers: &SgdStep) -> Result<(), HostError> {
        let mut block = [0.0; scalar::COUNT];
        block[scalar::LEARNING_RATE] = numbers.learning_rate;
        block[scalar::MOMENTUM] = numbers.momentum;
        block[scalar::WEIGHT_DECAY] = numbers.weight_decay;
        block[scalar::LAMBDA] = numbers.lambda;
        block[scalar::LOSS_SCALE] = numbers.loss_scale;
        let tensor = ready.programs.step.io.numbers;
        self.upload(ready.addresses[tensor.0], &singles(&block))
    }

    /// Mean loss and predicted classes of the first `count` rows.
    fn losses(
        &self,
        ready: &Ready,
        tensor: TensorId,
        count: usize,
    ) -> Result<(f32, Vec<u32>), HostError> {
        let bytes = self.download(ready.addresses[tensor.0], count as u64 * 8)?;
        let (rows, _) = bytes.as_chunks::<8>();
        let word = |row: &[u8; 8], at: usize| [row[at], row[at + 1], row[at + 2], row[at + 3]];
        let sum = rows.iter().fold(0.0, |sum, row| sum + f32::from_le_bytes(word(row, 0)));
        let predicted = rows.iter().map(|row| u32::from_le_bytes(word(row, 4))).collect();
        Ok((sum / count as f32, predicted))
    }
}

impl Ready {
    /// The value of an uploaded node.
    fn uploaded(&self, node: usize, x: &Tensor) -> Result<Tensor, HostError> {
        match self.network.nodes()[node].op {
            Op::Patches { side, .. } => Ok(patches(x, side)),
            // A row is all of an image, in the order of channels.
            Op::Flatten { .. } => {
                let images = x.shape()[0];
                let shape = ndarray::IxDyn(&[images, x.len() / images.max(1)]);
                x.clone().into_shape_with_order(shape).map_err(|error| {
                    HostError::setting("image shape", error, "one that its pixels fill")
                })
            }
            _ => Ok(x.clone()),
        }
    }
}

/// The same work on other tensors.
fn replaced(work: &StepWork, from: &[TensorId], to: &[TensorId]) -> Vec<StepOperation> {
    let swap = |tensor: &mut TensorId| {
        if let Some(at) = from.iter().position(|from| from == tensor) {
            *tensor = to[at];
        }
    };
    let mut operations = work.operations.clone();
    for operation in &mut operations {
        match operation {
            StepOperation::Mac(mac) => {
                [&mut mac.a, &mut mac.w].into_iter().for_each(swap);
                mac.edge.add.iter_mut().for_each(swap);
            }
            StepOperation::Vector(vector) => {
                vector.reads.iter_mut().for_each(|stream| swap(&mut stream.tensor));
            }
            _ => {}
        }
    }
    operations
}

fn split(timing: &Timing, step: &Step) -> StepCycles {
    let of = |work| timing.work_cycles(step.program.sections(), work);
    StepCycles {
        ff: of(Work::Ff),
        bp: of(Work::Bp),
        wu: of(Work::Wu),
        update: of(Work::Update),
        elementwise: of(Work::Elementwise),
    }
}

impl StepMachine for CardMachine {
    fn prepare(&mut self, network: &Network, settings: &TrainSettings) -> Result<(), HostError> {
        let step_settings = StepSettings {
            guarded: settings.loss_scale == LossScale::Dynamic,
            ..StepSettings::new(settings.batch, settings.method, settings.sparsity)
        };
        let mut programs = network_programs(network, &step_settings)?;
        // A second set of images.
        let io = programs.step.io.clone();
        let work = &mut programs.step.work;
        let mut copy = |tensor: TensorId| {
            let spec = work.tensors[tensor.0].clone();
            work.tensor(format!("{} 2", spec.name), spec.bytes)
        };
        let images: Vec<_> = io.images.iter().map(|&(node, tensor)| (node, copy(tensor))).collect();
        let second = StepIo { images, labels: copy(io.labels), ..io.clone() };
        let moved = |io: &StepIo| -> Vec<TensorId> {
            io.images.iter().map(|&(_, tensor)| tensor).chain([io.labels]).collect()
        };
        let room =
            self.session.allocate(room_bytes(&programs.step.work)?).map_err(card("memory"))?;
        let scheduler = Scheduler::new(self.session.config(), self.settings.dataflow)?;
        let compile = |operations: Vec<StepOperation>| -> Result<Step, HostError> {
            let tensors = programs.step.work.tensors.clone();
            let work = StepWork { tensors, operations, ..StepWork::default() };
            Ok(compile_at(&work, room.address(), &scheduler, &|_| {})?)
        };
        let load =
            |step: &Step| self.session.load(step.program.instructions()).map_err(card("program"));
        let step = compile(programs.step.work.operations.clone())?;
        let twin = compile(replaced(&programs.step.work, &moved(&io), &moved(&second)))?;
        let timed = |step: &Step, at: &CardProgram| -> Result<(StepCycles, u64), HostError> {
            let (config, memory) = (self.session.config(), &self.settings.memory);
            let timing = time_at(config, &step.program, at.address(), memory, &mut NoObserver)?;
            Ok((split(&timing, step), timing.cycles))
        };
        let places = [load(&step)?, load(&twin)?];
        let cycles = [timed(&step, &places[0])?, timed(&twin, &places[1])?];
        let [first, other] = places;
        let steps = [(first, io), (other, second)];
        let loading = load(&compile(programs.load.clone())?)?;
        let evaluation = load(&compile(programs.evaluation.clone())?)?;
        self.ready = Some(Ready {
            network: network.clone(),
            batch: settings.batch,
            addresses: step.addresses.clone(),
            steps,
            load: loading,
            evaluation,
            cycles,
            programs,
            holds: [None; 2],
            _room: room,
        });
        Ok(())
    }

    fn load(&mut self, state: &ModelState) -> Result<(), HostError> {
        let ready = self.ready()?;
        state.check(&ready.network)?;
        self.upload_state(ready, state)?;
        self.run(&ready.load, "loading")?;
        Ok(())
    }

    fn step(&mut self, _: &mut ModelState, order: StepOrder) -> Result<StepOutput, HostError> {
        let started = Instant::now();
        let StepOrder { step, batch, next, numbers, .. } = order;
        let ready = self.ready()?;
        let mut times = CardTimes { steps: 1, ..CardTimes::default() };
        let (here, there) = ((step % 2) as usize, ((step + 1) % 2) as usize);
        let mut holds = ready.holds;
        let (program, io) = &ready.steps[here];
        if holds[here] != Some(step) {
            self.upload_batch(ready, io, &batch)?;
        }
        self.upload_numbers(ready, &numbers)?;
        times.upload = started.elapsed();
        let job: Job = self.session.submit(program).map_err(card("step"))?;
        let next = next.filter(|_| self.settings.overlap);
        let fetched = next.map(|next| -> Result<Duration, HostError> {
            let start = Instant::now();
            self.upload_batch(ready, &ready.steps[there].1, &next)?;
            Ok(start.elapsed())
        });
        // The job is waited for also if the upload failed.
        let report = self.session.wait(job, self.settings.deadline).map_err(card("step"))?;
        times.job = report.wall;
        holds = [None; 2];
        if let Some(fetched) = fetched {
            let took = fetched?;
            holds[there] = Some(step + 1);
            times.upload += took;
            times.overlapped = took.min(report.wall);
        }
        // Others may have another memory.
        let is_model = self.session.info().backend == Backend::InProcess;
        let (cycles, model) = ready.cycles[here];
        if is_model && report.cycles != model {
            let card = report.cycles;
            return Err(HostError::Cycles { step, card, model });
        }
        let start = Instant::now();
        let (loss, predicted) = self.losses(ready, io.loss, ready.batch)?;
        times.download = start.elapsed();
        check_loss(step, loss, &numbers)?;
        times.wall = started.elapsed();
        if let Some(ready) = &mut self.ready {
            ready.holds = holds;
        }
        self.times.add(&times);
        Ok(StepOutput { loss, predicted, applied: !report.not_finite, cycles })
    }

    fn read(&mut self, state: &mut ModelState) -> Result<(), HostError> {
        let ready = self.ready()?;
        self.download_state(ready, state)
    }

    fn times(&self) -> Option<String> {
        let CardTimes { steps, wall, job, upload, overlapped, download } = self.times;
        let share = |part: Duration| 100.0 * part.as_secs_f64() / wall.as_secs_f64().max(1e-9);
        let milliseconds = |time: Duration| time.as_secs_f64() * 1e3 / steps.max(1) as f64;
        (steps > 0).then(|| {
            format!(
                "{}, {steps} steps: {:.3} ms a step, in {:.1} % of it the card worked; uploads {:.3} ms, {:.3} ms of them beside \
                 that work; downloads {:.3} ms",
                self.session.info().name,
                milliseconds(wall),
                share(job),
                milliseconds(upload),
                milliseconds(overlapped),
                milliseconds(download)
            )
        })
    }

    fn evaluate(
        &mut self,
        _: &ModelState,
        samples: &Samples,
        _: usize,
        stop: &AtomicBool,
    ) -> Result<Option<Evaluation>, HostError> {
        let ready = self.ready()?;
        let io = &ready.programs.evaluation_io;
        let indices: Vec<usize> = (0..samples.len()).collect();
        let (mut correct, mut loss_sum) = (0usize, 0.0);
        for chunk in indices.chunks(ready.batch) {
            if stop.load(Ordering::Relaxed) {
                return Ok(None);
            }
            // Images do not need each other here, so the last batch is filled up with any.
            let filled: Vec<usize> = chunk
                .iter()
                .chain(std::iter::repeat(&chunk[0]))
                .take(ready.batch)
                .copied()
                .collect();
            let (x, labels) = samples.batch(&filled)?;
            let batch = Batch { x, labels };
            self.upload_batch(ready, io, &batch)?;
            self.run(&ready.evaluation, "test")?;
            let (loss, predicted) = self.losses(ready, io.loss, chunk.len())?;
            let hits = predicted.iter().zip(&batch.labels).filter(|(found, label)| found == label);
            correct += hits.count();
            loss_sum += f64::from(loss) * chunk.len() as f64;
        }
        let images = samples.len();
        let accuracy = correct as f64 / images as f64;
        Ok(Some(Evaluation { accuracy, loss: loss_sum / images as f64, images }))
    }
}

impl CardTimes {
    fn add(&mut self, more: &Self) {
        self.steps += more.steps;
        self.wall += more.wall;
        self.job += more.job;
        self.upload += more.upload;
        self.overlapped += more.overlapped;
        self.download += more.download;
    }
}
