//! Manifests of bitstreams: read back as written, refused when anything about them or their bitstream is wrong.

use crate::given;
use proptest::prelude::*;
use satkit_host::bitstream::{BitstreamError, Manifest};
use satkit_spec::Resources;
use std::path::{Path, PathBuf};

/// What is wrong with a manifest.
type Change = Box<dyn Fn(&mut Manifest)>;

/// A folder with a bitstream, and the manifest that it should have.
fn example() -> (tempfile::TempDir, PathBuf, Manifest) {
    let folder = tempfile::tempdir().unwrap();
    let (bitstream, manifest) = given::bitstream(folder.path());
    (folder, bitstream, manifest)
}

/// As it is read back from its own text.
fn sealed(manifest: &Manifest) -> Result<Manifest, BitstreamError> {
    Manifest::parse(Path::new("m.toml"), manifest.to_text().unwrap().as_bytes())
}

/// One way to damage a text.
#[derive(Clone, Debug)]
enum Damage {
    Flip(usize, u8),
    Insert(usize, u8),
    Remove(usize, usize),
    Truncate(usize),
    Repeat(usize),
    Swap(usize, usize),
    DropLine(usize),
}

fn any_damage() -> impl Strategy<Value = Damage> {
    let at = any::<prop::sample::Index>().prop_map(|index| index.index(1 << 20));
    prop_oneof![
        (at.clone(), 1u8..).prop_map(|(at, bits)| Damage::Flip(at, bits)),
        (at.clone(), prop_oneof![any::<u8>(), Just(b'\n'), Just(b' '), Just(b'#'), Just(b'9')])
            .prop_map(|(at, byte)| Damage::Insert(at, byte)),
        (at.clone(), 1usize..40).prop_map(|(at, count)| Damage::Remove(at, count)),
        at.clone().prop_map(Damage::Truncate),
        at.clone().prop_map(Damage::Repeat),
        (at.clone(), at.clone()).prop_map(|(a, b)| Damage::Swap(a, b)),
        at.prop_map(Damage::DropLine),
    ]
}

fn damaged(text: &str, damage: &Damage) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    let len = bytes.len();
    let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
    let count = lines.len();
    match *damage {
        Damage::Flip(at, bits) => bytes[at % len] ^= bits,
        Damage::Insert(at, byte) => bytes.insert(at % (len + 1), byte),
        Damage::Remove(at, count) => drop(bytes.drain(at % len..len.min(at % len + count))),
        Damage::Truncate(at) => bytes.truncate(at % len),
        Damage::Repeat(at) => lines.insert(at % count, lines[at / count % count]),
        Damage::Swap(a, b) => lines.swap(a % count, b % count),
        Damage::DropLine(at) => drop(lines.remove(at % count)),
    }
    match damage {
        Damage::Repeat(_) | Damage::Swap(..) | Damage::DropLine(_) => lines.concat().into_bytes(),
        _ => bytes,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn a_damaged_manifest_is_refused_or_means_the_same(damage in prop::collection::vec(any_damage(), 1..3)) {
        let (_folder, bitstream, manifest) = example();
        let text = manifest.to_text().unwrap();
        let whole = sealed(&manifest).unwrap();
        let mut bytes = text.into_bytes();
        for damage in &damage {
            if let Ok(text) = std::str::from_utf8(&bytes) && !text.is_empty() {
                bytes = damaged(text, damage);
            }
        }
        match Manifest::parse(Path::new("m.toml"), &bytes) {
            Ok(read) => {
                prop_assert_eq!(&read, &whole);
                prop_assert!(read.check(&bitstream).is_ok());
            }
            // The words are not empty, and making them does not panic.
            Err(error) => prop_assert!(error.to_string().contains("m.toml")),
        }
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(Manifest::parse(Path::new("m.toml"), &bytes).is_err());
    }

    #[test]
    fn a_manifest_is_read_as_it_was_written(
        (bytes, luts, dsps, halves) in (any::<u32>(), 0u64..1 << 40, any::<u32>(), 0u32..5000),
        (clock_mhz, worst_slack_ns, power_w) in (1.0f64..1e4, -1e3f64..1e3, 0.0f64..1e3),
        (year, month, day) in (1u16..3000, 1u8..=12, 1u8..=28),
        (vivado, name) in (".{0,20}", "[A-Za-z0-9][A-Za-z0-9._-]{0,40}"),
    ) {
        let (_folder, _, manifest) = example();
        let written = Manifest {
            file: name,
            bytes: bytes.into(),
            vivado,
            clock_mhz,
            worst_slack_ns,
            power_w,
            build_date: format!("{year:04}-{month:02}-{day:02}").parse().unwrap(),
            utilisation: Resources {
                luts, dsps: dsps.into(), bram36: f64::from(halves) / 2.0, ..Resources::default()
            },
            ..manifest
        };
        let read = sealed(&written).unwrap();
        let manifest_sha256 = read.manifest_sha256.clone();
        prop_assert_eq!(read, Manifest { manifest_sha256, ..written });
    }
}

