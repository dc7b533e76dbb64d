//! Cards to train on.

use crate::CliError;
use crate::card::{CardDevice, open_card, rtl_card};
use satkit_host::card::{CardMachine, CardSettings};
use satkit_host::session::Session;
use satkit_memory::MemoryModel;
use satkit_plan::DataflowChoice;
use satkit_sim::card::{SimCard, SimCardOptions};
use satkit_spec::ArrayConfig;
use satkit_spec::isa::Engine;
use satkit_transport::Card;
use std::sync::Arc;

/// A card that trains; the simulator's memory is that of the training model.
///
/// # Errors
/// If there is no such card, or it does not identify itself as one with this array.
pub(crate) fn card_machine(
    device: &CardDevice,
    array: &ArrayConfig,
    dataflow: DataflowChoice,
) -> anyhow::Result<CardMachine> {
    let memory = MemoryModel::default();
    let card: Arc<dyn Card> = match device {
        CardDevice::Sim => {
            let options = SimCardOptions { dram: memory, ..SimCardOptions::default() };
            Arc::new(SimCard::new(array, &options)?)
        }
        CardDevice::Rtl => {
            refuse_missing_engines()?;
            rtl_card(array, memory)?
        }
        CardDevice::Xdma { .. } => open_card(device, None)?,
    };
    let session = Session::open(card, array)?;
    let settings = CardSettings { dataflow, memory, ..CardSettings::default() };
    Ok(CardMachine::new(Arc::new(session), settings))
}

/// Says which engines the Verilog lacks, as a step of training needs all.
fn refuse_missing_engines() -> Result<(), CliError> {
    let there = satkit_hdl::accelerator::ENGINES;
    let missing = Engine::ALL.into_iter().filter(|engine| !there.contains(engine));
    let missing: Vec<&str> = missing.map(Engine::name).collect();
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
