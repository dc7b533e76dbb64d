//! The virtual card: any [`satkit_transport::Card`] behind the files of the XDMA driver, through FUSE.
//!
//! Another process opens `xdma0_user`, `xdma0_h2c_0`, `xdma0_c2h_0` and `xdma0_events_0` in a directory and makes the
//! system calls that it would make on a real card. Where it differs from the kernel driver: the files are regular files
//! and cannot be mapped, the kernel splits transfers at 1 MiB, and a transfer across the end of memory is short. It proves
//! nothing about PCIe, and its speed is not a card's. On request it fails the way cards fail: see [`Faults`].

#![cfg(target_os = "linux")]

mod client;
mod error;
mod events;
mod faults;
mod filesystem;
mod mount;
mod node;
mod service;

pub use error::MountError;
pub use faults::{FAULTS_HELP, FaultKind, Faults, FaultsError};
pub use mount::{Ended, VirtualCard};
