//! `satkit list`: what there is to choose from.

use crate::output::{self, thousands};
use satkit_host::network::Network;
use satkit_spec::{ArrayConfig, Sparsity};

/// List the networks or the array configurations that satkit has
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  satkit list networks
  satkit list arrays --json")]
pub(crate) struct ListArguments {
    /// What to list
    #[arg(value_enum)]
    what: What,
    /// Print a JSON list instead of a table
    #[arg(long)]
    json: bool,
}

#[derive(clap::ValueEnum, Clone, Copy, Debug)]
enum What {
    /// Networks that `train` knows
    Networks,
    /// Configurations of the accelerator
    Arrays,
}

pub(crate) fn run(arguments: &ListArguments) -> anyhow::Result<()> {
    match (arguments.what, arguments.json) {
        (What::Networks, json) => {
            let summaries = Network::NAMES
                .iter()
                .map(|name| Ok(Network::named(name)?.describe()))
                .collect::<anyhow::Result<Vec<_>>>()?;
            if json {
                return Ok(output::json(&summaries)?);
            }
            let header = [
                "network",
                "input (c, h, w)",
                "classes",
                "parameters",
                "MACs per image",
                "prunable at 2:8",
            ];
            let mut table = output::table(&header);
            for summary in summaries {
                let [c, h, w] = summary.input;
                table.add_row([
                    summary.name,
                    format!("{c} x {h} x {w}"),
                    summary.classes.to_string(),
                    thousands(summary.parameters),
                    thousands(summary.macs_per_image),
                    format!("{:.1} %", summary.prunable_share * 100.0),
                ]);
            }
            output::right_align(&mut table);
            Ok(output::line(table)?)
        }
        (What::Arrays, true) => Ok(output::json(&ArrayConfig::all())?),
        (What::Arrays, false) => Ok(output::line(arrays())?),
    }
}

/// One column per configuration: there are few of them and each has many facts.
fn arrays() -> comfy_table::Table {
    let arrays = ArrayConfig::all();
    let mut header = vec!["array"];
    header.extend(arrays.iter().map(|array| array.name.as_str()));
    let mut table = output::table(&header);
    let mut row = |what: &str, value: &dyn Fn(&ArrayConfig) -> String| {
        let mut row = vec![what.to_owned()];
        row.extend(arrays.iter().map(value));
        table.add_row(row);
    };
    row("USPEs (rows x columns)", &|a| format!("{} x {}", a.rows, a.cols));
    row("clock", &|a| format!("{} MHz", a.clock_hz / 1_000_000));
    row("peak, dense", &|a| gigaflops(a, 1.0));
    row("peak, 2:8, dense-equivalent", &|a| {
        gigaflops(a, Sparsity::TWO_OF_EIGHT.m() as f64 / Sparsity::TWO_OF_EIGHT.n() as f64)
    });
    row("lanes per activation word (largest M)", &|a| a.m_lanes.to_string());
    row("adder, multiplier latency", &|a| {
        format!("{}, {} cycles", a.adder_latency_cycles, a.multiplier_latency_cycles)
    });
    row("activation words per row", &|a| thousands(a.w2e_words_per_row as u64));
    row("weight entries per column", &|a| thousands(a.n2s_entries_per_col as u64));
    row("partial sums per column", &|a| thousands(a.psum_depth as u64));
    row("elementwise lanes", &|a| a.ve_lanes.to_string());
    row("update lanes", &|a| a.wuve_lanes.to_string());
    row("WUVE latency", &|a| format!("{} cycles", a.wuve_latency_cycles));
    row("SORE latency", &|a| format!("{} cycles", a.sore_latency_cycles));
    row("DRAM channels", &|a| a.dram_channels.to_string());
    row("bytes per cycle and channel", &|a| a.axi_beat_bytes.to_string());
    row("DRAM latency", &|a| format!("{} cycles", a.dram_latency_cycles));
    output::right_align(&mut table);
    table
}

/// Two operations per multiply-accumulate, times what pruning saves.
fn gigaflops(array: &ArrayConfig, saved: f64) -> String {
    let rate = 2.0 * array.peak_macs_per_cycle() as f64 * array.clock_hz as f64 * saved;
    format!("{:.1} GFLOP/s", rate * 1e-9)
}
