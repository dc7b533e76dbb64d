//! Statistics and gradients of channels against the formulas of `docs/contract-elementwise.md` in FP32 arithmetic.

use super::exact::Sum;
use super::ratio::Sums;
use crate::float::canonical;
use crate::support::Random;
use crate::trace::{Cycle, Replay, in_rusthdl, traced};
use crate::verilog::has_verilog_tool;
use half::f16;
use satkit_hdl::emit::emit;
use satkit_hdl::vector::{Program, Register, Statistics};

traced!(
    Statistics,
    [reset load load_register load_value start job n left left_special right right_special products products_special],
    [busy valid result_register value]
);

/// What is loaded for a program, and what it is to give, by its registers.
struct Job {
    program: Program,
    sums: Sums,
    loaded: Vec<(Register, f32)>,
    given: Vec<(Register, f32)>,
}

impl Job {
    fn any(random: &mut Random) -> Self {
        let program = Program::ALL[random.below(5) as usize];
        let sums = sums(random, program == Program::Forward);
        let parameter = |random: &mut Random| {
            let bits = if random.below(4) == 0 { random.single() } else { 0 };
            let usual = 0x3F00_0000 + random.below(1 << 24) as u32;
            f32::from_bits(if bits == 0 { usual } else { bits })
        };
        let [gamma, first, second] = [0; 3].map(|_| parameter(random));
        let n = sums.n as f32;
        let bits = f32::from_bits;
        use Register::*;
        let (loaded, given) = match program {
            Program::Forward => {
                let (running_mean, running_var) = (first, second);
                let mean = bits(sums.values(1));
                let var = bits(sums.centred(2));
                let inv = 1.0 / (var + 1e-5).sqrt();
                let unbiased = if sums.n == 1 { var } else { (var * n) / (n - 1.0) };
                (
                    vec![
                        (Gamma, gamma),
                        (RunningMean, running_mean),
                        (RunningVariance, running_var),
                    ],
                    vec![
                        (Mean, mean),
                        (Inverse, inv),
                        (K, gamma * inv),
                        (RunningMean, 0.9 * running_mean + 0.1 * mean),
                        (RunningVariance, 0.9 * running_var + 0.1 * unbiased),
                    ],
                )
            }
            Program::Backward => {
                let inv = first;
                let dbeta = bits(sums.values(0));
                let dgamma = bits(sums.centred(1)) * inv;
                let given = vec![
                    (BetaGradient, dbeta),
                    (GammaGradient, dgamma),
                    (A, dbeta / n),
                    (B, (dgamma * inv) / n),
                ];
                (vec![(Inverse, inv)], given)
            }
            Program::Evaluate => {
                let inv = 1.0 / (second + 1e-5).sqrt();
                (
                    vec![(Gamma, gamma), (RunningVariance, second)],
                    vec![(Inverse, inv), (K, gamma * inv)],
                )
            }
            Program::EvaluateBackward => {
                let (mean, inv) = (first, second);
                let dbeta = bits(sums.values(0));
                let dgamma = (bits(sums.of_products(0)) - mean * dbeta) * inv;
                (
                    vec![(Mean, mean), (Inverse, inv)],
                    vec![(BetaGradient, dbeta), (GammaGradient, dgamma)],
                )
            }
            Program::Sum => (vec![], vec![(BetaGradient, bits(sums.values(0)))]),
        };
        Self { program, sums, loaded, given }
    }
}

/// Sums of values of a channel that were drawn, or of any size.
pub(super) fn sums(random: &mut Random, forward: bool) -> Sums {
    let n = match random.below(4) {
        0 => 1 + random.below(3),
        1 => 1 + random.below(1 << 22),
        _ => 1 + random.below(60),
    };
    let [mut left, mut right, mut products] = [Sum::default(); 3];
    if n <= 60 {
        let near = 0x2C00 + random.below(0x1800) as u32;
        let kind = random.below(8);
        for _ in 0..n {
            let mut value = || {
                let bits = match kind {
                    0 => random.half(),
                    1 => near,
                    _ => (near + random.below(0x800) as u32) | ((random.next() as u32 & 1) << 15),
                };
                f16::from_bits(bits as u16)
            };
            let y = value();
            let dz = if forward { y } else { value() };
            left.add_value(dz);
            right.add_value(y);
            products.add_product(dz, y);
        }
    } else {
        let mut units = |bits: u32| i128::from(random.next() >> (64 - bits)) - (1 << (bits - 1));
        left.units = units(44);
        right.units = if forward { left.units } else { units(44) };
        // A variance is not negative.
        let least = (left.units * right.units).unsigned_abs() as i128 / i128::from(n) + 1;
        products.units = least + units(60).abs();
    }
    Sums { n, left, right, products }
}

impl Job {
    /// Loads, the start, and each result in its cycle.
    fn cycles(&self) -> Vec<Cycle> {
        let results: Vec<(usize, Register)> = self.program.results().collect();
        let mut cycles = Vec::new();
        let mut push = |load: Option<(Register, f32)>, at: Option<usize>| {
            let mut cycle = Cycle::default();
            let (to, value) = load.map_or((0, 0), |(to, value)| (to as u64, value.to_bits()));
            cycle.give(1, 0).give(1, u64::from(load.is_some())).give(4, to).give(32, value.into());
            cycle.give(1, u64::from(at == Some(0))).give(3, self.program as u64);
            self.sums.give(&mut cycle);
            let result = results.iter().position(|(cycle, _)| Some(*cycle) == at);
            cycle.expect(1, u64::from(at.is_some_and(|at| at > 0)));
            cycle.expect(1, u64::from(result.is_some()));
            let to = result.map(|result| results[result].1);
            cycle.expect_bits(4, to.map_or(0, |to| to as u64), if to.is_some() { 15 } else { 0 });
            // What is written again later is not a result yet.
            let again = result.is_some_and(|at| results[at + 1..].iter().any(|r| Some(r.1) == to));
            let given = self.given.iter().find(|(given, _)| Some(*given) == to && !again);
            let care = if given.is_some() { 0xFFFF_FFFF } else { 0 };
            cycle.expect_bits(32, given.map_or(0, |(_, value)| canonical(*value)).into(), care);
            cycles.push(cycle);
        };
        self.loaded.iter().for_each(|load| push(Some(*load), None));
        (0..self.program.cycles()).for_each(|at| push(None, Some(at)));
        cycles
    }
}

/// Jobs that follow each other at once.
fn cycles(seed: u64) -> impl Iterator<Item = Cycle> {
    let mut random = Random(seed);
    std::iter::repeat_with(move || Job::any(&mut random).cycles()).flatten()
}

#[test]
fn programs_last_as_long_as_is_said() {
    let cycles = Program::ALL.map(Program::cycles);
    assert_eq!(cycles, [460, 244, 50, 43, 12]);
    let last = Program::ALL.map(|program| program.results().last().unwrap().0 + 1);
    assert_eq!(last, cycles);
}

/// Everything that the contract has is among the results.
#[test]
fn programs_give_what_is_asked() {
    let mut random = Random(1);
    for _ in 0..100 {
        let job = Job::any(&mut random);
        for (register, _) in job.given {
            assert!(job.program.results().any(|(_, to)| to == register), "{register:?}");
        }
    }
}

#[test]
fn statistics_in_rusthdl() {
    in_rusthdl::<Statistics>(cycles(1).take(12_000));
}

#[test]
fn statistics_in_verilog() {
    if has_verilog_tool("verilator") {
        let replay = Replay::build::<Statistics>(&emit("statistics", Statistics::default));
        replay.check(|| cycles(2), 4_000_000);
    }
}
