//! Training: results, files, checkpoints.

use super::support::{line, run, satkit};
use serde_json::Value;
use std::path::Path;
use std::process::Stdio;

const KEYS: [&str; 12] = [
    "network",
    "method",
    "sparsity",
    "seed",
    "epochs",
    "test_accuracy",
    "train_loss",
    "steps",
    "cycles_total",
    "cycles_ff",
    "cycles_bp",
    "cycles_wu",
];

fn check(object: &Value) {
    for key in KEYS {
        assert!(object.get(key).is_some_and(|value| !value.is_null()), "{key} in {object}");
    }
    let cycles = |key: &str| object[key].as_u64().unwrap();
    let parts = ["cycles_ff", "cycles_bp", "cycles_wu", "cycles_other"].map(cycles);
    assert_eq!(cycles("cycles_total"), parts.iter().sum::<u64>());
    assert!(parts.iter().all(|&part| part > 0), "{object}");
    let accuracy = object["test_accuracy"].as_f64().unwrap();
    assert!((0.0..=1.0).contains(&accuracy));
}

/// Arguments with paths in them.
fn with_paths(words: &str, paths: &[(&str, &Path)]) -> Vec<String> {
    let mut arguments: Vec<String> = words.split_whitespace().map(String::from).collect();
    arguments.extend(paths.iter().flat_map(|(o, p)| [(*o).to_owned(), p.display().to_string()]));
    arguments
}

#[test]
fn json_has_both_runs_and_sparse_is_faster() {
    let result = line("train --epochs 2 --json").json();
    check(&result);
    check(&result["dense"]);
    assert_eq!(result["network"], "digits-cnn");
    assert_eq!(result["method"], "bdwp");
    assert_eq!(result["sparsity"], "2:8");
    assert_eq!((&result["epochs"], &result["steps"]), (&Value::from(2), &Value::from(88)));
    assert_eq!(result["dense"]["method"], "dense");
    assert_eq!(result["dense"]["steps"], 88);
    let cycles = |object: &Value| object["cycles_total"].as_u64().unwrap() as f64;
    assert!(cycles(&result["dense"]) / cycles(&result) >= 1.3, "{result}");
    for accuracy in [&result["test_accuracy"], &result["dense"]["test_accuracy"]] {
        assert!(accuracy.as_f64().unwrap() > 0.8, "{result}");
    }
}

#[test]
fn values_depend_on_the_seed_and_nothing_else() {
    let train = |more: &str| {
        line(&format!("train --network digits-mlp --epochs 1 --compare none --json {more}")).json()
    };
    let first = train("");
    assert_eq!(train("--threads 1"), first);
    assert_eq!(train("--threads 3"), first);
    assert_eq!(train("--verify 40"), first);
    for other in ["--dataflow ws", "--dataflow os", "--array small"] {
        let result = train(other);
        assert_eq!(result["train_loss"], first["train_loss"], "{other}");
        assert_eq!(result["test_accuracy"], first["test_accuracy"], "{other}");
        assert!(result["cycles_total"].as_u64() >= first["cycles_total"].as_u64(), "{other}");
    }
    assert_ne!(train("--seed 1")["train_loss"], first["train_loss"]);
}

#[test]
fn every_method_agrees_with_the_reference() {
    for (method, sparsity) in
        [("dense", "dense"), ("srste", "1:4"), ("sdwp", "2:8"), ("sdgp", "2:4"), ("bdwp", "4:16")]
    {
        let command = format!(
            "train --network digits-cnn --method {method} --sparsity {sparsity} --steps 1 --batch 4 --verify 100000000 --compare none \
             --json"
        );
        let result = line(&command).json();
        assert_eq!(result["sparsity"], sparsity);
        assert!(result.get("dense").is_none());
    }
}

#[test]
fn a_dense_run_is_its_own_comparison() {
    let mut result = line("train --network digits-mlp --method dense --epochs 1 --json").json();
    let dense = result.as_object_mut().unwrap().remove("dense").unwrap();
    assert_eq!(result["speedup"], 1.0);
    result.as_object_mut().unwrap().remove("speedup");
    assert_eq!(result, dense);
}

#[test]
fn steps_override_epochs_and_wide_groups_find_an_array() {
    let done = line(
        "train --network digits-mlp --epochs 3 --steps 5 --sparsity 4:16 --compare none --json",
    );
    let result = done.json();
    assert_eq!((&result["steps"], &result["epochs"]), (&Value::from(5), &Value::from(1)));
    assert_eq!(result["array"], "vcu1525-m16");
    assert!(done.stderr.contains("vcu1525-m16"), "{}", done.stderr);
}

