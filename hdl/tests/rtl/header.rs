//! The Verilog header, read back by the tools: every number, and every field of instructions that satkit-spec encodes.

use crate::support::run;
use crate::verilog::has_verilog_tool;
use satkit_spec::isa::{self, Engine, Instruction, Semaphore, Word};
use satkit_spec::{CONTRACT_VERSION, contract_hash, memory_map, regs};
use std::process::Command;

/// Instructions of each kind that are read back.
const WORDS_EACH: usize = 8;

/// The folder of the header.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/verilog");

fn macro_name(name: &str) -> String {
    format!("`SATKIT_{}", name.to_uppercase().replace(['.', '-'], "_"))
}

/// Expressions over the header's macros and what they have to be.
fn numbers() -> Vec<(String, u64)> {
    let mut numbers: Vec<(String, u64)> = vec![
        ("MAGIC".into(), regs::MAGIC.into()),
        ("WINDOW_BYTES".into(), regs::WINDOW_BYTES.into()),
        ("CONTRACT_VERSION".into(), CONTRACT_VERSION.into()),
        ("CONTRACT_HASH".into(), contract_hash().first_word().into()),
        ("MEMORY_BASE".into(), memory_map::BASE),
        ("MEMORY_BYTES".into(), memory_map::BYTES),
        ("MEMORY_CHANNELS".into(), memory_map::CHANNELS.into()),
        ("MEMORY_INTERLEAVE_BYTES".into(), memory_map::INTERLEAVE_BYTES),
        ("ALL_CALIBRATED".into(), memory_map::ALL_CALIBRATED.into()),
        ("WORD_BITS".into(), Word::BITS.into()),
        ("WORD_BYTES".into(), Word::BYTES as u64),
        ("MAX_INSTRUCTIONS".into(), isa::MAX_INSTRUCTIONS as u64),
        ("ADDRESS_UNIT_BYTES".into(), isa::ADDRESS_UNIT_BYTES),
        ("HEADER_BITS".into(), isa::HEADER_BITS.into()),
        ("SEMAPHORES".into(), Semaphore::ALL.len() as u64),
        ("ENGINES".into(), Engine::ALL.len() as u64),
    ];
    for register in regs::MAP {
        numbers.push((format!("REG_{}", register.name), register.offset.into()));
    }
    for (register, bits) in [("CONTROL", regs::control::BITS), ("STATUS", regs::status::BITS)] {
        for (name, bit, _) in bits {
            numbers.push((format!("{register}_{name}"), 1 << bit));
            numbers.push((format!("{register}_{name}_BIT"), u64::from(*bit)));
        }
    }
    for (bit, semaphore) in Semaphore::ALL.iter().enumerate() {
        let name = format!("SEMAPHORE_{}", semaphore.name());
        numbers.push((format!("{name}_INITIAL"), semaphore.initial().into()));
        numbers.push((name, bit as u64));
    }
    for (number, engine) in Engine::ALL.iter().enumerate() {
        numbers.push((format!("ENGINE_{}", engine.name()), number as u64));
    }
    let mut expressions: Vec<_> =
        numbers.into_iter().map(|(name, value)| (macro_name(&name), value)).collect();
    for (mnemonic, opcode, _, fields) in isa::reference() {
        expressions.push((macro_name(&format!("OPCODE_{mnemonic}")), opcode.into()));
        for field in fields {
            let name = macro_name(&format!("{mnemonic}_{}", field.name));
            expressions.push((format!("{name}_LSB"), field.lsb.into()));
            expressions.push((format!("{name}_WIDTH"), field.width.into()));
        }
        for word in words(opcode) {
            let instruction = Instruction::decode(&word).unwrap();
            fields_of(&instruction, &word, &mut expressions);
        }
    }
    expressions
}

