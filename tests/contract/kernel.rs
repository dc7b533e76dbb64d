//! Single operations through a card's session: the bits of the reference, in the cycles of the timing model.

use proptest::prelude::*;
use satkit::backend::golden_kernel;
use satkit_host::backend::SgdStep;
use satkit_host::card::CardSettings;
use satkit_host::kernel::{Kernel, KernelOperands, KernelResults, run_kernel};
use satkit_host::session::Session;
use satkit_memory::MemoryModel;
use satkit_plan::{DataflowChoice, NoObserver, Program, time_at};
use satkit_sim::card::{SimCard, SimCardOptions};
use satkit_spec::{ArrayConfig, ConvShape, Method, Sparsity};
use satkit_tests::{any_shape, any_sparsity, values};
use std::sync::Arc;

#[derive(Clone, Debug)]
struct Case {
    kernel: Kernel,
    config: ArrayConfig,
    dataflow: DataflowChoice,
    memory: MemoryModel,
}

/// FP32 values: ordinary ones, and any bits.
fn singles(len: usize) -> impl Strategy<Value = Vec<f32>> {
    let one = prop_oneof![
        6 => -2.0f32..2.0,
        1 => any::<u32>().prop_map(f32::from_bits),
        1 => (-8i8..=8).prop_map(f32::from),
    ];
    proptest::collection::vec(one, len)
}

fn any_numbers() -> impl Strategy<Value = SgdStep> {
    let decay = || 0.0f32..0.25;
    (0.0f32..1.0, 0.0f32..1.0, decay(), decay(), 0i32..16).prop_map(
        |(learning_rate, momentum, weight_decay, lambda, scale)| SgdStep {
            learning_rate,
            momentum,
            weight_decay,
            lambda,
            loss_scale: 2f32.powi(scale),
        },
    )
}

fn any_operands(shape: ConvShape) -> impl Strategy<Value = KernelOperands> {
    let x = || values(shape.x_len());
    let w = || values(shape.w_len());
    let dy = || values(shape.y_len());
    let master = || singles(shape.w_len());
    prop_oneof![
        1 => w().prop_map(|w| KernelOperands::Prune { w }),
        2 => (x(), w()).prop_map(|(x, w)| KernelOperands::Ff { x, w }),
        3 => (dy(), w()).prop_map(|(dy, w)| KernelOperands::Bp { dy, w }),
        1 => (x(), dy()).prop_map(|(x, dy)| KernelOperands::Wu { x, dy }),
        2 => (master(), master(), master(), any_numbers())
            .prop_map(|(w, v, dw, numbers)| KernelOperands::Update { w, v, dw, numbers }),
    ]
}

/// Groups fit, or are not needed.
fn any_kernel() -> impl Strategy<Value = Kernel> {
    let layer = (any_sparsity(), proptest::sample::select(Method::ALL.to_vec()));
    let layer = layer.prop_flat_map(|(sparsity, method)| {
        let fitting = any_shape(sparsity.m(), 24);
        // More than a block of K, and channels that no group divides.
        let wide = any_shape(sparsity.m().max(8), 160);
        let shape = prop_oneof![6 => fitting, 1 => wide, 2 => any_shape(1, 24)];
        (Just(sparsity), Just(method), shape)
    });
    let kernel = layer.prop_flat_map(|(sparsity, method, shape)| {
        any_operands(shape).prop_map(move |operands| Kernel { shape, method, sparsity, operands })
    });
    kernel.prop_filter("M does not divide the channels", |kernel| kernel.check().is_ok())
}

fn any_case() -> impl Strategy<Value = Case> {
    let configs = ArrayConfig::all().into_iter().map(|c| c.with_m_lanes(16).unwrap());
    let config = proptest::sample::select(configs.collect::<Vec<_>>());
    let memory = proptest::sample::select(MemoryModel::names().to_vec());
    let dataflow = proptest::sample::select(DataflowChoice::ALL.to_vec());
    (any_kernel(), config, dataflow, memory).prop_map(|(kernel, config, dataflow, memory)| Case {
        kernel,
        config,
        dataflow,
        memory: memory.parse().unwrap(),
    })
}

/// Results as words, to be compared bit for bit.
fn words(results: &KernelResults) -> Vec<Vec<u32>> {
    let singles = |values: &[f32]| values.iter().map(|value| value.to_bits()).collect();
    match results {
        KernelResults::Pruned(directions) => {
            let words = |(values, positions): &(Vec<half::f16>, Vec<u8>)| {
                let values = values.iter().map(|value| value.to_bits().into()).collect();
                [values, positions.iter().copied().map(u32::from).collect()]
            };
            directions.iter().flat_map(words).collect()
        }
        KernelResults::Stage(values) => vec![singles(values)],
        KernelResults::Updated(w, v) => vec![singles(w), singles(v)],
    }
}

fn check(case: &Case) -> Result<(), TestCaseError> {
    let Case { kernel, config, dataflow, memory } = case;
    let options = SimCardOptions { dram: *memory, ..SimCardOptions::default() };
    let card = SimCard::new(config, &options).unwrap();
    let session = Session::open(Arc::new(card), config).unwrap();
    let settings = CardSettings { dataflow: *dataflow, memory: *memory, ..CardSettings::default() };
    let run = run_kernel(&session, kernel, &settings)
        .map_err(|error| TestCaseError::fail(format!("{}: {error}", kernel.name())))?;
    let golden = golden_kernel(kernel).unwrap();
    prop_assert_eq!(words(&run.results), words(&golden), "{}", kernel.name());
    // The program that was uploaded, timed once more from its words and its place alone.
    let program = Program::new(run.plan.step.program.instructions().to_vec());
    let timing = time_at(config, &program, run.plan.address, memory, &mut NoObserver).unwrap();
    prop_assert_eq!(run.cycles, timing.cycles, "{}", kernel.name());
    run.check_cycles().map_err(|error| TestCaseError::fail(error.to_string()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(384))]

    #[test]
    fn an_operation_on_a_card_has_golden_s_bits_and_the_model_s_cycles(case in any_case()) {
        check(&case)?;
    }
}

/// What costs cycles is in the program: results of 4 bytes take more of them than the same stage's of 2.
#[test]
fn accumulators_are_stored_as_fp32() {
    let shape = ConvShape::new(4, 64, (8, 8), 32, (3, 3), 1, 1).unwrap();
    let (x, w) = (vec![half::f16::ONE; shape.x_len()], vec![half::f16::ONE; shape.w_len()]);
    let (config, memory) = (ArrayConfig::vcu1525(), MemoryModel::default());
    let session = Session::open(
        Arc::new(
            SimCard::new(&config, &SimCardOptions { dram: memory, ..SimCardOptions::default() })
                .unwrap(),
        ),
        &config,
    )
    .unwrap();
    let kernel = Kernel {
        shape,
        method: Method::Bdwp,
        sparsity: Sparsity::TWO_OF_EIGHT,
        operands: KernelOperands::Ff { x, w },
    };
    let settings = CardSettings { memory, ..CardSettings::default() };
    let run = run_kernel(&session, &kernel, &settings).unwrap();
    assert_eq!(run.plan.timing.dram_write_bytes, 4 * shape.y_len() as u64);
    let KernelResults::Stage(y) = run.results else { panic!("FF gives Y") };
    // Two of eight of all terms that are no padding; in the corner those of 2 x 2 taps.
    assert_eq!((y[0], y[9]), (4.0 * 16.0, 9.0 * 16.0));
}
