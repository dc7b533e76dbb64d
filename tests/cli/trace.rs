//! Traces of training: what the host moves while the card works.

use super::support::{line, run};
use serde_json::Value;
use std::ops::RangeInclusive;

/// Nanoseconds by which an end may lie beside another, as times are written as fractions of microseconds.
const ROUNDING_NS: f64 = 2.0;

/// A bar of the trace.
#[derive(Debug)]
struct Bar {
    process: u64,
    track: String,
    what: String,
    step: Option<u64>,
    /// Nanoseconds.
    time: RangeInclusive<f64>,
}

impl Bar {
    fn lies_in(&self, other: &Self) -> bool {
        self.begins_within(other) && *self.time.end() <= other.time.end() + ROUNDING_NS
    }

    fn begins_within(&self, other: &Self) -> bool {
        other.time.start() - ROUNDING_NS <= *self.time.start()
            && *self.time.start() <= other.time.end() + ROUNDING_NS
    }

    /// True if it goes on for a good part of itself when `other` is over. That the host waits for one after the other makes it end
    /// a little later in any case.
    fn outlives(&self, other: &Self) -> bool {
        let whole = self.time.end() - self.time.start();
        self.time.end() - other.time.end() > whole / 4.0
    }

    fn is_after(&self, other: &Self) -> bool {
        other.time.end() - ROUNDING_NS <= *self.time.start()
    }
}

/// The names of processes, and the bars, whose tracks all have names.
fn read(text: &str) -> (Vec<String>, Vec<Bar>) {
    let trace: Value = serde_json::from_str(text).expect("a trace is JSON");
    let events = trace["traceEvents"].as_array().unwrap();
    let named = |name: &'static str| events.iter().filter(move |event| event["name"] == name);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let bars = events.iter().filter(|event| event["ph"] == "X").map(|event| {
        let is_its = |name: &&Value| name["pid"] == event["pid"] && name["tid"] == event["tid"];
        let track = named("thread_name").find(is_its).expect("a track with a name");
        let start = event["ts"].as_f64().unwrap() * 1e3;
        Bar {
            process: event["pid"].as_u64().unwrap(),
            track: text(&track["args"]["name"]),
            what: text(&event["args"]["what"]),
            step: event["args"]["step"].as_u64(),
            time: start..=start + event["dur"].as_f64().unwrap() * 1e3,
        }
    });
    (named("process_name").map(|event| text(&event["args"]["name"])).collect(), bars.collect())
}

#[test]
fn images_of_the_next_step_go_up_while_a_step_runs() {
    const EPOCH: u64 = 44;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("trace.json");
    let words = "train --network digits-mlp --epochs 2 --array tiny --json --trace";
    let mut words: Vec<String> = words.split(' ').map(String::from).collect();
    words.push(path.display().to_string());
    let result = run(words).json();
    let (processes, bars) = read(&std::fs::read_to_string(&path).unwrap());
    assert!(processes[0].starts_with("bdwp 2:8 on ") && processes[1].starts_with("dense on "));
    assert!(processes.iter().all(|name| name.ends_with("backend=in-process")), "{processes:?}");
    let steps = 2 * EPOCH;
    assert_eq!(result["steps"], steps);
    for process in [1, 2] {
        let of = |track: &str, what: &str, step: Option<u64>| -> Vec<&Bar> {
            let all = bars.iter().filter(|bar| bar.process == process && bar.track == track);
            all.filter(|bar| bar.what == what && bar.step == step).collect()
        };
        let one = |track: &str, what: &str, step| -> &Bar {
            let found = of(track, what, Some(step));
            let [bar] = found[..] else { panic!("{what} {step}: {found:?}") };
            bar
        };
        let mut outlived = 0;
        for step in 0..steps {
            let job = one("job", "step", step);
            let images = one("upload", "images", step);
            // Not across the end of an epoch, as the order of the next one is not known there.
            if step % EPOCH == 0 {
                assert!(job.is_after(images), "{images:?} {job:?}");
            } else {
                let before = one("job", "step", step - 1);
                assert!(images.lies_in(before), "{images:?} {before:?}");
                assert!(job.is_after(before), "{before:?} {job:?}");
                outlived += u64::from(before.outlives(images));
            }
            assert!(job.is_after(one("upload", "numbers", step)), "{step}");
            assert!(one("download", "losses", step).is_after(job), "{step}");
        }
        // The bar of a job ends when the host learns of its end, which it does not while it uploads: only where the job goes on
        // afterwards have the two been at work together. A busy machine may hold the host up in some steps.
        assert!(2 * outlived > steps, "{outlived} of {steps} jobs outlive the upload beside them");
        // Both ends of the epochs are tested, and the state is fetched.
        assert!(!of("job", "test", None).is_empty() && !of("upload", "state", None).is_empty());
        assert_eq!(of("download", "state", None).len(), 2);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_trace_of_a_virtual_card_says_so() {
    let Some(server) = super::server::Server::start("tiny", "") else { return };
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("trace.json");
    let command = format!(
        "train --network digits-mlp --steps 3 --array tiny --compare none --device {} --trace {}",
        server.device(),
        path.display()
    );
    let done = line(&command);
    assert_eq!(done.code, 0, "{}", done.stderr);
    let (processes, bars) = read(&std::fs::read_to_string(&path).unwrap());
    assert!(processes.len() == 1 && processes[0].ends_with("backend=virtual"), "{processes:?}");
    let jobs = bars.iter().filter(|bar| bar.track == "job" && bar.step.is_some());
    assert_eq!(jobs.count(), 3);
}

#[test]
fn where_no_trace_can_be_written_none_is_begun() {
    line("train --steps 1 --trace /nowhere/trace.json").refused(&["--trace /nowhere/trace.json"]);
    line("train --steps 1 --trace t.json --verify 1").refused(&["--trace", "--verify"]);
}
