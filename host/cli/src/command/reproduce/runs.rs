//! The simulations.

use crate::schedules::ScheduleCache;
use satkit_host::network::Network;
use satkit_host::step::{StepSettings, network_step};
use satkit_memory::MemoryModel;
use satkit_plan::step::{StepReport, compile};
use satkit_plan::{DataflowChoice, NoObserver, Scheduler, time_with};
use satkit_spec::{ArrayConfig, Method, Sparsity};

/// The paper's five networks.
pub(crate) const NETWORKS: [&str; 5] = ["resnet9", "vgg19", "resnet18", "resnet50", "vit"];

/// Images of a step.
pub(crate) fn batch(network: &str) -> usize {
    if network == "resnet50" { 256 } else { 512 }
}

/// The designs are compared at an eighth of the batch: without interleave mapping a tile is so small that a whole step
/// would be tens of millions of instructions.
const ABLATION_SHARE: usize = 8;

/// The full design, or one without a part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Design {
    Full,
    NoInterleave,
    NoPregeneration,
    WeightStationary,
    OutputStationary,
    SingleOutputStationary,
}

impl Design {
    pub(super) const ALL: [Self; 6] = [
        Self::Full,
        Self::NoInterleave,
        Self::NoPregeneration,
        Self::WeightStationary,
        Self::OutputStationary,
        Self::SingleOutputStationary,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Full => "full design",
            Self::NoInterleave => "without interleave mapping",
            Self::NoPregeneration => "without pre-generation",
            Self::WeightStationary => "weight-stationary only",
            Self::OutputStationary => "output-stationary only",
            Self::SingleOutputStationary => "output-stationary only, without interleave mapping",
        }
    }

    const fn dataflow(self) -> DataflowChoice {
        match self {
            Self::WeightStationary => DataflowChoice::Ws,
            Self::OutputStationary | Self::SingleOutputStationary => DataflowChoice::Os,
            _ => DataflowChoice::Auto,
        }
    }

    const fn interleaves(self) -> bool {
        !matches!(self, Self::NoInterleave | Self::SingleOutputStationary)
    }
}

/// One simulated step.
#[derive(Clone, Debug, serde::Serialize)]
pub(super) struct Figures {
    pub(super) total_cycles: u64,
    pub(super) seconds: f64,
    pub(super) dense_macs: u64,
    pub(super) useful_macs: u64,
    /// Of the array, over the whole step, 0 to 1.
    pub(super) utilization: f64,
    /// Of the array, over the cycles of MAC stages, 0 to 1.
    pub(super) mac_stage_utilization: f64,
    pub(super) gflops_dense_equivalent: f64,
    pub(super) dram_bytes: u64,
}

/// A network under one design, dense and 2:8.
#[derive(Clone, Debug, serde::Serialize)]
pub(super) struct Pair {
    pub(super) network: &'static str,
    pub(super) batch: usize,
    pub(super) design: Design,
    pub(super) dense: Figures,
    pub(super) sparse: Figures,
    /// Dense cycles over 2:8 cycles, both of this design.
    pub(super) speedup: f64,
}

/// All simulations.
#[derive(Clone, Debug, serde::Serialize)]
pub(super) struct Runs {
    pub(super) array: String,
    pub(super) dram: String,
    /// The full design at the full batch.
    pub(super) pairs: Vec<Pair>,
    /// Every design at a smaller batch; empty without ablations.
    pub(super) ablations: Vec<Pair>,
    /// Mean speed-up of the full design.
    pub(super) average_speedup: f64,
    /// Mean over the networks of the dense runs' utilisation in MAC stages, 0 to 1.
    pub(super) average_dense_utilization: f64,
    pub(super) paper_speedup: f64,
}

impl Runs {
    /// Simulates every network under the full design and, with `ablations`, under every design; `progress` is told of each
    /// and may stop.
    pub(super) fn simulate(
        networks: &[&str],
        ablations: bool,
        memory: &MemoryModel,
        use_cache: bool,
        progress: impl Fn(String) -> anyhow::Result<()>,
    ) -> anyhow::Result<Self> {
        let array = ArrayConfig::vcu1525();
        let all = |designs: &[Design], share: usize| -> anyhow::Result<Vec<Pair>> {
            let mut pairs = Vec::new();
            for &design in designs {
                for network in NETWORKS.into_iter().filter(|name| networks.contains(name)) {
                    let batch = batch(network) / share;
                    let pair = pair(network, batch, design, &array, memory, use_cache)?;
                    progress(format!(
                        "{network}, batch {batch}, {}: dense {:.1}, 2:8 {:.1} million cycles, {:.3}x",
                        design.name(),
                        pair.dense.total_cycles as f64 / 1e6,
                        pair.sparse.total_cycles as f64 / 1e6,
                        pair.speedup
                    ))?;
                    pairs.push(pair);
                }
            }
            Ok(pairs)
        };
        let pairs = all(&[Design::Full], 1)?;
        let ablations = if ablations { all(&Design::ALL, ABLATION_SHARE)? } else { Vec::new() };
        let mean = |value: &dyn Fn(&Pair) -> f64| {
            pairs.iter().map(value).sum::<f64>() / pairs.len().max(1) as f64
        };
        let average_speedup = mean(&|pair| pair.speedup);
        let average_dense_utilization = mean(&|pair| pair.dense.mac_stage_utilization);
        Ok(Self {
            array: array.name,
            dram: memory.to_string(),
            pairs,
            ablations,
            average_speedup,
            average_dense_utilization,
            paper_speedup: super::claims::PAPER_SPEEDUP,
        })
    }

    /// The ablation of a network under a design.
    pub(super) fn ablation(&self, network: &str, design: Design) -> Option<&Pair> {
        self.ablations.iter().find(|pair| pair.network == network && pair.design == design)
    }
}

fn pair(
    network: &'static str,
    batch: usize,
    design: Design,
    array: &ArrayConfig,
    memory: &MemoryModel,
    use_cache: bool,
) -> anyhow::Result<Pair> {
    let mut scheduler = Scheduler::new(array, design.dataflow())?;
    let mut restriction = design.dataflow().to_string();
    if !design.interleaves() {
        scheduler = scheduler.without_interleave();
        restriction.push_str("-single");
    }
    let cache = ScheduleCache::recall(&scheduler, &restriction, use_cache);
    let graph = Network::named(network)?;
    let figures = |method, sparsity| -> anyhow::Result<Figures> {
        let pregenerate = design != Design::NoPregeneration;
        let settings = StepSettings { pregenerate, ..StepSettings::new(batch, method, sparsity) };
        let step = compile(&network_step(&graph, &settings)?.work, &scheduler, &|_| {})?;
        let timing = time_with(array, &step.program, memory, &mut NoObserver)?;
        let report = StepReport::new(array, &step, &timing);
        Ok(Figures {
            total_cycles: report.total_cycles,
            seconds: report.seconds,
            dense_macs: report.dense_macs,
            useful_macs: report.useful_macs,
            utilization: report.utilization,
            mac_stage_utilization: report.mac_stage_utilization(array),
            gflops_dense_equivalent: report.gflops_dense_equivalent,
            dram_bytes: report.dram_bytes,
        })
    };
    // The two share their weight gradients' mappings, so the search runs once for both.
    let dense = figures(Method::Dense, Sparsity::DENSE)?;
    let sparse = figures(Method::Bdwp, Sparsity::TWO_OF_EIGHT)?;
    cache.keep(&scheduler);
    let speedup = dense.total_cycles as f64 / sparse.total_cycles.max(1) as f64;
    Ok(Pair { network, batch, design, dense, sparse, speedup })
}
