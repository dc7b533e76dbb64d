//! Loss scaling (`docs/contract-elementwise.md`, update).

use crate::HostError;
use std::fmt;
use std::str::FromStr;

/// Largest loss scale.
const MAX: f32 = 16_777_216.0;
/// Where the dynamic scale starts.
const DYNAMIC_START: f32 = 65_536.0;
/// Good steps in a row after which the dynamic scale is doubled.
const GOOD_STEPS: u32 = 2_000;

/// How the loss is scaled.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LossScale {
    /// Always by this power of two.
    Static(f32),
    /// By what the gradients allow: from 65,536, halved when a gradient is not finite (that step's update is left
    /// out), doubled after 2,000 good steps in a row, within 1 and 2^24.
    Dynamic,
}

impl LossScale {
    /// Checks a static scale.
    ///
    /// # Errors
    /// [`HostError::Setting`] if it is no power of two from 1 to 2^24.
    pub fn check(self) -> Result<(), HostError> {
        match self {
            Self::Static(scale) if !is_possible(scale) => {
                let accepted = "`dynamic`, or a power of two from 1 to 16777216 such as 1024";
                Err(HostError::setting("loss scale", scale, accepted))
            }
            _ => Ok(()),
        }
    }

    /// The state in which a run starts.
    #[must_use]
    pub const fn start(self) -> LossScaleState {
        let scale = match self {
            Self::Static(scale) => scale,
            Self::Dynamic => DYNAMIC_START,
        };
        LossScaleState { scale, good_steps: 0 }
    }
}

/// True for the powers of two from 1 to 2^24.
fn is_possible(scale: f32) -> bool {
    (1.0..=MAX).contains(&scale) && scale.to_bits() & 0x007F_FFFF == 0
}

impl fmt::Display for LossScale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Static(scale) => scale.fmt(f),
            Self::Dynamic => f.write_str("dynamic"),
        }
    }
}

impl FromStr for LossScale {
    type Err = HostError;

    fn from_str(text: &str) -> Result<Self, HostError> {
        let scale = match text {
            "dynamic" => Self::Dynamic,
            // What is no number is refused like a number that is no power of two.
            _ => Self::Static(text.parse().map_err(|_| {
                let accepted = "`dynamic`, or a power of two from 1 to 16777216 such as 1024";
                HostError::setting("loss scale", format!("{text:?}"), accepted)
            })?),
        };
        scale.check()?;
        Ok(scale)
    }
}

/// The loss scale of the next step.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct LossScaleState {
    /// The scale.
    pub scale: f32,
    /// Good steps since it last changed; counted by the dynamic scale only.
    pub good_steps: u32,
}

impl LossScaleState {
    /// Notes whether all gradients of a dynamic step were finite.
    pub fn note(&mut self, finite: bool) {
        if !finite {
            *self = Self { scale: (self.scale / 2.0).max(1.0), good_steps: 0 };
            return;
        }
        self.good_steps += 1;
        if self.good_steps >= GOOD_STEPS {
            *self = Self { scale: (self.scale * 2.0).min(MAX), good_steps: 0 };
        }
    }

    /// True if `loss_scale` can have led to this state.
    pub(crate) fn belongs_to(&self, loss_scale: LossScale) -> bool {
        match loss_scale {
            LossScale::Static(_) => *self == loss_scale.start(),
            LossScale::Dynamic => is_possible(self.scale) && self.good_steps < GOOD_STEPS,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dynamic_scale_follows_the_contract() {
        let mut state = LossScale::Dynamic.start();
        assert_eq!(state.scale, 65_536.0);
        state.note(false);
        assert_eq!(state, LossScaleState { scale: 32_768.0, good_steps: 0 });
        for _ in 0..1_999 {
            state.note(true);
        }
        assert_eq!(state, LossScaleState { scale: 32_768.0, good_steps: 1_999 });
        state.note(true);
        assert_eq!(state, LossScaleState { scale: 65_536.0, good_steps: 0 });
        (0..1_999).for_each(|_| state.note(true));
        state.note(false);
        assert_eq!(state, LossScaleState { scale: 32_768.0, good_steps: 0 });
        (0..100).for_each(|_| state.note(false));
        assert_eq!(state.scale, 1.0);
        (0..100_000).for_each(|_| state.note(true));
        assert_eq!(state.scale, MAX);
    }

    #[test]
    fn only_powers_of_two_within_the_range_are_scales() {
        for good in ["1", "2", "1024", "16777216", "dynamic"] {
            assert_eq!(good.parse::<LossScale>().unwrap().to_string(), good);
        }
        for bad in ["0", "0.5", "3", "-2", "33554432", "NaN", "inf", "", "auto"] {
            let message = bad.parse::<LossScale>().unwrap_err().to_string();
            assert!(message.contains("power of two"), "{message}");
        }
    }
}
