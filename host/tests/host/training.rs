//! The training loop on the fake backend: order of operations, settings, interruption.

use crate::fake::Fake;
use satkit_host::HostError;
use satkit_host::checkpoint::Checkpoint;
use satkit_host::data::{DataSource, Dataset};
use satkit_host::network::{Builder, Epilogue, Kernel, Network};
use satkit_host::train::*;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use tempfile::TempDir;

pub(crate) fn settings(length: RunLength) -> TrainSettings {
    TrainSettings { length, batch: 4, ..TrainSettings::default() }
}

/// A run from the start, on a fake.
pub(crate) fn trainer<'a>(
    network: &'a Network,
    data: &'a Dataset,
    settings: TrainSettings,
) -> Result<Trainer<'a, Operations<Fake>>, HostError> {
    Trainer::new(network, data, settings, Operations::new(Fake::default(), network))
}

fn never() -> AtomicBool {
    AtomicBool::new(false)
}

/// Calls of one step of the network.
fn step_calls(network: &Network, data: &Dataset) -> Vec<String> {
    let mut trainer = trainer(network, data, settings(RunLength::Steps(1))).unwrap();
    trainer.run(&mut Silent, &never(), None).unwrap();
    let calls = &trainer.machine().backend().calls;
    let updates = calls.iter().rposition(|call| call.starts_with("update")).unwrap();
    calls[..=updates].to_vec()
}

#[test]
fn gradients_take_the_way_back() {
    let (mut net, images) = Builder::new("residual", [2, 4, 4]).unwrap();
    let stem = net.conv_norm(["stem", "stem.bn"], images, Kernel::same(4, 3, 1), Epilogue::RELU);
    let stem = stem.unwrap();
    let y = net.conv("body", stem, Kernel::same(4, 3, 1), Epilogue::NONE).unwrap();
    let down = Kernel { co: 4, side: 1, stride: 1, pad: 0 };
    let down = net.conv_norm(["down", "down.bn"], stem, down, Epilogue::NONE).unwrap();
    let y = net.batch_norm("body.bn", y, Epilogue::RELU.with_residual(down)).unwrap();
    let y = net.flatten("flatten", y).unwrap();
    net.linear("fc", y, 3, Epilogue::BIAS).unwrap();
    let network = net.finish().unwrap();
    let data = Dataset::random(&network, 8, 4, 0);
    let calls = step_calls(&network, &data);
    let expected = [
        "ff stem",
        "store",
        "bn false",
        "ff body",
        "store",
        "ff down",
        "store",
        "bn false",
        "bn true",
        "ff fc",
        "store bias",
        "loss Some(1024.0)",
        // Backward, the last node first. The stem has two consumers, and the later one (down) comes first.
        "bias_gradient",
        "wu fc",
        "bp fc",
        "store",
        "relu_backward",
        "bn_backward",
        "bn_backward",
        "wu down",
        "bp down",
        "store",
        "wu body",
        "bp body",
        "store",
        "merge",
        "relu_backward",
        "bn_backward",
        "wu stem",
    ];
    assert_eq!(calls[..expected.len()], expected);
    let updated: Vec<&str> =
        calls[expected.len()..].iter().filter_map(|call| call.strip_prefix("update ")).collect();
    let order = [
        "weights stem",
        "stem.bn.gamma",
        "stem.bn.beta",
        "weights body",
        "weights down",
        "down.bn.gamma",
        "down.bn.beta",
        "body.bn.gamma",
        "body.bn.beta",
        "weights fc",
        "fc.bias",
    ];
    assert_eq!(updated, order);
}

#[test]
fn every_operation_has_its_way_back() {
    for name in ["vit", "resnet9", "digits-mlp"] {
        let network = Network::named(name).unwrap();
        let data = DataSource::Random.load(name, 4, 1).unwrap();
        let mut trainer = trainer(&network, &data, settings(RunLength::Steps(1))).unwrap();
        trainer.run(&mut Silent, &never(), None).unwrap();
        let count = |prefix: &str| {
            let calls = &trainer.machine().backend().calls;
            calls.iter().filter(|call| call.starts_with(prefix)).count()
        };
        let layers = network.layers().len();
        // Every layer once in the step and once in the evaluation.
        assert_eq!([count("ff "), count("wu "), count("bp ")], [2 * layers, layers, layers - 1]);
        assert_eq!(count("update "), network.parameters().len());
        for (forward, backward) in [
            ("ln", "ln_"),
            ("gelu", "gelu_"),
            ("attention ", "attention_"),
            ("max_pool", "max_pool_"),
        ] {
            let both = count(forward) - if forward.ends_with(' ') { 0 } else { count(backward) };
            assert_eq!(both, 2 * count(backward), "{name} {forward}");
        }
    }
}

