//! When a job's instructions retire: its end, and where the watchdog would fire.

use super::watch::{Fault, FaultKind, Finished, Watch};
use satkit_memory::MemoryModel;
use satkit_plan::{Observer, PlanError, Program, Retired, time_with};
use satkit_spec::ArrayConfig;
use satkit_spec::isa::Instruction;

/// What the timing model says of a program. It holds for every run of it: time does not depend on data.
#[derive(Debug)]
pub(super) struct Schedule {
    end: End,
    instructions: u32,
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
    /// Times a program and tells `watch` how it goes on.
    ///
    /// # Errors
    /// [`FaultKind::Cancelled`] if the host did not want to wait.
    pub(super) fn of(
        config: &ArrayConfig,
        program: &Program,
        dram: &MemoryModel,
        watch: &Watch,
    ) -> Result<Self, Fault> {
        let instructions = program.instructions();
        let mut listener = Listener::new(instructions, watch);
        let timing = time_with(config, program, dram, &mut listener);
        let Listener { ends, retired, cycles, next: oldest, .. } = listener;
        let illegal = |instruction, error: &PlanError| {
            let reason = error.to_string();
            (End::Illegal { instruction, reason, retired, cycles }, usize::MAX)
        };
        let (end, never) = match &timing {
            Ok(timing) => (End::Done { cycles: timing.cycles }, usize::MAX),
            Err(PlanError::Stopped { .. }) => {
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
        let pauses = pauses(instructions, ends, never);
        Ok(Self { end, instructions: instructions.len() as u32, pauses })
    }

    /// What a run comes to with this watchdog; without one, a program that waits for itself waits here.
    pub(super) fn run(&self, watchdog_cycles: u32, watch: &Watch) -> Result<Finished, Fault> {
        if let End::Illegal { instruction, reason, retired, cycles } = &self.end {
            watch.progress(*retired, *cycles);
            let kind = FaultKind::Illegal(reason.clone());
            return Err(Fault { instruction: *instruction, kind });
        }
        let limit = u64::from(watchdog_cycles);
        let fires = self.pauses.iter().find(|pause| limit != 0 && pause.cycles > limit);
        if let Some(pause) = fires {
            watch.progress(pause.retired, pause.start_cycle + limit);
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

/// The pauses that are longer than all before, from the cycle in which each instruction of an engine ends. `never` is the
/// first one that does not.
fn pauses(instructions: &[Instruction], mut ends: Vec<(u64, u32)>, never: usize) -> Vec<Pause> {
    ends.sort_unstable();
    // The sequencer's own instructions before each one.
    let mut kept = Vec::with_capacity(instructions.len() + 1);
    kept.push(0u32);
    for instruction in instructions {
        let own = u32::from(instruction.operation.engine().is_none());
        kept.push(kept[kept.len() - 1] + own);
    }
    let mut oldest = vec![never; ends.len() + 1];
    for (at, &(_, index)) in ends.iter().enumerate().rev() {
        oldest[at] = oldest[at + 1].min(index as usize);
    }
    let mut found: Vec<Pause> = Vec::new();
    let mut note = |at: usize, start_cycle: u64, cycles: u64| {
        if found.last().is_none_or(|last| cycles > last.cycles) {
            let oldest = oldest[at];
            let retired = at as u32 + kept[oldest.min(instructions.len())];
            found.push(Pause { start_cycle, cycles, retired, oldest });
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
    instructions: &'a [Instruction],
    watch: &'a Watch,
    ends: Vec<(u64, u32)>,
    /// Instructions that have retired; those that the sequencer keeps do so when they are fetched.
    retired: u32,
    cycles: u64,
    /// Instructions before this one are counted if the sequencer keeps them.
    next: usize,
}

impl<'a> Listener<'a> {
    const fn new(instructions: &'a [Instruction], watch: &'a Watch) -> Self {
        Self { instructions, watch, ends: Vec::new(), retired: 0, cycles: 0, next: 0 }
    }
}

impl Observer for Listener<'_> {
    fn retired(&mut self, retired: &Retired) {
        self.ends.push((retired.end_cycle, retired.index as u32));
        if let Some(fetched) = self.instructions.get(self.next..retired.index) {
            let kept = fetched.iter().filter(|kept| kept.operation.engine().is_none());
            self.retired += kept.count() as u32;
            self.next = retired.index;
        }
        self.retired += 1;
        self.cycles = self.cycles.max(retired.end_cycle);
        self.watch.progress(self.retired, self.cycles);
    }

    fn stops(&self) -> bool {
        self.watch.cancelled()
    }
}
