//! The elementwise unit's lanes under Verilator against the simulated card: whole output streams, byte by byte, of the same VE
//! instructions.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use satkit_hdl::dma::LANE_READ_CYCLES;
use satkit_host::session::Session;
use satkit_plan::layout::pitch;
use satkit_rtl::{Build, Model, PortId};
use satkit_sim::card::{SimCard, SimCardOptions};
use satkit_spec::isa::{Instruction, Operation, Reads, Shape, Vector, VectorOp, scalar};
use satkit_spec::{ArrayConfig, ROW_TAIL_CYCLES, VECTOR_LATENCY_CYCLES};
use satkit_tests::has_verilog_tool;
use satkit_tests::vector_case::{
    BEAT_HALVES, Stream, TENSOR_BEATS, TENSORS, VectorCase, any_rows, any_vector_case, no_shape,
    place,
};
use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

const BEAT_BYTES: usize = 64;
/// Elements of a block of rows: a page.
const BLOCK_ELEMENTS: usize = 64 * BEAT_HALVES;

/// What the simulated card has in memory afterwards.
fn simulated(config: &ArrayConfig, case: &VectorCase) -> [Vec<u8>; 2] {
    try_simulated(config, case).unwrap()
}

/// The same, if it comes to its end.
fn try_simulated(config: &ArrayConfig, case: &VectorCase) -> Result<[Vec<u8>; 2], String> {
    let card = SimCard::new(config, &SimCardOptions::default()).unwrap();
    let session = Session::open(Arc::new(card), config).unwrap();
    let bytes = TENSORS * TENSOR_BEATS * BEAT_BYTES;
    let _tensors = session.reserve(0, bytes as u64).unwrap();
    let at = |index: usize| (place(index) * BEAT_BYTES) as u64;
    session.upload(at(0), &case.a).unwrap();
    session.upload(at(1), &case.b).unwrap();
    if !case.c.is_empty() {
        session.upload(at(2), &case.c).unwrap();
    }
    let program = session.load(&case.program()).unwrap();
    session.run(&program, Duration::from_secs(60)).map_err(|error| error.to_string())?;
    Ok(case.written().map(|(first, beats)| {
        let mut bytes = vec![0; beats * BEAT_BYTES];
        session.download((first * BEAT_BYTES) as u64, &mut bytes).unwrap();
        bytes
    }))
}

/// The lanes with memories in place of rings.
struct Lanes {
    model: Model,
    lanes: usize,
    ports: BTreeMap<String, PortId>,
}

impl Lanes {
    fn new(config: &ArrayConfig) -> Self {
        let design = satkit_hdl::vector::design(config).unwrap();
        let model = Model::of(&design, &Build::default()).unwrap();
        let ports = model.ports().iter().map(|port| port.name.clone()).collect::<Vec<_>>();
        let ports = ports.into_iter().map(|name| (name.clone(), model.port(&name).unwrap()));
        Self { ports: ports.collect(), model, lanes: config.ve_lanes }
    }

    fn set(&mut self, port: &str, value: u64) {
        self.model.set(self.ports[port], value);
    }

    fn get(&self, port: &str) -> u64 {
        self.model.get(self.ports[port])
    }

    /// Bytes of x and y after all pieces.
    fn run(&mut self, case: &VectorCase) -> Result<[Vec<u8>; 2], TestCaseError> {
        let program = case.program();
        let word = |at: usize| words(&program[at].encode().unwrap().to_bytes());
        for port in ["shape", "next_shape"] {
            self.model.set_wide(self.ports[port], &word(0));
        }
        self.model.set_wide(self.ports["tensors"], &word(1));
        for kept in ["shape", "tensors", "reads"] {
            self.set(&format!("has_next_{kept}"), 1);
        }
        let mut written = BTreeMap::new();
        for (at, streams) in case.streams().into_iter().enumerate() {
            let own = word(5 + 3 * at);
            self.model.set_wide(self.ports["own"], &own);
            self.model.set_wide(self.ports["next_own"], &own);
            self.model.set_wide(self.ports["next_reads"], &word(3 + 3 * at));
            self.piece(case, streams, &mut written)?;
        }
        let result = case.written().map(|(first, beats)| {
            let beat = |beat| written.remove(&beat).unwrap_or_else(|| panic!("beat {beat}"));
            (first..first + beats).flat_map(beat).collect()
        });
        prop_assert!(written.is_empty(), "beats that are none of x and y: {:?}", written.keys());
        Ok(result)
    }

