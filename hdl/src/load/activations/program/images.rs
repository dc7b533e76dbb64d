//! Patches that are not flat: stripes of neighbouring patches in an image, with what the kernel sees around them.

use super::ways::{Common, field, refuse_words};
use super::{ADD, Given, Number, SELECT, SUBTRACT, Writer};

/// What the slots of a chunk have in common: channels at a rectangle of taps.
struct Piece {
    first_channel: Number,
    end_channel: Number,
    first_h: Number,
    last_h: Number,
    first_w: Number,
    last_w: Number,
}

/// The piece of a chunk: part of one channel block, or blocks of whose taps all rows are seen.
fn piece(w: &mut Writer, c: &Common, kernel: (Number, Number)) -> Piece {
    let (zero, one) = (c.zero, c.one);
    let (kernel_h, kernel_w) = kernel;
    let co = field(w, "GEOMETRY", "co");
    w.if_equal(c.stage, one);
    let channels = w.select(co, c.ci);
    let n = field(w, "GEOMETRY", "n");
    let m = field(w, "GEOMETRY", "m");
    let most = w.constant(64);
    // Of a block: channels, slots of a tap.
    let of_block = |w: &mut Writer, left: Number| {
        w.if_less(left, most);
        let width = w.select(left, most);
        let groups = w.quotient(width, m);
        let slots = w.times(groups, n);
        (width, slots)
    };
    let (_, whole) = of_block(w, channels);
    let taps = w.times(kernel_h, kernel_w);
    let block_slots = w.times(whole, taps);
    let last_slot = w.subtract(c.end_slot, one);
    let (first_block, from) = w.divide(c.slot, block_slots);
    let (last_block, to) = w.divide(last_slot, block_slots);
    let first = w.up(first_block, 6);
    let last = w.up(last_block, 6);
    w.refuse_if_less(channels, last);
    w.refuse_if_equal(channels, last);
    let first_left = w.subtract(channels, first);
    let last_left = w.subtract(channels, last);
    let (_, first_slots) = of_block(w, first_left);
    let (last_width, last_slots) = of_block(w, last_left);
    let (first_tap, first_inside) = w.divide(from, first_slots);
    let (last_tap, last_inside) = w.divide(to, last_slots);
    w.refuse_if_less(taps, last_tap);
    w.refuse_if_equal(taps, last_tap);

    // The rectangle around its taps.
    let (first_h, left) = w.divide(first_tap, kernel_w);
    let (last_h, right) = w.divide(last_tap, kernel_w);
    let last_column = w.subtract(kernel_w, one);
    w.if_equal(first_h, last_h);
    let first_w = w.select(left, zero);
    let last_w = w.select(right, last_column);
    // Several blocks are one piece if the rectangle is the whole kernel.
    let last_line = w.subtract(kernel_h, one);
    let sides = [(first_h, zero), (first_w, zero), (last_h, last_line), (last_w, last_column)];
    for (side, whole) in sides {
        w.if_equal(first_block, last_block);
        let side = w.select(whole, side);
        w.refuse_if_less(side, whole);
        w.refuse_if_less(whole, side);
    }

    // Of a single tap only groups that are asked for.
    let first_group = w.quotient(first_inside, n);
    let last_group = w.quotient(last_inside, n);
    let before = w.times(first_group, m);
    let behind = w.times(last_group, m);
    let behind = w.add(behind, m);
    w.if_equal(first_tap, last_tap);
    let before = w.select(before, zero);
    let behind = w.select(behind, last_width);
    let first_channel = w.add(first, before);
    let end_channel = w.add(last, behind);
    Piece { first_channel, end_channel, first_h, last_h, first_w, last_w }
}

/// One direction of an image: what outputs see of it.
pub(super) struct Window {
    /// Pixels of the streamed image.
    pub(super) seen: Number,
    /// Output `at` sees pixels from `at * stride + after - before` on, `span` of them.
    pub(super) after: Number,
    pub(super) before: Number,
    pub(super) span: Number,
    pub(super) stride: Number,
}

