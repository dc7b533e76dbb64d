//! `--verify-transfers`: bits that flip between host and card change no result in silence.

use super::kernel::{conv, kernel};
use super::server::Server;
use super::support::{Done, line, read_npz, write_npz};
use std::path::Path;

/// True if a command was done, false if it says that transfers are corrupt; it may not end in another way.
fn is_done(done: &Done) -> bool {
    let told = done.code == 1 && done.stderr.contains("the transfer is corrupt");
    assert!(done.code == 0 || told, "{done:?}");
    done.code == 0
}

/// A short training with a checkpoint in `run` of `directory`.
fn train(directory: &Path, run: &str, device: &str) -> Done {
    line(&format!(
        "train --network digits-mlp --steps 3 --batch 8 --array tiny --compare none --verify-transfers --device {device} \
         --checkpoint {}",
        directory.join(run).display()
    ))
}

/// With the option a run ends with the bits of a card without faults, or says why it does not; it never ends with other bits.
#[test]
fn flipped_bits_are_made_up_for_or_told() {
    const FF: &str = "ff --stride 2 --pad 1 --array tiny --verify-transfers";
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let weights = |run: &str| {
        let archive = path.join(format!("{run}.npz"));
        let checkpoint = path.join(run);
        let command =
            format!("export --checkpoint {} --out {}", checkpoint.display(), archive.display());
        assert_eq!(line(&command).code, 0);
        read_npz(&archive)
    };
    write_npz(&path.join("in.npz"), &conv());
    let results = path.join("out.npz");
    assert!(is_done(&kernel(path, FF)) && is_done(&train(path, "sim", "sim")));
    let (expected, trained) = (read_npz(&results), weights("sim"));

    let (mut trainings, mut kernels, mut told) = (0, 0, 0);
    for (seed, flip) in [(1, 0.008), (2, 0.008), (3, 0.008), (4, 0.4)] {
        let faults = format!("--faults seed={seed},flip={flip}");
        let Some(server) = Server::start("tiny", &faults) else { return };
        let (device, run) = (server.device(), format!("run{seed}"));
        if is_done(&train(path, &run, &device)) {
            assert_eq!(weights(&run), trained, "{faults}");
            trainings += 1;
        } else {
            told += 1;
        }
        std::fs::remove_file(&results).unwrap();
        if is_done(&kernel(path, &format!("{FF} --device {device}"))) {
            assert_eq!(read_npz(&results), expected, "{faults}");
            kernels += 1;
        } else {
            assert!(!results.exists(), "what is corrupt is not written");
            std::fs::write(&results, "").unwrap();
            told += 1;
        }
        server.signal("TERM");
        let (_, last) = server.end();
        assert!(last["injected"]["flip"].as_u64().unwrap() > 0, "{last}");
    }
    assert!(trainings > 0 && kernels > 0 && told > 0, "{trainings}, {kernels}, {told} told");
}

#[test]
fn where_nothing_is_transferred_there_is_nothing_to_verify() {
    let directory = tempfile::tempdir().unwrap();
    write_npz(&directory.path().join("in.npz"), &conv());
    let words = "ff --stride 2 --pad 1 --device golden --verify-transfers";
    kernel(directory.path(), words).refused(&["--verify-transfers", "sim and xdma"]);
    line("train --steps 1 --verify 1 --verify-transfers")
        .refused(&["--verify-transfers", "--verify"]);
}
