//! The `satkit` command: arguments in, tables, JSON, CSV and plots out.
//!
//! Thin on purpose. Networks, data and the training loop are in satkit-host, values and cycles in satkit-sim, the
//! reference in satkit-golden. Here is what joins them: the adapters that make a simulator and a
//! reference out of those crates for the training loop ([`backend`]), and one module per command.
//!
//! Standard output holds results alone; progress, notes and errors go to standard error. Exit codes: 0 done,
//! 1 failed, 2 bad input, 130 interrupted.

mod arguments;
pub mod backend;
mod card;
mod command;
mod error;
mod interrupt;
mod output;
#[cfg(feature = "rtl")]
mod rtl;
mod schedules;
mod trace;

pub use error::CliError;

use clap::Parser as _;
use std::ffi::OsString;
use std::process::ExitCode;

/// Runs the command with `arguments`, the first of which is the program's name.
///
/// Returns what the process should exit with. It never panics on what it is given; whatever goes wrong is written to
/// standard error in words.
pub fn run<I, T>(arguments: I) -> ExitCode
where
    I: IntoIterator<Item = T>,
    T: Into<OsString> + Clone,
{
    let cli = match arguments::Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version go to standard output and are no failure. A closed pipe is no reason to complain.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(error::BAD_INPUT));
        }
    };
    match command::run(cli.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => ExitCode::from(error::report(&error)),
    }
}
