//! The decoder accepts what the instruction set accepts, word for word, and sends it where the instruction set says.

use super::program::{Programs, flip, meaning, pieces};
use crate::support::Random;
use crate::trace::{Cycle, Replay};
use crate::verilog::has_verilog_tool;
use satkit_hdl::front::{self, Engines};
use satkit_spec::isa::{Engine, Instruction, Word};

const COUNT: usize = 100_000;

/// Queues of an opcode, and whether an engine executes it; what no machine or not this one has goes nowhere.
fn route(opcode: u8, engines: &[Engine]) -> (u64, bool) {
    let plain = Word([opcode.into(), 0, 0, 0]);
    let Some(instruction) = meaning(&plain, engines) else { return (0, false) };
    let queues = instruction.operation.queues().iter().filter(|engine| engines.contains(engine));
    let queues = queues.fold(0, |set, &engine| set | 1 << engine as u64);
    (queues, instruction.operation.engine().is_some())
}

/// Instructions, instructions with one or two bits flipped, and anything.
fn words(seed: u64) -> impl Iterator<Item = Word> {
    let mut random = Random(seed);
    let mut programs = Programs::new();
    std::iter::repeat_with(move || {
        let mut word = programs.next(&mut random);
        match random.below(8) {
            0 | 1 => {}
            2..=5 => flip(&mut word, random.below(256)),
            6 => (0..2).for_each(|_| flip(&mut word, random.below(40))),
            _ => word = Word([(); 4].map(|()| random.next() & random.next())),
        }
        word
    })
}

fn cycles(engines: &[Engine]) -> impl Iterator<Item = Cycle> + Send {
    let engines = engines.to_vec();
    let mut random = Random(7);
    words(1).map(move |word| {
        let opcode = if random.below(4) == 0 { random.next() as u8 } else { word.0[0] as u8 };
        let (queues, own) = route(opcode, &engines);
        let mut cycle = Cycle::default();
        cycle.give(8, opcode.into()).give_words(&pieces(&word));
        cycle.expect(6, queues).expect(1, own.into());
        cycle.expect(1, meaning(&word, &engines).is_some().into());
        cycle
    })
}

#[test]
fn words_are_accepted_and_sent_as_the_instruction_set_says() {
    if !has_verilog_tool("verilator") {
        return;
    }
    let some = [Engine::LoadActivations, Engine::Mm, Engine::Update];
    for engines in [&Engine::ALL[..], &some] {
        let design = front::decoder(&Engines::of(engines));
        let replay = Replay::of(&design, &["opcode", "word"], &["queues", "own", "legal"]);
        replay.check(|| cycles(engines), COUNT);
    }
}

/// The words above are of every kind: both outcomes, for each instruction.
#[test]
fn the_words_are_of_every_kind() {
    let mut seen = std::collections::BTreeSet::new();
    for word in words(1).take(COUNT / 5) {
        let opcode = word.0[0] as u8;
        let is_legal = meaning(&word, &Engine::ALL).is_some();
        let decodes = Instruction::decode(&word).is_ok();
        seen.insert((opcode, decodes, is_legal));
    }
    for (_, opcode, ..) in satkit_spec::isa::reference() {
        for kind in [(true, true), (true, false), (false, false)] {
            assert!(seen.contains(&(opcode, kind.0, kind.1)), "{opcode:#x} {kind:?}");
        }
    }
}