/// Each of these is refused by its own error, which names the values.
#[test]
fn what_disagrees_is_named() {
    let (_folder, bitstream, good) = example();
    sealed(&good).unwrap().check(&bitstream).unwrap();
    fn zeros(count: usize) -> String {
        "0".repeat(count)
    }
    let vu9p = Resources::VCU1525;
    let changes: [(&str, Change, &[&str]); 14] = [
        (
            "contract",
            Box::new(|m| m.contract_hash = zeros(64)),
            &["0000", "contract", "one commit"],
        ),
        ("configuration", Box::new(|m| m.configuration = "huge".into()), &["huge", "tiny, small"]),
        ("another's hash", Box::new(|m| m.configuration = "tiny".into()), &["tiny", "hash"]),
        ("clock", Box::new(|m| m.clock_mhz = 250.0), &["250 MHz", "200 MHz"]),
        ("part", Box::new(|m| m.part = "xcvu13p".into()), &["xcvu13p", "xcvu9p-fsgd2104-2L-e"]),
        ("slack", Box::new(|m| m.worst_slack_ns = -0.25), &["0.25 ns", "200 MHz"]),
        ("LUTs", Box::new(move |m| m.utilisation.luts = vu9p.luts + 1), &["1182241", "1182240"]),
        ("FFs", Box::new(move |m| m.utilisation.registers = 1 << 40), &["flip-flops"]),
        ("DSPs", Box::new(move |m| m.utilisation.dsps = 6841), &["6841 DSP"]),
        ("BRAM", Box::new(move |m| m.utilisation.bram36 = 2160.5), &["2160.5 block"]),
        ("URAM", Box::new(move |m| m.utilisation.urams = 961), &["961 UltraRAM"]),
        ("size", Box::new(|m| m.bytes += 1), &["34 bytes", "35", "truncated"]),
        ("hash", Box::new(|m| m.sha256 = zeros(64)), &["SHA-256", "0000", "fetch it again"]),
        ("no bytes", Box::new(|m| m.bytes = 0), &["34 bytes", "says 0"]),
    ];
    for (what, change, words) in changes {
        let mut manifest = good.clone();
        change(&mut manifest);
        let error = sealed(&manifest).unwrap().check(&bitstream).expect_err(what).to_string();
        for word in words {
            assert!(error.contains(word), "{what}: {word:?} is not in {error}");
        }
    }
}

/// A sealed manifest may still say what means nothing.
#[test]
fn fields_that_mean_nothing_are_refused() {
    let (_folder, _, good) = example();
    let changes: [(&str, Change); 12] = [
        ("format", Box::new(|m| m.format = 2)),
        ("file", Box::new(|m| m.file = "../other.bit".into())),
        ("file", Box::new(|m| m.file = "-b.bit".into())),
        ("file", Box::new(|m| m.file = String::new())),
        ("cfgmem", Box::new(|m| m.cfgmem = "a b".into())),
        ("sha256", Box::new(|m| m.sha256 = m.sha256.to_uppercase())),
        ("git_commit", Box::new(|m| m.git_commit = "dirty".into())),
        ("configuration_hash", Box::new(|m| m.configuration_hash = "12345678".into())),
        ("clock_mhz", Box::new(|m| m.clock_mhz = f64::NAN)),
        ("worst_slack_ns", Box::new(|m| m.worst_slack_ns = f64::INFINITY)),
        ("power_w", Box::new(|m| m.power_w = -1.0)),
        ("build_date", Box::new(|m| m.build_date = "12:00:00".parse().unwrap())),
    ];
    for (field, change) in changes {
        let mut manifest = good.clone();
        change(&mut manifest);
        let error = sealed(&manifest).expect_err(field);
        assert!(matches!(&error, BitstreamError::Field { field: f, .. } if *f == field), "{error}");
    }
}

#[test]
fn files_that_are_none_of_either_are_refused() {
    let (folder, bitstream, manifest) = example();
    let at = |name: &str| folder.path().join(name);
    let written = given::write(&manifest, &bitstream);
    assert_eq!(Manifest::load(&written).unwrap(), sealed(&manifest).unwrap());
    let missing = at("missing.toml");
    assert!(matches!(Manifest::load(&missing), Err(BitstreamError::Read { .. })));
    assert!(matches!(Manifest::load(folder.path()), Err(BitstreamError::NotAFile { .. })));
    std::fs::write(at("large.toml"), vec![b' '; 70_000]).unwrap();
    assert!(matches!(Manifest::load(&at("large.toml")), Err(BitstreamError::TooLarge { .. })));
    assert!(matches!(manifest.check(&at("missing.bit")), Err(BitstreamError::Read { .. })));
    assert!(matches!(manifest.check(folder.path()), Err(BitstreamError::NotAFile { .. })));
    // A sparse file: its size alone refuses it.
    std::fs::File::create(at("large.bit")).unwrap().set_len(1 << 40).unwrap();
    assert!(matches!(manifest.check(&at("large.bit")), Err(BitstreamError::TooLarge { .. })));
    #[cfg(unix)]
    assert!(matches!(Manifest::load(Path::new("/dev/zero")), Err(BitstreamError::NotAFile { .. })));
    // Every bit of the bitstream counts.
    for bit in 0..given::BITSTREAM.len() * 8 {
        let mut bytes = given::BITSTREAM.to_vec();
        bytes[bit / 8] ^= 1 << (bit % 8);
        std::fs::write(&bitstream, &bytes).unwrap();
        assert!(matches!(manifest.check(&bitstream), Err(BitstreamError::Hash { .. })));
    }
}
