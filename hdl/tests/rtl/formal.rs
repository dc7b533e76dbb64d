//! Proofs with Yosys' SAT solver, on the Verilog that is emitted: of the controller's walks and MMs, of the update unit's
//! ping-pong, and of the registers towards AXI. What is proven stands in `formal_*.v`. Each proof also has to fail on a block that is spoilt.

use crate::support::prove;
use crate::verilog::has_verilog_tool;
use satkit_hdl::array::Controller;
use satkit_hdl::dma::Outlet;
use satkit_hdl::emit::{Design, emit};
use satkit_hdl::update::control::PingPong;

/// By induction over any number of cycles.
const INDUCTION: &str = "-tempinduct -maxsteps 8";

/// In all sequences of so many cycles from the start.
pub(crate) fn cycles(count: usize) -> String {
    format!("-tempinduct-baseonly -maxsteps {count}")
}

/// The proof holds, and does not for a text with one of these changes, within so many cycles.
pub(crate) fn check(
    design: &Design,
    harness: &str,
    defines: &str,
    way: &str,
    within: usize,
    spoilt: &[(&str, &str)],
) {
    let text = design.text();
    if let Err(output) = prove(&text, harness, defines, way) {
        panic!("{output}");
    }
    for (right, wrong) in spoilt {
        assert_eq!(text.matches(right).count(), 1, "{right}");
        let outcome = prove(&text.replace(right, wrong), harness, defines, &cycles(within));
        let output = outcome.expect_err(wrong);
        assert!(output.contains("proof did fail"), "{wrong}: {output}");
    }
}

/// At most 15 walks wait, and none is taken that is refused. An MM is taken when there is room, and starts once: not before it
/// is decoded, not without `go`.
#[test]
fn walks_and_mms_are_taken_and_started_once() {
    if has_verilog_tool("yosys") {
        check(
            &emit("controller", Controller::default),
            include_str!("formal_controller.v"),
            "",
            INDUCTION,
            8,
            &[
                (
                    "if (start) begin\n            full$d = 1'b0;",
                    "if (start) begin\n            full$d = full$q;",
                ),
                ("decoded_3$d = decoded_2$q;", "decoded_3$d = decoded_1$q;"),
                ("decoded_3$q & go & ", "decoded_3$q & "),
            ],
        );
    }
}

/// With a walk of as many slots for each MM, no walk is given back that is not there, MMs do not overlap, `ended` follows each
/// once, and a pass that drains nothing starts as soon as it may.
#[test]
fn mms_follow_each_other() {
    if has_verilog_tool("yosys") {
        check(
            &emit("controller", Controller::default),
            include_str!("formal_controller.v"),
            "-DBOUNDED",
            &cycles(22),
            22,
            &[
                ("read_at$d = read_up;", "read_at$d = read_at$q + 4'h2;"),
                ("~|busy_left$q & (next_streams$q", "(next_streams$q"),
            ],
        );
    }
}

/// Each block is read beat by beat as soon as it is complete, and before its bank is written again.
#[test]
fn blocks_are_read_once_and_in_order() {
    if has_verilog_tool("yosys") {
        check(
            &emit("update_ping_pong", PingPong::default),
            include_str!("formal_ping_pong.v"),
            "",
            INDUCTION,
            8,
            &[("(reading$q & ~reader$completes)", "reading$q")],
        );
    }
}

/// What is offered to AXI stays until it is taken, nothing is lost, and there is room in every cycle in which AXI takes.
#[test]
fn offers_stay_until_they_are_taken() {
    if has_verilog_tool("yosys") {
        let outlet = emit("dma_outlet", Outlet::<36>::default);
        let harness = include_str!("formal_outlet.v");
        check(
            &outlet,
            harness,
            "",
            INDUCTION,
            8,
            &[
                ("has_first$d = push;", "has_first$d = 1'b0;"),
                ("room = ~has_second$q;", "room = 1'b1;"),
            ],
        );
        check(
            &outlet,
            harness,
            "-DBOUNDED",
            &cycles(10),
            10,
            &[
                ("first$d = second$q;", "first$d = data;"),
                ("second$d = data;", "second$d = first$q;"),
            ],
        );
    }
}
