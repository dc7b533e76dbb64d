//! `satkit compile`: a training step as a program file.

use super::simulate::{StepArguments, Subject};
use crate::output::{self, thousands};
use satkit_plan::ProgramFile;
use std::io::Write as _;
use std::path::PathBuf;

/// Plan a whole training step and save its instruction program
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  satkit compile --network digits-cnn --batch 32 --out step.sat
  satkit disasm step.sat | less
  satkit simulate --program step.sat")]
pub(crate) struct CompileArguments {
    #[command(flatten)]
    step: StepArguments,
    /// File to write
    #[arg(long, value_name = "FILE.sat")]
    out: PathBuf,
}

pub(crate) fn run(arguments: &CompileArguments) -> anyhow::Result<()> {
    output::check_writable("--out", &arguments.out)?;
    let subject = Subject::new(&arguments.step)?;
    let (work, notes) = subject.work(&subject.settings)?;
    for note in notes {
        output::note(format_args!("note: {note}"));
    }
    let step = subject.compile(&work)?;
    let file =
        ProgramFile { title: step.title, array: subject.array.clone(), program: step.program };
    let mut bytes = Vec::new();
    file.write_to(&mut bytes)?;
    output::write_atomically(&arguments.out, |out| out.write_all(&bytes))?;
    Ok(output::line(format_args!(
        "{}: {} instructions in {} sections, {}",
        arguments.out.display(),
        thousands(file.program.instructions().len() as u64),
        file.program.sections().len(),
        output::bytes(bytes.len() as u64)
    ))?)
}
