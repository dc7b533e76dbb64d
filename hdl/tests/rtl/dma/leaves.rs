//! Every block is the same in RustHDL's simulation and in Verilog, whatever comes in.

use crate::support::Random;
use crate::trace::{Cycle, Replay, Traced, settle, traced};
use crate::verilog::has_verilog_tool;
use satkit_hdl::dma::{Asked, Book, FirstFault, Give, InOrder, Outlet, ReadPort, Steer, WritePort};
use satkit_hdl::emit::emit;

traced!(Outlet<36>, [reset push data ready], [room valid offer]);
traced!(
    ReadPort,
    [reset push request arready rvalid rresp rlast order_room order_holds order_head],
    [room arvalid araddr arlen order_pop client_valid error fault fault_address busy]
);
traced!(
    WritePort,
    [reset push request awready beat_leaves bvalid bresp order_room data_holds data_head response_holds response_head],
    [room awvalid awaddr awlen data_pop response_pop pull pull_last client_done error fault fault_address busy]
);
traced!(
    FirstFault,
    [clear read_refused read_address write_refused write_address reads read_addresses writes write_addresses],
    [fault address]
);
traced!(
    InOrder,
    [reset beats taken order_holds order_head comes holds ready],
    [held order_pop push pop master direct gives given given_last idle]
);
traced!(
    Give,
    [master direct gives comes_0 comes_1 comes_2 comes_3 holds_0 holds_1 holds_2 holds_3],
    [beat]
);
traced!(Steer, [reset step head], [pop rings word moved]);
traced!(Asked, [reset masters count], [total]);
traced!(
    Book,
    [reset capacity beats opens read_holds read_head moved written_holds written_head responses],
    [room arrived written_pop]
);

pub(crate) fn agrees<U: Traced>() {
    let design = emit("leaf", U::default);
    let ports = design.ports();
    let width = |name: &&str| ports.iter().find(|port| port.name == *name).unwrap().width;
    let widths: Vec<usize> = U::INPUTS.iter().map(width).collect();
    let mut random = Random(1);
    let mut block = Box::new(U::default());
    block.connect_all();
    let cycles: Vec<Cycle> = (0..2_000)
        .map(|_| {
            let mut inputs = Vec::new();
            for (name, &width) in U::INPUTS.iter().zip(&widths) {
                // Rare resets, and often numbers that are close to each other.
                let rare = matches!(*name, "reset" | "clear") && random.below(50) != 0;
                let small = random.below(2) == 0;
                for low in (0..width).step_by(32) {
                    let bits = (width - low).min(32);
                    let word = random.next() as u32 >> (32 - bits);
                    inputs.push(if rare {
                        0
                    } else if small {
                        word & 0x0000_6003
                    } else {
                        word
                    });
                }
            }
            block.drive(false, &inputs);
            settle(&mut *block);
            let mut cycle = Cycle::default();
            cycle.give_words(&inputs).expect_words(&block.observe());
            block.drive(true, &inputs);
            settle(&mut *block);
            cycle
        })
        .collect();
    let replay = Replay::build::<U>(&design);
    replay.check(|| cycles.iter().cloned(), cycles.len());
}

#[test]
fn blocks_in_rusthdl_and_in_verilog_agree() {
    if !has_verilog_tool("verilator") {
        return;
    }
    agrees::<Outlet<36>>();
    agrees::<ReadPort>();
    agrees::<WritePort>();
    agrees::<FirstFault>();
    agrees::<InOrder>();
    agrees::<Give>();
    agrees::<Steer>();
    agrees::<Asked>();
    agrees::<Book>();
}
