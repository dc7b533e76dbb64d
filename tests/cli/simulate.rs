//! Whole steps on the command line: figures, files, programs, the cache.

use super::support::{Done, line, run, satkit};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

const TOTALS: [&str; 14] = [
    "total_cycles",
    "seconds",
    "dense_macs",
    "useful_macs",
    "utilization",
    "gflops_dense_equivalent",
    "dram_bytes",
    "cycles_ff",
    "cycles_bp",
    "cycles_wu",
    "cycles_update",
    "cycles_elementwise",
    "instructions",
    "card_bytes",
];
const SUBJECT: [&str; 9] =
    ["network", "batch", "method", "sparsity", "array", "clock_hz", "dram", "host", "layers"];
const ROW: [&str; 15] = [
    "name",
    "stage",
    "dataflow",
    "ip",
    "iq",
    "cycles",
    "span_cycles",
    "useful_macs",
    "utilization",
    "dram_read_bytes",
    "dram_write_bytes",
    "bound",
    "mapping",
    "priced_cycles",
    "runner_up",
];

fn number(value: &Value, key: &str) -> u64 {
    value[key].as_u64().unwrap_or_else(|| panic!("{key} in {value}"))
}

fn keys(value: &Value) -> Vec<&str> {
    let mut keys: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

fn sorted<'a>(groups: &[&[&'a str]]) -> Vec<&'a str> {
    let mut all = groups.concat();
    all.sort_unstable();
    all
}

fn layers(value: &Value) -> &[Value] {
    value["layers"].as_array().unwrap()
}

fn check_totals(value: &Value, clock_hz: f64, peak: f64) {
    let cycles = number(value, "total_cycles");
    let seconds = value["seconds"].as_f64().unwrap();
    assert!((seconds - cycles as f64 / clock_hz).abs() < 1e-12, "{seconds}");
    let (dense, useful) = (number(value, "dense_macs"), number(value, "useful_macs"));
    assert!(0 < useful && useful <= dense);
    let utilization = value["utilization"].as_f64().unwrap();
    assert!((utilization - useful as f64 / (cycles as f64 * peak)).abs() < 1e-12);
    assert!(0.0 < utilization && utilization <= 1.0);
    let gflops = value["gflops_dense_equivalent"].as_f64().unwrap();
    assert!((gflops / (2e-9 * dense as f64 / seconds) - 1.0).abs() < 1e-9);
    assert!(number(value, "dram_bytes") > 0);
    let parts = ["cycles_ff", "cycles_bp", "cycles_wu", "cycles_update", "cycles_elementwise"];
    assert_eq!(cycles, parts.iter().map(|key| number(value, key)).sum::<u64>());
}

fn check_rows(value: &Value) {
    let mut sums = BTreeMap::<&str, u64>::new();
    for row in layers(value) {
        assert_eq!(keys(row), sorted(&[&ROW]));
        assert!(!row["name"].as_str().unwrap().is_empty());
        let stage = row["stage"].as_str().unwrap();
        assert!(["FF", "BP", "WU", "update", "elementwise"].contains(&stage), "{row}");
        let macs = ["FF", "BP", "WU"].contains(&stage);
        assert_eq!(macs, number(row, "useful_macs") > 0, "{row}");
        assert_eq!(macs, ["ws", "os"].iter().any(|name| row["dataflow"] == *name), "{row}");
        assert_eq!(macs, row["ip"].is_u64() && row["iq"].is_u64(), "{row}");
        assert!((0.0..=1.0).contains(&row["utilization"].as_f64().unwrap()), "{row}");
        let bound = row["bound"].as_str().unwrap();
        assert!(["compute", "drain", "dram", "update", "elementwise"].contains(&bound), "{row}");
        *sums.entry("cycles").or_default() += number(row, "cycles");
        *sums.entry("useful_macs").or_default() += number(row, "useful_macs");
        *sums.entry("bytes").or_default() +=
            number(row, "dram_read_bytes") + number(row, "dram_write_bytes");
    }
    assert_eq!(sums["cycles"], number(value, "total_cycles"));
    assert_eq!(sums["useful_macs"], number(value, "useful_macs"));
    assert_eq!(sums["bytes"], number(value, "dram_bytes"));
}

