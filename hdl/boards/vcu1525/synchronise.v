// Levels from another clock, each bit on its own: two flip-flops. vcu1525.xdc takes the path to the first out of timing.
module synchronise #(
    parameter WIDTH = 1
) (
    input wire clock,
    input wire [WIDTH-1:0] level,
    output wire [WIDTH-1:0] settled
);
    (* ASYNC_REG = "TRUE" *) reg [WIDTH-1:0] first = {WIDTH{1'b0}};
    (* ASYNC_REG = "TRUE" *) reg [WIDTH-1:0] second = {WIDTH{1'b0}};
    always @(posedge clock) begin
        first <= level;
        second <= first;
    end
    assign settled = second;
endmodule
