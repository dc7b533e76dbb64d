//! Models driven from Rust: ports of every width, many cycles at once, threads, waves, the cache.

// Verilator renames two underscores in a row, so a port has them.
#![allow(non_snake_case)]

#[path = "../../../tests/verilog.rs"]
mod verilog;

use rust_hdl_core::prelude::*;
use rust_hdl_widgets::{dff::DFF, dff_setup};
use satkit_hdl::emit::{Design, Direction, emit};
use satkit_rtl::{
    Build, HAS_BUILT_IN_MODELS, Model, PortId, Progress, Record, RtlError, Run, Watch,
};
use satkit_spec::ArrayConfig;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use verilog::has_verilog_tool;

/// Registers behind ports of all kinds of width, and a counter whose strobe is up every eighth cycle.
#[derive(Clone, Debug, Default, LogicBlock)]
struct Toy {
    clock: Signal<In, Clock>,
    flag: Signal<In, Bit>,
    octet__in: Signal<In, Bits<8>>,
    word: Signal<In, Bits<33>>,
    wide: Signal<In, Bits<100>>,
    bit_out: Signal<Out, Bit>,
    byte_out: Signal<Out, Bits<8>>,
    word_out: Signal<Out, Bits<33>>,
    wide_out: Signal<Out, Bits<100>>,
    count: Signal<Out, Bits<16>>,
    strobe: Signal<Out, Bit>,
    next: Signal<Local, Bits<16>>,
    low: Signal<Local, Bits<3>>,
    r_bit: DFF<Bit>,
    r_byte: DFF<Bits<8>>,
    r_word: DFF<Bits<33>>,
    r_wide: DFF<Bits<100>>,
    r_count: DFF<Bits<16>>,
}

impl Logic for Toy {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, r_bit, r_byte, r_word, r_wide, r_count);
        self.r_bit.d.next = self.flag.val();
        self.r_byte.d.next = self.octet__in.val();
        self.r_word.d.next = self.word.val();
        self.r_wide.d.next = self.wide.val();
        self.next.next = self.r_count.q.val() + bits::<16>(1);
        self.r_count.d.next = self.next.val();
        self.bit_out.next = self.r_bit.q.val();
        self.byte_out.next = self.r_byte.q.val();
        self.word_out.next = self.r_word.q.val();
        self.wide_out.next = self.r_wide.q.val();
        self.count.next = self.r_count.q.val();
        self.low.next = self.r_count.q.val().get_bits::<3>(0);
        self.strobe.next = self.low.val().all();
    }
}

fn toy() -> Design {
    emit("toy", Toy::default)
}

/// One folder for all tests of this process, so that the toy is compiled once.
fn cache() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR"))
}

fn build() -> Build<'static> {
    Build { cache: Some(cache()), ..Build::default() }
}

#[test]
fn ports_of_every_width_come_through() {
    if !has_verilog_tool("verilator") {
        return;
    }
    let mut model = Model::of(&toy(), &build()).unwrap();
    let port = |name: &str| model.port(name).unwrap();
    let (clock, bit, byte, word, wide) =
        (port("clock"), port("flag"), port("octet__in"), port("word"), port("wide"));
    let [bit_out, byte_out, word_out, wide_out] =
        ["bit_out", "byte_out", "word_out", "wide_out"].map(port);
    assert_eq!(model.describe(wide).width, 100);
    assert_eq!(model.describe(wide_out).direction, Direction::Output);
    model.set(bit, 1);
    model.set(byte, 0xA5);
    model.set(word, 0x1_2345_6789);
    model.set_wide(wide, &[1, 2, 3, 0xF]);
    assert_eq!(model.get(byte_out), 0);
    model.tick(clock);
    assert_eq!((model.get(bit_out), model.get(byte_out)), (1, 0xA5));
    assert_eq!(
        (model.get(word_out), model.get_wide(wide_out)),
        (0x1_2345_6789, vec![1, 2, 3, 0xF])
    );
    model.set(wide, 0x7_0000_0001);
    model.tick(clock);
    assert_eq!(model.get_wide(wide_out), [1, 7, 0, 0]);

    let error = model.port("nothing").unwrap_err().to_string();
    assert!(error.contains("nothing") && error.contains("octet__in"), "{error}");
    let refuses = |set: &mut dyn FnMut(&mut Model)| {
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| set(&mut model))).is_err()
    };
    let mut refuses = refuses;
    assert!(refuses(&mut |model| model.set(byte, 256)));
    assert!(refuses(&mut |model| model.set(byte_out, 1)));
    assert!(refuses(&mut |model| model.set_wide(wide, &[0, 0, 0, 16])));
    assert!(refuses(&mut |model| model.set_wide(wide, &[0, 0, 0])));
    assert!(refuses(&mut |model| model.tick(byte)));
}

