//! Operations on the accelerator's Verilog: pruning in SORE, MACs in STCE, updates in WUVE.

use super::{Cost, HardwareCounters};
use half::f16;
use satkit_host::backend::SgdStep;
use satkit_host::kernel::{Kernel, KernelOperands, KernelPlan, KernelResults, KernelWork};
use satkit_memory::MemoryModel;
use satkit_plan::{DataflowChoice, MacStage, Program};
use satkit_rtl::{Core, Groups, Made, Operands, Weights};
use satkit_spec::{ArrayConfig, BpGradient, ConvShape, Sparsity, WeightOperand};
use std::path::Path;

/// Computes `kernel` on a core of `config`, by the program that a card would get.
///
/// # Errors
/// Those of the planner and of the core; the latter also if the core's cycles or counters are not those of the timing model.
pub(super) fn compute(
    kernel: &Kernel,
    config: &ArrayConfig,
    dataflow: DataflowChoice,
    waves: Option<&Path>,
) -> anyhow::Result<(KernelResults, Cost)> {
    let step = KernelWork::new(kernel)?.plan(config, dataflow, 0)?;
    let memory = MemoryModel::default();
    let plan = KernelPlan::new(config, step, Program::DEFAULT_ADDRESS, &memory)?;
    let mut device = Device {
        core: core(config, waves)?,
        shape: kernel.shape,
        sparsity: kernel.sparsity,
        groups: 0,
        parameters: 0,
        plan,
    };
    let method = kernel.method;
    match &kernel.operands {
        KernelOperands::Prune { w } => {
            let directions = [device.prune(w, true)?, device.prune(w, false)?];
            let directions = directions.map(|(values, positions)| (from_bits(&values), positions));
            Ok((KernelResults::Pruned(directions), device.cost(device.counters())))
        }
        KernelOperands::Ff { x, w } => {
            let weights = device.weights(w, method.ff_weight())?;
            device.stage(&Operands::Ff(bits(x), weights))
        }
        KernelOperands::Bp { dy, w } => {
            let weights = device.weights(w, method.bp_weight())?;
            let dy = match method.bp_gradient() {
                BpGradient::Dense => bits(dy),
                BpGradient::PrunedCoAsDense => device.prune_gradient(dy)?,
            };
            device.stage(&Operands::Bp(dy, weights))
        }
        KernelOperands::Wu { x, dy } => device.stage(&Operands::Wu(bits(x), bits(dy))),
        KernelOperands::Update { w, v, dw, numbers } => device.update(kernel, numbers, [w, v, dw]),
    }
}

/// A core, compiled if it has to be; progress is shown.
///
/// # Errors
/// Those of [`Core::new`].
pub(crate) fn core(config: &ArrayConfig, waves: Option<&Path>) -> anyhow::Result<Core> {
    Ok(crate::rtl::built(waves, |build| Core::new(config, build))?)
}

/// FP16 bits as the machine stores them: NaNs canonical.
fn bits(values: &[f16]) -> Vec<u16> {
    values.iter().map(|value| if value.is_nan() { 0x7E00 } else { value.to_bits() }).collect()
}

fn from_bits(bits: &[u16]) -> Vec<f16> {
    bits.iter().copied().map(f16::from_bits).collect()
}

fn single_bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

fn singles(bits: &[u32]) -> Vec<f32> {
    bits.iter().copied().map(f32::from_bits).collect()
}

/// Places of OIHW weights in groups of M, in C order over (co, tap, ci / M) along Ci, or over (ci, tap, co / M).
fn group_order(shape: &ConvShape, along_ci: bool) -> Vec<usize> {
    let (outer, inner) = if along_ci { (shape.co, shape.ci) } else { (shape.ci, shape.co) };
    let place = |a: usize, tap: usize, b: usize| {
        let (co, ci) = if along_ci { (a, b) } else { (b, a) };
        (co * shape.ci + ci) * shape.taps() + tap
    };
    (0..outer)
        .flat_map(|a| (0..shape.taps()).flat_map(move |tap| (0..inner).map(move |b| (a, tap, b))))
        .map(|(a, tap, b)| place(a, tap, b))
        .collect()
}

struct Device {
    core: Core,
    shape: ConvShape,
    sparsity: Sparsity,
    groups: u64,
    parameters: u64,
    /// The program, and what the timing model says of it.
    plan: KernelPlan,
}

impl Device {
    /// SORE on values in groups, one group after another.
    fn select(&mut self, values: &[u16]) -> anyhow::Result<Groups> {
        self.groups += (values.len() / self.sparsity.m()) as u64;
        Ok(self.core.prune(values, self.sparsity)?)
    }

