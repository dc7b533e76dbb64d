//! The VCU1525 as far as open tools go: its facts, its constraints, the Vivado recipe under tclsh, its Verilog under Yosys and
//! Icarus Verilog, the manifests in `bitstreams/`, and the pages and scripts for a user with a card. Nothing here shows that Vivado
//! takes the recipe, or that a card works.

mod card;
mod constraints;
mod cores;
mod design;
mod elaborated;
mod first_day;
mod given;
mod guide;
mod manifests;
mod recipe;
mod recorded;
mod verilog;

use std::path::{Path, PathBuf};
use std::process::Command;

/// A file or folder of the repository.
pub(crate) fn repository(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name)
}

/// True if `tool` runs. Without it the test is skipped, unless the variable `required` says `require`.
pub(crate) fn has(tool: &str, version: &str, required: &str) -> bool {
    if Command::new(tool).arg(version).stdin(std::process::Stdio::null()).output().is_ok() {
        return true;
    }
    let require = std::env::var_os(required).is_some_and(|value| value == "require");
    assert!(!require, "{tool} is missing, and {required}=require");
    println!("skipped: no {tool}");
    false
}
