//! Progress on standard error: a bar on a terminal, and a line per epoch everywhere.

use super::plan::Plan;
use crate::output::{duration, note, thousands};
use indicatif::{ProgressBar, ProgressStyle};
use satkit_host::train::{EpochRecord, StepEvent};

/// The bar of one run.
pub(super) struct Progress {
    bar: ProgressBar,
    name: String,
    epochs: u64,
    clock_hz: u64,
}

impl Progress {
    /// A run of `steps` steps in `epochs` epochs, of which `done` steps are done.
    pub(super) fn new(name: &str, done: u64, steps: u64, epochs: u64, plan: &Plan) -> Self {
        // Hidden, without a draw, where standard error is no terminal.
        let bar = ProgressBar::new(steps).with_position(done);
        bar.reset_eta();
        let template = "{prefix} [{bar:24}] {pos}/{len}, {eta} left{wide_msg}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_prefix(name.to_owned());
        let progress = Self { bar, name: name.into(), epochs, clock_hz: plan.array.clock_hz };
        progress.say(&format!(
            "{name}: {} on {}, {} dataflow{}",
            plan.title(),
            plan.array.name,
            plan.dataflow,
            if done > 0 { format!(", from step {done}") } else { String::new() }
        ));
        progress
    }

    pub(super) fn step(&self, event: &StepEvent) {
        if !self.bar.is_hidden() {
            self.bar.set_message(format!(
                ", loss {:.4}, accuracy {:.1} %, {} cycles",
                event.train_loss,
                event.train_accuracy * 100.0,
                thousands(event.cycles_so_far.total())
            ));
        }
        self.bar.set_position(event.step);
    }

    pub(super) fn epoch(&self, record: &EpochRecord) {
        let cycles = record.cycles.total();
        self.say(&format!(
            "{}: epoch {}/{}, step {}: train loss {:.4}, train accuracy {:.2} %, test accuracy {:.2} %, {} cycles, {} \
             simulated",
            self.name,
            record.epoch,
            self.epochs,
            record.steps,
            record.train_loss,
            record.train_accuracy * 100.0,
            record.test_accuracy * 100.0,
            thousands(cycles),
            duration(cycles as f64 / self.clock_hz as f64)
        ));
    }

    /// Takes the bar away; what it said is in the lines.
    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }

    fn say(&self, line: &str) {
        self.bar.suspend(|| note(line));
    }
}
