//! The compute core as the tools see it.

use crate::support::accepted_by_the_tools;
use satkit_hdl::emit::Design;
use satkit_hdl::{array, core};
use satkit_spec::ArrayConfig;

fn designs() -> [Design; 3] {
    let tiny = ArrayConfig::tiny();
    [array::uspe(), array::stce(&tiny).unwrap(), core::design(&tiny).unwrap()]
}

accepted_by_the_tools!(designs);
