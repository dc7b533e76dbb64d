//! `satkit export`.

use crate::output;
use satkit_host::checkpoint::Checkpoint;
use std::path::PathBuf;

/// Write the weights of a checkpoint to a NumPy archive
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  satkit export --checkpoint run1 --out weights.npz
  satkit export --checkpoint run1/dense --out dense.npz

The archive holds the float32 master weights by name, such as conv1.weight, bn1.gamma and bn1.running_mean.")]
pub(crate) struct ExportArguments {
    /// Directory that `train --checkpoint` wrote
    #[arg(long, value_name = "DIR")]
    checkpoint: PathBuf,
    /// The archive; it is whole or not there
    #[arg(long, value_name = "F.npz")]
    out: PathBuf,
}

pub(crate) fn run(arguments: &ExportArguments) -> anyhow::Result<()> {
    output::check_writable("--out", &arguments.out)?;
    let checkpoint = Checkpoint::load(&arguments.checkpoint)?;
    checkpoint.export(&arguments.out)?;
    Ok(output::line(format_args!(
        "{}: weights of {} after step {}",
        arguments.out.display(),
        checkpoint.network,
        checkpoint.progress.step
    ))?)
}
