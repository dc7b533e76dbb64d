//! Softmax cross-entropy of one row after another, as Verilog.

use super::flow::{Flow, Value, divide_turns};
use super::{DivideSingle, RowScan, WidenHalf};
use crate::emit::{Design, Module, Wiring, emit};
use crate::float::{AddSingle, MultiplySingle, NarrowSingle};
use crate::memory;
use crate::stream::Pace;
use satkit_spec::isa::VectorOp;

// The shell gives elements as fast as a row takes them, and the timing model charges that.
const _: () = assert!(Pace::APART == Flow::APART as u64);
const _: () = assert!(VectorOp::CrossEntropy.passes() == Pace::APART);

/// Elements of a row, with its padding: a beat.
pub(super) const ROW: usize = 32;
/// Cycles from the one in which a row's first element is taken, and the row with it, to that of its last.
pub(super) const TAKEN_CYCLES: usize = (ROW - 1) * Flow::APART;
/// Rising edges, at most, from a row of cross-entropy to the last of its results.
pub const LATENCY_CYCLES: usize = 640;

/// The module `vector_rows`.
///
/// | ports | meaning |
/// |---|---|
/// | `start`, `beat`, `label` | a row is taken, 192 cycles after the one before at the earliest |
/// | `channels`, `count`, `loss_scale` | of all rows; `count` is B as FP32 |
/// | `gradient_valid`, `gradient`, `gradient_last` | an element of dX, in order; the row's last |
/// | `pair_valid`, `pair` | a row's loss, and above it its predicted class |
fn module() -> Module {
    let mut text = Wiring::new("vector_rows");
    for (name, bits) in [
        ("clock", 1),
        ("reset", 1),
        ("start", 1),
        ("beat", 512),
        ("label", 32),
        ("channels", 6),
        ("count", 32),
        ("loss_scale", 32),
    ] {
        text.input(name, bits);
    }
    for (name, bits) in [
        ("gradient_valid", 1),
        ("gradient", 16),
        ("gradient_last", 1),
        ("pair_valid", 1),
        ("pair", 64),
    ] {
        text.output(name, bits);
    }
    for (name, bits) in [
        ("element", 1),
        ("x", 16),
        ("greatest", 16),
        ("position", 5),
        ("labelled", 1),
        ("first", 1),
        ("ends", 1),
    ] {
        text.wire(name, bits);
    }
    let own = |port: &'static str| (port, port.to_owned());
    let scan = [
        own("clock"),
        own("reset"),
        own("start"),
        own("beat"),
        own("label"),
        own("channels"),
        ("valid", "element".into()),
        own("x"),
        own("greatest"),
        own("position"),
        own("labelled"),
        own("first"),
        ("last", "ends".into()),
    ];
    text.instance("vector_row_scan", "scan", &[], &scan);
    for (half, single) in [("x", "wide_x"), ("greatest", "wide_greatest")] {
        text.wire(single, 32);
        let connections =
            [("clock", "clock".into()), ("half", half.into()), ("single", single.into())];
        text.instance("vector_widen_half", &format!("widen_{half}"), &[], &connections);
    }
    exponential(&mut text);
    gradients(&mut text);
    losses(&mut text);
    text.finish()
}

/// A register that takes `value` where `takes`.
fn keep(text: &mut Wiring, name: &str, bits: usize, takes: &str, value: &str) {
    text.line(format_args!("reg [{}:0] {name};", bits - 1));
    text.line(format_args!("initial {name} = {bits}'h0;"));
    text.line(format_args!("always @(posedge clock) if ({takes}) {name} <= {value};"));
}

