//! Data: the digits, and files of the real formats, whole and broken.

use proptest::prelude::*;
use satkit_host::HostError;
use satkit_host::data::{DataSource, Dataset};
use satkit_host::network::Network;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

fn load(source: &str) -> Result<Dataset, HostError> {
    source.parse::<DataSource>()?.load("digits-cnn", 4, 0)
}

#[track_caller]
fn refused(source: &str, words: &str) {
    let error = load(source).unwrap_err();
    let message = error.to_string();
    assert!(error.is_bad_input());
    assert!(message.contains(words), "{message:?} does not say {words:?}");
}

/// An IDX file of bytes.
fn idx(sizes: &[u32], values: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, sizes.len() as u8];
    bytes.extend(sizes.iter().flat_map(|size| size.to_be_bytes()));
    bytes.extend_from_slice(values);
    bytes
}

fn write_mnist(directory: &Path) -> [PathBuf; 4] {
    let pixels: Vec<u8> = (0..5 * 8 * 9).map(|i| (i % 251) as u8).collect();
    let files = [
        ("train-images-idx3-ubyte", idx(&[5, 8, 9], &pixels)),
        ("train-labels-idx1-ubyte", idx(&[5], &[0, 9, 3, 3, 1])),
        ("t10k-images-idx3-ubyte", idx(&[2, 8, 9], &pixels[..144])),
        ("t10k-labels-idx1-ubyte", idx(&[2], &[7, 2])),
    ];
    files.map(|(name, bytes)| {
        let path = directory.join(name);
        fs::write(&path, bytes).unwrap();
        path
    })
}

#[test]
fn digits_are_the_known_ones() {
    let digits = Dataset::digits().unwrap();
    assert_eq!((digits.train().len(), digits.test().len()), (1437, 360));
    assert_eq!((digits.image(), digits.classes(), digits.name()), ([1, 8, 8], 10, "digits"));
    for samples in [digits.train(), digits.test()] {
        for class in 0..10 {
            let count = samples.labels().iter().filter(|&&label| label == class).count();
            assert!(count * 15 > samples.len(), "{count} of class {class}");
        }
    }
    // Normalised over all images.
    let all: Vec<usize> = (0..1437).collect();
    let (x, _) = digits.train().batch(&all).unwrap();
    assert_eq!(x.shape(), [1437, 1, 8, 8]);
    let mean = x.iter().map(|x| x.to_f64()).sum::<f64>() / x.len() as f64;
    let power = x.iter().map(|x| x.to_f64().powi(2)).sum::<f64>() / x.len() as f64;
    assert!(mean.abs() < 0.02 && (power - 1.0).abs() < 0.02, "{mean} {power}");
    assert_eq!(digits.fingerprint(), Dataset::digits().unwrap().fingerprint());
    assert!(digits.train().batch(&[1437]).is_err());
}

#[test]
fn random_data_fit_every_network_and_take_no_memory() {
    for name in Network::NAMES {
        let data = DataSource::Random.load(name, 3, 5).unwrap();
        let network = Network::for_data(name, &data).unwrap();
        assert_eq!((data.train().len(), data.test().len()), (12, 3));
        let (x, labels) = data.train().batch(&[11, 0]).unwrap();
        assert_eq!(x.shape()[1..], network.input());
        assert!(labels.iter().all(|&label| (label as usize) < network.classes()));
        assert_eq!(data.train().batch(&[0]).unwrap().1[0], labels[1]);
    }
    let fingerprint = |seed| DataSource::Random.load("vit", 3, seed).unwrap().fingerprint();
    assert_eq!(fingerprint(1), fingerprint(1));
    assert_ne!(fingerprint(1), fingerprint(2));
    assert!(DataSource::Random.load("vit", 0, 0).is_err());
    assert!(DataSource::Random.load("vit", usize::MAX, 0).is_err());
}

#[test]
fn mnist_files_are_read() {
    let directory = TempDir::new().unwrap();
    write_mnist(directory.path());
    let source = format!("mnist:{}", directory.path().display());
    let data = load(&source).unwrap();
    assert_eq!((data.image(), data.classes()), ([1, 8, 9], 10));
    assert_eq!((data.train().labels(), data.test().labels()), (&[0, 9, 3, 3, 1][..], &[7, 2][..]));
    let (x, labels) = data.train().batch(&[1]).unwrap();
    assert_eq!(labels, [9]);
    let expected = |byte: f32| half::f16::from_f32((byte / 255.0 - 0.1307) / 0.3081);
    assert_eq!(x[[0, 0, 0, 0]], expected(72.0));
    assert_eq!(x[[0, 0, 7, 8]], expected(143.0));
    let network = Network::for_data("digits-cnn", &data).unwrap();
    assert_eq!(network.input(), [1, 8, 9]);
    assert!(Network::for_data("vgg19", &data).unwrap_err().to_string().contains("3 x 32 x 32"));
}

