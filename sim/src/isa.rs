//! Which instruction set the kernels use.

use crate::SimError;
use satkit_spec::SpecError;
use std::{fmt, str::FromStr, sync::OnceLock};

/// A version of the kernels. All of them give the same bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Isa {
    /// AVX-512F on 512-bit vectors, with AVX2, FMA and F16C.
    Avx512,
    /// AVX2, FMA and F16C on 256-bit vectors.
    Avx2,
    /// Plain Rust: a multiplication, then an addition.
    Portable,
}

impl Isa {
    /// All versions, the fastest first.
    pub const ALL: [Self; 3] = [Self::Avx512, Self::Avx2, Self::Portable];

    /// Environment variable that overrides the choice, by name.
    pub const VARIABLE: &'static str = "SATKIT_ISA";

    /// The name used in [`Isa::VARIABLE`] and in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Avx512 => "avx512",
            Self::Avx2 => "avx2",
            Self::Portable => "portable",
        }
    }

    /// True if this CPU runs it.
    #[must_use]
    pub fn is_available(self) -> bool {
        #[cfg(target_arch = "x86_64")]
        {
            let avx2 = || {
                is_x86_feature_detected!("avx2")
                    && is_x86_feature_detected!("fma")
                    && is_x86_feature_detected!("f16c")
            };
            match self {
                Self::Avx512 => avx2() && is_x86_feature_detected!("avx512f"),
                Self::Avx2 => avx2(),
                Self::Portable => true,
            }
        }
        #[cfg(not(target_arch = "x86_64"))]
        {
            self == Self::Portable
        }
    }

    /// The versions that this CPU runs, the fastest first; never empty.
    pub fn available() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|isa| isa.is_available())
    }

    /// The version that every operation uses unless it is told otherwise: the one named in the environment variable
    /// [`Isa::VARIABLE`] if this CPU runs it, else the fastest. Decided once per process.
    #[must_use]
    pub fn chosen() -> Self {
        static CHOSEN: OnceLock<Isa> = OnceLock::new();
        *CHOSEN.get_or_init(|| {
            Self::from_environment()
                .ok()
                .flatten()
                .unwrap_or_else(|| Self::available().next().unwrap_or(Self::Portable))
        })
    }

    /// The version named in [`Isa::VARIABLE`]; `None` if the variable is not set. A program calls it at its start,
    /// so that a wrong name is an error in words instead of being ignored.
    ///
    /// # Errors
    /// [`SimError::Operand`] if this CPU does not run it, [`SimError::Spec`] if there is no such name.
    pub fn from_environment() -> Result<Option<Self>, SimError> {
        let Some(value) = std::env::var_os(Self::VARIABLE) else { return Ok(None) };
        let isa: Self = value.to_string_lossy().parse()?;
        isa.check().map(|()| Some(isa))
    }

    /// Checks that this CPU runs it.
    ///
    /// # Errors
    /// [`SimError::Operand`] if it does not.
    pub fn check(self) -> Result<(), SimError> {
        if self.is_available() {
            return Ok(());
        }
        Err(SimError::Operand {
            what: "the instruction set",
            given: format!("{self}, which this CPU does not run"),
            accepted: Self::available().map(Self::name).collect::<Vec<_>>().join(", "),
        })
    }
}

impl fmt::Display for Isa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Isa {
    type Err = SpecError;

    fn from_str(text: &str) -> Result<Self, SpecError> {
        Self::ALL.into_iter().find(|isa| isa.name().eq_ignore_ascii_case(text)).ok_or_else(|| {
            SpecError::Name {
                what: "instruction set",
                given: text.into(),
                accepted: Self::ALL.map(Self::name).join(", "),
            }
        })
    }
}
