//! Executing the program of a MAC stage on the core.

use super::{Core, Event, Operands};
use crate::RtlError;
use satkit_memory::MemoryModel;
use satkit_plan::{
    BankLayout, Issued, MacStage, Observer, Program, Retired, Rows, TileSpace, time_with,
};
use satkit_spec::isa::{
    Engine, Instruction, LoadActivations, LoadWeights, MatMul, Operation, Semaphore, Word,
};
use satkit_spec::{Dataflow, Stage};
use std::collections::VecDeque;

/// When one MM ran on the core, in cycles from the program's start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MmCycles {
    /// Index in the program.
    pub index: usize,
    /// First slot.
    pub start_cycle: u64,
    /// The array is free.
    pub end_cycle: u64,
    /// First cycle in which a store may take its outputs: those of the first array row, or the first row streamed. The
    /// end if it does not drain.
    pub first_out_cycle: u64,
    /// First cycle after its last output; the end if it does not drain.
    pub drained_cycle: u64,
    /// First cycle in which the halves of the banks that it read may be filled again.
    pub read_cycle: u64,
    /// It retires: MMs do so in order, one per cycle.
    pub retire_cycle: u64,
}

/// A stage that the core executed.
#[derive(Clone, Debug)]
pub struct StageRun {
    /// FP32 bits before rounding, NCHW (FF, BP) or OIHW (WU).
    pub values: Vec<u32>,
    /// Cycles of each MM.
    pub mms: Vec<MmCycles>,
    /// K slots of all outputs of a USPE, over all MMs: what the core's MAC counter has to go up by.
    pub mac_slots: u64,
    /// Cycles in which MMs had the array: what the core's busy counter has to go up by.
    pub busy_cycles: u64,
    /// Cycles of the program, from the timing model.
    pub cycles: u64,
    /// Useful MACs of the program.
    pub useful_macs: u64,
}

/// What the timing model says of each instruction.
#[derive(Default)]
struct Expected {
    issued: Vec<Issued>,
    retired: Vec<Retired>,
}

impl Observer for Expected {
    fn issued(&mut self, issued: &Issued) {
        self.issued.push(*issued);
    }

    fn retired(&mut self, retired: &Retired) {
        if retired.engine == Engine::Mm {
            self.retired.push(*retired);
        }
    }
}

/// One MM, ready to be handed over.
struct Job {
    index: usize,
    space: TileSpace,
    mm: MatMul,
    /// Instructions before it.
    words: Vec<Word>,
    word: Word,
    activations: Option<BankLayout>,
    weights: Option<LoadWeights>,
    queued_cycle: u64,
    tokens_cycle: u64,
}

impl Job {
    /// Values of each column that it drains.
    fn beats(&self, rows: usize) -> usize {
        match (self.mm.drain, self.space.dataflow) {
            (false, _) => 0,
            (_, Dataflow::WeightStationary) => self.mm.rows as usize,
            (_, Dataflow::OutputStationary) => rows * self.interleave(),
        }
    }

    fn interleave(&self) -> usize {
        usize::from(self.mm.ip) * usize::from(self.mm.iq)
    }
}

/// What the core has said of its MMs, with the cycles.
#[derive(Default)]
struct Heard {
    starts: Vec<u64>,
    ends: Vec<u64>,
    first_outs: Vec<u64>,
    reads: Vec<u64>,
    retires: Vec<u64>,
    /// A value of each column.
    drains: Vec<(u64, Vec<u32>)>,
    /// All of these.
    events: usize,
}

impl Heard {
    fn note(&mut self, cycle: u64, event: Event) {
        self.events += 1;
        match event {
            Event::Start => self.starts.push(cycle),
            Event::End => self.ends.push(cycle),
            Event::FirstOut => self.first_outs.push(cycle),
            Event::Read => self.reads.push(cycle),
            Event::Retire => self.retires.push(cycle),
            Event::Drain(words) => self.drains.push((cycle, words)),
        }
    }

    /// All of `mms` MMs are done, and the array has handed out `beats`.
    fn is_all(&self, mms: usize, beats: usize) -> bool {
        let each = [&self.starts, &self.ends, &self.reads, &self.retires];
        each.iter().all(|cycles| cycles.len() >= mms) && self.drains.len() >= beats
    }
}

fn refuse(index: usize, instruction: &Instruction, reason: String) -> RtlError {
    RtlError::Program { index, instruction: instruction.to_string(), reason }
}

