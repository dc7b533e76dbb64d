//! `satkit reproduce`: the paper's claims beside what this machine does in simulation.

mod claims;
mod runs;
mod text;

pub(crate) use runs::{NETWORKS, batch as paper_batch};

use crate::{CliError, interrupt, output};
use runs::Runs;
use satkit_memory::MemoryModel;
use std::io::Write as _;
use std::path::PathBuf;

/// Simulate the paper's five networks, dense and 2:8, with the ablations of its design
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  satkit reproduce                                  tables on standard output, two to three minutes
  satkit reproduce --write docs/results.md          also replaces the marked part of that file
  satkit reproduce --network vit --dram pool --json

Batch 512, resnet50 256; vcu1525 with four DDR4-2400 channels. Ablations, at an eighth of the batch: without interleave
mapping, without pre-generation, weight-stationary only, output-stationary only.")]
pub(crate) struct ReproduceArguments {
    /// Only this network; may be given again [default: all five]
    #[arg(long, value_name = "NAME", value_parser = clap::builder::PossibleValuesParser::new(runs::NETWORKS))]
    network: Vec<String>,
    /// Memory of the card [default: ddr4]
    #[arg(long, value_name = "MODEL")]
    dram: Option<MemoryModel>,
    /// Leave the ablations out
    #[arg(long)]
    no_ablations: bool,
    /// Replace the part of FILE.md between the marks `<!-- reproduce -->` and `<!-- /reproduce -->`
    #[arg(long, value_name = "FILE.md")]
    write: Option<PathBuf>,
    /// Search all mappings anew, and keep none
    #[arg(long)]
    no_cache: bool,
    /// Print a JSON object instead of tables
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &ReproduceArguments) -> anyhow::Result<()> {
    let document = match &arguments.write {
        Some(path) => Some(text::Document::read(path)?),
        None => None,
    };
    let memory = arguments.dram.unwrap_or_else(MemoryModel::ddr4);
    let networks: Vec<&str> = match &arguments.network[..] {
        [] => runs::NETWORKS.to_vec(),
        some => runs::NETWORKS.into_iter().filter(|name| some.iter().any(|n| n == name)).collect(),
    };
    let stop = interrupt::stop_flag();
    let runs =
        Runs::simulate(&networks, !arguments.no_ablations, &memory, !arguments.no_cache, |line| {
            if stop.load(std::sync::atomic::Ordering::Relaxed) {
                return Err(CliError::Interrupted(" between two simulations".into()).into());
            }
            if !arguments.json {
                output::note(line);
            }
            Ok(())
        })?;
    if let (Some(document), Some(path)) = (document, &arguments.write) {
        let written = document.with(&text::markdown(&runs));
        output::write_atomically(path, |file| file.write_all(written.as_bytes()))?;
        output::note(format_args!("wrote {}", path.display()));
    }
    if arguments.json {
        return Ok(output::json(&runs)?);
    }
    Ok(output::line(text::terminal(&runs))?)
}
