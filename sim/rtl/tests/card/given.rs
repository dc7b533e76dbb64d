//! The tests' top, a card of it, and what its masters have noted.

use satkit_hdl::emit::{Design, Module, Wiring};
use satkit_memory::MemoryModel;
use satkit_rtl::Build;
use satkit_rtl::card::{RtlCard, RtlCardError, RtlCardOptions};
use satkit_spec::{ArrayConfig, regs};
use satkit_transport::Card;
use std::path::Path;

const MASTERS: usize = 4;

fn top(with_interrupt: bool) -> Design {
    let mut top = Wiring::new("satkit");
    for (name, bits) in
        [("clock", 1), ("reset", 1), ("ddr_calibrated", 4), ("git_hash", 32), ("build_date", 32)]
    {
        top.input(name, bits);
    }
    let interrupt = if with_interrupt { "interrupt" } else { "no_interrupt" };
    top.output(interrupt, 1);
    let mut window = vec![("clock", "clock".to_owned()), ("reset", "reset".into())];
    let lite_in = [
        ("awaddr", 12),
        ("awvalid", 1),
        ("wdata", 32),
        ("wstrb", 4),
        ("wvalid", 1),
        ("bready", 1),
        ("araddr", 12),
        ("arvalid", 1),
        ("rready", 1),
    ];
    let lite_out = [
        ("awready", 1),
        ("wready", 1),
        ("bvalid", 1),
        ("arready", 1),
        ("rdata", 32),
        ("rvalid", 1),
    ];
    for (name, bits) in lite_in {
        top.input(&format!("s_axi_control_{name}"), bits);
        window.push((name, format!("s_axi_control_{name}")));
    }
    for (name, bits) in lite_out {
        top.output(&format!("s_axi_control_{name}"), bits);
        window.push((name, format!("s_axi_control_{name}")));
    }
    for response in ["bresp", "rresp"] {
        top.output(&format!("s_axi_control_{response}"), 2);
        top.assign(&format!("s_axi_control_{response}"), "2'd0");
    }
    for (name, bits) in [
        ("select", 32),
        ("seed", 32),
        ("bursts", 16),
        ("start", 1),
        ("stop", 1),
        ("cycle", 32),
        ("busy", MASTERS),
        ("log_entries", 64 * MASTERS),
        ("log_counts", 32 * MASTERS),
        ("checksums", 32 * MASTERS),
    ] {
        top.wire(name, bits);
    }
    for name in ["select", "seed", "bursts", "start", "stop", "cycle"] {
        window.push((name, name.into()));
    }
    window.push(("identity", "git_hash".into()));
    window.push(("interrupt", interrupt.into()));
    window.push(("busy", "|busy".into()));
    window.push(("log_entry", "log_entries[64*select[17:16] +: 64]".into()));
    window.push(("log_count", "log_counts[32*select[17:16] +: 32]".into()));
    window.push(("checksum", "checksums[32*select[17:16] +: 32]".into()));
    top.instance("window", "registers", &[], &window);
    for index in 0..MASTERS {
        master(&mut top, index);
    }
    let module = |name: &str, text: &str| Module { name: name.into(), text: text.into() };
    let parts = vec![
        module("burst_master", include_str!("masters.v")),
        module("window", include_str!("window.v")),
        top.finish(),
    ];
    Design::join("satkit", vec![], parts)
}

fn master(top: &mut Wiring, index: usize) {
    let name = |signal: &str| format!("m_axi_{index}_{signal}");
    let mut connections: Vec<(&str, String)> =
        ["clock", "reset", "start", "stop", "seed", "bursts", "cycle"]
            .map(|signal| (signal, signal.to_owned()))
            .to_vec();
    connections.push(("log_kind", "select[14:12]".into()));
    connections.push(("log_index", "select[11:0]".into()));
    connections.push(("log_entry", format!("log_entries[{} +: 64]", 64 * index)));
    connections.push(("log_count", format!("log_counts[{} +: 32]", 32 * index)));
    connections.push(("checksum", format!("checksums[{} +: 32]", 32 * index)));
    connections.push(("busy", format!("busy[{index}]")));
    for (signal, bits) in [
        ("araddr", 36),
        ("arlen", 8),
        ("arvalid", 1),
        ("awaddr", 36),
        ("awlen", 8),
        ("awvalid", 1),
        ("wdata", 512),
        ("wlast", 1),
        ("wvalid", 1),
    ] {
        top.output(&name(signal), bits);
        connections.push((signal, name(signal)));
    }
    for (signal, bits) in [
        ("arready", 1),
        ("rdata", 512),
        ("rresp", 2),
        ("rlast", 1),
        ("rvalid", 1),
        ("awready", 1),
        ("wready", 1),
        ("bresp", 2),
        ("bvalid", 1),
    ] {
        top.input(&name(signal), bits);
        connections.push((signal, name(signal)));
    }
    for (signal, bits, value) in [
        ("arsize", 3, "3'd6"),
        ("awsize", 3, "3'd6"),
        ("arburst", 2, "2'd1"),
        ("awburst", 2, "2'd1"),
        ("wstrb", 64, "{64{1'b1}}"),
        ("rready", 1, "1'b1"),
        ("bready", 1, "1'b1"),
    ] {
        top.output(&name(signal), bits);
        top.assign(&name(signal), value);
    }
    top.instance("burst_master", &format!("master_{index}"), &[("PORT", index)], &connections);
}

