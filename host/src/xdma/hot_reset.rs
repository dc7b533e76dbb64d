//! Taking a card off the PCI bus and finding it again, as after a new bitstream.

use super::open::{identify, opening_error};
use super::pci::{self, SYSFS};
use satkit_transport::files::DeviceFile;
use satkit_transport::{CardError, CardResult};
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

/// How long the kernel and udev may take to bring the device files back.
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(50);

/// Removes a closed card from the PCI bus, rescans the bus, and waits until its register file is back.
///
/// Needs root. Written from the kernel's documentation (`Documentation/ABI/testing/sysfs-bus-pci`); it has never run with
/// a real card.
///
/// # Errors
/// [`CardError::Unsupported`] for a card that is not on the PCI bus, [`CardError::Permission`],
/// [`CardError::NoDevice`], and [`CardError::DeviceLost`] if the card does not come back.
pub fn hot_reset(dir: &Path, index: u32) -> CardResult<()> {
    let user = DeviceFile::User.path(dir, index);
    let metadata = fs::metadata(&user).map_err(|error| opening_error(&user, error))?;
    let (device, _) = identify(dir, index, &metadata)?;
    let name = format!("xdma{index} in {}", dir.display());
    let Some(device) = device else {
        let what =
            "be removed from the PCI bus: it is not on one; `satkit card reset` resets its core";
        return Err(CardError::Unsupported { name, what });
    };
    // A card that somebody drives is not pulled away from under them.
    drop(super::XdmaCard::open(dir, index)?);
    remove_and_rescan(Path::new(SYSFS), &device.address)?;
    let deadline = Instant::now() + PATIENCE;
    while !user.exists() {
        if Instant::now() >= deadline {
            let reason = format!("{name} did not come back after the rescan");
            return Err(CardError::DeviceLost { reason });
        }
        std::thread::sleep(PAUSE);
    }
    Ok(())
}

pub(super) fn remove_and_rescan(sysfs: &Path, address: &str) -> CardResult<()> {
    let steps = [pci::folder(sysfs, address).join("remove"), sysfs.join("bus/pci/rescan")];
    for path in steps {
        // Without `create`: these files are the kernel's.
        let file = fs::OpenOptions::new().write(true).open(&path);
        let written = file.and_then(|mut file| std::io::Write::write_all(&mut file, b"1\n"));
        written.map_err(|error| opening_error(&path, error))?;
    }
    Ok(())
}
