//! Cards to train on.

use satkit_host::card::{CardMachine, CardSettings};
use satkit_host::session::Session;
use satkit_memory::MemoryModel;
use satkit_plan::DataflowChoice;
use satkit_sim::card::{SimCard, SimCardOptions};
use satkit_spec::ArrayConfig;
use std::sync::Arc;

/// A simulated card that trains.
///
/// # Errors
/// If there is no such array, or the card does not identify itself as one.
pub fn simulated_card(
    array: &ArrayConfig,
    dataflow: DataflowChoice,
) -> anyhow::Result<CardMachine> {
    let memory = MemoryModel::default();
    let card = SimCard::new(array, &SimCardOptions { dram: memory, ..SimCardOptions::default() })?;
    let session = Session::open(Arc::new(card), array)?;
    let settings = CardSettings { dataflow, memory, ..CardSettings::default() };
    Ok(CardMachine::new(Arc::new(session), settings))
}