#[test]
fn a_run_records_what_strobes_ask_for() {
    if !has_verilog_tool("verilator") {
        return;
    }
    let mut model = Model::of(&toy(), &build()).unwrap();
    let port = |name: &str| model.port(name).unwrap();
    let (clock, strobe, bit_out) = (port("clock"), port("strobe"), port("bit_out"));
    let (count, wide, byte, bit) =
        (port("count"), port("wide_out"), port("octet__in"), port("flag"));
    let watches =
        [Watch { strobe, ports: vec![count, wide] }, Watch { strobe: bit_out, ports: vec![] }];
    let mut records: Vec<Record> = Vec::new();
    let run = Run { clock, also: None, cycles: 20, watches: &watches, stop: None };
    assert_eq!(model.run(&run, |record| records.push(record)), 20);
    let record =
        |cycle: u32| Record { watch: 0, cycle: u64::from(cycle), words: vec![cycle, 0, 0, 0, 0] };
    assert_eq!(records, [record(7), record(15)]);

    // The stop counts cycles across chunks, and the cycle in which it is up is the last.
    records.clear();
    let run = Run { clock, also: None, cycles: u64::MAX, watches: &watches, stop: Some(strobe) };
    assert_eq!(model.run(&run, |record| records.push(record)), 4);
    assert_eq!(records, [record(23)]);

    let mut rows = Vec::new();
    for value in 0..200_u32 {
        rows.extend([value & 1, value]);
    }
    model.play(clock, &[bit, byte], &rows);
    assert_eq!(model.get(count), 224);
    assert_eq!((model.get(port_of(&model, "byte_out")), model.get(bit_out)), (199, 1));
    let mut strobes = 0;
    let run = Run { clock, also: None, cycles: 200_000, watches: &watches[..1], stop: None };
    assert_eq!(model.run(&run, |_| strobes += 1), 200_000);
    assert_eq!(strobes, 25_000);
}

fn port_of(model: &Model, name: &str) -> PortId {
    model.port(name).unwrap()
}

/// SplitMix64: the same numbers everywhere.
fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// Drives all inputs but the clocks at random and mixes all outputs into one number.
fn fingerprint(model: &mut Model, cycles: usize, seed: u64) -> u64 {
    let (mut state, mut mixed) = (seed, 0_u64);
    let ports: Vec<_> = model.ports().to_vec();
    let clocks: Vec<PortId> = ["clock", "load_clock"].map(|name| port_of(model, name)).to_vec();
    for _ in 0..cycles {
        for port in &ports {
            let id = port_of(model, &port.name);
            if port.direction == Direction::Output || clocks.contains(&id) {
                continue;
            }
            let mut words: Vec<u32> =
                (0..port.width.div_ceil(32)).map(|_| random(&mut state) as u32).collect();
            let spare = port.width.next_multiple_of(32) - port.width;
            *words.last_mut().unwrap() &= u32::MAX >> spare;
            model.set_wide(id, &words);
        }
        clocks.iter().rev().for_each(|&clock| model.tick(clock));
        for port in ports.iter().filter(|port| port.direction == Direction::Output) {
            for word in model.get_wide(port_of(model, &port.name)) {
                mixed = mixed.rotate_left(5).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ u64::from(word);
            }
        }
    }
    mixed
}

