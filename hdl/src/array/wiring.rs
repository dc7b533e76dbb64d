//! How the array is wired. In names, `_r_c` is the wire that comes into the element of row r and column c.

use super::LANES;
use super::row_bank::{OFFSET, SEGMENTS, line_bits, tag_bits};
use crate::emit::{Module, NEVER, Wiring, part};
use crate::isa_bits;
use satkit_spec::ArrayConfig;
use satkit_spec::isa;

const WORD: usize = 17 * LANES;
const TOKEN: usize = 11;
const DRAIN: usize = 5;
const WEIGHT: usize = 17;
const TAG: usize = 11;
/// Value 16 and position 4 of a column bank.
const ENTRY: usize = 20;
/// Memories of a row bank.
const SUB_BANKS: usize = 4;

fn own(name: &str) -> (&str, String) {
    (name, name.to_owned())
}

/// What goes through a row from west to east: name of the port, of the one to the east, width.
const EASTWARD: [(&str, &str, usize); 3] =
    [("word", "word_east", WORD), ("token", "token_east", TOKEN), ("drain", "drain_east", DRAIN)];
/// What goes through a column from north to south.
const SOUTHWARD: [(&str, &str, usize); 4] = [
    ("weight", "weight_south", WEIGHT),
    ("tag", "tag_south", TAG),
    ("north_sum", "sum", 32),
    ("north_drained", "drained", 32),
];

/// The elements of one row.
pub(super) fn stce_row(config: &ArrayConfig) -> Module {
    let cols = config.cols;
    let mut row = Wiring::new("stce_row");
    row.input("clock", 1);
    row.input("row", 6);
    for (name, _, width) in EASTWARD {
        row.input(name, width);
    }
    for (name, south, width) in SOUTHWARD {
        row.input(name, width * cols);
        row.output(south, width * cols);
    }
    row.output("multiplies", 1);
    for c in 0..cols {
        let last = c + 1 == cols;
        for (name, _, width) in EASTWARD {
            // What leaves the last element ends there.
            let unused = if last { "unused_" } else { "" };
            row.wire(&format!("{unused}{name}_{}", c + 1), width);
        }
        for (_, south, width) in SOUTHWARD {
            row.wire(&format!("{south}_{c}"), width);
        }
        row.wire(&format!("{}multiplies_{c}", if last { "" } else { "unused_" }), 1);
        let mut connections = vec![own("clock"), own("row")];
        for (name, east, _) in EASTWARD {
            connections.push((name, if c == 0 { name.into() } else { format!("{name}_{c}") }));
            let unused = if last { "unused_" } else { "" };
            connections.push((east, format!("{unused}{name}_{}", c + 1)));
        }
        for (name, south, width) in SOUTHWARD {
            connections.push((name, part(name, c, width)));
            connections.push((south, format!("{south}_{c}")));
        }
        let unused = if last { "" } else { "unused_" };
        connections.push(("multiplies", format!("{unused}multiplies_{c}")));
        row.instance("uspe", &format!("element_{c}"), &[], &connections);
    }
    for (_, south, _) in SOUTHWARD {
        row.gather(south, (0..cols).map(|c| format!("{south}_{c}")));
    }
    // The last element sees every token of its row.
    row.assign("multiplies", &format!("multiplies_{}", cols - 1));
    row.finish()
}

/// The rows of the array.
pub(super) fn stce(config: &ArrayConfig) -> Module {
    let (rows, cols) = (config.rows, config.cols);
    let mut array = Wiring::new("stce");
    array.input("clock", 1);
    for (name, _, width) in EASTWARD {
        array.input(name, width * rows);
    }
    for (name, _, width) in &SOUTHWARD[..3] {
        array.input(name, width * cols);
    }
    for (_, south, width) in &SOUTHWARD[2..] {
        array.output(south, width * cols);
    }
    array.output("multiplies", 1);
    for r in 0..rows {
        let last = r + 1 == rows;
        let prefix = |south: &str| {
            if last && (south == "weight_south" || south == "tag_south") { "unused_" } else { "" }
        };
        for (_, south, width) in SOUTHWARD {
            array.wire(&format!("{}{south}_{r}", prefix(south)), width * cols);
        }
        array.wire(&format!("{}multiplies_{r}", if last { "" } else { "unused_" }), 1);
        let mut connections = vec![own("clock"), ("row", format!("6'd{r}"))];
        for (name, _, width) in EASTWARD {
            connections.push((name, part(name, r, width)));
        }
        for (name, south, width) in SOUTHWARD {
            let from = match (r, name) {
                (0, "north_drained") => format!("{}'h0", width * cols),
                (0, _) => name.into(),
                _ => format!("{south}_{}", r - 1),
            };
            connections.push((name, from));
            connections.push((south, format!("{}{south}_{r}", prefix(south))));
        }
        let unused = if last { "" } else { "unused_" };
        connections.push(("multiplies", format!("{unused}multiplies_{r}")));
        array.instance("stce_row", &format!("row_{r}"), &[], &connections);
    }
    let last = rows - 1;
    array.assign("sum", &format!("sum_{last}"));
    array.assign("drained", &format!("drained_{last}"));
    array.assign("multiplies", &format!("multiplies_{last}"));
    array.finish()
}