/// `expf` of crate `libm` for what is not above 0, the sum of a row, and its elements kept.
fn exponential(text: &mut Wiring) {
    const LN2_HI: f32 = f32::from_bits(0x3F31_7200);
    const LN2_LO: f32 = f32::from_bits(0x35BF_BE8E);
    const INV_LN2: f32 = f32::from_bits(0x3FB8_AA3B);
    const P1: f32 = f32::from_bits(0x3E2A_AA8F);
    const P2: f32 = f32::from_bits(0xBB35_5215);
    let c = Value::constant;
    let mut flow = Flow::new(text, "element", true);
    let x = Value::wire("wide_x", WidenHalf::LATENCY_CYCLES);
    let greatest = Value::wire("wide_greatest", WidenHalf::LATENCY_CYCLES);
    let d = flow.subtract("distance", &x, &greatest);

    // k, truncated; as FP32 and as a number. 2^(1 + k) is always FP32, 2^k not.
    let t = flow.multiply("twos", &d, &c(INV_LN2));
    let t = flow.add("twos_down", &t, &c(-0.5));
    let at = t.cycle();
    let here = flow.wire(&d, at);
    flow.text.value("unused_sign_of_far", 1, &format!("{here}[31]"));
    flow.text.value("far", 1, &format!("{here}[30:0] > 31'h3f851592"));
    flow.text.value("near", 1, &format!("{here}[30:0] <= 31'h3eb17218"));
    flow.text.value("fraction_bits", 3, "twos_down[25:23] - 3'd7");
    flow.text.value("truncated", 32, "twos_down & ~(32'h007fffff >> fraction_bits)");
    flow.text.value(
        "unused_whole",
        24,
        "{1'b1, twos_down[22:0]} >> (5'd23 - {2'h0, fraction_bits})",
    );
    let k = flow.register("k", 32, at, "near ? 32'h0 : far ? truncated : 32'hbf800000");
    flow.register("halvings", 8, at, "near ? 8'd0 : far ? unused_whole[7:0] : 8'd1");
    flow.text.value("normal", 32, "{1'b0, 8'd128 - halvings, 23'h0}");
    flow.text.value("subnormal", 32, "32'h1 << (8'd150 - halvings)");
    let scale = flow.register("power", 32, at + 1, "halvings[7] ? subnormal : normal");

    let hi = flow.multiply("k_ln2_hi", &k, &c(LN2_HI));
    let hi = flow.subtract("hi", &d, &hi);
    let lo = flow.multiply("lo", &k, &c(LN2_LO));
    let r = flow.subtract("rest", &hi, &lo);
    let rr = flow.multiply("rest_squared", &r, &r);
    let p = flow.multiply("p_2", &rr, &c(P2));
    let p = flow.add("p_1", &c(P1), &p);
    let p = flow.multiply("p_0", &rr, &p);
    let p = flow.subtract("p", &r, &p);
    let a = flow.multiply("rest_p", &r, &p);
    let b = flow.subtract("two_less_p", &c(2.0), &p);
    let q = flow.divide("ratio", &a, &b);
    let q = flow.subtract("ratio_less_lo", &q, &lo);
    let q = flow.add("ratio_and_hi", &q, &hi);
    let at = q.cycle();
    let here = flow.wire(&d, at);
    flow.text.value(
        "above_one",
        32,
        &format!("{here}[30:0] <= 31'h39000000 ? {here} : ratio_and_hi"),
    );
    let y = flow.add("mantissa", &c(1.0), &Value::wire("above_one", at));
    // Half of it, which is exact: it lies between 1/2 and 2.
    flow.text.value("half_mantissa", 32, "mantissa - 32'h00800000");
    let e = flow.multiply("scaled", &Value::wire("half_mantissa", y.cycle()), &scale);
    let at = e.cycle();
    let here = flow.wire(&d, at);
    flow.text.value("unused_sign_of_nan", 1, &format!("{here}[31]"));
    flow.text.value("is_nan", 1, &format!("{here}[30:0] > 31'h7f800000"));
    flow.text.value("is_zero", 1, &format!("{here}[30:0] >= 31'h42cff1b5"));
    let e =
        flow.register("exponential", 32, at, "is_nan ? 32'h7fc00000 : is_zero ? 32'h0 : scaled");

    // The sum, a term every six cycles, and what a row is remembered by.
    let at = e.cycle();
    let valid = flow.pulse(at);
    let mut late = |name: &str, bits| flow.late(name, bits, 0, at);
    let [labelled, first, ends] = ["labelled", "first", "ends"].map(|name| late(name, 1));
    let position = late("position", 5);
    let target = flow.wire(&d, at);
    let summed = flow.pulse(at + AddSingle::LATENCY_CYCLES);
    let ended = flow.late("ends", 1, 0, at + AddSingle::LATENCY_CYCLES);
    let text = flow.text;
    text.wire("sum", 32);
    keep(text, "total", 32, &summed, "sum");
    let so_far = format!("{first} ? 32'h0 : total");
    let connections = [
        ("clock", "clock".into()),
        ("a", so_far),
        ("b", "exponential".into()),
        ("sum", "sum".into()),
    ];
    text.instance("vector_add_single", "add_term", &[], &connections);
    keep(text, "target_before", 32, &format!("{valid} & {labelled}"), &target);
    keep(text, "position_before", 5, &valid, &position);
    text.value("sum_ends", 1, &format!("{summed} & {ended}"));
    keep(text, "z", 32, "sum_ends", "sum");
    keep(text, "target", 32, "sum_ends", "target_before");
    keep(text, "predicted", 5, "sum_ends", "position_before");
    text.delayed("z_valid", 1, 1, "sum_ends", "reset");
    text.wire("kept_holds", 1);
    text.wire("unused_kept_room", 1);
    text.wire("kept", 34);
    text.value("unused_kept_holds", 1, "kept_holds");
    let fifo = [
        ("clock", "clock".into()),
        ("reset", "reset".into()),
        ("push", valid),
        ("data", format!("{{{labelled}, {ends}, exponential}}")),
        ("pop", "kept_pop".into()),
        ("holds", "kept_holds".into()),
        ("room", "unused_kept_room".into()),
        ("head", "kept".into()),
    ];
    text.wire("kept_pop", 1);
    text.instance("fifo_ram", "keep_exponentials", &[("WIDTH", 34), ("ADDRESS", 6)], &fifo);
}

