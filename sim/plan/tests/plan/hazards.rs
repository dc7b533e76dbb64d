//! In time, under every memory: data is there when it is used, and its buffer is free when it is filled again.

use crate::given::{any_config, any_draw, any_stage, config, legal_mappings};
use proptest::prelude::*;
use satkit_memory::{
    AnyMemory, BackPressureParameters, Direction, FixedParameters, Memory, MemoryModel, PAGE_BYTES,
    Ports, Request, Statistics, Transfer,
};
use satkit_plan::{Observer, Plan, Program, Retired, plan_mapped, time};
use satkit_spec::ArrayConfig;
use satkit_spec::isa::{Engine, Operation};

/// Keeps every instruction as it retires.
#[derive(Default)]
struct All(Vec<Option<Retired>>);

impl Observer for All {
    fn retired(&mut self, retired: &Retired) {
        if self.0.len() <= retired.index {
            self.0.resize(retired.index + 1, None);
        }
        assert!(self.0[retired.index].replace(*retired).is_none(), "retired twice");
    }
}

/// Passes requests on, if they are as AXI ports demand: in one page, and one per port, direction and cycle.
struct Strict {
    memory: AnyMemory,
    ports: u64,
    cycle: u64,
    /// Requests of this cycle: port and direction.
    asked: Vec<(u64, Direction)>,
    end: u64,
}

impl Memory for Strict {
    fn transfer(&mut self, request: Request) -> Transfer {
        assert!(request.cycle >= self.cycle, "{request:?} after cycle {}", self.cycle);
        assert!(request.beats > 0 && request.address.is_multiple_of(64), "{request:?}");
        assert!(request.address < self.end, "{request:?} beyond {}", self.end);
        let last = request.address + u64::from(request.beats) * 64 - 1;
        assert_eq!(request.address / PAGE_BYTES, last / PAGE_BYTES, "{request:?}");
        if request.cycle > self.cycle {
            self.asked.clear();
        }
        let port = (request.address / PAGE_BYTES % self.ports, request.direction);
        assert!(!self.asked.contains(&port), "two requests in one cycle: {request:?}");
        let writes = self.asked.iter().any(|asked| asked.1 == Direction::Write);
        assert!(!writes || request.direction == Direction::Write, "{request:?} behind a write");
        self.asked.push(port);
        self.cycle = request.cycle;
        self.memory.transfer(request)
    }

    fn statistics(&self) -> &Statistics {
        self.memory.statistics()
    }
}

fn any_memory() -> impl Strategy<Value = MemoryModel> {
    let fixed = (0_u32..200, 1_u32..65).prop_map(|(latency, bandwidth)| {
        MemoryModel::Fixed(FixedParameters { latency, bandwidth })
    });
    let pressure = (any::<u64>(), 0_u32..200, 1_u32..65, 0_u32..500, 0_u32..100).prop_map(
        |(seed, latency, bandwidth, jitter, stall)| {
            let parameters = BackPressureParameters { seed, latency, bandwidth, jitter, stall };
            MemoryModel::BackPressure(parameters)
        },
    );
    prop_oneof![1 => fixed, 2 => pressure, 1 => Just(MemoryModel::default())]
}

/// Runs a plan and gives what retired, in program order, one for each instruction of an engine.
fn run(
    config: &ArrayConfig,
    program: &Program,
    model: &MemoryModel,
) -> (u64, Vec<Option<Retired>>) {
    let mut all = All::default();
    let memory = model.build(&Ports::from(config)).unwrap();
    let (ports, asked, end) = (config.dram_channels as u64, Vec::new(), 64 << 30);
    let mut strict = Strict { memory, ports, cycle: 0, asked, end };
    let address = Program::DEFAULT_ADDRESS;
    let timing = time(config, program, address, &mut strict, &mut all).unwrap();
    let statistics = strict.memory.statistics();
    // Engines move what they count; the rest is the program, two instructions a beat.
    let fetched = (program.instructions().len() as u64).div_ceil(2) * 64;
    let bytes = (timing.dram_read_bytes + fetched, timing.dram_write_bytes);
    let moved = (statistics.read_beats * 64, statistics.write_beats * 64);
    assert_eq!(bytes, moved);
    (timing.cycles, all.0)
}

/// Indices of the instructions of one engine.
fn of(program: &Program, engine: Engine) -> Vec<usize> {
    let instructions = program.instructions();
    (0..instructions.len())
        .filter(|&i| instructions[i].operation.engine() == Some(engine))
        .collect()
}

