//! What is in a step: multiply-accumulates, tensors, compact operands.

use super::given::{LARGE, bdwp, networks};
use satkit_host::network::{MacKind, Network};
use satkit_host::step::{StepSettings, network_step};
use satkit_plan::layout;
use satkit_plan::step::{StepOperation, StepWork, Stream, TensorId};
use satkit_spec::{Method, Sparsity, Stage};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Tensors that an operation reads and writes.
fn tensors(operation: &StepOperation) -> (Vec<TensorId>, Vec<TensorId>) {
    let all = |streams: &[Stream]| streams.iter().map(|stream| stream.tensor).collect();
    match operation {
        StepOperation::Mac(mac) => {
            let edge = [mac.edge.add, mac.edge.mask, mac.edge.products].into_iter().flatten();
            let values = mac.values.unwrap_or_default();
            let reads = [mac.a, mac.w].into_iter().chain(edge).chain(values.bias);
            (reads.collect(), [mac.out].into_iter().chain(values.bias_gradient).collect())
        }
        StepOperation::Products(p) => (vec![p.a.tensor, p.w.tensor], vec![p.out.tensor]),
        StepOperation::Vector(vector) => {
            let mut reads: Vec<TensorId> = all(&vector.reads);
            if let Some(values) = &vector.values {
                let vectors = [values.scalars, values.first, values.second, values.running];
                reads.extend(vectors.into_iter().flatten());
            }
            // Channels are made of sums of what they wait for.
            if vector.op.is_by_channels() {
                reads.extend(&vector.barrier);
            }
            (reads, all(&vector.writes))
        }
        StepOperation::Update(update) => {
            let made =
                [update.ff, update.bp].into_iter().flatten().map(|(stream, _)| stream.tensor);
            let master = update.master.tensor;
            let numbers = update.values.map(|values| values.scalars);
            let reads = [master, update.gradient.tensor].into_iter().chain(numbers);
            (reads.collect(), made.chain([master]).collect())
        }
        StepOperation::Prune(prune) => (vec![prune.from.tensor], vec![prune.to.tensor]),
    }
}

/// Checks a step's tensors; `given` says which ones no operation needs to write before they are read.
pub(super) fn check_tensors(work: &StepWork, given: impl Fn(&str) -> bool) {
    let mut writes = vec![0; work.tensors.len()];
    let mut used = vec![false; work.tensors.len()];
    for operation in &work.operations {
        let (read, written) = tensors(operation);
        for tensor in &read {
            let name = &work.tensors[tensor.0].name;
            assert!(writes[tensor.0] > 0 || given(name), "{}: {name}", operation.name());
        }
        written.iter().for_each(|tensor| writes[tensor.0] += 1);
        read.iter().chain(&written).for_each(|tensor| used[tensor.0] = true);
        let check = |stream: &Stream| {
            let tensor = &work.tensors[stream.tensor.0];
            assert!(stream.bytes > 0 && stream.bytes <= tensor.bytes, "{}", tensor.name);
        };
        if let StepOperation::Vector(vector) = operation {
            let (reads, writes) = (vector.reads.len(), vector.writes.len());
            assert!(vector.elements > 0 && (1..=3).contains(&reads) && writes <= 3);
            vector.reads.iter().chain(&vector.writes).for_each(check);
            assert!(vector.barrier.iter().all(|tensor| read.contains(tensor)));
        }
    }
    for (index, tensor) in work.tensors.iter().enumerate() {
        assert!(writes[index] <= 1 || tensor.name.ends_with("qkv.d"), "{}", tensor.name);
        assert!(used[index] != (tensor.bytes == 0), "{}", tensor.name);
        assert!(tensor.bytes < layout::CARD_BYTES, "{}: {}", tensor.name, tensor.bytes);
    }
}

