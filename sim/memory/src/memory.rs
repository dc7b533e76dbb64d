//! The trait that a clock drives, and the memory that a run chose.

use crate::{BackPressure, Ddr4, Fixed, Pool, Request, Statistics, Transfer};

/// A memory in time.
pub trait Memory {
    /// Serves one request and says when its beats pass the port. Requests come in non-decreasing order of
    /// `cycle`, have at least one beat and, if the memory is paged, stay in one page.
    fn transfer(&mut self, request: Request) -> Transfer;

    /// True if a request must stay in one page, as on an AXI port.
    #[inline]
    fn paged(&self) -> bool {
        true
    }

    /// Counts since the memory was built.
    fn statistics(&self) -> &Statistics;
}

/// The memory of a [`crate::MemoryModel`]. A caller in a hurry matches once and runs generic code on what is inside.
#[derive(Clone, Debug)]
pub enum AnyMemory {
    /// One pool of bandwidth.
    Pool(Pool),
    /// Fixed latency and bandwidth.
    Fixed(Fixed),
    /// The same with seeded back-pressure.
    BackPressure(BackPressure),
    /// DDR4 with banks, rows, turnarounds and refresh.
    Ddr4(Ddr4),
}

impl Memory for AnyMemory {
    #[inline]
    fn transfer(&mut self, request: Request) -> Transfer {
        match self {
            Self::Pool(memory) => memory.transfer(request),
            Self::Fixed(memory) => memory.transfer(request),
            Self::BackPressure(memory) => memory.transfer(request),
            Self::Ddr4(memory) => memory.transfer(request),
        }
    }

    #[inline]
    fn paged(&self) -> bool {
        !matches!(self, Self::Pool(_))
    }

    #[inline]
    fn statistics(&self) -> &Statistics {
        match self {
            Self::Pool(memory) => memory.statistics(),
            Self::Fixed(memory) => memory.statistics(),
            Self::BackPressure(memory) => memory.statistics(),
            Self::Ddr4(memory) => memory.statistics(),
        }
    }
}
