//! Checkpoints: what is written is read, and anything else is refused.

use crate::fake::Fake;
use crate::training::settings;
use proptest::prelude::*;
use satkit_host::checkpoint::{Checkpoint, FILE_NAME};
use satkit_host::data::Dataset;
use satkit_host::network::{Builder, Epilogue, Network};
use satkit_host::npz::NpzReader;
use satkit_host::train::{LossScale, Operations, RunLength, Silent, TrainSettings, Trainer};
use std::fs;
use std::sync::atomic::AtomicBool;
use tempfile::TempDir;

fn small() -> (Network, Dataset) {
    let (mut net, x) = Builder::new("small", [1, 2, 2]).unwrap();
    let x = net.flatten("flatten", x).unwrap();
    let x = net.linear("fc1", x, 3, Epilogue::NONE).unwrap();
    let x = net.batch_norm("bn", x, Epilogue::RELU).unwrap();
    net.linear("fc2", x, 2, Epilogue::BIAS).unwrap();
    let network = net.finish().unwrap();
    let data = Dataset::random(&network, 8, 4, 0);
    (network, data)
}

fn trained(network: &Network, data: &Dataset, settings: TrainSettings) -> Checkpoint {
    let mut trainer =
        Trainer::new(network, data, settings, Operations::new(Fake::default(), network)).unwrap();
    trainer.run(&mut Silent, &AtomicBool::new(false), None).unwrap();
    trainer.checkpoint()
}

#[test]
fn what_is_saved_is_loaded() {
    let (network, data) = small();
    let mut checkpoint = trained(&network, &data, settings(RunLength::Epochs(2)));
    // Bits that printing or comparing floats would lose.
    checkpoint.state.values[0][..4].copy_from_slice(&[-0.0, 1e-45, f32::INFINITY, f32::MAX]);
    checkpoint.progress.loss_sum = 0.1 + 0.2;
    checkpoint.settings.learning_rate = f32::from_bits(0x3DCC_CCCF);
    let directory = TempDir::new().unwrap();
    let nested = directory.path().join("new").join("directory");
    let file = checkpoint.save(&nested).unwrap();
    assert_eq!(file, nested.join(FILE_NAME));
    let loaded = Checkpoint::load(&nested).unwrap();
    assert_eq!(loaded.state.values[0][0].to_bits(), (-0.0f32).to_bits());
    assert_eq!(
        (&loaded.state, &loaded.progress, &loaded.settings, &loaded.data, &loaded.network),
        (
            &checkpoint.state,
            &checkpoint.progress,
            &checkpoint.settings,
            &checkpoint.data,
            &checkpoint.network
        )
    );
    // Saving over it leaves one file.
    checkpoint.save(&nested).unwrap();
    assert_eq!(fs::read_dir(&nested).unwrap().count(), 1);
}

#[test]
fn what_does_not_belong_together_is_refused() {
    let (network, data) = small();
    let good = trained(&network, &data, settings(RunLength::Epochs(2)));
    let refused = |network: &Network, data: &Dataset, checkpoint: Checkpoint, words: &str| {
        let error =
            Trainer::resume(network, data, checkpoint, Operations::new(Fake::default(), network))
                .map(drop);
        let error = error.unwrap_err();
        assert!(error.is_bad_input());
        let message = error.to_string();
        assert!(message.contains(words), "{message:?} does not say {words:?}");
    };
    refused(&network, &Dataset::random(&network, 8, 4, 1), good.clone(), "accepted: the same data");
    let mlp = Network::named("digits-mlp").unwrap();
    refused(&mlp, &Dataset::digits().unwrap(), good.clone(), "a run of small");
    let change = |change: &dyn Fn(&mut Checkpoint), words: &str| {
        let mut checkpoint = good.clone();
        change(&mut checkpoint);
        refused(&network, &data, checkpoint, words);
    };
    change(&|c| c.contract = "0".repeat(64), "written under contract 000000000000");
    change(&|c| c.state.values[0].truncate(1), "accepted: 12");
    change(&|c| drop(c.state.momentum.pop()), "momentum tensors");
    change(&|c| c.state.running[0].var.push(1.0), "running statistics");
    change(&|c| c.progress.step += 1, "not from such a run");
    change(&|c| c.progress.epoch = u64::MAX, "not from such a run");
    change(&|c| c.progress.batch = 9, "not from such a run");
    change(&|c| c.progress.loss_scale.scale = 2.0, "loss scale 2");
    change(&|c| c.settings.loss_scale = LossScale::Static(3.0), "power of two");
    change(&|c| c.settings.batch = 1000, "images to train on");
    // A network of another name cannot be built from its name.
    assert!(good.build_network().unwrap_err().to_string().contains("small"));
}

