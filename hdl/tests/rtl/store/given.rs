//! Programs of tiles for the store engine: what is drained, and when.

use crate::support::Random;
use satkit_memory::{
    AnyMemory, Direction, Memory, MemoryModel, Ports, Request, Statistics, Transfer,
};
use satkit_plan::{Issued, Observer, Program, Retired, Rows, StoreIssued, TileSpace, layout, time};
use satkit_spec::isa::{
    Engine, Geometry, Instruction, MatMul, Operation, Parameters, Results, Semaphore, SemaphoreSet,
    Store,
};
use satkit_spec::{ArrayConfig, Dataflow, MAX_INTERLEAVE, Stage};

/// A tile that is drained and stored.
#[derive(Clone, Debug)]
pub(super) struct Tile {
    pub(super) space: TileSpace,
    pub(super) results: Results,
    pub(super) parameters: Parameters,
    pub(super) mm: MatMul,
    pub(super) store: Store,
    /// Which RESULTS is its.
    pub(super) given: usize,
    /// What the array's columns give, word by word.
    pub(super) words: Vec<Vec<u32>>,
}

/// A program, and its tiles in order.
#[derive(Clone, Debug)]
pub(super) struct Case {
    pub(super) program: Program,
    pub(super) tiles: Vec<Tile>,
}

/// One pixel of one channel.
pub(super) const FLAT: Geometry = Geometry {
    stage: Stage::Ff,
    dataflow: Dataflow::OutputStationary,
    compact: false,
    n: 1,
    m: 1,
    phase: 0,
    batch: 1,
    ci: 1,
    co: 1,
    h: 1,
    w: 1,
    kh: 1,
    kw: 1,
    stride: 1,
    pad: 0,
    flat: true,
    patch_h: 1,
    patch_w: 1,
    block: 1,
    weight_source: 0,
    first_slot: 0,
};

/// At address 0, with nothing beside them.
pub(super) const RESULTS: Results =
    Results { out: 0, add: 0, sum: 0, mask: 0, pitch: 0, heads: 1, head: 0, scale: 0x3F80_0000 };

/// One value, without any work.
pub(super) const PLAIN: Store = Store {
    group: 0,
    row_base: 0,
    rows: 1,
    col_base: 0,
    cols: 1,
    fp32: false,
    bias: false,
    add: false,
    relu: false,
    mask: false,
    sums: false,
    products: false,
    bias_gradient: false,
};

/// No vectors.
pub(super) const NO_PARAMETERS: Parameters =
    Parameters { scalars: 0, first: 0, second: 0, running: 0, sums: 0 };
/// Where biases, tensors and masks lie, in beats.
const BIASES: u32 = 1 << 25;
const ADDED: u32 = 1 << 26;
const FACTORS: u32 = 3 << 25;
const MASKS: u32 = 1 << 27;

