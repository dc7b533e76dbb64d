//! Devices that the RTL may be built for, and what they have.

/// Resources of a device, or of a design on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Resources {
    /// 6-input lookup tables, those used as small memories among them.
    pub luts: u64,
    /// Flip-flops.
    pub registers: u64,
    /// DSP slices.
    pub dsps: u64,
    /// Block memories of 36 kbit; one of 18 kbit is half of one.
    pub bram36: f64,
    /// UltraRAM blocks of 288 kbit.
    pub urams: u64,
}

impl Resources {
    /// The XCVU9P of the VCU1525 card. Source: AMD DS890, UltraScale Architecture and Product Data Sheet: Overview, table of the Virtex
    /// UltraScale+ FPGAs, column VU9P.
    pub const VCU1525: Self =
        Self { luts: 1_182_240, registers: 2_364_480, dsps: 6_840, bram36: 2_160.0, urams: 960 };

    /// This much, `count` times.
    #[must_use]
    pub fn times(self, count: u64) -> Self {
        Self {
            luts: self.luts * count,
            registers: self.registers * count,
            dsps: self.dsps * count,
            bram36: self.bram36 * count as f64,
            urams: self.urams * count,
        }
    }
}

impl std::ops::AddAssign for Resources {
    fn add_assign(&mut self, other: Self) {
        self.luts += other.luts;
        self.registers += other.registers;
        self.dsps += other.dsps;
        self.bram36 += other.bram36;
        self.urams += other.urams;
    }
}
