//! The reference pages `docs/reference/*.md`, made from the tables of this crate.
//!
//! `tests/reference.rs` compares them with the committed files, and writes these if asked.

use crate::isa::{
    ADDRESS_UNIT_BYTES, Engine, Field, FieldWords, HEADER_BITS, Instruction, LAYOUTS, Layout,
    OPCODE_BITS, Operation, Semaphore, SemaphoreSet, Vector, VectorOp, Word,
};
use crate::regs::{self, Access};
use crate::{CONTRACT_VERSION, contract_hash, memory_map};
use std::fmt::{Arguments, Write as _};

/// Enumerated fields with more values than this have a table of their own.
const LISTED_VALUES: usize = 4;

/// A page that grows.
struct Page(String);

impl Page {
    /// A page with its title and where it comes from.
    fn new(title: &str, source: &str) -> Self {
        Self(format!(
            "# {title}\n\n\
             This page is generated from {source} by `hdl/spec/src/reference.rs`. Do not edit it: a test compares it \
             with the tables, and `SATKIT_WRITE=1 cargo test --release -p satkit-spec --test reference` writes it \
             again.\n"
        ))
    }

    fn line(&mut self, line: Arguments<'_>) {
        // Writing to a string cannot fail.
        let _ = self.0.write_fmt(line);
        self.0.push('\n');
    }

    /// A heading, or a paragraph.
    fn block(&mut self, text: Arguments<'_>) {
        self.0.push('\n');
        self.line(text);
    }

    fn head<const N: usize>(&mut self, titles: [&str; N]) {
        self.block(format_args!("| {} |", titles.join(" | ")));
        self.line(format_args!("|{}", "---|".repeat(N)));
    }

    fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.line(format_args!("| {} |", cells.join(" | ")));
    }
}

/// `docs/reference/instructions.md`: the word, the engines, the semaphores, every instruction with its fields, and the
/// elementwise operations.
#[must_use]
pub fn instructions_markdown() -> String {
    let mut page = Page::new("Instructions", "the tables in `hdl/spec/src/isa`");
    page.block(format_args!(
        "Contract version {CONTRACT_VERSION}, contract hash\n`{}`.",
        contract_hash()
    ));
    words(&mut page);
    engines(&mut page);
    semaphores(&mut page);
    page.block(format_args!("## All instructions"));
    page.head(["opcode", "instruction", "goes to", "what it does"]);
    for layout in LAYOUTS {
        page.row([
            format!("`{:#04x}`", layout.opcode),
            format!("[{}](#{})", layout.mnemonic, anchor(layout.mnemonic)),
            destination(layout),
            layout.doc.into(),
        ]);
    }
    for layout in LAYOUTS {
        instruction(&mut page, layout);
    }
    operations(&mut page);
    page.0
}

fn words(page: &mut Page) {
    page.block(format_args!("## The word"));
    page.block(format_args!(
        "An instruction is a word of {} bits, {} bytes in memory, little endian. It starts with a header:",
        Word::BITS,
        Word::BYTES
    ));
    page.head(["bits", "field", "meaning"]);
    let (wait, post) = (OPCODE_BITS, OPCODE_BITS + SemaphoreSet::BITS);
    for (lsb, width, name, meaning) in [
        (0, OPCODE_BITS, "opcode", "Which instruction it is."),
        (wait, SemaphoreSet::BITS, "wait", "Semaphores that are taken at the start, one bit each."),
        (post, SemaphoreSet::BITS, "post", "Semaphores that are posted at the end, one bit each."),
    ] {
        page.row([bits(lsb, width), format!("`{name}`"), meaning.into()]);
    }
    page.block(format_args!(
        "The fields of the instruction follow from bit {HEADER_BITS} on without gaps. Numbers are unsigned. Every bit above \
         the last field is 0, and so is every bit of a semaphore that does not exist. Addresses are in units of \
         {ADDRESS_UNIT_BYTES} bytes."
    ));
    let wait = SemaphoreSet::of(&[Semaphore::StoredForVector]);
    let post = SemaphoreSet::of(&[Semaphore::VectorForActivations]);
    let operation = Operation::Vector(Vector { op: VectorOp::Add, elements: 4096, last: false });
    page.block(format_args!(
        "As text an instruction is its mnemonic, then every field as `name=value` in any order, then `wait` and `post` where \
         they are not empty:"
    ));
    page.block(format_args!("    {}", Instruction { wait, post, operation }));
}

fn engines(page: &mut Page) {
    page.block(format_args!("## Engines"));
    page.block(format_args!(
        "The sequencer fetches and dispatches in order. An instruction goes to the queue of the engine that executes it, a kept \
         one to the queues of all engines that use it, and waits until each of them has room. Each engine takes its queue in \
         order."
    ));
    page.head(["engine", "what it is", "executes", "keeps"]);
    for engine in Engine::ALL {
        let names = |of: &dyn Fn(&Layout) -> bool| {
            let some = LAYOUTS.iter().filter(|layout| of(layout)).map(|layout| layout.mnemonic);
            some.collect::<Vec<_>>().join(", ")
        };
        let own = |layout: &Layout| layout.route.engine() == Some(engine);
        let kept = |layout: &Layout| !own(layout) && layout.route.queues().contains(&engine);
        page.row([engine.name().into(), engine.doc().into(), names(&own), names(&kept)]);
    }
}

