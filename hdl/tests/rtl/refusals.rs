//! A core that cannot be built is refused in words, before any Verilog exists.

use satkit_hdl::HdlError;
use satkit_hdl::core::design;
use satkit_spec::ArrayConfig;

/// What is said of the tiny array with one change.
fn refused(change: impl FnOnce(&mut ArrayConfig)) -> HdlError {
    let mut config = ArrayConfig::tiny();
    change(&mut config);
    design(&config).unwrap_err()
}

#[test]
fn words_of_other_lanes() {
    let error = refused(|config| config.m_lanes = 16);
    assert!(matches!(error, HdlError::Unbuildable { .. }));
    assert_eq!(
        error.to_string(),
        "array tiny: no RTL for words of 16 lanes; accepted: words of 8 lanes, and so M up to 8"
    );
    let error = refused(|config| config.m_lanes = 4);
    assert!(matches!(error, HdlError::Spec(_)));
    assert_eq!(
        error.to_string(),
        r#"array configuration "tiny" is not possible: 4 lanes per word; accepted: 8 or 16"#
    );
}

#[test]
fn other_sizes() {
    for (rows, cols, said) in [
        (
            3,
            4,
            r#"array configuration "tiny" is not possible: 3 rows; accepted: a power of two from 2 to 64"#,
        ),
        (
            4,
            12,
            r#"array configuration "tiny" is not possible: 12 columns; accepted: a power of two from 2 to 64"#,
        ),
        (
            1,
            4,
            r#"array configuration "tiny" is not possible: 1 rows; accepted: a power of two from 2 to 64"#,
        ),
        (
            128,
            4,
            r#"array configuration "tiny" is not possible: 128 rows; accepted: a power of two from 2 to 64"#,
        ),
        (
            64,
            4,
            "array tiny: no RTL for an array of 64 x 4 USPEs; accepted: 2 to 32 rows and columns, powers of two",
        ),
        (
            4,
            64,
            "array tiny: no RTL for an array of 4 x 64 USPEs; accepted: 2 to 32 rows and columns, powers of two",
        ),
    ] {
        let error = refused(|config| (config.rows, config.cols) = (rows, cols));
        assert_eq!(error.to_string(), said);
    }
}

/// The shortest ring is as long as the adder: with another adder another ring would have to be built.
#[test]
fn pipelines_of_other_lengths() {
    for stages in [4, 6, 16] {
        let error = refused(|config| config.adder_latency_cycles = stages);
        let said =
            format!("array tiny: no RTL for an adder of {stages} stages; accepted: 5 stages");
        assert_eq!(error.to_string(), said);
    }
    let error = refused(|config| config.adder_latency_cycles = 17);
    assert_eq!(
        error.to_string(),
        r#"array configuration "tiny" is not possible: an adder of 17 stages; accepted: 2 to 16"#
    );
    for stages in [2, 4] {
        let error = refused(|config| config.multiplier_latency_cycles = stages);
        let said =
            format!("array tiny: no RTL for a multiplier of {stages} stages; accepted: 3 stages");
        assert_eq!(error.to_string(), said);
    }
}

#[test]
fn psum_buffers_that_a_pass_does_not_fit() {
    let needed = 4 * 5 + 8;
    let error = refused(|config| config.psum_depth = needed - 1);
    assert_eq!(
        error.to_string(),
        r#"array configuration "tiny" is not possible: 27 partial sums per column; accepted: 28 (R * adder latency + 8) to 65536"#
    );
    let error = refused(|config| config.psum_depth = 65_537);
    assert_eq!(
        error.to_string(),
        r#"array configuration "tiny" is not possible: 65537 partial sums per column; accepted: 28 (R * adder latency + 8) to 65536"#
    );
}

#[test]
fn other_lanes_and_latencies_of_the_update_unit() {
    let error = refused(|config| config.wuve_lanes = 32);
    assert_eq!(error.to_string(), "array tiny: no RTL for WUVE lanes 32; accepted: 4, 8 or 16");
    let error = refused(|config| config.wuve_lanes = 3);
    assert_eq!(
        error.to_string(),
        r#"array configuration "tiny" is not possible: 3 WUVE lanes; accepted: a power of two up to 1024"#
    );
    let error = refused(|config| config.wuve_latency_cycles = 31);
    assert_eq!(error.to_string(), "array tiny: no RTL for cycles of WUVE latency 31; accepted: 32");
    let error = refused(|config| config.sore_latency_cycles = 0);
    assert_eq!(
        error.to_string(),
        "array tiny: no RTL for cycles of SORE latency 0; accepted: 25 with these lanes"
    );
}

#[test]
fn the_committed_configurations_are_built() {
    for config in ArrayConfig::all() {
        assert_eq!(design(&config).unwrap().top(), "core", "{}", config.name);
    }
}