/// SplitMix64: the same numbers everywhere.
fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let z = (*state ^ (*state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// Random words that are instructions of this opcode.
fn words(opcode: u8) -> Vec<Word> {
    let (_, _, _, fields) = isa::reference().find(|(_, code, _, _)| *code == opcode).unwrap();
    let end = fields.last().unwrap().lsb + fields.last().unwrap().width;
    let mut state = u64::from(opcode);
    let candidates = std::iter::from_fn(|| {
        let mut bits = [(); 4].map(|()| random(&mut state));
        for (part, bits) in (0..).zip(&mut bits) {
            let kept = end.saturating_sub(64 * part).min(64);
            *bits &= if kept == 0 { 0 } else { u64::MAX >> (64 - kept) };
        }
        bits[0] = bits[0] & !0xFF | u64::from(opcode);
        Some(Word(bits))
    });
    let legal = candidates.take(100_000).filter(|word| Instruction::decode(word).is_ok());
    let words: Vec<Word> = legal.take(WORDS_EACH).collect();
    assert_eq!(words.len(), WORDS_EACH, "words of opcode {opcode:#x}");
    words
}

/// The fields of a word, cut out by the header, against the instruction's text: numbers as they are, names by the header's values.
fn fields_of(instruction: &Instruction, word: &Word, into: &mut Vec<(String, u64)>) {
    let Word([a, b, c, d]) = word;
    // A literal cannot be sliced in every tool, a shifted one can.
    let cut = |name: &str, width: u32| {
        format!(
            "(256'h{d:016x}{c:016x}{b:016x}{a:016x} >> {name}_LSB) & 256'h{:x}",
            u64::MAX >> (64 - width)
        )
    };
    let mnemonic = instruction.mnemonic();
    into.push((cut(&macro_name("OPCODE"), isa::OPCODE_BITS), word.get(0, isa::OPCODE_BITS)));
    let text = instruction.to_string();
    let (_, _, _, fields) = isa::reference().find(|(name, ..)| *name == mnemonic).unwrap();
    for (name, value) in text.split(' ').filter_map(|part| part.split_once('=')) {
        if let "wait" | "post" = name {
            let bits = value.split('+').map(|semaphore| {
                format!("(256'd1 << {})", macro_name(&format!("SEMAPHORE_{semaphore}")))
            });
            let all = bits.collect::<Vec<_>>().join(" | ");
            into.push((format!("({}) == ({all})", cut(&macro_name(name), 16)), 1));
            continue;
        }
        let field = fields.iter().find(|field| field.name == name).unwrap();
        let place = macro_name(&format!("{mnemonic}_{name}"));
        let found = cut(&place, field.width);
        match value.parse::<u64>() {
            Ok(value) => into.push((found, value)),
            Err(_) => {
                let meant = macro_name(&format!("{mnemonic}_{name}_IS_{value}"));
                into.push((format!("({found}) == {{192'd0, 64'd0 | {meant}}}"), 1));
            }
        }
    }
}

#[test]
fn icarus_reads_every_number_and_field() {
    if !has_verilog_tool("iverilog") {
        return;
    }
    let expressions = numbers();
    let mut text = String::from("`include \"satkit_spec.vh\"\nmodule read_back;\ninitial begin\n");
    for (expression, _) in &expressions {
        text += &format!("$display(\"%0d\", {expression});\n");
    }
    // What a wrapper does: a part select by the field's name.
    text += "end\nreg [255:0] word;\ninitial begin word = 256'h12 << `SATKIT_LD_A_GROUP_LSB;\n\
             $display(\"%0d\", word[`SATKIT_LD_A_GROUP]); end\nendmodule\n";
    let directory = tempfile::tempdir().unwrap();
    let (source, program) = (directory.path().join("read_back.v"), directory.path().join("vvp"));
    std::fs::write(&source, text).unwrap();
    let mut icarus = Command::new("iverilog");
    icarus
        .args(["-g2005", "-Wall", "-Wno-timescale", "-I", FOLDER, "-o"])
        .arg(&program)
        .arg(&source);
    assert_eq!(run(&mut icarus), "");
    let printed = run(Command::new("vvp").arg(&program));
    let found: Vec<&str> = printed.lines().map(str::trim).collect();
    assert_eq!(found.len(), expressions.len() + 1);
    for ((expression, expected), found) in expressions.iter().zip(&found) {
        assert_eq!(*found, expected.to_string(), "{expression}");
    }
    assert_eq!(found[expressions.len()], "18");
}

#[test]
fn verilator_finds_every_number_as_it_should_be() {
    if !has_verilog_tool("verilator") {
        return;
    }
    let mut numbers = numbers();
    let lint = |numbers: &[(String, u64)]| {
        let mut text = String::from("`include \"satkit_spec.vh\"\nmodule read_back;\ngenerate\n");
        for (at, (expression, expected)) in numbers.iter().enumerate() {
            text += &format!(
                "if (({expression}) != 64'd{expected}) begin : g{at} $error(\"wrong {at}\"); end\n"
            );
        }
        text += "endgenerate\nendmodule\n";
        let directory = tempfile::tempdir().unwrap();
        let source = directory.path().join("read_back.v");
        std::fs::write(&source, text).unwrap();
        let mut verilator = Command::new("verilator");
        // The comparison of macros of all widths is what the test is made of; the header itself has no expression.
        verilator.args(["--lint-only", "-Wall", "-Wno-WIDTH", &format!("-I{FOLDER}")]).arg(source);
        verilator.output().unwrap()
    };
    let output = lint(&numbers);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    // It would say so.
    let last = numbers.len() - 1;
    numbers[last].1 += 1;
    let output = lint(&numbers);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains(&format!("wrong {last}")), "{said}");
}
