//! A block cycle by cycle: what it is given, what is due at its outputs before the edge, and which bits of that are said.

use crate::support::{Bench, Random};
use rust_hdl_core::prelude::*;
use satkit_hdl::emit::{Design, Direction};
use std::fmt::Write as _;

/// One cycle. A port takes as many words as its bits need.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cycle {
    inputs: Vec<u32>,
    expected: Vec<u32>,
    care: Vec<u32>,
}

fn split(width: usize, value: u64) -> impl Iterator<Item = u32> {
    assert!(width <= 64 && (width == 64 || value >> width == 0), "{value:#x} in {width} bits");
    (0..width.div_ceil(32)).map(move |word| (value >> (32 * word)) as u32)
}

impl Cycle {
    /// The next input.
    pub(crate) fn give(&mut self, width: usize, value: u64) -> &mut Self {
        self.inputs.extend(split(width, value));
        self
    }

    /// The next input of more than 64 bits.
    pub(crate) fn give_words(&mut self, words: &[u32]) -> &mut Self {
        self.inputs.extend(words);
        self
    }

    /// All of its inputs.
    pub(crate) fn inputs(&self) -> &[u32] {
        &self.inputs
    }

    /// All of its outputs.
    pub(crate) fn expected(&self) -> &[u32] {
        &self.expected
    }

    /// The next output.
    pub(crate) fn expect(&mut self, width: usize, value: u64) -> &mut Self {
        self.expect_bits(width, value, u64::MAX >> (64 - width))
    }

    /// The next output, of which only some bits are said.
    pub(crate) fn expect_bits(&mut self, width: usize, value: u64, care: u64) -> &mut Self {
        self.expected.extend(split(width, value & care));
        self.care.extend(split(width, care));
        self
    }

    /// The next output of more than 64 bits.
    pub(crate) fn expect_words(&mut self, words: &[u32]) -> &mut Self {
        self.expected.extend(words);
        self.care.extend(words.iter().map(|_| u32::MAX));
        self
    }

    /// The next output, of so many words of 32 bits, of which nothing is said.
    pub(crate) fn unsaid_words(&mut self, words: usize) -> &mut Self {
        self.expected.resize(self.expected.len() + words, 0);
        self.care.resize(self.care.len() + words, 0);
        self
    }

    /// The same with nothing said about its outputs.
    pub(crate) fn unsaid(mut self) -> Self {
        self.care.fill(0);
        self.expected.fill(0);
        self
    }

    /// Spoils one bit that is said.
    fn spoil(&mut self, random: &mut Random) {
        loop {
            let (word, bit) = (random.below(self.care.len() as u64) as usize, random.below(32));
            if self.care[word] >> bit & 1 == 1 {
                self.expected[word] ^= 1 << bit;
                return;
            }
        }
    }
}

/// A value of a port.
pub(crate) trait Pins: Sized {
    fn take(words: &mut &[u32]) -> Self;
    fn append(self, words: &mut Vec<u32>);
}

impl<const W: usize> Pins for Bits<W> {
    fn take(words: &mut &[u32]) -> Self {
        let (own, rest) = words.split_at(W.div_ceil(32));
        *words = rest;
        (0..W)
            .filter(|bit| own[bit / 32] >> (bit % 32) & 1 == 1)
            .fold(Self::default(), |bits, bit| bits.replace_bit(bit, true))
    }

    fn append(self, words: &mut Vec<u32>) {
        let first = words.len();
        words.resize(first + W.div_ceil(32), 0);
        for bit in 0..W {
            words[first + bit / 32] |= u32::from(self.get_bit(bit)) << (bit % 32);
        }
    }
}

impl Pins for bool {
    fn take(words: &mut &[u32]) -> Self {
        let (own, rest) = words.split_at(1);
        *words = rest;
        own[0] & 1 == 1
    }

    fn append(self, words: &mut Vec<u32>) {
        words.push(u32::from(self));
    }
}

