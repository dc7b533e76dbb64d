//! The shells of WU and VE as the tools see them.

use crate::support::accepted_by_the_tools;
use satkit_hdl::emit::Design;
use satkit_hdl::stream;
use satkit_spec::ArrayConfig;
use satkit_spec::isa::Engine;

pub(crate) fn designs() -> Vec<Design> {
    let mut one = ArrayConfig::tiny();
    (one.dram_channels, one.axi_inflight_beats) = (1, 64);
    let mut two = ArrayConfig::tiny();
    two.dram_channels = 2;
    let arrays = [one, two, ArrayConfig::small(), ArrayConfig::vcu1525()];
    let engines = [Engine::Update, Engine::Vector];
    let shells = arrays.iter().flat_map(|config| engines.map(|e| stream::design(config, e)));
    shells.map(Result::unwrap).collect()
}

accepted_by_the_tools!(designs);
