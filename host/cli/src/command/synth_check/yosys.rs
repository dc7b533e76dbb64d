//! Running Yosys.

use super::cells::Module;
use crate::CliError;
use anyhow::{Context as _, bail};
use satkit_hdl::emit::Design;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
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

/// The modules that are left of `design` when all is flattened but `blocks`, mapped to cells of UltraScale+.
pub(super) fn synthesise(
    design: &Design,
    blocks: &[&str],
    stop: &AtomicBool,
) -> anyhow::Result<BTreeMap<String, Module>> {
    let directory = tempfile::tempdir()?;
    let list = design.write_to(directory.path())?;
    let files = std::fs::read_to_string(list)?.lines().collect::<Vec<_>>().join(" ");
    let top = design.top();
    let kept: String = blocks.iter().map(|b| format!(" {b} *_{b} $paramod*{b}*")).collect();
    let script = format!(
        "read_verilog -sv {files}\nhierarchy -check -top {top}\nsetattr -mod -set keep_hierarchy 1{kept}\n\
         synth_xilinx -family xcup -top {top} -flatten -uram -noiopad -noclkbuf\ntee -q -o stat.json stat -json\n"
    );
    std::fs::write(directory.path().join("script.ys"), script)?;
    run(directory.path(), stop)?;
    let text = std::fs::read_to_string(directory.path().join("stat.json"))?;
    modules(&text).context("the statistics of Yosys are not as expected")
}

/// Ends Yosys when the command ends, however it does.
struct Yosys(Child);

impl Drop for Yosys {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn run(directory: &Path, stop: &AtomicBool) -> anyhow::Result<()> {
    let log = directory.join("log");
    let mut yosys = Command::new("yosys");
    yosys.args(["-q", "-s", "script.ys"]).current_dir(directory).stdin(Stdio::null());
    let file = std::fs::File::create(&log)?;
    yosys.stdout(file.try_clone()?).stderr(file);
    let mut yosys = Yosys(yosys.spawn().context("yosys")?);
    let status = loop {
        let status = yosys.0.try_wait()?;
        // A terminal's Ctrl-C reaches Yosys too, and that it ended then is no failure of its own.
        if stop.load(Ordering::SeqCst) {
            return Err(CliError::Interrupted("; Yosys was stopped".into()).into());
        }
        match status {
            Some(status) => break status,
            None => std::thread::sleep(POLL),
        }
    };
    if !status.success() {
        let log = String::from_utf8_lossy(&std::fs::read(&log)?).into_owned();
        let lines: Vec<&str> = log.lines().collect();
        bail!("yosys failed:\n{}", lines[lines.len().saturating_sub(LINES_SHOWN)..].join("\n"));
    }
    Ok(())
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
