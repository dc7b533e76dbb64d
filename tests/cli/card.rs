//! `satkit virtual-card` and `satkit card`: a card's files served by one process and driven by others.

use super::kernel::{OPS, conv, kernel};
use super::process::ends;
use super::server::{PATIENCE, Server};
use super::support::{line, read_npz, run, write_npz};
use satkit_host::xdma::XdmaCard;
use satkit_transport::{Card as _, CardError, DmaBuf};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

fn dd(arguments: &[String]) {
    let output = Command::new("dd").args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn every_command_drives_a_virtual_card_and_says_so() {
    let Some(server) = Server::start("tiny", "") else { return };
    assert_eq!(server.ready["backend"], "virtual");
    let device = server.device();
    let dir = server.dir.path().display();

    let list = line(&format!("card list --json --device xdma:{dir}")).json();
    assert_eq!(list["cards"][0]["backend"], "virtual");
    let info = line(&format!("card info --json --device {device}")).json();
    assert_eq!((&info["backend"], &info["array"]), (&"virtual".into(), &"tiny".into()));
    assert_eq!((&info["usable"], &info["running"]), (&true.into(), &false.into()));
    let checked = line(&format!("card validate --json --bandwidth-mib 8 --device {device}")).json();
    assert_eq!((&checked["passed"], &checked["backend"]), (&true.into(), &"virtual".into()));
    assert_eq!(checked["checks"].as_array().unwrap().len(), 10);
    let dump = line(&format!("card dump --json --device {device}")).json();
    let registers = dump["registers"].as_array().unwrap();
    let magic = registers.iter().find(|row| row["register"] == "IDENTITY_MAGIC").unwrap();
    assert_eq!(magic["value"], satkit_spec::regs::MAGIC);
    let reset = line(&format!("card reset --json --device {device}")).json();
    assert_eq!((&reset["backend"], &reset["reset"]), (&"virtual".into(), &"core".into()));
    for command in ["info", "validate --bandwidth-mib 1", "dump", "reset"] {
        let done = line(&format!("card {command} --device {device}"));
        assert!(done.code == 0 && done.stdout.contains("backend=virtual"), "{done:?}");
    }
    // Neither is a reset that this card cannot do taken for one.
    line(&format!("card reset --kind hot --device {device}")).refused(&["not on one"]);

    server.signal("TERM");
    let (code, last) = server.end();
    assert_eq!((code, &last["ended"]), (Some(0), &"stopped".into()));
    assert!(last["operations"].as_u64().unwrap() > 100, "{last}");
    assert!(last["injected"].as_object().unwrap().values().all(|count| count == 0), "{last}");
}

/// Operations go through the files to the bits of the reference, and say what kind of card did them.
#[test]
fn single_operations_run_on_it() {
    let Some(server) = Server::start("tiny", "") else { return };
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    write_npz(&path.join("in.npz"), &conv());
    for (op, window) in OPS {
        for method in ["sdgp", "bdwp"] {
            let words =
                format!("{op} {window} --method {method} --sparsity 2:4 --array tiny --json");
            let sim = kernel(path, &words).json();
            let expected = read_npz(&path.join("out.npz"));
            let words = format!("{words} --verify --device {}", server.device());
            let report = kernel(path, &words).json();
            assert_eq!(read_npz(&path.join("out.npz")), expected, "{words}");
            assert_eq!(
                (&report["device"], &report["backend"]),
                (&"xdma".into(), &"virtual".into())
            );
            assert_eq!((&report["verified"], &report["array"]), (&true.into(), &"tiny".into()));
            assert!(report["cycles"].as_u64().unwrap() > 0);
            for key in ["useful_macs", "dataflow"] {
                assert_eq!(report[key], sim[key], "{words}: {key}");
            }
        }
    }
    let words = format!("ff --stride 2 --pad 1 --device {}", server.device());
    let other = kernel(path, &words);
    assert_eq!(other.code, 1, "{other:?}");
    assert!(other.stderr.contains("array configuration hash"), "{other:?}");
}

#[test]
fn dd_and_python_drive_it_too() {
    let Some(server) = Server::start("tiny", "") else { return };
    let scratch = tempfile::tempdir().unwrap();
    let file = |name: &str| scratch.path().join(name);
    let pattern: Vec<u8> = (0..3u32 << 18).flat_map(u32::to_le_bytes).collect();
    std::fs::write(file("pattern"), &pattern).unwrap();
    // At offset 0 as users type it: dd truncates what it opens, which a device ignores.
    let (h2c, c2h) = (server.path("xdma0_h2c_0"), server.path("xdma0_c2h_0"));
    let path = |key: &str, path: &Path| format!("{key}={}", path.display());
    dd(&[path("if", &file("pattern")), path("of", &h2c), "bs=1M".into()]);
    dd(&[path("if", &c2h), path("of", &file("back")), "bs=1M".into(), "count=3".into()]);
    assert!(std::fs::read(file("back")).unwrap() == pattern);
    // Beyond 4 GiB.
    let [seek, skip] = ["seek", "skip"].map(|word| format!("{word}=5000"));
    let (block, count) = ("bs=1M".to_owned(), "count=1".to_owned());
    dd(&[path("if", &file("pattern")), path("of", &h2c), block.clone(), count.clone(), seek]);
    dd(&[path("if", &c2h), path("of", &file("back")), block, count, skip]);
    assert!(std::fs::read(file("back")).unwrap() == pattern[..1 << 20]);
    // The command reads the same bytes.
    let out = file("dump").display().to_string();
    let device = server.device();
    let arguments = ["card", "dump", "--memory", "0x1001", "--bytes", "5000", "--out", &out];
    let done = run(arguments.into_iter().chain(["--device", &device]));
    assert_eq!(done.code, 0, "{done:?}");
    assert!(std::fs::read(file("dump")).unwrap() == pattern[0x1001..0x1001 + 5000]);

    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/python/read_registers.py");
    let output = Command::new("python3").arg(script).arg(server.dir.path()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    let magic = format!("{:20} {:#010x}", "IDENTITY_MAGIC", satkit_spec::regs::MAGIC);
    assert!(output.status.success() && text.starts_with("backend=virtual\n"), "{text}");
    assert!(text.contains(&magic), "{text}");

    server.signal("INT");
    assert_eq!(server.end().0, Some(0));
}

#[test]
fn a_card_in_use_is_refused_with_the_name_of_its_owner() {
    let Some(server) = Server::start("tiny", "") else { return };
    let owner = XdmaCard::open(server.dir.path(), 0).unwrap();
    let done = line(&format!("card info --device {}", server.device()));
    assert_eq!((done.code, done.stdout.as_str()), (1, ""));
    let holder = format!("held by process {}", std::process::id());
    assert!(done.stderr.contains("in use") && done.stderr.contains(&holder), "{}", done.stderr);
    drop(owner);
    assert_eq!(line(&format!("card info --device {}", server.device())).code, 0);
}

#[test]
fn a_server_that_is_killed_takes_no_client_with_it() {
    let Some(mut server) = Server::start("tiny", "") else { return };
    let card = XdmaCard::open(server.dir.path(), 0).unwrap();
    std::thread::scope(|scope| {
        let moving = scope.spawn(|| {
            let buffer = DmaBuf::zeroed(256 << 20);
            // Over and over, so that the kill finds it in the middle.
            (0..10_000).find_map(|_| card.h2c(0, 0, &buffer).err())
        });
        let waiting = scope.spawn(|| card.wait_event(0, PATIENCE));
        std::thread::sleep(Duration::from_millis(300));
        server.signal("KILL");
        let moved = moving.join().unwrap();
        assert!(matches!(moved, Some(CardError::DeviceLost { .. })), "{moved:?}");
        let waited = waiting.join().unwrap();
        assert!(matches!(waited, Err(CardError::DeviceLost { .. })), "{waited:?}");
    });
    drop(card);
    ends(&mut server.child, PATIENCE);
    // What it leaves is named, with the way to remove it.
    let device = server.device();
    for command in ["info", "list"] {
        let device = if command == "list" { device.trim_end_matches(":0") } else { &device };
        let done = line(&format!("card {command} --device {device}"));
        assert_eq!(done.code, 1, "{done:?}");
        assert!(done.stderr.contains("server is gone"), "{}", done.stderr);
    }
    line(&format!("virtual-card --dir {}", server.dir.path().display()))
        .refused(&["dead mount", "fusermount3 -u"]);
    let unmounted = Command::new("fusermount3").arg("-u").arg(server.dir.path()).status().unwrap();
    assert!(unmounted.success());
    assert_eq!(std::fs::read_dir(server.dir.path()).unwrap().count(), 0);
}

#[test]
fn a_card_that_dies_says_of_what() {
    let Some(server) = Server::start("tiny", "--faults die=1") else { return };
    assert_eq!(server.ready["faults"], "seed=0,die=1");
    let done = line(&format!("card validate --device {}", server.device()));
    assert_eq!(done.code, 1, "{done:?}");
    assert!(done.stdout.contains("FAILED") && done.stdout.contains("skipped"), "{}", done.stdout);
    let (code, last) = server.end();
    assert_eq!((code, &last["ended"]), (Some(1), &"died of a fault".into()));
    assert_eq!(last["injected"]["die"], 1);
}

#[test]
fn broken_transfers_are_found_by_validate() {
    for (faults, words) in
        [("seed=1,flip=1", "bytes differ"), ("lost-irq=1", "no interrupt came"), ("ones=1", "lost")]
    {
        let Some(server) = Server::start("tiny", &format!("--faults {faults}")) else { return };
        let done = line(&format!("card validate --bandwidth-mib 1 --device {}", server.device()));
        // Of a card whose every register reads as all-ones, not even the beginning is readable.
        assert_eq!(done.code, 1, "{faults}: {done:?}");
        assert!((done.stdout + &done.stderr).contains(words), "{faults}");
    }
}

#[test]
fn what_cannot_be_served_or_driven_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().display();
    std::fs::write(dir.path().join("file"), "").unwrap();
    line(&format!("virtual-card --dir {path}/missing")).refused(&["no such directory", "mkdir -p"]);
    line(&format!("virtual-card --dir {path}/file")).refused(&["not a directory"]);
    line(&format!("virtual-card --dir {path}")).refused(&["not empty"]);
    line(&format!("virtual-card --dir {path} --faults eoi=1")).refused(&["accepted: seed, eio"]);
    line(&format!("virtual-card --dir {path} --device xdma")).refused(&["accepted: sim"]);
    line("virtual-card").refused(&["--dir"]);
    let help = line("virtual-card --faults help");
    assert!(help.code == 0 && help.stdout.contains("lost-irq=P"), "{help:?}");

    line(&format!("card info --device xdma:{path}/missing")).refused(&["no device"]);
    line(&format!("card info --device xdma:{path}:3")).refused(&["xdma3_user", "lsmod"]);
    std::fs::write(dir.path().join("xdma0_user"), "").unwrap();
    line(&format!("card info --device xdma:{path}")).refused(&["not a device of the xdma driver"]);
    line("card info --device pcie:0").refused(&["xdma:DIR:N"]);
    line("card info --device xdma --array tiny").refused(&["--device sim"]);
    line("card list --device sim").refused(&["xdma:DIR"]);
    line("card dump --memory 0").refused(&["--bytes"]);
    let beyond = "card dump --device sim --memory 0x1000000000 --bytes 1 --out";
    line(&format!("{beyond} {path}/out")).refused(&["beyond 0x1000000000"]);
    // Memory of which nobody knows the contents is an error of the card, and leaves no file.
    let done = line(&format!("card dump --device sim --memory 0 --bytes 1 --out {path}/out"));
    assert!(done.code == 1 && done.stderr.contains("AXI error"), "{done:?}");
    assert!(!dir.path().join("out").exists());
}

#[test]
fn the_simulator_is_a_card_as_well() {
    let info = line("card info --json --device sim --array small").json();
    assert_eq!((&info["backend"], &info["array"]), (&"in-process".into(), &"small".into()));
    let checked = line("card validate --json --device sim --bandwidth-mib 8").json();
    assert_eq!(checked["passed"], true, "{checked}");
}

/// The whole way through the files of the driver ends with the bits of the card in the process.
#[test]
fn training_through_the_files_gives_the_same_bits() {
    let Some(server) = Server::start("tiny", "") else { return };
    let out = tempfile::tempdir().unwrap();
    let train = |device: &str, name: &str| {
        let directory = out.path().join(name);
        let (directory, archive) = (directory.display(), out.path().join(format!("{name}.npz")));
        let trained = line(&format!(
            "train --network digits-cnn --steps 3 --batch 16 --array tiny --compare none --json \
             --device {device} --checkpoint {directory}"
        ));
        // Nobody takes what a virtual card did for what a card did.
        let kind = if device == "sim" { ("sim", "in-process") } else { ("xdma", "virtual") };
        let noted = format!(", backend={}, 3 steps: ", kind.1);
        assert!(trained.stderr.contains(&noted), "{}", trained.stderr);
        let summary = trained.json();
        assert_eq!((&summary["device"], &summary["backend"]), (&kind.0.into(), &kind.1.into()));
        let exported =
            line(&format!("export --checkpoint {directory} --out {}", archive.display()));
        assert_eq!(exported.code, 0, "{}", exported.stderr);
        // The archive itself has the time in it.
        read_npz(&archive)
    };
    assert_eq!(train("sim", "sim"), train(&server.device(), "files"));
    let words = "train --network digits-mlp --steps 1 --array tiny --compare none --device";
    let table = line(&format!("{words} {}", server.device())).stdout;
    assert!(table.contains(", device xdma, backend=virtual\n"), "{table}");
}

#[cfg(not(feature = "rtl"))]
#[test]
fn the_verilog_needs_its_feature() {
    for command in ["card info", "card validate", "train --network digits-mlp"] {
        let done = line(&format!("{command} --device rtl"));
        assert_eq!((done.code, done.stdout.as_str()), (2, ""), "{command}");
        let said = if command.starts_with("train") { "--device" } else { "--features rtl" };
        assert!(done.stderr.contains(said), "{command}: {}", done.stderr);
    }
}

/// Every check of the card passes but the jobs, whose first instruction for an engine that is not there is illegal.
#[cfg(feature = "rtl")]
fn lacks_engines_alone(device: &str) {
    let checked = line(&format!("card validate --json {device} --bandwidth-mib 8"));
    let report: serde_json::Value = serde_json::from_str(&checked.stdout).unwrap();
    let checks = report["checks"].as_array().unwrap();
    let failed: Vec<_> = checks.iter().filter(|check| check["outcome"] != "passed").collect();
    assert_eq!(failed.len(), 1, "{checked:?}");
    assert_eq!(failed[0]["name"], "jobs", "{checked:?}");
    assert!(failed[0]["detail"].as_str().unwrap().contains("ILLEGAL_INSTRUCTION"), "{checked:?}");
    assert_eq!((checked.code, &report["passed"]), (1, &false.into()));
}

#[cfg(feature = "rtl")]
#[test]
fn the_verilog_is_a_card_like_others() {
    if !satkit_rtl::HAS_BUILT_IN_MODELS {
        return;
    }
    if let Some(missing) = satkit_hdl::accelerator::MISSING.first() {
        let done =
            line("train --network digits-cnn --array tiny --device rtl --dataflow ws --steps 1");
        done.refused(&["--device", "rtl", "stopped at instruction", missing]);
    }
    for array in ["tiny", "small"] {
        let info = line(&format!("card info --device rtl --array {array} --json")).json();
        assert_eq!(info["name"], satkit_rtl::card::RtlCard::NAME);
        assert_eq!((&info["usable"], &info["running"]), (&true.into(), &false.into()));
        lacks_engines_alone(&format!("--device rtl --array {array}"));
    }
    let Some(server) = Server::start("tiny", "--device rtl") else { return };
    lacks_engines_alone(&format!("--device {}", server.device()));
    server.signal("TERM");
    let (code, last) = server.end();
    assert_eq!((code, last["ended"].as_str()), (Some(0), Some("stopped")));
}
