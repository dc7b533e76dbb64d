//! Loads looked at ahead of time, on a second thread.
//!
//! With a memory that is not paged, all that a load needs of its traffic is the number of its beats, which follows from the
//! program alone. A second thread checks the loads and counts their beats in program order, while the first runs the
//! engines; what is not there in time, the first thread does itself, with the same result.

use super::check;
use super::sequencer::Sequencer;
use crate::traffic::{self, Requests};
use satkit_spec::ArrayConfig;
use satkit_spec::isa::{Instruction, Operation};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

/// Shorter programs are done before a thread is.
const LEAST_INSTRUCTIONS: usize = 50_000;

/// Beats of loads that are known to be possible.
pub(super) struct Ahead {
    /// Beats and one more of each instruction; 0 is not known.
    beats: Vec<AtomicU32>,
    stop: AtomicBool,
}

impl Ahead {
    /// Room for a program's loads, if looking ahead pays.
    pub(super) fn of(instructions: &[Instruction], paged: bool) -> Option<Self> {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        if paged || threads < 2 || instructions.len() < LEAST_INSTRUCTIONS {
            return None;
        }
        let beats = instructions.iter().map(|_| AtomicU32::new(0)).collect();
        Some(Self { beats, stop: AtomicBool::new(false) })
    }

    /// Beats of a load that has been checked.
    pub(super) fn beats(&self, index: usize) -> Option<u32> {
        self.beats.get(index)?.load(Ordering::Relaxed).checked_sub(1)
    }

    /// Ends the second thread's work.
    pub(super) fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// The second thread: goes through the program up to the first instruction that is not possible.
    pub(super) fn look(&self, config: &ArrayConfig, instructions: &[Instruction]) {
        let mut sequencer = Sequencer::new();
        let mut requests = Requests::new(false);
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
                    if let Operation::LoadActivations(load) = &instruction.operation {
                        traffic::load_activations(space, operands, load, &mut requests);
                    } else if let Operation::LoadWeights(load) = &instruction.operation {
                        traffic::load_weights(space, operands, load, config.cols, &mut requests);
                    }
                    let Ok(beats) = u32::try_from(requests.beats() + 1) else { return };
                    self.beats[index].store(beats, Ordering::Relaxed);
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
            beats: program.instructions().iter().map(|_| Default::default()).collect(),
            stop: false.into(),
        };
        ahead.look(&config, program.instructions());
        let known = (0..program.instructions().len()).filter(|&i| ahead.beats(i).is_some());
        assert!(known.count() > 10_000);
        let looked =
            run(&config, &program, 0, Some(&ahead), &mut memory(), &mut NoObserver).unwrap();
        assert_eq!(looked, alone);
    }
}