/// What lies at an address of memory that is read.
pub(super) fn stored(address: u64) -> u32 {
    let mut random = Random((address / 4).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    random.next();
    match (address / 64) as u32 {
        beat if beat >= MASKS => random.next() as u32,
        beat if beat >= ADDED => {
            let mut half = || match random.below(6) {
                0 => random.next() as u16,
                _ => (random.next() as u16 & 0x83FF) | ((8 + random.below(14) as u16) << 10),
            };
            u32::from(half()) << 16 | u32::from(half())
        }
        _ => value(&mut random),
    }
}

/// The work at the drain of a job's stores that reads, if they can have any; with `sums`, these among it.
fn any_work(random: &mut Random, geometry: &Geometry, sums: bool) -> Store {
    if geometry.stage == Stage::Wu || (random.below(3) == 0 && !sums) {
        return PLAIN;
    }
    let mut flag = || random.below(2) == 0;
    let (sums, products) = (flag() | sums, flag());
    Store { bias: flag(), add: flag(), mask: flag(), sums, products: sums && products, ..PLAIN }
}

/// FP32 values that tell roundings apart: of all magnitudes, near FP16 ties, special.
fn value(random: &mut Random) -> u32 {
    let bits = random.next() as u32;
    match random.below(8) {
        0 => bits,
        // Around the range of FP16, its subnormals included.
        1..=3 => bits & 0x807F_FFFF | (100 + random.below(46) as u32) << 23,
        // Ties.
        4 => bits & 0x807F_F000 | (100 + random.below(46) as u32) << 23 | 0x1000,
        5 => {
            bits & 0x8000_0000
                | [0, 0x7F80_0000, 0x7FC0_0001, 0x7F80_0001, 1][random.below(5) as usize]
        }
        _ => ((random.below(4096) as f32 - 2048.0) / 64.0).to_bits(),
    }
}

/// The same, of which sums are mostly finite: FP16 has them.
fn moderate(random: &mut Random) -> u32 {
    if random.below(400) == 0 {
        return value(random);
    }
    random.next() as u32 & 0x807F_FFFF | (100 + random.below(40) as u32) << 23
}

fn any_geometry(random: &mut Random) -> Geometry {
    let mut small = |bound: u64| 1 + random.below(bound) as u32;
    let (batch, ci, co, h, w) = (small(6), small(70), small(70), small(7), small(7));
    let mut geometry = Geometry { batch, ci, co, h, w, ..FLAT };
    if random.below(3) == 0 {
        let channels = [4, 8, 16, 32, 64];
        geometry.ci = channels[random.below(5) as usize];
        geometry.co = channels[random.below(5) as usize];
    }
    if random.below(3) == 0 {
        geometry.dataflow = Dataflow::WeightStationary;
    }
    let stays = geometry.dataflow == Dataflow::OutputStationary;
    match random.below(8) {
        0 | 1 => {
            geometry.stage = [Stage::Ff, Stage::Bp][random.below(2) as usize];
            if stays {
                geometry.patch_w = 1 + random.below(MAX_INTERLEAVE as u64) as u8;
            }
        }
        2..=4 => return any_image(random, geometry),
        5 => {
            // Single pixels of a layer that is not flat.
            (geometry.flat, geometry.kh, geometry.kw, geometry.pad) = (false, 3, 3, 1);
            if random.below(2) == 0 {
                geometry.stage = Stage::Bp;
            } else {
                geometry.stride = 1 + random.below(2) as u8;
            }
        }
        _ => {
            geometry.stage = Stage::Wu;
            (geometry.flat, geometry.weight_source) = (false, 1);
            geometry.block = 1 + random.below(20) as u8;
            if random.below(2) == 0 {
                (geometry.kh, geometry.kw, geometry.pad) = (3, 2, 1);
            }
        }
    }
    geometry
}

/// A convolution, or a phase of its BP.
fn any_image(random: &mut Random, mut geometry: Geometry) -> Geometry {
    let side = |random: &mut Random| 4 + random.below(14) as u32;
    geometry.flat = false;
    (geometry.batch, geometry.h, geometry.w) =
        (1 + random.below(4) as u32, side(random), side(random));
    geometry.stage = [Stage::Ff, Stage::Bp][random.below(2) as usize];
    (geometry.kh, geometry.kw) = (1 + random.below(4) as u8, 1 + random.below(4) as u8);
    (geometry.stride, geometry.pad) = (1 + random.below(3) as u8, random.below(4) as u8);
    if geometry.dataflow == Dataflow::OutputStationary {
        geometry.patch_h = 1 + random.below(5) as u8;
        geometry.patch_w =
            1 + random.below((MAX_INTERLEAVE as u64) / u64::from(geometry.patch_h)) as u8;
    }
    let phases = match TileSpace::read(&geometry) {
        Ok(space) => space.problem.mac.problems(),
        Err(_) => return geometry,
    };
    let problem = &phases[random.below(phases.len() as u64) as usize];
    (geometry.phase, geometry.first_slot) = (problem.phase_index as u8, problem.first_slot as u32);
    geometry
}

fn any_results(random: &mut Random, space: &TileSpace, number: u64, reads: bool) -> Results {
    let columns = space.problem.cols;
    let natural = (layout::pitch(columns) / 8) as u32;
    let pitch = match random.below(6) {
        0 => natural + random.below(9) as u32,
        1 => columns.div_ceil(8) as u32,
        _ => natural,
    };
    let apart = natural + 4 * random.below(3) as u32;
    let pitch = if reads {
        [natural, natural.next_multiple_of(4), apart]
            [random.below(2 + u64::from(natural > 1)) as usize]
    } else {
        pitch
    };
    let mut place = |base: u32| base + ((number as u32) << 22) + random.below(1 << 9) as u32;
    Results {
        add: place(ADDED),
        sum: place(FACTORS),
        mask: place(MASKS),
        out: ((number + 1) << 22 | random.below(1 << 12)) as u32,
        pitch,
        heads: [0, 1, 1, 1, 2][random.below(5) as usize],
        scale: if random.below(3) > 0 { 1f32.to_bits() } else { value(random) },
        ..RESULTS
    }
}

/// The rows and columns of a job's tiles.
fn extents(
    random: &mut Random,
    config: &ArrayConfig,
    space: &TileSpace,
    aligned: bool,
) -> Vec<([u32; 2], [u32; 2])> {
    let (rows, cols) = (space.row_count() as u64, space.problem.cols as u64);
    let (most_rows, most_cols) = match (space.dataflow, space.rows) {
        (Dataflow::WeightStationary, _) => (config.psum_depth.min(150) as u64, config.cols as u64),
        (_, Rows::Patches(grid)) => {
            let iq = 1 + random.below((MAX_INTERLEAVE / grid.area()) as u64);
            (config.rows as u64, config.cols as u64 * iq)
        }
        (_, Rows::WeightRows { .. }) => {
            let iq = 1 + random.below(MAX_INTERLEAVE as u64);
            let ip = 1 + random.below(MAX_INTERLEAVE as u64 / iq);
            (config.rows as u64 * ip, config.cols as u64 * iq)
        }
    };
    let part = |base: u64, all: u64, most: u64| [base as u32, most.min(all - base) as u32];
    if random.below(3) > 0 {
        // As a mapping has them.
        let mut list = Vec::new();
        for row in (0..rows).step_by(most_rows as usize) {
            for col in (0..cols).step_by(most_cols as usize) {
                list.push((part(row, rows, most_rows), part(col, cols, most_cols)));
            }
        }
        list.truncate(12);
        return list;
    }
    let mut any = |all: u64, most: u64, unit: u64| {
        let base = random.below(all) / unit * unit;
        part(base, all, 1 + random.below(most))
    };
    let unit = if aligned { config.cols as u64 } else { 1 };
    (0..4).map(|_| (any(rows, most_rows, 1), any(cols, most_cols, unit))).collect()
}

fn tied(operation: Operation, wait: Semaphore, post: Semaphore) -> Instruction {
    let (wait, post) = (SemaphoreSet::of(&[wait]), SemaphoreSet::of(&[post]));
    Instruction { wait, post, operation }
}

pub(super) fn any_case(random: &mut Random, config: &ArrayConfig) -> Case {
    let (mut program, mut tiles, mut given) = (Vec::new(), Vec::new(), 0);
    // Some programs sum in all jobs, so that sets of sums are forgotten.
    let sums = random.below(4) == 0;
    for number in 0..1 + random.below(5) {
        let geometry = any_geometry(random);
        let Ok(space) = TileSpace::read(&geometry) else { continue };
        if space.problem.slots == 0 {
            continue;
        }
        let work = any_work(random, &geometry, sums);
        let reads = work.add || work.products || work.mask;
        let works = reads || work.bias || work.sums;
        let mut results = any_results(random, &space, number, reads);
        let moderates = work.sums && random.below(4) > 0;
        if moderates {
            results.scale = 1f32.to_bits();
        }
        given += 1;
        program.push(Instruction::new(Operation::Geometry(geometry)));
        program.push(Instruction::new(Operation::Results(results)));
        let first = BIASES + ((number as u32) << 16) + random.below(64) as u32;
        let parameters = Parameters { first, ..NO_PARAMETERS };
        program.push(Instruction::new(Operation::Parameters(parameters)));
        let fp32 = !works
            && (random.below(4) == 0 || (geometry.stage == Stage::Wu && random.below(4) > 0));
        for ([row_base, rows], [col_base, cols]) in extents(random, config, &space, works) {
            if random.below(8) == 0 {
                program.push(Instruction::new(Operation::Parameters(parameters)));
            }
            if random.below(20) == 0 {
                program.push(Instruction::new(Operation::Results(results)));
                given += 1;
            }
            let stays = space.dataflow == Dataflow::OutputStationary;
            let (ip, iq) = match space.rows {
                _ if !stays => (1, 1),
                Rows::Patches(grid) => (grid.area(), (cols as usize).div_ceil(config.cols)),
                Rows::WeightRows { .. } => {
                    ((rows as usize).div_ceil(config.rows), (cols as usize).div_ceil(config.cols))
                }
            };
            let most = if stays { 40 } else { config.rows };
            let slots = 1 + random.below(space.problem.slots.min(most) as u64) as u32;
            let mm = MatMul {
                group: 0,
                row_base,
                rows,
                col_base,
                cols,
                slot_base: 0,
                slots,
                ip: ip as u8,
                iq: iq as u8,
                accumulate: false,
                drain: true,
            };
            let merges = geometry.stage == Stage::Bp && work.add;
            let relu = !fp32 && !merges && random.below(4) == 0;
            let store = Store { row_base, rows, col_base, cols, fp32, relu, ..work };
            program.push(tied(Operation::MatMul(mm), Semaphore::DrainFree, Semaphore::DrainFull));
            program.push(tied(Operation::Store(store), Semaphore::DrainFull, Semaphore::DrainFree));
            let count = if stays { config.rows * ip * iq } else { rows as usize };
            let any = if moderates { moderate } else { value };
            let mut word = || (0..config.cols).map(|_| any(random)).collect();
            let words = (0..count).map(|_| word()).collect();
            tiles.push(Tile { space, results, parameters, mm, store, given, words });
        }
    }
    Case { program: Program::new(program), tiles }
}

/// What the timing model says of a program.
#[derive(Default)]
pub(super) struct Times {
    /// What goes to ST's queue: the instruction's index and the cycle from which it may be taken.
    pub(super) queue: Vec<(usize, u64)>,
    pub(super) stores: Vec<StoreIssued>,
    pub(super) mms: Vec<Issued>,
    pub(super) retired: Vec<Retired>,
    pub(super) writes: Vec<(Request, Transfer)>,
    pub(super) reads: Vec<(Request, Transfer)>,
}

impl Observer for Times {
    fn retired(&mut self, retired: &Retired) {
        if retired.engine == Engine::Store {
            self.retired.push(*retired);
        }
    }

    fn kept(&mut self, index: usize, cycle: u64) {
        self.queue.push((index, cycle + satkit_spec::QUEUE_CYCLES as u64));
    }

    fn issued(&mut self, issued: &Issued) {
        self.mms.push(*issued);
    }

    fn stored(&mut self, issued: &StoreIssued) {
        self.queue.push((issued.index, issued.queued_cycle));
        self.stores.push(*issued);
    }
}

struct Recording {
    memory: AnyMemory,
    writes: Vec<(Request, Transfer)>,
    reads: Vec<(Request, Transfer)>,
}

impl Memory for Recording {
    fn transfer(&mut self, request: Request) -> Transfer {
        let transfer = self.memory.transfer(request);
        if request.direction == Direction::Write {
            self.writes.push((request, transfer));
        } else if request.address < Program::DEFAULT_ADDRESS {
            self.reads.push((request, transfer));
        }
        transfer
    }

    fn statistics(&self) -> &Statistics {
        self.memory.statistics()
    }
}

/// Times a program.
pub(super) fn times(config: &ArrayConfig, program: &Program, model: &MemoryModel) -> Times {
    let mut times = Times::default();
    let memory = model.build(&Ports::from(config)).unwrap();
    let mut memory = Recording { memory, writes: Vec::new(), reads: Vec::new() };
    time(config, program, Program::DEFAULT_ADDRESS, &mut memory, &mut times).unwrap();
    times.queue.sort_unstable();
    times.writes = memory.writes;
    times.reads = memory.reads;
    times
}
