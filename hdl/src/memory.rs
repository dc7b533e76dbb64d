//! Memories and delay lines, written by hand: what synthesis recognises as block RAM, LUT RAM or shift registers has to be written
//! in its own way, and RustHDL's own memory has neither a second clock nor lanes.

use crate::emit::Module;

/// Every module of the design whose Verilog is written by hand, with the reason. Texts inside RustHDL blocks count too.
pub const WRAPPERS: &[(&str, &str)] = &[
    ("bank_ram", "memory: lanes written apart, on the clock of the loads"),
    ("block_ram", "memory: block RAM"),
    ("small_ram", "memory: LUT RAM with a read that needs no clock"),
    ("delay_line", "memory: shift register of a length that the array gives"),
    ("fifo_ram", "memory: FIFO in block RAM"),
    ("SmallRam", "memory: LUT RAM inside a RustHDL block"),
    ("Delay", "memory: shift register inside a RustHDL block"),
    ("Microcode", "memory: a table that Rust has too, with the cycles of each step"),
    ("Product", "multiplication of other widths than RustHDL has"),
    ("stce_row", "wiring: the elements of a row"),
    ("stce", "wiring: the rows of the array"),
    ("core", "wiring: array, edges, buffers, controller, update"),
    ("mm_engine", "wiring: the same array at the sequencer"),
    ("registers", "wiring: a block per register of the map"),
    ("decoder", "wiring: blocks per row of the instruction table"),
    ("sequencer", "wiring: a queue per engine, a counter per semaphore"),
    ("satkit", "wiring: registers, sequencer, ports"),
    ("update_rank", "wiring: a comparator to every two values of a word"),
    ("update_select", "wiring: the stages of the selection to every value of a word"),
    ("update_collect", "wiring: the parts of a word that several beats fill; narrow lanes only"),
    ("update_transpose", "memory: two banks of registers, and the order in which they are read"),
    ("update", "wiring: lanes, old masks and both selections"),
    (
        "vector_lanes",
        "wiring: lanes and sums, and what leads elements to them and results from them",
    ),
    ("vector_rows", "wiring: the operations of a cross-entropy, one after another"),
    ("vector_loss", "wiring: rows of a cross-entropy from rings of beats, and its results to them"),
    ("vector_pool", "wiring: elements window by window out of rings, and results to them"),
    ("vector_norm", "wiring: a channel's statistics for each lane, and their constants"),
    ("vector_divide_turns", "wiring: three dividers, and whose turn it is"),
    ("dma", "wiring: clients, arbiters and the ports of all channels"),
    ("in_order", "wiring: FIFOs of beats and the way from them"),
    ("read_rings", "wiring: the banks of streams that are read"),
    ("write_rings", "wiring: the banks of streams that are written"),
    ("stream_blocks", "wiring: FIFOs of blocks"),
    ("update_stream", "wiring: what WU has besides its lanes"),
    ("update_panel", "wiring: the banks of a panel, and what turns their words"),
    ("update_lanes", "wiring: the update unit between rings of beats"),
    ("wu", "wiring: the shell and its lanes"),
    ("vector_stream", "wiring: what VE has besides its lanes"),
    ("ve", "wiring: the shell and its lanes"),
    ("store", "wiring: a lane per column, FIFOs of beats and bursts"),
    ("tagged_bank", "memory: four memories of words with tags, written apart"),
    ("w2e_row", "wiring: the bank of a row and its table"),
    ("ProgramSteps", "memory: a table that Rust has too"),
    ("load_a", "wiring: blocks of the engine, and of a beat to every row"),
    ("load_w", "wiring: blocks of the engine, and of a beat to every column"),
];

fn module(name: &str, text: &str) -> Module {
    Module { name: name.into(), text: text.into() }
}

