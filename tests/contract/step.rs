//! Whole training steps as programs: the cycles that training books are those of the program timed on its own, the loop must
//! do what the program stands for, and what a row says adds up.

#[path = "step/deviating.rs"]
mod deviating;

use deviating::{Deviating, Deviation};
use satkit::backend::SimBackend;
use satkit_host::HostError;
use satkit_host::backend::{Backend, StepCycles};
use satkit_host::data::Dataset;
use satkit_host::network::{Network, Op};
use satkit_host::step::{StepSettings, network_step};
use satkit_host::train::{
    EpochRecord, LossScale, Observer, Operations, RunLength, StepEvent, TrainSettings, Trainer,
};
use satkit_memory::MemoryModel;
use satkit_plan::step::{Step, StepOperation, StepReport, StepWork, compile};
use satkit_plan::{
    DataflowChoice, NoObserver, ProgramFile, Retired, Scheduler, SectionTiming, Timing, assemble,
    disassemble, layout, time_with,
};
use satkit_spec::isa::Instruction;
use satkit_spec::{ArrayConfig, Method, Sparsity, Stage};
use std::path::Path;
use std::sync::atomic::AtomicBool;

const BDWP: StepSettings = StepSettings::new(1, Method::Bdwp, Sparsity::TWO_OF_EIGHT);

fn work_of(name: &str, settings: StepSettings) -> StepWork {
    network_step(&Network::named(name).unwrap(), &settings).unwrap().work
}

fn planned(work: &StepWork) -> Step {
    let scheduler = Scheduler::new(&ArrayConfig::vcu1525(), DataflowChoice::Auto).unwrap();
    compile(work, &scheduler, &|_| {}).unwrap()
}

fn timed(step: &Step, memory: &MemoryModel) -> Timing {
    time_with(&ArrayConfig::vcu1525(), &step.program, memory, &mut NoObserver).unwrap()
}

/// Keeps the cycles of each step.
#[derive(Default)]
struct Steps(Vec<(bool, StepCycles)>);

impl Observer for Steps {
    fn step(&mut self, event: &StepEvent) {
        self.0.push((event.skipped, event.cycles));
    }

    fn epoch(&mut self, _: &EpochRecord) {}

    fn saved(&mut self, _: &Path) {}
}

fn sim(settings: &TrainSettings) -> SimBackend {
    let (method, sparsity) = (settings.method, settings.sparsity);
    SimBackend::new(ArrayConfig::vcu1525(), DataflowChoice::Auto, method, sparsity).unwrap()
}

fn settings(batch: usize, method: Method, sparsity: Sparsity, steps: u64) -> TrainSettings {
    let length = RunLength::Steps(steps);
    TrainSettings { method, sparsity, length, batch, ..TrainSettings::default() }
}

fn train<B: Backend>(
    network: &Network,
    settings: TrainSettings,
    backend: B,
) -> Result<(Vec<(bool, StepCycles)>, StepCycles), HostError> {
    let data = Dataset::random(network, 4 * settings.batch, 4, 3);
    let mut steps = Steps::default();
    let mut trainer = Trainer::new(network, &data, settings, Operations::new(backend, network))?;
    let report = trainer.run(&mut steps, &AtomicBool::new(false), None)?;
    Ok((steps.0, report.cycles))
}

#[test]
fn training_books_the_cycles_of_the_program_timed_alone() {
    let memory = MemoryModel::default();
    for name in ["digits-cnn", "digits-mlp"] {
        let network = Network::named(name).unwrap();
        for (method, sparsity) in
            [(Method::Dense, Sparsity::DENSE), (Method::Bdwp, Sparsity::TWO_OF_EIGHT)]
        {
            let step = planned(&work_of(name, StepSettings::new(8, method, sparsity)));
            let timing = timed(&step, &memory);
            let alone = StepCycles::of(&timing, &step.program);
            let sections: u64 = timing.sections.iter().map(|section| section.cycles).sum();
            assert_eq!(
                (sections, alone.total()),
                (timing.cycles, timing.cycles),
                "{name} {method}"
            );
            for steps in [1, 3] {
                let settings = settings(8, method, sparsity, steps);
                let (each, all) = train(&network, settings, sim(&settings)).unwrap();
                assert_eq!(each, vec![(false, alone); steps as usize], "{name} {method}");
                assert_eq!(all.total(), steps * timing.cycles, "{name} {method}");
            }
        }
    }
}