#[test]
fn every_tensor_that_is_read_is_there() {
    for network in networks() {
        let names: Vec<_> = network.parameters().iter().map(|spec| &spec.name).collect();
        for method in Method::ALL {
            for pregenerate in [true, false] {
                let settings = StepSettings {
                    pregenerate,
                    ..StepSettings::new(8, method, Sparsity::TWO_OF_EIGHT)
                };
                let work = network_step(&network, &settings).unwrap().work;
                check_tensors(&work, |name| {
                    let uploaded = ["input", "labels", "flatten", "patches", "numbers"];
                    let uploaded = uploaded.contains(&name) || name.starts_with("running ");
                    let weights = [".ff", ".bp", ".unpruned", ".master"];
                    // The sums of a bias gradient that a drain took.
                    let summed = name.ends_with(".bias.gradient");
                    let parameter = names.iter().any(|other| *other == name);
                    uploaded || summed || parameter || weights.iter().any(|w| name.ends_with(w))
                });
            }
        }
    }
}

#[test]
fn multiply_accumulates_are_those_of_the_tables() {
    for (name, _) in LARGE {
        let start = Instant::now();
        let network = Network::named(name).unwrap();
        let batch = 256;
        let step = network_step(&network, &bdwp(batch)).unwrap();
        assert!(start.elapsed() < Duration::from_secs(2), "{name}: {:?}", start.elapsed());
        let mut expected = 0;
        for (index, row) in network.mac_rows().iter().enumerate() {
            expected += match row.kind {
                MacKind::Conv(shape) | MacKind::Linear(shape) => {
                    let bp = if index == 0 { 0 } else { shape.dense_macs(Stage::Bp) };
                    shape.dense_macs(Stage::Ff) + bp + shape.dense_macs(Stage::Wu)
                }
                MacKind::Matmul { .. } => 3 * row.macs(),
            };
        }
        assert_eq!(step.work.dense_macs(), expected * batch as u64, "{name}");
        let bytes: u64 = step.work.tensors.iter().map(|tensor| tensor.bytes).sum();
        println!(
            "{}: {} operations, {} tensors, {} MB",
            step.work.title,
            step.work.operations.len(),
            step.work.tensors.len(),
            bytes >> 20
        );
    }
}

#[test]
fn compact_operands_are_those_of_the_method() {
    for network in networks() {
        let layers: BTreeMap<_, _> =
            network.layers().iter().map(|layer| (layer.name.as_str(), layer)).collect();
        for method in Method::ALL {
            for pregenerate in [true, false] {
                let settings = StepSettings {
                    pregenerate,
                    ..StepSettings::new(4, method, Sparsity::TWO_OF_EIGHT)
                };
                let work = network_step(&network, &settings).unwrap().work;
                let mut prunes = 0;
                for operation in &work.operations {
                    match operation {
                        StepOperation::Mac(mac) => {
                            let layer = layers[mac.name.as_str()];
                            let eights =
                                |channels: usize| layer.prunable && channels.is_multiple_of(8);
                            let (ff, bp) = match method {
                                Method::Dense | Method::Sdgp => (false, false),
                                Method::Srste => (true, false),
                                Method::Sdwp => (false, true),
                                Method::Bdwp => (true, true),
                            };
                            let compact = match mac.stage.stage {
                                Stage::Ff => ff && eights(layer.shape.ci),
                                Stage::Bp => bp && eights(layer.shape.co),
                                Stage::Wu => false,
                            };
                            assert_eq!(mac.stage.sparsity != Sparsity::DENSE, compact);
                            if mac.stage.stage != Stage::Wu {
                                let bytes = layout::weight_bytes(&mac.stage);
                                assert_eq!(work.tensors[mac.w.0].bytes, bytes, "{}", mac.name);
                            }
                        }
                        StepOperation::Update(update) if !pregenerate => {
                            let made = [update.ff, update.bp].into_iter().flatten();
                            assert!(made.into_iter().all(|(_, s)| s == Sparsity::DENSE));
                        }
                        StepOperation::Prune(_) => prunes += 1,
                        _ => {}
                    }
                }
                let pruned = network.layers().iter().filter(|layer| layer.prunable);
                let stages: usize = pruned
                    .map(|layer| {
                        let by = |channels: usize| usize::from(channels.is_multiple_of(8));
                        let (ci, co) = (by(layer.shape.ci), by(layer.shape.co));
                        match method {
                            Method::Dense | Method::Sdgp => 0,
                            Method::Srste => 2 * ci,
                            Method::Sdwp => co,
                            Method::Bdwp => ci + co,
                        }
                    })
                    .sum();
                assert_eq!(prunes, if pregenerate { 0 } else { stages }, "{}", network.name());
            }
        }
    }
}
