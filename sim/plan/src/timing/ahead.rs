//! Loads looked at ahead of time, on a second thread.
//!
//! With a memory that is not paged, all that a load needs of its traffic is the number of its beats, which follows from the
//! program alone. A second thread checks the loads and counts their beats in program order, while the first runs the
//! engines; what is not there in time, the first thread does itself, with the same result.

use super::check;
use super::sequencer::Sequencer;
use crate::traffic::{self, RequestSteps, Requests, Steps};
use satkit_spec::ArrayConfig;
use satkit_spec::isa::{Instruction, Operation};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Shorter programs are done before a thread is.
const LEAST_INSTRUCTIONS: usize = 50_000;

/// What a load takes that is known to be possible.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) beats: u32,
    pub(super) steps: RequestSteps,
}

/// Bits of a [`Known`]'s beats, and of all of its steps, in one word; its last steps have what is left.
const COUNT_BITS: u32 = 28;

impl Known {
    /// It and one more, so that 0 is nothing known; `None` if it has no room.
    fn pack(beats: u64, steps: RequestSteps) -> Option<u64> {
        let (all, last) = (u64::from(steps.all), u64::from(steps.last));
        let fits = beats + 1 < 1 << COUNT_BITS && all < 1 << COUNT_BITS && last < 1 << 8;
        fits.then(|| (beats + 1) | (all << COUNT_BITS) | (last << (2 * COUNT_BITS)))
    }

    fn unpack(word: u64) -> Option<Self> {
        let count = |at: u32| (word >> at & ((1 << COUNT_BITS) - 1)) as u32;
        let steps =
            RequestSteps { all: count(COUNT_BITS), last: (word >> (2 * COUNT_BITS)) as u32 };
        Some(Self { beats: count(0).checked_sub(1)?, steps })
    }
}

/// Loads that are known to be possible.
pub(super) struct Ahead {
    /// [`Known`] of each instruction; 0 is not known.
    loads: Vec<AtomicU64>,
    stop: AtomicBool,
}

impl Ahead {
    /// Room for a program's loads, if looking ahead pays.
    pub(super) fn of(instructions: &[Instruction], paged: bool) -> Option<Self> {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        if paged || threads < 2 || instructions.len() < LEAST_INSTRUCTIONS {
            return None;
        }
        let loads = instructions.iter().map(|_| AtomicU64::new(0)).collect();
        Some(Self { loads, stop: AtomicBool::new(false) })
    }

    /// What is known of a load that has been checked.
    pub(super) fn known(&self, index: usize) -> Option<Known> {
        Known::unpack(self.loads.get(index)?.load(Ordering::Relaxed))
    }

    /// Ends the second thread's work.
    pub(super) fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// The second thread: goes through the program up to the first instruction that is not possible.
    pub(super) fn look(&self, config: &ArrayConfig, instructions: &[Instruction]) {
        let mut sequencer = Sequencer::new(false);
        let mut requests = Requests::new(false);
        let mut steps = Steps::default();
        for (index, instruction) in instructions.iter().enumerate() {
            if self.stop.load(Ordering::Relaxed) {
                return;
            }
            match &instruction.operation {
                Operation::LoadActivations(_) | Operation::LoadWeights(_) => {
                    let Ok(context) = sequencer.checked(config, index, instruction) else { return };
                    let (Some(space), Some(operands)) = (&context.space, &context.operands) else {
                        return;
                    };
                    requests.clear();
                    steps.clear();
                    if let Operation::LoadActivations(load) = &instruction.operation {
                        let rows = config.rows;
                        traffic::load_activations(
                            space,
                            operands,
                            load,
                            rows,
                            &mut requests,
                            &mut steps,
                        );
                    } else if let Operation::LoadWeights(load) = &instruction.operation {
                        let cols = config.cols;
                        traffic::load_weights(
                            space,
                            operands,
                            load,
                            cols,
                            &mut requests,
                            &mut steps,
                        );
                    }
                    let beats = requests.beats();
                    let Ok(of_all) = u32::try_from(beats) else { return };
                    let Some(known) = Known::pack(beats, steps.of(0, of_all)) else { return };
                    self.loads[index].store(known, Ordering::Relaxed);
                }
                operation if operation.engine().is_some() => {}
                operation => {
                    let set = sequencer.set(operation).is_ok();
                    if !set || check::no_semaphores(index, instruction).is_err() {
                        return;
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Ahead;
    use crate::mapping::{Mapping, Order, OsMapping};
    use crate::plan::plan_mapped;
    use crate::problem::MacStage;
    use crate::timing::{NoObserver, run, time};
    use satkit_memory::{MemoryModel, Ports};
    use satkit_spec::{ArrayConfig, ConvShape, Sparsity, Stage};

    #[test]
    fn looking_ahead_changes_no_cycle() {
        let config = ArrayConfig::tiny();
        let shape = ConvShape::new(8, 16, (16, 16), 64, (3, 3), 1, 1).unwrap();
        let stage = MacStage::new(shape, Stage::Ff, Sparsity::new(2, 8).unwrap()).unwrap();
        let one = OsMapping { patch_h: 1, patch_w: 1, iq: 1, chunk_slots: 12, order: Order::Rows };
        let program = plan_mapped(&config, stage, &[Mapping::Os(one)]).unwrap().program;
        let memory = || MemoryModel::default().build(&Ports::from(&config)).unwrap();
        let alone = run(&config, &program, 0, None, &mut memory(), &mut NoObserver).unwrap();
        assert_eq!(time(&config, &program, 0, &mut memory(), &mut NoObserver).unwrap(), alone);
        // Known from the start, all loads are taken from the second thread.
        let ahead = Ahead {
            loads: program.instructions().iter().map(|_| Default::default()).collect(),
            stop: false.into(),
        };
        ahead.look(&config, program.instructions());
        let known = (0..program.instructions().len()).filter(|&i| ahead.known(i).is_some());
        assert!(known.count() > 10_000);
        let looked =
            run(&config, &program, 0, Some(&ahead), &mut memory(), &mut NoObserver).unwrap();
        assert_eq!(looked, alone);
    }
}
