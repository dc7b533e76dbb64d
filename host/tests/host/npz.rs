//! NumPy archives, whole and broken.

use npyz::WriterBuilder;
use npyz::npz::NpzWriter;
use proptest::prelude::*;
use satkit_host::HostError;
use satkit_host::data::{DataSource, Dataset};
use satkit_host::npz::{NpzReader, NpzValues, write_npz};
use std::fs;
use std::io::{Cursor, Write};
use std::path::Path;
use tempfile::TempDir;

/// An archive under construction.
struct Archive(NpzWriter<Cursor<Vec<u8>>>);

impl Archive {
    fn new() -> Self {
        Self(NpzWriter::new(Cursor::new(Vec::new())))
    }

    fn with<T: npyz::AutoSerialize + Copy>(
        mut self,
        name: &str,
        shape: &[u64],
        order: npyz::Order,
        values: &[T],
    ) -> Self {
        let array = self.0.array(name, Default::default()).unwrap();
        let mut array = array.default_dtype().order(order).shape(shape).begin_nd().unwrap();
        values.iter().for_each(|value| array.push(value).unwrap());
        array.finish().unwrap();
        self
    }

    fn c<T: npyz::AutoSerialize + Copy>(self, name: &str, shape: &[u64], values: &[T]) -> Self {
        self.with(name, shape, npyz::Order::C, values)
    }

    /// An entry of any bytes.
    fn raw(mut self, name: &str, bytes: &[u8]) -> Self {
        let zip = self.0.zip_writer();
        zip.start_file(format!("{name}.npy"), Default::default()).unwrap();
        zip.write_all(bytes).unwrap();
        self
    }

    fn bytes(mut self) -> Vec<u8> {
        self.0.zip_writer().finish().unwrap().into_inner()
    }
}

/// A version 1 header with this text, then `data`.
fn npy(text: &str, data: &[u8]) -> Vec<u8> {
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend_from_slice(&(text.len() as u16).to_le_bytes());
    bytes.extend_from_slice(text.as_bytes());
    bytes.extend_from_slice(data);
    bytes
}

fn load(bytes: &[u8]) -> Result<Dataset, HostError> {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("data.npz");
    fs::write(&path, bytes).unwrap();
    DataSource::Npz(path).load("digits-cnn", 4, 0)
}

#[track_caller]
fn refused(archive: Archive, words: &str) {
    let error = load(&archive.bytes()).unwrap_err();
    assert!(error.is_bad_input());
    let message = error.to_string();
    assert!(message.contains(words), "{message:?} does not say {words:?}");
}

fn labels() -> [i64; 10] {
    [0, 1, 2, 3, 4, 0, 1, 2, 3, 4]
}

#[test]
fn datasets_are_read_in_either_order_and_split() {
    let values: Vec<f32> = (0..10 * 2 * 3).map(|i| i as f32).collect();
    let plain = Archive::new().c("x", &[10, 2, 3], &values).c("y", &[10], &labels());
    let plain = load(&plain.bytes()).unwrap();
    assert_eq!((plain.image(), plain.classes()), ([1, 2, 3], 5));
    assert_eq!((plain.train().len(), plain.test().len()), (8, 2));
    let (x, y) = plain.train().batch(&[0, 7]).unwrap();
    for (row, y) in y.iter().enumerate() {
        let first = x[[row, 0, 0, 0]].to_f32() as u32;
        assert_eq!((first % 6, first / 6 % 5), (0, *y), "an image keeps its label");
        assert_eq!(x[[row, 0, 1, 2]].to_f32() as u32, first + 5);
    }
    // The same array in Fortran order, as f8: index (i, j, k) at i + 10 j + 20 k.
    let fortran: Vec<f64> =
        (0..60).map(|at| ((at % 10) * 6 + at / 10 % 2 * 3 + at / 20) as f64).collect();
    let fortran = Archive::new().with("X", &[10, 2, 3], npyz::Order::Fortran, &fortran);
    let fortran = load(&fortran.c("labels", &[10], &labels().map(|l| l as u8)).bytes()).unwrap();
    assert_eq!(fortran.train(), plain.train());
    assert_eq!(fortran.fingerprint(), plain.fingerprint());
}

#[test]
fn a_test_set_of_its_own_is_used() {
    let bytes: Vec<u8> = (0..24).collect();
    let data = Archive::new()
        .c("x_train", &[2, 3, 2, 2], &bytes)
        .c("y_train", &[2, 1], &[1i32, 0])
        .c("x_test", &[1, 3, 2, 2], &bytes[..12])
        .c("y_test", &[1], &[2u16]);
    let data = load(&data.bytes()).unwrap();
    assert_eq!((data.train().len(), data.test().len(), data.classes()), (2, 1, 3));
    let (x, _) = data.train().batch(&[1]).unwrap();
    assert_eq!(x[[0, 2, 1, 1]], half::f16::from_f32(23.0 / 255.0));
}

