//! Models that are compiled on request, and where they are kept.
//!
//! A model is one shared object, named by the hash of all that it is made of. It is compiled in a folder of its own and renamed,
//! so that it is whole or not there; a lock file lets one process compile while others wait for it.

use crate::RtlError;
use crate::model::abi::Code;
use crate::verilate::{self, Sources, Waves};
use satkit_hdl::emit::Design;
use satkit_hdl::verilator;
use sha2::{Digest as _, Sha256};
use std::collections::VecDeque;
use std::fs::{File, TryLockError};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How often running programs are looked at.
const POLL: Duration = Duration::from_millis(20);
/// Lines of a failed program's output that are passed on.
const LINES_KEPT: usize = 20;
/// The function that a compiled model exports.
const ENTRY: &str = "satkit_rtl_model";

/// What is wished of a model, and how its making is watched.
#[derive(Clone, Copy, Default)]
pub struct Build<'a> {
    /// A file for waves that ends with `.vcd` or `.fst`. Such a model is compiled apart, and runs slower.
    pub waves: Option<&'a Path>,
    /// The clock that waves are drawn for [default: the configuration's].
    pub clock_hz: Option<u64>,
    /// Where compiled models are kept [default: `satkit/rtl` in the user's cache folder].
    pub cache: Option<&'a Path>,
    /// Told what is going on while a model is compiled.
    pub progress: Option<&'a (dyn Fn(Progress) + 'a)>,
    /// Ends the compilation when it is raised.
    pub stop: Option<&'a AtomicBool>,
}

impl std::fmt::Debug for Build<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Build").field("waves", &self.waves).finish_non_exhaustive()
    }
}

/// What a compilation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Another process compiles the same model.
    Waiting,
    /// Verilator reads the Verilog and writes C++.
    Verilating,
    /// The compiler runs.
    Compiling {
        /// Files that are done.
        done: usize,
        /// Files in all.
        of: usize,
    },
}

impl Build<'_> {
    fn tell(&self, progress: Progress) {
        if let Some(tell) = self.progress {
            tell(progress);
        }
    }

    fn check_stop(&self) -> Result<(), RtlError> {
        let stopped = self.stop.is_some_and(|stop| stop.load(Ordering::Relaxed));
        if stopped { Err(RtlError::Interrupted) } else { Ok(()) }
    }
}

/// The model of `design`: from this binary, from the cache, or compiled.
pub(crate) fn code(
    design: &Design,
    build: &Build<'_>,
    waves: Option<Waves>,
) -> Result<Code, RtlError> {
    let hash = verilate::hash(design);
    if waves.is_none()
        && let Some(code) = Code::built_in(&hash)
    {
        return Ok(code);
    }
    let missing = |reason: &str| RtlError::NoVerilator { reason: reason.into() };
    if std::env::var_os("RTL_SIM").is_some_and(|wish| wish == "off") {
        return Err(missing("RTL_SIM=off forbids to compile a model"));
    }
    let version = verilate::version().ok_or_else(|| missing("verilator cannot be run"))?;
    let folder = build
        .cache
        .map(PathBuf::from)
        .or_else(folder)
        .ok_or_else(|| missing("neither XDG_CACHE_HOME nor HOME is set"))?;
    let file = |path: &Path| {
        let path = path.to_owned();
        move |source| RtlError::File { path, source }
    };
    std::fs::create_dir_all(&folder).map_err(file(&folder))?;
    let parts = [&hash, &version, verilate::SHIM, env!("CARGO_PKG_VERSION"), &compiler()];
    let parts =
        format!("{parts:?}{waves:?}{:?}{FAST:?}{:?}", verilate::RECIPE, verilator::REPEATED);
    let name = verilate::hex(&Sha256::digest(parts)[..16]);
    let object = folder.join(format!("{name}.so"));
    if !object.exists() {
        let lock = folder.join(format!("{name}.lock"));
        let lock = File::create(&lock).map_err(file(&lock))?;
        wait_for(&lock, build).map_err(|error| error.unwrap_or_else(file(&folder)))?;
        // The process that was waited for may have made it.
        if !object.exists() {
            make(design, &folder, &object, build, waves)?;
        }
    }
    Code::load(&object, ENTRY)
}

/// Takes the lock. It ends with the file's handle, also if the process is killed.
fn wait_for(lock: &File, build: &Build<'_>) -> Result<(), Outcome> {
    loop {
        match lock.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) => {
                build.tell(Progress::Waiting);
                build.check_stop().map_err(Outcome::Stopped)?;
                std::thread::sleep(POLL * 10);
            }
            Err(TryLockError::Error(error)) => return Err(Outcome::Failed(error)),
        }
    }
}

/// Why there is no lock.
enum Outcome {
    Stopped(RtlError),
    Failed(std::io::Error),
}

impl Outcome {
    fn unwrap_or_else(self, wrap: impl FnOnce(std::io::Error) -> RtlError) -> RtlError {
        match self {
            Self::Stopped(error) => error,
            Self::Failed(error) => wrap(error),
        }
    }
}

/// `$XDG_CACHE_HOME/satkit/rtl` or `~/.cache/satkit/rtl`.
fn folder() -> Option<PathBuf> {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = set("XDG_CACHE_HOME").or_else(|| set("HOME").map(|home| home.join(".cache")))?;
    Some(cache.join("satkit/rtl"))
}

/// The C++ compiler, which `CXX` may name.
fn compiler() -> String {
    std::env::var("CXX").ok().filter(|name| !name.is_empty()).unwrap_or_else(|| "c++".into())
}

/// `-fno-gnu-unique` and hidden symbols keep the runtimes of several models apart.
const COMMON: &[&str] =
    &["-fPIC", "-fvisibility=hidden", "-fno-gnu-unique", "-faligned-new", "-w", "-c"];
