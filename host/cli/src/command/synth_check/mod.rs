//! `satkit synth-check`: how much of a card the hardware would take.

mod cells;
mod yosys;

use crate::arguments::array;
use crate::command::verilog::Top;
use crate::interrupt;
use crate::output::{self, thousands};
use cells::Module;
use satkit_spec::{ArrayConfig, Resources};
use std::collections::BTreeMap;

/// Estimate the hardware's size with Yosys, block by block, against the VCU1525
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  satkit synth-check --array tiny
  satkit synth-check --array vcu1525 --json
  satkit synth-check --array small --top satkit

Needs Yosys (Debian: apt-get install yosys). Each block is synthesised once and counted as often as it is there. LUT counts functions
of up to six inputs; \"paired\" is how many LUTs they take where two of at most five inputs together share one, as the card's can. What
a vendor's tools make of it is smaller or larger by some per cent, and says nothing yet of the clock.")]
pub(crate) struct SynthCheckArguments {
    /// Array configuration, as in `satkit simulate` [default: vcu1525]
    #[arg(long, value_name = "NAME|RxC", value_parser = array)]
    array: Option<ArrayConfig>,
    /// The module to count, with all below it: the accelerator, its compute core, or the core's array alone
    #[arg(long, value_enum, default_value_t)]
    top: Top,
    /// Print a JSON object instead of a table
    #[arg(long)]
    json: bool,
}

/// One kind of block.
#[derive(serde::Serialize)]
struct Row {
    block: String,
    what: &'static str,
    count: u64,
    each: Resources,
    /// Of `each`, the LUTs where two small functions share one.
    paired_luts: u64,
}

impl Row {
    fn new(block: &str, what: &'static str, count: u64, module: &Module) -> Self {
        let (each, paired_luts) = (module.resources(), module.paired_luts());
        Self { block: block.into(), what, count, each, paired_luts }
    }
}

#[derive(serde::Serialize)]
struct Report {
    array: String,
    yosys: String,
    blocks: Vec<Row>,
    total: Resources,
    paired_luts: u64,
    budget: Resources,
    /// Shares of the budget in per cent.
    percent: Shares,
}

#[derive(serde::Serialize)]
struct Shares {
    luts: f64,
    paired_luts: f64,
    registers: f64,
    dsps: f64,
    bram36: f64,
    urams: f64,
}

pub(crate) fn run(arguments: &SynthCheckArguments) -> anyhow::Result<()> {
    let stop = interrupt::stop_flag_for("stopping Yosys; once more to stop at once");
    let config = arguments.array.clone().unwrap_or_else(ArrayConfig::vcu1525);
    let design = arguments.top.design(&config)?;
    let version = yosys::version()?;
    let spinner = output::spinner("synth-check");
    spinner.set_message(format!("Yosys synthesises the {} of {}", design.top(), config.name));
    spinner.enable_steady_tick(std::time::Duration::from_millis(100));
    let blocks = arguments.top.blocks();
    let names: Vec<&str> = blocks.iter().map(|(name, _)| *name).collect();
    let done = |name: &str, of: usize| {
        spinner.inc(1);
        spinner.set_message(format!("of {of} blocks of {}, {name} the last", config.name));
    };
    let modules = yosys::synthesise(&design, &names, stop, &done)?;
    spinner.finish_and_clear();
    let report = report(config.name, version, design.top(), blocks, &modules);
    if arguments.json {
        return Ok(output::json(&report)?);
    }
    Ok(output::line(table(&report))?)
}

fn report(
    array: String,
    yosys: String,
    top: &str,
    kinds: &[(&str, &'static str)],
    modules: &BTreeMap<String, Module>,
) -> Report {
    let mut counts = cells::counts(top, modules);
    counts.remove(top);
    let mut blocks = Vec::new();
    for &(block, what) in kinds {
        // A block with parameters is several modules, of which each has its own row.
        for (name, module) in modules.iter().filter(|(name, _)| cells::is(name, block)) {
            if let Some(count) = counts.remove(name.as_str()) {
                blocks.push(Row::new(block, what, count, module));
            }
        }
    }
    // What has been kept apart besides is counted all the same.
    for (name, count) in counts {
        if let Some(module) = modules.get(name) {
            blocks.push(Row::new(name, "a module of its own", count, module));
        }
    }
    let rest = modules.get(top).cloned().unwrap_or_default();
    blocks.push(Row::new(top, "everything around them", 1, &rest));
    let (mut total, mut paired_luts) = (Resources::default(), 0);
    for row in &blocks {
        total += row.each.times(row.count);
        paired_luts += row.paired_luts * row.count;
    }
    let budget = Resources::VCU1525;
    let share = |used: f64, of: f64| (used / of * 1000.0).round() / 10.0;
    let percent = Shares {
        luts: share(total.luts as f64, budget.luts as f64),
        paired_luts: share(paired_luts as f64, budget.luts as f64),
        registers: share(total.registers as f64, budget.registers as f64),
        dsps: share(total.dsps as f64, budget.dsps as f64),
        bram36: share(total.bram36, budget.bram36),
        urams: share(total.urams as f64, budget.urams as f64),
    };
    Report { array, yosys, blocks, total, paired_luts, budget, percent }
}

fn table(report: &Report) -> comfy_table::Table {
    let mut table =
        output::table(&["block", "count", "LUT", "paired", "FF", "DSP", "BRAM36", "URAM", "what"]);
    let mut row = |name: &str, count: String, r: &Resources, paired: u64, what: &str| {
        table.add_row([
            name.to_owned(),
            count,
            thousands(r.luts),
            thousands(paired),
            thousands(r.registers),
            thousands(r.dsps),
            r.bram36.to_string(),
            thousands(r.urams),
            what.to_owned(),
        ]);
    };
    for Row { block, what, count, each, paired_luts } in &report.blocks {
        row(block, thousands(*count), each, *paired_luts, &format!("{what}, each"));
    }
    row(&report.array, String::new(), &report.total, report.paired_luts, "all of it");
    let budget = &report.budget;
    row("VCU1525", String::new(), budget, budget.luts, "what the card has");
    let share = &report.percent;
    let shares =
        [share.luts, share.paired_luts, share.registers, share.dsps, share.bram36, share.urams];
    let mut last = vec!["share".to_owned(), String::new()];
    last.extend(shares.map(|share| format!("{share:.1} %")));
    table.add_row(last);
    output::right_align(&mut table);
    if let Some(column) = table.column_mut(8) {
        column.set_cell_alignment(comfy_table::CellAlignment::Left);
    }
    table
}
