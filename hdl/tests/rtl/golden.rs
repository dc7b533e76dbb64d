//! The Verilog of the tiny core and of what stands in front of it is the committed one, and what of it is written by hand is listed.
//!
//! `SATKIT_WRITE=1 cargo test --release -p satkit-hdl --test rtl golden` writes it.

use satkit_hdl::accelerator;
use satkit_hdl::array;
use satkit_hdl::core::design;
use satkit_hdl::dma;
use satkit_hdl::emit::Design;
use satkit_hdl::front::{self, Engines};
use satkit_hdl::load;
use satkit_hdl::memory::WRAPPERS;
use satkit_hdl::store;
use satkit_hdl::update;
use satkit_spec::ArrayConfig;
use satkit_spec::isa::Engine;
use std::collections::BTreeSet;
use std::path::Path;

const WRITE: &str = "SATKIT_WRITE=1 cargo test --release -p satkit-hdl --test rtl golden";

/// The committed file holds this text.
fn is_committed(file: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(file);
    if std::env::var_os("SATKIT_WRITE").is_some_and(|value| value == "1") {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
    }
    // A checkout may have other line ends.
    let committed = std::fs::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n");
    let differs = committed.lines().zip(text.lines()).position(|(old, new)| old != new);
    let line = differs.unwrap_or_else(|| committed.lines().count().min(text.lines().count())) + 1;
    assert!(
        committed == text,
        "hdl/tests/golden/{file} differs from what is emitted from line {line} on; if that is meant, write it again: {WRITE}"
    );
}

#[test]
fn the_verilog_of_the_tiny_core_is_the_committed_one() {
    is_committed("core_tiny.v", &design(&ArrayConfig::tiny()).unwrap().text());
}

/// With all engines, whichever the accelerator has.
#[test]
fn the_verilog_in_front_of_the_engines_is_the_committed_one() {
    let tiny = ArrayConfig::tiny();
    let sequencer = front::sequencer(&tiny, &Engines::of(&Engine::ALL)).unwrap();
    let window = front::registers(&tiny).unwrap();
    is_committed("front_tiny.v", &format!("{}\n{}", window.text(), sequencer.text()));
}

#[test]
fn the_text_does_not_change_from_run_to_run() {
    for config in ArrayConfig::all() {
        assert!(design(&config).unwrap() == design(&config).unwrap(), "{}", config.name);
    }
}

/// What RustHDL writes has this comment in every module, also around a text that a block gives itself.
const HEAD: &str = "// Module arguments";
/// And this one if a block gives its text itself.
const CUSTOM: &str = "// Update code (custom)";

/// Blocks that give their text themselves, by their ports, and what they are called in the list. Registers are RustHDL's own.
const BLOCKS: &[(&str, Option<&str>)] = &[
    ("(d,q,clock)", None),
    ("(clock,d,q)", Some("Delay")),
    ("(left,right,product)", Some("Product")),
    ("(clock,write,write_index,write_data,read_index,read_data)", Some("SmallRam")),
    ("(address,word)", Some("Microcode")),
    ("(at,word)", Some("ProgramSteps")),
];

fn designs() -> Vec<Design> {
    let wide = |config: ArrayConfig| config.with_m_lanes(16).unwrap();
    let cores = ArrayConfig::all().into_iter().map(|config| design(&config).unwrap());
    // The core has words of 8 lanes; the update unit may have 16.
    let units = ArrayConfig::all().into_iter().map(|config| update::design(&wide(config)).unwrap());
    let tops = ArrayConfig::all().into_iter().map(|config| accelerator::design(&config).unwrap());
    let tiny = ArrayConfig::tiny();
    let ways = [
        dma::design(&tiny),
        dma::in_order(&tiny, 256),
        dma::read_rings(&tiny, 1024),
        dma::write_rings(&tiny, 1024),
        dma::blocks(&tiny, 1024),
        load::weights(&tiny),
        load::activations(&tiny),
        Ok(array::row_bank(&tiny)),
        store::design(&tiny),
    ];
    let ways = ways.map(Result::unwrap);
    cores
        .chain(units)
        .chain(tops)
        .chain(ways)
        .chain(crate::vector::designs())
        .chain(crate::stream::designs())
        .collect()
}

#[test]
fn modules_written_by_hand_are_listed() {
    let mut found = BTreeSet::new();
    for design in designs() {
        for module in design.modules() {
            let name = if !module.text.contains(HEAD) {
                module.name.as_str()
            } else if module.text.contains(CUSTOM) {
                let head = module.text.lines().next().unwrap();
                let block = BLOCKS.iter().find(|(ports, _)| head.ends_with(&format!("{ports};")));
                let Some((_, name)) = block else {
                    panic!("a block gives its own text: {head}");
                };
                let Some(name) = name else { continue };
                name
            } else {
                continue;
            };
            // Their sizes are in their names.
            let name = name.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end_matches('_');
            let listed = WRAPPERS.iter().any(|(known, _)| *known == name);
            assert!(listed, "{name} is written by hand; give a reason in memory::WRAPPERS");
            found.insert(name.to_owned());
        }
    }
    let mut listed: Vec<&str> = WRAPPERS.iter().map(|(name, _)| *name).collect();
    listed.sort_unstable();
    assert!(found.iter().eq(listed), "{found:?}: what is listed but not there, or twice");
    assert!(WRAPPERS.iter().all(|(_, reason)| !reason.is_empty()));
}
