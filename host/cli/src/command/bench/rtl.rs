//! The Verilated core against the simulator, on one program.

use crate::command::kernel::rtl::core;
use crate::output::{self, thousands};
use half::f16;
use satkit_memory::MemoryModel;
use satkit_plan::{DataflowChoice, MacStage, plan_stage};
use satkit_rtl::{Operands, Weights as Held};
use satkit_sim::{Accelerator, Weights, prune};
use satkit_spec::{ArrayConfig, ConvShape, Sparsity, Stage, WeightOperand};
use std::time::Instant;

/// How long one program takes on both.
#[derive(serde::Serialize)]
pub(super) struct RtlSpeed {
    array: String,
    /// Cycles of the program, the same on both.
    cycles: u64,
    rtl_seconds: f64,
    sim_seconds: f64,
    rtl_cycles_per_second: f64,
    sim_cycles_per_second: f64,
    /// Times that the simulator is faster.
    ratio: f64,
}

/// Executes FF of a 3 x 3 layer with 2:8 weights on the Verilated core and on the simulator, with values, and compares them.
pub(super) fn measure(array: &ArrayConfig) -> anyhow::Result<RtlSpeed> {
    let sparsity = Sparsity::TWO_OF_EIGHT;
    // Some ten thousand cycles on every array.
    let batch = array.rows * array.cols / 128;
    let shape = ConvShape::new(batch.max(1), 64, (16, 16), 64, (3, 3), 1, 1)?;
    let values = |len: usize| -> Vec<f16> {
        (0..len).map(|i| f16::from_f32((i % 251) as f32 / 128.0 - 1.0)).collect()
    };
    let (x, w) = (values(shape.x_len()), values(shape.w_len()));

    let machine = Accelerator::new(array.clone(), DataflowChoice::Auto)?;
    let weights = Weights::new(&shape, &w, WeightOperand::PrunedCi, sparsity)?;
    let expected = machine.ff(&shape, &x, &weights)?;
    let mut sim_seconds = f64::INFINITY;
    for _ in 0..5 {
        let start = Instant::now();
        machine.ff(&shape, &x, &weights)?;
        sim_seconds = sim_seconds.min(start.elapsed().as_secs_f64());
    }

    let compact = prune::prune_ci(&w, shape.co, shape.ci, shape.taps(), sparsity)?;
    let bits = |values: &[f16]| -> Vec<u16> { values.iter().map(|v| v.to_bits()).collect() };
    let held = Held::Compact {
        values: bits(compact.values()),
        positions: compact.positions().to_vec(),
        sparsity,
    };
    let operands = Operands::Ff(bits(&x), held);
    let stage = MacStage::new(shape, Stage::Ff, sparsity)?;
    let plan = plan_stage(array, stage, DataflowChoice::Auto)?;
    let mut core = core(array, None)?;
    let start = Instant::now();
    let run = core.execute(&stage, &plan.program, &MemoryModel::default(), &operands)?;
    let rtl_seconds = start.elapsed().as_secs_f64();
    let same = run.values.iter().zip(&expected.values).all(|(rtl, sim)| *rtl == sim.to_bits());
    anyhow::ensure!(same, "the RTL's values differ from the simulator's");
    let cycles = run.cycles;
    Ok(RtlSpeed {
        array: array.name.clone(),
        cycles,
        rtl_seconds,
        sim_seconds,
        rtl_cycles_per_second: cycles as f64 / rtl_seconds,
        sim_cycles_per_second: cycles as f64 / sim_seconds,
        ratio: rtl_seconds / sim_seconds,
    })
}

pub(super) fn table(speeds: &[RtlSpeed]) -> comfy_table::Table {
    let header =
        ["array", "cycles", "RTL, cycles per second", "simulator, cycles per second", "ratio"];
    let mut table = output::table(&header);
    for speed in speeds {
        table.add_row([
            speed.array.clone(),
            thousands(speed.cycles),
            thousands(speed.rtl_cycles_per_second as u64),
            thousands(speed.sim_cycles_per_second as u64),
            format!("{}x", thousands(speed.ratio as u64)),
        ]);
    }
    output::right_align(&mut table);
    table
}