/// A loss scale so large that the first gradients overflow: their updates are skipped, and cost nothing.
#[test]
fn a_skipped_step_costs_the_program_without_updates() {
    let network = Network::named("digits-cnn").unwrap();
    let settings = TrainSettings {
        loss_scale: LossScale::Dynamic,
        learning_rate: 0.01,
        ..settings(8, Method::Bdwp, Sparsity::TWO_OF_EIGHT, 2)
    };
    let (each, _) = train(&network, settings, sim(&settings)).unwrap();
    let mut work = work_of("digits-cnn", StepSettings { batch: 8, ..BDWP });
    let whole = planned(&work);
    work.operations.retain(|operation| !matches!(operation, StepOperation::Update(_)));
    let without = planned(&work);
    let of = |step: &Step| StepCycles::of(&timed(step, &MemoryModel::default()), &step.program);
    assert_eq!(of(&without).update, 0);
    for (skipped, cycles) in each {
        assert_eq!(cycles, if skipped { of(&without) } else { of(&whole) });
    }
    // Whatever the loss scale does to a run of this length, the backend alone says the same.
    let deviating = Deviating::new(sim(&settings), Deviation::NothingIsFinite);
    let (each, _) = train(&network, settings, deviating).unwrap();
    assert_eq!(each, [(true, of(&without)); 2]);
}

#[test]
fn a_step_that_is_not_the_program_s_is_refused() {
    let network = Network::named("digits-cnn").unwrap();
    let settings = settings(8, Method::Bdwp, Sparsity::TWO_OF_EIGHT, 1);
    let run = |deviation| train(&network, settings, Deviating::new(sim(&settings), deviation));
    assert!(run(Deviation::None).is_ok());
    let other = || Network::named_for("digits-cnn", [1, 16, 16]).unwrap();
    for (deviation, words) in [
        (Deviation::ExtraAdd, &["not the planned one", "Add"][..]),
        (Deviation::ExtraBackward, &["not the planned one", "Wu"]),
        (Deviation::MissingUpdate, &["not the planned one", "Update"]),
        (Deviation::MissingBias, &["not the planned one", "BiasGradient"]),
        (Deviation::Prepared(Box::new(other()), 8), &["not in the step's program"]),
        (Deviation::Prepared(Box::new(network.clone()), 9), &["not in the step's program"]),
        (Deviation::Unprepared, &["without its program"]),
    ] {
        let what = format!("{deviation:?}");
        let error = run(deviation).map(|_| ()).expect_err(&what);
        let text = std::iter::successors(Some(&error as &dyn std::error::Error), |e| e.source())
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(": ");
        for word in words {
            assert!(text.contains(word), "{what}: {word:?} is not in {text}");
        }
    }
}

/// MACs of a training step by the contract: N/M of what a stage would do densely where its weights are pruned.
fn expected_macs(network: &Network, batch: usize, sparsity: Sparsity) -> (u64, u64) {
    let (n, m) = (sparsity.n() as u64, sparsity.m());
    let (mut dense, mut useful) = (0, 0);
    for layer in network.mac_layers(batch).unwrap() {
        let shape = layer.shape;
        let mut add = |stage, channels: usize, weights_are_pruned: bool| {
            let macs = shape.dense_macs(stage);
            let prunes = weights_are_pruned && layer.prunable && channels.is_multiple_of(m);
            dense += macs;
            useful += if prunes { macs / m as u64 * n } else { macs };
        };
        add(Stage::Ff, shape.ci, true);
        add(Stage::Wu, shape.ci, false);
        if !layer.is_first {
            add(Stage::Bp, shape.co, true);
        }
    }
    for node in network.nodes() {
        if let Op::Attention { .. } = node.op {
            let [tokens, width] = node.shape[..] else { panic!("tokens") };
            // Q.K^T and P.V forward, four products backward; the heads' widths add up to that of the output.
            let products = 6 * (batch * tokens * tokens * width) as u64;
            (dense, useful) = (dense + products, useful + products);
        }
    }
    (dense, useful)
}

