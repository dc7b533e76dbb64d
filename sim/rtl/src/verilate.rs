//! From a design to C++: what the build script and builds at run time share.

use satkit_hdl::emit::{Design, Direction};
use satkit_hdl::verilator;
use sha2::{Digest as _, Sha256};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The C face of a model.
pub(crate) const SHIM: &str = include_str!("shim.cpp");

/// How to get Verilator where it is missing.
pub(crate) const INSTALL: &str = "install Verilator 5 (Debian: apt-get install verilator)";

/// Language and limits of the generated C++.
pub(crate) const STANDARD: &str = "gnu++20";
/// Without it the runtime asks the program for a global `sc_time_stamp`.
pub(crate) const DEFINES: &[&str] = &["VL_TIME_CONTEXT"];

/// Verilator's options. A model that is kept is of these, so a change makes new ones.
pub(crate) const RECIPE: &[&str] = &[
    "--cc",
    "-O3",
    "--x-assign",
    "fast",
    "--x-initial",
    "fast",
    "--noassert",
    "--timescale",
    "1ps/1ps",
    "--output-split",
    "20000",
    "-Wno-fatal",
];

/// A file format of waves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(dead_code, reason = "the build script makes no models with waves")]
pub(crate) enum Waves {
    /// IEEE 1364 value change dump.
    Vcd,
    /// GTKWave's compressed format.
    Fst,
}

impl Waves {
    const fn flag(self) -> &'static str {
        match self {
            Self::Vcd => "--trace",
            Self::Fst => "--trace-fst",
        }
    }

    const fn class(self) -> (&'static str, &'static str) {
        match self {
            Self::Vcd => ("VerilatedVcdC", "\"verilated_vcd_c.h\""),
            Self::Fst => ("VerilatedFstC", "\"verilated_fst_c.h\""),
        }
    }
}

/// Files that make a model.
pub(crate) struct Sources {
    /// Evaluated every cycle.
    pub(crate) fast: Vec<PathBuf>,
    /// Run once.
    pub(crate) slow: Vec<PathBuf>,
    /// Verilator's runtime.
    pub(crate) runtime: Vec<PathBuf>,
    /// The shim, and what it has to be compiled with.
    pub(crate) shim: PathBuf,
    /// Macros of the shim.
    pub(crate) shim_defines: Vec<(&'static str, String)>,
    /// Where headers lie.
    pub(crate) includes: Vec<PathBuf>,
}

/// What Verilator says of its version, or `None` if it cannot be run.
pub(crate) fn version() -> Option<String> {
    let output = Command::new("verilator").arg("--version").output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    (output.status.success() && !text.is_empty()).then_some(text)
}

/// SHA-256 of the Verilog, in hexadecimal: two designs of one hash are one model.
pub(crate) fn hash(design: &Design) -> String {
    hex(&Sha256::digest(design.text()))
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Writes what Verilator reads into `directory`; the command turns `design` into C++ classes that start with `prefix`.
pub(crate) fn command(
    design: &Design,
    prefix: &str,
    directory: &Path,
    waves: Option<Waves>,
) -> std::io::Result<Command> {
    let verilog = directory.join("verilog");
    std::fs::create_dir_all(&verilog)?;
    let list = design.write_to(&verilog)?;
    let settings = verilog.join("settings.vlt");
    std::fs::write(&settings, verilator::settings(design, verilator::REPEATED))?;
    let mut verilator = Command::new("verilator");
    verilator.args(RECIPE);
    verilator.args(["--top-module", design.top(), "--prefix", prefix]);
    verilator.args(waves.map(Waves::flag));
    verilator.arg("--Mdir").arg(directory.join("cpp")).arg(settings);
    verilator.args(std::fs::read_to_string(list)?.lines().map(|file| verilog.join(file)));
    Ok(verilator)
}

/// What Verilator wrote into `directory`, with a shim that exports `entry`.
pub(crate) fn sources(
    design: &Design,
    prefix: &str,
    entry: &str,
    directory: &Path,
    waves: Option<Waves>,
) -> std::io::Result<Sources> {
    let cpp = directory.join("cpp");
    let lists = std::fs::read_to_string(cpp.join(format!("{prefix}_classes.mk")))?;
    let files = |names: [&str; 2], from: &Path| -> Vec<PathBuf> {
        let names = names.iter().flat_map(|name| makefile_list(&lists, name));
        names.map(|name| from.join(format!("{name}.cpp"))).collect()
    };
    let root = Command::new("verilator").args(["--getenv", "VERILATOR_ROOT"]).output()?;
    let include = PathBuf::from(String::from_utf8_lossy(&root.stdout).trim()).join("include");
    let shim = cpp.join("shim.cpp");
    std::fs::write(&shim, SHIM)?;
    let ports = format!("{prefix}_ports.inc");
    let header = std::fs::read_to_string(cpp.join(format!("{prefix}.h")))?;
    std::fs::write(cpp.join(&ports), port_lines(design, &header))?;
    let mut shim_defines = vec![
        ("MODEL", prefix.to_owned()),
        ("MODEL_HEADER", format!("\"{prefix}.h\"")),
        ("PORTS", format!("\"{ports}\"")),
        ("ENTRY", entry.to_owned()),
    ];
    if let Some((class, header)) = waves.map(Waves::class) {
        shim_defines.extend([("TRACE", class.to_owned()), ("TRACE_HEADER", header.to_owned())]);
    }
    Ok(Sources {
        fast: files(["VM_CLASSES_FAST", "VM_SUPPORT_FAST"], &cpp),
        slow: files(["VM_CLASSES_SLOW", "VM_SUPPORT_SLOW"], &cpp),
        runtime: files(["VM_GLOBAL_FAST", "VM_GLOBAL_SLOW"], &include),
        shim,
        shim_defines,
        includes: vec![cpp, include.join("vltstd"), include],
    })
}

/// The words of `NAME += \` and the lines after it.
fn makefile_list(text: &str, name: &str) -> Vec<String> {
    let start = format!("{name} += \\");
    let lines = text.lines().skip_while(|line| line.trim() != start).skip(1);
    let words = lines.map(|line| line.trim().trim_end_matches('\\').trim());
    words.take_while(|word| !word.is_empty()).map(String::from).collect()
}

fn port_lines(design: &Design, header: &str) -> String {
    let ports = design.ports();
    let lines = ports.iter().map(|port| {
        let is_output = u8::from(port.direction == Direction::Output);
        let member = member(&port.name, header);
        format!("PORT(\"{}\", {}, {is_output}, {member})\n", port.name, port.width)
    });
    lines.collect()
}

/// How Verilator calls a port in C++, where two underscores and dollars have meanings of their own. Words that some C++ compiler
/// has reserved (`interrupt`) get a prefix; which they are, the header of the class says.
fn member(name: &str, header: &str) -> String {
    let plain = name.replace("__", "___05F").replace('$', "__024");
    let is_declared = header.contains(&format!("(&{plain},"));
    if is_declared { plain } else { format!("__SYM__{name}") }
}
