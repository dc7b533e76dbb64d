//! The speed of the MAC kernels on the layers of ResNet-18, as a share of the CPU's measured peak.
//!
//! Everything that a step does is timed: copying and packing of both operands, the products, the store. Not timed is
//! pruning, which belongs to the update; it is reported apart.

use crate::{Isa, SimError, Weights, mac::StageOperands, peak::peak_gflops, prune};
use half::f16;
use satkit_spec::{ConvShape, Sparsity, Stage, WeightOperand};
use std::{fmt, time::Instant};

/// One layer shape of the benchmark.
struct Layer {
    name: &'static str,
    /// How often the network has it.
    count: u32,
    side: usize,
    ci: usize,
    co: usize,
    kernel: usize,
    stride: usize,
    /// The first and the last layer stay dense; the first has no BP.
    place: Place,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    First,
    Inner,
    Last,
}

const fn inner(
    name: &'static str,
    count: u32,
    side: usize,
    (ci, co): (usize, usize),
    kernel: usize,
    stride: usize,
) -> Layer {
    Layer { name, count, side, ci, co, kernel, stride, place: Place::Inner }
}

/// ResNet-18 for 64 x 64 images (3 x 3 stem without pooling, 200 classes), each shape once.
const RESNET18: [Layer; 12] = [
    Layer { place: Place::First, ..inner("conv1", 1, 64, (3, 64), 3, 1) },
    inner("layer1.conv", 4, 64, (64, 64), 3, 1),
    inner("layer2.0.conv1", 1, 64, (64, 128), 3, 2),
    inner("layer2.0.down", 1, 64, (64, 128), 1, 2),
    inner("layer2.conv", 3, 32, (128, 128), 3, 1),
    inner("layer3.0.conv1", 1, 32, (128, 256), 3, 2),
    inner("layer3.0.down", 1, 32, (128, 256), 1, 2),
    inner("layer3.conv", 3, 16, (256, 256), 3, 1),
    inner("layer4.0.conv1", 1, 16, (256, 512), 3, 2),
    inner("layer4.0.down", 1, 16, (256, 512), 1, 2),
    inner("layer4.conv", 3, 8, (512, 512), 3, 1),
    Layer { place: Place::Last, ..inner("fc", 1, 1, (512, 200), 1, 1) },
];

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Work {
    /// The stage.
    pub stage: Stage,
    /// N:M of its weights.
    pub sparsity: Sparsity,
}

impl Work {
    /// Dense FF, BP and WU, then 2:8 FF and BP.
    pub const ALL: [Self; 5] = [
        Self { stage: Stage::Ff, sparsity: Sparsity::DENSE },
        Self { stage: Stage::Bp, sparsity: Sparsity::DENSE },
        Self { stage: Stage::Wu, sparsity: Sparsity::DENSE },
        Self { stage: Stage::Ff, sparsity: Sparsity::TWO_OF_EIGHT },
        Self { stage: Stage::Bp, sparsity: Sparsity::TWO_OF_EIGHT },
    ];
}

impl fmt::Display for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.sparsity, self.stage)
    }
}

/// The speed of one stage of one layer shape.
#[derive(Clone, Debug)]
pub struct LayerRate {
    /// Name of the layer.
    pub layer: &'static str,
    /// How often the network has this shape.
    pub count: u32,
    /// What was measured.
    pub work: Work,
    /// Images of one run.
    pub batch: usize,
    /// Useful multiply-accumulates of one run: kept terms only, padding included.
    pub macs: u64,
    /// Best time of a run in seconds.
    pub seconds: f64,
}

impl LayerRate {
    /// Useful GFLOP/s, two operations per multiply-accumulate.
    #[must_use]
    pub fn gflops(&self) -> f64 {
        2e-9 * self.macs as f64 / self.seconds
    }
}

/// The whole measurement.
#[derive(Clone, Debug)]
pub struct Report {
    /// Instruction set of the kernels and of the peak loop.
    pub isa: Isa,
    /// Threads of the pool.
    pub threads: usize,
    /// Peak in GFLOP/s, measured before, during and after; the best counts.
    pub peak_gflops: f64,
    /// Each stage of each shape.
    pub rates: Vec<LayerRate>,
    /// Seconds to prune all weights 2:8 in both directions.
    pub prune_seconds: f64,
}

impl Report {
    /// GFLOP/s of the network's layers together: all their useful operations over all their time, per image.
    #[must_use]
    pub fn total_gflops(&self, work: Work) -> f64 {
        let sums =
            self.rates.iter().filter(|rate| rate.work == work).fold((0.0, 0.0), |sums, rate| {
                let per_image = f64::from(rate.count) / rate.batch as f64;
                (sums.0 + rate.macs as f64 * per_image, sums.1 + rate.seconds * per_image)
            });
        2e-9 * sums.0 / sums.1
    }
}

