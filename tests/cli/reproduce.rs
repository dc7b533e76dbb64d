//! The paper's claims beside the simulation.

use super::support::{line, run};
use serde_json::Value;

/// One network with every design, in a file with marks; the figures agree with `simulate`.
#[test]
fn designs_are_compared_and_written_between_the_marks() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("results.md");
    std::fs::write(&path, "before\n<!-- reproduce -->\nold\n<!-- /reproduce -->\nafter\n").unwrap();
    let file = path.to_str().unwrap();
    let json =
        run(["reproduce", "--network", "resnet9", "--dram", "pool", "--write", file, "--json"])
            .json();
    let pair = &json["pairs"][0];
    let cycles = |of: &Value| of["total_cycles"].as_u64().unwrap();
    let (dense, sparse) = (cycles(&pair["dense"]), cycles(&pair["sparse"]));
    let speedup = json["average_speedup"].as_f64().unwrap();
    assert!((speedup - dense as f64 / sparse as f64).abs() < 1e-12);
    let alone = line("simulate --network resnet9 --dram pool --compare dense --json").json();
    assert_eq!((cycles(&alone["dense"]), cycles(&alone)), (dense, sparse));
    // The floor of the mean over the five networks holds for this one too.
    assert!(speedup >= 1.85, "{speedup}");
    assert!(json["average_dense_utilization"].as_f64().unwrap() >= 0.9);
    let ablations = json["ablations"].as_array().unwrap();
    let of = |design: &str| {
        cycles(&ablations.iter().find(|pair| pair["design"] == design).unwrap()["sparse"])
    };
    assert_eq!(ablations.len(), 6);
    for design in ["no-interleave", "no-pregeneration", "weight-stationary", "output-stationary"] {
        assert!(of(design) as f64 >= 0.995 * of("full") as f64, "{design}");
    }
    assert!(of("single-output-stationary") > 4 * of("full"));
    let written = std::fs::read_to_string(&path).unwrap();
    assert!(written.starts_with("before\n<!-- reproduce -->\n") && written.ends_with("\nafter\n"));
    assert!(
        written.contains("1.75x")
            && written.contains("What is assumed")
            && !written.contains("old")
    );
}

#[test]
fn what_cannot_be_written_or_simulated_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plain.md");
    std::fs::write(&path, "no marks\n").unwrap();
    let file = path.to_str().unwrap();
    run(["reproduce", "--write", file]).refused(&["plain.md", "<!-- reproduce -->"]);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "no marks\n");
    line("reproduce --network lenet").refused(&["lenet", "resnet9"]);
    line("reproduce --dram sram").refused(&["sram", "ddr4"]);
}
