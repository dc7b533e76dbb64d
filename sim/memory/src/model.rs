//! Which memory, as an option's text and as a value.

use crate::key::Keyed;
use crate::{
    AnyMemory, BackPressure, BackPressureParameters, Ddr4, Ddr4Parameters, Fixed, FixedParameters,
    MemoryError, Pool, PoolParameters, Ports,
};
use std::fmt;
use std::str::FromStr;

/// A memory model with its parameters.
///
/// As text: the name, or the name and parameters, such as `ddr4` or `fixed:latency=80,bandwidth=32`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
pub enum MemoryModel {
    /// `pool`: constant latency, the bandwidth of all channels shared.
    Pool(PoolParameters),
    /// `fixed`: constant latency and bandwidth of each channel and direction.
    Fixed(FixedParameters),
    /// `pressure`: the same with seeded delays and stalls.
    BackPressure(BackPressureParameters),
    /// `ddr4`: DDR4-2400 with banks, rows, turnarounds and refresh.
    Ddr4(Ddr4Parameters),
}

impl Default for MemoryModel {
    /// The pool: quick, and close to DDR4 where the array is what limits a step.
    fn default() -> Self {
        Self::Pool(PoolParameters::default())
    }
}

impl MemoryModel {
    /// The names of the models.
    #[must_use]
    pub const fn names() -> [&'static str; 4] {
        [
            PoolParameters::MODEL,
            FixedParameters::MODEL,
            BackPressureParameters::MODEL,
            Ddr4Parameters::MODEL,
        ]
    }

    /// DDR4-2400 as on the VCU1525.
    #[must_use]
    pub fn ddr4() -> Self {
        Self::Ddr4(Ddr4Parameters::default())
    }

    /// A memory of this model behind `ports`, with nothing open and nothing under way.
    ///
    /// # Errors
    /// [`MemoryError`] naming the parameter or the port size that is not possible.
    pub fn build(&self, ports: &Ports) -> Result<AnyMemory, MemoryError> {
        Ok(match self {
            Self::Pool(parameters) => AnyMemory::Pool(Pool::new(*parameters, ports)?),
            Self::Fixed(parameters) => AnyMemory::Fixed(Fixed::new(*parameters, ports)?),
            Self::BackPressure(parameters) => {
                AnyMemory::BackPressure(BackPressure::new(*parameters, ports)?)
            }
            Self::Ddr4(parameters) => AnyMemory::Ddr4(Ddr4::new(*parameters, ports)?),
        })
    }
}

impl fmt::Display for MemoryModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pool(parameters) => parameters.write(f),
            Self::Fixed(parameters) => parameters.write(f),
            Self::BackPressure(parameters) => parameters.write(f),
            Self::Ddr4(parameters) => parameters.write(f),
        }
    }
}

impl FromStr for MemoryModel {
    type Err = MemoryError;

    fn from_str(text: &str) -> Result<Self, MemoryError> {
        fn read<P: Keyed>(text: Option<&str>) -> Result<P, MemoryError> {
            text.map_or_else(|| Ok(P::default()), P::read)
        }
        let (name, parameters) = match text.split_once(':') {
            Some((name, parameters)) => (name, Some(parameters)),
            None => (text, None),
        };
        match name {
            PoolParameters::MODEL => read(parameters).map(Self::Pool),
            FixedParameters::MODEL => read(parameters).map(Self::Fixed),
            BackPressureParameters::MODEL => read(parameters).map(Self::BackPressure),
            Ddr4Parameters::MODEL => read(parameters).map(Self::Ddr4),
            _ => Err(MemoryError::Name { given: name.into(), accepted: Self::names().join(", ") }),
        }
    }
}
