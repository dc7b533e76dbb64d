//! `hdl/boards/vcu1525/build.tcl` under tclsh: which commands of Vivado it calls, in which order, with which arguments, and when it
//! refuses. It shows that the recipe says what is meant; whether Vivado does what is meant, it does not show.

use crate::has;
use crate::recorded::{Build, Run, top};
use satkit_host::bitstream::{Board, Manifest};
use satkit_spec::contract_hash;

pub(crate) fn tcl() -> bool {
    // tclsh reads commands from its input, of which there is none.
    has("tclsh", "/dev/null", "TCL")
}

pub(crate) fn built() -> (Build, Run) {
    let build = Build::new();
    let run = build.run("");
    assert_eq!(run.code, 0, "{}", run.stderr);
    (build, run)
}

#[test]
fn steps_come_in_order_and_none_is_missing() {
    if !tcl() {
        return;
    }
    let (_build, run) = built();
    let in_design = |name: &str| {
        name.starts_with("connect_bd")
            || name.starts_with("create_bd_") && name != "create_bd_design"
    };
    let mut steps: Vec<&str> = run.calls.iter().map(|call| &call[0][..]).collect();
    steps.retain(|name| {
        !in_design(name) && !["assign_bd_address", "set_property", "git"].contains(name)
    });
    let expected = [
        "create_project",
        "read_verilog",
        "read_verilog",
        "create_bd_design",
        "validate_bd_design",
        "save_bd_design",
        "generate_target",
        "make_wrapper",
        "read_verilog",
        "read_xdc",
        "synth_design",
        "write_checkpoint",
        "opt_design",
        "place_design",
        "phys_opt_design",
        "write_checkpoint",
        "route_design",
        "phys_opt_design",
        "write_checkpoint",
        "report_timing_summary",
        "report_route_status",
        "report_cdc",
        "report_utilization",
        "report_drc",
        "get_drc_violations",
        "report_utilization",
        "report_power",
        "write_bitstream",
        "write_cfgmem",
    ];
    assert_eq!(steps, expected);
    let position = |name: &str| run.calls.iter().position(|call| call[0] == name).unwrap();
    let last_of_design =
        run.calls.iter().rposition(|c| in_design(&c[0]) || c[0] == "assign_bd_address");
    assert!(last_of_design.unwrap() < position("validate_bd_design"));

    let board = Board::vcu1525().unwrap();
    let part = &board.part.value;
    assert_eq!(run.of("create_project").next().unwrap(), ["-in_memory", "-part", part]);
    assert_eq!(run.of("synth_design").next().unwrap(), ["-top", "shell_wrapper", "-part", part]);
    let settings: Vec<_> =
        run.of("set_property").filter(|c| c[0] != "-dict").map(|c| c.join(" ")).collect();
    assert!(
        settings.contains(&"board_part xilinx.com:vcu1525:part0:1.10 project".into()),
        "the newest: {settings:?}"
    );
    assert!(settings.contains(&"CONFIG.FREQ_HZ 100000000 pcie_refclk".into()), "{settings:?}");
    for setting in ["CONFIG.POLARITY ACTIVE_LOW pcie_perstn", "synth_checkpoint_mode None shell.bd"]
    {
        assert!(settings.contains(&setting.into()), "{setting}: {settings:?}");
    }
    let read: Vec<_> = run.of("read_verilog").map(<[String]>::concat).collect();
    let files = [&["satkit.v"][..], &["interleave.v", "synchronise.v"], &["shell_wrapper.v"]];
    for (call, files) in read.iter().zip(files) {
        assert_eq!(call.split_whitespace().count(), files.len(), "{call}");
        assert!(files.iter().all(|file| call.contains(file)), "{call}");
    }
    let flash = run.of("write_cfgmem").next().unwrap().join(" ");
    assert!(
        flash.starts_with("-format mcs -size 128 -interface SPIx4 -loadbit up 0x00000000 "),
        "{flash}"
    );
}

#[test]
fn the_manifest_is_accepted_with_its_bitstream() {
    if !tcl() {
        return;
    }
    let (build, _) = built();
    let path = build.at("out/satkit-vcu1525.toml");
    let manifest = Manifest::load(&path).unwrap();
    manifest.check(&manifest.bitstream_beside(&path)).unwrap();
    assert_eq!(manifest.worst_slack_ns, 0.015, "the smaller of setup and hold");
    assert_eq!((manifest.clock_mhz, manifest.power_w), (200.0, 58.25));
    assert_eq!(manifest.contract_hash, contract_hash().to_string());
    assert_eq!(manifest.git_commit, "89abcdef0123456789abcdef0123456789abcdef");
    let used = manifest.utilisation;
    assert_eq!(
        (used.luts, used.registers, used.dsps, used.bram36, used.urams),
        (812_345, 654_321, 1_088, 700.5, 256)
    );
    std::fs::write(build.at("out/satkit-vcu1525.bit"), "other bits").unwrap();
    assert!(manifest.check(&build.at("out/satkit-vcu1525.bit")).is_err());
    assert!(!build.at("out/.satkit-vcu1525.part").exists());
    let report = |name: &str| std::fs::read_to_string(build.at("out").join(name)).unwrap();
    assert!(report("power.txt").contains("58.250") && report("utilisation.txt").contains("812345"));
}

