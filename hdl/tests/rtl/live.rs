//! A design under Verilator that a test drives cycle by cycle: what it puts on the inputs may depend on all earlier outputs.

use crate::support::Bench;
use crate::trace::PORT_SETTER;
use satkit_hdl::emit::{Design, Direction};
use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::process::{Child, ChildStdin, ChildStdout};

const PROGRAM: &str = r"// Puts a record of standard input on the inputs, prints the outputs before the edge, and clocks.
#include <unistd.h>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <cstdlib>
#include <cerrno>

PORT_SETTER

template <class T> static void get(const T& port, uint32_t*& words) {
    if constexpr (!std::is_integral_v<T>) {
        for (size_t i = 0; i < sizeof(T) / 4; ++i) *words++ = port[i];
    } else if constexpr (sizeof(T) == 8) {
        *words++ = (uint32_t)port;
        *words++ = (uint32_t)(port >> 32);
    } else {
        *words++ = port;
    }
}

int main() {
    const auto context = std::make_unique<VerilatedContext>();
    const auto dut = std::make_unique<Vdut>(context.get());
    static uint32_t inputs[INPUTS], outputs[OUTPUTS];
    for (;;) {
        for (size_t got = 0; got < sizeof inputs;) {
            const ssize_t more = read(0, (char*)inputs + got, sizeof inputs - got);
            if (more <= 0) {
                dut->final();
                return more < 0 || got > 0;
            }
            got += more;
        }
        const uint32_t* words = inputs;
        PUT
        dut->clock = 0;
        dut->eval();
        uint32_t* to = outputs;
        GET
        for (size_t gave = 0; gave < sizeof outputs;) {
            const ssize_t more = write(1, (char*)outputs + gave, sizeof outputs - gave);
            if (more < 0) return 1;
            gave += more;
        }
        dut->clock = 1;
        dut->eval();
    }
}
";

/// Where a port's words are.
#[derive(Clone, Copy, Debug)]
struct Place {
    first: usize,
    width: usize,
}

/// The compiled design; each [`Live::start`] begins at its initial state.
pub(crate) struct Live {
    bench: Bench,
    places: HashMap<String, Place>,
    words: [usize; 2],
}

impl Live {
    pub(crate) fn build(design: &Design) -> Self {
        let (mut put, mut get) = (String::new(), String::new());
        let mut places = HashMap::new();
        let mut words = [0, 0];
        for port in design.ports().into_iter().filter(|port| port.name != "clock") {
            let (at, text, call) = match port.direction {
                Direction::Input => (&mut words[0], &mut put, "put"),
                Direction::Output => (&mut words[1], &mut get, "get"),
            };
            let into = if call == "put" { "words" } else { "to" };
            write!(text, "{call}(dut->{}, {into}); ", port.name).unwrap();
            places.insert(port.name.clone(), Place { first: *at, width: port.width });
            *at += port.width.div_ceil(32);
        }
        let program = PROGRAM
            .replace("PORT_SETTER", PORT_SETTER)
            .replace("INPUTS", &words[0].to_string())
            .replace("OUTPUTS", &words[1].to_string())
            .replace("PUT", &put)
            .replace("GET", &get);
        let program = format!("#include \"Vdut.h\"\n#include \"verilated.h\"\n{program}");
        Self { bench: Bench::build_text(design, &program, "-O1"), places, words }
    }

    pub(crate) fn start(&self) -> Pins<'_> {
        let mut child = self.bench.spawn();
        Pins {
            places: &self.places,
            inputs: vec![0; self.words[0]],
            outputs: vec![0; self.words[1]],
            pipes: (child.stdin.take().unwrap(), child.stdout.take().unwrap()),
            child,
        }
    }
}

/// A run: what is on the inputs, and what was on the outputs before the last edge.
pub(crate) struct Pins<'a> {
    places: &'a HashMap<String, Place>,
    inputs: Vec<u32>,
    outputs: Vec<u32>,
    pipes: (ChildStdin, ChildStdout),
    child: Child,
}

fn bytes(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

impl Pins<'_> {
    fn place(&self, name: &str) -> Place {
        *self.places.get(name).unwrap_or_else(|| panic!("no port {name}"))
    }

    /// Puts up to 64 bits on an input.
    pub(crate) fn put(&mut self, name: &str, value: u64) {
        let Place { first, width } = self.place(name);
        assert!(width <= 64 && (width == 64 || value >> width == 0), "{name} = {value:#x}");
        self.inputs[first] = value as u32;
        if width > 32 {
            self.inputs[first + 1] = (value >> 32) as u32;
        }
    }

    /// Puts words on an input of many bits, from its word `at` on.
    pub(crate) fn put_words(&mut self, name: &str, at: usize, words: &[u32]) {
        let Place { first, width } = self.place(name);
        assert!((at + words.len()) * 32 < width + 32, "{name}");
        self.inputs[first + at..][..words.len()].copy_from_slice(words);
    }

    /// An output of up to 64 bits.
    pub(crate) fn get(&self, name: &str) -> u64 {
        let Place { first, width } = self.place(name);
        assert!(width <= 64, "{name}");
        let high = if width > 32 { u64::from(self.outputs[first + 1]) << 32 } else { 0 };
        u64::from(self.outputs[first]) | high
    }

    /// Words of an output of many bits.
    pub(crate) fn get_words(&self, name: &str, at: usize, count: usize) -> &[u32] {
        &self.outputs[self.place(name).first + at..][..count]
    }

    /// Lets a cycle pass; the outputs are those before its end.
    pub(crate) fn step(&mut self) {
        self.pipes.0.write_all(&bytes(&self.inputs)).unwrap();
        let mut outputs = vec![0; 4 * self.outputs.len()];
        self.pipes.1.read_exact(&mut outputs).unwrap();
        for (word, bytes) in self.outputs.iter_mut().zip(outputs.chunks_exact(4)) {
            *word = u32::from_le_bytes(bytes.try_into().unwrap());
        }
    }
}

impl Drop for Pins<'_> {
    fn drop(&mut self) {
        // Only its own process, which else ends with its input.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