fn options(dram: MemoryModel, memory_bytes: u64) -> RtlCardOptions<'static> {
    // One folder for all tests, so that the top is compiled once.
    let cache = Some(Path::new(env!("CARGO_TARGET_TMPDIR")));
    let build = Build { cache, ..Build::default() };
    RtlCardOptions { dram, memory_bytes, build, ..RtlCardOptions::default() }
}

pub(crate) fn card(dram: MemoryModel, memory_bytes: u64) -> RtlCard {
    RtlCard::of(&top(true), &ArrayConfig::tiny(), &options(dram, memory_bytes)).unwrap()
}

/// A card of a top that lacks a port.
pub(crate) fn without_interrupt() -> Result<RtlCard, RtlCardError> {
    RtlCard::of(&top(false), &ArrayConfig::tiny(), &options(MemoryModel::default(), 1 << 20))
}

/// Lets each master read and write so many bursts.
pub(crate) fn start(card: &RtlCard, seed: u32, bursts: u32) {
    card.write32(regs::PROGRAM_LOW.offset, seed).unwrap();
    card.write32(regs::PROGRAM_LENGTH.offset, bursts).unwrap();
    card.write32(regs::CONTROL.offset, regs::control::START).unwrap();
}

pub(crate) fn wait(card: &RtlCard) {
    while card.read32(regs::RUNNING.offset).unwrap() != 0 {
        std::thread::yield_now();
    }
}

/// The top's cycle counter.
pub(crate) fn cycles(card: &RtlCard) -> u32 {
    card.read32(regs::CYCLES_LOW.offset).unwrap()
}

/// A kind of handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Ar,
    Aw,
    R,
    W,
    B,
}

impl Kind {
    pub(crate) const ALL: [Self; 5] = [Self::Ar, Self::Aw, Self::R, Self::W, Self::B];
}

/// A handshake, as a master noted it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Note {
    pub(crate) cycle: u32,
    what: u32,
}

impl Note {
    pub(crate) fn address(&self) -> u64 {
        u64::from(self.what & 0xFF_FFFF) << 6
    }

    pub(crate) fn beats(&self) -> u32 {
        (self.what >> 24) + 1
    }

    pub(crate) fn response(&self) -> u32 {
        self.what & 3
    }
}

/// All notes of one master.
#[derive(Debug)]
pub(crate) struct Notes([Vec<Note>; 5]);

impl Notes {
    pub(crate) fn of(&self, kind: Kind) -> &[Note] {
        &self.0[kind as usize]
    }

    pub(crate) fn all(card: &RtlCard) -> Vec<Self> {
        let notes = (0..MASTERS as u32).map(|port| {
            Self(Kind::ALL.map(|kind| {
                let count = Self::count(card, port, kind);
                (0..count).map(|index| note(card, port, kind, index)).collect()
            }))
        });
        notes.collect()
    }

    /// How many there are.
    pub(crate) fn count(card: &RtlCard, port: u32, kind: Kind) -> u32 {
        select(card, port, kind, 0);
        card.read32(0x10C).unwrap()
    }

    /// What each master has read, folded.
    pub(crate) fn checksums(card: &RtlCard) -> Vec<u32> {
        let sums = (0..MASTERS as u32).map(|port| {
            select(card, port, Kind::Ar, 0);
            card.read32(0x110).unwrap()
        });
        sums.collect()
    }
}

fn select(card: &RtlCard, port: u32, kind: Kind, index: u32) {
    card.write32(0x100, port << 16 | (kind as u32) << 12 | index).unwrap();
}

fn note(card: &RtlCard, port: u32, kind: Kind, index: u32) -> Note {
    select(card, port, kind, index);
    Note { cycle: card.read32(0x104).unwrap(), what: card.read32(0x108).unwrap() }
}
