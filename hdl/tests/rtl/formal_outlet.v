// Around the two registers towards AXI: what formal.rs proves of them.
module harness(input wire clock, input wire reset, input wire push, input wire [35:0] data, input wire ready);
    wire room, valid;
    wire [35:0] offer;
    dma_outlet dut(.clock(clock), .reset(reset), .push(push), .data(data), .room(room), .valid(valid), .ready(ready), .offer(offer));
    wire takes = valid & ready;
    reg [1:0] count = 0;
    // What was in the cycle before.
    reg stalled = 0;
    reg [35:0] last_offer;
    always @(posedge clock) begin
        count <= reset ? 0 : count + push - takes;
        stalled <= valid & !ready & !reset;
        last_offer <= offer;
    end
    always @* begin
        assume(!push | room);
        assert(valid == (count != 0));
        assert(room == (count < 2));
        assert(count < 3);
        // What is offered stays until it is taken.
        assert(!stalled | (valid & offer == last_offer));
`ifdef BOUNDED
        assert(!valid | offer == first);
`endif
    end
`ifdef BOUNDED
    // What is in it, in order.
    reg [35:0] first, second;
    wire [1:0] left = count - takes;
    always @(posedge clock) begin
        first <= push & left == 0 ? data : takes ? second : first;
        second <= push & left == 1 ? data : second;
    end
`endif
endmodule