/// Measures ResNet-18's shapes with the kernels of `isa` on the current pool. A run is a batch of images that takes some
/// 50 ms or more; `quick` makes it a few. Memory is below 1 GB.
///
/// # Errors
/// [`SimError::Operand`] if this CPU does not run `isa`.
pub fn resnet18(isa: Isa, quick: bool) -> Result<Report, SimError> {
    isa.check()?;
    let mut report = Report {
        isa,
        threads: rayon::current_num_threads(),
        peak_gflops: peak_gflops(isa),
        rates: Vec::new(),
        prune_seconds: 0.0,
    };
    for layer in &RESNET18 {
        measure(layer, quick, &mut report)?;
        report.peak_gflops = report.peak_gflops.max(peak_gflops(isa));
    }
    Ok(report)
}

/// Measures one layer shape.
fn measure(layer: &Layer, quick: bool, report: &mut Report) -> Result<(), SimError> {
    let pad = layer.kernel / 2;
    let (side, kernel) = ((layer.side, layer.side), (layer.kernel, layer.kernel));
    let image = ConvShape::new(1, layer.ci, side, layer.co, kernel, layer.stride, pad)?;
    let weights = values(3, image.w_len());
    for work in Work::ALL {
        let pruned = !work.sparsity.is_dense();
        let skipped = match layer.place {
            Place::First => pruned || work.stage == Stage::Bp,
            Place::Inner => false,
            Place::Last => pruned,
        };
        if skipped {
            continue;
        }
        let kept_macs = |shape: &ConvShape| {
            let sparsity = work.sparsity;
            shape.dense_macs(work.stage) / sparsity.m() as u64 * sparsity.n() as u64
        };
        // 5 GMAC take 50 to 100 ms on two fast cores; layers with few products get at most 256 images (or 16,384 rows).
        let target = if quick { 500_000_000 } else { 5_000_000_000 };
        let most = if layer.side == 1 { 16_384 } else { 256 };
        let batch = (target / kept_macs(&image)).clamp(1, most) as usize;
        let shape = image.with_batch(batch)?;
        let operand = match work.stage {
            _ if !pruned => WeightOperand::Dense,
            Stage::Ff => WeightOperand::PrunedCi,
            Stage::Bp | Stage::Wu => WeightOperand::PrunedCo,
        };
        let operand = Weights::new(&shape, &weights, operand, work.sparsity)?;
        let (x, dy) = (values(1, shape.x_len()), values(2, shape.y_len()));
        let mut out = Vec::new();
        let mut best = f64::INFINITY;
        for _ in 0..if quick { 2 } else { 4 } {
            let start = Instant::now();
            let operands = match work.stage {
                Stage::Ff => StageOperands::ff(&shape, &x, &operand)?,
                Stage::Bp => StageOperands::bp(&shape, &dy, &operand)?,
                Stage::Wu => StageOperands::wu(&shape, &x, &dy)?,
            };
            let operands = operands.with_isa(report.isa)?;
            out.resize(operands.out_len(), 0.0);
            operands.run_all(&mut out)?;
            drop(operands);
            best = best.min(start.elapsed().as_secs_f64());
        }
        report.rates.push(LayerRate {
            layer: layer.name,
            count: layer.count,
            work,
            batch,
            macs: kept_macs(&shape),
            seconds: best,
        });
    }
    if layer.place == Place::Inner {
        let start = Instant::now();
        let (co, ci, taps) = (image.co, image.ci, image.taps());
        prune::prune_ci(&weights, co, ci, taps, Sparsity::TWO_OF_EIGHT)?;
        prune::prune_co(&weights, co, ci, taps, Sparsity::TWO_OF_EIGHT)?;
        report.prune_seconds += f64::from(layer.count) * start.elapsed().as_secs_f64();
    }
    Ok(())
}

/// Ordinary FP16 values between -1 and 1.
fn values(seed: u64, len: usize) -> Vec<f16> {
    let mut state = seed;
    let mut next = || {
        // A linear congruential generator; its high bits are random enough for timing.
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..len).map(|_| f16::from_f32(next())).collect()
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} on {} threads; peak {:.1} GFLOP/s (best of 5 runs of {} independent chains per thread)",
            self.isa,
            self.threads,
            self.peak_gflops,
            crate::peak::CHAINS
        )?;
        let heads = Work::ALL.map(|work| format!("{:>17}", work.to_string())).concat();
        writeln!(f, "{:<16}{:>3}{heads}", "GFLOP/s, of peak", "")?;
        let cell =
            |gflops: f64| format!("{gflops:>9.1} {:>5.1} %", 100.0 * gflops / self.peak_gflops);
        for layer in &RESNET18 {
            write!(f, "{:<16}{:>2}x", layer.name, layer.count)?;
            for work in Work::ALL {
                let rate =
                    self.rates.iter().find(|rate| rate.layer == layer.name && rate.work == work);
                match rate {
                    Some(rate) => write!(f, "{}", cell(rate.gflops()))?,
                    None => write!(f, "{:>17}", "-")?,
                }
            }
            writeln!(f)?;
        }
        write!(f, "{:<19}", "all layers")?;
        for work in Work::ALL {
            write!(f, "{}", cell(self.total_gflops(work)))?;
        }
        writeln!(f)?;
        write!(
            f,
            "pruning all weights {} in both directions: {:.1} ms",
            Sparsity::TWO_OF_EIGHT,
            1e3 * self.prune_seconds
        )
    }
}
