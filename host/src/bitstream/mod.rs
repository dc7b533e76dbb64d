//! Bitstreams: what a build of the FPGA is, and whether it belongs to this program.
//!
//! `hdl/boards/vcu1525/build.tcl` writes a [`Manifest`] beside the bitstream that it builds, from the [`facts_tcl`] that this crate hands it.
//! [`Manifest::check`] compares both with the contract, the configurations and the [`Board`]. No bitstream has been built yet,
//! and none has run on a card.

mod board;
mod check;
mod digest;
mod error;
mod facts;
mod manifest;

pub use board::{Board, Ddr4, Fact, Flash, Pcie, Pin, Property, Source};
pub use digest::{Digest, digest};
pub use error::BitstreamError;
pub use facts::facts_tcl;
pub use manifest::{MANIFEST_FORMAT, Manifest};
