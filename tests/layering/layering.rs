//! Who may know whom, checked over `cargo metadata`.
//!
//! golden, sim and hdl stay independent of each other: their agreement is the project's proof.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

/// Each package of the workspace and the packages of the workspace that it may depend on, in any way.
const ALLOWED: &[(&str, &[&str])] = &[
    ("satkit-spec", &[]),
    // Its tests ask the timing model; the hardware itself knows the spec alone.
    ("satkit-hdl", &["satkit-spec", "satkit-memory", "satkit-plan"]),
    ("satkit-golden", &["satkit-spec"]),
    ("satkit-memory", &["satkit-spec"]),
    ("satkit-transport", &[]),
    ("satkit-virtual-card", &["satkit-transport"]),
    ("satkit-plan", &["satkit-spec", "satkit-memory"]),
    ("satkit-sim", &["satkit-spec", "satkit-memory", "satkit-plan", "satkit-transport"]),
    (
        "satkit-rtl",
        &["satkit-spec", "satkit-hdl", "satkit-memory", "satkit-plan", "satkit-transport"],
    ),
    ("satkit-host", &["satkit-spec", "satkit-memory", "satkit-plan", "satkit-transport"]),
    (
        "satkit",
        &[
            "satkit-spec",
            "satkit-hdl",
            "satkit-golden",
            "satkit-memory",
            "satkit-plan",
            "satkit-sim",
            "satkit-rtl",
            "satkit-transport",
            "satkit-virtual-card",
            "satkit-host",
        ],
    ),
    (
        "satkit-tests",
        &[
            "satkit-spec",
            "satkit-hdl",
            "satkit-golden",
            "satkit-memory",
            "satkit-plan",
            "satkit-rtl",
            "satkit-sim",
            "satkit-rtl",
            "satkit-transport",
            "satkit-virtual-card",
            "satkit-host",
            "satkit",
        ],
    ),
];

/// What only the tests of a package may know: those of the hardware ask the timing model.
const ALLOWED_IN_TESTS: &[(&str, &[&str])] = &[("satkit-hdl", &["satkit-memory", "satkit-plan"])];

/// Outside packages that some crates must not pull in, with the reason.
const FORBIDDEN: &[(&str, &str, &str)] = &[
    ("satkit-spec", "ndarray", "the spec does no arithmetic"),
    ("satkit-spec", "rust-hdl-core", "the spec is read by software too"),
    ("satkit-hdl", "rust-hdl", "its core and widgets are enough, and build faster"),
    ("satkit-hdl", "verilated", "it does not compile against Verilator 5"),
    ("satkit-rtl", "verilated", "its C++ does not compile against Verilator 5"),
    ("satkit-rtl", "marlin", "it refuses the Verilator of Debian 12"),
    ("satkit-plan", "half", "time does not depend on values"),
    ("satkit-sim", "ndarray", "the simulator's kernels are independent of the reference's"),
    ("satkit-golden", "rayon", "the reference is obvious, not fast"),
];

fn metadata() -> Value {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--no-deps", "--format-version", "1", "--offline"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The direct dependencies of each package of the workspace: normal, build and dev, but for those of its tests alone.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let metadata = metadata();
    let packages = metadata["packages"].as_array().unwrap().iter().map(|package| {
        let in_tests = ALLOWED_IN_TESTS.iter().filter(|(name, _)| package["name"] == *name);
        let in_tests: Vec<&str> = in_tests.flat_map(|(_, names)| *names).copied().collect();
        let names = package["dependencies"].as_array().unwrap().iter().filter(|dependency| {
            dependency["kind"] != "dev" || !in_tests.contains(&dependency["name"].as_str().unwrap())
        });
        let names = names.map(|dependency| dependency["name"].as_str().unwrap().to_owned());
        (package["name"].as_str().unwrap().to_owned(), names.collect())
    });
    packages.collect()
}

#[test]
fn crates_know_only_whom_they_may() {
    let dependencies = dependencies();
    let members: BTreeSet<&str> = dependencies.keys().map(String::as_str).collect();
    let listed: BTreeSet<&str> = ALLOWED.iter().map(|(name, _)| *name).collect();
    assert_eq!(members, listed, "every package of the workspace has its row in this test");
    for (name, allowed) in ALLOWED {
        let inside = dependencies[*name].iter().filter(|d| members.contains(d.as_str()));
        for dependency in inside {
            assert!(allowed.contains(&dependency.as_str()), "{name} must not know {dependency}");
        }
    }
}

#[test]
fn crates_pull_in_nothing_against_their_purpose() {
    let dependencies = dependencies();
    for (name, forbidden, reason) in FORBIDDEN {
        assert!(!dependencies[*name].contains(*forbidden), "{name} uses {forbidden}: {reason}");
    }
}

#[test]
fn every_package_uses_the_shared_lints() {
    let metadata = metadata();
    for package in metadata["packages"].as_array().unwrap() {
        let manifest = package["manifest_path"].as_str().unwrap();
        let text = std::fs::read_to_string(manifest).unwrap();
        assert!(text.contains("[lints]\nworkspace = true"), "{manifest}");
    }
}
