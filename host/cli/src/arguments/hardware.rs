//! The simulated machine that a command runs on.

use satkit_plan::DataflowChoice;
use satkit_spec::{ArrayConfig, Sparsity, SpecError};

/// Ends the name of a configuration whose words have 16 lanes.
const SIXTEEN_LANES: &str = "-m16";

/// Options of the simulated machine.
#[derive(clap::Args, Clone, Debug, Default)]
pub(crate) struct DeviceArguments {
    /// Array configuration, see `satkit list arrays`, or RxC for vcu1525 with as many rows and columns; NAME-m16
    /// has 16 lanes per word [default: vcu1525, with 16 lanes where M is 16]
    #[arg(long, value_name = "NAME|RxC", value_parser = array)]
    pub(crate) array: Option<ArrayConfig>,
    /// How stages are laid over the array: weight- or output-stationary; auto takes the faster one, stage by
    /// stage. Values do not depend on it [default: auto]
    #[arg(long, value_name = "auto|ws|os", value_parser = dataflow())]
    pub(crate) dataflow: Option<DataflowChoice>,
}

/// Options of the way between host and card.
#[derive(clap::Args, Clone, Copy, Debug, Default)]
pub(crate) struct TransferArguments {
    /// Read every upload to the card back and compare its CRC-32, and read every download twice: what differs is moved again,
    /// and what differs again ends the run. Moves twice the bytes
    #[arg(long)]
    pub(crate) verify_transfers: bool,
}

fn dataflow() -> impl clap::builder::TypedValueParser<Value = DataflowChoice> {
    use clap::builder::TypedValueParser as _;
    clap::builder::PossibleValuesParser::new(DataflowChoice::ALL.map(DataflowChoice::name))
        .try_map(|name| name.parse::<DataflowChoice>())
}

/// A named configuration, one of another size, or either with 16 lanes.
pub(crate) fn array(name: &str) -> Result<ArrayConfig, SpecError> {
    if let Some(base) = name.strip_suffix(SIXTEEN_LANES)
        && let Ok(config) = sized(base)
    {
        return config.with_m_lanes(16);
    }
    sized(name)
}

fn sized(name: &str) -> Result<ArrayConfig, SpecError> {
    let sides = name.split_once(['x', 'X']).map(|(r, c)| (r.parse(), c.parse()));
    match sides {
        Some((Ok(rows), Ok(cols))) => ArrayConfig::vcu1525().with_size(rows, cols),
        _ => ArrayConfig::named(name),
    }
}

/// The configuration for weights of `sparsity`: the one that was asked for, else vcu1525 with words that hold a group.
///
/// # Errors
/// [`SpecError::Array`] if the words of the one asked for do not hold a group.
pub(crate) fn array_for(
    asked: Option<&ArrayConfig>,
    sparsity: Sparsity,
) -> Result<ArrayConfig, SpecError> {
    let config = asked.cloned().unwrap_or_else(ArrayConfig::vcu1525);
    if asked.is_none() && !config.supports(sparsity) {
        return config.with_m_lanes(16);
    }
    config.check_sparsity(sparsity)?;
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::{array, array_for};
    use satkit_spec::{ArrayConfig, Sparsity};

    #[test]
    fn every_array_has_a_16_lane_variant() {
        for name in ArrayConfig::NAMES {
            assert_eq!(array(name).unwrap().m_lanes, 8);
            let wide = format!("{name}-m16");
            assert_eq!(array(&wide).unwrap().m_lanes, 16);
            assert_eq!(array(&wide).unwrap().name, wide);
        }
        assert!(array("huge").is_err() && array("-m16").is_err() && array("tiny-m16-m16").is_err());
        assert_eq!(array("16x8").unwrap().peak_macs_per_cycle(), 128);
        assert_eq!(array("16x8-m16").unwrap().name, "16x8-m16");
        assert!(array("12x8").is_err() && array("16x").is_err() && array("0x0").is_err());
    }

    #[test]
    fn words_hold_a_group_unless_an_array_was_asked_for() {
        let sixteen = Sparsity::new(4, 16).unwrap();
        assert_eq!(array_for(None, sixteen).unwrap().m_lanes, 16);
        assert_eq!(array_for(None, Sparsity::TWO_OF_EIGHT).unwrap(), ArrayConfig::vcu1525());
        assert!(array_for(Some(&ArrayConfig::tiny()), sixteen).is_err());
    }
}
