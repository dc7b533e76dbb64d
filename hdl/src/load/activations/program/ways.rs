//! What is computed: flat patches of FF and BP, stripes of images, or the channels of WU.

use super::{ADD, Given, Number, Writer, halos, images};

/// What both ways read.
pub(super) struct Common {
    pub(super) zero: Number,
    pub(super) one: Number,
    pub(super) three: Number,
    pub(super) four: Number,
    pub(super) seven: Number,
    pub(super) stage: Number,
    pub(super) dataflow: Number,
    pub(super) pitch: Number,
    pub(super) ci: Number,
    pub(super) slot: Number,
    pub(super) slots: Number,
    pub(super) row: Number,
    pub(super) rows: Number,
    pub(super) end_slot: Number,
    pub(super) end_row: Number,
    /// Pixels of the batch.
    pub(super) all: Number,
}

pub(super) fn field(w: &mut Writer, mnemonic: &'static str, name: &'static str) -> Number {
    w.given(Given::Field(mnemonic, name))
}

fn common(w: &mut Writer) -> Common {
    let zero = w.constant(0);
    let one = w.constant(1);
    let three = w.constant(3);
    let four = w.constant(4);
    let seven = w.constant(7);
    let stage = field(w, "GEOMETRY", "stage");
    let dataflow = field(w, "GEOMETRY", "dataflow");
    // What it does not do: products of a batch, pixels that are no whole beats.
    let group = field(w, "LD.A", "group");
    w.refuse_if_less(zero, group);
    let pitch = field(w, "OPERANDS", "a_pitch");
    let ragged = w.low(pitch, 2);
    w.if_equal(pitch, one);
    let rest = w.select(zero, ragged);
    w.refuse_if_less(zero, rest);
    w.refuse_if_equal(pitch, zero);
    let ci = field(w, "GEOMETRY", "ci");
    let slot = field(w, "LD.A", "slot_base");
    let slots = field(w, "LD.A", "slots");
    w.refuse_if_equal(slots, zero);
    let end_slot = w.add(slot, slots);
    let row = field(w, "LD.A", "row_base");
    let rows = field(w, "LD.A", "rows");
    let end_row = w.add(row, rows);
    let batch = field(w, "GEOMETRY", "batch");
    let h = field(w, "GEOMETRY", "h");
    let width = field(w, "GEOMETRY", "w");
    let lines = w.times(batch, h);
    let all = w.times(lines, width);
    Common {
        zero,
        one,
        three,
        four,
        seven,
        stage,
        dataflow,
        pitch,
        ci,
        slot,
        slots,
        row,
        rows,
        end_slot,
        end_row,
        all,
    }
}

/// Pixels next to each other, and which channels of them are read.
struct Line {
    first_pixel: Number,
    pixels: Number,
    first_channel: Number,
    end_channel: Number,
}

/// Where they lie. Gives the words of a pixel. Whole pixels are one run, and those of a word are always read whole.
fn line(w: &mut Writer, c: &Common, line: &Line) -> Number {
    let first_word = w.down(line.first_channel, 3);
    let up = w.add(line.end_channel, c.seven);
    let end_word = w.down(up, 3);
    let words = w.subtract(end_word, first_word);
    let offset = w.times(line.first_pixel, c.pitch);
    let offset = w.add(offset, first_word);
    let beats = w.down(offset, 2);
    let a = field(w, "OPERANDS", "a");
    let first_beat = w.add(a, beats);
    w.give("first_beat", first_beat);
    let lead = w.low(offset, 2);
    w.give("lead", lead);
    // Do the beats that have the channels make up the pixel?
    let up = w.add(end_word, c.three);
    let end_beat = w.down(up, 2);
    let end = w.up(end_beat, 2);
    w.if_equal(end, c.pitch);
    let whole = w.select(c.one, c.zero);
    w.if_less(first_word, c.four);
    let whole = w.select(whole, c.zero);
    w.if_equal(c.pitch, c.one);
    let packed = w.select(c.one, c.zero);
    w.give("packed", packed);
    let before = w.select(c.zero, lead);
    let whole = w.select(c.one, whole);
    let all_words = w.times(line.pixels, c.pitch);
    let all_words = w.subtract(all_words, before);
    w.if_equal(whole, c.one);
    let length = w.select(all_words, words);
    w.give("length", length);
    let runs = w.select(c.one, line.pixels);
    w.give("runs", runs);
    w.give("stride", c.pitch);
    w.give("ask_lines", c.one);
    w.give("lines", c.one);
    w.give("line_stride", c.zero);
    w.if_equal(packed, c.one);
    let runs = w.select(c.one, line.pixels);
    w.give("pixels", runs);
    let run_words = w.select(line.pixels, words);
    w.give("words", run_words);
    w.give("at", c.zero);
    w.give("pixel", c.zero);
    words
}

