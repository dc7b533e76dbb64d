//! The process behind a request.

use std::fs;

/// Whether a signal waits for the thread of a client, or the thread is gone, so that its blocked read should end.
///
/// The kernel tells a FUSE server of interrupted requests, but the FUSE library does not pass that on, and until the
/// server answers, the client cannot be interrupted nor killed. Its pending signals are in `/proc/TID/status` instead:
/// those of the thread and of the process, less the blocked ones. Threads outside of this PID namespace have number 0,
/// and are never taken for interrupted.
pub(crate) fn is_interrupted(thread: u32) -> bool {
    if thread == 0 {
        return false;
    }
    match fs::read_to_string(format!("/proc/{thread}/status")) {
        Ok(status) => has_pending_signal(&status),
        Err(_) => true,
    }
}

fn has_pending_signal(status: &str) -> bool {
    let mask = |key: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(key));
        line.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
    };
    (mask("SigPnd:") | mask("ShdPnd:")) & !mask("SigBlk:") != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pending_signals_interrupt_unless_blocked() {
        let status = |pending, shared, blocked| {
            format!(
                "Name:\tdd\nSigPnd:\t{pending:016x}\nShdPnd:\t{shared:016x}\nSigBlk:\t{blocked:016x}\n"
            )
        };
        assert!(!has_pending_signal(&status(0, 0, 0)));
        assert!(has_pending_signal(&status(2, 0, 0)));
        assert!(has_pending_signal(&status(0, 2, 0)));
        assert!(!has_pending_signal(&status(0, 2, 2)));
        assert!(!has_pending_signal(""));
        assert!(!is_interrupted(std::process::id()));
        assert!(!is_interrupted(0));
        assert!(is_interrupted(u32::MAX), "there is no such thread");
    }
}
