//! The recipe run under tclsh, and what it asked Vivado for.

use crate::repository;
use satkit_host::bitstream::facts_tcl;
use satkit_spec::ArrayConfig;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::Command;

/// One command of Vivado: its name and its arguments.
pub(crate) type Call = Vec<String>;

/// A folder to build in.
pub(crate) struct Build {
    folder: tempfile::TempDir,
}

/// What a run of the recipe left.
#[derive(Clone)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stderr: String,
    pub(crate) calls: Vec<Call>,
}

/// A top with the ports that the recipe wires, written down here a second time.
pub(crate) fn top() -> String {
    let mut text = String::from("module satkit (\n");
    let mut port = |direction: &str, name: &str, bits: usize| {
        let _ = writeln!(text, "  {direction} wire [{}:0] {name},", bits - 1);
    };
    for (name, bits) in
        [("clock", 1), ("reset", 1), ("ddr_calibrated", 4), ("git_hash", 32), ("build_date", 32)]
    {
        port("input", name, bits);
    }
    let lite = [
        ("awaddr", 12, true),
        ("awvalid", 1, true),
        ("awready", 1, false),
        ("wdata", 32, true),
        ("wstrb", 4, true),
        ("wvalid", 1, true),
        ("wready", 1, false),
        ("bresp", 2, false),
        ("bvalid", 1, false),
        ("bready", 1, true),
        ("araddr", 12, true),
        ("arvalid", 1, true),
        ("arready", 1, false),
        ("rdata", 32, false),
        ("rresp", 2, false),
        ("rvalid", 1, false),
        ("rready", 1, true),
    ];
    let burst = [
        ("awlen", 8, true),
        ("awsize", 3, true),
        ("awburst", 2, true),
        ("wlast", 1, true),
        ("arlen", 8, true),
        ("arsize", 3, true),
        ("arburst", 2, true),
        ("rlast", 1, false),
    ];
    for (signal, bits, by_master) in lite {
        let direction = if by_master { "input" } else { "output" };
        port(direction, &format!("s_axi_control_{signal}"), bits);
    }
    for k in 0..4 {
        for (signal, bits, by_master) in lite.into_iter().chain(burst) {
            let bits = match signal {
                "awaddr" | "araddr" => 36,
                "wdata" | "rdata" => 512,
                "wstrb" => 64,
                _ => bits,
            };
            let direction = if by_master { "output" } else { "input" };
            port(direction, &format!("m_axi_{k}_{signal}"), bits);
        }
    }
    text.push_str("  output wire interrupt\n);\nendmodule\n");
    text
}

impl Build {
    /// With facts of the vcu1525, and Verilog with a top that only has ports.
    pub(crate) fn new() -> Self {
        let build = Self { folder: tempfile::tempdir().unwrap() };
        std::fs::create_dir(build.at("rtl")).unwrap();
        std::fs::write(build.at("rtl/satkit.f"), "satkit.v\n").unwrap();
        std::fs::write(build.at("rtl/satkit.v"), top()).unwrap();
        std::fs::write(build.at("facts.tcl"), facts_tcl(&ArrayConfig::vcu1525()).unwrap()).unwrap();
        build
    }

    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs the recipe on the folder's files; `answers` is Tcl that changes what the build comes to.
    pub(crate) fn run(&self, answers: &str) -> Run {
        let names = ["rtl", "facts.tcl", "out"].map(|name| self.at(name).display().to_string());
        self.run_with(answers, &names)
    }

    pub(crate) fn run_with(&self, answers: &str, arguments: &[String]) -> Run {
        std::fs::write(self.at("answers.tcl"), answers).unwrap();
        let output = Command::new("tclsh")
            .arg(repository("tests/board/vivado.tcl"))
            .arg(repository("hdl/boards/vcu1525/build.tcl"))
            .args([self.at("log"), self.at("answers.tcl")])
            .args(arguments)
            .output()
            .unwrap();
        let log = std::fs::read_to_string(self.at("log")).unwrap_or_default();
        Run {
            code: output.status.code().unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
            calls: log.lines().map(|l| l.split('\x1f').map(String::from).collect()).collect(),
        }
    }
}

impl Run {
    /// All calls of a command.
    pub(crate) fn of(&self, name: &str) -> impl Iterator<Item = &[String]> {
        self.calls.iter().filter(move |call| call[0] == name).map(|call| &call[1..])
    }

    /// Cells by name: what each is of, and its properties.
    pub(crate) fn cells(&self) -> BTreeMap<String, (String, BTreeMap<String, String>)> {
        let mut cells = BTreeMap::new();
        for call in self.of("create_bd_cell") {
            let [_, _, _, kind, name] = call else { panic!("{call:?}") };
            let earlier = cells.insert(name.clone(), (kind.clone(), BTreeMap::new()));
            assert!(earlier.is_none(), "{name} is made twice");
        }
        for call in self.of("set_property") {
            if call[0] != "-dict" {
                continue;
            }
            let words: Vec<&str> = call[1].split_whitespace().collect();
            let (cell, properties) = (&call[2], words.chunks_exact(2));
            assert!(properties.remainder().is_empty(), "{call:?}");
            for pair in properties {
                let name = pair[0].strip_prefix("CONFIG.").unwrap().to_owned();
                let known = &mut cells.get_mut(cell).unwrap().1;
                assert!(known.insert(name, pair[1].to_owned()).is_none(), "{cell} {pair:?}");
            }
        }
        cells
    }

    /// All nets, of wires and of buses: the first end drives.
    pub(crate) fn nets(&self) -> Vec<&[String]> {
        self.of("connect_bd_net").chain(self.of("connect_bd_intf_net")).collect()
    }
}
