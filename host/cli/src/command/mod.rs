//! The commands, one module each.

pub(crate) mod bench;
#[cfg(target_os = "linux")]
pub(crate) mod card;
pub(crate) mod compile;
pub(crate) mod completions;
pub(crate) mod doctor;
pub(crate) mod eval;
pub(crate) mod export;
pub(crate) mod kernel;
pub(crate) mod list;
pub(crate) mod listing;
pub(crate) mod reproduce;
pub(crate) mod simulate;
pub(crate) mod synth_check;
pub(crate) mod train;
pub(crate) mod verilog;
#[cfg(target_os = "linux")]
pub(crate) mod virtual_card;

use crate::arguments::Command;
use satkit_sim::Isa;

/// Runs a command.
pub(crate) fn run(command: Command) -> anyhow::Result<()> {
    // A wrong name in the environment is an error here instead of being ignored later.
    Isa::from_environment()?;
    match command {
        Command::Train(arguments) => train::run(&arguments),
        Command::Eval(arguments) => eval::run(&arguments),
        Command::Export(arguments) => export::run(&arguments),
        Command::Kernel(arguments) => kernel::run(&arguments),
        Command::Simulate(arguments) => simulate::run(&arguments),
        Command::Reproduce(arguments) => reproduce::run(&arguments),
        Command::Compile(arguments) => compile::run(&arguments),
        Command::Disasm(arguments) => listing::disasm(&arguments),
        Command::Assemble(arguments) => listing::run_assemble(&arguments),
        Command::Verilog(arguments) => verilog::run(&arguments),
        Command::SynthCheck(arguments) => synth_check::run(&arguments),
        #[cfg(target_os = "linux")]
        Command::Card(arguments) => card::run(&arguments),
        #[cfg(target_os = "linux")]
        Command::VirtualCard(arguments) => virtual_card::run(&arguments),
        Command::List(arguments) => list::run(&arguments),
        Command::Doctor(arguments) => doctor::run(&arguments),
        Command::Bench(arguments) => bench::run(&arguments),
        Command::Completions(arguments) => completions::run(&arguments),
    }
}

/// Runs `work` on a pool of `threads` threads, or on the machine's own number of them. The number never changes a bit.
pub(crate) fn on_threads<T: Send>(
    threads: Option<usize>,
    work: impl FnOnce() -> anyhow::Result<T> + Send,
) -> anyhow::Result<T> {
    let Some(threads) = threads else { return work() };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
    pool.install(work)
}