/// The load is none if its words are not those of the instruction, or have no room.
pub(super) fn refuse_words(w: &mut Writer, needed: Number) {
    let half = w.given(Given::HalfWords);
    w.refuse_if_less(half, needed);
    let said = field(w, "LD.A", "words");
    w.refuse_if_less(said, needed);
    w.refuse_if_less(half, said);
}

/// What a load of flat patches is.
fn patches(w: &mut Writer, c: &Common) {
    let (zero, one) = (c.zero, c.one);

    // Channels, from groups that K slots are kept of.
    let co = field(w, "GEOMETRY", "co");
    w.if_equal(c.stage, one);
    let channels = w.select(co, c.ci);
    let n = field(w, "GEOMETRY", "n");
    let m = field(w, "GEOMETRY", "m");
    let (first_group, skipped) = w.divide(c.slot, n);
    let last_slot = w.subtract(c.end_slot, one);
    let last_group = w.quotient(last_slot, n);
    let end_group = w.add(last_group, one);
    let first_channel = w.times(first_group, m);
    let end_channel = w.times(end_group, m);
    w.refuse_if_less(channels, end_channel);

    // Pixels.
    let patch_width = field(w, "GEOMETRY", "patch_w");
    let first_pixel = w.times(c.row, patch_width);
    let end_pixel = w.times(c.end_row, patch_width);
    w.if_less(c.all, end_pixel);
    let end_pixel = w.select(c.all, end_pixel);
    let least = w.add(first_pixel, one);
    w.refuse_if_less(end_pixel, least);
    let pixels = w.subtract(end_pixel, first_pixel);
    let words = line(w, c, &Line { first_pixel, pixels, first_channel, end_channel });

    // What the rows hold of them.
    let streams = c.dataflow;
    w.if_equal(streams, zero);
    let streams = w.select(one, zero);
    w.give("streams", streams);
    let patch_words = w.times(patch_width, words);
    w.give("patch_words", patch_words);
    w.give("line_words", patch_words);
    w.give("row_first", zero);
    w.if_equal(streams, one);
    let step = w.select(one, words);
    w.give("pixel_step", step);
    let end = w.select(c.slots, c.rows);
    w.give("row_end", end);
    let needed = w.select(pixels, patch_words);
    let array_rows = w.given(Given::ArrayRows);
    w.refuse_if_less(array_rows, end);
    refuse_words(w, needed);
    // In WS a row is a pixel, and a word has one group.
    let patch_height = field(w, "GEOMETRY", "patch_h");
    w.refuse_if_less(one, patch_height);
    let side = w.select(patch_width, one);
    w.refuse_if_less(one, side);
    let eight = w.constant(8);
    w.refuse_if_less(eight, m);
    w.give("skipped", skipped);
    let most = w.constant(2047);
    let most = w.add(most, n);
    let share = w.quotient(most, n);
    w.give("share", share);
    let lane = w.low(first_channel, 3);
    w.give("lane", lane);
    let two = w.constant(2);
    w.if_less(one, m);
    let log2 = w.select(one, zero);
    for power in [two, c.four] {
        w.if_less(power, m);
        let more = w.select(one, zero);
        w.step(ADD, Ok(log2), [Some(log2), Some(more)], 0);
    }
    w.give("group_log2", log2);

    // Where outputs of a row are read.
    let across = w.up(words, 3);
    w.give("across", across);
    let down = w.up(patch_words, 3);
    w.give("down", down);
    w.give("patch_width", patch_width);
    w.give("scatters", zero);
    w.give("is_first", one);
    w.give("is_last", one);
    w.push();
}

