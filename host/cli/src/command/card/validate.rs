//! `satkit card validate`.

use super::DeviceArguments;
use crate::card::heading;
use crate::output;
use satkit_host::validate::{self, Outcome, Report};
use satkit_transport::{Backend, CardInfo};

/// Check a card: identity, registers, memory patterns, odd sizes, boundaries, interrupt, jobs with known results, bandwidth
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  satkit card validate
  satkit card validate --device xdma:/tmp/card --json

It resets the core and overwrites card memory. Exit code 1 if a check fails. The bandwidth of a virtual card or of the simulator says
nothing of a real card's.")]
pub(super) struct ValidateArguments {
    #[command(flatten)]
    card: DeviceArguments,
    /// MiB of the transfers that are timed
    #[arg(long, value_name = "MIB", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=4096))]
    bandwidth_mib: u32,
    /// Print a JSON object instead of lines
    #[arg(long)]
    json: bool,
}

#[derive(serde::Serialize)]
struct Json {
    name: String,
    backend: &'static str,
    passed: bool,
    checks: Vec<Check>,
    bandwidth: Vec<Speed>,
}

#[derive(serde::Serialize)]
struct Check {
    name: &'static str,
    outcome: &'static str,
    detail: String,
}

#[derive(serde::Serialize)]
struct Speed {
    direction: String,
    channel: u8,
    bytes: u64,
    seconds: f64,
    megabytes_per_second: f64,
}

pub(super) fn run(arguments: &ValidateArguments) -> anyhow::Result<()> {
    let card = arguments.card.open()?;
    let info = card.info();
    if !arguments.json {
        output::line(heading(info))?;
    }
    let bytes = (arguments.bandwidth_mib as usize) << 20;
    let mut written = Ok(());
    let report = validate::validate(&card, bytes, |check| {
        if !arguments.json && written.is_ok() {
            let outcome = word(&check.outcome);
            written = output::line(format_args!("{outcome:7}  {}: {}", check.name, check.detail));
        }
    });
    written?;
    let failed = report.checks.iter().filter(|check| check.outcome != Outcome::Passed).count();
    if arguments.json {
        output::json(&json(info, &report))?;
    } else if info.backend != Backend::Real {
        output::line(format_args!(
            "the bandwidth is that of backend={}, not of a card",
            info.backend.name()
        ))?;
    }
    if failed > 0 {
        anyhow::bail!(
            "{} of {} checks of {} did not pass",
            failed,
            report.checks.len(),
            heading(info)
        );
    }
    Ok(())
}

const fn word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Passed => "passed",
        Outcome::Failed => "FAILED",
        Outcome::Skipped => "skipped",
    }
}

fn json(info: &CardInfo, report: &Report) -> Json {
    let checks = report.checks.iter().map(|check| Check {
        name: check.name,
        outcome: match check.outcome {
            Outcome::Passed => "passed",
            Outcome::Failed => "failed",
            Outcome::Skipped => "skipped",
        },
        detail: check.detail.clone(),
    });
    let bandwidth = report.bandwidths.iter().map(|speed| Speed {
        direction: speed.direction.to_string(),
        channel: speed.channel,
        bytes: speed.bytes,
        seconds: speed.seconds,
        megabytes_per_second: speed.megabytes_per_second(),
    });
    Json {
        name: info.name.clone(),
        backend: info.backend.name(),
        passed: report.passed(),
        checks: checks.collect(),
        bandwidth: bandwidth.collect(),
    }
}
