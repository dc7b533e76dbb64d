//! Opening a card's files, and owning them.

use super::pci::{PciDevice, SYSFS};
use super::{XdmaCard, transfer};
use satkit_spec::{memory_map, regs};
use satkit_transport::files::{DeviceFile, VirtualInfo};
use satkit_transport::{Backend, CardError, CardInfo, CardResult};
use std::fs::{self, File, Metadata, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// Most channels in one direction and most interrupt lines that the XDMA core can have.
const MOST_CHANNELS: u8 = 4;
const MOST_EVENTS: u8 = 16;

pub(super) fn open(dir: &Path, index: u32) -> CardResult<XdmaCard> {
    let path = DeviceFile::User.path(dir, index);
    let name = format!("xdma{index} in {}", dir.display());
    let user = open_file(&path, OpenOptions::new().read(true).write(true))?;
    let metadata = user.metadata().map_err(|error| opening_error(&path, error))?;
    let (pci, virtual_info) = identify(dir, index, &metadata)?;
    own(&user, &name, &metadata)?;

    type Files = Vec<Mutex<File>>;
    let files =
        |kind: fn(u8) -> DeviceFile, most: u8, options: &OpenOptions| -> CardResult<Files> {
            let paths = (0..most).map(|channel| kind(channel).path(dir, index));
            // The first one has to be there; the others are there or not.
            let there =
                paths.enumerate().take_while(|(channel, path)| *channel == 0 || path.exists());
            there.map(|(_, path)| open_file(&path, options).map(Mutex::new)).collect()
        };
    let mut read = OpenOptions::new();
    read.read(true);
    let h2c = files(DeviceFile::HostToCard, MOST_CHANNELS, OpenOptions::new().write(true))?;
    let c2h = files(DeviceFile::CardToHost, MOST_CHANNELS, &read)?;
    let events = files(DeviceFile::Events, MOST_EVENTS, &read)?;

    let bar_bytes = pci.as_ref().and_then(|pci| pci.bar_bytes);
    let bar_bytes = bar_bytes.map(|bytes| u32::try_from(bytes).unwrap_or(u32::MAX));
    let virtual_bytes = virtual_info.as_ref().map(|info| info.register_bytes);
    let info = CardInfo {
        backend: if virtual_info.is_some() { Backend::Virtual } else { Backend::Real },
        name,
        pci_address: pci.as_ref().map(|pci| pci.address.clone()),
        driver_version: pci.as_ref().and_then(|pci| pci.driver_version.clone()),
        // The driver does not check: an access beyond the BAR would hit other memory.
        register_bytes: bar_bytes.or(virtual_bytes).unwrap_or(regs::WINDOW_BYTES),
        memory_bytes: virtual_info.map_or(memory_map::BYTES, |info| info.memory_bytes),
        h2c_channels: h2c.len() as u8,
        c2h_channels: c2h.len() as u8,
        events: events.len() as u8,
    };
    if info.register_bytes < regs::WINDOW_BYTES {
        let reason = format!(
            "its register window has {} bytes, a satkit core's {}",
            info.register_bytes,
            regs::WINDOW_BYTES
        );
        return Err(CardError::WrongDriver { path, reason });
    }
    Ok(XdmaCard { info, pci, user, h2c, c2h, events })
}

/// A real card is a character device of the driver `xdma`; a virtual one has a file that says so.
pub(super) fn identify(
    dir: &Path,
    index: u32,
    user: &Metadata,
) -> CardResult<(Option<PciDevice>, Option<VirtualInfo>)> {
    identify_by(Path::new(SYSFS), dir, index, user)
}

/// The same, with what the kernel tells of its devices in the folder `sysfs`.
pub(super) fn identify_by(
    sysfs: &Path,
    dir: &Path,
    index: u32,
    user: &Metadata,
) -> CardResult<(Option<PciDevice>, Option<VirtualInfo>)> {
    let path = DeviceFile::User.path(dir, index);
    let wrong = |reason: String| Err(CardError::WrongDriver { path: path.clone(), reason });
    if user.file_type().is_char_device() {
        let pci = PciDevice::behind(sysfs, user);
        let driver = pci.as_ref().and_then(|pci| pci.driver.as_deref());
        return match driver {
            Some(driver) if driver != "xdma" => {
                wrong(format!("its device is bound to the driver {driver}"))
            }
            _ => Ok((pci, None)),
        };
    }
    let info_path = DeviceFile::Info.path(dir, index);
    match fs::read_to_string(&info_path) {
        Ok(text) => match VirtualInfo::parse(&text) {
            Some(info) => Ok((None, Some(info))),
            None => wrong(format!("{} does not describe a virtual card", info_path.display())),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            wrong("it is no character device, and no virtual card serves it".into())
        }
        Err(error) => Err(opening_error(&info_path, error)),
    }
}

/// One program at a time: the lock goes with the open file, also when its process is killed.
fn own(user: &File, name: &str, metadata: &Metadata) -> CardResult<()> {
    match user.try_lock() {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => {
            let holder = holder(metadata).map_or(String::new(), |holder| format!(" ({holder})"));
            Err(CardError::Busy { name: format!("{name}{holder}") })
        }
        Err(TryLockError::Error(error)) => Err(transfer::lost(&error, name)
            .unwrap_or_else(|| CardError::Io { what: format!("lock {name}"), source: error })),
    }
}

/// Who holds the lock, as `/proc/locks` tells: `1: FLOCK  ADVISORY  WRITE 1234 00:2d:2 0 EOF`.
fn holder(file: &Metadata) -> Option<String> {
    let (major, minor) = (rustix::fs::major(file.dev()), rustix::fs::minor(file.dev()));
    let wanted = format!("{major:02x}:{minor:02x}:{}", file.ino());
    let locks = fs::read_to_string("/proc/locks").ok()?;
    let line = locks.lines().find(|line| {
        line.contains(" FLOCK ") && line.split_whitespace().any(|word| word == wanted)
    })?;
    let process = line.split_whitespace().nth(4)?;
    let name = fs::read_to_string(format!("/proc/{process}/comm")).unwrap_or_default();
    Some(format!("held by process {process} {}", name.trim()).trim_end().to_owned())
}

fn open_file(path: &Path, options: &OpenOptions) -> CardResult<File> {
    transfer::uninterrupted(|| options.open(path)).map_err(|error| opening_error(path, error))
}

pub(super) fn opening_error(path: &Path, error: io::Error) -> CardError {
    let path: PathBuf = path.into();
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => CardError::NoDevice { path },
        io::ErrorKind::PermissionDenied => CardError::Permission { path },
        // An opened file: somebody streams through it.
        io::ErrorKind::ResourceBusy => CardError::Busy { name: path.display().to_string() },
        _ => {
            let name = path.display().to_string();
            let lost = transfer::lost(&error, &name);
            lost.unwrap_or(CardError::Io { what: format!("open {name}"), source: error })
        }
    }
}