#[test]
fn weight_decay_is_for_weights_and_the_rate_follows_its_schedule() {
    let network = Network::named("digits-mlp").unwrap();
    let data = Dataset::random(&network, 8, 4, 0);
    let settings = TrainSettings { lambda: 0.25, ..settings(RunLength::Epochs(2)) };
    let mut trainer = trainer(&network, &data, settings).unwrap();
    assert_eq!((trainer.steps_per_epoch(), trainer.steps()), (2, 4));
    trainer.run(&mut Silent, &never(), None).unwrap();
    let updates = &trainer.machine().backend().updates;
    assert_eq!(updates.len(), 4 * 8);
    for (name, step) in updates {
        let decay = if name.starts_with("weights") { settings.weight_decay } else { 0.0 };
        assert_eq!(step.weight_decay, decay, "{name}");
        assert_eq!((step.momentum, step.lambda, step.loss_scale), (0.9, 0.25, 1024.0));
    }
    let rates: Vec<f32> = updates.iter().step_by(8).map(|(_, step)| step.learning_rate).collect();
    let lr = settings.learning_rate;
    assert_eq!((rates[0], rates[2]), (lr, lr / 2.0));
    assert!(rates.is_sorted_by(|a, b| a > b), "{rates:?}");
    assert_eq!(settings.learning_rate_at(4, 4), 0.0);
    let constant = TrainSettings { schedule: Schedule::Constant, ..settings };
    assert_eq!(constant.learning_rate_at(3, 4), lr);
}

/// Notes everything it is told.
#[derive(Default)]
struct Notes {
    steps: Vec<StepEvent>,
    epochs: Vec<EpochRecord>,
    saved: usize,
    /// Step after which the flag is set.
    stop_after: Option<u64>,
}

struct Watcher<'a>(&'a mut Notes, &'a AtomicBool);

impl Observer for Watcher<'_> {
    fn step(&mut self, event: &StepEvent) {
        self.0.steps.push(*event);
        if self.0.stop_after == Some(event.step) {
            self.1.store(true, Ordering::Relaxed);
        }
    }

    fn epoch(&mut self, record: &EpochRecord) {
        self.0.epochs.push(record.clone());
    }

    fn saved(&mut self, file: &Path) {
        assert!(file.is_file());
        self.0.saved += 1;
    }
}

#[test]
fn cycles_count_training_steps_only_and_last_images_are_left_out() {
    let network = Network::named("digits-mlp").unwrap();
    let data = Dataset::random(&network, 11, 5, 0);
    let mut trainer = trainer(&network, &data, settings(RunLength::Epochs(3))).unwrap();
    assert_eq!(trainer.steps_per_epoch(), 2);
    let (mut notes, stop) = (Notes::default(), never());
    let report = trainer.run(&mut Watcher(&mut notes, &stop), &stop, None).unwrap();
    assert!(!report.interrupted);
    assert_eq!((report.steps, report.epochs, notes.steps.len(), notes.epochs.len()), (6, 3, 6, 3));
    let step = notes.steps[0].cycles;
    assert_eq!((step.ff, step.bp, step.wu, step.update), (40, 60, 120, 40));
    assert!(notes.steps.iter().all(|event| event.cycles == step));
    assert_eq!(report.cycles.total(), 6 * step.total());
    assert_eq!(
        report.cycles.total(),
        report.cycles.ff + report.cycles.bp + report.cycles.wu + report.cycles.other()
    );
    assert_eq!(notes.epochs, report.history);
    assert_eq!(report.train_loss, report.history[2].train_loss);
    // The fake predicts 0, 1, 0, 1, ...: some of the random labels are met.
    assert!(report.history.iter().all(|record| record.test_accuracy <= 1.0));
    assert_eq!(notes.steps[5].epoch, 3);
    assert_eq!(report.test_accuracy, Some(report.history[2].test_accuracy));
}

