//! Instructions written by hand, for a linear layer of 1,024 rows, 512 input and 64 output channels.

use crate::given::PLAIN_STORE;
use satkit_spec::isa::{
    Geometry, Instruction, LoadActivations, LoadWeights, MatMul, Operands, Operation, Reads,
    Results, Semaphore, SemaphoreSet, Store, Writes,
};
use satkit_spec::{Dataflow, Stage};

/// OS with patches of `ip` pixels, or WS.
pub(crate) fn geometry(dataflow: Dataflow, ip: u8) -> Instruction {
    Instruction::new(Operation::Geometry(Geometry {
        stage: Stage::Ff,
        dataflow,
        compact: false,
        n: 1,
        m: 1,
        phase: 0,
        batch: 1024,
        ci: 512,
        co: 64,
        h: 1,
        w: 1,
        kh: 1,
        kw: 1,
        stride: 1,
        pad: 0,
        flat: true,
        patch_h: 1,
        patch_w: ip,
        block: 1,
        weight_source: 0,
        first_slot: 0,
    }))
}

/// X from address 0 with 16 beats a row, weights from 1 MiB.
pub(crate) fn operands() -> Instruction {
    let (a, w, a_pitch, w_pitch) = (0, 1 << 14, 64, 8);
    let (heads, a_head, w_head) = (1, 0, 0);
    let tile_beats = 512;
    let operands = Operands { a, w, a_pitch, w_pitch, heads, a_head, w_head, tile_beats };
    Instruction::new(Operation::Operands(operands))
}

/// Y from 2 MiB with two beats a row; what is added from 3 MiB, what is multiplied from 4 MiB, the mask from 5 MiB.
pub(crate) fn results() -> Instruction {
    let (out, add, sum, mask) = (2 << 14, 3 << 14, 4 << 14, 5 << 14);
    let results =
        Results { out, add, sum, mask, pitch: 8, heads: 1, head: 0, scale: 1f32.to_bits() };
    Instruction::new(Operation::Results(results))
}

/// Tile at `row_base` of so many rows (patches) and slots from 0.
pub(crate) fn load_a(row_base: u32, rows: u32, slots: u32, words: u32) -> Instruction {
    let load = LoadActivations { group: 0, row_base, rows, slot_base: 0, slots, words };
    Instruction::new(Operation::LoadActivations(load))
}

/// The first `cols` columns with `slots` slots.
pub(crate) fn load_w(cols: u32, slots: u32, entries: u32) -> Instruction {
    let load = LoadWeights { group: 0, col_base: 0, cols, slot_base: 0, slots, entries };
    Instruction::new(Operation::LoadWeights(load))
}

/// The first `rows` rows by `cols` columns in one row of tiles.
pub(crate) fn matmul(rows: u32, cols: u32, slots: u32, ip: u8, drain: bool) -> MatMul {
    let (row_base, col_base, slot_base) = (0, 0, 0);
    let (group, iq, accumulate) = (0, 1, false);
    MatMul { group, row_base, rows, col_base, cols, slot_base, slots, ip, iq, accumulate, drain }
}

pub(crate) fn mm(mm: MatMul) -> Instruction {
    Instruction::new(Operation::MatMul(mm))
}

/// The first `rows` rows by `cols` columns, without any fused work.
pub(crate) fn tile(rows: u32, cols: u32) -> Store {
    Store { rows, cols, ..PLAIN_STORE }
}

pub(crate) fn store(store: Store) -> Instruction {
    Instruction::new(Operation::Store(store))
}

/// Streams one behind another, 1 GiB apart.
pub(crate) fn reads(beats: [u32; 3]) -> Instruction {
    let [first_beats, second_beats, third_beats] = beats;
    let (first, second, third) = (0, 1 << 24, 2 << 24);
    let reads = Reads { first, first_beats, second, second_beats, third, third_beats };
    Instruction::new(Operation::Reads(reads))
}

pub(crate) fn writes(beats: [u32; 3]) -> Instruction {
    let [first_beats, second_beats, third_beats] = beats;
    let (first, second, third) = (4 << 24, 5 << 24, 6 << 24);
    let writes = Writes { first, first_beats, second, second_beats, third, third_beats };
    Instruction::new(Operation::Writes(writes))
}

/// The instruction with semaphores.
pub(crate) fn tied(
    instruction: Instruction,
    wait: &[Semaphore],
    post: &[Semaphore],
) -> Instruction {
    let (wait, post) = (SemaphoreSet::of(wait), SemaphoreSet::of(post));
    Instruction { wait, post, ..instruction }
}

/// Cycles from a request of an engine to its first beat, or from the last beat of a write to its response, in a memory of 80
/// cycles: a register on the way there and one on the way back.
pub(crate) const WAY: u64 = 1 + 80 + 1;

/// The first cycle in which instruction `index` of a program of `count` can start on an engine that decodes in `decode` cycles,
/// behind a memory of `latency` cycles and a beat per cycle. The program is one burst of `count / 2` beats, asked for in cycle 0,
/// and dispatched one instruction a cycle when its last beat is there; an instruction can be taken two cycles later.
pub(crate) fn start_behind(latency: u64, count: u64, index: u64, decode: u64) -> u64 {
    assert!(count <= 32, "a burst has 32 instructions");
    let fetched = 1 + latency + 1 + count.div_ceil(2);
    fetched + index + 2 + decode
}

/// The same with a memory of 80 cycles.
pub(crate) fn start(count: u64, index: u64, decode: u64) -> u64 {
    start_behind(80, count, index, decode)
}
