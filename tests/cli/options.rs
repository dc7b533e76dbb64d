//! Options: help, limits, and that nothing that can be typed is a panic.

use super::support::{line, run};
use proptest::prelude::*;
use satkit_host::train::{LossScale, RunLength, TrainSettings};

const COMMANDS: [&str; 15] = [
    "train",
    "reproduce",
    "eval",
    "export",
    "kernel",
    "simulate",
    "compile",
    "disasm",
    "assemble",
    "verilog",
    "synth-check",
    "list",
    "doctor",
    "bench",
    "completions",
];

#[test]
fn every_command_has_help_with_examples() {
    let help = line("--help");
    assert_eq!(help.code, 0);
    assert!(help.stdout.contains("Exit codes: 0 done, 1 failed, 2 bad input, 130 interrupted"));
    for command in COMMANDS {
        assert!(help.stdout.contains(command));
        let own = line(&format!("{command} --help"));
        assert_eq!((own.code, own.stderr.as_str()), (0, ""));
        assert!(own.stdout.contains("Examples:") && own.stdout.contains("satkit "), "{command}");
        assert_eq!(line(&format!("help {command}")).stdout, own.stdout);
    }
    assert!(line("--version").stdout.starts_with("satkit "));
}

#[test]
fn help_states_the_defaults_that_hold() {
    let help = line("train --help").stdout;
    let help: String = help.split_whitespace().collect::<Vec<_>>().join(" ");
    let TrainSettings {
        method,
        sparsity,
        length: RunLength::Epochs(epochs),
        batch,
        learning_rate,
        momentum,
        weight_decay,
        lambda,
        loss_scale: LossScale::Static(loss_scale),
        schedule,
        seed,
    } = TrainSettings::default()
    else {
        panic!("the defaults are epochs and a static loss scale");
    };
    let stated = [
        ("--method", method.to_string()),
        ("--sparsity", sparsity.to_string()),
        ("--epochs", epochs.to_string()),
        ("--batch", batch.to_string()),
        ("--lr", learning_rate.to_string()),
        ("--momentum", momentum.to_string()),
        ("--weight-decay", weight_decay.to_string()),
        ("--lambda", lambda.to_string()),
        ("--loss-scale", loss_scale.to_string()),
        ("--schedule", schedule.to_string()),
        ("--seed", seed.to_string()),
    ];
    let kernel = line("kernel --help").stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    for (option, value) in stated {
        // The option's own text ends where the next option's begins.
        let text = |help: &str| {
            let start = help.find(&format!("{option} <"))?;
            let text = &help[start + 2..];
            Some(text[..text.find(" --").unwrap_or(text.len())].to_owned())
        };
        let expected = format!("[default: {value}]");
        assert!(text(&help).unwrap().contains(&expected), "{option}: {:?}", text(&help));
        if let Some(text) = text(&kernel) {
            assert!(text.contains(&expected), "kernel {option}: {text}");
        }
    }
}

#[test]
fn impossible_options_are_refused_in_words() {
    let cases: &[(&str, &[&str])] = &[
        ("train --epochs 0", &["'0'", "--epochs", "from 1"]),
        ("train --steps 0", &["'0'", "--steps", "from 1"]),
        ("train --steps -3", &["-3"]),
        ("train --batch 0", &["'0'", "--batch", "from 1"]),
        ("train --batch 1438 --steps 1", &["batch 1438", "1 to 1437"]),
        ("train --threads 0", &["'0'", "--threads", "from 1"]),
        ("train --momentum 1", &["'1'", "0 to below 1"]),
        ("train --momentum=-0.1", &["-0.1", "0 to below 1"]),
        ("train --lr 0", &["'0'", "above 0"]),
        ("train --lr nan", &["nan", "finite"]),
        ("train --lr 1e99", &["1e99", "finite"]),
        ("train --weight-decay=-1", &["-1", "at least 0"]),
        ("train --loss-scale 1000", &["1000", "power of two"]),
        ("train --loss-scale auto", &["auto", "power of two", "dynamic"]),
        ("train --sparsity 3:2", &["3:2", "N is 3 and M is 2"]),
        ("train --sparsity 2:6", &["2:6", "1, 2, 4, 8, 16"]),
        ("train --sparsity 0:8", &["0:8", "N is 0"]),
        ("train --sparsity sparse", &["sparse", "no colon"]),
        ("train --method magic", &["magic", "bdwp"]),
        ("train --method bdwp --lambda 0.1", &["--lambda 0.1", "bdwp", "srste"]),
        ("train --network alexnet", &["alexnet", "digits-cnn"]),
        ("train --network resnet18 --steps 1", &["resnet18", "digits", "64"]),
        ("train --data mnist", &["mnist", "mnist:DIR"]),
        ("train --data npz:/nowhere/x.npz", &["/nowhere/x.npz"]),
        ("train --data cifar10:/nowhere", &["/nowhere"]),
        ("train --array huge", &["huge", "vcu1525"]),
        ("train --array tiny --sparsity 4:16", &["tiny", "4:16", "8 lanes"]),
        ("train --dataflow is", &["is", "auto"]),
        ("train --device card", &["card", "sim"]),
        ("train --compare sparse", &["sparse", "none"]),
        ("train --resume", &["--checkpoint"]),
        ("train --checkpoint /nowhere/run --resume", &["/nowhere/run"]),
        ("train --csv /nowhere/x.csv", &["--csv /nowhere/x.csv", "directory does not exist"]),
        ("train --plot /", &["--plot /", "directory"]),
        ("train --verify 0", &["'0'", "--verify", "from 1"]),
        ("train --seed -1", &["-1"]),
        ("train --frobnicate", &["--frobnicate"]),
        ("eval --checkpoint /nowhere", &["/nowhere"]),
        ("eval", &["--checkpoint"]),
        ("export --checkpoint /nowhere --out /nowhere/x.npz", &["--out", "directory"]),
        ("list colours", &["colours", "networks", "arrays"]),
        ("completions basic", &["basic", "bash"]),
        ("dance", &["dance"]),
    ];
    for (arguments, words) in cases {
        line(arguments).refused(words);
    }
}

