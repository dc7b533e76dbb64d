//! Training through a card: the state in card memory ends with the bits of the reference, in the cycles of the model.

use satkit::backend::{GoldenBackend, SimBackend};
use satkit_host::backend::PoolWindow;
use satkit_host::card::{CardMachine, CardSettings};
use satkit_host::data::Dataset;
use satkit_host::network::{Builder, Epilogue, Kernel, ModelState, Network};
use satkit_host::session::Session;
use satkit_host::train::{
    LossScale, Operations, RunLength, Silent, StepMachine, TrainReport, TrainSettings, Trainer,
};
use satkit_memory::MemoryModel;
use satkit_plan::DataflowChoice;
use satkit_rtl::card::{RtlCard, RtlCardOptions};
use satkit_sim::card::{SimCard, SimCardOptions};
use satkit_spec::{ArrayConfig, Method, Sparsity};
use satkit_transport::Card;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

fn settings(method: Method, sparsity: Sparsity) -> TrainSettings {
    TrainSettings {
        method,
        sparsity,
        length: RunLength::Steps(5),
        batch: 4,
        // Large, so that the decay of pruned weights reaches the bits within a few steps.
        lambda: 0.25,
        loss_scale: LossScale::Static(1024.0),
        ..TrainSettings::default()
    }
}

fn train<M: StepMachine>(
    network: &Network,
    data: &Dataset,
    settings: TrainSettings,
    machine: M,
) -> (ModelState, TrainReport) {
    let mut trainer = Trainer::new(network, data, settings, machine).unwrap();
    let report = trainer.run(&mut Silent, &AtomicBool::new(false), None).unwrap();
    (trainer.state().clone(), report)
}

fn card(config: &ArrayConfig) -> CardMachine {
    let options = SimCardOptions { dram: MemoryModel::default(), ..SimCardOptions::default() };
    machine(
        config,
        Arc::new(SimCard::new(config, &options).unwrap()),
        DataflowChoice::Auto,
        MemoryModel::default(),
    )
}

fn machine(
    config: &ArrayConfig,
    card: Arc<dyn Card>,
    dataflow: DataflowChoice,
    memory: MemoryModel,
) -> CardMachine {
    let session = Session::open(card, config).unwrap();
    CardMachine::new(
        Arc::new(session),
        CardSettings { dataflow, memory, ..CardSettings::default() },
    )
}

/// Every FP32 of a state, as bits, with the name of what it belongs to.
fn bits(network: &Network, state: &ModelState) -> Vec<(String, Vec<u32>)> {
    let bits = |values: &[f32]| values.iter().map(|value| value.to_bits()).collect();
    let parameters = network.parameters().iter().enumerate().flat_map(|(index, spec)| {
        let name = &spec.name;
        [
            (name.clone(), bits(&state.values[index])),
            (format!("{name} momentum"), bits(&state.momentum[index])),
        ]
    });
    let running = state.running.iter().enumerate().flat_map(|(index, running)| {
        [
            (format!("mean {index}"), bits(&running.mean)),
            (format!("variance {index}"), bits(&running.var)),
        ]
    });
    parameters.chain(running).collect()
}

fn assert_same(network: &Network, found: &ModelState, expected: &ModelState, what: &str) {
    for ((name, found), (_, expected)) in
        bits(network, found).into_iter().zip(bits(network, expected))
    {
        let differs = found.iter().zip(&expected).position(|(a, b)| a != b);
        if let Some(at) = differs {
            let values = (f32::from_bits(found[at]), f32::from_bits(expected[at]));
            panic!("{what}: {} {name} at {at}: {values:?}", network.name());
        }
    }
}

