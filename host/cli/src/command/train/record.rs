//! What a checkpoint's directory says besides the checkpoint: where the data was and which machine was simulated.

use super::arguments::Compare;
use crate::{CliError, output};
use satkit_host::data::DataSource;
use satkit_plan::DataflowChoice;
use std::io::Write as _;
use std::path::Path;

const FILE_NAME: &str = "run.json";
/// Longest record that is read.
const MAX_BYTES: u64 = 1 << 16;

/// Options of a run that are not in its checkpoint, as the command line spells them.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Record {
    /// `--data`.
    pub(crate) data: String,
    /// `--array`.
    pub(crate) array: String,
    /// `--dataflow`.
    pub(crate) dataflow: String,
    /// `--compare`.
    pub(crate) compare: Compare,
}

impl Record {
    /// Writes the record into `directory`, which is made if it is not there.
    ///
    /// # Errors
    /// [`CliError::Write`] naming the file.
    pub(crate) fn save(&self, directory: &Path) -> Result<(), CliError> {
        let path = directory.join(FILE_NAME);
        std::fs::create_dir_all(directory)
            .map_err(|source| CliError::Write { path: directory.into(), source })?;
        output::write_atomically(&path, |file| {
            let mut text = serde_json::to_vec_pretty(self)?;
            text.push(b'\n');
            file.write_all(&text)
        })
    }

    /// Reads the record of `directory`; `None` if there is none.
    ///
    /// # Errors
    /// [`CliError::Input`] if it cannot be read.
    pub(crate) fn load(directory: &Path) -> Result<Option<Self>, CliError> {
        let path = directory.join(FILE_NAME);
        let refuse = |reason: String| CliError::Input { path: path.clone(), reason };
        match std::fs::metadata(&path) {
            Err(_) => return Ok(None),
            Ok(metadata) if !metadata.is_file() || metadata.len() > MAX_BYTES => {
                return Err(refuse("it is not the record of a run".into()));
            }
            Ok(_) => {}
        }
        let text = std::fs::read(&path).map_err(|error| refuse(error.to_string()))?;
        serde_json::from_slice(&text).map(Some).map_err(|error| {
            refuse(format!("it is not the record of a run ({error}); remove it and give --data"))
        })
    }

    /// The data source.
    ///
    /// # Errors
    /// Those of its parser.
    pub(crate) fn source(&self) -> anyhow::Result<DataSource> {
        Ok(self.data.parse()?)
    }

    /// The dataflow.
    ///
    /// # Errors
    /// Those of its parser.
    pub(crate) fn dataflow(&self) -> anyhow::Result<DataflowChoice> {
        Ok(self.dataflow.parse()?)
    }
}
