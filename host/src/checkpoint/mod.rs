//! Checkpoints: everything that a run needs to go on, in one file that is whole or absent.
//!
//! `DIR/checkpoint.satkit` holds, little-endian: 8 bytes `SATKITCP`, a `u32` version, a `u64` length and the
//! header of that length in JSON; then FP32 values: parameters, momentum, running means and variances, in the
//! order and lengths that the header lists; then the SHA-256 of all that. It is written beside and renamed, so a
//! crash leaves the old one or the new one.

mod file;

use crate::HostError;
use crate::data::Dataset;
use crate::files::{read_regular, write_atomically};
use crate::network::{ModelState, Network};
use crate::npz::write_npz;
use crate::train::{Progress, TrainSettings};
use file::Header;
use satkit_spec::contract_hash;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Name of the file in a checkpoint's directory.
pub const FILE_NAME: &str = "checkpoint.satkit";

/// Which data a run was trained on.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct DataIdentity {
    /// Name, such as `digits`.
    pub name: String,
    /// [`Dataset::fingerprint`].
    pub fingerprint: String,
}

impl DataIdentity {
    /// The identity of `data`.
    #[must_use]
    pub fn of(data: &Dataset) -> Self {
        Self { name: data.name().into(), fingerprint: data.fingerprint() }
    }
}

/// A run at rest.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint {
    /// Name of the network.
    pub network: String,
    /// Images of the network, `[c, h, w]`.
    pub input: [usize; 3],
    /// The data.
    pub data: DataIdentity,
    /// The settings, method and sparsity among them.
    pub settings: TrainSettings,
    /// How far the run is.
    pub progress: Progress,
    /// What the network has learnt.
    pub state: ModelState,
    /// Hash of the contract that the numbers keep, in hexadecimal.
    pub contract: String,
    /// The file that it was read from, or its name.
    file: PathBuf,
}

impl Checkpoint {
    pub(crate) fn new(
        network: &Network,
        data: DataIdentity,
        settings: TrainSettings,
        progress: Progress,
        state: ModelState,
    ) -> Self {
        Self {
            network: network.name().into(),
            input: network.input(),
            data,
            settings,
            progress,
            state,
            contract: contract_hash().to_string(),
            file: FILE_NAME.into(),
        }
    }

    /// Writes the checkpoint into `directory`, which is made if it is not there; returns the file.
    ///
    /// # Errors
    /// [`HostError::Io`] if it cannot be written; a checkpoint that was there before is then unchanged.
    pub fn save(&self, directory: &Path) -> Result<PathBuf, HostError> {
        std::fs::create_dir_all(directory).map_err(HostError::io("create", directory))?;
        let path = directory.join(FILE_NAME);
        let bytes = file::encode(&Header::of(self), &self.state)
            .map_err(|reason| HostError::checkpoint(&path, reason))?;
        write_atomically(&path, |file| file.write_all(&bytes))?;
        Ok(path)
    }

    /// Reads the checkpoint of `directory`.
    ///
    /// # Errors
    /// [`HostError::Io`] if there is none, [`HostError::Checkpoint`] if it is truncated, corrupt or of another
    /// version.
    pub fn load(directory: &Path) -> Result<Self, HostError> {
        let path = directory.join(FILE_NAME);
        let refuse = |reason: String| HostError::checkpoint(&path, reason);
        let (header, state) = file::decode(&read_regular(&path)?).map_err(refuse)?;
        let Header { network, input, data, settings, progress, contract, .. } = header;
        settings.check().map_err(|error| refuse(error.to_string()))?;
        Ok(Self { network, input, data, settings, progress, state, contract, file: path })
    }

    /// The network that the checkpoint is of.
    ///
    /// # Errors
    /// [`HostError`] if this version has no such network, or the state is not that network's.
    pub fn build_network(&self) -> Result<Network, HostError> {
        let network = Network::named_for(&self.network, self.input)?;
        self.check_state(&network)?;
        Ok(network)
    }

    /// Writes all parameters and running statistics to the NumPy archive `path`, FP32, by name: `conv1.weight`,
    /// `bn1.gamma`, `bn1.running_mean`. The archive is whole or absent.
    ///
    /// # Errors
    /// [`HostError::Io`] if it cannot be written; those of [`Checkpoint::build_network`].
    pub fn export(&self, path: &Path) -> Result<(), HostError> {
        let network = self.build_network()?;
        let parameters = network.parameters().iter().zip(&self.state.values);
        let parameters =
            parameters.map(|(spec, values)| (spec.name.clone(), spec.shape.clone(), &values[..]));
        let running = network.norms().iter().zip(&self.state.running);
        let running = running.flat_map(|(norm, running)| {
            [("running_mean", &running.mean), ("running_var", &running.var)].map(
                |(what, values)| {
                    (format!("{}.{what}", norm.name), vec![norm.channels], &values[..])
                },
            )
        });
        write_npz(path, parameters.chain(running))
    }

    fn refuse<T>(&self, reason: String) -> Result<T, HostError> {
        Err(HostError::checkpoint(&self.file, reason))
    }

    fn check_state(&self, network: &Network) -> Result<(), HostError> {
        self.state.check(network).or_else(|error| self.refuse(format!("it does not fit: {error}")))
    }

    /// Checks that a run of `network` on `data` can go on from here.
    pub(crate) fn check_resumable(
        &self,
        network: &Network,
        data: &Dataset,
    ) -> Result<(), HostError> {
        let here = contract_hash().to_string();
        if self.contract != here {
            return self.refuse(format!(
                "written under contract {:.12}, but this satkit keeps {here:.12}, so it could not go on to the same \
                 bits; resume it with the satkit that wrote it",
                self.contract
            ));
        }
        if (self.network.as_str(), self.input) != (network.name(), network.input()) {
            return self.refuse(format!(
                "a run of {} on images of {:?}, not of {} on {:?}",
                self.network,
                self.input,
                network.name(),
                network.input()
            ));
        }
        let identity = DataIdentity::of(data);
        if self.data != identity {
            return self.refuse(format!(
                "trained on {} (SHA-256 {:.12}), not on {} ({:.12}); accepted: the same data",
                self.data.name, self.data.fingerprint, identity.name, identity.fingerprint
            ));
        }
        self.check_state(network)
    }

    /// Checks that the position exists in a run of `steps` steps.
    pub(crate) fn check_progress(&self, steps_per_epoch: u64, steps: u64) -> Result<(), HostError> {
        let Progress { step, epoch, batch, ref loss_scale, .. } = self.progress;
        // The last epoch of a run of so many steps may be a part of one.
        let whole = epoch.checked_mul(steps_per_epoch).and_then(|done| done.checked_add(batch));
        let possible = step <= steps
            && batch <= steps_per_epoch
            && (whole == Some(step) || step == steps && batch == 0 && whole >= Some(step));
        if !possible {
            return self.refuse(format!(
                "step {step} of {steps} in batch {batch} of epoch {epoch}, which has {steps_per_epoch}; the file is \
                 not from such a run"
            ));
        }
        if !loss_scale.belongs_to(self.settings.loss_scale) {
            return self.refuse(format!(
                "loss scale {} with the setting {}; the file is not from such a run",
                loss_scale.scale, self.settings.loss_scale
            ));
        }
        Ok(())
    }
}
