//! `satkit card facts`: what the Vivado recipe builds from.

use crate::arguments::array;
use crate::output;
use satkit_host::bitstream::facts_tcl;
use satkit_spec::ArrayConfig;
use std::io::Write as _;
use std::path::PathBuf;

/// Write what the Vivado recipe builds from as Tcl: board, configuration, memory map, register window
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  satkit card facts --array vcu1525
  satkit card facts --array vcu1525 --out facts.tcl

bitstreams/README.md says how hdl/boards/vcu1525/build.tcl is run with it.")]
pub(super) struct FactsArguments {
    /// Array configuration, as in `satkit verilog`
    #[arg(long, value_name = "NAME|RxC", value_parser = array, default_value = "vcu1525")]
    array: ArrayConfig,
    /// File to write to, instead of standard output
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub(super) fn run(arguments: &FactsArguments) -> anyhow::Result<()> {
    let text = facts_tcl(&arguments.array)?;
    let Some(out) = &arguments.out else { return Ok(output::line(text.trim_end())?) };
    output::check_writable("--out", out)?;
    Ok(output::write_atomically(out, |file| file.write_all(text.as_bytes()))?)
}
