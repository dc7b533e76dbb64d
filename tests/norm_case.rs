//! Batch norms as VE does them alone: sums, channels, elements, forwards and backwards.

use crate::any_f16;
use crate::vector_case::{BEAT_HALVES, no_shape};
use half::f16;
use proptest::prelude::*;
use satkit_plan::layout::pitch;
use satkit_spec::isa::{
    Instruction, Operation, Parameters, Reads, Shape, Tensors, Vector, VectorOp, Writes,
};
use satkit_spec::{
    NORM_KEPT_WORDS, NORM_PIECE_CHANNELS, NORM_RUNNING_WORDS, NORM_UNIT_CHANNELS, norm_place,
    norm_units,
};

const PAGE_BEATS: usize = 64;
/// Most beats of a tensor of elements.
const MOST_BEATS: usize = 1 << 10;
/// First beats of the tensors.
const Y: usize = 0;
const B: usize = MOST_BEATS;
const Z: usize = 2 * MOST_BEATS;
const DZ: usize = 3 * MOST_BEATS;
const DY: usize = 4 * MOST_BEATS;
const MASK: usize = 5 * MOST_BEATS;
const GAMMA: usize = 6 * MOST_BEATS;
const BETA: usize = GAMMA + 64;
const GAMMA_GRADIENT: usize = BETA + 64;
const BETA_GRADIENT: usize = GAMMA_GRADIENT + 64;
const RUNNING: usize = BETA_GRADIENT + 64;
const KEPT: usize = RUNNING + 64 * NORM_RUNNING_WORDS;
/// Beats of all of them.
pub const NORM_BEATS: usize = KEPT + 64 * NORM_KEPT_WORDS;

/// A batch norm, forwards and backwards, or only forwards by the running statistics.
#[derive(Clone, Debug)]
pub struct NormCase {
    /// SHAPE of the forward pass.
    pub shape: Shape,
    /// Bytes of Y, of the residual, of dZ.
    elements: [Vec<u8>; 3],
    /// Of each channel gamma, beta, running mean, running variance.
    channels: Vec<[f32; 4]>,
    /// Beats of the longest stream in each piece of elements.
    pieces: Vec<usize>,
}

/// Values of a parameter, mostly near 1.
fn parameter() -> impl Strategy<Value = f32> {
    prop_oneof![
        20 => (0.1f32..2.0, any::<bool>()).prop_map(|(v, sign)| if sign { -v } else { v }),
        1 => any::<f32>().prop_map(|v| if v.is_nan() { f32::NAN } else { v }),
        1 => Just(0.0),
    ]
}

/// Elements: mostly of one size, as those of a network are, so that sums and variances mean something.
fn tensor(beats: usize) -> impl Strategy<Value = Vec<u8>> {
    let near = (-8.0f32..8.0).prop_map(f16::from_f32);
    let element = prop_oneof![400 => near, 1 => any_f16()];
    proptest::collection::vec(element, beats * BEAT_HALVES).prop_map(|values| {
        let stored = |value: f16| if value.is_nan() { 0x7E00 } else { value.to_bits() };
        values.into_iter().flat_map(|value| stored(value).to_le_bytes()).collect()
    })
}

