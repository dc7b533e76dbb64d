//! The hardware's Verilog as files, and its size.

#[cfg(feature = "rtl")]
use super::kernel::conv;
#[cfg(feature = "rtl")]
use super::support::write_npz;
use super::support::{line, satkit};
use super::verilog::has_verilog_tool;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

fn files(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    entries.map(|path| (name(&path), std::fs::read(&path).unwrap())).collect()
}

#[test]
fn verilog_is_a_file_per_module_and_a_list() {
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().join("rtl");
    let written = line(&format!("verilog --array tiny --out {} --json", out.display())).json();
    assert_eq!((written["array"].as_str(), written["top"].as_str()), (Some("tiny"), Some("core")));
    let found = files(&out);
    let list = std::str::from_utf8(&found["core.f"]).unwrap();
    let modules = written["modules"].as_array().unwrap();
    let named: Vec<&str> = modules.iter().map(|m| m["file"].as_str().unwrap()).collect();
    assert_eq!(list.lines().collect::<Vec<_>>(), named);
    assert_eq!(found.len(), named.len() + 1, "{:?}", found.keys());
    let mut lines = 0;
    for module in modules {
        let text = std::str::from_utf8(&found[module["file"].as_str().unwrap()]).unwrap();
        let name = module["name"].as_str().unwrap();
        assert!(text.contains(&format!("module {name}")), "{name}");
        assert_eq!(module["lines"].as_u64(), Some(text.lines().count() as u64));
        lines += text.lines().count() as u64;
    }
    assert_eq!(written["lines"].as_u64(), Some(lines));
    assert_eq!(named.last(), Some(&"core.v"));

    // The same again beside another file: the same bytes, and the other stays. The table says what the JSON does.
    std::fs::write(out.join("notes.v"), "// mine\n").unwrap();
    let table = line(&format!("verilog --array tiny --out {}", out.display()));
    assert_eq!(table.code, 0, "{}", table.stderr);
    assert!(table.stdout.contains("core.f") && table.stdout.contains(&named.len().to_string()));
    let mut again = files(&out);
    assert_eq!(again.remove("notes.v").unwrap(), b"// mine\n");
    assert_eq!(again, found);
}

#[test]
fn another_top_and_array_leave_nothing_of_the_first() {
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().display().to_string();
    assert_eq!(line(&format!("verilog --array tiny --out {out}")).code, 0);
    // A list of an earlier version named a module that is no more.
    let list = directory.path().join("core.f");
    let text = std::fs::read_to_string(&list).unwrap();
    std::fs::write(&list, format!("gone.v\n../away.v\n{text}")).unwrap();
    std::fs::write(directory.path().join("gone.v"), "module gone; endmodule\n").unwrap();
    assert_eq!(line(&format!("verilog --array small --out {out}")).code, 0);
    assert!(!directory.path().join("gone.v").exists());
    // Both tops may lie in one folder.
    assert_eq!(line(&format!("verilog --array small --top stce --out {out}")).code, 0);
    let found = files(directory.path());
    for list in ["core.f", "stce.f"] {
        let list = std::str::from_utf8(&found[list]).unwrap();
        assert!(list.lines().all(|file| found.contains_key(file)), "{list}");
    }
}

/// Where memory is short it ends in words, and not in a panic on a thread that there is not.
#[cfg(target_os = "linux")]
#[test]
fn without_room_for_a_large_stack_nothing_is_written() {
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().join("rtl");
    for top in ["core", "stce", "satkit"] {
        let limited = format!(
            "ulimit -v 800000; exec {} verilog --array tiny --top {top} --out {}",
            satkit().get_program().display(),
            out.display()
        );
        let output = Command::new("sh").args(["-c", &limited]).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{top}: {said}");
        assert!(
            said.contains("a stack of 1024 MiB") && said.contains("ulimit -v"),
            "{top}: {said}"
        );
        assert!(!out.exists());
    }
}

