//! `satkit disasm` and `satkit assemble`: programs as listings and back.

use crate::{CliError, output};
use satkit_plan::{ProgramFile, assemble, disassemble};
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Print a program file as a listing that can be read, edited and assembled again
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  satkit disasm step.sat | less
  satkit disasm step.sat --section conv2
  satkit disasm step.sat > step.lst && satkit assemble step.lst --out same.sat")]
pub(crate) struct DisasmArguments {
    /// Program file of `satkit compile`
    #[arg(value_name = "FILE.sat")]
    file: PathBuf,
    /// Only sections of this name
    #[arg(long, value_name = "NAME")]
    section: Option<String>,
}

/// Make a program file of a listing
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  satkit assemble step.lst --out step.sat")]
pub(crate) struct AssembleArguments {
    /// Listing, such as `satkit disasm` prints
    #[arg(value_name = "FILE.lst")]
    file: PathBuf,
    /// File to write
    #[arg(long, value_name = "FILE.sat")]
    out: PathBuf,
}

/// Reads a program file.
///
/// # Errors
/// [`CliError::Input`] naming the file and what is wrong with it.
pub(crate) fn read_program(path: &Path) -> Result<ProgramFile, CliError> {
    let refuse = |reason: String| CliError::Input { path: path.into(), reason };
    let file = std::fs::File::open(path).map_err(|error| refuse(error.to_string()))?;
    let mut reader = std::io::BufReader::new(file);
    ProgramFile::read_from(&mut reader).map_err(|error| refuse(error.to_string()))
}

pub(crate) fn disasm(arguments: &DisasmArguments) -> anyhow::Result<()> {
    let file = read_program(&arguments.file)?;
    let Some(name) = &arguments.section else {
        return Ok(output::lines(disassemble(&file))?);
    };
    let sections = file.program.sections().iter().filter(|section| section.name == *name);
    let ranges: Vec<_> = sections.map(|s| (s.work, s.first..s.first + s.count)).collect();
    if ranges.is_empty() {
        let mut names: Vec<&str> = Vec::new();
        for section in file.program.sections() {
            if !names.contains(&&section.name[..]) {
                names.push(&section.name);
            }
        }
        let (option, given) = ("--section", name.clone());
        let reason = format!("the program has no such section; accepted: {}", names.join(", "));
        return Err(CliError::Option { option, given, reason }.into());
    }
    let instructions = file.program.instructions();
    Ok(output::lines(ranges.into_iter().flat_map(|(work, range)| {
        let head = format!("; section {name} {} {}..{}", work.token(), range.start, range.end);
        let body = range.map(|index| format!("{index:5}: {}", instructions[index]));
        std::iter::once(head).chain(body)
    }))?)
}

pub(crate) fn run_assemble(arguments: &AssembleArguments) -> anyhow::Result<()> {
    output::check_writable("--out", &arguments.out)?;
    let refuse = |reason: String| CliError::Input { path: arguments.file.clone(), reason };
    let text = std::fs::read_to_string(&arguments.file).map_err(|e| refuse(e.to_string()))?;
    let file = assemble(&text).map_err(|error| refuse(error.to_string()))?;
    let mut bytes = Vec::new();
    file.write_to(&mut bytes).map_err(|error| refuse(error.to_string()))?;
    output::write_atomically(&arguments.out, |out| out.write_all(&bytes))?;
    Ok(output::line(format_args!(
        "{}: {} instructions",
        arguments.out.display(),
        file.program.instructions().len()
    ))?)
}