#[test]
fn json_has_the_documented_keys_and_adds_up() {
    let result = line("simulate --network digits-cnn --json").json();
    assert_eq!(keys(&result), sorted(&[&TOTALS, &SUBJECT]));
    check_totals(&result, 200e6, 1024.0);
    check_rows(&result);
    for (key, value) in
        [("network", "digits-cnn"), ("method", "bdwp"), ("sparsity", "2:8"), ("array", "vcu1525")]
    {
        assert_eq!(result[key], value);
    }
    assert_eq!((number(&result, "batch"), number(&result, "clock_hz")), (32, 200_000_000));
    assert!(result["dram"].as_str().unwrap().starts_with("pool"));

    let both = line("simulate --network digits-cnn --compare dense --json").json();
    assert_eq!(keys(&both), sorted(&[&TOTALS, &SUBJECT, &["dense", "speedup"]]));
    assert_eq!(keys(&both["dense"]), sorted(&[&TOTALS]));
    check_totals(&both["dense"], 200e6, 1024.0);
    assert_eq!(number(&both["dense"], "useful_macs"), number(&both, "dense_macs"));
    let speedup =
        number(&both["dense"], "total_cycles") as f64 / number(&both, "total_cycles") as f64;
    assert!((both["speedup"].as_f64().unwrap() - speedup).abs() < 1e-12);
    assert!(speedup >= 1.3, "{speedup}");
    assert_eq!(both["layers"], result["layers"]);
    let help = line("simulate --help").stdout;
    for key in TOTALS.iter().chain(&SUBJECT).chain(&ROW).chain(&["speedup"]) {
        assert!(help.contains(key), "{key} is not in the help");
    }
}

#[test]
fn steps_cost_what_they_cost_in_training() {
    for (network, more) in [
        ("digits-cnn", ""),
        ("digits-mlp", ""),
        ("digits-cnn", " --method dense"),
        ("digits-cnn", " --array small --dataflow ws"),
        ("digits-cnn", " --method sdgp --sparsity 2:4"),
    ] {
        let options = format!("--network {network} --batch 32 --json{more}");
        let step = line(&format!("simulate {options}")).json();
        let run = line(&format!("train {options} --steps 2 --compare none")).json();
        let other = number(&step, "cycles_update") + number(&step, "cycles_elementwise");
        assert_eq!(number(&run, "cycles_other"), 2 * other, "{options}");
        for key in ["ff", "bp", "wu"] {
            let key = format!("cycles_{key}");
            assert_eq!(number(&run, &key), 2 * number(&step, &key), "{options} {key}");
        }
        assert_eq!(number(&run, "cycles_total"), 2 * number(&step, "total_cycles"));
    }
}

/// The rows of a CSV file: header, then cells.
fn rows_of(path: &Path) -> Vec<BTreeMap<String, String>> {
    let text = fs::read_to_string(path).unwrap();
    let mut lines = text.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let header = lines.next().unwrap();
    let row = |cells: Vec<&str>| {
        // Mappings hold a comma, so their cells are quoted; they come last.
        assert!(cells.len() >= header.len(), "{cells:?}");
        header.iter().zip(cells).map(|(k, v)| ((*k).to_owned(), v.to_owned())).collect()
    };
    lines.map(row).collect()
}

