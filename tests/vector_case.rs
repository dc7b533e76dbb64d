//! Work of VE that its lanes do: operations, shapes, values, and the pieces that they are done in.

use crate::any_f16;
use half::f16;
use proptest::prelude::*;
use satkit_plan::layout::pitch;
use satkit_spec::isa::{
    Instruction, Operation, Parameters, Reads, Shape, Tensors, Vector, VectorOp, Writes, scalar,
};
use std::ops::RangeInclusive;

/// Elements of a beat of FP16.
pub const BEAT_HALVES: usize = 32;
/// Where pieces are cut: at pages of FP16.
const PAGE_BEATS: usize = 64;
/// Room for a tensor in card memory.
pub const TENSOR_BEATS: usize = 1 << 11;
/// Tensors a, b, c, x, y.
pub const TENSORS: usize = 5;
/// Classes of a row that has a beat of its own.
const CLASSES: RangeInclusive<u32> = 9..=32;

/// One operation, its tensors' bytes, and when the lanes are given elements.
#[derive(Clone, Debug)]
pub struct VectorCase {
    /// What is done.
    pub op: VectorOp,
    /// SHAPE.
    pub shape: Shape,
    /// Bytes of A.
    pub a: Vec<u8>,
    /// Bytes of B, whether it is read or not.
    pub b: Vec<u8>,
    /// Bytes of C: the step's numbers.
    pub c: Vec<u8>,
    /// Beats of the longest stream in each piece.
    pieces: Vec<usize>,
    /// Of 16 cycles in turn, those in which elements are taken.
    pub pace: u16,
}

/// A SHAPE that says nothing.
pub fn no_shape() -> Shape {
    Shape {
        batch: 1,
        channels: 1,
        h: 1,
        w: 1,
        window: 0,
        stride: 0,
        pad: 0,
        pooling: 0,
        relu: false,
        residual: false,
        running: false,
        bits: false,
        gradient: false,
        n: 1,
        m: 1,
        heads: 0,
        scale: 1f32.to_bits(),
    }
}

/// Stored values, whose NaNs are canonical.
fn tensor(beats: usize) -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(any_f16(), beats * BEAT_HALVES)
        .prop_map(|values| values.into_iter().flat_map(stored).collect())
}

/// Bytes of a value.
fn stored(value: f16) -> [u8; 2] {
    let bits = if value.is_nan() { 0x7E00 } else { value.to_bits() };
    bits.to_le_bytes()
}

/// Any work that the lanes do.
pub fn any_vector_case() -> impl Strategy<Value = VectorCase> {
    prop_oneof![3 => any_elements(), 2 => any_pooling_case(), 1 => any_rows()]
}

/// Cross-entropy of rows of a beat each.
pub fn any_rows() -> impl Strategy<Value = VectorCase> {
    let rows = prop_oneof![1u32..40, 60u32..70, 1u32..200];
    let channels = prop_oneof![Just(10), Just(32), CLASSES];
    (rows, channels, any::<bool>(), 0i32..25).prop_flat_map(|(rows, channels, gradient, power)| {
        let shape = Shape { batch: rows, channels, gradient, ..no_shape() };
        let near = (any_f16(), any::<f32>()).prop_map(|(any, unit)| {
            // Most rows have no special values, and logits that are near each other.
            let near = f16::from_f32(unit % 16.0);
            if any.to_bits() % 64 == 0 || near.is_nan() { any } else { near }
        });
        let logits = proptest::collection::vec(near, rows as usize * BEAT_HALVES);
        let labels = proptest::collection::vec(0..channels, rows as usize);
        (logits, labels).prop_map(move |(logits, labels)| {
            let mut b: Vec<u8> = labels.into_iter().flat_map(u32::to_le_bytes).collect();
            // What lies behind the labels is nobody's.
            b.resize(b.len().next_multiple_of(2 * BEAT_HALVES), 0xA5);
            let mut numbers = [0.5f32; BEAT_HALVES / 2];
            numbers[scalar::LOSS_SCALE] = 2f32.powi(power);
            VectorCase {
                op: VectorOp::CrossEntropy,
                shape,
                a: logits.into_iter().flat_map(stored).collect(),
                b,
                c: numbers.into_iter().flat_map(f32::to_le_bytes).collect(),
                pieces: vec![rows as usize],
                pace: 0xFFFF,
            }
        })
    })
}

