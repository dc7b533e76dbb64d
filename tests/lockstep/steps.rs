//! Whole steps of training: each instruction of the program, and each request, is the model's.

use crate::given::{card, in_lockstep};
use satkit_host::network::Network;
use satkit_host::step::{StepSettings, network_step};
use satkit_memory::MemoryModel;
use satkit_plan::layout::BEAT_BYTES;
use satkit_plan::step::compile;
use satkit_plan::{DataflowChoice, Scheduler};
use satkit_spec::isa::{Instruction, Operation, Reads, Tensors, VectorOp, Writes, scalar};
use satkit_spec::{ArrayConfig, Method, Sparsity};
use satkit_transport::{Card, DmaBuf};

/// Beats from where programs lie to this one, behind all tensors.
const BEHIND: u64 = 1 << 20;

/// A step of a network with zeros in all tensors, all of it in OS, as LD.A does not load WU in WS yet.
fn step_in_lockstep(config: &ArrayConfig, network: &str, method: Method, batch: usize) {
    let dram = MemoryModel::ddr4();
    let Some(card) = card(config, dram) else { return };
    let network = Network::named(network).unwrap();
    let settings = StepSettings::new(batch, method, Sparsity::TWO_OF_EIGHT);
    let step = network_step(&network, &settings).unwrap();
    let scheduler = Scheduler::new(config, DataflowChoice::Os).unwrap();
    let planned = compile(&step.work, &scheduler, &|_| {}).unwrap();
    let bytes = planned.addresses.iter().max().unwrap() + (1 << 20);
    assert!(bytes < BEHIND * BEAT_BYTES, "tensors of {bytes} bytes");
    let mut memory = vec![0; bytes as usize];
    let mut numbers = [0.0_f32; scalar::COUNT];
    numbers[scalar::LOSS_SCALE] = 1024.0;
    let at = planned.addresses[step.io.numbers.0] as usize;
    for (bytes, number) in memory[at..].chunks_exact_mut(4).zip(numbers) {
        bytes.copy_from_slice(&number.to_le_bytes());
    }
    card.h2c(0, 0, &DmaBuf::copy_of(&memory)).unwrap();
    let program = without_batch_norm(planned.program.instructions());
    println!("{} instructions", program.len());
    in_lockstep(&card, config, &dram, program, BEHIND).unwrap();
}

/// A program with additions instead of batch norm, which VE has not: forwards of the input and itself, backwards of the input and the gradient.
fn without_batch_norm(program: &[Instruction]) -> Vec<Instruction> {
    let mut out: Vec<Instruction> = Vec::new();
    for &instruction in program {
        let mut added = instruction;
        match &mut added.operation {
            // Sums alone, of the last READS and WRITES.
            Operation::Vector(vector) if vector.op == VectorOp::BatchNormBackwardSums => {
                assert!(instruction.wait.is_empty() && instruction.post.is_empty());
                out.truncate(out.len() - 2);
                continue;
            }
            Operation::Vector(vector)
                if [VectorOp::BatchNormApply, VectorOp::BatchNormBackwardApply]
                    .contains(&vector.op) =>
            {
                let forwards = vector.op == VectorOp::BatchNormApply;
                vector.op = VectorOp::Add;
                let last = out.len() - 6;
                for kept in &mut out[last..] {
                    match &mut kept.operation {
                        Operation::Tensors(Tensors { a, b, .. }) if forwards => *b = *a,
                        Operation::Reads(Reads {
                            first,
                            first_beats,
                            second,
                            second_beats,
                            ..
                        }) if forwards => (*second, *second_beats) = (*first, *first_beats),
                        Operation::Writes(Writes { second_beats, third_beats, .. })
                            if !forwards =>
                        {
                            (*second_beats, *third_beats) = (0, 0);
                        }
                        _ => {}
                    }
                }
            }
            _ => {}
        }
        out.push(added);
    }
    out
}

#[test]
fn a_step_of_digits_mlp_is_that_of_the_model() {
    step_in_lockstep(&ArrayConfig::tiny(), "digits-mlp", Method::Bdwp, 4);
    step_in_lockstep(&ArrayConfig::small(), "digits-mlp", Method::Bdwp, 32);
    step_in_lockstep(&ArrayConfig::small(), "digits-mlp", Method::Dense, 8);
}

#[test]
fn a_step_of_digits_cnn_is_that_of_the_model_but_for_batch_norm() {
    step_in_lockstep(&ArrayConfig::tiny(), "digits-cnn", Method::Bdwp, 2);
    step_in_lockstep(&ArrayConfig::small(), "digits-cnn", Method::Bdwp, 4);
}

#[test]
#[ignore = "compiles the 32 x 32 accelerator, which takes many minutes"]
fn steps_on_the_vcu1525_are_those_of_the_model() {
    step_in_lockstep(&ArrayConfig::vcu1525(), "digits-mlp", Method::Bdwp, 32);
    step_in_lockstep(&ArrayConfig::vcu1525(), "digits-cnn", Method::Bdwp, 32);
}
