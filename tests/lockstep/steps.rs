//! Whole steps of training: each instruction of the program, and each request, is the model's.

use crate::given::{card, in_lockstep};
use satkit_host::network::Network;
use satkit_host::step::{StepSettings, network_step};
use satkit_memory::MemoryModel;
use satkit_plan::layout::BEAT_BYTES;
use satkit_plan::step::compile;
use satkit_plan::{DataflowChoice, Scheduler};
use satkit_spec::isa::{Instruction, scalar};
use satkit_spec::{ArrayConfig, Method, Sparsity};
use satkit_transport::{Card, DmaBuf};

/// Beats from where programs lie to this one, behind all tensors.
pub(crate) const BEHIND: u64 = 1 << 20;

/// The program of a step of a network, all of it in OS, as LD.A does not load WU in WS yet; and what lies from address 0 on: zeros in all
/// tensors, and the step's numbers.
pub(crate) fn step(
    config: &ArrayConfig,
    network: &str,
    method: Method,
    batch: usize,
) -> (Vec<Instruction>, Vec<u8>) {
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
    (planned.program.instructions().to_vec(), memory)
}

fn step_in_lockstep(config: &ArrayConfig, network: &str, method: Method, batch: usize) {
    let dram = MemoryModel::ddr4();
    let Some(card) = card(config, dram) else { return };
    let (program, memory) = step(config, network, method, batch);
    card.h2c(0, 0, &DmaBuf::copy_of(&memory)).unwrap();
    println!("{} instructions", program.len());
    in_lockstep(&card, config, &dram, program, BEHIND).unwrap();
}

#[test]
fn a_step_of_digits_mlp_is_that_of_the_model() {
    step_in_lockstep(&ArrayConfig::tiny(), "digits-mlp", Method::Bdwp, 4);
    step_in_lockstep(&ArrayConfig::small(), "digits-mlp", Method::Bdwp, 32);
    step_in_lockstep(&ArrayConfig::small(), "digits-mlp", Method::Dense, 8);
}

#[test]
fn a_step_of_digits_cnn_is_that_of_the_model() {
    step_in_lockstep(&ArrayConfig::tiny(), "digits-cnn", Method::Bdwp, 2);
    step_in_lockstep(&ArrayConfig::small(), "digits-cnn", Method::Bdwp, 8);
    step_in_lockstep(&ArrayConfig::small(), "digits-cnn", Method::Dense, 4);
}

#[test]
#[ignore = "compiles the 32 x 32 accelerator, which takes many minutes"]
fn steps_on_the_vcu1525_are_those_of_the_model() {
    step_in_lockstep(&ArrayConfig::vcu1525(), "digits-mlp", Method::Bdwp, 32);
    step_in_lockstep(&ArrayConfig::vcu1525(), "digits-cnn", Method::Bdwp, 32);
}
