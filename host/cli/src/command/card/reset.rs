//! `satkit card reset`.

use super::DeviceArguments;
use crate::card::CardDevice;
use crate::output;
use satkit_host::xdma;
use satkit_transport::ResetKind;

/// Reset a card's core, or the card on its PCI slot
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  satkit card reset
  satkit card reset --device xdma:/tmp/card --json
  sudo satkit card reset --kind hot

core ends the core's program and clears its registers; card memory stays. hot removes the card from the PCI bus and rescans it, as
root; this has never run with a real card. The stock driver has no reset of the DMA engine alone: unload and load it.")]
pub(super) struct ResetArguments {
    #[command(flatten)]
    card: DeviceArguments,
    /// What is reset
    #[arg(long, value_enum, default_value_t = Kind::Core)]
    kind: Kind,
    /// Print a JSON object instead of a line
    #[arg(long)]
    json: bool,
}

#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// The core
    Core,
    /// The card on its PCI slot
    Hot,
}

#[derive(serde::Serialize)]
struct Report {
    name: String,
    backend: &'static str,
    reset: &'static str,
}

pub(super) fn run(arguments: &ResetArguments) -> anyhow::Result<()> {
    let report = match (arguments.kind, &arguments.card.device) {
        (Kind::Hot, CardDevice::Xdma { dir, index }) => {
            let index = index.unwrap_or_default();
            xdma::hot_reset(dir, index)?;
            let card = arguments.card.open()?;
            report(card.info(), "hot")
        }
        (kind, _) => {
            let card = arguments.card.open()?;
            let (kind, name) = match kind {
                Kind::Core => (ResetKind::Core, "core"),
                Kind::Hot => (ResetKind::PciHot, "hot"),
            };
            card.reset(kind)?;
            report(card.info(), name)
        }
    };
    if arguments.json {
        return Ok(output::json(&report)?);
    }
    let Report { name, backend, reset } = report;
    Ok(output::line(format_args!("{name}, backend={backend}: {reset} reset done"))?)
}

fn report(info: &satkit_transport::CardInfo, reset: &'static str) -> Report {
    Report { name: info.name.clone(), backend: info.backend.name(), reset }
}
