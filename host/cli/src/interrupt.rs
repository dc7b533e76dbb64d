//! Ctrl-C.

use crate::error::INTERRUPTED;
use crate::output;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

static STOP: AtomicBool = AtomicBool::new(false);
static INSTALLED: OnceLock<bool> = OnceLock::new();

/// From here on the first Ctrl-C (or termination) sets the flag that is returned, and the second ends the process at
/// once. The flag starts lowered.
pub(crate) fn stop_flag() -> &'static AtomicBool {
    stop_flag_for("finishing the step; once more to stop at once")
}

/// The same for a command that says something else when it is interrupted. A process runs one command.
pub(crate) fn stop_flag_for(saying: &'static str) -> &'static AtomicBool {
    install(saying, true)
}

/// The same for a command that has to clean up and does so quickly: it is not cut short by a second Ctrl-C.
#[cfg(target_os = "linux")]
pub(crate) fn clean_stop_flag(saying: &'static str) -> &'static AtomicBool {
    install(saying, false)
}

fn install(saying: &'static str, ends_at_second: bool) -> &'static AtomicBool {
    let installed = *INSTALLED.get_or_init(|| {
        let handler = move || {
            if !STOP.swap(true, Ordering::SeqCst) {
                output::note(format_args!("satkit: {saying}"));
            } else if ends_at_second {
                // Files are written beside their place and renamed, so none is left in pieces.
                std::process::exit(i32::from(INTERRUPTED));
            }
        };
        ctrlc::set_handler(handler).is_ok()
    });
    if !installed {
        output::note("note: Ctrl-C cannot be caught here and will end the run without saving");
    }
    STOP.store(false, Ordering::SeqCst);
    &STOP
}
