//! Cycles by stage.

use satkit_plan::{Program, Timing, Work};

/// Simulated cycles since the backend was built, training steps only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct StepCycles {
    /// Forward MAC stages, attention's forward products included.
    pub ff: u64,
    /// Backward MAC stages; of attention, dP and dQ.
    pub bp: u64,
    /// Weight-gradient MAC stages; of attention, dV and dK.
    pub wu: u64,
    /// Updates and the making of compact weights.
    pub update: u64,
    /// Everything elementwise.
    pub elementwise: u64,
}

impl StepCycles {
    /// Those of a step's program, as it was timed.
    #[must_use]
    pub fn of(timing: &Timing, program: &Program) -> Self {
        let of = |work| timing.work_cycles(program.sections(), work);
        Self {
            ff: of(Work::Ff),
            bp: of(Work::Bp),
            wu: of(Work::Wu),
            update: of(Work::Update),
            elementwise: of(Work::Elementwise),
        }
    }

    /// What no MAC stage takes: `update + elementwise`.
    #[must_use]
    pub const fn other(&self) -> u64 {
        self.update.saturating_add(self.elementwise)
    }

    /// All cycles: `ff + bp + wu + other`.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.ff.saturating_add(self.bp).saturating_add(self.wu).saturating_add(self.other())
    }

    /// Field by field, saturating.
    #[must_use]
    pub const fn plus(&self, more: &Self) -> Self {
        Self {
            ff: self.ff.saturating_add(more.ff),
            bp: self.bp.saturating_add(more.bp),
            wu: self.wu.saturating_add(more.wu),
            update: self.update.saturating_add(more.update),
            elementwise: self.elementwise.saturating_add(more.elementwise),
        }
    }

    /// Field by field, saturating: the cycles between two readings.
    #[must_use]
    pub const fn minus(&self, earlier: &Self) -> Self {
        Self {
            ff: self.ff.saturating_sub(earlier.ff),
            bp: self.bp.saturating_sub(earlier.bp),
            wu: self.wu.saturating_sub(earlier.wu),
            update: self.update.saturating_sub(earlier.update),
            elementwise: self.elementwise.saturating_sub(earlier.elementwise),
        }
    }
}
