//! The simulator's MAC stages against the reference, bit for bit: any layer, N:M, method, array, dataflow and number of threads.

use half::f16;
use ndarray::{Array4, ArrayView4};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use satkit_golden::mac::{self as golden, Weight};
use satkit_golden::prune as golden_prune;
use satkit_plan::DataflowChoice;
use satkit_sim::{Accelerator, Weights, prune as sim_prune};
use satkit_spec::{ArrayConfig, ConvShape, Sparsity, WeightOperand};
use satkit_tests::{any_shape, any_sparsity, first_difference, values};

/// A layer and all its operands, FP16 in C order.
#[derive(Clone, Debug)]
struct Case {
    shape: ConvShape,
    sparsity: Sparsity,
    x: Vec<f16>,
    w: Vec<f16>,
    dy: Vec<f16>,
}

impl Case {
    fn x(&self) -> ArrayView4<'_, f16> {
        let s = &self.shape;
        ArrayView4::from_shape((s.batch, s.ci, s.h, s.w), &self.x).unwrap()
    }

    fn w(&self) -> ArrayView4<'_, f16> {
        let s = &self.shape;
        ArrayView4::from_shape((s.co, s.ci, s.kh, s.kw), &self.w).unwrap()
    }

    fn dy(&self) -> ArrayView4<'_, f16> {
        let s = &self.shape;
        ArrayView4::from_shape((s.batch, s.co, s.out_h(), s.out_w()), &self.dy).unwrap()
    }

    fn weights(&self, operand: WeightOperand) -> Weights {
        Weights::new(&self.shape, &self.w, operand, self.sparsity).unwrap()
    }

    /// FF, BP and WU with dense and with compact weights, by the reference.
    fn by_golden(&self) -> [Vec<f32>; 5] {
        let s = self.shape;
        let dense = Weight::Dense(self.w().to_owned());
        let ci = Weight::PrunedCi(golden_prune::prune_ci(self.w(), self.sparsity).unwrap());
        let co = Weight::PrunedCo(golden_prune::prune_co(self.w(), self.sparsity).unwrap());
        [
            golden::ff(s, self.x(), &dense),
            golden::ff(s, self.x(), &ci),
            golden::bp(s, self.dy(), &dense),
            golden::bp(s, self.dy(), &co),
            golden::wu(s, self.x(), self.dy()),
        ]
        .map(|result| result.unwrap().into_raw_vec_and_offset().0)
    }

    /// The same on a simulated machine.
    fn by_sim(&self, accelerator: &Accelerator) -> [Vec<f32>; 5] {
        let s = &self.shape;
        let dense = self.weights(WeightOperand::Dense);
        [
            accelerator.ff(s, &self.x, &dense),
            accelerator.ff(s, &self.x, &self.weights(WeightOperand::PrunedCi)),
            accelerator.bp(s, &self.dy, &dense),
            accelerator.bp(s, &self.dy, &self.weights(WeightOperand::PrunedCo)),
            accelerator.wu(s, &self.x, &self.dy),
        ]
        .map(|run| run.unwrap().values)
    }
}

fn any_case() -> impl Strategy<Value = Case> {
    any_sparsity()
        .prop_flat_map(|sparsity| (Just(sparsity), any_shape(sparsity.m(), 24)))
        .prop_flat_map(|(sparsity, shape)| {
            (values(shape.x_len()), values(shape.w_len()), values(shape.y_len()))
                .prop_map(move |(x, w, dy)| Case { shape, sparsity, x, w, dy })
        })
}

fn any_config() -> impl Strategy<Value = ArrayConfig> {
    let with_16 = ArrayConfig::all().into_iter().map(|c| c.with_m_lanes(16).unwrap());
    proptest::sample::select(with_16.collect::<Vec<_>>())
}

const NAMES: [&str; 5] = ["FF dense", "FF N:M", "BP dense", "BP N:M", "WU"];

