//! Programs that cannot run are refused with the instruction's index and the reason.

use crate::given::{fixed, timed};
use crate::hand::{
    geometry, load_a, load_w, matmul, mm, operands, reads, results, store, tied, tile, writes,
};
use satkit_plan::PlanError;
use satkit_spec::Dataflow::{OutputStationary, WeightStationary};
use satkit_spec::isa::{
    Geometry, Instruction, LoadActivations, LoadWeights, MatMul, Operands, Operation, Semaphore,
    Store, Vector, VectorOp, Word,
};
use satkit_spec::{ArrayConfig, SpecError, Stage};

const OS: fn(u8) -> Instruction = |ip| geometry(OutputStationary, ip);

fn error(instructions: &[Instruction]) -> PlanError {
    timed(&ArrayConfig::vcu1525(), instructions, &fixed(80, 64)).unwrap_err()
}

/// The last instruction is refused for a reason with these words.
fn refused(instructions: &[Instruction], words: &str) {
    let error = error(instructions);
    let message = error.to_string();
    let last = instructions.len() - 1;
    assert!(message.starts_with(&format!("instruction {last} (")), "{message}");
    assert!(message.contains(words), "{message:?} does not say {words:?}");
}

/// It runs.
fn accepted(instructions: &[Instruction]) {
    timed(&ArrayConfig::vcu1525(), instructions, &fixed(80, 64)).unwrap();
}

#[test]
fn opcodes_that_mean_nothing_are_refused_when_they_are_decoded() {
    for opcode in [0x00, 0x0b, 0x0f, 0x17, 0xff] {
        let word = Word([opcode, 0, 0, 0]);
        assert_eq!(Instruction::decode(&word), Err(SpecError::UnknownOpcode(opcode as u8)));
    }
}

#[test]
fn engines_need_to_know_of_what_they_speak() {
    let full = [OS(1), operands(), results()];
    for (instruction, needed) in
        [(load_a(0, 1, 8, 8), 1), (load_w(32, 8, 8), 1), (store(tile(1, 32)), 2)]
    {
        accepted(&[&full[..], &[instruction]].concat());
        let error = error(&[instruction]);
        assert!(matches!(error, PlanError::NoGeometry { index: 0, .. }), "{error}");
        let names = ["", "before any OPERANDS", "before any RESULTS"];
        let rest: Vec<Instruction> = (0..3).filter(|&at| at != needed).map(|at| full[at]).collect();
        refused(&[&rest[..], &[instruction]].concat(), names[needed]);
    }
    let error = error(&[operands(), mm(matmul(1, 1, 1, 1, false))]);
    assert!(matches!(error, PlanError::NoGeometry { index: 1, .. }), "{error}");
}

#[test]
fn a_geometry_of_no_layer_is_refused_where_it_stands() {
    let Operation::Geometry(good) = OS(1).operation else { unreachable!("a GEOMETRY") };
    let bad = Instruction::new(Operation::Geometry(Geometry { kh: 3, ..good }));
    refused(&[OS(1), operands(), bad], "does not fit the image");
}

#[test]
fn banks_do_not_overflow() {
    let start = [OS(1), operands()];
    let overflow = |instruction: Instruction, words: &str| {
        let program = [&start[..], &[instruction]].concat();
        let error = error(&program);
        assert!(matches!(error, PlanError::BankOverflow { index: 2, .. }), "{error}");
        refused(&program, words);
    };
    // Half a row bank holds 8,192 words, half a column bank 2,048 entries.
    accepted(&[&start[..], &[load_a(0, 1, 8, 8192), load_w(32, 512, 2048)]].concat());
    overflow(load_a(0, 1, 8, 8193), "puts 8193 words into half a bank of 8192");
    overflow(load_w(32, 512, 2049), "puts 2049 entries into half a bank of 2048");
    // What it needs counts, whatever it says: 512 channels are 64 words a pixel.
    accepted(&[OS(16), operands(), load_a(0, 1, 512, 1024)]);
    let program = [OS(16), operands(), load_a(0, 1, 512, 64)];
    refused(&program, "says 64 words, but needs 1024");
    refused(&[&start[..], &[load_a(0, 1, 512, 63)]].concat(), "says 63 words, but needs 64");
    refused(&[&start[..], &[load_w(33, 100, 199)]].concat(), "says 199 entries, but needs 200");
    // WS: a word for each row, and for each slot of a bank.
    let ws = [geometry(WeightStationary, 1), operands()];
    accepted(&[&ws[..], &[load_a(0, 100, 32, 100)]].concat());
    refused(&[&ws[..], &[load_a(0, 100, 32, 99)]].concat(), "needs 100");
    refused(&[&ws[..], &[load_a(0, 100, 33, 100)]].concat(), "needs 200");
}

