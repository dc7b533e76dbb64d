//! `satkit card program`: a bitstream into the FPGA, if it belongs to this program.

use crate::output;
use crate::{CliError, interrupt};
use anyhow::bail;
use satkit_host::bitstream::Manifest;
use std::io::{self, Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How often a running tool is looked at.
const POLL: Duration = Duration::from_millis(50);
/// How long a tool that has ended may leave its output open.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// Lines of its output that are shown when it fails, and bytes that they may have.
const LINES_SHOWN: usize = 10;
const BYTES_KEPT: usize = 4096;
/// What Vivado is told to do.
const VIVADO_SCRIPT: &str = include_str!("../../../../../hdl/boards/vcu1525/program.tcl");

/// Load a bitstream into the card's FPGA over JTAG, after checking its manifest
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  satkit card program bitstreams/satkit-vcu1525.bit
  satkit card program bitstreams/satkit-vcu1525.toml --dry-run --json
  satkit card program satkit-vcu1525.bit --tool vivado

A bitstream whose manifest is missing or disagrees with it, with this program or with the card is refused (exit code 2). The
FPGA forgets what is loaded when power goes. Afterwards the card has to be found again: docs/guide-card.md, \"After loading\".

Neither tool has been run on a card by this version, and no bitstream has been built yet.")]
pub(super) struct ProgramArguments {
    /// The bitstream, whose manifest lies beside it with the ending .toml, or the manifest
    #[arg(value_name = "BITSTREAM|MANIFEST")]
    file: PathBuf,
    /// What loads it
    #[arg(long, value_enum, default_value_t)]
    tool: Tool,
    /// Check everything and say what would be run, but load nothing
    #[arg(long)]
    dry_run: bool,
    /// Print a JSON object instead of a table
    #[arg(long)]
    json: bool,
}

/// A program that loads bitstreams.
#[derive(clap::ValueEnum, Clone, Copy, Debug, Default)]
enum Tool {
    /// openFPGALoader
    #[default]
    Openfpgaloader,
    /// Vivado, or Vivado Lab, in batch mode
    Vivado,
}

impl Tool {
    const fn program(self) -> &'static str {
        match self {
            Self::Openfpgaloader => "openFPGALoader",
            Self::Vivado => "vivado",
        }
    }

    /// Arguments that load `bitstream`; `script` is the file that holds [`VIVADO_SCRIPT`].
    fn arguments(self, bitstream: &Path, script: &Path) -> Vec<String> {
        let (bitstream, script) = (bitstream.display().to_string(), script.display().to_string());
        let own = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
        match self {
            Self::Openfpgaloader => own(&["-b", "vcu1525", &bitstream]),
            Self::Vivado => {
                let quiet = ["-mode", "batch", "-nojournal", "-nolog", "-notrace"];
                own(&[&quiet[..], &["-source", &script, "-tclargs", &bitstream]].concat())
            }
        }
    }

    const fn installation(self) -> &'static str {
        match self {
            Self::Openfpgaloader => {
                "install it (Debian: apt-get install openfpgaloader), or use --tool vivado"
            }
            Self::Vivado => {
                "install Vivado or Vivado Lab, which is free of charge, and source its settings64.sh, or use --tool openfpgaloader"
            }
        }
    }
}

/// What was loaded, or would be.
#[derive(serde::Serialize)]
struct Loaded {
    manifest: PathBuf,
    bitstream: PathBuf,
    sha256: String,
    configuration: String,
    contract_hash: String,
    git_commit: String,
    clock_mhz: f64,
    worst_slack_ns: f64,
    command: Vec<String>,
    loaded: bool,
}

pub(super) fn run(arguments: &ProgramArguments) -> anyhow::Result<()> {
    let (manifest_path, bitstream) = files(&arguments.file);
    let manifest = Manifest::load(&manifest_path)?;
    let bitstream = bitstream.unwrap_or_else(|| manifest.bitstream_beside(&manifest_path));
    manifest.check(&bitstream)?;
    // Absolute, so that no name is read as an option.
    let bitstream = bitstream.canonicalize()?;
    if bitstream.to_str().is_none() {
        let reason = "its name is not UTF-8; accepted: a name that can be handed to the tool";
        return Err(CliError::Input { path: bitstream, reason: reason.into() }.into());
    }

    let script = script()?;
    let tool = arguments.tool;
    let given = tool.arguments(&bitstream, script.path());
    if !arguments.dry_run {
        load(tool, &given)?;
    }
    let mut command = vec![tool.program().to_owned()];
    command.extend(given);
    let loaded = Loaded {
        manifest: manifest_path,
        bitstream,
        sha256: manifest.sha256,
        configuration: manifest.configuration,
        contract_hash: manifest.contract_hash,
        git_commit: manifest.git_commit,
        clock_mhz: manifest.clock_mhz,
        worst_slack_ns: manifest.worst_slack_ns,
        command,
        loaded: !arguments.dry_run,
    };
    report(&loaded, arguments.json)
}

