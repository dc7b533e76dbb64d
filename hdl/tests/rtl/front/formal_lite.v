// Around the AXI4-Lite port: what front/formal.rs proves of it.
module harness(
    input wire clock, input wire reset, input wire hold,
    input wire [9:0] awaddr, input wire awvalid, input wire [31:0] wdata, input wire [3:0] wstrb, input wire wvalid,
    input wire bready, input wire [9:0] araddr, input wire arvalid, input wire rready, input wire [31:0] read_data
);
    wire awready, wready, bvalid, arready, rvalid, write, read;
    wire [1:0] bresp, rresp;
    wire [31:0] rdata, write_data, write_mask;
    wire [9:0] write_word, read_word;
    lite_port dut(.clock(clock), .reset(reset), .hold(hold), .awaddr(awaddr), .awvalid(awvalid), .awready(awready),
        .wdata(wdata), .wstrb(wstrb), .wvalid(wvalid), .wready(wready), .bresp(bresp), .bvalid(bvalid), .bready(bready),
        .araddr(araddr), .arvalid(arvalid), .arready(arready), .rdata(rdata), .rresp(rresp), .rvalid(rvalid), .rready(rready),
        .write(write), .write_word(write_word), .write_data(write_data), .write_mask(write_mask), .read(read),
        .read_word(read_word), .read_data(read_data));
    // What has been taken and not answered, and whether it has had its effect.
    reg aw = 0, w = 0, ar = 0, written = 0, was_read = 0;
    reg [9:0] write_at = 0, read_at = 0;
    reg [31:0] written_data = 0, answer = 0;
    reg last_b = 0, last_r = 0;
    reg [31:0] last_data = 0;
    wire b_taken = bvalid & bready;
    wire r_taken = rvalid & rready;
    always @(posedge clock) begin
        aw <= !reset & ((aw & !b_taken) | (awvalid & awready));
        w <= !reset & ((w & !b_taken) | (wvalid & wready));
        ar <= !reset & ((ar & !r_taken) | (arvalid & arready));
        written <= !reset & !b_taken & (written | write);
        was_read <= !reset & !r_taken & (was_read | read);
        if (awvalid & awready) write_at <= awaddr;
        if (wvalid & wready) written_data <= wdata;
        if (arvalid & arready) read_at <= araddr;
        if (read) answer <= read_data;
        last_b <= bvalid & !bready & !reset;
        last_r <= rvalid & !rready & !reset;
        last_data <= rdata;
    end
    always @* begin
        // One write and one read at a time.
        assert(awready == !aw);
        assert(wready == !w);
        assert(arready == !ar);
        // A write has its effect once, with its own address and data, and is answered after that.
        assert(!write | (aw & w & !written));
        assert(!write | (write_word == write_at & write_data == written_data));
        assert(!bvalid | (aw & w & written));
        // So has a read.
        assert(!read | (ar & !was_read & read_word == read_at));
        assert(rvalid == was_read);
        assert(!rvalid | (ar & rdata == answer));
        // Answers stay until they are taken; they are OKAY.
        assert(!last_b | bvalid);
        assert(!last_r | (rvalid & rdata == last_data));
        assert(bresp == 0 & rresp == 0);
        assert(!(hold & read));
    end
endmodule
