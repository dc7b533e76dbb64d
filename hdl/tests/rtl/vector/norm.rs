//! Batch norms' channels, from exact sums to what the lanes are given and what is written, against the formulas of `docs/contract-elementwise.md`.

use super::exact::Sum;
use super::ratio::Sums;
use super::statistics;
use crate::float::canonical;
use crate::support::{Bench, Random};
use crate::verilog::has_verilog_tool;
use satkit_hdl::vector::{self, NormSteps, Program};
use satkit_spec::{
    ArrayConfig, NORM_INVERSE, NORM_K, NORM_KEPT_WORDS, NORM_MEAN, NORM_RUNNING_WORDS,
    NORM_SUM_HIGH, NORM_SUM_LOW, NORM_SUM_SPECIAL, NORM_UNIT_CHANNELS, norm_lanes, norm_place,
};
use std::collections::BTreeMap;

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pass {
    Forward,
    Evaluate,
    Backward,
}

/// A channel: its values as they are read, and its sums.
struct Channel {
    values: [f32; 4],
    sums: Sums,
}

/// Mean, factor, shift and rate of a lane; the words of the channel in both streams.
struct Given {
    constants: [f32; 4],
    written: [Vec<u32>; 2],
}

/// S1 in units, and what is no number.
fn sum_words(sum: Sum) -> [u32; 3] {
    let units = if sum.special == 0 { sum.units as u64 } else { 0 };
    [units as u32, (units >> 32) as u32, sum.special as u32]
}

fn forward(channel: &Channel) -> Given {
    let [gamma, beta, running_mean, running_var] = channel.values;
    let n = channel.sums.n as f32;
    let mean = f32::from_bits(channel.sums.values(1));
    let var = f32::from_bits(channel.sums.centred(2));
    let inv = 1.0 / (var + 1e-5).sqrt();
    let k = gamma * inv;
    let unbiased = if channel.sums.n == 1 { var } else { (var * n) / (n - 1.0) };
    let running = [0.9 * running_mean + 0.1 * mean, 0.9 * running_var + 0.1 * unbiased];
    let mut kept = vec![0; NORM_KEPT_WORDS];
    kept[NORM_K] = canonical(k);
    kept[NORM_INVERSE] = canonical(inv);
    kept[NORM_MEAN] = canonical(mean);
    [kept[NORM_SUM_LOW], kept[NORM_SUM_HIGH], kept[NORM_SUM_SPECIAL]] =
        sum_words(channel.sums.left);
    Given { constants: [mean, k, beta, 1.0], written: [running.map(canonical).to_vec(), kept] }
}

fn evaluate(channel: &Channel) -> Given {
    let [gamma, beta, mean, var] = channel.values;
    let k = gamma * (1.0 / (var + 1e-5).sqrt());
    Given { constants: [mean, k, beta, 1.0], written: [Vec::new(), Vec::new()] }
}

fn backward(channel: &Channel) -> Given {
    let [k, inv, mean, _] = channel.values;
    let n = channel.sums.n as f32;
    let dbeta = f32::from_bits(channel.sums.values(0));
    let dgamma = f32::from_bits(channel.sums.centred(1)) * inv;
    Given {
        constants: [mean, (dgamma * inv) / n, dbeta / n, k],
        written: [vec![canonical(dgamma)], vec![canonical(dbeta)]],
    }
}

fn words(sum: Sum) -> [u32; 5] {
    let part = |at: u32| (sum.units >> (32 * at)) as u32;
    [part(0), part(1), part(2), part(3) & 0xFF, sum.special as u32]
}

fn parameter(random: &mut Random) -> f32 {
    let usual = 0x3F00_0000 + random.below(1 << 24) as u32;
    f32::from_bits(if random.below(16) == 0 { 0x7E80_0000 } else { usual })
}

/// Values that are read of a channel, in their order.
fn read(pass: Pass, channel: &Channel) -> [u32; 6] {
    let [a, b, c, d] = channel.values.map(f32::to_bits);
    if pass != Pass::Backward {
        return [a, b, c, d, 0xDEAD_BEEF, 0xDEAD_BEEF];
    }
    let [low, high, special] = sum_words(channel.sums.right);
    [a, b, c, low, high, special]
}