#[test]
fn tiles_lie_within_the_problem() {
    // 1,024 rows in patches of 8, 64 columns, 512 slots.
    let start = [OS(8), operands(), results()];
    let refused = |instruction: Instruction, words: &str| {
        refused(&[&start[..], &[instruction]].concat(), words);
    };
    accepted(&[&start[..], &[load_a(127, 1, 8, 8), load_w(32, 1, 1)]].concat());
    refused(load_a(127, 2, 8, 8), "rows 127..129 of 128");
    refused(load_a(u32::MAX, 1, 8, 8), "rows 4294967295..4294967296 of 128");
    let load = |base, slots| LoadActivations {
        group: 0,
        row_base: 0,
        rows: 1,
        slot_base: base,
        slots,
        words: 900,
    };
    refused(Instruction::new(Operation::LoadActivations(load(505, 8))), "slots 505..513 of 512");
    let load = |base, cols, slots| LoadWeights {
        group: 0,
        col_base: base,
        cols,
        slot_base: 500,
        slots,
        entries: 900,
    };
    refused(Instruction::new(Operation::LoadWeights(load(60, 5, 12))), "columns 60..65 of 64");
    refused(Instruction::new(Operation::LoadWeights(load(0, 5, 13))), "slots 500..513 of 512");
    let tile_mm = |change: &dyn Fn(&mut MatMul)| {
        let mut tile = matmul(4, 32, 10, 8, false);
        change(&mut tile);
        mm(tile)
    };
    refused(tile_mm(&|mm| mm.row_base = 125), "rows 125..129 of 128");
    refused(tile_mm(&|mm| mm.col_base = 33), "columns 33..65 of 64");
    refused(tile_mm(&|mm| mm.slot_base = 503), "slots 503..513 of 512");
    refused(store(Store { row_base: 128, ..tile(1, 32) }), "rows 128..129 of 128");
    refused(store(Store { col_base: 63, ..tile(1, 2) }), "columns 63..65 of 64");
}

#[test]
fn tiles_fit_the_array() {
    let os = |ip: u8, change: &dyn Fn(&mut MatMul)| {
        let mut tile = matmul(32, 32, 10, ip, false);
        change(&mut tile);
        [OS(ip), mm(tile)]
    };
    accepted(&os(8, &|_| {}));
    accepted(&os(8, &|mm| (mm.iq, mm.cols) = (2, 64)));
    refused(&os(8, &|mm| mm.rows = 33), "does not fit 32 x 32 USPEs in os");
    refused(&os(8, &|mm| mm.cols = 33), "does not fit");
    refused(&os(8, &|mm| mm.ip = 4), "does not fit");
    refused(&os(8, &|mm| mm.iq = 3), "does not fit");
    refused(&os(8, &|mm| mm.iq = 0), "does not fit");
    let ws = |ip: u8, change: &dyn Fn(&mut MatMul)| {
        let mut tile = matmul(100, 32, 32, 1, false);
        change(&mut tile);
        [geometry(WeightStationary, ip), mm(tile)]
    };
    accepted(&ws(1, &|mm| mm.rows = 1024));
    refused(&ws(1, &|mm| mm.slots = 33), "does not fit 32 x 32 USPEs in ws");
    refused(&ws(1, &|mm| mm.cols = 33), "does not fit");
    refused(&ws(1, &|mm| (mm.iq, mm.cols) = (2, 64)), "does not fit");
    refused(&ws(2, &|_| {}), "does not fit");
    // Stores and loads are of such tiles.
    let stored =
        |dataflow, ip, rows, cols| [geometry(dataflow, ip), results(), store(tile(rows, cols))];
    accepted(&stored(OutputStationary, 8, 32, 64));
    refused(&stored(OutputStationary, 8, 33, 32), "no tile of 32 x 32 USPEs in os");
    refused(&stored(OutputStationary, 16, 32, 33), "no tile of 32 x 32 USPEs in os");
    accepted(&stored(WeightStationary, 1, 1024, 32));
    refused(&stored(WeightStationary, 1, 10, 33), "no tile of 32 x 32 USPEs in ws");
    refused(&[OS(1), operands(), load_a(0, 33, 8, 8)], "33 rows on 32 banks");
    let Operation::Geometry(good) = OS(1).operation else { unreachable!("a GEOMETRY") };
    // 512 x 3 x 3 weight rows.
    let wu = Geometry { stage: Stage::Wu, flat: false, block: 32, weight_source: 1, ..good };
    let wu = Instruction::new(Operation::Geometry(Geometry { h: 4, w: 4, kh: 3, kw: 3, ..wu }));
    accepted(&[wu, operands(), load_a(0, 512, 4, 100)]);
    refused(
        &[wu, operands(), load_a(0, 513, 4, 100)],
        "513 weight rows in a tile; accepted: up to 512",
    );
}