#[test]
fn csv_and_table_hold_the_rows_of_the_json() {
    let directory = tempfile::tempdir().unwrap();
    let csv = directory.path().join("rows.csv");
    for options in ["--network digits-cnn", "--network vit --batch 2 --dram ddr4 --on-the-fly"] {
        let mut arguments: Vec<String> =
            format!("simulate {options} --csv").split(' ').map(String::from).collect();
        arguments.push(csv.display().to_string());
        let table = run(&arguments);
        assert_eq!(table.code, 0, "{}", table.stderr);
        let by_table = fs::read_to_string(&csv).unwrap();
        let result = run(arguments.iter().map(String::as_str).chain(["--json"])).json();
        assert_eq!(fs::read_to_string(&csv).unwrap(), by_table);
        let numbers =
            ["cycles", "span_cycles", "useful_macs", "dram_read_bytes", "dram_write_bytes"];
        let of_json = |row: &Value| {
            let words = ["name", "stage", "bound"].map(|key| row[key].as_str().unwrap().to_owned());
            (words, numbers.map(|key| number(row, key)), row["utilization"].as_f64().unwrap())
        };
        let of_csv = |row: &BTreeMap<String, String>| {
            let words = ["name", "stage", "bound"].map(|key| row[key].clone());
            let numbers = numbers.map(|key| row[key].parse().unwrap());
            (words, numbers, row["utilization"].parse().unwrap())
        };
        let mut expected: Vec<_> = layers(&result).iter().map(of_json).collect();
        let mut given: Vec<_> = rows_of(&csv).iter().map(of_csv).collect();
        expected.sort_by(|a, b| a.partial_cmp(b).unwrap());
        given.sort_by(|a, b| a.partial_cmp(b).unwrap());
        assert_eq!(given, expected);
        // Title, header, rows, then the summary.
        let printed = table.stdout.lines().take_while(|line| !line.is_empty()).count();
        assert_eq!(printed, 2 + expected.len(), "{}", table.stdout);
        assert!(table.stdout.lines().all(|line| line.chars().count() <= 130), "{}", table.stdout);
    }
}

#[test]
fn explanations_stand_under_every_row_of_macs() {
    let plain = line("simulate --network digits-cnn");
    let explained = line("simulate --network digits-cnn --explain");
    let (reasons, rest): (Vec<_>, Vec<_>) =
        explained.stdout.lines().partition(|line| line.starts_with("    "));
    assert_eq!(rest.join("\n"), plain.stdout.trim_end());
    let result = line("simulate --network digits-cnn --json").json();
    assert_eq!(reasons.len(), layers(&result).iter().filter(|r| r["dataflow"].is_string()).count());
    for reason in reasons {
        assert!(reason.contains("cycles in the search") && reason.contains(';'), "{reason}");
    }
    line("simulate --network digits-cnn --explain --json").refused(&["--explain", "--json"]);
}

#[test]
fn traces_have_a_track_per_engine_and_events_inside_the_run() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("trace.json");
    let option = path.display().to_string();
    let words = ["simulate", "--network", "digits-cnn", "--json", "--trace", &option];
    let result = run(words).json();
    let trace: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    let events = trace["traceEvents"].as_array().unwrap();
    let named = |name: &str| events.iter().filter(|e| e["name"] == name).collect::<Vec<_>>();
    let threads = named("thread_name");
    let mut tracks: Vec<&str> =
        threads.iter().map(|event| event["args"]["name"].as_str().unwrap()).collect();
    tracks.sort_unstable();
    tracks.dedup();
    assert_eq!((tracks.len(), threads.len()), (6, 6));
    assert_eq!(named("process_name").len(), 1);
    let end = number(&result, "total_cycles");
    let mut last = 0;
    let mut instructions = 0;
    for event in events.iter().filter(|event| event["ph"] == "X") {
        let (start, stop) =
            (number(&event["args"], "start_cycle"), number(&event["args"], "end_cycle"));
        assert!(start <= stop && stop <= end, "{event}");
        assert!((event["ts"].as_f64().unwrap() - start as f64 / 200.0).abs() < 1e-6, "{event}");
        assert!((event["dur"].as_f64().unwrap() - (stop - start) as f64 / 200.0).abs() < 1e-6);
        assert!(threads.iter().any(|thread| thread["tid"] == event["tid"]), "{event}");
        last = last.max(stop);
        instructions += number(&event["args"], "instructions");
    }
    assert_eq!(last, end);
    assert!(0 < instructions && instructions <= number(&result, "instructions"));
}

#[test]
fn dataflows_are_kept_to() {
    for flow in ["ws", "os"] {
        let result =
            line(&format!("simulate --network digits-cnn --json --dataflow {flow}")).json();
        check_rows(&result);
        let rows = layers(&result).iter().filter(|row| !row["dataflow"].is_null());
        assert!(rows.clone().count() > 8 && rows.clone().all(|row| row["dataflow"] == flow));
    }
}