impl Window {
    /// Pixels that so many neighbouring outputs see.
    pub(super) fn pixels(&self, w: &mut Writer, c: &Common, outputs: Number) -> Number {
        let pixels = w.subtract(outputs, c.one);
        let pixels = w.times(pixels, self.stride);
        w.add(pixels, self.span)
    }
}

/// Pixels that an output sees at the taps from the first to the last. Outputs whose pixels do not touch are not done.
pub(super) fn span(
    w: &mut Writer,
    c: &Common,
    (first, last): (Number, Number),
    stride: Number,
) -> Number {
    let span = w.subtract(last, first);
    let span = w.add(span, c.one);
    w.refuse_if_less(span, stride);
    span
}

/// The same, and how patches lie in it.
struct Side {
    window: Window,
    /// Pixels of the outputs' image, and of a patch.
    outputs: Number,
    patch: Number,
    patches: Number,
    /// Pixels that a patch sees.
    area: Number,
}

/// Outputs of a direction of a convolution.
pub(super) fn outputs(
    w: &mut Writer,
    c: &Common,
    input: Number,
    kernel: Number,
    (stride, pad): (Number, Number),
) -> Number {
    let both = w.up(pad, 1);
    let all = w.add(input, both);
    let all = w.subtract(all, kernel);
    let output = w.quotient(all, stride);
    w.add(output, c.one)
}

fn side(
    w: &mut Writer,
    c: &Common,
    horizontal: bool,
    taps: (Number, Number),
    kernel: Number,
) -> Side {
    let (zero, one) = (c.zero, c.one);
    let (name, patch) = if horizontal { ("w", "patch_w") } else { ("h", "patch_h") };
    let stride = field(w, "GEOMETRY", "stride");
    let pad = field(w, "GEOMETRY", "pad");
    let input = field(w, "GEOMETRY", name);
    let patch = field(w, "GEOMETRY", patch);
    let output = outputs(w, c, input, kernel, (stride, pad));
    let (first, last) = taps;
    w.if_equal(c.stage, one);
    let seen = w.select(output, input);
    let outputs = w.select(input, output);
    let after = w.select(pad, first);
    let before = w.select(last, pad);
    let up = w.add(outputs, patch);
    let up = w.subtract(up, one);
    let patches = w.quotient(up, patch);
    let span = span(w, c, taps, stride);
    // Strided BP it does not do.
    w.if_equal(c.stage, one);
    let strides = w.select(stride, one);
    w.refuse_if_less(one, strides);
    w.refuse_if_equal(patches, zero);
    let window = Window { seen, after, before, span, stride };
    let area = window.pixels(w, c, patch);
    Side { window, outputs, patch, patches, area }
}

/// Pixels that outputs from `at` on see, cut at the image: how many are cut off before them, the first, and how many.
pub(super) fn cut(
    w: &mut Writer,
    c: &Common,
    side: &Window,
    at: Number,
    outputs: Number,
) -> [Number; 3] {
    let from = w.times(at, side.stride);
    let from = w.add(from, side.after);
    let len = side.pixels(w, c, outputs);
    let end = w.add(from, len);
    let outside = w.subtract(side.before, from);
    w.if_less(from, side.before);
    let cut_off = w.select(outside, c.zero);
    let first = w.select(side.before, from);
    let first = w.subtract(first, side.before);
    w.if_less(end, side.before);
    let end = w.select(side.before, end);
    let end = w.subtract(end, side.before);
    w.if_less(side.seen, end);
    let end = w.select(side.seen, end);
    w.if_less(end, first);
    let end = w.select(first, end);
    let count = w.subtract(end, first);
    [cut_off, first, count]
}

/// What is read of each pixel.
pub(super) struct Part {
    first_word: Number,
    pub(super) words: Number,
    /// It is whole pixels of whole beats.
    touches: Number,
    /// Pixels of a row are one run.
    whole: Number,
    packed: Number,
    /// Words of the first beat before it.
    before: Number,
}