    fn piece(
        &mut self,
        case: &VectorCase,
        [a, b, c, x, y]: [Stream; TENSORS],
        written: &mut BTreeMap<usize, Vec<u8>>,
    ) -> Result<(), TestCaseError> {
        let elements = case.elements([a, b, c, x, y]);
        for (port, (first, _)) in [
            ("read_at_0", a),
            ("read_at_1", b),
            ("read_at_2", c),
            ("write_at_0", x),
            ("write_at_1", y),
        ] {
            self.set(port, first as u64);
        }
        self.model.eval();
        prop_assert_eq!(self.get("refuse"), 0);
        let reduces = self.get("next_reduces") == 1;
        prop_assert_eq!(reduces, case.op.reduces());
        let tail = self.get("next_tail_cycles");
        let by_rows = self.get("next_by_rows") == 1;
        prop_assert_eq!(by_rows, case.op.is_by_rows());
        prop_assert_eq!(
            tail as usize,
            match (reduces, by_rows) {
                (true, _) => (16 / self.lanes).max(1) * x.1,
                (_, true) => ROW_TAIL_CYCLES,
                _ => 0,
            }
        );
        let step = if by_rows { 1 } else { self.lanes };
        let clock = self.ports["clock"];
        let takes = elements.div_ceil(step);
        // Beats on their way from the rings.
        let mut on_the_way: VecDeque<[Vec<u32>; 3]> =
            std::iter::repeat_n([(); 3].map(|()| vec![0; 16]), LANE_READ_CYCLES).collect();
        // Elements of rows come in the last of their cycles.
        let apart = case.op.passes() - 1;
        let mut waits = apart;
        let (mut taken, mut cycle, mut since_last) = (0, 0u64, None);
        while since_last != Some(VECTOR_LATENCY_CYCLES as u64 + tail) {
            let due = if by_rows { waits == 0 } else { case.pace >> (cycle % 16) & 1 == 1 };
            let take = taken < takes && due;
            if by_rows {
                let ends_block = (taken + 1) % BLOCK_ELEMENTS == 0;
                waits = match waits {
                    0 => apart + if ends_block { tail } else { 0 },
                    _ => waits - 1,
                };
            }
            self.set("take", take.into());
            self.set("first", (taken * step) as u64);
            // Only in the last cycle there may be fewer.
            self.set("count", step.min(elements - (taken * step).min(elements)) as u64);
            let last = take && taken + 1 == takes;
            self.set("last", last.into());
            since_last = if last { Some(0) } else { since_last.map(|since| since + 1) };
            let beats = on_the_way.pop_front().unwrap();
            for (ring, beat) in beats.iter().enumerate() {
                self.model.set_wide(self.ports[&format!("read_data_{ring}")], beat);
            }
            self.model.eval();
            // Rows are read when they are taken, with their first element, and the step's numbers with the first.
            let reads = (take && (!by_rows || taken % BEAT_HALVES == 0)) || case.pools();
            let streams = [
                (0, &case.a, a, reads),
                (1, &case.b, b, reads && b.1 > 0),
                (2, &case.c, c, reads && c.1 > 0 && taken == 0),
            ];
            let read = streams.map(|(ring, bytes, stream, is_read)| {
                let address = self.get(&format!("read_address_{ring}")) as usize;
                let known = (stream.0..stream.0 + stream.1).contains(&address);
                // Pooling asks some cycles later.
                if !is_read || (case.pools() && !known) {
                    // What nobody looks at may be anything.
                    return vec![0xDEAD_BEEF; 16];
                }
                assert!(known, "{address}");
                words(&bytes[(address - place(ring)) * BEAT_BYTES..][..BEAT_BYTES])
            });
            on_the_way.push_back(read);
            for ring in 0..3 {
                if self.get(&format!("write_{ring}")) == 0 {
                    continue;
                }
                let address = self.get(&format!("write_address_{ring}")) as usize;
                let stream = [x, y, (0, 0)][ring];
                prop_assert!((stream.0..stream.0 + stream.1).contains(&address));
                prop_assert!(!reduces || since_last.is_some(), "a sum before its last element");
                let data = self.model.get_wide(self.ports[&format!("write_data_{ring}")]);
                let data = data.into_iter().flat_map(u32::to_le_bytes).collect();
                prop_assert!(written.insert(address, data).is_none(), "beat {} twice", address);
            }
            self.model.tick(clock);
            taken += usize::from(take);
            cycle += 1;
        }
        Ok(())
    }
}

fn words(bytes: &[u8]) -> Vec<u32> {
    bytes.as_chunks().0.iter().map(|bytes| u32::from_le_bytes(*bytes)).collect()
}