#[test]
fn the_machine_is_the_one_that_is_asked_for() {
    let simulate =
        |more: &str| line(&format!("simulate --network digits-cnn --json {more}")).json();
    let base = simulate("");
    let small = simulate("--array 16x16");
    check_totals(&small, 200e6, 256.0);
    check_rows(&small);
    assert_eq!(small["array"], "16x16");
    assert!(number(&small, "total_cycles") > number(&base, "total_cycles"));
    let wide = simulate("--m-lanes 16");
    check_rows(&wide);
    assert_eq!(wide["array"], "vcu1525-m16");
    assert_eq!(simulate("--sparsity 2:16")["array"], "vcu1525-m16");
    assert_eq!(simulate("--sparsity 2:16 --m-lanes 16")["sparsity"], "2:16");
    let slow = simulate("--clock 100MHz");
    check_totals(&slow, 100e6, 1024.0);
    assert_eq!(number(&slow, "total_cycles"), number(&base, "total_cycles"));
    assert_eq!(slow["layers"], base["layers"]);
    let dense = simulate("--sparsity dense");
    assert_eq!((&dense["method"], &dense["sparsity"]), (&"dense".into(), &"dense".into()));
    assert_eq!(number(&dense, "useful_macs"), number(&dense, "dense_macs"));
    let compared = simulate("--sparsity dense --compare dense");
    assert_eq!(compared["speedup"], 1.0);
    let ignored = line("simulate --network digits-cnn --json --method dense --sparsity 2:8");
    assert!(ignored.stderr.contains("--sparsity 2:8 changes nothing"), "{}", ignored.stderr);
    assert_eq!(ignored.json()["total_cycles"], dense["total_cycles"]);
}

#[test]
fn ablations_cost() {
    let simulate =
        |more: &str| line(&format!("simulate --network resnet9 --batch 4 --json {more}"));
    let cycles = |more: &str| number(&simulate(more).json(), "total_cycles");
    let base = cycles("");
    assert!(cycles("--on-the-fly") >= base);
    assert!(cycles("--no-interleave") > base);
    let single = simulate("--no-interleave").json();
    let rows = layers(&single).iter().filter(|row| !row["dataflow"].is_null());
    assert!(rows.clone().all(|row| (number(row, "ip"), number(row, "iq")) == (1, 1)));
}

#[test]
fn memories_are_models_or_refused_in_words() {
    let simulate =
        |model: &str| line(&format!("simulate --network digits-cnn --json --dram {model}"));
    let mut totals = Vec::new();
    for model in [
        "pool",
        "fixed",
        "ddr4",
        "pressure",
        "pool:latency=10,bandwidth=64",
        "fixed:latency=500,bandwidth=8",
        "ddr4:latency-ns=0",
        "pressure:seed=7",
    ] {
        let result = simulate(model).json();
        check_rows(&result);
        assert_eq!(result, simulate(model).json(), "{model}");
        totals.push(number(&result, "total_cycles"));
    }
    assert!(totals[4] > totals[0] && totals[5] > totals[1], "{totals:?}");
    for (model, words) in [
        ("hbm", &["hbm", "pool, fixed, pressure, ddr4"][..]),
        ("fixed:latency", &["latency"]),
        ("fixed:speed=3", &["speed", "latency"]),
        ("fixed:bandwidth=0", &["bandwidth", "0"]),
        ("fixed:bandwidth=65", &["bandwidth", "65", "64"]),
        ("pool:bandwidth=-1", &["bandwidth", "-1"]),
        ("ddr4:cl=x", &["cl", "x"]),
        (":", &["pool"]),
    ] {
        simulate(model).refused(words);
    }
}

fn on_table(directory: &Path, text: &str, more: &str) -> Done {
    let path = directory.join("table.csv");
    fs::write(&path, text).unwrap();
    let path = path.display().to_string();
    run(["simulate", "--topology", &path].into_iter().chain(more.split_whitespace()))
}

