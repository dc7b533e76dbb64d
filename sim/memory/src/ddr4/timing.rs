//! DDR4-2400 in numbers: what JEDEC fixes, and the two units that the model counts in.
//!
//! JESD79-4 gives most of these in nanoseconds with a floor in clocks; here they are clocks of DDR4-2400, rounded up. The
//! module is taken as one rank of sixteen x4 devices of 8 Gb (plus two for ECC), speed bin 2400T (17-17-17), which
//! is how 16 GB RDIMMs of that speed, such as the VCU1525's, are commonly built.

/// Time is counted in ticks of 1/6 ns, in which both the DRAM clock and a 200 MHz core clock are whole.
pub const TICKS_PER_SECOND: u64 = 6_000_000_000;
/// Ticks of one nanosecond.
pub const TICKS_PER_NS: u64 = 6;
/// Ticks of tCK = 0.8333 ns, the clock of 2400 MT/s.
pub const TICKS_PER_CLOCK: u64 = 5;

/// Bytes of one burst: BL8 on a data bus of 64 bits.
pub const BURST_BYTES: u64 = 64;
/// Clocks of one burst, two transfers per clock: 64 bytes in 3.33 ns are 19.2 GB/s.
pub const BURST_CLOCKS: u64 = 4;

/// Banks that keep their own row. DDR4 x4 has 4 groups of 4 banks; the groups are interleaved burst by burst, so the
/// same bank of all 4 groups opens and closes together and is one bank here.
pub const BANKS: usize = 4;
/// Bytes of one row of such a bank: 4 groups x 16 devices x 512 bytes.
pub const ROW_BYTES: u64 = 32 * 1024;

/// CL, read command to data, clocks. Speed bin 2400T: 14.16 ns.
pub const CL: u32 = 17;
/// tRCD, activate to command, clocks. Speed bin 2400T: 14.16 ns.
pub const TRCD: u32 = 17;
/// tRP, precharge to activate, clocks. Speed bin 2400T: 14.16 ns.
pub const TRP: u32 = 17;
/// tRAS, activate to precharge, clocks. Speed bin 2400T: 32 ns. tRC, 46.16 ns or 56 clocks, is tRAS + tRP and never
/// waits longer.
pub const TRAS: u32 = 39;
/// CWL, write command to data, clocks: the first of the two choices for 2400 MT/s.
pub const CWL: u64 = 12;
/// tWR, end of write data to precharge, clocks: 15 ns.
pub const TWR: u64 = 18;
/// tRTP, read command to precharge, clocks: 7.5 ns.
pub const TRTP: u64 = 9;
/// tWTR_L, end of write data to read command, clocks: 7.5 ns.
pub const TWTR: u64 = 9;
/// Clocks for which the data bus rests between read and write data. The commands are `CL + BL/2 + 2 - CWL` apart, 11
/// clocks here, and CL, CWL and the burst take all but 2 of them.
pub const READ_TO_WRITE: u64 = 2;
/// tFAW, four activates to the next, clocks: 13 ns or 16 clocks for x4 devices. Opening a row here is four activates.
pub const TFAW: u64 = 16;
/// tREFI, refresh to refresh, nanoseconds: up to 85 degrees Celsius; half of it above.
pub const TREFI_NS: u32 = 7800;
/// tRFC1, refresh to activate, nanoseconds, for devices of 8 Gb.
pub const TRFC_NS: u32 = 350;

/// Controller, interconnect and clock crossings on a read, nanoseconds. Assumed: 30 cycles at 200 MHz.
pub const LATENCY_NS: u32 = 150;
/// Bursts that the write buffer collects before it drains. Assumed: one page.
pub const WRITE_BATCH: u32 = 64;
