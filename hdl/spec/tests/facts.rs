//! Sparsities, methods, shapes, configurations, registers and the contract hash.

use proptest::prelude::*;
use satkit_spec::{
    ArrayConfig, CONTRACT_VERSION, ConvShape, K_BLOCK, Method, Sparsity, SpecError, Stage,
    contract_hash, isa, regs,
};
use std::collections::HashSet;

proptest! {
    #[test]
    fn a_sparsity_exists_exactly_for_n_up_to_m(n in 0usize..20, m in 0usize..20) {
        let possible = [1, 2, 4, 8, 16].contains(&m) && n >= 1 && n <= m;
        let made = Sparsity::new(n, m);
        prop_assert_eq!(made.is_ok(), possible);
        match made {
            Ok(sparsity) => prop_assert_eq!(sparsity.to_string().parse::<Sparsity>(), Ok(sparsity)),
            Err(error) => {
                let named = error.to_string().contains(&format!("{n}:{m}"));
                prop_assert!(named);
            }
        }
    }

    #[test]
    fn no_text_panics(text in "\\PC*") {
        let _ = text.parse::<Sparsity>();
        let _ = text.parse::<Method>();
        let _ = ArrayConfig::named(&text);
    }

    #[test]
    fn bp_phases_hold_each_input_pixel_once_with_its_taps(
        h in 1usize..9, w in 1usize..9, kh in 1usize..6, kw in 1usize..6,
        stride in 1usize..5, pad in 0usize..4,
    ) {
        let Ok(shape) = ConvShape::new(1, 3, (h, w), 5, (kh, kw), stride, pad) else {
            return Ok(());
        };
        let mut seen = HashSet::new();
        let mut taps_total = 0;
        for phase in shape.bp_phases() {
            for r in 0..phase.rows {
                for c in 0..phase.cols {
                    let (ih, iw) = (phase.first_ih + r * stride, phase.first_iw + c * stride);
                    prop_assert!(ih < h && iw < w && seen.insert((ih, iw)));
                    let present = (0..kh * kw)
                        .filter(|tap| {
                            (ih + pad + stride * kh - tap / kw) % stride == 0
                                && (iw + pad + stride * kw - tap % kw) % stride == 0
                        })
                        .count();
                    prop_assert_eq!(present, phase.taps());
                    taps_total += present;
                }
            }
        }
        prop_assert_eq!(seen.len(), h * w);
        prop_assert_eq!(shape.dense_macs(Stage::Bp), (taps_total * 3 * 5) as u64);
    }

    #[test]
    fn k_order_is_block_then_tap_then_channel(channels in 1usize..200, taps in 1usize..10) {
        let order: Vec<_> = ConvShape::k_order(channels, taps).collect();
        prop_assert_eq!(order.len(), channels * taps);
        let key = |p: &satkit_spec::SlotPosition| (p.channel / K_BLOCK, p.tap, p.channel);
        prop_assert!(order.windows(2).all(|pair| key(&pair[0]) < key(&pair[1])));
    }

    #[test]
    fn shapes_never_panic(
        batch in any::<usize>(), ci in any::<usize>(), h in any::<usize>(), w in any::<usize>(),
        co in any::<usize>(), kh in 0usize..40, kw in 0usize..40, stride in 0usize..20, pad in any::<usize>(),
    ) {
        let _ = ConvShape::new(batch, ci, (h, w), co, (kh, kw), stride, pad);
        let _ = ConvShape::new(batch % 100_000_000, ci % 2_000_000, (h % 70_000, w % 70_000), co % 2_000_000,
            (kh, kw), stride, pad % 40);
    }
}

#[test]
fn shapes_are_refused_in_words() {
    let refused = |result: Result<ConvShape, SpecError>| result.unwrap_err().to_string();
    assert!(refused(ConvShape::linear(0, 4, 4)).contains("batch is 0"));
    assert!(refused(ConvShape::new(1, 4, (4, 4), 4, (7, 7), 1, 1)).contains("kernel's height 7"));
    assert!(refused(ConvShape::new(1, 4, (4, 4), 4, (3, 3), 0, 1)).contains("stride is 0"));
}

