//! `host/scripts/first-day.sh` with programs that stand for those of a machine with a card, and without them.

use crate::{has, repository};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// What the script needs of the system.
const SYSTEM: &[&str] = &[
    "bash", "sh", "cat", "cut", "date", "dirname", "find", "gzip", "head", "id", "mkdir", "mktemp",
    "mv", "rm", "sed", "sleep", "tail", "tar", "tee", "timeout", "uname",
];

/// A machine: a folder of programs that is the path.
struct Machine {
    folder: tempfile::TempDir,
}

impl Machine {
    /// With nothing but the system's own programs.
    fn bare() -> Self {
        let machine = Self { folder: tempfile::tempdir().unwrap() };
        let bin = machine.at("bin");
        std::fs::create_dir(&bin).unwrap();
        let path = std::env::var_os("PATH").unwrap();
        for name in SYSTEM {
            let found = std::env::split_paths(&path)
                .map(|folder| folder.join(name))
                .find(|file| file.exists());
            let found = found.unwrap_or_else(|| panic!("this machine has no {name}"));
            std::os::unix::fs::symlink(found, bin.join(name)).unwrap();
        }
        machine
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A program that writes its arguments into `calls`, then runs `then`.
    fn program(&self, name: &str, then: &str) -> &Self {
        let text =
            format!("#!/bin/sh\necho \"{name} $*\" >>'{}'\n{then}\n", self.at("calls").display());
        let path = self.at("bin").join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        self
    }

    fn calls(&self) -> String {
        std::fs::read_to_string(self.at("calls")).unwrap_or_default()
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let script = repository("host/scripts/first-day.sh").canonicalize().unwrap();
        let mut command = Command::new(self.at("bin/bash"));
        command
            .arg(script)
            .args(arguments)
            .env("PATH", self.at("bin"))
            .env("TMPDIR", self.folder.path());
        command.current_dir(self.folder.path()).output().unwrap()
    }

    /// A file of the archive.
    fn archived(&self, archive: &str, name: &str) -> String {
        let name = format!("satkit-first-day/{name}");
        let output =
            Command::new("tar").arg("-xzOf").arg(self.at(archive)).arg(name).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// The summary's line of a step.
    fn summary(&self, archive: &str, step: &str) -> String {
        let summary = self.archived(archive, "SUMMARY.txt");
        let line = summary.lines().find(|line| line.split_whitespace().next() == Some(step));
        line.unwrap_or_else(|| panic!("no {step} in {summary}")).to_owned()
    }

    /// The folders that the script works in are gone.
    fn left_nothing(&self) -> bool {
        let entries = std::fs::read_dir(self.folder.path()).unwrap();
        entries
            .map(|entry| entry.unwrap().file_name())
            .all(|name| !name.to_string_lossy().starts_with("tmp."))
    }
}

fn written(output: &Output) -> bool {
    output.status.success() && String::from_utf8_lossy(&output.stdout).contains("written: ")
}

#[test]
fn a_machine_with_a_card_is_collected_whole() {
    let machine = Machine::bare();
    machine.program("satkit", "echo '  \"backend\": \"real\",'; exit 0");
    for (name, says) in [
        ("lspci", "01:00.0 Xilinx 10ee:903f"),
        ("modinfo", "version: 2025.2.0"),
        ("dmesg", "xdma: probed"),
    ] {
        machine.program(name, &format!("echo '{says}'"));
    }
    let output = machine.run(&["--dir", "/mnt", "--card", "1", "--out", "day.tar.gz"]);
    assert!(written(&output), "{output:?}");
    for step in [
        "pci",
        "driver",
        "version",
        "card-list",
        "card-info",
        "card-validate",
        "train-card",
        "kernel-log",
    ] {
        assert!(machine.summary("day.tar.gz", step).ends_with(" done"), "{step}");
    }
    let card = machine.summary("day.tar.gz", "card");
    assert!(card.ends_with(" xdma:/mnt:1, backend=real"), "{card}");
    assert!(machine.archived("day.tar.gz", "pci.txt").contains("10ee:903f"));
    assert!(machine.archived("day.tar.gz", "kernel-log.txt").contains("probed"));
    let calls = machine.calls();
    for call in [
        "satkit card list --device xdma:/mnt --json\n",
        "satkit card info --device xdma:/mnt:1 --json\n",
        "satkit card validate --device xdma:/mnt:1 --json\n",
        "satkit train --device xdma:/mnt:1 ",
        "satkit train --device sim ",
    ] {
        assert!(calls.contains(call), "{call:?} is not in {calls}");
    }
    assert!(machine.left_nothing());
}

#[test]
fn a_dry_run_leaves_the_card_alone() {
    let machine = Machine::bare();
    machine.program("satkit", "exit 0");
    assert!(written(&machine.run(&["--dry-run", "--out", "day.tar.gz"])));
    let calls = machine.calls();
    assert!(calls.contains("satkit doctor") && calls.contains("train --device sim"), "{calls}");
    assert!(!calls.contains("satkit card") && !calls.contains("xdma"), "{calls}");
    let line = machine.summary("day.tar.gz", "card-validate");
    assert!(line.contains("would run: satkit card validate --device xdma:/dev:0 --json"), "{line}");
}

#[test]
fn what_is_missing_fails_or_hangs_is_written_down() {
    let machine = Machine::bare();
    assert!(written(&machine.run(&["--out", "bare.tar.gz"])));
    for step in ["pci", "version", "card-list", "train-simulator"] {
        assert!(
            machine.summary("bare.tar.gz", step).contains("missing: there is no command"),
            "{step}"
        );
    }
    let says = "case \"$*\" in *validate*) echo 'error: no device /dev/xdma0_user' >&2; exit 1;; *info*) exec sleep 600;; esac";
    machine.program("satkit", says);
    assert!(written(&machine.run(&["--timeout", "1", "--out", "bad.tar.gz"])));
    let line = machine.summary("bad.tar.gz", "card-validate");
    assert!(line.contains("exit code 1: error: no device /dev/xdma0_user"), "{line}");
    assert!(machine.summary("bad.tar.gz", "card-info").contains("stopped after 1 s"));
    assert!(machine.summary("bad.tar.gz", "train-card").ends_with(" done"), "what follows goes on");
    assert!(machine.archived("bad.tar.gz", "SUMMARY.txt").contains("steps need attention"));
}

#[test]
fn bad_arguments_are_refused_and_nothing_is_overwritten() {
    let machine = Machine::bare();
    std::fs::write(machine.at("there.tar.gz"), "precious").unwrap();
    let cases: [(&[&str], &str); 7] = [
        (&["--dir", "no/where"], "no such folder"),
        (&["--card", "first"], "number from 0 on"),
        (&["--out", "there.tar.gz"], "exists"),
        (&["--out", "no/where.tar.gz"], "folder does not exist"),
        (&["--timeout", "soon"], "number of seconds"),
        (&["--out"], "needs a value"),
        (&["--fast"], "unknown argument --fast"),
    ];
    for (arguments, words) in cases {
        let output = machine.run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains(words), "{arguments:?}: {said}");
    }
    assert_eq!(std::fs::read_to_string(machine.at("there.tar.gz")).unwrap(), "precious");
}

#[test]
fn shellcheck_has_nothing_to_say() {
    if !has("shellcheck", "--version", "SHELLCHECK") {
        return;
    }
    let script: &Path = &repository("host/scripts/first-day.sh");
    let output = Command::new("shellcheck").arg(script).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}