/// As many lanes as a beat has elements.
fn wide() -> ArrayConfig {
    let mut config = ArrayConfig::tiny();
    config.ve_lanes = 32;
    config
}

fn lanes_give_the_card_s_bytes(config: &ArrayConfig, cases: u32) {
    if !has_verilog_tool("verilator") {
        return;
    }
    // One model for all, so that what one leaves behind meets the next.
    let lanes = RefCell::new(Lanes::new(config));
    let settings = Config { cases, failure_persistence: None, ..Config::default() };
    let cases =
        any_vector_case().prop_filter("lanes have their channels", |c| c.is_for(config.ve_lanes));
    let verdict = TestRunner::new(settings).run(&cases, |case| {
        let expected = simulated(config, &case);
        let found = lanes.borrow_mut().run(&case)?;
        for (name, (found, expected)) in ["x", "y"].iter().zip(found.iter().zip(&expected)) {
            let differs =
                found.iter().zip(expected).position(|(found, expected)| found != expected);
            prop_assert!(differs.is_none(), "byte {:?} of {} differs", differs, name);
            prop_assert_eq!(found.len(), expected.len());
        }
        Ok(())
    });
    if let Err(error) = verdict {
        panic!("{}: {}", config.name, error.to_string().chars().take(2000).collect::<String>());
    }
}

#[test]
fn four_lanes_give_the_simulated_card_s_bytes() {
    lanes_give_the_card_s_bytes(&ArrayConfig::tiny(), 250);
}

#[test]
fn eight_lanes_give_the_simulated_card_s_bytes() {
    lanes_give_the_card_s_bytes(&ArrayConfig::small(), 250);
}

#[test]
fn thirty_two_lanes_give_the_simulated_card_s_bytes() {
    lanes_give_the_card_s_bytes(&wide(), 250);
}

/// A label that is no class, and a loss scale that is no power of two: the simulated card stops there, the lanes say so.
#[test]
fn what_makes_no_sense_is_wrong() {
    if !has_verilog_tool("verilator") {
        return;
    }
    let config = ArrayConfig::tiny();
    let mut lanes = Lanes::new(&config);
    let settings = Config { cases: 60, failure_persistence: None, ..Config::default() };
    let lanes = RefCell::new(&mut lanes);
    let places = (any::<prop::sample::Index>(), 0u32..3, any::<u32>());
    let verdict = TestRunner::new(settings).run(&(any_rows(), places), |(case, places)| {
        let (row, kind, above) = places;
        let mut wrong = case.clone();
        let label = row.index(case.shape.batch as usize) * 4;
        let classes = case.shape.channels;
        let is_wrong = match kind {
            0 => false,
            1 => {
                let no_class = classes + above % (u32::MAX - classes + 1);
                wrong.b[label..label + 4].copy_from_slice(&no_class.to_le_bytes());
                true
            }
            _ if case.c.is_empty() => false,
            _ => {
                let scale = [0.0, -2.0, 3.0, f32::INFINITY, f32::NAN, 1e-40][above as usize % 6];
                let at = scalar::LOSS_SCALE * 4;
                wrong.c[at..at + 4].copy_from_slice(&scale.to_le_bytes());
                case.shape.gradient
            }
        };
        let lanes = &mut *lanes.borrow_mut();
        lanes.set("reset", 1);
        lanes.model.tick(lanes.ports["clock"]);
        lanes.set("reset", 0);
        lanes.run(&wrong)?;
        prop_assert_eq!(lanes.get("wrong") == 1, is_wrong);
        prop_assert_eq!(try_simulated(&config, &wrong).is_err(), is_wrong);
        Ok(())
    });
    if let Err(error) = verdict {
        panic!("{}", error.to_string().chars().take(2000).collect::<String>());
    }
}

