//! `satkit card program` with programs on the path that only write down how they are called, and `satkit card facts`.

use crate::given;
use crate::support::{Done, line, satkit};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// A folder with a bitstream and its manifest, and a folder of programs that is the path.
struct Bench {
    folder: tempfile::TempDir,
    bitstream: PathBuf,
    manifest: PathBuf,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("bin")).unwrap();
        let (bitstream, manifest) = given::bitstream(folder.path());
        let bitstream = bitstream.canonicalize().unwrap();
        let manifest = given::write(&manifest, &bitstream);
        Self { folder, bitstream, manifest }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Puts a program on the path. It writes its arguments into `NAME.log`, one a line, then runs `then`.
    fn program(&self, name: &str, then: &str) {
        let (path, log) = (self.at("bin").join(name), self.at(&format!("{name}.log")));
        let text = format!("#!/bin/sh\nprintf '%s\\n' \"$@\" >>'{}'\n{then}\n", log.display());
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Arguments of all calls of a program; none if it was not called.
    fn calls(&self, name: &str) -> Vec<String> {
        let log = std::fs::read_to_string(self.at(&format!("{name}.log"))).unwrap_or_default();
        log.lines().map(String::from).collect()
    }

    fn load(&self, file: &Path, options: &[&str]) -> Done {
        let mut command = satkit();
        command.args(["card", "program"]).arg(file).args(options).env("PATH", self.at("bin"));
        let output = command.output().unwrap();
        Done {
            code: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

#[test]
fn openfpgaloader_gets_the_board_and_the_file() {
    let bench = Bench::new();
    bench.program("openFPGALoader", "echo progress; exit 0");
    let name = bench.bitstream.display().to_string();
    for file in [&bench.bitstream, &bench.manifest] {
        let _ = std::fs::remove_file(bench.at("openFPGALoader.log"));
        let json = bench.load(file, &["--json"]).json();
        assert_eq!(bench.calls("openFPGALoader"), ["-b", "vcu1525", &name]);
        assert_eq!(json["loaded"], true);
        assert_eq!(json["command"][3], name);
        assert_eq!(json["configuration"], "vcu1525");
    }
    let done = bench.load(&bench.bitstream, &[]);
    assert!(done.stdout.contains("vcu1525") && done.stdout.contains("yes"), "{}", done.stdout);
    assert!(done.stderr.contains("progress") && done.stderr.contains("After loading"));
}

#[test]
fn vivado_gets_a_script_that_programs_the_file() {
    let bench = Bench::new();
    let copy = bench.at("script.tcl");
    let then = format!("while [ $1 != -source ]; do shift; done; /bin/cp $2 '{}'", copy.display());
    bench.program("vivado", &then);
    let done = bench.load(&bench.bitstream, &["--tool", "vivado"]);
    assert_eq!(done.code, 0, "{}", done.stderr);
    let calls = bench.calls("vivado");
    assert_eq!(calls[..2], ["-mode", "batch"]);
    assert_eq!(calls[calls.len() - 2..], ["-tclargs", &bench.bitstream.display().to_string()]);
    assert!(std::fs::read_to_string(copy).unwrap().contains("\nprogram_hw_devices "));
}

#[test]
fn a_dry_run_checks_and_runs_nothing() {
    let bench = Bench::new();
    bench.program("openFPGALoader", "exit 0");
    let json = bench.load(&bench.manifest, &["--dry-run", "--json"]).json();
    assert_eq!(json["loaded"], false);
    assert_eq!(json["command"][0], "openFPGALoader");
    assert!(bench.calls("openFPGALoader").is_empty());
    std::fs::write(&bench.bitstream, "other").unwrap();
    bench.load(&bench.manifest, &["--dry-run"]).refused(&["5 bytes", "manifest says"]);
}

#[test]
fn a_tool_that_is_missing_or_fails_is_a_failed_run() {
    let bench = Bench::new();
    for (tool, words) in [
        ("openfpgaloader", ["openFPGALoader is not on the path", "apt-get install openfpgaloader"]),
        ("vivado", ["vivado is not on the path", "settings64.sh"]),
    ] {
        let done = bench.load(&bench.bitstream, &["--tool", tool]);
        assert_eq!((done.code, &done.stdout[..]), (1, ""), "{}", done.stderr);
        assert!(words.iter().all(|word| done.stderr.contains(word)), "{}", done.stderr);
    }
    let lines =
        "i=0; while [ $i -lt 40 ]; do echo line $i; i=$((i+1)); done; echo no cable >&2; exit 7";
    bench.program("openFPGALoader", lines);
    let done = bench.load(&bench.bitstream, &["--json"]);
    assert_eq!((done.code, &done.stdout[..]), (1, ""), "{}", done.stderr);
    let (_, said) = done.stderr.split_once("error: ").unwrap();
    assert!(said.contains("failed") && said.contains("line 39") && said.contains("no cable"));
    assert!(!said.contains("line 29"), "only the last lines are repeated: {said}");
}

/// Vivado leaves its hardware server behind, which holds the pipes.
#[test]
fn a_tool_that_leaves_something_behind_is_not_waited_for() {
    let bench = Bench::new();
    bench.program("openFPGALoader", "/bin/sleep 600 &\necho $! >\"$0.pid\"; exit 0");
    assert_eq!(bench.load(&bench.bitstream, &[]).code, 0);
    let pid = std::fs::read_to_string(bench.at("bin/openFPGALoader.pid")).unwrap();
    let alive = Path::new("/proc").join(pid.trim());
    assert!(alive.exists(), "it outlives the command");
    std::process::Command::new("kill").arg(pid.trim()).status().unwrap();
}

#[test]
fn what_disagrees_is_refused_before_the_tool_runs() {
    let bench = Bench::new();
    bench.program("openFPGALoader", "exit 0");
    let text = std::fs::read_to_string(&bench.manifest).unwrap();
    let with = |change: &dyn Fn(&mut satkit_host::bitstream::Manifest)| {
        let (bitstream, mut manifest) = given::bitstream(bench.folder.path());
        change(&mut manifest);
        given::write(&manifest, &bitstream);
        bench.load(&bench.bitstream, &[])
    };
    with(&|m| m.contract_hash = "0".repeat(64)).refused(&["keeps contract 0000", "one commit"]);
    with(&|m| m.configuration = "other".into()).refused(&["other", "tiny, small, vcu1525"]);
    with(&|m| m.part = "xc7a35t".into()).refused(&["xc7a35t", "xcvu9p"]);
    with(&|m| m.worst_slack_ns = -0.5).refused(&["misses its timing by 0.5 ns"]);
    with(&|m| m.sha256 = "1".repeat(64)).refused(&["SHA-256", "1111"]);
    std::fs::write(&bench.manifest, text.replace("vivado", "Vivado")).unwrap();
    bench.load(&bench.bitstream, &[]).refused(&["satkit-vcu1525.toml"]);
    std::fs::write(&bench.manifest, &text[..text.len() / 2]).unwrap();
    bench.load(&bench.bitstream, &[]).refused(&["truncated"]);
    std::fs::remove_file(&bench.manifest).unwrap();
    bench.load(&bench.bitstream, &[]).refused(&["cannot read", "satkit-vcu1525.toml"]);
    bench.load(bench.folder.path(), &[]).refused(&["cannot read"]);
    assert!(bench.calls("openFPGALoader").is_empty(), "nothing was loaded");
}

#[test]
fn facts_are_printed_or_written_alike() {
    let printed = line("card facts --array small");
    assert_eq!(printed.code, 0, "{}", printed.stderr);
    assert!(printed.stdout.contains("configuration {small}"));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("facts.tcl");
    assert_eq!(line(&format!("card facts --array small --out {}", file.display())).code, 0);
    assert_eq!(std::fs::read_to_string(file).unwrap(), printed.stdout);
    line("card facts --array nothing").refused(&["nothing"]);
    line("card facts --out /nowhere/facts.tcl").refused(&["/nowhere/facts.tcl", "directory"]);
}
