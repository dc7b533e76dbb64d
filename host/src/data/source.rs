//! Where data comes from, as `--data` names it.

use super::{Dataset, cifar, digits, mnist, npz};
use crate::HostError;
use crate::network::Network;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// A source of labelled images.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DataSource {
    /// The digits that come with satkit.
    Digits,
    /// Random images that fit the network.
    Random,
    /// A directory with MNIST's IDX files.
    Mnist(PathBuf),
    /// A directory with CIFAR-10's binary files.
    Cifar10(PathBuf),
    /// A directory with CIFAR-100's binary files.
    Cifar100(PathBuf),
    /// A NumPy archive.
    Npz(PathBuf),
}

impl DataSource {
    /// What `--data` accepts.
    pub const ACCEPTED: &'static str =
        "digits, random, mnist:DIR, cifar10:DIR, cifar100:DIR or npz:FILE";

    /// Loads the images. Random ones are made for the network of the name `network`: four batches to train on and one to
    /// test with, by `seed`; other sources use none of the three.
    ///
    /// # Errors
    /// [`HostError::Data`] or [`HostError::Io`] naming the file and what is wrong, [`HostError::Spec`] for an unknown
    /// network, [`HostError::Setting`] for a batch without images.
    pub fn load(&self, network: &str, batch: usize, seed: u64) -> Result<Dataset, HostError> {
        match self {
            Self::Digits => digits::load(),
            Self::Random => {
                let network = Network::named(network)?;
                // Also refuses batches that no layer can have.
                network.mac_layers(batch)?;
                Ok(Dataset::random(&network, 4 * batch, batch, seed))
            }
            Self::Mnist(directory) => mnist::load(directory),
            Self::Cifar10(directory) => cifar::load10(directory),
            Self::Cifar100(directory) => cifar::load100(directory),
            Self::Npz(path) => npz::load(path),
        }
    }
}

impl fmt::Display for DataSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Digits => f.write_str("digits"),
            Self::Random => f.write_str("random"),
            Self::Mnist(path) => write!(f, "mnist:{}", path.display()),
            Self::Cifar10(path) => write!(f, "cifar10:{}", path.display()),
            Self::Cifar100(path) => write!(f, "cifar100:{}", path.display()),
            Self::Npz(path) => write!(f, "npz:{}", path.display()),
        }
    }
}

impl FromStr for DataSource {
    type Err = HostError;

    fn from_str(text: &str) -> Result<Self, HostError> {
        let refuse = || HostError::setting("data", format!("{text:?}"), Self::ACCEPTED);
        match text.split_once(':') {
            None if text == "digits" => Ok(Self::Digits),
            None if text == "random" => Ok(Self::Random),
            Some((kind, path)) if !path.is_empty() => {
                let path = PathBuf::from(path);
                match kind {
                    "mnist" => Ok(Self::Mnist(path)),
                    "cifar10" => Ok(Self::Cifar10(path)),
                    "cifar100" => Ok(Self::Cifar100(path)),
                    "npz" => Ok(Self::Npz(path)),
                    _ => Err(refuse()),
                }
            }
            _ => Err(refuse()),
        }
    }
}