/// What the lanes cannot do they refuse: operations, elements that are no whole pixels, more channels than there are sums.
#[test]
fn the_lanes_refuse_what_they_cannot_do() {
    if !has_verilog_tool("verilator") {
        return;
    }
    let mut lanes = Lanes::new(&ArrayConfig::tiny());
    let (shape, own) = (lanes.ports["next_shape"], lanes.ports["next_own"]);
    lanes.set("has_next_reads", 1);
    let mut refuses = |op: VectorOp, elements: u64, channels: u32, has: [bool; 2]| {
        let word = |operation| words(&Instruction::new(operation).encode().unwrap().to_bytes());
        let shape_word = word(Operation::Shape(Shape { channels, ..no_shape() }));
        lanes.model.set_wide(shape, &shape_word);
        lanes.model.set_wide(own, &word(Operation::Vector(Vector { op, elements, last: true })));
        lanes.set("has_next_shape", has[0].into());
        lanes.set("has_next_tensors", has[1].into());
        lanes.model.eval();
        lanes.get("refuse") == 1
    };
    let all = [true; 2];
    let known = [
        VectorOp::Add,
        VectorOp::ReluBackward,
        VectorOp::BiasGradient,
        VectorOp::BatchNormStatistics,
        VectorOp::BatchNormBackwardSums,
    ];
    // Of channels they want PARAMETERS, and of what is applied the channels before it.
    for &op in VectorOp::ALL.iter().filter(|op| !op.is_by_rows()) {
        assert_eq!(refuses(op, 64, 8, all), !known.contains(&op), "{}", op.name());
    }
    for op in known {
        assert!(refuses(op, 65, 8, all) && refuses(op, 84, 8, all), "{}", op.name());
        let most = match op {
            VectorOp::BiasGradient => Some(4096),
            VectorOp::BatchNormStatistics | VectorOp::BatchNormBackwardSums => Some(1024),
            _ => None,
        };
        if let Some(most) = most {
            assert!(refuses(op, 96, most + 1, all) && !refuses(op, 96, most, all));
        } else {
            assert!(!refuses(op, 96, 5000, all));
        }
        assert!(refuses(op, 96, 8, [false, true]) && refuses(op, 96, 8, [true, false]));
    }
}

/// Lanes that take four pixels of 8 channels have no channels of their own to sum.
#[test]
fn thirty_two_lanes_refuse_sums_of_few_channels() {
    if !has_verilog_tool("verilator") {
        return;
    }
    let mut lanes = Lanes::new(&wide());
    for has in ["shape", "tensors"] {
        lanes.set(&format!("has_next_{has}"), 1);
    }
    let word = |operation| words(&Instruction::new(operation).encode().unwrap().to_bytes());
    for channels in 1..70 {
        let shape = word(Operation::Shape(Shape { channels, ..no_shape() }));
        lanes.model.set_wide(lanes.ports["next_shape"], &shape);
        for op in [VectorOp::Add, VectorOp::ReluBackward, VectorOp::BiasGradient] {
            let own = word(Operation::Vector(Vector { op, elements: 96, last: true }));
            lanes.model.set_wide(lanes.ports["next_own"], &own);
            lanes.model.eval();
            assert_eq!(lanes.get("refuse") == 1, op.reduces() && channels <= 8, "{channels}");
        }
    }
}

/// Of cross-entropy the lanes do rows of a beat each, all of a batch with one instruction, and gradients with the step's numbers.
#[test]
fn the_lanes_refuse_rows_that_they_cannot_do() {
    if !has_verilog_tool("verilator") {
        return;
    }
    let mut lanes = Lanes::new(&ArrayConfig::tiny());
    for has in ["shape", "tensors"] {
        lanes.set(&format!("has_next_{has}"), 1);
    }
    let mut refuses = |shape: Shape, elements: u64, third_beats: Option<u32>| {
        let word = |operation| words(&Instruction::new(operation).encode().unwrap().to_bytes());
        let reads = Reads {
            first: 0,
            first_beats: 0,
            second: 0,
            second_beats: 0,
            third: 0,
            third_beats: third_beats.unwrap_or(1),
        };
        let vector = Vector { op: VectorOp::CrossEntropy, elements, last: true };
        for (port, operation) in [
            ("next_shape", Operation::Shape(shape)),
            ("next_own", Operation::Vector(vector)),
            ("next_reads", Operation::Reads(reads)),
        ] {
            lanes.model.set_wide(lanes.ports[port], &word(operation));
        }
        lanes.set("has_next_reads", third_beats.is_some().into());
        lanes.model.eval();
        lanes.get("refuse") == 1
    };
    let shape = Shape { batch: 5, channels: 10, gradient: true, ..no_shape() };
    for channels in 1..70 {
        let elements = 5 * pitch(channels as usize) as u64;
        let other = Shape { channels, ..shape };
        assert_eq!(refuses(other, elements, Some(1)), !(9..=32).contains(&channels), "{channels}");
    }
    assert!(refuses(Shape { h: 2, ..shape }, 160, Some(1)));
    assert!(refuses(Shape { w: 2, ..shape }, 160, Some(1)));
    assert!(refuses(Shape { batch: 0, ..shape }, 0, Some(1)));
    // A piece of a batch.
    assert!(refuses(shape, 128, Some(1)) && refuses(shape, 192, Some(1)));
    for third_beats in [None, Some(0)] {
        assert!(refuses(shape, 160, third_beats));
        assert!(!refuses(Shape { gradient: false, ..shape }, 160, third_beats));
    }
}
