//! `satkit completions`.

use crate::CliError;
use crate::arguments::Cli;
use clap::CommandFactory as _;
use std::io::Write as _;

/// Print a completion script for a shell
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  satkit completions bash > ~/.local/share/bash-completion/completions/satkit
  satkit completions zsh > ~/.zfunc/_satkit")]
pub(crate) struct CompletionsArguments {
    /// The shell
    shell: clap_complete::Shell,
}

pub(crate) fn run(arguments: &CompletionsArguments) -> anyhow::Result<()> {
    // clap_complete panics if its writer fails, so the script is made in memory.
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Cli::command(), "satkit", &mut script);
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(&script).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => {
            Err(CliError::ClosedPipe.into())
        }
        result => Ok(result?),
    }
}
