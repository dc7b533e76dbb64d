//! `satkit doctor`: what this machine has, and what each part is needed for.

use crate::output;
use satkit_sim::Isa;
use std::path::{Path, PathBuf};

/// Show what this machine has and what each part is needed for
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  satkit doctor
  satkit doctor --json

Nothing that is missing keeps `train` and `kernel` from running.")]
pub(crate) struct DoctorArguments {
    /// Print a JSON object instead of a table
    #[arg(long)]
    json: bool,
}

/// One thing that was looked for.
#[derive(serde::Serialize)]
struct Finding {
    name: &'static str,
    found: bool,
    detail: String,
    needed_for: &'static str,
}

#[derive(serde::Serialize)]
struct Report {
    cpu: &'static str,
    threads: usize,
    kernels: &'static str,
    findings: Vec<Finding>,
}

pub(crate) fn run(arguments: &DoctorArguments) -> anyhow::Result<()> {
    let mut findings = cpu_features();
    findings.extend(TOOLS.iter().map(Tool::look));
    findings.push(rtl());
    findings.push(fuse());
    let report = Report {
        cpu: std::env::consts::ARCH,
        threads: rayon::current_num_threads(),
        kernels: Isa::chosen().name(),
        findings,
    };
    if arguments.json {
        return Ok(output::json(&report)?);
    }
    output::line(format_args!(
        "CPU {}, {} threads; the simulator's kernels use {}",
        report.cpu, report.threads, report.kernels
    ))?;
    let mut table = output::table(&["what", "here", "detail", "needed for"]);
    for finding in report.findings {
        let here = if finding.found { "yes" } else { "no" };
        table.add_row([finding.name, here, &finding.detail, finding.needed_for]);
    }
    Ok(output::line(table)?)
}

#[cfg(target_arch = "x86_64")]
fn cpu_features() -> Vec<Finding> {
    let feature =
        |name, found, needed_for| Finding { name, found, detail: "CPU feature".into(), needed_for };
    let fast = "fast kernels (without it: portable ones, the same bits)";
    vec![
        feature("AVX2", std::is_x86_feature_detected!("avx2"), fast),
        feature("FMA", std::is_x86_feature_detected!("fma"), fast),
        feature("F16C", std::is_x86_feature_detected!("f16c"), fast),
        feature(
            "AVX-512F",
            std::is_x86_feature_detected!("avx512f"),
            "the fastest kernels (without it: AVX2, the same bits)",
        ),
    ]
}

#[cfg(not(target_arch = "x86_64"))]
fn cpu_features() -> Vec<Finding> {
    let detail = "this CPU is no x86-64: the portable kernels run, with the same bits".into();
    vec![Finding { name: "AVX2", found: false, detail, needed_for: "fast kernels" }]
}

/// A program that may be on the search path.
struct Tool {
    name: &'static str,
    /// Names of the program, any of which will do.
    programs: &'static [&'static str],
    needed_for: &'static str,
}

const TOOLS: &[Tool] = &[
    Tool {
        name: "Verilator",
        programs: &["verilator"],
        needed_for: "running the hardware's Verilog (docs/guide-rtl.md)",
    },
    Tool {
        name: "Yosys",
        programs: &["yosys"],
        needed_for: "`satkit synth-check`: the hardware's size",
    },
    Tool {
        name: "Icarus Verilog",
        programs: &["iverilog"],
        needed_for: "a second opinion on the Verilog, in the tests",
    },
    Tool {
        name: "Python",
        programs: &["python3", "python"],
        needed_for: "the example that property-tests `satkit kernel` from NumPy (docs/python)",
    },
];

impl Tool {
    fn look(&self) -> Finding {
        let place = self.programs.iter().find_map(|program| on_search_path(program));
        Finding {
            name: self.name,
            found: place.is_some(),
            detail: place.map_or_else(
                || format!("no {} on the search path", self.programs[0]),
                |place| place.display().to_string(),
            ),
            needed_for: self.needed_for,
        }
    }
}

/// Where a program lies. It is only looked for, never started.
fn on_search_path(program: &str) -> Option<PathBuf> {
    let paths = std::env::var_os("PATH")?;
    std::env::split_paths(&paths).map(|path| path.join(program)).find(|file| is_executable(file))
}

#[cfg(unix)]
fn is_executable(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    file.metadata().is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(file: &Path) -> bool {
    file.is_file()
}

/// Whether this binary drives the RTL, and whether the small arrays' models are in it.
fn rtl() -> Finding {
    #[cfg(feature = "rtl")]
    let (found, detail) = (
        true,
        if satkit_rtl::HAS_BUILT_IN_MODELS {
            "built in for tiny and small; others are compiled on request"
        } else {
            "compiled on request; this binary was built without Verilator"
        },
    );
    #[cfg(not(feature = "rtl"))]
    let (found, detail) = (false, "this binary was built without the feature `rtl`");
    Finding {
        name: "RTL models",
        found,
        detail: detail.into(),
        needed_for: "running the hardware's Verilog (docs/guide-rtl.md)",
    }
}

fn fuse() -> Finding {
    let (device, helper) = (Path::new("/dev/fuse").exists(), on_search_path("fusermount3"));
    let detail = match (device, &helper) {
        (false, _) => "no /dev/fuse; load the kernel module `fuse`".into(),
        (true, None) => "no fusermount3; Debian: apt-get install fuse3".into(),
        (true, Some(helper)) => format!("/dev/fuse, {}", helper.display()),
    };
    Finding {
        name: "FUSE",
        found: device && helper.is_some(),
        detail,
        needed_for: "`satkit virtual-card`: a card's device files without a card",
    }
}
