//! The shells of WU and VE, and the engine of WU, as the tools see them.

use crate::support::accepted_by_the_tools;
use satkit_hdl::emit::Design;
use satkit_hdl::{stream, update};
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
    let mut wide = ArrayConfig::small();
    wide.wuve_lanes = 8;
    wide.sore_latency_cycles = ArrayConfig::sore_latency(8, wide.m_lanes);
    let units = [ArrayConfig::tiny(), wide, ArrayConfig::vcu1525()];
    let engines = units.map(|config| update::engine(&config));
    shells.chain(engines).map(Result::unwrap).collect()
}

accepted_by_the_tools!(designs);
