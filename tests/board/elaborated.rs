//! The whole card elaborated by Yosys: the block design as the recipe wires it, with the accelerator, the interleaving and the
//! synchronisers as they are, and a black box with the pins of `cores.rs` for each of the vendor's cores.

use crate::card::{Cells, card, parameters};
use crate::cores::{Port, is_vendors};
use crate::recipe::{built, tcl};
use crate::recorded::Run;
use crate::{has, repository};
use satkit_host::bitstream::Board;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::process::Command;

/// Yosys in a folder that has the accelerator's Verilog in `rtl`.
struct Yosys {
    folder: tempfile::TempDir,
}

impl Yosys {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let rtl = folder.path().join("rtl").display().to_string();
        satkit::run(["satkit", "verilog", "--array", "vcu1525", "--top", "satkit", "--out", &rtl]);
        for name in ["interleave.v", "synchronise.v"] {
            let from = repository("hdl/boards/vcu1525").join(name);
            std::fs::copy(from, folder.path().join(name)).unwrap();
        }
        Self { folder }
    }

    /// What it says of files that it must not say, or nothing.
    fn run(&self, text: &str, script: &str) -> Result<(), String> {
        std::fs::write(self.folder.path().join("card.v"), text).unwrap();
        let mut yosys = Command::new("yosys");
        let output = yosys.args(["-p", script]).current_dir(&self.folder).output().unwrap();
        let said =
            String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        // A port that is wider or narrower than its wire is only told of.
        if output.status.success() && !said.contains("Resizing cell port") {
            return Ok(());
        }
        let told = said
            .lines()
            .filter(|line| ["ERROR", "Warning", "Resizing"].iter().any(|word| line.contains(word)));
        Err(told.take(20).collect::<Vec<_>>().join("\n"))
    }

    /// Ports of our modules, by cell, as its parameters make them.
    fn own(&self, cells: &Cells) -> BTreeMap<String, Vec<Port>> {
        let mut text = String::from("module own;\n");
        for (name, (kind, properties)) in cells.iter().filter(|(_, (kind, _))| !is_vendors(kind)) {
            let _ = writeln!(text, "{kind} {}{name} ();", parameters(properties));
        }
        text += "endmodule\n";
        let script = "read_verilog -sv rtl/satkit.v interleave.v synchronise.v card.v; hierarchy -top own; \
                      proc; write_json own.json";
        self.run(&text, script).unwrap();
        let json = std::fs::read(self.folder.path().join("own.json")).unwrap();
        let modules = serde_json::from_slice::<serde_json::Value>(&json).unwrap()["modules"].take();
        let own = modules["own"]["cells"].as_object().unwrap();
        let ports = |cell: &serde_json::Value| {
            let ports = modules[cell["type"].as_str().unwrap()]["ports"].as_object().unwrap();
            let port = |(name, port): (&String, &serde_json::Value)| Port {
                name: name.clone(),
                direction: port["direction"].as_str().unwrap().to_owned(),
                bits: port["bits"].as_array().unwrap().len(),
            };
            ports.iter().map(port).collect()
        };
        own.iter().map(|(name, cell)| (name.clone(), ports(cell))).collect()
    }
}

const ELABORATE: &str = "hierarchy -check -top card; proc; check -assert";

#[test]
fn the_card_is_elaborated_with_black_boxes_for_the_vendors_cores() {
    if !tcl() || !has("yosys", "-V", "RTL_SIM") {
        return;
    }
    let (_build, run) = built();
    let yosys = Yosys::new();
    let own = yosys.own(&run.cells());
    let text = card(&run, &own);
    let script = format!("read_verilog -sv rtl/*.v interleave.v synchronise.v card.v; {ELABORATE}");
    yosys.run(&text, &script).unwrap();
    // What the constraints place is a port of it.
    let (_, ports) = text.split_once("module card (").unwrap();
    let ports = ports.split_once(')').unwrap().0;
    for pin in Board::vcu1525().unwrap().pins {
        let port = pin.port.split('[').next().unwrap();
        assert!(ports.split([' ', ',']).any(|word| word == port), "{port} is none of {ports}");
    }
}

/// Each of these ways to break the recipe is seen, and for its own reason.
#[test]
fn a_card_that_is_wired_wrongly_is_not_elaborated() {
    if !tcl() || !has("yosys", "-V", "RTL_SIM") {
        return;
    }
    let (_build, run) = built();
    let yosys = Yosys::new();
    // Of the accelerator, the ports alone.
    let elaborate = |run: &Run| {
        let text = card(run, &yosys.own(&run.cells()));
        let read =
            "read_verilog -lib rtl/satkit.v; read_verilog -sv interleave.v synchronise.v card.v";
        yosys.run(&text, &format!("{read}; {ELABORATE}"))
    };
    elaborate(&run).unwrap();
    let cases = [
        // Widths: of a constant, of addresses, of identifiers, of levels.
        (
            "CONST_WIDTH 32",
            "CONST_WIDTH 31",
            "Resizing cell port card.core.git_hash from 31 bits to 32",
        ),
        (
            "ADDRESS_BITS 36",
            "ADDRESS_BITS 64",
            "Resizing cell port card.core_interleave_0.s_axi_awaddr from 36 bits to 64",
        ),
        (
            "ADDRESS_BITS 64",
            "ADDRESS_BITS 64 CONFIG.ID_BITS 5",
            "Resizing cell port card.host_interleave.s_axi_awid",
        ),
        (
            "CONFIG.WIDTH 4",
            "CONFIG.WIDTH 3",
            "Resizing cell port card.calibrated_synchronise.level",
        ),
        // Pins that are none, of ours and of a vendor's.
        ("core/interrupt", "core/interrupts", "does not have a port named 'interrupts'"),
        ("ddr4_2/sys_rst", "ddr4_2/reset", "does not have a port named 'reset'"),
        // Nobody drives the clock; two do; two masters face each other.
        ("core/clock", "core/reset", "open_core_clock is used but has no driver"),
        ("calibrated/In2", "ddr4_1/c0_init_calib_complete", "multiple conflicting drivers"),
        ("core_interleave_3/s_axi", "core_interleave_3/m_axi", "multiple conflicting drivers"),
    ];
    for (from, to, reason) in cases {
        let mut spoilt = run.clone();
        spoilt.calls.iter_mut().flatten().for_each(|word| *word = word.replace(from, to));
        assert_ne!(spoilt.calls, run.calls, "{from}");
        let told = elaborate(&spoilt).expect_err(from);
        assert!(told.contains(reason), "{from} as {to}: {told}");
    }
}
