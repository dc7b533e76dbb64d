//! A step that may use both dataflows is no slower than with either alone.

use super::super::StepWork;
use super::{compile, work};
use crate::given::config;
use crate::{DataflowChoice, NoObserver, Scheduler, time_with};
use proptest::prelude::*;
use satkit_memory::MemoryModel;
use satkit_spec::{ArrayConfig, ConvShape, Sparsity};

fn cycles(
    config: &ArrayConfig,
    work: &StepWork,
    choice: DataflowChoice,
    memory: &MemoryModel,
) -> u64 {
    let scheduler = Scheduler::new(config, choice).unwrap().with_memory(*memory);
    let step = compile(work, &scheduler, &|_: &str| ()).unwrap();
    time_with(config, &step.program, memory, &mut NoObserver).unwrap().cycles
}

proptest! {
    #![proptest_config(config(48))]

    #[test]
    fn auto_is_no_slower_than_either_dataflow(
        batch in 1_usize..9, channels in (1_usize..9, 1_usize..5, 1_usize..5), side in 3_usize..12,
        kernels in (1_usize..4, 1_usize..4), edges in any::<(bool, bool)>(), sparse in any::<bool>(),
        direct in any::<bool>(), ddr4 in any::<bool>(), at in 0_usize..3,
    ) {
        let (ci, middle, co) = (channels.0 * 8, channels.1 * 16, channels.2 * 16);
        let first =
            ConvShape::new(batch, ci, (side, side), middle, (kernels.0, kernels.0), 1, kernels.0 / 2).unwrap();
        let sides = (first.out_h(), first.out_w());
        let second =
            ConvShape::new(batch, middle, sides, co, (kernels.1, kernels.1), 1, kernels.1 / 2).unwrap();
        let sparsity = if sparse { Sparsity::TWO_OF_EIGHT } else { Sparsity::DENSE };
        let work = work(first, second, sparsity, edges, direct);
        let memory: MemoryModel = if ddr4 { "ddr4" } else { "pool" }.parse().unwrap();
        let config = [ArrayConfig::tiny(), ArrayConfig::small(), ArrayConfig::vcu1525()][at].clone();
        let [auto, ws, os] = DataflowChoice::ALL.map(|choice| cycles(&config, &work, choice, &memory));
        prop_assert!(auto <= ws.min(os), "{}: auto {auto}, ws {ws}, os {os}", config.name);
    }
}
