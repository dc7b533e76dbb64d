//! Verilog tools for tests: whether to use them, lint, and a simulation that is fed through a pipe.

use crate::verilog::has_verilog_tool;
use satkit_hdl::emit::Design;
use satkit_hdl::verilator;
use std::collections::BTreeMap;
use std::fs::File;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use tempfile::TempDir;

fn text(output: &Output) -> String {
    [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes)).concat()
}

/// Runs a command that has to succeed; returns what it printed.
pub(crate) fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}:\n{}", text(&output));
    text(&output)
}

fn written(design: &Design) -> (TempDir, Vec<PathBuf>) {
    written_in(design, &std::env::temp_dir())
}

fn written_in(design: &Design, folder: &Path) -> (TempDir, Vec<PathBuf>) {
    let directory = tempfile::tempdir_in(folder).unwrap();
    let list = design.write_to(directory.path()).unwrap();
    let files = std::fs::read_to_string(list).unwrap();
    let files = files.lines().map(|file| directory.path().join(file)).collect();
    (directory, files)
}

/// Verilator's linter has nothing to say. No warning is waived: where one is to be, it is an argument here, with its reason.
fn lint(design: &Design) {
    let (_directory, files) = written(design);
    let mut lint = Command::new("verilator");
    lint.args(["--lint-only", "-Wall", "--top-module", design.top()]).args(files);
    assert_eq!(run(&mut lint), "", "{}", design.text());
}

/// Icarus Verilog elaborates it.
fn elaborate_with_icarus(design: &Design) {
    let (_directory, files) = written(design);
    let mut icarus = Command::new("iverilog");
    icarus.args(["-g2012", "-Wall", "-t", "null", "-s", design.top()]).args(files);
    assert_eq!(run(&mut icarus), "");
}

/// Yosys reads it and finds neither a latch, a loop nor a missing or double driver.
fn check_with_yosys(design: &Design) {
    let (directory, files) = written(design);
    let files: Vec<&str> = files.iter().map(|f| f.file_name().unwrap().to_str().unwrap()).collect();
    let script = format!(
        "read_verilog -sv {}; hierarchy -check -auto-top; proc; select -assert-none t:$dlatch; flatten; opt_clean; check -assert",
        files.join(" ")
    );
    run(Command::new("yosys").args(["-q", "-p", &script]).current_dir(directory.path()));
}

/// Yosys proves the assertions of module `harness`, which is around a design, in the `way` that its `sat` is told; else what
/// it says.
pub(crate) fn prove(design: &str, harness: &str, defines: &str, way: &str) -> Result<(), String> {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("design.v"), design).unwrap();
    std::fs::write(directory.path().join("harness.v"), harness).unwrap();
    let script = format!(
        "read_verilog -sv design.v; read_verilog -sv -formal {defines} harness.v; hierarchy -check -top harness; proc; flatten; \
         opt -full; sat {way} -prove-asserts -set-assumes -verify harness"
    );
    let mut yosys = Command::new("yosys");
    let output = yosys.args(["-p", &script]).current_dir(directory.path()).output().unwrap();
    if output.status.success() { Ok(()) } else { Err(text(&output)) }
}

/// `tool` accepts the designs, if it is to be used.
pub(crate) fn accepted<'d>(tool: &str, designs: impl IntoIterator<Item = &'d Design>) {
    let check = match tool {
        "verilator" => lint,
        "iverilog" => elaborate_with_icarus,
        _ => check_with_yosys,
    };
    if has_verilog_tool(tool) {
        designs.into_iter().for_each(check);
    }
}

/// One test for each tool: it accepts what a function gives.
macro_rules! accepted_by_the_tools {
    ($designs:ident) => {
        #[test]
        fn verilator_lint_is_clean() {
            $crate::support::accepted("verilator", &$designs());
        }

        #[test]
        fn icarus_elaborates() {
            $crate::support::accepted("iverilog", &$designs());
        }

        #[test]
        fn yosys_checks() {
            $crate::support::accepted("yosys", &$designs());
        }
    };
}
pub(crate) use accepted_by_the_tools;

