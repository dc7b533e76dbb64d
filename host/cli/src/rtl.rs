//! Models of the hardware's Verilog: compiled if they have to be, with progress shown.

use crate::{interrupt, output};
use satkit_rtl::{Build, Progress};
use std::path::Path;

/// What `make` makes with a build that tells how it goes on, and that Ctrl-C ends.
pub(crate) fn built<T>(waves: Option<&Path>, make: impl FnOnce(&Build<'_>) -> T) -> T {
    let spinner = output::spinner("rtl");
    let stop = interrupt::stop_flag_for("stopping the compiler; once more to stop at once");
    let tell = |progress| {
        spinner.enable_steady_tick(std::time::Duration::from_millis(100));
        spinner.set_message(match progress {
            Progress::Waiting => "another process compiles this model".into(),
            Progress::Verilating => "Verilator reads the hardware".into(),
            Progress::Compiling { done, of } => {
                format!("compiling the model, {done} of {of} files")
            }
        });
    };
    let build = Build { waves, progress: Some(&tell), stop: Some(stop), ..Build::default() };
    let made = make(&build);
    spinner.finish_and_clear();
    made
}
