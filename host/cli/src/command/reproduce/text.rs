//! The comparison as tables.

use super::claims::{ASSUMPTIONS, NOT_SIMULATED, SPEEDUP};
use super::runs::{Design, Pair, Runs};
use crate::{CliError, output};
use std::fmt::Write as _;
use std::path::Path;

const BEGIN: &str = "<!-- reproduce -->";
const END: &str = "<!-- /reproduce -->";

/// A file with a marked part.
pub(super) struct Document {
    before: String,
    after: String,
}

impl Document {
    /// Reads a file and finds its marks.
    ///
    /// # Errors
    /// [`CliError::Input`] if it cannot be read or has not both marks.
    pub(super) fn read(path: &Path) -> Result<Self, CliError> {
        let refuse = |reason: String| CliError::Input { path: path.into(), reason };
        let text = std::fs::read_to_string(path).map_err(|error| refuse(error.to_string()))?;
        let parts = text
            .split_once(BEGIN)
            .and_then(|(before, rest)| Some((before, rest.split_once(END)?.1)));
        let (before, after) = parts.ok_or_else(|| {
            refuse(format!(
                "it has no part to replace; accepted: a file with {BEGIN} and {END} behind it"
            ))
        })?;
        Ok(Self { before: before.into(), after: after.into() })
    }

    /// The file with `text` between its marks.
    pub(super) fn with(&self, text: &str) -> String {
        format!("{}{BEGIN}\n{text}{END}{}", self.before, self.after)
    }
}

/// Cells of the main table.
fn main_rows(runs: &Runs) -> Vec<Vec<String>> {
    let millions = |cycles: u64| format!("{:.1}", cycles as f64 / 1e6);
    let percent = |share: f64| format!("{:.1} %", 100.0 * share);
    let row = |pair: &Pair| {
        vec![
            pair.network.to_owned(),
            pair.batch.to_string(),
            millions(pair.dense.total_cycles),
            millions(pair.sparse.total_cycles),
            format!("{:.3}x", pair.speedup),
            percent(pair.dense.mac_stage_utilization),
            percent(pair.sparse.mac_stage_utilization),
            format!("{:.0}", pair.sparse.gflops_dense_equivalent),
            format!("{:.2} s", pair.sparse.seconds),
            output::bytes(pair.sparse.dram_bytes),
        ]
    };
    runs.pairs.iter().map(row).collect()
}

const MAIN_HEADER: [&str; 10] = [
    "network",
    "batch",
    "dense, Mcycles",
    "2:8, Mcycles",
    "speed-up",
    "array in MAC stages, dense",
    "2:8",
    "2:8, GFLOP/s dense equiv.",
    "2:8, a step",
    "2:8, DRAM",
];

/// One row per design: 2:8 cycles over the full design's, and the design's own speed-up.
fn ablation_rows(runs: &Runs) -> Vec<Vec<String>> {
    let networks: Vec<&str> = runs.pairs.iter().map(|pair| pair.network).collect();
    let row = |design: &Design| {
        let mut row = vec![design.name().to_owned()];
        let (mut slower, mut speedups) = (0.0, 0.0);
        for network in &networks {
            let full = runs.ablation(network, Design::Full)?;
            let own = runs.ablation(network, *design)?;
            let times = own.sparse.total_cycles as f64 / full.sparse.total_cycles as f64;
            slower += times;
            speedups += own.speedup;
            row.push(format!("{times:.3}"));
        }
        let count = networks.len().max(1) as f64;
        row.push(format!("{:.3}", slower / count));
        row.push(format!("{:.3}x", speedups / count));
        Some(row)
    };
    Design::ALL.iter().filter_map(row).collect()
}

fn ablation_header(runs: &Runs) -> Vec<String> {
    let mut header = vec!["2:8 cycles over the full design's".to_owned()];
    header.extend(
        runs.ablations
            .iter()
            .filter(|pair| pair.design == Design::Full)
            .map(|pair| format!("{}, batch {}", pair.network, pair.batch)),
    );
    header.extend(["mean".into(), "speed-up over its own dense, mean".into()]);
    header
}

fn verdict(runs: &Runs) -> String {
    format!(
        "{}: paper {}; simulated {:.3}x over {} networks. Dense runs keep the array at {:.1} % of its peak in MAC stages.",
        SPEEDUP.what,
        SPEEDUP.paper,
        runs.average_speedup,
        runs.pairs.len(),
        100.0 * runs.average_dense_utilization
    )
}

/// Tables for a terminal.
pub(super) fn terminal(runs: &Runs) -> String {
    let table = |header: &[&str], rows: Vec<Vec<String>>| {
        let mut table = output::table(header);
        rows.into_iter().for_each(|row| {
            table.add_row(row);
        });
        output::right_align(&mut table);
        table.to_string()
    };
    let mut text = format!(
        "{} with {}\n{}\n{}\n",
        runs.array,
        runs.dram,
        table(&MAIN_HEADER, main_rows(runs)),
        verdict(runs)
    );
    let ablations = ablation_rows(runs);
    if ablations.len() > 1 {
        let header = ablation_header(runs);
        let header: Vec<&str> = header.iter().map(String::as_str).collect();
        text.push_str(&format!("\n{}\n", table(&header, ablations)));
    }
    text.push_str(&limits("\n"));
    text.pop();
    text
}

/// The same as Markdown.
pub(super) fn markdown(runs: &Runs) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let table = |header: Vec<String>, rows: Vec<Vec<String>>| {
        let rule = vec!["---".to_owned(); header.len()];
        let mut text = line(&header) + &line(&rule);
        rows.iter().for_each(|row| text.push_str(&line(row)));
        text
    };
    let header = MAIN_HEADER.iter().map(|cell| (*cell).to_owned()).collect();
    let mut text = format!(
        "Written by `satkit reproduce --write`, {} with `--dram {}`. Source of the claims: arXiv 2309.13015, abstract.\n\n",
        runs.array, runs.dram
    );
    text.push_str(&verdict(runs));
    text.push_str("\n\n");
    text.push_str(&table(header, main_rows(runs)));
    let ablations = ablation_rows(runs);
    if ablations.len() > 1 {
        text.push_str("\nAblations, each beside the full design:\n\n");
        text.push_str(&table(ablation_header(runs), ablations));
    }
    text.push_str(&limits("\n\n"));
    text
}

/// What is not simulated and what is assumed: two lists, each `below` its heading.
fn limits(below: &str) -> String {
    let mut text = format!("\nNot simulated:{below}");
    for claim in NOT_SIMULATED {
        let _ = writeln!(text, "- {}: paper {}", claim.what, claim.paper);
    }
    text.push_str(&format!("\nWhat is assumed:{below}"));
    for assumption in ASSUMPTIONS {
        let _ = writeln!(text, "- {assumption}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::Document;

    #[test]
    fn the_part_between_the_marks_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("results.md");
        std::fs::write(&path, "a\n<!-- reproduce -->\nold\n<!-- /reproduce -->\nb\n").unwrap();
        let document = Document::read(&path).unwrap();
        let text = document.with("new\n");
        assert_eq!(text, "a\n<!-- reproduce -->\nnew\n<!-- /reproduce -->\nb\n");
        std::fs::write(&path, "a\nb\n").unwrap();
        assert!(Document::read(&path).is_err());
    }
}
