//! Central finite differences of FP64 formulas.

/// Step of the difference; the formulas are smooth and of magnitude 1, so the error is about 1e-9.
const STEP: f64 = 1e-5;

/// Gradient of `sum(weights * formula(x))` with respect to each element of `x`.
pub(crate) fn gradient(
    x: &[f64],
    weights: &[f64],
    formula: impl Fn(&[f64]) -> Vec<f64>,
) -> Vec<f64> {
    let value = |x: &[f64]| -> f64 {
        let y = formula(x);
        assert_eq!(y.len(), weights.len(), "one weight per output");
        y.iter().zip(weights).map(|(y, w)| y * w).sum()
    };
    (0..x.len())
        .map(|i| {
            let mut moved = x.to_vec();
            moved[i] = x[i] + STEP;
            let above = value(&moved);
            moved[i] = x[i] - STEP;
            (above - value(&moved)) / (2.0 * STEP)
        })
        .collect()
}
