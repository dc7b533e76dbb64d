//! Operations on a card: the simulator, or one behind the files of the XDMA driver.

use super::Cost;
use crate::arguments::TransferArguments;
use crate::card::{CardDevice, open_session};
use satkit_host::card::CardSettings;
use satkit_host::kernel::{Kernel, KernelPlan, KernelResults, run_kernel};
use satkit_memory::MemoryModel;
use satkit_plan::{DataflowChoice, utilization};
use satkit_spec::ArrayConfig;
use satkit_transport::Backend;

/// Computes `kernel` on the card that `device` names. A simulated card has to take the cycles of the timing model.
///
/// # Errors
/// Those of the card, and of [`run_kernel`].
pub(super) fn compute(
    kernel: &Kernel,
    device: &CardDevice,
    config: &ArrayConfig,
    dataflow: DataflowChoice,
    transfers: TransferArguments,
) -> anyhow::Result<(KernelResults, Cost)> {
    let session = open_session(device, config, transfers, MemoryModel::default())?;
    let memory = MemoryModel::default();
    let settings = CardSettings { dataflow, memory, ..CardSettings::default() };
    let run = run_kernel(&session, kernel, &settings)?;
    let backend = session.info().backend;
    let is_model = backend == Backend::InProcess;
    if is_model {
        run.check_cycles()?;
    }
    let cost = Cost::of(config, &run.plan, run.cycles);
    Ok((run.results, Cost { backend: (!is_model).then(|| backend.name()), ..cost }))
}

impl Cost {
    /// What an operation costs that took `cycles`.
    pub(super) fn of(config: &ArrayConfig, plan: &KernelPlan, cycles: u64) -> Self {
        let useful_macs = plan.timing.useful_macs;
        Self {
            array: Some(config.name.clone()),
            dataflow: plan.dataflow().map(|dataflow| dataflow.name()),
            cycles: Some(cycles),
            useful_macs: Some(useful_macs),
            utilization: Some(utilization(config, useful_macs, cycles)),
            ..Self::default()
        }
    }
}