#[test]
fn each_epoch_sees_every_image_in_an_order_of_its_own() {
    let network = Network::named("digits-mlp").unwrap();
    let data = Dataset::random(&network, 40, 5, 0);
    let orders = |seed| {
        let settings = TrainSettings { seed, ..settings(RunLength::Epochs(2)) };
        let mut trainer = trainer(&network, &data, settings).unwrap();
        trainer.run(&mut Silent, &never(), None).unwrap();
        let (first, second) = trainer.machine().backend().labels.split_at(40);
        (first.to_vec(), second.to_vec())
    };
    let sorted = |labels: &[u32]| {
        let mut labels = labels.to_vec();
        labels.sort_unstable();
        labels
    };
    let (first, second) = orders(0);
    assert_ne!(first, second);
    assert_ne!(first, data.train().labels());
    for epoch in [&first, &second] {
        assert_eq!(sorted(epoch), sorted(data.train().labels()));
    }
    assert_eq!(orders(0), (first.clone(), second));
    assert_ne!(orders(1).0, first);
}

#[test]
fn a_run_of_steps_ends_in_mid_epoch_and_is_evaluated() {
    let network = Network::named("digits-mlp").unwrap();
    let data = Dataset::random(&network, 12, 5, 0);
    let mut trainer = trainer(&network, &data, settings(RunLength::Steps(4))).unwrap();
    let report = trainer.run(&mut Silent, &never(), None).unwrap();
    assert_eq!((report.steps, report.epochs, report.history.len()), (4, 2, 2));
    assert_eq!(report.history[1].steps, 4);
    assert_eq!(trainer.run(&mut Silent, &never(), None).unwrap(), report, "it stays finished");
}

#[test]
fn resuming_gives_the_bits_of_an_uninterrupted_run() {
    for (name, loss_scale) in
        [("digits-cnn", LossScale::Dynamic), ("digits-mlp", LossScale::Static(256.0))]
    {
        let network = Network::named(name).unwrap();
        let data = Dataset::random(&network, 14, 5, 3);
        for length in [RunLength::Epochs(3), RunLength::Steps(8)] {
            let settings = TrainSettings { loss_scale, ..settings(length) };
            let mut whole = trainer(&network, &data, settings).unwrap();
            let expected = whole.run(&mut Silent, &never(), None).unwrap();
            for stop_after in 1..=expected.steps {
                let directory = TempDir::new().unwrap();
                let stop = never();
                let mut notes = Notes { stop_after: Some(stop_after), ..Notes::default() };
                let mut first = trainer(&network, &data, settings).unwrap();
                let report = first
                    .run(&mut Watcher(&mut notes, &stop), &stop, Some(directory.path()))
                    .unwrap();
                assert!(report.interrupted);
                assert_eq!(report.steps, stop_after);
                assert!(notes.saved > 0);
                drop(first);
                let checkpoint = Checkpoint::load(directory.path()).unwrap();
                assert_eq!(checkpoint.progress.step, stop_after);
                let rebuilt = checkpoint.build_network().unwrap();
                assert_eq!(rebuilt, network);
                let mut second = Trainer::resume(
                    &rebuilt,
                    &data,
                    checkpoint,
                    Operations::new(Fake::default(), &rebuilt),
                )
                .unwrap();
                let given = second.run(&mut Silent, &never(), Some(directory.path())).unwrap();
                assert_eq!(given, expected);
                assert_eq!(second.state(), whole.state());
                assert_eq!(Checkpoint::load(directory.path()).unwrap().state, *whole.state());
            }
        }
    }
}

#[test]
fn a_dynamic_step_with_an_infinite_gradient_is_left_out_as_a_whole() {
    let network = Network::named("digits-mlp").unwrap();
    let data = Dataset::random(&network, 8, 4, 0);
    let settings =
        TrainSettings { loss_scale: LossScale::Dynamic, ..settings(RunLength::Steps(2)) };
    let backend = Fake { infinite_wu: Some(3), ..Fake::default() };
    let mut trainer =
        Trainer::new(&network, &data, settings, Operations::new(backend, &network)).unwrap();
    let (mut notes, stop) = (Notes::default(), never());
    let report = trainer.run(&mut Watcher(&mut notes, &stop), &stop, None).unwrap();
    let skipped: Vec<bool> = notes.steps.iter().map(|event| event.skipped).collect();
    let scales: Vec<f32> = notes.steps.iter().map(|event| event.loss_scale).collect();
    assert_eq!((skipped, scales), (vec![true, false], vec![65_536.0, 32_768.0]));
    assert_eq!(report.skipped_steps, 1);
    assert_eq!(trainer.machine().backend().updates.len(), 8);
    // A static scale applies the same step.
    let settings = TrainSettings { loss_scale: LossScale::Static(1024.0), ..settings };
    let backend = Fake { infinite_wu: Some(3), ..Fake::default() };
    let mut trainer =
        Trainer::new(&network, &data, settings, Operations::new(backend, &network)).unwrap();
    assert_eq!(trainer.run(&mut Silent, &never(), None).unwrap().skipped_steps, 0);
    assert_eq!(trainer.machine().backend().updates.len(), 16);
}

