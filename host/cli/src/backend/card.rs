//! Cards to train on.

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
) -> anyhow::Result<CardMachine> {
    let session = open_session(device, array)?;
    let memory = MemoryModel::default();
    let settings = CardSettings { dataflow, memory, ..CardSettings::default() };
    Ok(CardMachine::new(Arc::new(session), settings))
}