#[test]
fn layer_tables_are_simulated_or_refused_in_words() {
    let directory = tempfile::tempdir().unwrap();
    let on = |text: &str, more: &str| on_table(directory.path(), text, more);
    let own = "name,type,H,W,Ci,Co,Kh,Kw,stride,pad,M,N,K,repeat\n";
    let conv = "Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides,\n";
    for text in [
        format!(
            "{own}a,conv,8,8,3,16,3,3,1,1,,,,\nb,conv,8,8,16,16,3,3,1,1,64,16,144,2\nc,linear,,,,,,,,,1,10,16,\n"
        ),
        format!("{conv}a,8,8,3,3,3,16,1,\nb,6,6,3,3,16,16,1,\nc,1,1,1,1,256,10,1,\n"),
        "Layer,M,N,K,\nqkv,64,192,64,\nout,64,64,64,\nup,64,256,64,\n".to_owned(),
        format!("{own}a,matmul,,,,,,,,,16,16,16,4\n"),
        format!("{own}a,matmul,,,,,,,,,40,24,136,3\nb,matmul,,,,,,,,,17,200,33,2\n"),
    ] {
        let done = on(&text, "--batch 2 --compare dense --json");
        let result = done.json();
        assert_eq!(result["network"], "table");
        check_totals(&result, 200e6, 1024.0);
        check_rows(&result);
        assert!(result["speedup"].as_f64().unwrap() > 0.0);
        assert!(done.stderr.contains("note: ") && done.stderr.contains("dense"), "{}", done.stderr);
    }
    assert_eq!(on("Layer,M,N,K\nx,8,8,8\n", "--json").json()["batch"], 64);
    for (text, words) in [
        (String::new(), &["empty"][..]),
        (own.to_owned(), &["line 1", "nothing follows"]),
        ("one,two\n1,2\n".to_owned(), &["line 1", "no known format"]),
        (format!("{own}a,conv,8,8,3,16,9,9,1,0,,,,\n"), &["line 2", "9", "8"]),
        (format!("{own}a,conv,8,8,3,16,3,3,1,1,63,16,27,\n"), &["line 2", "63", "64"]),
        (format!("{own}a,conv,8,8,3,16,3,3,1,1,64,16,28,\n"), &["line 2", "28", "27"]),
        (format!("{own}a,conv,8,8,-3,16,3,3,1,1,,,,\n"), &["line 2", "Ci", "-3"]),
        (format!("{own}a,pool,8,8,3,16,3,3,1,1,,,,\n"), &["line 2", "pool", "matmul"]),
        ("Layer,M,N,K\nx,0,8,8\n".to_owned(), &["line 2", "M", "\"0\""]),
        ("Layer,M,N,K\nx,8,8,99999999999999999999\n".to_owned(), &["line 2", "K"]),
    ] {
        on(&text, "--json").refused(words);
    }
    line("simulate --topology /nowhere/x.csv").refused(&["/nowhere/x.csv"]);
    let bytes = directory.path().join("bytes.csv");
    fs::write(&bytes, [0xFF, 0x00, 0x80]).unwrap();
    run(["simulate", "--topology", &bytes.display().to_string()]).refused(&["bytes.csv"]);
}

#[test]
fn the_layer_tables_that_come_with_satkit_are_simulated() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../networks");
    let mut tables = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path().display().to_string();
        let done = run(["simulate", "--topology", &path, "--batch", "1", "--json"]);
        check_rows(&done.json());
        tables += 1;
    }
    assert!(tables >= 6);
}