/// Batch norms with and without ReLU and residuals, strides, poolings of all kinds, a residual add, a bias behind a convolution.
fn convolutions() -> Network {
    let (mut net, x) = Builder::new("convolutions", [3, 9, 9]).unwrap();
    let kernel = |co, side, stride, pad| Kernel { co, side, stride, pad };
    let x = net.conv_norm(["a", "a.bn"], x, kernel(16, 3, 1, 1), Epilogue::RELU).unwrap();
    let y = net.conv_norm(["b", "b.bn"], x, kernel(16, 3, 1, 1), Epilogue::RELU).unwrap();
    let y = net
        .conv_norm(["c", "c.bn"], y, kernel(16, 3, 1, 1), Epilogue::RELU.with_residual(x))
        .unwrap();
    let z = net.conv_norm(["d", "d.bn"], y, kernel(40, 3, 2, 1), Epilogue::NONE).unwrap();
    let s = net.conv_norm(["e", "e.bn"], y, kernel(40, 1, 2, 0), Epilogue::NONE).unwrap();
    let y = net.add("f", z, s, true).unwrap();
    let y = net.max_pool("g", y, PoolWindow { window: 3, stride: 1, pad: 1 }).unwrap();
    let y = net.conv("h", y, kernel(24, 3, 1, 0), Epilogue::BIAS).unwrap();
    let y = net.average_pool("i", y, PoolWindow { window: 2, stride: 1, pad: 0 }).unwrap();
    let y = net.conv("j", y, kernel(24, 1, 1, 0), Epilogue::BIAS_RELU).unwrap();
    let v = net.flatten("k", y).unwrap();
    net.linear("l", v, 10, Epilogue::BIAS).unwrap();
    net.finish().unwrap()
}

/// A vision transformer of one block.
fn transformer() -> Network {
    let (mut net, x) = Builder::new("transformer", [3, 8, 8]).unwrap();
    let x = net.patches("patches", x, 4).unwrap();
    let x = net.linear("embedding", x, 32, Epilogue::BIAS).unwrap();
    let x = net.embed("embed", x).unwrap();
    let y = net.layer_norm("ln1", x).unwrap();
    let y = net.linear("qkv", y, 96, Epilogue::NONE).unwrap();
    let y = net.attention("attention", y, 2).unwrap();
    let x = net.linear("proj", y, 32, Epilogue::BIAS.with_residual(x)).unwrap();
    let y = net.layer_norm("ln2", x).unwrap();
    let y = net.linear("fc1", y, 64, Epilogue::BIAS).unwrap();
    let y = net.gelu("gelu", y);
    let x = net.linear("fc2", y, 32, Epilogue::BIAS.with_residual(x)).unwrap();
    let x = net.class_token("class_token", x).unwrap();
    let x = net.layer_norm("ln", x).unwrap();
    net.linear("head", x, 10, Epilogue::BIAS).unwrap();
    net.finish().unwrap()
}

fn networks() -> Vec<Network> {
    let named = ["digits-mlp", "digits-cnn"].map(|name| Network::named(name).unwrap());
    named.into_iter().chain([convolutions(), transformer()]).collect()
}

#[test]
fn a_card_trains_every_network_and_method_to_the_bits_of_the_reference() {
    for network in networks() {
        let data = Dataset::random(&network, 8, 6, 7);
        for method in Method::ALL {
            let sparsity = Sparsity::TWO_OF_EIGHT;
            let settings = settings(method, sparsity);
            let what = format!("{method}");
            let golden = Operations::new(GoldenBackend::new(method, sparsity), &network);
            let (reference, judged) = train(&network, &data, settings, golden);
            let (state, report) = train(&network, &data, settings, card(&ArrayConfig::tiny()));
            assert_same(&network, &state, &reference, &what);
            let losses = [report.train_loss, judged.train_loss].map(f64::to_bits);
            assert_eq!(losses[0], losses[1], "{} {what}", network.name());
            assert_eq!(report.test_accuracy, judged.test_accuracy, "{} {what}", network.name());
        }
    }
}

#[test]
fn a_card_takes_the_cycles_that_the_backend_books() {
    for network in networks() {
        let data = Dataset::random(&network, 8, 6, 7);
        let settings = settings(Method::Bdwp, Sparsity::TWO_OF_EIGHT);
        let config = ArrayConfig::small();
        let backend = SimBackend::new(
            config.clone(),
            DataflowChoice::Auto,
            settings.method,
            settings.sparsity,
        );
        let operations = Operations::new(backend.unwrap(), &network);
        let (reference, booked) = train(&network, &data, settings, operations);
        let (state, report) = train(&network, &data, settings, card(&config));
        assert_same(&network, &state, &reference, "small");
        assert_eq!(report.cycles, booked.cycles, "{}", network.name());
    }
}

