//! The Verilog and the simulated card instruction by instruction: each is compared when it ends, and the first difference stops the Verilog.

use crate::given::{Modelled, PLACE, card, in_lockstep, run, try_run};
use crate::stages::{Work, with_operands};
use satkit_memory::MemoryModel;
use satkit_plan::{DataflowChoice, MacStage, Program, Retired, time_at, written};
use satkit_rtl::Build;
use satkit_rtl::card::{Expected, Retirement, RtlCard, RtlCardOptions};
use satkit_sim::card::{SimCard, SimCardOptions};
use satkit_spec::isa::{Engine, Instruction};
use satkit_spec::regs::status;
use satkit_spec::{ArrayConfig, ConvShape, Sparsity, Stage};
use satkit_transport::{Card, DmaBuf, ResetKind};
use std::ops::Range;
use std::path::Path;

/// Cycles before and after a difference of which waves are written.
const WAVE_CYCLES: [u64; 2] = [200, 50];

/// Runs a program on the simulated card with `operands` in front of it; gives the digest of what each instruction has written, and what
/// lies in place of the operands then.
fn simulated(
    config: &ArrayConfig,
    program: &[Instruction],
    offset_beats: u64,
    operands: &[u8],
) -> Result<(Vec<u64>, DmaBuf), String> {
    let options = SimCardOptions { keeps_digests: true, ..SimCardOptions::default() };
    let card = SimCard::new(config, &options).unwrap();
    card.h2c(0, 0, &DmaBuf::copy_of(operands)).unwrap();
    let end = run(&card, program, offset_beats);
    if end.status != status::DONE {
        return Err(format!("the simulator stops: {:?}, {end:?}", card.last_fault()));
    }
    let mut bytes = DmaBuf::zeroed(operands.len());
    card.c2h(0, 0, &mut bytes).unwrap();
    Ok((card.digests(), bytes))
}

/// How each instruction of a program ends: in the model's cycles, with what has that digest.
pub(crate) fn expected(
    config: &ArrayConfig,
    dram: &MemoryModel,
    program: &Program,
    offset_beats: u64,
    digests: &[u64],
) -> Result<Vec<Expected>, String> {
    let mut modelled = Modelled::default();
    let address = PLACE + 64 * offset_beats;
    time_at(config, program, address, dram, &mut modelled)
        .map_err(|error| format!("the model refuses it: {error}"))?;
    modelled.0.sort_by_key(|retired| retired.index);
    let written = written(config, program);
    let of = |retired: &Retired| Expected {
        index: retired.index,
        retirement: Retirement {
            engine: retired.engine,
            start_cycle: retired.start_cycle,
            end_cycle: retired.end_cycle,
        },
        written: written[retired.index].clone(),
        digest: digests[retired.index],
    };
    Ok(modelled.0.iter().map(of).collect())
}

/// Runs a program on the Verilog and on the simulated card, with the same operands in front of it, and compares each instruction when it
/// ends: engine, first and last cycle, and what it has written. The first difference stops the Verilog, and if `SATKIT_WAVES` names a
/// file, waves of the cycles around it are written there. Then [`in_lockstep`], and every byte that is there in the end.
pub(crate) fn with_values(
    card: &RtlCard,
    config: &ArrayConfig,
    dram: &MemoryModel,
    program: Vec<Instruction>,
    offset_beats: u64,
    operands: &[u8],
) -> Result<(), String> {
    let (digests, due) = simulated(config, &program, offset_beats, operands)?;
    let timed = Program::new(program.clone());
    let expected = expected(config, dram, &timed, offset_beats, &digests)?;
    card.h2c(0, 0, &DmaBuf::copy_of(operands)).unwrap();
    card.expect(expected).unwrap();
    in_lockstep(card, config, dram, program.clone(), offset_beats).inspect_err(|_| {
        if let Some(file) = std::env::var_os("SATKIT_WAVES")
            && let Some(last) = card.retirements().ok().and_then(|all| all.last().copied())
        {
            let around = around(last.end_cycle);
            waves(config, dram, &program, offset_beats, operands, Path::new(&file), around);
        }
        // A card that was stopped answers again.
        card.reset(ResetKind::PciHot).unwrap();
    })?;
    let mut found = DmaBuf::zeroed(operands.len());
    card.c2h(0, 0, &mut found).unwrap();
    match due.chunks(2).zip(found.chunks(2)).position(|(due, found)| due != found) {
        None => Ok(()),
        Some(at) => {
            let half = |bytes: &[u8]| u16::from_le_bytes([bytes[2 * at], bytes[2 * at + 1]]);
            let (found, due) = (half(&found), half(&due));
            Err(format!("byte {:#x}: RTL {found:#06x}, simulator {due:#06x}", 2 * at))
        }
    }
}

