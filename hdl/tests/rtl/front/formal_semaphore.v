// Around a semaphore and the instruction that waits for it: what front/formal.rs proves of them.
module harness(
    input wire clock, input wire clear, input wire stop, input wire takes, input wire [15:0] waits,
    input wire start, input wire post, input wire [15:0] others_empty
);
    wire go, starts, empty;
    wire [15:0] taken;
    // Semaphore 0 is the one that is counted; of the others anything may be true.
    taken waiting(.clock(clock), .clear(clear), .stop(stop), .takes(takes), .waits(waits),
        .empty({others_empty[15:1], empty}), .start(start), .go(go), .starts(starts), .taken(taken));
    tokens dut(.clock(clock), .clear(clear), .initial_count(26'd2), .post(post), .take(taken[0]), .empty(empty));
    // What there is of it; before the first clear there is none.
    reg [26:0] count = 0;
    reg pending = 0;
    reg [15:0] wanted = 0;
    always @(posedge clock) begin
        count <= clear ? 27'd2 : count + post - taken[0];
        pending <= !clear & (takes | (pending & !starts));
        if (takes) wanted <= waits;
    end
    always @* begin
        // As many posts as a program has instructions.
        assume(count < 27'h3ff_fffe);
        assert(empty == (count == 0));
        assert(!taken[0] | (count != 0));
        assert(!starts | (start & go));
        assert(!go | (pending & !stop));
        assert(taken == (starts ? wanted : 16'h0));
        assert(!(taken & {others_empty[15:1], 1'b0}));
        assert(go | stop | !pending | (wanted & {others_empty[15:1], empty}) != 0);
    end
endmodule
