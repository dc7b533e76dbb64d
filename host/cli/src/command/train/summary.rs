//! The JSON object of a run.

use super::plan::Plan;
use super::run::{Run, Runs};

/// One run in figures. Accuracies are fractions, cycles those of all training steps.
#[derive(serde::Serialize)]
struct Figures<'a> {
    network: &'a str,
    data: &'a str,
    method: &'static str,
    sparsity: String,
    seed: u64,
    batch: usize,
    device: &'static str,
    backend: &'static str,
    array: &'a str,
    dataflow: &'static str,
    epochs: u64,
    steps: u64,
    skipped_steps: u64,
    test_accuracy: Option<f64>,
    train_loss: f64,
    cycles_total: u64,
    cycles_ff: u64,
    cycles_bp: u64,
    cycles_wu: u64,
    cycles_other: u64,
    simulated_seconds: f64,
}

/// What `--json` prints.
#[derive(serde::Serialize)]
pub(super) struct Summary<'a> {
    #[serde(flatten)]
    main: Figures<'a>,
    /// Cycles of the dense run over those of this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    speedup: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dense: Option<Figures<'a>>,
}

impl<'a> Summary<'a> {
    pub(super) fn of(plan: &'a Plan, runs: &'a Runs) -> Self {
        Self {
            main: Figures::of(plan, &runs.main),
            speedup: runs.speedup(),
            dense: runs.dense.as_ref().map(|run| Figures::of(plan, run)),
        }
    }
}

impl<'a> Figures<'a> {
    fn of(plan: &'a Plan, run: &'a Run) -> Self {
        let (settings, report) = (&run.settings, &run.report);
        let cycles = report.cycles;
        // The sum of its parts, whatever they are.
        let total = cycles.ff + cycles.bp + cycles.wu + cycles.other();
        Self {
            network: plan.network.name(),
            data: plan.data.name(),
            method: settings.method.name(),
            sparsity: settings.sparsity.to_string(),
            seed: settings.seed,
            batch: settings.batch,
            device: plan.device.name(),
            backend: run.backend.name(),
            array: &plan.array.name,
            dataflow: plan.dataflow.name(),
            epochs: report.epochs,
            steps: report.steps,
            skipped_steps: report.skipped_steps,
            test_accuracy: report.test_accuracy,
            train_loss: report.train_loss,
            cycles_total: total,
            cycles_ff: cycles.ff,
            cycles_bp: cycles.bp,
            cycles_wu: cycles.wu,
            cycles_other: cycles.other(),
            simulated_seconds: total as f64 / plan.array.clock_hz as f64,
        }
    }
}

impl Runs {
    /// Cycles of the dense run over those of the method's; `None` without one.
    pub(super) fn speedup(&self) -> Option<f64> {
        let dense = self.dense.as_ref()?.report.cycles.total();
        Some(dense as f64 / self.main.report.cycles.total().max(1) as f64)
    }
}
