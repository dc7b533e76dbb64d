//! The command end to end: the built binary, as users run it.
//!
//! These are integration tests of the package `satkit` (`host/cli/Cargo.toml` names this file), so that cargo builds
//! the binary for them, with `cargo test` and with nextest.

#[cfg(target_os = "linux")]
mod card;
#[cfg(target_os = "linux")]
mod first_day;
#[cfg(target_os = "linux")]
#[path = "../fuse.rs"]
mod fuse;
#[cfg(unix)]
#[path = "../board/given.rs"]
mod given;
mod hardware;
mod interrupt;
mod kernel;
mod options;
#[cfg(target_os = "linux")]
#[path = "../process.rs"]
mod process;
#[cfg(unix)]
mod program;
mod python;
mod reproduce;
#[cfg(target_os = "linux")]
mod server;
mod simulate;
mod support;
mod tools;
mod trace;
mod train;
#[cfg(target_os = "linux")]
mod transfers;
#[path = "../verilog.rs"]
mod verilog;
