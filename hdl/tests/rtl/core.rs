//! The compute core as the tools see it.

use crate::support::{check_with_yosys, elaborate_with_icarus, has, lint};
use satkit_hdl::emit::Design;
use satkit_hdl::{array, core};
use satkit_spec::ArrayConfig;

fn designs() -> [Design; 3] {
    let tiny = ArrayConfig::tiny();
    [array::uspe(), array::stce(&tiny).unwrap(), core::design(&tiny).unwrap()]
}

#[test]
fn verilator_lint_is_clean() {
    if has("verilator") {
        designs().iter().for_each(lint);
    }
}

#[test]
fn icarus_elaborates() {
    if has("iverilog") {
        designs().iter().for_each(elaborate_with_icarus);
    }
}

#[test]
fn yosys_checks() {
    if has("yosys") {
        designs().iter().for_each(check_with_yosys);
    }
}
