//! The lanes of the engine as Verilog: blocks between the rings that are read and those that are written, and the update unit.

use super::panel_wiring::{panels, refused_panels};
use super::{Shape, feed, panel, panel_refusal::PanelRefusal};
use crate::dma::LANE_READ_CYCLES;
use crate::emit::{Design, Direction, Module, NEVER, Wiring, emit, part, side_by_side};
use crate::isa_bits::{self, field};
use crate::vector::{Gather, Pick};
use crate::{HdlError, memory, stream};
use satkit_spec::isa::{Engine, scalar};
use satkit_spec::{ArrayConfig, UPDATE_BUFFER_CYCLES};

const DATA: usize = 512;
/// Cycles that the parameters of a cycle take to the unit: a beat out of the ring, and they out of the beat.
const PICK_CYCLES: usize = LANE_READ_CYCLES + 1;

// A result is in its beat a cycle after it came.
const _: () = assert!(UPDATE_BUFFER_CYCLES == PICK_CYCLES + 1);

/// The engine of WU, top `wu`: the shell of a stream engine ([`crate::stream`]) with the update unit ([`super::design`]) as its lanes.
///
/// Its ports are those of the engine `update` at the sequencer ([`crate::front`]) and of the client `update` of `dma` ([`crate::dma`]), under
/// the names that they have there but for `update_memory_fault`, `update_memory_fault_address`, which are the client's `fault`,
/// `fault_address`. `flush` is the sequencer's.
///
/// It updates W and V, 16 parameters of each in a beat, from dW and the step's numbers: READS has W and V, dW, numbers, and WRITES
/// W and V. All else is illegal to it: pruned weights that decay; guarded
/// updates, since nobody tells it of gradients that are not finite; parameters that do not
/// fill whole beats of W, or not as many of dW; numbers that lie elsewhere than PARAMETERS says.
///
/// With `make_ff`, `make_bp`, and in SORE of FP32 weights, it takes panels of a layer (module `panel`) and writes operand weights, too.
/// It refuses BP's operand of larger kernels with a stride, taps that share beats of positions, up to 8 output channels, M of 16 or more, other operands than dense ones and those that are pruned along their own K, other
/// beats of W, V or dW than WEIGHTS says, and W or dW at odd beats.
///
/// # Errors
/// As [`super::design`] and [`stream::design`].
pub fn engine(config: &ArrayConfig) -> Result<Design, HdlError> {
    stream::engine(config, Engine::Update, lanes(config)?)
}

fn lanes(config: &ArrayConfig) -> Result<Design, HdlError> {
    let shape = Shape::of(config)?;
    let lanes = shape.lanes;
    let unit = super::design(config)?;
    let wiring = wiring(shape, &unit);
    let (pick, gather) = match lanes {
        4 => (
            emit("update_pick", Pick::<128>::default),
            emit("update_gather", Gather::<128>::default),
        ),
        8 => (
            emit("update_pick", Pick::<256>::default),
            emit("update_gather", Gather::<256>::default),
        ),
        _ => (
            emit("update_pick", Pick::<512>::default),
            emit("update_gather", Gather::<512>::default),
        ),
    };
    let parts = vec![
        unit,
        pick,
        gather,
        emit("update_feed", feed::Feed::default),
        emit("update_numbers", feed::Numbers::default),
        emit("update_refusal", feed::Refusal::default),
        emit("update_panel_refusal", PanelRefusal::default),
    ];
    let texts =
        vec![memory::delay_line(), memory::block_ram(), panel::module(shape, config.rows), wiring];
    Ok(Design::join("update_lanes", parts, texts))
}

fn own(name: &str) -> (&str, String) {
    (name, name.to_owned())
}

