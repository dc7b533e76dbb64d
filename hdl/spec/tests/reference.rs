//! The committed reference pages are those of the tables.
//!
//! `SATKIT_WRITE=1 cargo test --release -p satkit-spec --test reference` writes them.

use satkit_spec::reference::{instructions_markdown, registers_markdown};
use std::path::Path;

const WRITE: &str = "SATKIT_WRITE=1 cargo test --release -p satkit-spec --test reference";

fn check(name: &str, page: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference").join(name);
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
        "docs/reference/{name} differs from the tables from line {line} on; write it again: {WRITE}"
    );
}

#[test]
fn the_instruction_page_is_that_of_the_tables() {
    check("instructions.md", &instructions_markdown());
}

#[test]
fn the_register_page_is_that_of_the_tables() {
    check("registers.md", &registers_markdown());
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