/// A bank of a double buffer: `LANES` lanes of `LANE` bits, written lane by lane on `write_clock`, read in two edges.
/// The read stands still while `run` is low, as the array does.
#[must_use]
pub fn bank_ram() -> Module {
    module(
        "bank_ram",
        "\
module bank_ram #(parameter LANES = 8, parameter LANE = 16, parameter ADDRESS = 10) (
    input wire clock,
    input wire run,
    input wire [LANES-1:0] write,
    input wire [ADDRESS-1:0] write_address,
    input wire [LANES*LANE-1:0] write_data,
    input wire [ADDRESS-1:0] read_address,
    output reg [LANES*LANE-1:0] read_data
);
    reg [LANES*LANE-1:0] content [0:(1<<ADDRESS)-1];
    reg [LANES*LANE-1:0] fetched;
    integer lane;
    initial fetched = {(LANES*LANE){1'b0}};
    initial read_data = {(LANES*LANE){1'b0}};
    always @(posedge clock) begin
        for (lane = 0; lane < LANES; lane = lane + 1)
            if (write[lane]) content[write_address][lane*LANE +: LANE] <= write_data[lane*LANE +: LANE];
    end
    always @(posedge clock) begin
        if (run) fetched <= content[read_address];
        if (run) read_data <= fetched;
    end
endmodule
",
    )
}

/// A row bank: a double buffer of words of `WIDTH` bits, the lower half and the upper one, in four memories of every fourth word, each of
/// which is written at its own address with the tag of what is written. A word is read in two edges, and is 0 if its tag is not
/// that of its half. The read stands still while `run` is low.
#[must_use]
pub fn tagged_bank() -> Module {
    module(
        "tagged_bank",
        "\
module tagged_bank #(parameter WIDTH = 128, parameter TAG = 7, parameter ADDRESS = 10) (
    input wire clock,
    input wire run,
    input wire [3:0] write,
    input wire [4*(ADDRESS-2)-1:0] write_lines,
    input wire [4*WIDTH-1:0] write_data,
    input wire [TAG-1:0] write_tag,
    input wire [2*TAG-1:0] tags,
    input wire [ADDRESS-1:0] read_address,
    output reg [WIDTH-1:0] read_data
);
    wire [4*WIDTH-1:0] found;
    reg [1:0] place;
    initial place = 2'h0;
    initial read_data = {WIDTH{1'b0}};
    genvar b;
    generate
        for (b = 0; b < 4; b = b + 1) begin : banks
            reg [TAG+WIDTH-1:0] content [0:(1<<(ADDRESS-2))-1];
            reg [TAG+WIDTH-1:0] fetched;
            reg upper;
            initial fetched = {(TAG+WIDTH){1'b0}};
            initial upper = 1'b0;
            always @(posedge clock) begin
                if (write[b])
                    content[write_lines[b*(ADDRESS-2) +: ADDRESS-2]] <= {write_tag, write_data[b*WIDTH +: WIDTH]};
            end
            always @(posedge clock) if (run) begin
                fetched <= content[read_address[ADDRESS-1:2]];
                upper <= read_address[ADDRESS-1];
            end
            wire [TAG-1:0] tag = upper ? tags[2*TAG-1:TAG] : tags[TAG-1:0];
            assign found[b*WIDTH +: WIDTH] =
                (fetched[TAG+WIDTH-1:WIDTH] == tag) ? fetched[WIDTH-1:0] : {WIDTH{1'b0}};
        end
    endgenerate
    always @(posedge clock) if (run) begin
        place <= read_address[1:0];
        read_data <= found[place*WIDTH +: WIDTH];
    end
endmodule
",
    )
}

/// A memory that is written and read in one edge, each at its own address; what is written is read in the next.
#[must_use]
pub fn block_ram() -> Module {
    module(
        "block_ram",
        "\
module block_ram #(parameter WIDTH = 32, parameter ADDRESS = 10) (
    input wire clock,
    input wire write,
    input wire [ADDRESS-1:0] write_address,
    input wire [WIDTH-1:0] write_data,
    input wire [ADDRESS-1:0] read_address,
    output reg [WIDTH-1:0] read_data
);
    reg [WIDTH-1:0] content [0:(1<<ADDRESS)-1];
    initial read_data = {WIDTH{1'b0}};
    always @(posedge clock) begin
        if (write) content[write_address] <= write_data;
        read_data <= content[read_address];
    end
endmodule
",
    )
}

/// A small memory with a read that needs no clock.
#[must_use]
pub fn small_ram() -> Module {
    module(
        "small_ram",
        "\
module small_ram #(parameter WIDTH = 20, parameter ADDRESS = 7) (
    input wire clock,
    input wire write,
    input wire [ADDRESS-1:0] write_address,
    input wire [WIDTH-1:0] write_data,
    input wire [ADDRESS-1:0] read_address,
    output wire [WIDTH-1:0] read_data
);
    reg [WIDTH-1:0] content [0:(1<<ADDRESS)-1];
    always @(posedge clock) if (write) content[write_address] <= write_data;
    assign read_data = content[read_address];
endmodule
",
    )
}

/// `DEPTH` edges of delay; 0 is a wire. Where `reset` is a constant 0, synthesis makes shift register LUTs of it.
#[must_use]
pub fn delay_line() -> Module {
    module(
        "delay_line",
        "\
module delay_line #(parameter WIDTH = 32, parameter DEPTH = 1) (
    input wire clock,
    input wire reset,
    input wire [WIDTH-1:0] d,
    output wire [WIDTH-1:0] q
);
    generate
        if (DEPTH == 0) begin : none
            wire unused = clock | reset;
            assign q = d;
        end else if (DEPTH == 1) begin : one
            reg [WIDTH-1:0] stage;
            initial stage = {WIDTH{1'b0}};
            always @(posedge clock) stage <= reset ? {WIDTH{1'b0}} : d;
            assign q = stage;
        end else begin : more
            reg [WIDTH*DEPTH-1:0] stages;
            initial stages = {(WIDTH*DEPTH){1'b0}};
            always @(posedge clock) stages <= reset ? {(WIDTH*DEPTH){1'b0}} : {stages[WIDTH*(DEPTH-1)-1:0], d};
            assign q = stages[WIDTH*DEPTH-1:WIDTH*(DEPTH-1)];
        end
    endgenerate
endmodule
",
    )
}

/// A FIFO of `2^ADDRESS` words in block RAM. What is pushed into an empty one is its head in the next cycle. Pushed only with `room`,
/// popped only while it `holds`.
#[must_use]
pub fn fifo_ram() -> Module {
    module(
        "fifo_ram",
        "\
module fifo_ram #(parameter WIDTH = 32, parameter ADDRESS = 4) (
    input wire clock,
    input wire reset,
    input wire push,
    input wire [WIDTH-1:0] data,
    input wire pop,
    output wire holds,
    output wire room,
    output wire [WIDTH-1:0] head
);
    reg [WIDTH-1:0] content [0:(1<<ADDRESS)-1];
    reg [ADDRESS-1:0] write_at;
    reg [ADDRESS-1:0] read_at;
    reg [ADDRESS:0] count;
    reg [WIDTH-1:0] fetched;
    reg [WIDTH-1:0] passed;
    reg passes;
    initial write_at = {ADDRESS{1'b0}};
    initial read_at = {ADDRESS{1'b0}};
    initial count = {(ADDRESS+1){1'b0}};
    wire [ADDRESS-1:0] read_next = read_at + {{(ADDRESS-1){1'b0}}, pop};
    always @(posedge clock) begin
        if (push) content[write_at] <= data;
        fetched <= content[read_next];
        // A word that is written is not read in the same cycle.
        passed <= data;
        passes <= push & (write_at == read_next);
    end
    always @(posedge clock) begin
        write_at <= reset ? {ADDRESS{1'b0}} : write_at + {{(ADDRESS-1){1'b0}}, push};
        read_at <= reset ? {ADDRESS{1'b0}} : read_next;
        count <= reset ? {(ADDRESS+1){1'b0}} : count + {{ADDRESS{1'b0}}, push} - {{ADDRESS{1'b0}}, pop};
    end
    assign holds = |count;
    assign room = ~count[ADDRESS];
    assign head = passes ? passed : fetched;
endmodule
",
    )
}
