//! The blocks of the elementwise unit at three levels, each from one stimulus: `docs/contract-elementwise.md` in plain Rust, RustHDL's
//! simulation, and the emitted Verilog under Verilator.

pub(crate) mod exact;
mod lane;
mod norm;
mod pool;
mod ratio;
mod rows;
mod sequential;
mod statistics;

use crate::support::{accepted_by_the_tools, synthesize};
use crate::verilog::has_verilog_tool;
use satkit_hdl::emit::{Design, emit};
use satkit_hdl::vector::{
    self, DivideSingle, ExactRatio, ExactSum, Lane, RootSingle, Statistics, WidenHalf,
};
use satkit_spec::ArrayConfig;

/// Each as a top of its own, and the lanes made of them.
pub(crate) fn designs() -> [Design; 13] {
    [
        emit("widen_half", WidenHalf::default),
        emit("divide_single", DivideSingle::default),
        emit("root_single", RootSingle::default),
        emit("exact_sum", ExactSum::<6>::default),
        emit("exact_ratio", ExactRatio::default),
        emit("statistics", Statistics::default),
        emit("vector_lane", Lane::default),
        vector::loss().unwrap(),
        vector::norm(&ArrayConfig::tiny()).unwrap(),
        vector::norm(&ArrayConfig::small()).unwrap(),
        vector::design(&ArrayConfig::tiny()).unwrap(),
        vector::design(&ArrayConfig::small()).unwrap(),
        vector::design(&wide()).unwrap(),
    ]
}

/// As many lanes as a beat has elements.
pub(crate) fn wide() -> ArrayConfig {
    let mut config = ArrayConfig::tiny();
    config.ve_lanes = 32;
    config
}

accepted_by_the_tools!(designs);

/// `cargo test --release -p satkit-hdl --test rtl vector::sizes -- --ignored --nocapture` prints what
/// `docs/results.md` has.
#[test]
#[ignore = "takes minutes and only prints"]
fn sizes() {
    if !has_verilog_tool("yosys") {
        return;
    }
    for design in designs() {
        let cells = synthesize(&design);
        let count = |kinds: &[&str]| -> usize {
            let of = |kind: &String| kinds.iter().any(|prefix| kind.starts_with(prefix));
            cells.iter().filter(|(kind, _)| of(kind)).map(|(_, count)| count).sum()
        };
        let (luts, registers) = (count(&["LUT", "SRL", "INV"]), count(&["FD"]));
        let (memory, dsps) = (count(&["RAM"]), count(&["DSP"]));
        println!("{}: {luts} LUT, {memory} LUT RAM, {registers} FF, {dsps} DSP", design.top());
    }
}
