//! How panels are wired into the engine, and what of them is refused.

use super::Shape;
use crate::emit::{Design, NEVER, Wiring};
use crate::isa_bits::{self, field};
use satkit_spec::WeightOperand;

const DATA: usize = 512;

fn own(name: &str) -> (&str, String) {
    (name, name.to_owned())
}

/// The operand `stage` of the layer on bus `word` is of a kind.
fn operand_is(word: &str, stage: &str, kind: WeightOperand) -> String {
    format!("({} == 2'd{})", field(word, "WEIGHTS", stage), kind as usize)
}

/// N is M in the layer on bus `word`.
fn keeps_all(word: &str) -> String {
    format!("({} == {})", field(word, "WEIGHTS", "n"), field(word, "WEIGHTS", "m"))
}

/// What is refused of what makes operand weights, and of all.
pub(super) fn refused_panels(text: &mut Wiring) {
    let own_field = |name| field("next_own", "WU", name);
    let prune = |name| field("next_own", "SORE", name);
    let layer = |name| field("next_weights", "WEIGHTS", name);
    let read = |name| field("next_reads", "READS", name);
    let written = |name| field("next_writes", "WRITES", name);
    text.value("next_updates", 1, &isa_bits::is("next_own", "WU"));
    text.value(
        "next_makes",
        2,
        &format!(
            "next_updates ? {{{}, {}}} : {{{}, ~{}}}",
            own_field("make_bp"),
            own_field("make_ff"),
            prune("along_co"),
            prune("along_co")
        ),
    );
    text.value("next_up", 21, &format!("{{1'h0, {}}} + 21'd31", layer("co")));
    text.value("unused_next_up", 5, "next_up[4:0]");
    let taps = format!("{{5'h0, {}}} * {{5'h0, {}}}", layer("kh"), layer("kw"));
    text.delayed("next_taps", 10, 2, &taps, NEVER);
    let blocks = "{26'h0, next_taps} * {19'h0, next_up[20:5], 1'h0}";
    text.delayed("row_beats", 36, 2, blocks, NEVER);
    let beats = format!("{{16'h0, {}}} * row_beats", layer("ci"));
    text.delayed("layer_beats", 36, 2, &beats, NEVER);
    let m = layer("m");
    text.value("next_m_log2", 3, &format!("({m} == 5'd8) ? 3'd3 : ({m} == 5'd4) ? 3'd2 : 3'd1"));
    for (side, channels) in [("ff", "ci"), ("bp", "co")] {
        let rest = isa_bits::low_bits("next_weights", "WEIGHTS", channels, 5);
        let slots = format!("({{1'h0, {rest}}} >> next_m_log2) * {{1'h0, {}}}", layer("n"));
        text.value(&format!("next_{side}_rest"), 6, &slots);
        text.value(&format!("unused_next_{side}_rest"), 4, &format!("next_{side}_rest[5:2]"));
    }
    let operand = |stage, compact| {
        let dense = operand_is("next_weights", stage, WeightOperand::Dense);
        format!("{{{}, {dense}}}", operand_is("next_weights", stage, compact))
    };
    let odd = [read("first"), read("second"), written("first")].map(|begin| {
        // The lowest bit of a field.
        let low =
            begin.rsplit_once(':').map_or("0]", |(_, low)| low).trim_end_matches(']').to_owned();
        let bus = begin.split_once('[').map_or("", |(bus, _)| bus).to_owned();
        format!("{bus}[{low}]")
    });
    text.wire("refuse_panels", 1);
    text.instance(
        "update_panel_refusal",
        "panel_refusal",
        &[],
        &[
            ("updates", "next_updates".into()),
            ("single", prune("single")),
            ("makes_ff", "next_makes[0]".into()),
            ("makes_bp", "next_makes[1]".into()),
            ("guarded", own_field("guarded")),
            ("weights", own_field("weights")),
            (
                "has",
                "{has_next_parameters, has_next_weights, has_next_writes, has_next_reads}".into(),
            ),
            ("decays_pruned", layer("decays_pruned")),
            ("taps", "next_taps".into()),
            ("stride", layer("stride")),
            ("shares_ff", "|next_ff_rest[1:0]".into()),
            ("shares_bp", "|next_bp_rest[1:0]".into()),
            ("ci", layer("ci")),
            ("co", layer("co")),
            ("m", layer("m")),
            ("keeps_all", keeps_all("next_weights")),
            ("ff", operand("ff", WeightOperand::PrunedCi)),
            ("bp", operand("bp", WeightOperand::PrunedCo)),
            own("layer_beats"),
            ("master_beats", read("first_beats")),
            ("gradient_beats", read("second_beats")),
            ("number_beats", read("third_beats")),
            ("numbers", read("third")),
            ("scalars", field("next_parameters", "PARAMETERS", "scalars")),
            ("written_beats", written("first_beats")),
            ("odd", format!("{{{}, {}, {}}}", odd[2], odd[1], odd[0])),
            ("refuse", "refuse_panels".into()),
        ],
    );
    text.assign("refuse", "(~next_updates | (|next_makes)) ? refuse_panels : refuse_stream");
}

