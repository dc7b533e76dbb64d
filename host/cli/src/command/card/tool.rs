//! Programs that load bitstreams, and running one.

use crate::{CliError, interrupt};
use anyhow::bail;
use std::io::{self, Read, Write as _};
use std::path::Path;
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
/// A program that loads bitstreams.
#[derive(clap::ValueEnum, Clone, Copy, Debug, Default)]
pub(super) enum Tool {
    /// openFPGALoader
    #[default]
    Openfpgaloader,
    /// Vivado, or Vivado Lab, in batch mode
    Vivado,
}

impl Tool {
    pub(super) const fn program(self) -> &'static str {
        match self {
            Self::Openfpgaloader => "openFPGALoader",
            Self::Vivado => "vivado",
        }
    }

    /// Arguments that load `bitstream`; `script` is the file that holds what Vivado is told to do.
    pub(super) fn arguments(self, bitstream: &Path, script: &Path) -> Vec<String> {
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

    /// Runs the tool to its end.
    ///
    /// # Errors
    /// In words if it is missing, cannot be run or fails, with the last that it said; [`CliError::Interrupted`].
    pub(super) fn run(self, arguments: &[String]) -> anyhow::Result<()> {
        run(self, arguments)
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

/// Runs the tool to its end. What it says goes to standard error as it comes.
fn run(tool: Tool, arguments: &[String]) -> anyhow::Result<()> {
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
