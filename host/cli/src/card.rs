//! Which card a command drives: the one place where a name becomes a card.

use satkit_host::session::Session;
#[cfg(target_os = "linux")]
use satkit_host::xdma::XdmaCard;
use satkit_memory::MemoryModel;
use satkit_sim::card::{SimCard, SimCardOptions};
use satkit_spec::ArrayConfig;
use satkit_transport::files::DEVICE_DIR;
use satkit_transport::{Card, CardInfo};
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

/// A card as it is named: `sim`, or `xdma[:DIR][:N]` for the files of the XDMA driver, real or virtual.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CardDevice {
    /// The simulator in this process.
    Sim,
    /// Card `index` of the files in `dir`.
    Xdma {
        /// Where the files are.
        dir: PathBuf,
        /// N of `xdmaN_user`; `None` if none was named.
        index: Option<u32>,
    },
}

impl CardDevice {
    /// Its kind in reports.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Sim => "sim",
            Self::Xdma { .. } => "xdma",
        }
    }
}

impl FromStr for CardDevice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "sim" {
            return Ok(Self::Sim);
        }
        let refuse = || {
            format!(
                "accepted: sim, xdma, xdma:N, xdma:DIR or xdma:DIR:N, such as xdma:{DEVICE_DIR}:0"
            )
        };
        let rest = text.strip_prefix("xdma").ok_or_else(refuse)?;
        let place = match rest.strip_prefix(':') {
            Some(place) if !place.is_empty() => place,
            None if rest.is_empty() => {
                return Ok(Self::Xdma { dir: DEVICE_DIR.into(), index: None });
            }
            _ => return Err(refuse()),
        };
        // The last part is a number or belongs to the directory, whose name may hold colons.
        let (dir, index) = match place.rsplit_once(':') {
            Some((dir, last)) => (dir, Some(last.parse().map_err(|_| refuse())?)),
            None => match place.parse() {
                Ok(index) => (DEVICE_DIR, Some(index)),
                Err(_) => (place, None),
            },
        };
        if dir.is_empty() {
            return Err(refuse());
        }
        Ok(Self::Xdma { dir: dir.into(), index })
    }
}

/// Opens a card. `array` is the simulator's [default: vcu1525]; other cards have their own.
///
/// # Errors
/// Those of [`XdmaCard::open`] and [`SimCard::new`].
pub(crate) fn open_card(
    device: &CardDevice,
    array: Option<&ArrayConfig>,
) -> anyhow::Result<Arc<dyn Card>> {
    match device {
        CardDevice::Sim => {
            let array = array.cloned().unwrap_or_else(ArrayConfig::vcu1525);
            Ok(Arc::new(SimCard::new(&array, &SimCardOptions::default())?))
        }
        #[cfg(target_os = "linux")]
        CardDevice::Xdma { dir, index } => {
            Ok(Arc::new(XdmaCard::open(dir, index.unwrap_or_default())?))
        }
        #[cfg(not(target_os = "linux"))]
        CardDevice::Xdma { .. } => {
            anyhow::bail!("the XDMA driver is Linux's: --device sim works everywhere")
        }
    }
}

/// Opens a card and takes it into use. The simulator's memory is the one that programs are planned for.
///
/// # Errors
/// As [`open_card`], and if the card does not identify itself as one with this array.
pub(crate) fn open_session(device: &CardDevice, array: &ArrayConfig) -> anyhow::Result<Session> {
    let card: Arc<dyn Card> = match device {
        CardDevice::Sim => {
            let options =
                SimCardOptions { dram: MemoryModel::default(), ..SimCardOptions::default() };
            Arc::new(SimCard::new(array, &options)?)
        }
        CardDevice::Xdma { .. } => open_card(device, None)?,
    };
    Ok(Session::open(card, array)?)
}

/// What every text about a card begins with.
pub(crate) fn heading(info: &CardInfo) -> String {
    format!("{}, backend={}", info.name, info.backend.name())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cards_are_named_by_directory_and_number() {
        let xdma = |dir: &str, index| Ok(CardDevice::Xdma { dir: dir.into(), index });
        for (text, device) in [
            ("sim", Ok(CardDevice::Sim)),
            ("xdma", xdma("/dev", None)),
            ("xdma:2", xdma("/dev", Some(2))),
            ("xdma:/tmp/card", xdma("/tmp/card", None)),
            ("xdma:/tmp/card:1", xdma("/tmp/card", Some(1))),
            ("xdma:a:b:1", xdma("a:b", Some(1))),
        ] {
            assert_eq!(text.parse(), device, "{text}");
        }
        for text in ["", "xdma:", "xdma0", "xdma::1", "xdma:/tmp:x", "simulator", "XDMA"] {
            let refused = text.parse::<CardDevice>().unwrap_err();
            assert!(refused.contains("xdma:DIR:N"), "{text}");
        }
    }
}