/// Panels, and what of the unit's they are given.
pub(super) fn panels(text: &mut Wiring, shape: Shape, unit: &Design) {
    let Shape { lanes, .. } = shape;
    let layer = |name| field("weights", "WEIGHTS", name);
    text.value("updates", 1, &isa_bits::is("own", "WU"));
    let prune = field("own", "SORE", "along_co");
    text.value("makes_ff", 1, &format!("updates ? {} : ~{prune}", field("own", "WU", "make_ff")));
    let m = layer("m");
    text.value(
        "m_log2",
        3,
        &format!("({m} == 5'd8) ? 3'd3 : ({m} == 5'd4) ? 3'd2 : ({m} == 5'd2) ? 3'd1 : 3'd0"),
    );
    for (stage, kind) in [("ff", WeightOperand::PrunedCi), ("bp", WeightOperand::PrunedCo)] {
        let is = operand_is("weights", stage, kind);
        text.value(&format!("compact_{stage}"), 1, &format!("{is} & ~{}", keeps_all("weights")));
    }
    for port in unit.ports().iter().filter(|port| port.name.starts_with("ff_")) {
        text.wire(&port.name, port.width);
    }
    for (wire, bits) in [
        ("panel_w", 32),
        ("panel_v", 32),
        ("panel_dw", 32),
        ("panel_w_back", 32),
        ("panel_v_back", 32),
        ("panel_fed", 1),
        ("panel_offset", 9),
        ("panel_columns", lanes),
        ("prunes", 1),
        ("compact", 1),
        ("half_valid", 1),
        ("half", 16 * lanes),
        ("made", 1),
        ("made_ring", 2),
        ("made_address", 32),
        ("made_data", DATA),
    ] {
        text.wire(wire, bits);
    }
    let of = |name: &'static str| (name, format!("panel_{name}"));
    text.instance(
        "update_panel",
        "panel",
        &[],
        &[
            own("clock"),
            own("take"),
            own("panels"),
            own("updates"),
            own("makes_ff"),
            own("compact_ff"),
            own("compact_bp"),
            own("m_log2"),
            ("n", layer("n")),
            of("base"),
            of("base_short"),
            of("short_from"),
            of("over"),
            ("pitch", "panel_row".into()),
            of("rows"),
            of("cols"),
            of("ff"),
            of("bp"),
            of("ff_slots"),
            of("bp_slots"),
            ("made_to_0", "updates ? write_at_2 : write_at_0".into()),
            ("made_to_1", "write_at_3".into()),
            ("word_valid", "ff_valid".into()),
            ("word_slots", "ff_slots".into()),
            ("word_values", "ff_values".into()),
            ("word_positions", "ff_positions".into()),
            ("w_at", "read_at_0".into()),
            ("v_at", "read_at_1".into()),
            ("dw_at", "read_at_2".into()),
            ("w_to", "write_at_0".into()),
            ("v_to", "write_at_1".into()),
            of("w"),
            of("v"),
            of("dw"),
            of("w_back"),
            of("v_back"),
            of("fed"),
            of("offset"),
            of("columns"),
            own("prunes"),
            own("compact"),
            own("half_valid"),
            own("half"),
            own("made"),
            own("made_ring"),
            own("made_address"),
            own("made_data"),
        ],
    );
}
