//! `satkit card program`: a bitstream into the FPGA, if it belongs to this program.

use super::tool::Tool;
use crate::{CliError, output};
use satkit_host::bitstream::Manifest;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// What Vivado is told to do.
const VIVADO_SCRIPT: &str = include_str!("../../../../../hdl/boards/vcu1525/program.tcl");

/// Load a bitstream into the card's FPGA over JTAG, after checking its manifest
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  satkit card program bitstreams/satkit-vcu1525.bit
  satkit card program bitstreams/satkit-vcu1525.toml --dry-run --json
  satkit card program satkit-vcu1525.bit --tool vivado

A bitstream whose manifest is missing or disagrees with it, with this program or with the card is refused (exit code 2). The
FPGA forgets what is loaded when power goes. Afterwards the card has to be found again: docs/guide-card.md, \"After loading\".

Neither tool has been run on a card by this version, and no bitstream has been built yet.")]
pub(super) struct ProgramArguments {
    /// The bitstream, whose manifest lies beside it with the ending .toml, or the manifest
    #[arg(value_name = "BITSTREAM|MANIFEST")]
    file: PathBuf,
    /// What loads it
    #[arg(long, value_enum, default_value_t)]
    tool: Tool,
    /// Check everything and say what would be run, but load nothing
    #[arg(long)]
    dry_run: bool,
    /// Print a JSON object instead of a table
    #[arg(long)]
    json: bool,
}

/// What was loaded, or would be.
#[derive(serde::Serialize)]
struct Loaded {
    manifest: PathBuf,
    bitstream: PathBuf,
    sha256: String,
    configuration: String,
    contract_hash: String,
    git_commit: String,
    clock_mhz: f64,
    worst_slack_ns: f64,
    command: Vec<String>,
    loaded: bool,
}

pub(super) fn run(arguments: &ProgramArguments) -> anyhow::Result<()> {
    let (manifest_path, bitstream) = files(&arguments.file);
    let manifest = Manifest::load(&manifest_path)?;
    let bitstream = bitstream.unwrap_or_else(|| manifest.bitstream_beside(&manifest_path));
    manifest.check(&bitstream)?;
    // Absolute, so that no name is read as an option.
    let bitstream = bitstream.canonicalize()?;
    if bitstream.to_str().is_none() {
        let reason = "its name is not UTF-8; accepted: a name that can be handed to the tool";
        return Err(CliError::Input { path: bitstream, reason: reason.into() }.into());
    }

    let script = script()?;
    let tool = arguments.tool;
    let given = tool.arguments(&bitstream, script.path());
    if !arguments.dry_run {
        tool.run(&given)?;
    }
    let mut command = vec![tool.program().to_owned()];
    command.extend(given);
    let loaded = Loaded {
        manifest: manifest_path,
        bitstream,
        sha256: manifest.sha256,
        configuration: manifest.configuration,
        contract_hash: manifest.contract_hash,
        git_commit: manifest.git_commit,
        clock_mhz: manifest.clock_mhz,
        worst_slack_ns: manifest.worst_slack_ns,
        command,
        loaded: !arguments.dry_run,
    };
    report(&loaded, arguments.json)
}

fn report(loaded: &Loaded, json: bool) -> anyhow::Result<()> {
    if json {
        output::json(loaded)?;
    } else {
        let mut table = output::table(&["bitstream", "configuration", "clock", "slack", "loaded"]);
        table.add_row([
            loaded.bitstream.display().to_string(),
            loaded.configuration.clone(),
            format!("{} MHz", loaded.clock_mhz),
            format!("{} ns", loaded.worst_slack_ns),
            if loaded.loaded { "yes" } else { "no, dry run" }.into(),
        ]);
        output::line(table)?;
    }
    if loaded.loaded {
        output::note("the card has to be found again now: docs/guide-card.md, \"After loading\"");
    } else {
        output::note(format_args!("would run: {}", loaded.command.join(" ")));
    }
    Ok(())
}

/// The manifest, and the bitstream if that is what was named.
fn files(named: &Path) -> (PathBuf, Option<PathBuf>) {
    if named.extension().is_some_and(|ending| ending == "toml") {
        return (named.into(), None);
    }
    (Manifest::path_for(named), Some(named.into()))
}

fn script() -> io::Result<tempfile::NamedTempFile> {
    let mut file = tempfile::Builder::new().prefix("satkit-").suffix(".tcl").tempfile()?;
    file.write_all(VIVADO_SCRIPT.as_bytes())?;
    Ok(file)
}