/// How many cells of each kind Yosys makes of it for UltraScale+.
pub(crate) fn synthesize(design: &Design) -> BTreeMap<String, usize> {
    let (directory, files) = written(design);
    let files: Vec<&str> = files.iter().map(|f| f.file_name().unwrap().to_str().unwrap()).collect();
    let script = format!(
        "read_verilog -sv {}; synth_xilinx -family xcup -top {} -flatten; tee -o cells stat",
        files.join(" "),
        design.top()
    );
    run(Command::new("yosys").args(["-q", "-p", &script]).current_dir(directory.path()));
    let cells = std::fs::read_to_string(directory.path().join("cells")).unwrap();
    let cells = cells.lines().filter_map(|line| {
        let (kind, count) = line.trim().split_once(' ')?;
        Some((kind.to_owned(), count.trim().parse().ok()?))
    });
    cells.collect()
}

/// Drives a design's ports row by row under Icarus, a cycle each if there is a clock, and compares the outputs before the
/// edge; returns the wrong rows and how many are wrong of how many.
pub(crate) fn replay(
    design: &Design,
    inputs: &[(&str, usize)],
    outputs: &[(&str, usize)],
    has_clock: bool,
    rows: &[Vec<u64>],
    expected: &[Vec<u64>],
) -> String {
    let (directory, files) = written(design);
    let packed = |ports: &[(&str, usize)], rows: &[Vec<u64>]| -> String {
        let row = |row: &Vec<u64>| -> String {
            let fields = ports.iter().zip(row);
            fields.map(|((_, width), value)| format!("{value:0width$b}")).collect::<String>() + "\n"
        };
        rows.iter().map(row).collect()
    };
    let ports = |ports: &[(&str, usize)]| -> (usize, String) {
        let names: Vec<&str> = ports.iter().map(|(name, _)| *name).collect();
        (ports.iter().map(|(_, width)| width).sum(), names.join(", "))
    };
    let ((in_bits, in_names), (out_bits, out_names)) = (ports(inputs), ports(outputs));
    let mut bench = String::from("module bench;\nreg clock = 0;\n");
    let mut connections = vec![];
    for (kind, ports) in [("reg", inputs), ("wire", outputs)] {
        for (name, width) in ports {
            bench += &format!("{kind} [{}:0] {name};\n", width - 1);
            connections.push(format!(".{name}({name})"));
        }
    }
    if has_clock {
        connections.push(".clock(clock)".into());
    }
    let (count, last) = (rows.len(), rows.len() - 1);
    bench += &format!(
        "{} dut({});
reg [{}:0] rows [0:{last}];
reg [{}:0] expected [0:{last}];
integer i, wrong = 0;
initial begin
    $readmemb(\"rows.txt\", rows);
    $readmemb(\"expected.txt\", expected);
    for (i = 0; i < {count}; i = i + 1) begin
        {{{in_names}}} = rows[i];
        #1;
        if ({{{out_names}}} !== expected[i]) begin
            wrong = wrong + 1;
            if (wrong <= 10) $display(\"row %0d: got %0h, expected %0h\", i, {{{out_names}}}, expected[i]);
        end
        clock = 1;
        #1 clock = 0;
    end
    $display(\"%0d of {count} wrong\", wrong);
end
endmodule
",
        design.top(),
        connections.join(", "),
        in_bits - 1,
        out_bits - 1,
    );
    for (name, text) in [
        ("bench.v", bench),
        ("rows.txt", packed(inputs, rows)),
        ("expected.txt", packed(outputs, expected)),
    ] {
        std::fs::write(directory.path().join(name), text).unwrap();
    }
    let in_directory = |tool: &str| {
        let mut command = Command::new(tool);
        command.current_dir(directory.path());
        command
    };
    run(in_directory("iverilog")
        .args(["-g2012", "-o", "bench", "-s", "bench", "bench.v"])
        .args(files));
    run(in_directory("vvp").args(["-n", "bench"])).trim().to_owned()
}

/// SplitMix64: the same numbers everywhere.
#[derive(Debug)]
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}

/// Objects of Verilator's runtime.
const RUNTIME_OBJECTS: [&str; 2] = ["verilated.o", "verilated_threads.o"];

/// A design compiled by Verilator with a C++ program around it. It is kept in the build's folder for temporary files, by the hash of all that
/// it is made of, so that what several tests or several runs need is compiled once.
pub(crate) struct Bench {
    program: PathBuf,
}

impl Bench {
    /// Compiles `design` with `tests/rtl/<program>` and `flags`, which say `-O1` for a large design, that compiles
    /// longer than it runs, or `-O2`.
    pub(crate) fn build(design: &Design, program: &str, flags: &str) -> Self {
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rtl").join(program);
        Self::build_text(design, &std::fs::read_to_string(program).unwrap(), flags)
    }

    /// The same with the program's text.
    pub(crate) fn build_text(design: &Design, program: &str, flags: &str) -> Self {
        let settings = verilator::settings(design, verilator::REPEATED);
        let version = run(Command::new("verilator").arg("--version"));
        let mut hasher = DefaultHasher::new();
        (&version, design.text(), &settings, program, flags).hash(&mut hasher);
        let name = format!("bench-{:016x}", hasher.finish());
        let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join(&name);
        let lock = File::create(kept.with_extension("lock")).unwrap();
        lock.lock().unwrap();
        if !kept.exists() {
            Self::compile(design, &settings, program, flags, &kept);
        }
        Self { program: kept }
    }

    fn compile(design: &Design, settings: &str, program: &str, flags: &str, kept: &Path) {
        let (directory, files) = written_in(design, Path::new(env!("CARGO_TARGET_TMPDIR")));
        let path = |name| directory.path().join(name);
        let [bench, settings_file, obj] = ["bench.cpp", "settings.vlt", "obj"].map(path);
        std::fs::write(&bench, program).unwrap();
        std::fs::write(&settings_file, settings).unwrap();
        let mut verilator = Command::new("verilator");
        verilator.args(["--cc", "--exe", "-O3", "--x-assign", "fast"]);
        verilator.args(["--prefix", "Vdut", "--top-module", design.top()]);
        verilator.args(["-CFLAGS", &format!("-std=gnu++20 {flags}")]);
        verilator.arg("--Mdir").arg(&obj).arg(settings_file).args(files).arg(bench);
        run(&mut verilator);
        let make = |targets: &[&str]| {
            let flags =
                ["-s", "-f", "Vdut.mk", "OPT_FAST=", "OPT_GLOBAL=-O1", "VM_PARALLEL_BUILDS=0"];
            run(Command::new("make").arg("-C").arg(&obj).args(flags).args(targets));
        };
        // The runtime is the same for all, and takes longer than most designs.
        static RUNTIME: OnceLock<[Vec<u8>; RUNTIME_OBJECTS.len()]> = OnceLock::new();
        let runtime = RUNTIME.get_or_init(|| {
            make(&RUNTIME_OBJECTS);
            RUNTIME_OBJECTS.map(|name| std::fs::read(obj.join(name)).unwrap())
        });
        for (name, object) in RUNTIME_OBJECTS.iter().zip(runtime) {
            std::fs::write(obj.join(name), object).unwrap();
        }
        make(&[]);
        // In one step, and never half of it. A copy could not be started while another thread's child, forked meanwhile, has it open.
        std::fs::rename(obj.join("Vdut"), kept).unwrap();
    }

    /// Starts it, with pipes.
    pub(crate) fn spawn(&self) -> std::process::Child {
        let mut program = Command::new(&self.program);
        program.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap()
    }

    /// Runs it; `feed` writes what it reads.
    pub(crate) fn run(&self, feed: impl FnOnce(&mut dyn std::io::Write) + Send) -> Vec<u8> {
        let mut child = self.spawn();
        let input = child.stdin.take().unwrap();
        std::thread::scope(|scope| {
            scope.spawn(move || {
                let mut input = BufWriter::with_capacity(1 << 16, input);
                feed(&mut input);
                input.flush().unwrap();
            });
            child.wait_with_output().unwrap().stdout
        })
    }
}