/// The cycles of a job around one.
fn around(cycle: u64) -> Range<u64> {
    let [before, after] = WAVE_CYCLES;
    cycle.saturating_sub(before)..cycle + after
}

/// Runs a program again on a card that writes waves of some cycles of the job. Compiling that takes minutes the first time.
fn waves(
    config: &ArrayConfig,
    dram: &MemoryModel,
    program: &[Instruction],
    offset_beats: u64,
    operands: &[u8],
    file: &Path,
    cycles: Range<u64>,
) {
    let options = RtlCardOptions {
        dram: *dram,
        keeps_retirements: true,
        build: Build { waves: Some(file), ..Build::default() },
        wave_cycles: Some(cycles.clone()),
        ..RtlCardOptions::default()
    };
    let card = RtlCard::new(config, &options).unwrap();
    card.h2c(0, 0, &DmaBuf::copy_of(operands)).unwrap();
    run(&card, program, offset_beats);
    println!("waves of cycles {cycles:?}: {}", file.display());
}

/// An instruction that ends otherwise than expected stops the card, which says what differs; after a reset it runs again.
#[test]
fn the_first_difference_is_named() {
    let (config, dram) = (ArrayConfig::tiny(), MemoryModel::ddr4());
    let Some(card) = card(&config, dram) else { return };
    let (program, operands) = linear(&config);
    let (digests, _) = simulated(&config, &program, 0, &operands).unwrap();
    let due = expected(&config, &dram, &Program::new(program.clone()), 0, &digests).unwrap();
    let stores = due.iter().filter(|i| i.retirement.engine == Engine::Store).count();
    assert!(stores > 2 && due.iter().all(|i| i.written.is_empty() == (i.digest == 0)));
    let wrong = |change: fn(&mut Expected)| {
        let mut wrong = due.clone();
        let store = wrong.iter_mut().filter(|i| i.retirement.engine == Engine::Store).nth(1);
        let store = store.unwrap();
        change(store);
        (store.clone(), wrong)
    };
    for (store, wrong) in [
        wrong(|store| store.retirement.start_cycle += 1),
        wrong(|store| store.retirement.end_cycle -= 1),
        wrong(|store| store.digest ^= 1),
        wrong(|store| store.written[0].end += 2),
    ] {
        card.h2c(0, 0, &DmaBuf::copy_of(&operands)).unwrap();
        card.expect(wrong).unwrap();
        let error = try_run(&card, &program, 0).unwrap_err().to_string();
        let said = |words: &str| assert!(error.contains(words), "{error}");
        said(&format!("instruction {} of ST", store.index));
        let Retirement { start_cycle, end_cycle, .. } = store.retirement;
        said(&format!("expected: runs in cycles {start_cycle}..{end_cycle}"));
        said(&format!("{:016x}", store.digest));
        let last = card.retirements().unwrap().last().copied().unwrap();
        assert_eq!(last.engine, Engine::Store, "nothing runs on");
        card.reset(ResetKind::PciHot).unwrap();
        card.h2c(0, 0, &DmaBuf::copy_of(&operands)).unwrap();
        card.expect(due.clone()).unwrap();
        assert_eq!(try_run(&card, &program, 0).unwrap().status, status::DONE);
    }
}

/// Waves of the cycles around one are written, and no others.
#[test]
#[ignore = "compiles the accelerator with waves, which takes minutes"]
fn waves_are_those_around_a_cycle() {
    let (config, dram) = (ArrayConfig::tiny(), MemoryModel::ddr4());
    if !satkit_tests::has_verilog_tool("verilator") {
        return;
    }
    let (program, operands) = linear(&config);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("around.vcd");
    waves(&config, &dram, &program, 0, &operands, &file, around(700));
    let text = std::fs::read_to_string(&file).unwrap();
    let times: Vec<u64> =
        text.lines().filter_map(|line| line.strip_prefix('#')?.parse().ok()).collect();
    let period = 1_000_000_000_000 / config.clock_hz;
    let span = times.last().unwrap() - times[0];
    let [before, after] = WAVE_CYCLES;
    let periods = span.div_ceil(period);
    assert_eq!(periods, before + after, "{} ps", span);
}

/// A linear layer's FF, with operands.
fn linear(config: &ArrayConfig) -> (Vec<Instruction>, Vec<u8>) {
    let shape = ConvShape::new(12, 32, (1, 1), 40, (1, 1), 1, 0).unwrap();
    let stage = MacStage::new(shape, Stage::Ff, Sparsity::DENSE).unwrap();
    with_operands(config, &[((stage, DataflowChoice::Os), Work::default())], 3)
}