/// Bytes that a section cannot do without, read and written.
fn compulsory(operation: &StepOperation) -> (u64, u64) {
    match operation {
        StepOperation::Mac(mac) => {
            let shape = &mac.stage.shape;
            match mac.stage.stage {
                Stage::Ff => (layout::weight_bytes(&mac.stage), 2 * shape.y_len() as u64),
                Stage::Bp => (layout::weight_bytes(&mac.stage), 2 * shape.x_len() as u64),
                Stage::Wu => (2 * shape.y_len() as u64, 4 * shape.w_len() as u64),
            }
        }
        StepOperation::Products(products) => {
            let shape = &products.stage.shape;
            let groups = products.groups as u64;
            let [x, w, y] = [shape.x_len(), shape.w_len(), shape.y_len()].map(|n| 2 * n as u64);
            match products.stage.stage {
                Stage::Wu => (groups * (x + y), groups * w),
                _ => (groups * (x + w), groups * y),
            }
        }
        StepOperation::Vector(vector) => {
            let sum = |streams: &[satkit_plan::step::Stream]| streams.iter().map(|s| s.bytes).sum();
            (sum(&vector.reads), sum(&vector.writes))
        }
        StepOperation::Update(update) => (12 * update.parameters, 8 * update.parameters),
        StepOperation::Prune(prune) => (2 * prune.parameters, prune.to.bytes),
    }
}

fn check_network(name: &str, batch: usize) {
    let network = Network::named(name).unwrap();
    let config = ArrayConfig::vcu1525();
    for pregenerate in [true, false] {
        let settings = StepSettings { batch, pregenerate, ..BDWP };
        let work = work_of(name, settings);
        let step = planned(&work);
        let timing = timed(&step, &MemoryModel::default());
        let report = StepReport::new(&config, &step, &timing);
        let (dense, useful) = expected_macs(&network, batch, settings.sparsity);
        assert_eq!((report.dense_macs, report.useful_macs), (dense, useful), "{name}");
        assert_eq!(report.total_cycles, report.layers.iter().map(|row| row.cycles).sum::<u64>());
        assert_eq!(
            report.useful_macs,
            report.layers.iter().map(|row| row.useful_macs).sum::<u64>()
        );
        let bytes = report.layers.iter().map(|row| row.dram_read_bytes + row.dram_write_bytes);
        assert_eq!(report.dram_bytes, bytes.sum::<u64>(), "{name}");
        assert_eq!(report.layers.len(), work.operations.len());
        assert!(0.0 < report.utilization && report.utilization <= 1.0, "{name}");
        assert!(report.card_bytes <= layout::CARD_BYTES, "{name}");
        for (row, operation) in report.layers.iter().zip(&work.operations) {
            assert_eq!(row.name, operation.name());
            assert!((0.0..=1.0).contains(&row.utilization), "{name}: {row:?}");
            assert_eq!(row.useful_macs > 0, operation.dense_macs() > 0, "{name}: {row:?}");
            assert!(row.useful_macs == 0 || row.cycles > 0, "{name}: {row:?}");
            assert_eq!(row.useful_macs > 0, row.mapping.is_some(), "{name}: {row:?}");
            assert!(row.cycles <= row.span_cycles || row.useful_macs > 0, "{name}: {row:?}");
            let (read, write) = compulsory(operation);
            assert!(row.dram_read_bytes >= read, "{name}: {read} of {row:?}");
            assert!(row.dram_write_bytes >= write, "{name}: {write} of {row:?}");
        }
        for (index, instruction) in step.program.instructions().iter().enumerate() {
            let word = instruction.encode().unwrap();
            assert_eq!(Instruction::decode(&word).as_ref(), Ok(instruction), "{name} {index}");
        }
    }
}

