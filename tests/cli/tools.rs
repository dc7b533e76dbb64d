//! The commands around training: lists, the doctor, completions.

use super::support::line;

#[test]
fn lists_are_tables_for_people_and_json_for_machines() {
    let networks = line("list networks --json").json();
    let names: Vec<_> =
        networks.as_array().unwrap().iter().map(|n| n["name"].as_str().unwrap()).collect();
    assert_eq!(names, satkit_host::network::Network::NAMES);
    let table = line("list networks").stdout;
    assert!(names.iter().all(|name| table.contains(name)), "{table}");
    let arrays = line("list arrays --json").json();
    assert_eq!(arrays[2]["name"], "vcu1525");
    assert_eq!(arrays[2]["rows"], 32);
    assert!(line("list arrays").stdout.contains("409.6 GFLOP/s"));
}

#[test]
fn the_doctor_says_what_is_here_and_what_for() {
    let report = line("doctor --json").json();
    let findings = report["findings"].as_array().unwrap();
    for tool in ["Verilator", "Yosys", "FUSE"] {
        let finding = findings.iter().find(|finding| finding["name"] == tool).unwrap();
        assert!(
            finding["found"].is_boolean() && !finding["needed_for"].as_str().unwrap().is_empty()
        );
    }
    assert!(report["threads"].as_u64().unwrap() >= 1);
    let text = line("doctor");
    assert_eq!(text.code, 0);
    assert!(text.stdout.contains("Verilator") && text.stdout.contains("needed for"));
}

#[test]
fn completions_exist_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let done = line(&format!("completions {shell}"));
        assert_eq!(done.code, 0);
        assert!(done.stdout.contains("satkit") && done.stdout.contains("train"), "{shell}");
    }
}

/// What the host adds is a part of a step, and the card's own work another.
#[test]
fn the_driver_is_measured_beside_the_cards_own_clock() {
    let measured = line("bench --driver --quick --json").json();
    let number = |key: &str| measured[key].as_f64().unwrap();
    assert_eq!((measured["network"].as_str(), number("steps")), (Some("digits-cnn"), 44.0));
    let (step, card) = (number("step_milliseconds"), number("card_milliseconds"));
    assert!(0.0 < card && card < step, "{measured}");
    assert!((number("host_share") - (step - card) / step).abs() < 1e-6, "{measured}");
    let said = line("bench --driver --quick").stdout;
    assert!(said.starts_with("digits-cnn, batch 32, 44 steps") && said.contains(" %"), "{said}");
}
