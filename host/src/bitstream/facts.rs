//! The facts that the Vivado recipe builds from, as a Tcl dictionary: it types none of them again.

use super::{BitstreamError, Board};
use satkit_spec::{ArrayConfig, contract_hash, memory_map, regs};
use std::fmt::Write as _;

/// Tcl that sets `facts`, for `hdl/boards/vcu1525/build.tcl`: the board, the configuration, the memory map and the register
/// window. Sizes are bytes or bits and addresses are decimal, as their names say.
///
/// # Errors
/// [`BitstreamError::Syntax`] if the board's facts are not well-formed.
pub fn facts_tcl(config: &ArrayConfig) -> Result<String, BitstreamError> {
    let board = Board::vcu1525()?;
    let (pcie, ddr4, flash) = (&board.pcie, &board.ddr4, &board.flash);
    let facts: &[(&str, String)] = &[
        ("board", board.name.clone()),
        ("part", board.part.value.clone()),
        ("board_part", board.board_part.value.clone()),
        ("configuration", config.name.clone()),
        ("configuration_hash", format!("{:#010x}", config.hash_word())),
        ("contract_hash", contract_hash().to_string()),
        ("core_clock_mhz", format!("{:.3}", config.clock_hz as f64 / 1e6)),
        ("beat_bits", (config.axi_beat_bytes * 8).to_string()),
        ("core_masters", config.dram_channels.to_string()),
        ("window_bytes", regs::WINDOW_BYTES.to_string()),
        ("memory_base", memory_map::BASE.to_string()),
        ("memory_bytes", memory_map::BYTES.to_string()),
        ("module_bytes", memory_map::MODULE_BYTES.to_string()),
        ("channels", memory_map::CHANNELS.to_string()),
        ("interleave_bytes", memory_map::INTERLEAVE_BYTES.to_string()),
        ("dma_channels", memory_map::DMA_CHANNELS.to_string()),
        ("events", memory_map::EVENTS.to_string()),
        ("status_event", memory_map::STATUS_EVENT.to_string()),
        ("pcie_refclk_mhz", pcie.refclk_mhz.value.to_string()),
        ("pcie_lanes", pcie.lanes.value.to_string()),
        ("pcie_speed", pcie.speed.value.clone()),
        ("pcie_quad", pcie.quad.value.clone()),
        ("pcie_device_id", pcie.device_id.value.clone()),
        ("pcie_lanes_interface", pcie.lanes_interface.value.clone()),
        ("pcie_reset_interface", pcie.reset_interface.value.clone()),
        ("pcie_refclk_interface", pcie.refclk_interface.value.clone()),
        ("ddr4_memory_interface", ddr4.memory_interface.value.clone()),
        ("ddr4_clock_interface", ddr4.clock_interface.value.clone()),
        ("ddr4_module", ddr4.module.value.clone()),
        ("ddr4_module_kind", ddr4.module_kind.value.clone()),
        ("ddr4_data_bits", ddr4.data_bits.value.to_string()),
        ("ddr4_period_ps", ddr4.period_ps.value.to_string()),
        ("ddr4_refclk_period_ps", ddr4.refclk_period_ps.value.to_string()),
        ("ddr4_read_latency", ddr4.read_latency.value.to_string()),
        ("ddr4_write_latency", ddr4.write_latency.value.to_string()),
        ("ddr4_address_bits", ddr4.address_bits.value.to_string()),
        ("flash_megabytes", flash.megabytes.value.to_string()),
        ("flash_interface", flash.interface.value.clone()),
    ];
    let mut text = String::from("# Written by `satkit card facts`.\nset facts [dict create");
    for (name, value) in facts {
        // Writing to a string cannot fail. Braces keep every value as it is: none of them has one.
        let _ = write!(text, " \\\n    {name} {{{value}}}");
    }
    text.push_str("]\n");
    Ok(text)
}