#[test]
fn no_checkpoint_is_said_in_words() {
    let directory = TempDir::new().unwrap();
    let error = Checkpoint::load(directory.path()).unwrap_err();
    assert!(error.to_string().starts_with("cannot read"), "{error}");
    assert!(error.is_bad_input());
    fs::write(directory.path().join(FILE_NAME), "").unwrap();
    assert!(Checkpoint::load(directory.path()).unwrap_err().to_string().contains("truncated"));
    fs::write(directory.path().join(FILE_NAME), [7; 100]).unwrap();
    assert!(Checkpoint::load(directory.path()).unwrap_err().to_string().contains("does not start"));
    // A directory that cannot be made: its parent is a file.
    let (network, data) = small();
    let checkpoint = trained(&network, &data, settings(RunLength::Steps(1)));
    let error = checkpoint.save(&directory.path().join(FILE_NAME).join("x")).unwrap_err();
    assert!(!error.is_bad_input());
}

#[test]
fn weights_are_exported_by_name() {
    let network = Network::named("digits-cnn").unwrap();
    let data = Dataset::random(&network, 8, 4, 0);
    let checkpoint = trained(&network, &data, settings(RunLength::Steps(1)));
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("weights.npz");
    checkpoint.export(&path).unwrap();
    let mut archive = NpzReader::open(&path).unwrap();
    assert_eq!(archive.names().len(), network.parameters().len() + 2 * network.norms().len());
    let weight = archive.read("conv2.weight").unwrap().unwrap();
    assert_eq!(weight.shape, [64, 32, 3, 3]);
    let index = network.parameters().iter().position(|p| p.name == "conv2.weight").unwrap();
    let satkit_host::npz::NpzValues::Floats(values) = weight.values else { panic!() };
    assert_eq!(values, checkpoint.state.values[index]);
    assert_eq!(archive.read("bn1.running_var").unwrap().unwrap().shape, [32]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// A byte changed anywhere, or the file cut anywhere, is refused in words.
    #[test]
    fn any_change_is_noticed(at in any::<prop::sample::Index>(), flip in 1..=255u8) {
        let (network, data) = small();
        let checkpoint = trained(&network, &data, settings(RunLength::Steps(1)));
        let directory = TempDir::new().unwrap();
        let file = checkpoint.save(directory.path()).unwrap();
        let good = fs::read(&file).unwrap();
        let at = at.index(good.len());
        let mut changed = good.clone();
        changed[at] ^= flip;
        for bytes in [&changed[..], &good[..at]] {
            fs::write(&file, bytes).unwrap();
            let error = Checkpoint::load(directory.path()).unwrap_err();
            prop_assert!(error.is_bad_input());
        }
        fs::write(&file, [&good[..], &[flip]].concat()).unwrap();
        prop_assert!(Checkpoint::load(directory.path()).is_err());
    }

    /// A header of any text under a right checksum is refused or read, never more.
    #[test]
    fn any_header_is_survived(
        text in "\\PC{0,40}",
        length in prop_oneof![any::<u64>(), 0..64u64],
    ) {
        use sha2::Digest as _;
        let mut bytes = b"SATKITCP\x01\0\0\0".to_vec();
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes.extend_from_slice(text.as_bytes());
        let hash = sha2::Sha256::digest(&bytes);
        bytes.extend_from_slice(&hash);
        let directory = TempDir::new().unwrap();
        fs::write(directory.path().join(FILE_NAME), bytes).unwrap();
        prop_assert!(Checkpoint::load(directory.path()).is_err());
    }
}