/// The words that have channels of a pixel.
pub(super) fn part_of_pixels(
    w: &mut Writer,
    c: &Common,
    first_channel: Number,
    end_channel: Number,
) -> Part {
    let (zero, one) = (c.zero, c.one);
    let first_word = w.down(first_channel, 3);
    let up = w.add(end_channel, c.seven);
    let end_word = w.down(up, 3);
    let words = w.subtract(end_word, first_word);
    // Do the beats that have the channels make up the pixel?
    let up = w.add(end_word, c.three);
    let end_beat = w.down(up, 2);
    let end = w.up(end_beat, 2);
    w.if_equal(end, c.pitch);
    let touches = w.select(one, zero);
    w.if_less(first_word, c.four);
    let touches = w.select(touches, zero);
    w.if_equal(c.pitch, one);
    let packed = w.select(one, zero);
    w.give("packed", packed);
    let touches = w.select(zero, touches);
    let whole = w.select(one, touches);
    let lead = w.low(first_word, 2);
    w.if_equal(packed, one);
    let before = w.select(zero, lead);
    Part { first_word, words, touches, whole, packed, before }
}

/// Gives the lines of a stripe: of `image`, from its line `top` and its column `begin` on.
pub(super) fn lines_of(
    w: &mut Writer,
    c: &Common,
    part: &Part,
    (height, width): (Number, Number),
    image: Number,
    ([top, lines], [begin, pixels]): ([Number; 2], [Number; 2]),
) {
    let (zero, one) = (c.zero, c.one);
    w.give_now("lines", lines);
    let offset = w.times(image, height);
    let offset = w.add(offset, top);
    let offset = w.times(offset, width);
    let offset = w.add(offset, begin);
    let offset = w.times(offset, c.pitch);
    let offset = w.add(offset, part.first_word);
    let beats = w.down(offset, 2);
    let a = field(w, "OPERANDS", "a");
    let first_beat = w.add(a, beats);
    w.give("first_beat", first_beat);
    let lead = w.low(offset, 2);
    w.give("lead", lead);
    w.if_equal(part.packed, one);
    let of_line = w.select(one, pixels);
    w.give("pixels", of_line);
    let of_pixel = w.select(pixels, part.words);
    w.give("words", of_pixel);
    // Whole lines of whole pixels are one run.
    w.if_equal(pixels, width);
    let all = w.select(part.touches, zero);
    w.if_equal(all, one);
    let ask_lines = w.select(one, lines);
    w.give("ask_lines", ask_lines);
    let joined = w.select(lines, one);
    let length = w.times(pixels, c.pitch);
    let length = w.times(length, joined);
    let length = w.subtract(length, part.before);
    w.if_equal(part.whole, one);
    let length = w.select(length, part.words);
    w.give("length", length);
    let runs = w.select(one, pixels);
    w.give("runs", runs);
}

/// Stripes one after another, of which some have nothing.
pub(super) struct Rounds {
    pending: Number,
    is_first: Number,
}

impl Rounds {
    /// Before the first: if none has anything, what is given here is the load's only one.
    pub(super) fn new(w: &mut Writer, c: &Common) -> Self {
        w.give_now("is_last", c.zero);
        w.give_now("is_first", c.one);
        w.give_now("ask_lines", c.zero);
        w.give_now("lines", c.zero);
        Self { pending: w.variable(c.zero, c.zero), is_first: w.variable(c.one, c.zero) }
    }

    /// A stripe of which nothing is inside the image is none. The one before it is its load's last, if no other comes.
    pub(super) fn begin(&self, w: &mut Writer, c: &Common, lines: Number, pixels: Number) {
        let (zero, one) = (c.zero, c.one);
        w.if_less(zero, lines);
        let any = w.select(one, zero);
        w.if_less(zero, pixels);
        let any = w.select(any, zero);
        w.if_less(zero, any);
        let complete = w.select(self.pending, zero);
        w.set(self.pending, SELECT, one, self.pending);
        w.if_less(zero, complete);
        w.push_if();
        w.set(self.is_first, SELECT, zero, self.is_first);
        w.if_equal(any, zero);
        w.mute_if();
        w.give_now("is_first", self.is_first);
    }

    /// What a stripe is has been given.
    pub(super) fn end(w: &mut Writer, c: &Common) {
        w.if_less(c.one, c.zero);
        w.mute_if();
    }