/// Any batch norm.
pub fn any_norm_case() -> impl Strategy<Value = NormCase> {
    let channels = prop_oneof![
        3 => 1u32..=8,
        3 => 9u32..=70,
        2 => 70u32..=300,
        1 => Just(128),
        1 => 900u32..=1024
    ];
    (channels, 1u32..4, 1u32..5, 1u32..5, any::<[bool; 4]>()).prop_flat_map(
        |(channels, batch, h, w, [relu, residual, bits, evaluates])| {
            let pixel_beats = pitch(channels as usize).div_ceil(BEAT_HALVES) as u32;
            let batch = batch.min((MOST_BEATS as u32 / (pixel_beats * h * w)).max(1));
            let (h, w) = if pixel_beats > 16 { (h.min(3), w.min(3)) } else { (h, w) };
            let running = evaluates && relu;
            let shape = Shape {
                batch,
                channels,
                h,
                w,
                relu,
                residual,
                running,
                bits: bits && !running,
                ..no_shape()
            };
            let beats = elements(&shape).div_ceil(BEAT_HALVES);
            let most = beats.div_ceil(PAGE_BEATS);
            let cuts = proptest::collection::btree_set(1..most.max(2), 0..most);
            let parameters = [(); 4].map(|()| parameter());
            let channels = proptest::collection::vec(parameters, channels as usize);
            let tensors = [(); 3].map(|()| tensor(beats));
            (tensors, channels, cuts).prop_map(move |(elements, channels, cuts)| {
                let ends = cuts.into_iter().map(|cut| cut * PAGE_BEATS).filter(|end| *end < beats);
                let ends: Vec<usize> = ends.chain([beats]).collect();
                let starts = std::iter::once(0).chain(ends.iter().copied());
                let pieces = ends.iter().zip(starts).map(|(end, start)| end - start).collect();
                NormCase { shape, elements, channels, pieces }
            })
        },
    )
}

fn elements(shape: &Shape) -> usize {
    (shape.batch * shape.h * shape.w) as usize * pitch(shape.channels as usize)
}

/// First beat and beats.
type Stream = (usize, usize);

fn stream_fields(streams: &[Stream]) -> [u32; 6] {
    let mut fields = [0; 6];
    for (index, (first, beats)) in streams.iter().enumerate() {
        (fields[2 * index], fields[2 * index + 1]) = (*first as u32, *beats as u32);
    }
    fields
}

/// READS, WRITES and VE.
fn piece(
    op: VectorOp,
    elements: usize,
    last: bool,
    reads: &[Stream],
    writes: &[Stream],
) -> [Operation; 3] {
    let [first, first_beats, second, second_beats, third, third_beats] = stream_fields(reads);
    let reads = Reads { first, first_beats, second, second_beats, third, third_beats };
    let [first, first_beats, second, second_beats, third, third_beats] = stream_fields(writes);
    let writes = Writes { first, first_beats, second, second_beats, third, third_beats };
    [
        Operation::Reads(reads),
        Operation::Writes(writes),
        Operation::Vector(Vector { op, elements: elements as u64, last }),
    ]
}

impl NormCase {
    /// What lies in card memory before: address in bytes, and bytes.
    pub fn memory(&self) -> Vec<(u64, Vec<u8>)> {
        let mut memory: Vec<(usize, Vec<u8>)> =
            [Y, B, DZ].into_iter().zip(self.elements.clone()).collect();
        let units = norm_units(self.channels.len());
        for (at, words, values) in
            [(GAMMA, 1, &[0][..]), (BETA, 1, &[1]), (RUNNING, NORM_RUNNING_WORDS, &[2, 3])]
        {
            let mut singles = vec![0.0f32; units * words * NORM_UNIT_CHANNELS];
            for (channel, of_channel) in self.channels.iter().enumerate() {
                for (word, &value) in values.iter().enumerate() {
                    let (beat, place) = norm_place(words, channel, word);
                    singles[beat * NORM_UNIT_CHANNELS + place] = of_channel[value];
                }
            }
            memory.push((at, singles.into_iter().flat_map(f32::to_le_bytes).collect()));
        }
        memory.into_iter().map(|(beat, bytes)| (beat as u64 * 64, bytes)).collect()
    }

    /// Kept instructions of a direction.
    fn kept(&self, shape: Shape, [x, y, z]: [usize; 3], b: usize) -> [Operation; 3] {
        let [a, b, c, x, y, z] = [Y, b, KEPT, x, y, z].map(|beat| beat as u32);
        let [first, second, running] = [GAMMA, BETA, RUNNING].map(|beat| beat as u32);
        let parameters = Parameters { scalars: 0, first, second, running, sums: 0 };
        [
            Operation::Shape(shape),
            Operation::Tensors(Tensors { a, b, c, x, y, z }),
            Operation::Parameters(parameters),
        ]
    }