/// Work whose elements pass as they come.
fn any_elements() -> impl Strategy<Value = VectorCase> {
    let op = proptest::sample::select(vec![
        VectorOp::Add,
        VectorOp::ReluBackward,
        VectorOp::BiasGradient,
    ]);
    let channels = prop_oneof![1u32..=8, 9u32..=70, Just(8), Just(32), Just(64), 70u32..=300];
    let pace = prop_oneof![Just(0xFFFF), any::<u16>().prop_map(|pace| pace | 1)];
    (op, 1u32..4, channels, 1u32..5, 1u32..5, any::<[bool; 2]>(), pace).prop_flat_map(
        |(op, batch, channels, h, w, [relu, bits], pace)| {
            let relu = relu && op == VectorOp::Add;
            let bits = bits && op != VectorOp::BiasGradient;
            let shape = Shape { batch, channels, h, w, relu, bits, ..no_shape() };
            let cuts = op != VectorOp::BiasGradient;
            in_pieces(op, shape, pace, cuts)
        },
    )
}

/// Rows of windows of 2 x 2 pixels, or images, of which a page has whole ones.
fn any_pooling_case() -> impl Strategy<Value = VectorCase> {
    let op = proptest::sample::select(vec![VectorOp::Pool, VectorOp::PoolBackward]);
    let pace = prop_oneof![Just(0xFFFF), any::<u16>().prop_map(|pace| pace | 1)];
    let images = (any::<bool>(), 0u32..4, 0u32..23, 1u32..5, 0u32..7, 0u32..7);
    (op, images, pace).prop_flat_map(|(op, (greatest, beats, less, batch, first, second), pace)| {
        let channels = (32 << beats) - less;
        let (h, w) = if greatest {
            (2 + 2 * (first % 4), 2 << (second % (5 - beats)))
        } else {
            let all = first % (7 - beats);
            let w = second % (all + 1);
            (1 << (all - w), 1 << w)
        };
        let [window, stride] = if greatest { [2, 2] } else { [0, 0] };
        let pooling = if greatest { 0 } else { 2 };
        let shape = Shape { batch, channels, h, w, window, stride, pooling, ..no_shape() };
        in_pieces(op, shape, pace, true)
    })
}

fn in_pieces(
    op: VectorOp,
    shape: Shape,
    pace: u16,
    cuts: bool,
) -> impl Strategy<Value = VectorCase> {
    let beats = elements(&shape).div_ceil(BEAT_HALVES);
    let most = beats.div_ceil(PAGE_BEATS);
    let cuts = proptest::collection::btree_set(1..most.max(2), 0..=if cuts { most - 1 } else { 0 });
    (tensor(beats), tensor(beats), cuts).prop_map(move |(a, b, cuts)| {
        let ends = cuts.into_iter().map(|cut| cut * PAGE_BEATS).filter(|end| *end < beats);
        let ends: Vec<usize> = ends.chain([beats]).collect();
        let starts = std::iter::once(0).chain(ends.iter().copied());
        let pieces = ends.iter().zip(starts).map(|(end, start)| end - start).collect();
        VectorCase { op, shape, a, b, c: Vec::new(), pieces, pace }
    })
}

/// Elements of a tensor, with its padding.
fn elements(shape: &Shape) -> usize {
    let pixels = shape.batch * shape.h * shape.w;
    pixels as usize * pitch(shape.channels as usize)
}

/// First beat of tensor `index`.
pub const fn place(index: usize) -> usize {
    index * TENSOR_BEATS
}

/// A stream of one piece: first beat and beats.
pub type Stream = (usize, usize);

impl VectorCase {
    /// Elements of a piece: those of the last beat may be fewer.
    pub fn elements(&self, [a, _, _, x, _]: [Stream; TENSORS]) -> usize {
        // An average that goes back to all pixels has more to write than to read.
        let (first, beats) = if self.pools() && x.1 > a.1 { (x.0 - place(3), x.1) } else { a };
        (beats * BEAT_HALVES).min(elements(&self.shape) - first * BEAT_HALVES)
    }

