//! Choices of the scheduler in the user's cache folder, so that a network is searched once.
//!
//! A file holds the choices for one contract, machine and restriction. It is only a shortcut: whatever is wrong with it,
//! the scheduler searches again.

use crate::output;
use satkit_plan::{Choice, Scheduler};
use satkit_spec::contract_hash;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Raised when the scheduler chooses otherwise for the same machine and layer.
const SCHEDULER_VERSION: u32 = 6;

/// Where the choices of one scheduler are kept.
#[derive(Clone, Debug)]
pub(crate) struct ScheduleCache {
    path: Option<PathBuf>,
    known: usize,
}

/// The cache folder of this user, by the XDG base directory specification; macOS users may set it too.
fn folder() -> Option<PathBuf> {
    let absolute =
        |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = absolute("XDG_CACHE_HOME").or_else(|| Some(absolute("HOME")?.join(".cache")))?;
    Some(base.join("satkit"))
}

impl ScheduleCache {
    /// Recalls what is kept for `scheduler`, whose restrictions `restriction` names. Nothing is read or written if `use_cache`
    /// is false.
    pub(crate) fn recall(scheduler: &Scheduler, restriction: &str, use_cache: bool) -> Self {
        let Some(folder) = folder().filter(|_| use_cache) else {
            return Self { path: None, known: 0 };
        };
        let name = format!(
            "schedules-{:08x}-{:08x}-v{SCHEDULER_VERSION}-{restriction}.json",
            contract_hash().first_word(),
            scheduler.config().hash_word()
        );
        let path = folder.join(name);
        let read = std::fs::read(&path).ok();
        let choices = read.and_then(|bytes| {
            serde_json::from_slice::<BTreeMap<String, Choice>>(&bytes)
                .inspect_err(|error| {
                    output::note(format_args!(
                        "note: {} is no list of schedules ({error}); searching again",
                        path.display()
                    ));
                })
                .ok()
        });
        let choices = choices.unwrap_or_default();
        let known = choices.len();
        scheduler.recall(choices);
        Self { path: Some(path), known }
    }

    /// Keeps what was searched since. Failing to is no failure of the command.
    pub(crate) fn keep(&self, scheduler: &Scheduler) {
        let Some(path) = &self.path else { return };
        let choices = scheduler.choices();
        if choices.len() == self.known {
            return;
        }
        if let Err(error) = write(path, &choices) {
            output::note(format_args!("note: schedules are not kept: {error}"));
        }
    }
}

fn write(path: &Path, choices: &BTreeMap<String, Choice>) -> anyhow::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let text = serde_json::to_vec(choices)?;
    output::write_atomically(path, |file| std::io::Write::write_all(file, &text))?;
    Ok(())
}