#[test]
fn models_in_two_threads_know_nothing_of_each_other() {
    if !has_verilog_tool("verilator") {
        return;
    }
    assert!(std::hint::black_box(HAS_BUILT_IN_MODELS), "this binary was built with Verilator");
    let config = ArrayConfig::tiny();
    let alone = |seed| fingerprint(&mut Model::new(&config, &build()).unwrap(), 2000, seed);
    let expected = [alone(1), alone(2)];
    assert_ne!(expected[0], expected[1]);
    for _ in 0..4 {
        // Made here, run there.
        let models = [(); 2].map(|()| Model::new(&config, &build()).unwrap());
        let found: Vec<u64> = std::thread::scope(|scope| {
            let threads: Vec<_> = models
                .into_iter()
                .zip(1..)
                .map(|(mut model, seed)| scope.spawn(move || fingerprint(&mut model, 2000, seed)))
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(found, expected);
    }
}

#[test]
fn a_model_with_waves_is_the_same_model() {
    if !has_verilog_tool("verilator") {
        return;
    }
    let config = ArrayConfig::tiny();
    let expected = fingerprint(&mut Model::new(&config, &build()).unwrap(), 300, 3);
    let directory = tempfile::tempdir().unwrap();
    for (name, start) in [("waves.vcd", &b"$version"[..]), ("waves.fst", &[0][..])] {
        let path = directory.path().join(name);
        let with_waves = Build { waves: Some(&path), ..build() };
        let mut model = Model::new(&config, &with_waves).unwrap();
        assert_eq!(fingerprint(&mut model, 300, 3), expected, "{name}");
        drop(model);
        let bytes = std::fs::read(&path).unwrap();
        assert!(bytes.len() > 10_000 && bytes.starts_with(start), "{name}: {} bytes", bytes.len());
    }
    let bad = directory.path().join("waves.txt");
    let error = Model::new(&config, &Build { waves: Some(&bad), ..build() }).unwrap_err();
    assert!(error.to_string().contains(".vcd or .fst"), "{error}");
    let nowhere = Path::new("/nowhere/waves.vcd");
    let error = Model::new(&config, &Build { waves: Some(nowhere), ..build() }).unwrap_err();
    assert!(matches!(error, RtlError::Waves { .. }), "{error}");
}

#[test]
fn a_model_is_compiled_once_however_many_want_it() {
    if !has_verilog_tool("verilator") {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let compiled = Mutex::new(0);
    let count = |progress| {
        if progress == Progress::Verilating {
            *compiled.lock().unwrap() += 1;
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let build = Build {
                    cache: Some(directory.path()),
                    progress: Some(&count),
                    ..Build::default()
                };
                Model::of(&toy(), &build).unwrap();
            });
        }
    });
    assert_eq!(*compiled.lock().unwrap(), 1);
    let files = std::fs::read_dir(directory.path()).unwrap();
    let names: Vec<String> =
        files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(names.len(), 2, "the model and its lock: {names:?}");
}

#[test]
fn a_build_that_is_stopped_leaves_nothing() {
    if !has_verilog_tool("verilator") {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let stop = AtomicBool::new(false);
    let raise = |progress| {
        if matches!(progress, Progress::Compiling { .. }) {
            stop.store(true, std::sync::atomic::Ordering::Relaxed);
        }
    };
    let build = Build {
        cache: Some(directory.path()),
        progress: Some(&raise),
        stop: Some(&stop),
        ..Build::default()
    };
    let error = Model::of(&toy(), &build).unwrap_err();
    assert!(matches!(error, RtlError::Interrupted), "{error}");
    let files = std::fs::read_dir(directory.path()).unwrap();
    let left: Vec<_> = files.map(|file| file.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| name.to_str().unwrap().ends_with(".lock")), "{left:?}");
}