    /// So many lanes do it: not the sums of up to 8 channels, if those are fewer than the lanes.
    pub const fn is_for(&self, lanes: usize) -> bool {
        !self.op.reduces() || self.shape.channels > 8 || lanes <= 8
    }

    /// It is a pooling.
    pub const fn pools(&self) -> bool {
        matches!(self.op, VectorOp::Pool | VectorOp::PoolBackward)
    }

    /// Pixels of a pooling's window.
    const fn window(&self) -> usize {
        let Shape { h, w, pooling, .. } = self.shape;
        if pooling == 2 { (h * w) as usize } else { 4 }
    }

    fn writes_mask(&self) -> bool {
        self.op == VectorOp::Add && self.shape.relu && self.shape.bits
    }

    /// Streams a, b, c, x, y of the pieces, one after another.
    pub fn streams(&self) -> Vec<[Stream; TENSORS]> {
        let mut first = 0;
        let piece = |beats: &usize| {
            let of = |index: usize, share: usize| {
                let (start, end) = (first / share, (first + beats).div_ceil(share));
                (place(index) + start, end - start)
            };
            let none = (0, 0);
            let mask_share = 16;
            let first_of = |index: usize, beats: usize| (place(index), beats);
            if self.op == VectorOp::CrossEntropy {
                let losses = beats.div_ceil(8);
                let (c, x, y) = if self.shape.gradient {
                    (first_of(2, 1), of(3, 1), first_of(4, losses))
                } else {
                    (none, first_of(3, losses), none)
                };
                return [of(0, 1), of(1, 16), c, x, y];
            }
            let b = match self.op {
                VectorOp::BiasGradient => none,
                VectorOp::ReluBackward if self.shape.bits => of(1, mask_share),
                _ => of(1, 1),
            };
            let x = match self.op {
                VectorOp::BiasGradient => first_of(3, (self.shape.channels as usize).div_ceil(16)),
                _ => of(3, 1),
            };
            let y = if self.writes_mask() { of(4, mask_share) } else { none };
            let backward = self.op == VectorOp::PoolBackward;
            let window = self.window();
            let streams = match (self.pools(), backward, self.shape.pooling) {
                (false, _, _) => [of(0, 1), b, none, x, y],
                (true, false, _) => [of(0, 1), none, none, of(3, window), none],
                (true, true, 0) => [of(0, 1), of(1, window), none, of(3, 1), none],
                (true, true, _) => [of(0, window), none, none, of(3, 1), none],
            };
            first += beats;
            streams
        };
        self.pieces.iter().map(piece).collect()
    }

    /// Its instructions: what is kept, then READS, WRITES and VE of each piece.
    pub fn program(&self) -> Vec<Instruction> {
        let [a, b, c, x, y] = [0, 1, 2, 3, 4].map(|index| place(index) as u32);
        let none = Parameters { scalars: 0, first: 0, second: 0, running: 0, sums: 0 };
        let mut program = vec![
            Operation::Shape(self.shape),
            Operation::Tensors(Tensors { a, b, c, x, y, z: 0 }),
            Operation::Parameters(none),
        ];
        let streams = self.streams();
        let last = streams.len() - 1;
        for (at, streams) in streams.into_iter().enumerate() {
            let elements = self.elements(streams) as u64;
            let [[a, a_beats], [b, b_beats], [c, c_beats], [x, x_beats], [y, y_beats]] =
                streams.map(|(first, beats)| [first as u32, beats as u32]);
            program.push(Operation::Reads(Reads {
                first: a,
                first_beats: a_beats,
                second: b,
                second_beats: b_beats,
                third: c,
                third_beats: c_beats,
            }));
            program.push(Operation::Writes(Writes {
                first: x,
                first_beats: x_beats,
                second: y,
                second_beats: y_beats,
                third: 0,
                third_beats: 0,
            }));
            program.push(Operation::Vector(Vector { op: self.op, elements, last: at == last }));
        }
        program.into_iter().map(Instruction::new).collect()
    }

    /// Bytes of x and y of all pieces.
    pub fn written(&self) -> [Stream; 2] {
        let streams = self.streams();
        [3, 4].map(|index| {
            let all = streams.iter().map(|piece| piece[index]);
            let beats = all.map(|(_, beats)| beats).sum();
            (place(index), beats)
        })
    }
}