/// The array with its edges, buffers and controller, as a part of a module.
pub(crate) struct MmEngine<'c> {
    config: &'c ArrayConfig,
}

/// Bits that count `words`.
fn address_bits(words: usize) -> usize {
    words.next_power_of_two().trailing_zeros() as usize
}

/// A field of the bus `instruction`.
fn field(mnemonic: &str, name: &str) -> String {
    isa_bits::field("instruction", mnemonic, name)
}

impl<'c> MmEngine<'c> {
    pub(crate) const fn new(config: &'c ArrayConfig) -> Self {
        Self { config }
    }

    /// Declares the ports of the core's array.
    pub(crate) fn ports(&self, core: &mut Wiring) {
        for (name, bits) in
            [("instruction_valid", 1), ("instruction", 256), ("go", 1), ("forget", 1)]
        {
            core.input(name, bits);
        }
        self.buffer_ports(core);
        for name in ["instruction_ready", "mm_free", "mm_idle", "mm_busy", "multiplies"] {
            core.output(name, 1);
        }
        self.news_ports(core);
    }

    /// Declares the ports through which the buffers are filled.
    pub(crate) fn buffer_ports(&self, text: &mut Wiring) {
        let (rows, cols) = (self.config.rows, self.config.cols);
        for (name, bits) in [
            ("w2e_write", SUB_BANKS * rows),
            ("w2e_lines", SUB_BANKS * line_bits(self.config) * rows),
            ("w2e_data", SUB_BANKS * LANES * 16 * rows),
            ("w2e_tag", tag_bits(self.config)),
            ("w2e_tags", 2 * tag_bits(self.config)),
            ("table_write", 1),
            ("table_entry", 5),
            ("table_values", SEGMENTS * OFFSET * rows),
            ("n2s_write", 1),
            ("n2s_entry", address_bits(self.config.n2s_entries_per_col)),
            ("n2s_data", ENTRY * cols),
        ] {
            text.input(name, bits);
        }
    }

    /// Declares the ports that say how MMs go on, and what they drain.
    pub(crate) fn news_ports(&self, text: &mut Wiring) {
        for name in ["mm_start", "mm_first_out", "mm_read", "mm_end", "drain_valid"] {
            text.output(name, 1);
        }
        text.output("drain", 32 * self.config.cols);
    }

    /// Wires up what sees whether the array can do an MM.
    pub(crate) fn legal(&self, text: &mut Wiring) {
        let constant = |bits: usize, value: usize| format!("{bits}'d{value}");
        text.instance(
            "mm_legal",
            "the_legal",
            &[],
            &[
                own("clock"),
                own("forget"),
                ("array_rows", constant(32, self.config.rows)),
                ("psum_depth", constant(16, self.config.psum_depth.min(u16::MAX.into()))),
                ("geometry", "is_geometry".into()),
                ("geometry_streams", format!("~{}", field("GEOMETRY", "dataflow"))),
                ("walk", "is_walk".into()),
                ("walk_slots", field("WALK", "slots")),
                ("mm", "is_mm".into()),
                ("slots", field("MM", "slots")),
                ("rows", field("MM", "rows")),
                ("ip", field("MM", "ip")),
                ("iq", field("MM", "iq")),
                ("drains", field("MM", "drain")),
                ("posts", isa_bits::posts("instruction", isa::Semaphore::DrainFull)),
                ("idle", "mm_idle".into()),
                own("may"),
                ("fault", "mm_fault".into()),
            ],
        );
    }

    /// Wires it up.
    pub(crate) fn body(&self, core: &mut Wiring) {
        self.controller(core);
        self.rows(core);
        self.columns(core);
        self.array(core);
        self.ends(core);
    }