#[test]
fn what_is_no_dataset_is_refused() {
    let x = [0f32; 40];
    let with_x = || Archive::new().c("x", &[10, 2, 2], &x);
    refused(with_x(), "one named y or Y or labels");
    refused(Archive::new().c("y", &[10], &labels()), "one named x or X");
    refused(with_x().c("y", &[9], &labels()[1..]), "accepted: (10)");
    refused(with_x().c("y", &[10], &[0f32; 10]), "accepted: integers");
    refused(with_x().c("y", &[10], &[-1i64; 10]), "label -1 of image 0");
    refused(with_x().c("y", &[10], &[1i64 << 40; 10]), "accepted: 0 to 1048575");
    let with_y = |x: Archive| x.c("y", &[10], &labels());
    refused(with_y(Archive::new().c("x", &[10, 4], &x)), "(n, channels, height, width)");
    refused(with_y(Archive::new().c("x", &[10, 2, 2], &[0i32; 40])), "accepted: u1");
    refused(with_y(Archive::new().c("x", &[10, 0, 2], &[0f32; 0])), "sizes of at least 1");
    refused(with_y(Archive::new().c("x", &[10, 2, 2], &[f32::NAN; 40])), "holds NaN");
    refused(with_y(Archive::new().c("x", &[10, 2, 2], &[1e5f32; 40])), "up to 65504");
    refused(Archive::new().c("x", &[1, 2, 2], &x[..4]).c("y", &[1], &labels()[..1]), "at least 2");
    refused(with_x().c("y", &[10], &labels()).c("y_test", &[1], &[0u8]), "one named x_test");
    assert!(load(b"PK not a zip").unwrap_err().to_string().contains("not a NumPy archive"));
    assert!(load(b"").is_err());
}

#[test]
fn forged_headers_are_refused_before_anything_is_allocated() {
    let x = |header: &str, data: &[u8]| {
        Archive::new().raw("x", &npy(header, data)).c("y", &[10], &labels())
    };
    let header =
        |shape: &str| format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}\n");
    refused(x(&header("(10, 2, 2)"), &[0; 159]), "holds 159 bytes");
    refused(x(&header("(1000000000000, 1, 1)"), &[0; 40]), "promises 4000000000000 bytes");
    refused(x(&header("(9223372036854775807, 9223372036854775807, 2)"), &[]), "too many values");
    refused(x(&header("(0, 9223372036854775807, 9223372036854775807)"), &[]), "too many values");
    refused(x(&header("(99999999999999999999999,)"), &[]), "too many values");
    refused(x(&header("(-1, 2, 2)"), &[]), "cannot be used");
    refused(x(&header(&"(".repeat(60_000)), &[]), "nested");
    refused(x("{'descr': '<f4'}", &[]), "cannot be used");
    refused(x("{'descr': '|O', 'fortran_order': False, 'shape': (10,)}", &[]), "cannot be used");
    refused(x("{'descr': '<c8', 'fortran_order': False, 'shape': (1,)}", &[0; 8]), "accepted: u1");
    refused(x("{'descr': '<f16', 'fortran_order': False, 'shape': (1,)}", &[0; 16]), "accepted");
    refused(
        x("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}", &[0; 4]),
        "nested",
    );
    for short in
        [&b""[..], b"\x93NUMPY", b"\x93NUMPY\x01\x00\xFF", b"\x93NUMPY\x02\x00\xFF\xFF\xFF\xFF"]
    {
        refused(Archive::new().raw("x", short).c("y", &[10], &labels()), "broken or truncated");
    }
}

#[test]
fn archives_are_written_whole() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("out.npz");
    let values = [1.0, f32::NAN, -0.0, 1e-45, f32::INFINITY, 3.5];
    let arrays =
        || [("a.weight".to_string(), vec![2, 3], &values[..]), ("b".into(), vec![], &values[..1])];
    write_npz(&path, arrays()).unwrap();
    let mut reader = NpzReader::open(&path).unwrap();
    assert_eq!(reader.names(), ["a.weight", "b"]);
    let array = reader.read("a.weight").unwrap().unwrap();
    assert_eq!(array.shape, [2, 3]);
    let NpzValues::Floats(read) = array.values else { panic!() };
    assert!(read.iter().zip(&values).all(|(a, b)| a.to_bits() == b.to_bits()));
    assert_eq!(reader.read("b").unwrap().unwrap().shape, [0usize; 0]);
    assert_eq!(reader.read("c").unwrap(), None);
    // DOS time and date of the first entry: equal arrays are equal files, whenever they are written.
    assert_eq!(fs::read(&path).unwrap()[10..14], [0, 0, 0x21, 0]);
    let missing = Path::new("/no/such/place/out.npz");
    let error = write_npz(missing, arrays()).unwrap_err();
    assert!(error.to_string().starts_with("cannot write /no/such/place/out.npz"));
    assert!(!error.is_bad_input());
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1, "nothing is left behind");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// A flipped byte anywhere in an archive is survived: it gives words or, where nothing checks it, other data.
    #[test]
    fn a_changed_archive_is_survived(at in any::<prop::sample::Index>(), flip in 1..=255u8, cut in any::<bool>()) {
        let values: Vec<f32> = (0..40).map(|i| i as f32).collect();
        let archive = Archive::new().c("x", &[10, 2, 2], &values).c("y", &[10], &labels());
        let mut bytes = archive.bytes();
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        if cut {
            bytes.truncate(at);
        }
        let _ = load(&bytes);
    }

    /// Any text as a header is survived.
    #[test]
    fn any_header_is_survived(text in "[{}()\\[\\]':, 0-9a-z<|_]{0,80}", data in prop::collection::vec(any::<u8>(), 0..16)) {
        let archive = Archive::new().raw("x", &npy(&text, &data)).c("y", &[10], &labels());
        prop_assert!(load(&archive.bytes()).is_err());
    }
}
