//! How fast steps are simulated, timing only and with values.

use crate::command::reproduce::{NETWORKS, paper_batch};
use crate::output::{self, thousands};
use half::f16;
use satkit_host::network::{MacKind, Network};
use satkit_host::step::{StepSettings, network_step};
use satkit_memory::MemoryModel;
use satkit_plan::step::{StepReport, compile};
use satkit_plan::{DataflowChoice, NoObserver, Scheduler, time_with};
use satkit_sim::{Accelerator, Weights};
use satkit_spec::{ArrayConfig, ConvShape, Method, Sparsity, Stage, WeightOperand};
use std::time::Instant;

/// One network's step, dense and 2:8, with the memory model of `simulate`.
#[derive(serde::Serialize)]
pub(super) struct StepSpeed {
    network: &'static str,
    batch: usize,
    dense_cycles: u64,
    sparse_cycles: u64,
    speedup: f64,
    dense_mac_stage_utilization: f64,
    /// Wall time to plan and time the 2:8 step, all mappings searched.
    search_seconds: f64,
    /// Wall time with all mappings known.
    cached_seconds: f64,
}

/// Simulates the paper's networks.
pub(super) fn steps() -> anyhow::Result<Vec<StepSpeed>> {
    let array = ArrayConfig::vcu1525();
    let memory = MemoryModel::default();
    NETWORKS
        .into_iter()
        .map(|name| {
            let (network, batch) = (Network::named(name)?, paper_batch(name));
            let scheduler = Scheduler::new(&array, DataflowChoice::Auto)?;
            let step = |method, sparsity| -> anyhow::Result<(StepReport, f64)> {
                let start = Instant::now();
                let settings = StepSettings::new(batch, method, sparsity);
                let step = compile(&network_step(&network, &settings)?.work, &scheduler, &|_| {})?;
                let timing = time_with(&array, &step.program, &memory, &mut NoObserver)?;
                let seconds = start.elapsed().as_secs_f64();
                Ok((StepReport::new(&array, &step, &timing), seconds))
            };
            let (sparse, search_seconds) = step(Method::Bdwp, Sparsity::TWO_OF_EIGHT)?;
            let (_, cached_seconds) = step(Method::Bdwp, Sparsity::TWO_OF_EIGHT)?;
            let (dense, _) = step(Method::Dense, Sparsity::DENSE)?;
            Ok(StepSpeed {
                network: name,
                batch,
                dense_cycles: dense.total_cycles,
                sparse_cycles: sparse.total_cycles,
                speedup: dense.total_cycles as f64 / sparse.total_cycles.max(1) as f64,
                dense_mac_stage_utilization: dense.mac_stage_utilization(&array),
                search_seconds,
                cached_seconds,
            })
        })
        .collect()
}

/// Mean speed-up over the networks.
pub(super) fn average_speedup(steps: &[StepSpeed]) -> f64 {
    steps.iter().map(|step| step.speedup).sum::<f64>() / steps.len().max(1) as f64
}

pub(super) fn step_table(steps: &[StepSpeed]) -> comfy_table::Table {
    let header = [
        "network",
        "batch",
        "dense, cycles",
        "2:8, cycles",
        "speed-up",
        "dense, MAC stages",
        "simulated in, searching",
        "mappings known",
    ];
    let mut table = output::table(&header);
    for step in steps {
        table.add_row([
            step.network.to_owned(),
            step.batch.to_string(),
            thousands(step.dense_cycles),
            thousands(step.sparse_cycles),
            format!("{:.3}x", step.speedup),
            format!("{:.1} %", 100.0 * step.dense_mac_stage_utilization),
            format!("{:.2} s", step.search_seconds),
            format!("{:.2} s", step.cached_seconds),
        ]);
    }
    output::right_align(&mut table);
    table
}