fn wiring(shape: Shape, unit: &Design) -> Module {
    let lanes = shape.lanes;
    let mut text = Wiring::new("update_lanes");
    for (name, bits) in [
        ("clock", 1),
        ("reset", 1),
        ("take", 1),
        ("first", 40),
        ("count", 7),
        ("last", 1),
        ("own", 256),
        ("weights", 256),
        ("next_own", 256),
        ("next_reads", 256),
        ("next_writes", 256),
        ("next_weights", 256),
        ("next_parameters", 256),
        ("has_next_reads", 1),
        ("has_next_writes", 1),
        ("has_next_weights", 1),
        ("has_next_parameters", 1),
    ] {
        text.input(name, bits);
    }
    for (name, bits) in [
        ("panels", 1),
        ("panel_base", 32),
        ("panel_base_short", 32),
        ("panel_short_from", 6),
        ("panel_over", 32),
        ("panel_row", 32),
        ("panel_rows", 6),
        ("panel_cols", 6),
        ("panel_ff", 32),
        ("panel_bp", 32),
        ("panel_ff_slots", 6),
        ("panel_bp_slots", 6),
    ] {
        text.input(name, bits);
    }
    text.output("refuse", 1);
    for k in 0..4 {
        text.input(&format!("read_at_{k}"), 30);
        text.input(&format!("write_at_{k}"), 30);
        text.output(&format!("read_address_{k}"), 32);
        text.input(&format!("read_data_{k}"), DATA);
        text.output(&format!("write_{k}"), 1);
        text.output(&format!("write_address_{k}"), 32);
        text.output(&format!("write_data_{k}"), DATA);
    }
    refusal(&mut text);
    panels(&mut text, shape, unit);
    fed(&mut text, lanes);
    updated(&mut text, lanes, unit);
    results(&mut text, lanes);
    text.finish()
}

fn refusal(text: &mut Wiring) {
    let own_field = |name| field("next_own", "WU", name);
    let read = |name| field("next_reads", "READS", name);
    let written = |name| field("next_writes", "WRITES", name);
    text.wire("refuse_stream", 1);
    text.instance(
        "update_refusal",
        "refusal",
        &[],
        &[
            ("updates", isa_bits::is("next_own", "WU")),
            ("makes", format!("{{{}, {}}}", own_field("make_bp"), own_field("make_ff"))),
            ("guarded", own_field("guarded")),
            ("parameters", own_field("parameters")),
            ("weights", own_field("weights")),
            (
                "has",
                "{has_next_parameters, has_next_weights, has_next_writes, has_next_reads}".into(),
            ),
            ("decays_pruned", field("next_weights", "WEIGHTS", "decays_pruned")),
            ("master_beats", read("first_beats")),
            ("gradient_beats", read("second_beats")),
            ("number_beats", read("third_beats")),
            ("numbers", read("third")),
            ("scalars", field("next_parameters", "PARAMETERS", "scalars")),
            ("written_beats", written("first_beats")),
            (
                "operand_beats",
                format!("{{{}, {}}}", written("third_beats"), written("second_beats")),
            ),
            ("refuse", "refuse_stream".into()),
        ],
    );
    refused_panels(text);
    text.value(
        "unused_next",
        1,
        "&{next_own, next_reads, next_writes, next_weights, next_parameters}",
    );
}

/// What the unit gets.
fn fed(text: &mut Wiring, lanes: usize) {
    for (wire, bits) in [
        ("feed_offset", 9),
        ("feed_lanes", 16),
        ("begins", 1),
        ("feed_w", 32),
        ("feed_v", 32),
        ("feed_dw", 32),
    ] {
        text.wire(wire, bits);
    }
    text.instance(
        "update_feed",
        "feed",
        &[],
        &[
            own("take"),
            own("first"),
            own("count"),
            ("w_at", "read_at_0".into()),
            ("v_at", "read_at_1".into()),
            ("dw_at", "read_at_2".into()),
            ("w", "feed_w".into()),
            ("v", "feed_v".into()),
            ("dw", "feed_dw".into()),
            ("offset", "feed_offset".into()),
            ("lanes", "feed_lanes".into()),
            own("begins"),
        ],
    );
    for (k, name) in ["w", "v", "dw"].into_iter().enumerate() {
        let address = format!("panels ? panel_{name} : feed_{name}");
        text.assign(&format!("read_address_{k}"), &address);
    }
    text.value("offset", 9, "panels ? panel_offset : feed_offset");
    text.value("fed", 16, "panels ? {16{panel_fed}} : feed_lanes");
    // The numbers stay where they are as long as the instruction runs.
    text.assign("read_address_3", "{2'h0, read_at_3}");
    if lanes < 16 {
        text.value("unused_fed", 16 - lanes, &format!("fed[15:{lanes}]"));
    }
    text.delayed("offset_here", 9, LANE_READ_CYCLES, "offset", NEVER);
    for (k, name) in ["w", "v", "dw"].into_iter().enumerate() {
        text.wire(&format!("picked_{name}"), 32 * lanes);
        text.instance(
            "update_pick",
            &format!("pick_{name}"),
            &[],
            &[
                own("clock"),
                ("beat", format!("read_data_{k}")),
                ("offset", "offset_here".into()),
                ("elements", format!("picked_{name}")),
            ],
        );
        // Where a row is filled up there are zeros.
        let kept = (0..lanes).map(|lane| {
            let value = part(&format!("picked_{name}"), lane, 32);
            format!("({value} & {{32{{~panels | panel_columns[{lane}]}}}})")
        });
        text.value(name, 32 * lanes, &side_by_side(kept));
    }
    text.delayed("updated", lanes, PICK_CYCLES, &part("fed", 0, lanes), "reset");
    text.value("valid", lanes, &format!("updated | {{{lanes}{{half_valid}}}}"));
}

