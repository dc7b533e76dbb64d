//! The blocks with state in RustHDL's simulation and as Verilog: the same outputs in every cycle of random inputs.

use crate::support::{Random, replay};
use crate::trace::{Cycle, Traced, recorded, traced};
use crate::verilog::has_verilog_tool;
use satkit_hdl::emit::emit;
use satkit_hdl::front::dispatch::{Dispatch, WalkLimit};
use satkit_hdl::front::fetch::{Arrivals, Fetch};
use satkit_hdl::front::lite::LitePort;
use satkit_hdl::front::queue::{Ledger, Queue};
use satkit_hdl::front::retire::Progress;
use satkit_hdl::front::run::Run;
use satkit_hdl::front::semaphores::{Taken, Tokens};
use satkit_hdl::front::word::{Control, Holds, Pair, Status};

const COUNT: usize = 4_000;

traced!(
    Fetch,
    [load first_beat program_beats frees freed_beats ar_valid ar_beats ar_ready],
    [next_beat beats_left held_beats]
);
traced!(
    Arrivals,
    [load first_beat last_beat port other_ports arrives frees],
    [place complete]
);
traced!(
    Dispatch,
    [load first_beat length runs complete queues full],
    [place upper takes index frees freed_beats all]
);
traced!(WalkLimit, [load walk mm most checks opcode], [exceeds]);
traced!(
    LitePort,
    [reset hold awaddr awvalid wdata wstrb wvalid bready araddr arvalid rready read_data],
    [awready wready bresp bvalid arready rdata rresp rvalid
     write write_word write_data write_mask read read_word]
);
traced!(Queue, [clear depth dispatched arrives ready], [full valid write read]);
traced!(Ledger, [clear arrives start early ends], [write early_read read open runs]);
traced!(
    Progress,
    [load runs fault kept ends watchdog_cycles],
    [retired cycle last_end fires]
);
traced!(
    Run,
    [reset start cancel resetting program_address length most memory_bytes
     done_bit illegal_bit axi_bit watchdog_bit cancelled_bit not_finite_bit
     complete running dma_idle faulty fault fault_axi fault_index fault_address watchdog oldest cycle last_end not_finite],
    [load runs stops stop flush busy reset_done raised shown_index shown_address shown_cycles]
);
traced!(Tokens, [clear initial_count post take], [empty]);
traced!(Taken, [clear stop takes waits empty start], [go starts taken]);
traced!(Holds, [clear word has write write_word write_data write_mask], [value]);
traced!(Pair, [reset low high read read_word value], [shown]);
traced!(
    Status,
    [clear word write write_word write_data write_mask raised enable],
    [value signals]
);
traced!(
    Control,
    [reset word start_bit cancel_bit reset_bit write write_word write_data write_mask reset_done],
    [start cancel resetting]
);

/// Random inputs: small numbers, few bits, or anything, so that comparisons and counters see their ends.
fn stimulus(widths: Vec<usize>) -> impl Iterator<Item = Cycle> {
    let mut random = Random(5);
    std::iter::repeat_with(move || {
        let mut cycle = Cycle::default();
        for &width in &widths {
            let most = u64::MAX >> (64 - width);
            let value = match random.below(4) {
                0 | 1 => random.below(3),
                2 => random.next() & random.next() & random.next(),
                _ => random.next(),
            };
            cycle.give(width, value & most);
        }
        cycle
    })
}

/// The values of ports, each of one or two words.
fn values(words: &[u32], widths: &[usize]) -> Vec<u64> {
    let mut words = words.iter();
    let mut next = || u64::from(*words.next().unwrap());
    widths.iter().map(|width| next() | if *width > 32 { next() << 32 } else { 0 }).collect()
}

fn same<U: Traced>(name: &str) {
    let design = emit(name, U::default);
    let ports = design.ports();
    let with_widths = |names: &[&'static str]| -> Vec<(&'static str, usize)> {
        let width = |name: &str| ports.iter().find(|port| port.name == name).unwrap().width;
        names.iter().map(|&name| (name, width(name))).collect()
    };
    let (inputs, outputs) = (with_widths(U::INPUTS), with_widths(U::OUTPUTS));
    let widths = |ports: &[(&str, usize)]| ports.iter().map(|port| port.1).collect::<Vec<_>>();
    let cycles = recorded::<U>(stimulus(widths(&inputs)).take(COUNT));
    let rows: Vec<_> = cycles.iter().map(|c| values(c.inputs(), &widths(&inputs))).collect();
    let due: Vec<_> = cycles.iter().map(|c| values(c.expected(), &widths(&outputs))).collect();
    let verdict = replay(&design, &inputs, &outputs, true, &rows, &due);
    assert_eq!(verdict, format!("0 of {COUNT} wrong"), "{name}");
}

/// One test per group of blocks.
macro_rules! same {
    ($($test:ident: $($block:ident $name:literal),*;)*) => { $(
        #[test]
        fn $test() {
            if has_verilog_tool("iverilog") {
                $( same::<$block>($name); )*
            }
        }
    )* };
}

same! {
    fetch_and_dispatch_are_what_they_are_in_rust: Fetch "fetch", Arrivals "arrivals", Dispatch "dispatch", WalkLimit "walk_limit";
    queues_are_what_they_are_in_rust: Queue "queue", Ledger "ledger", Tokens "tokens", Taken "front_taken";
    the_run_is_what_it_is_in_rust: Progress "progress", Run "run";
    the_window_is_what_it_is_in_rust: LitePort "lite_port", Holds "holds", Pair "pair", Status "status", Control "control";
}
