//! The register window and the sequencer.

mod decoder;
mod formal;
mod leaves;
mod model;
mod program;
mod sequencer;
mod tools;
mod window;