fn on_threads<R: Send>(threads: usize, work: impl FnOnce() -> R + Send) -> R {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(work)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn sim_gives_golden_s_bits_in_ws_and_os(case in any_case(), config in any_config()) {
        let golden = case.by_golden();
        for choice in [DataflowChoice::Ws, DataflowChoice::Os] {
            let accelerator = Accelerator::new(config.clone(), choice).unwrap();
            let sim = case.by_sim(&accelerator);
            for ((name, sim), golden) in NAMES.iter().zip(&sim).zip(&golden) {
                let difference = first_difference(sim, golden);
                prop_assert!(difference.is_none(), "{} {}: {}", name, choice, difference.unwrap_or_default());
            }
        }
    }

    #[test]
    fn one_and_two_threads_give_the_same_bits(case in any_case()) {
        let config = ArrayConfig::tiny().with_m_lanes(16).unwrap();
        let accelerator = Accelerator::new(config, DataflowChoice::Auto).unwrap();
        let run = |threads| on_threads(threads, || case.by_sim(&accelerator));
        for ((name, one), two) in NAMES.iter().zip(run(1)).zip(run(2)) {
            prop_assert_eq!(first_difference(&one, &two), None, "{}", name);
        }
    }

    #[test]
    fn pruning_gives_the_same_values_positions_and_masks(case in any_case()) {
        let s = &case.shape;
        let bits = |values: &[f16]| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
        let pairs = [
            (
                sim_prune::prune_ci(&case.w, s.co, s.ci, s.taps(), case.sparsity).unwrap(),
                golden_prune::prune_ci(case.w(), case.sparsity).unwrap(),
            ),
            (
                sim_prune::prune_co(&case.w, s.co, s.ci, s.taps(), case.sparsity).unwrap(),
                golden_prune::prune_co(case.w(), case.sparsity).unwrap(),
            ),
        ];
        for (sim, golden) in pairs {
            prop_assert_eq!(bits(sim.values()), golden.values().iter().map(|v| v.to_bits()).collect::<Vec<_>>());
            prop_assert_eq!(sim.positions().to_vec(), golden.positions().iter().copied().collect::<Vec<_>>());
            prop_assert_eq!(sim.mask_oihw(), golden.mask().iter().by_vals().collect::<Vec<_>>());
            prop_assert_eq!(bits(&sim.to_dense_oihw()), bits(golden.to_dense().as_slice().unwrap()));
        }
        let pixels = s.out_h() * s.out_w();
        let sim = sim_prune::prune_gradient(&case.dy, s.batch, s.co, pixels, case.sparsity).unwrap();
        let golden = golden_prune::prune_gradient(case.dy(), case.sparsity).unwrap();
        prop_assert_eq!(bits(&sim), bits(golden.as_slice().unwrap()));
    }
}

/// Layers with more channels than a block of K, where the order inside and between blocks shows.
#[test]
fn channels_beyond_a_block_keep_the_order() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let sparsity = Sparsity::TWO_OF_EIGHT;
    for (ci, co, side, kernel, stride) in
        [(72, 136, 3, 3, 1), (136, 72, 4, 2, 2), (200, 64, 2, 1, 1), (64, 200, 5, 3, 3)]
    {
        let shape = ConvShape::new(2, ci, (side, side), co, (kernel, kernel), stride, 1).unwrap();
        let mut fresh = |len| values(len).new_tree(&mut runner).unwrap().current();
        let (x, w, dy) = (fresh(shape.x_len()), fresh(shape.w_len()), fresh(shape.y_len()));
        let case = Case { shape, sparsity, x, w, dy };
        let golden = case.by_golden();
        for choice in DataflowChoice::ALL {
            let accelerator = Accelerator::new(ArrayConfig::vcu1525(), choice).unwrap();
            for ((name, sim), golden) in NAMES.iter().zip(case.by_sim(&accelerator)).zip(&golden) {
                assert_eq!(first_difference(&sim, golden), None, "{name} {choice} {shape:?}");
            }
        }
    }
}

/// The reference's one-output functions are what a verified step samples.
#[test]
fn sampled_outputs_are_those_of_the_whole_stage() {
    let shape = ConvShape::new(1, 8, (5, 4), 8, (3, 2), 2, 1).unwrap();
    let x = Array4::from_shape_fn((1, 8, 5, 4), |(_, c, h, w)| f16::from_f32((c * h + w) as f32));
    let w = Array4::from_shape_fn((8, 8, 3, 2), |(o, c, h, w)| {
        f16::from_f32((o + c * h + w) as f32 - 5.0)
    });
    let pruned =
        Weight::PrunedCi(golden_prune::prune_ci(w.view(), Sparsity::TWO_OF_EIGHT).unwrap());
    let y = golden::ff(shape, x.view(), &pruned).unwrap();
    for ((n, co, oh, ow), value) in y.indexed_iter() {
        assert_eq!(*value, golden::ff_at(shape, x.view(), &pruned, [n, co, oh, ow]).unwrap());
    }
}
