//! The table at the end of `satkit train`.

use super::plan::Plan;
use super::run::{Run, Runs};
use crate::output::{self, duration, thousands};

/// The runs side by side, with what they cost per step.
pub(super) fn results(plan: &Plan, runs: &Runs) -> String {
    let header = [
        "run",
        "test accuracy",
        "train loss",
        "steps",
        "FF",
        "BP",
        "WU",
        "other",
        "cycles per step",
        "speed-up",
    ];
    let mut table = output::table(&header);
    for run in runs.distinct() {
        let report = &run.report;
        let per_step = |cycles: u64| thousands(cycles / report.steps.max(1));
        table.add_row([
            run.name.clone(),
            report.test_accuracy.map_or("-".into(), |share| format!("{:.2} %", share * 100.0)),
            format!("{:.4}", report.train_loss),
            thousands(report.steps),
            per_step(report.cycles.ff),
            per_step(report.cycles.bp),
            per_step(report.cycles.wu),
            per_step(report.cycles.other()),
            per_step(report.cycles.total()),
            speedup(runs, run),
        ]);
    }
    output::right_align(&mut table);
    let clock_mhz = plan.array.clock_hz as f64 / 1e6;
    let times: Vec<String> = runs
        .distinct()
        .map(|run| {
            let cycles = run.report.cycles.total();
            let time = duration(cycles as f64 / plan.array.clock_hz as f64);
            format!("{} {time} ({} cycles)", run.name, thousands(cycles))
        })
        .collect();
    format!(
        "{}, batch {}, seed {}, device {}, backend={}\n{table}\nSimulated time on {} at {clock_mhz} MHz, {} dataflow: {}",
        plan.title(),
        plan.settings.batch,
        plan.settings.seed,
        plan.device.name(),
        runs.main.backend.name(),
        plan.array.name,
        plan.dataflow,
        times.join(", ")
    )
}

/// Against dense, whose own is 1.
fn speedup(runs: &Runs, run: &Run) -> String {
    let is_main = std::ptr::eq(run, &raw const runs.main);
    match runs.speedup() {
        None => "-".into(),
        Some(speedup) if is_main => format!("{speedup:.2}x"),
        Some(_) => "1.00x".into(),
    }
}
