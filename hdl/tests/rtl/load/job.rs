//! A program of loads on the bench, beside the timing model.

use super::card::{Card, Content, Recorder};
use crate::live::Pins;
use crate::support::Random;
use satkit_memory::{MemoryModel, Request};
use satkit_plan::{Observer, Program, Retired, time};
use satkit_spec::ArrayConfig;
use satkit_spec::isa::Instruction;
use satkit_spec::regs::status;

/// Cycles of each instruction that an engine executes.
#[derive(Default)]
struct Ends(Vec<(u64, u64)>);

impl Observer for Ends {
    fn retired(&mut self, retired: &Retired) {
        self.0.push((retired.start_cycle, retired.end_cycle));
    }
}

/// What a job came to.
pub(super) struct Job {
    /// Start and end of each load, in cycles of the job.
    pub(super) starts: Vec<u64>,
    pub(super) ends: Vec<u64>,
    pub(super) raised: u64,
    pub(super) fault_index: u64,
    pub(super) fault_address: u64,
    job_cycles: u64,
}

pub(super) fn content(random: &mut Random, program: &[Instruction]) -> Content {
    Content {
        program_address: (40 << 30) + random.below(1000) * 64,
        program: program.iter().map(|instruction| instruction.encode().unwrap()).collect(),
    }
}

/// Runs a program on an engine; `see` looks at the pins of every cycle, with the load that ends.
pub(super) fn run(
    pins: &mut Pins<'_>,
    card: &mut Card,
    content: &Content,
    engine: &str,
    now: &mut u64,
    mut see: impl FnMut(&Pins<'_>, Option<usize>),
) -> Job {
    let (mut starts, mut ends) = (Vec::new(), Vec::new());
    let mut raised = 0;
    let first = *now;
    loop {
        pins.put("start", u64::from(*now == first));
        pins.put("program_address", content.program_address);
        pins.put("length", content.program.len() as u64);
        card.speak(*now, content, pins);
        pins.step();
        card.listen(*now, pins);
        let cycle = card.origin.map_or(0, |origin| *now - origin);
        if pins.get(&format!("{engine}_start")) + pins.get(&format!("{engine}_go")) == 2 {
            starts.push(cycle);
        }
        let ended = (pins.get(&format!("{engine}_end")) == 1).then_some(ends.len());
        see(pins, ended);
        if ended.is_some() {
            ends.push(cycle + 1);
        }
        raised |= pins.get("raised");
        *now += 1;
        assert!(*now < first + 200_000, "it hangs: starts {starts:?}, ends {ends:?}");
        if *now > first + 3 && pins.get("busy") == 0 {
            break;
        }
    }
    assert!(card.is_idle());
    Job {
        starts,
        ends,
        raised,
        fault_index: pins.get("fault_index"),
        fault_address: pins.get("fault_address"),
        job_cycles: pins.get("job_cycles"),
    }
}

impl Job {
    /// It went as the timing model says; gives its bursts.
    pub(super) fn agrees(
        &self,
        config: &ArrayConfig,
        model: &MemoryModel,
        content: &Content,
        card: &Card,
        instructions: Vec<Instruction>,
        what: &str,
    ) -> usize {
        let (mut memory, mut ends) = (Recorder::new(config, model), Ends::default());
        let program = Program::new(instructions);
        let timing =
            time(config, &program, content.program_address, &mut memory, &mut ends).unwrap();
        let key = |request: &Request| (request.cycle, request.address, request.beats);
        let sorted = |requests: &[Request]| {
            let mut keys: Vec<_> = requests.iter().map(key).collect();
            keys.sort_unstable();
            keys
        };
        let starts: Vec<u64> = ends.0.iter().map(|end| end.0).collect();
        assert_eq!(self.starts, starts, "starts of {what}");
        assert_eq!(sorted(&card.memory.requests), sorted(&memory.requests), "bursts of {what}");
        let ends: Vec<u64> = ends.0.iter().map(|end| end.1).collect();
        assert_eq!(self.ends, ends, "ends of {what}");
        assert_eq!(self.raised, u64::from(status::DONE), "status of {what}");
        assert_eq!(self.job_cycles, timing.cycles, "cycles of {what}");
        memory.requests.len()
    }
}