fn semaphores(page: &mut Page) {
    page.block(format_args!("## Semaphores"));
    page.block(format_args!(
        "An instruction starts when its engine is free and every semaphore of its `wait` is above zero; each is then \
         decremented. At its end every semaphore of its `post` is incremented. Bit 0 of `wait` and `post` is their lowest. \
         Each semaphore is posted by one engine and taken by one."
    ));
    page.block(format_args!(
        "A load ends when its data is in the banks; ST, WU, SORE and VE end when their last beat is written; MM ends when the \
         array is free again, but posts `{}` only when the tile's last output has left the array.",
        Semaphore::DrainFull.name()
    ));
    page.head(["bit", "semaphore", "posted by", "taken by", "at start", "counts"]);
    for (bit, semaphore) in Semaphore::ALL.iter().enumerate() {
        page.row([
            bit.to_string(),
            format!("`{}`", semaphore.name()),
            semaphore.poster().name().into(),
            semaphore.taker().name().into(),
            semaphore.initial().to_string(),
            semaphore.doc().into(),
        ]);
    }
}

fn instruction(page: &mut Page, layout: &Layout) {
    page.block(format_args!("## {}", layout.mnemonic));
    page.block(format_args!("{}", layout.doc));
    let names = |engine_of: fn(Semaphore) -> Engine| {
        let own = Semaphore::ALL.iter().filter(|&&s| Some(engine_of(s)) == layout.route.engine());
        own.map(|semaphore| format!("`{}`", semaphore.name())).collect::<Vec<_>>().join(", ")
    };
    let (takes, posts) = (names(Semaphore::taker), names(Semaphore::poster));
    let opcode = layout.opcode;
    match layout.route.engine() {
        Some(engine) => page.block(format_args!(
            "Opcode `{opcode:#04x}`, engine {}. May wait for {takes}; may post {posts}.",
            engine.name()
        )),
        None => page.block(format_args!(
            "Opcode `{opcode:#04x}`, kept by {} until the next {}. Uses no semaphore.",
            destination(layout),
            layout.mnemonic
        )),
    }
    page.head(["bits", "field", "values", "meaning"]);
    for (field, words) in layout.fields().iter().zip(layout.words) {
        page.row([
            bits(field.lsb, field.width),
            format!("`{}`", field.name),
            values(field, &words()),
            field.doc.into(),
        ]);
    }
}

fn operations(page: &mut Page) {
    page.block(format_args!("## Elementwise operations"));
    page.block(format_args!(
        "Values of `op` in VE. Each element of the stream occupies a lane for as many cycles as the operation has passes, in \
         cross-entropy all lanes. What \
         is computed is in [contract-elementwise.md](../contract-elementwise.md)."
    ));
    page.head(["value", "operation", "passes", "what it computes"]);
    for op in VectorOp::ALL {
        page.row([
            (*op as u8).to_string(),
            format!("`{}`", op.name()),
            op.passes().to_string(),
            op.doc().into(),
        ]);
    }
}

/// The engines whose queues take an instruction.
fn destination(layout: &Layout) -> String {
    let names = layout.route.queues().iter().map(|engine| engine.name());
    names.collect::<Vec<_>>().join(", ")
}

/// Bits from the highest to the lowest.
fn bits(lsb: u32, width: u32) -> String {
    match width {
        1 => lsb.to_string(),
        _ => format!("{}:{lsb}", lsb + width - 1),
    }
}

fn values(field: &Field, words: &FieldWords) -> String {
    match words.len() {
        0 => format!("0 to {}", field.max()),
        1..=LISTED_VALUES => {
            let listed: Vec<_> =
                words.iter().map(|(word, value)| format!("{value} `{word}`")).collect();
            listed.join(", ")
        }
        _ => "[elementwise operations](#elementwise-operations)".into(),
    }
}

/// The anchor of a heading: lower case, without points.
fn anchor(heading: &str) -> String {
    heading.to_ascii_lowercase().replace('.', "")
}

/// `docs/reference/registers.md`: the register map.
#[must_use]
pub fn registers_markdown() -> String {
    let mut page = Page::new("Registers", "the register map in `hdl/spec/src/regs.rs`");
    page.block(format_args!(
        "A window of {} bytes on AXI4-Lite, of 32-bit registers. `IDENTITY_MAGIC` holds {:#010x}, and `CONTRACT_VERSION` and \
         `CONTRACT_HASH` what [instructions.md](instructions.md) says: version {CONTRACT_VERSION}, {:#010x}.",
        regs::WINDOW_BYTES,
        regs::MAGIC,
        contract_hash().first_word()
    ));
    page.head(["offset", "register", "access", "what it holds"]);
    for register in regs::MAP {
        page.row([
            format!("`{:#05x}`", register.offset),
            format!("`{}`", register.name),
            register.access.name().into(),
            register.doc.into(),
        ]);
    }
    for (title, bits) in [
        ("Bits of CONTROL", regs::control::BITS),
        ("Bits of STATUS and INTERRUPT_ENABLE", regs::status::BITS),
    ] {
        page.block(format_args!("## {title}"));
        page.head(["bit", "name", "meaning"]);
        for (name, bit, doc) in bits {
            page.row([bit.to_string(), format!("`{name}`"), (*doc).into()]);
        }
    }
    page.block(format_args!("## Access"));
    page.head(["access", "meaning"]);
    for access in Access::ALL {
        page.row([access.name().into(), access.doc().into()]);
    }
    page.block(format_args!("## Card memory"));
    page.block(format_args!(
        "{} bytes from address {:#x} on, as the core and the DMA engine see them: {} channels of {} bytes, which take turns every {} \
         bytes. A program is {} bytes for each instruction and starts at a multiple of {ADDRESS_UNIT_BYTES}. Interrupt line {} follows \
         `STATUS & INTERRUPT_ENABLE`.",
        memory_map::BYTES,
        memory_map::BASE,
        memory_map::CHANNELS,
        memory_map::MODULE_BYTES,
        memory_map::INTERLEAVE_BYTES,
        Word::BYTES,
        memory_map::STATUS_EVENT
    ));
    page.0
}