#[test]
fn a_loss_that_is_no_number_ends_the_run_in_words() {
    let network = Network::named("digits-mlp").unwrap();
    let data = Dataset::random(&network, 8, 4, 0);
    for (loss, words) in [(f32::NAN, "NaN"), (f32::INFINITY, "inf")] {
        let directory = TempDir::new().unwrap();
        let backend = Fake { losses: [1.0, 1.0, 1.0, loss].into(), ..Fake::default() };
        let settings = settings(RunLength::Epochs(3));
        let mut trainer =
            Trainer::new(&network, &data, settings, Operations::new(backend, &network)).unwrap();
        let error = trainer.run(&mut Silent, &never(), Some(directory.path())).unwrap_err();
        let message = error.to_string();
        let words = format!("the loss became {words} in step 3: training has diverged");
        assert!(message.starts_with(&words), "{message}");
        assert!(!error.is_bad_input());
        // The epoch before it was saved.
        assert_eq!(Checkpoint::load(directory.path()).unwrap().progress.step, 2);
    }
}

#[test]
fn impossible_settings_are_refused_in_words() {
    let network = Network::named("digits-mlp").unwrap();
    let data = Dataset::random(&network, 8, 4, 0);
    let good = settings(RunLength::Epochs(1));
    let refused = |settings: TrainSettings, words: &str| {
        let error = trainer(&network, &data, settings).map(drop).unwrap_err();
        assert!(matches!(error, HostError::Setting { .. }));
        let message = error.to_string();
        assert!(message.contains(words), "{message:?} does not say {words:?}");
    };
    refused(TrainSettings { batch: 0, ..good }, "batch 0");
    refused(TrainSettings { batch: 9, ..good }, "accepted: 1 to 8, the images to train on");
    refused(TrainSettings { batch: usize::MAX, ..good }, "accepted: 1 to 65536");
    refused(TrainSettings { length: RunLength::Epochs(0), ..good }, "number of epochs 0");
    refused(TrainSettings { length: RunLength::Steps(u64::MAX), ..good }, "number of steps");
    for bad in [0.0, -1.0, f32::NAN, f32::INFINITY] {
        refused(TrainSettings { learning_rate: bad, ..good }, "learning rate");
    }
    for bad in [1.0, -0.1, f32::NAN] {
        refused(TrainSettings { momentum: bad, ..good }, "accepted: 0 to below 1");
    }
    for bad in [-1.0, f32::NAN, f32::INFINITY] {
        refused(TrainSettings { weight_decay: bad, ..good }, "weight decay");
        refused(TrainSettings { lambda: bad, ..good }, "lambda");
    }
    refused(TrainSettings { loss_scale: LossScale::Static(1000.0), ..good }, "power of two");
    let other = Network::named("vgg19").unwrap();
    let error = trainer(&other, &data, good).map(drop).unwrap_err();
    assert!(matches!(error, HostError::Fit { .. }), "{error}");
}

#[test]
fn evaluation_uses_every_image_and_counts_no_cycles() {
    let network = Network::named("digits-cnn").unwrap();
    let data = Dataset::random(&network, 8, 7, 0);
    let trainer = trainer(&network, &data, settings(RunLength::Epochs(1))).unwrap();
    let mut backend = Fake::default();
    let result = evaluate(&mut backend, &network, trainer.state(), data.test(), 3, &never());
    let evaluation = result.unwrap().unwrap();
    assert_eq!(evaluation.images, 7);
    use satkit_host::backend::{Backend, StepCycles};
    assert_eq!(backend.cycles(), StepCycles::default());
    let ffs = backend.calls.iter().filter(|call| *call == "ff conv1").count();
    assert_eq!(ffs, 3, "batches of 3, 3 and 1");
    assert!(backend.calls.iter().any(|call| call == "bn_eval"));
    let stopped = AtomicBool::new(true);
    let result = evaluate(&mut backend, &network, trainer.state(), data.test(), 3, &stopped);
    assert_eq!(result.unwrap(), None);
    assert!(evaluate(&mut backend, &network, trainer.state(), data.test(), 0, &never()).is_err());
}
