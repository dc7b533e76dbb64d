// Interleaves the memory channels: from an address of the card's memory (hdl/spec/src/memory_map.rs) to one in which each
// channel's module is one piece, as an interconnect decodes it. Address bits change places, and nothing else happens: a burst
// never crosses 4 KiB (AMBA AXI4 specification, address structure), and a step is not less, so it stays in one channel.
// Parameters come from facts.tcl. `clock` only says what both interfaces are synchronous to.
module interleave #(
    parameter ID_BITS = 4,
    // As many as its master's, and not less than the memory's.
    parameter ADDRESS_BITS = 64,
    parameter DATA_BITS = 512,
    // Bits of an address within a step, of the channel's number, and of all of the memory.
    parameter STEP_BITS = 12,
    parameter CHANNEL_BITS = 2,
    parameter MEMORY_BITS = 36
) (
    (* X_INTERFACE_PARAMETER = "ASSOCIATED_BUSIF s_axi:m_axi" *)
    input wire clock,

    input wire [ID_BITS-1:0] s_axi_awid,
    input wire [ADDRESS_BITS-1:0] s_axi_awaddr,
    input wire [7:0] s_axi_awlen,
    input wire [2:0] s_axi_awsize,
    input wire [1:0] s_axi_awburst,
    input wire s_axi_awvalid,
    output wire s_axi_awready,
    input wire [DATA_BITS-1:0] s_axi_wdata,
    input wire [DATA_BITS/8-1:0] s_axi_wstrb,
    input wire s_axi_wlast,
    input wire s_axi_wvalid,
    output wire s_axi_wready,
    output wire [ID_BITS-1:0] s_axi_bid,
    output wire [1:0] s_axi_bresp,
    output wire s_axi_bvalid,
    input wire s_axi_bready,
    input wire [ID_BITS-1:0] s_axi_arid,
    input wire [ADDRESS_BITS-1:0] s_axi_araddr,
    input wire [7:0] s_axi_arlen,
    input wire [2:0] s_axi_arsize,
    input wire [1:0] s_axi_arburst,
    input wire s_axi_arvalid,
    output wire s_axi_arready,
    output wire [ID_BITS-1:0] s_axi_rid,
    output wire [DATA_BITS-1:0] s_axi_rdata,
    output wire [1:0] s_axi_rresp,
    output wire s_axi_rlast,
    output wire s_axi_rvalid,
    input wire s_axi_rready,

    output wire [ID_BITS-1:0] m_axi_awid,
    output wire [ADDRESS_BITS-1:0] m_axi_awaddr,
    output wire [7:0] m_axi_awlen,
    output wire [2:0] m_axi_awsize,
    output wire [1:0] m_axi_awburst,
    output wire m_axi_awvalid,
    input wire m_axi_awready,
    output wire [DATA_BITS-1:0] m_axi_wdata,
    output wire [DATA_BITS/8-1:0] m_axi_wstrb,
    output wire m_axi_wlast,
    output wire m_axi_wvalid,
    input wire m_axi_wready,
    input wire [ID_BITS-1:0] m_axi_bid,
    input wire [1:0] m_axi_bresp,
    input wire m_axi_bvalid,
    output wire m_axi_bready,
    output wire [ID_BITS-1:0] m_axi_arid,
    output wire [ADDRESS_BITS-1:0] m_axi_araddr,
    output wire [7:0] m_axi_arlen,
    output wire [2:0] m_axi_arsize,
    output wire [1:0] m_axi_arburst,
    output wire m_axi_arvalid,
    input wire m_axi_arready,
    input wire [ID_BITS-1:0] m_axi_rid,
    input wire [DATA_BITS-1:0] m_axi_rdata,
    input wire [1:0] m_axi_rresp,
    input wire m_axi_rlast,
    input wire m_axi_rvalid,
    output wire m_axi_rready
);
    // The channel's number goes from above the step to the top; what was above it moves down. Bits above the memory, of a master
    // that has them, stay, so that an address beyond it stays beyond it.
    localparam STEPS_BITS = MEMORY_BITS - CHANNEL_BITS - STEP_BITS;

    function [ADDRESS_BITS-1:0] interleaved(input [ADDRESS_BITS-1:0] address);
        begin
            interleaved = address;
            interleaved[MEMORY_BITS-1 -: CHANNEL_BITS] = address[STEP_BITS +: CHANNEL_BITS];
            interleaved[STEP_BITS +: STEPS_BITS] = address[MEMORY_BITS-1 -: STEPS_BITS];
        end
    endfunction

    assign m_axi_awaddr = interleaved(s_axi_awaddr);
    assign m_axi_araddr = interleaved(s_axi_araddr);

    assign m_axi_awid = s_axi_awid;
    assign m_axi_awlen = s_axi_awlen;
    assign m_axi_awsize = s_axi_awsize;
    assign m_axi_awburst = s_axi_awburst;
    assign m_axi_awvalid = s_axi_awvalid;
    assign s_axi_awready = m_axi_awready;
    assign m_axi_wdata = s_axi_wdata;
    assign m_axi_wstrb = s_axi_wstrb;
    assign m_axi_wlast = s_axi_wlast;
    assign m_axi_wvalid = s_axi_wvalid;
    assign s_axi_wready = m_axi_wready;
    assign s_axi_bid = m_axi_bid;
    assign s_axi_bresp = m_axi_bresp;
    assign s_axi_bvalid = m_axi_bvalid;
    assign m_axi_bready = s_axi_bready;
    assign m_axi_arid = s_axi_arid;
    assign m_axi_arlen = s_axi_arlen;
    assign m_axi_arsize = s_axi_arsize;
    assign m_axi_arburst = s_axi_arburst;
    assign m_axi_arvalid = s_axi_arvalid;
    assign s_axi_arready = m_axi_arready;
    assign s_axi_rid = m_axi_rid;
    assign s_axi_rdata = m_axi_rdata;
    assign s_axi_rresp = m_axi_rresp;
    assign s_axi_rlast = m_axi_rlast;
    assign s_axi_rvalid = m_axi_rvalid;
    assign m_axi_rready = s_axi_rready;
endmodule
