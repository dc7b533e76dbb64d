// The register window of the tests' top: a scratch register, START and RESET with RUNNING, DONE and its interrupt, and the masters'
// notes. 0x3FC never answers.
module window (
    input wire clock,
    input wire reset,
    input wire [11:0] awaddr,
    input wire awvalid,
    output wire awready,
    input wire [31:0] wdata,
    input wire [3:0] wstrb,
    input wire wvalid,
    output wire wready,
    output reg bvalid,
    input wire bready,
    input wire [11:0] araddr,
    input wire arvalid,
    output wire arready,
    output reg [31:0] rdata,
    output reg rvalid,
    input wire rready,

    input wire [31:0] identity,
    input wire busy,
    input wire [63:0] log_entry,
    input wire [31:0] log_count,
    input wire [31:0] checksum,
    output reg [31:0] select,
    output reg [31:0] seed,
    output reg [15:0] bursts,
    output reg start,
    output reg stop,
    output reg [31:0] cycle,
    output wire interrupt
);
    reg [31:0] scratch;
    reg done, enable, running, hangs;
    wire write = awvalid && wvalid && !bvalid;
    wire read = arvalid && !rvalid && araddr != 12'h3fc;
    assign awready = write;
    assign wready = write;
    assign arready = read;
    assign interrupt = done && enable;

    always @(posedge clock) begin
        cycle <= cycle + 1;
        start <= 1'b0;
        stop <= 1'b0;
        if (running && !start && !busy && !hangs) begin
            running <= 1'b0;
            done <= 1'b1;
        end
        if (bready) bvalid <= 1'b0;
        if (write) begin
            bvalid <= 1'b1;
            if (wstrb == 4'hf) case (awaddr)
                12'h01c: scratch <= wdata;
                12'h040: begin
                    if (wdata[0] && !running) begin
                        start <= 1'b1;
                        running <= 1'b1;
                        hangs <= bursts == 16'd0;
                    end
                    if (wdata[2]) begin
                        stop <= 1'b1;
                        hangs <= 1'b0;
                    end
                end
                12'h044: done <= done && !wdata[0];
                12'h048: enable <= wdata[0];
                12'h04c: seed <= wdata;
                12'h054: bursts <= wdata[15:0];
                12'h100: select <= wdata;
                default: ;
            endcase
        end
        if (rready) rvalid <= 1'b0;
        if (read) begin
            rvalid <= 1'b1;
            case (araddr)
                12'h010: rdata <= identity;
                12'h01c: rdata <= scratch;
                12'h020: rdata <= cycle;
                12'h044: rdata <= {31'd0, done};
                12'h060: rdata <= {31'd0, running};
                12'h104: rdata <= log_entry[31:0];
                12'h108: rdata <= log_entry[63:32];
                12'h10c: rdata <= log_count;
                12'h110: rdata <= checksum;
                default: rdata <= 32'd0;
            endcase
        end
        if (reset) begin
            {scratch, select, seed, cycle} <= 128'd0;
            {done, enable, running, hangs, start, stop, bvalid, rvalid} <= 8'd0;
            bursts <= 16'd0;
        end
    end
endmodule
