//! The MAC kernels against a scalar reading of the contract, bit for bit.

mod common;

use common::{assert_same, bits, bp, ff, grouped, pool, shape, sparsity, tensor, terms, wu};
use half::f16;
use proptest::prelude::*;
use satkit_sim::{
    Isa, Weights,
    mac::{self, StageOperands, Transposition},
};
use satkit_spec::{ConvShape, Sparsity, WeightOperand};

/// Runs a stage on every instruction set of this CPU and checks the bits of each.
fn check(make: impl Fn() -> StageOperands, expected: &[f32]) {
    for isa in Isa::available() {
        let operands = make().with_isa(isa).expect("available");
        // What was in the result before must not matter.
        let mut result = vec![f32::NAN; operands.out_len()];
        operands.run_all(&mut result).expect("of the right length");
        assert_same(&result, expected, isa);
    }
}

proptest! {
    #![proptest_config(common::config(96))]

    #[test]
    fn dense_stages(s in shape(), pool in pool(), weight_pool in pool(), seed in any::<u64>()) {
        let x = tensor(&pool, seed, s.x_len());
        let dy = tensor(&pool, seed ^ 0x55, s.y_len());
        let w = tensor(&weight_pool, seed ^ 0xAA, s.w_len());
        let weights = Weights::new(&s, &w, WeightOperand::Dense, Sparsity::DENSE).unwrap();
        let all = terms(&weights);
        check(|| StageOperands::ff(&s, &x, &weights).unwrap(), &ff(&s, &x, &all));
        check(|| StageOperands::bp(&s, &dy, &weights).unwrap(), &bp(&s, &dy, &all));
        check(|| StageOperands::wu(&s, &x, &dy).unwrap(), &wu(&s, &x, &dy));
    }

    #[test]
    fn sparse_stages(
        s in shape(),
        sparsity in sparsity(),
        pool in pool(),
        weight_pool in pool(),
        seed in any::<u64>(),
    ) {
        let s = grouped(&s, sparsity);
        let x = tensor(&pool, seed, s.x_len());
        let dy = tensor(&pool, seed ^ 0x55, s.y_len());
        let w = tensor(&weight_pool, seed ^ 0xAA, s.w_len());
        let along_ci = Weights::new(&s, &w, WeightOperand::PrunedCi, sparsity).unwrap();
        let along_co = Weights::new(&s, &w, WeightOperand::PrunedCo, sparsity).unwrap();
        let as_dense = Weights::new(&s, &w, WeightOperand::PrunedCiAsDense, sparsity).unwrap();
        check(|| StageOperands::ff(&s, &x, &along_ci).unwrap(), &ff(&s, &x, &terms(&along_ci)));
        check(|| StageOperands::bp(&s, &dy, &along_co).unwrap(), &bp(&s, &dy, &terms(&along_co)));
        check(|| StageOperands::bp(&s, &dy, &as_dense).unwrap(), &bp(&s, &dy, &terms(&as_dense)));
    }

    #[test]
    fn products(
        (m, n, k) in (1_usize..150, 1_usize..40, 1_usize..300),
        pool in pool(),
        seed in any::<u64>(),
    ) {
        let a = tensor(&pool, seed, m * k);
        let b = tensor(&pool, seed ^ 0x77, k * n);
        // A product is the FF of a linear layer without the blocks of K: one block per 64, in ascending order.
        let s = ConvShape::linear(m, k, n).unwrap();
        let flip = |v: &[f16], rows: usize, cols: usize| -> Vec<f16> {
            (0..rows * cols).map(|i| v[i % rows * cols + i / rows]).collect()
        };
        let b_t = flip(&b, k, n);
        let expected = ff(&s, &a, &b_t.iter().map(|&v| (v, true)).collect::<Vec<_>>());
        let a_t = flip(&a, m, k);
        let size = (m, n, k);
        check(|| StageOperands::matmul(size, &a, &b, Transposition::None).unwrap(), &expected);
        check(|| StageOperands::matmul(size, &a, &b_t, Transposition::B).unwrap(), &expected);
        check(|| StageOperands::matmul(size, &a_t, &b, Transposition::A).unwrap(), &expected);
    }
}

