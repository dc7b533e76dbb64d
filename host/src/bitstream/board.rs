//! The facts of the VCU1525, as `hdl/boards/vcu1525/vcu1525.toml` says them.

use super::BitstreamError;
use serde::Deserialize;
use std::collections::BTreeMap;

const VCU1525: &str = include_str!("../../../hdl/boards/vcu1525/vcu1525.toml");

/// Where facts come from.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Title of the document.
    pub title: String,
    /// Where it is to be had.
    #[serde(rename = "where")]
    pub location: String,
}

/// A value and where it is from.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fact<T> {
    /// The value.
    pub value: T,
    /// Which of the [`Board::sources`].
    pub source: String,
    /// Where in the source.
    pub place: String,
}

/// A pin that the constraints place.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pin {
    /// Port of the design.
    pub port: String,
    /// Pin of the package.
    pub pin: String,
    /// I/O standard; none on a transceiver's pins.
    pub standard: Option<String>,
    /// Which of the [`Board::sources`].
    pub source: String,
    /// Where in the source.
    pub place: String,
}

/// A property of the whole design.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Property {
    /// Name of the property.
    pub name: String,
    /// Its value.
    pub value: String,
    /// Which of the [`Board::sources`].
    pub source: String,
    /// Where in the source.
    pub place: String,
}

/// The PCIe side of a board.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pcie {
    /// Reference clock in megahertz.
    pub refclk_mhz: Fact<u32>,
    /// Lanes.
    pub lanes: Fact<u32>,
    /// Speed of a lane, as the IP core writes it.
    pub speed: Fact<String>,
    /// Quad of transceivers that holds lane 0.
    pub quad: Fact<String>,
    /// Device number, four hexadecimal digits.
    pub device_id: Fact<String>,
    /// The board file's interface of the lanes.
    pub lanes_interface: Fact<String>,
    /// The board file's interface of the reset.
    pub reset_interface: Fact<String>,
    /// The board file's interface of the reference clock.
    pub refclk_interface: Fact<String>,
}

/// The memory modules of a board.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ddr4 {
    /// The board file's interface of a channel, without the channel's number.
    pub memory_interface: Fact<String>,
    /// The board file's interface of a channel's clock, without the channel's number.
    pub clock_interface: Fact<String>,
    /// Part number of the module.
    pub module: Fact<String>,
    /// Kind of module, as the IP core writes it.
    pub module_kind: Fact<String>,
    /// Data bits, check bits among them.
    pub data_bits: Fact<u32>,
    /// Clock period in picoseconds.
    pub period_ps: Fact<u32>,
    /// Period of the reference clock in picoseconds.
    pub refclk_period_ps: Fact<u32>,
    /// CAS latency in clocks.
    pub read_latency: Fact<u32>,
    /// CAS write latency in clocks.
    pub write_latency: Fact<u32>,
    /// Bits of an address within one module.
    pub address_bits: Fact<u32>,
}

/// The configuration flash of a board.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flash {
    /// Size in mebibytes.
    pub megabytes: Fact<u32>,
    /// Interface, as Vivado writes it.
    pub interface: Fact<String>,
}

/// A board: its FPGA and what is wired to it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Board {
    /// Name.
    pub name: String,
    /// Documents, by the key that facts use.
    pub sources: BTreeMap<String, Source>,
    /// The FPGA, as Vivado names it.
    pub part: Fact<String>,
    /// The board file, as Vivado names it, without its version.
    pub board_part: Fact<String>,
    /// Pins that the constraints place.
    pub pins: Vec<Pin>,
    /// PCIe.
    pub pcie: Pcie,
    /// Memory.
    pub ddr4: Ddr4,
    /// Flash.
    pub flash: Flash,
    /// Properties of the whole design.
    pub properties: Vec<Property>,
}

impl Board {
    /// The VCU1525.
    ///
    /// # Errors
    /// [`BitstreamError::Syntax`] if the facts that this program was built with are not well-formed.
    pub fn vcu1525() -> Result<Self, BitstreamError> {
        let path = "hdl/boards/vcu1525/vcu1525.toml".into();
        toml::from_str(VCU1525)
            .map_err(|source| BitstreamError::Syntax { path, source: Box::new(source) })
    }
}