/// The unit. What it is not asked for is 0.
fn updated(text: &mut Wiring, lanes: usize, unit: &Design) {
    let number = |at: usize| part("read_data_3", at, 32);
    text.wire("inverse_loss_scale", 32);
    text.wire("decay", 32);
    text.instance(
        "update_numbers",
        "numbers",
        &[],
        &[
            ("loss_scale", number(scalar::LOSS_SCALE)),
            ("weight_decay", number(scalar::WEIGHT_DECAY)),
            ("weights", field("own", "WU", "weights")),
            own("inverse_loss_scale"),
            own("decay"),
        ],
    );
    text.value("unused_now", 1, "&{own, weights, read_data_3, last}");
    let given = [
        own("clock"),
        own("reset"),
        own("m_log2"),
        ("n", field("weights", "WEIGHTS", "n")),
        ("prune_only", "prunes".into()),
        ("skip", "panels & ~updates".into()),
        ("make_ff", "panels".into()),
        ("prune_ff", "compact".into()),
        own("half"),
        own("inverse_loss_scale"),
        ("weight_decay", "decay".into()),
        ("momentum", number(scalar::MOMENTUM)),
        ("learning_rate", number(scalar::LEARNING_RATE)),
        own("valid"),
        own("w"),
        own("v"),
        own("dw"),
    ];
    let ports = unit.ports();
    let connections: Vec<(&str, String)> = ports
        .iter()
        .map(|port| {
            let name = port.name.as_str();
            if let Some((_, to)) = given.iter().find(|(given, _)| *given == name) {
                return (name, to.clone());
            }
            if port.direction == Direction::Input {
                return (name, format!("{}'h0", port.width));
            }
            if name.starts_with("ff_") {
                return (name, name.to_owned());
            }
            let is_result = ["new_valid", "new_w", "new_v"].contains(&name);
            let wire = if is_result { name.to_owned() } else { format!("unused_{name}") };
            text.wire(&wire, port.width);
            (name, wire)
        })
        .collect();
    text.instance("update", "unit", &[], &connections);
    if lanes > 1 {
        text.value("unused_valid", lanes - 1, &format!("new_valid[{}:1]", lanes - 1));
    }
}

/// Beats of W and of V, and of operands.
fn results(text: &mut Wiring, lanes: usize) {
    for (k, name, back) in [(0, "new_w", "panel_w_back"), (1, "new_v", "panel_v_back")] {
        for (wire, bits) in [("write", 1), ("address", 32), ("data", DATA)] {
            text.wire(&format!("{name}_{wire}"), bits);
        }
        text.instance(
            "update_gather",
            &format!("gather_{name}"),
            &[],
            &[
                own("clock"),
                ("start", "begins".into()),
                ("base", format!("{{2'h0, write_at_{k}}}")),
                ("width", format!("9'd{}", 32 * lanes % DATA)),
                ("valid", "new_valid[0]".into()),
                ("last", "1'h0".into()),
                ("item", name.into()),
                ("write", format!("{name}_write")),
                ("address", format!("{name}_address")),
                ("data", format!("{name}_data")),
            ],
        );
        // SORE writes only operands, as its first stream.
        let own = if k == 0 { "(made & (made_ring == 2'd0))" } else { "1'h0" };
        text.assign(
            &format!("write_{k}"),
            &format!("({name}_write & (updates | ~panels)) | {own}"),
        );
        let address = format!("panels ? {back} : {name}_address");
        if k == 0 {
            let made = |wire: &str, else_: &str| format!("{own} ? made_{wire} : ({else_})");
            text.assign("write_address_0", &made("address", &address));
            text.assign("write_data_0", &made("data", "new_w_data"));
        } else {
            text.assign("write_address_1", &address);
            text.assign("write_data_1", "new_v_data");
        }
    }
    for k in 2..4 {
        text.assign(&format!("write_{k}"), &format!("made & (made_ring == 2'd{k})"));
        text.assign(&format!("write_address_{k}"), "made_address");
        text.assign(&format!("write_data_{k}"), "made_data");
    }
}