/// Accumulates a whole stage from random rectangles and K ranges and compares with `run_all`.
fn check_tiles(
    operands: &StageOperands,
    cuts: &[usize],
    place: impl Fn(usize, usize, usize) -> usize,
) {
    let mut whole = vec![0.0; operands.out_len()];
    operands.run_all(&mut whole).unwrap();
    let ranges = |len: usize, salt: usize| {
        let mut at: Vec<usize> = cuts.iter().map(|cut| (cut * (salt + 7)) % (len + 1)).collect();
        at.extend([0, len]);
        at.sort_unstable();
        at.windows(2).map(|pair| pair[0]..pair[1]).collect::<Vec<_>>()
    };
    for (problem, size) in operands.sizes().into_iter().enumerate() {
        for rows in ranges(size.rows, 1) {
            for cols in ranges(size.cols, 2) {
                let mut acc = vec![0.0; rows.len() * cols.len()];
                for slots in ranges(size.slots, 3) {
                    operands
                        .accumulate(problem, rows.clone(), cols.clone(), slots, &mut acc)
                        .unwrap();
                }
                for (i, value) in acc.iter().enumerate() {
                    let (row, col) = (rows.start + i % rows.len(), cols.start + i / rows.len());
                    let expected = whole[place(problem, row, col)];
                    assert!(
                        value.to_bits() == expected.to_bits()
                            || (value.is_nan() && expected.is_nan()),
                        "problem {problem} row {row} col {col}: {value} instead of {expected}"
                    );
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(common::config(48))]

    #[test]
    fn tiles_and_k_ranges_change_nothing(
        s in shape(),
        sparsity in sparsity(),
        pool in pool(),
        seed in any::<u64>(),
        cuts in prop::collection::vec(0_usize..100_000, 0..3),
        isa in prop::sample::select(Isa::available().collect::<Vec<_>>()),
    ) {
        let s = grouped(&s, sparsity);
        let x = tensor(&pool, seed, s.x_len());
        let dy = tensor(&pool, seed ^ 0x55, s.y_len());
        let w = tensor(&pool, seed ^ 0xAA, s.w_len());
        let pixels = s.out_h() * s.out_w();
        let phases = s.bp_phases();
        for operand in [WeightOperand::Dense, WeightOperand::PrunedCi] {
            let weights = Weights::new(&s, &w, operand, sparsity).unwrap();
            let operands = StageOperands::ff(&s, &x, &weights).unwrap().with_isa(isa).unwrap();
            check_tiles(&operands, &cuts, |_, row, col| {
                (row / pixels * s.co + col) * pixels + row % pixels
            });
        }
        for operand in [WeightOperand::Dense, WeightOperand::PrunedCo] {
            let weights = Weights::new(&s, &w, operand, sparsity).unwrap();
            let operands = StageOperands::bp(&s, &dy, &weights).unwrap().with_isa(isa).unwrap();
            check_tiles(&operands, &cuts, |problem, row, col| {
                let phase = &phases[problem];
                let (n, pixel) = (row / phase.pixels(), row % phase.pixels());
                let ih = phase.first_ih + pixel / phase.cols * s.stride;
                let iw = phase.first_iw + pixel % phase.cols * s.stride;
                ((n * s.ci + col) * s.h + ih) * s.w + iw
            });
        }
        let operands = StageOperands::wu(&s, &x, &dy).unwrap().with_isa(isa).unwrap();
        check_tiles(&operands, &cuts, |_, row, col| {
            (col * s.ci + row % s.ci) * s.taps() + row / s.ci
        });
    }
}

/// Sizes that cut into many tasks, on one and on two threads.
#[test]
fn threads_change_nothing() {
    let pool: Vec<f16> = (-50..50).map(|v| f16::from_f32(v as f32 / 37.0)).collect();
    let sizes = [
        ConvShape::new(3, 64, (20, 20), 72, (3, 3), 1, 1),
        ConvShape::new(2, 130, (18, 16), 33, (3, 3), 2, 1),
        ConvShape::new(2, 16, (17, 15), 33, (3, 3), 2, 1),
        ConvShape::linear(300, 200, 120),
    ];
    for s in sizes.map(Result::unwrap) {
        let s = grouped(&s, Sparsity::TWO_OF_EIGHT);
        let (x, dy) = (tensor(&pool, 1, s.x_len()), tensor(&pool, 2, s.y_len()));
        let w = tensor(&pool, 3, s.w_len());
        let along = |operand| Weights::new(&s, &w, operand, Sparsity::TWO_OF_EIGHT).unwrap();
        let run = |threads| {
            let threads = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            threads.install(|| {
                let mut results = Vec::new();
                for operand in [WeightOperand::Dense, WeightOperand::PrunedCi] {
                    let mut y = vec![0.0; s.y_len()];
                    mac::ff(&s, &x, &along(operand), &mut y).unwrap();
                    results.push(bits(&y));
                }
                for operand in [WeightOperand::Dense, WeightOperand::PrunedCo] {
                    let mut dx = vec![0.0; s.x_len()];
                    mac::bp(&s, &dy, &along(operand), &mut dx).unwrap();
                    results.push(bits(&dx));
                }
                let mut dw = vec![0.0; s.w_len()];
                mac::wu(&s, &x, &dy, &mut dw).unwrap();
                results.push(bits(&dw));
                results
            })
        };
        let one = run(1);
        assert!(one == run(2), "{s:?}");
        // Large sizes against the scalar reading as well, so that every block and task border is crossed.
        let dense = terms(&along(WeightOperand::Dense));
        assert!(one[0] == bits(&ff(&s, &x, &dense)));
        assert!(one[1] == bits(&ff(&s, &x, &terms(&along(WeightOperand::PrunedCi)))));
        assert!(one[2] == bits(&bp(&s, &dy, &dense)));
        assert!(one[3] == bits(&bp(&s, &dy, &terms(&along(WeightOperand::PrunedCo)))));
        assert!(one[4] == bits(&wu(&s, &x, &dy)));
    }
}

/// The contract's sharp corners, each on purpose.
#[test]
fn padding_takes_part_and_pruned_terms_do_not() {
    let s = ConvShape::new(1, 8, (1, 1), 8, (3, 3), 1, 1).unwrap();
    let x = vec![f16::ONE; s.x_len()];
    // An infinite weight at a corner tap meets only padding: Inf * 0 is NaN, the canonical one.
    let mut w = vec![f16::ONE; s.w_len()];
    w[0] = f16::INFINITY;
    let weights = Weights::new(&s, &w, WeightOperand::Dense, Sparsity::DENSE).unwrap();
    let mut y = vec![0.0; s.y_len()];
    mac::ff(&s, &x, &weights, &mut y).unwrap();
    assert_eq!(y[0].to_bits(), 0x7FC0_0000);
    assert_eq!(y[1], 8.0);
    let mut dx = vec![0.0; s.x_len()];
    mac::bp(&s, &y_like(&s), &weights, &mut dx).unwrap();
    assert_eq!(dx[0].to_bits(), 0x7FC0_0000, "dY outside the image is present as +0.0");
    // NaN and infinite activations do not leak through pruned weights.
    let s = ConvShape::linear(1, 8, 8).unwrap();
    let mut x = vec![f16::NAN; 8];
    x[2] = f16::ONE;
    x[5] = f16::from_f32(2.0);
    let w: Vec<f16> =
        (0..64).map(|i| f16::from_f32(if [2, 5].contains(&(i % 8)) { 3.0 } else { 0.5 })).collect();
    let two_of_eight = Sparsity::TWO_OF_EIGHT;
    let weights = Weights::new(&s, &w, WeightOperand::PrunedCi, two_of_eight).unwrap();
    let mut y = vec![0.0; 8];
    mac::ff(&s, &x, &weights, &mut y).unwrap();
    assert_eq!(y, [9.0; 8]);
    let weights = Weights::new(&s, &w, WeightOperand::PrunedCiAsDense, two_of_eight).unwrap();
    mac::ff(&s, &x, &weights, &mut y).unwrap();
    assert!(y.iter().all(|y| y.to_bits() == 0x7FC0_0000));
}

fn y_like(s: &ConvShape) -> Vec<f16> {
    vec![f16::ONE; s.y_len()]
}

/// A strided 1 x 1 convolution has BP phases without a tap: +0.0, whatever the operands are.
#[test]
fn outputs_without_a_tap_are_positive_zero() {
    let s = ConvShape::new(2, 3, (5, 6), 4, (1, 1), 2, 0).unwrap();
    let dy = vec![f16::NAN; s.y_len()];
    let w = vec![f16::NEG_ONE; s.w_len()];
    let weights = Weights::new(&s, &w, WeightOperand::Dense, Sparsity::DENSE).unwrap();
    let mut dx = vec![f32::NAN; s.x_len()];
    mac::bp(&s, &dy, &weights, &mut dx).unwrap();
    for (i, dx) in dx.iter().enumerate() {
        let (ih, iw) = (i / 6 % 5, i % 6);
        let expected = if ih % 2 == 0 && iw % 2 == 0 { 0x7FC0_0000 } else { 0 };
        assert_eq!(dx.to_bits(), expected, "{i}");
    }
}

#[test]
fn wrong_sizes_are_errors_in_words() {
    let s = ConvShape::linear(2, 12, 8).unwrap();
    let (x, w) = (vec![f16::ONE; 24], vec![f16::ONE; 96]);
    let dense = Weights::new(&s, &w, WeightOperand::Dense, Sparsity::DENSE).unwrap();
    let mut y = vec![0.0; 16];
    let words = |result: Result<(), satkit_sim::SimError>| result.unwrap_err().to_string();
    assert_eq!(words(mac::ff(&s, &x[1..], &dense, &mut y)), "X has 23 elements; accepted: 24");
    assert_eq!(words(mac::ff(&s, &x, &dense, &mut y[1..])), "Y has 15 elements; accepted: 16");
    let refused = Weights::new(&s, &w, WeightOperand::PrunedCi, Sparsity::TWO_OF_EIGHT);
    assert_eq!(
        refused.unwrap_err().to_string(),
        "Ci is 12, which groups of M = 8 do not divide; accepted: a multiple of 8, or the dense operand"
    );
    let along_co = Weights::new(&s, &w, WeightOperand::PrunedCo, Sparsity::TWO_OF_EIGHT).unwrap();
    assert!(words(mac::ff(&s, &x, &along_co, &mut y)).contains("along Co"));
    let operands = StageOperands::ff(&s, &x, &dense).unwrap();
    assert_eq!(
        words(operands.accumulate(0, 0..3, 0..1, 0..1, &mut [0.0; 3])),
        "rows 0..3 are out of range; accepted: ranges within 0..2"
    );
    assert!(words(operands.accumulate(1, 0..1, 0..1, 0..1, &mut [0.0; 1])).contains("problems"));
    #[expect(clippy::reversed_empty_ranges, reason = "the bad input under test")]
    let reversed = operands.accumulate(0, 1..0, 0..1, 0..1, &mut []);
    assert!(words(reversed).contains("rows 1..0"));
}
