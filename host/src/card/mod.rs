//! Training on a card: the state lives in card memory, and a step is one job.
//!
//! Three programs share one set of tensors: a step, the making of the first operands, and a test of the network. A step comes
//! in two copies with images of their own, so that one batch is uploaded while the other is worked on.

mod batch;
mod state;
mod timeline;
mod times;

pub use timeline::{Span, Timeline, Track};
pub use times::CardTimes;

use crate::HostError;
use crate::backend::StepCycles;
use crate::data::Samples;
use crate::network::{ModelState, Network};
use crate::session::{CardBuffer, CardProgram, Job, Session};
use crate::step::{NetworkPrograms, StepIo, StepSettings, network_programs};
use crate::train::{
    Batch, Evaluation, LossScale, StepMachine, StepOrder, StepOutput, TrainSettings, check_loss,
};
use satkit_memory::MemoryModel;
use satkit_plan::step::{Step, StepOperation, StepWork, TensorId, compile_at, room_bytes};
use satkit_plan::{DataflowChoice, NoObserver, Scheduler, time_at};
use satkit_transport::Backend;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use timeline::SpanOf;

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

/// A card that trains one network.
pub struct CardMachine {
    session: Arc<Session>,
    settings: CardSettings,
    times: CardTimes,
    timeline: Option<Timeline>,
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

impl CardMachine {
    /// Training through `session`.
    #[must_use]
    pub fn new(session: Arc<Session>, settings: CardSettings) -> Self {
        Self { session, settings, times: CardTimes::default(), timeline: None, ready: None }
    }

    /// Notes on `timeline` what it does from now on.
    #[must_use]
    pub fn with_timeline(mut self, timeline: Timeline) -> Self {
        self.timeline = Some(timeline);
        self
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

    /// Runs a program of no step.
    fn run(&self, program: &CardProgram, what: &'static str) -> Result<(), HostError> {
        let run =
            || self.session.run(program, self.settings.deadline).map_err(HostError::card(what));
        self.timed((Track::Job, what, None), run).map(drop)
    }

    /// Works, and notes how long that took, unless it failed.
    fn timed<T>(
        &self,
        span: SpanOf,
        work: impl FnOnce() -> Result<T, HostError>,
    ) -> Result<(T, Duration), HostError> {
        let start = Instant::now();
        let done = work()?;
        let took = start.elapsed();
        self.note(span, start, took);
        Ok((done, took))
    }

    fn note(&self, span: SpanOf, start: Instant, took: Duration) {
        if let Some(timeline) = &self.timeline {
            timeline.note(span, start, took);
        }
    }

    fn upload(&self, address: u64, bytes: &[u8]) -> Result<(), HostError> {
        self.session.upload(address, bytes).map_err(HostError::card("upload"))
    }

    fn download(&self, address: u64, bytes: u64) -> Result<Vec<u8>, HostError> {
        let mut buffer = vec![0; bytes as usize];
        self.session.download(address, &mut buffer).map_err(HostError::card("download"))?;
        Ok(buffer)
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
        let room = self
            .session
            .allocate(room_bytes(&programs.step.work)?)
            .map_err(HostError::card("memory"))?;
        let scheduler = Scheduler::new(self.session.config(), self.settings.dataflow)?;
        let compile = |operations: Vec<StepOperation>| -> Result<Step, HostError> {
            let tensors = programs.step.work.tensors.clone();
            let work = StepWork { tensors, operations, ..StepWork::default() };
            Ok(compile_at(&work, room.address(), &scheduler, &|_| {})?)
        };
        let load = |step: &Step| {
            self.session.load(step.program.instructions()).map_err(HostError::card("program"))
        };
        let step = compile(programs.step.work.operations.clone())?;
        let twin = compile(replaced(&programs.step.work, &moved(&io), &moved(&second)))?;
        let timed = |step: &Step, at: &CardProgram| -> Result<(StepCycles, u64), HostError> {
            let (config, memory) = (self.session.config(), &self.settings.memory);
            let timing = time_at(config, &step.program, at.address(), memory, &mut NoObserver)?;
            Ok((StepCycles::of(&timing, &step.program), timing.cycles))
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
        self.timed((Track::Upload, "state", None), || self.upload_state(ready, state))?;
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
        let images = |step| (Track::Upload, "images", Some(step));
        if holds[here] != Some(step) {
            let upload = || self.upload_batch(ready, io, &batch);
            times.upload += self.timed(images(step), upload)?.1;
        }
        let upload = || self.upload_numbers(ready, &numbers);
        times.upload += self.timed((Track::Upload, "numbers", Some(step)), upload)?.1;
        let job: Job = self.session.submit(program).map_err(HostError::card("step"))?;
        let begun = job.started();
        let next = next.filter(|_| self.settings.overlap);
        let fetched = next.map(|next| {
            let upload = || self.upload_batch(ready, &ready.steps[there].1, &next);
            self.timed(images(step + 1), upload)
        });
        // The job is waited for also if the upload failed.
        let report =
            self.session.wait(job, self.settings.deadline).map_err(HostError::card("step"))?;
        times.job = report.wall;
        self.note((Track::Job, "step", Some(step)), begun, report.wall);
        holds = [None; 2];
        if let Some(fetched) = fetched {
            let ((), took) = fetched?;
            holds[there] = Some(step + 1);
            times.upload += took;
            times.overlapped = took.min(report.wall);
        }
        // Others may have another memory.
        let is_model = self.session.info().backend == Backend::InProcess;
        let (cycles, model) = ready.cycles[here];
        if is_model && report.cycles != model {
            let card = report.cycles;
            return Err(HostError::Cycles { what: format!("step {step}"), card, model });
        }
        let download = || self.losses(ready, io.loss, ready.batch);
        let losses = (Track::Download, "losses", Some(step));
        let ((loss, predicted), took) = self.timed(losses, download)?;
        times.download = took;
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
        self.timed((Track::Download, "state", None), || self.download_state(ready, state))?;
        Ok(())
    }

    fn times(&self) -> Option<String> {
        let said = (self.times.steps > 0).then(|| self.times.to_string());
        let info = self.session.info();
        said.map(|said| format!("{}, backend={}, {said}", info.name, info.backend.name()))
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
            let upload = || self.upload_batch(ready, io, &batch);
            self.timed((Track::Upload, "test images", None), upload)?;
            self.run(&ready.evaluation, "test")?;
            let download = || self.losses(ready, io.loss, chunk.len());
            let ((loss, predicted), _) =
                self.timed((Track::Download, "test losses", None), download)?;
            let hits = predicted.iter().zip(&batch.labels).filter(|(found, label)| found == label);
            correct += hits.count();
            loss_sum += f64::from(loss) * chunk.len() as f64;
        }
        let images = samples.len();
        let accuracy = correct as f64 / images as f64;
        Ok(Some(Evaluation { accuracy, loss: loss_sum / images as f64, images }))
    }
}
