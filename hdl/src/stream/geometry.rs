//! What WEIGHTS says of a layer's panels, as wires.

use crate::emit::{NEVER, Wiring};
use crate::isa_bits::{field, is, low_bits};
use satkit_spec::WeightOperand;

/// Cycles of the products of a layer's sizes; three of them follow each other at most.
pub(crate) const GEOMETRY_CYCLES: usize = 2;

/// Wires `<prefix>panels`, `_count` and so on of the instruction on bus `own` with the layer on bus `weights`.
pub(crate) fn geometry(
    text: &mut Wiring,
    prefix: &str,
    own: &str,
    weights: &str,
    has: &str,
    rows: usize,
) {
    let p = |name: &str| format!("{prefix}{name}");
    let layer = |name: &str| field(weights, "WEIGHTS", name);
    text.value(&p("is_wu"), 1, &is(own, "WU"));
    text.value(&p("is_sore"), 1, &is(own, "SORE"));
    let update = |name: &str| field(own, "WU", name);
    let prune = |name: &str| field(own, "SORE", name);
    let (wu, sore) = (p("is_wu"), p("is_sore"));
    text.value(
        &p("makes_ff"),
        1,
        &format!("({wu} & {}) | ({sore} & ~{})", update("make_ff"), prune("along_co")),
    );
    text.value(
        &p("makes_bp"),
        1,
        &format!("({wu} & {}) | ({sore} & {})", update("make_bp"), prune("along_co")),
    );
    text.value(
        &p("panels"),
        1,
        &format!(
            "{has} & ({} | {}) & ({wu} | ({sore} & {}))",
            p("makes_ff"),
            p("makes_bp"),
            prune("single")
        ),
    );
    let (n, m) = (layer("n"), layer("m"));
    for (name, operand, kind) in
        [("ff", "ff", WeightOperand::PrunedCi), ("bp", "bp", WeightOperand::PrunedCo)]
    {
        let code = kind as usize;
        text.value(
            &p(&format!("compact_{name}")),
            1,
            &format!("({} == 2'd{code}) & ({n} != {m})", layer(operand)),
        );
    }
    text.value(
        &p("m_log2"),
        3,
        &format!("({m} == 5'd8) ? 3'd3 : ({m} == 5'd4) ? 3'd2 : ({m} == 5'd2) ? 3'd1 : 3'd0"),
    );
    for (name, channels) in [("ci", layer("ci")), ("co", layer("co"))] {
        text.value(&p(&format!("{name}_up")), 21, &format!("{{1'h0, {channels}}} + 21'd31"));
        let low = low_bits(weights, "WEIGHTS", name, 5);
        text.value(&p(&format!("{name}_rest")), 6, &format!("{{1'h0, {low}}}"));
        text.value(
            &p(&format!("{name}_blocks")),
            16,
            &format!("{}[20:5]", p(&format!("{name}_up"))),
        );
        text.value(
            &p(&format!("unused_{name}_up")),
            5,
            &format!("{}[4:0]", p(&format!("{name}_up"))),
        );
    }
    text.delayed(
        &p("pitch"),
        16,
        GEOMETRY_CYCLES,
        &format!("{{{}[14:0], 1'h0}}", p("co_blocks")),
        NEVER,
    );
    for (end, channels) in [("ff", "ci"), ("bp", "co")] {
        let (compact, log2) = (p(&format!("compact_{end}")), p("m_log2"));
        let rest = p(&format!("{channels}_rest"));
        let last = format!("(({rest} == 6'd0) ? 6'd32 : {rest})");
        for (which, weights) in [("full", "6'd32".to_owned()), ("rest", last)] {
            let slots = p(&format!("{end}_slots_{which}"));
            text.value(
                &slots,
                6,
                &format!("{compact} ? (({weights} >> {log2}) * {{1'h0, {n}}}) : {weights}"),
            );
            text.value(
                &p(&format!("{end}_beats_{which}")),
                7,
                &format!(
                    "{{1'h0, {slots}}} + ({compact} ? (({{1'h0, {slots}}} + 7'd3) >> 2) : 7'd0)"
                ),
            );
        }
    }
    for which in ["full", "rest"] {
        let value = ["bp_slots", "ff_slots", "bp_beats", "ff_beats"]
            .map(|name| p(&format!("{name}_{which}")))
            .join(", ");
        text.delayed(&p(which), 26, GEOMETRY_CYCLES, &format!("{{{value}}}"), NEVER);
    }
    text.delayed(
        &p("taps"),
        10,
        GEOMETRY_CYCLES,
        &format!("{{5'h0, {}}} * {{5'h0, {}}}", layer("kh"), layer("kw")),
        NEVER,
    );
    let (taps, pitch) = (p("taps"), p("pitch"));
    let product =
        |text: &mut Wiring, name: &str, bits: usize, a: (&str, usize), b: (&str, usize)| {
            let wide = |(wire, own): (&str, usize)| format!("{{{}'h0, {wire}}}", bits - own);
            let value = format!("{} * {}", wide(a), wide(b));
            text.delayed(&p(name), bits, GEOMETRY_CYCLES, &value, NEVER);
        };
    product(text, "row_of_taps", 32, (&taps, 10), (&pitch, 16));
    let log2 = rows.ilog2();
    text.value(&p("block"), 32, &format!("{} << 5", p("row_of_taps")));
    text.value(&p("tap"), 32, &format!("{{16'h0, {pitch}}} << {log2}"));
    text.value(
        &p("jump"),
        32,
        &format!("(({0} - {{16'h0, {pitch}}}) << {log2}) + {{16'h0, {pitch}}}", p("row_of_taps")),
    );
    // Rows of the last block, if it has fewer than others, and the first of them in its panel.
    text.value(&p("few"), 6, &format!("{} & 6'd{}", p("ci_rest"), rows - 1));
    text.value(
        &p("short"),
        6,
        &format!("({0} == 6'd0) ? 6'd32 : ({1} - {0})", p("few"), p("ci_rest")),
    );
    product(text, "short_tap", 32, (&pitch, 16), (&p("few"), 6));
    let beats = format!("{}[13:7]", p("full"));
    product(text, "bp_taps", 17, (&taps, 10), (&beats, 7));
    product(text, "co_taps", 32, (&taps, 10), (&layer("co"), 20));
    let co = p("co_taps");
    text.delayed(
        &p("tile_slots"),
        32,
        1,
        &format!("{} ? (({co} >> {}) * {{27'h0, {n}}}) : {co}", p("compact_bp"), p("m_log2")),
        NEVER,
    );
    text.delayed(
        &p("tile"),
        32,
        GEOMETRY_CYCLES - 1,
        &format!("{0} + ({1} ? (({0} + 32'd3) >> 2) : 32'd0)", p("tile_slots"), p("compact_bp")),
        NEVER,
    );
}