#[test]
fn combinations_that_mean_nothing_are_refused() {
    for (arguments, words) in [
        ("simulate", &["--network", "--topology"][..]),
        ("compile --out x.sat", &["--network", "--topology"]),
        ("compile --network digits-cnn", &["--out"]),
        ("simulate --network digits-cnn --topology x.csv", &["--topology", "--network"]),
        ("simulate --network alexnet", &["alexnet", "resnet50"]),
        ("simulate --network digits-cnn --program x.sat", &["--program", "--network"]),
        ("simulate --program x.sat --batch 3", &["--program", "--batch"]),
        ("simulate --program x.sat --dataflow ws", &["--program", "--dataflow"]),
        ("simulate --program /nowhere/x.sat", &["/nowhere/x.sat"]),
        ("simulate --network digits-cnn --method magic", &["magic", "bdwp"]),
        ("simulate --network digits-cnn --sparsity 3:2", &["3:2"]),
        ("simulate --network digits-cnn --sparsity 2:16 --array tiny", &["tiny", "2:16"]),
        ("simulate --network digits-cnn --array 12x8", &["12x8"]),
        ("simulate --network digits-cnn --array 0x0", &["0x0"]),
        ("simulate --network digits-cnn --m-lanes 12", &["12"]),
        ("simulate --network digits-cnn --m-lanes 0", &["0"]),
        ("simulate --network digits-cnn --clock 5GHz", &["5GHz", "1GHz"]),
        ("simulate --network digits-cnn --clock fast", &["fast", "1MHz"]),
        ("simulate --network digits-cnn --batch 0", &["'0'", "--batch"]),
        ("simulate --network digits-cnn --batch -1", &["'-1'", "--batch"]),
        ("simulate --network resnet50 --batch 65536", &["card"]),
        ("simulate --network digits-cnn --batch 16777215", &["card", "a smaller batch"]),
        ("simulate --network digits-cnn --compare sparse", &["sparse", "dense"]),
        ("simulate --network digits-cnn --csv /nowhere/x.csv", &["--csv /nowhere/x.csv"]),
        ("simulate --network digits-cnn --trace /nowhere/x.json", &["--trace /nowhere/x.json"]),
        ("compile --network digits-cnn --out /nowhere/x.sat", &["--out /nowhere/x.sat"]),
        ("disasm /nowhere/x.sat", &["/nowhere/x.sat"]),
        ("assemble /nowhere/x.lst --out x.sat", &["/nowhere/x.lst"]),
    ] {
        line(arguments).refused(words);
    }
}