#[test]
fn a_batch_beyond_memory_is_refused_in_words() {
    line("train --network resnet50 --data random --steps 1 --batch 65536 --compare none")
        .refused(&["batch 65536", "MiB"]);
    line("train --network resnet50 --data random --steps 1 --batch 16777215 --compare none")
        .refused(&["16777215"]);
}

#[test]
fn a_wrong_instruction_set_in_the_environment_is_refused() {
    let output = super::support::satkit()
        .env(satkit_sim::Isa::VARIABLE, "mmx")
        .args(["list", "arrays"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("mmx"));
}

/// Values of options: good ones, edges and nonsense.
fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => proptest::sample::select(vec![
            "0", "1", "2", "3", "-1", "0.5", "1e-3", "1e38", "-0", "nan", "inf", "NaN", "", " ", "2:8", "1:16", "16:16",
            "dense", "0:0", ":", "9:8", "1024", "4294967296", "18446744073709551616", "dynamic", "digits", "random",
            "mnist:", "npz:.", "cifar10:/", "digits-mlp", "ws", "os", "auto", "none", "srste", "sdgp", "tiny", "tiny-m16",
            "constant", "/", ".", "\u{1F980}",
        ]).prop_map(String::from),
        1 => ".{0,8}".prop_map(|text| text.replace('\0', "0")),
    ]
}

fn option(names: &'static [&'static str]) -> impl Strategy<Value = Vec<String>> {
    (proptest::sample::select(names), word())
        .prop_map(|(name, value)| vec![format!("{name}={value}")])
}

const TRAIN: &[&str] = &[
    "--data",
    "--method",
    "--sparsity",
    "--batch",
    "--lr",
    "--momentum",
    "--weight-decay",
    "--lambda",
    "--loss-scale",
    "--schedule",
    "--dataflow",
    "--threads",
    "--seed",
    "--array",
    "--device",
    "--verify",
    "--epochs",
];
const KERNEL: &[&str] = &[
    "--sparsity",
    "--method",
    "--stride",
    "--pad",
    "--device",
    "--array",
    "--dataflow",
    "--lr",
    "--momentum",
    "--weight-decay",
    "--lambda",
    "--loss-scale",
    "--in",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn no_option_value_is_a_panic(
        is_train in any::<bool>(),
        train in proptest::collection::vec(option(TRAIN), 1..4),
        kernel in proptest::collection::vec(option(KERNEL), 1..4),
        op in proptest::sample::select(vec!["prune", "ff", "bp", "wu", "update", "", "fly"]),
    ) {
        let directory = tempfile::tempdir().unwrap();
        let out = directory.path().join("out.npz");
        let mut arguments: Vec<String> = Vec::new();
        if is_train {
            let fixed = "train --network digits-mlp --steps 1 --compare none";
            arguments.extend(fixed.split(' ').map(String::from));
            arguments.extend(train.into_iter().flatten());
        } else {
            arguments.extend(["kernel".into(), op.into(), "--out".into(), out.display().to_string()]);
            arguments.extend(kernel.into_iter().flatten());
        }
        let done = run(&arguments);
        prop_assert!([0, 1, 2].contains(&done.code), "{arguments:?}: {done:?}");
        prop_assert!(!done.stderr.contains("panicked"), "{arguments:?}: {done:?}");
        prop_assert!(done.code == 0 || !done.stderr.is_empty(), "{arguments:?}");
        // A kernel without input has no output.
        prop_assert!(!out.exists());
    }
}

#[test]
fn a_negative_number_is_refused_with_its_option() {
    for option in
        ["--lr", "--momentum", "--weight-decay", "--loss-scale", "--batch", "--steps", "--seed"]
    {
        line(&format!("train {option} -1")).refused(&["'-1'", option]);
    }
    for option in ["--stride", "--pad", "--lr"] {
        line(&format!("kernel ff --in a --out b {option} -1")).refused(&["'-1'", option]);
    }
}
