//! The dynamic loss scale (`docs/contract-elementwise.md`, update).

/// Loss scale that halves when a step overflows and doubles after a long run of good steps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DynamicLossScale {
    scale: f32,
    good_steps: u32,
}

impl DynamicLossScale {
    /// Scale of the first step.
    pub const START: f32 = 65_536.0;
    /// Smallest scale.
    pub const MIN: f32 = 1.0;
    /// Largest scale, 2^24.
    pub const MAX: f32 = 16_777_216.0;
    /// Good steps in a row that double the scale.
    pub const GOOD_STEPS: u32 = 2_000;

    /// The state before the first step.
    #[must_use]
    pub const fn new() -> Self {
        Self { scale: Self::START, good_steps: 0 }
    }

    /// The scale of the coming step, a power of two.
    #[must_use]
    pub const fn scale(&self) -> f32 {
        self.scale
    }

    /// Ends a step: `finite` is true if all its gradients were finite. Returns whether its updates are
    /// applied.
    pub fn end_step(&mut self, finite: bool) -> bool {
        if !finite {
            self.scale = (self.scale / 2.0).max(Self::MIN);
            self.good_steps = 0;
            return false;
        }
        self.good_steps += 1;
        if self.good_steps == Self::GOOD_STEPS {
            self.scale = (self.scale * 2.0).min(Self::MAX);
            self.good_steps = 0;
        }
        true
    }
}

impl Default for DynamicLossScale {
    fn default() -> Self {
        Self::new()
    }
}