#[test]
fn tensors_lie_on_the_card() {
    let with = |change: &dyn Fn(&mut Operands)| {
        let Operation::Operands(mut o) = operands().operation else { unreachable!("OPERANDS") };
        change(&mut o);
        Instruction::new(Operation::Operands(o))
    };
    let (load_a, load_w) = (load_a(0, 1, 8, 8), load_w(32, 8, 8));
    // X is 1 MiB, 16,384 beats; the card has 2^30.
    accepted(&[OS(1), with(&|o| o.a = (1 << 30) - 16_384), load_a]);
    refused(&[OS(1), with(&|o| o.a = (1 << 30) - 16_383), load_a], "of a card of");
    refused(&[OS(1), with(&|o| o.a_pitch = 63), load_a], "rows of 512 elements 504 apart");
    // 512 x 64 weights are 64 KiB, 1,024 beats.
    accepted(&[OS(1), with(&|o| o.w = (1 << 30) - 1024), load_w]);
    refused(&[OS(1), with(&|o| o.w = (1 << 30) - 1023), load_w], "of a card of");
    let Operation::LoadActivations(one) = load_a.operation else { unreachable!("LD.A") };
    let far = LoadActivations { group: (1 << 24) - 1, ..one };
    refused(
        &[OS(1), operands(), Instruction::new(Operation::LoadActivations(far))],
        "of a card of",
    );
    // The largest layers that a GEOMETRY can name overflow nothing.
    let Operation::Geometry(good) = OS(1).operation else { unreachable!("a GEOMETRY") };
    let huge =
        Geometry { batch: (1 << 24) - 1, ci: 1, co: 1, h: 65_535, w: 65_535, flat: true, ..good };
    let huge = Instruction::new(Operation::Geometry(huge));
    refused(&[huge, with(&|o| o.a_pitch = 65_535), load_a], "slots 0..8 of 1");
    let Operation::LoadActivations(mut one) = load_a.operation else { unreachable!("LD.A") };
    (one.slots, one.row_base) = (1, u32::MAX);
    let load = Instruction::new(Operation::LoadActivations(one));
    refused(&[huge, with(&|o| o.a_pitch = 65_535), load], "of a card of");
    refused(&[reads([u32::MAX, 0, 0])], "of a card of");
    refused(&[writes([64, 1 << 30, 0])], "of a card of");
    accepted(&[reads([64, 0, 0])]);
}

#[test]
fn a_semaphore_has_one_poster_and_one_taker() {
    let start = [OS(1), operands(), results()];
    let wrong = |instruction: Instruction, expected: (&str, &str, &str, &str)| {
        let error = error(&[&start[..], &[instruction]].concat());
        let PlanError::WrongSemaphore { index: 3, semaphore, engine, does, owner } = error else {
            panic!("{error}");
        };
        assert_eq!((semaphore, engine, does, owner), expected);
    };
    let a = load_a(0, 1, 8, 8);
    wrong(tied(a, &[Semaphore::WeightsFree], &[]), ("w.free", "LD.A", "takes", "LD.W"));
    wrong(tied(a, &[], &[Semaphore::ActivationsFree]), ("a.free", "LD.A", "posts", "MM"));
    let multiply = mm(matmul(1, 1, 1, 1, false));
    wrong(tied(multiply, &[Semaphore::DrainFull], &[]), ("d.full", "MM", "takes", "ST"));
    wrong(tied(multiply, &[], &[Semaphore::DrainFree]), ("d.free", "MM", "posts", "ST"));
    let vector =
        Instruction::new(Operation::Vector(Vector { op: VectorOp::Add, elements: 1, last: false }));
    wrong(tied(vector, &[Semaphore::StoredForUpdate], &[]), ("st.wu", "VE", "takes", "WU"));
    let st = store(tile(1, 1));
    wrong(tied(st, &[], &[Semaphore::VectorForStore]), ("ve.st", "ST", "posts", "VE"));
}

#[test]
fn what_goes_to_no_engine_has_no_semaphores() {
    for instruction in [OS(1), operands(), results(), reads([1, 0, 0]), writes([1, 0, 0])] {
        let waits = tied(instruction, &[Semaphore::ActivationsFree], &[]);
        refused(&[OS(1), waits], "it can use no semaphore");
        let posts = tied(instruction, &[], &[Semaphore::ActivationsFull]);
        refused(&[OS(1), posts], "it can use no semaphore");
    }
}
