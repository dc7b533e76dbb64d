//! Proofs of queue, semaphores and AXI4-Lite port, in all sequences of so many cycles from the start. What is proven stands in `formal_*.v`.

use crate::formal::{check, cycles};
use crate::verilog::has_verilog_tool;
use satkit_hdl::emit::{Design, Module, emit};
use satkit_hdl::front::lite::LitePort;
use satkit_hdl::front::queue::Queue;
use satkit_hdl::front::semaphores::{Taken, Tokens};

/// No instruction is lost or comes twice, none is taken that is not there, and there are never more than there are places.
#[test]
fn a_queue_keeps_what_it_is_given_in_order() {
    if has_verilog_tool("yosys") {
        let design = emit("queue", Queue::default);
        let spoilt = [("full = used$q >= depth;", "full = used$q > depth;")];
        check(&design, include_str!("formal_queue.v"), "", &cycles(14), 14, &spoilt);
    }
}

/// A semaphore is never taken below zero, and an instruction that has its tokens may start.
#[test]
fn a_semaphore_never_goes_below_zero() {
    if has_verilog_tool("yosys") {
        let wiring = Module { name: "both".into(), text: BOTH.into() };
        let parts = vec![emit("tokens", Tokens::default), emit("taken", Taken::default)];
        let design = Design::join("both", parts, vec![wiring]);
        let spoilt = [("count$d = initial_count;", "count$d = 26'h3;")];
        check(&design, include_str!("formal_semaphore.v"), "", &cycles(14), 14, &spoilt);
    }
}

/// Names the modules that the harness instantiates itself.
const BOTH: &str = "module both();\n    tokens a();\n    taken b();\nendmodule\n";

/// Every answer stays until it is taken, and belongs to what was asked.
#[test]
fn answers_stay_until_they_are_taken() {
    if has_verilog_tool("yosys") {
        let design = emit("lite_port", LitePort::default);
        let spoilt = [("bvalid = answers$q;", "bvalid = answers$q & ~bready;")];
        check(&design, include_str!("formal_lite.v"), "", &cycles(14), 14, &spoilt);
    }
}
