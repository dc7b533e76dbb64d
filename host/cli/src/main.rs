//! The command. Everything is in the library, so that tests reach it.

use std::process::ExitCode;

fn main() -> ExitCode {
    satkit::run(std::env::args_os())
}
