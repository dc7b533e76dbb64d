//! The files of the XDMA driver, as names and as text: what the driver and the virtual card have to agree on.

use crate::{Backend, CardInfo};
use std::path::{Path, PathBuf};

/// Where the kernel driver puts its files.
pub const DEVICE_DIR: &str = "/dev";

/// A file of card `index`, as the XDMA driver names it: `xdma0_user`, `xdma0_h2c_0`, ...
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DeviceFile {
    /// The register window.
    User,
    /// A DMA channel from host to card.
    HostToCard(u8),
    /// A DMA channel from card to host.
    CardToHost(u8),
    /// An interrupt line.
    Events(u8),
    /// What a virtual card says of itself; the driver of a real card has no such file.
    Info,
}

impl DeviceFile {
    /// The name for card `index`.
    #[must_use]
    pub fn name(self, index: u32) -> String {
        match self {
            Self::User => format!("xdma{index}_user"),
            Self::HostToCard(channel) => format!("xdma{index}_h2c_{channel}"),
            Self::CardToHost(channel) => format!("xdma{index}_c2h_{channel}"),
            Self::Events(line) => format!("xdma{index}_events_{line}"),
            Self::Info => format!("xdma{index}_info"),
        }
    }

    /// The path in `dir`.
    #[must_use]
    pub fn path(self, dir: &Path, index: u32) -> PathBuf {
        dir.join(self.name(index))
    }

    /// The index of a card whose register file has this name.
    #[must_use]
    pub fn index_of_user(name: &str) -> Option<u32> {
        let index: u32 = name.strip_prefix("xdma")?.strip_suffix("_user")?.parse().ok()?;
        (Self::User.name(index) == name).then_some(index)
    }
}

/// The text of [`DeviceFile::Info`]: one `key=value` a line, `backend=virtual` first.
#[must_use]
pub fn info_text(info: &CardInfo) -> String {
    let CardInfo { name, register_bytes, memory_bytes, .. } = info;
    let name: String = name.chars().filter(|c| !c.is_control()).collect();
    format!(
        "backend={}\nname={name}\nregister_bytes={register_bytes}\nmemory_bytes={memory_bytes}\n",
        Backend::Virtual.name()
    )
}

/// What [`info_text`] says of a virtual card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VirtualInfo {
    /// Name of the card that is served.
    pub name: String,
    /// Bytes of its register window.
    pub register_bytes: u32,
    /// Bytes of its memory.
    pub memory_bytes: u64,
}

impl VirtualInfo {
    /// Reads [`info_text`]; `None` if this is another text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let value = |key: &str| {
            text.lines().find_map(|line| line.split_once('=').filter(|(name, _)| *name == key))
        };
        (value("backend")?.1 == Backend::Virtual.name()).then_some(())?;
        Some(Self {
            name: value("name")?.1.to_owned(),
            register_bytes: value("register_bytes")?.1.parse().ok()?,
            memory_bytes: value("memory_bytes")?.1.parse().ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_virtual_card_says_of_itself_is_read_back() {
        let info = CardInfo::in_process("simulator\n of small", 0x1000, 64 << 30, 1, 1);
        let text = info_text(&info);
        assert!(text.starts_with("backend=virtual\n"), "{text}");
        let read = VirtualInfo::parse(&text).unwrap();
        assert_eq!(read.name, "simulator of small");
        assert_eq!((read.register_bytes, read.memory_bytes), (0x1000, 64 << 30));
        assert_eq!(VirtualInfo::parse(&text.replace("virtual", "real")), None);
        assert_eq!(VirtualInfo::parse("backend=virtual\n"), None);
    }

    #[test]
    fn register_files_name_their_card() {
        for (name, index) in [
            ("xdma0_user", Some(0)),
            ("xdma12_user", Some(12)),
            ("xdma01_user", None),
            ("xdma_user", None),
            ("xdma0_user2", None),
            ("xdma0_control", None),
        ] {
            assert_eq!(DeviceFile::index_of_user(name), index, "{name}");
        }
    }
}
