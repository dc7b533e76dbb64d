//! An operation on a card, from the first upload to the last download.

use super::{Kernel, KernelPlan, KernelResults, KernelWork};
use crate::HostError;
use crate::card::CardSettings;
use crate::session::Session;

/// An operation that a card has done.
#[derive(Clone, Debug, PartialEq)]
pub struct KernelRun {
    /// What came of it.
    pub results: KernelResults,
    /// Cycles of its job. Operands that are pruned on the card are made by a job before, whose cycles are not among these.
    pub cycles: u64,
    /// Its program, and what the timing model says of that.
    pub plan: KernelPlan,
}

impl KernelRun {
    /// Compares the card's cycles with the timing model's, which those of a simulated card with the memory of the settings are.
    ///
    /// # Errors
    /// [`HostError::Cycles`] if they differ.
    pub fn check_cycles(&self) -> Result<(), HostError> {
        let (card, model) = (self.cycles, self.plan.timing.cycles);
        if card == model {
            return Ok(());
        }
        Err(HostError::Cycles { what: self.plan.step.title.clone(), card, model })
    }
}

/// Runs an operation: allocates its tensors, uploads operands and programs, starts each program and waits for it, downloads the
/// results.
///
/// # Errors
/// As [`Kernel::check`]; [`HostError::Spec`] and [`HostError::Plan`] if the card's array cannot run it, [`HostError::Card`] if
/// the card fails.
pub fn run_kernel(
    session: &Session,
    kernel: &Kernel,
    settings: &CardSettings,
) -> Result<KernelRun, HostError> {
    let (work, config) = (KernelWork::new(kernel)?, session.config());
    config.check_sparsity(kernel.compact())?;
    let room = session.allocate(work.room_bytes()?).map_err(HostError::card("memory"))?;
    let step = work.plan(config, settings.dataflow, room.address())?;
    let addresses = step.addresses.clone();
    let address = |index: usize| addresses[index];
    for (tensor, bytes) in work.uploads(config, kernel) {
        session.upload(address(tensor.0), &bytes).map_err(HostError::card("upload"))?;
    }
    let load = |program: &satkit_plan::Program| {
        session.load(program.instructions()).map_err(HostError::card("program"))
    };
    if let Some(before) = work.preparation(config, room.address())? {
        let program = load(&before.program)?;
        session.run(&program, settings.deadline).map_err(HostError::card("pruning"))?;
    }
    let program = load(&step.program)?;
    let plan = KernelPlan::new(config, step, program.address(), &settings.memory)?;
    let report =
        session.run(&program, settings.deadline).map_err(HostError::card(kernel.name()))?;
    let results = work.results(config, kernel, |tensor, bytes| {
        let mut buffer = vec![0; bytes as usize];
        let downloaded = session.download(address(tensor.0), &mut buffer);
        downloaded.map_err(HostError::card("download"))?;
        Ok(buffer)
    })?;
    Ok(KernelRun { results, cycles: report.cycles, plan })
}
