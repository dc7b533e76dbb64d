//! Numbers with their limits: each parser refuses in words what no run could use.

use satkit_spec::ConvShape;

/// Most threads that can be asked for.
const MAX_THREADS: usize = 1024;

fn whole(text: &str, low: u64, high: u64) -> Result<u64, String> {
    text.parse()
        .ok()
        .filter(|value| (low..=high).contains(value))
        .ok_or_else(|| format!("accepted: a whole number from {low} to {high}"))
}

fn real(text: &str, accepted: &str, possible: impl Fn(f32) -> bool) -> Result<f32, String> {
    text.parse()
        .ok()
        .filter(|&value: &f32| value.is_finite() && possible(value))
        .ok_or_else(|| format!("accepted: {accepted}"))
}

/// Epochs or steps: at least one, at most 2^32.
pub(crate) fn count(text: &str) -> Result<u64, String> {
    whole(text, 1, 1 << 32)
}

/// Images of one step.
pub(crate) fn batch(text: &str) -> Result<usize, String> {
    whole(text, 1, ConvShape::MAX_BATCH as u64).map(|value| value as usize)
}

/// A clock in hertz: plain, or in kHz, MHz or GHz.
pub(crate) fn clock(text: &str) -> Result<u64, String> {
    let units = [("ghz", 1e9), ("mhz", 1e6), ("khz", 1e3), ("hz", 1.0)];
    let lower = text.trim().to_ascii_lowercase();
    let unit = units.into_iter().find(|(unit, _)| lower.ends_with(unit));
    let (number, factor) = unit
        .map_or((&lower[..], 1.0), |(unit, factor)| (&lower[..lower.len() - unit.len()], factor));
    let hertz = number.trim().parse::<f64>().ok().map(|value| value * factor);
    hertz
        .filter(|hertz| (1e6..=1e9).contains(hertz))
        .map(|hertz| hertz.round() as u64)
        .ok_or_else(|| "accepted: 1MHz to 1GHz, such as 200MHz or 200000000".into())
}

/// Threads of the simulator.
pub(crate) fn threads(text: &str) -> Result<usize, String> {
    whole(text, 1, MAX_THREADS as u64).map(|value| value as usize)
}

/// Outputs checked per operation.
pub(crate) fn samples(text: &str) -> Result<usize, String> {
    whole(text, 1, 1 << 32).map(|value| value as usize)
}

/// Stride of a convolution in pixels.
pub(crate) fn stride(text: &str) -> Result<usize, String> {
    whole(text, 1, ConvShape::MAX_STRIDE as u64).map(|value| value as usize)
}

/// Padding of a convolution in pixels.
pub(crate) fn pad(text: &str) -> Result<usize, String> {
    whole(text, 0, ConvShape::MAX_PAD as u64).map(|value| value as usize)
}

/// A learning rate.
pub(crate) fn learning_rate(text: &str) -> Result<f32, String> {
    real(text, "a finite number above 0", |value| value > 0.0)
}

/// A momentum.
pub(crate) fn momentum(text: &str) -> Result<f32, String> {
    real(text, "a number from 0 to below 1", |value| (0.0..1.0).contains(&value))
}

/// A weight decay or a lambda.
pub(crate) fn decay(text: &str) -> Result<f32, String> {
    real(text, "a finite number, at least 0", |value| value >= 0.0)
}

/// A static loss scale. Its reciprocal is exact and normal.
pub(crate) fn loss_scale(text: &str) -> Result<f32, String> {
    let power_of_two = |value: f32| value.to_bits() & 0x007F_FFFF == 0;
    let range = f32::MIN_POSITIVE..=1.0 / f32::MIN_POSITIVE;
    real(text, "a power of two from 2^-126 to 2^126, such as 1024", |value| {
        range.contains(&value) && power_of_two(value)
    })
}

#[cfg(test)]
mod tests {
    use super::{batch, clock, count, decay, learning_rate, loss_scale, momentum, stride, threads};

    #[test]
    fn limits_are_where_the_words_say() {
        assert_eq!(count("1"), Ok(1));
        assert!(count("0").is_err() && count("-1").is_err() && count("1.5").is_err());
        assert!(batch("0").is_err() && batch("16777216").is_err());
        assert!(threads("0").is_err() && threads("1025").is_err());
        assert_eq!((clock("200MHz"), clock("0.25 GHz")), (Ok(200_000_000), Ok(250_000_000)));
        assert_eq!(clock("200000000"), Ok(200_000_000));
        assert!(clock("0").is_err() && clock("2GHz").is_err() && clock("MHz").is_err());
        assert!(clock("nan").is_err() && clock("-5MHz").is_err());
        assert_eq!(stride("15"), Ok(15));
        assert!(stride("0").is_err() && stride("16").is_err());
        for text in ["nan", "inf", "-inf", "-0.1", "1e39", ""] {
            assert!(learning_rate(text).is_err() && decay(text).is_err(), "{text}");
            assert!(momentum(text).is_err() && loss_scale(text).is_err(), "{text}");
        }
        assert!(learning_rate("0").is_err() && decay("0").is_ok());
        assert!(momentum("0").is_ok() && momentum("1").is_err());
        assert_eq!(loss_scale("1024"), Ok(1024.0));
        assert!(loss_scale("0.5").is_ok() && loss_scale("3").is_err());
        assert!(loss_scale("0").is_err() && loss_scale("-2").is_err());
    }
}
