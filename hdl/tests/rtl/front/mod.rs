//! The register window and the sequencer.

mod decoder;
mod formal;
mod model;
mod program;
mod sequencer;
mod tools;
mod window;
