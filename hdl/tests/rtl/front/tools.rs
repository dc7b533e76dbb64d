//! The accelerator as the tools see it.

use crate::support::accepted_by_the_tools;
use satkit_hdl::accelerator;
use satkit_hdl::emit::Design;
use satkit_hdl::front::{self, Engines};
use satkit_spec::ArrayConfig;
use satkit_spec::isa::Engine;

fn designs() -> Vec<Design> {
    let small = ArrayConfig::small();
    let all = Engines::of(&Engine::ALL);
    let mut designs =
        vec![front::registers(&small).unwrap(), front::sequencer(&small, &all).unwrap()];
    let mut one_channel = ArrayConfig::tiny();
    one_channel.dram_channels = 1;
    let arrays = [ArrayConfig::tiny(), one_channel, small];
    designs.extend(arrays.map(|config| accelerator::design(&config).unwrap()));
    designs
}

accepted_by_the_tools!(designs);
