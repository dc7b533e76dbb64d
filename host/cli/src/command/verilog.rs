//! `satkit verilog`: the hardware as files.

use crate::CliError;
use crate::arguments::array;
use crate::output::{self, thousands};
use satkit_hdl::HdlError;
use satkit_hdl::emit::Design;
use satkit_spec::ArrayConfig;
use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

/// Write the hardware's Verilog: one file per module, and a list of them
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  satkit verilog --array tiny --out rtl
  satkit verilog --array vcu1525 --top satkit --out rtl --json
  satkit verilog --array small --top stce --out rtl && cd rtl && verilator --lint-only -Wall -f stce.f

Files of an earlier run in DIR are replaced, each at once; other files stay. The same array gives the same bytes everywhere.")]
pub(crate) struct VerilogArguments {
    /// Array configuration, as in `satkit simulate`
    #[arg(long, value_name = "NAME|RxC", value_parser = array)]
    array: ArrayConfig,
    /// Folder to write to; it is made if only it is missing
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// The module to write, with all below it: the accelerator, its compute core, or the core's array alone
    #[arg(long, value_enum, default_value_t)]
    top: Top,
    /// Print a JSON object instead of a table
    #[arg(long)]
    json: bool,
}

/// A module that stands by itself.
#[derive(clap::ValueEnum, Clone, Copy, Debug, Default)]
pub(crate) enum Top {
    /// The accelerator: AXI4-Lite registers, sequencer, AXI4 masters
    Satkit,
    /// The compute core: banks, array and drain, update
    #[default]
    Core,
    /// The systolic array
    Stce,
}

impl Top {
    /// Modules that are counted by themselves when its size is estimated, and what they are.
    pub(crate) const fn blocks(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Satkit => satkit_hdl::accelerator::BLOCKS,
            Self::Core | Self::Stce => satkit_hdl::core::BLOCKS,
        }
    }

    /// The Verilog of this module for an array.
    pub(crate) fn design(self, config: &ArrayConfig) -> Result<Design, HdlError> {
        match self {
            Self::Satkit => satkit_hdl::accelerator::design(config),
            Self::Core => satkit_hdl::core::design(config),
            Self::Stce => satkit_hdl::array::stce(config),
        }
    }
}

/// One file.
#[derive(serde::Serialize)]
struct Module {
    name: String,
    file: String,
    lines: usize,
}

/// What was written.
#[derive(serde::Serialize)]
struct Written {
    array: String,
    top: String,
    directory: PathBuf,
    /// Names the files, those that are instantiated before those that instantiate them.
    list: String,
    lines: usize,
    modules: Vec<Module>,
}

pub(crate) fn run(arguments: &VerilogArguments) -> anyhow::Result<()> {
    let spinner = output::spinner("verilog");
    spinner.set_message(format!("making the Verilog of {}", arguments.array.name));
    spinner.enable_steady_tick(std::time::Duration::from_millis(100));
    let design = arguments.top.design(&arguments.array)?;
    check_directory(&arguments.out)?;
    spinner.set_message(format!("writing {} files", design.modules().len() + 1));
    let failed = |source| CliError::Write { path: arguments.out.clone(), source };
    write(&design, &arguments.out).map_err(failed)?;
    spinner.finish_and_clear();
    let modules: Vec<Module> = design
        .modules()
        .iter()
        .map(|module| Module {
            name: module.name.clone(),
            file: format!("{}.v", module.name),
            lines: module.text.lines().count(),
        })
        .collect();
    let written = Written {
        array: arguments.array.name.clone(),
        top: design.top().into(),
        directory: arguments.out.clone(),
        list: format!("{}.f", design.top()),
        lines: modules.iter().map(|module| module.lines).sum(),
        modules,
    };
    if arguments.json {
        return Ok(output::json(&written)?);
    }
    let mut table = output::table(&["top", "array", "modules", "lines", "files", "list"]);
    let list = arguments.out.join(&written.list).display().to_string();
    table.add_row([
        written.top,
        written.array,
        written.modules.len().to_string(),
        thousands(written.lines as u64),
        (written.modules.len() + 1).to_string(),
        list,
    ]);
    Ok(output::line(table)?)
}

/// Refuses what cannot become the folder, before anything is written.
fn check_directory(out: &Path) -> Result<(), CliError> {
    let refuse = |reason: &str| {
        let (option, given) = ("--out", out.display().to_string());
        Err(CliError::Option { option, given, reason: reason.into() })
    };
    if out.is_dir() {
        return Ok(());
    }
    if out.exists() {
        return refuse("it is a file; accepted: a folder, or the name of a new one");
    }
    if !output::directory_of(out).is_dir() {
        return refuse(
            "the folder around it does not exist; accepted: a folder, or the name of a new one in an existing folder",
        );
    }
    Ok(())
}

/// Writes all files beside their places and renames them, the list last. What an earlier list named and no list names any more
/// is removed, so that the folder's `*.v` are one design.
fn write(design: &Design, out: &Path) -> io::Result<()> {
    match std::fs::create_dir(out) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => (),
    }
    let list = format!("{}.f", design.top());
    let earlier = listed(&out.join(&list))?;
    let fresh = tempfile::Builder::new().prefix(".satkit-").tempdir_in(out)?;
    design.write_to(fresh.path())?;
    let files = design.modules().iter().map(|module| format!("{}.v", module.name));
    for file in files.chain([list]) {
        std::fs::rename(fresh.path().join(&file), out.join(&file))?;
    }
    let mut kept = BTreeSet::new();
    for entry in std::fs::read_dir(out)? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "f") {
            kept.extend(listed(&path)?);
        }
    }
    for file in earlier.difference(&kept) {
        match std::fs::remove_file(out.join(file)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => (),
        }
    }
    Ok(())
}

/// The plain file names in a list; none if there is no list. What else a foreign list may hold is not ours.
fn listed(list: &Path) -> io::Result<BTreeSet<String>> {
    let text = match std::fs::read(list) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeSet::new()),
        read => String::from_utf8_lossy(&read?).into_owned(),
    };
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '$';
    let is_ours =
        |line: &&str| line.strip_suffix(".v").is_some_and(|name| name.chars().all(is_name));
    Ok(text.lines().filter(is_ours).map(String::from).collect())
}
