//! The one rounding at the end of exact sums.

use rust_hdl_core::prelude::*;
use rust_hdl_widgets::{dff::DFF, dff_setup};

/// Rounds an exact integer, or its quotient by the count `n` or by `n * n`, once to FP32, one after another.
///
/// | `source` | integer | its unit |
/// |---|---|---|
/// | 0 | `left` | 2^-24 |
/// | 1 | `products` | 2^-48 |
/// | 2 | `n * products - left * right` | 2^-48 |
/// | 3 | `n` | 1 |
/// | 4 | `n - 1`, but 1 if that is 0 | 1 |
///
/// `passes` is how often the integer is divided by `n`, 0 to 2. Rounding down twice and keeping whether anything was lost is
/// the same as dividing by `n * n`.
///
/// `start` begins; the result is there [`ExactRatio::cycles`] rising edges later, that one counted, and stays until the next. All
/// inputs are held meanwhile. No result is subnormal or too large: with at most 2^22 terms they lie between 2^-92 and 2^78.
///
/// 1. of source 2 alone: the products bit by bit, 64 cycles for `left * right` and 23 for `n * products`
/// 2. the magnitude
/// 3. shift to the left by 64 down to 1, as far as only zeros are met: seven cycles
/// 4. for each division 64 cycles of two bits each, and 3. again
/// 5. round, pack
///
/// Specials are as in [`ExactTerm`](super::ExactTerm): a single infinite sum stays that infinity, and source 2 is NaN with any.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct ExactRatio {
    /// Clock of all registers.
    pub clock: Signal<In, Clock>,
    /// Begins.
    pub start: Signal<In, Bit>,
    /// Which integer.
    pub source: Signal<In, Bits<3>>,
    /// How often it is divided by `n`.
    pub passes: Signal<In, Bits<2>>,
    /// Count, 1 to 2^22.
    pub n: Signal<In, Bits<23>>,
    /// Sum of values.
    pub left: Signal<In, Bits<64>>,
    /// What infinities and NaNs have made of it.
    pub left_special: Signal<In, Bits<2>>,
    /// Sum of values.
    pub right: Signal<In, Bits<64>>,
    /// The same of it.
    pub right_special: Signal<In, Bits<2>>,
    /// Sum of products.
    pub products: Signal<In, Bits<104>>,
    /// The same of it.
    pub products_special: Signal<In, Bits<2>>,
    /// FP32 result.
    pub ratio: Signal<Out, Bits<32>>,

    phase: DFF<Bits<3>>,
    count: DFF<Bits<6>>,
    is_last: Signal<Local, Bit>,
    is_centred: Signal<Local, Bit>,
    special: Signal<Local, Bits<2>>,
    none: Signal<Local, Bits<128>>,
    ones: Signal<Local, Bits<128>>,
    left_wide: Signal<Local, Bits<128>>,
    products_wide: Signal<Local, Bits<128>>,
    n_less_one: Signal<Local, Bits<23>>,

    operand: DFF<Bits<128>>,
    multiplier: DFF<Bits<64>>,
    total: DFF<Bits<128>>,
    kept: Signal<Local, Bits<128>>,
    term: Signal<Local, Bits<128>>,
    subtract: Signal<Local, Bit>,
    turned: Signal<Local, Bits<128>>,
    sum_left: Signal<Local, Bits<129>>,
    sum_right: Signal<Local, Bits<129>>,
    sum_over_unused: Signal<Local, Bits<129>>,
    sum: Signal<Local, Bits<128>>,
    negative: DFF<Bit>,

    exponent: DFF<Bits<8>>,
    first_exponent: Signal<Local, Bits<8>>,
    normal: Signal<Local, Bits<128>>,
    normal_exponent: Signal<Local, Bits<8>>,
    divisions: DFF<Bits<2>>,

    remainder: DFF<Bits<23>>,
    first_rest: Signal<Local, Bits<24>>,
    first_difference: Signal<Local, Bits<24>>,
    first_bit: Signal<Local, Bit>,
    between: Signal<Local, Bits<23>>,
    second_rest: Signal<Local, Bits<24>>,
    second_difference: Signal<Local, Bits<24>>,
    second_bit: Signal<Local, Bit>,
    rest: Signal<Local, Bits<23>>,
    lost: DFF<Bit>,

    up: Signal<Local, Bit>,
    truncated: Signal<Local, Bits<32>>,
    rounded: Signal<Local, Bits<32>>,
    sign_bit: Signal<Local, Bits<32>>,
    result: DFF<Bits<32>>,
}

