//! The command line, as clap reads it.

mod hardware;
pub(crate) mod number;

pub(crate) use hardware::{DeviceArguments, TransferArguments, array, array_for};

use crate::command::{
    bench::BenchArguments,
    compile::CompileArguments,
    completions::CompletionsArguments,
    doctor::DoctorArguments,
    eval::EvalArguments,
    export::ExportArguments,
    kernel::KernelArguments,
    list::ListArguments,
    listing::{AssembleArguments, DisasmArguments},
    reproduce::ReproduceArguments,
    simulate::SimulateArguments,
    synth_check::SynthCheckArguments,
    train::TrainArguments,
    verilog::VerilogArguments,
};
#[cfg(target_os = "linux")]
use crate::command::{card::CardArguments, virtual_card::VirtualCardArguments};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use satkit_spec::Method;

/// Train neural networks with N:M sparse weights on a simulated SAT accelerator, values and cycles exact.
#[derive(clap::Parser, Debug)]
#[command(name = "satkit", version, max_term_width = 110, arg_required_else_help = true)]
#[command(after_help = "\
Examples:
  satkit train                          train the default network, 2:8 next to dense
  satkit train --network resnet9 --data cifar10:DIR --epochs 30 --checkpoint run1
  satkit kernel ff --in operands.npz --out result.npz --sparsity 2:8 --pad 1
  satkit simulate --network resnet50 --compare dense
  satkit verilog --array tiny --out rtl
  satkit list networks

Exit codes: 0 done, 1 failed, 2 bad input, 130 interrupted.")]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What can be done.
#[derive(clap::Subcommand, Debug)]
pub(crate) enum Command {
    Train(Box<TrainArguments>),
    Eval(EvalArguments),
    Export(ExportArguments),
    Kernel(Box<KernelArguments>),
    Simulate(Box<SimulateArguments>),
    Reproduce(ReproduceArguments),
    Compile(Box<CompileArguments>),
    Disasm(DisasmArguments),
    Assemble(AssembleArguments),
    Verilog(VerilogArguments),
    SynthCheck(SynthCheckArguments),
    #[cfg(target_os = "linux")]
    Card(CardArguments),
    #[cfg(target_os = "linux")]
    VirtualCard(VirtualCardArguments),
    List(ListArguments),
    Doctor(DoctorArguments),
    Bench(BenchArguments),
    Completions(CompletionsArguments),
}

/// Parses a method, listing all of them.
pub(crate) fn method() -> impl TypedValueParser<Value = Method> {
    PossibleValuesParser::new(Method::ALL.map(Method::name)).try_map(|name| name.parse::<Method>())
}
