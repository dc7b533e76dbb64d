//! Models as text.

use crate::requests::{PORTS, model};
use proptest::prelude::*;
use satkit_memory::{FixedParameters, MemoryError, MemoryModel, Ports};
use satkit_spec::ArrayConfig;

fn refused(text: &str) -> String {
    text.parse::<MemoryModel>().unwrap_err().to_string()
}

#[test]
fn a_name_alone_is_the_default_and_each_is_built() {
    for name in MemoryModel::names() {
        let model: MemoryModel = name.parse().unwrap();
        assert!(model.to_string().starts_with(name));
        for array in ArrayConfig::all() {
            model.build(&Ports::from(&array)).unwrap();
        }
    }
    assert_eq!("pool".parse(), Ok(MemoryModel::default()));
    assert_eq!("ddr4".parse(), Ok(MemoryModel::ddr4()));
}

#[test]
fn parameters_are_read_in_any_order() {
    let expected = MemoryModel::Fixed(FixedParameters { latency: 5, bandwidth: 32 });
    assert_eq!("fixed:bandwidth=32,latency=5".parse(), Ok(expected));
    assert_eq!(expected.to_string(), "fixed:latency=5,bandwidth=32");
}

#[test]
fn text_is_refused_in_words() {
    assert_eq!(
        refused("sram"),
        "memory model \"sram\" is unknown; accepted: pool, fixed, pressure, ddr4"
    );
    assert_eq!(
        refused("fixed:latency"),
        "parameter \"latency\" of memory model fixed is not written key=value; accepted keys: latency, bandwidth"
    );
    assert_eq!(
        refused("fixed:seed=3"),
        "memory model fixed has no parameter \"seed\"; accepted keys: latency, bandwidth"
    );
    assert_eq!(
        refused("fixed:latency=3,latency=3"),
        "parameter latency of memory model fixed is given twice; accepted: once"
    );
    assert_eq!(
        refused("fixed:bandwidth=0"),
        "parameter bandwidth of memory model fixed is \"0\"; accepted: 1 to 1024 bytes per core cycle"
    );
    assert!(refused("ddr4:cl=-1").contains("is \"-1\"; accepted: 9 to 64 DRAM clocks"));
    assert!(refused("pressure:seed=18446744073709551616").contains("18446744073709551616"));
    assert!(refused("ddr4:").contains("accepted keys: latency-ns"));
}

#[test]
fn ports_and_values_are_checked_when_built() {
    let model = MemoryModel::Fixed(FixedParameters { latency: 0, bandwidth: 65 });
    let error = model.build(&PORTS).unwrap_err();
    assert!(matches!(error, MemoryError::Value { key: "bandwidth", .. }));
    assert!(error.to_string().contains("is \"65\"; accepted: 1 to 64 bytes per core cycle"));
    let model = MemoryModel::Fixed(FixedParameters { latency: u32::MAX, bandwidth: 1 });
    assert!(model.build(&PORTS).is_err());
    let ports = |channels, beat_bytes, clock_hz| Ports { channels, beat_bytes, clock_hz };
    for wrong in
        [ports(3, 64, 1), ports(0, 64, 1), ports(4, 65, 1), ports(4, 2048, 1), ports(4, 64, 0)]
    {
        for name in MemoryModel::names() {
            let error = name.parse::<MemoryModel>().unwrap().build(&wrong).unwrap_err();
            assert!(matches!(error, MemoryError::Ports { .. }), "{wrong:?}: {error}");
        }
    }
    let error = MemoryModel::ddr4().build(&ports(4, 64, 1000)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "memory with 1000 Hz of core clock is not possible; accepted: 1000000 to 1000000000 beside DDR4-2400"
    );
}

proptest! {
    #[test]
    fn text_comes_back(model in model()) {
        prop_assert_eq!(model.to_string().parse(), Ok(model));
    }

    #[test]
    fn no_text_panics(text in ".*", name in "(pool|fixed|pressure|ddr4)", tail in "[:=,a-z0-9-]{0,40}") {
        let _ = text.parse::<MemoryModel>();
        for text in [format!("{name}{text}"), format!("{name}:{text}"), format!("{name}:{tail}"), format!("{name}:latency={text}")] {
            if let Ok(model) = text.parse::<MemoryModel>() {
                let _ = model.build(&PORTS);
            }
        }
    }
}
