//! The compute core as a device: its buffers are filled, instructions are handed over, outputs are collected.
//!
//! A program's loads and stores have no hardware in the core; this is what stands for them. Buffers are filled on the core's load
//! clock while the array stands still, so that a load takes no cycle of the array's: when its data is there is the timing
//! model's to say. Every cycle of the array itself is the RTL's.

mod banks;
mod operands;
mod stage;
mod update;

pub use operands::{Operands, Weights};
pub use stage::{MmCycles, StageRun};
pub use update::{Groups, Made, Sgd, UpdateRun};

use update::UpdatePorts;

use crate::{Build, Model, PortId, Record, RtlError, Run, Watch};
use satkit_spec::ArrayConfig;
use satkit_spec::isa::Word;

/// The ports that are used.
#[derive(Debug)]
struct Ports {
    clock: PortId,
    load_clock: PortId,
    run: PortId,
    instruction_valid: PortId,
    instruction: PortId,
    instruction_ready: PortId,
    go: PortId,
    mm_start: PortId,
    w2e: [PortId; 3],
    table: [PortId; 3],
    n2s: [PortId; 3],
    counters: [PortId; 3],
}

/// What the core has counted since it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Cycles of the array's clock.
    pub cycles: u64,
    /// Cycles in which the last USPE, which sees every token, multiplied: each USPE did so as often.
    pub mac_slots: u64,
    /// Cycles in which an MM had the array.
    pub busy_cycles: u64,
}

/// One core of a configuration, simulated by Verilator.
#[derive(Debug)]
pub struct Core {
    config: ArrayConfig,
    model: Model,
    ports: Ports,
    update: UpdatePorts,
    watches: [Watch; 6],
    /// Cycles of the array's clock.
    now: u64,
    /// The halves that the next MM takes which takes one.
    halves: [bool; 2],
}

/// What happened in a cycle.
enum Event {
    Start,
    End,
    /// A store may take the outputs of the oldest MM that drains from the next cycle on.
    FirstOut,
    /// The halves of the banks that the oldest MM reads are free from the next cycle on.
    Read,
    /// The oldest MM retires in the next cycle.
    Retire,
    /// A value of each column.
    Drain(Vec<u32>),
}

impl Core {
    /// A core of an array.
    ///
    /// # Errors
    /// As [`Model::new`].
    pub fn new(config: &ArrayConfig, build: &Build<'_>) -> Result<Self, RtlError> {
        let mut model = Model::new(config, build)?;
        let port = |name: &str| model.port(name);
        let ports = Ports {
            clock: port("clock")?,
            load_clock: port("load_clock")?,
            run: port("run")?,
            instruction_valid: port("instruction_valid")?,
            instruction: port("instruction")?,
            instruction_ready: port("instruction_ready")?,
            go: port("go")?,
            mm_start: port("mm_start")?,
            w2e: [port("w2e_write")?, port("w2e_lines")?, port("w2e_data")?],
            table: [port("table_write")?, port("table_entry")?, port("table_values")?],
            n2s: [port("n2s_write")?, port("n2s_entry")?, port("n2s_data")?],
            counters: [port("cycle_count")?, port("mac_slots")?, port("busy_cycles")?],
        };
        let watches = [
            Watch { strobe: ports.mm_start, ports: vec![] },
            Watch { strobe: port("mm_free")?, ports: vec![] },
            Watch { strobe: port("mm_first_out")?, ports: vec![] },
            Watch { strobe: port("mm_read")?, ports: vec![] },
            Watch { strobe: port("mm_end")?, ports: vec![] },
            Watch { strobe: port("drain_valid")?, ports: vec![port("drain")?] },
        ];
        let update = UpdatePorts::of(&model)?;
        model.set(ports.run, 1);
        model.eval();
        Ok(Self {
            config: config.clone(),
            model,
            ports,
            update,
            watches,
            now: 0,
            halves: [false; 2],
        })
    }

    /// The configuration.
    #[must_use]
    pub const fn config(&self) -> &ArrayConfig {
        &self.config
    }

    /// The counters.
    #[must_use]
    pub fn counters(&self) -> Counters {
        let [cycles, mac_slots, busy_cycles] = self.ports.counters.map(|port| self.model.get(port));
        Counters { cycles, mac_slots, busy_cycles }
    }

    /// Up to `cycles` of the array's clock; with `to_start` the one in which an MM starts is the last.
    fn advance(&mut self, cycles: u64, to_start: bool, mut happens: impl FnMut(u64, Event)) {
        let run = Run {
            clock: self.ports.clock,
            also: Some(self.ports.load_clock),
            cycles,
            watches: &self.watches,
            stop: to_start.then_some(self.ports.mm_start),
        };
        self.now += self.model.run(&run, |Record { watch, cycle, words }| {
            let event = match watch {
                0 => Event::Start,
                1 => Event::End,
                2 => Event::FirstOut,
                3 => Event::Read,
                4 => Event::Retire,
                _ => Event::Drain(words),
            };
            happens(cycle, event);
        });
    }

    /// Offers an instruction, or none; says whether the core takes it in this cycle.
    fn offer(&mut self, word: Option<&Word>) -> bool {
        self.model.set(self.ports.instruction_valid, u64::from(word.is_some()));
        if let Some(word) = word {
            let words: Vec<u32> =
                word.0.iter().flat_map(|part| [*part as u32, (*part >> 32) as u32]).collect();
            self.model.set_wide(self.ports.instruction, &words);
        }
        self.model.eval();
        word.is_some() && self.model.get(self.ports.instruction_ready) == 1
    }

    fn go(&mut self, go: bool) {
        self.model.set(self.ports.go, u64::from(go));
        self.model.eval();
    }
}
