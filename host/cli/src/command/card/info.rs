//! `satkit card info`.

use super::DeviceArguments;
use crate::card::{CardDevice, heading};
use crate::output;
use satkit_host::validate::Identity;
use satkit_host::xdma;
use satkit_spec::{memory_map, regs};

/// Show what a card and its core say of themselves
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  satkit card info
  satkit card info --device xdma:/tmp/card --json
  satkit card info --device sim --array small")]
pub(super) struct InfoArguments {
    #[command(flatten)]
    card: DeviceArguments,
    /// Print a JSON object instead of a table
    #[arg(long)]
    json: bool,
}

#[derive(serde::Serialize)]
struct Report {
    name: String,
    backend: &'static str,
    pci_address: Option<String>,
    driver_version: Option<String>,
    register_bytes: u32,
    memory_bytes: u64,
    h2c_channels: u8,
    c2h_channels: u8,
    events: u8,
    magic: String,
    contract_version: u32,
    contract_hash: String,
    array: Option<String>,
    configuration_hash: String,
    git_hash: String,
    build_date: String,
    ddr_calibrated: u32,
    status: Vec<&'static str>,
    running: bool,
    usable: bool,
    problem: Option<String>,
    warnings: Vec<String>,
}

pub(super) fn run(arguments: &InfoArguments) -> anyhow::Result<()> {
    // Before the card is opened: who looks needs no lock.
    let warnings = match &arguments.card.device {
        CardDevice::Sim | CardDevice::Rtl => Vec::new(),
        CardDevice::Xdma { dir, index } => {
            let found = xdma::list(dir)?.into_iter();
            let found = found.filter(|found| found.index == index.unwrap_or_default());
            found.flat_map(|found| found.warnings).collect()
        }
    };
    let card = arguments.card.open()?;
    let info = card.info();
    let identity = Identity::read(card.as_ref())?;
    let status = card.read32(regs::STATUS.offset)?;
    let problem = identity.check().err().map(|error| error.to_string());
    let hex = |word: u32| format!("{word:#010x}");
    let report = Report {
        name: info.name.clone(),
        backend: info.backend.name(),
        pci_address: info.pci_address.clone(),
        driver_version: info.driver_version.clone(),
        register_bytes: info.register_bytes,
        memory_bytes: info.memory_bytes,
        h2c_channels: info.h2c_channels,
        c2h_channels: info.c2h_channels,
        events: info.events,
        magic: hex(identity.magic),
        contract_version: identity.contract_version,
        contract_hash: hex(identity.contract_hash),
        array: identity.array(),
        configuration_hash: hex(identity.configuration_hash),
        git_hash: hex(identity.git_hash),
        build_date: format!("{:08x}", identity.build_date),
        ddr_calibrated: identity.ddr_calibrated,
        status: status_names(status),
        running: card.read32(regs::RUNNING.offset)? != 0,
        usable: problem.is_none(),
        problem,
        warnings,
    };
    if arguments.json {
        return Ok(output::json(&report)?);
    }
    output::line(heading(info))?;
    output::line(table(&report))?;
    let problem = report.problem.iter().map(|text| format!("problem: {text}"));
    let warnings = report.warnings.iter().map(|text| format!("warning: {text}"));
    Ok(output::lines(problem.chain(warnings))?)
}

/// The bits of `STATUS` that are set.
pub(super) fn status_names(status: u32) -> Vec<&'static str> {
    let set = regs::status::BITS.iter().filter(|(_, bit, _)| status >> bit & 1 != 0);
    set.map(|(name, _, _)| *name).collect()
}

fn table(report: &Report) -> comfy_table::Table {
    let known = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".into());
    let unknown_if_zero = |text: &str| {
        let zero = text.trim_start_matches("0x").chars().all(|digit| digit == '0');
        if zero { "unknown".into() } else { text.to_owned() }
    };
    let mut table = output::table(&["", ""]);
    let ready = report.ddr_calibrated.count_ones();
    for (name, value) in [
        ("PCI address", known(&report.pci_address)),
        ("driver version", known(&report.driver_version)),
        ("registers", format!("{} bytes", report.register_bytes)),
        ("memory", output::bytes(report.memory_bytes)),
        ("DMA channels", format!("{} h2c, {} c2h", report.h2c_channels, report.c2h_channels)),
        ("interrupt lines", report.events.to_string()),
        ("magic", report.magic.clone()),
        ("contract", format!("{}, {}", report.contract_version, report.contract_hash)),
        (
            "array",
            report.array.clone().unwrap_or_else(|| format!("hash {}", report.configuration_hash)),
        ),
        ("built from", unknown_if_zero(&report.git_hash)),
        ("built on", unknown_if_zero(&report.build_date)),
        ("DDR4 channels ready", format!("{ready} of {}", memory_map::CHANNELS)),
        ("status", if report.status.is_empty() { "-".into() } else { report.status.join(", ") }),
        ("running", if report.running { "yes" } else { "no" }.into()),
    ] {
        table.add_row([name.to_owned(), value]);
    }
    table
}
