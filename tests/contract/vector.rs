//! Batch norm as the elementwise unit's blocks do it, one after another, against the golden reference: exact sums, statistics, lanes,
//! and back. RustHDL simulates the blocks; what their Verilog does is shown where they are.

use half::f16;
use ndarray::{Array1, Array4, ArrayView4};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use rust_hdl_core::prelude::*;
use satkit_golden::elementwise::{batch_norm as golden, relu};
use satkit_hdl::vector::{ExactSum, Lane, Program, Register, Statistics};
use satkit_tests::{any_f16, finite_f16};
use std::collections::BTreeMap;

/// Channels whose sums are kept side by side.
const CHANNELS: usize = 3;

macro_rules! tick {
    ($block:expr, $($set:tt)*) => {{
        $($set)*
        for clk in [false, true] {
            $block.clock.next = Clock { clk };
            assert!(simulate($block, 200), "the block does not settle");
        }
    }};
}

/// Sums as they leave [`ExactSum`] and enter [`Statistics`].
#[derive(Clone, Copy)]
struct Sums {
    values: (Bits<64>, Bits<2>),
    products: (Bits<104>, Bits<2>),
}

fn fresh<U: Block + Default>() -> Box<U> {
    let mut block = Box::new(U::default());
    block.connect_all();
    block
}

/// Sums of pairs in NCHW, taken channel after channel for each pixel.
fn sums(a: ArrayView4<f16>, b: ArrayView4<f16>) -> Vec<Sums> {
    let mut block = fresh::<ExactSum<6>>();
    let (n, _, h, w) = a.dim();
    for at in 0..n * h * w {
        let (image, y, x) = (at / (h * w), at / w % h, at % w);
        for c in 0..CHANNELS {
            tick!(&mut *block,
                block.valid.next = true;
                block.first.next = at == 0;
                block.channel.next = (c as u64).to_bits();
                block.a.next = u64::from(a[[image, c, y, x]].to_bits()).to_bits();
                block.b.next = u64::from(b[[image, c, y, x]].to_bits()).to_bits();
            );
        }
    }
    let mut read = Vec::new();
    for at in 0..CHANNELS + ExactSum::<6>::LATENCY_CYCLES - 1 {
        tick!(&mut *block,
            block.valid.next = false;
            block.channel.next = (at.min(CHANNELS - 1) as u64).to_bits();
        );
        if at + 1 >= ExactSum::<6>::LATENCY_CYCLES {
            read.push(Sums {
                values: (block.sum.val(), block.sum_special.val()),
                products: (block.products.val(), block.products_special.val()),
            });
        }
    }
    read
}

/// What a program makes of a channel's sums.
fn statistics(
    program: Program,
    n: usize,
    [left, right]: [&Sums; 2],
    loaded: &[(Register, f32)],
) -> BTreeMap<u64, f32> {
    let mut block = fresh::<Statistics>();
    block.job.next = (program as u64).to_bits();
    block.n.next = (n as u64).to_bits();
    (block.left.next, block.left_special.next) = left.values;
    (block.right.next, block.right_special.next) = right.values;
    (block.products.next, block.products_special.next) = left.products;
    for (register, value) in loaded {
        tick!(&mut *block,
            block.load.next = true;
            block.load_register.next = (*register as u64).to_bits();
            block.load_value.next = u64::from(value.to_bits()).to_bits();
        );
    }
    block.load.next = false;
    let mut results = BTreeMap::new();
    for at in 0..program.cycles() {
        tick!(&mut *block, block.start.next = at == 0;);
        // What a register takes with the next edge.
        if block.valid.val() {
            results.insert(
                block.result_register.val().to_u64(),
                f32::from_bits(block.value.val().to_u32()),
            );
        }
    }
    results
}

/// One channel's elements and second operands through a lane; results and masks.
fn lane(
    elements: &[(f16, f16, bool)],
    [mean, factor, shift, rate]: [f32; 4],
    [backward, relu, gate_by_mask]: [bool; 3],
) -> Vec<(f16, bool)> {
    let mut block = fresh::<Lane>();
    let word = |value: f32| u64::from(value.to_bits()).to_bits();
    block.from_half.next = true;
    block.backward.next = backward;
    block.relu.next = relu;
    block.gate_by_mask.next = gate_by_mask;
    (block.mean.next, block.factor.next) = (word(mean), word(factor));
    (block.shift.next, block.rate.next) = (word(shift), word(rate));
    let mut results = Vec::new();
    for at in 0..elements.len() + Lane::LATENCY_CYCLES - 1 {
        let (x, b, mask) = elements[at.min(elements.len() - 1)];
        tick!(&mut *block,
            block.x.next = u64::from(x.to_bits()).to_bits();
            block.b.next = u64::from(b.to_bits()).to_bits();
            block.mask.next = mask;
        );
        if at + 1 >= Lane::LATENCY_CYCLES {
            let half = f16::from_bits(block.half.val().to_u16());
            results.push((half, block.passes.val()));
        }
    }
    results
}

#[derive(Clone, Debug)]
struct Layer {
    y: Array4<f16>,
    residual: Array4<f16>,
    dy: Array4<f16>,
    gamma: Vec<f32>,
    beta: Vec<f32>,
    running: golden::Statistics,
}