/// Speed of executing programs with values.
#[derive(serde::Serialize)]
pub(super) struct ValueSpeed {
    /// Layers and sparsity.
    work: String,
    /// Simulated cycles of all programs.
    cycles: u64,
    /// Wall time, best of a few runs each.
    seconds: f64,
    pub(super) cycles_per_second: f64,
}

/// Executes the programs of all MAC stages of a network's layers with values, on about `macs` multiply-accumulates each.
pub(super) fn values(name: &str, sparsity: Sparsity, macs: u64) -> anyhow::Result<ValueSpeed> {
    let machine = Accelerator::new(ArrayConfig::vcu1525(), DataflowChoice::Auto)?;
    let (mut cycles, mut seconds) = (0, 0.0);
    let mut seen: Vec<(ConvShape, bool)> = Vec::new();
    for (index, row) in Network::named(name)?.mac_rows().into_iter().enumerate() {
        let (MacKind::Conv(image) | MacKind::Linear(image)) = row.kind else { continue };
        if seen.contains(&(image, row.prunable)) {
            continue;
        }
        seen.push((image, row.prunable));
        let batch = (macs / image.dense_macs(Stage::Ff).max(1)).clamp(1, 256) as usize;
        let shape = image.with_batch(batch * image.batch)?;
        let sparsity = if row.prunable { sparsity } else { Sparsity::DENSE };
        for stage in Stage::ALL {
            // The first layer has no BP.
            if index == 0 && stage == Stage::Bp {
                continue;
            }
            let (stage_cycles, stage_seconds) = stage_speed(&machine, &shape, stage, sparsity)?;
            cycles += stage_cycles;
            seconds += stage_seconds;
        }
    }
    let cycles_per_second = cycles as f64 / seconds.max(f64::MIN_POSITIVE);
    Ok(ValueSpeed { work: format!("{name} {sparsity}"), cycles, seconds, cycles_per_second })
}

fn stage_speed(
    machine: &Accelerator,
    shape: &ConvShape,
    stage: Stage,
    sparsity: Sparsity,
) -> anyhow::Result<(u64, f64)> {
    let (x, dy) = (ones(shape.x_len()), ones(shape.y_len()));
    let operand = match stage {
        _ if sparsity.is_dense() => WeightOperand::Dense,
        Stage::Ff => WeightOperand::PrunedCi,
        Stage::Bp | Stage::Wu => WeightOperand::PrunedCo,
    };
    let weights = Weights::new(shape, &ones(shape.w_len()), operand, sparsity)?;
    let run = || match stage {
        Stage::Ff => machine.ff(shape, &x, &weights),
        Stage::Bp => machine.bp(shape, &dy, &weights),
        Stage::Wu => machine.wu(shape, &x, &dy),
    };
    // The first run plans.
    let cycles = run()?.report.cycles;
    let mut best = f64::INFINITY;
    for _ in 0..2 {
        let start = Instant::now();
        run()?;
        best = best.min(start.elapsed().as_secs_f64());
    }
    Ok((cycles, best))
}

/// Ordinary values: their kind does not change the time.
fn ones(len: usize) -> Vec<f16> {
    (0..len).map(|i| f16::from_f32((i % 251) as f32 / 128.0 - 1.0)).collect()
}

pub(super) fn value_table(speeds: &[ValueSpeed], peak_gflops: f64) -> comfy_table::Table {
    let header =
        ["layers", "simulated cycles", "wall time", "cycles per second", "of the FMA limit"];
    let mut table = output::table(&header);
    // A dense cycle of 32 x 32 USPEs is 2,048 operations.
    let limit = peak_gflops * 1e9 / (2.0 * ArrayConfig::vcu1525().peak_macs_per_cycle() as f64);
    for speed in speeds {
        table.add_row([
            speed.work.clone(),
            thousands(speed.cycles),
            format!("{:.2} s", speed.seconds),
            thousands(speed.cycles_per_second as u64),
            format!("{:.1} %", 100.0 * speed.cycles_per_second / limit),
        ]);
    }
    output::right_align(&mut table);
    table
}
