//! Which cards there are.

use super::open::{identify, opening_error};
use super::pci::PciDevice;
use satkit_transport::files::{DeviceFile, VirtualInfo};
use satkit_transport::{Backend, CardResult};
use std::fs;
use std::path::Path;

/// A card that was found, without opening it.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundCard {
    /// N of `xdmaN_user`.
    pub index: u32,
    /// What it is; `None` if that could not be told.
    pub backend: Option<Backend>,
    /// Where it is on the PCI bus, if it is.
    pub pci: Option<PciDevice>,
    /// What a virtual card says of itself.
    pub virtual_info: Option<VirtualInfo>,
    /// What is wrong with it, and what makes it slow.
    pub warnings: Vec<String>,
}

/// The cards whose files are in `dir`, in the order of their numbers.
///
/// # Errors
/// [`satkit_transport::CardError::NoDevice`] if there is no such directory,
/// [`satkit_transport::CardError::DeviceLost`] if a virtual card's server has died and left its mount, and what the system says.
pub fn list(dir: &Path) -> CardResult<Vec<FoundCard>> {
    let entries = fs::read_dir(dir).map_err(|error| opening_error(dir, error))?;
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut indices: Vec<u32> = names.filter_map(|name| DeviceFile::index_of_user(&name)).collect();
    indices.sort_unstable();
    Ok(indices.into_iter().map(|index| find(dir, index)).collect())
}

fn find(dir: &Path, index: u32) -> FoundCard {
    let path = DeviceFile::User.path(dir, index);
    let mut found =
        FoundCard { index, backend: None, pci: None, virtual_info: None, warnings: Vec::new() };
    let metadata = fs::metadata(&path).map_err(|error| opening_error(&path, error));
    match metadata.and_then(|metadata| identify(dir, index, &metadata)) {
        Ok((pci, info)) => {
            found.backend = Some(if info.is_some() { Backend::Virtual } else { Backend::Real });
            found.warnings.extend(pci.as_ref().and_then(|pci| pci.link?.warning()));
            (found.pci, found.virtual_info) = (pci, info);
        }
        Err(error) => found.warnings.push(error.to_string()),
    }
    found
}
