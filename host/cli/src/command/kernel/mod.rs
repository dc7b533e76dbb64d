//! `satkit kernel`: one operation on NumPy files.

mod archive;
mod arguments;
mod card;
mod operands;
mod results;
#[cfg(feature = "rtl")]
pub(crate) mod rtl;
mod task;

pub(crate) use arguments::KernelArguments;

use crate::arguments::array_for;
use crate::backend::{golden_kernel, same_bits};
use crate::output::{self, json, thousands};
use archive::Archive;
use arguments::Device;
use half::f16;
use results::{Output, OutputValues};
use satkit_host::kernel::{KernelOperands, KernelResults};
use satkit_spec::{Method, Sparsity};
use task::Task;

/// What it cost; the reference has no time.
#[derive(Default, serde::Serialize)]
struct Cost {
    array: Option<String>,
    dataflow: Option<&'static str>,
    cycles: Option<u64>,
    useful_macs: Option<u64>,
    utilization: Option<f64>,
    /// What kind of card did it, if it is no simulator in this process.
    #[serde(skip_serializing_if = "Option::is_none")]
    backend: Option<&'static str>,
    /// What the hardware's own counters say.
    #[serde(skip_serializing_if = "Option::is_none")]
    counters: Option<HardwareCounters>,
}

/// Counters of the Verilated core, which show that it did the work.
#[derive(Default, serde::Serialize)]
struct HardwareCounters {
    /// Cycles in which each USPE multiplied.
    mac_slots: u64,
    /// Cycles in which the array was taken.
    busy_cycles: u64,
    /// Groups that SORE selected.
    groups: u64,
    /// Weights that WUVE updated.
    parameters: u64,
}

#[derive(serde::Serialize)]
struct Report {
    op: &'static str,
    device: &'static str,
    method: Method,
    sparsity: Sparsity,
    #[serde(flatten)]
    cost: Cost,
    /// The results have the bits of the reference; there if that was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    verified: Option<bool>,
}

pub(crate) fn run(arguments: &KernelArguments) -> anyhow::Result<()> {
    arguments::check_options(arguments)?;
    output::check_writable("--out", &arguments.output)?;
    let mut archive = Archive::open(&arguments.input)?;
    let task = task::read(&mut archive, arguments)?;
    let kernel = &task.kernel;
    kernel.check()?;
    let device = arguments.device.name();
    let (computed, cost) = match &arguments.device {
        Device::Golden => (golden_kernel(kernel)?, Cost::default()),
        Device::Card(card) => {
            let config = array_for(arguments.machine.array.as_ref(), kernel.compact())?;
            let dataflow = arguments.machine.dataflow.unwrap_or_default();
            card::compute(kernel, card, &config, dataflow, arguments.transfers)?
        }
        Device::Rtl => on_rtl(&task, arguments)?,
    };
    if arguments.verify {
        same_bits(&format!("device {device}"), &computed, &golden_kernel(kernel)?)?;
    }
    results::write(&arguments.output, &outputs(&task, computed))?;
    let report = Report {
        op: kernel.name(),
        device,
        method: arguments.method,
        sparsity: arguments.sparsity,
        cost,
        verified: arguments.verify.then_some(true),
    };
    if arguments.json { Ok(json(&report)?) } else { Ok(output::line(sentence(&report))?) }
}

#[cfg(feature = "rtl")]
fn on_rtl(task: &Task, arguments: &KernelArguments) -> anyhow::Result<(KernelResults, Cost)> {
    let config = arguments.machine.array.clone().unwrap_or_else(satkit_spec::ArrayConfig::tiny);
    config.check_sparsity(task.kernel.compact())?;
    let dataflow = arguments.machine.dataflow.unwrap_or_default();
    rtl::compute(&task.kernel, &config, dataflow, arguments.waves.as_deref())
}

#[cfg(not(feature = "rtl"))]
fn on_rtl(_: &Task, _: &KernelArguments) -> anyhow::Result<(KernelResults, Cost)> {
    let reason = "this binary was built without the feature `rtl`; accepted: golden, sim, xdma, or a binary built with \
                  `cargo build --release --bin satkit --features rtl`";
    let (option, given) = ("--device", "rtl".into());
    Err(crate::CliError::Option { option, given, reason: reason.into() }.into())
}

fn outputs(task: &Task, computed: KernelResults) -> Vec<Output> {
    let layer = &task.layer;
    let single =
        |name, shape, values| Output { name, shape, values: OutputValues::Singles(values) };
    match computed {
        KernelResults::Pruned(directions) => {
            let names = [("Wff_val", "Wff_idx"), ("Wbp_val", "Wbp_idx")];
            let n = task.kernel.sparsity.n();
            let pair = |((value, index), (values, positions)): ((_, _), (Vec<f16>, Vec<u8>))| {
                let shape = vec![values.len() / n, n];
                let values = OutputValues::Halves(values);
                let positions = OutputValues::Bytes(positions);
                [
                    Output { name: value, shape: shape.clone(), values },
                    Output { name: index, shape, values: positions },
                ]
            };
            names.into_iter().zip(directions).flat_map(pair).collect()
        }
        KernelResults::Stage(values) => {
            let (name, shape) = match &task.kernel.operands {
                KernelOperands::Ff { .. } => ("Y", layer.y_axes()),
                KernelOperands::Bp { .. } => ("dX", layer.x_axes()),
                _ => ("dW", layer.w_axes()),
            };
            vec![single(name, shape, values)]
        }
        KernelResults::Updated(w, v) => {
            vec![single("W1", layer.w_axes(), w), single("V1", layer.w_axes(), v)]
        }
    }
}

fn sentence(report: &Report) -> String {
    let Report { op, device, cost, .. } = report;
    let same = if report.verified.is_some() { ", the bits of the reference" } else { "" };
    let backend = cost.backend.map_or_else(String::new, |kind| format!("backend={kind}, "));
    let (Some(array), Some(cycles)) = (&cost.array, cost.cycles) else {
        return format!("{op} on {device}: done");
    };
    match (cost.dataflow, cost.useful_macs, cost.utilization) {
        (Some(dataflow), Some(macs), Some(utilization)) => format!(
            "{op} on {device} ({backend}{array}, {dataflow}): {} cycles, {} useful MACs, utilization {:.1} %{same}",
            thousands(cycles),
            thousands(macs),
            utilization * 100.0
        ),
        _ => format!("{op} on {device} ({backend}{array}): {} cycles{same}", thousands(cycles)),
    }
}
