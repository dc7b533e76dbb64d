//! vcu1525.xdc says what vcu1525.toml says, and every fact has a source.

use crate::repository;
use satkit_host::bitstream::Board;
use satkit_spec::memory_map;
use std::collections::BTreeMap;

fn xdc() -> String {
    std::fs::read_to_string(repository("hdl/boards/vcu1525/vcu1525.xdc")).unwrap()
}

/// What the constraints say: pin and standard of each port, and properties of the design.
type Constraints = (BTreeMap<String, (String, Option<String>)>, BTreeMap<String, String>);

/// Reads every line, and refuses those that it does not know: none is left unchecked.
fn constraints(text: &str) -> Constraints {
    let (mut pins, mut properties) = (BTreeMap::new(), BTreeMap::new());
    for line in text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#')) {
        let words: Vec<&str> = line
            .split(|c: char| c.is_whitespace() || "{}".contains(c))
            .filter(|word| !word.is_empty())
            .collect();
        let port = |word: &str| word.trim_end_matches(']').to_owned();
        // A port with an index is written in braces, so its own bracket is a word's end.
        let indexed = |word: &str| if word.contains('[') { word.to_owned() } else { port(word) };
        match words[..] {
            ["set_property", "PACKAGE_PIN", pin, "[get_ports", name, "]"]
            | ["set_property", "PACKAGE_PIN", pin, "[get_ports", name] => {
                pins.insert(indexed(name), (pin.to_owned(), None));
            }
            [
                "set_property",
                "-dict",
                "PACKAGE_PIN",
                pin,
                "IOSTANDARD",
                standard,
                "[get_ports",
                name,
                ..,
            ] => {
                pins.insert(indexed(name), (pin.to_owned(), Some(standard.to_owned())));
            }
            ["set_property", name, value, "[current_design]"] => {
                properties.insert(name.to_owned(), value.to_owned());
            }
            ["create_clock", ..] | ["set_false_path", ..] => (),
            _ => panic!("an unknown line: {line}"),
        }
    }
    (pins, properties)
}

#[test]
fn the_constraints_are_the_facts() {
    let board = Board::vcu1525().unwrap();
    let (pins, properties) = constraints(&xdc());
    let facts: BTreeMap<_, _> =
        board.pins.iter().map(|p| (p.port.clone(), (p.pin.clone(), p.standard.clone()))).collect();
    assert_eq!(pins, facts);
    let facts: BTreeMap<_, _> =
        board.properties.iter().map(|p| (p.name.clone(), p.value.clone())).collect();
    assert_eq!(properties, facts);
    let period = format!("-period {:.3}", 1e3 / f64::from(board.pcie.refclk_mhz.value));
    let clocks: Vec<_> =
        xdc().lines().filter(|l| l.starts_with("create_clock")).map(String::from).collect();
    assert!(clocks.len() == 1 && clocks[0].contains(&period), "{clocks:?}");
}

#[test]
fn no_pin_is_used_twice_and_pairs_are_whole() {
    let board = Board::vcu1525().unwrap();
    let mut pins: Vec<_> = board.pins.iter().map(|pin| &pin.pin).collect();
    pins.sort();
    pins.dedup();
    assert_eq!(pins.len(), board.pins.len());
    for pin in &board.pins {
        let twin =
            pin.port.replace("_clk_p", "_clk_#").replace("_clk_n", "_clk_p").replace('#', "n");
        assert!(twin == pin.port || board.pins.iter().any(|p| p.port == twin), "{}", pin.port);
    }
    let refclks = board.pins.iter().filter(|pin| pin.port.starts_with("ddr4_refclk_")).count();
    assert_eq!(refclks as u32, 2 * memory_map::CHANNELS);
}

/// Walks the file itself, so that a fact of a new kind counts too.
#[test]
fn every_fact_has_a_source() {
    let text = std::fs::read_to_string(repository("hdl/boards/vcu1525/vcu1525.toml")).unwrap();
    let table: toml::Table = toml::from_str(&text).unwrap();
    let sources = table["sources"].as_table().unwrap();
    for (name, source) in sources {
        for key in ["title", "where"] {
            assert!(!source[key].as_str().unwrap().is_empty(), "{name}.{key}");
        }
    }
    let mut used = std::collections::BTreeSet::new();
    let mut facts = 0;
    for (name, value) in table.iter().filter(|(name, _)| *name != "sources" && *name != "name") {
        sourced(name, value, &mut |fact, place, source| {
            facts += 1;
            assert!(!place.is_empty() && sources.contains_key(source), "{fact}: {source}, {place}");
            used.insert(source.to_owned());
        });
    }
    assert!(facts >= 38, "{facts} facts");
    assert!(sources.keys().all(|name| used.contains(name)), "every source is used: {used:?}");
}

/// Finds the facts in a value: tables with a value of their own. Anything else than facts and tables of facts fails.
fn sourced(name: &str, value: &toml::Value, found: &mut impl FnMut(&str, &str, &str)) {
    match value {
        toml::Value::Array(entries) => {
            entries.iter().for_each(|entry| sourced(name, entry, found));
        }
        toml::Value::Table(table) if table.contains_key("value") || table.contains_key("pin") => {
            let text = |key: &str| table.get(key).and_then(toml::Value::as_str).unwrap_or_default();
            found(name, text("place"), text("source"));
        }
        toml::Value::Table(table) => {
            table.iter().for_each(|(key, value)| sourced(&format!("{name}.{key}"), value, found));
        }
        _ => panic!("{name} has a value without a source"),
    }
}

/// What two files say of the same thing is the same.
#[test]
fn the_board_holds_the_memory_of_the_map() {
    let board = Board::vcu1525().unwrap();
    assert_eq!(1u64 << board.ddr4.address_bits.value, memory_map::MODULE_BYTES);
    assert_eq!(
        board.pcie.lanes_interface.value,
        format!("pci_express_x{}", board.pcie.lanes.value)
    );
    assert!(board.part.value.starts_with("xcvu9p-"));
}
