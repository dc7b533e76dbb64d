//! `satkit kernel`: the devices, every type and order, and every refusal.

use super::support::{Array, Done, read_npz, run, write_npz};
use half::f16;
use proptest::prelude::*;
use std::path::Path;

/// Runs an operation on `in.npz` of `directory`, into `out.npz`.
pub(crate) fn kernel(directory: &Path, words: &str) -> Done {
    let mut arguments = vec!["kernel".to_owned()];
    arguments.extend(words.split_whitespace().map(String::from));
    for (option, file) in [("--in", "in.npz"), ("--out", "out.npz")] {
        arguments.extend([option.to_owned(), directory.join(file).display().to_string()]);
    }
    run(arguments)
}

/// The Verilated core: values, cycles and counters of its own.
#[cfg(feature = "rtl")]
#[test]
fn the_rtl_gives_the_same_bits_and_cycles() {
    if !satkit_rtl::HAS_BUILT_IN_MODELS {
        println!("skipped: built without models of the RTL");
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let methods = [
        ("dense", "tiny"),
        ("srste", "small"),
        ("sdwp", "tiny"),
        ("sdgp", "small"),
        ("bdwp", "tiny"),
        ("bdwp", "small"),
    ];
    let runs = OPS.into_iter().flat_map(|op| methods.map(|method| (op, method)));
    for (layer, wide) in [(conv(), false), (odd_conv(), true)] {
        write_npz(&path.join("in.npz"), &layer);
        for ((op, window), (method, array)) in runs.clone() {
            if wide && method != "bdwp" {
                continue;
            }
            let words = format!("{op} {window} --method {method} --sparsity 2:4");
            let golden = kernel(path, &format!("{words} --device golden --json"));
            assert_eq!(golden.code, 0, "{golden:?}");
            let expected = read_npz(&path.join("out.npz"));
            let words = format!("{words} --array {array} --json");
            let sim = kernel(path, &format!("{words} --device sim")).json();
            let rtl = kernel(path, &format!("{words} --device rtl")).json();
            assert_eq!(read_npz(&path.join("out.npz")), expected, "{words}");
            assert_eq!(rtl["device"], "rtl");
            for key in ["cycles", "useful_macs", "dataflow", "array"] {
                assert_eq!(rtl[key], sim[key], "{words}: {key}");
            }
            let counts = |counter: &str| rtl["counters"][counter].as_u64().unwrap() > 0;
            match op {
                "prune" => assert!(counts("groups")),
                "update" => assert!(counts("parameters")),
                // Pruned operands come out of SORE.
                "ff" => assert_eq!(counts("groups"), matches!(method, "srste" | "bdwp")),
                _ => assert!(counts("mac_slots") && counts("busy_cycles")),
            }
        }
    }
    write_npz(&path.join("in.npz"), &conv());
    let refused = |words: &str| kernel(path, words);
    refused("ff --stride 2 --pad 1 --device rtl --array tiny-m16")
        .refused(&["16 lanes", "8 lanes"]);
    refused("ff --stride 2 --pad 1 --device rtl --array 64x4").refused(&["64 x 4", "2 to 32"]);
    refused("ff --stride 2 --pad 1 --device rtl --sparsity 4:16").refused(&["16", "8"]);
    refused("ff --stride 2 --pad 1 --device rtl --waves waves.txt").refused(&[".vcd", ".fst"]);
    refused("ff --stride 2 --pad 1 --waves waves.vcd").refused(&["--waves", "rtl"]);
}

/// Values of a fixed pattern, with zeros and ties.
fn pattern(len: u64, seed: u64) -> Vec<f32> {
    let value = |at: u64| {
        let bits = (at + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(seed) >> 56;
        (bits as f32 - 128.0) / 64.0
    };
    (0..len).map(value).collect()
}

fn singles(shape: &[u64], seed: u64) -> Array {
    Array::Singles(shape.to_vec(), pattern(shape.iter().product(), seed))
}

pub(crate) type Arrays = Vec<(&'static str, Array)>;

/// A convolution 16 -> 8 of 3 x 3, stride 2, padding 1, on two images of 5 x 6.
pub(crate) fn conv() -> Arrays {
    vec![
        ("X", singles(&[2, 16, 5, 6], 1)),
        ("W", singles(&[8, 16, 3, 3], 2)),
        ("dY", singles(&[2, 8, 3, 3], 3)),
        ("V", singles(&[8, 16, 3, 3], 4)),
        ("dW", singles(&[8, 16, 3, 3], 5)),
    ]
}

/// A convolution 12 -> 20 of 5 x 5, stride 2, padding 1, on one image of 7 x 8.
#[cfg(feature = "rtl")]
fn odd_conv() -> Arrays {
    vec![
        ("X", singles(&[1, 12, 7, 8], 1)),
        ("W", singles(&[20, 12, 5, 5], 2)),
        ("dY", singles(&[1, 20, 3, 3], 3)),
        ("V", singles(&[20, 12, 5, 5], 4)),
        ("dW", singles(&[20, 12, 5, 5], 5)),
    ]
}

pub(crate) const OPS: [(&str, &str); 5] = [
    ("prune", ""),
    ("ff", "--stride 2 --pad 1"),
    ("bp", "--stride 2 --pad 1"),
    ("wu", "--stride 2 --pad 1"),
    ("update", ""),
];

#[test]
fn both_devices_and_dataflows_give_the_same_bits() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    write_npz(&path.join("in.npz"), &conv());
    for (op, window) in OPS {
        for method in ["dense", "srste", "sdwp", "sdgp", "bdwp"] {
            let words = format!("{op} {window} --method {method} --sparsity 2:8");
            let golden = kernel(path, &format!("{words} --device golden --json")).json();
            assert!(golden["cycles"].is_null() && golden["array"].is_null(), "{golden}");
            let expected = read_npz(&path.join("out.npz"));
            let flows: &[&str] = if window.is_empty() {
                &["--array small"]
            } else {
                &["--dataflow ws", "--dataflow os"]
            };
            for flow in flows {
                let sim = format!("{words} --device sim {flow} --verify --json");
                let report = kernel(path, &sim).json();
                assert_eq!(read_npz(&path.join("out.npz")), expected, "{words} {flow}");
                assert_eq!(report["verified"], true);
                assert_eq!((&report["op"], &report["device"]), (&op.into(), &"sim".into()));
                assert!(report["cycles"].as_u64().unwrap() > 0);
                if let Some(name) = flow.strip_prefix("--dataflow ") {
                    assert_eq!(report["dataflow"], name);
                    let utilization = report["utilization"].as_f64().unwrap();
                    assert!(0.0 < utilization && utilization <= 1.0, "{report}");
                }
            }
        }
    }
}

#[test]
fn results_have_the_documented_types_and_shapes() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    write_npz(&path.join("in.npz"), &conv());
    let shapes = |words: &str| {
        let done = kernel(path, words);
        assert_eq!(done.code, 0, "{}", done.stderr);
        let arrays = read_npz(&path.join("out.npz")).into_iter();
        arrays.map(|(name, (kind, shape, _))| (name, kind, shape)).collect::<Vec<_>>()
    };
    let named =
        |name: &str, kind: &str, shape: &[u64]| (name.to_owned(), kind.to_owned(), shape.to_vec());
    let (f4, f2, u1) = ("'<f4'", "'<f2'", "'|u1'");
    assert_eq!(
        shapes("prune --sparsity 3:8"),
        [
            named("Wbp_idx", u1, &[16 * 9, 3]),
            named("Wbp_val", f2, &[16 * 9, 3]),
            named("Wff_idx", u1, &[8 * 9 * 2, 3]),
            named("Wff_val", f2, &[8 * 9 * 2, 3]),
        ]
    );
    assert_eq!(shapes("ff --stride 2 --pad 1"), [named("Y", f4, &[2, 8, 3, 3])]);
    assert_eq!(shapes("bp --stride 2 --pad 1"), [named("dX", f4, &[2, 16, 5, 6])]);
    assert_eq!(shapes("wu --stride 2 --pad 1"), [named("dW", f4, &[8, 16, 3, 3])]);
    assert_eq!(
        shapes("update"),
        [named("V1", f4, &[8, 16, 3, 3]), named("W1", f4, &[8, 16, 3, 3])]
    );
    // Linear layers have two axes; without X, dX has the smallest size.
    write_npz(
        &path.join("in.npz"),
        &[("W", singles(&[8, 16], 1)), ("dY", singles(&[3, 8], 2)), ("X", singles(&[3, 16], 3))],
    );
    assert_eq!(shapes("ff"), [named("Y", f4, &[3, 8])]);
    assert_eq!(shapes("bp"), [named("dX", f4, &[3, 16])]);
    assert_eq!(shapes("wu --stride 1 --pad 0"), [named("dW", f4, &[8, 16])]);
    let arrays: Vec<_> = conv().into_iter().filter(|(name, _)| *name != "X").collect();
    write_npz(&path.join("in.npz"), &arrays);
    assert_eq!(shapes("bp --stride 2 --pad 1"), [named("dX", f4, &[2, 16, 5, 5])]);
}

#[test]
fn types_and_orders_do_not_matter() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    write_npz(&path.join("in.npz"), &conv());
    let run_all = || {
        OPS.map(|(op, window)| {
            let done = kernel(path, &format!("{op} {window}"));
            assert_eq!(done.code, 0, "{}", done.stderr);
            read_npz(&path.join("out.npz"))
        })
    };
    let expected = run_all();
    // The pattern is exact in FP16, so FP16 files hold the same values. Arrays nobody asks for are ignored.
    let change = |to: fn(Vec<u64>, Vec<f32>) -> Array| {
        let mut arrays: Vec<_> = conv()
            .into_iter()
            .map(|(name, array)| match array {
                Array::Singles(shape, values) => (name, to(shape, values)),
                other => (name, other),
            })
            .collect();
        arrays.push(("extra", Array::Doubles(vec![2], vec![1.0, 2.0])));
        arrays
    };
    write_npz(&path.join("in.npz"), &change(Array::FortranSingles));
    assert_eq!(run_all(), expected);
    let halves = |shape, values: Vec<f32>| {
        Array::Halves(shape, values.into_iter().map(f16::from_f32).collect())
    };
    write_npz(&path.join("in.npz"), &change(halves));
    assert_eq!(run_all(), expected);
}