/// A block with a clock whose ports are named in the order in which a [`Cycle`] has them.
pub(crate) trait Traced: Block + Default {
    const INPUTS: &'static [&'static str];
    const OUTPUTS: &'static [&'static str];
    fn drive(&mut self, clock: bool, words: &[u32]);
    fn observe(&self) -> Vec<u32>;
}

/// Names the ports of a block.
macro_rules! traced {
    ($block:ty, [$($input:ident)*], [$($output:ident)*]) => {
        impl $crate::trace::Traced for $block {
            const INPUTS: &'static [&'static str] = &[$(stringify!($input)),*];
            const OUTPUTS: &'static [&'static str] = &[$(stringify!($output)),*];

            fn drive(&mut self, clock: bool, mut words: &[u32]) {
                $( self.$input.next = $crate::trace::Pins::take(&mut words); )*
                assert!(words.is_empty());
                self.clock.next = rust_hdl_core::prelude::Clock { clk: clock };
            }

            fn observe(&self) -> Vec<u32> {
                let mut words = Vec::new();
                $( $crate::trace::Pins::append(self.$output.val(), &mut words); )*
                words
            }
        }
    };
}
pub(crate) use traced;

/// Settles the block.
pub(crate) fn settle<U: Block>(block: &mut U) {
    assert!(simulate(block, 100), "the block does not settle");
}

/// Runs cycles through a block in RustHDL's simulation.
pub(crate) fn in_rusthdl<U: Traced>(cycles: impl Iterator<Item = Cycle>) {
    let mut block = Box::new(U::default());
    block.connect_all();
    for (at, Cycle { inputs, expected, care }) in cycles.enumerate() {
        block.drive(false, &inputs);
        settle(&mut *block);
        let output: Vec<u32> = block.observe().iter().zip(&care).map(|(o, c)| o & c).collect();
        assert_eq!(output, expected, "cycle {at}, {:?}: {inputs:x?}", U::OUTPUTS);
        block.drive(true, &inputs);
        settle(&mut *block);
    }
}

/// The same inputs with the outputs that RustHDL's simulation has for them.
pub(crate) fn recorded<U: Traced>(cycles: impl Iterator<Item = Cycle>) -> Vec<Cycle> {
    let mut block = Box::new(U::default());
    block.connect_all();
    let record = |Cycle { inputs, .. }: Cycle| {
        block.drive(false, &inputs);
        settle(&mut *block);
        let expected = block.observe();
        block.drive(true, &inputs);
        settle(&mut *block);
        let care = vec![u32::MAX; expected.len()];
        Cycle { inputs, expected, care }
    };
    cycles.map(record).collect()
}

/// C++ that sets a port of any width from words of 32 bits; stands for `PORT_SETTER` in programs.
pub(crate) const PORT_SETTER: &str = r"template <class T> static void put(T& port, const uint32_t*& words) {
    if constexpr (!std::is_integral_v<T>) {
        for (size_t i = 0; i < sizeof(T) / 4; ++i) port[i] = *words++;
    } else if constexpr (sizeof(T) == 8) {
        port = words[0] | (uint64_t)words[1] << 32;
        words += 2;
    } else {
        port = *words++;
    }
}";

const PROGRAM: &str = r#"// Drives a block cycle by cycle and compares its outputs before the edge. Records come from standard input: inputs, outputs that
// are due, and which bits of them are.
#include "Vdut.h"
#include "verilated.h"
#include <cstdint>
#include <cstdio>
#include <memory>
#include <type_traits>

PORT_SETTER

template <class T> static bool differs(const T& port, const uint32_t*& due, const uint32_t*& care) {
    uint32_t bad = 0;
    if constexpr (!std::is_integral_v<T>) {
        for (size_t i = 0; i < sizeof(T) / 4; ++i) bad |= (port[i] ^ *due++) & *care++;
    } else if constexpr (sizeof(T) == 8) {
        bad |= ((uint32_t)port ^ *due++) & *care++;
        bad |= ((uint32_t)(port >> 32) ^ *due++) & *care++;
    } else {
        bad |= (port ^ *due++) & *care++;
    }
    return bad != 0;
}

