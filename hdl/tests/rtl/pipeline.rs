//! Pipelined blocks, one operation per cycle, at two levels from one stimulus: RustHDL's simulation, and the emitted Verilog under
//! Verilator with `pipeline.cpp` around it.

use crate::support::Bench;
use crate::trace::settle;
use rust_hdl_core::prelude::*;
use satkit_hdl::emit::{Design, emit};

/// One operation: two inputs and what comes of them.
pub(crate) type Record = [u32; 3];

/// A block with one or two inputs, whose output is due `LATENCY_CYCLES` rising edges later.
pub(crate) trait Piped: Block + Default + Send {
    const NAME: &'static str;
    const INPUTS: &'static [&'static str];
    const OUTPUT: &'static str;
    const LATENCY_CYCLES: usize;
    fn drive(&mut self, clock: bool, record: &Record);
    fn output(&self) -> u32;

    fn emitted() -> Design {
        emit(Self::NAME, Self::default)
    }
}

/// Names a block's module and ports.
macro_rules! piped {
    ($block:ty, $name:literal, [$($input:ident)+], $output:ident) => {
        impl $crate::pipeline::Piped for $block {
            const NAME: &'static str = $name;
            const INPUTS: &'static [&'static str] = &[$(stringify!($input)),+];
            const OUTPUT: &'static str = stringify!($output);
            const LATENCY_CYCLES: usize = Self::LATENCY_CYCLES;

            fn drive(&mut self, clock: bool, record: &$crate::pipeline::Record) {
                let mut words = record.iter();
                $( self.$input.next = u64::from(*words.next().unwrap()).to_bits(); )+
                self.clock.next = rust_hdl_core::prelude::Clock { clk: clock };
            }

            fn output(&self) -> u32 {
                self.$output.val().to_u64() as u32
            }
        }
    };
}
pub(crate) use piped;

/// Runs records through a block in RustHDL's simulation.
pub(crate) fn in_rusthdl<U: Piped>(records: impl Iterator<Item = Record>) {
    let mut block = U::default();
    block.connect_all();
    let records: Vec<Record> = records.collect();
    let flush = std::iter::repeat_n([0; 3], U::LATENCY_CYCLES - 1);
    for (edge, record) in records.iter().copied().chain(flush).enumerate() {
        for clock in [false, true] {
            block.drive(clock, &record);
            settle(&mut block);
        }
        if let Some(due) = (edge + 1).checked_sub(U::LATENCY_CYCLES) {
            let ([a, b, expected], output) = (records[due], block.output());
            assert_eq!(
                output, expected,
                "{a:08x}, {b:08x}: got {output:08x}, expected {expected:08x}"
            );
        }
    }
}

/// A block's Verilog under Verilator.
pub(crate) struct Pipeline(Bench);

impl Pipeline {
    /// Compiles it.
    pub(crate) fn build<U: Piped>() -> Self {
        let mut flags = format!("-O2 -DLATENCY={} -DOUTPUT={}", U::LATENCY_CYCLES, U::OUTPUT);
        for (name, port) in ["INPUT_A", "INPUT_B"].iter().zip(U::INPUTS) {
            flags += &format!(" -D{name}={port}");
        }
        Self(Bench::build(&U::emitted(), "pipeline.cpp", &flags))
    }

    /// Simulates all records; returns the verdict: the first wrong ones, and how many are wrong of how many.
    pub(crate) fn verdict(&self, records: impl Iterator<Item = Record> + Send) -> String {
        let verdict = self.0.run(|input| {
            for record in records {
                for word in record {
                    input.write_all(&word.to_le_bytes()).unwrap();
                }
            }
        });
        String::from_utf8(verdict).unwrap().trim().to_owned()
    }
}