    /// The load has no more.
    pub(super) fn complete(w: &mut Writer, c: &Common) {
        w.give_now("is_last", c.one);
        w.push();
    }
}

/// What a load of patches of images is.
pub(super) fn images(w: &mut Writer, c: &Common) {
    let (zero, one) = (c.zero, c.one);
    // What it does not do: WS.
    w.refuse_if_equal(c.dataflow, zero);
    let kernel_h = field(w, "GEOMETRY", "kh");
    let kernel_w = field(w, "GEOMETRY", "kw");
    let piece = piece(w, c, (kernel_h, kernel_w));
    let v = side(w, c, false, (piece.first_h, piece.last_h), kernel_h);
    let h = side(w, c, true, (piece.first_w, piece.last_w), kernel_w);
    let batch = field(w, "GEOMETRY", "batch");
    let patches = w.times(batch, v.patches);
    let patches = w.times(patches, h.patches);
    w.refuse_if_less(patches, c.end_row);
    w.refuse_if_equal(c.rows, zero);
    let array_rows = w.given(Given::ArrayRows);
    w.refuse_if_less(array_rows, c.rows);
    let (number, column) = w.divide(c.row, h.patches);
    let (first_image, line) = w.divide(number, v.patches);

    // Words of a pixel, and of a line of a row's.
    let part = part_of_pixels(w, c, piece.first_channel, piece.end_channel);
    let words = part.words;
    let line_words = w.times(h.area, words);
    w.give("line_words", line_words);
    let needed = w.times(v.area, line_words);
    refuse_words(w, needed);
    let step = w.times(words, h.window.stride);
    let patch_words = w.times(step, h.patch);
    w.give("patch_words", patch_words);
    let across = w.up(step, 3);
    w.give("across", across);
    let down = w.times(line_words, v.window.stride);
    let down = w.up(down, 3);
    w.give("down", down);
    w.give_now("patch_width", h.patch);
    w.give_now("pixel_step", words);
    w.give_now("stride", c.pitch);
    let line_stride = w.times(h.window.seen, c.pitch);
    w.give("line_stride", line_stride);
    w.give_now("streams", zero);
    w.give_now("scatters", zero);
    let rounds = Rounds::new(w, c);
    let image = w.variable(first_image, zero);
    let line = w.variable(line, zero);
    let column = w.variable(column, zero);
    let left = w.variable(c.rows, zero);
    let row = w.variable(zero, zero);
    // A stripe each round: the patches of an image that lie beside each other.
    let round = w.steps.len();
    let room = w.subtract(h.patches, column);
    w.if_less(left, room);
    let wide = w.select(left, room);
    let y = w.times(line, v.patch);
    let rest = w.subtract(v.outputs, y);
    w.if_less(rest, v.patch);
    let high = w.select(rest, v.patch);
    let x = w.times(column, h.patch);
    let across = w.times(wide, h.patch);
    let rest = w.subtract(h.outputs, x);
    w.if_less(rest, across);
    let across = w.select(rest, across);
    let [above, top, lines] = cut(w, c, &v.window, y, high);
    let [beside, begin, pixels] = cut(w, c, &h.window, x, across);
    rounds.begin(w, c, lines, pixels);
    let seen = (v.window.seen, h.window.seen);
    lines_of(w, c, &part, seen, image, ([top, lines], [begin, pixels]));
    let at = w.times(above, line_words);
    w.give("at", at);
    let pixel = w.times(beside, words);
    w.give("pixel", pixel);
    w.give_now("row_first", row);
    w.set(row, ADD, row, wide);
    w.give_now("row_end", row);
    Rounds::end(w, c);
    w.set(left, SUBTRACT, left, wide);
    w.set(column, ADD, zero, zero);
    w.set(line, ADD, line, one);
    w.if_equal(line, v.patches);
    w.set(line, SELECT, zero, line);
    let next = w.select(one, zero);
    w.set(image, ADD, image, next);
    w.again_if_less(round, zero, left);
    Rounds::complete(w, c);
}
