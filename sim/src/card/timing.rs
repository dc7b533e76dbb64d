//! When a job's instructions retire: its end, and where the watchdog would fire.

use super::asked::Asked;
use super::memory::CardMemory;
use super::watch::{Fault, FaultKind, Finished, Watch};
use satkit_memory::{MemoryModel, Ports, Request, Told, Transfer};
use satkit_plan::{Observer, PlanError, Program, Retired, time};
use satkit_spec::ArrayConfig;

/// What the timing model says of a program. It holds for every run of it: time does not depend on data.
#[derive(Debug)]
pub(super) struct Schedule {
    end: End,
    instructions: u32,
    /// What it asks for.
    asked: Asked,
    /// Waits for the next instruction to retire, each longer than those before it.
    pauses: Vec<Pause>,
}

#[derive(Debug)]
enum End {
    Done {
        cycles: u64,
    },
    /// The last pause never ends.
    Never,
    Illegal {
        instruction: usize,
        reason: String,
        retired: u32,
        cycles: u64,
    },
}

/// A time in which nothing retires.
#[derive(Debug)]
struct Pause {
    start_cycle: u64,
    cycles: u64,
    /// Instructions that had retired.
    retired: u32,
    /// The first that had not.
    oldest: usize,
}

impl Schedule {
    /// Times a program that lies at byte `address` of card memory, and tells `watch` how it goes on.
    ///
    /// # Errors
    /// [`FaultKind::Cancelled`] if the host did not want to wait.
    pub(super) fn of(
        config: &ArrayConfig,
        program: &Program,
        address: u64,
        dram: &MemoryModel,
        watch: &Watch,
    ) -> Result<Self, Fault> {
        let (mut listener, mut asked) = (Listener::new(watch), Asked::default());
        let memory = dram.build(&Ports::from(config)).map_err(PlanError::from);
        let timing = memory.and_then(|memory| {
            let mut memory =
                Told::new(memory, |request: &Request, _: &Transfer| asked.note(request));
            time(config, program, address, &mut memory, &mut listener)
        });
        let Listener { ends, cycles, .. } = listener;
        let retired = ends.len() as u32;
        let illegal = |instruction, error: &PlanError| {
            let reason = error.to_string();
            (End::Illegal { instruction, reason, retired, cycles }, usize::MAX)
        };
        let (end, never) = match &timing {
            Ok(timing) => (End::Done { cycles: timing.cycles }, usize::MAX),
            Err(PlanError::Stopped { .. }) => {
                let oldest = oldest(&ends);
                return Err(Fault { instruction: oldest, kind: FaultKind::Cancelled });
            }
            Err(PlanError::Deadlock { index, .. }) => (End::Never, *index),
            Err(
                error @ (PlanError::WrongSemaphore { index, .. }
                | PlanError::Instruction { index, .. }
                | PlanError::NoGeometry { index, .. }
                | PlanError::BankOverflow { index, .. }),
            ) => illegal(*index, error),
            Err(error) => illegal(0, error),
        };
        let pauses = pauses(ends, never);
        Ok(Self { end, instructions: program.instructions().len() as u32, asked, pauses })
    }

    /// The pause in which this watchdog fires, and the cycle.
    fn fires(&self, watchdog_cycles: u32) -> Option<(&Pause, u64)> {
        let limit = u64::from(watchdog_cycles);
        let pause = self.pauses.iter().find(|pause| limit != 0 && pause.cycles > limit)?;
        Some((pause, pause.start_cycle + limit))
    }

    /// The cycle in which this watchdog fires, if it does.
    pub(super) fn watchdog_cycle(&self, watchdog_cycles: u32) -> Option<u64> {
        self.fires(watchdog_cycles).map(|(_, cycle)| cycle)
    }

    /// True if all that the program asks for can be read in this memory before it begins.
    pub(super) fn is_there(&self, memory: &CardMemory) -> bool {
        self.asked.is_in(memory)
    }

    /// What a run comes to with this watchdog; without one, a program that waits for itself waits here.
    pub(super) fn run(&self, watchdog_cycles: u32, watch: &Watch) -> Result<Finished, Fault> {
        if let End::Illegal { instruction, reason, retired, cycles } = &self.end {
            watch.progress(*retired, *cycles);
            let kind = FaultKind::Illegal(reason.clone());
            return Err(Fault { instruction: *instruction, kind });
        }
        if let Some((pause, cycle)) = self.fires(watchdog_cycles) {
            watch.progress(pause.retired, cycle);
            return Err(Fault { instruction: pause.oldest, kind: FaultKind::Watchdog });
        }
        if let End::Done { cycles } = self.end {
            watch.progress(self.instructions, cycles);
            return Ok(Finished { cycles, retired: self.instructions, not_finite: false });
        }
        let oldest = self.pauses.last().map_or(0, |pause| {
            watch.progress(pause.retired, pause.start_cycle);
            pause.oldest
        });
        watch.hang();
        Err(Fault { instruction: oldest, kind: FaultKind::Cancelled })
    }
}

/// The first instruction that has not ended.
fn oldest(ends: &[(u64, u32)]) -> usize {
    let mut ended: Vec<u32> = ends.iter().map(|&(_, index)| index).collect();
    ended.sort_unstable();
    (0..).zip(&ended).take_while(|&(at, &index)| at == index).count()
}

/// The pauses that are longer than all before, from the cycle in which each instruction ends. `never` is the first one that
/// does not.
fn pauses(mut ends: Vec<(u64, u32)>, never: usize) -> Vec<Pause> {
    ends.sort_unstable();
    let mut oldest = vec![never; ends.len() + 1];
    for (at, &(_, index)) in ends.iter().enumerate().rev() {
        oldest[at] = oldest[at + 1].min(index as usize);
    }
    let mut found: Vec<Pause> = Vec::new();
    let mut note = |at: usize, start_cycle: u64, cycles: u64| {
        if found.last().is_none_or(|last| cycles > last.cycles) {
            found.push(Pause { start_cycle, cycles, retired: at as u32, oldest: oldest[at] });
        }
    };
    let mut last = 0;
    for (at, &(end, _)) in ends.iter().enumerate() {
        note(at, last, end - last);
        last = end;
    }
    if never != usize::MAX {
        note(ends.len(), last, u64::MAX);
    }
    found
}

/// Takes down when instructions end, and tells the watch.
struct Listener<'a> {
    watch: &'a Watch,
    /// Kept instructions end in the cycle after their dispatch.
    ends: Vec<(u64, u32)>,
    cycles: u64,
}

impl<'a> Listener<'a> {
    const fn new(watch: &'a Watch) -> Self {
        Self { watch, ends: Vec::new(), cycles: 0 }
    }

    fn end(&mut self, index: usize, cycle: u64) {
        self.ends.push((cycle, index as u32));
        self.cycles = self.cycles.max(cycle);
        self.watch.progress(self.ends.len() as u32, self.cycles);
    }
}

impl Observer for Listener<'_> {
    fn retired(&mut self, retired: &Retired) {
        self.end(retired.index, retired.end_cycle);
    }

    fn kept(&mut self, index: usize, cycle: u64) {
        self.end(index, cycle + 1);
    }

    fn stops(&self) -> bool {
        self.watch.cancelled()
    }
}