#[test]
fn groups_of_16_find_an_array_whose_lanes_hold_them() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    write_npz(&path.join("in.npz"), &[("X", singles(&[3, 32], 1)), ("W", singles(&[16, 32], 2))]);
    assert_eq!(kernel(path, "ff --sparsity 4:16 --json").json()["array"], "vcu1525-m16");
    assert_eq!(
        kernel(path, "ff --sparsity 4:16 --array tiny-m16 --json").json()["array"],
        "tiny-m16"
    );
    assert_eq!(kernel(path, "ff --sparsity 4:16 --method dense --json").json()["array"], "vcu1525");
    kernel(path, "ff --sparsity 4:16 --array vcu1525").refused(&["vcu1525", "4:16", "8 lanes"]);
}

#[test]
fn what_cannot_be_computed_is_refused_in_words_and_writes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let mut cases: Vec<(Arrays, &str, &[&str])> = vec![
        (conv(), "ff --sparsity 2:8 --stride 0", &["'0'", "--stride"]),
        (conv(), "ff --stride 1 --pad 32", &["32", "0 to 31"]),
        (conv(), "bp --stride 1 --pad 1", &["\"dY\"", "3 x 3", "5 x 6"]),
        (conv(), "prune --stride 2", &["--stride 2", "prune"]),
        (conv(), "update --pad 1", &["--pad 1", "update"]),
        (conv(), "ff --lr 0.1", &["--lr 0.1", "update"]),
        (conv(), "update --lambda 0.1", &["--lambda 0.1", "bdwp", "srste"]),
        (conv(), "update --loss-scale 3", &["'3'", "power of two"]),
        (conv(), "ff --device golden --array tiny", &["--array tiny", "golden"]),
        (conv(), "ff --device golden --dataflow ws", &["--dataflow ws", "golden"]),
        (conv(), "update --dataflow ws", &["--dataflow ws", "update"]),
        (conv(), "ff --device card", &["'card'", "golden, sim, rtl, xdma"]),
        (conv(), "ff --device golden --verify", &["--verify", "golden"]),
        (conv(), "ff --device xdma:/nowhere", &["no device", "/nowhere"]),
        (conv(), "fly", &["fly", "prune"]),
        (conv()[1..].to_vec(), "ff", &["\"X\"", "missing", "\"W\""]),
    ];
    let x = ("X", singles(&[2, 12, 5, 6], 1));
    let w = ("W", singles(&[8, 12, 3, 3], 2));
    cases.extend([
        (vec![x.clone(), w.clone()], "ff --sparsity 2:8", &["2:8", "does not divide Ci = 12"][..]),
        (vec![w.clone()], "prune --sparsity 2:8", &["does not divide Ci = 12"]),
        (vec![x.clone(), ("W", singles(&[8, 16, 3, 3], 2))], "ff", &["\"W\"", "16", "12"]),
        (vec![x.clone(), ("W", singles(&[8, 12], 2))], "ff", &["\"W\"", "2 axes"]),
        (vec![("X", singles(&[12], 1)), w.clone()], "ff", &["\"X\"", "1 axes", "2 (linear"]),
        (vec![("X", singles(&[0, 12, 5, 5], 1)), w.clone()], "ff", &["\"X\"", "empty"]),
        (
            vec![("X", singles(&[1, 12, 2, 2], 1)), w],
            "ff --method dense",
            &["3", "2", "does not fit"],
        ),
        (
            vec![("X", Array::Doubles(vec![1, 8], vec![0.0; 8])), ("W", singles(&[8, 8], 2))],
            "ff",
            &["f8", "float16"],
        ),
        (
            vec![("X", Array::Bytes(vec![1, 8], vec![0; 8])), ("W", singles(&[8, 8], 2))],
            "ff",
            &["u1", "float16"],
        ),
        (
            vec![("X", singles(&[1, 8], 1)), ("W", singles(&[8, 8], 2))],
            "ff --stride 2",
            &["--stride 2", "linear"],
        ),
        (
            vec![
                ("W", singles(&[8, 8], 1)),
                ("V", singles(&[8, 8], 2)),
                ("dW", singles(&[8, 4], 3)),
            ],
            "update",
            &["\"dW\"", "[8, 4]", "[8, 8]"],
        ),
        (
            vec![("dY", singles(&[1, 8, 1, 1], 1)), ("W", singles(&[8, 8, 1, 1], 2))],
            "bp --pad 2",
            &["\"dY\"", "X in the file"],
        ),
        (
            vec![("X", singles(&[1, 8, 4, 4], 1)), ("dY", singles(&[1, 8, 2, 2], 2))],
            "wu",
            &["\"W\"", "missing"],
        ),
    ]);
    for (arrays, words, expected) in cases {
        write_npz(&path.join("in.npz"), &arrays);
        kernel(path, words).refused(expected);
        assert!(!path.join("out.npz").exists(), "{words}");
    }
}

