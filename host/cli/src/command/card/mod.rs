//! `satkit card`: what cards there are, what they say of themselves, whether they work.

mod dump;
mod facts;
mod info;
mod list;
mod program;
mod reset;
mod tool;
mod validate;

use crate::arguments::array;
use crate::card::{CardDevice, open_card};
use crate::error::CliError;
use satkit_spec::ArrayConfig;
use satkit_transport::Card;
use std::sync::Arc;

/// List, inspect, check, reset and program cards, real and virtual
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  satkit card list
  satkit card info --device xdma:/dev:0
  satkit card validate --device xdma:/tmp/card --json
  satkit card validate --device rtl --array tiny
  satkit card dump --memory 0x0 --bytes 4096 --out first-page.bin
  satkit card program build/vcu1525.bit --dry-run

DEVICE is xdma[:DIR][:N] for the files of the XDMA kernel driver (default xdma:/dev:0), sim for the simulator, or rtl for the
hardware's Verilog (docs/guide-rtl.md). A virtual card is xdma with the directory that `satkit virtual-card` mounts. No command has run with a real card yet.")]
pub(crate) struct CardArguments {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand, Debug)]
enum What {
    List(list::ListArguments),
    Info(info::InfoArguments),
    Validate(validate::ValidateArguments),
    Reset(reset::ResetArguments),
    Dump(dump::DumpArguments),
    Program(program::ProgramArguments),
    Facts(facts::FactsArguments),
}

/// Which card.
#[derive(clap::Args, Debug)]
struct DeviceArguments {
    /// The card: xdma[:DIR][:N], sim for the simulator, or rtl for the hardware's Verilog
    #[arg(long, value_name = "DEVICE", default_value = "xdma")]
    device: CardDevice,
    /// With --device sim or rtl: its array, as in `satkit simulate` [default: vcu1525; with rtl tiny]
    #[arg(long, value_name = "NAME|RxC", value_parser = array)]
    array: Option<ArrayConfig>,
}

impl DeviceArguments {
    fn open(&self) -> anyhow::Result<Arc<dyn Card>> {
        if let Some(array) = self.array.as_ref().filter(|_| !self.device.is_in_process()) {
            let reason =
                "a card has the array of its bitstream; accepted with --device sim or rtl".into();
            let given = array.name.clone();
            return Err(CliError::Option { option: "--array", given, reason }.into());
        }
        open_card(&self.device, self.array.as_ref())
    }
}

pub(crate) fn run(arguments: &CardArguments) -> anyhow::Result<()> {
    match &arguments.what {
        What::List(arguments) => list::run(arguments),
        What::Info(arguments) => info::run(arguments),
        What::Validate(arguments) => validate::run(arguments),
        What::Reset(arguments) => reset::run(arguments),
        What::Dump(arguments) => dump::run(arguments),
        What::Program(arguments) => program::run(arguments),
        What::Facts(arguments) => facts::run(arguments),
    }
}

/// A whole number below 2^64, in hexadecimal with `0x`.
fn address(text: &str) -> Result<u64, String> {
    let number = match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16),
        None => text.parse(),
    };
    number.map_err(|_| "accepted: a whole number below 2^64, such as 4096 or 0x1000".into())
}
