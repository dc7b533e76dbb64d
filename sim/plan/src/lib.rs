//! Programs and timing: what the accelerator will do, and when.
//!
//! [`plan_stage`] turns one MAC stage of one layer into a [`Program`] of real instructions, laid over the
//! array weight-stationary or output-stationary; [`step`] does the same for a whole training step. The [`Scheduler`]
//! chooses the mapping of each matrix problem. [`time`] runs a program through a model of the engines and the
//! memory and says in which cycle each instruction starts and ends. [`ProgramFile`] keeps a program in a
//! file, and [`disassemble`] and [`assemble`] in a listing. Nothing here knows a value: time does not depend on data.
//!
//! The machine is that of arXiv 2309.13015 (SAT); `docs/machine.md` lists what the model charges and what it
//! leaves out.

#[cfg(test)]
extern crate self as satkit_plan;

mod cost;
mod error;
mod file;
#[cfg(test)]
#[allow(dead_code, reason = "the integration tests use all of it")]
#[path = "../tests/plan/given.rs"]
mod given;
pub mod layout;
mod mapping;
mod plan;
mod problem;
mod program;
mod schedule;
mod space;
mod stage;
pub mod step;
mod timing;
mod traffic;
mod walk;
mod written;

pub use error::PlanError;
pub use file::{
    ListingError, ListingProblem, ProgramFile, ProgramFileError, assemble, disassemble,
};
pub use mapping::{Emitter, Mapping, Order, OsMapping, StoreWork, WsMapping, candidates, emit};
pub use plan::{
    Bound, DataflowChoice, Plan, StageReport, plan_mapped, plan_stage, prune_program, time_at,
    time_with, update_program,
};
pub use problem::{MacStage, Problem};
pub use program::{Program, Section, Work};
pub use schedule::{Choice, Scheduler, Task, weight_source};
pub use space::{Grid, Patch, Rows, TileSpace, WeightSource};
pub use timing::{
    Issued, LaneBlock, NoObserver, Observer, Retired, SectionTiming, Span, Spans, StoreIssued,
    Timing, check_array, time, utilization,
};
pub use walk::{BankLayout, Element, Source};
pub use written::written;
