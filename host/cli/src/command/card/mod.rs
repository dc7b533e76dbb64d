//! `satkit card`: the FPGA card.

mod facts;
mod program;
mod tool;

/// The VCU1525: what it is built from, and its bitstream
#[derive(clap::Args, Debug)]
pub(crate) struct CardArguments {
    #[command(subcommand)]
    command: CardCommand,
}

/// What can be done.
#[derive(clap::Subcommand, Debug)]
enum CardCommand {
    Program(program::ProgramArguments),
    Facts(facts::FactsArguments),
}

pub(crate) fn run(arguments: &CardArguments) -> anyhow::Result<()> {
    match &arguments.command {
        CardCommand::Program(arguments) => program::run(arguments),
        CardCommand::Facts(arguments) => facts::run(arguments),
    }
}
