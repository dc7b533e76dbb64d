//! Ctrl-C: the step is finished, the run saved, and going on gives the same bits.
#![cfg(unix)]

#[cfg(target_os = "linux")]
use super::server::Server;
use super::support::{line, read_npz, satkit};
#[cfg(target_os = "linux")]
use satkit_host::xdma::XdmaCard;
#[cfg(target_os = "linux")]
use satkit_spec::regs;
#[cfg(target_os = "linux")]
use satkit_transport::Card as _;
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Number of the signal that nothing catches.
const SIGKILL: i32 = 9;

/// Arrays of an archive: type, shape, bytes.
type Weights = BTreeMap<String, (String, Vec<u64>, Vec<u8>)>;

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

/// Trainings that are killed, in folders of their own.
struct Killed {
    directory: TempDir,
    /// The options of a run that begins.
    start: &'static str,
    /// Random numbers.
    state: u64,
}

impl Killed {
    fn new(start: &'static str) -> Self {
        Self { directory: tempfile::tempdir().unwrap(), start, state: 9 }
    }

    /// Begins a run, or goes on with it.
    fn train(&self, run: &str, device: &str) -> Command {
        let resumes = self.directory.path().join(run).join("checkpoint.satkit").exists();
        let words = if resumes { "--resume" } else { self.start };
        let line = format!("train --device {device} --checkpoint {run} --json {words}");
        let mut train = satkit();
        train.args(line.split(' ')).current_dir(self.directory.path()).stdout(Stdio::null());
        train
    }

    /// Trains to the end. Returns the weights.
    fn finish(&self, run: &str, device: &str) -> Weights {
        let output = self.train(run, device).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        self.weights(run)
    }

    fn weights(&self, run: &str) -> Weights {
        let command = format!("export --checkpoint {run} --out {run}.npz");
        let mut export = satkit();
        export.args(command.split(' ')).current_dir(self.directory.path());
        assert!(export.status().unwrap().success());
        read_npz(&self.directory.path().join(format!("{run}.npz")))
    }

    /// Trains, and kills that at a moment within `longest` of the beginning of its steps. True if it was killed; false if it had ended
    /// by itself before, which is only right at the end of its run.
    fn kill(&mut self, run: &str, device: &str, longest: Duration) -> bool {
        let mut child = self.train(run, device).stderr(Stdio::piped()).spawn().unwrap();
        // The line that a run says when all is ready for its steps.
        let mut said = String::new();
        let mut lines = BufReader::new(child.stderr.take().unwrap());
        while !said.contains(" dataflow") {
            assert!(lines.read_line(&mut said).unwrap() > 0, "it never got ready: {said}");
        }
        // Nobody reads on, and nobody has to: a pipe holds more than the lines of a run.
        self.state = self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let share = (self.state >> 40) as f64 / f64::from(1 << 24);
        std::thread::sleep(longest.mul_f64(share));
        child.kill().unwrap();
        // How it ended tells what a look before the kill could not: whether it was there when the kill came.
        let status = child.wait().unwrap();
        let killed = status.signal() == Some(SIGKILL);
        assert!(killed || status.success(), "{status}");
        killed
    }
}

/// Killed at 50 random moments while it trains, a run goes on each time from what it had saved, and ends with the bits of one that
/// was left alone. Where a run comes to its end, the next one begins.
#[test]
fn a_run_that_is_killed_goes_on_to_the_same_bits() {
    const KILLS: u64 = 50;
    let mut killed = Killed::new("--network digits-mlp --epochs 12 --array tiny --compare none");
    let begun = Instant::now();
    let whole = killed.finish("whole", "sim");
    // An epoch or two pass between two kills.
    let longest = begun.elapsed() / 4;
    let (mut kills, mut runs) = (0, 0);
    while kills < KILLS {
        let run = format!("run{runs}");
        if killed.kill(&run, "sim", longest) {
            kills += 1;
        } else {
            assert_eq!(killed.weights(&run), whole, "{run} after {kills} kills");
            runs += 1;
        }
    }
    assert_eq!(killed.finish(&format!("run{runs}"), "sim"), whole);
    println!("{kills} processes were killed while they trained, in {} runs", runs + 1);
}

/// A card in another process outlives the trainer: it is free at once, and whatever the trainer left running on it does not
/// change what the next one computes.
#[cfg(target_os = "linux")]
#[test]
fn a_run_that_is_killed_frees_its_card_and_leaves_no_trace_in_the_next() {
    const KILLS: u64 = 4;
    const MOST: u64 = 40;
    let Some(server) = Server::start("tiny", "") else { return };
    let start = "--network digits-cnn --epochs 2 --batch 256 --array tiny --compare none";
    let mut killed = Killed::new(start);
    let begun = Instant::now();
    let whole = killed.finish("whole", "sim");
    let longest = begun.elapsed() / 4;
    let device = server.device();
    let (mut kills, mut runs, mut left_behind) = (0, 0, 0);
    while kills < KILLS || left_behind == 0 {
        assert!(kills + runs < MOST, "no kill finds a job on the card");
        let run = format!("run{runs}");
        if !killed.kill(&run, &device, longest) {
            assert_eq!(killed.weights(&run), whole, "{run} after {kills} kills");
            runs += 1;
            continue;
        }
        kills += 1;
        let card = XdmaCard::open(server.dir.path(), 0).expect("the lock went with its process");
        left_behind += u64::from(card.read32(regs::RUNNING.offset).unwrap());
    }
    assert_eq!(killed.finish(&format!("run{runs}"), &device), whole);
    println!("{kills} processes were killed while they trained, {left_behind} jobs left behind");
}
