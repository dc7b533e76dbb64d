//! The update unit: WUVE's lanes and SORE behind them, so that an update makes the next step's operand weights.
//!
//! One beat of `wuve_lanes` weights is taken per cycle, without end, whatever the settings. Weights come in groups: M x M blocks
//! row by row, rows along the input channels, if both FF and BP are pruned; groups of M one after another if one is; in any
//! order if none is. A last beat may be partial: its values are in the low lanes.
//!
//! | ports | meaning |
//! |---|---|
//! | `clock`, `reset` | `reset` empties everything and zeroes the counters |
//! | `prune_only` | FP16 weights from `half` are pruned (instruction SORE) instead of `w`, `v`, `dw` updated |
//! | `skip` | W and V leave as they came; pruned forms are still made |
//! | `srste` | `lambda` decays the weights that N:M along Ci prunes before the update |
//! | `make_ff`, `make_bp` | which operand weights are made |
//! | `prune_ff`, `prune_bp` | along Ci for FF, along Co for BP, else an FP16 copy; both describe the order of the stream too |
//! | `mask_bp` | BP gets an FP16 copy with +0.0 where FF's weights are pruned (SR-STE) |
//! | `m_log2`, `n` | N:M |
//! | `inverse_loss_scale`, `lambda`, `weight_decay`, `momentum`, `learning_rate` | FP32 |
//! | `valid`, `w`, `v`, `dw`, `half` | a beat: one flag per lane, FP32 values, FP16 values |
//! | `new_valid`, `new_w`, `new_v` | the updated beat, `wuve_latency_cycles` later |
//! | `ff_valid`, `ff_slots`, `ff_values`, `ff_positions` | a word of FF's weights: slots filled, FP16 values, 4-bit positions; groups in order |
//! | `bp_valid`, `bp_slots`, `bp_values`, `bp_positions` | the same for BP; of a block, columns in order |
//! | `parameters`, `groups` | weights updated, groups selected for FF and BP, both since the reset |
//!
//! [`engine`] gives module `wu`, the engine with this unit as its lanes.
//!
//! Settings are held while beats are in the unit. The beats of a group follow each other without a gap if `srste` is set and M is
//! larger than a beat.

pub mod control;
pub mod count;
mod engine;
pub mod feed;
pub mod lane;
mod panel;
pub mod panel_refusal;
mod panel_wiring;
pub mod select;
mod wiring;

pub use engine::engine;

use crate::HdlError;
use crate::emit::{Design, check_stack, emit};
use crate::float::NarrowSingle;
use satkit_spec::ArrayConfig;

/// Sizes of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Shape {
    /// Values of a beat.
    lanes: usize,
    /// Largest M.
    m_lanes: usize,
}

impl Shape {
    fn of(config: &ArrayConfig) -> Result<Self, HdlError> {
        let check = |ok: bool, what, value: usize, accepted: String| {
            if ok {
                return Ok(());
            }
            let (array, given) = (config.name.clone(), value.to_string());
            Err(HdlError::Unbuildable { array, what, given, accepted })
        };
        let shape = Self { lanes: config.wuve_lanes, m_lanes: config.m_lanes };
        let Self { lanes, m_lanes } = shape;
        check(matches!(lanes, 4 | 8 | 16), "WUVE lanes", lanes, "4, 8 or 16".into())?;
        check(matches!(m_lanes, 8 | 16), "lanes per word", m_lanes, "8 or 16".into())?;
        let (built, cycles) = (shape.sore_latency_cycles(), config.sore_latency_cycles);
        let what = "cycles of SORE latency";
        check(cycles == built, what, cycles, format!("{built} with these lanes"))?;
        let (built, cycles) = (lane::UpdateLane::LATENCY_CYCLES, config.wuve_latency_cycles);
        check(cycles == built, "cycles of WUVE latency", cycles, built.to_string())?;
        Ok(shape)
    }

    /// Values that are compared with each other.
    fn word(self) -> usize {
        self.lanes.max(self.m_lanes)
    }

    /// A group may take several beats.
    const fn collects(self) -> bool {
        self.lanes < self.m_lanes
    }

    /// From the last beat of a block of the largest M to its last word for BP.
    fn sore_latency_cycles(self) -> usize {
        let transpose = 1 + self.m_lanes * self.m_lanes / self.lanes;
        select::Source::LATENCY_CYCLES
            + transpose
            + usize::from(self.collects())
            + wiring::SELECT_CYCLES
    }
}

/// The Verilog of the update unit of `config`: module `update`, whose ports the module's documentation describes.
///
/// # Errors
/// [`HdlError`] if lanes, M or latencies are not those of a unit that can be built.
pub fn design(config: &ArrayConfig) -> Result<Design, HdlError> {
    check_stack()?;
    use control::{Part, PingPong, Serial, Settings, Walk};
    let shape = Shape::of(config)?;
    let mut parts = vec![
        emit("narrow_single", NarrowSingle::default),
        emit("update_lane", lane::UpdateLane::default),
        emit("update_source", select::Source::default),
        emit("update_compare", select::Compare::default),
        emit("update_keep", select::Keep::default),
        emit("update_depart", select::Depart::default),
        emit("update_gather_near", select::GatherNear::default),
        emit("update_gather_far", select::GatherFar::default),
        emit("update_slot_count", count::SlotCount::default),
        emit("update_total", count::Total::default),
        emit("update_settings", Settings::default),
        emit("update_ping_pong", PingPong::default),
    ];
    match (shape.lanes, shape.m_lanes) {
        (4, 8) => parts.push(emit("update_serial", Serial::<8, 4>::default)),
        (4, _) => parts.push(emit("update_serial", Serial::<16, 4>::default)),
        (8, 16) => parts.push(emit("update_serial", Serial::<16, 8>::default)),
        _ => {}
    }
    match shape.lanes {
        4 => parts.push(emit("update_part", Part::<68>::default)),
        8 => parts.push(emit("update_part", Part::<136>::default)),
        _ => {}
    }
    if shape.collects() {
        parts.push(emit("update_walk", Walk::default));
    }
    Ok(Design::join("update", parts, wiring::modules(shape)))
}