fn report(loaded: &Loaded, json: bool) -> anyhow::Result<()> {
    if json {
        output::json(loaded)?;
    } else {
        let mut table = output::table(&["bitstream", "configuration", "clock", "slack", "loaded"]);
        table.add_row([
            loaded.bitstream.display().to_string(),
            loaded.configuration.clone(),
            format!("{} MHz", loaded.clock_mhz),
            format!("{} ns", loaded.worst_slack_ns),
            if loaded.loaded { "yes" } else { "no, dry run" }.into(),
        ]);
        output::line(table)?;
    }
    if loaded.loaded {
        output::note("the card has to be found again now: docs/guide-card.md, \"After loading\"");
    } else {
        output::note(format_args!("would run: {}", loaded.command.join(" ")));
    }
    Ok(())
}

/// The manifest, and the bitstream if that is what was named.
fn files(named: &Path) -> (PathBuf, Option<PathBuf>) {
    if named.extension().is_some_and(|ending| ending == "toml") {
        return (named.into(), None);
    }
    (Manifest::path_for(named), Some(named.into()))
}

fn script() -> io::Result<tempfile::NamedTempFile> {
    let mut file = tempfile::Builder::new().prefix("satkit-").suffix(".tcl").tempfile()?;
    file.write_all(VIVADO_SCRIPT.as_bytes())?;
    Ok(file)
}

/// Runs the tool to its end. What it says goes to standard error as it comes.
fn load(tool: Tool, arguments: &[String]) -> anyhow::Result<()> {
    let program = tool.program();
    let stop = interrupt::stop_flag_for("stopping the tool; the FPGA may be left without a design");
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut running = match command.spawn() {
        Ok(child) => Running(child),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            bail!("{program} is not on the path: {}", tool.installation())
        }
        Err(error) => bail!("{program} cannot be run ({error}): {}", tool.installation()),
    };
    let said = [Relay::of(running.0.stdout.take()), Relay::of(running.0.stderr.take())];
    let status = running.wait(stop)?;
    let said = said.map(Relay::end);
    if !status.success() {
        bail!("{program} failed ({status}), the bitstream is not loaded:\n{}", last_lines(&said));
    }
    Ok(())
}

/// Ends the tool when the command ends, however it does.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Running {
    fn wait(&mut self, stop: &AtomicBool) -> anyhow::Result<ExitStatus> {
        loop {
            let status = self.0.try_wait()?;
            if stop.load(Ordering::SeqCst) {
                return Err(CliError::Interrupted("; the tool was stopped".into()).into());
            }
            match status {
                Some(status) => return Ok(status),
                None => std::thread::sleep(POLL),
            }
        }
    }
}

/// Passes on to standard error what comes, and keeps the end of it.
struct Relay {
    thread: JoinHandle<()>,
    kept: Arc<Mutex<Vec<u8>>>,
}

impl Relay {
    fn of(pipe: Option<impl Read + Send + 'static>) -> Self {
        let kept = Arc::new(Mutex::new(Vec::new()));
        let shared = Arc::clone(&kept);
        let thread = std::thread::spawn(move || {
            let mut piece = [0; 1024];
            let Some(mut pipe) = pipe else { return };
            loop {
                match pipe.read(&mut piece) {
                    Ok(0) => return,
                    Ok(count) => {
                        // Nobody reading it is no failure.
                        let _ = io::stderr().write_all(&piece[..count]);
                        let mut kept = shared.lock().unwrap_or_else(PoisonError::into_inner);
                        kept.extend_from_slice(&piece[..count]);
                        let surplus = kept.len().saturating_sub(BYTES_KEPT);
                        kept.drain(..surplus);
                    }
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => (),
                    Err(_) => return,
                }
            }
        });
        Self { thread, kept }
    }

    /// What was kept when the tool has ended. Its end is not that of the pipe: Vivado leaves a server behind that holds it.
    fn end(self) -> Vec<u8> {
        let until = Instant::now() + LAST_WORDS;
        while !self.thread.is_finished() && Instant::now() < until {
            std::thread::sleep(POLL);
        }
        std::mem::take(&mut *self.kept.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The last lines of standard output and standard error. A bar of progress is many lines that end in a carriage return.
fn last_lines(said: &[Vec<u8>]) -> String {
    let mut shown = Vec::new();
    for bytes in said {
        let text = String::from_utf8_lossy(bytes);
        let lines: Vec<&str> =
            text.split(['\n', '\r']).map(str::trim).filter(|line| !line.is_empty()).collect();
        let lines = &lines[lines.len().saturating_sub(LINES_SHOWN)..];
        shown.extend(lines.iter().map(|&line| line.to_owned()));
    }
    if shown.is_empty() { "it said nothing".into() } else { shown.join("\n") }
}
