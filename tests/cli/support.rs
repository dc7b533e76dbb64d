//! Running the command, and NumPy archives for it.

use half::f16;
use npyz::WriterBuilder as _;
use npyz::npz::{NpzArchive, NpzWriter};
use serde_json::Value;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The built command, with a cache folder that only this process of tests uses.
pub(crate) fn satkit() -> Command {
    static CACHE: OnceLock<PathBuf> = OnceLock::new();
    let cache = CACHE.get_or_init(|| {
        let name = format!("cache-{}", std::process::id());
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        // An earlier process of the same number may have left one.
        let _ = std::fs::remove_dir_all(&folder);
        folder
    });
    let mut command = Command::new(env!("CARGO_BIN_EXE_satkit"));
    command.env("XDG_CACHE_HOME", cache);
    command
}

/// What a run of the command left.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs the command to its end.
pub(crate) fn run<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Done {
    let output = satkit().args(arguments).output().unwrap();
    Done {
        code: output.status.code().expect("the command was not killed"),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Runs a command line without blanks inside its words.
pub(crate) fn line(line: &str) -> Done {
    run(line.split_whitespace())
}

impl Done {
    /// The JSON on standard output of a run that went well.
    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.code, 0, "{}", self.stderr);
        serde_json::from_str(&self.stdout).expect("standard output holds JSON alone")
    }

    /// Asserts that the run ended with 2, said these words on standard error, and nothing on standard output.
    pub(crate) fn refused(&self, words: &[&str]) {
        assert_eq!(self.code, 2, "{self:?}");
        assert_eq!(self.stdout, "", "{self:?}");
        for word in words {
            assert!(self.stderr.contains(word), "{word:?} is not in {}", self.stderr);
        }
        assert!(!self.stderr.contains("panicked"), "{}", self.stderr);
    }
}

/// An array for an archive.
#[derive(Clone, Debug)]
pub(crate) enum Array {
    Halves(Vec<u64>, Vec<f16>),
    Singles(Vec<u64>, Vec<f32>),
    Bytes(Vec<u64>, Vec<u8>),
    /// Given in C order, written in Fortran order.
    FortranSingles(Vec<u64>, Vec<f32>),
    Doubles(Vec<u64>, Vec<f64>),
}

/// Writes an archive as NumPy does.
pub(crate) fn write_npz(path: &Path, arrays: &[(&str, Array)]) {
    let mut writer = NpzWriter::create(path).unwrap();
    macro_rules! write {
        ($name:expr, $shape:expr, $order:expr, $values:expr) => {{
            let array = writer.array($name, Default::default()).unwrap();
            let array = array.default_dtype().shape($shape).order($order);
            let mut array = array.begin_nd().unwrap();
            array.extend($values).unwrap();
            array.finish().unwrap();
        }};
    }
    for (name, array) in arrays {
        match array {
            Array::Halves(shape, values) => write!(name, shape, npyz::Order::C, values),
            Array::Singles(shape, values) => write!(name, shape, npyz::Order::C, values),
            Array::Bytes(shape, values) => write!(name, shape, npyz::Order::C, values),
            Array::Doubles(shape, values) => write!(name, shape, npyz::Order::C, values),
            Array::FortranSingles(shape, values) => {
                let sizes: Vec<usize> = shape.iter().map(|&size| size as usize).collect();
                let array = ndarray::ArrayD::from_shape_vec(sizes, values.clone()).unwrap();
                let turned: Vec<f32> = array.t().iter().copied().collect();
                write!(name, shape, npyz::Order::Fortran, turned);
            }
        }
    }
    writer.zip_writer().finish().unwrap();
}

/// The arrays of an archive: shape and bytes, in C order.
pub(crate) fn read_npz(path: &Path) -> BTreeMap<String, (String, Vec<u64>, Vec<u8>)> {
    let mut archive = NpzArchive::open(path).unwrap();
    let names: Vec<String> = archive.array_names().map(String::from).collect();
    let mut arrays = BTreeMap::new();
    for name in names {
        let file = archive.by_name(&name).unwrap().unwrap();
        assert_eq!(file.order(), npyz::Order::C);
        let (kind, shape) = (file.dtype().descr(), file.shape().to_vec());
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut file.into_inner(), &mut bytes).unwrap();
        arrays.insert(name, (kind, shape, bytes));
    }
    arrays
}
