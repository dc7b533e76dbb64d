// Around an engine's queue and its ledger: what front/formal.rs proves of them.
module harness(
    input wire clock, input wire clear,
    input wire may_dispatch, input wire is_legal, input wire own, input wire ready,
    input wire start, input wire early, input wire end_
);
    localparam [8:0] DEPTH = 9'd4;
    wire full, valid;
    wire [8:0] write, read;
    // Dispatch takes a place if there is one; what was dispatched arrives a cycle later, unless it is no instruction.
    wire dispatched = may_dispatch & !full & !clear;
    reg dispatched_before = 0;
    wire arrives = dispatched_before & is_legal;
    always @(posedge clock) dispatched_before <= dispatched;
    queue dut(.clock(clock), .clear(clear), .depth(DEPTH), .dispatched(dispatched), .arrives(arrives), .ready(ready),
        .full(full), .valid(valid), .write(write), .read(read));
    // What has been dispatched and is neither taken nor known to be no instruction, and what has arrived of it.
    reg [8:0] places = 0, arrived = 0, taken = 0, lost = 0;
    wire takes = ready & valid;
    always @(posedge clock)
        if (clear) {places, arrived, taken, lost} <= 0;
        else begin
            places <= places + dispatched;
            arrived <= arrived + arrives;
            taken <= taken + takes;
            lost <= lost + (dispatched_before & !is_legal);
        end
    wire [8:0] held = arrived - taken;
    wire [8:0] used = places - taken;
    always @* begin
        // Every one that arrives has a place of its own, in order, and is there until it is taken, once.
        assert(write == arrived);
        assert(read == taken);
        assert(valid == (held != 0));
        assert(held <= used);
        assert(used <= DEPTH);
        assert(full == (used == DEPTH));
        assert(used == held + lost + (dispatched_before & !was_cleared));
    end
    reg was_cleared = 0;
    always @(posedge clock) was_cleared <= clear;
endmodule