/// Gradients of a row whose sum is there, an element every six cycles.
fn gradients(text: &mut Wiring) {
    text.line("reg [2:0] phase;");
    text.line("reg gives;");
    text.line("initial phase = 3'd0;");
    text.line("initial gives = 1'b0;");
    text.line("always @(posedge clock) begin");
    text.line("    phase <= z_valid | ~gives | phase == 3'd5 ? 3'd0 : phase + 3'd1;");
    text.line("    gives <= ~reset & (z_valid | gives & ~(phase == 3'd5 & kept_was_last));");
    text.line("end");
    text.line("reg kept_was_last;");
    text.line("initial kept_was_last = 1'b0;");
    text.line("always @(posedge clock) if (kept_pop) kept_was_last <= kept[32];");
    text.assign("kept_pop", "gives & ~|phase");
    let mut flow = Flow::new(text, "kept_pop", true);
    flow.text.value("kept_value", 32, "kept[31:0]");
    flow.text.value("kept_labelled", 1, "kept[33]");
    flow.text.value("kept_last", 1, "kept[32]");
    let e = Value::wire("kept_value", 0);
    let share = flow.divide("share", &e, &Value::held("z"));
    // x - 0 is x + (-0).
    let labelled = flow.late("kept_labelled", 1, 0, share.cycle());
    flow.text.value(
        "wanted",
        32,
        &format!("{labelled} ? 32'h{:08x} : 32'h80000000", (-1f32).to_bits()),
    );
    let at = share.cycle();
    let off = flow.add("off", &share, &Value::wire("wanted", at));
    let part = flow.divide("part", &off, &Value::held("count"));
    let scaled = flow.multiply("scaled_part", &part, &Value::held("loss_scale"));
    let at = scaled.cycle() + NarrowSingle::LATENCY_CYCLES;
    let (valid, last) = (flow.pulse(at), flow.late("kept_last", 1, 0, at));
    let narrow =
        [("clock", "clock".into()), ("single", "scaled_part".into()), ("half", "gradient".into())];
    text.instance("vector_narrow_single", "narrow", &[], &narrow);
    text.assign("gradient_valid", &valid);
    text.assign("gradient_last", &last);
}

