//! Batch norms' channels, from exact sums to what the lanes are given, against the formulas of `docs/contract-elementwise.md`.

use super::exact::Sum;
use super::ratio::Sums;
use super::statistics;
use crate::float::canonical;
use crate::support::{Bench, Random};
use crate::verilog::has_verilog_tool;
use satkit_hdl::vector::{self, NormSteps, Program, Register};
use satkit_spec::ArrayConfig;
use std::collections::BTreeMap;

/// A channel: parameters as they are read, its sums, and those of the forward pass.
struct Channel {
    parameters: [f32; 4],
    sums: Sums,
}

/// Mean, factor, shift and rate of a lane, and results by their registers.
struct Given {
    constants: [f32; 4],
    results: Vec<(Register, f32)>,
}

fn forward(channel: &Channel) -> Given {
    let [gamma, beta, running_mean, running_var] = channel.parameters;
    let n = channel.sums.n as f32;
    let mean = f32::from_bits(channel.sums.values(1));
    let var = f32::from_bits(channel.sums.centred(2));
    let inv = 1.0 / (var + 1e-5).sqrt();
    let k = gamma * inv;
    let unbiased = if channel.sums.n == 1 { var } else { (var * n) / (n - 1.0) };
    Given {
        constants: [mean, k, beta, 1.0],
        results: vec![
            (Register::Mean, mean),
            (Register::Inverse, inv),
            (Register::K, k),
            (Register::RunningMean, 0.9 * running_mean + 0.1 * mean),
            (Register::RunningVariance, 0.9 * running_var + 0.1 * unbiased),
        ],
    }
}

fn backward(channel: &Channel) -> Given {
    let [k, inv, mean, _] = channel.parameters;
    let n = channel.sums.n as f32;
    let dbeta = f32::from_bits(channel.sums.values(0));
    let dgamma = f32::from_bits(channel.sums.centred(1)) * inv;
    Given {
        constants: [mean, (dgamma * inv) / n, dbeta / n, k],
        results: vec![(Register::BetaGradient, dbeta), (Register::GammaGradient, dgamma)],
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

fn norms(config: &ArrayConfig, seed: u64) {
    if !has_verilog_tool("verilator") {
        return;
    }
    let lanes = config.ve_lanes;
    let bench = Bench::build(&vector::norm(config).unwrap(), "norm.cpp", "-O1");
    let mut random = Random(seed);
    // Of few channels that are no multiple of the lanes, of one, and as many as there may be.
    let counts = [1, 10, 32, 3, 64, 9, 1024, 2, 128, 17];
    let cases: Vec<(bool, u64, Vec<Channel>)> = counts
        .iter()
        .enumerate()
        .map(|(at, &count)| {
            let is_backward = at % 2 == 1;
            let n = statistics::sums(&mut random, !is_backward).n;
            let channels = (0..count).map(|_| {
                let mut sums = statistics::sums(&mut random, !is_backward);
                sums.n = n;
                let least = (sums.left.units * sums.right.units).unsigned_abs() as i128;
                sums.products.units = sums.products.units.max(least / i128::from(n) + 1);
                Channel { parameters: [0; 4].map(|_| parameter(&mut random)), sums }
            });
            (is_backward, n, channels.collect())
        })
        .collect();
    let output = bench.run(|input| {
        for (is_backward, n, channels) in &cases {
            let mut all = vec![u32::from(*is_backward), *n as u32, channels.len() as u32];
            all.push(lanes as u32);
            for channel in channels {
                all.extend(channel.parameters.map(f32::to_bits));
                let Sums { left, right, products, .. } = channel.sums;
                all.extend([left, products, right].into_iter().flat_map(words));
            }
            for word in all {
                input.write_all(&word.to_le_bytes()).unwrap();
            }
        }
    });
    let mut output = output.as_chunks().0.iter().map(|bytes| u32::from_le_bytes(*bytes));
    for (is_backward, _, channels) in &cases {
        let program = if *is_backward { Program::Backward } else { Program::Forward };
        let groups = channels.len().div_ceil(lanes);
        let cycles = groups * (NormSteps::cycles(lanes) + program.cycles());
        assert_eq!(output.next(), Some(cycles as u32), "{} channels", channels.len());
        // What is given again later is not a result yet.
        let mut results = BTreeMap::new();
        while let Some(register) = output.next().filter(|register| *register != u32::MAX) {
            let group = output.next().unwrap() as usize;
            for lane in 0..lanes {
                results.insert((register, group * lanes + lane), output.next().unwrap());
            }
        }
        let mut constants = Vec::new();
        for _ in 0..groups {
            let group: Vec<u32> = output.by_ref().take(4 * lanes).collect();
            constants
                .extend((0..lanes).map(|lane| [0, 1, 2, 3].map(|at| group[at * lanes + lane])));
        }
        for (at, channel) in channels.iter().enumerate() {
            let due = if *is_backward { backward(channel) } else { forward(channel) };
            let about = format!("channel {at} of {}, backwards {is_backward}", channels.len());
            for (register, due) in due.results {
                let found = results[&(register as u32, at)];
                assert_eq!(found, canonical(due), "{register:?} of {about}");
            }
            assert_eq!(constants[at], due.constants.map(canonical), "{about}");
        }
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