impl ExactRatio {
    /// `source`: the sum of values `left`.
    pub const VALUES: u8 = 0;
    /// `source`: the sum of products.
    pub const PRODUCTS: u8 = 1;
    /// `source`: `n * products - left * right`.
    pub const CENTRED: u8 = 2;
    /// `source`: `n`.
    pub const COUNT: u8 = 3;
    /// `source`: `n - 1`, or 1.
    pub const COUNT_LESS_ONE: u8 = 4;

    /// Rising edges from the start to the result.
    #[must_use]
    pub const fn cycles(source: u8, passes: u8) -> usize {
        let (normalize, divide) = (7, 64);
        let products = if source == Self::CENTRED { 64 + 23 } else { 0 };
        1 + products + 1 + normalize + passes as usize * (divide + normalize) + 1
    }
}

impl Logic for ExactRatio {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, phase, count, operand, multiplier, total, negative, exponent);
        dff_setup!(self, clock, divisions, remainder, lost, result);

        self.none.next = bits::<128>(0);
        self.ones.next = !self.none.val();
        self.left_wide.next = bit_cast::<128, 64>(self.left.val());
        if self.left.val().get_bit(63) {
            self.left_wide.next =
                bit_cast::<128, 64>(self.left.val()) | (self.ones.val() << bits::<7>(64));
        }
        self.products_wide.next = bit_cast::<128, 104>(self.products.val());
        if self.products.val().get_bit(103) {
            self.products_wide.next =
                bit_cast::<128, 104>(self.products.val()) | (self.ones.val() << bits::<7>(104));
        }
        self.n_less_one.next = self.n.val() - bits::<23>(1);
        self.is_centred.next = self.source.val() == bits::<3>(2);
        self.special.next = bits::<2>(0);
        self.first_exponent.next = bits::<8>(206);
        if self.source.val() == bits::<3>(0) {
            self.special.next = self.left_special.val();
            self.first_exponent.next = bits::<8>(230);
        }
        if self.source.val() == bits::<3>(1) {
            self.special.next = self.products_special.val();
        }
        if self.is_centred.val()
            & (self.left_special.val().any()
                | self.right_special.val().any()
                | self.products_special.val().any())
        {
            self.special.next = bits::<2>(3);
        }
        if self.source.val() >= bits::<3>(3) {
            self.first_exponent.next = bits::<8>(254);
        }

        // One adder: to the total a multiple is added or subtracted, or the total is subtracted from nothing. The highest
        // bit of a factor in two's complement weighs the other way.
        self.is_last.next = !self.count.q.val().any();
        self.kept.next = self.total.q.val();
        self.term.next = self.none.val();
        self.subtract.next = (self.phase.q.val() == bits::<3>(1)) & !self.is_last.val();
        if self.multiplier.q.val().get_bit(0) {
            self.term.next = self.operand.q.val();
        }
        if self.phase.q.val() == bits::<3>(3) {
            self.subtract.next = self.total.q.val().get_bit(127);
            self.kept.next = self.none.val();
            self.term.next = self.total.q.val();
        }
        self.turned.next = self.term.val();
        if self.subtract.val() {
            self.turned.next = !self.term.val();
        }
        self.sum_left.next = (bit_cast::<129, 128>(self.kept.val()) << bits::<2>(1))
            | bit_cast::<129, 1>(self.subtract.val().into());
        self.sum_right.next = (bit_cast::<129, 128>(self.turned.val()) << bits::<2>(1))
            | bit_cast::<129, 1>(self.subtract.val().into());
        self.sum_over_unused.next = self.sum_left.val() + self.sum_right.val();
        self.sum.next = self.sum_over_unused.val().get_bits::<128>(1);

        // The shift of this cycle, if it meets only zeros.
        self.normal.next = self.total.q.val();
        self.normal_exponent.next = self.exponent.q.val();
        if (self.count.q.val() == bits::<6>(6)) & !self.total.q.val().get_bits::<64>(64).any() {
            self.normal.next = self.total.q.val() << bits::<7>(64);
            self.normal_exponent.next = self.exponent.q.val() - bits::<8>(64);
        }
        if (self.count.q.val() == bits::<6>(5)) & !self.total.q.val().get_bits::<32>(96).any() {
            self.normal.next = self.total.q.val() << bits::<7>(32);
            self.normal_exponent.next = self.exponent.q.val() - bits::<8>(32);
        }
        if (self.count.q.val() == bits::<6>(4)) & !self.total.q.val().get_bits::<16>(112).any() {
            self.normal.next = self.total.q.val() << bits::<7>(16);
            self.normal_exponent.next = self.exponent.q.val() - bits::<8>(16);
        }
        if (self.count.q.val() == bits::<6>(3)) & !self.total.q.val().get_bits::<8>(120).any() {
            self.normal.next = self.total.q.val() << bits::<7>(8);
            self.normal_exponent.next = self.exponent.q.val() - bits::<8>(8);
        }
        if (self.count.q.val() == bits::<6>(2)) & !self.total.q.val().get_bits::<4>(124).any() {
            self.normal.next = self.total.q.val() << bits::<7>(4);
            self.normal_exponent.next = self.exponent.q.val() - bits::<8>(4);
        }
        if (self.count.q.val() == bits::<6>(1)) & !self.total.q.val().get_bits::<2>(126).any() {
            self.normal.next = self.total.q.val() << bits::<7>(2);
            self.normal_exponent.next = self.exponent.q.val() - bits::<8>(2);
        }
        if self.is_last.val() & !self.total.q.val().get_bit(127) {
            self.normal.next = self.total.q.val() << bits::<7>(1);
            self.normal_exponent.next = self.exponent.q.val() - bits::<8>(1);
        }

        // Two bits of a quotient. The remainder stays below n, so twice that leaves room for the sign of a difference, which is
        // kept if it is not negative.
        self.first_rest.next = (bit_cast::<24, 23>(self.remainder.q.val()) << bits::<2>(1))
            | bit_cast::<24, 1>(self.total.q.val().get_bit(127).into());
        self.first_difference.next = self.first_rest.val() - bit_cast::<24, 23>(self.n.val());
        self.first_bit.next = !self.first_difference.val().get_bit(23);
        self.between.next = self.first_rest.val().get_bits::<23>(0);
        if self.first_bit.val() {
            self.between.next = self.first_difference.val().get_bits::<23>(0);
        }
        self.second_rest.next = (bit_cast::<24, 23>(self.between.val()) << bits::<2>(1))
            | bit_cast::<24, 1>(self.total.q.val().get_bit(126).into());
        self.second_difference.next = self.second_rest.val() - bit_cast::<24, 23>(self.n.val());
        self.second_bit.next = !self.second_difference.val().get_bit(23);
        self.rest.next = self.second_rest.val().get_bits::<23>(0);
        if self.second_bit.val() {
            self.rest.next = self.second_difference.val().get_bits::<23>(0);
        }

        self.up.next = self.total.q.val().get_bit(103)
            & (self.lost.q.val()
                | self.total.q.val().get_bits::<103>(0).any()
                | self.total.q.val().get_bit(104));
        self.truncated.next = (bit_cast::<32, 8>(self.exponent.q.val()) << bits::<5>(23))
            | bit_cast::<32, 23>(self.total.q.val().get_bits::<23>(104));
        self.rounded.next = self.truncated.val() + bit_cast::<32, 1>(self.up.val().into());
        self.sign_bit.next = bit_cast::<32, 1>(self.negative.q.val().into()) << bits::<5>(31);

        if !self.is_last.val() {
            self.count.d.next = self.count.q.val() - bits::<6>(1);
        }
        if (self.phase.q.val() == bits::<3>(1)) | (self.phase.q.val() == bits::<3>(2)) {
            self.total.d.next = self.sum.val();
            self.operand.d.next = self.operand.q.val() << bits::<2>(1);
            self.multiplier.d.next = self.multiplier.q.val() >> bits::<2>(1);
            if self.is_last.val() {
                self.phase.d.next = self.phase.q.val() + bits::<3>(1);
            }
        }
        if (self.phase.q.val() == bits::<3>(1)) & self.is_last.val() {
            self.operand.d.next = self.products_wide.val();
            self.multiplier.d.next = bit_cast::<64, 23>(self.n.val());
            self.count.d.next = bits::<6>(22);
        }
        if self.phase.q.val() == bits::<3>(3) {
            self.total.d.next = self.sum.val();
            self.negative.d.next = self.total.q.val().get_bit(127);
            self.exponent.d.next = self.first_exponent.val();
            self.divisions.d.next = self.passes.val();
            self.lost.d.next = false;
            self.phase.d.next = bits::<3>(4);
            self.count.d.next = bits::<6>(6);
        }
        if self.phase.q.val() == bits::<3>(4) {
            self.total.d.next = self.normal.val();
            self.exponent.d.next = self.normal_exponent.val();
            self.remainder.d.next = bits::<23>(0);
            if self.is_last.val() {
                self.phase.d.next = bits::<3>(6);
                if self.divisions.q.val().any() {
                    self.phase.d.next = bits::<3>(5);
                    self.count.d.next = bits::<6>(63);
                }
            }
        }
        if self.phase.q.val() == bits::<3>(5) {
            self.total.d.next = (self.total.q.val() << bits::<2>(2))
                | (bit_cast::<128, 1>(self.first_bit.val().into()) << bits::<2>(1))
                | bit_cast::<128, 1>(self.second_bit.val().into());
            self.remainder.d.next = self.rest.val();
            if self.is_last.val() {
                self.lost.d.next = self.lost.q.val() | self.rest.val().any();
                self.divisions.d.next = self.divisions.q.val() - bits::<2>(1);
                self.phase.d.next = bits::<3>(4);
                self.count.d.next = bits::<6>(6);
            }
        }
        if self.phase.q.val() == bits::<3>(6) {
            self.phase.d.next = bits::<3>(0);
            self.result.d.next = self.sign_bit.val() | self.rounded.val();
            // Where shifts meet only zeros there is nothing but zeros.
            if !self.total.q.val().get_bit(127) {
                self.result.d.next = bits::<32>(0);
            }
            if self.special.val() == bits::<2>(1) {
                self.result.d.next = bits::<32>(0x7F80_0000);
            }
            if self.special.val() == bits::<2>(2) {
                self.result.d.next = bits::<32>(0x1FF) << bits::<5>(23);
            }
            if self.special.val() == bits::<2>(3) {
                self.result.d.next = bits::<32>(0x7FC0_0000);
            }
        }
        if self.start.val() {
            self.phase.d.next = bits::<3>(3);
            self.total.d.next = self.left_wide.val();
            if self.source.val() == bits::<3>(1) {
                self.total.d.next = self.products_wide.val();
            }
            if self.source.val() == bits::<3>(3) {
                self.total.d.next = bit_cast::<128, 23>(self.n.val());
            }
            if self.source.val() == bits::<3>(4) {
                self.total.d.next = bits::<128>(1);
                if self.n_less_one.val().any() {
                    self.total.d.next = bit_cast::<128, 23>(self.n_less_one.val());
                }
            }
            if self.is_centred.val() {
                self.phase.d.next = bits::<3>(1);
                self.count.d.next = bits::<6>(63);
                self.total.d.next = self.none.val();
                self.operand.d.next = self.left_wide.val();
                self.multiplier.d.next = self.right.val();
            }
        }
        self.ratio.next = self.result.q.val();
    }
}