#[test]
fn csv_and_plot_hold_what_was_trained() {
    let directory = tempfile::tempdir().unwrap();
    let (csv, plot) = (directory.path().join("run.csv"), directory.path().join("run.svg"));
    let done = run(with_paths(
        "train --network digits-mlp --epochs 2",
        &[("--csv", &csv), ("--plot", &plot)],
    ));
    assert_eq!(done.code, 0, "{}", done.stderr);
    assert!(done.stdout.contains("speed-up") && done.stdout.contains("dense"), "{}", done.stdout);
    let text = std::fs::read_to_string(&csv).unwrap();
    let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!(rows[0][..3], ["run", "step", "epoch"]);
    assert_eq!(rows.len(), 1 + 2 * 88);
    let accuracy = rows[0].iter().position(|name| *name == "test_accuracy").unwrap();
    let tested: Vec<_> = rows[1..].iter().filter(|row| !row[accuracy].is_empty()).collect();
    assert_eq!(tested.iter().map(|row| row[1]).collect::<Vec<_>>(), ["44", "88", "44", "88"]);
    let svg = std::fs::read_to_string(&plot).unwrap();
    for word in ["<svg", "</svg>", "epoch", "test accuracy", "train loss", "bdwp 2:8", "dense"] {
        assert!(svg.contains(word), "{word}");
    }
}

#[test]
fn checkpoints_can_be_tested_exported_and_continued() {
    let directory = tempfile::tempdir().unwrap();
    let (run_directory, weights) = (directory.path().join("run"), directory.path().join("w.npz"));
    let base = "train --network digits-mlp --schedule constant --json";
    let train = |words: &str| run(with_paths(words, &[("--checkpoint", &run_directory)]));
    let short = train(&format!("{base} --epochs 2")).json();

    let eval = run(with_paths("eval --json", &[("--checkpoint", &run_directory)])).json();
    assert_eq!(eval["test_accuracy"], short["test_accuracy"]);
    assert_eq!((&eval["images"], &eval["same_data"]), (&Value::from(360), &Value::from(true)));
    let dense = run_directory.join("dense");
    let eval = run(with_paths("eval --json --batch 7", &[("--checkpoint", &dense)])).json();
    assert_eq!(eval["test_accuracy"], short["dense"]["test_accuracy"]);

    let paths = [("--checkpoint", run_directory.as_path()), ("--out", weights.as_path())];
    assert_eq!(run(with_paths("export", &paths)).code, 0);
    let arrays = super::support::read_npz(&weights);
    assert!(arrays.keys().any(|name| name.ends_with(".weight")), "{:?}", arrays.keys());
    assert!(arrays.values().all(|(kind, ..)| kind.contains("f4")));

    // A finished run is not trained again, and not written over.
    assert_eq!(train("train --resume --json").json(), short);
    train(&format!("{base} --epochs 2")).refused(&["--resume", "holds a run already"]);
    // Another run is refused, a longer one is the uninterrupted one.
    train("train --resume --lr 0.01").refused(&["--lr 0.01", "0.05"]);
    train("train --resume --array tiny").refused(&["--array tiny", "vcu1525"]);
    train("train --resume --method sdgp").refused(&["--method sdgp", "bdwp"]);
    let longer = train("train --resume --epochs 3 --json").json();
    assert_eq!(longer, line(&format!("{base} --epochs 3")).json());
}

#[test]
fn corrupt_checkpoints_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let run_directory = directory.path().join("run");
    let train = |words: &str| run(with_paths(words, &[("--checkpoint", &run_directory)]));
    assert_eq!(train("train --network digits-mlp --steps 2 --compare none").code, 0);
    train("train --resume --epochs 4").refused(&["--epochs 4", "cosine"]);
    let file = run_directory.join("checkpoint.satkit");
    let bytes = std::fs::read(&file).unwrap();
    let mut flipped = bytes.clone();
    flipped[bytes.len() / 2] ^= 1;
    for (what, broken) in
        [("flipped", &flipped[..]), ("truncated", &bytes[..bytes.len() - 9]), ("empty", &[])]
    {
        std::fs::write(&file, broken).unwrap();
        for command in ["train --resume", "eval"] {
            let done = train(command);
            assert_eq!(done.code, 2, "{what} {command}: {done:?}");
            assert!(done.stderr.contains("checkpoint.satkit"), "{what} {command}: {done:?}");
        }
    }
    std::fs::write(&file, &bytes).unwrap();
    // What was not compared before is not compared now.
    assert!(train("train --resume --json").json().get("dense").is_none());
    std::fs::write(run_directory.join("run.json"), "{").unwrap();
    train("train --resume").refused(&["run.json"]);
}

#[test]
fn divergence_is_a_failed_run_in_words() {
    let done =
        line("train --network digits-mlp --lr 1e30 --steps 20 --compare none --loss-scale 1");
    assert_eq!(done.code, 1, "{done:?}");
    assert!(done.stderr.contains("diverged") && !done.stderr.contains("panicked"), "{done:?}");
}

#[test]
fn a_closed_pipe_is_no_complaint() {
    for arguments in [
        "list networks",
        "train --network digits-mlp --steps 1 --json",
        "--help",
        "completions bash",
    ] {
        let mut child = satkit()
            .args(arguments.split(' '))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{arguments}: {stderr}");
        assert!(!stderr.contains("panicked") && !stderr.contains("error"), "{arguments}: {stderr}");
    }
}