impl Core {
    /// Executes the program of `stage` with values. Loads, stores and semaphores are the timing model's on `memory`; it says
    /// from which cycle each MM may start. When it does and what comes of it is the core's.
    ///
    /// # Errors
    /// [`RtlError::Plan`] if the program has no timing, [`RtlError::Program`] if it does what the core cannot,
    /// [`RtlError::Differs`] naming the first instruction whose cycles differ from the timing model's, [`RtlError::Counter`]
    /// if the core has not counted the program's slots: then the values are not its own.
    pub fn execute(
        &mut self,
        stage: &MacStage,
        program: &Program,
        memory: &MemoryModel,
        operands: &Operands,
    ) -> Result<StageRun, RtlError> {
        let mut expected = Expected::default();
        let timing = time_with(&self.config, program, memory, &mut expected)?;
        let jobs = self.jobs(program.instructions(), &expected)?;
        let before = self.counters();
        let (mms, beats) = self.run_jobs(&jobs, stage, operands)?;
        for (mm, (retired, issued)) in mms.iter().zip(expected.retired.iter().zip(&expected.issued))
        {
            let modelled = MmCycles {
                index: retired.index,
                start_cycle: retired.start_cycle,
                end_cycle: retired.released_cycle,
                first_out_cycle: issued.first_out_cycle,
                drained_cycle: issued.drained_cycle,
                read_cycle: issued.read_cycle,
                retire_cycle: retired.end_cycle,
            };
            if *mm != modelled {
                return Err(RtlError::Differs {
                    instruction: program.instructions()[mm.index].to_string(),
                    rtl: Box::new(*mm),
                    model: Box::new(modelled),
                });
            }
        }
        let values = collect(&self.config, stage, &jobs, beats);
        let slots = |job: &Job| match job.space.dataflow {
            Dataflow::OutputStationary => u64::from(job.mm.slots) * job.interleave() as u64,
            // The last row multiplies if the pass has a slot for it.
            Dataflow::WeightStationary if job.mm.slots as usize == self.config.rows => {
                u64::from(job.mm.rows)
            }
            Dataflow::WeightStationary => 0,
        };
        let mac_slots = jobs.iter().map(slots).sum();
        let busy_cycles = mms.iter().map(|mm| mm.end_cycle - mm.start_cycle).sum();
        let after = self.counters();
        for (counter, rtl, expected) in [
            ("MAC slots", after.mac_slots - before.mac_slots, mac_slots),
            ("busy cycles", after.busy_cycles - before.busy_cycles, busy_cycles),
        ] {
            if rtl != expected {
                return Err(RtlError::Counter { counter, rtl, expected });
            }
        }
        Ok(StageRun {
            values,
            mac_slots,
            busy_cycles,
            mms,
            cycles: timing.cycles,
            useful_macs: timing.useful_macs,
        })
    }

    /// The MMs of a program with what each needs.
    fn jobs(
        &self,
        instructions: &[Instruction],
        expected: &Expected,
    ) -> Result<Vec<Job>, RtlError> {
        let (mut space, mut geometry) = (None, None);
        let mut loads_a: VecDeque<LoadActivations> = VecDeque::new();
        let mut loads_w: VecDeque<LoadWeights> = VecDeque::new();
        let mut held: Option<LoadActivations> = None;
        let mut held_w: Option<LoadWeights> = None;
        let mut walks = Vec::new();
        let mut jobs = Vec::new();
        for (index, instruction) in instructions.iter().enumerate() {
            let say = |reason: String| refuse(index, instruction, reason);
            match &instruction.operation {
                Operation::Geometry(given) => {
                    space = Some(TileSpace::read(given).map_err(say)?);
                    geometry = Some(*instruction);
                }
                Operation::Walk(_) => walks.push(*instruction),
                Operation::LoadActivations(load) => loads_a.push_back(*load),
                Operation::LoadWeights(load) => loads_w.push_back(*load),
                Operation::MatMul(mm) => {
                    let space: TileSpace =
                        space.ok_or_else(|| say("it comes before any GEOMETRY".into()))?;
                    let takes = |semaphore| instruction.wait.contains(semaphore);
                    let mut words = Vec::new();
                    let encode = |instruction: &Instruction| {
                        instruction.encode().map_err(|error| say(error.to_string()))
                    };
                    if let Some(geometry) = geometry.take() {
                        words.push(encode(&geometry)?);
                    }
                    let mut activations = None;
                    if takes(Semaphore::ActivationsFull) {
                        let load = loads_a
                            .pop_front()
                            .ok_or_else(|| say("it waits for a load that is not there".into()))?;
                        let range = |base: u32, len: u32| base as usize..(base + len) as usize;
                        let layout = BankLayout::new(
                            &self.config,
                            &space,
                            range(load.row_base, load.rows),
                            range(load.slot_base, load.slots),
                        )
                        .map_err(say)?;
                        activations = Some(layout);
                        held = Some(load);
                    }
                    let weights = if takes(Semaphore::WeightsFull) {
                        held_w = loads_w.pop_front();
                        held_w
                    } else {
                        None
                    };
                    for walk in walks.drain(..) {
                        words.push(encode(&walk)?);
                    }
                    if mm.slots > 0 {
                        let load =
                            held.ok_or_else(|| say("there are no activations for it".into()))?;
                        let same = |a: [u32; 4], b: [u32; 4]| a == b;
                        let weights_fit = held_w.is_some_and(|load| {
                            same(
                                [load.col_base, load.cols, load.slot_base, load.slots],
                                [mm.col_base, mm.cols, mm.slot_base, mm.slots],
                            )
                        });
                        let activations_fit = same(
                            [load.row_base, load.rows, load.slot_base, load.slots],
                            [mm.row_base, mm.rows, mm.slot_base, mm.slots],
                        );
                        if !weights_fit || !activations_fit {
                            return Err(say("it takes another chunk than was loaded".into()));
                        }
                    }
                    let issued = expected.issued[jobs.len()];
                    jobs.push(Job {
                        index,
                        space,
                        mm: *mm,
                        words,
                        word: encode(instruction)?,
                        activations,
                        weights,
                        queued_cycle: issued.queued_cycle,
                        tokens_cycle: issued.tokens_cycle,
                    });
                }
                _ => {}
            }
        }
        Ok(jobs)
    }

