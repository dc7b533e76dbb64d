//! The Python example in docs: NumPy and the command agree on every bit.

use std::path::Path;
use std::process::Command;

/// Set to `require` where NumPy has to be there; without it the test is skipped if it is not.
const REQUIRED: &str = "NUMPY";

#[test]
fn the_numpy_example_agrees_on_every_bit() {
    let has_numpy = Command::new("python3").args(["-c", "import numpy"]).output();
    if !has_numpy.is_ok_and(|output| output.status.success()) {
        assert_ne!(std::env::var(REQUIRED).as_deref(), Ok("require"), "NumPy is not importable");
        eprintln!("skipped: NumPy is not importable; pip install numpy");
        return;
    }
    let script =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/python/kernel_property_test.py");
    let output = Command::new("python3")
        .arg(script)
        .arg(env!("CARGO_BIN_EXE_satkit"))
        .args(["--cases", "25", "--seed", "2"])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr) + String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && text.contains("25 random layers: every bit agrees"),
        "{text}"
    );
}