/// `logf` of crate `libm` for a sum, which is 1 at least and the number of a row's elements at most, and the loss. What it is made of
/// holds until the next row's sum.
fn losses(text: &mut Wiring) {
    const LN2_HI: f32 = f32::from_bits(0x3F31_7180);
    const LN2_LO: f32 = f32::from_bits(0x3717_F7D1);
    const LG1: f32 = f32::from_bits(0x3F2A_AAAA);
    const LG2: f32 = f32::from_bits(0x3ECC_CE13);
    const LG3: f32 = f32::from_bits(0x3E91_E9E7);
    const LG4: f32 = f32::from_bits(0x3E78_9E26);
    let c = Value::constant;
    let mut flow = Flow::new(text, "z_valid", false);
    let singles: Vec<String> =
        (0..6).map(|k| format!("log_k == 3'd{k} ? 32'h{:08x} : ", (k as f32).to_bits())).collect();
    let shifted = flow.register("shifted", 32, 0, "z + 32'h004afb0d");
    flow.text.value("unused_exponent", 8, "shifted[30:23] - 8'd127");
    flow.text.value("unused_sign", 1, "shifted[31]");
    flow.text.value("log_k", 3, "unused_exponent[2:0]");
    let at = shifted.cycle();
    let x = flow.register("reduced", 32, at, "{9'h0, shifted[22:0]} + 32'h3f3504f3");
    let dk = flow.register("log_twos", 32, at, &format!("{}32'h0", singles.concat()));
    let f = flow.add("f", &x, &c(-1.0));
    let g = flow.add("two_and_f", &c(2.0), &f);
    let s = flow.divide("s", &f, &g);
    let ss = flow.multiply("ss", &s, &s);
    let w = flow.multiply("w", &ss, &ss);
    let t = flow.multiply("w_lg4", &w, &c(LG4));
    let t = flow.add("lg2_and", &c(LG2), &t);
    let t1 = flow.multiply("t1", &w, &t);
    let t = flow.multiply("w_lg3", &w, &c(LG3));
    let t = flow.add("lg1_and", &c(LG1), &t);
    let t2 = flow.multiply("t2", &ss, &t);
    let r = flow.add("r", &t2, &t1);
    let h = flow.multiply("half_f", &c(0.5), &f);
    let h = flow.multiply("hfsq", &h, &f);
    let sum = flow.add("hfsq_and_r", &h, &r);
    let sum = flow.multiply("s_and", &s, &sum);
    let low = flow.multiply("twos_ln2_lo", &dk, &c(LN2_LO));
    let sum = flow.add("and_low", &sum, &low);
    let sum = flow.subtract("less_hfsq", &sum, &h);
    let sum = flow.add("and_f", &sum, &f);
    let high = flow.multiply("twos_ln2_hi", &dk, &c(LN2_HI));
    let sum = flow.add("log_of_number", &sum, &high);
    flow.text.value("z_nan", 1, "z[30:0] > 31'h7f800000");
    flow.text.value("log_z", 32, "z_nan ? 32'h7fc00000 : log_of_number");
    let log = Value::wire("log_z", sum.cycle());
    let loss = flow.subtract("loss", &log, &Value::held("target"));
    // The row's sum has not been replaced.
    assert!(loss.cycle() < ROW * Flow::APART, "{}", loss.cycle());
    let valid = flow.pulse(loss.cycle());
    text.assign("pair_valid", &valid);
    text.assign("pair", "{27'h0, predicted, loss}");
}

/// `vector_rows`, top of a design.
pub(super) fn design() -> Design {
    let parts = vec![
        emit("vector_row_scan", RowScan::default),
        emit("vector_widen_half", WidenHalf::default),
        emit("vector_add_single", AddSingle::default),
        emit("vector_multiply_single", MultiplySingle::default),
        emit("vector_divide_single", DivideSingle::default),
        emit("vector_narrow_single", NarrowSingle::default),
    ];
    let wiring = vec![memory::delay_line(), memory::fifo_ram(), divide_turns(), module()];
    Design::join("vector_rows", parts, wiring)
}