    /// Runs all MMs; gives their cycles and, in order, what left the array.
    fn run_jobs(
        &mut self,
        jobs: &[Job],
        stage: &MacStage,
        operands: &Operands,
    ) -> Result<(Vec<MmCycles>, Vec<Vec<u32>>), RtlError> {
        /// Cycles without anything after which the core is taken to hang.
        const PATIENCE: u64 = 1 << 17;
        /// Cycles in which the array runs dry, beyond its own timing.
        const REST: u64 = 64;
        let base = self.now;
        let mut heard = Heard::default();
        let all_beats: usize = jobs.iter().map(|job| job.beats(self.config.rows)).sum();
        let (mut feeding, mut fed, mut filled) = (0, 0, 0);
        let mut quiet = 0;
        while !heard.is_all(jobs.len(), all_beats) {
            let now = self.now - base;
            let head = heard.starts.len();
            // Once the last has begun nothing stops the clock but its end.
            let mut until = now + if head < jobs.len() { PATIENCE } else { REST };
            // The MM at the head has what it waits for: its chunks are in the banks.
            let mut go = false;
            if let Some(job) = jobs.get(head) {
                go = now >= job.tokens_cycle;
                if go && filled == head {
                    self.fill(job, stage, operands);
                    filled += 1;
                }
                if !go {
                    until = until.min(job.tokens_cycle);
                }
            }
            self.go(go);
            let word = jobs.get(feeding).and_then(|job| match job.words.get(fed) {
                Some(word) => Some(word),
                None if now >= job.queued_cycle => Some(&job.word),
                None => {
                    until = until.min(job.queued_cycle);
                    None
                }
            });
            let taken = self.offer(word);
            if taken {
                until = now + 1;
            } else if word.is_some() {
                until = until.min(now + REST);
            }
            let before = heard.events;
            self.advance(until - now, true, |cycle, event| heard.note(cycle - base, event));
            if taken {
                fed += 1;
                if fed > jobs[feeding].words.len() {
                    (feeding, fed) = (feeding + 1, 0);
                }
            }
            quiet = match before == heard.events {
                true => quiet + (self.now - base - now),
                false => 0,
            };
            if quiet > PATIENCE {
                return Err(RtlError::Hangs { index: jobs[head.min(jobs.len() - 1)].index });
            }
        }
        self.go(false);
        self.offer(None);
        let dry = self.config.rows * self.config.adder_latency_cycles;
        let before = heard.events;
        self.advance(dry as u64 + REST, false, |cycle, event| heard.note(cycle - base, event));
        if heard.events > before {
            return Err(RtlError::Surplus { events: heard.events - before });
        }
        let Heard { starts, ends, drains, first_outs, reads, retires, .. } = heard;
        let mut first_outs = first_outs.into_iter();
        let mut at = 0;
        let cycles = jobs.iter().enumerate().map(|(nth, job)| {
            let beats = job.beats(self.config.rows);
            let own: &[(u64, Vec<u32>)] = &drains[at..at + beats];
            at += beats;
            let end = ends[nth];
            // Pulses come in the cycle before.
            let first_out = own.first().and_then(|_| first_outs.next());
            MmCycles {
                index: job.index,
                start_cycle: starts[nth],
                end_cycle: end,
                first_out_cycle: first_out.map_or(end, |cycle| cycle + 1),
                drained_cycle: own.last().map_or(end, |beat| (beat.0 + 1).max(end)),
                read_cycle: reads[nth] + 1,
                retire_cycle: retires[nth] + 1,
            }
        });
        let cycles = cycles.collect();
        Ok((cycles, drains.into_iter().map(|(_, words)| words).collect()))
    }

