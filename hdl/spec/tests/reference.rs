//! The committed reference pages and the Verilog header are those of the tables.
//!
//! `SATKIT_WRITE=1 cargo test --release -p satkit-spec --test reference` writes them.

use satkit_spec::reference::{instructions_markdown, registers_markdown};
use satkit_spec::verilog;
use std::collections::BTreeSet;
use std::path::Path;

const WRITE: &str = "SATKIT_WRITE=1 cargo test --release -p satkit-spec --test reference";

/// `file` is from the root of the repository.
fn check(file: &str, page: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(file);
    if std::env::var_os("SATKIT_WRITE").is_some_and(|value| value == "1") {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, page).unwrap();
    }
    // A checkout may have other line ends.
    let committed = std::fs::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n");
    let differs = committed.lines().zip(page.lines()).position(|(old, new)| old != new);
    let line = differs.unwrap_or_else(|| committed.lines().count().min(page.lines().count())) + 1;
    assert!(
        committed == page,
        "{file} differs from the tables from line {line} on; write it again: {WRITE}"
    );
}

#[test]
fn the_instruction_page_is_that_of_the_tables() {
    check("docs/reference/instructions.md", &instructions_markdown());
}

#[test]
fn the_register_page_is_that_of_the_tables() {
    check("docs/reference/registers.md", &registers_markdown());
}

#[test]
fn the_verilog_header_is_that_of_the_tables() {
    check("hdl/verilog/satkit_spec.vh", &verilog::header());
}

/// A macro that is defined again would silently be another.
#[test]
fn every_macro_of_the_header_is_defined_once() {
    let header = verilog::header();
    let names = header.lines().filter_map(|line| line.strip_prefix("`define ")?.split(' ').next());
    let mut seen = BTreeSet::new();
    names.for_each(|name| assert!(seen.insert(name), "{name} is defined twice"));
    assert!(seen.len() > 500, "{}", seen.len());
}

/// A row with another number of cells than its head would break the table.
#[test]
fn tables_have_as_many_cells_in_every_row() {
    for page in [instructions_markdown(), registers_markdown()] {
        let mut cells = None;
        for line in page.lines() {
            if !line.starts_with('|') {
                cells = None;
                continue;
            }
            let here = line.matches('|').count();
            assert_eq!(*cells.get_or_insert(here), here, "{line}");
        }
    }
}
