//! `satkit virtual-card`: the files of the XDMA driver without a card.

use crate::arguments::array;
use crate::card::{CardDevice, open_card};
use crate::error::CliError;
use crate::interrupt;
use crate::output;
use satkit_spec::ArrayConfig;
use satkit_transport::Backend;
use satkit_virtual_card::{Ended, FAULTS_HELP, FaultKind, Faults, VirtualCard};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::Duration;

/// How often the end is looked for.
const TICK: Duration = Duration::from_millis(20);

/// Serve the device files of a card in a directory, from the simulator or the hardware's Verilog, until Ctrl-C
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  mkdir /tmp/card && satkit virtual-card --dir /tmp/card
  satkit virtual-card --dir /tmp/card --array small --faults seed=7,eio=0.01,lost-irq=0.1
  satkit virtual-card --dir /tmp/card --device rtl --array tiny
  satkit virtual-card --faults help
  satkit card validate --device xdma:/tmp/card      from another terminal
  dd if=/tmp/card/xdma0_user bs=4 count=1 | xxd     so can every other program

Needs FUSE (Debian: apt-get install fuse3). It stays in the foreground, says when it is ready, and unmounts on SIGINT and SIGTERM. It
stands in for the kernel driver's files, not for PCIe: its speed is not a card's.")]
pub(crate) struct VirtualCardArguments {
    /// Where the files appear: an empty directory
    #[arg(long, value_name = "DIR", required_unless_present = "faults")]
    dir: Option<PathBuf>,
    /// Faults to inject, such as seed=7,eio=0.01; `help` lists them [default: none]
    #[arg(long, value_name = "SPEC")]
    faults: Option<FaultsArgument>,
    /// Array configuration of what serves, as in `satkit simulate` [default: vcu1525; with --device rtl tiny]
    #[arg(long, value_name = "NAME|RxC", value_parser = array)]
    array: Option<ArrayConfig>,
    /// What serves the files: sim, the simulator; rtl, the hardware's Verilog (docs/guide-rtl.md)
    #[arg(long, value_name = "DEVICE", default_value = "sim")]
    device: CardDevice,
    /// Print one JSON object when it is ready and one at the end, each in a line
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Debug)]
enum FaultsArgument {
    Help,
    Faults(Faults),
}

impl std::str::FromStr for FaultsArgument {
    type Err = satkit_virtual_card::FaultsError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "help" { Ok(Self::Help) } else { text.parse().map(Self::Faults) }
    }
}

#[derive(serde::Serialize)]
struct Ready<'a> {
    ready: bool,
    backend: &'static str,
    dir: &'a Path,
    device: String,
    serves: &'a str,
    array: &'a str,
    memory_bytes: u64,
    faults: String,
}

#[derive(serde::Serialize)]
struct Stopped {
    ready: bool,
    backend: &'static str,
    ended: &'static str,
    operations: u64,
    injected: BTreeMap<&'static str, u64>,
}

pub(crate) fn run(arguments: &VirtualCardArguments) -> anyhow::Result<()> {
    let faults = match &arguments.faults {
        Some(FaultsArgument::Help) => return Ok(output::line(FAULTS_HELP)?),
        Some(FaultsArgument::Faults(faults)) => *faults,
        None => Faults::default(),
    };
    let option = |option, given: String, reason: &str| CliError::Option {
        option,
        given,
        reason: reason.into(),
    };
    let dir = arguments.dir.as_deref().ok_or_else(|| {
        option("--dir", "is missing".into(), "accepted: an empty directory for the files")
    })?;
    if let CardDevice::Xdma { dir, .. } = &arguments.device {
        let given = format!("xdma:{}", dir.display());
        return Err(
            option("--device", given, "it has its files already; accepted: sim, rtl").into()
        );
    }
    let array = arguments.array.clone();
    let array = array.unwrap_or_else(|| arguments.device.default_array());
    let stop = interrupt::clean_stop_flag("unmounting");
    let card = open_card(&arguments.device, Some(&array))?;
    let mounted = VirtualCard::mount(card.clone(), dir, faults)?;
    let info = card.info();
    let backend = Backend::Virtual.name();
    let ready = Ready {
        ready: true,
        backend,
        dir,
        device: format!("xdma:{}:0", dir.display()),
        serves: &info.name,
        array: &array.name,
        memory_bytes: info.memory_bytes,
        faults: faults.to_string(),
    };
    if arguments.json {
        json_line(&ready)?;
    } else {
        output::line(format_args!(
            "ready: virtual card, backend={backend}, --device {}, {} of {}, {}, faults {}; Ctrl-C unmounts",
            ready.device,
            ready.serves,
            ready.array,
            output::bytes(ready.memory_bytes),
            ready.faults
        ))?;
    }
    let ended = loop {
        if let Some(ended) = mounted.ended() {
            break Some(ended);
        }
        if stop.load(Ordering::SeqCst) {
            break None;
        }
        std::thread::sleep(TICK);
    };
    let operations = mounted.operations();
    let injected = FaultKind::ALL.map(|kind| (kind.name(), mounted.injected(kind)));
    drop(mounted);
    let word = match ended {
        Some(Ended::Died) => "died of a fault",
        Some(Ended::Unmounted) => "unmounted by somebody else",
        None => "stopped",
    };
    if arguments.json {
        let injected = injected.into_iter().collect();
        json_line(&Stopped { ready: false, backend, ended: word, operations, injected })?;
    } else {
        let counts = injected.map(|(name, count)| format!("{name} {count}")).join(", ");
        output::line(format_args!(
            "virtual card, backend={backend}: {word} after {operations} operations; injected: {counts}"
        ))?;
    }
    if ended == Some(Ended::Died) {
        anyhow::bail!("the virtual card died of the fault `die`, as it was asked to");
    }
    Ok(())
}

fn json_line(value: &impl serde::Serialize) -> anyhow::Result<()> {
    Ok(output::line(serde_json::to_string(value)?)?)
}