/// With a loss scale that overflows at first, steps are left out on both.
#[test]
fn a_card_leaves_out_what_is_not_finite() {
    for network in networks() {
        let data = Dataset::random(&network, 8, 6, 7);
        let settings = TrainSettings {
            loss_scale: LossScale::Dynamic,
            length: RunLength::Steps(12),
            learning_rate: 0.5,
            ..settings(Method::Bdwp, Sparsity::TWO_OF_EIGHT)
        };
        let (method, sparsity) = (settings.method, settings.sparsity);
        let golden = Operations::new(GoldenBackend::new(method, sparsity), &network);
        let (reference, judged) = train(&network, &data, settings, golden);
        let (state, report) = train(&network, &data, settings, card(&ArrayConfig::tiny()));
        assert_same(&network, &state, &reference, "dynamic");
        assert_eq!(report.skipped_steps, judged.skipped_steps);
    }
}

/// Some steps on the Verilog and on the simulated card, all in OS, as LD.A does not load WU in WS yet: the same bits, the same cycles.
fn trains_the_same(config: &ArrayConfig, network: &Network, method: Method, batch: usize) {
    if !satkit_tests::has_verilog_tool("verilator") {
        return;
    }
    let what = format!("{}, {method} on {}", network.name(), config.name);
    let data = Dataset::random(network, 2 * batch, 6, 7);
    let settings = TrainSettings {
        length: RunLength::Steps(2),
        batch,
        ..self::settings(method, Sparsity::TWO_OF_EIGHT)
    };
    let (os, dram) = (DataflowChoice::Os, MemoryModel::ddr4());
    let options = SimCardOptions { dram, ..SimCardOptions::default() };
    let card = Arc::new(SimCard::new(config, &options).unwrap());
    let options = RtlCardOptions { dram, ..RtlCardOptions::default() };
    let verilog = Arc::new(RtlCard::new(config, &options).unwrap());
    let (expected, simulated) = train(network, &data, settings, machine(config, card, os, dram));
    let (found, report) = train(network, &data, settings, machine(config, verilog, os, dram));
    assert_same(network, &found, &expected, &what);
    assert_eq!(report.cycles, simulated.cycles, "{what}");
    println!("{what}: {} cycles", report.cycles.total());
}

/// The Verilated accelerator is driven as the simulated card is, and ends with its bits and cycles.
fn the_verilog_trains(name: &str, config: &ArrayConfig, methods: &[Method]) {
    let network = Network::named(name).unwrap();
    methods.iter().for_each(|&method| trains_the_same(config, &network, method, 4));
}

#[test]
fn the_verilog_of_tiny_trains_digits_mlp_as_the_simulated_card_does() {
    the_verilog_trains("digits-mlp", &ArrayConfig::tiny(), &[Method::Bdwp, Method::Dense]);
}

#[test]
fn the_verilog_of_small_trains_digits_mlp_as_the_simulated_card_does() {
    the_verilog_trains("digits-mlp", &ArrayConfig::small(), &[Method::Bdwp, Method::Dense]);
}

#[test]
fn the_verilog_of_tiny_trains_digits_cnn_as_the_simulated_card_does() {
    the_verilog_trains("digits-cnn", &ArrayConfig::tiny(), &[Method::Bdwp]);
}

#[test]
fn the_verilog_of_small_trains_digits_cnn_as_the_simulated_card_does() {
    the_verilog_trains("digits-cnn", &ArrayConfig::small(), &[Method::Bdwp, Method::Dense]);
}

#[test]
#[ignore = "compiles the 32 x 32 accelerator, which takes many minutes"]
fn the_verilog_of_the_vcu1525_trains_as_the_simulated_card_does() {
    for name in ["digits-mlp", "digits-cnn"] {
        let network = Network::named(name).unwrap();
        trains_the_same(&ArrayConfig::vcu1525(), &network, Method::Bdwp, 32);
    }
}