#[test]
fn broken_mnist_files_are_refused() {
    let broken = |file: usize, change: &dyn Fn(&mut Vec<u8>), words: &str| {
        let directory = TempDir::new().unwrap();
        let paths = write_mnist(directory.path());
        let mut bytes = fs::read(&paths[file]).unwrap();
        change(&mut bytes);
        fs::write(&paths[file], bytes).unwrap();
        refused(&format!("mnist:{}", directory.path().display()), words);
    };
    broken(0, &|bytes| bytes.truncate(100), "truncated");
    broken(0, &|bytes| bytes.push(0), "truncated or corrupt");
    broken(0, &|bytes| bytes.truncate(9), "shorter than its header");
    broken(0, &|bytes| bytes.truncate(2), "shorter than an IDX header");
    broken(0, &|bytes| bytes.clear(), "0 bytes");
    broken(0, &|bytes| bytes[2] = 9, "0x00000903; accepted: 0x00000803");
    // Sizes whose product is beyond any memory, and beyond 64 bits.
    broken(0, &|bytes| bytes[4..16].fill(0xFF), "promises");
    broken(1, &|bytes| bytes[3] = 3, "accepted: 0x00000801");
    broken(1, &|bytes| *bytes = idx(&[4], &[0; 4]), "4 labels for the 5 images");
    broken(1, &|bytes| bytes[8] = 10, "label 10 of image 0; accepted: 0 to 9");
    broken(2, &|bytes| *bytes = idx(&[2, 9, 8], &[0; 144]), "one shape");
    broken(2, &|bytes| *bytes = idx(&[0, 8, 9], &[]), "2 labels for the 0 images");
    let directory = TempDir::new().unwrap();
    let source = format!("mnist:{}", directory.path().display());
    refused(&source, "four IDX files");
    fs::write(directory.path().join("train-images-idx3-ubyte.gz"), "x").unwrap();
    refused(&source, "gunzip");
    fs::create_dir(directory.path().join("train-images-idx3-ubyte")).unwrap();
    fs::write(directory.path().join("train-labels-idx1-ubyte"), "x").unwrap();
    refused(&source, "not a regular file");
    refused("mnist:/no/such/place", "no such file");
}

fn cifar_record(labels: &[u8], first: u8) -> Vec<u8> {
    let mut record = labels.to_vec();
    record.extend((0..3072).map(|i| first.wrapping_add((i / 1024) as u8)));
    record
}

#[test]
fn cifar_files_are_read() {
    let directory = TempDir::new().unwrap();
    let write = |name: &str, records: &[Vec<u8>]| {
        fs::write(directory.path().join(name), records.concat()).unwrap();
    };
    write("data_batch_1.bin", &[cifar_record(&[3], 10), cifar_record(&[9], 20)]);
    write("data_batch_2.bin", &[cifar_record(&[0], 30)]);
    write("test_batch.bin", &[cifar_record(&[1], 40)]);
    let source = format!("cifar10:{}", directory.path().display());
    let data = load(&source).unwrap();
    assert_eq!((data.image(), data.classes()), ([3, 32, 32], 10));
    assert_eq!((data.train().labels(), data.test().labels()), (&[3, 9, 0][..], &[1][..]));
    let (x, _) = data.train().batch(&[1]).unwrap();
    for (channel, (mean, deviation)) in
        [(0.4914, 0.2470), (0.4822, 0.2435), (0.4465, 0.2616)].into_iter().enumerate()
    {
        let expected = half::f16::from_f32(((20 + channel) as f32 / 255.0 - mean) / deviation);
        assert_eq!(x[[0, channel, 31, 0]], expected);
    }
    Network::for_data("resnet9", &data).unwrap();
    let words = Network::for_data("digits-cnn", &data).unwrap_err().to_string();
    assert!(words.contains("does not fit"), "{words}");

    write("train.bin", &[cifar_record(&[19, 99], 0)]);
    write("test.bin", &[cifar_record(&[0, 5], 0)]);
    let data = load(&format!("cifar100:{}", directory.path().display())).unwrap();
    assert_eq!((data.train().labels(), data.test().labels()), (&[99][..], &[5][..]));
    let words = Network::for_data("resnet9", &data).unwrap_err().to_string();
    assert!(words.contains("100 classes; accepted: up to 10"), "{words}");

    write("data_batch_4.bin", &[cifar_record(&[0], 30)]);
    refused(&source, "without");
    write("data_batch_2.bin", &[vec![0; 3072]]);
    write("data_batch_3.bin", &[cifar_record(&[0], 30)]);
    refused(&source, "3072 bytes; accepted: one or more records of 3073");
    write("data_batch_2.bin", &[cifar_record(&[10], 0)]);
    refused(&source, "label 10 of image 0");
    write("data_batch_2.bin", &[vec![]]);
    refused(&source, "0 bytes");
    fs::remove_file(directory.path().join("test_batch.bin")).unwrap();
    write("data_batch_2.bin", &[cifar_record(&[0], 0)]);
    refused(&source, "cannot read");
}

#[test]
fn sources_have_names() {
    for name in ["digits", "random", "mnist:a", "cifar10:/b c", "cifar100:d:e", "npz:f.npz"] {
        assert_eq!(name.parse::<DataSource>().unwrap().to_string(), name);
    }
    for name in ["", "digits:", "mnist", "mnist:", "imagenet:x", "DIGITS"] {
        let message = name.parse::<DataSource>().unwrap_err().to_string();
        assert!(message.contains(DataSource::ACCEPTED), "{message}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Whatever bytes lie in the files, loading answers in words or with data; it never panics.
    #[test]
    fn any_bytes_are_survived(
        files in prop::array::uniform4(prop::collection::vec(any::<u8>(), 0..64)),
        sizes in prop::array::uniform3(any::<u32>()),
    ) {
        let directory = TempDir::new().unwrap();
        let paths = write_mnist(directory.path());
        fs::write(&paths[0], idx(&sizes, &files[0])).unwrap();
        let source = format!("mnist:{}", directory.path().display());
        prop_assert!(load(&source).is_err());
        for (path, bytes) in paths.iter().zip(&files) {
            fs::write(path, bytes).unwrap();
        }
        prop_assert!(load(&source).is_err());
    }
}