    fn controller(&self, core: &mut Wiring) {
        let config = self.config;
        let rows = config.rows;
        let timing = config.array_timing();
        for mnemonic in ["GEOMETRY", "WALK", "MM"] {
            let name = format!("is_{}", mnemonic.to_lowercase());
            core.wire(&name, 1);
            let is = isa_bits::is("instruction", mnemonic);
            core.assign(&name, &format!("instruction_valid & {is}"));
        }
        core.wire("unused_instruction", 1);
        core.assign("unused_instruction", "&instruction");
        core.wire("walk_room", 1);
        core.wire("mm_room", 1);
        core.assign("instruction_ready", "(walk_room | ~is_walk) & (mm_room | ~is_mm)");
        core.wire("walk_write_at", 4);
        core.wire("walk_read_at", 4);
        for (name, bits) in [
            ("start_streams", 1),
            ("start_drains", 1),
            ("start_posts", 1),
            ("start_outputs", 16),
            ("start_interleave", 5),
            ("ending", 1),
            ("running_streams", 1),
        ] {
            core.wire(name, bits);
        }
        let (all, walk) = isa_bits::fields("instruction", "WALK");
        let first = walk[0].lsb as usize;
        let bits = walk.iter().map(|field| field.width as usize).sum::<usize>();
        core.wire("walk", bits);
        core.instance(
            "small_ram",
            "walks",
            &[("WIDTH", bits), ("ADDRESS", 4)],
            &[
                own("clock"),
                ("write", "is_walk & walk_room".into()),
                ("write_address", "walk_write_at".into()),
                ("write_data", all),
                ("read_address", "walk_read_at".into()),
                ("read_data", "walk".into()),
            ],
        );
        core.wire("row_token_0", 51);
        core.wire("column_token_0", 42);
        core.wire("row_drain_0", 5);
        let wait = |semaphore| isa_bits::waits("instruction", semaphore);
        let constant = |bits: usize, value: usize| format!("{bits}'d{value}");
        let mut connections = vec![
            own("clock"),
            ("rows", constant(7, rows)),
            ("last_row", constant(6, rows - 1)),
            ("pass_floor", constant(16, timing.ws_pass_floor_cycles)),
            ("reach_outputs", constant(16, timing.os_reach_cycles)),
            ("reach_sums", constant(16, timing.ws_reach_cycles)),
            ("run_on", constant(16, timing.ws_run_on_cycles)),
            ("geometry", "is_geometry".into()),
            // 0 is weight-stationary.
            ("geometry_streams", format!("~{}", field("GEOMETRY", "dataflow"))),
            ("walk", "is_walk".into()),
            own("walk_room"),
            ("walk_write", "walk_write_at".into()),
            ("mm", "is_mm".into()),
            own("mm_room"),
            ("mm_slots", isa_bits::low_bits("instruction", "MM", "slots", 16)),
            ("mm_rows", field("MM", "rows")),
            ("mm_ip", field("MM", "ip")),
            ("mm_iq", field("MM", "iq")),
            ("mm_accumulate", field("MM", "accumulate")),
            ("mm_drain", field("MM", "drain")),
            ("mm_posts", isa_bits::posts("instruction", isa::Semaphore::DrainFull)),
            ("mm_activations", wait(isa::Semaphore::ActivationsFull)),
            ("mm_weights", wait(isa::Semaphore::WeightsFull)),
            own("go"),
            own("forget"),
            ("starts", "mm_start".into()),
            own("start_streams"),
            own("start_drains"),
            own("start_posts"),
            own("start_outputs"),
            own("start_interleave"),
            ("ended", "mm_free".into()),
            own("ending"),
            own("running_streams"),
            ("busy", "mm_busy".into()),
            ("walk_read", "walk_read_at".into()),
        ];
        let names: Vec<String> = walk.iter().map(|field| format!("walk_{}", field.name)).collect();
        for (name, field) in names.iter().zip(&walk) {
            let (low, width) = (field.lsb as usize - first, field.width as usize);
            connections.push((name, format!("walk[{}:{low}]", low + width - 1)));
        }
        connections.extend([
            ("row_token", "row_token_0".into()),
            ("column_token", "column_token_0".into()),
            ("row_drain", "row_drain_0".into()),
        ]);
        core.instance("controller", "controller", &[], &connections);
    }

    /// What the sequencer hears of MMs besides their starts.
    fn ends(&self, core: &mut Wiring) {
        core.instance(
            "mm_ends",
            "the_ends",
            &[],
            &[
                own("clock"),
                own("forget"),
                ("start", "mm_start".into()),
                ("drains", "start_drains".into()),
                ("posts", "start_posts".into()),
                ("streams", "start_streams".into()),
                ("outputs", "start_outputs".into()),
                ("interleave", "start_interleave".into()),
                own("ending"),
                own("reaching"),
                ("first_out", "mm_first_out".into()),
                ("ended", "mm_end".into()),
                ("idle", "mm_idle".into()),
            ],
        );
        // The last row or column has read: later after a pass than after a tile, and passes are never overtaken.
        let timing = self.config.array_timing();
        let (tile, pass) = (timing.os_release_cycles, timing.ws_release_cycles);
        core.delayed("tile_read", 1, tile, "ending & ~running_streams", NEVER);
        core.delayed("pass_read", 1, pass, "ending & running_streams", NEVER);
        core.assign("mm_read", "tile_read | pass_read");
    }

