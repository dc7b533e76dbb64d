//! `satkit card list`.

use crate::card::CardDevice;
use crate::error::CliError;
use crate::output;
use satkit_host::xdma::{self, FoundCard};
use satkit_transport::files::DeviceFile;
use std::path::Path;

/// List the cards whose device files are there
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  satkit card list
  satkit card list --device xdma:/tmp/card --json")]
pub(super) struct ListArguments {
    /// Where to look: xdma[:DIR]
    #[arg(long, value_name = "DEVICE", default_value = "xdma")]
    device: CardDevice,
    /// Print a JSON object instead of a table
    #[arg(long)]
    json: bool,
}

#[derive(serde::Serialize)]
struct Report<'a> {
    dir: &'a Path,
    cards: Vec<Row>,
}

#[derive(serde::Serialize)]
struct Row {
    index: u32,
    file: String,
    backend: &'static str,
    pci_address: Option<String>,
    driver: Option<String>,
    driver_version: Option<String>,
    link: Option<String>,
    serves: Option<String>,
    warnings: Vec<String>,
}

impl From<FoundCard> for Row {
    fn from(found: FoundCard) -> Self {
        let FoundCard { index, backend, pci, virtual_info, warnings } = found;
        Self {
            index,
            file: DeviceFile::User.name(index),
            backend: backend.map_or("unknown", |backend| backend.name()),
            link: pci.as_ref().and_then(|pci| Some(pci.link?.to_string())),
            driver: pci.as_ref().and_then(|pci| pci.driver.clone()),
            driver_version: pci.as_ref().and_then(|pci| pci.driver_version.clone()),
            pci_address: pci.map(|pci| pci.address),
            serves: virtual_info.map(|info| info.name),
            warnings,
        }
    }
}

pub(super) fn run(arguments: &ListArguments) -> anyhow::Result<()> {
    let CardDevice::Xdma { dir, index: None } = &arguments.device else {
        let reason = "it lists all cards of a directory; accepted: xdma or xdma:DIR".into();
        let given = match &arguments.device {
            CardDevice::Sim => "sim".into(),
            CardDevice::Rtl => "rtl".into(),
            CardDevice::Xdma { dir, index } => {
                format!("xdma:{}:{}", dir.display(), index.unwrap_or_default())
            }
        };
        return Err(CliError::Option { option: "--device", given, reason }.into());
    };
    let cards: Vec<Row> = xdma::list(dir)?.into_iter().map(Row::from).collect();
    if arguments.json {
        return Ok(output::json(&Report { dir, cards })?);
    }
    if cards.is_empty() {
        return Ok(output::line(format_args!(
            "no card in {}: is one plugged in, and the xdma driver loaded? Without a card: satkit virtual-card --dir DIR",
            dir.display()
        ))?);
    }
    let mut table = output::table(&["card", "backend", "PCI", "driver", "link", "serves"]);
    for row in &cards {
        let text = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".into());
        let driver = [row.driver.clone(), row.driver_version.clone()];
        let driver = driver.into_iter().flatten().collect::<Vec<_>>().join(" ");
        table.add_row([
            format!("{}:{}", dir.display(), row.index),
            row.backend.into(),
            text(&row.pci_address),
            text(&Some(driver).filter(|driver| !driver.is_empty())),
            text(&row.link),
            text(&row.serves),
        ]);
    }
    output::line(table)?;
    for row in &cards {
        for warning in &row.warnings {
            output::line(format_args!("warning: {}: {warning}", row.file))?;
        }
    }
    Ok(())
}