    /// OIHW weights pruned along one kind of channel.
    fn prune(&mut self, w: &[f16], along_ci: bool) -> anyhow::Result<Groups> {
        let w = bits(w);
        let order = group_order(&self.shape, along_ci);
        let grouped: Vec<u16> = order.iter().map(|&place| w[place]).collect();
        self.select(&grouped)
    }

    /// Groups as dense values: +0.0 where they were pruned. `order` has the place of each value of each group.
    fn expand(&self, (values, positions): &Groups, order: &[usize]) -> Vec<u16> {
        let (n, m) = (self.sparsity.n(), self.sparsity.m());
        let mut dense = vec![0; order.len()];
        for (slot, (&value, &position)) in values.iter().zip(positions).enumerate() {
            dense[order[slot / n * m + usize::from(position)]] = value;
        }
        dense
    }

    fn weights(&mut self, w: &[f16], operand: WeightOperand) -> anyhow::Result<Weights> {
        if self.sparsity.is_dense() {
            return Ok(Weights::Dense(bits(w)));
        }
        let compact =
            |(values, positions), sparsity| Weights::Compact { values, positions, sparsity };
        Ok(match operand {
            WeightOperand::Dense => Weights::Dense(bits(w)),
            WeightOperand::PrunedCi => compact(self.prune(w, true)?, self.sparsity),
            WeightOperand::PrunedCo => compact(self.prune(w, false)?, self.sparsity),
            WeightOperand::PrunedCiAsDense => {
                let groups = self.prune(w, true)?;
                Weights::Dense(self.expand(&groups, &group_order(&self.shape, true)))
            }
        })
    }

    /// dY (NCHW) pruned along its channels, pixel by pixel.
    fn prune_gradient(&mut self, dy: &[f16]) -> anyhow::Result<Vec<u16>> {
        let (dy, co) = (bits(dy), self.shape.co);
        let pixels = self.shape.out_h() * self.shape.out_w();
        let order: Vec<usize> = (0..self.shape.batch * pixels)
            .flat_map(|at| {
                let (image, pixel) = (at / pixels, at % pixels);
                (0..co).map(move |channel| (image * co + channel) * pixels + pixel)
            })
            .collect();
        let grouped: Vec<u16> = order.iter().map(|&place| dy[place]).collect();
        let groups = self.select(&grouped)?;
        Ok(self.expand(&groups, &order))
    }

    fn stage(&mut self, operands: &Operands) -> anyhow::Result<(KernelResults, Cost)> {
        let stage = MacStage::new(self.shape, operands.stage(), operands.sparsity())?;
        let program = &self.plan.step.program;
        let run = self.core.execute(&stage, program, &MemoryModel::default(), operands)?;
        let counters = HardwareCounters {
            mac_slots: run.mac_slots,
            busy_cycles: run.busy_cycles,
            ..self.counters()
        };
        Ok((KernelResults::Stage(singles(&run.values)), self.cost(counters)))
    }

    fn update(
        &mut self,
        kernel: &Kernel,
        numbers: &SgdStep,
        [w, v, dw]: [&[f32]; 3],
    ) -> anyhow::Result<(KernelResults, Cost)> {
        let (shape, sparsity) = (self.shape, self.sparsity);
        let made = |operand, channels: usize| match operand {
            WeightOperand::PrunedCi | WeightOperand::PrunedCo
                if channels.is_multiple_of(sparsity.m()) =>
            {
                sparsity
            }
            _ => Sparsity::DENSE,
        };
        let method = kernel.method;
        let (ff, bp) = (made(method.ff_weight(), shape.ci), made(method.bp_weight(), shape.co));
        let decays = method.decays_pruned();
        let sgd = satkit_rtl::Sgd {
            learning_rate: numbers.learning_rate,
            momentum: numbers.momentum,
            weight_decay: numbers.weight_decay,
            lambda: decays.then_some(numbers.lambda),
            loss_scale: numbers.loss_scale,
            skip: false,
        };
        // SR-STE's mask comes of FF's selection.
        let made = Made { ff: Some(if decays { sparsity } else { ff }), bp: Some(bp) };
        let [w, v, dw] = [w, v, dw].map(single_bits);
        let memory = MemoryModel::default();
        let program = &self.plan.step.program;
        let run = self.core.update(&shape, [&w, &v, &dw], &sgd, made, program, &memory)?;
        (self.groups, self.parameters) = (self.groups + run.groups, run.parameters);
        let cost = self.cost(self.counters());
        Ok((KernelResults::Updated(singles(&run.w), singles(&run.v)), cost))
    }

    fn counters(&self) -> HardwareCounters {
        let (groups, parameters) = (self.groups, self.parameters);
        HardwareCounters { groups, parameters, ..HardwareCounters::default() }
    }

    fn cost(&self, counters: HardwareCounters) -> Cost {
        let cost = Cost::of(self.core.config(), &self.plan, self.plan.timing.cycles);
        Cost { counters: Some(counters), ..cost }
    }
}