    /// Puts the chunks that an MM takes into the banks.
    fn fill(&mut self, job: &Job, stage: &MacStage, operands: &Operands) {
        if let Some(layout) = &job.activations {
            let half = self.halves[0];
            self.halves[0] = !half;
            let value = |source| operands.activation(&stage.shape, source);
            self.fill_activations(half, &job.space, layout, value);
        }
        if let Some(load) = job.weights {
            let half = self.halves[1];
            self.halves[1] = !half;
            let cols = self.config.cols;
            let iq = match job.space.dataflow {
                Dataflow::OutputStationary => (load.cols as usize).div_ceil(cols),
                Dataflow::WeightStationary => 1,
            };
            let problem = job.space.problem;
            self.fill_weights(half, load.slots as usize * iq, |column, entry| {
                let col = entry % iq * cols + column;
                let slot = load.slot_base as usize + entry / iq;
                (col < load.cols as usize)
                    .then(|| operands.weight(&problem, slot, load.col_base as usize + col))
            });
        }
    }
}

/// Puts what left the array where the stage's result has it.
fn collect(
    config: &satkit_spec::ArrayConfig,
    stage: &MacStage,
    jobs: &[Job],
    beats: Vec<Vec<u32>>,
) -> Vec<u32> {
    let shape = &stage.shape;
    let len = match stage.stage {
        Stage::Ff => shape.y_len(),
        Stage::Bp => shape.x_len(),
        Stage::Wu => shape.w_len(),
    };
    let mut values = vec![0; len];
    let mut beats = beats.into_iter();
    for job in jobs.iter().filter(|job| job.mm.drain) {
        let problem = &job.space.problem;
        let place = |row: usize, col: usize| match (stage.stage, problem.phase) {
            (Stage::Ff, _) => {
                let pixels = shape.out_h() * shape.out_w();
                (row / pixels * shape.co + col) * pixels + row % pixels
            }
            (Stage::Bp, Some(phase)) => {
                let (image, inside) = (row / phase.pixels(), row % phase.pixels());
                let y = phase.first_ih + inside / phase.cols * shape.stride;
                let x = phase.first_iw + inside % phase.cols * shape.stride;
                ((image * shape.ci + col) * shape.h + y) * shape.w + x
            }
            _ => (col * shape.ci + row % shape.ci) * shape.taps() + row / shape.ci,
        };
        let mut put = |row: usize, first_col: usize, beat: &[u32]| {
            for (column, &value) in beat.iter().enumerate() {
                let col = first_col + column;
                if col < (job.mm.col_base + job.mm.cols) as usize {
                    values[place(row, col)] = value;
                }
            }
        };
        let (row_base, rows) = (job.mm.row_base as usize, job.mm.rows as usize);
        let col_base = job.mm.col_base as usize;
        let one = |row: usize| {
            let mut found = None;
            job.space.problem_rows(row, 1, |rows| found = Some(rows.start));
            found
        };
        match (job.space.dataflow, job.space.rows) {
            (Dataflow::WeightStationary, _) => {
                for (at, beat) in beats.by_ref().take(rows).enumerate() {
                    if let Some(row) = one(row_base + at) {
                        put(row, col_base, &beat);
                    }
                }
            }
            (Dataflow::OutputStationary, kind) => {
                let ip = usize::from(job.mm.ip);
                let interleave = job.interleave();
                for at in 0..config.rows * interleave {
                    let Some(beat) = beats.next() else { return values };
                    let (array_row, place) = (at / interleave, at % interleave);
                    let first_col = col_base + place / ip * config.cols;
                    let output = place % ip;
                    let row = match kind {
                        Rows::Patches(grid) if array_row < rows => {
                            let mut pixel = None;
                            let (y, x) = (output / grid.patch_w, output % grid.patch_w);
                            let mut line = 0;
                            job.space.problem_rows(row_base + array_row, 1, |range| {
                                if line == y && x < range.len() {
                                    pixel = Some(range.start + x);
                                }
                                line += 1;
                            });
                            pixel
                        }
                        Rows::WeightRows { .. } => {
                            let own = output * config.rows + array_row;
                            (own < rows).then(|| one(row_base + own)).flatten()
                        }
                        Rows::Patches(_) => None,
                    };
                    if let Some(row) = row {
                        put(row, first_col, &beat);
                    }
                }
            }
        }
    }
    values
}
