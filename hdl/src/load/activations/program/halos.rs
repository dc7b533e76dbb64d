//! Weight rows of larger kernels: each channel has a run of the pixels that the chunk's outputs see, image by image with what is around it.

use super::images::{Rounds, Window, cut, lines_of, outputs, part_of_pixels, span};
use super::ways::{Common, field, refuse_words};
use super::{ADD, Given, Number, SELECT, Writer};

/// The weight rows of a load: channels at a rectangle of taps.
struct WeightRows {
    first_channel: Number,
    end_channel: Number,
    /// Channel blocks.
    blocks: Number,
    /// Those that all rows of the array have are one channel.
    narrow: Number,
    /// The first row's tap.
    tap_h: Number,
    tap_w: Number,
    first_h: Number,
    last_h: Number,
    first_w: Number,
    last_w: Number,
    /// From the rectangle's first line and column to the first row's tap.
    down: Number,
    across: Number,
}

fn weight_rows(w: &mut Writer, c: &Common, (kernel_h, kernel_w): (Number, Number)) -> WeightRows {
    let (zero, one) = (c.zero, c.one);
    let block = field(w, "GEOMETRY", "block");
    let array_rows = w.given(Given::ArrayRows);
    w.if_equal(c.ci, one);
    let width = w.select(one, array_rows);
    let narrow = w.select(one, zero);
    w.give("narrow", narrow);
    // Channels that are no multiple of the array's rows it does not do.
    w.refuse_if_less(width, block);
    w.refuse_if_less(block, width);
    let (_, ragged) = w.divide(c.ci, width);
    w.refuse_if_less(zero, ragged);
    let (first, ragged) = w.divide(c.row, width);
    w.refuse_if_less(zero, ragged);
    let last_row = w.subtract(c.end_row, one);
    let (last, inside) = w.divide(last_row, width);
    let taps = w.times(kernel_h, kernel_w);
    let (first_block, first_tap) = w.divide(first, taps);
    let (last_block, last_tap) = w.divide(last, taps);
    let first_channel = w.times(first_block, width);
    let end_channel = w.times(last_block, width);
    let beyond = w.add(end_channel, width);
    w.refuse_if_less(c.ci, beyond);
    let behind = w.add(inside, one);
    w.if_equal(first, last);
    let behind = w.select(behind, width);
    let end_channel = w.add(end_channel, behind);
    let blocks = w.subtract(last_block, first_block);
    let blocks = w.add(blocks, one);

    // Of several blocks it is the whole kernel, of several lines whole lines.
    let (tap_h, tap_w) = w.divide(first_tap, kernel_w);
    let (end_h, end_w) = w.divide(last_tap, kernel_w);
    let last_column = w.subtract(kernel_w, one);
    let last_line = w.subtract(kernel_h, one);
    w.if_equal(tap_h, end_h);
    let first_w = w.select(tap_w, zero);
    let last_w = w.select(end_w, last_column);
    w.if_equal(first_block, last_block);
    let first_h = w.select(tap_h, zero);
    let last_h = w.select(end_h, last_line);
    let first_w = w.select(first_w, zero);
    let last_w = w.select(last_w, last_column);
    let down = w.subtract(tap_h, first_h);
    let across = w.subtract(tap_w, first_w);
    WeightRows {
        first_channel,
        end_channel,
        blocks,
        narrow,
        tap_h,
        tap_w,
        first_h,
        last_h,
        first_w,
        last_w,
        down,
        across,
    }
}

/// Outputs of an image that the chunk has, as a rectangle: of one line its own columns, of several whole lines.
struct Outputs {
    lines: Number,
    columns: Number,
    /// Pixels of a line that they see, and all.
    width: Number,
    area: Number,
}

