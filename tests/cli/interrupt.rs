//! Ctrl-C: the step is finished, the run saved, and going on gives the same bits.
#![cfg(unix)]

use super::support::{line, satkit};
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

const TRAIN: &str = "train --epochs 3 --json";

/// Runs a command line in `directory` and interrupts it when a line of standard error starts with `when`. Returns exit
/// code, standard output and standard error.
fn interrupted(arguments: &str, directory: &Path, when: &str) -> (Option<i32>, String, String) {
    let mut child = satkit()
        .args(arguments.split_whitespace())
        .current_dir(directory)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stderr = String::new();
    let mut sent = false;
    for text in BufReader::new(child.stderr.take().unwrap()).lines() {
        let text = text.unwrap();
        if !sent && text.starts_with(when) {
            // The shell's own `kill` is there on every system.
            let kill = format!("kill -INT {}", child.id());
            assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
            sent = true;
        }
        stderr = stderr + &text + "\n";
    }
    let output = child.wait_with_output().unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap(), stderr)
}

#[test]
fn an_interrupted_run_goes_on_to_the_same_bits() {
    let directory = tempfile::tempdir().unwrap();
    let whole = line(TRAIN).json();

    let first = format!("{TRAIN} --checkpoint run --csv run.csv");
    let (code, stdout, stderr) = interrupted(&first, directory.path(), "bdwp 2:8: epoch 1/");
    assert_eq!(code, Some(130), "{stderr}");
    assert_eq!(stdout, "");
    assert!(stderr.contains("saved") && stderr.contains("--resume"), "{stderr}");

    let resume = "train --checkpoint run --resume --csv run.csv --json";
    let (code, _, stderr) = interrupted(resume, directory.path(), "dense: epoch 1/");
    assert_eq!(code, Some(130), "{stderr}");
    assert!(stderr.contains("from step"), "{stderr}");

    let output = satkit().args(resume.split(' ')).current_dir(directory.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    let resumed: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(resumed, whole);

    // Every step of both runs has one row, in order.
    let rows = std::fs::read_to_string(directory.path().join("run.csv")).unwrap();
    for run in ["bdwp 2:8", "dense"] {
        let prefix = format!("{run},");
        let steps = rows.lines().filter_map(|row| row.strip_prefix(&prefix)?.split(',').next());
        let steps: Vec<u32> = steps.map(|step| step.parse().unwrap()).collect();
        assert_eq!(steps, (1..=132).collect::<Vec<_>>(), "{run}");
    }
}

#[test]
fn without_a_checkpoint_it_says_that_nothing_is_saved() {
    let directory = tempfile::tempdir().unwrap();
    let (code, stdout, stderr) =
        interrupted("train --epochs 50", directory.path(), "bdwp 2:8: epoch 1/");
    assert_eq!((code, stdout.as_str()), (Some(130), ""), "{stderr}");
    assert!(stderr.contains("not saved") && !stderr.contains("panicked"), "{stderr}");
}

/// Killed at 50 random moments, a run goes on each time from what it had saved, and ends with the bits of one that was left alone.
#[test]
fn a_run_that_is_killed_goes_on_to_the_same_bits() {
    const KILLS: u64 = 50;
    let directory = tempfile::tempdir().unwrap();
    let start = "train --network digits-mlp --epochs 12 --array tiny --compare none --json";
    let exported = |run: &str| {
        let command = format!("export --checkpoint {run} --out {run}.npz");
        let mut export = satkit();
        export.args(command.split(' ')).current_dir(directory.path());
        assert!(export.status().unwrap().success());
        std::fs::read(directory.path().join(format!("{run}.npz"))).unwrap()
    };
    let command = |run: &str| {
        let resumes = directory.path().join(run).join("checkpoint.satkit").exists();
        let line = if resumes {
            format!("train --checkpoint {run} --resume --json")
        } else {
            format!("{start} --checkpoint {run}")
        };
        let mut train = satkit();
        train.args(line.split(' ')).current_dir(directory.path());
        train.stdout(Stdio::null()).stderr(Stdio::null());
        train
    };
    let begun = Instant::now();
    assert!(command("whole").status().unwrap().success());
    let all = begun.elapsed();
    // An epoch or two pass between two kills.
    let mut state = 9_u64;
    for _ in 0..KILLS {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let share = (state >> 40) as f64 / f64::from(1 << 24);
        let mut child = command("run").spawn().unwrap();
        std::thread::sleep(all.mul_f64(share / 4.0));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    assert!(command("run").status().unwrap().success());
    assert_eq!(exported("run"), exported("whole"));
}
