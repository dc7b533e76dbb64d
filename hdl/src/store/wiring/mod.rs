//! How the store engine is wired. `_12` and the like say how many cycles after a piece's step a wire is its.

mod bias;
mod bursts;
mod control;
mod lanes;
mod reads;
mod sums;

use super::{Beat, Lane};
use crate::emit::{Module, Wiring};
use satkit_spec::isa;
use satkit_spec::{ArrayConfig, STORE_LATENCY_CYCLES, STREAM_BUFFERS};
use sums::{CHANNEL, PRODUCTS_SUM, SPECIAL, VALUES_SUM};

const DATA: usize = 512;
/// Values of 2 bytes in a beat.
const UNITS: usize = 32;
/// Bits of the drain buffer's address in [`super::Walk`].
const WORD: usize = 17;
/// From a piece's step to its value at the lanes: the step's register, the drain buffer, the choice of a half.
const VALUE: usize = 3;
const PIECE: usize = VALUE + Lane::LATENCY_CYCLES;
const OUT: usize = PIECE + Beat::LATENCY_CYCLES;

// The FIFO of bursts has it a cycle later, which is as many after the one that follows the step.
const _: () = assert!(OUT == STORE_LATENCY_CYCLES);

/// Beats that ST may have under way.
pub(super) const fn capacity_beats(config: &ArrayConfig) -> usize {
    STREAM_BUFFERS * config.axi_inflight_beats
}

/// Beats that may be under way to ST: what is added to the bursts in its buffers, what they are multiplied by, and their mask.
pub(super) const fn read_beats(config: &ArrayConfig) -> usize {
    3 * capacity_beats(config)
}

fn own(name: &str) -> (&str, String) {
    (name, name.to_owned())
}

/// The part `picked_NAME` of a beat, from a bit on, a cycle later.
fn pick(text: &mut Wiring, name: &str, beat: &str, offset: &str) {
    let connections = [
        own("clock"),
        ("beat", beat.into()),
        ("offset", offset.into()),
        ("elements", format!("picked_{name}")),
    ];
    text.instance("store_pick", &format!("pick_{name}"), &[], &connections);
}

fn ports(text: &mut Wiring, config: &ArrayConfig) {
    let channels = config.dram_channels;
    for (name, bits) in [
        ("clock", 1),
        ("reset", 1),
        ("store_valid", 1),
        ("store_word", isa::Word::BITS as usize),
        ("store_go", 1),
        ("drain_valid", 1),
        ("drain", 32 * config.cols),
        ("ar_ready", 1),
        ("r_valid", channels),
        ("r_data", DATA * channels),
        ("r_error", channels),
        ("aw_ready", 1),
        ("w_pull", channels),
        ("b_valid", channels),
        ("dma_fault", 1),
        ("dma_fault_address", 38),
        ("sums_tensor", 30),
        ("sums_channel", CHANNEL),
    ] {
        text.input(name, bits);
    }
    for (name, bits) in [
        ("store_ready", 1),
        ("store_start", 1),
        ("store_released", 1),
        ("store_end", 1),
        ("store_fault", 1),
        ("store_fault_axi", 1),
        ("store_fault_address", 38),
        ("ar_valid", 1),
        ("ar_address", 32),
        ("ar_beats", 7),
        ("aw_valid", 1),
        ("aw_address", 32),
        ("aw_beats", 7),
        ("w_data", DATA * channels),
        ("w_strobe", DATA / 8 * channels),
        ("sums_found", 1),
        ("sums_values", VALUES_SUM),
        ("sums_values_special", SPECIAL),
        ("sums_products", PRODUCTS_SUM),
        ("sums_products_special", SPECIAL),
    ] {
        text.output(name, bits);
    }
}

/// The module `store`.
pub(super) fn store(config: &ArrayConfig) -> Module {
    let mut text = Wiring::new("store");
    ports(&mut text, config);
    reads::wires(&mut text);
    control::control(&mut text, config);
    reads::reads(&mut text, config);
    lanes::lanes(&mut text, config);
    bursts::bursts(&mut text, config);
    sums::sums(&mut text, config);
    text.finish()
}