/// Data is loaded before it is used, and a half is filled again when all its users are done.
fn check_halves(
    program: &Program,
    retired: &[Option<Retired>],
    engine: Engine,
) -> Result<(), TestCaseError> {
    let loads = of(program, engine);
    // K = 0 uses nothing.
    let uses = |i: &usize| matches!(program.instructions()[*i].operation, Operation::MatMul(mm) if mm.slots > 0);
    let mms: Vec<usize> = of(program, Engine::Mm).into_iter().filter(uses).collect();
    let at = |index: usize| retired[index].unwrap();
    for mm in &mms {
        let load = loads.iter().rev().find(|load| *load < mm).unwrap();
        prop_assert!(at(*mm).start_cycle >= at(*load).end_cycle, "MM {} uses load {}", mm, load);
    }
    for three in loads.windows(3) {
        for mm in mms.iter().filter(|mm| (three[0]..three[1]).contains(mm)) {
            let (busy, filled) = (at(*mm).released_cycle, at(three[2]).start_cycle);
            prop_assert!(filled >= busy, "load {} overwrites what MM {} uses", three[2], mm);
        }
    }
    Ok(())
}

/// A tile is drained into one of two buffers and stored from there.
fn check_drains(
    config: &ArrayConfig,
    program: &Program,
    retired: &[Option<Retired>],
) -> Result<(), TestCaseError> {
    let instructions = program.instructions();
    let drains =
        |i: &usize| matches!(instructions[*i].operation, Operation::MatMul(mm) if mm.drain);
    let mms: Vec<usize> = of(program, Engine::Mm).into_iter().filter(drains).collect();
    let stores = of(program, Engine::Store);
    prop_assert_eq!(mms.len(), stores.len());
    let at = |index: usize| retired[index].unwrap();
    for (number, (mm, store)) in mms.iter().zip(&stores).enumerate() {
        prop_assert!(mm < store && at(*store).start_cycle > at(*mm).start_cycle);
        // The last output is not stored before it is there; what array rows without any drain is not waited for.
        let Operation::MatMul(of) = instructions[*mm].operation else { continue };
        let all = of.rows as usize >= config.rows * usize::from(of.ip);
        prop_assert!(!all || at(*store).end_cycle >= at(*mm).end_cycle);
        if number >= 2 {
            let before = at(stores[number - 2]).released_cycle;
            prop_assert!(at(*mm).start_cycle >= before, "MM {} has no buffer to drain to", mm);
        }
    }
    Ok(())
}

/// Engines take their instructions in order, and what they post appears in order.
fn check_order(
    program: &Program,
    retired: &[Option<Retired>],
    cycles: u64,
) -> Result<(), TestCaseError> {
    for engine in Engine::ALL {
        let mut last: Option<Retired> = None;
        for index in of(program, engine) {
            let here = retired[index].unwrap();
            prop_assert_eq!(here.engine, engine);
            prop_assert!(here.start_cycle < here.end_cycle && here.end_cycle <= cycles);
            prop_assert!(here.released_cycle <= here.end_cycle);
            prop_assert!(here.start_cycle >= index as u64, "dispatched one a cycle");
            if let Some(last) = last {
                prop_assert!(here.start_cycle >= last.start_cycle);
                prop_assert!(here.released_cycle >= last.released_cycle);
                let ends = engine == Engine::Mm || here.end_cycle >= last.end_cycle;
                prop_assert!(ends, "{:?} ends before {:?}", here, last);
            }
            last = Some(here);
        }
    }
    Ok(())
}

fn check(config: &ArrayConfig, plan: &Plan, model: &MemoryModel) -> Result<(), TestCaseError> {
    let (cycles, retired) = run(config, &plan.program, model);
    check_order(&plan.program, &retired, cycles)?;
    check_halves(&plan.program, &retired, Engine::LoadActivations)?;
    check_halves(&plan.program, &retired, Engine::LoadWeights)?;
    check_drains(config, &plan.program, &retired)
}

proptest! {
    #![proptest_config(config(400))]

    #[test]
    fn buffers_are_filled_used_and_freed_in_order(
        stage in any_stage(), config in any_config(), draw in any_draw(), memory in any_memory(),
        inflight in 4_u32..9, depth in 0_u32..7,
    ) {
        let mut config = config;
        config.axi_inflight_beats = 1 << inflight;
        config.queue_depth = 1 << depth;
        let Some(mappings) = legal_mappings(&config, &stage, &draw) else { return Ok(()) };
        // A queue of few may well be too short for a load that stands before the other engine's.
        let Ok(plan) = plan_mapped(&config, stage, &mappings) else {
            prop_assert!(config.queue_depth < 4);
            return Ok(());
        };
        check(&config, &plan, &memory)?;
    }
}
