//! Cards to train on.

use crate::CliError;
use crate::arguments::TransferArguments;
use crate::card::{CardDevice, open_session};
use satkit_host::card::{CardMachine, CardSettings};
use satkit_memory::MemoryModel;
use satkit_plan::DataflowChoice;
use satkit_spec::ArrayConfig;
use std::sync::Arc;

/// A card that trains.
///
/// # Errors
/// As [`open_session`].
pub(crate) fn card_machine(
    device: &CardDevice,
    array: &ArrayConfig,
    dataflow: DataflowChoice,
    transfers: TransferArguments,
) -> anyhow::Result<CardMachine> {
    if *device == CardDevice::Rtl {
        refuse_missing_engines()?;
    }
    let session = open_session(device, array, transfers)?;
    let memory = MemoryModel::default();
    let settings = CardSettings { dataflow, memory, ..CardSettings::default() };
    Ok(CardMachine::new(Arc::new(session), settings))
}

/// Says what the Verilog's engines cannot do yet, as a step of training needs all.
fn refuse_missing_engines() -> Result<(), CliError> {
    let missing = satkit_hdl::accelerator::MISSING;
    if missing.is_empty() {
        return Ok(());
    }
    let reason = format!(
        "the hardware has no {} yet, and training needs them; accepted: sim, xdma, or single operations with \
         `satkit kernel --device rtl`",
        missing.join(", ")
    );
    Err(CliError::Option { option: "--device", given: "rtl".into(), reason })
}
