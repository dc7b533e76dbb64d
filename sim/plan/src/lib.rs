//! Programs and timing: what the accelerator will do, and when.
//!
//! [`plan_stage`] turns one MAC stage of one layer into a [`Program`] of real instructions, laid over the
//! array weight-stationary or output-stationary; [`plan_update`] and [`plan_vector`] do the same for the weight update
//! and the elementwise work. [`time`] runs a program through a model of the engines and says in which
//! cycle each instruction starts and ends. Nothing here knows a value: time does not depend on data.
//!
//! The machine is that of arXiv 2309.13015 (SAT); `docs/machine.md` lists what the model charges and what it
//! leaves out.

mod cost;
mod error;
mod plan;
mod problem;
mod program;
mod schedule;
mod timing;

pub use error::PlanError;
pub use plan::{DataflowChoice, Plan, StageReport, plan_stage, plan_update, plan_vector};
pub use problem::{MacStage, Problem};
pub use program::Program;
pub use timing::{Span, Timing, time};