int main() {
    const auto context = std::make_unique<VerilatedContext>();
    const auto dut = std::make_unique<Vdut>(context.get());
    static uint32_t record[INPUTS + 2 * OUTPUTS];
    unsigned long long cycle = 0, wrong = 0;
    [[maybe_unused]] int clock;
    for (; fread(record, sizeof record, 1, stdin) == 1; ++cycle) {
        const uint32_t *words = record, *due = record + INPUTS, *care = due + OUTPUTS;
        PUT
        dut->clock = 0;
        dut->eval();
        bool bad = false;
        COMPARE
        wrong += bad;
        dut->clock = 1;
        dut->eval();
    }
    dut->final();
    printf("%llu of %llu wrong\n", wrong, cycle);
}
"#;

/// A block's Verilog under Verilator.
pub(crate) struct Replay {
    bench: Bench,
    words: [usize; 2],
}

impl Replay {
    /// Compiles the design of a block.
    pub(crate) fn build<U: Traced>(design: &Design) -> Self {
        Self::of(design, U::INPUTS, U::OUTPUTS)
    }

    /// Compiles a design whose ports are named in the order in which a [`Cycle`] has them.
    pub(crate) fn of(design: &Design, inputs: &[&str], outputs: &[&str]) -> Self {
        let ports = design.ports();
        let words = |names: &[&str], direction| -> usize {
            let own = ports.iter().filter(|p| p.direction == direction && p.name != "clock");
            assert_eq!(own.count(), names.len(), "ports of {}", design.top());
            let width = |name: &&str| ports.iter().find(|p| p.name == *name).unwrap().width;
            names.iter().map(|name| width(name).div_ceil(32)).sum()
        };
        let has_clock = ports.iter().any(|port| port.name == "clock");
        let words = [words(inputs, Direction::Input), words(outputs, Direction::Output)];
        let (mut put, mut compare) = (String::new(), String::new());
        for name in inputs {
            write!(put, "put(dut->{name}, words); ").unwrap();
        }
        for name in outputs {
            let print = format!("printf(\"cycle %llu: {name}\\n\", cycle)");
            write!(
                compare,
                "if (differs(dut->{name}, due, care)) {{ bad = true; if (wrong < 10) {print}; }} "
            )
            .unwrap();
        }
        let program = PROGRAM
            .replace("PORT_SETTER", PORT_SETTER)
            .replace("INPUTS", &words[0].to_string())
            .replace("OUTPUTS", &words[1].to_string())
            .replace("PUT", &put)
            .replace("COMPARE", &compare);
        let program =
            if has_clock { program } else { program.replace("dut->clock = ", "clock = ") };
        Self { bench: Bench::build_text(design, &program, "-O2"), words }
    }

    /// Runs cycles; returns the first wrong ones and how many are wrong of how many.
    pub(crate) fn verdict(&self, cycles: impl Iterator<Item = Cycle> + Send) -> String {
        let verdict = self.bench.run(|input| {
            for Cycle { inputs, expected, care } in cycles {
                assert_eq!([inputs.len(), expected.len()], self.words);
                for word in [inputs, expected, care].into_iter().flatten() {
                    input.write_all(&word.to_le_bytes()).unwrap();
                }
            }
        });
        String::from_utf8(verdict).unwrap().trim().to_owned()
    }

    /// All of the cycles are right, and one that is spoilt is seen.
    pub(crate) fn check<I: Iterator<Item = Cycle> + Send>(
        &self,
        cycles: impl Fn() -> I,
        count: usize,
    ) {
        assert_eq!(self.verdict(cycles().take(count)), format!("0 of {count} wrong"));
        let place = count / 100;
        let spoilt = cycles().take(place + 9).enumerate().map(|(at, mut cycle)| {
            if at == place {
                cycle.spoil(&mut Random(at as u64));
            }
            cycle
        });
        let verdict = self.verdict(spoilt);
        assert!(verdict.starts_with(&format!("cycle {place}: ")), "{verdict}");
        assert!(verdict.ends_with(&format!("1 of {} wrong", place + 9)), "{verdict}");
    }
}