#[test]
fn what_cannot_be_built_is_refused_before_anything_is_written() {
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().join("rtl");
    let shown = out.display();
    line(&format!("verilog --array tiny-m16 --out {shown}"))
        .refused(&["tiny-m16", "lanes", "accepted"]);
    line(&format!("verilog --array 64x64 --out {shown}")).refused(&["64", "accepted"]);
    line(&format!("verilog --array huge --out {shown}")).refused(&["huge"]);
    line(&format!("verilog --array tiny --top pe --out {shown}"))
        .refused(&["pe", "satkit", "core", "stce"]);
    line(&format!("verilog --array tiny --out {shown}/a/b")).refused(&["--out", "does not exist"]);
    assert!(!out.exists());
    std::fs::write(&out, "a file").unwrap();
    line(&format!("verilog --array tiny --out {shown}")).refused(&["--out", "it is a file"]);
    line("synth-check --array tiny-m16").refused(&["tiny-m16", "lanes"]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_folder_that_cannot_be_written_is_a_failure() {
    let done = line("verilog --array tiny --out /proc/rtl");
    assert_eq!((done.code, done.stdout.as_str()), (1, ""), "{done:?}");
    assert!(done.stderr.contains("cannot write /proc/rtl"), "{}", done.stderr);
}

#[test]
fn yosys_accepts_the_folder() {
    if !has_verilog_tool("yosys") {
        return;
    }
    for (array, top) in
        [("tiny", "core"), ("vcu1525", "core"), ("small", "stce"), ("vcu1525", "satkit")]
    {
        let directory = tempfile::tempdir().unwrap();
        let out = directory.path().display();
        assert_eq!(line(&format!("verilog --array {array} --top {top} --out {out}")).code, 0);
        let script = "read_verilog -sv *.v; hierarchy -check -auto-top; proc; check -assert";
        let yosys = Command::new("yosys")
            .args(["-q", "-p", script])
            .current_dir(directory.path())
            .output()
            .unwrap();
        assert!(yosys.status.success(), "{}", String::from_utf8_lossy(&yosys.stderr));
    }
}

#[test]
fn size_is_counted_block_by_block() {
    if !has_verilog_tool("yosys") {
        return;
    }
    let report = line("synth-check --array tiny --json").json();
    let blocks = report["blocks"].as_array().unwrap();
    let uspe = blocks.iter().find(|block| block["block"] == "uspe").unwrap();
    assert_eq!((uspe["count"].as_u64(), uspe["each"]["dsps"].as_u64()), (Some(16), Some(1)));
    // What a processing element may take.
    assert!((100..=600).contains(&uspe["each"]["luts"].as_u64().unwrap()), "{uspe}");
    for key in ["luts", "registers", "dsps", "urams"] {
        let sum: u64 = blocks
            .iter()
            .map(|b| b["count"].as_u64().unwrap() * b["each"][key].as_u64().unwrap())
            .sum();
        assert_eq!(report["total"][key].as_u64(), Some(sum), "{key}");
    }
    assert_eq!(report["budget"]["dsps"], 6840);
    let share = report["percent"]["luts"].as_f64().unwrap();
    let luts = report["total"]["luts"].as_f64().unwrap();
    assert!((share - luts / 11822.4).abs() < 0.06, "{share} of {luts}");
}

/// Engine by engine: each is there, and all that is counted is in the sum. Takes ten minutes:
/// `cargo test --release --test cli -- --ignored counted_with_its_engines`.
#[test]
#[ignore = "takes ten minutes"]
fn the_accelerator_is_counted_with_its_engines() {
    if !has_verilog_tool("yosys") {
        return;
    }
    let report = line("synth-check --array tiny --top satkit --json").json();
    let blocks = report["blocks"].as_array().unwrap();
    let count = |name: &str| {
        let of_name = blocks.iter().filter(|block| block["block"] == name);
        of_name.map(|block| block["count"].as_u64().unwrap()).sum::<u64>()
    };
    for engine in ["sequencer", "dma", "load_a", "load_w", "mm_engine", "store", "wu", "ve"] {
        assert_eq!(count(engine), 1, "{engine}: {report}");
    }
    assert_eq!((count("uspe"), count("row_edge"), count("load_a_row")), (16, 4, 4));
    let luts = |block: &serde_json::Value| {
        block["count"].as_u64().unwrap() * block["each"]["luts"].as_u64().unwrap()
    };
    let sum: u64 = blocks.iter().map(luts).sum();
    assert_eq!(report["total"]["luts"].as_u64(), Some(sum));
    let paired = report["paired_luts"].as_u64().unwrap();
    assert!(paired < sum && paired > sum / 2, "{paired} of {sum}");
    let core = line("synth-check --array tiny --json").json();
    assert!(sum > core["total"]["luts"].as_u64().unwrap(), "{sum}");
}

/// The core with room to spare; the accelerator only where small functions share LUTs. Takes a quarter of an hour:
/// `cargo test --release --test cli -- --ignored the_largest_array`.
#[test]
#[ignore = "takes a quarter of an hour"]
fn the_largest_array_fits_the_card() {
    for (top, functions, paired) in [("core", 60.0, 50.0), ("satkit", 110.0, 90.0)] {
        let report = line(&format!("synth-check --array vcu1525 --top {top} --json")).json();
        let share = &report["percent"];
        assert!(share["luts"].as_f64().unwrap() <= functions, "{top}: {share}");
        assert!(share["paired_luts"].as_f64().unwrap() <= paired, "{top}: {share}");
        for key in ["registers", "dsps", "bram36", "urams"] {
            assert!(share[key].as_f64().unwrap() <= 50.0, "{top}, {key}: {share}");
        }
    }
}

#[test]
fn without_yosys_it_says_how_to_get_it() {
    let output =
        satkit().args(["synth-check", "--array", "tiny"]).env("PATH", "/nowhere").output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("yosys") && stderr.contains("apt-get install yosys"), "{stderr}");
}

/// An array that the binary has no model of, in an empty cache.
#[cfg(feature = "rtl")]
#[test]
fn without_verilator_it_says_how_to_get_it() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    write_npz(&at("in.npz"), &conv());
    let output = satkit()
        .args("kernel ff --stride 2 --pad 1 --device rtl --array 4x2".split(' '))
        .args([
            "--in".as_ref(),
            at("in.npz").as_os_str(),
            "--out".as_ref(),
            at("y.npz").as_os_str(),
        ])
        .env("PATH", "/nowhere")
        .env("XDG_CACHE_HOME", at("cache"))
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("apt-get install verilator"), "{stderr}");
    assert!(!at("y.npz").exists());
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_yosys() {
    // A stand-in that would run for ever and says by which number it is known.
    let directory = tempfile::tempdir().unwrap();
    let number = directory.path().join("number");
    let script = format!(
        "#!/bin/sh\nif [ \"$1\" = -V ]; then echo Yosys; exit; fi\necho $$ > {0}.new\nmv {0}.new {0}\nexec sleep 600\n",
        number.display()
    );
    let program = directory.path().join("yosys");
    std::fs::write(&program, script).unwrap();
    std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755))
        .unwrap();
    let path = format!("{}:{}", directory.path().display(), std::env::var("PATH").unwrap());
    let child = satkit()
        .args(["synth-check", "--array", "tiny"])
        .env("PATH", path)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    while !number.exists() {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let shell = |command: String| Command::new("sh").args(["-c", &command]).status().unwrap();
    assert!(shell(format!("kill -INT {}", child.id())).success());
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(130), "{stderr}");
    assert!(stderr.contains("Yosys was stopped"), "{stderr}");
    let yosys = std::fs::read_to_string(&number).unwrap();
    assert!(!shell(format!("kill -0 {} 2>/dev/null", yosys.trim())).success(), "Yosys still runs");
}
