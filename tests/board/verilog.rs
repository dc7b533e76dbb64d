//! The card's own Verilog: the interleaving of memory against its formula, and that open tools take all of it. The
//! accelerator's own Verilog is elaborated where it is made (`hdl/tests/rtl`), and the whole card in `elaborated.rs`.

use crate::{has, repository};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use satkit_spec::memory_map::{BYTES, CHANNELS, INTERLEAVE_BYTES, MODULE_BYTES};
use std::path::Path;
use std::process::Command;

fn verilog(name: &str) -> String {
    repository("hdl/boards/vcu1525").join(name).canonicalize().unwrap().display().to_string()
}

fn yosys(script: &str) {
    let output = Command::new("yosys").args(["-q", "-p", script]).output().unwrap();
    assert!(output.status.success(), "{script}\n{}", String::from_utf8_lossy(&output.stderr));
}

/// Where an address lies when each module is one piece, written down from the map.
fn in_pieces(address: u64) -> u64 {
    let (step, within) = (address / INTERLEAVE_BYTES, address % INTERLEAVE_BYTES);
    let (channel, step) = (step % u64::from(CHANNELS), step / u64::from(CHANNELS));
    channel * MODULE_BYTES + step * INTERLEAVE_BYTES + within
}

/// Addresses of writes and reads behind the interleaving of a master whose addresses have so many bits.
fn simulate(bits: u32, addresses: &[u64]) -> Vec<(u64, u64)> {
    let folder = tempfile::tempdir().unwrap();
    let bench =
        "module bench; reg [BITS-1:0] a; wire [BITS-1:0] w, r; reg [63:0] list [0:COUNT-1]; integer i;
        interleave #(.ADDRESS_BITS(BITS)) dut (.s_axi_awaddr(a), .s_axi_araddr(a), .m_axi_awaddr(w), .m_axi_araddr(r));
        initial begin $readmemh(\"list\", list); for (i = 0; i < COUNT; i = i + 1) begin
        a = list[i]; #1 $display(\"%h %h\", w, r); end end endmodule\n";
    let bench = bench.replace("COUNT", &addresses.len().to_string());
    let bench =
        bench.replace("(BITS)", &format!("({bits})")).replace("BITS-1", &(bits - 1).to_string());
    let list: String = addresses.iter().map(|address| format!("{address:016x}\n")).collect();
    std::fs::write(folder.path().join("list"), list).unwrap();
    std::fs::write(folder.path().join("bench.v"), bench).unwrap();
    let run = |command: &mut Command| {
        let output = command.current_dir(folder.path()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    run(Command::new("iverilog").args([
        "-g2005",
        "-o",
        "bench",
        "bench.v",
        &verilog("interleave.v"),
    ]));
    let text = run(Command::new("vvp").arg(Path::new("bench")));
    let number = |word: &str| u64::from_str_radix(word, 16).unwrap();
    text.lines().map(|l| l.split_once(' ').unwrap()).map(|(w, r)| (number(w), number(r))).collect()
}

#[test]
fn addresses_are_interleaved_as_the_memory_map_says() {
    if !has("iverilog", "-V", "RTL_SIM") {
        return;
    }
    let mut runner = TestRunner::default();
    let any = prop_oneof![0..BYTES, 0..BYTES / INTERLEAVE_BYTES, Just(0), Just(BYTES - 1)];
    let mut addresses: Vec<u64> =
        (0..4000).map(|_| any.new_tree(&mut runner).unwrap().current()).collect();
    // Each bit alone, and the edges of steps.
    addresses.extend((0..36).map(|bit| 1u64 << bit));
    addresses.extend(
        (0..20).flat_map(|step| [step * INTERLEAVE_BYTES, (step + 1) * INTERLEAVE_BYTES - 1]),
    );
    // The DMA engine's addresses, and the core's, which have no bits beyond the memory.
    for bits in [64, BYTES.ilog2()] {
        let found = simulate(bits, &addresses);
        assert_eq!(found.len(), addresses.len());
        for (&address, &(write, read)) in addresses.iter().zip(&found) {
            assert_eq!((write, read), (in_pieces(address), in_pieces(address)), "{address:#x}");
        }
    }
    // What lies beyond the memory stays beyond it, so the interconnect refuses it.
    let beyond: Vec<u64> = (36..64).map(|bit| 1u64 << bit | 0x1234).collect();
    assert!(simulate(64, &beyond).iter().all(|&(write, read)| write >= BYTES && read >= BYTES));
}

#[test]
fn open_tools_take_the_boards_verilog() {
    if !has("yosys", "-V", "RTL_SIM") {
        return;
    }
    // Wires and nothing else.
    let file = verilog("interleave.v");
    for bits in [64, BYTES.ilog2()] {
        yosys(&format!(
            "read_verilog -sv {file}; hierarchy -check -top interleave -chparam ADDRESS_BITS {bits}; proc; opt_clean; check -assert; \
             select -assert-none c:*"
        ));
    }
    // Two flip-flops for each bit.
    let file = verilog("synchronise.v");
    yosys(&format!(
        "read_verilog -sv {file}; hierarchy -check -top synchronise -chparam WIDTH 4; proc; check -assert; \
         splitnets; simplemap; opt_clean; select -assert-count 8 t:$_DFF_P_"
    ));
}

/// No module of the compute core is a vendor's: every one of them is there.
#[test]
fn the_compute_core_needs_no_vendor() {
    if !has("yosys", "-V", "RTL_SIM") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let rtl = folder.path().join("rtl").display().to_string();
    satkit::run(["satkit", "verilog", "--array", "tiny", "--top", "core", "--out", &rtl]);
    yosys(&format!(
        "read_verilog -sv {rtl}/*.v; hierarchy -check -top core; proc; select -assert-none A:blackbox"
    ));
}

/// A block design ties an interface to a clock by what the clock's port says of it.
#[test]
fn every_interface_has_a_clock() {
    let own = satkit_hdl::accelerator::design(&satkit_spec::ArrayConfig::vcu1525()).unwrap();
    let top = own.modules().last().unwrap().text.clone();
    let interleave = std::fs::read_to_string(verilog("interleave.v")).unwrap();
    for text in [top, interleave] {
        let (_, rest) = text.split_once("ASSOCIATED_BUSIF ").unwrap();
        let (named, rest) = rest.split_once('"').unwrap();
        assert!(rest.trim_start_matches([' ', '*', ')', '\n']).starts_with("input wire clock,"));
        let named: std::collections::BTreeSet<&str> = named.split(':').collect();
        let there = text
            .split_whitespace()
            .filter_map(|word| word.trim_end_matches(',').strip_suffix("_awaddr"));
        assert_eq!(there.collect::<std::collections::BTreeSet<_>>(), named);
    }
}