#[test]
fn named_configurations_are_possible_and_impossible_ones_refused_in_words() {
    for config in ArrayConfig::all() {
        config.validate().unwrap();
        assert_eq!(ArrayConfig::named(&config.name).unwrap(), config);
    }
    assert_eq!(
        ArrayConfig::all().iter().map(|c| c.name.as_str()).collect::<Vec<_>>(),
        ArrayConfig::NAMES
    );
    let refused = |change: fn(&mut ArrayConfig)| {
        let mut config = ArrayConfig::vcu1525();
        change(&mut config);
        config.validate().unwrap_err().to_string()
    };
    assert!(refused(|c| c.rows = 33).contains("33 rows"));
    assert!(refused(|c| c.cols = 0).contains("0 columns"));
    assert!(refused(|c| c.m_lanes = 5).contains("5 lanes"));
    assert!(refused(|c| c.adder_latency_cycles = 17).contains("adder of 17"));
    assert!(refused(|c| c.psum_depth = 64).contains("64 partial sums"));
    assert!(refused(|c| c.ve_lanes = 0).contains("0 VE lanes"));
    assert!(refused(|c| c.clock_hz = 0).contains("0 Hz"));
    assert!(refused(|c| c.wuve_latency_cycles = 65_537).contains("65537 cycles of WUVE latency"));
    assert!(refused(|c| c.sore_latency_cycles = 65_537).contains("65537 cycles of SORE latency"));
    let wide = ArrayConfig::tiny().with_m_lanes(usize::MAX).unwrap_err().to_string();
    assert!(wide.contains("accepted: 8 or 16"), "{wide}");
    // Addresses count beats, so a beat has one size only.
    for beat in [0, 1, 32, 63, 65, 128, usize::MAX] {
        let mut config = ArrayConfig::vcu1525();
        config.axi_beat_bytes = beat;
        let message = config.validate().unwrap_err().to_string();
        assert!(message.contains(&format!("{beat} bytes per AXI beat; accepted: 64")), "{message}");
    }
    let unknown = ArrayConfig::named("huge").unwrap_err().to_string();
    assert!(unknown.contains("huge") && unknown.contains("vcu1525"), "{unknown}");
    let wide = Sparsity::new(2, 16).unwrap();
    assert!(ArrayConfig::vcu1525().check_sparsity(wide).unwrap_err().to_string().contains("2:16"));
    ArrayConfig::vcu1525().with_m_lanes(16).unwrap().check_sparsity(wide).unwrap();
}

#[test]
fn the_pruning_latency_follows_the_lanes() {
    // 2 to round, 1 and a block's beats to turn it, 1 to gather a group of several beats, 5 to select.
    let latencies = ArrayConfig::all().into_iter().flat_map(|config| {
        let wide = config.clone().with_m_lanes(16).unwrap();
        [config, wide].map(|config| config.sore_latency_cycles)
    });
    let expected = [
        2 + 1 + 16 + 1 + 5,
        2 + 1 + 64 + 1 + 5,
        2 + 1 + 8 + 5,
        2 + 1 + 32 + 1 + 5,
        2 + 1 + 4 + 5,
        2 + 1 + 16 + 5,
    ];
    assert_eq!(latencies.collect::<Vec<_>>(), expected);
    for config in ArrayConfig::all() {
        assert_eq!(config.sore_cycles(Some(config.m_lanes)), config.sore_latency_cycles);
    }
    let tiny = ArrayConfig::tiny();
    assert_eq!([None, Some(2), Some(4)].map(|m| tiny.sore_cycles(m)), [8, 10, 13]);
}

#[test]
fn registers_are_aligned_ascending_and_unique() {
    assert!(regs::MAP.windows(2).all(|pair| pair[0].offset < pair[1].offset));
    let names: HashSet<_> = regs::MAP.iter().map(|register| register.name).collect();
    assert_eq!(names.len(), regs::MAP.len());
    for register in regs::MAP {
        assert!(register.offset % 4 == 0 && register.offset < regs::WINDOW_BYTES);
    }
}

/// A change of any shared table changes the hash. Then say in the commit why, raise `CONTRACT_VERSION` if what is
/// computed or how it is encoded changed, pin the new hash here, and write the reference pages again
/// (`tests/reference.rs`).
#[test]
fn the_contract_hash_is_pinned() {
    let hash = contract_hash();
    assert_eq!((CONTRACT_VERSION, hash.first_word()), (7, 0x63cb_7977), "{hash}");
    assert!(hash.to_string().starts_with(&format!("{:08x}", hash.first_word())));
}

/// The numbers in texts of the map, which are literals, are those of the constants.
#[test]
fn the_map_names_the_alignment_of_programs() {
    let words = format!("a multiple of {} bytes", isa::ADDRESS_UNIT_BYTES);
    assert!(regs::PROGRAM_LOW.doc.contains(&words), "{}", regs::PROGRAM_LOW.doc);
}
