//! Running Yosys.

use super::cells::{self, Module};
use crate::CliError;
use anyhow::{Context as _, bail};
use satkit_hdl::emit::Design;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

/// How often a running Yosys is looked at.
const POLL: Duration = Duration::from_millis(50);
/// Lines of its log that are shown when it fails.
const LINES_SHOWN: usize = 10;

/// What Yosys says of its version.
pub(super) fn version() -> anyhow::Result<String> {
    let output = Command::new("yosys")
        .arg("-V")
        .output()
        .context("yosys cannot be run; install it (Debian: apt-get install yosys)")?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The modules that are left of `design` when all is flattened but `blocks`, mapped to cells of UltraScale+. `done` hears of each as it
/// is finished, with how many there are.
///
/// Each is synthesised by itself, with the others as black boxes, and as many at a time as the machine has cores. A whole array in one Yosys
/// takes hours instead of minutes: what is left to optimise in one module makes it look through all of them again.
pub(super) fn synthesise(
    design: &Design,
    blocks: &[&str],
    stop: &AtomicBool,
    done: &(dyn Fn(&str, usize) + Sync),
) -> anyhow::Result<BTreeMap<String, Module>> {
    let directory = tempfile::tempdir()?;
    let elaborated = elaborate(design, directory.path(), stop)?;
    let top = design.top();
    let is_kept = |name: &str| name == top || blocks.iter().any(|block| cells::is(name, block));
    let mut kept: Vec<&str> =
        elaborated.keys().map(String::as_str).filter(|name| is_kept(name)).collect();
    // The longest first, so that none of them is what all wait for.
    kept.sort_by_cached_key(|name| std::cmp::Reverse(size(name, &elaborated, &is_kept)));
    let (next, failed) = (AtomicUsize::new(0), AtomicBool::new(false));
    let stopped = || stop.load(Ordering::SeqCst) || failed.load(Ordering::SeqCst);
    let work = || -> anyhow::Result<Vec<(String, Module)>> {
        let mut made = Vec::new();
        while let Some(name) = kept.get(next.fetch_add(1, Ordering::SeqCst)) {
            let others = kept.iter().filter(|other| *other != name);
            let module = map(name, others, directory.path(), &stopped)
                .inspect_err(|_| failed.store(true, Ordering::SeqCst))?;
            made.push(((*name).to_owned(), module));
            done(name, kept.len());
        }
        Ok(made)
    };
    let workers = std::thread::available_parallelism().map_or(1, usize::from).min(kept.len());
    let made: Vec<anyhow::Result<_>> = std::thread::scope(|scope| {
        let started: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        let ended = started
            .into_iter()
            .map(|worker| worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        ended.collect()
    });
    interrupted(stop)?;
    // Those that ended because another failed say so, and nothing of why.
    let (made, errors): (Vec<_>, Vec<_>) = made.into_iter().partition(Result::is_ok);
    let mut errors = errors.into_iter().filter_map(Result::err);
    match errors.find(|error| !error.is::<Stopped>()) {
        Some(error) => Err(error),
        None => Ok(made.into_iter().flatten().flatten().collect()),
    }
}

/// Another Yosys failed, or the user does not want to wait.
#[derive(Debug, thiserror::Error)]
#[error("Yosys was stopped")]
struct Stopped;

fn interrupted(stop: &AtomicBool) -> anyhow::Result<()> {
    // A terminal's Ctrl-C reaches Yosys too, and that it ended then is no failure of its own.
    match stop.load(Ordering::SeqCst) {
        true => Err(CliError::Interrupted("; Yosys was stopped".into()).into()),
        false => Ok(()),
    }
}

/// What [`elaborate`] writes.
const ELABORATED: &str = "elaborated.il";

/// All modules below the top, with what they instantiate, before anything is mapped.
fn elaborate(
    design: &Design,
    directory: &Path,
    stop: &AtomicBool,
) -> anyhow::Result<BTreeMap<String, Module>> {
    let list = design.write_to(directory)?;
    let files = std::fs::read_to_string(list)?.lines().collect::<Vec<_>>().join(" ");
    let script = format!(
        "read_verilog -sv {files}\nhierarchy -check -top {}\nwrite_rtlil {ELABORATED}\ntee -q -o elaborated.json stat -json\n",
        design.top()
    );
    let outcome = run("elaborated", &script, directory, &|| stop.load(Ordering::SeqCst));
    interrupted(stop)?;
    outcome
}

/// Cells that are flattened into a module, and its own.
fn size(name: &str, modules: &BTreeMap<String, Module>, is_kept: &dyn Fn(&str) -> bool) -> u64 {
    let Some(module) = modules.get(name) else { return 1 };
    let of_cell = |(kind, &count): (&String, &u64)| match is_kept(kind) {
        true => count,
        false => count * size(kind, modules, is_kept),
    };
    module.cells.iter().map(of_cell).sum()
}

/// One module with what is flattened into it.
fn map<'n>(
    name: &str,
    others: impl Iterator<Item = &'n &'n str>,
    directory: &Path,
    stopped: &dyn Fn() -> bool,
) -> anyhow::Result<Module> {
    let boxes: String = others.map(|other| format!(" {other}")).collect();
    let boxes = if boxes.is_empty() { boxes } else { format!("blackbox{boxes}\n") };
    // A name of Yosys's own has characters that a file's name has not.
    let file: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    // Wide LUTs are several joined: faster, and no measure of size.
    let script = format!(
        "read_rtlil {ELABORATED}\n{boxes}hierarchy -check -top {name}\n\
         synth_xilinx -family xcup -top {name} -flatten -uram -nowidelut -noiopad -noclkbuf\ntee -q -o {file}.json stat -json\n"
    );
    let mut modules = run(&file, &script, directory, stopped)?;
    modules.remove(name).with_context(|| format!("Yosys says nothing of {name}"))
}

/// Ends Yosys when the command ends, however it does.
struct Yosys(Child);

impl Drop for Yosys {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs a script, which writes statistics into `NAME.json`: those.
fn run(
    name: &str,
    script: &str,
    directory: &Path,
    stopped: &dyn Fn() -> bool,
) -> anyhow::Result<BTreeMap<String, Module>> {
    let path = |extension: &str| directory.join(format!("{name}.{extension}"));
    std::fs::write(path("ys"), script)?;
    let mut yosys = Command::new("yosys");
    yosys.arg("-q").arg("-s").arg(path("ys")).current_dir(directory).stdin(Stdio::null());
    let log = std::fs::File::create(path("log"))?;
    yosys.stdout(log.try_clone()?).stderr(log);
    let mut yosys = Yosys(yosys.spawn().context("yosys")?);
    let status = loop {
        let status = yosys.0.try_wait()?;
        if stopped() {
            return Err(Stopped.into());
        }
        match status {
            Some(status) => break status,
            None => std::thread::sleep(POLL),
        }
    };
    if !status.success() {
        let log = String::from_utf8_lossy(&std::fs::read(path("log"))?).into_owned();
        let lines: Vec<&str> = log.lines().collect();
        bail!("yosys failed:\n{}", lines[lines.len().saturating_sub(LINES_SHOWN)..].join("\n"));
    }
    let text = std::fs::read_to_string(path("json"))?;
    modules(&text).context("the statistics of Yosys are not as expected")
}

/// The modules of what `stat -json` writes. Yosys 0.23 puts lines of plain text behind them, so nothing else is read.
fn modules(text: &str) -> anyhow::Result<BTreeMap<String, Module>> {
    const KEY: &str = "\"modules\":";
    let start = text.find(KEY).context("no modules")? + KEY.len();
    let mut values = serde_json::Deserializer::from_str(&text[start..]).into_iter::<Value>();
    let json = values.next().context("no modules")??;
    let modules = json.as_object().context("no modules")?;
    let modules = modules.iter().map(|(name, module)| {
        let cells = module["num_cells_by_type"].as_object().context("no cells")?;
        let count = |(kind, count): (&String, &Value)| {
            Ok((kind.trim_start_matches('\\').to_owned(), count.as_u64().context("no number")?))
        };
        let cells = cells.iter().map(count).collect::<anyhow::Result<_>>()?;
        Ok((name.trim_start_matches('\\').to_owned(), Module { cells }))
    });
    modules.collect()
}

#[cfg(test)]
mod tests {
    use super::modules;

    #[test]
    fn statistics_are_read() {
        let text = r#"{ "creator": "Yosys", "modules": { "\\uspe": { "num_cells": 3, "num_cells_by_type": { "LUT6": 2, "FDRE": 1 } },
            "$paramod\\x\\W=8": { "num_cells_by_type": { "\\uspe": 4 } } },
                uspe                  4
            "design": {} }"#;
        let modules = modules(text).unwrap();
        assert_eq!(modules["uspe"].resources().luts, 2);
        assert_eq!(modules["$paramod\\x\\W=8"].cells["uspe"], 4);
        assert!(super::modules("none").is_err() && super::modules("{}").is_err());
    }
}
