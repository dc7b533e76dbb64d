//! The steps by which sums become statistics and gradients.

use super::{DivideSingle, ExactRatio, RootSingle};
use crate::float::{AddSingle, MultiplySingle};
use rust_hdl_core::prelude::*;

/// FP32 registers of [`Statistics`](super::Statistics), and constants that can be a first operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Register {
    /// Scale of the channel; loaded.
    Gamma = 0,
    /// Running mean; loaded, and updated by the forward pass.
    RunningMean = 1,
    /// Running variance; the same.
    RunningVariance = 2,
    /// Mean of the batch. In evaluation's backward pass it is loaded: the running mean.
    Mean = 3,
    /// 1 / sqrt(var + eps): of the forward pass, loaded for the backward pass.
    Inverse = 4,
    /// gamma * inv: what [`Lane`](super::Lane) multiplies by.
    K = 5,
    /// Gradient of beta, or of a bias.
    BetaGradient = 6,
    /// Gradient of gamma.
    GammaGradient = 7,
    /// dbeta / n.
    A = 8,
    /// dgamma * inv / n.
    B = 9,
    /// Means nothing between programs.
    First = 10,
    /// The same.
    Second = 11,
    /// 1.
    One = 12,
    /// 1e-5.
    Epsilon = 13,
    /// 0.9: what stays of a running value.
    Kept = 14,
    /// 0.1: what a batch adds to it.
    Added = 15,
}

/// Where a step is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    Add,
    Subtract,
    Multiply,
    Divide,
    Root,
    /// Source and divisions by n.
    Exact(u8, u8),
}

impl Unit {
    const fn cycles(self) -> usize {
        match self {
            Self::Add | Self::Subtract => AddSingle::LATENCY_CYCLES,
            Self::Multiply => MultiplySingle::LATENCY_CYCLES,
            Self::Divide => DivideSingle::LATENCY_CYCLES,
            Self::Root => RootSingle::LATENCY_CYCLES,
            Self::Exact(source, passes) => ExactRatio::cycles(source, passes),
        }
    }

    /// Unit, source and passes in 8 bits.
    const fn code(self) -> u32 {
        match self {
            Self::Add => 0,
            Self::Subtract => 1,
            Self::Multiply => 2,
            Self::Divide => 3,
            Self::Root => 4,
            Self::Exact(source, passes) => 5 | (source as u32) << 3 | (passes as u32) << 6,
        }
    }
}

/// `to = unit(a, b)`.
#[derive(Clone, Copy, Debug)]
struct Step {
    to: Register,
    unit: Unit,
    a: Register,
    b: Register,
}

const fn step(to: Register, unit: Unit, a: Register, b: Register) -> Step {
    Step { to, unit, a, b }
}

const fn exact(to: Register, source: u8, passes: u8) -> Step {
    Step { to, unit: Unit::Exact(source, passes), a: to, b: to }
}

/// What [`Statistics`](super::Statistics) can be told to compute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Program {
    /// Batch norm in training, forwards: `left` and `right` are S1, `products` is S2. Gives mean, inv, k and running statistics.
    Forward = 0,
    /// The same backwards: `left` is D1, `right` is S1, `products` is D2; inv is loaded. Gives dbeta, dgamma, a and b.
    Backward = 1,
    /// Batch norm in evaluation, forwards. Gives inv and k of the running variance.
    Evaluate = 2,
    /// The same backwards: `left` is D1, `products` is D2; mean and inv are loaded. Gives dbeta and dgamma.
    EvaluateBackward = 3,
    /// A bias gradient: `left` rounded.
    Sum = 4,
}

