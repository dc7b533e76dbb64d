//! Waiting for processes. A file of its own: the command's tests belong to another package.

use std::process::{Child, ExitStatus};
use std::time::{Duration, Instant};

/// Waits for a process to end, and fails after `patience` instead of hanging.
#[allow(unreachable_pub, reason = "it is public in one of the packages that it is a part of")]
pub fn ends(child: &mut Child, patience: Duration) -> ExitStatus {
    let deadline = Instant::now() + patience;
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        assert!(Instant::now() < deadline, "process {} hangs", child.id());
        std::thread::sleep(Duration::from_millis(10));
    }
}
