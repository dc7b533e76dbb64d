//! The totals of a step, for people and for machines.

use super::subject::Subject;
use crate::output::{self, duration, thousands};
use satkit_host::step::StepSettings;
use satkit_memory::MemoryModel;
use satkit_plan::Work;
use satkit_plan::step::{HostWork, StepReport, StepRow};
use satkit_spec::Method;

/// Effective bandwidth of PCIe Gen3 x16 that host transfers are estimated with. Assumed: 12 of 15.75 GB/s.
const PCIE_BYTES_PER_SECOND: f64 = 12e9;

/// Totals of one step.
#[derive(Clone, Debug, serde::Serialize)]
pub(crate) struct Figures {
    pub(crate) total_cycles: u64,
    pub(crate) seconds: f64,
    pub(crate) dense_macs: u64,
    pub(crate) useful_macs: u64,
    pub(crate) utilization: f64,
    pub(crate) gflops_dense_equivalent: f64,
    pub(crate) dram_bytes: u64,
    /// Cycles by what they are for; they add up to the total.
    pub(crate) cycles_ff: u64,
    pub(crate) cycles_bp: u64,
    pub(crate) cycles_wu: u64,
    pub(crate) cycles_update: u64,
    pub(crate) cycles_elementwise: u64,
    pub(crate) instructions: usize,
    pub(crate) card_bytes: u64,
}

impl Figures {
    pub(crate) fn of(report: &StepReport) -> Self {
        let cycles = |work: Work| {
            let rows = report.layers.iter().filter(|row| row.stage == work.name());
            rows.map(|row| row.cycles).sum()
        };
        Self {
            total_cycles: report.total_cycles,
            seconds: report.seconds,
            dense_macs: report.dense_macs,
            useful_macs: report.useful_macs,
            utilization: report.utilization,
            gflops_dense_equivalent: report.gflops_dense_equivalent,
            dram_bytes: report.dram_bytes,
            cycles_ff: cycles(Work::Ff),
            cycles_bp: cycles(Work::Bp),
            cycles_wu: cycles(Work::Wu),
            cycles_update: cycles(Work::Update),
            cycles_elementwise: cycles(Work::Elementwise),
            instructions: report.instructions,
            card_bytes: report.card_bytes,
        }
    }
}

/// Everything that is said at the end.
pub(super) struct Summary<'a> {
    pub(super) subject: &'a Subject,
    pub(super) memory: &'a MemoryModel,
    pub(super) host: &'a [HostWork],
    pub(super) figures: Figures,
    pub(super) dense: Option<Figures>,
    pub(super) report: &'a StepReport,
}

/// The object that `--json` prints.
#[derive(serde::Serialize)]
pub(super) struct Json<'a> {
    network: &'a str,
    batch: usize,
    method: &'static str,
    sparsity: String,
    array: &'a str,
    clock_hz: u64,
    dram: String,
    #[serde(flatten)]
    figures: &'a Figures,
    #[serde(skip_serializing_if = "Option::is_none")]
    speedup: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dense: Option<&'a Figures>,
    /// Work of the host, beside the machine: not in the cycles.
    host: &'a [HostWork],
    layers: &'a [StepRow],
}

impl Summary<'_> {
    fn speedup(&self) -> Option<f64> {
        let dense = self.dense.as_ref()?.total_cycles as f64;
        Some(dense / self.figures.total_cycles.max(1) as f64)
    }

    pub(super) fn json(&self) -> Json<'_> {
        let StepSettings { batch, method, sparsity, .. } = self.subject.settings;
        Json {
            network: self.subject.name(),
            batch,
            method: method.name(),
            sparsity: sparsity.to_string(),
            array: &self.subject.array.name,
            clock_hz: self.subject.array.clock_hz,
            dram: self.memory.to_string(),
            figures: &self.figures,
            speedup: self.speedup(),
            dense: self.dense.as_ref(),
            host: self.host,
            layers: &self.report.layers,
        }
    }

    /// The summary table and what else is to be said.
    pub(super) fn table(&self) -> String {
        let StepSettings { method, sparsity, .. } = self.subject.settings;
        let own = match method {
            Method::Dense => "dense".to_owned(),
            _ => format!("{method} {sparsity}"),
        };
        let mut columns = vec![(own, &self.figures)];
        columns.extend(self.dense.as_ref().map(|dense| ("dense".to_owned(), dense)));
        let mut header = vec!["one step"];
        header.extend(columns.iter().map(|(name, _)| name.as_str()));
        let mut table = output::table(&header);
        let mut row = |name: &str, cell: &dyn Fn(&Figures) -> String| {
            let cells = columns.iter().map(|(_, figures)| cell(figures));
            table.add_row(std::iter::once(name.to_owned()).chain(cells));
        };
        row("cycles", &|figures| thousands(figures.total_cycles));
        row("  FF", &|figures| thousands(figures.cycles_ff));
        row("  BP", &|figures| thousands(figures.cycles_bp));
        row("  WU", &|figures| thousands(figures.cycles_wu));
        row("  update", &|figures| thousands(figures.cycles_update));
        row("  elementwise", &|figures| thousands(figures.cycles_elementwise));
        row("time", &|figures| duration(figures.seconds));
        row("utilization", &|figures| format!("{:.1} %", 100.0 * figures.utilization));
        row("GFLOP/s, dense equivalent", &|figures| {
            format!("{:.1}", figures.gflops_dense_equivalent)
        });
        row("DRAM traffic", &|figures| output::bytes(figures.dram_bytes));
        output::right_align(&mut table);
        let array = &self.subject.array;
        let macs = self.report.mac_stage_utilization(array);
        let mut text = format!(
            "\n{table}\n{} at {} MHz, memory {}: {} instructions, {} of card memory\nin MAC stages the array does {:.1} % of \
             its peak",
            array.name,
            array.clock_hz as f64 / 1e6,
            self.memory,
            thousands(self.figures.instructions as u64),
            output::bytes(self.figures.card_bytes),
            100.0 * macs,
        );
        if let Some(speedup) = self.speedup() {
            text.push_str(&format!("\nspeed-up over dense: {speedup:.2}x"));
        }
        for host in self.host {
            let bytes = (host.upload_bytes + host.download_bytes) as f64;
            text.push_str(&format!(
                "\nhost, beside the machine: {}: {} up, {} down, about {} over PCIe",
                host.name,
                output::bytes(host.upload_bytes),
                output::bytes(host.download_bytes),
                duration(bytes / PCIE_BYTES_PER_SECOND)
            ));
        }
        text
    }
}