impl Program {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Forward, Self::Backward, Self::Evaluate, Self::EvaluateBackward, Self::Sum];

    const fn steps(self) -> &'static [Step] {
        use Register::*;
        use Unit::*;
        const FORWARD: &[Step] = &[
            exact(Mean, ExactRatio::VALUES, 1),
            exact(First, ExactRatio::CENTRED, 2),
            step(Second, Add, Epsilon, First),
            step(Second, Root, Second, Second),
            step(Inverse, Divide, One, Second),
            step(K, Multiply, Gamma, Inverse),
            // unbiased = (var * n) / (n - 1), with 1 for n - 1 = 0
            exact(Second, ExactRatio::COUNT, 0),
            step(First, Multiply, First, Second),
            exact(Second, ExactRatio::COUNT_LESS_ONE, 0),
            step(First, Divide, First, Second),
            step(Second, Multiply, Added, Mean),
            step(RunningMean, Multiply, Kept, RunningMean),
            step(RunningMean, Add, RunningMean, Second),
            step(First, Multiply, Added, First),
            step(RunningVariance, Multiply, Kept, RunningVariance),
            step(RunningVariance, Add, RunningVariance, First),
        ];
        const BACKWARD: &[Step] = &[
            exact(BetaGradient, ExactRatio::VALUES, 0),
            exact(First, ExactRatio::CENTRED, 1),
            step(GammaGradient, Multiply, First, Inverse),
            exact(Second, ExactRatio::COUNT, 0),
            step(A, Divide, BetaGradient, Second),
            step(First, Multiply, GammaGradient, Inverse),
            step(B, Divide, First, Second),
        ];
        const EVALUATE: &[Step] = &[
            step(Second, Add, Epsilon, RunningVariance),
            step(Second, Root, Second, Second),
            step(Inverse, Divide, One, Second),
            step(K, Multiply, Gamma, Inverse),
        ];
        const EVALUATE_BACKWARD: &[Step] = &[
            exact(BetaGradient, ExactRatio::VALUES, 0),
            exact(First, ExactRatio::PRODUCTS, 0),
            step(Second, Multiply, Mean, BetaGradient),
            step(First, Subtract, First, Second),
            step(GammaGradient, Multiply, First, Inverse),
        ];
        const SUM: &[Step] = &[exact(BetaGradient, ExactRatio::VALUES, 0)];
        match self {
            Self::Forward => FORWARD,
            Self::Backward => BACKWARD,
            Self::Evaluate => EVALUATE,
            Self::EvaluateBackward => EVALUATE_BACKWARD,
            Self::Sum => SUM,
        }
    }

    /// Rising edges from the start to the one that ends it, both counted; the same for all values.
    #[must_use]
    pub const fn cycles(self) -> usize {
        let steps = self.steps();
        let (mut cycles, mut at) = (1, 0);
        while at < steps.len() {
            cycles += steps[at].unit.cycles() + 1;
            at += 1;
        }
        cycles
    }

    /// Which register gets a result in which cycle, in order; cycle 0 has the start.
    pub fn results(self) -> impl Iterator<Item = (usize, Register)> {
        let mut cycle = 0;
        self.steps().iter().map(move |step| {
            cycle += step.unit.cycles() + 1;
            (cycle, step.to)
        })
    }
}

/// The steps as a memory: program and step in, what to do out.
///
/// | bits | what |
/// |---|---|
/// | 2..0 | unit: 0 add, 1 subtract, 2 multiply, 3 divide, 4 root, 5 [`ExactRatio`] |
/// | 5..3 | its source |
/// | 7..6 | its divisions |
/// | 11..8 | register of the first operand |
/// | 15..12 | of the second |
/// | 19..16 | of the result |
/// | 27..20 | cycles until that is there |
/// | 28 | it is the last step |
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct Microcode {
    /// Program, 3 bits, and step, 4 bits.
    pub address: Signal<In, Bits<7>>,
    /// What to do.
    pub word: Signal<Out, Bits<29>>,
}

impl Microcode {
    fn words() -> impl Iterator<Item = (usize, u32)> {
        Program::ALL.into_iter().flat_map(|program| {
            let steps = program.steps();
            steps.iter().enumerate().map(move |(at, step)| {
                let last = u32::from(at + 1 == steps.len());
                let word = step.unit.code()
                    | (step.a as u32) << 8
                    | (step.b as u32) << 12
                    | (step.to as u32) << 16
                    | (step.unit.cycles() as u32) << 20
                    | last << 28;
                ((program as usize) << 4 | at, word)
            })
        })
    }
}

impl Logic for Microcode {
    fn update(&mut self) {
        let address = self.address.val().index();
        let word = Self::words().find(|(at, _)| *at == address).map_or(0, |(_, word)| word);
        self.word.next = u64::from(word).to_bits();
    }

    fn connect(&mut self) {
        self.word.connect();
    }

    fn hdl(&self) -> Verilog {
        let lines: String = Self::words()
            .map(|(address, word)| format!("    7'h{address:x}: word = 29'h{word:x};\n"))
            .collect();
        Verilog::Custom(format!(
            "always @(*) case (address)\n{lines}    default: word = 29'h0;\nendcase"
        ))
    }
}
