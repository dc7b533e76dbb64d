//! Faults on request, the same ones for the same seed.

mod injector;
mod spec;

pub(crate) use injector::{Draw, Injector, Stream};
pub use spec::{FAULTS_HELP, Faults, FaultsError};

/// A way in which a virtual card fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum FaultKind {
    /// A transfer moves a part and ends with EIO, as after an AXI error.
    Eio,
    /// A transfer moves a part and ends with ETIMEDOUT.
    Etimedout,
    /// A transfer moves fewer bytes than asked for, and says so.
    Short,
    /// A register reads as all-ones.
    Ones,
    /// An interrupt is not seen.
    LostIrq,
    /// An interrupt comes without a reason.
    SpuriousIrq,
    /// One bit of a transfer is wrong, and nothing says so.
    Flip,
    /// The card dies in the middle of a transfer; everything afterwards ends with ENOTCONN.
    Die,
}

impl FaultKind {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 8] = [
        Self::Eio,
        Self::Etimedout,
        Self::Short,
        Self::Ones,
        Self::LostIrq,
        Self::SpuriousIrq,
        Self::Flip,
        Self::Die,
    ];

    /// Its name in a specification and in outputs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Eio => "eio",
            Self::Etimedout => "etimedout",
            Self::Short => "short",
            Self::Ones => "ones",
            Self::LostIrq => "lost-irq",
            Self::SpuriousIrq => "spurious-irq",
            Self::Flip => "flip",
            Self::Die => "die",
        }
    }
}