/// What must not become a bitstream ends the build in words, before one is written.
#[test]
fn bad_builds_write_no_bitstream() {
    if !tcl() {
        return;
    }
    let cases = [
        ("set answer(setup) -0.001", "timing is not met at 200.000 MHz: setup -0.001 ns"),
        ("set answer(hold) -0.0004", "hold -0.0004 ns"),
        ("set answer(paths) {}", "clocks are missing"),
        ("set answer(setup) {}", "clocks are missing"),
        ("set answer(setup) inf", "clocks are missing"),
        (
            "set answer(violations) {NSTD-1 UCIO-1}",
            "2 critical violations of design rules: NSTD-1, UCIO-1",
        ),
        ("set answer(utilisation) {}", "no row 'CLB LUTs'"),
        ("set answer(power) {}", "no row 'Total On-Chip Power"),
        ("set answer(boards) {}", "no board file xilinx.com:vcu1525:part0"),
        ("set answer(changes) { M hdl/x.rs}", "commit them first"),
    ];
    for (answers, words) in cases {
        let build = Build::new();
        let run = build.run(answers);
        assert_eq!(run.code, 1, "{answers}");
        assert!(
            run.stderr.starts_with("error: ") && run.stderr.contains(words),
            "{answers}: {}",
            run.stderr
        );
        assert_eq!(run.of("write_bitstream").count(), 0, "{answers}");
        assert!(
            !build.at("out/satkit-vcu1525.toml").exists()
                && !build.at("out/satkit-vcu1525.bit").exists()
        );
    }
}

#[test]
fn what_is_missing_is_said_before_vivado_works() {
    if !tcl() {
        return;
    }
    let refused = |build: &Build, run: Run, words: &[&str]| {
        assert_eq!(run.code, 1);
        for word in words {
            assert!(run.stderr.contains(word), "{word:?} is not in {}", run.stderr);
        }
        assert!(run.calls.iter().all(|call| call[0] == "git"), "{:?}", run.calls.first());
        assert!(!build.at("out/satkit-vcu1525.toml").exists());
    };
    // The compute core has no AXI ports.
    let build = Build::new();
    std::fs::remove_dir_all(build.at("rtl")).unwrap();
    let rtl = build.at("rtl").display().to_string();
    satkit::run(["satkit", "verilog", "--array", "tiny", "--top", "core", "--out", &rtl]);
    let words = [
        "core.f: the compute core",
        "AXI4-Lite registers",
        "4 AXI4 masters",
        "no bitstream was built",
    ];
    refused(&build, build.run(""), &words);
    // Each port of the top is needed.
    for line in top().lines().filter(|line| line.contains("put wire")) {
        let name = line.trim_end_matches(',').rsplit(' ').next().unwrap();
        // One of the masters stands for all.
        if ["m_axi_0", "m_axi_1", "m_axi_2"].iter().any(|master| name.starts_with(master)) {
            continue;
        }
        let build = Build::new();
        std::fs::write(build.at("rtl/satkit.v"), top().replace(line, "")).unwrap();
        refused(&build, build.run(""), &[name, "lacks 1 of the ports"]);
    }
    let build = Build::new();
    std::fs::write(build.at("rtl/satkit.f"), "satkit.v\nother.v\n").unwrap();
    refused(&build, build.run(""), &["other.v is missing"]);
    let build = Build::new();
    std::fs::create_dir(build.at("out")).unwrap();
    refused(&build, build.run(""), &["exists", "new folder"]);
    let build = Build::new();
    std::fs::write(build.at("facts.tcl"), "set facts [dict create]\n").unwrap();
    refused(&build, build.run(""), &["facts.tcl has no", "card facts"]);
    let build = Build::new();
    std::fs::write(build.at("rtl/satkit.f"), "").unwrap();
    refused(&build, build.run(""), &["does not name satkit.v"]);
    let build = Build::new();
    std::fs::write(build.at("facts.tcl"), "").unwrap();
    refused(&build, build.run(""), &["sets no facts"]);
    for (name, words) in [("rtl", "is no folder"), ("facts.tcl", "is no file")] {
        let build = Build::new();
        std::fs::rename(build.at(name), build.at("moved")).unwrap();
        refused(&build, build.run(""), &[name, words, "write it with"]);
    }
    let build = Build::new();
    refused(&build, build.run_with("", &[]), &["three arguments"]);
}

/// The accelerator that satkit writes has every port that the recipe wires.
#[test]
fn the_accelerator_is_taken() {
    if !tcl() {
        return;
    }
    let build = Build::new();
    std::fs::remove_dir_all(build.at("rtl")).unwrap();
    let rtl = build.at("rtl").display().to_string();
    satkit::run(["satkit", "verilog", "--array", "tiny", "--top", "satkit", "--out", &rtl]);
    let run = build.run("");
    assert_eq!(run.code, 0, "{}", run.stderr);
    let read = run.of("read_verilog").next().unwrap().concat();
    assert!(read.contains("satkit.v") && read.contains("sequencer.v"), "{read}");
}
