//! Which card a command drives: the one place where a name becomes a card.

use crate::arguments::TransferArguments;
use satkit_host::session::{Session, SessionSettings};
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

/// A card as it is named: `sim`, `rtl`, or `xdma[:DIR][:N]` for the files of the XDMA driver, real or virtual.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CardDevice {
    /// The simulator in this process.
    Sim,
    /// The accelerator's Verilog in this process.
    Rtl,
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
            Self::Rtl => "rtl",
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
        if text == "rtl" {
            return Ok(Self::Rtl);
        }
        let refuse = || {
            format!(
                "accepted: sim, rtl, xdma, xdma:N, xdma:DIR or xdma:DIR:N, such as xdma:{DEVICE_DIR}:0"
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

impl CardDevice {
    /// True if the card is made here, of an array; other cards have their own.
    pub(crate) const fn is_in_process(&self) -> bool {
        matches!(self, Self::Sim | Self::Rtl)
    }

    /// The array of a card that is made here, if none is asked for: the card's, or the one whose Verilog is compiled soonest.
    pub(crate) fn default_array(&self) -> ArrayConfig {
        match self {
            Self::Rtl => ArrayConfig::tiny(),
            _ => ArrayConfig::vcu1525(),
        }
    }
}

/// Opens a card. `array` is that of one in this process [default: [`CardDevice::default_array`]]; other cards have their own.
///
/// # Errors
/// Those of [`XdmaCard::open`], [`SimCard::new`] and [`rtl_card`].
pub(crate) fn open_card(
    device: &CardDevice,
    array: Option<&ArrayConfig>,
) -> anyhow::Result<Arc<dyn Card>> {
    match device {
        CardDevice::Sim => {
            let array = array.cloned().unwrap_or_else(|| device.default_array());
            Ok(Arc::new(SimCard::new(&array, &SimCardOptions::default())?))
        }
        CardDevice::Rtl => {
            let array = array.cloned().unwrap_or_else(|| device.default_array());
            rtl_card(&array, SimCardOptions::default().dram)
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

/// Opens a card and takes it into use. `dram` is the memory of one in this process.
///
/// # Errors
/// As [`open_card`], and if the card does not identify itself as one with this array.
pub(crate) fn open_session(
    device: &CardDevice,
    array: &ArrayConfig,
    transfers: TransferArguments,
    dram: MemoryModel,
) -> anyhow::Result<Session> {
    let card: Arc<dyn Card> = match device {
        CardDevice::Sim => {
            let options = SimCardOptions { dram, ..SimCardOptions::default() };
            Arc::new(SimCard::new(array, &options)?)
        }
        CardDevice::Rtl => rtl_card(array, dram)?,
        CardDevice::Xdma { .. } => open_card(device, None)?,
    };
    let verify = transfers.verify_transfers;
    let settings = SessionSettings {
        verify_uploads: verify,
        verify_downloads: verify,
        ..SessionSettings::default()
    };
    Ok(Session::open_with(card, array, settings)?)
}

/// The accelerator's Verilog as a card; its model is compiled if it has to be, with progress shown.
///
/// # Errors
/// [`CliError::Option`] for a binary without the feature `rtl`; those of `RtlCard::new`.
#[cfg(feature = "rtl")]
pub(crate) fn rtl_card(array: &ArrayConfig, dram: MemoryModel) -> anyhow::Result<Arc<dyn Card>> {
    use satkit_rtl::card::{RtlCard, RtlCardError, RtlCardOptions};
    let made = crate::rtl::built(None, |build| {
        RtlCard::new(array, &RtlCardOptions { dram, build: *build, ..RtlCardOptions::default() })
    });
    match made {
        Ok(card) => Ok(Arc::new(card)),
        // Which of them it is says how the command exits.
        Err(RtlCardError::Rtl(error)) => Err(error.into()),
        Err(RtlCardError::Spec(error)) => Err(error.into()),
        Err(error) => Err(error.into()),
    }
}

#[cfg(not(feature = "rtl"))]
pub(crate) fn rtl_card(_: &ArrayConfig, _: MemoryModel) -> anyhow::Result<Arc<dyn Card>> {
    let reason = "this binary was built without the feature `rtl`; accepted: sim, xdma, or a binary built with \
                  `cargo build --release --bin satkit --features rtl` (docs/guide-rtl.md)";
    let (option, given) = ("--device", "rtl".into());
    Err(crate::CliError::Option { option, given, reason: reason.into() }.into())
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
            ("rtl", Ok(CardDevice::Rtl)),
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
