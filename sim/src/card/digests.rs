//! What each instruction of a job has written.

use super::memory::CardMemory;
use satkit_plan::{Program, written};
use satkit_spec::ArrayConfig;
use std::ops::Range;

/// The digests of a job's instructions, taken as their values are there.
pub(super) struct Digests {
    written: Vec<Vec<Range<u64>>>,
    digests: Vec<u64>,
}

impl Digests {
    pub(super) fn of(config: &ArrayConfig, program: &Program) -> Self {
        let written = written(config, program);
        Self { digests: vec![0; written.len()], written }
    }

    /// All that instruction `index` writes is in `memory`.
    pub(super) fn take(&mut self, memory: &CardMemory, index: usize) {
        if !self.written[index].is_empty() {
            self.digests[index] = memory.digest(&self.written[index]);
        }
    }

    pub(super) fn finish(self) -> Vec<u64> {
        self.digests
    }
}
