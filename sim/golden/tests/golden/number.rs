//! Conversions against integer arithmetic, over all FP16 values and around each of them.

use half::f16;
use proptest::prelude::*;
use satkit_golden::number::{canon16, canon32, mac, to_f16, to_f32};

/// FP16 bits to FP32 bits, by fields.
fn widen(bits: u16) -> u32 {
    let sign = u32::from(bits >> 15) << 31;
    let exponent = u32::from(bits >> 10 & 0x1F);
    let fraction = u32::from(bits & 0x3FF);
    match (exponent, fraction) {
        (0x1F, 0) => sign | 0x7F80_0000,
        (0x1F, _) => 0x7FC0_0000,
        (0, 0) => sign,
        (0, mut fraction) => {
            // Shift the leading one up to the hidden bit; a subnormal's exponent is that of 1.
            let mut exponent = 113;
            while fraction < 0x400 {
                fraction <<= 1;
                exponent -= 1;
            }
            sign | exponent << 23 | (fraction & 0x3FF) << 13
        }
        _ => sign | (exponent + 112) << 23 | fraction << 13,
    }
}

/// FP32 bits to FP16 bits: the magnitude in units of 2^-24 with everything below it, rounded half to even.
fn narrow(bits: u32) -> u16 {
    let sign = (bits >> 16 & 0x8000) as u16;
    let exponent = (bits >> 23 & 0xFF) as i32;
    let fraction = bits & 0x7F_FFFF;
    if exponent == 0xFF {
        return if fraction == 0 { sign | 0x7C00 } else { 0x7E00 };
    }
    // value = significand * 2^(exponent - 150)
    let (significand, exponent) =
        if exponent == 0 { (fraction, 1) } else { (fraction | 0x80_0000, exponent) };
    // The FP16 spacing is 2^(e - 10) for values of exponent e >= -14, so 2^-24 at the least.
    let spacing = (exponent - 127 - 10).max(-24);
    let drop = spacing - (exponent - 150);
    if drop > 25 {
        return sign;
    }
    let kept = significand >> drop;
    let rest = significand & ((1 << drop) - 1);
    let half = 1 << (drop - 1);
    let rounded = kept + u32::from(rest > half || (rest == half && kept & 1 == 1));
    // A normal value's kept part has its hidden bit at 2^10, which adds the exponent's last step.
    let result = ((spacing + 24) as u32 * 0x400) + rounded;
    sign | result.min(0x7C00) as u16
}

#[test]
fn every_fp16_value_widens_exactly() {
    for bits in 0..=u16::MAX {
        assert_eq!(to_f32(f16::from_bits(bits)).to_bits(), widen(bits), "{bits:#06x}");
    }
}

#[test]
fn every_fp16_value_comes_back() {
    for bits in 0..=u16::MAX {
        let value = f16::from_bits(bits);
        let want = if value.is_nan() { 0x7E00 } else { bits };
        assert_eq!(to_f16(to_f32(value)).to_bits(), want, "{bits:#06x}");
        assert_eq!(canon16(value).to_bits(), want, "{bits:#06x}");
    }
}

#[test]
fn fp32_values_around_every_fp16_value_round_to_nearest_even() {
    for bits in 0..0x7C00u16 {
        let here = f32::from_bits(widen(bits));
        // The value after the largest one would be 2^16: its tie overflows.
        let next = if bits == 0x7BFF { 65_536.0 } else { f32::from_bits(widen(bits + 1)) };
        let tie = here + (next - here) / 2.0;
        for value in [here, tie, next] {
            for step in -2..=2i32 {
                let near = value.to_bits().wrapping_add_signed(step);
                for near in [near, near ^ 0x8000_0000] {
                    let got = to_f16(f32::from_bits(near)).to_bits();
                    assert_eq!(got, narrow(near), "{near:#010x}");
                }
            }
        }
    }
}

#[test]
fn the_edges_of_fp16_are_where_ieee_puts_them() {
    let cases: [(f32, u16); 9] = [
        (65_519.996, 0x7BFF),
        (65_520.0, 0x7C00),
        (f32::INFINITY, 0x7C00),
        (f32::NEG_INFINITY, 0xFC00),
        (-0.0, 0x8000),
        (2f32.powi(-24), 0x0001),
        (2f32.powi(-25), 0x0000),
        (1.5 * 2f32.powi(-25), 0x0001),
        (-f32::MIN_POSITIVE / 2.0, 0x8000),
    ];
    for (value, bits) in cases {
        assert_eq!(to_f16(value).to_bits(), bits, "{value}");
    }
    assert_eq!(to_f16(f32::from_bits(0xFFC1_2345)).to_bits(), 0x7E00);
    assert_eq!(canon32(f32::from_bits(0xFF80_0001)).to_bits(), 0x7FC0_0000);
    assert_eq!(canon32(-0.0).to_bits(), 0x8000_0000);
}

proptest! {
    #[test]
    fn any_fp32_value_rounds_to_nearest_even(bits: u32) {
        prop_assert_eq!(to_f16(f32::from_bits(bits)).to_bits(), narrow(bits));
    }

    /// Fused and unfused agree, because the product is exact.
    #[test]
    fn mac_equals_the_fused_operation(
        acc in any::<u32>().prop_map(f32::from_bits),
        a in super::values::any_f16(),
        w in super::values::any_f16(),
    ) {
        let fused = to_f32(a).mul_add(to_f32(w), acc);
        prop_assert_eq!(canon32(mac(acc, a, w)).to_bits(), canon32(fused).to_bits());
    }
}
