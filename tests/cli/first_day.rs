//! `host/scripts/first-day.sh` on a virtual card: everything that it would send of a card, by the built command.

use super::server::Server;
use serde_json::{Map, Value};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A file of the archive.
fn archived(archive: &Path, name: &str) -> String {
    let mut tar = Command::new("tar");
    tar.arg("-xzOf").arg(archive).arg(format!("satkit-first-day/{name}"));
    let output = tar.output().unwrap();
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The JSON object in what a step said.
fn object(text: &str) -> Map<String, Value> {
    let (start, end) = (text.find("\n{").expect("a begin"), text.rfind("\n}").expect("an end"));
    serde_json::from_str(&text[start..end + 2]).expect("it is JSON")
}

#[test]
fn the_first_day_goes_through_on_a_virtual_card() {
    let Some(server) = Server::start("vcu1525", "") else { return };
    let out = tempfile::tempdir().unwrap();
    let archive: PathBuf = out.path().join("day.tar.gz");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/first-day.sh");
    let mut command = Command::new("bash");
    command.arg(script).arg("--satkit").arg(env!("CARGO_BIN_EXE_satkit"));
    command.arg("--dir").arg(server.dir.path()).arg("--out").arg(&archive);
    let output = command.env("XDG_CACHE_HOME", out.path()).output().unwrap();
    assert!(output.status.success(), "{output:?}");

    let summary = archived(&archive, "SUMMARY.txt");
    let steps = ["version", "doctor", "card-list", "card-info", "card-validate", "train-card"];
    for step in steps.into_iter().chain(["train-simulator"]) {
        let line = summary.lines().find(|line| line.split(' ').next() == Some(step));
        assert!(line.is_some_and(|line| line.ends_with(" done")), "{step} in {summary}");
    }
    // Nobody takes what a virtual card said for a card's.
    assert!(summary.contains(&format!("{}, backend=virtual\n", server.device())), "{summary}");
    for file in ["card-list.txt", "card-info.txt", "card-validate.txt"] {
        let text = archived(&archive, file);
        assert!(text.contains("\"backend\": \"virtual\""), "{file}: {text}");
    }
    assert!(archived(&archive, "device-files.txt").contains("xdma0_h2c_0"));
    let trained = ["train-card.txt", "train-simulator.txt"].map(|file| {
        let mut trained = object(&archived(&archive, file));
        let kind = ["device", "backend"].map(|key| trained.remove(key).expect(key));
        (kind, trained)
    });
    assert_eq!(trained[0].1, trained[1].1);
    assert_eq!(trained[0].0, ["xdma", "virtual"]);
    assert_eq!(trained[1].0, ["sim", "in-process"]);
}
