// A master of the tests' top: after `start` it asks for `bursts` reads and as many writes by a plan of its own, and notes the
// cycle of every handshake. Towards AXI everything comes from registers, as in the core.
module burst_master #(parameter [1:0] PORT = 2'd0) (
    input wire clock,
    input wire reset,
    input wire start,
    input wire stop,
    input wire [31:0] seed,
    input wire [15:0] bursts,
    input wire [31:0] cycle,
    // Handshakes of 0 AR, 1 AW, 2 R, 3 W, 4 B.
    input wire [2:0] log_kind,
    input wire [11:0] log_index,
    output reg [63:0] log_entry,
    output reg [31:0] log_count,
    output reg [31:0] checksum,
    output wire busy,

    output reg [35:0] araddr,
    output reg [7:0] arlen,
    output reg arvalid,
    input wire arready,
    input wire [511:0] rdata,
    input wire [1:0] rresp,
    input wire rlast,
    input wire rvalid,
    output reg [35:0] awaddr,
    output reg [7:0] awlen,
    output reg awvalid,
    input wire awready,
    output wire [511:0] wdata,
    output wire wlast,
    output reg wvalid,
    input wire wready,
    input wire [1:0] bresp,
    input wire bvalid
);
    reg [63:0] log_ar [0:4095];
    reg [63:0] log_aw [0:4095];
    reg [63:0] log_r [0:4095];
    reg [63:0] log_w [0:4095];
    reg [63:0] log_b [0:4095];
    reg [31:0] count_ar, count_aw, count_r, count_w, count_b;
    reg [31:0] read_plan, write_plan;
    reg [15:0] reads_left, writes_left, reads_open, writes_open;
    reg [7:0] beat;
    reg [3:0] read_gap, write_gap;
    reg in_write;
    integer word;

    // The generator xorshift32.
    function [31:0] next(input [31:0] x);
        reg [31:0] a, b;
        begin
            a = x ^ (x << 13);
            b = a ^ (a >> 17);
            next = b ^ (b << 5);
        end
    endfunction

    // Beats but one, page and first beat, from a plan; bit 31 of the seed makes bursts that cross their page.
    function [7:0] len_of(input [31:0] plan);
        len_of = seed[31] ? 8'd64
            : ({2'b00, plan[10:5]} + {2'b00, plan[16:11]} > 8'd63) ? 8'd63 - {2'b00, plan[10:5]}
            : {2'b00, plan[16:11]};
    endfunction
    function [35:0] address_of(input [31:0] plan);
        address_of = {17'd0, plan[4:0], PORT, plan[10:5], 6'd0};
    endfunction

    genvar at;
    generate
        for (at = 0; at < 16; at = at + 1) begin : words
            assign wdata[32*at +: 32] = (awaddr[31:0] + {18'd0, beat, 6'd0} + at * 4) ^ seed;
        end
    endgenerate
    assign wlast = beat == awlen;
    assign busy = reads_left != 0 || writes_left != 0 || reads_open != 0 || writes_open != 0 || arvalid || in_write;

    wire ar = arvalid && arready;
    wire r = rvalid;
    wire aw = awvalid && awready;
    wire w = wvalid && wready;
    wire b = bvalid;

    reg [31:0] folded;
    always @* begin
        folded = 32'd0;
        for (word = 0; word < 16; word = word + 1) folded = folded ^ rdata[32*word +: 32];
    end

    always @(posedge clock) begin
        case (log_kind)
            3'd0: begin log_entry <= log_ar[log_index]; log_count <= count_ar; end
            3'd1: begin log_entry <= log_aw[log_index]; log_count <= count_aw; end
            3'd2: begin log_entry <= log_r[log_index]; log_count <= count_r; end
            3'd3: begin log_entry <= log_w[log_index]; log_count <= count_w; end
            default: begin log_entry <= log_b[log_index]; log_count <= count_b; end
        endcase
        if (ar) begin log_ar[count_ar[11:0]] <= {arlen, araddr[29:6], cycle}; count_ar <= count_ar + 1; end
        if (aw) begin log_aw[count_aw[11:0]] <= {awlen, awaddr[29:6], cycle}; count_aw <= count_aw + 1; end
        if (r) begin log_r[count_r[11:0]] <= {29'd0, rlast, rresp, cycle}; count_r <= count_r + 1; end
        if (w) begin log_w[count_w[11:0]] <= {31'd0, wlast, cycle}; count_w <= count_w + 1; end
        if (b) begin log_b[count_b[11:0]] <= {30'd0, bresp, cycle}; count_b <= count_b + 1; end
        if (r && rresp == 2'd0) checksum <= {checksum[30:0], checksum[31]} ^ folded;

        if (ar) arvalid <= 1'b0;
        if (read_gap != 0) read_gap <= read_gap - 1;
        if (reads_left != 0 && read_gap == 0 && (!arvalid || ar)) begin
            arvalid <= 1'b1;
            araddr <= address_of(read_plan);
            arlen <= len_of(read_plan);
            read_gap <= read_plan[20] ? read_plan[24:21] : 4'd0;
            read_plan <= next(read_plan);
            reads_left <= reads_left - 1;
        end
        reads_open <= reads_open + {15'd0, ar} - {15'd0, r && rlast};

        if (aw) awvalid <= 1'b0;
        if (w) begin
            beat <= beat + 1;
            if (wlast) wvalid <= 1'b0;
        end
        if (in_write && !awvalid && !wvalid) in_write <= 1'b0;
        if (write_gap != 0) write_gap <= write_gap - 1;
        if (writes_left != 0 && write_gap == 0 && !in_write) begin
            in_write <= 1'b1;
            awvalid <= 1'b1;
            wvalid <= 1'b1;
            beat <= 8'd0;
            awaddr <= address_of(write_plan);
            awlen <= len_of(write_plan);
            write_gap <= write_plan[20] ? write_plan[24:21] : 4'd0;
            write_plan <= next(write_plan);
            writes_left <= writes_left - 1;
        end
        writes_open <= writes_open + {15'd0, aw} - {15'd0, b};

        if (start) begin
            {count_ar, count_aw, count_r, count_w, count_b, checksum} <= 192'd0;
            read_plan <= next(seed ^ {29'd0, 1'b1, PORT});
            write_plan <= next(seed ^ {28'd0, 2'b10, PORT});
            reads_left <= bursts;
            writes_left <= bursts;
        end
        if (stop) begin
            reads_left <= 16'd0;
            writes_left <= 16'd0;
        end
        if (reset) begin
            {arvalid, awvalid, wvalid, in_write} <= 4'd0;
            {reads_left, writes_left, reads_open, writes_open} <= 64'd0;
            {read_gap, write_gap} <= 8'd0;
        end
    end
endmodule