/// What a load of weight rows is: channels of pixels, of which each has a run of words in the bank of its row.
fn weight_rows(w: &mut Writer, c: &Common) {
    let (zero, one) = (c.zero, c.one);
    // Of a kernel of one tap weight rows are channels, and K slots pixels.
    w.refuse_if_equal(c.rows, zero);
    w.refuse_if_less(c.ci, c.end_row);
    w.refuse_if_less(c.all, c.end_slot);
    let limit = w.up(one, 16);
    let limit = w.subtract(limit, one);
    w.refuse_if_less(limit, c.slots);
    let of =
        Line { first_pixel: c.slot, pixels: c.slots, first_channel: c.row, end_channel: c.end_row };
    line(w, c, &of);
    w.give("pixel_step", one);
    w.give("line_words", zero);
    w.give("streams", zero);
    w.give("scatters", one);
    // No row takes a beat as it is.
    w.give("row_first", zero);
    w.give("row_end", zero);
    let lane = w.low(c.row, 3);
    w.give("lane", lane);

    // Words of a run, and one more if they are even.
    let up = w.add(c.slots, c.seven);
    let pairs = w.down(up, 4);
    let even = w.up(pairs, 1);
    let run = w.add(even, one);
    w.give("patch_words", run);
    let array_rows = w.given(Given::ArrayRows);
    let up = w.add(c.end_row, array_rows);
    let up = w.subtract(up, c.row);
    let up = w.subtract(up, one);
    let channels = w.quotient(up, array_rows);
    w.give("channels", channels);
    let most = w.constant(16);
    w.refuse_if_less(most, channels);
    let needed = w.times(run, channels);
    refuse_words(w, needed);
    // Each output is a line of its own.
    let down = w.up(run, 3);
    w.give("down", down);
    w.give("patch_width", one);
    w.give_now("by_taps", zero);
    w.give_now("narrow", zero);
    w.give("is_first", one);
    w.give("is_last", one);
    w.push();
}

/// All ways.
pub(super) fn ways() -> Writer {
    let mut w = Writer::default();
    let common = common(&mut w);
    let weights = w.branch_if_less(common.one, common.stage);
    let flat = field(&mut w, "GEOMETRY", "flat");
    let images = w.branch_if_less(flat, common.one);
    patches(&mut w, &common);
    w.end();
    w.other_way(images);
    images::images(&mut w, &common);
    w.end_with_rounds();
    w.other_way(weights);
    // What it does not do of weight rows: WS.
    w.refuse_if_equal(common.dataflow, common.zero);
    let kernel_height = field(&mut w, "GEOMETRY", "kh");
    let kernel_width = field(&mut w, "GEOMETRY", "kw");
    let stride = field(&mut w, "GEOMETRY", "stride");
    let pad = field(&mut w, "GEOMETRY", "pad");
    let taps = w.times(kernel_height, kernel_width);
    let taps = w.times(taps, stride);
    w.refuse_if_less(taps, common.one);
    let taps = w.add(taps, pad);
    let halos = w.branch_if_less(common.one, taps);
    weight_rows(&mut w, &common);
    w.end();
    w.other_way(halos);
    halos::halos(&mut w, &common);
    w.end_with_rounds();
    w
}