fn with_cache(cache: &Path, words: &str) -> Done {
    let output = satkit().args(words.split(' ')).env("XDG_CACHE_HOME", cache).output().unwrap();
    Done {
        code: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

#[test]
fn the_cache_is_a_shortcut_and_nothing_else() {
    let directory = tempfile::tempdir().unwrap();
    let words = "simulate --network digits-cnn --json --compare dense";
    let expected = with_cache(directory.path(), &format!("{words} --no-cache")).json();
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
    let simulate = || {
        let done = with_cache(directory.path(), words);
        assert_eq!(done.json(), expected);
        done.stderr
    };
    assert_eq!(simulate(), "");
    let folder = directory.path().join("satkit");
    let files: Vec<_> = fs::read_dir(&folder).unwrap().map(|e| e.unwrap().path()).collect();
    let [file] = &files[..] else { panic!("{files:?}") };
    let good = fs::read_to_string(file).unwrap();
    assert_eq!(simulate(), "");
    assert_eq!(fs::read_to_string(file).unwrap(), good);
    // What cannot be read is a note, and is written anew.
    for bad in ["", "{", "[]", "{\"a\":1}", "\0\0", &good[..good.len() / 2]] {
        fs::write(file, bad).unwrap();
        let stderr = simulate();
        assert!(stderr.starts_with("note: ") && stderr.contains("searching again"), "{stderr}");
        assert_eq!(fs::read_to_string(file).unwrap(), good);
    }
    // Mappings that no machine could run are searched again.
    let mut choices: Value = serde_json::from_str(&good).unwrap();
    for (index, (_, choice)) in choices.as_object_mut().unwrap().iter_mut().enumerate() {
        let mapping = choice["mapping"].as_object_mut().unwrap().values_mut().next().unwrap();
        for (_, value) in mapping.as_object_mut().unwrap().iter_mut().filter(|(_, v)| v.is_u64()) {
            *value = [0, u64::MAX, 1 << 40][index % 3].into();
        }
    }
    fs::write(file, choices.to_string()).unwrap();
    let done = with_cache(directory.path(), words);
    assert!(!done.stderr.contains("panicked"), "{}", done.stderr);
    assert_eq!(done.json(), expected);
    fs::write(file, "{}").unwrap();
    assert_eq!(simulate(), "");
    // A folder that cannot be written is a note.
    fs::remove_dir_all(&folder).unwrap();
    fs::write(&folder, "in the way").unwrap();
    let stderr = simulate();
    assert!(stderr.starts_with("note: schedules are not kept"), "{stderr}");
    // Restrictions and machines have files of their own.
    fs::remove_file(&folder).unwrap();
    for more in ["", " --dataflow ws", " --no-interleave", " --array small", " --clock 100MHz"] {
        let without =
            line(&format!("simulate --network digits-mlp --json --no-cache{more}")).json();
        for _ in 0..2 {
            let words = format!("simulate --network digits-mlp --json{more}");
            assert_eq!(with_cache(directory.path(), &words).json(), without, "{more}");
        }
    }
}

/// Compiles digits-cnn into `step.sat` of the directory.
fn compile(directory: &Path) -> String {
    let path = directory.join("step.sat").display().to_string();
    let done = run(["compile", "--network", "digits-cnn", "--batch", "4", "--out", &path]);
    assert_eq!(done.code, 0, "{}", done.stderr);
    assert!(done.stdout.contains("step.sat: ") && done.stdout.contains("instructions in"));
    path
}

#[test]
fn programs_survive_compile_disasm_and_assemble() {
    let directory = tempfile::tempdir().unwrap();
    let path = compile(directory.path());
    let file = |name: &str| directory.path().join(name);
    let listing = run(["disasm", &path]);
    assert_eq!((listing.code, listing.stderr.as_str()), (0, ""));
    fs::write(file("step.lst"), &listing.stdout).unwrap();
    let assemble = |listing: &str, out: &str| {
        let (listing, out) = (file(listing).display().to_string(), file(out).display().to_string());
        run(["assemble", &listing, "--out", &out])
    };
    assert_eq!(assemble("step.lst", "same.sat").code, 0);
    assert_eq!(fs::read(file("same.sat")).unwrap(), fs::read(&path).unwrap());

    let direct = line("simulate --network digits-cnn --batch 4 --json --dram ddr4").json();
    let program = run(["simulate", "--program", &path, "--json", "--dram", "ddr4"]).json();
    for key in
        ["total_cycles", "seconds", "useful_macs", "utilization", "dram_bytes", "instructions"]
    {
        assert_eq!(program[key], direct[key], "{key}");
    }
    assert_eq!(layers(&program).len(), layers(&direct).len());
    for (row, expected) in layers(&program).iter().zip(layers(&direct)) {
        for key in
            ["name", "stage", "cycles", "span_cycles", "useful_macs", "bound", "dram_read_bytes"]
        {
            assert_eq!(row[key], expected[key], "{key}");
        }
    }
    let table = run(["simulate", "--program", &path]);
    assert!(table.stdout.contains("digits-cnn, batch 4"), "{}", table.stdout);

    // Parts of a listing.
    let part = run(["disasm", &path, "--section", "conv2"]);
    assert_eq!(part.code, 0);
    let heads = part.stdout.lines().filter(|line| line.starts_with(';')).count();
    assert_eq!(heads, layers(&direct).iter().filter(|row| row["name"] == "conv2").count());
    let body = part.stdout.lines().filter(|line| !line.starts_with(';'));
    assert!(body.clone().count() > 10 && body.clone().all(|line| listing.stdout.contains(line)));
    run(["disasm", &path, "--section", "nothing"]).refused(&["--section nothing", "conv2"]);

    // A listing that was edited: mistakes name their line, deadlocks the instruction.
    let edited = |from: &str, to: &str| {
        assert!(listing.stdout.contains(from), "{from}");
        fs::write(file("edited.lst"), listing.stdout.replacen(from, to, 1)).unwrap();
        let _ = fs::remove_file(file("edited.sat"));
        assemble("edited.lst", "edited.sat")
    };
    edited("    0: ", "    7: ").refused(&["edited.lst", "line"]);
    edited("\n    1: ", "\n    1: FLY ").refused(&["edited.lst", "line", "FLY"]);
    edited(".array ", ".artery ").refused(&["edited.lst", ".artery"]);
    assert!(!file("edited.sat").exists());
    let waiting = listing.stdout.lines().find(|line| line.contains(" post=")).unwrap();
    let silent: String =
        waiting.split(' ').filter(|word| !word.starts_with("post=")).collect::<Vec<_>>().join(" ");
    assert_eq!(edited(waiting, &silent).code, 0);
    let edited = file("edited.sat").display().to_string();
    run(["simulate", "--program", &edited, "--json"]).refused(&["instruction", "never starts"]);
}

#[test]
fn broken_program_files_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = compile(directory.path());
    let bytes = fs::read(&path).unwrap();
    let broken = directory.path().join("broken.sat");
    let refused = |contents: &[u8]| {
        fs::write(&broken, contents).unwrap();
        let path = broken.display().to_string();
        for arguments in [&["simulate", "--program", &path, "--json"][..], &["disasm", &path]] {
            run(arguments).refused(&["broken.sat"]);
        }
    };
    for length in [0, 3, 8, 11, 43, 47, 60, bytes.len() / 2, bytes.len() - 1] {
        refused(&bytes[..length]);
    }
    for at in [0, 9, 20, 45, 60, bytes.len() / 2, bytes.len() - 1] {
        let mut flipped = bytes.clone();
        flipped[at] ^= 0x10;
        refused(&flipped);
    }
    refused(&[&bytes[..], b"more"].concat());
    refused(b"PK\x03\x04 an archive");
    refused(b"name,type,H,W\n");
    fs::remove_file(&broken).unwrap();
    fs::create_dir(&broken).unwrap();
    let path = broken.display().to_string();
    run(["disasm", &path]).refused(&["broken.sat"]);
    run(["simulate", "--program", &path]).refused(&["broken.sat"]);
}

#[cfg(unix)]
#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let directory = tempfile::tempdir().unwrap();
    let path = compile(directory.path());
    for arguments in [
        format!("disasm {path}"),
        format!("simulate --program {path}"),
        "simulate --network digits-cnn".into(),
        "simulate --network vit --batch 2 --explain".into(),
    ] {
        let mut child = satkit()
            .args(arguments.split(' '))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut head = [0; 64];
        std::io::Read::read_exact(&mut child.stdout.take().unwrap(), &mut head).unwrap();
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!((output.status.code(), &*stderr), (Some(0), ""), "{arguments}");
    }
}

