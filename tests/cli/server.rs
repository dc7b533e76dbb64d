//! A virtual card that another process serves.

use super::fuse::has_fuse;
use super::process::ends;
use super::support::satkit;
use serde_json::Value;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// Long enough for a busy machine; nothing waits for it unless it hangs.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A `satkit virtual-card` that is ready.
pub(crate) struct Server {
    pub(crate) child: Child,
    stdout: BufReader<ChildStdout>,
    pub(crate) ready: Value,
    // After the process: it is its mount point.
    pub(crate) dir: TempDir,
}

impl Server {
    /// Serves the simulator of `array`; `None` where there is no FUSE.
    pub(crate) fn start(array: &str, arguments: &str) -> Option<Self> {
        if !has_fuse() {
            return None;
        }
        let dir = tempfile::tempdir().unwrap();
        let mut command = satkit();
        command.args(["virtual-card", "--json", "--array", array, "--dir"]).arg(dir.path());
        command.args(arguments.split_whitespace()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut text = String::new();
        stdout.read_line(&mut text).unwrap();
        let ready = serde_json::from_str(&text).expect("one line says that it is ready");
        Some(Self { child, stdout, ready, dir })
    }

    pub(crate) fn device(&self) -> String {
        self.ready["device"].as_str().unwrap().to_owned()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    }

    /// Its exit code and its last line. It ends without hanging, and leaves an empty directory.
    pub(crate) fn end(mut self) -> (Option<i32>, Value) {
        let status = ends(&mut self.child, PATIENCE);
        let mut text = String::new();
        self.stdout.read_line(&mut text).unwrap();
        assert_eq!(std::fs::read_dir(self.dir.path()).unwrap().count(), 0, "it is unmounted");
        (status.code(), serde_json::from_str(&text).expect("one line says how it ended"))
    }
}

impl Drop for Server {
    /// A test that fails leaves no mount.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let mut unmount = Command::new("fusermount3");
        let _ =
            unmount.args(["-u", "-z", "-q"]).arg(self.dir.path()).stderr(Stdio::null()).status();
    }
}