#[test]
fn resnet9_adds_up() {
    check_network("resnet9", 4);
}

#[test]
fn vgg19_adds_up() {
    check_network("vgg19", 4);
}

#[test]
fn resnet18_adds_up() {
    check_network("resnet18", 2);
}

#[test]
fn resnet50_adds_up() {
    check_network("resnet50", 1);
}

#[test]
fn vit_adds_up() {
    check_network("vit", 2);
}

/// What is said of sections while a step is timed.
#[derive(Default)]
struct Sections(Vec<(usize, SectionTiming)>);

impl satkit_plan::Observer for Sections {
    fn retired(&mut self, _: &Retired) {}

    fn section(&mut self, index: usize, timing: &SectionTiming) {
        self.0.push((index, timing.clone()));
    }
}

#[test]
fn rows_are_final_when_they_appear() {
    let config = ArrayConfig::vcu1525();
    for (name, batch) in [("resnet9", 4), ("vit", 2), ("digits-mlp", 8), ("digits-cnn", 32)] {
        for pregenerate in [true, false] {
            let step = planned(&work_of(name, StepSettings { batch, pregenerate, ..BDWP }));
            for model in ["pool", "fixed", "ddr4", "pressure:seed=3", "pool:bandwidth=16"] {
                let mut seen = Sections::default();
                let memory: MemoryModel = model.parse().unwrap();
                let timing = time_with(&config, &step.program, &memory, &mut seen).unwrap();
                let ends: Vec<_> = seen.0.iter().map(|(_, timing)| timing.end_cycle).collect();
                assert!(ends.is_sorted(), "{name} {model}");
                seen.0.sort_by_key(|(index, _)| *index);
                assert_eq!(seen.0.len(), timing.sections.len(), "{name} {model}");
                for ((index, seen), section) in seen.0.iter().zip(&timing.sections) {
                    assert_eq!(seen, section, "{name} {model} {index}");
                }
            }
        }
    }
}

#[test]
fn equal_seeds_of_pressure_give_equal_totals() {
    let step = planned(&work_of("resnet9", StepSettings { batch: 2, ..BDWP }));
    let run = |text: &str| timed(&step, &text.parse().unwrap());
    let (first, again) = (run("pressure:seed=1"), run("pressure:seed=1"));
    assert_eq!(first, again);
    let other = run("pressure:seed=2");
    assert_ne!(first.cycles, other.cycles);
    assert_eq!(first.useful_macs, other.useful_macs);
    assert_eq!(first.dram_read_bytes, other.dram_read_bytes);
}

#[test]
fn programs_survive_files_and_listings() {
    for name in ["digits-cnn", "vit"] {
        let step = planned(&work_of(name, BDWP));
        let array = ArrayConfig::vcu1525();
        let expected = timed(&step, &MemoryModel::default());
        let file = ProgramFile { title: step.title, array, program: step.program };
        let mut bytes = Vec::new();
        file.write_to(&mut bytes).unwrap();
        let read = ProgramFile::read_from(&mut &bytes[..]).unwrap();
        assert_eq!(read, file);
        let lines: Vec<String> = disassemble(&read).collect();
        let assembled = assemble(&lines.join("\n")).unwrap();
        assert_eq!(assembled, file);
        let mut again = Vec::new();
        assembled.write_to(&mut again).unwrap();
        assert_eq!(again, bytes, "{name}");
        let memory = MemoryModel::default();
        let timing = time_with(&assembled.array, &assembled.program, &memory, &mut NoObserver);
        assert_eq!(timing.unwrap(), expected, "{name}");
    }
}