/// What a load of weight rows of larger kernels is.
pub(super) fn halos(w: &mut Writer, c: &Common) {
    let (zero, one) = (c.zero, c.one);
    let kernel_h = field(w, "GEOMETRY", "kh");
    let kernel_w = field(w, "GEOMETRY", "kw");
    let rows = weight_rows(w, c, (kernel_h, kernel_w));
    let stride = field(w, "GEOMETRY", "stride");
    let pad = field(w, "GEOMETRY", "pad");
    let h = field(w, "GEOMETRY", "h");
    let width = field(w, "GEOMETRY", "w");
    let window = |w: &mut Writer, seen: Number, (first, last): (Number, Number)| {
        let span = span(w, c, (first, last), stride);
        Window { seen, after: first, before: pad, span, stride }
    };
    let v = window(w, h, (rows.first_h, rows.last_h));
    let x = window(w, width, (rows.first_w, rows.last_w));
    let out_h = outputs(w, c, h, kernel_h, (stride, pad));
    let out_w = outputs(w, c, width, kernel_w, (stride, pad));
    let of_image = w.times(out_h, out_w);
    let batch = field(w, "GEOMETRY", "batch");
    let all = w.times(batch, of_image);
    w.refuse_if_less(all, c.end_slot);
    let limit = w.up(one, 16);
    w.refuse_if_less(limit, c.slots);
    let last_slot = w.subtract(c.end_slot, one);
    let (first_image, first) = w.divide(c.slot, of_image);
    let (last_image, last) = w.divide(last_slot, of_image);
    let (first_line, first_column) = w.divide(first, out_w);
    let (last_line, last_column) = w.divide(last, out_w);

    // The first image, whole ones, and the last. The first may be the only one.
    let bottom = w.subtract(out_h, one);
    let right = w.subtract(out_w, one);
    w.if_equal(first_image, last_image);
    let bottom = w.select(last_line, bottom);
    let right = w.select(last_column, right);
    let lines = w.subtract(bottom, first_line);
    let lines = w.add(lines, one);
    let columns = w.subtract(right, first_column);
    let columns = w.add(columns, one);
    w.if_equal(lines, one);
    let columns = w.select(columns, out_w);
    let left = w.select(first_column, zero);
    let outputs = |w: &mut Writer, lines: Number, columns: Number| {
        let width = x.pixels(w, c, columns);
        let height = v.pixels(w, c, lines);
        let area = w.times(height, width);
        Outputs { lines, columns, width, area }
    };
    let begins = outputs(w, lines, columns);
    let whole = outputs(w, out_h, out_w);
    let lines = w.add(last_line, one);
    let columns = w.add(last_column, one);
    w.if_equal(lines, one);
    let columns = w.select(columns, out_w);
    let ends = outputs(w, lines, columns);
    let more = w.subtract(last_image, first_image);
    let between = w.subtract(more, one);
    w.if_less(zero, more);
    let between = w.select(between, zero);
    let behind = w.select(ends.area, zero);
    let middle = w.times(whole.area, between);
    let pixels = w.add(begins.area, middle);
    let pixels = w.add(pixels, behind);
    w.refuse_if_less(limit, pixels);

    // Lines of pixels, by segment. Whole images are one, the first among them if it is whole.
    w.if_equal(first, zero);
    let second = w.select(zero, between);
    w.if_less(zero, second);
    let second = w.select(whole.width, ends.width);
    let widths = [begins.width, second, ends.width];
    let tables = [("width_0", "begin_0"), ("width_1", "begin_1"), ("width_2", "begin_2")];
    for (width, (own, begin)) in widths.into_iter().zip(tables) {
        w.give_now(own, width);
        let at = w.times(rows.down, width);
        let at = w.add(at, rows.across);
        w.give(begin, at);
    }
    w.give_now("tap_h", rows.tap_h);
    w.give_now("tap_w", rows.tap_w);
    w.give_now("kernel_h", kernel_h);
    w.give_now("kernel_w", kernel_w);
    w.give_now("weight_rows", c.rows);
    w.give_now("by_taps", one);

    // Words of a run, and one more if they are even.
    let up = w.add(pixels, c.seven);
    let pairs = w.down(up, 4);
    let even = w.up(pairs, 1);
    let run = w.add(even, one);
    w.give("patch_words", run);
    w.give_now("channels", rows.blocks);
    let most = w.constant(16);
    w.refuse_if_less(most, rows.blocks);
    let needed = w.times(run, rows.blocks);
    refuse_words(w, needed);
    // All rows have one channel: each of the array's rows has its own table.
    let most = w.constant(256);
    w.if_equal(rows.narrow, one);
    let apart = w.select(c.rows, zero);
    w.refuse_if_less(most, apart);

    let part = part_of_pixels(w, c, rows.first_channel, rows.end_channel);
    let lane = w.low(rows.first_channel, 3);
    w.give("lane", lane);
    w.give_now("streams", zero);
    w.give_now("scatters", one);
    w.give_now("row_first", zero);
    w.give_now("row_end", zero);
    w.give_now("pixel_step", one);
    w.give_now("stride", c.pitch);
    let line_stride = w.times(width, c.pitch);
    w.give("line_stride", line_stride);
    let rounds = Rounds::new(w, c);
    let image = w.variable(first_image, zero);
    let top = w.variable(first_line, zero);
    let left = w.variable(left, zero);
    let lines = w.variable(begins.lines, zero);
    let columns = w.variable(begins.columns, zero);
    let across = w.variable(begins.width, zero);
    let area = w.variable(begins.area, zero);
    let base = w.variable(zero, zero);
    let end_image = w.add(last_image, one);
    // An image each round.
    let round = w.steps.len();
    let [above, first_row, seen_rows] = cut(w, c, &v, top, lines);
    let [beside, first_pixel, seen_pixels] = cut(w, c, &x, left, columns);
    rounds.begin(w, c, seen_rows, seen_pixels);
    let (down, right) = ([first_row, seen_rows], [first_pixel, seen_pixels]);
    lines_of(w, c, &part, (h, width), image, (down, right));
    w.give_now("line_words", across);
    let at = w.times(above, across);
    let at = w.add(at, base);
    w.give("at", at);
    w.give_now("pixel", beside);
    Rounds::end(w, c);
    w.set(base, ADD, base, area);
    w.set(image, ADD, image, one);
    w.set(top, ADD, zero, zero);
    w.set(left, ADD, zero, zero);
    w.if_equal(image, last_image);
    w.set(lines, SELECT, ends.lines, whole.lines);
    w.set(columns, SELECT, ends.columns, whole.columns);
    w.set(across, SELECT, ends.width, whole.width);
    w.set(area, SELECT, ends.area, whole.area);
    w.again_if_less(round, image, end_image);
    Rounds::complete(w, c);
}