const FAST: &[&str] = &["-O2"];

fn make(
    design: &Design,
    folder: &Path,
    object: &Path,
    build: &Build<'_>,
    waves: Option<Waves>,
) -> Result<(), RtlError> {
    const PREFIX: &str = "Vmodel";
    let failed = |source| RtlError::File { path: folder.into(), source };
    let work = tempfile::Builder::new().prefix("build-").tempdir_in(folder).map_err(failed)?;
    build.tell(Progress::Verilating);
    let mut pool = Pool { build, top: design.top(), jobs: 1 };
    let verilator = verilate::command(design, PREFIX, work.path(), waves).map_err(failed)?;
    pool.run(vec![verilator], |_| ())?;
    let sources = verilate::sources(design, PREFIX, ENTRY, work.path(), waves).map_err(failed)?;
    let (commands, objects) = commands(&sources, work.path());
    let of = commands.len() + 1;
    build.tell(Progress::Compiling { done: 0, of });
    pool.jobs = std::thread::available_parallelism().map_or(1, usize::from);
    pool.run(commands, |done| build.tell(Progress::Compiling { done, of }))?;
    let linked = work.path().join("model.so");
    let mut link = Command::new(compiler());
    link.args(["-shared", "-Wl,-Bsymbolic", "-o"]).arg(&linked).args(objects).arg("-pthread");
    link.args((waves == Some(Waves::Fst)).then_some("-lz"));
    pool.run(vec![link], |_| ())?;
    std::fs::rename(&linked, object).map_err(failed)?;
    build.tell(Progress::Compiling { done: of, of });
    Ok(())
}

/// One call of the compiler per file, the largest files first, and what they make.
fn commands(sources: &Sources, work: &Path) -> (Vec<Command>, Vec<PathBuf>) {
    let mut files: Vec<(&PathBuf, &[&str], bool)> = Vec::new();
    files.extend(sources.fast.iter().chain(&sources.runtime).map(|file| (file, FAST, false)));
    files.extend(sources.slow.iter().map(|file| (file, &["-O0"][..], false)));
    files.push((&sources.shim, FAST, true));
    let size = |file: &Path| file.metadata().map_or(0, |data| data.len());
    files.sort_by_key(|(file, _, _)| std::cmp::Reverse(size(file)));
    let (mut commands, mut objects) = (Vec::new(), Vec::new());
    for (index, (file, optimise, is_shim)) in files.into_iter().enumerate() {
        let object = work.join(format!("{index}.o"));
        let mut command = Command::new(compiler());
        command.arg(format!("-std={}", verilate::STANDARD)).args(COMMON).args(optimise);
        command.args(verilate::DEFINES.iter().map(|define| format!("-D{define}")));
        if is_shim {
            let defines = sources.shim_defines.iter();
            command.args(defines.map(|(name, value)| format!("-D{name}={value}")));
        }
        for include in &sources.includes {
            command.arg("-I").arg(include);
        }
        command.arg(file).arg("-o").arg(&object);
        commands.push(command);
        objects.push(object);
    }
    (commands, objects)
}

/// Runs programs beside each other, and ends them when the build is to stop or one of them fails.
struct Pool<'a> {
    build: &'a Build<'a>,
    top: &'a str,
    jobs: usize,
}

/// A running program, and what it prints.
struct Running {
    child: Child,
    program: PathBuf,
    output: std::thread::JoinHandle<String>,
}

impl Drop for Running {
    fn drop(&mut self) {
        // After its end this does nothing.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Pool<'_> {
    fn run(&self, commands: Vec<Command>, done: impl Fn(usize)) -> Result<(), RtlError> {
        let mut waiting: VecDeque<Command> = commands.into();
        let mut running: Vec<Running> = Vec::new();
        let mut ended = 0;
        while !waiting.is_empty() || !running.is_empty() {
            self.build.check_stop()?;
            while running.len() < self.jobs
                && let Some(command) = waiting.pop_front()
            {
                running.push(start(command)?);
            }
            let mut index = 0;
            while index < running.len() {
                let Running { child, program, .. } = &mut running[index];
                let failed = |source| RtlError::File { path: program.clone(), source };
                match child.try_wait().map_err(failed)? {
                    Some(status) => {
                        let program = running.swap_remove(index);
                        if !status.success() {
                            return Err(self.failure(program));
                        }
                        ended += 1;
                        done(ended);
                    }
                    None => index += 1,
                }
            }
            std::thread::sleep(POLL);
        }
        Ok(())
    }

    fn failure(&self, mut running: Running) -> RtlError {
        let output = std::mem::replace(&mut running.output, std::thread::spawn(String::new));
        let output = output.join().unwrap_or_default();
        let lines: Vec<&str> = output.lines().collect();
        let output = lines[lines.len().saturating_sub(LINES_KEPT)..].join("\n");
        // A fresh Debian may have Verilator without the compiler or zlib that it needs.
        let hint = if output.contains("zlib.h") {
            "\nwaves in .fst need zlib (Debian: apt-get install zlib1g-dev); .vcd does not"
        } else {
            ""
        };
        RtlError::Tool {
            program: running.program.display().to_string(),
            top: self.top.into(),
            output: output + hint,
        }
    }
}

fn start(mut command: Command) -> Result<Running, RtlError> {
    let program = PathBuf::from(command.get_program());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let failed = |source| RtlError::File { path: program.clone(), source };
    let mut child = command.spawn().map_err(failed)?;
    let mut stderr = child.stderr.take().expect("it is piped");
    // Read beside, because a full pipe would stop the program.
    let output = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = stderr.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    });
    Ok(Running { child, program, output })
}
