//! Division by a number that is known when the memory is built.

/// Divides by multiplying with a reciprocal; exact for every dividend, fast for those that occur.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Divider {
    by: u64,
    /// `floor(2^64 / by) + 1`; unused for `by` = 1, whose limit is 0.
    reciprocal: u64,
    /// Dividends below it come out exact: the reciprocal is too large by at most `by / 2^64` of itself, which
    /// stays under the distance `1 / by` from the next quotient as long as `dividend * by < 2^64`.
    limit: u64,
}

impl Divider {
    pub(crate) const fn new(by: u64) -> Self {
        if by <= 1 {
            return Self { by: 1, reciprocal: 0, limit: 0 };
        }
        // floor((2^64 - 1) / by) is floor(2^64 / by) unless `by` is a power of two, where it is one less and
        // the reciprocal is exact.
        Self { by, reciprocal: u64::MAX / by + 1, limit: u64::MAX / by }
    }

    #[inline]
    #[allow(clippy::cast_possible_truncation)]
    pub(crate) const fn floor(self, dividend: u64) -> u64 {
        if dividend < self.limit {
            ((dividend as u128 * self.reciprocal as u128) >> 64) as u64
        } else if self.by == 1 {
            dividend
        } else {
            dividend / self.by
        }
    }

    #[inline]
    pub(crate) const fn ceil(self, dividend: u64) -> u64 {
        self.floor(dividend + (self.by - 1))
    }
}

#[cfg(test)]
mod tests {
    use super::Divider;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn agrees_with_division(by in 1_u64..100_000, dividend in 0_u64..1 << 62, small in 0_u64..1 << 20) {
            let divider = Divider::new(by);
            for dividend in [dividend, small, dividend / by * by, divider.limit, divider.limit.saturating_sub(1)] {
                prop_assert_eq!(divider.floor(dividend), dividend / by);
                if dividend < 1 << 63 {
                    prop_assert_eq!(divider.ceil(dividend), dividend.div_ceil(by));
                }
            }
        }
    }
}
