//! A card's place on the PCI bus, as sysfs tells it.

use std::fmt;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// Where the kernel tells of its devices.
pub(super) const SYSFS: &str = "/sys";
/// PCIe generation 3, in GT/s per lane.
const GEN3_GIGATRANSFERS: f64 = 8.0;
/// Lanes of the VCU1525's edge connector.
const LANES: u32 = 16;

/// A link's speed and width.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Link {
    /// Transfers per second and lane, in 10^9.
    pub gigatransfers: f64,
    /// Lanes.
    pub lanes: u32,
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} GT/s x{}", self.gigatransfers, self.lanes)
    }
}

impl Link {
    /// What to say of a link that is slower than the card.
    #[must_use]
    pub fn warning(&self) -> Option<String> {
        (self.gigatransfers < GEN3_GIGATRANSFERS || self.lanes < LANES).then(|| {
            format!(
                "the PCIe link runs at {self}, below Gen3 x16 ({GEN3_GIGATRANSFERS} GT/s x{LANES}): reseat the card, and look for \
                 a slot with 16 lanes to the CPU"
            )
        })
    }
}

/// A card on the PCI bus.
#[derive(Clone, Debug, PartialEq)]
pub struct PciDevice {
    /// Domain, bus, device, function: `0000:03:00.0`.
    pub address: String,
    /// Name of the driver that it is bound to.
    pub driver: Option<String>,
    /// Version that the driver gives.
    pub driver_version: Option<String>,
    /// Bytes of the register window, BAR 0 of the XDMA core with AXI-Lite.
    pub bar_bytes: Option<u64>,
    /// Link as trained.
    pub link: Option<Link>,
}

impl PciDevice {
    /// The device behind a character device file, if sysfs knows it.
    pub(super) fn behind(sysfs: &Path, file: &fs::Metadata) -> Option<Self> {
        let (major, minor) = (rustix::fs::major(file.rdev()), rustix::fs::minor(file.rdev()));
        Self::read(sysfs, &sysfs.join(format!("dev/char/{major}:{minor}/device")))
    }

    /// Reads a device's folder, or a link to it.
    pub(super) fn read(sysfs: &Path, folder: &Path) -> Option<Self> {
        let folder = fs::canonicalize(folder).ok()?;
        let driver = fs::canonicalize(folder.join("driver")).ok().and_then(|path| name_of(&path));
        let version = |name: &String| text(&sysfs.join("module").join(name).join("version"));
        Some(Self {
            address: name_of(&folder)?,
            driver_version: driver.as_ref().and_then(version),
            driver,
            bar_bytes: text(&folder.join("resource")).as_deref().and_then(first_resource_bytes),
            link: link(&folder),
        })
    }
}

/// The folder of a device by its address.
pub(super) fn folder(sysfs: &Path, address: &str) -> PathBuf {
    sysfs.join("bus/pci/devices").join(address)
}

fn name_of(path: &Path) -> Option<String> {
    Some(path.file_name()?.to_str()?.to_owned())
}

fn text(path: &Path) -> Option<String> {
    Some(fs::read_to_string(path).ok()?.trim().to_owned())
}

/// Bytes of BAR 0: the first line of `resource` holds first and last address and flags.
fn first_resource_bytes(text: &str) -> Option<u64> {
    let mut numbers = text.lines().next()?.split_whitespace().map(|number| {
        number.strip_prefix("0x").and_then(|digits| u64::from_str_radix(digits, 16).ok())
    });
    let (first, last) = (numbers.next()??, numbers.next()??);
    // A BAR that is not there is all zeros.
    (last > first).then(|| last - first + 1)
}

fn link(folder: &Path) -> Option<Link> {
    // As in `8.0 GT/s PCIe`; before Linux 5.7 without the last word.
    let speed = text(&folder.join("current_link_speed"))?;
    let gigatransfers = speed.split_whitespace().next()?.parse().ok()?;
    let lanes = text(&folder.join("current_link_width"))?.parse().ok()?;
    Some(Link { gigatransfers, lanes })
}
