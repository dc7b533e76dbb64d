//! The card's memory as the core's AXI masters and the DMA engine see it.

/// Address of the first byte.
pub const BASE: u64 = 0;
/// DDR4 channels, one module each.
pub const CHANNELS: u32 = 4;
/// Bytes of one module.
pub const MODULE_BYTES: u64 = 16 << 30;
/// Bytes of all modules.
pub const BYTES: u64 = MODULE_BYTES * CHANNELS as u64;
/// Bytes after which addresses go on in the next channel.
pub const INTERLEAVE_BYTES: u64 = 4096;
/// Value of `DDR_CALIBRATED` when every channel is ready.
pub const ALL_CALIBRATED: u32 = (1 << CHANNELS) - 1;
/// DMA channels in each direction.
pub const DMA_CHANNELS: u8 = 1;
/// Interrupt line that follows `STATUS & INTERRUPT_ENABLE`.
pub const STATUS_EVENT: u8 = 0;
/// Interrupt lines.
pub const EVENTS: u8 = 1;