fn any_layer() -> impl Strategy<Value = Layer> {
    (1usize..3, 1usize..4, 1usize..4, proptest::bool::weighted(0.2)).prop_flat_map(
        |(n, h, w, special)| {
            let size = (n, CHANNELS, h, w);
            let len = n * CHANNELS * h * w;
            let value = if special { any_f16().boxed() } else { finite_f16().boxed() };
            let tensor = move || {
                proptest::collection::vec(value.clone(), len)
                    .prop_map(move |values| Array4::from_shape_vec(size, values).unwrap())
            };
            let parameters = || proptest::collection::vec(-2.0f32..2.0, CHANNELS);
            let positive = proptest::collection::vec(0.0f32..3.0, CHANNELS);
            (tensor(), tensor(), tensor(), parameters(), parameters(), parameters(), positive)
                .prop_map(|(y, residual, dy, gamma, beta, mean, var)| {
                    let running = golden::Statistics { mean: mean.into(), var: var.into() };
                    Layer { y, residual, dy, gamma, beta, running }
                })
        },
    )
}

fn bits16(values: &Array4<f16>) -> Vec<u16> {
    values.iter().map(|v| if v.is_nan() { 0x7E00 } else { v.to_bits() }).collect()
}

fn same(what: &str, got: f32, expected: f32) -> Result<(), TestCaseError> {
    let expected = if expected.is_nan() { 0x7FC0_0000 } else { expected.to_bits() };
    prop_assert_eq!(got.to_bits(), expected, "{}", what);
    Ok(())
}

/// Forwards with a residual and a ReLU, the ReLU's mask back, and batch norm back.
fn check(layer: &Layer) -> Result<(), TestCaseError> {
    let Layer { y, residual, dy, gamma, beta, running } = layer;
    let (images, _, h, w) = y.dim();
    let n = images * h * w;
    let batch = golden::batch_statistics(y.view()).unwrap();
    let updated = golden::update_running(running, &batch, n).unwrap();
    let [g, b] = [gamma, beta].map(|values| Array1::from(values.clone()));
    let z = golden::forward(y.view(), &batch, g.view(), b.view(), Some(residual.view()), true);
    let z = z.unwrap();
    let dz = relu::backward(dy.view(), z.view()).unwrap();
    let gradients = golden::train_backward(dz.view(), y.view(), &batch, g.view()).unwrap();

    let forward_sums = sums(y.view(), y.view());
    let backward_sums = sums(dz.view(), y.view());
    let [mut got_z, mut got_dz, mut got_dx] =
        [(); 3].map(|()| Array4::from_elem(y.dim(), f16::ZERO));
    let mut pixels = Vec::new();
    for image in 0..images {
        for row in 0..h {
            pixels.extend((0..w).map(|column| (image, row, column)));
        }
    }
    for c in 0..CHANNELS {
        let loaded = [
            (Register::Gamma, gamma[c]),
            (Register::RunningMean, running.mean[c]),
            (Register::RunningVariance, running.var[c]),
        ];
        let s = &forward_sums[c];
        let forward = statistics(Program::Forward, n, [s, s], &loaded);
        let of = |results: &BTreeMap<u64, f32>, register: Register| results[&(register as u64)];
        let [mean, inv, k] =
            [Register::Mean, Register::Inverse, Register::K].map(|r| of(&forward, r));
        same("mean", mean, batch.mean[c])?;
        same("running mean", of(&forward, Register::RunningMean), updated.mean[c])?;
        same("running variance", of(&forward, Register::RunningVariance), updated.var[c])?;

        let at = |tensor: &Array4<f16>, (image, row, column)| tensor[[image, c, row, column]];
        let elements: Vec<(f16, f16, bool)> =
            pixels.iter().map(|p| (at(y, *p), at(residual, *p), false)).collect();
        let outputs = lane(&elements, [mean, k, beta[c], 1.0], [false, true, false]);
        // The addend that changes nothing.
        let none = f16::from_bits(Lane::NO_ADDEND);
        let elements: Vec<(f16, f16, bool)> =
            pixels.iter().zip(&outputs).map(|(p, (_, mask))| (at(dy, *p), none, *mask)).collect();
        let no_mean = f32::from_bits(Lane::NO_MEAN);
        let no_shift = f32::from_bits(Lane::NO_SHIFT);
        let gated = lane(&elements, [no_mean, 1.0, no_shift, 1.0], [false, false, true]);

        let d = &backward_sums[c];
        let backward = statistics(Program::Backward, n, [d, s], &[(Register::Inverse, inv)]);
        same("dbeta", of(&backward, Register::BetaGradient), gradients.dbeta[c])?;
        same("dgamma", of(&backward, Register::GammaGradient), gradients.dgamma[c])?;
        let [a, b] = [Register::A, Register::B].map(|r| of(&backward, r));
        let elements: Vec<(f16, f16, bool)> =
            pixels.iter().zip(&gated).map(|(p, (dz, _))| (at(y, *p), *dz, false)).collect();
        let dx = lane(&elements, [mean, b, a, k], [true, false, false]);
        for (index, (image, row, column)) in pixels.iter().copied().enumerate() {
            let place = [image, c, row, column];
            (got_z[place], got_dz[place], got_dx[place]) =
                (outputs[index].0, gated[index].0, dx[index].0);
        }
    }
    prop_assert_eq!(bits16(&got_z), bits16(&z), "Y");
    prop_assert_eq!(bits16(&got_dz), bits16(&dz), "dz");
    prop_assert_eq!(bits16(&got_dx), bits16(&gradients.dx), "dX");
    Ok(())
}

#[test]
fn batch_norm_through_the_blocks() {
    let mut runner =
        TestRunner::new(Config { cases: 6, failure_persistence: None, ..Config::default() });
    runner.run(&any_layer(), |layer| check(&layer)).unwrap();
}