    fn rows(&self, core: &mut Wiring) {
        let config = self.config;
        let address = address_bits(config.w2e_words_per_row);
        core.wire("row_valid_0", 1);
        core.assign("row_valid_0", "1'b0");
        for r in 0..config.rows {
            let n = r + 1;
            for (name, bits) in [("row_token", 51), ("row_drain", 5), ("row_valid", 1)] {
                let unused = if n == config.rows && name == "row_drain" { "unused_" } else { "" };
                core.wire(&format!("{unused}{name}_{n}"), bits);
            }
            for (name, bits) in [
                ("table_entry", 7),
                ("table_offset", 20),
                ("bank_word", 18),
                ("bank_data", LANES * 16),
                ("word", WORD),
                ("token", TOKEN),
                ("drain_token", DRAIN),
            ] {
                core.wire(&format!("{name}_{r}"), bits);
            }
            let unused = if n == config.rows { "unused_" } else { "" };
            core.instance(
                "row_edge",
                &format!("row_edge_{r}"),
                &[],
                &[
                    own("clock"),
                    ("token", format!("row_token_{r}")),
                    ("drain", format!("row_drain_{r}")),
                    ("north_valid", format!("row_valid_{r}")),
                    ("table_entry", format!("table_entry_{r}")),
                    ("table_offset", format!("table_offset_{r}")),
                    ("bank_word", format!("bank_word_{r}")),
                    ("bank_data", format!("bank_data_{r}")),
                    ("token_south", format!("row_token_{n}")),
                    ("drain_south", format!("{unused}row_drain_{n}")),
                    ("word", format!("word_{r}")),
                    ("token_east", format!("token_{r}")),
                    ("drain_east", format!("drain_token_{r}")),
                    ("valid", format!("row_valid_{n}")),
                ],
            );
            core.instance(
                "w2e_row",
                &format!("bank_{r}"),
                &[],
                &[
                    ("clock", "load_clock".into()),
                    own("run"),
                    ("write", part("w2e_write", r, SUB_BANKS)),
                    ("lines", part("w2e_lines", r, SUB_BANKS * line_bits(config))),
                    ("data", part("w2e_data", r, SUB_BANKS * LANES * 16)),
                    ("tag", "w2e_tag".into()),
                    ("tags", "w2e_tags".into()),
                    own("table_write"),
                    own("table_entry"),
                    ("table_values", part("table_values", r, SEGMENTS * OFFSET)),
                    // The half is the highest bit; of the word as many as the bank has.
                    (
                        "bank_word",
                        format!("{{bank_word_{r}[17], bank_word_{r}[{}:0]}}", address - 2),
                    ),
                    ("read_entry", format!("table_entry_{r}")),
                    ("bank_data", format!("bank_data_{r}")),
                    ("table_offset", format!("table_offset_{r}")),
                ],
            );
            let unused = format!("unused_bank_word_{r}");
            core.wire(&unused, 1);
            core.assign(&unused, &format!("&bank_word_{r}"));
        }
    }

