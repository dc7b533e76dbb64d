//! The Verilog header `hdl/verilog/satkit_spec.vh`, made from the tables of this crate: for whoever wraps the core, drives it
//! from a test bench or decodes its instructions.
//!
//! `tests/reference.rs` compares it with the committed file, and writes that if asked.

use crate::isa::{
    ADDRESS_UNIT_BYTES, Engine, FieldWords, HEADER_BITS, LAYOUTS, Layout, MAX_INSTRUCTIONS,
    OPCODE_BITS, Semaphore, SemaphoreSet, Word,
};
use crate::regs;
use crate::{CONTRACT_VERSION, contract_hash, memory_map};
use std::fmt::Write as _;

/// What every name begins with: macros of Verilog are global.
const PREFIX: &str = "SATKIT_";

/// A header that grows.
struct Header(String);

impl Header {
    fn line(&mut self, text: &str) {
        self.0 += text;
        self.0.push('\n');
    }

    /// A comment of its own lines.
    fn title(&mut self, text: &str) {
        self.line("");
        for line in text.lines() {
            self.line(&format!("// {line}"));
        }
    }

    fn define(&mut self, name: &str, value: &str) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.0, "`define {PREFIX}{} {value}", macro_name(name));
    }

    /// A number without a width, for indices, ranges and repetitions.
    fn number(&mut self, name: &str, value: u64) {
        self.define(name, &value.to_string());
    }

    fn hex(&mut self, name: &str, bits: u32, value: u64) {
        let digits = bits.div_ceil(4) as usize;
        self.define(name, &format!("{bits}'h{value:0digits$x}"));
    }

    /// Where a field lies: its lowest bit, its width, and its range as a part select takes it.
    fn place(&mut self, name: &str, lsb: u32, width: u32) {
        self.number(&format!("{name}_LSB"), lsb.into());
        self.number(&format!("{name}_WIDTH"), width.into());
        self.define(name, &format!("{}:{lsb}", lsb + width - 1));
    }
}

/// A name as macros have it: `LD.A` is `LD_A`.
fn macro_name(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
    name.chars().map(plain).collect()
}

/// The header.
#[must_use]
pub fn header() -> String {
    let mut header = Header(String::new());
    header.line(
        "// Registers and instructions of the satkit core.\n\
         //\n\
         // Generated from the tables of satkit-spec by hdl/spec/src/verilog.rs. Do not edit it: a test compares it with them, and\n\
         // `SATKIT_WRITE=1 cargo test --release -p satkit-spec --test reference` writes it again. What each name means is in\n\
         // docs/reference/registers.md and docs/reference/instructions.md.\n\
         //\n\
         // A field NAME of a word is word[`SATKIT_NAME]; `SATKIT_NAME_LSB and `SATKIT_NAME_WIDTH say where it lies.",
    );
    header.line("`ifndef SATKIT_SPEC_VH\n`define SATKIT_SPEC_VH");
    header.title("The contract that the core was generated from.");
    header.hex("CONTRACT_VERSION", 32, CONTRACT_VERSION.into());
    header.hex("CONTRACT_HASH", 32, contract_hash().first_word().into());
    registers(&mut header);
    memory(&mut header);
    words(&mut header);
    for layout in LAYOUTS {
        instruction(&mut header, layout);
    }
    header.line("\n`endif");
    header.0
}

fn registers(header: &mut Header) {
    header.title("The register window on AXI4-Lite: byte offsets of 32-bit registers.");
    header.number("WINDOW_BYTES", regs::WINDOW_BYTES.into());
    header.hex("MAGIC", 32, regs::MAGIC.into());
    let address_bits = regs::WINDOW_BYTES.ilog2();
    for register in regs::MAP {
        header.hex(&format!("REG_{}", register.name), address_bits, register.offset.into());
    }
    for (register, title, bits) in [
        ("CONTROL", "Bits of CONTROL: number and mask.", regs::control::BITS),
        ("STATUS", "Bits of STATUS and INTERRUPT_ENABLE: number and mask.", regs::status::BITS),
    ] {
        header.title(title);
        for (name, bit, _) in bits {
            header.number(&format!("{register}_{name}_BIT"), (*bit).into());
            header.hex(&format!("{register}_{name}"), 32, 1 << bit);
        }
    }
}

fn memory(header: &mut Header) {
    header.title("Card memory as the AXI4 masters see it; master k serves the pages with page % channels == k.");
    header.hex("MEMORY_BASE", 64, memory_map::BASE);
    header.hex("MEMORY_BYTES", 64, memory_map::BYTES);
    header.number("MEMORY_CHANNELS", memory_map::CHANNELS.into());
    header.number("MEMORY_INTERLEAVE_BYTES", memory_map::INTERLEAVE_BYTES);
    header.hex("ALL_CALIBRATED", memory_map::CHANNELS, memory_map::ALL_CALIBRATED.into());
}

fn words(header: &mut Header) {
    header.title(
        "The instruction word and its header, which all instructions have. Addresses are in units.",
    );
    header.number("WORD_BITS", Word::BITS.into());
    header.number("WORD_BYTES", Word::BYTES as u64);
    header.number("MAX_INSTRUCTIONS", MAX_INSTRUCTIONS as u64);
    header.number("ADDRESS_UNIT_BYTES", ADDRESS_UNIT_BYTES);
    header.number("HEADER_BITS", HEADER_BITS.into());
    header.place("OPCODE", 0, OPCODE_BITS);
    header.place("WAIT", OPCODE_BITS, SemaphoreSet::BITS);
    header.place("POST", OPCODE_BITS + SemaphoreSet::BITS, SemaphoreSet::BITS);
    header.title("Semaphores: the bit in WAIT and POST, and the count at the start of a program.");
    header.number("SEMAPHORES", Semaphore::ALL.len() as u64);
    for (bit, semaphore) in Semaphore::ALL.iter().enumerate() {
        header.number(&format!("SEMAPHORE_{}", semaphore.name()), bit as u64);
        let initial = u64::from(semaphore.initial());
        header.number(&format!("SEMAPHORE_{}_INITIAL", semaphore.name()), initial);
    }
    header.title("Engines, in the order in which they are numbered everywhere.");
    header.number("ENGINES", Engine::ALL.len() as u64);
    for (number, engine) in Engine::ALL.iter().enumerate() {
        header.number(&format!("ENGINE_{}", engine.name()), number as u64);
    }
}

fn instruction(header: &mut Header, layout: &Layout) {
    let goes_to: Vec<&str> = layout.route.queues().iter().map(|engine| engine.name()).collect();
    let kept = if layout.route.engine().is_none() { "kept for" } else { "executed by" };
    header.title(&format!("{}: {kept} {}.", layout.mnemonic, goes_to.join(", ")));
    header.hex(&format!("OPCODE_{}", layout.mnemonic), OPCODE_BITS, layout.opcode.into());
    for (field, words) in layout.fields().iter().zip(layout.words) {
        let name = format!("{}_{}", layout.mnemonic, field.name);
        header.place(&name, field.lsb, field.width);
        values(header, &name, field.width, &words());
    }
    let end = layout.fields().last().map_or(HEADER_BITS, |field| field.lsb + field.width);
    // The first bit that has to be 0, as all above it.
    header.number(&format!("{}_END", layout.mnemonic), end.into());
}

fn values(header: &mut Header, field: &str, width: u32, words: &FieldWords) {
    for (word, value) in words {
        header.hex(&format!("{field}_IS_{word}"), width, *value);
    }
}
