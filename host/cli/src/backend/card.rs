//! Cards to train on.

use crate::CliError;
use crate::arguments::TransferArguments;
use crate::card::{CardDevice, open_session};
use crate::error::illegal_instruction;
use satkit_host::card::{CardMachine, CardSettings};
use satkit_memory::MemoryModel;
use satkit_plan::DataflowChoice;
use satkit_spec::ArrayConfig;
use std::sync::Arc;

/// A card that trains. `dram` is its memory [default: that of the hardware's ports is `ddr4`, all others are planned for `pool`].
///
/// # Errors
/// As [`open_session`], and for a memory that the hardware's ports cannot have.
pub(crate) fn card_machine(
    device: &CardDevice,
    array: &ArrayConfig,
    dataflow: DataflowChoice,
    transfers: TransferArguments,
    dram: Option<MemoryModel>,
) -> anyhow::Result<CardMachine> {
    let memory = match (device, dram) {
        (CardDevice::Rtl, None) => MemoryModel::ddr4(),
        (CardDevice::Rtl, Some(MemoryModel::Pool(_))) => {
            let reason = "the hardware has ports of their own for each channel, and this memory has none; accepted with \
                          --device rtl: fixed, pressure, ddr4";
            let given = "pool".into();
            return Err(CliError::Option { option: "--dram", given, reason: reason.into() }.into());
        }
        (_, dram) => dram.unwrap_or_default(),
    };
    let session = open_session(device, array, transfers, memory)?;
    let settings = CardSettings { dataflow, memory, ..CardSettings::default() };
    Ok(CardMachine::new(Arc::new(session), settings))
}

/// What went wrong, and if the Verilog does not know an instruction of the program, what its engines cannot do yet.
pub(crate) fn of_engines(device: &CardDevice, error: anyhow::Error) -> anyhow::Error {
    let missing = satkit_hdl::accelerator::MISSING;
    let Some(instruction) = illegal_instruction(&error) else { return error };
    if *device != CardDevice::Rtl || missing.is_empty() {
        return error;
    }
    let reason = format!(
        "the hardware has stopped at instruction {instruction}: it has no {} yet; accepted: sim, xdma, or single operations \
         with `satkit kernel --device rtl`",
        missing.join(", ")
    );
    CliError::Option { option: "--device", given: device.name().into(), reason }.into()
}