    /// An operation on channels, in pieces.
    fn channels(
        &self,
        op: VectorOp,
        reads: &[(usize, usize)],
        writes: &[(usize, usize)],
    ) -> Vec<Operation> {
        let all = norm_units(self.channels.len()) * NORM_UNIT_CHANNELS;
        let starts = (0..all).step_by(NORM_PIECE_CHANNELS);
        let pieces = starts.flat_map(|start| {
            let channels = NORM_PIECE_CHANNELS.min(all - start);
            // First beat, and beats of a unit of channels.
            let of = |&(first, words): &(usize, usize)| {
                let beats = words * channels / NORM_UNIT_CHANNELS;
                (first + words * start / NORM_UNIT_CHANNELS, beats)
            };
            let reads: Vec<Stream> = reads.iter().map(of).collect();
            let writes: Vec<Stream> = writes.iter().map(of).collect();
            piece(op, channels, start + channels == all, &reads, &writes)
        });
        pieces.collect()
    }

    /// An operation on elements, in pieces.
    fn elements(
        &self,
        op: VectorOp,
        reads: &[(usize, usize)],
        writes: &[(usize, usize)],
    ) -> Vec<Operation> {
        let all = elements(&self.shape);
        let mut first = 0;
        let last = self.pieces.len() - 1;
        let pieces = self.pieces.iter().enumerate().flat_map(|(at, beats)| {
            let of = |&(start, share): &(usize, usize)| {
                let (from, to) = (first / share, (first + beats).div_ceil(share));
                (start + from, to - from)
            };
            let reads: Vec<Stream> = reads.iter().map(of).collect();
            let writes: Vec<Stream> = writes.iter().map(of).collect();
            let elements = (beats * BEAT_HALVES).min(all - first * BEAT_HALVES);
            first += beats;
            piece(op, elements, at == last, &reads, &writes)
        });
        pieces.collect()
    }

    /// Its instructions.
    pub fn program(&self) -> Vec<Instruction> {
        let Shape { residual, running, relu, bits, .. } = self.shape;
        let all = elements(&self.shape);
        let beats = all.div_ceil(BEAT_HALVES);
        let whole = |op, reads: &[usize]| {
            let reads: Vec<Stream> = reads.iter().map(|&first| (first, beats)).collect();
            piece(op, all, true, &reads, &[])
        };
        let mut program: Vec<Operation> = self.kept(self.shape, [Z, MASK, 0], B).into();
        if !running {
            program.extend(whole(VectorOp::BatchNormStatistics, &[Y]));
        }
        let reads = [(GAMMA, 1), (BETA, 1), (RUNNING, NORM_RUNNING_WORDS)];
        let writes = [(RUNNING, NORM_RUNNING_WORDS), (KEPT, NORM_KEPT_WORDS)];
        let writes = if running { &[][..] } else { &writes };
        program.extend(self.channels(VectorOp::BatchNormScale, &reads, writes));
        let reads = [(Y, 1), (B, 1)];
        let writes = [(Z, 1), (MASK, 16)];
        let reads = &reads[..1 + usize::from(residual)];
        let writes = &writes[..1 + usize::from(relu && bits)];
        program.extend(self.elements(VectorOp::BatchNormApply, reads, writes));
        if !running {
            let shape = Shape { relu: false, residual: false, bits: false, ..self.shape };
            program.extend(self.kept(shape, [DY, GAMMA_GRADIENT, BETA_GRADIENT], DZ));
            program.extend(whole(VectorOp::BatchNormBackwardSums, &[Y, DZ]));
            let writes = [(GAMMA_GRADIENT, 1), (BETA_GRADIENT, 1)];
            let op = VectorOp::BatchNormBackwardScale;
            program.extend(self.channels(op, &[(KEPT, NORM_KEPT_WORDS)], &writes));
            let op = VectorOp::BatchNormBackwardApply;
            program.extend(self.elements(op, &[(Y, 1), (DZ, 1)], &[(DY, 1)]));
        }
        program.into_iter().map(Instruction::new).collect()
    }
}
