//! Random programs, and what the instruction set says of a word.

use crate::support::Random;
use satkit_spec::isa::{
    self, Engine, HEADER_BITS, Instruction, MAX_WALKS, OPCODE_BITS, Semaphore, SemaphoreSet, Word,
};

/// What a word is to a machine with these engines: `None` if it is no instruction that it executes.
pub(super) fn meaning(word: &Word, engines: &[Engine]) -> Option<Instruction> {
    let instruction = Instruction::decode(word).ok()?;
    let engine = instruction.operation.engine();
    let is_there = engine.is_none_or(|engine| engines.contains(&engine));
    let takes = instruction.wait.iter().all(|semaphore| Some(semaphore.taker()) == engine);
    let posts = instruction.post.iter().all(|semaphore| Some(semaphore.poster()) == engine);
    (is_there && takes && posts).then_some(instruction)
}

/// Flips a bit.
pub(super) fn flip(word: &mut Word, bit: u64) {
    word.0[(bit / 64) as usize] ^= 1 << (bit % 64);
}

fn set(word: &mut Word, lsb: u32, width: u32, value: u64) {
    for bit in 0..width {
        if value >> bit & 1 == 1 {
            flip(word, (lsb + bit).into());
        }
    }
}

/// Makes programs whose instructions, one after the other, find all their tokens: so they do not wait for themselves.
pub(super) struct Programs {
    tokens: Vec<u32>,
    /// WALKs since the last MM, if they are limited to what an MM may have.
    walks: Option<usize>,
}

impl Programs {
    pub(super) fn new() -> Self {
        let tokens = Semaphore::ALL.iter().map(|semaphore| semaphore.initial()).collect();
        Self { tokens, walks: Some(0) }
    }

    /// Programs that may wait for tokens that never come, or have too many WALKs.
    pub(super) fn careless() -> Self {
        Self { tokens: vec![1000; Semaphore::ALL.len()], walks: None }
    }

    /// The next instruction.
    pub(super) fn next(&mut self, random: &mut Random) -> Word {
        let rows: Vec<_> = isa::reference().collect();
        let (mnemonic, opcode, _, fields) = loop {
            let row = &rows[random.below(rows.len() as u64) as usize];
            if row.0 != "WALK" || self.walks.is_none_or(|walks| walks < MAX_WALKS) {
                break row;
            }
        };
        self.walks = self.walks.map(|walks| match *mnemonic {
            "WALK" => walks + 1,
            "MM" => 0,
            _ => walks,
        });
        let mut word = loop {
            let mut word = Word([u64::from(*opcode), 0, 0, 0]);
            for field in fields {
                set(&mut word, field.lsb, field.width, random.next() & field.max());
            }
            if Instruction::decode(&word).is_ok() {
                break word;
            }
        };
        let engine = Instruction::decode(&word).unwrap().operation.engine();
        for (bit, semaphore) in Semaphore::ALL.iter().enumerate() {
            let bit = bit as u32;
            if Some(semaphore.taker()) == engine
                && self.tokens[bit as usize] > 0
                && random.below(2) == 0
            {
                self.tokens[bit as usize] -= 1;
                set(&mut word, OPCODE_BITS + bit, 1, 1);
            }
        }
        for (bit, semaphore) in Semaphore::ALL.iter().enumerate() {
            let bit = bit as u32;
            if Some(semaphore.poster()) == engine && random.below(2) == 0 {
                self.tokens[bit as usize] += 1;
                set(&mut word, OPCODE_BITS + SemaphoreSet::BITS + bit, 1, 1);
            }
        }
        const { assert!(HEADER_BITS == OPCODE_BITS + 2 * SemaphoreSet::BITS) };
        word
    }
}

/// A word in pieces of 32 bits.
pub(super) fn pieces(word: &Word) -> [u32; 8] {
    std::array::from_fn(|at| (word.0[at / 2] >> (32 * (at % 2))) as u32)
}
