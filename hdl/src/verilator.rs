//! What Verilator is told of a design, beside its Verilog.

use crate::emit::{Design, Direction};

/// Modules that a design repeats many times, by the ends of their names, so that [`settings`] of the accelerator and its blocks compile and
/// run fast. Not all that is repeated is worth it: whole lanes of VE made the accelerator of tiny slower.
pub const REPEATED: &[&str] = &[
    "uspe",
    "update_lane_subtract",
    "update_lane_rate",
    "vector_statistics",
    "vector_exact_sum",
    "store_exact_sum",
    "load_a_bank",
];

/// A configuration file (`.vlt`) that makes Verilator keep the modules `repeated` of `design` as modules, and leave their inputs alone: then all
/// instances share one copy of the C++, which compiles faster, a large array in a tenth of the time, and runs faster, because it stays in the
/// instruction cache. The published Verilog does not know of it.
#[must_use]
pub fn settings(design: &Design, repeated: &[&str]) -> String {
    let mut text = String::from("`verilator_config\n");
    for module in design.modules() {
        let is_repeated =
            |base: &&str| module.name == **base || module.name.ends_with(&format!("_{base}"));
        if !repeated.iter().any(is_repeated) || module.name == design.top() {
            continue;
        }
        text += &format!("no_inline -module \"{}\"\n", module.name);
        // Otherwise an input is replaced by its driver in the neighbour, and no two instances are alike.
        let inputs = module
            .ports()
            .into_iter()
            .filter(|port| port.direction == Direction::Input && !port.name.ends_with("clock"));
        for port in inputs {
            text += &format!("public_flat_rd -module \"{}\" -var \"{}\"\n", module.name, port.name);
        }
    }
    text
}