/// Ctrl-C while a long step is simulated: soon done, and the rows so far are whole.
#[cfg(unix)]
#[test]
fn an_interrupted_simulation_leaves_whole_rows() {
    let directory = tempfile::tempdir().unwrap();
    let (csv, trace) = (directory.path().join("rows.csv"), directory.path().join("trace.json"));
    let mut child = satkit()
        .args("simulate --network resnet50 --batch 64 --dram ddr4 --csv".split(' '))
        .args([&csv, Path::new("--trace"), &trace])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = std::io::BufReader::new(child.stdout.take().unwrap());
    // The title, the header and the first row: it is simulating.
    for _ in 0..3 {
        let mut text = String::new();
        std::io::BufRead::read_line(&mut stdout, &mut text).unwrap();
        assert!(!text.is_empty());
    }
    let reader = std::thread::spawn(move || std::io::copy(&mut stdout, &mut std::io::sink()));
    let kill = format!("kill -INT {}", child.id());
    assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    reader.join().unwrap().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(130), "{stderr}");
    assert!(stderr.contains("interrupted while simulating"), "{stderr}");
    assert!(!trace.exists());
    let text = fs::read_to_string(&csv).unwrap();
    assert!(text.ends_with('\n'), "{text}");
    let rows = rows_of(&csv);
    assert!(!rows.is_empty() && rows.len() < 400, "{}", rows.len());
    assert!(rows.iter().all(|row| row["cycles"].parse::<u64>().is_ok()));
}