    fn columns(&self, core: &mut Wiring) {
        let config = self.config;
        let (rows, cols) = (config.rows, config.cols);
        let entry = address_bits(config.n2s_entries_per_col);
        let psum = address_bits(config.psum_depth);
        // What of the last row's token belongs to the sum that leaves the array, when it does.
        let last = format!("row_token_{rows}");
        let token = format!("{{{last}[6], {last}[4] & {last}[7], {last}[50:35]}}");
        core.delayed("foot_token_0", 18, 8, &token, NEVER);
        let unused = format!("unused_row_token_{rows}");
        core.wire(&unused, 1);
        core.assign(&unused, &format!("&{last}"));
        for c in 0..cols {
            let n = c + 1;
            let unused = if n == cols { "unused_" } else { "" };
            for (name, bits) in [("column_token", 42), ("foot_token", 18)] {
                core.wire(&format!("{unused}{name}_{n}"), bits);
            }
            for (name, bits) in [
                ("bank_entry", 17),
                ("weight_data", 20),
                ("psum_read", 16),
                ("psum_data", 32),
                ("weight", WEIGHT),
                ("tag", TAG),
                ("head_sum", 32),
                ("psum_write", 1),
                ("psum_word", 16),
                ("out", 32),
            ] {
                core.wire(&format!("{name}_{c}"), bits);
            }
            core.instance(
                "column_head",
                &format!("column_head_{c}"),
                &[],
                &[
                    own("clock"),
                    ("token", format!("column_token_{c}")),
                    ("bank_entry", format!("bank_entry_{c}")),
                    ("bank_data", format!("weight_data_{c}")),
                    ("psum_read", format!("psum_read_{c}")),
                    ("psum_data", format!("psum_data_{c}")),
                    ("token_east", format!("{unused}column_token_{n}")),
                    ("weight", format!("weight_{c}")),
                    ("tag", format!("tag_{c}")),
                    ("sum", format!("head_sum_{c}")),
                ],
            );
            core.instance(
                "bank_ram",
                &format!("n2s_{c}"),
                &[("LANES", 1), ("LANE", ENTRY), ("ADDRESS", entry)],
                &[
                    ("clock", "load_clock".into()),
                    own("run"),
                    ("write", "n2s_write".into()),
                    ("write_address", "n2s_entry".into()),
                    ("write_data", part("n2s_data", c, ENTRY)),
                    (
                        "read_address",
                        format!("{{bank_entry_{c}[16], bank_entry_{c}[{}:0]}}", entry - 2),
                    ),
                    ("read_data", format!("weight_data_{c}")),
                ],
            );
            core.instance(
                "block_ram",
                &format!("psum_{c}"),
                &[("WIDTH", 32), ("ADDRESS", psum)],
                &[
                    own("clock"),
                    ("write", format!("psum_write_{c}")),
                    ("write_address", part(&format!("psum_word_{c}"), 0, psum)),
                    ("write_data", part("sums", c, 32)),
                    ("read_address", part(&format!("psum_read_{c}"), 0, psum)),
                    ("read_data", format!("psum_data_{c}")),
                ],
            );
            core.instance(
                "column_foot",
                &format!("column_foot_{c}"),
                &[],
                &[
                    own("clock"),
                    ("token", format!("foot_token_{c}")),
                    ("sum", part("sums", c, 32)),
                    ("drained", part("drained", c, 32)),
                    ("token_east", format!("{unused}foot_token_{n}")),
                    ("psum_write", format!("psum_write_{c}")),
                    ("psum_word", format!("psum_word_{c}")),
                    ("out", format!("out_{c}")),
                ],
            );
            let out = format!("out_{c}");
            core.delayed(&format!("aligned_{c}"), 32, cols - 1 - c, &out, NEVER);
            for name in ["bank_entry", "psum_read", "psum_word"] {
                let unused = format!("unused_{name}_{c}");
                core.wire(&unused, 1);
                core.assign(&unused, &format!("&{name}_{c}"));
            }
        }
        let valid = format!("row_valid_{rows} | (foot_token_0[16] & foot_token_0[17])");
        core.delayed("reaching", 1, cols - 1, &valid, NEVER);
        core.delayed("aligned_valid", 1, 1, "reaching", NEVER);
        core.assign("drain_valid", "aligned_valid");
        core.gather("drain", (0..cols).map(|c| format!("aligned_{c}")));
    }

    fn array(&self, core: &mut Wiring) {
        let (rows, cols) = (self.config.rows, self.config.cols);
        core.wire("words", WORD * rows);
        core.wire("tokens", TOKEN * rows);
        core.wire("drain_tokens", DRAIN * rows);
        core.gather("words", (0..rows).map(|r| format!("word_{r}")));
        core.gather("tokens", (0..rows).map(|r| format!("token_{r}")));
        core.gather("drain_tokens", (0..rows).map(|r| format!("drain_token_{r}")));
        core.wire("weights", WEIGHT * cols);
        core.wire("tags", TAG * cols);
        core.wire("head_sums", 32 * cols);
        core.gather("weights", (0..cols).map(|c| format!("weight_{c}")));
        core.gather("tags", (0..cols).map(|c| format!("tag_{c}")));
        core.gather("head_sums", (0..cols).map(|c| format!("head_sum_{c}")));
        core.wire("sums", 32 * cols);
        core.wire("drained", 32 * cols);
        core.instance(
            "stce",
            "array",
            &[],
            &[
                own("clock"),
                ("word", "words".into()),
                ("token", "tokens".into()),
                ("drain", "drain_tokens".into()),
                ("weight", "weights".into()),
                ("tag", "tags".into()),
                ("north_sum", "head_sums".into()),
                ("sum", "sums".into()),
                own("drained"),
                own("multiplies"),
            ],
        );
    }
}
