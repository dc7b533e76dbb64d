//! The command end to end: the built binary, as users run it.
//!
//! These are integration tests of the package `satkit` (`host/cli/Cargo.toml` names this file), so that cargo builds
//! the binary for them, with `cargo test` and with nextest.

#[cfg(target_os = "linux")]
mod card;
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
#[cfg(unix)]
mod program;
mod python;
mod reproduce;
mod simulate;
mod support;
mod tools;
mod train;
