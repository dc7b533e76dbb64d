//! The array of USPEs with its edges: STCE.
//!
//! The blocks are RustHDL; how many of them there are is the configuration's, so they are wired by text.
//!
//! | module | what |
//! |---|---|
//! | [`Uspe`] | processing element |
//! | `stce_row`, `stce` | the elements of a row, and the rows |
//! | [`row_bank`], [`RowEdge`] | a row's words: table of offsets, bank; normalised |
//! | [`ColumnHead`], [`ColumnFoot`] | a column's weights and partial sums; its results |
//! | [`Controller`], [`Ends`] | the MM engine: its tokens, and what the sequencer hears |
//! | [`engine()`] | all of it as an engine of the accelerator |

mod column_edge;
mod controller;
mod ends;
mod engine;
mod row_bank;
mod row_edge;
mod small_ram;
mod uspe;
mod wiring;

pub use column_edge::{ColumnFoot, ColumnHead};
pub use controller::Controller;
pub use ends::Ends;
pub use engine::{Legal, engine};
pub use row_bank::row_bank;
pub(crate) use row_bank::{OFFSET, SEGMENTS, line_bits, tag_bits};
pub use row_edge::RowEdge;
pub use small_ram::SmallRam;
pub use uspe::Uspe;
pub(crate) use wiring::MmEngine;

use crate::HdlError;
use crate::emit::{Design, check_stack, emit};
use satkit_spec::ArrayConfig;

/// Lanes of a word: the elements select among so many.
pub const LANES: usize = 8;

/// Checks that the array of a configuration can be built.
///
/// # Errors
/// [`HdlError`] naming what cannot.
pub fn check(config: &ArrayConfig) -> Result<(), HdlError> {
    config.validate()?;
    let refuse = |what: &'static str, given: String, accepted: String| {
        Err(HdlError::Unbuildable { array: config.name.clone(), what, given, accepted })
    };
    if config.m_lanes != LANES {
        let given = format!("of {} lanes", config.m_lanes);
        return refuse("words", given, format!("words of {LANES} lanes, and so M up to {LANES}"));
    }
    if config.rows > 32 || config.cols > 32 {
        let given = format!("of {} x {} USPEs", config.rows, config.cols);
        return refuse("an array", given, "2 to 32 rows and columns, powers of two".into());
    }
    for (what, given, built) in [
        ("an adder", config.adder_latency_cycles, crate::float::AccumulateSingle::LATENCY_CYCLES),
        (
            "a multiplier",
            config.multiplier_latency_cycles,
            crate::float::MultiplyHalf::LATENCY_CYCLES,
        ),
    ] {
        if given != built {
            return refuse(what, format!("of {given} stages"), format!("{built} stages"));
        }
    }
    Ok(())
}

/// The processing element, top `uspe`.
#[must_use]
pub fn uspe() -> Design {
    emit("uspe", Uspe::default)
}

/// The array of USPEs without its edges, top `stce`.
///
/// # Errors
/// As [`check`].
pub fn stce(config: &ArrayConfig) -> Result<Design, HdlError> {
    check(config)?;
    check_stack()?;
    let modules = vec![wiring::stce_row(config), wiring::stce(config)];
    Ok(Design::join("stce", vec![uspe()], modules))
}

/// The blocks at the array's edges.
pub(crate) fn edges() -> Vec<Design> {
    vec![
        emit("row_edge", RowEdge::default),
        emit("column_head", ColumnHead::default),
        emit("column_foot", ColumnFoot::default),
        emit("controller", Controller::default),
        emit("mm_ends", Ends::default),
    ]
}