fn norms(config: &ArrayConfig, seed: u64) {
    if !has_verilog_tool("verilator") {
        return;
    }
    let lanes = config.ve_lanes;
    let bench = Bench::build(&vector::norm(config).unwrap(), "norm.cpp", "-O1");
    let mut random = Random(seed);
    // Of few channels that fill no beat, of one, and as many as there may be; at any place among those of a tensor.
    let counts = [1, 10, 32, 3, 64, 9, 128, 2, 100, 17, 16, 128, 127];
    let cases: Vec<(Pass, bool, u64, usize, Vec<Channel>)> = counts
        .iter()
        .enumerate()
        .map(|(at, &count)| {
            let pass = [Pass::Forward, Pass::Backward, Pass::Evaluate][at % 3];
            let n = statistics::sums(&mut random, pass == Pass::Forward).n;
            let channels = (0..count).map(|_| {
                let mut sums = statistics::sums(&mut random, pass == Pass::Forward);
                sums.n = n;
                let least = (sums.left.units * sums.right.units).unsigned_abs() as i128;
                sums.products.units = sums.products.units.max(least / i128::from(n) + 1);
                Channel { values: [0; 4].map(|_| parameter(&mut random)), sums }
            });
            let channels = channels.collect();
            // A group of lanes has the channels of whole turns.
            let unit = NORM_UNIT_CHANNELS.max(lanes);
            let before = unit * random.below(896 / unit as u64) as usize;
            (pass, random.below(2) == 1, n, before, channels)
        })
        .collect();
    let output = bench.run(|input| {
        for (pass, own, n, before, channels) in &cases {
            let padded = channels.len().next_multiple_of(NORM_UNIT_CHANNELS);
            let mut all = vec![
                u32::from(*pass == Pass::Backward),
                u32::from(*pass == Pass::Evaluate),
                u32::from(*own),
                *n as u32,
                channels.len() as u32,
                padded as u32,
                *before as u32,
                lanes as u32,
            ];
            for channel in channels {
                all.extend(read(*pass, channel));
                let Sums { left, products, .. } = channel.sums;
                all.extend([left, products].into_iter().flat_map(words));
            }
            // What is beyond the last channel is anything.
            all.extend(std::iter::repeat_n(0x7FC1_2345, (padded - channels.len()) * 16));
            for word in all {
                input.write_all(&word.to_le_bytes()).unwrap();
            }
        }
    });
    let mut output = output.as_chunks().0.iter().map(|bytes| u32::from_le_bytes(*bytes));
    for (pass, own, _, _, channels) in &cases {
        let about = format!("{} channels, {pass:?}, own sums {own}", channels.len());
        let mut written = BTreeMap::new();
        while let Some(stream) = output.next().filter(|stream| *stream != u32::MAX) {
            let address = output.next().unwrap() - [0x1000, 0x2000][stream as usize];
            let beat: Vec<u32> = output.by_ref().take(NORM_UNIT_CHANNELS).collect();
            assert_eq!(written.insert((stream, address), beat), None, "{about}");
        }
        let (program, kinds) = match pass {
            Pass::Forward => (Program::Forward, 2 + NORM_RUNNING_WORDS),
            Pass::Evaluate => (Program::Evaluate, 2 + NORM_RUNNING_WORDS),
            Pass::Backward => (Program::Backward, NORM_KEPT_WORDS),
        };
        let padded = channels.len().next_multiple_of(NORM_UNIT_CHANNELS);
        let turn = norm_lanes(lanes);
        let cycles = padded / turn * (NormSteps::cycles(turn, kinds) + program.cycles());
        let groups = padded.div_ceil(lanes);
        assert_eq!(output.next(), Some(cycles as u32), "{about}");
        let mut constants = Vec::new();
        for _ in 0..groups {
            let group: Vec<u32> = output.by_ref().take(4 * lanes).collect();
            constants
                .extend((0..lanes).map(|lane| [0, 1, 2, 3].map(|at| group[at * lanes + lane])));
        }
        let mut due_beats = BTreeMap::new();
        for (at, channel) in channels.iter().enumerate() {
            let due = match pass {
                Pass::Forward => forward(channel),
                Pass::Evaluate => evaluate(channel),
                Pass::Backward => backward(channel),
            };
            assert_eq!(constants[at], due.constants.map(canonical), "channel {at} of {about}");
            for (stream, words) in due.written.iter().enumerate() {
                for (word, &value) in words.iter().enumerate() {
                    let (beat, place) = norm_place(words.len(), at, word);
                    let beat = due_beats
                        .entry((stream as u32, beat as u32))
                        .or_insert_with(|| vec![0; NORM_UNIT_CHANNELS]);
                    beat[place] = value;
                }
            }
        }
        assert_eq!(written, due_beats, "{about}");
    }
    assert_eq!(output.next(), None);
}

#[test]
fn four_lanes_are_given_their_channels() {
    norms(&ArrayConfig::tiny(), 3);
}

#[test]
fn eight_lanes_are_given_their_channels() {
    norms(&ArrayConfig::small(), 4);
}

#[test]
fn thirty_two_lanes_are_given_their_channels() {
    norms(&ArrayConfig::vcu1525(), 5);
}