#[test]
fn files_that_are_no_archives_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let refused = |contents: &[u8], words: &[&str]| {
        std::fs::write(path.join("in.npz"), contents).unwrap();
        kernel(path, "ff").refused(words);
    };
    kernel(path, "ff").refused(&["in.npz"]);
    refused(b"", &["not a NumPy archive"]);
    refused(b"hello", &["not a NumPy archive"]);
    std::fs::remove_file(path.join("in.npz")).unwrap();
    std::fs::create_dir(path.join("in.npz")).unwrap();
    kernel(path, "ff").refused(&["not a regular file"]);
    let done = run(["kernel", "ff", "--in", "x", "--out", "/nowhere/y.npz"]);
    done.refused(&["--out /nowhere/y.npz", "directory does not exist"]);
}

/// Headers that promise what no file holds, or that would make a careless parser recurse or multiply.
#[test]
fn hostile_headers_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let deep = format!(
        "{{'descr': '<f4', 'fortran_order': False, 'shape': {}{}}}",
        "(".repeat(30_000),
        ")".repeat(30_000)
    );
    for header in [
        "{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (0, 18446744073709551615, 9)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1000000, 100000)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-1, 8)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 8)}",
        "{'descr': '|O', 'fortran_order': False, 'shape': (1, 8)}",
        "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1, 8)}",
        "{'descr': '<f4', 'shape': (1, 8)}",
        "[]",
        "",
        &deep,
    ] {
        let mut npy = b"\x93NUMPY\x01\x00".to_vec();
        npy.extend((header.len() as u16).to_le_bytes());
        npy.extend(header.as_bytes());
        let file = std::fs::File::create(path.join("in.npz")).unwrap();
        let mut writer = npyz::npz::NpzWriter::new(file);
        let zip = writer.zip_writer();
        zip.start_file("X.npy", Default::default()).unwrap();
        std::io::Write::write_all(zip, &npy).unwrap();
        zip.finish().unwrap();
        kernel(path, "ff").refused(&["array \"X\""]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn broken_files_are_refused_and_nothing_is_written(
        cut in any::<prop::sample::Index>(),
        at in any::<prop::sample::Index>(),
        mask in 1u8..,
        truncates in any::<bool>(),
        op in proptest::sample::select(vec!["prune", "ff", "bp", "wu", "update"]),
    ) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        let input = path.join("in.npz");
        let arrays: Vec<_> = [("X", 1), ("W", 2), ("dY", 3), ("V", 4), ("dW", 5)]
            .into_iter()
            .map(|(name, seed)| (name, singles(&[8, 8], seed)))
            .collect();
        write_npz(&input, &arrays);
        let mut bytes = std::fs::read(&input).unwrap();
        if truncates {
            bytes.truncate(cut.index(bytes.len()));
        } else {
            let at = at.index(bytes.len());
            bytes[at] ^= mask;
        }
        std::fs::write(&input, &bytes).unwrap();
        let done = kernel(path, op);
        // A flipped byte may lie where nobody looks: in another array, a date or a comment.
        let possible: &[i32] = if truncates { &[2] } else { &[0, 2] };
        prop_assert!(possible.contains(&done.code), "{done:?}");
        prop_assert!(!done.stderr.contains("panicked"), "{done:?}");
        prop_assert_eq!(path.join("out.npz").exists(), done.code == 0);
        // No temporary file is left either.
        let files = std::fs::read_dir(path).unwrap().count();
        prop_assert_eq!(files, 1 + usize::from(done.code == 0));
    }
}
