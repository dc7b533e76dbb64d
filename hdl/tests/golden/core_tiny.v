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

module core_dff_4(d,q,clock);

    // Module arguments
    input wire  [3:0] d;
    output reg  [3:0] q;
    input wire  clock;

    // Update code (custom)
    initial begin
       q = 4'h0;
    end

    always @(posedge clock) begin
       q <= d;
    end

endmodule

module uspe_dff_1(d,q,clock);

    // Module arguments
    input wire  d;
    output reg  q;
    input wire  clock;

    // Update code (custom)
    initial begin
       q = 1'h0;
    end

    always @(posedge clock) begin
       q <= d;
    end

endmodule

module core_dff_16(d,q,clock);

    // Module arguments
    input wire  [15:0] d;
    output reg  [15:0] q;
    input wire  clock;

    // Update code (custom)
    initial begin
       q = 16'h0;
    end

    always @(posedge clock) begin
       q <= d;
    end

endmodule

module uspe_dff_5(d,q,clock);

    // Module arguments
    input wire  [4:0] d;
    output reg  [4:0] q;
    input wire  clock;

    // Update code (custom)
    initial begin
       q = 5'h0;
    end

    always @(posedge clock) begin
       q <= d;
    end

endmodule

module controller_interleave_product(left,right,product);

    // Module arguments
    input wire  [4:0] left;
    input wire  [4:0] right;
    output reg  [9:0] product;

    // Update code (custom)
    always @(*) product = {5'h0, left} * {5'h0, right};
endmodule

module controller_ring_product(left,right,product);

    // Module arguments
    input wire  [4:0] left;
    input wire  [15:0] right;
    output reg  [20:0] product;

    // Update code (custom)
    always @(*) product = {16'h0, left} * {5'h0, right};
endmodule

module controller_outputs_product(left,right,product);

    // Module arguments
    input wire  [6:0] left;
    input wire  [4:0] right;
    output reg  [11:0] product;

    // Update code (custom)
    always @(*) product = {5'h0, left} * {7'h0, right};
endmodule

module controller_dff_21(d,q,clock);

    // Module arguments
    input wire  [20:0] d;
    output reg  [20:0] q;
    input wire  clock;

    // Update code (custom)
    initial begin
       q = 21'h0;
    end

    always @(posedge clock) begin
       q <= d;
    end

endmodule

module controller_dff_12(d,q,clock);

    // Module arguments
    input wire  [11:0] d;
    output reg  [11:0] q;
    input wire  clock;

    // Update code (custom)
    initial begin
       q = 12'h0;
    end

    always @(posedge clock) begin
       q <= d;
    end

endmodule

module uspe_dff_24(d,q,clock);

    // Module arguments
    input wire  [23:0] d;
    output reg  [23:0] q;
    input wire  clock;

    // Update code (custom)
    initial begin
       q = 24'h0;
    end

    always @(posedge clock) begin
       q <= d;
    end

endmodule

module uspe_dff_7(d,q,clock);

    // Module arguments
    input wire  [6:0] d;
    output reg  [6:0] q;
    input wire  clock;

    // Update code (custom)
    initial begin
       q = 7'h0;
    end

    always @(posedge clock) begin
       q <= d;
    end

endmodule

module uspe_dff_2(d,q,clock);

    // Module arguments
    input wire  [1:0] d;
    output reg  [1:0] q;
    input wire  clock;

    // Update code (custom)
    initial begin
       q = 2'h0;
    end

    always @(posedge clock) begin
       q <= d;
    end

endmodule

module core_dff_20(d,q,clock);

    // Module arguments
    input wire  [19:0] d;
    output reg  [19:0] q;
    input wire  clock;

    // Update code (custom)
    initial begin
       q = 20'h0;
    end

    always @(posedge clock) begin
       q <= d;
    end

endmodule

module core_dff_6(d,q,clock);

    // Module arguments
    input wire  [5:0] d;
    output reg  [5:0] q;
    input wire  clock;

    // Update code (custom)
    initial begin
       q = 6'h0;
    end

    always @(posedge clock) begin
       q <= d;
    end

endmodule

module core_dff_51(d,q,clock);

    // Module arguments
    input wire  [50:0] d;
    output reg  [50:0] q;
    input wire  clock;

    // Update code (custom)
    initial begin
       q = 51'h0;
    end

    always @(posedge clock) begin
       q <= d;
    end

endmodule

module core_dff_42(d,q,clock);

    // Module arguments
    input wire  [41:0] d;
    output reg  [41:0] q;
    input wire  clock;

    // Update code (custom)
    initial begin
       q = 42'h0;
    end

    always @(posedge clock) begin
       q <= d;
    end

endmodule

module controller_drain_delay(clock,d,q);

    // Module arguments
    input wire  clock;
    input wire  [4:0] d;
    output reg  [4:0] q;

    // Update code (custom)
    reg [59:0] stages;
    initial stages = 60'h0;

    always @(posedge clock) stages <= {stages[54:0], d};

    always @(*) q = stages[59:55];
endmodule

module controller(clock,rows,last_row,pass_floor,reach_outputs,reach_sums,run_on,geometry,geometry_streams,walk,walk_room,walk_write,mm,mm_room,mm_slots,mm_rows,mm_ip,mm_iq,mm_accumulate,mm_drain,mm_posts,mm_activations,mm_weights,go,forget,starts,start_streams,start_drains,start_posts,start_outputs,start_interleave,ending,running_streams,ended,busy,walk_read,walk_slots,walk_start,walk_kept,walk_kept_left,walk_groups,walk_groups_left,walk_taps,walk_taps_left,walk_lines,walk_lines_left,walk_group_step,walk_tap_step,walk_line_step,walk_block_step,walk_psum,row_token,column_token,row_drain);

    // Module arguments
    input wire  clock;
    input wire  [6:0] rows;
    input wire  [5:0] last_row;
    input wire  [15:0] pass_floor;
    input wire  [15:0] reach_outputs;
    input wire  [15:0] reach_sums;
    input wire  [15:0] run_on;
    input wire  geometry;
    input wire  geometry_streams;
    input wire  walk;
    output reg  walk_room;
    output reg  [3:0] walk_write;
    input wire  mm;
    output reg  mm_room;
    input wire  [15:0] mm_slots;
    input wire  [15:0] mm_rows;
    input wire  [4:0] mm_ip;
    input wire  [4:0] mm_iq;
    input wire  mm_accumulate;
    input wire  mm_drain;
    input wire  mm_posts;
    input wire  mm_activations;
    input wire  mm_weights;
    input wire  go;
    input wire  forget;
    output reg  starts;
    output reg  start_streams;
    output reg  start_drains;
    output reg  start_posts;
    output reg  [15:0] start_outputs;
    output reg  [4:0] start_interleave;
    output reg  ending;
    output reg  running_streams;
    output reg  ended;
    output reg  busy;
    output reg  [3:0] walk_read;
    input wire  [15:0] walk_slots;
    input wire  [19:0] walk_start;
    input wire  [4:0] walk_kept;
    input wire  [4:0] walk_kept_left;
    input wire  [15:0] walk_groups;
    input wire  [15:0] walk_groups_left;
    input wire  [4:0] walk_taps;
    input wire  [4:0] walk_taps_left;
    input wire  [15:0] walk_lines;
    input wire  [15:0] walk_lines_left;
    input wire  [19:0] walk_group_step;
    input wire  [19:0] walk_tap_step;
    input wire  [19:0] walk_line_step;
    input wire  [19:0] walk_block_step;
    input wire  [15:0] walk_psum;
    output reg  [50:0] row_token;
    output reg  [41:0] column_token;
    output reg  [4:0] row_drain;

    // Stub signals
    reg  [3:0] write_at$d;
    wire  [3:0] write_at$q;
    reg  [3:0] read_at$d;
    wire  [3:0] read_at$q;
    reg  streams$d;
    wire  streams$q;
    reg  full$d;
    wire  full$q;
    reg  decoded_1$d;
    wire  decoded_1$q;
    reg  decoded_2$d;
    wire  decoded_2$q;
    reg  decoded_3$d;
    wire  decoded_3$q;
    reg  next_streams$d;
    wire  next_streams$q;
    reg  [15:0] next_slots$d;
    wire  [15:0] next_slots$q;
    reg  [15:0] next_rows$d;
    wire  [15:0] next_rows$q;
    reg  [4:0] next_ip$d;
    wire  [4:0] next_ip$q;
    reg  [4:0] next_iq$d;
    wire  [4:0] next_iq$q;
    reg  next_accumulate$d;
    wire  next_accumulate$q;
    reg  next_drain$d;
    wire  next_drain$q;
    reg  next_posts$d;
    wire  next_posts$q;
    reg  next_activations$d;
    wire  next_activations$q;
    reg  next_weights$d;
    wire  next_weights$q;
    reg  [4:0] interleave_product$left;
    reg  [4:0] interleave_product$right;
    wire  [9:0] interleave_product$product;
    reg  [4:0] interleave$d;
    wire  [4:0] interleave$q;
    reg  [15:0] before_rounds$d;
    wire  [15:0] before_rounds$q;
    reg  [4:0] ring_product$left;
    reg  [15:0] ring_product$right;
    wire  [20:0] ring_product$product;
    reg  [6:0] outputs_product$left;
    reg  [4:0] outputs_product$right;
    wire  [11:0] outputs_product$product;
    reg  [4:0] ring$d;
    wire  [4:0] ring$q;
    reg  [20:0] before_last$d;
    wire  [20:0] before_last$q;
    reg  [11:0] outputs$d;
    wire  [11:0] outputs$q;
    reg  [23:0] array_cycles$d;
    wire  [23:0] array_cycles$q;
    reg  [23:0] reach$d;
    wire  [23:0] reach$q;
    reg  [15:0] drain_cycles$d;
    wire  [15:0] drain_cycles$q;
    reg  [23:0] busy_left$d;
    wire  [23:0] busy_left$q;
    reg  [23:0] drain_left$d;
    wire  [23:0] drain_left$q;
    reg  [23:0] rows_left$d;
    wire  [23:0] rows_left$q;
    reg  last_cycle$d;
    wire  last_cycle$q;
    reg  on_streams$d;
    wire  on_streams$q;
    reg  [3:0] on_last_place$d;
    wire  [3:0] on_last_place$q;
    reg  [3:0] on_last_output$d;
    wire  [3:0] on_last_output$q;
    reg  [3:0] on_last_ip$d;
    wire  [3:0] on_last_ip$q;
    reg  on_empty$d;
    wire  on_empty$q;
    reg  [6:0] on_slots$d;
    wire  [6:0] on_slots$q;
    reg  on_from_zero$d;
    wire  on_from_zero$q;
    reg  on_drain$d;
    wire  on_drain$q;
    reg  activations_half$d;
    wire  activations_half$q;
    reg  weights_half$d;
    wire  weights_half$q;
    reg  on_activations$d;
    wire  on_activations$q;
    reg  on_weights$d;
    wire  on_weights$q;
    reg  [15:0] rounds_left$d;
    wire  [15:0] rounds_left$q;
    reg  first_round$d;
    wire  first_round$q;
    reg  [3:0] place$d;
    wire  [3:0] place$q;
    reg  [3:0] owned$d;
    wire  [3:0] owned$q;
    reg  [15:0] entry$d;
    wire  [15:0] entry$q;
    reg  begins$d;
    wire  begins$q;
    reg  [1:0] segment$d;
    wire  [1:0] segment$q;
    reg  [15:0] slots_left$d;
    wire  [15:0] slots_left$q;
    reg  [19:0] element$d;
    wire  [19:0] element$q;
    reg  [4:0] kept_left$d;
    wire  [4:0] kept_left$q;
    reg  [15:0] groups_left$d;
    wire  [15:0] groups_left$q;
    reg  [4:0] taps_left$d;
    wire  [4:0] taps_left$q;
    reg  [15:0] lines_left$d;
    wire  [15:0] lines_left$q;
    reg  [15:0] psum$d;
    wire  [15:0] psum$q;
    reg  sends$d;
    wire  sends$q;
    reg  [1:0] send_wait$d;
    wire  [1:0] send_wait$q;
    reg  [5:0] send_row$d;
    wire  [5:0] send_row$q;
    reg  [50:0] row_register$d;
    wire  [50:0] row_register$q;
    reg  [41:0] column_register$d;
    wire  [41:0] column_register$q;
    reg  [4:0] drain_delay$d;
    wire  [4:0] drain_delay$q;

    // Local signals
    reg  [3:0] write_up;
    reg  [3:0] read_up;
    reg  [3:0] waiting_walks;
    reg  [4:0] unused_interleave;
    reg  empty;
    reg  [15:0] slots_down;
    reg  [4:0] longest;
    reg  [15:0] pass;
    reg  [23:0] tile_cycles;
    reg  [23:0] tile_reach;
    reg  [23:0] busy_down;
    reg  [23:0] drain_down;
    reg  [23:0] drain_end;
    reg  [23:0] rows_down;
    reg  [23:0] rows_end;
    reg  [23:0] array_down;
    reg  start;
    reg  [3:0] ring_down;
    reg  [3:0] interleave_down;
    reg  [3:0] ip_down;
    reg  [15:0] rounds_down;
    reg  [3:0] place_up;
    reg  [3:0] owned_up;
    reg  [15:0] entry_up;
    reg  runs;
    reg  live;
    reg  round_ends;
    reg  [1:0] segment_up;
    reg  [15:0] here_slots;
    reg  [19:0] here_element;
    reg  [4:0] here_kept;
    reg  [15:0] here_groups;
    reg  [4:0] here_taps;
    reg  [15:0] here_lines;
    reg  [15:0] here_psum;
    reg  [15:0] slots_less;
    reg  [4:0] kept_less;
    reg  [15:0] groups_less;
    reg  [4:0] taps_less;
    reg  [15:0] lines_less;
    reg  [15:0] psum_up;
    reg  [19:0] step;
    reg  [19:0] stepped;
    reg  [1:0] wait_down;
    reg  [5:0] row_up;
    reg  sending;
    reg  weight_live;
    reg  every_row;
    reg  [5:0] weight_row;
    reg  [15:0] weight_entry;
    reg  first;
    reg  last;
    reg  drains;

    // Sub module instances
    core_dff_4 write_at(
        .d(write_at$d),
        .q(write_at$q),
        .clock(clock)
    );
    core_dff_4 read_at(
        .d(read_at$d),
        .q(read_at$q),
        .clock(clock)
    );
    uspe_dff_1 streams(
        .d(streams$d),
        .q(streams$q),
        .clock(clock)
    );
    uspe_dff_1 full(
        .d(full$d),
        .q(full$q),
        .clock(clock)
    );
    uspe_dff_1 decoded_1(
        .d(decoded_1$d),
        .q(decoded_1$q),
        .clock(clock)
    );
    uspe_dff_1 decoded_2(
        .d(decoded_2$d),
        .q(decoded_2$q),
        .clock(clock)
    );
    uspe_dff_1 decoded_3(
        .d(decoded_3$d),
        .q(decoded_3$q),
        .clock(clock)
    );
    uspe_dff_1 next_streams(
        .d(next_streams$d),
        .q(next_streams$q),
        .clock(clock)
    );
    core_dff_16 next_slots(
        .d(next_slots$d),
        .q(next_slots$q),
        .clock(clock)
    );
    core_dff_16 next_rows(
        .d(next_rows$d),
        .q(next_rows$q),
        .clock(clock)
    );
    uspe_dff_5 next_ip(
        .d(next_ip$d),
        .q(next_ip$q),
        .clock(clock)
    );
    uspe_dff_5 next_iq(
        .d(next_iq$d),
        .q(next_iq$q),
        .clock(clock)
    );
    uspe_dff_1 next_accumulate(
        .d(next_accumulate$d),
        .q(next_accumulate$q),
        .clock(clock)
    );
    uspe_dff_1 next_drain(
        .d(next_drain$d),
        .q(next_drain$q),
        .clock(clock)
    );
    uspe_dff_1 next_posts(
        .d(next_posts$d),
        .q(next_posts$q),
        .clock(clock)
    );
    uspe_dff_1 next_activations(
        .d(next_activations$d),
        .q(next_activations$q),
        .clock(clock)
    );
    uspe_dff_1 next_weights(
        .d(next_weights$d),
        .q(next_weights$q),
        .clock(clock)
    );
    controller_interleave_product interleave_product(
        .left(interleave_product$left),
        .right(interleave_product$right),
        .product(interleave_product$product)
    );
    uspe_dff_5 interleave(
        .d(interleave$d),
        .q(interleave$q),
        .clock(clock)
    );
    core_dff_16 before_rounds(
        .d(before_rounds$d),
        .q(before_rounds$q),
        .clock(clock)
    );
    controller_ring_product ring_product(
        .left(ring_product$left),
        .right(ring_product$right),
        .product(ring_product$product)
    );
    controller_outputs_product outputs_product(
        .left(outputs_product$left),
        .right(outputs_product$right),
        .product(outputs_product$product)
    );
    uspe_dff_5 ring(
        .d(ring$d),
        .q(ring$q),
        .clock(clock)
    );
    controller_dff_21 before_last(
        .d(before_last$d),
        .q(before_last$q),
        .clock(clock)
    );
    controller_dff_12 outputs(
        .d(outputs$d),
        .q(outputs$q),
        .clock(clock)
    );
    uspe_dff_24 array_cycles(
        .d(array_cycles$d),
        .q(array_cycles$q),
        .clock(clock)
    );
    uspe_dff_24 reach(
        .d(reach$d),
        .q(reach$q),
        .clock(clock)
    );
    core_dff_16 drain_cycles(
        .d(drain_cycles$d),
        .q(drain_cycles$q),
        .clock(clock)
    );
    uspe_dff_24 busy_left(
        .d(busy_left$d),
        .q(busy_left$q),
        .clock(clock)
    );
    uspe_dff_24 drain_left(
        .d(drain_left$d),
        .q(drain_left$q),
        .clock(clock)
    );
    uspe_dff_24 rows_left(
        .d(rows_left$d),
        .q(rows_left$q),
        .clock(clock)
    );
    uspe_dff_1 last_cycle(
        .d(last_cycle$d),
        .q(last_cycle$q),
        .clock(clock)
    );
    uspe_dff_1 on_streams(
        .d(on_streams$d),
        .q(on_streams$q),
        .clock(clock)
    );
    core_dff_4 on_last_place(
        .d(on_last_place$d),
        .q(on_last_place$q),
        .clock(clock)
    );
    core_dff_4 on_last_output(
        .d(on_last_output$d),
        .q(on_last_output$q),
        .clock(clock)
    );
    core_dff_4 on_last_ip(
        .d(on_last_ip$d),
        .q(on_last_ip$q),
        .clock(clock)
    );
    uspe_dff_1 on_empty(
        .d(on_empty$d),
        .q(on_empty$q),
        .clock(clock)
    );
    uspe_dff_7 on_slots(
        .d(on_slots$d),
        .q(on_slots$q),
        .clock(clock)
    );
    uspe_dff_1 on_from_zero(
        .d(on_from_zero$d),
        .q(on_from_zero$q),
        .clock(clock)
    );
    uspe_dff_1 on_drain(
        .d(on_drain$d),
        .q(on_drain$q),
        .clock(clock)
    );
    uspe_dff_1 activations_half(
        .d(activations_half$d),
        .q(activations_half$q),
        .clock(clock)
    );
    uspe_dff_1 weights_half(
        .d(weights_half$d),
        .q(weights_half$q),
        .clock(clock)
    );
    uspe_dff_1 on_activations(
        .d(on_activations$d),
        .q(on_activations$q),
        .clock(clock)
    );
    uspe_dff_1 on_weights(
        .d(on_weights$d),
        .q(on_weights$q),
        .clock(clock)
    );
    core_dff_16 rounds_left(
        .d(rounds_left$d),
        .q(rounds_left$q),
        .clock(clock)
    );
    uspe_dff_1 first_round(
        .d(first_round$d),
        .q(first_round$q),
        .clock(clock)
    );
    core_dff_4 place(
        .d(place$d),
        .q(place$q),
        .clock(clock)
    );
    core_dff_4 owned(
        .d(owned$d),
        .q(owned$q),
        .clock(clock)
    );
    core_dff_16 entry(
        .d(entry$d),
        .q(entry$q),
        .clock(clock)
    );
    uspe_dff_1 begins(
        .d(begins$d),
        .q(begins$q),
        .clock(clock)
    );
    uspe_dff_2 segment(
        .d(segment$d),
        .q(segment$q),
        .clock(clock)
    );
    core_dff_16 slots_left(
        .d(slots_left$d),
        .q(slots_left$q),
        .clock(clock)
    );
    core_dff_20 element(
        .d(element$d),
        .q(element$q),
        .clock(clock)
    );
    uspe_dff_5 kept_left(
        .d(kept_left$d),
        .q(kept_left$q),
        .clock(clock)
    );
    core_dff_16 groups_left(
        .d(groups_left$d),
        .q(groups_left$q),
        .clock(clock)
    );
    uspe_dff_5 taps_left(
        .d(taps_left$d),
        .q(taps_left$q),
        .clock(clock)
    );
    core_dff_16 lines_left(
        .d(lines_left$d),
        .q(lines_left$q),
        .clock(clock)
    );
    core_dff_16 psum(
        .d(psum$d),
        .q(psum$q),
        .clock(clock)
    );
    uspe_dff_1 sends(
        .d(sends$d),
        .q(sends$q),
        .clock(clock)
    );
    uspe_dff_2 send_wait(
        .d(send_wait$d),
        .q(send_wait$q),
        .clock(clock)
    );
    core_dff_6 send_row(
        .d(send_row$d),
        .q(send_row$q),
        .clock(clock)
    );
    core_dff_51 row_register(
        .d(row_register$d),
        .q(row_register$q),
        .clock(clock)
    );
    core_dff_42 column_register(
        .d(column_register$d),
        .q(column_register$q),
        .clock(clock)
    );
    controller_drain_delay drain_delay(
        .clock(clock),
        .d(drain_delay$d),
        .q(drain_delay$q)
    );

    // Update code
    always @(*) begin
        write_at$d = write_at$q;
        read_at$d = read_at$q;
        streams$d = streams$q;
        full$d = full$q;
        decoded_1$d = decoded_1$q;
        decoded_2$d = decoded_2$q;
        decoded_3$d = decoded_3$q;
        next_streams$d = next_streams$q;
        next_slots$d = next_slots$q;
        next_rows$d = next_rows$q;
        next_ip$d = next_ip$q;
        next_iq$d = next_iq$q;
        next_accumulate$d = next_accumulate$q;
        next_drain$d = next_drain$q;
        next_posts$d = next_posts$q;
        next_activations$d = next_activations$q;
        next_weights$d = next_weights$q;
        interleave$d = interleave$q;
        before_rounds$d = before_rounds$q;
        ring$d = ring$q;
        before_last$d = before_last$q;
        outputs$d = outputs$q;
        array_cycles$d = array_cycles$q;
        reach$d = reach$q;
        drain_cycles$d = drain_cycles$q;
        busy_left$d = busy_left$q;
        drain_left$d = drain_left$q;
        rows_left$d = rows_left$q;
        last_cycle$d = last_cycle$q;
        on_streams$d = on_streams$q;
        on_last_place$d = on_last_place$q;
        on_last_output$d = on_last_output$q;
        on_last_ip$d = on_last_ip$q;
        on_empty$d = on_empty$q;
        on_slots$d = on_slots$q;
        on_from_zero$d = on_from_zero$q;
        on_drain$d = on_drain$q;
        activations_half$d = activations_half$q;
        weights_half$d = weights_half$q;
        on_activations$d = on_activations$q;
        on_weights$d = on_weights$q;
        rounds_left$d = rounds_left$q;
        first_round$d = first_round$q;
        place$d = place$q;
        owned$d = owned$q;
        entry$d = entry$q;
        begins$d = begins$q;
        segment$d = segment$q;
        slots_left$d = slots_left$q;
        element$d = element$q;
        kept_left$d = kept_left$q;
        groups_left$d = groups_left$q;
        taps_left$d = taps_left$q;
        lines_left$d = lines_left$q;
        psum$d = psum$q;
        sends$d = sends$q;
        send_wait$d = send_wait$q;
        send_row$d = send_row$q;
        row_register$d = row_register$q;
        column_register$d = column_register$q;
        write_up = write_at$q + 4'h1;
        read_up = read_at$q + 4'h1;
        waiting_walks = write_at$q - read_at$q;
        walk_room = ~&waiting_walks;
        walk_write = write_at$q;
        walk_read = read_at$q;
        if (walk & walk_room) begin
            write_at$d = write_up;
        end
        if (geometry) begin
            streams$d = geometry_streams;
        end
        mm_room = ~full$q;
        if (mm & mm_room) begin
            full$d = 1'b1;
            next_streams$d = streams$q;
            next_slots$d = mm_slots;
            next_rows$d = mm_rows;
            next_ip$d = mm_ip;
            next_iq$d = mm_iq;
            next_accumulate$d = mm_accumulate;
            next_drain$d = mm_drain;
            next_posts$d = mm_posts;
            next_activations$d = mm_activations;
            next_weights$d = mm_weights;
        end
        decoded_1$d = full$q;
        decoded_2$d = decoded_1$q;
        decoded_3$d = decoded_2$q;
        interleave_product$left = next_ip$q;
        interleave_product$right = next_iq$q;
        interleave$d = interleave_product$product[4:0];
        unused_interleave = interleave_product$product[9:5];
        empty = ~|next_slots$q;
        slots_down = next_slots$q - 16'h1;
        before_rounds$d = slots_down;
        if (empty) begin
            before_rounds$d = 16'h0;
        end
        longest = interleave$q;
        if (interleave$q < 5'h5) begin
            longest = 5'h5;
        end
        ring_product$left = longest;
        ring_product$right = before_rounds$q;
        outputs_product$left = rows;
        outputs_product$right = interleave$q;
        ring$d = longest;
        before_last$d = ring_product$product;
        outputs$d = outputs_product$product;
        pass = next_rows$q;
        if (next_rows$q < pass_floor) begin
            pass = pass_floor;
        end
        tile_cycles = {3'h0, before_last$q} + {19'h0, ring$q};
        tile_reach = {3'h0, before_last$q} + {8'h0, reach_outputs};
        array_cycles$d = tile_cycles;
        reach$d = tile_reach;
        drain_cycles$d = {4'h0, outputs$q};
        if (next_streams$q) begin
            array_cycles$d = {8'h0, pass};
            reach$d = {8'h0, reach_sums};
            drain_cycles$d = next_rows$q;
        end
        start = decoded_3$q & go & ~|busy_left$q & (next_streams$q | ~|rows_left$q) & (~next_drain$q | (drain_left$q <= reach$q));
        starts = start;
        busy = start | |busy_left$q;
        ended = last_cycle$q;
        last_cycle$d = busy_left$q == 24'h1;
        ending = busy_left$q == 24'h1;
        running_streams = on_streams$q;
        start_streams = next_streams$q;
        start_drains = next_drain$q;
        start_posts = next_posts$q;
        start_outputs = drain_cycles$q;
        start_interleave = interleave$q;
        busy_down = busy_left$q - 24'h1;
        drain_down = drain_left$q - 24'h1;
        rows_down = rows_left$q - 24'h1;
        if (|busy_left$q) begin
            busy_left$d = busy_down;
        end
        if (|drain_left$q) begin
            drain_left$d = drain_down;
        end
        if (|rows_left$q) begin
            rows_left$d = rows_down;
        end
        array_down = array_cycles$q - 24'h1;
        drain_end = reach$q + {8'h0, drain_cycles$q} - 24'h1;
        rows_end = array_down + {8'h0, run_on};
        runs = |rounds_left$q;
        live = runs & (place$q <= on_last_output$q);
        round_ends = runs & (place$q == on_last_place$q);
        rounds_down = rounds_left$q - 16'h1;
        place_up = place$q + 4'h1;
        owned_up = owned$q + 4'h1;
        entry_up = entry$q + 16'h1;
        if (live) begin
            owned$d = owned_up;
            if (owned$q == on_last_ip$q) begin
                owned$d = 4'h0;
                entry$d = entry_up;
            end
        end
        if (runs) begin
            place$d = place_up;
        end
        if (round_ends) begin
            place$d = 4'h0;
            owned$d = 4'h0;
            rounds_left$d = rounds_down;
            first_round$d = 1'b0;
        end
        here_slots = slots_left$q;
        here_element = element$q;
        here_kept = kept_left$q;
        here_groups = groups_left$q;
        here_taps = taps_left$q;
        here_lines = lines_left$q;
        here_psum = psum$q;
        if (begins$q) begin
            here_slots = walk_slots;
            here_element = walk_start;
            here_kept = walk_kept_left;
            here_groups = walk_groups_left;
            here_taps = walk_taps_left;
            here_lines = walk_lines_left;
            here_psum = walk_psum;
        end
        slots_less = here_slots - 16'h1;
        kept_less = here_kept - 5'h1;
        groups_less = here_groups - 16'h1;
        taps_less = here_taps - 5'h1;
        lines_less = here_lines - 16'h1;
        psum_up = here_psum + 16'h1;
        segment_up = segment$q + 2'h1;
        step = 20'h0;
        if (~|kept_less) begin
            step = walk_group_step;
            if (~|groups_less) begin
                step = walk_tap_step;
                if (~|taps_less) begin
                    step = walk_line_step;
                    if (~|lines_less) begin
                        step = walk_block_step;
                    end
                end
            end
        end
        stepped = here_element + step;
        if (round_ends & (on_streams$q | ~on_empty$q)) begin
            begins$d = 1'b0;
            slots_left$d = slots_less;
            element$d = stepped;
            psum$d = psum_up;
            kept_left$d = kept_less;
            groups_left$d = here_groups;
            taps_left$d = here_taps;
            lines_left$d = here_lines;
            if (~|kept_less) begin
                kept_left$d = walk_kept;
                groups_left$d = groups_less;
                if (~|groups_less) begin
                    groups_left$d = walk_groups;
                    taps_left$d = taps_less;
                    if (~|taps_less) begin
                        taps_left$d = walk_taps;
                        lines_left$d = lines_less;
                        if (~|lines_less) begin
                            lines_left$d = walk_lines;
                        end
                    end
                end
            end
            if (~|slots_less) begin
                begins$d = 1'b1;
                segment$d = segment_up;
                read_at$d = read_up;
            end
        end
        wait_down = send_wait$q - 2'h1;
        row_up = send_row$q + 6'h1;
        sending = sends$q & ~|send_wait$q;
        if (sends$q) begin
            send_wait$d = wait_down;
        end
        if (sending) begin
            send_row$d = row_up;
            if (send_row$q == last_row) begin
                sends$d = 1'b0;
            end
        end
        interleave_down = interleave$q[3:0] - 4'h1;
        ring_down = ring$q[3:0] - 4'h1;
        ip_down = next_ip$q[3:0] - 4'h1;
        if (start) begin
            full$d = 1'b0;
            decoded_1$d = 1'b0;
            decoded_2$d = 1'b0;
            decoded_3$d = 1'b0;
            busy_left$d = array_down;
            if (next_drain$q) begin
                drain_left$d = drain_end;
            end
            on_streams$d = next_streams$q;
            on_last_place$d = ring_down;
            on_last_output$d = interleave_down;
            on_last_ip$d = ip_down;
            on_empty$d = empty;
            on_slots$d = next_slots$q[6:0];
            on_from_zero$d = ~next_accumulate$q;
            on_drain$d = next_drain$q;
            on_activations$d = activations_half$q ^ ~next_activations$q;
            on_weights$d = weights_half$q ^ ~next_weights$q;
            activations_half$d = activations_half$q ^ next_activations$q;
            weights_half$d = weights_half$q ^ next_weights$q;
            rounds_left$d = next_slots$q;
            if (empty) begin
                rounds_left$d = 16'h1;
            end
            first_round$d = 1'b1;
            place$d = 4'h0;
            owned$d = 4'h0;
            entry$d = 16'h0;
            begins$d = 1'b1;
            segment$d = 2'h0;
            if (next_streams$q) begin
                on_last_place$d = 4'h0;
                on_last_output$d = 4'h0;
                rounds_left$d = next_rows$q;
                rows_left$d = rows_end;
                sends$d = 1'b1;
                send_wait$d = 2'h0;
                send_row$d = 6'h0;
            end
        end
        if (forget) begin
            write_at$d = 4'h0;
            read_at$d = 4'h0;
            streams$d = 1'b0;
            full$d = 1'b0;
            decoded_1$d = 1'b0;
            decoded_2$d = 1'b0;
            decoded_3$d = 1'b0;
            activations_half$d = 1'b0;
            weights_half$d = 1'b0;
        end
        first = first_round$q & on_from_zero$q;
        last = on_drain$q & (on_streams$q | (rounds_left$q == 16'h1));
        row_register$d = {47'h0, place$q} | ({50'h0, live} << 6'h4) | ({50'h0, first} << 6'h5) | ({50'h0, last} << 6'h6) | ({50'h0, on_streams$q} << 6'h7) | ({47'h0, owned$q} << 6'h8) | ({49'h0, segment$q} << 6'hc) | ({50'h0, on_activations$q} << 6'he) | ({31'h0, here_element} << 6'hf) | ({35'h0, here_psum} << 6'h23);
        row_token = row_register$q;
        weight_entry = entry$q;
        weight_live = live & ~on_empty$q;
        every_row = runs & ~on_streams$q;
        weight_row = 6'h3f;
        if (on_streams$q) begin
            weight_entry = {10'h0, send_row$q};
            weight_live = {1'h0, send_row$q} < on_slots$q;
            if (sending) begin
                weight_row = send_row$q;
            end
        end
        column_register$d = {26'h0, weight_entry} | ({41'h0, on_weights$q} << 6'h10) | ({41'h0, weight_live} << 6'h11) | ({41'h0, every_row} << 6'h12) | ({36'h0, weight_row} << 6'h13) | ({41'h0, on_from_zero$q} << 6'h19) | ({26'h0, here_psum} << 6'h1a);
        column_token = column_register$q;
        drains = live & last & ~on_streams$q & ~|place$q;
        drain_delay$d = {1'h0, on_last_output$q} | ({4'h0, drains} << 3'h4);
        row_drain = drain_delay$q;
    end

endmodule

module row_edge_next_5(clock,d,q);

    // Module arguments
    input wire  clock;
    input wire  [50:0] d;
    output reg  [50:0] q;

    // Update code (custom)
    reg [203:0] stages;
    initial stages = 204'h0;

    always @(posedge clock) stages <= {stages[152:0], d};

    always @(*) q = stages[203:153];
endmodule

module row_edge_held(clock,d,q);

    // Module arguments
    input wire  clock;
    input wire  [10:0] d;
    output reg  [10:0] q;

    // Update code (custom)
    reg [32:0] stages;
    initial stages = 33'h0;

    always @(posedge clock) stages <= {stages[21:0], d};

    always @(*) q = stages[32:22];
endmodule

module uspe_dff_17(d,q,clock);

    // Module arguments
    input wire  [16:0] d;
    output reg  [16:0] q;
    input wire  clock;

    // Update code (custom)
    initial begin
       q = 17'h0;
    end

    always @(posedge clock) begin
       q <= d;
    end

endmodule

module core_lanes(clock,half,normal);

    // Module arguments
    input wire  clock;
    input wire  [15:0] half;
    output reg  [16:0] normal;

    // Stub signals
    reg  [16:0] result$d;
    wire  [16:0] result$q;

    // Local signals
    reg  [4:0] exponent;
    reg  [9:0] fraction;
    reg  [9:0] shifted_8;
    reg  [9:0] shifted_4;
    reg  [9:0] shifted_2;
    reg  [9:0] shifted_1;
    reg  [5:0] zeros;
    reg  [5:0] normal_exponent;
    reg  [9:0] normal_fraction;
    reg  [16:0] sign_bit;
    reg  [16:0] exponent_bits;

    // Sub module instances
    uspe_dff_17 result(
        .d(result$d),
        .q(result$q),
        .clock(clock)
    );

    // Update code
    always @(*) begin
        result$d = result$q;
        exponent = half[14:10];
        fraction = half[9:0];
        zeros = 6'h0;
        shifted_8 = fraction;
        if (~|fraction[9:2]) begin
            shifted_8 = fraction << 4'h8;
            zeros = zeros | 6'h8;
        end
        shifted_4 = shifted_8;
        if (~|shifted_8[9:6]) begin
            shifted_4 = shifted_8 << 4'h4;
            zeros = zeros | 6'h4;
        end
        shifted_2 = shifted_4;
        if (~|shifted_4[9:8]) begin
            shifted_2 = shifted_4 << 4'h2;
            zeros = zeros | 6'h2;
        end
        shifted_1 = shifted_2;
        if (~shifted_2[9]) begin
            shifted_1 = shifted_2 << 4'h1;
            zeros = zeros | 6'h1;
        end
        normal_exponent = {1'h0, exponent} + 6'h11;
        normal_fraction = fraction;
        if (~|exponent) begin
            normal_exponent = 6'h11 - zeros;
            normal_fraction = shifted_1 << 4'h1;
            if (~|fraction) begin
                normal_exponent = 6'h0;
            end
        end
        sign_bit = {16'h0, half[15]} << 5'h10;
        if (&exponent) begin
            normal_exponent = 6'h30;
            normal_fraction = 10'h0;
            if (|fraction) begin
                normal_exponent = 6'h38;
                sign_bit = 17'h0;
            end
        end
        exponent_bits = {11'h0, normal_exponent} << 5'ha;
        result$d = sign_bit | exponent_bits | {7'h0, normal_fraction};
        normal = result$q;
    end

endmodule

module uspe_dff_11(d,q,clock);

    // Module arguments
    input wire  [10:0] d;
    output reg  [10:0] q;
    input wire  clock;

    // Update code (custom)
    initial begin
       q = 11'h0;
    end

    always @(posedge clock) begin
       q <= d;
    end

endmodule

module row_edge(clock,token,drain,north_valid,table_entry,table_offset,bank_word,bank_data,token_south,drain_south,word,token_east,drain_east,valid);

    // Module arguments
    input wire  clock;
    input wire  [50:0] token;
    input wire  [4:0] drain;
    input wire  north_valid;
    output reg  [6:0] table_entry;
    input wire  [19:0] table_offset;
    output reg  [17:0] bank_word;
    input wire  [127:0] bank_data;
    output reg  [50:0] token_south;
    output reg  [4:0] drain_south;
    output reg  [135:0] word;
    output reg  [10:0] token_east;
    output reg  [4:0] drain_east;
    output reg  valid;

    // Stub signals
    reg  [50:0] next_1$d;
    wire  [50:0] next_1$q;
    reg  [50:0] next_5$d;
    wire  [50:0] next_5$q;
    reg  [19:0] address$d;
    wire  [19:0] address$q;
    reg  address_half$d;
    wire  address_half$q;
    reg  [10:0] held$d;
    wire  [10:0] held$q;
    reg  [15:0] lanes$0$half;
    wire  [16:0] lanes$0$normal;
    reg  [15:0] lanes$1$half;
    wire  [16:0] lanes$1$normal;
    reg  [15:0] lanes$2$half;
    wire  [16:0] lanes$2$normal;
    reg  [15:0] lanes$3$half;
    wire  [16:0] lanes$3$normal;
    reg  [15:0] lanes$4$half;
    wire  [16:0] lanes$4$normal;
    reg  [15:0] lanes$5$half;
    wire  [16:0] lanes$5$normal;
    reg  [15:0] lanes$6$half;
    wire  [16:0] lanes$6$normal;
    reg  [15:0] lanes$7$half;
    wire  [16:0] lanes$7$normal;
    reg  [10:0] delivered$d;
    wire  [10:0] delivered$q;
    reg  draining$d;
    wire  draining$q;
    reg  [3:0] drain_count$d;
    wire  [3:0] drain_count$q;
    reg  [3:0] drain_most$d;
    wire  [3:0] drain_most$q;
    reg  drain_next$d;
    wire  drain_next$q;
    reg  valid_1$d;
    wire  valid_1$q;
    reg  valid_2$d;
    wire  valid_2$q;

    // Local signals
    reg  [19:0] sum;
    reg  last;
    reg  [10:0] own;
    reg  [3:0] count_up;

    // Sub module instances
    core_dff_51 next_1(
        .d(next_1$d),
        .q(next_1$q),
        .clock(clock)
    );
    row_edge_next_5 next_5(
        .clock(clock),
        .d(next_5$d),
        .q(next_5$q)
    );
    core_dff_20 address(
        .d(address$d),
        .q(address$q),
        .clock(clock)
    );
    uspe_dff_1 address_half(
        .d(address_half$d),
        .q(address_half$q),
        .clock(clock)
    );
    row_edge_held held(
        .clock(clock),
        .d(held$d),
        .q(held$q)
    );
    core_lanes lanes$0(
        .clock(clock),
        .half(lanes$0$half),
        .normal(lanes$0$normal)
    );
    core_lanes lanes$1(
        .clock(clock),
        .half(lanes$1$half),
        .normal(lanes$1$normal)
    );
    core_lanes lanes$2(
        .clock(clock),
        .half(lanes$2$half),
        .normal(lanes$2$normal)
    );
    core_lanes lanes$3(
        .clock(clock),
        .half(lanes$3$half),
        .normal(lanes$3$normal)
    );
    core_lanes lanes$4(
        .clock(clock),
        .half(lanes$4$half),
        .normal(lanes$4$normal)
    );
    core_lanes lanes$5(
        .clock(clock),
        .half(lanes$5$half),
        .normal(lanes$5$normal)
    );
    core_lanes lanes$6(
        .clock(clock),
        .half(lanes$6$half),
        .normal(lanes$6$normal)
    );
    core_lanes lanes$7(
        .clock(clock),
        .half(lanes$7$half),
        .normal(lanes$7$normal)
    );
    uspe_dff_11 delivered(
        .d(delivered$d),
        .q(delivered$q),
        .clock(clock)
    );
    uspe_dff_1 draining(
        .d(draining$d),
        .q(draining$q),
        .clock(clock)
    );
    core_dff_4 drain_count(
        .d(drain_count$d),
        .q(drain_count$q),
        .clock(clock)
    );
    core_dff_4 drain_most(
        .d(drain_most$d),
        .q(drain_most$q),
        .clock(clock)
    );
    uspe_dff_1 drain_next(
        .d(drain_next$d),
        .q(drain_next$q),
        .clock(clock)
    );
    uspe_dff_1 valid_1(
        .d(valid_1$d),
        .q(valid_1$q),
        .clock(clock)
    );
    uspe_dff_1 valid_2(
        .d(valid_2$d),
        .q(valid_2$q),
        .clock(clock)
    );

    // Update code
    always @(*) begin
        next_1$d = next_1$q;
        address$d = address$q;
        address_half$d = address_half$q;
        delivered$d = delivered$q;
        draining$d = draining$q;
        drain_count$d = drain_count$q;
        drain_most$d = drain_most$q;
        drain_next$d = drain_next$q;
        valid_1$d = valid_1$q;
        valid_2$d = valid_2$q;
        next_1$d = token;
        next_5$d = next_1$q;
        token_south = 51'h0;
        if (next_1$q[4] & ~next_1$q[7]) begin
            token_south = next_1$q;
        end
        if (next_5$q[4] & next_5$q[7]) begin
            token_south = next_5$q;
        end
        table_entry = token[14:8];
        sum = token[34:15] + table_offset;
        address$d = sum;
        address_half$d = token[14];
        bank_word = ({17'h0, address_half$q} << 5'h11) | {1'h0, address$q[19:3]};
        last = token[6] & ~token[7];
        own = {5'h0, token[5:0]} | ({10'h0, last} << 4'h6) | ({10'h0, token[7]} << 4'h7) | ({8'h0, sum[2:0]} << 4'h8);
        held$d = own;
        delivered$d = held$q;
        token_east = delivered$q;
        lanes$0$half = bank_data[15:0];
        lanes$1$half = bank_data[31:16];
        lanes$2$half = bank_data[47:32];
        lanes$3$half = bank_data[63:48];
        lanes$4$half = bank_data[79:64];
        lanes$5$half = bank_data[95:80];
        lanes$6$half = bank_data[111:96];
        lanes$7$half = bank_data[127:112];
        word = {119'h0, lanes$0$normal} | ({119'h0, lanes$1$normal} << 8'h11) | ({119'h0, lanes$2$normal} << 8'h22) | ({119'h0, lanes$3$normal} << 8'h33) | ({119'h0, lanes$4$normal} << 8'h44) | ({119'h0, lanes$5$normal} << 8'h55) | ({119'h0, lanes$6$normal} << 8'h66) | ({119'h0, lanes$7$normal} << 8'h77);
        count_up = drain_count$q + 4'h1;
        drain_next$d = 1'b0;
        if (draining$q) begin
            drain_count$d = count_up;
            if (drain_count$q == drain_most$q) begin
                draining$d = 1'b0;
                drain_next$d = 1'b1;
            end
        end
        if (drain[4]) begin
            draining$d = 1'b1;
            drain_count$d = 4'h0;
            drain_most$d = drain[3:0];
        end
        drain_east = {1'h0, drain_count$q} | ({4'h0, draining$q} << 3'h4);
        drain_south = {1'h0, drain_most$q} | ({4'h0, drain_next$q} << 3'h4);
        valid_1$d = draining$q;
        valid_2$d = valid_1$q | north_valid;
        valid = valid_2$q;
    end

endmodule

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

module w2e_row (
    input wire clock,
    input wire run,
    input wire [3:0] write,
    input wire [31:0] lines,
    input wire [511:0] data,
    input wire [6:0] tag,
    input wire [13:0] tags,
    input wire table_write,
    input wire [4:0] table_entry,
    input wire [79:0] table_values,
    input wire [9:0] bank_word,
    input wire [6:0] read_entry,
    output wire [127:0] bank_data,
    output wire [19:0] table_offset
);
    tagged_bank #(.WIDTH(128), .TAG(7), .ADDRESS(10)) bank (.clock(clock), .run(run), .write(write), .write_lines(lines), .write_data(data), .write_tag(tag), .tags(tags), .read_address(bank_word), .read_data(bank_data));
    wire [79:0] offsets;
    small_ram #(.WIDTH(80), .ADDRESS(5)) offset_table (.clock(clock), .write(table_write), .write_address(table_entry), .write_data(table_values), .read_address({read_entry[6], read_entry[3:0]}), .read_data(offsets));
    assign table_offset = offsets[20*read_entry[5:4] +: 20];
endmodule

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

module uspe_dff_3(d,q,clock);

    // Module arguments
    input wire  [2:0] d;
    output reg  [2:0] q;
    input wire  clock;

    // Update code (custom)
    initial begin
       q = 3'h0;
    end

    always @(posedge clock) begin
       q <= d;
    end

endmodule

module column_head_held(clock,d,q);

    // Module arguments
    input wire  clock;
    input wire  [7:0] d;
    output reg  [7:0] q;

    // Update code (custom)
    reg [31:0] stages;
    initial stages = 32'h0;

    always @(posedge clock) stages <= {stages[23:0], d};

    always @(*) q = stages[31:24];
endmodule

module column_head_psum(clock,d,q);

    // Module arguments
    input wire  clock;
    input wire  [15:0] d;
    output reg  [15:0] q;

    // Update code (custom)
    reg [111:0] stages;
    initial stages = 112'h0;

    always @(posedge clock) stages <= {stages[95:0], d};

    always @(*) q = stages[111:96];
endmodule

module column_head_from_zero(clock,d,q);

    // Module arguments
    input wire  clock;
    input wire  d;
    output reg  q;

    // Update code (custom)
    reg [7:0] stages;
    initial stages = 8'h0;

    always @(posedge clock) stages <= {stages[6:0], d};

    always @(*) q = stages[7:7];
endmodule

module column_head(clock,token,bank_entry,bank_data,psum_read,psum_data,token_east,weight,tag,sum);

    // Module arguments
    input wire  clock;
    input wire  [41:0] token;
    output reg  [16:0] bank_entry;
    input wire  [19:0] bank_data;
    output reg  [15:0] psum_read;
    input wire  [31:0] psum_data;
    output reg  [41:0] token_east;
    output reg  [16:0] weight;
    output reg  [10:0] tag;
    output reg  [31:0] sum;

    // Stub signals
    reg  [41:0] next$d;
    wire  [41:0] next$q;
    reg  [16:0] entry$d;
    wire  [16:0] entry$q;
    reg  [15:0] lane$half;
    wire  [16:0] lane$normal;
    reg  [2:0] position$d;
    wire  [2:0] position$q;
    reg  [7:0] held$d;
    wire  [7:0] held$q;
    reg  [15:0] psum$d;
    wire  [15:0] psum$q;
    reg  from_zero$d;
    wire  from_zero$q;

    // Local signals
    reg  unused_position;

    // Sub module instances
    core_dff_42 next(
        .d(next$d),
        .q(next$q),
        .clock(clock)
    );
    uspe_dff_17 entry(
        .d(entry$d),
        .q(entry$q),
        .clock(clock)
    );
    core_lanes lane(
        .clock(clock),
        .half(lane$half),
        .normal(lane$normal)
    );
    uspe_dff_3 position(
        .d(position$d),
        .q(position$q),
        .clock(clock)
    );
    column_head_held held(
        .clock(clock),
        .d(held$d),
        .q(held$q)
    );
    column_head_psum psum(
        .clock(clock),
        .d(psum$d),
        .q(psum$q)
    );
    column_head_from_zero from_zero(
        .clock(clock),
        .d(from_zero$d),
        .q(from_zero$q)
    );

    // Update code
    always @(*) begin
        next$d = next$q;
        entry$d = entry$q;
        position$d = position$q;
        next$d = token;
        token_east = next$q;
        entry$d = token[16:0];
        bank_entry = entry$q;
        lane$half = bank_data[15:0];
        weight = lane$normal;
        position$d = bank_data[18:16];
        unused_position = bank_data[19];
        held$d = {2'h0, token[24:19]} | ({6'h0, token[18:17]} << 4'h6);
        tag = {8'h0, position$q} | ({3'h0, held$q} << 4'h3);
        psum$d = token[41:26];
        psum_read = psum$q;
        from_zero$d = token[25];
        sum = psum_data;
        if (|from_zero$q) begin
            sum = 32'h0;
        end
    end

endmodule

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

module uspe_dff_18(d,q,clock);

    // Module arguments
    input wire  [17:0] d;
    output reg  [17:0] q;
    input wire  clock;

    // Update code (custom)
    initial begin
       q = 18'h0;
    end

    always @(posedge clock) begin
       q <= d;
    end

endmodule

module uspe_dff_32(d,q,clock);

    // Module arguments
    input wire  [31:0] d;
    output reg  [31:0] q;
    input wire  clock;

    // Update code (custom)
    initial begin
       q = 32'h0;
    end

    always @(posedge clock) begin
       q <= d;
    end

endmodule

module column_foot(clock,token,sum,drained,token_east,psum_write,psum_word,out);

    // Module arguments
    input wire  clock;
    input wire  [17:0] token;
    input wire  [31:0] sum;
    input wire  [31:0] drained;
    output reg  [17:0] token_east;
    output reg  psum_write;
    output reg  [15:0] psum_word;
    output reg  [31:0] out;

    // Stub signals
    reg  [17:0] next$d;
    wire  [17:0] next$q;
    reg  [31:0] result$d;
    wire  [31:0] result$q;

    // Sub module instances
    uspe_dff_18 next(
        .d(next$d),
        .q(next$q),
        .clock(clock)
    );
    uspe_dff_32 result(
        .d(result$d),
        .q(result$q),
        .clock(clock)
    );

    // Update code
    always @(*) begin
        next$d = next$q;
        result$d = result$q;
        next$d = token;
        token_east = next$q;
        psum_write = token[16] & ~token[17];
        psum_word = token[15:0];
        result$d = drained;
        if (token[16] & token[17]) begin
            result$d = sum;
        end
        out = result$q;
    end

endmodule

module uspe_dff_136(d,q,clock);

    // Module arguments
    input wire  [135:0] d;
    output reg  [135:0] q;
    input wire  clock;

    // Update code (custom)
    initial begin
       q = 136'h0;
    end

    always @(posedge clock) begin
       q <= d;
    end

endmodule

module uspe_multiplier(left,right,product);

    // Module arguments
    input wire  [10:0] left;
    input wire  [10:0] right;
    output reg  [21:0] product;

    // Update code (custom)
    always @(*) product = {11'h0, left} * {11'h0, right};
endmodule

module uspe_dff_22(d,q,clock);

    // Module arguments
    input wire  [21:0] d;
    output reg  [21:0] q;
    input wire  clock;

    // Update code (custom)
    initial begin
       q = 22'h0;
    end

    always @(posedge clock) begin
       q <= d;
    end

endmodule

module uspe_dff_8(d,q,clock);

    // Module arguments
    input wire  [7:0] d;
    output reg  [7:0] q;
    input wire  clock;

    // Update code (custom)
    initial begin
       q = 8'h0;
    end

    always @(posedge clock) begin
       q <= d;
    end

endmodule

module uspe_multiplier_2(clock,a,b,idle,product);

    // Module arguments
    input wire  clock;
    input wire  [16:0] a;
    input wire  [16:0] b;
    input wire  idle;
    output reg  [32:0] product;

    // Stub signals
    reg  [10:0] s1_a$d;
    wire  [10:0] s1_a$q;
    reg  [10:0] s1_b$d;
    wire  [10:0] s1_b$q;
    reg  [6:0] s1_exponent$d;
    wire  [6:0] s1_exponent$q;
    reg  s1_zero$d;
    wire  s1_zero$q;
    reg  s1_sign$d;
    wire  s1_sign$q;
    reg  s1_nan$d;
    wire  s1_nan$q;
    reg  s1_special$d;
    wire  s1_special$q;
    reg  [10:0] multiplier$left;
    reg  [10:0] multiplier$right;
    wire  [21:0] multiplier$product;
    reg  [21:0] s2_product$d;
    wire  [21:0] s2_product$q;
    reg  [7:0] s2_exponent$d;
    wire  [7:0] s2_exponent$q;
    reg  s2_zero$d;
    wire  s2_zero$q;
    reg  s2_sign$d;
    wire  s2_sign$q;
    reg  s2_nan$d;
    wire  s2_nan$q;
    reg  s2_special$d;
    wire  s2_special$q;
    reg  [21:0] s3_product$d;
    wire  [21:0] s3_product$q;
    reg  [7:0] s3_exponent$d;
    wire  [7:0] s3_exponent$q;
    reg  s3_sign$d;
    wire  s3_sign$q;
    reg  s3_nan$d;
    wire  s3_nan$q;
    reg  s3_special$d;
    wire  s3_special$q;

    // Local signals
    reg  [2:0] a_class;
    reg  [2:0] b_class;
    reg  a_special;
    reg  b_special;
    reg  a_zero;
    reg  b_zero;
    reg  [6:0] a_exponent;
    reg  [6:0] b_exponent;
    reg  [7:0] biased;
    reg  [32:0] nan_bit;
    reg  [32:0] special_bit;
    reg  [32:0] sign_bit;
    reg  [32:0] exponent_bits;

    // Sub module instances
    uspe_dff_11 s1_a(
        .d(s1_a$d),
        .q(s1_a$q),
        .clock(clock)
    );
    uspe_dff_11 s1_b(
        .d(s1_b$d),
        .q(s1_b$q),
        .clock(clock)
    );
    uspe_dff_7 s1_exponent(
        .d(s1_exponent$d),
        .q(s1_exponent$q),
        .clock(clock)
    );
    uspe_dff_1 s1_zero(
        .d(s1_zero$d),
        .q(s1_zero$q),
        .clock(clock)
    );
    uspe_dff_1 s1_sign(
        .d(s1_sign$d),
        .q(s1_sign$q),
        .clock(clock)
    );
    uspe_dff_1 s1_nan(
        .d(s1_nan$d),
        .q(s1_nan$q),
        .clock(clock)
    );
    uspe_dff_1 s1_special(
        .d(s1_special$d),
        .q(s1_special$q),
        .clock(clock)
    );
    uspe_multiplier multiplier(
        .left(multiplier$left),
        .right(multiplier$right),
        .product(multiplier$product)
    );
    uspe_dff_22 s2_product(
        .d(s2_product$d),
        .q(s2_product$q),
        .clock(clock)
    );
    uspe_dff_8 s2_exponent(
        .d(s2_exponent$d),
        .q(s2_exponent$q),
        .clock(clock)
    );
    uspe_dff_1 s2_zero(
        .d(s2_zero$d),
        .q(s2_zero$q),
        .clock(clock)
    );
    uspe_dff_1 s2_sign(
        .d(s2_sign$d),
        .q(s2_sign$q),
        .clock(clock)
    );
    uspe_dff_1 s2_nan(
        .d(s2_nan$d),
        .q(s2_nan$q),
        .clock(clock)
    );
    uspe_dff_1 s2_special(
        .d(s2_special$d),
        .q(s2_special$q),
        .clock(clock)
    );
    uspe_dff_22 s3_product(
        .d(s3_product$d),
        .q(s3_product$q),
        .clock(clock)
    );
    uspe_dff_8 s3_exponent(
        .d(s3_exponent$d),
        .q(s3_exponent$q),
        .clock(clock)
    );
    uspe_dff_1 s3_sign(
        .d(s3_sign$d),
        .q(s3_sign$q),
        .clock(clock)
    );
    uspe_dff_1 s3_nan(
        .d(s3_nan$d),
        .q(s3_nan$q),
        .clock(clock)
    );
    uspe_dff_1 s3_special(
        .d(s3_special$d),
        .q(s3_special$q),
        .clock(clock)
    );

    // Update code
    always @(*) begin
        s1_a$d = s1_a$q;
        s1_b$d = s1_b$q;
        s1_exponent$d = s1_exponent$q;
        s1_zero$d = s1_zero$q;
        s1_sign$d = s1_sign$q;
        s1_nan$d = s1_nan$q;
        s1_special$d = s1_special$q;
        s2_product$d = s2_product$q;
        s2_exponent$d = s2_exponent$q;
        s2_zero$d = s2_zero$q;
        s2_sign$d = s2_sign$q;
        s2_nan$d = s2_nan$q;
        s2_special$d = s2_special$q;
        s3_product$d = s3_product$q;
        s3_exponent$d = s3_exponent$q;
        s3_sign$d = s3_sign$q;
        s3_nan$d = s3_nan$q;
        s3_special$d = s3_special$q;
        a_class = a[15:13];
        b_class = b[15:13];
        a_special = a_class[2] & a_class[1];
        b_special = b_class[2] & b_class[1];
        a_zero = ~|a_class;
        b_zero = ~|b_class;
        a_exponent = {1'h0, a[15:10]};
        b_exponent = {1'h0, b[15:10]};
        s1_a$d = {1'h0, a[9:0]} | 11'h400;
        s1_b$d = {1'h0, b[9:0]} | 11'h400;
        s1_exponent$d = a_exponent + b_exponent;
        s1_zero$d = a_zero | b_zero | idle;
        s1_sign$d = a[16] ^ b[16];
        s1_nan$d = (a_special & (a_class[0] | b_zero)) | (b_special & (b_class[0] | a_zero));
        s1_special$d = a_special | b_special;
        if (idle) begin
            s1_sign$d = 1'b0;
            s1_nan$d = 1'b0;
            s1_special$d = 1'b0;
        end
        multiplier$left = s1_a$q;
        multiplier$right = s1_b$q;
        s2_product$d = multiplier$product;
        biased = {1'h0, s1_exponent$q} + 8'h40;
        s2_exponent$d = biased;
        s2_zero$d = s1_zero$q;
        if (s1_zero$q) begin
            s2_exponent$d = 8'h0;
        end
        s2_sign$d = s1_sign$q & ~s1_nan$q;
        s2_nan$d = s1_nan$q;
        s2_special$d = s1_special$q;
        s3_product$d = s2_product$q;
        if (s2_zero$q) begin
            s3_product$d = 22'h0;
        end
        s3_exponent$d = s2_exponent$q;
        s3_sign$d = s2_sign$q;
        s3_nan$d = s2_nan$q;
        s3_special$d = s2_special$q;
        nan_bit = {32'h0, s3_nan$q} << 6'h20;
        special_bit = {32'h0, s3_special$q} << 6'h1f;
        sign_bit = {32'h0, s3_sign$q} << 6'h1e;
        exponent_bits = {25'h0, s3_exponent$q} << 6'h16;
        product = nan_bit | special_bit | sign_bit | exponent_bits | {11'h0, s3_product$q};
    end

endmodule

module uspe_ring(clock,write,write_index,write_data,read_index,read_data);

    // Module arguments
    input wire  clock;
    input wire  write;
    input wire  [3:0] write_index;
    input wire  [31:0] write_data;
    input wire  [3:0] read_index;
    output reg  [31:0] read_data;

    // Update code (custom)
    reg [31:0] content [0:15];
    wire [31:0] fetched = content[read_index];
    integer i;
    initial for (i = 0; i <= 15; i = i + 1) content[i] = 32'h0;

    always @(posedge clock) if (write) content[write_index] <= write_data;

    always @(*) read_data = fetched;
endmodule

module uspe_dff_26(d,q,clock);

    // Module arguments
    input wire  [25:0] d;
    output reg  [25:0] q;
    input wire  clock;

    // Update code (custom)
    initial begin
       q = 26'h0;
    end

    always @(posedge clock) begin
       q <= d;
    end

endmodule

module uspe_adder(clock,product,accumulator,sum,early);

    // Module arguments
    input wire  clock;
    input wire  [32:0] product;
    input wire  [31:0] accumulator;
    output reg  [31:0] sum;
    output reg  [31:0] early;

    // Stub signals
    reg  [23:0] s1_greater$d;
    wire  [23:0] s1_greater$q;
    reg  [23:0] s1_lesser$d;
    wire  [23:0] s1_lesser$q;
    reg  [7:0] s1_exponent$d;
    wire  [7:0] s1_exponent$q;
    reg  s1_carry$d;
    wire  s1_carry$q;
    reg  [4:0] s1_distance$d;
    wire  [4:0] s1_distance$q;
    reg  s1_far$d;
    wire  s1_far$q;
    reg  s1_sign$d;
    wire  s1_sign$q;
    reg  s1_subtract$d;
    wire  s1_subtract$q;
    reg  s1_nan$d;
    wire  s1_nan$q;
    reg  s1_special$d;
    wire  s1_special$q;
    reg  [23:0] s2_greater$d;
    wire  [23:0] s2_greater$q;
    reg  [25:0] s2_lesser$d;
    wire  [25:0] s2_lesser$q;
    reg  s2_lost_8$d;
    wire  s2_lost_8$q;
    reg  s2_lost_2$d;
    wire  s2_lost_2$q;
    reg  s2_odd$d;
    wire  s2_odd$q;
    reg  [7:0] s2_exponent$d;
    wire  [7:0] s2_exponent$q;
    reg  s2_carry$d;
    wire  s2_carry$q;
    reg  s2_sign$d;
    wire  s2_sign$q;
    reg  s2_subtract$d;
    wire  s2_subtract$q;
    reg  [25:0] s3_raw$d;
    wire  [25:0] s3_raw$q;
    reg  s3_over$d;
    wire  s3_over$q;
    reg  s3_negative$d;
    wire  s3_negative$q;
    reg  s3_sticky$d;
    wire  s3_sticky$q;
    reg  [7:0] s3_exponent$d;
    wire  [7:0] s3_exponent$q;
    reg  s3_carry$d;
    wire  s3_carry$q;
    reg  s3_sign$d;
    wire  s3_sign$q;
    reg  [17:0] s4_high$d;
    wire  [17:0] s4_high$q;
    reg  [7:0] s4_low$d;
    wire  [7:0] s4_low$q;
    reg  [1:0] s4_lowest$d;
    wire  [1:0] s4_lowest$q;
    reg  s4_negative$d;
    wire  s4_negative$q;
    reg  s4_fine_4$d;
    wire  s4_fine_4$q;
    reg  s4_fine_2$d;
    wire  s4_fine_2$q;
    reg  [7:0] s4_exponent$d;
    wire  [7:0] s4_exponent$q;
    reg  s4_sign$d;
    wire  s4_sign$q;
    reg  [31:0] s5$d;
    wire  [31:0] s5$q;

    // Local signals
    reg  [7:0] exponent;
    reg  [7:0] product_exponent;
    reg  [21:0] significand;
    reg  special;
    reg  signs_differ;
    reg  [7:0] not_exponent;
    reg  [8:0] compared;
    reg  [7:0] distance;
    reg  is_behind;
    reg  is_tall;
    reg  [23:0] ahead;
    reg  [23:0] behind;
    reg  [23:0] tall_ahead;
    reg  [23:0] flat_ahead;
    reg  [23:0] tall_behind;
    reg  [23:0] flat_behind;
    reg  [23:0] own;
    reg  [23:0] widened;
    reg  [25:0] unaligned;
    reg  [25:0] aligned_8;
    reg  [25:0] aligned_2;
    reg  [1:0] by_8;
    reg  [1:0] by_2;
    reg  lost_8;
    reg  lost_2;
    reg  any_8;
    reg  any_16;
    reg  any_24;
    reg  [26:0] aligned_1;
    reg  sticky;
    reg  carry_in;
    reg  [26:0] inversion;
    reg  [26:0] left;
    reg  [26:0] right;
    reg  [26:0] total;
    reg  [27:0] raw;
    reg  [27:0] flip;
    reg  [27:0] magnitude;
    reg  fine_4_a;
    reg  fine_4_b;
    reg  fine_4_c;
    reg  fine_2_a;
    reg  fine_2_b;
    reg  fine_2_c;
    reg  none_a;
    reg  none_b;
    reg  none_c;
    reg  coarse_16;
    reg  coarse_8;
    reg  is_zero;
    reg  [25:0] body;
    reg  [17:0] shifted_8;
    reg  [7:0] places;
    reg  [7:0] not_places;
    reg  [27:0] value_flip;
    reg  [27:0] unshifted;
    reg  [27:0] shifted_2;
    reg  [7:0] fine_exponent;
    reg  [27:0] value;
    reg  [22:0] fraction;
    reg  guard;
    reg  below;
    reg  up;
    reg  [30:0] truncated;
    reg  [30:0] leading;
    reg  [30:0] rounded;
    reg  [31:0] sign_bit;

    // Sub module instances
    uspe_dff_24 s1_greater(
        .d(s1_greater$d),
        .q(s1_greater$q),
        .clock(clock)
    );
    uspe_dff_24 s1_lesser(
        .d(s1_lesser$d),
        .q(s1_lesser$q),
        .clock(clock)
    );
    uspe_dff_8 s1_exponent(
        .d(s1_exponent$d),
        .q(s1_exponent$q),
        .clock(clock)
    );
    uspe_dff_1 s1_carry(
        .d(s1_carry$d),
        .q(s1_carry$q),
        .clock(clock)
    );
    uspe_dff_5 s1_distance(
        .d(s1_distance$d),
        .q(s1_distance$q),
        .clock(clock)
    );
    uspe_dff_1 s1_far(
        .d(s1_far$d),
        .q(s1_far$q),
        .clock(clock)
    );
    uspe_dff_1 s1_sign(
        .d(s1_sign$d),
        .q(s1_sign$q),
        .clock(clock)
    );
    uspe_dff_1 s1_subtract(
        .d(s1_subtract$d),
        .q(s1_subtract$q),
        .clock(clock)
    );
    uspe_dff_1 s1_nan(
        .d(s1_nan$d),
        .q(s1_nan$q),
        .clock(clock)
    );
    uspe_dff_1 s1_special(
        .d(s1_special$d),
        .q(s1_special$q),
        .clock(clock)
    );
    uspe_dff_24 s2_greater(
        .d(s2_greater$d),
        .q(s2_greater$q),
        .clock(clock)
    );
    uspe_dff_26 s2_lesser(
        .d(s2_lesser$d),
        .q(s2_lesser$q),
        .clock(clock)
    );
    uspe_dff_1 s2_lost_8(
        .d(s2_lost_8$d),
        .q(s2_lost_8$q),
        .clock(clock)
    );
    uspe_dff_1 s2_lost_2(
        .d(s2_lost_2$d),
        .q(s2_lost_2$q),
        .clock(clock)
    );
    uspe_dff_1 s2_odd(
        .d(s2_odd$d),
        .q(s2_odd$q),
        .clock(clock)
    );
    uspe_dff_8 s2_exponent(
        .d(s2_exponent$d),
        .q(s2_exponent$q),
        .clock(clock)
    );
    uspe_dff_1 s2_carry(
        .d(s2_carry$d),
        .q(s2_carry$q),
        .clock(clock)
    );
    uspe_dff_1 s2_sign(
        .d(s2_sign$d),
        .q(s2_sign$q),
        .clock(clock)
    );
    uspe_dff_1 s2_subtract(
        .d(s2_subtract$d),
        .q(s2_subtract$q),
        .clock(clock)
    );
    uspe_dff_26 s3_raw(
        .d(s3_raw$d),
        .q(s3_raw$q),
        .clock(clock)
    );
    uspe_dff_1 s3_over(
        .d(s3_over$d),
        .q(s3_over$q),
        .clock(clock)
    );
    uspe_dff_1 s3_negative(
        .d(s3_negative$d),
        .q(s3_negative$q),
        .clock(clock)
    );
    uspe_dff_1 s3_sticky(
        .d(s3_sticky$d),
        .q(s3_sticky$q),
        .clock(clock)
    );
    uspe_dff_8 s3_exponent(
        .d(s3_exponent$d),
        .q(s3_exponent$q),
        .clock(clock)
    );
    uspe_dff_1 s3_carry(
        .d(s3_carry$d),
        .q(s3_carry$q),
        .clock(clock)
    );
    uspe_dff_1 s3_sign(
        .d(s3_sign$d),
        .q(s3_sign$q),
        .clock(clock)
    );
    uspe_dff_18 s4_high(
        .d(s4_high$d),
        .q(s4_high$q),
        .clock(clock)
    );
    uspe_dff_8 s4_low(
        .d(s4_low$d),
        .q(s4_low$q),
        .clock(clock)
    );
    uspe_dff_2 s4_lowest(
        .d(s4_lowest$d),
        .q(s4_lowest$q),
        .clock(clock)
    );
    uspe_dff_1 s4_negative(
        .d(s4_negative$d),
        .q(s4_negative$q),
        .clock(clock)
    );
    uspe_dff_1 s4_fine_4(
        .d(s4_fine_4$d),
        .q(s4_fine_4$q),
        .clock(clock)
    );
    uspe_dff_1 s4_fine_2(
        .d(s4_fine_2$d),
        .q(s4_fine_2$q),
        .clock(clock)
    );
    uspe_dff_8 s4_exponent(
        .d(s4_exponent$d),
        .q(s4_exponent$q),
        .clock(clock)
    );
    uspe_dff_1 s4_sign(
        .d(s4_sign$d),
        .q(s4_sign$q),
        .clock(clock)
    );
    uspe_dff_32 s5(
        .d(s5$d),
        .q(s5$q),
        .clock(clock)
    );

    // Update code
    always @(*) begin
        s1_greater$d = s1_greater$q;
        s1_lesser$d = s1_lesser$q;
        s1_exponent$d = s1_exponent$q;
        s1_carry$d = s1_carry$q;
        s1_distance$d = s1_distance$q;
        s1_far$d = s1_far$q;
        s1_sign$d = s1_sign$q;
        s1_subtract$d = s1_subtract$q;
        s1_nan$d = s1_nan$q;
        s1_special$d = s1_special$q;
        s2_greater$d = s2_greater$q;
        s2_lesser$d = s2_lesser$q;
        s2_lost_8$d = s2_lost_8$q;
        s2_lost_2$d = s2_lost_2$q;
        s2_odd$d = s2_odd$q;
        s2_exponent$d = s2_exponent$q;
        s2_carry$d = s2_carry$q;
        s2_sign$d = s2_sign$q;
        s2_subtract$d = s2_subtract$q;
        s3_raw$d = s3_raw$q;
        s3_over$d = s3_over$q;
        s3_negative$d = s3_negative$q;
        s3_sticky$d = s3_sticky$q;
        s3_exponent$d = s3_exponent$q;
        s3_carry$d = s3_carry$q;
        s3_sign$d = s3_sign$q;
        s4_high$d = s4_high$q;
        s4_low$d = s4_low$q;
        s4_lowest$d = s4_lowest$q;
        s4_negative$d = s4_negative$q;
        s4_fine_4$d = s4_fine_4$q;
        s4_fine_2$d = s4_fine_2$q;
        s4_exponent$d = s4_exponent$q;
        s4_sign$d = s4_sign$q;
        s5$d = s5$q;
        exponent = accumulator[30:23];
        product_exponent = product[29:22];
        significand = product[21:0];
        special = product[31];
        signs_differ = accumulator[31] ^ product[30];
        is_tall = significand[21];
        not_exponent = ~exponent;
        compared = {1'h0, product_exponent} + ({1'h0, not_exponent} | 9'h100) + {8'h0, is_tall};
        is_behind = compared[8];
        ahead = 24'hffffff;
        tall_ahead = 24'h0;
        flat_ahead = 24'h0;
        tall_behind = 24'h0;
        flat_behind = 24'h0;
        behind = 24'h0;
        if (is_behind) begin
            behind = 24'hffffff;
            ahead = 24'h0;
        end
        if (is_tall & ~is_behind) begin
            tall_ahead = 24'hffffff;
        end
        if (~is_tall & ~is_behind) begin
            flat_ahead = 24'hffffff;
        end
        if (is_tall & is_behind) begin
            tall_behind = 24'hffffff;
        end
        if (~is_tall & is_behind) begin
            flat_behind = 24'hffffff;
        end
        widened = {2'h0, significand};
        own = {1'h0, accumulator[22:0]} | 24'h800000;
        s1_greater$d = (own & behind) | ((widened << 5'h2) & tall_ahead) | ((widened << 5'h3) & flat_ahead) | 24'h800000;
        s1_lesser$d = (own & ahead) | ((widened << 5'h1) & tall_behind) | ((widened << 5'h2) & flat_behind);
        s1_exponent$d = product_exponent;
        s1_carry$d = is_tall;
        if (is_behind) begin
            s1_exponent$d = exponent;
            s1_carry$d = 1'b1;
        end
        distance = compared[7:0] ^ behind[7:0];
        s1_distance$d = distance[4:0];
        s1_far$d = |distance[7:5] | special;
        s1_sign$d = product[30];
        if (is_behind & ~special) begin
            s1_sign$d = accumulator[31];
        end
        s1_subtract$d = signs_differ;
        s1_special$d = special;
        s1_nan$d = product[32] | (special & &exponent & (accumulator[22] | signs_differ));
        unaligned = {2'h0, s1_lesser$q} << 5'h2;
        by_8 = s1_distance$q[4:3];
        by_2 = s1_distance$q[2:1];
        any_8 = |unaligned[7:0];
        any_16 = any_8 | |unaligned[15:8];
        any_24 = any_16 | |unaligned[23:16];
        aligned_8 = unaligned;
        lost_8 = 1'b0;
        if (by_8 == 2'h1) begin
            aligned_8 = unaligned >> 5'h8;
            lost_8 = any_8;
        end
        else if (by_8 == 2'h2) begin
            aligned_8 = unaligned >> 5'h10;
            lost_8 = any_16;
        end
        else if (by_8 == 2'h3) begin
            aligned_8 = unaligned >> 5'h18;
            lost_8 = any_24;
        end
        aligned_2 = aligned_8;
        lost_2 = 1'b0;
        if (by_2 == 2'h1) begin
            aligned_2 = aligned_8 >> 5'h2;
            lost_2 = |aligned_8[1:0];
        end
        else if (by_2 == 2'h2) begin
            aligned_2 = aligned_8 >> 5'h4;
            lost_2 = |aligned_8[3:0];
        end
        else if (by_2 == 2'h3) begin
            aligned_2 = aligned_8 >> 5'h6;
            lost_2 = |aligned_8[5:0];
        end
        s2_greater$d = s1_greater$q;
        s2_lesser$d = aligned_2;
        s2_lost_8$d = lost_8;
        s2_lost_2$d = lost_2;
        s2_odd$d = s1_distance$q[0];
        s2_exponent$d = s1_exponent$q;
        s2_carry$d = s1_carry$q;
        s2_sign$d = s1_sign$q & ~s1_nan$q;
        s2_subtract$d = s1_subtract$q;
        if (s1_far$q) begin
            s2_lesser$d = 26'h0;
            s2_lost_8$d = 1'b0;
            s2_lost_2$d = 1'b0;
        end
        if (s1_special$q) begin
            s2_greater$d = 24'h800000 | ({23'h0, s1_nan$q} << 5'h16);
            s2_exponent$d = 8'hff;
            s2_carry$d = 1'b1;
        end
        aligned_1 = {1'h0, s2_lesser$q};
        sticky = s2_lost_8$q | s2_lost_2$q;
        if (s2_odd$q) begin
            aligned_1 = {1'h0, s2_lesser$q} >> 5'h1;
            sticky = s2_lost_8$q | s2_lost_2$q | s2_lesser$q[0];
        end
        inversion = 27'h0;
        if (s2_subtract$q) begin
            inversion = 27'h7ffffff;
        end
        carry_in = s2_subtract$q & ~sticky;
        left = {3'h0, s2_greater$q} << 5'h2;
        right = aligned_1 ^ inversion;
        total = left + right + {26'h0, carry_in};
        s3_raw$d = total[25:0];
        s3_over$d = total[26];
        s3_negative$d = total[26] & s2_subtract$q;
        s3_sticky$d = sticky;
        s3_exponent$d = s2_exponent$q;
        s3_carry$d = s2_carry$q;
        s3_sign$d = s2_sign$q;
        raw = ({27'h0, s3_over$q} << 5'h1b) | ({2'h0, s3_raw$q} << 5'h1) | {27'h0, s3_sticky$q};
        flip = 28'h0;
        if (s3_negative$q) begin
            flip = 28'hfffffff;
        end
        magnitude = raw ^ flip;
        fine_4_a = ~|magnitude[27:24];
        fine_4_b = ~|magnitude[19:16];
        fine_4_c = ~|magnitude[11:8];
        fine_2_a = ~|magnitude[27:26];
        fine_2_b = ~|magnitude[19:18];
        fine_2_c = ~|magnitude[11:10];
        if (fine_4_a) begin
            fine_2_a = ~|magnitude[23:22];
        end
        if (fine_4_b) begin
            fine_2_b = ~|magnitude[15:14];
        end
        if (fine_4_c) begin
            fine_2_c = ~|magnitude[7:6];
        end
        none_a = fine_4_a & ~|magnitude[23:20];
        none_b = fine_4_b & ~|magnitude[15:12];
        none_c = fine_4_c & ~|magnitude[7:4];
        coarse_16 = none_a & none_b;
        coarse_8 = none_a;
        if (coarse_16) begin
            coarse_8 = none_c;
        end
        is_zero = coarse_16 & none_c & ~|magnitude[3:0];
        body = raw[27:2];
        shifted_8 = body[25:8];
        s4_fine_4$d = fine_4_a;
        s4_fine_2$d = fine_2_a;
        if (none_a) begin
            shifted_8 = body[17:0];
            s4_fine_4$d = fine_4_b;
            s4_fine_2$d = fine_2_b;
            if (none_b) begin
                shifted_8 = body[17:0] << 5'h8;
                s4_fine_4$d = fine_4_c;
                s4_fine_2$d = fine_2_c;
                if (none_c) begin
                    shifted_8 = body[17:0] << 5'h10;
                    s4_fine_4$d = 1'b0;
                    s4_fine_2$d = ~|magnitude[3:2];
                end
            end
        end
        places = ({7'h0, coarse_16} << 4'h4) | ({7'h0, coarse_8} << 4'h3);
        not_places = ~places;
        s4_exponent$d = s3_exponent$q + not_places + {7'h0, s3_carry$q};
        s4_sign$d = s3_sign$q ^ s3_negative$q;
        if (is_zero) begin
            s4_exponent$d = 8'h2;
            s4_sign$d = 1'b0;
        end
        s4_high$d = shifted_8;
        s4_low$d = body[7:0];
        s4_lowest$d = raw[1:0];
        s4_negative$d = s3_negative$q;
        if (none_a) begin
            s4_low$d = 8'h0;
        end
        value_flip = 28'h0;
        if (s4_negative$q) begin
            value_flip = 28'hfffffff;
        end
        unshifted = ({10'h0, s4_high$q} << 5'ha) | ({20'h0, s4_low$q} << 5'h2) | {26'h0, s4_lowest$q};
        shifted_2 = unshifted;
        fine_exponent = 8'h0;
        if (s4_fine_4$q) begin
            if (s4_fine_2$q) begin
                shifted_2 = unshifted << 5'h6;
                fine_exponent = 8'hfa;
            end
            else begin
                shifted_2 = unshifted << 5'h4;
                fine_exponent = 8'hfc;
            end
        end
        else if (s4_fine_2$q) begin
            shifted_2 = unshifted << 5'h2;
            fine_exponent = 8'hfe;
        end
        value = shifted_2 ^ value_flip;
        fraction = value[25:3];
        guard = value[2];
        below = |value[1:0];
        if (value[27]) begin
            fraction = value[26:4];
            guard = value[3];
            below = |value[2:0];
        end
        up = guard & (below | fraction[0]);
        truncated = ({23'h0, s4_exponent$q} << 5'h17) | {8'h0, fraction};
        leading = ({23'h0, fine_exponent} << 5'h17) | ({30'h0, value[27]} << 5'h17);
        rounded = truncated + leading + {30'h0, up};
        sign_bit = {31'h0, s4_sign$q} << 5'h1f;
        s5$d = {1'h0, rounded} | sign_bit;
        early = s5$d;
        sum = s5$q;
    end

endmodule

module uspe(clock,row,word,token,drain,weight,tag,north_sum,north_drained,word_east,token_east,drain_east,weight_south,tag_south,sum,drained,multiplies);

    // Module arguments
    input wire  clock;
    input wire  [5:0] row;
    input wire  [135:0] word;
    input wire  [10:0] token;
    input wire  [4:0] drain;
    input wire  [16:0] weight;
    input wire  [10:0] tag;
    input wire  [31:0] north_sum;
    input wire  [31:0] north_drained;
    output reg  [135:0] word_east;
    output reg  [10:0] token_east;
    output reg  [4:0] drain_east;
    output reg  [16:0] weight_south;
    output reg  [10:0] tag_south;
    output reg  [31:0] sum;
    output reg  [31:0] drained;
    output reg  multiplies;

    // Stub signals
    reg  [135:0] word_register$d;
    wire  [135:0] word_register$q;
    reg  [10:0] token_register$d;
    wire  [10:0] token_register$q;
    reg  [4:0] drain_register$d;
    wire  [4:0] drain_register$q;
    reg  [16:0] passing_weight$d;
    wire  [16:0] passing_weight$q;
    reg  [10:0] passing_tag$d;
    wire  [10:0] passing_tag$q;
    reg  [16:0] held_weight$d;
    wire  [16:0] held_weight$q;
    reg  [2:0] held_position$d;
    wire  [2:0] held_position$q;
    reg  held_live$d;
    wire  held_live$q;
    reg  [16:0] multiplier$a;
    reg  [16:0] multiplier$b;
    reg  multiplier$idle;
    wire  [32:0] multiplier$product;
    reg  [7:0] multiplied_1$d;
    wire  [7:0] multiplied_1$q;
    reg  [7:0] multiplied_2$d;
    wire  [7:0] multiplied_2$q;
    reg  [7:0] multiplied_3$d;
    wire  [7:0] multiplied_3$q;
    reg  ring$write;
    reg  [3:0] ring$write_index;
    reg  [31:0] ring$write_data;
    reg  [3:0] ring$read_index;
    wire  [31:0] ring$read_data;
    reg  [32:0] adder$product;
    reg  [31:0] adder$accumulator;
    wire  [31:0] adder$sum;
    wire  [31:0] adder$early;
    reg  [6:0] added_1$d;
    wire  [6:0] added_1$q;
    reg  [6:0] added_2$d;
    wire  [6:0] added_2$q;
    reg  [6:0] added_3$d;
    wire  [6:0] added_3$q;
    reg  [6:0] added_4$d;
    wire  [6:0] added_4$q;
    reg  drain_buffer$write;
    reg  [3:0] drain_buffer$write_index;
    reg  [31:0] drain_buffer$write_data;
    reg  [3:0] drain_buffer$read_index;
    wire  [31:0] drain_buffer$read_data;
    reg  [31:0] drained_register$d;
    wire  [31:0] drained_register$q;

    // Local signals
    reg  takes;
    reg  [2:0] lane;
    reg  [16:0] pair_0;
    reg  [16:0] pair_1;
    reg  [16:0] pair_2;
    reg  [16:0] pair_3;
    reg  [16:0] half_0;
    reg  [16:0] half_1;
    reg  [16:0] activation;
    reg  [31:0] accumulator;

    // Sub module instances
    uspe_dff_136 word_register(
        .d(word_register$d),
        .q(word_register$q),
        .clock(clock)
    );
    uspe_dff_11 token_register(
        .d(token_register$d),
        .q(token_register$q),
        .clock(clock)
    );
    uspe_dff_5 drain_register(
        .d(drain_register$d),
        .q(drain_register$q),
        .clock(clock)
    );
    uspe_dff_17 passing_weight(
        .d(passing_weight$d),
        .q(passing_weight$q),
        .clock(clock)
    );
    uspe_dff_11 passing_tag(
        .d(passing_tag$d),
        .q(passing_tag$q),
        .clock(clock)
    );
    uspe_dff_17 held_weight(
        .d(held_weight$d),
        .q(held_weight$q),
        .clock(clock)
    );
    uspe_dff_3 held_position(
        .d(held_position$d),
        .q(held_position$q),
        .clock(clock)
    );
    uspe_dff_1 held_live(
        .d(held_live$d),
        .q(held_live$q),
        .clock(clock)
    );
    uspe_multiplier_2 multiplier(
        .clock(clock),
        .a(multiplier$a),
        .b(multiplier$b),
        .idle(multiplier$idle),
        .product(multiplier$product)
    );
    uspe_dff_8 multiplied_1(
        .d(multiplied_1$d),
        .q(multiplied_1$q),
        .clock(clock)
    );
    uspe_dff_8 multiplied_2(
        .d(multiplied_2$d),
        .q(multiplied_2$q),
        .clock(clock)
    );
    uspe_dff_8 multiplied_3(
        .d(multiplied_3$d),
        .q(multiplied_3$q),
        .clock(clock)
    );
    uspe_ring ring(
        .clock(clock),
        .write(ring$write),
        .write_index(ring$write_index),
        .write_data(ring$write_data),
        .read_index(ring$read_index),
        .read_data(ring$read_data)
    );
    uspe_adder adder(
        .clock(clock),
        .product(adder$product),
        .accumulator(adder$accumulator),
        .sum(adder$sum),
        .early(adder$early)
    );
    uspe_dff_7 added_1(
        .d(added_1$d),
        .q(added_1$q),
        .clock(clock)
    );
    uspe_dff_7 added_2(
        .d(added_2$d),
        .q(added_2$q),
        .clock(clock)
    );
    uspe_dff_7 added_3(
        .d(added_3$d),
        .q(added_3$q),
        .clock(clock)
    );
    uspe_dff_7 added_4(
        .d(added_4$d),
        .q(added_4$q),
        .clock(clock)
    );
    uspe_ring drain_buffer(
        .clock(clock),
        .write(drain_buffer$write),
        .write_index(drain_buffer$write_index),
        .write_data(drain_buffer$write_data),
        .read_index(drain_buffer$read_index),
        .read_data(drain_buffer$read_data)
    );
    uspe_dff_32 drained_register(
        .d(drained_register$d),
        .q(drained_register$q),
        .clock(clock)
    );

    // Update code
    always @(*) begin
        word_register$d = word_register$q;
        token_register$d = token_register$q;
        drain_register$d = drain_register$q;
        passing_weight$d = passing_weight$q;
        passing_tag$d = passing_tag$q;
        held_weight$d = held_weight$q;
        held_position$d = held_position$q;
        held_live$d = held_live$q;
        multiplied_1$d = multiplied_1$q;
        multiplied_2$d = multiplied_2$q;
        multiplied_3$d = multiplied_3$q;
        added_1$d = added_1$q;
        added_2$d = added_2$q;
        added_3$d = added_3$q;
        added_4$d = added_4$q;
        drained_register$d = drained_register$q;
        word_register$d = word;
        token_register$d = token;
        drain_register$d = drain;
        word_east = word_register$q;
        token_east = token_register$q;
        drain_east = drain_register$q;
        passing_weight$d = weight;
        passing_tag$d = tag;
        weight_south = passing_weight$q;
        tag_south = passing_tag$q;
        takes = tag[10] | (tag[8:3] == row);
        if (takes) begin
            held_weight$d = weight;
            held_position$d = tag[2:0];
            held_live$d = tag[9];
        end
        lane = token_register$q[10:8] | held_position$q;
        pair_0 = word_register$q[16:0];
        pair_1 = word_register$q[50:34];
        pair_2 = word_register$q[84:68];
        pair_3 = word_register$q[118:102];
        if (lane[0]) begin
            pair_0 = word_register$q[33:17];
            pair_1 = word_register$q[67:51];
            pair_2 = word_register$q[101:85];
            pair_3 = word_register$q[135:119];
        end
        half_0 = pair_0;
        half_1 = pair_2;
        if (lane[1]) begin
            half_0 = pair_1;
            half_1 = pair_3;
        end
        activation = half_0;
        if (lane[2]) begin
            activation = half_1;
        end
        multiplier$a = activation;
        multiplier$b = held_weight$q;
        multiplier$idle = ~held_live$q;
        multiplies = token_register$q[4] & held_live$q;
        multiplied_1$d = token_register$q[7:0];
        multiplied_2$d = multiplied_1$q;
        multiplied_3$d = multiplied_2$q;
        added_1$d = multiplied_3$q[6:0];
        added_2$d = added_1$q;
        added_3$d = added_2$q;
        added_4$d = added_3$q;
        ring$read_index = multiplied_3$q[3:0];
        accumulator = ring$read_data;
        if (multiplied_3$q[5]) begin
            accumulator = 32'h0;
        end
        if (multiplied_3$q[7]) begin
            accumulator = north_sum;
        end
        adder$accumulator = accumulator;
        adder$product = multiplier$product;
        sum = adder$sum;
        ring$write = added_4$q[4];
        ring$write_index = added_4$q[3:0];
        ring$write_data = adder$early;
        drain_buffer$write = added_4$q[4] & added_4$q[6];
        drain_buffer$write_index = added_4$q[3:0];
        drain_buffer$write_data = adder$early;
        drain_buffer$read_index = drain_register$q[3:0];
        drained_register$d = north_drained;
        if (drain_register$q[4]) begin
            drained_register$d = drain_buffer$read_data;
        end
        drained = drained_register$q;
    end

endmodule

module stce_row (
    input wire clock,
    input wire [5:0] row,
    input wire [135:0] word,
    input wire [10:0] token,
    input wire [4:0] drain,
    input wire [67:0] weight,
    output wire [67:0] weight_south,
    input wire [43:0] tag,
    output wire [43:0] tag_south,
    input wire [127:0] north_sum,
    output wire [127:0] sum,
    input wire [127:0] north_drained,
    output wire [127:0] drained,
    output wire multiplies
);
    wire [135:0] word_1;
    wire [10:0] token_1;
    wire [4:0] drain_1;
    wire [16:0] weight_south_0;
    wire [10:0] tag_south_0;
    wire [31:0] sum_0;
    wire [31:0] drained_0;
    wire unused_multiplies_0;
    uspe element_0 (.clock(clock), .row(row), .word(word), .word_east(word_1), .token(token), .token_east(token_1), .drain(drain), .drain_east(drain_1), .weight(weight[16:0]), .weight_south(weight_south_0), .tag(tag[10:0]), .tag_south(tag_south_0), .north_sum(north_sum[31:0]), .sum(sum_0), .north_drained(north_drained[31:0]), .drained(drained_0), .multiplies(unused_multiplies_0));
    wire [135:0] word_2;
    wire [10:0] token_2;
    wire [4:0] drain_2;
    wire [16:0] weight_south_1;
    wire [10:0] tag_south_1;
    wire [31:0] sum_1;
    wire [31:0] drained_1;
    wire unused_multiplies_1;
    uspe element_1 (.clock(clock), .row(row), .word(word_1), .word_east(word_2), .token(token_1), .token_east(token_2), .drain(drain_1), .drain_east(drain_2), .weight(weight[33:17]), .weight_south(weight_south_1), .tag(tag[21:11]), .tag_south(tag_south_1), .north_sum(north_sum[63:32]), .sum(sum_1), .north_drained(north_drained[63:32]), .drained(drained_1), .multiplies(unused_multiplies_1));
    wire [135:0] word_3;
    wire [10:0] token_3;
    wire [4:0] drain_3;
    wire [16:0] weight_south_2;
    wire [10:0] tag_south_2;
    wire [31:0] sum_2;
    wire [31:0] drained_2;
    wire unused_multiplies_2;
    uspe element_2 (.clock(clock), .row(row), .word(word_2), .word_east(word_3), .token(token_2), .token_east(token_3), .drain(drain_2), .drain_east(drain_3), .weight(weight[50:34]), .weight_south(weight_south_2), .tag(tag[32:22]), .tag_south(tag_south_2), .north_sum(north_sum[95:64]), .sum(sum_2), .north_drained(north_drained[95:64]), .drained(drained_2), .multiplies(unused_multiplies_2));
    wire [135:0] unused_word_4;
    wire [10:0] unused_token_4;
    wire [4:0] unused_drain_4;
    wire [16:0] weight_south_3;
    wire [10:0] tag_south_3;
    wire [31:0] sum_3;
    wire [31:0] drained_3;
    wire multiplies_3;
    uspe element_3 (.clock(clock), .row(row), .word(word_3), .word_east(unused_word_4), .token(token_3), .token_east(unused_token_4), .drain(drain_3), .drain_east(unused_drain_4), .weight(weight[67:51]), .weight_south(weight_south_3), .tag(tag[43:33]), .tag_south(tag_south_3), .north_sum(north_sum[127:96]), .sum(sum_3), .north_drained(north_drained[127:96]), .drained(drained_3), .multiplies(multiplies_3));
    assign weight_south = {weight_south_3, weight_south_2, weight_south_1, weight_south_0};
    assign tag_south = {tag_south_3, tag_south_2, tag_south_1, tag_south_0};
    assign sum = {sum_3, sum_2, sum_1, sum_0};
    assign drained = {drained_3, drained_2, drained_1, drained_0};
    assign multiplies = multiplies_3;
endmodule

module stce (
    input wire clock,
    input wire [543:0] word,
    input wire [43:0] token,
    input wire [19:0] drain,
    input wire [67:0] weight,
    input wire [43:0] tag,
    input wire [127:0] north_sum,
    output wire [127:0] sum,
    output wire [127:0] drained,
    output wire multiplies
);
    wire [67:0] weight_south_0;
    wire [43:0] tag_south_0;
    wire [127:0] sum_0;
    wire [127:0] drained_0;
    wire unused_multiplies_0;
    stce_row row_0 (.clock(clock), .row(6'd0), .word(word[135:0]), .token(token[10:0]), .drain(drain[4:0]), .weight(weight), .weight_south(weight_south_0), .tag(tag), .tag_south(tag_south_0), .north_sum(north_sum), .sum(sum_0), .north_drained(128'h0), .drained(drained_0), .multiplies(unused_multiplies_0));
    wire [67:0] weight_south_1;
    wire [43:0] tag_south_1;
    wire [127:0] sum_1;
    wire [127:0] drained_1;
    wire unused_multiplies_1;
    stce_row row_1 (.clock(clock), .row(6'd1), .word(word[271:136]), .token(token[21:11]), .drain(drain[9:5]), .weight(weight_south_0), .weight_south(weight_south_1), .tag(tag_south_0), .tag_south(tag_south_1), .north_sum(sum_0), .sum(sum_1), .north_drained(drained_0), .drained(drained_1), .multiplies(unused_multiplies_1));
    wire [67:0] weight_south_2;
    wire [43:0] tag_south_2;
    wire [127:0] sum_2;
    wire [127:0] drained_2;
    wire unused_multiplies_2;
    stce_row row_2 (.clock(clock), .row(6'd2), .word(word[407:272]), .token(token[32:22]), .drain(drain[14:10]), .weight(weight_south_1), .weight_south(weight_south_2), .tag(tag_south_1), .tag_south(tag_south_2), .north_sum(sum_1), .sum(sum_2), .north_drained(drained_1), .drained(drained_2), .multiplies(unused_multiplies_2));
    wire [67:0] unused_weight_south_3;
    wire [43:0] unused_tag_south_3;
    wire [127:0] sum_3;
    wire [127:0] drained_3;
    wire multiplies_3;
    stce_row row_3 (.clock(clock), .row(6'd3), .word(word[543:408]), .token(token[43:33]), .drain(drain[19:15]), .weight(weight_south_2), .weight_south(unused_weight_south_3), .tag(tag_south_2), .tag_south(unused_tag_south_3), .north_sum(sum_2), .sum(sum_3), .north_drained(drained_2), .drained(drained_3), .multiplies(multiplies_3));
    assign sum = sum_3;
    assign drained = drained_3;
    assign multiplies = multiplies_3;
endmodule

module mm_ends_waiting(clock,write,write_index,write_data,read_index,read_data);

    // Module arguments
    input wire  clock;
    input wire  write;
    input wire  [3:0] write_index;
    input wire  [22:0] write_data;
    input wire  [3:0] read_index;
    output reg  [22:0] read_data;

    // Update code (custom)
    reg [22:0] content [0:15];
    wire [22:0] fetched = content[read_index];
    integer i;
    initial for (i = 0; i <= 15; i = i + 1) content[i] = 23'h0;

    always @(posedge clock) if (write) content[write_index] <= write_data;

    always @(*) read_data = fetched;
endmodule

module mm_ends_kinds(clock,write,write_index,write_data,read_index,read_data);

    // Module arguments
    input wire  clock;
    input wire  write;
    input wire  [7:0] write_index;
    input wire  write_data;
    input wire  [7:0] read_index;
    output reg  read_data;

    // Update code (custom)
    reg [0:0] content [0:255];
    wire [0:0] fetched = content[read_index];
    integer i;
    initial for (i = 0; i <= 255; i = i + 1) content[i] = 1'h0;

    always @(posedge clock) if (write) content[write_index] <= write_data;

    always @(*) read_data = fetched;
endmodule

module mm_ends(clock,forget,start,drains,posts,streams,outputs,interleave,ending,reaching,first_out,ended,idle);

    // Module arguments
    input wire  clock;
    input wire  forget;
    input wire  start;
    input wire  drains;
    input wire  posts;
    input wire  streams;
    input wire  [15:0] outputs;
    input wire  [4:0] interleave;
    input wire  ending;
    input wire  reaching;
    output reg  first_out;
    output reg  ended;
    output reg  idle;

    // Stub signals
    reg  waiting$write;
    reg  [3:0] waiting$write_index;
    reg  [22:0] waiting$write_data;
    reg  [3:0] waiting$read_index;
    wire  [22:0] waiting$read_data;
    reg  [3:0] write_at$d;
    wire  [3:0] write_at$q;
    reg  [3:0] read_at$d;
    wire  [3:0] read_at$q;
    reg  [15:0] done$d;
    wire  [15:0] done$q;
    reg  row_out$d;
    wire  row_out$q;
    reg  drained$d;
    wire  drained$q;
    reg  kinds$write;
    reg  [7:0] kinds$write_index;
    reg  kinds$write_data;
    reg  [7:0] kinds$read_index;
    wire  kinds$read_data;
    reg  [7:0] kind_write$d;
    wire  [7:0] kind_write$q;
    reg  [7:0] kind_read$d;
    wire  [7:0] kind_read$q;
    reg  [7:0] freed$d;
    wire  [7:0] freed$q;
    reg  [3:0] drains_done$d;
    wire  [3:0] drains_done$q;

    // Local signals
    reg  [3:0] write_up;
    reg  [3:0] read_up;
    reg  [15:0] done_up;
    reg  [15:0] first;
    reg  [7:0] kind_write_up;
    reg  [7:0] kind_read_up;
    reg  [7:0] freed_now;
    reg  [7:0] freed_less;
    reg  [3:0] drains_now;
    reg  [3:0] drains_less;
    reg  waits;
    reg  ends;

    // Sub module instances
    mm_ends_waiting waiting(
        .clock(clock),
        .write(waiting$write),
        .write_index(waiting$write_index),
        .write_data(waiting$write_data),
        .read_index(waiting$read_index),
        .read_data(waiting$read_data)
    );
    core_dff_4 write_at(
        .d(write_at$d),
        .q(write_at$q),
        .clock(clock)
    );
    core_dff_4 read_at(
        .d(read_at$d),
        .q(read_at$q),
        .clock(clock)
    );
    core_dff_16 done(
        .d(done$d),
        .q(done$q),
        .clock(clock)
    );
    uspe_dff_1 row_out(
        .d(row_out$d),
        .q(row_out$q),
        .clock(clock)
    );
    uspe_dff_1 drained(
        .d(drained$d),
        .q(drained$q),
        .clock(clock)
    );
    mm_ends_kinds kinds(
        .clock(clock),
        .write(kinds$write),
        .write_index(kinds$write_index),
        .write_data(kinds$write_data),
        .read_index(kinds$read_index),
        .read_data(kinds$read_data)
    );
    uspe_dff_8 kind_write(
        .d(kind_write$d),
        .q(kind_write$q),
        .clock(clock)
    );
    uspe_dff_8 kind_read(
        .d(kind_read$d),
        .q(kind_read$q),
        .clock(clock)
    );
    uspe_dff_8 freed(
        .d(freed$d),
        .q(freed$q),
        .clock(clock)
    );
    core_dff_4 drains_done(
        .d(drains_done$d),
        .q(drains_done$q),
        .clock(clock)
    );

    // Update code
    always @(*) begin
        write_at$d = write_at$q;
        read_at$d = read_at$q;
        done$d = done$q;
        row_out$d = row_out$q;
        drained$d = drained$q;
        kind_write$d = kind_write$q;
        kind_read$d = kind_read$q;
        freed$d = freed$q;
        drains_done$d = drains_done$q;
        write_up = write_at$q + 4'h1;
        read_up = read_at$q + 4'h1;
        waiting$write = start & drains;
        waiting$write_index = write_at$q;
        waiting$write_data = {7'h0, outputs} | ({18'h0, interleave} << 5'h10) | ({22'h0, streams} << 5'h15) | ({22'h0, posts} << 5'h16);
        waiting$read_index = read_at$q;
        if (start & drains) begin
            write_at$d = write_up;
        end
        done_up = done$q + 16'h1;
        first = {11'h0, waiting$read_data[20:16]};
        row_out$d = 1'b0;
        drained$d = 1'b0;
        first_out = row_out$q;
        if (reaching) begin
            done$d = done_up;
            if (waiting$read_data[21]) begin
                if (~|done$q) begin
                    first_out = waiting$read_data[22];
                end
            end
            else begin
                row_out$d = waiting$read_data[22] & (done_up == first);
            end
            if (done_up == waiting$read_data[15:0]) begin
                done$d = 16'h0;
                drained$d = 1'b1;
                read_at$d = read_up;
            end
        end
        kind_write_up = kind_write$q + 8'h1;
        kind_read_up = kind_read$q + 8'h1;
        kinds$write = start;
        kinds$write_index = kind_write$q;
        kinds$write_data = drains;
        kinds$read_index = kind_read$q;
        if (start) begin
            kind_write$d = kind_write_up;
        end
        freed_now = freed$q + {7'h0, ending};
        drains_now = drains_done$q + {3'h0, drained$q};
        waits = |kinds$read_data & ~|drains_now;
        ends = |freed_now & ~waits;
        freed_less = freed_now - 8'h1;
        drains_less = drains_now - 4'h1;
        freed$d = freed_now;
        drains_done$d = drains_now;
        if (ends) begin
            freed$d = freed_less;
            kind_read$d = kind_read_up;
            if (|kinds$read_data) begin
                drains_done$d = drains_less;
            end
        end
        ended = ends;
        idle = kind_write$q == kind_read$q;
        if (forget) begin
            write_at$d = 4'h0;
            read_at$d = 4'h0;
            done$d = 16'h0;
            kind_write$d = 8'h0;
            kind_read$d = 8'h0;
            freed$d = 8'h0;
            drains_done$d = 4'h0;
        end
    end

endmodule

module update_settings(m_log2,n,prune_ff,prune_bp,mask_bp,srste,lambda,group,block,ff_group,ff_n,bp_group,bp_n,transpose,selects_ff,selects_bp,decays);

    // Module arguments
    input wire  [2:0] m_log2;
    input wire  [4:0] n;
    input wire  prune_ff;
    input wire  prune_bp;
    input wire  mask_bp;
    input wire  srste;
    input wire  [30:0] lambda;
    output reg  [3:0] group;
    output reg  [7:0] block;
    output reg  [3:0] ff_group;
    output reg  [4:0] ff_n;
    output reg  [3:0] bp_group;
    output reg  [4:0] bp_n;
    output reg  transpose;
    output reg  selects_ff;
    output reg  selects_bp;
    output reg  decays;

    // Update code
    always @(*) begin
        group = 4'h0;
        block = 8'h0;
        if (m_log2 == 3'h1) begin
            group = 4'h1;
            block = 8'h3;
        end
        if (m_log2 == 3'h2) begin
            group = 4'h3;
            block = 8'hf;
        end
        if (m_log2 == 3'h3) begin
            group = 4'h7;
            block = 8'h3f;
        end
        if (m_log2 == 3'h4) begin
            group = 4'hf;
            block = 8'hff;
        end
        ff_group = 4'h0;
        ff_n = 5'h1;
        if (prune_ff) begin
            ff_group = group;
            ff_n = n;
        end
        selects_bp = prune_bp | mask_bp;
        bp_group = 4'h0;
        bp_n = 5'h1;
        if (selects_bp) begin
            bp_group = group;
            bp_n = n;
        end
        transpose = prune_ff & prune_bp & ~mask_bp;
        selects_ff = prune_ff;
        decays = srste & |lambda;
    end

endmodule

module narrow_single(clock,single,half);

    // Module arguments
    input wire  clock;
    input wire  [31:0] single;
    output reg  [15:0] half;

    // Stub signals
    reg  [10:0] s1_kept$d;
    wire  [10:0] s1_kept$q;
    reg  [4:0] s1_base$d;
    wire  [4:0] s1_base$q;
    reg  s1_guard$d;
    wire  s1_guard$q;
    reg  s1_sticky$d;
    wire  s1_sticky$q;
    reg  s1_sign$d;
    wire  s1_sign$q;
    reg  s1_nan$d;
    wire  s1_nan$q;
    reg  s1_infinite$d;
    wire  s1_infinite$q;
    reg  [15:0] s2$d;
    wire  [15:0] s2$q;

    // Local signals
    reg  [7:0] exponent;
    reg  [22:0] fraction;
    reg  [23:0] significand;
    reg  [4:0] exponent_low_5;
    reg  [3:0] exponent_low_4;
    reg  [3:0] shift;
    reg  [4:0] base;
    reg  tiny;
    reg  lost_8;
    reg  lost_4;
    reg  lost_2;
    reg  lost_1;
    reg  [23:0] shifted_8;
    reg  [23:0] shifted_4;
    reg  [23:0] shifted_2;
    reg  [23:0] shifted_1;
    reg  up;
    reg  [15:0] sign_bit;
    reg  [15:0] base_bits;
    reg  [15:0] kept_bits;
    reg  [15:0] truncated;
    reg  [15:0] rounded;

    // Sub module instances
    uspe_dff_11 s1_kept(
        .d(s1_kept$d),
        .q(s1_kept$q),
        .clock(clock)
    );
    uspe_dff_5 s1_base(
        .d(s1_base$d),
        .q(s1_base$q),
        .clock(clock)
    );
    uspe_dff_1 s1_guard(
        .d(s1_guard$d),
        .q(s1_guard$q),
        .clock(clock)
    );
    uspe_dff_1 s1_sticky(
        .d(s1_sticky$d),
        .q(s1_sticky$q),
        .clock(clock)
    );
    uspe_dff_1 s1_sign(
        .d(s1_sign$d),
        .q(s1_sign$q),
        .clock(clock)
    );
    uspe_dff_1 s1_nan(
        .d(s1_nan$d),
        .q(s1_nan$q),
        .clock(clock)
    );
    uspe_dff_1 s1_infinite(
        .d(s1_infinite$d),
        .q(s1_infinite$q),
        .clock(clock)
    );
    core_dff_16 s2(
        .d(s2$d),
        .q(s2$q),
        .clock(clock)
    );

    // Update code
    always @(*) begin
        s1_kept$d = s1_kept$q;
        s1_base$d = s1_base$q;
        s1_guard$d = s1_guard$q;
        s1_sticky$d = s1_sticky$q;
        s1_sign$d = s1_sign$q;
        s1_nan$d = s1_nan$q;
        s1_infinite$d = s1_infinite$q;
        s2$d = s2$q;
        exponent = single[30:23];
        fraction = single[22:0];
        significand = {1'h0, fraction} | 24'h800000;
        exponent_low_5 = single[27:23];
        exponent_low_4 = single[26:23];
        base = exponent_low_5 - 5'h11;
        shift = 4'h0;
        if (exponent < 8'h71) begin
            base = 5'h0;
            shift = 4'h1 - exponent_low_4;
        end
        tiny = exponent < 8'h65;
        lost_8 = 1'b0;
        shifted_8 = significand;
        if (shift[3]) begin
            shifted_8 = significand >> 5'h8;
            lost_8 = |significand[7:0];
        end
        lost_4 = lost_8;
        shifted_4 = shifted_8;
        if (shift[2]) begin
            shifted_4 = shifted_8 >> 5'h4;
            lost_4 = lost_8 | |shifted_8[3:0];
        end
        lost_2 = lost_4;
        shifted_2 = shifted_4;
        if (shift[1]) begin
            shifted_2 = shifted_4 >> 5'h2;
            lost_2 = lost_4 | |shifted_4[1:0];
        end
        lost_1 = lost_2;
        shifted_1 = shifted_2;
        if (shift[0]) begin
            shifted_1 = shifted_2 >> 5'h1;
            lost_1 = lost_2 | shifted_2[0];
        end
        s1_kept$d = shifted_1[23:13];
        s1_guard$d = shifted_1[12];
        s1_sticky$d = lost_1 | |shifted_1[11:0];
        s1_base$d = base;
        if (tiny) begin
            s1_kept$d = 11'h0;
            s1_guard$d = 1'b0;
        end
        s1_sign$d = single[31];
        s1_nan$d = &exponent & |fraction;
        s1_infinite$d = exponent > 8'h8e;
        up = s1_guard$q & (s1_sticky$q | s1_kept$q[0]);
        base_bits = {11'h0, s1_base$q} << 4'ha;
        kept_bits = {5'h0, s1_kept$q};
        truncated = base_bits + kept_bits;
        rounded = truncated + {15'h0, up};
        sign_bit = {15'h0, s1_sign$q} << 4'hf;
        if (s1_nan$q) begin
            s2$d = 16'h7e00;
        end
        else if (s1_infinite$q) begin
            s2$d = sign_bit | 16'h7c00;
        end
        else begin
            s2$d = sign_bit | rounded;
        end
        half = s2$q;
    end

endmodule

module update_walk(clock,reset,beat,step,mask,position,completes);

    // Module arguments
    input wire  clock;
    input wire  reset;
    input wire  beat;
    input wire  [7:0] step;
    input wire  [7:0] mask;
    output reg  [7:0] position;
    output reg  completes;

    // Stub signals
    reg  [7:0] state$d;
    wire  [7:0] state$q;

    // Local signals
    reg  [7:0] sum;
    reg  [7:0] following;

    // Sub module instances
    uspe_dff_8 state(
        .d(state$d),
        .q(state$q),
        .clock(clock)
    );

    // Update code
    always @(*) begin
        state$d = state$q;
        sum = state$q + step;
        following = sum & mask;
        if (beat) begin
            state$d = following;
        end
        if (reset) begin
            state$d = 8'h0;
        end
        position = state$q;
        completes = beat & ~|following;
    end

endmodule

module update_part_dff_68(d,q,clock);

    // Module arguments
    input wire  [67:0] d;
    output reg  [67:0] q;
    input wire  clock;

    // Update code (custom)
    initial begin
       q = 68'h0;
    end

    always @(posedge clock) begin
       q <= d;
    end

endmodule

module update_part(clock,beat,is_here,is_past,part);

    // Module arguments
    input wire  clock;
    input wire  [67:0] beat;
    input wire  is_here;
    input wire  is_past;
    output reg  [67:0] part;

    // Stub signals
    reg  [67:0] stored$d;
    wire  [67:0] stored$q;

    // Sub module instances
    update_part_dff_68 stored(
        .d(stored$d),
        .q(stored$q),
        .clock(clock)
    );

    // Update code
    always @(*) begin
        stored$d = stored$q;
        part = 68'h0;
        if (is_past) begin
            part = stored$q;
        end
        if (is_here) begin
            stored$d = beat;
            part = beat;
        end
    end

endmodule

module update_collect (
    input wire clock,
    input wire reset,
    input wire [63:0] values,
    input wire [3:0] valid,
    input wire [3:0] group,
    output wire [127:0] word,
    output wire [7:0] word_valid
);
    wire beat = |valid;
    wire [7:0] position;
    wire completes;
    update_walk walk (.clock(clock), .reset(reset), .beat(beat), .step(8'd4), .mask({4'h0, group}), .position(position), .completes(completes));
    wire [67:0] part_0;
    update_part part0 (.clock(clock), .beat({valid, values}), .is_here(beat & (position == 8'd0)), .is_past(position > 8'd0), .part(part_0));
    wire [67:0] part_1;
    update_part part1 (.clock(clock), .beat({valid, values}), .is_here(beat & (position == 8'd4)), .is_past(position > 8'd4), .part(part_1));
    wire [127:0] word_1;
    delay_line #(.WIDTH(128), .DEPTH(1)) delay_word_1 (.clock(clock), .reset(1'b0), .d({part_1[63:0], part_0[63:0]}), .q(word_1));
    wire [7:0] valid_1;
    delay_line #(.WIDTH(8), .DEPTH(1)) delay_valid_1 (.clock(clock), .reset(reset), .d({part_1[67:64], part_0[67:64]} & {8{completes}}), .q(valid_1));
    assign word = word_1;
    assign word_valid = valid_1;
endmodule

module update_compare(clock,earlier,later,earlier_wins,later_wins);

    // Module arguments
    input wire  clock;
    input wire  [14:0] earlier;
    input wire  [14:0] later;
    output reg  earlier_wins;
    output reg  later_wins;

    // Stub signals
    reg  wins$d;
    wire  wins$q;

    // Sub module instances
    uspe_dff_1 wins(
        .d(wins$d),
        .q(wins$q),
        .clock(clock)
    );

    // Update code
    always @(*) begin
        wins$d = wins$q;
        wins$d = earlier >= later;
        earlier_wins = wins$q;
        later_wins = ~wins$q;
    end

endmodule

module update_keep_rank(word,count);

    // Module arguments
    input wire  [14:0] word;
    output reg  [3:0] count;

    // Local signals
    reg  [1:0] threes$0;
    reg  [1:0] threes$1;
    reg  [1:0] threes$2;
    reg  [1:0] threes$3;
    reg  [1:0] threes$4;
    reg  [2:0] sixes$0;
    reg  [2:0] sixes$1;
    reg  [3:0] twelve;

    // Update code
    always @(*) begin
        threes$0 = {1'h0, word[0]} + {1'h0, word[5]} + {1'h0, word[10]};
        threes$1 = {1'h0, word[1]} + {1'h0, word[6]} + {1'h0, word[11]};
        threes$2 = {1'h0, word[2]} + {1'h0, word[7]} + {1'h0, word[12]};
        threes$3 = {1'h0, word[3]} + {1'h0, word[8]} + {1'h0, word[13]};
        threes$4 = {1'h0, word[4]} + {1'h0, word[9]} + {1'h0, word[14]};
        sixes$0 = {1'h0, threes$0} + {1'h0, threes$2};
        sixes$1 = {1'h0, threes$1} + {1'h0, threes$3};
        twelve = {1'h0, sixes$0} + {1'h0, sixes$1};
        count = twelve + {2'h0, threes$4};
    end

endmodule

module update_keep(clock,beaten_by,n,valid,kept);

    // Module arguments
    input wire  clock;
    input wire  [14:0] beaten_by;
    input wire  [4:0] n;
    input wire  valid;
    output reg  kept;

    // Stub signals
    reg  [14:0] rank$word;
    wire  [3:0] rank$count;
    reg  result$d;
    wire  result$q;

    // Local signals
    reg  [4:0] wide;

    // Sub module instances
    update_keep_rank rank(
        .word(rank$word),
        .count(rank$count)
    );
    uspe_dff_1 result(
        .d(result$d),
        .q(result$q),
        .clock(clock)
    );

    // Update code
    always @(*) begin
        result$d = result$q;
        rank$word = beaten_by;
        wide = {1'h0, rank$count};
        result$d = valid & (wide < n);
        kept = result$q;
    end

endmodule

module update_rank (
    input wire clock,
    input wire [127:0] values,
    input wire [7:0] valid,
    input wire [3:0] group,
    input wire [4:0] n,
    output wire [7:0] kept
);
    wire [7:0] unused_signs = {values[127], values[111], values[95], values[79], values[63], values[47], values[31], values[15]};
    wire unused_group = group[3];
    wire [7:0] valid_1;
    delay_line #(.WIDTH(8), .DEPTH(1)) delay_valid_1 (.clock(clock), .reset(1'b0), .d(valid), .q(valid_1));
    wire wins_0_1;
    wire wins_1_0;
    update_compare compare_0_1 (.clock(clock), .earlier(values[14:0]), .later(values[30:16]), .earlier_wins(wins_0_1), .later_wins(wins_1_0));
    wire wins_0_2;
    wire wins_2_0;
    update_compare compare_0_2 (.clock(clock), .earlier(values[14:0]), .later(values[46:32]), .earlier_wins(wins_0_2), .later_wins(wins_2_0));
    wire wins_1_2;
    wire wins_2_1;
    update_compare compare_1_2 (.clock(clock), .earlier(values[30:16]), .later(values[46:32]), .earlier_wins(wins_1_2), .later_wins(wins_2_1));
    wire wins_0_3;
    wire wins_3_0;
    update_compare compare_0_3 (.clock(clock), .earlier(values[14:0]), .later(values[62:48]), .earlier_wins(wins_0_3), .later_wins(wins_3_0));
    wire wins_1_3;
    wire wins_3_1;
    update_compare compare_1_3 (.clock(clock), .earlier(values[30:16]), .later(values[62:48]), .earlier_wins(wins_1_3), .later_wins(wins_3_1));
    wire wins_2_3;
    wire wins_3_2;
    update_compare compare_2_3 (.clock(clock), .earlier(values[46:32]), .later(values[62:48]), .earlier_wins(wins_2_3), .later_wins(wins_3_2));
    wire wins_0_4;
    wire wins_4_0;
    update_compare compare_0_4 (.clock(clock), .earlier(values[14:0]), .later(values[78:64]), .earlier_wins(wins_0_4), .later_wins(wins_4_0));
    wire wins_1_4;
    wire wins_4_1;
    update_compare compare_1_4 (.clock(clock), .earlier(values[30:16]), .later(values[78:64]), .earlier_wins(wins_1_4), .later_wins(wins_4_1));
    wire wins_2_4;
    wire wins_4_2;
    update_compare compare_2_4 (.clock(clock), .earlier(values[46:32]), .later(values[78:64]), .earlier_wins(wins_2_4), .later_wins(wins_4_2));
    wire wins_3_4;
    wire wins_4_3;
    update_compare compare_3_4 (.clock(clock), .earlier(values[62:48]), .later(values[78:64]), .earlier_wins(wins_3_4), .later_wins(wins_4_3));
    wire wins_0_5;
    wire wins_5_0;
    update_compare compare_0_5 (.clock(clock), .earlier(values[14:0]), .later(values[94:80]), .earlier_wins(wins_0_5), .later_wins(wins_5_0));
    wire wins_1_5;
    wire wins_5_1;
    update_compare compare_1_5 (.clock(clock), .earlier(values[30:16]), .later(values[94:80]), .earlier_wins(wins_1_5), .later_wins(wins_5_1));
    wire wins_2_5;
    wire wins_5_2;
    update_compare compare_2_5 (.clock(clock), .earlier(values[46:32]), .later(values[94:80]), .earlier_wins(wins_2_5), .later_wins(wins_5_2));
    wire wins_3_5;
    wire wins_5_3;
    update_compare compare_3_5 (.clock(clock), .earlier(values[62:48]), .later(values[94:80]), .earlier_wins(wins_3_5), .later_wins(wins_5_3));
    wire wins_4_5;
    wire wins_5_4;
    update_compare compare_4_5 (.clock(clock), .earlier(values[78:64]), .later(values[94:80]), .earlier_wins(wins_4_5), .later_wins(wins_5_4));
    wire wins_0_6;
    wire wins_6_0;
    update_compare compare_0_6 (.clock(clock), .earlier(values[14:0]), .later(values[110:96]), .earlier_wins(wins_0_6), .later_wins(wins_6_0));
    wire wins_1_6;
    wire wins_6_1;
    update_compare compare_1_6 (.clock(clock), .earlier(values[30:16]), .later(values[110:96]), .earlier_wins(wins_1_6), .later_wins(wins_6_1));
    wire wins_2_6;
    wire wins_6_2;
    update_compare compare_2_6 (.clock(clock), .earlier(values[46:32]), .later(values[110:96]), .earlier_wins(wins_2_6), .later_wins(wins_6_2));
    wire wins_3_6;
    wire wins_6_3;
    update_compare compare_3_6 (.clock(clock), .earlier(values[62:48]), .later(values[110:96]), .earlier_wins(wins_3_6), .later_wins(wins_6_3));
    wire wins_4_6;
    wire wins_6_4;
    update_compare compare_4_6 (.clock(clock), .earlier(values[78:64]), .later(values[110:96]), .earlier_wins(wins_4_6), .later_wins(wins_6_4));
    wire wins_5_6;
    wire wins_6_5;
    update_compare compare_5_6 (.clock(clock), .earlier(values[94:80]), .later(values[110:96]), .earlier_wins(wins_5_6), .later_wins(wins_6_5));
    wire wins_0_7;
    wire wins_7_0;
    update_compare compare_0_7 (.clock(clock), .earlier(values[14:0]), .later(values[126:112]), .earlier_wins(wins_0_7), .later_wins(wins_7_0));
    wire wins_1_7;
    wire wins_7_1;
    update_compare compare_1_7 (.clock(clock), .earlier(values[30:16]), .later(values[126:112]), .earlier_wins(wins_1_7), .later_wins(wins_7_1));
    wire wins_2_7;
    wire wins_7_2;
    update_compare compare_2_7 (.clock(clock), .earlier(values[46:32]), .later(values[126:112]), .earlier_wins(wins_2_7), .later_wins(wins_7_2));
    wire wins_3_7;
    wire wins_7_3;
    update_compare compare_3_7 (.clock(clock), .earlier(values[62:48]), .later(values[126:112]), .earlier_wins(wins_3_7), .later_wins(wins_7_3));
    wire wins_4_7;
    wire wins_7_4;
    update_compare compare_4_7 (.clock(clock), .earlier(values[78:64]), .later(values[126:112]), .earlier_wins(wins_4_7), .later_wins(wins_7_4));
    wire wins_5_7;
    wire wins_7_5;
    update_compare compare_5_7 (.clock(clock), .earlier(values[94:80]), .later(values[126:112]), .earlier_wins(wins_5_7), .later_wins(wins_7_5));
    wire wins_6_7;
    wire wins_7_6;
    update_compare compare_6_7 (.clock(clock), .earlier(values[110:96]), .later(values[126:112]), .earlier_wins(wins_6_7), .later_wins(wins_7_6));
    update_keep keep_0 (.clock(clock), .beaten_by({8'h0, wins_7_0 & group[2], wins_6_0 & group[2], wins_5_0 & group[2], wins_4_0 & group[2], wins_3_0 & group[1], wins_2_0 & group[1], wins_1_0 & group[0]}), .n(n), .valid(valid_1[0]), .kept(kept[0]));
    update_keep keep_1 (.clock(clock), .beaten_by({8'h0, wins_7_1 & group[2], wins_6_1 & group[2], wins_5_1 & group[2], wins_4_1 & group[2], wins_3_1 & group[1], wins_2_1 & group[1], wins_0_1 & group[0]}), .n(n), .valid(valid_1[1]), .kept(kept[1]));
    update_keep keep_2 (.clock(clock), .beaten_by({8'h0, wins_7_2 & group[2], wins_6_2 & group[2], wins_5_2 & group[2], wins_4_2 & group[2], wins_3_2 & group[0], wins_1_2 & group[1], wins_0_2 & group[1]}), .n(n), .valid(valid_1[2]), .kept(kept[2]));
    update_keep keep_3 (.clock(clock), .beaten_by({8'h0, wins_7_3 & group[2], wins_6_3 & group[2], wins_5_3 & group[2], wins_4_3 & group[2], wins_2_3 & group[0], wins_1_3 & group[1], wins_0_3 & group[1]}), .n(n), .valid(valid_1[3]), .kept(kept[3]));
    update_keep keep_4 (.clock(clock), .beaten_by({8'h0, wins_7_4 & group[1], wins_6_4 & group[1], wins_5_4 & group[0], wins_3_4 & group[2], wins_2_4 & group[2], wins_1_4 & group[2], wins_0_4 & group[2]}), .n(n), .valid(valid_1[4]), .kept(kept[4]));
    update_keep keep_5 (.clock(clock), .beaten_by({8'h0, wins_7_5 & group[1], wins_6_5 & group[1], wins_4_5 & group[0], wins_3_5 & group[2], wins_2_5 & group[2], wins_1_5 & group[2], wins_0_5 & group[2]}), .n(n), .valid(valid_1[5]), .kept(kept[5]));
    update_keep keep_6 (.clock(clock), .beaten_by({8'h0, wins_7_6 & group[0], wins_5_6 & group[1], wins_4_6 & group[1], wins_3_6 & group[2], wins_2_6 & group[2], wins_1_6 & group[2], wins_0_6 & group[2]}), .n(n), .valid(valid_1[6]), .kept(kept[6]));
    update_keep keep_7 (.clock(clock), .beaten_by({8'h0, wins_6_7 & group[0], wins_5_7 & group[1], wins_4_7 & group[1], wins_3_7 & group[2], wins_2_7 & group[2], wins_1_7 & group[2], wins_0_7 & group[2]}), .n(n), .valid(valid_1[7]), .kept(kept[7]));
endmodule

module update_serial(clock,flags,valid,more_beats,step,beat);

    // Module arguments
    input wire  clock;
    input wire  [7:0] flags;
    input wire  valid;
    input wire  [1:0] more_beats;
    input wire  [4:0] step;
    output reg  [3:0] beat;

    // Stub signals
    reg  [7:0] late_1$d;
    wire  [7:0] late_1$q;
    reg  [7:0] late_2$d;
    wire  [7:0] late_2$q;
    reg  [7:0] late_3$d;
    wire  [7:0] late_3$q;
    reg  valid_1$d;
    wire  valid_1$q;
    reg  valid_2$d;
    wire  valid_2$q;
    reg  valid_3$d;
    wire  valid_3$q;
    reg  [7:0] state$d;
    wire  [7:0] state$q;

    // Sub module instances
    uspe_dff_8 late_1(
        .d(late_1$d),
        .q(late_1$q),
        .clock(clock)
    );
    uspe_dff_8 late_2(
        .d(late_2$d),
        .q(late_2$q),
        .clock(clock)
    );
    uspe_dff_8 late_3(
        .d(late_3$d),
        .q(late_3$q),
        .clock(clock)
    );
    uspe_dff_1 valid_1(
        .d(valid_1$d),
        .q(valid_1$q),
        .clock(clock)
    );
    uspe_dff_1 valid_2(
        .d(valid_2$d),
        .q(valid_2$q),
        .clock(clock)
    );
    uspe_dff_1 valid_3(
        .d(valid_3$d),
        .q(valid_3$q),
        .clock(clock)
    );
    uspe_dff_8 state(
        .d(state$d),
        .q(state$q),
        .clock(clock)
    );

    // Update code
    always @(*) begin
        late_1$d = late_1$q;
        late_2$d = late_2$q;
        late_3$d = late_3$q;
        valid_1$d = valid_1$q;
        valid_2$d = valid_2$q;
        valid_3$d = valid_3$q;
        state$d = state$q;
        late_1$d = flags;
        late_2$d = late_1$q;
        late_3$d = late_2$q;
        valid_1$d = valid;
        valid_2$d = valid_1$q;
        valid_3$d = valid_2$q;
        state$d = state$q >> step;
        if ((more_beats == 2'h0) & valid_3$q) begin
            state$d = late_3$q;
        end
        if ((more_beats == 2'h1) & valid_2$q) begin
            state$d = late_2$q;
        end
        if ((more_beats == 2'h3) & valid) begin
            state$d = flags;
        end
        beat = state$q[3:0];
    end

endmodule

module update_lane_dff_9(d,q,clock);

    // Module arguments
    input wire  [8:0] d;
    output reg  [8:0] q;
    input wire  clock;

    // Update code (custom)
    initial begin
       q = 9'h0;
    end

    always @(posedge clock) begin
       q <= d;
    end

endmodule

module update_lane_multiplier(left,right,product);

    // Module arguments
    input wire  [23:0] left;
    input wire  [23:0] right;
    output reg  [47:0] product;

    // Update code (custom)
    always @(*) product = {24'h0, left} * {24'h0, right};
endmodule

module update_lane_dff_48(d,q,clock);

    // Module arguments
    input wire  [47:0] d;
    output reg  [47:0] q;
    input wire  clock;

    // Update code (custom)
    initial begin
       q = 48'h0;
    end

    always @(posedge clock) begin
       q <= d;
    end

endmodule

module update_dff_23(d,q,clock);

    // Module arguments
    input wire  [22:0] d;
    output reg  [22:0] q;
    input wire  clock;

    // Update code (custom)
    initial begin
       q = 23'h0;
    end

    always @(posedge clock) begin
       q <= d;
    end

endmodule

module update_lane_rate(clock,a,b,product);

    // Module arguments
    input wire  clock;
    input wire  [31:0] a;
    input wire  [31:0] b;
    output reg  [31:0] product;

    // Stub signals
    reg  [23:0] s1_a$d;
    wire  [23:0] s1_a$q;
    reg  [23:0] s1_b$d;
    wire  [23:0] s1_b$q;
    reg  [8:0] s1_weight$d;
    wire  [8:0] s1_weight$q;
    reg  s1_sign$d;
    wire  s1_sign$q;
    reg  s1_nan$d;
    wire  s1_nan$q;
    reg  s1_infinite$d;
    wire  s1_infinite$q;
    reg  [23:0] multiplier$left;
    reg  [23:0] multiplier$right;
    wire  [47:0] multiplier$product;
    reg  [47:0] s2_product$d;
    wire  [47:0] s2_product$q;
    reg  [8:0] s2_weight$d;
    wire  [8:0] s2_weight$q;
    reg  s2_sign$d;
    wire  s2_sign$q;
    reg  s2_nan$d;
    wire  s2_nan$q;
    reg  s2_infinite$d;
    wire  s2_infinite$q;
    reg  [47:0] s3_product$d;
    wire  [47:0] s3_product$q;
    reg  [8:0] s3_weight$d;
    wire  [8:0] s3_weight$q;
    reg  s3_sign$d;
    wire  s3_sign$q;
    reg  s3_nan$d;
    wire  s3_nan$q;
    reg  s3_infinite$d;
    wire  s3_infinite$q;
    reg  [47:0] s4_value$d;
    wire  [47:0] s4_value$q;
    reg  [6:0] s4_right$d;
    wire  [6:0] s4_right$q;
    reg  [8:0] s4_exponent$d;
    wire  [8:0] s4_exponent$q;
    reg  s4_sign$d;
    wire  s4_sign$q;
    reg  s4_nan$d;
    wire  s4_nan$q;
    reg  s4_infinite$d;
    wire  s4_infinite$q;
    reg  [22:0] s5_kept$d;
    wire  [22:0] s5_kept$q;
    reg  s5_up$d;
    wire  s5_up$q;
    reg  [7:0] s5_exponent$d;
    wire  [7:0] s5_exponent$q;
    reg  s5_sign$d;
    wire  s5_sign$q;
    reg  s5_nan$d;
    wire  s5_nan$q;
    reg  s5_infinite$d;
    wire  s5_infinite$q;
    reg  [31:0] s6$d;
    wire  [31:0] s6$q;

    // Local signals
    reg  [7:0] a_exponent;
    reg  [22:0] a_fraction;
    reg  [8:0] a_weight;
    reg  [23:0] a_significand;
    reg  a_special;
    reg  a_zero;
    reg  a_nan;
    reg  [7:0] b_exponent;
    reg  [22:0] b_fraction;
    reg  [8:0] b_weight;
    reg  [23:0] b_significand;
    reg  b_special;
    reg  b_zero;
    reg  b_nan;
    reg  is_low;
    reg  [8:0] above;
    reg  [6:0] below;
    reg  [6:0] weight_low;
    reg  [5:0] room;
    reg  [47:0] left_32;
    reg  [47:0] left_16;
    reg  [47:0] left_8;
    reg  [47:0] left_4;
    reg  [47:0] left_2;
    reg  [47:0] left_1;
    reg  [5:0] by_32;
    reg  [5:0] by_16;
    reg  [5:0] by_8;
    reg  [5:0] by_4;
    reg  [5:0] by_2;
    reg  [5:0] by_1;
    reg  [5:0] try_16;
    reg  [5:0] try_8;
    reg  [5:0] try_4;
    reg  [5:0] try_2;
    reg  [5:0] try_1;
    reg  [8:0] shifted_by;
    reg  [8:0] exponent;
    reg  [47:0] right_32;
    reg  [47:0] right_16;
    reg  [47:0] right_8;
    reg  [47:0] right_4;
    reg  [47:0] right_2;
    reg  [47:0] right_1;
    reg  lost_32;
    reg  lost_16;
    reg  lost_8;
    reg  lost_4;
    reg  lost_2;
    reg  lost_1;
    reg  [24:0] kept;
    reg  sticky;
    reg  [31:0] exponent_bits;
    reg  [31:0] truncated;
    reg  [31:0] rounded;
    reg  [31:0] sign_bit;

    // Sub module instances
    uspe_dff_24 s1_a(
        .d(s1_a$d),
        .q(s1_a$q),
        .clock(clock)
    );
    uspe_dff_24 s1_b(
        .d(s1_b$d),
        .q(s1_b$q),
        .clock(clock)
    );
    update_lane_dff_9 s1_weight(
        .d(s1_weight$d),
        .q(s1_weight$q),
        .clock(clock)
    );
    uspe_dff_1 s1_sign(
        .d(s1_sign$d),
        .q(s1_sign$q),
        .clock(clock)
    );
    uspe_dff_1 s1_nan(
        .d(s1_nan$d),
        .q(s1_nan$q),
        .clock(clock)
    );
    uspe_dff_1 s1_infinite(
        .d(s1_infinite$d),
        .q(s1_infinite$q),
        .clock(clock)
    );
    update_lane_multiplier multiplier(
        .left(multiplier$left),
        .right(multiplier$right),
        .product(multiplier$product)
    );
    update_lane_dff_48 s2_product(
        .d(s2_product$d),
        .q(s2_product$q),
        .clock(clock)
    );
    update_lane_dff_9 s2_weight(
        .d(s2_weight$d),
        .q(s2_weight$q),
        .clock(clock)
    );
    uspe_dff_1 s2_sign(
        .d(s2_sign$d),
        .q(s2_sign$q),
        .clock(clock)
    );
    uspe_dff_1 s2_nan(
        .d(s2_nan$d),
        .q(s2_nan$q),
        .clock(clock)
    );
    uspe_dff_1 s2_infinite(
        .d(s2_infinite$d),
        .q(s2_infinite$q),
        .clock(clock)
    );
    update_lane_dff_48 s3_product(
        .d(s3_product$d),
        .q(s3_product$q),
        .clock(clock)
    );
    update_lane_dff_9 s3_weight(
        .d(s3_weight$d),
        .q(s3_weight$q),
        .clock(clock)
    );
    uspe_dff_1 s3_sign(
        .d(s3_sign$d),
        .q(s3_sign$q),
        .clock(clock)
    );
    uspe_dff_1 s3_nan(
        .d(s3_nan$d),
        .q(s3_nan$q),
        .clock(clock)
    );
    uspe_dff_1 s3_infinite(
        .d(s3_infinite$d),
        .q(s3_infinite$q),
        .clock(clock)
    );
    update_lane_dff_48 s4_value(
        .d(s4_value$d),
        .q(s4_value$q),
        .clock(clock)
    );
    uspe_dff_7 s4_right(
        .d(s4_right$d),
        .q(s4_right$q),
        .clock(clock)
    );
    update_lane_dff_9 s4_exponent(
        .d(s4_exponent$d),
        .q(s4_exponent$q),
        .clock(clock)
    );
    uspe_dff_1 s4_sign(
        .d(s4_sign$d),
        .q(s4_sign$q),
        .clock(clock)
    );
    uspe_dff_1 s4_nan(
        .d(s4_nan$d),
        .q(s4_nan$q),
        .clock(clock)
    );
    uspe_dff_1 s4_infinite(
        .d(s4_infinite$d),
        .q(s4_infinite$q),
        .clock(clock)
    );
    update_dff_23 s5_kept(
        .d(s5_kept$d),
        .q(s5_kept$q),
        .clock(clock)
    );
    uspe_dff_1 s5_up(
        .d(s5_up$d),
        .q(s5_up$q),
        .clock(clock)
    );
    uspe_dff_8 s5_exponent(
        .d(s5_exponent$d),
        .q(s5_exponent$q),
        .clock(clock)
    );
    uspe_dff_1 s5_sign(
        .d(s5_sign$d),
        .q(s5_sign$q),
        .clock(clock)
    );
    uspe_dff_1 s5_nan(
        .d(s5_nan$d),
        .q(s5_nan$q),
        .clock(clock)
    );
    uspe_dff_1 s5_infinite(
        .d(s5_infinite$d),
        .q(s5_infinite$q),
        .clock(clock)
    );
    uspe_dff_32 s6(
        .d(s6$d),
        .q(s6$q),
        .clock(clock)
    );

    // Update code
    always @(*) begin
        s1_a$d = s1_a$q;
        s1_b$d = s1_b$q;
        s1_weight$d = s1_weight$q;
        s1_sign$d = s1_sign$q;
        s1_nan$d = s1_nan$q;
        s1_infinite$d = s1_infinite$q;
        s2_product$d = s2_product$q;
        s2_weight$d = s2_weight$q;
        s2_sign$d = s2_sign$q;
        s2_nan$d = s2_nan$q;
        s2_infinite$d = s2_infinite$q;
        s3_product$d = s3_product$q;
        s3_weight$d = s3_weight$q;
        s3_sign$d = s3_sign$q;
        s3_nan$d = s3_nan$q;
        s3_infinite$d = s3_infinite$q;
        s4_value$d = s4_value$q;
        s4_right$d = s4_right$q;
        s4_exponent$d = s4_exponent$q;
        s4_sign$d = s4_sign$q;
        s4_nan$d = s4_nan$q;
        s4_infinite$d = s4_infinite$q;
        s5_kept$d = s5_kept$q;
        s5_up$d = s5_up$q;
        s5_exponent$d = s5_exponent$q;
        s5_sign$d = s5_sign$q;
        s5_nan$d = s5_nan$q;
        s5_infinite$d = s5_infinite$q;
        s6$d = s6$q;
        a_exponent = a[30:23];
        a_fraction = a[22:0];
        a_special = &a_exponent;
        a_zero = ~|a_exponent & ~|a_fraction;
        a_nan = a_special & |a_fraction;
        a_weight = 9'h1;
        a_significand = {1'h0, a_fraction};
        if (|a_exponent) begin
            a_weight = {1'h0, a_exponent};
            a_significand = {1'h0, a_fraction} | 24'h800000;
        end
        b_exponent = b[30:23];
        b_fraction = b[22:0];
        b_special = &b_exponent;
        b_zero = ~|b_exponent & ~|b_fraction;
        b_nan = b_special & |b_fraction;
        b_weight = 9'h1;
        b_significand = {1'h0, b_fraction};
        if (|b_exponent) begin
            b_weight = {1'h0, b_exponent};
            b_significand = {1'h0, b_fraction} | 24'h800000;
        end
        s1_a$d = a_significand;
        s1_b$d = b_significand;
        s1_weight$d = a_weight + b_weight;
        s1_sign$d = a[31] ^ b[31];
        s1_nan$d = a_nan | b_nan | (a_special & b_zero) | (b_special & a_zero);
        s1_infinite$d = a_special | b_special;
        multiplier$left = s1_a$q;
        multiplier$right = s1_b$q;
        s2_product$d = multiplier$product;
        s2_weight$d = s1_weight$q;
        s2_sign$d = s1_sign$q;
        s2_nan$d = s1_nan$q;
        s2_infinite$d = s1_infinite$q;
        s3_product$d = s2_product$q;
        s3_weight$d = s2_weight$q;
        s3_sign$d = s2_sign$q;
        s3_nan$d = s2_nan$q;
        s3_infinite$d = s2_infinite$q;
        is_low = s3_weight$q < 9'h7f;
        above = s3_weight$q - 9'h7f;
        weight_low = s3_weight$q[6:0];
        below = 7'h7f - weight_low;
        room = above[5:0];
        if (|above[8:6]) begin
            room = 6'h3f;
        end
        if (is_low) begin
            room = 6'h0;
        end
        by_32 = 6'h0;
        left_32 = s3_product$q;
        if (~|s3_product$q[47:16] & room[5]) begin
            by_32 = 6'h20;
            left_32 = s3_product$q << 6'h20;
        end
        try_16 = by_32 | 6'h10;
        by_16 = by_32;
        left_16 = left_32;
        if (~|left_32[47:32] & (room >= try_16)) begin
            by_16 = try_16;
            left_16 = left_32 << 6'h10;
        end
        try_8 = by_16 | 6'h8;
        by_8 = by_16;
        left_8 = left_16;
        if (~|left_16[47:40] & (room >= try_8)) begin
            by_8 = try_8;
            left_8 = left_16 << 6'h8;
        end
        try_4 = by_8 | 6'h4;
        by_4 = by_8;
        left_4 = left_8;
        if (~|left_8[47:44] & (room >= try_4)) begin
            by_4 = try_4;
            left_4 = left_8 << 6'h4;
        end
        try_2 = by_4 | 6'h2;
        by_2 = by_4;
        left_2 = left_4;
        if (~|left_4[47:46] & (room >= try_2)) begin
            by_2 = try_2;
            left_2 = left_4 << 6'h2;
        end
        try_1 = by_2 | 6'h1;
        by_1 = by_2;
        left_1 = left_2;
        if (~left_2[47] & (room >= try_1)) begin
            by_1 = try_1;
            left_1 = left_2 << 6'h1;
        end
        shifted_by = {3'h0, by_1};
        exponent = above - shifted_by;
        s4_value$d = left_1;
        s4_exponent$d = exponent + 9'h1;
        s4_right$d = 7'h0;
        if (is_low) begin
            s4_exponent$d = 9'h1;
            s4_right$d = below;
        end
        s4_sign$d = s3_sign$q;
        s4_nan$d = s3_nan$q;
        s4_infinite$d = s3_infinite$q;
        lost_32 = 1'b0;
        right_32 = s4_value$q;
        if (s4_right$q[5]) begin
            right_32 = s4_value$q >> 6'h20;
            lost_32 = |s4_value$q[31:0];
        end
        lost_16 = lost_32;
        right_16 = right_32;
        if (s4_right$q[4]) begin
            right_16 = right_32 >> 6'h10;
            lost_16 = lost_32 | |right_32[15:0];
        end
        lost_8 = lost_16;
        right_8 = right_16;
        if (s4_right$q[3]) begin
            right_8 = right_16 >> 6'h8;
            lost_8 = lost_16 | |right_16[7:0];
        end
        lost_4 = lost_8;
        right_4 = right_8;
        if (s4_right$q[2]) begin
            right_4 = right_8 >> 6'h4;
            lost_4 = lost_8 | |right_8[3:0];
        end
        lost_2 = lost_4;
        right_2 = right_4;
        if (s4_right$q[1]) begin
            right_2 = right_4 >> 6'h2;
            lost_2 = lost_4 | |right_4[1:0];
        end
        lost_1 = lost_2;
        right_1 = right_2;
        if (s4_right$q[0]) begin
            right_1 = right_2 >> 6'h1;
            lost_1 = lost_2 | right_2[0];
        end
        if (s4_right$q[6]) begin
            right_1 = 48'h0;
        end
        kept = right_1[47:23];
        sticky = |right_1[22:0] | lost_1;
        s5_kept$d = kept[23:1];
        s5_up$d = kept[0] & (sticky | kept[1]);
        s5_exponent$d = 8'h0;
        s5_infinite$d = s4_infinite$q;
        if (kept[24]) begin
            s5_exponent$d = s4_exponent$q[7:0];
            s5_infinite$d = s4_infinite$q | (s4_exponent$q >= 9'hff);
        end
        s5_sign$d = s4_sign$q;
        s5_nan$d = s4_nan$q;
        exponent_bits = {24'h0, s5_exponent$q} << 5'h17;
        truncated = exponent_bits | {9'h0, s5_kept$q};
        rounded = truncated + {31'h0, s5_up$q};
        sign_bit = {31'h0, s5_sign$q} << 5'h1f;
        if (s5_nan$q) begin
            s6$d = 32'h7fc00000;
        end
        else if (s5_infinite$q) begin
            s6$d = sign_bit | 32'h7f800000;
        end
        else begin
            s6$d = sign_bit | rounded;
        end
        product = s6$q;
    end

endmodule

module update_lane_dff_27(d,q,clock);

    // Module arguments
    input wire  [26:0] d;
    output reg  [26:0] q;
    input wire  clock;

    // Update code (custom)
    initial begin
       q = 27'h0;
    end

    always @(posedge clock) begin
       q <= d;
    end

endmodule

module update_lane_dff_28(d,q,clock);

    // Module arguments
    input wire  [27:0] d;
    output reg  [27:0] q;
    input wire  clock;

    // Update code (custom)
    initial begin
       q = 28'h0;
    end

    always @(posedge clock) begin
       q <= d;
    end

endmodule

module update_lane_subtract(clock,a,b,sum);

    // Module arguments
    input wire  clock;
    input wire  [31:0] a;
    input wire  [31:0] b;
    output reg  [31:0] sum;

    // Stub signals
    reg  [23:0] s1_greater$d;
    wire  [23:0] s1_greater$q;
    reg  [23:0] s1_lesser$d;
    wire  [23:0] s1_lesser$q;
    reg  [7:0] s1_weight$d;
    wire  [7:0] s1_weight$q;
    reg  [7:0] s1_distance$d;
    wire  [7:0] s1_distance$q;
    reg  s1_sign$d;
    wire  s1_sign$q;
    reg  s1_subtract$d;
    wire  s1_subtract$q;
    reg  s1_nan$d;
    wire  s1_nan$q;
    reg  s1_infinite$d;
    wire  s1_infinite$q;
    reg  [23:0] s2_greater$d;
    wire  [23:0] s2_greater$q;
    reg  [26:0] s2_lesser$d;
    wire  [26:0] s2_lesser$q;
    reg  [7:0] s2_weight$d;
    wire  [7:0] s2_weight$q;
    reg  s2_sign$d;
    wire  s2_sign$q;
    reg  s2_subtract$d;
    wire  s2_subtract$q;
    reg  s2_nan$d;
    wire  s2_nan$q;
    reg  s2_infinite$d;
    wire  s2_infinite$q;
    reg  [27:0] s3_raw$d;
    wire  [27:0] s3_raw$q;
    reg  [4:0] s3_room$d;
    wire  [4:0] s3_room$q;
    reg  [7:0] s3_weight$d;
    wire  [7:0] s3_weight$q;
    reg  s3_sign$d;
    wire  s3_sign$q;
    reg  s3_subtract$d;
    wire  s3_subtract$q;
    reg  s3_nan$d;
    wire  s3_nan$q;
    reg  s3_infinite$d;
    wire  s3_infinite$q;
    reg  [26:0] s4_value$d;
    wire  [26:0] s4_value$q;
    reg  [7:0] s4_exponent$d;
    wire  [7:0] s4_exponent$q;
    reg  s4_sign$d;
    wire  s4_sign$q;
    reg  s4_nan$d;
    wire  s4_nan$q;
    reg  s4_infinite$d;
    wire  s4_infinite$q;
    reg  [31:0] s5$d;
    wire  [31:0] s5$q;

    // Local signals
    reg  [30:0] a_magnitude;
    reg  [30:0] b_magnitude;
    reg  [31:0] greater;
    reg  [31:0] lesser;
    reg  [7:0] greater_exponent;
    reg  [7:0] lesser_exponent;
    reg  [22:0] greater_fraction;
    reg  [22:0] lesser_fraction;
    reg  [7:0] greater_weight;
    reg  [7:0] lesser_weight;
    reg  [23:0] greater_significand;
    reg  [23:0] lesser_significand;
    reg  signs_differ;
    reg  [26:0] unaligned;
    reg  [26:0] aligned_16;
    reg  [26:0] aligned_8;
    reg  [26:0] aligned_4;
    reg  [26:0] aligned_2;
    reg  [26:0] aligned_1;
    reg  lost_16;
    reg  lost_8;
    reg  lost_4;
    reg  lost_2;
    reg  lost_1;
    reg  [27:0] greater_wide;
    reg  [27:0] lesser_wide;
    reg  [7:0] room;
    reg  [26:0] low;
    reg  [26:0] halved;
    reg  [26:0] shifted_16;
    reg  [26:0] shifted_8;
    reg  [26:0] shifted_4;
    reg  [26:0] shifted_2;
    reg  [26:0] shifted_1;
    reg  [4:0] by_16;
    reg  [4:0] by_8;
    reg  [4:0] by_4;
    reg  [4:0] by_2;
    reg  [4:0] by_1;
    reg  [4:0] try_8;
    reg  [4:0] try_4;
    reg  [4:0] try_2;
    reg  [4:0] try_1;
    reg  [7:0] raised;
    reg  [7:0] lowered;
    reg  up;
    reg  [31:0] exponent_bits;
    reg  [31:0] fraction_bits;
    reg  [31:0] truncated;
    reg  [31:0] rounded;
    reg  [31:0] sign_bit;

    // Sub module instances
    uspe_dff_24 s1_greater(
        .d(s1_greater$d),
        .q(s1_greater$q),
        .clock(clock)
    );
    uspe_dff_24 s1_lesser(
        .d(s1_lesser$d),
        .q(s1_lesser$q),
        .clock(clock)
    );
    uspe_dff_8 s1_weight(
        .d(s1_weight$d),
        .q(s1_weight$q),
        .clock(clock)
    );
    uspe_dff_8 s1_distance(
        .d(s1_distance$d),
        .q(s1_distance$q),
        .clock(clock)
    );
    uspe_dff_1 s1_sign(
        .d(s1_sign$d),
        .q(s1_sign$q),
        .clock(clock)
    );
    uspe_dff_1 s1_subtract(
        .d(s1_subtract$d),
        .q(s1_subtract$q),
        .clock(clock)
    );
    uspe_dff_1 s1_nan(
        .d(s1_nan$d),
        .q(s1_nan$q),
        .clock(clock)
    );
    uspe_dff_1 s1_infinite(
        .d(s1_infinite$d),
        .q(s1_infinite$q),
        .clock(clock)
    );
    uspe_dff_24 s2_greater(
        .d(s2_greater$d),
        .q(s2_greater$q),
        .clock(clock)
    );
    update_lane_dff_27 s2_lesser(
        .d(s2_lesser$d),
        .q(s2_lesser$q),
        .clock(clock)
    );
    uspe_dff_8 s2_weight(
        .d(s2_weight$d),
        .q(s2_weight$q),
        .clock(clock)
    );
    uspe_dff_1 s2_sign(
        .d(s2_sign$d),
        .q(s2_sign$q),
        .clock(clock)
    );
    uspe_dff_1 s2_subtract(
        .d(s2_subtract$d),
        .q(s2_subtract$q),
        .clock(clock)
    );
    uspe_dff_1 s2_nan(
        .d(s2_nan$d),
        .q(s2_nan$q),
        .clock(clock)
    );
    uspe_dff_1 s2_infinite(
        .d(s2_infinite$d),
        .q(s2_infinite$q),
        .clock(clock)
    );
    update_lane_dff_28 s3_raw(
        .d(s3_raw$d),
        .q(s3_raw$q),
        .clock(clock)
    );
    uspe_dff_5 s3_room(
        .d(s3_room$d),
        .q(s3_room$q),
        .clock(clock)
    );
    uspe_dff_8 s3_weight(
        .d(s3_weight$d),
        .q(s3_weight$q),
        .clock(clock)
    );
    uspe_dff_1 s3_sign(
        .d(s3_sign$d),
        .q(s3_sign$q),
        .clock(clock)
    );
    uspe_dff_1 s3_subtract(
        .d(s3_subtract$d),
        .q(s3_subtract$q),
        .clock(clock)
    );
    uspe_dff_1 s3_nan(
        .d(s3_nan$d),
        .q(s3_nan$q),
        .clock(clock)
    );
    uspe_dff_1 s3_infinite(
        .d(s3_infinite$d),
        .q(s3_infinite$q),
        .clock(clock)
    );
    update_lane_dff_27 s4_value(
        .d(s4_value$d),
        .q(s4_value$q),
        .clock(clock)
    );
    uspe_dff_8 s4_exponent(
        .d(s4_exponent$d),
        .q(s4_exponent$q),
        .clock(clock)
    );
    uspe_dff_1 s4_sign(
        .d(s4_sign$d),
        .q(s4_sign$q),
        .clock(clock)
    );
    uspe_dff_1 s4_nan(
        .d(s4_nan$d),
        .q(s4_nan$q),
        .clock(clock)
    );
    uspe_dff_1 s4_infinite(
        .d(s4_infinite$d),
        .q(s4_infinite$q),
        .clock(clock)
    );
    uspe_dff_32 s5(
        .d(s5$d),
        .q(s5$q),
        .clock(clock)
    );

    // Update code
    always @(*) begin
        s1_greater$d = s1_greater$q;
        s1_lesser$d = s1_lesser$q;
        s1_weight$d = s1_weight$q;
        s1_distance$d = s1_distance$q;
        s1_sign$d = s1_sign$q;
        s1_subtract$d = s1_subtract$q;
        s1_nan$d = s1_nan$q;
        s1_infinite$d = s1_infinite$q;
        s2_greater$d = s2_greater$q;
        s2_lesser$d = s2_lesser$q;
        s2_weight$d = s2_weight$q;
        s2_sign$d = s2_sign$q;
        s2_subtract$d = s2_subtract$q;
        s2_nan$d = s2_nan$q;
        s2_infinite$d = s2_infinite$q;
        s3_raw$d = s3_raw$q;
        s3_room$d = s3_room$q;
        s3_weight$d = s3_weight$q;
        s3_sign$d = s3_sign$q;
        s3_subtract$d = s3_subtract$q;
        s3_nan$d = s3_nan$q;
        s3_infinite$d = s3_infinite$q;
        s4_value$d = s4_value$q;
        s4_exponent$d = s4_exponent$q;
        s4_sign$d = s4_sign$q;
        s4_nan$d = s4_nan$q;
        s4_infinite$d = s4_infinite$q;
        s5$d = s5$q;
        a_magnitude = a[30:0];
        b_magnitude = b[30:0];
        greater = a;
        lesser = b;
        if (b_magnitude > a_magnitude) begin
            greater = b;
            lesser = a;
        end
        greater_exponent = greater[30:23];
        lesser_exponent = lesser[30:23];
        greater_fraction = greater[22:0];
        lesser_fraction = lesser[22:0];
        greater_weight = 8'h1;
        greater_significand = {1'h0, greater_fraction};
        if (|greater_exponent) begin
            greater_weight = greater_exponent;
            greater_significand = {1'h0, greater_fraction} | 24'h800000;
        end
        lesser_weight = 8'h1;
        lesser_significand = {1'h0, lesser_fraction};
        if (|lesser_exponent) begin
            lesser_weight = lesser_exponent;
            lesser_significand = {1'h0, lesser_fraction} | 24'h800000;
        end
        signs_differ = greater[31] ^ lesser[31];
        s1_greater$d = greater_significand;
        s1_lesser$d = lesser_significand;
        s1_weight$d = greater_weight;
        s1_distance$d = greater_weight - lesser_weight;
        s1_sign$d = greater[31];
        s1_subtract$d = signs_differ;
        s1_nan$d = &greater_exponent & (|greater_fraction | (&lesser_exponent & signs_differ));
        s1_infinite$d = &greater_exponent;
        unaligned = {3'h0, s1_lesser$q} << 5'h3;
        lost_16 = 1'b0;
        aligned_16 = unaligned;
        if (s1_distance$q[4]) begin
            aligned_16 = unaligned >> 5'h10;
            lost_16 = |unaligned[15:0];
        end
        lost_8 = lost_16;
        aligned_8 = aligned_16;
        if (s1_distance$q[3]) begin
            aligned_8 = aligned_16 >> 5'h8;
            lost_8 = lost_16 | |aligned_16[7:0];
        end
        lost_4 = lost_8;
        aligned_4 = aligned_8;
        if (s1_distance$q[2]) begin
            aligned_4 = aligned_8 >> 5'h4;
            lost_4 = lost_8 | |aligned_8[3:0];
        end
        lost_2 = lost_4;
        aligned_2 = aligned_4;
        if (s1_distance$q[1]) begin
            aligned_2 = aligned_4 >> 5'h2;
            lost_2 = lost_4 | |aligned_4[1:0];
        end
        lost_1 = lost_2;
        aligned_1 = aligned_2;
        if (s1_distance$q[0]) begin
            aligned_1 = aligned_2 >> 5'h1;
            lost_1 = lost_2 | aligned_2[0];
        end
        if (|s1_distance$q[7:5]) begin
            aligned_1 = 27'h0;
            lost_1 = |s1_lesser$q;
        end
        s2_lesser$d = aligned_1 | {26'h0, lost_1};
        s2_greater$d = s1_greater$q;
        s2_weight$d = s1_weight$q;
        s2_sign$d = s1_sign$q;
        s2_subtract$d = s1_subtract$q;
        s2_nan$d = s1_nan$q;
        s2_infinite$d = s1_infinite$q;
        greater_wide = {4'h0, s2_greater$q} << 5'h3;
        lesser_wide = {1'h0, s2_lesser$q};
        if (s2_subtract$q) begin
            s3_raw$d = greater_wide - lesser_wide;
        end
        else begin
            s3_raw$d = greater_wide + lesser_wide;
        end
        room = s2_weight$q - 8'h1;
        s3_room$d = room[4:0];
        if (|room[7:5]) begin
            s3_room$d = 5'h1f;
        end
        s3_weight$d = s2_weight$q;
        s3_sign$d = s2_sign$q;
        s3_subtract$d = s2_subtract$q;
        s3_nan$d = s2_nan$q;
        s3_infinite$d = s2_infinite$q;
        low = s3_raw$q[26:0];
        halved = s3_raw$q[27:1] | {26'h0, s3_raw$q[0]};
        by_16 = 5'h0;
        shifted_16 = low;
        if (~|low[26:11] & s3_room$q[4]) begin
            by_16 = 5'h10;
            shifted_16 = low << 5'h10;
        end
        try_8 = by_16 | 5'h8;
        by_8 = by_16;
        shifted_8 = shifted_16;
        if (~|shifted_16[26:19] & (s3_room$q >= try_8)) begin
            by_8 = try_8;
            shifted_8 = shifted_16 << 5'h8;
        end
        try_4 = by_8 | 5'h4;
        by_4 = by_8;
        shifted_4 = shifted_8;
        if (~|shifted_8[26:23] & (s3_room$q >= try_4)) begin
            by_4 = try_4;
            shifted_4 = shifted_8 << 5'h4;
        end
        try_2 = by_4 | 5'h2;
        by_2 = by_4;
        shifted_2 = shifted_4;
        if (~|shifted_4[26:25] & (s3_room$q >= try_2)) begin
            by_2 = try_2;
            shifted_2 = shifted_4 << 5'h2;
        end
        try_1 = by_2 | 5'h1;
        by_1 = by_2;
        shifted_1 = shifted_2;
        if (~shifted_2[26] & (s3_room$q >= try_1)) begin
            by_1 = try_1;
            shifted_1 = shifted_2 << 5'h1;
        end
        raised = s3_weight$q + 8'h1;
        lowered = s3_weight$q - {3'h0, by_1};
        s4_infinite$d = s3_infinite$q;
        if (s3_raw$q[27]) begin
            s4_value$d = halved;
            s4_exponent$d = raised;
            s4_infinite$d = s3_infinite$q | &raised;
        end
        else begin
            s4_value$d = shifted_1;
            s4_exponent$d = 8'h0;
            if (shifted_1[26]) begin
                s4_exponent$d = lowered;
            end
        end
        s4_sign$d = s3_sign$q & (~s3_subtract$q | |s3_raw$q);
        s4_nan$d = s3_nan$q;
        up = s4_value$q[2] & (|s4_value$q[1:0] | s4_value$q[3]);
        exponent_bits = {24'h0, s4_exponent$q} << 5'h17;
        fraction_bits = {9'h0, s4_value$q[25:3]};
        truncated = exponent_bits | fraction_bits;
        rounded = truncated + {31'h0, up};
        sign_bit = {31'h0, s4_sign$q} << 5'h1f;
        if (s4_nan$q) begin
            s5$d = 32'h7fc00000;
        end
        else if (s4_infinite$q) begin
            s5$d = sign_bit | 32'h7f800000;
        end
        else begin
            s5$d = sign_bit | rounded;
        end
        sum = s5$q;
    end

endmodule

module update_lane_w_late(clock,d,q);

    // Module arguments
    input wire  clock;
    input wire  [31:0] d;
    output reg  [31:0] q;

    // Update code (custom)
    reg [159:0] stages;
    initial stages = 160'h0;

    always @(posedge clock) stages <= {stages[127:0], d};

    always @(*) q = stages[159:128];
endmodule

module update_lane_momentum_late(clock,d,q);

    // Module arguments
    input wire  clock;
    input wire  [31:0] d;
    output reg  [31:0] q;

    // Update code (custom)
    reg [319:0] stages;
    initial stages = 320'h0;

    always @(posedge clock) stages <= {stages[287:0], d};

    always @(*) q = stages[319:288];
endmodule

module update_lane_old_v(clock,d,q);

    // Module arguments
    input wire  clock;
    input wire  [31:0] d;
    output reg  [31:0] q;

    // Update code (custom)
    reg [671:0] stages;
    initial stages = 672'h0;

    always @(posedge clock) stages <= {stages[639:0], d};

    always @(*) q = stages[671:640];
endmodule

module update_lane_v_late(clock,d,q);

    // Module arguments
    input wire  clock;
    input wire  [31:0] d;
    output reg  [31:0] q;

    // Update code (custom)
    reg [351:0] stages;
    initial stages = 352'h0;

    always @(posedge clock) stages <= {stages[319:0], d};

    always @(*) q = stages[351:320];
endmodule

module update_lane_w_middle(clock,d,q);

    // Module arguments
    input wire  clock;
    input wire  [31:0] d;
    output reg  [31:0] q;

    // Update code (custom)
    reg [863:0] stages;
    initial stages = 864'h0;

    always @(posedge clock) stages <= {stages[831:0], d};

    always @(*) q = stages[863:832];
endmodule

module update_lane(clock,dw,w,v,decays,skip,inverse_loss_scale,lambda,weight_decay,momentum,learning_rate,new_w,new_v);

    // Module arguments
    input wire  clock;
    input wire  [31:0] dw;
    input wire  [31:0] w;
    input wire  [31:0] v;
    input wire  decays;
    input wire  skip;
    input wire  [31:0] inverse_loss_scale;
    input wire  [31:0] lambda;
    input wire  [31:0] weight_decay;
    input wire  [31:0] momentum;
    input wire  [31:0] learning_rate;
    output reg  [31:0] new_w;
    output reg  [31:0] new_v;

    // Stub signals
    reg  [31:0] scale$a;
    reg  [31:0] scale$b;
    wire  [31:0] scale$product;
    reg  [31:0] pruned_term$a;
    reg  [31:0] pruned_term$b;
    wire  [31:0] pruned_term$product;
    reg  [31:0] decay_term$a;
    reg  [31:0] decay_term$b;
    wire  [31:0] decay_term$product;
    reg  [31:0] kept_momentum$a;
    reg  [31:0] kept_momentum$b;
    wire  [31:0] kept_momentum$product;
    reg  [31:0] add_pruned$a;
    reg  [31:0] add_pruned$b;
    wire  [31:0] add_pruned$sum;
    reg  [31:0] add_decay$a;
    reg  [31:0] add_decay$b;
    wire  [31:0] add_decay$sum;
    reg  [31:0] add_momentum$a;
    reg  [31:0] add_momentum$b;
    wire  [31:0] add_momentum$sum;
    reg  [31:0] rate$a;
    reg  [31:0] rate$b;
    wire  [31:0] rate$product;
    reg  [31:0] subtract$a;
    reg  [31:0] subtract$b;
    wire  [31:0] subtract$sum;
    reg  decays_early$d;
    wire  decays_early$q;
    reg  decays_now$d;
    wire  decays_now$q;
    reg  [31:0] gradient_early$d;
    wire  [31:0] gradient_early$q;
    reg  [31:0] decay_late$d;
    wire  [31:0] decay_late$q;
    reg  [31:0] gradient_late$d;
    wire  [31:0] gradient_late$q;
    reg  [31:0] momentum_late$d;
    wire  [31:0] momentum_late$q;
    reg  [31:0] old_v$d;
    wire  [31:0] old_v$q;
    reg  [31:0] v_late$d;
    wire  [31:0] v_late$q;
    reg  [31:0] w_middle$d;
    wire  [31:0] w_middle$q;
    reg  [31:0] w_late$d;
    wire  [31:0] w_late$q;

    // Local signals
    reg  [31:0] gradient_pruned;
    reg  has_decay;
    reg  [31:0] gradient;
    reg  [31:0] v_now;

    // Sub module instances
    update_lane_rate scale(
        .clock(clock),
        .a(scale$a),
        .b(scale$b),
        .product(scale$product)
    );
    update_lane_rate pruned_term(
        .clock(clock),
        .a(pruned_term$a),
        .b(pruned_term$b),
        .product(pruned_term$product)
    );
    update_lane_rate decay_term(
        .clock(clock),
        .a(decay_term$a),
        .b(decay_term$b),
        .product(decay_term$product)
    );
    update_lane_rate kept_momentum(
        .clock(clock),
        .a(kept_momentum$a),
        .b(kept_momentum$b),
        .product(kept_momentum$product)
    );
    update_lane_subtract add_pruned(
        .clock(clock),
        .a(add_pruned$a),
        .b(add_pruned$b),
        .sum(add_pruned$sum)
    );
    update_lane_subtract add_decay(
        .clock(clock),
        .a(add_decay$a),
        .b(add_decay$b),
        .sum(add_decay$sum)
    );
    update_lane_subtract add_momentum(
        .clock(clock),
        .a(add_momentum$a),
        .b(add_momentum$b),
        .sum(add_momentum$sum)
    );
    update_lane_rate rate(
        .clock(clock),
        .a(rate$a),
        .b(rate$b),
        .product(rate$product)
    );
    update_lane_subtract subtract(
        .clock(clock),
        .a(subtract$a),
        .b(subtract$b),
        .sum(subtract$sum)
    );
    uspe_dff_1 decays_early(
        .d(decays_early$d),
        .q(decays_early$q),
        .clock(clock)
    );
    uspe_dff_1 decays_now(
        .d(decays_now$d),
        .q(decays_now$q),
        .clock(clock)
    );
    update_lane_w_late gradient_early(
        .clock(clock),
        .d(gradient_early$d),
        .q(gradient_early$q)
    );
    update_lane_w_late decay_late(
        .clock(clock),
        .d(decay_late$d),
        .q(decay_late$q)
    );
    update_lane_w_late gradient_late(
        .clock(clock),
        .d(gradient_late$d),
        .q(gradient_late$q)
    );
    update_lane_momentum_late momentum_late(
        .clock(clock),
        .d(momentum_late$d),
        .q(momentum_late$q)
    );
    update_lane_old_v old_v(
        .clock(clock),
        .d(old_v$d),
        .q(old_v$q)
    );
    update_lane_v_late v_late(
        .clock(clock),
        .d(v_late$d),
        .q(v_late$q)
    );
    update_lane_w_middle w_middle(
        .clock(clock),
        .d(w_middle$d),
        .q(w_middle$q)
    );
    update_lane_w_late w_late(
        .clock(clock),
        .d(w_late$d),
        .q(w_late$q)
    );

    // Update code
    always @(*) begin
        decays_early$d = decays_early$q;
        decays_now$d = decays_now$q;
        scale$a = dw;
        scale$b = inverse_loss_scale;
        pruned_term$a = lambda;
        pruned_term$b = w;
        decay_term$a = weight_decay;
        decay_term$b = w;
        kept_momentum$a = momentum;
        kept_momentum$b = v;
        add_pruned$a = scale$product;
        add_pruned$b = pruned_term$product;
        gradient_early$d = scale$product;
        decay_late$d = decay_term$product;
        momentum_late$d = kept_momentum$product;
        decays_early$d = decays;
        decays_now$d = decays_early$q;
        gradient_pruned = gradient_early$q;
        if (decays_now$q) begin
            gradient_pruned = add_pruned$sum;
        end
        add_decay$a = gradient_pruned;
        add_decay$b = decay_late$q;
        gradient_late$d = gradient_pruned;
        has_decay = |weight_decay[30:0];
        gradient = gradient_late$q;
        if (has_decay) begin
            gradient = add_decay$sum;
        end
        add_momentum$a = momentum_late$q;
        add_momentum$b = gradient;
        old_v$d = v;
        v_now = add_momentum$sum;
        if (skip) begin
            v_now = old_v$q;
        end
        v_late$d = v_now;
        rate$a = learning_rate;
        rate$b = add_momentum$sum;
        w_middle$d = w;
        w_late$d = w_middle$q;
        subtract$a = w_middle$q;
        subtract$b = rate$product ^ (32'h1 << 5'h1f);
        new_v = v_late$q;
        new_w = subtract$sum;
        if (skip) begin
            new_w = w_late$q;
        end
    end

endmodule

module update_source(clock,from_half,single,half,value);

    // Module arguments
    input wire  clock;
    input wire  from_half;
    input wire  [31:0] single;
    input wire  [15:0] half;
    output reg  [15:0] value;

    // Stub signals
    reg  [31:0] narrow$single;
    wire  [15:0] narrow$half;
    reg  [15:0] s1$d;
    wire  [15:0] s1$q;
    reg  [15:0] s2$d;
    wire  [15:0] s2$q;

    // Sub module instances
    narrow_single narrow(
        .clock(clock),
        .single(narrow$single),
        .half(narrow$half)
    );
    core_dff_16 s1(
        .d(s1$d),
        .q(s1$q),
        .clock(clock)
    );
    core_dff_16 s2(
        .d(s2$d),
        .q(s2$q),
        .clock(clock)
    );

    // Update code
    always @(*) begin
        s1$d = s1$q;
        s2$d = s2$q;
        narrow$single = single;
        s1$d = half;
        if (&half[14:10] & |half[9:0]) begin
            s1$d = 16'h7e00;
        end
        s2$d = s1$q;
        value = narrow$half;
        if (from_half) begin
            value = s2$q;
        end
    end

endmodule

module update_ping_pong(clock,reset,beat,step,mask,write_position,write_bank,read_position,reads);

    // Module arguments
    input wire  clock;
    input wire  reset;
    input wire  beat;
    input wire  [7:0] step;
    input wire  [7:0] mask;
    output reg  [7:0] write_position;
    output reg  write_bank;
    output reg  [7:0] read_position;
    output reg  reads;

    // Stub signals
    reg  writer$reset;
    reg  writer$beat;
    reg  [7:0] writer$step;
    reg  [7:0] writer$mask;
    wire  [7:0] writer$position;
    wire  writer$completes;
    reg  reader$reset;
    reg  reader$beat;
    reg  [7:0] reader$step;
    reg  [7:0] reader$mask;
    wire  [7:0] reader$position;
    wire  reader$completes;
    reg  bank$d;
    wire  bank$q;
    reg  reading$d;
    wire  reading$q;

    // Sub module instances
    update_walk writer(
        .clock(clock),
        .reset(writer$reset),
        .beat(writer$beat),
        .step(writer$step),
        .mask(writer$mask),
        .position(writer$position),
        .completes(writer$completes)
    );
    update_walk reader(
        .clock(clock),
        .reset(reader$reset),
        .beat(reader$beat),
        .step(reader$step),
        .mask(reader$mask),
        .position(reader$position),
        .completes(reader$completes)
    );
    uspe_dff_1 bank(
        .d(bank$d),
        .q(bank$q),
        .clock(clock)
    );
    uspe_dff_1 reading(
        .d(reading$d),
        .q(reading$q),
        .clock(clock)
    );

    // Update code
    always @(*) begin
        bank$d = bank$q;
        reading$d = reading$q;
        writer$reset = reset;
        reader$reset = reset;
        writer$step = step;
        reader$step = step;
        writer$mask = mask;
        reader$mask = mask;
        writer$beat = beat;
        reader$beat = reading$q;
        bank$d = bank$q ^ writer$completes;
        reading$d = writer$completes | (reading$q & ~reader$completes);
        if (reset) begin
            bank$d = 1'b0;
            reading$d = 1'b0;
        end
        write_position = writer$position;
        write_bank = bank$q;
        read_position = reader$position;
        reads = reading$q;
    end

endmodule

module update_transpose (
    input wire clock,
    input wire reset,
    input wire [63:0] values,
    input wire [3:0] valid,
    input wire [7:0] block,
    output wire [63:0] out_values,
    output wire [3:0] out_valid
);
    wire beat = |valid;
    wire [7:0] write_position;
    wire write_bank;
    wire [7:0] read_position;
    wire reads;
    update_ping_pong control (.clock(clock), .reset(reset), .beat(beat), .step(8'd4), .mask(block), .write_position(write_position), .write_bank(write_bank), .read_position(read_position), .reads(reads));
    reg [1023:0] bank_0;
    reg [3:0] valid_0;
    always @(posedge clock) if (beat & ~write_bank) begin
        valid_0 <= valid;
        case (write_position)
            8'd0: bank_0[63:0] <= values;
            8'd4: bank_0[127:64] <= values;
            8'd8: bank_0[191:128] <= values;
            8'd12: bank_0[255:192] <= values;
            8'd16: bank_0[319:256] <= values;
            8'd20: bank_0[383:320] <= values;
            8'd24: bank_0[447:384] <= values;
            8'd28: bank_0[511:448] <= values;
            8'd32: bank_0[575:512] <= values;
            8'd36: bank_0[639:576] <= values;
            8'd40: bank_0[703:640] <= values;
            8'd44: bank_0[767:704] <= values;
            8'd48: bank_0[831:768] <= values;
            8'd52: bank_0[895:832] <= values;
            8'd56: bank_0[959:896] <= values;
            8'd60: bank_0[1023:960] <= values;
            default: ;
        endcase
    end
    reg [1023:0] bank_1;
    reg [3:0] valid_1;
    always @(posedge clock) if (beat & write_bank) begin
        valid_1 <= valid;
        case (write_position)
            8'd0: bank_1[63:0] <= values;
            8'd4: bank_1[127:64] <= values;
            8'd8: bank_1[191:128] <= values;
            8'd12: bank_1[255:192] <= values;
            8'd16: bank_1[319:256] <= values;
            8'd20: bank_1[383:320] <= values;
            8'd24: bank_1[447:384] <= values;
            8'd28: bank_1[511:448] <= values;
            8'd32: bank_1[575:512] <= values;
            8'd36: bank_1[639:576] <= values;
            8'd40: bank_1[703:640] <= values;
            8'd44: bank_1[767:704] <= values;
            8'd48: bank_1[831:768] <= values;
            8'd52: bank_1[895:832] <= values;
            8'd56: bank_1[959:896] <= values;
            8'd60: bank_1[1023:960] <= values;
            default: ;
        endcase
    end
    reg [15:0] lane_0_0;
    always @(*)
        case ({block, read_position})
            {8'd0, 8'd0}: lane_0_0 = bank_0[15:0];
            {8'd3, 8'd0}: lane_0_0 = bank_0[15:0];
            {8'd15, 8'd0}: lane_0_0 = bank_0[15:0];
            {8'd15, 8'd4}: lane_0_0 = bank_0[31:16];
            {8'd15, 8'd8}: lane_0_0 = bank_0[47:32];
            {8'd15, 8'd12}: lane_0_0 = bank_0[63:48];
            {8'd63, 8'd0}: lane_0_0 = bank_0[15:0];
            {8'd63, 8'd4}: lane_0_0 = bank_0[527:512];
            {8'd63, 8'd8}: lane_0_0 = bank_0[31:16];
            {8'd63, 8'd12}: lane_0_0 = bank_0[543:528];
            {8'd63, 8'd16}: lane_0_0 = bank_0[47:32];
            {8'd63, 8'd20}: lane_0_0 = bank_0[559:544];
            {8'd63, 8'd24}: lane_0_0 = bank_0[63:48];
            {8'd63, 8'd28}: lane_0_0 = bank_0[575:560];
            {8'd63, 8'd32}: lane_0_0 = bank_0[79:64];
            {8'd63, 8'd36}: lane_0_0 = bank_0[591:576];
            {8'd63, 8'd40}: lane_0_0 = bank_0[95:80];
            {8'd63, 8'd44}: lane_0_0 = bank_0[607:592];
            {8'd63, 8'd48}: lane_0_0 = bank_0[111:96];
            {8'd63, 8'd52}: lane_0_0 = bank_0[623:608];
            {8'd63, 8'd56}: lane_0_0 = bank_0[127:112];
            {8'd63, 8'd60}: lane_0_0 = bank_0[639:624];
            default: lane_0_0 = 16'h0;
        endcase
    reg [15:0] lane_0_1;
    always @(*)
        case ({block, read_position})
            {8'd0, 8'd0}: lane_0_1 = bank_1[15:0];
            {8'd3, 8'd0}: lane_0_1 = bank_1[15:0];
            {8'd15, 8'd0}: lane_0_1 = bank_1[15:0];
            {8'd15, 8'd4}: lane_0_1 = bank_1[31:16];
            {8'd15, 8'd8}: lane_0_1 = bank_1[47:32];
            {8'd15, 8'd12}: lane_0_1 = bank_1[63:48];
            {8'd63, 8'd0}: lane_0_1 = bank_1[15:0];
            {8'd63, 8'd4}: lane_0_1 = bank_1[527:512];
            {8'd63, 8'd8}: lane_0_1 = bank_1[31:16];
            {8'd63, 8'd12}: lane_0_1 = bank_1[543:528];
            {8'd63, 8'd16}: lane_0_1 = bank_1[47:32];
            {8'd63, 8'd20}: lane_0_1 = bank_1[559:544];
            {8'd63, 8'd24}: lane_0_1 = bank_1[63:48];
            {8'd63, 8'd28}: lane_0_1 = bank_1[575:560];
            {8'd63, 8'd32}: lane_0_1 = bank_1[79:64];
            {8'd63, 8'd36}: lane_0_1 = bank_1[591:576];
            {8'd63, 8'd40}: lane_0_1 = bank_1[95:80];
            {8'd63, 8'd44}: lane_0_1 = bank_1[607:592];
            {8'd63, 8'd48}: lane_0_1 = bank_1[111:96];
            {8'd63, 8'd52}: lane_0_1 = bank_1[623:608];
            {8'd63, 8'd56}: lane_0_1 = bank_1[127:112];
            {8'd63, 8'd60}: lane_0_1 = bank_1[639:624];
            default: lane_0_1 = 16'h0;
        endcase
    reg [15:0] lane_1_0;
    always @(*)
        case ({block, read_position})
            {8'd0, 8'd0}: lane_1_0 = bank_0[31:16];
            {8'd3, 8'd0}: lane_1_0 = bank_0[47:32];
            {8'd15, 8'd0}: lane_1_0 = bank_0[79:64];
            {8'd15, 8'd4}: lane_1_0 = bank_0[95:80];
            {8'd15, 8'd8}: lane_1_0 = bank_0[111:96];
            {8'd15, 8'd12}: lane_1_0 = bank_0[127:112];
            {8'd63, 8'd0}: lane_1_0 = bank_0[143:128];
            {8'd63, 8'd4}: lane_1_0 = bank_0[655:640];
            {8'd63, 8'd8}: lane_1_0 = bank_0[159:144];
            {8'd63, 8'd12}: lane_1_0 = bank_0[671:656];
            {8'd63, 8'd16}: lane_1_0 = bank_0[175:160];
            {8'd63, 8'd20}: lane_1_0 = bank_0[687:672];
            {8'd63, 8'd24}: lane_1_0 = bank_0[191:176];
            {8'd63, 8'd28}: lane_1_0 = bank_0[703:688];
            {8'd63, 8'd32}: lane_1_0 = bank_0[207:192];
            {8'd63, 8'd36}: lane_1_0 = bank_0[719:704];
            {8'd63, 8'd40}: lane_1_0 = bank_0[223:208];
            {8'd63, 8'd44}: lane_1_0 = bank_0[735:720];
            {8'd63, 8'd48}: lane_1_0 = bank_0[239:224];
            {8'd63, 8'd52}: lane_1_0 = bank_0[751:736];
            {8'd63, 8'd56}: lane_1_0 = bank_0[255:240];
            {8'd63, 8'd60}: lane_1_0 = bank_0[767:752];
            default: lane_1_0 = 16'h0;
        endcase
    reg [15:0] lane_1_1;
    always @(*)
        case ({block, read_position})
            {8'd0, 8'd0}: lane_1_1 = bank_1[31:16];
            {8'd3, 8'd0}: lane_1_1 = bank_1[47:32];
            {8'd15, 8'd0}: lane_1_1 = bank_1[79:64];
            {8'd15, 8'd4}: lane_1_1 = bank_1[95:80];
            {8'd15, 8'd8}: lane_1_1 = bank_1[111:96];
            {8'd15, 8'd12}: lane_1_1 = bank_1[127:112];
            {8'd63, 8'd0}: lane_1_1 = bank_1[143:128];
            {8'd63, 8'd4}: lane_1_1 = bank_1[655:640];
            {8'd63, 8'd8}: lane_1_1 = bank_1[159:144];
            {8'd63, 8'd12}: lane_1_1 = bank_1[671:656];
            {8'd63, 8'd16}: lane_1_1 = bank_1[175:160];
            {8'd63, 8'd20}: lane_1_1 = bank_1[687:672];
            {8'd63, 8'd24}: lane_1_1 = bank_1[191:176];
            {8'd63, 8'd28}: lane_1_1 = bank_1[703:688];
            {8'd63, 8'd32}: lane_1_1 = bank_1[207:192];
            {8'd63, 8'd36}: lane_1_1 = bank_1[719:704];
            {8'd63, 8'd40}: lane_1_1 = bank_1[223:208];
            {8'd63, 8'd44}: lane_1_1 = bank_1[735:720];
            {8'd63, 8'd48}: lane_1_1 = bank_1[239:224];
            {8'd63, 8'd52}: lane_1_1 = bank_1[751:736];
            {8'd63, 8'd56}: lane_1_1 = bank_1[255:240];
            {8'd63, 8'd60}: lane_1_1 = bank_1[767:752];
            default: lane_1_1 = 16'h0;
        endcase
    reg [15:0] lane_2_0;
    always @(*)
        case ({block, read_position})
            {8'd0, 8'd0}: lane_2_0 = bank_0[47:32];
            {8'd3, 8'd0}: lane_2_0 = bank_0[31:16];
            {8'd15, 8'd0}: lane_2_0 = bank_0[143:128];
            {8'd15, 8'd4}: lane_2_0 = bank_0[159:144];
            {8'd15, 8'd8}: lane_2_0 = bank_0[175:160];
            {8'd15, 8'd12}: lane_2_0 = bank_0[191:176];
            {8'd63, 8'd0}: lane_2_0 = bank_0[271:256];
            {8'd63, 8'd4}: lane_2_0 = bank_0[783:768];
            {8'd63, 8'd8}: lane_2_0 = bank_0[287:272];
            {8'd63, 8'd12}: lane_2_0 = bank_0[799:784];
            {8'd63, 8'd16}: lane_2_0 = bank_0[303:288];
            {8'd63, 8'd20}: lane_2_0 = bank_0[815:800];
            {8'd63, 8'd24}: lane_2_0 = bank_0[319:304];
            {8'd63, 8'd28}: lane_2_0 = bank_0[831:816];
            {8'd63, 8'd32}: lane_2_0 = bank_0[335:320];
            {8'd63, 8'd36}: lane_2_0 = bank_0[847:832];
            {8'd63, 8'd40}: lane_2_0 = bank_0[351:336];
            {8'd63, 8'd44}: lane_2_0 = bank_0[863:848];
            {8'd63, 8'd48}: lane_2_0 = bank_0[367:352];
            {8'd63, 8'd52}: lane_2_0 = bank_0[879:864];
            {8'd63, 8'd56}: lane_2_0 = bank_0[383:368];
            {8'd63, 8'd60}: lane_2_0 = bank_0[895:880];
            default: lane_2_0 = 16'h0;
        endcase
    reg [15:0] lane_2_1;
    always @(*)
        case ({block, read_position})
            {8'd0, 8'd0}: lane_2_1 = bank_1[47:32];
            {8'd3, 8'd0}: lane_2_1 = bank_1[31:16];
            {8'd15, 8'd0}: lane_2_1 = bank_1[143:128];
            {8'd15, 8'd4}: lane_2_1 = bank_1[159:144];
            {8'd15, 8'd8}: lane_2_1 = bank_1[175:160];
            {8'd15, 8'd12}: lane_2_1 = bank_1[191:176];
            {8'd63, 8'd0}: lane_2_1 = bank_1[271:256];
            {8'd63, 8'd4}: lane_2_1 = bank_1[783:768];
            {8'd63, 8'd8}: lane_2_1 = bank_1[287:272];
            {8'd63, 8'd12}: lane_2_1 = bank_1[799:784];
            {8'd63, 8'd16}: lane_2_1 = bank_1[303:288];
            {8'd63, 8'd20}: lane_2_1 = bank_1[815:800];
            {8'd63, 8'd24}: lane_2_1 = bank_1[319:304];
            {8'd63, 8'd28}: lane_2_1 = bank_1[831:816];
            {8'd63, 8'd32}: lane_2_1 = bank_1[335:320];
            {8'd63, 8'd36}: lane_2_1 = bank_1[847:832];
            {8'd63, 8'd40}: lane_2_1 = bank_1[351:336];
            {8'd63, 8'd44}: lane_2_1 = bank_1[863:848];
            {8'd63, 8'd48}: lane_2_1 = bank_1[367:352];
            {8'd63, 8'd52}: lane_2_1 = bank_1[879:864];
            {8'd63, 8'd56}: lane_2_1 = bank_1[383:368];
            {8'd63, 8'd60}: lane_2_1 = bank_1[895:880];
            default: lane_2_1 = 16'h0;
        endcase
    reg [15:0] lane_3_0;
    always @(*)
        case ({block, read_position})
            {8'd0, 8'd0}: lane_3_0 = bank_0[63:48];
            {8'd3, 8'd0}: lane_3_0 = bank_0[63:48];
            {8'd15, 8'd0}: lane_3_0 = bank_0[207:192];
            {8'd15, 8'd4}: lane_3_0 = bank_0[223:208];
            {8'd15, 8'd8}: lane_3_0 = bank_0[239:224];
            {8'd15, 8'd12}: lane_3_0 = bank_0[255:240];
            {8'd63, 8'd0}: lane_3_0 = bank_0[399:384];
            {8'd63, 8'd4}: lane_3_0 = bank_0[911:896];
            {8'd63, 8'd8}: lane_3_0 = bank_0[415:400];
            {8'd63, 8'd12}: lane_3_0 = bank_0[927:912];
            {8'd63, 8'd16}: lane_3_0 = bank_0[431:416];
            {8'd63, 8'd20}: lane_3_0 = bank_0[943:928];
            {8'd63, 8'd24}: lane_3_0 = bank_0[447:432];
            {8'd63, 8'd28}: lane_3_0 = bank_0[959:944];
            {8'd63, 8'd32}: lane_3_0 = bank_0[463:448];
            {8'd63, 8'd36}: lane_3_0 = bank_0[975:960];
            {8'd63, 8'd40}: lane_3_0 = bank_0[479:464];
            {8'd63, 8'd44}: lane_3_0 = bank_0[991:976];
            {8'd63, 8'd48}: lane_3_0 = bank_0[495:480];
            {8'd63, 8'd52}: lane_3_0 = bank_0[1007:992];
            {8'd63, 8'd56}: lane_3_0 = bank_0[511:496];
            {8'd63, 8'd60}: lane_3_0 = bank_0[1023:1008];
            default: lane_3_0 = 16'h0;
        endcase
    reg [15:0] lane_3_1;
    always @(*)
        case ({block, read_position})
            {8'd0, 8'd0}: lane_3_1 = bank_1[63:48];
            {8'd3, 8'd0}: lane_3_1 = bank_1[63:48];
            {8'd15, 8'd0}: lane_3_1 = bank_1[207:192];
            {8'd15, 8'd4}: lane_3_1 = bank_1[223:208];
            {8'd15, 8'd8}: lane_3_1 = bank_1[239:224];
            {8'd15, 8'd12}: lane_3_1 = bank_1[255:240];
            {8'd63, 8'd0}: lane_3_1 = bank_1[399:384];
            {8'd63, 8'd4}: lane_3_1 = bank_1[911:896];
            {8'd63, 8'd8}: lane_3_1 = bank_1[415:400];
            {8'd63, 8'd12}: lane_3_1 = bank_1[927:912];
            {8'd63, 8'd16}: lane_3_1 = bank_1[431:416];
            {8'd63, 8'd20}: lane_3_1 = bank_1[943:928];
            {8'd63, 8'd24}: lane_3_1 = bank_1[447:432];
            {8'd63, 8'd28}: lane_3_1 = bank_1[959:944];
            {8'd63, 8'd32}: lane_3_1 = bank_1[463:448];
            {8'd63, 8'd36}: lane_3_1 = bank_1[975:960];
            {8'd63, 8'd40}: lane_3_1 = bank_1[479:464];
            {8'd63, 8'd44}: lane_3_1 = bank_1[991:976];
            {8'd63, 8'd48}: lane_3_1 = bank_1[495:480];
            {8'd63, 8'd52}: lane_3_1 = bank_1[1007:992];
            {8'd63, 8'd56}: lane_3_1 = bank_1[511:496];
            {8'd63, 8'd60}: lane_3_1 = bank_1[1023:1008];
            default: lane_3_1 = 16'h0;
        endcase
    wire [63:0] read_values;
    delay_line #(.WIDTH(64), .DEPTH(1)) delay_read_values (.clock(clock), .reset(1'b0), .d(write_bank ? {lane_3_0, lane_2_0, lane_1_0, lane_0_0} : {lane_3_1, lane_2_1, lane_1_1, lane_0_1}), .q(read_values));
    wire [3:0] read_valid;
    delay_line #(.WIDTH(4), .DEPTH(1)) delay_read_valid (.clock(clock), .reset(reset), .d((write_bank ? valid_0 : valid_1) & {4{reads}}), .q(read_valid));
    assign out_values = read_values;
    assign out_valid = read_valid;
endmodule

module update_depart_dff_25(d,q,clock);

    // Module arguments
    input wire  [24:0] d;
    output reg  [24:0] q;
    input wire  clock;

    // Update code (custom)
    initial begin
       q = 25'h0;
    end

    always @(posedge clock) begin
       q <= d;
    end

endmodule

module update_depart(clock,value,position,kept,stays,dropped_before,traveller);

    // Module arguments
    input wire  clock;
    input wire  [15:0] value;
    input wire  [3:0] position;
    input wire  kept;
    input wire  stays;
    input wire  [14:0] dropped_before;
    output reg  [24:0] traveller;

    // Stub signals
    reg  [14:0] distance$word;
    wire  [3:0] distance$count;
    reg  [24:0] result$d;
    wire  [24:0] result$q;

    // Local signals
    reg  [24:0] parts;

    // Sub module instances
    update_keep_rank distance(
        .word(distance$word),
        .count(distance$count)
    );
    update_depart_dff_25 result(
        .d(result$d),
        .q(result$q),
        .clock(clock)
    );

    // Update code
    always @(*) begin
        result$d = result$q;
        distance$word = dropped_before;
        parts = {21'h0, position} << 5'h10;
        if (kept) begin
            parts = ({21'h0, position} << 5'h10) | {9'h0, value};
        end
        result$d = parts | ({24'h0, stays} << 5'h14) | ({21'h0, distance$count} << 5'h15);
        traveller = result$q;
    end

endmodule

module update_gather_near(clock,from_0,from_1,from_2,from_3,traveller);

    // Module arguments
    input wire  clock;
    input wire  [24:0] from_0;
    input wire  [24:0] from_1;
    input wire  [24:0] from_2;
    input wire  [24:0] from_3;
    output reg  [22:0] traveller;

    // Stub signals
    reg  [22:0] result$d;
    wire  [22:0] result$q;

    // Local signals
    reg  [20:0] slot;
    reg  [1:0] fours;

    // Sub module instances
    update_dff_23 result(
        .d(result$d),
        .q(result$q),
        .clock(clock)
    );

    // Update code
    always @(*) begin
        result$d = result$q;
        slot = 21'h0;
        fours = 2'h0;
        if (from_0[22:20] == 3'h1) begin
            slot = from_0[20:0];
            fours = from_0[24:23];
        end
        if (from_1[22:20] == 3'h3) begin
            slot = from_1[20:0];
            fours = from_1[24:23];
        end
        if (from_2[22:20] == 3'h5) begin
            slot = from_2[20:0];
            fours = from_2[24:23];
        end
        if (from_3[22:20] == 3'h7) begin
            slot = from_3[20:0];
            fours = from_3[24:23];
        end
        result$d = {2'h0, slot} | ({21'h0, fours} << 5'h15);
        traveller = result$q;
    end

endmodule

module update_gather_far(clock,from_0,from_4,from_8,from_12,value,position);

    // Module arguments
    input wire  clock;
    input wire  [22:0] from_0;
    input wire  [22:0] from_4;
    input wire  [22:0] from_8;
    input wire  [22:0] from_12;
    output reg  [15:0] value;
    output reg  [3:0] position;

    // Stub signals
    reg  [19:0] result$d;
    wire  [19:0] result$q;

    // Sub module instances
    core_dff_20 result(
        .d(result$d),
        .q(result$q),
        .clock(clock)
    );

    // Update code
    always @(*) begin
        result$d = result$q;
        result$d = 20'h0;
        if (from_0[22:20] == 3'h1) begin
            result$d = from_0[19:0];
        end
        if (from_4[22:20] == 3'h3) begin
            result$d = from_4[19:0];
        end
        if (from_8[22:20] == 3'h5) begin
            result$d = from_8[19:0];
        end
        if (from_12[22:20] == 3'h7) begin
            result$d = from_12[19:0];
        end
        value = result$q[15:0];
        position = result$q[19:16];
    end

endmodule

module update_slot_count(clock,stays,slots);

    // Module arguments
    input wire  clock;
    input wire  [15:0] stays;
    output reg  [4:0] slots;

    // Stub signals
    reg  [14:0] popcount$word;
    wire  [3:0] popcount$count;
    reg  [4:0] s1$d;
    wire  [4:0] s1$q;
    reg  [4:0] s2$d;
    wire  [4:0] s2$q;
    reg  [4:0] s3$d;
    wire  [4:0] s3$q;

    // Local signals
    reg  [4:0] count;

    // Sub module instances
    update_keep_rank popcount(
        .word(popcount$word),
        .count(popcount$count)
    );
    uspe_dff_5 s1(
        .d(s1$d),
        .q(s1$q),
        .clock(clock)
    );
    uspe_dff_5 s2(
        .d(s2$d),
        .q(s2$q),
        .clock(clock)
    );
    uspe_dff_5 s3(
        .d(s3$d),
        .q(s3$q),
        .clock(clock)
    );

    // Update code
    always @(*) begin
        s1$d = s1$q;
        s2$d = s2$q;
        s3$d = s3$q;
        popcount$word = stays[14:0];
        count = {1'h0, popcount$count} + {4'h0, stays[15]};
        s1$d = count;
        s2$d = s1$q;
        s3$d = s2$q;
        slots = s3$q;
    end

endmodule

module update_select (
    input wire clock,
    input wire reset,
    input wire [127:0] values,
    input wire [7:0] valid,
    input wire [3:0] group,
    input wire [4:0] n,
    input wire dense,
    output wire [15:0] groups,
    output wire out_valid,
    output wire [4:0] out_slots,
    output wire [127:0] out_values,
    output wire [31:0] out_positions
);
    assign groups = {8'h0, valid[7] & ~|(4'd7 & group), valid[6] & ~|(4'd6 & group), valid[5] & ~|(4'd5 & group), valid[4] & ~|(4'd4 & group), valid[3] & ~|(4'd3 & group), valid[2] & ~|(4'd2 & group), valid[1] & ~|(4'd1 & group), valid[0] & ~|(4'd0 & group)};
    wire [7:0] kept;
    update_rank rank (.clock(clock), .values(values), .valid(valid), .group(group), .n(n), .kept(kept));
    wire [127:0] values_2;
    delay_line #(.WIDTH(128), .DEPTH(2)) delay_values_2 (.clock(clock), .reset(1'b0), .d(values), .q(values_2));
    wire [7:0] valid_2;
    delay_line #(.WIDTH(8), .DEPTH(2)) delay_valid_2 (.clock(clock), .reset(1'b0), .d(valid), .q(valid_2));
    wire [7:0] stays = kept | (valid_2 & {8{dense}});
    wire [24:0] depart_0;
    update_depart depart0 (.clock(clock), .value(values_2[15:0]), .position(4'd0 & group), .kept(kept[0]), .stays(stays[0]), .dropped_before(15'h0), .traveller(depart_0));
    wire [24:0] depart_1;
    update_depart depart1 (.clock(clock), .value(values_2[31:16]), .position(4'd1 & group), .kept(kept[1]), .stays(stays[1]), .dropped_before({14'h0, ~stays[0]}), .traveller(depart_1));
    wire [24:0] depart_2;
    update_depart depart2 (.clock(clock), .value(values_2[47:32]), .position(4'd2 & group), .kept(kept[2]), .stays(stays[2]), .dropped_before({13'h0, ~stays[1], ~stays[0]}), .traveller(depart_2));
    wire [24:0] depart_3;
    update_depart depart3 (.clock(clock), .value(values_2[63:48]), .position(4'd3 & group), .kept(kept[3]), .stays(stays[3]), .dropped_before({12'h0, ~stays[2], ~stays[1], ~stays[0]}), .traveller(depart_3));
    wire [24:0] depart_4;
    update_depart depart4 (.clock(clock), .value(values_2[79:64]), .position(4'd4 & group), .kept(kept[4]), .stays(stays[4]), .dropped_before({11'h0, ~stays[3], ~stays[2], ~stays[1], ~stays[0]}), .traveller(depart_4));
    wire [24:0] depart_5;
    update_depart depart5 (.clock(clock), .value(values_2[95:80]), .position(4'd5 & group), .kept(kept[5]), .stays(stays[5]), .dropped_before({10'h0, ~stays[4], ~stays[3], ~stays[2], ~stays[1], ~stays[0]}), .traveller(depart_5));
    wire [24:0] depart_6;
    update_depart depart6 (.clock(clock), .value(values_2[111:96]), .position(4'd6 & group), .kept(kept[6]), .stays(stays[6]), .dropped_before({9'h0, ~stays[5], ~stays[4], ~stays[3], ~stays[2], ~stays[1], ~stays[0]}), .traveller(depart_6));
    wire [24:0] depart_7;
    update_depart depart7 (.clock(clock), .value(values_2[127:112]), .position(4'd7 & group), .kept(kept[7]), .stays(stays[7]), .dropped_before({8'h0, ~stays[6], ~stays[5], ~stays[4], ~stays[3], ~stays[2], ~stays[1], ~stays[0]}), .traveller(depart_7));
    wire [22:0] near_0;
    update_gather_near near0 (.clock(clock), .from_0(depart_0), .from_1(depart_1), .from_2(depart_2), .from_3(depart_3), .traveller(near_0));
    wire [22:0] near_1;
    update_gather_near near1 (.clock(clock), .from_0(depart_1), .from_1(depart_2), .from_2(depart_3), .from_3(depart_4), .traveller(near_1));
    wire [22:0] near_2;
    update_gather_near near2 (.clock(clock), .from_0(depart_2), .from_1(depart_3), .from_2(depart_4), .from_3(depart_5), .traveller(near_2));
    wire [22:0] near_3;
    update_gather_near near3 (.clock(clock), .from_0(depart_3), .from_1(depart_4), .from_2(depart_5), .from_3(depart_6), .traveller(near_3));
    wire [22:0] near_4;
    update_gather_near near4 (.clock(clock), .from_0(depart_4), .from_1(depart_5), .from_2(depart_6), .from_3(depart_7), .traveller(near_4));
    wire [22:0] near_5;
    update_gather_near near5 (.clock(clock), .from_0(depart_5), .from_1(depart_6), .from_2(depart_7), .from_3(25'h0), .traveller(near_5));
    wire [22:0] near_6;
    update_gather_near near6 (.clock(clock), .from_0(depart_6), .from_1(depart_7), .from_2(25'h0), .from_3(25'h0), .traveller(near_6));
    wire [22:0] near_7;
    update_gather_near near7 (.clock(clock), .from_0(depart_7), .from_1(25'h0), .from_2(25'h0), .from_3(25'h0), .traveller(near_7));
    update_gather_far far0 (.clock(clock), .from_0(near_0), .from_4(near_4), .from_8(23'h0), .from_12(23'h0), .value(out_values[15:0]), .position(out_positions[3:0]));
    update_gather_far far1 (.clock(clock), .from_0(near_1), .from_4(near_5), .from_8(23'h0), .from_12(23'h0), .value(out_values[31:16]), .position(out_positions[7:4]));
    update_gather_far far2 (.clock(clock), .from_0(near_2), .from_4(near_6), .from_8(23'h0), .from_12(23'h0), .value(out_values[47:32]), .position(out_positions[11:8]));
    update_gather_far far3 (.clock(clock), .from_0(near_3), .from_4(near_7), .from_8(23'h0), .from_12(23'h0), .value(out_values[63:48]), .position(out_positions[15:12]));
    update_gather_far far4 (.clock(clock), .from_0(near_4), .from_4(23'h0), .from_8(23'h0), .from_12(23'h0), .value(out_values[79:64]), .position(out_positions[19:16]));
    update_gather_far far5 (.clock(clock), .from_0(near_5), .from_4(23'h0), .from_8(23'h0), .from_12(23'h0), .value(out_values[95:80]), .position(out_positions[23:20]));
    update_gather_far far6 (.clock(clock), .from_0(near_6), .from_4(23'h0), .from_8(23'h0), .from_12(23'h0), .value(out_values[111:96]), .position(out_positions[27:24]));
    update_gather_far far7 (.clock(clock), .from_0(near_7), .from_4(23'h0), .from_8(23'h0), .from_12(23'h0), .value(out_values[127:112]), .position(out_positions[31:28]));
    update_slot_count slot_count (.clock(clock), .stays({8'h0, stays}), .slots(out_slots));
    wire valid_5;
    delay_line #(.WIDTH(1), .DEPTH(5)) delay_valid_5 (.clock(clock), .reset(reset), .d(|valid), .q(valid_5));
    assign out_valid = valid_5;
endmodule

module core_dff_64(d,q,clock);

    // Module arguments
    input wire  [63:0] d;
    output reg  [63:0] q;
    input wire  clock;

    // Update code (custom)
    initial begin
       q = 64'h0;
    end

    always @(posedge clock) begin
       q <= d;
    end

endmodule

module update_total(clock,reset,first,second,total);

    // Module arguments
    input wire  clock;
    input wire  reset;
    input wire  [15:0] first;
    input wire  [15:0] second;
    output reg  [63:0] total;

    // Stub signals
    reg  [14:0] first_count$word;
    wire  [3:0] first_count$count;
    reg  [14:0] second_count$word;
    wire  [3:0] second_count$count;
    reg  [5:0] sum$d;
    wire  [5:0] sum$q;
    reg  [63:0] state$d;
    wire  [63:0] state$q;

    // Sub module instances
    update_keep_rank first_count(
        .word(first_count$word),
        .count(first_count$count)
    );
    update_keep_rank second_count(
        .word(second_count$word),
        .count(second_count$count)
    );
    core_dff_6 sum(
        .d(sum$d),
        .q(sum$q),
        .clock(clock)
    );
    core_dff_64 state(
        .d(state$d),
        .q(state$q),
        .clock(clock)
    );

    // Update code
    always @(*) begin
        sum$d = sum$q;
        state$d = state$q;
        first_count$word = first[14:0];
        second_count$word = second[14:0];
        sum$d = {2'h0, first_count$count} + {2'h0, second_count$count} + {5'h0, first[15]} + {5'h0, second[15]};
        state$d = state$q + {58'h0, sum$q};
        if (reset) begin
            sum$d = 6'h0;
            state$d = 64'h0;
        end
        total = state$q;
    end

endmodule

module update (
    input wire clock,
    input wire reset,
    input wire prune_only,
    input wire skip,
    input wire srste,
    input wire make_ff,
    input wire make_bp,
    input wire prune_ff,
    input wire prune_bp,
    input wire mask_bp,
    input wire [2:0] m_log2,
    input wire [4:0] n,
    input wire [31:0] inverse_loss_scale,
    input wire [31:0] lambda,
    input wire [31:0] weight_decay,
    input wire [31:0] momentum,
    input wire [31:0] learning_rate,
    input wire [3:0] valid,
    input wire [127:0] w,
    input wire [127:0] v,
    input wire [127:0] dw,
    input wire [63:0] half,
    output wire [3:0] new_valid,
    output wire [127:0] new_w,
    output wire [127:0] new_v,
    output wire ff_valid,
    output wire [4:0] ff_slots,
    output wire [127:0] ff_values,
    output wire [31:0] ff_positions,
    output wire bp_valid,
    output wire [4:0] bp_slots,
    output wire [127:0] bp_values,
    output wire [31:0] bp_positions,
    output wire [63:0] parameters,
    output wire [63:0] groups
);
    wire [3:0] group;
    wire [7:0] block;
    wire [3:0] ff_group;
    wire [4:0] ff_n;
    wire [3:0] bp_group;
    wire [4:0] bp_n;
    wire transpose_bp;
    wire selects_ff;
    wire selects_bp;
    wire decays;
    update_settings settings (.m_log2(m_log2), .n(n), .prune_ff(prune_ff), .prune_bp(prune_bp), .mask_bp(mask_bp), .srste(srste), .lambda(lambda[30:0]), .group(group), .block(block), .ff_group(ff_group), .ff_n(ff_n), .bp_group(bp_group), .bp_n(bp_n), .transpose(transpose_bp), .selects_ff(selects_ff), .selects_bp(selects_bp), .decays(decays));
    wire [63:0] old_values;
    narrow_single old0 (.clock(clock), .single(w[31:0]), .half(old_values[15:0]));
    narrow_single old1 (.clock(clock), .single(w[63:32]), .half(old_values[31:16]));
    narrow_single old2 (.clock(clock), .single(w[95:64]), .half(old_values[47:32]));
    narrow_single old3 (.clock(clock), .single(w[127:96]), .half(old_values[63:48]));
    wire [3:0] old_valid;
    delay_line #(.WIDTH(4), .DEPTH(2)) delay_old_valid (.clock(clock), .reset(reset), .d(valid & {4{srste}}), .q(old_valid));
    wire [127:0] old_word;
    wire [7:0] old_word_valid;
    update_collect collect_old (.clock(clock), .reset(reset), .values(old_values), .valid(old_valid), .group(group), .word(old_word), .word_valid(old_word_valid));
    wire [7:0] old_kept;
    update_rank old_rank (.clock(clock), .values(old_word), .valid(old_word_valid), .group(group), .n(n), .kept(old_kept));
    wire [3:0] kept_9;
    wire old_kept_valid;
    delay_line #(.WIDTH(1), .DEPTH(2)) delay_old_kept_valid (.clock(clock), .reset(reset), .d(|old_word_valid), .q(old_kept_valid));
    update_serial serial (.clock(clock), .flags(old_kept), .valid(old_kept_valid), .more_beats(group[3:2]), .step(5'd4), .beat(kept_9));
    update_lane lane0 (.clock(clock), .dw(dw[31:0]), .w(w[31:0]), .v(v[31:0]), .new_w(new_w[31:0]), .new_v(new_v[31:0]), .decays(decays & ~kept_9[0]), .skip(skip), .inverse_loss_scale(inverse_loss_scale), .lambda(lambda), .weight_decay(weight_decay), .momentum(momentum), .learning_rate(learning_rate));
    update_lane lane1 (.clock(clock), .dw(dw[63:32]), .w(w[63:32]), .v(v[63:32]), .new_w(new_w[63:32]), .new_v(new_v[63:32]), .decays(decays & ~kept_9[1]), .skip(skip), .inverse_loss_scale(inverse_loss_scale), .lambda(lambda), .weight_decay(weight_decay), .momentum(momentum), .learning_rate(learning_rate));
    update_lane lane2 (.clock(clock), .dw(dw[95:64]), .w(w[95:64]), .v(v[95:64]), .new_w(new_w[95:64]), .new_v(new_v[95:64]), .decays(decays & ~kept_9[2]), .skip(skip), .inverse_loss_scale(inverse_loss_scale), .lambda(lambda), .weight_decay(weight_decay), .momentum(momentum), .learning_rate(learning_rate));
    update_lane lane3 (.clock(clock), .dw(dw[127:96]), .w(w[127:96]), .v(v[127:96]), .new_w(new_w[127:96]), .new_v(new_v[127:96]), .decays(decays & ~kept_9[3]), .skip(skip), .inverse_loss_scale(inverse_loss_scale), .lambda(lambda), .weight_decay(weight_decay), .momentum(momentum), .learning_rate(learning_rate));
    wire [3:0] updated;
    delay_line #(.WIDTH(4), .DEPTH(32)) delay_updated (.clock(clock), .reset(reset), .d(valid & {4{~prune_only}}), .q(updated));
    assign new_valid = updated;
    wire [63:0] values;
    update_source source0 (.clock(clock), .from_half(prune_only), .single(new_w[31:0]), .half(half[15:0]), .value(values[15:0]));
    update_source source1 (.clock(clock), .from_half(prune_only), .single(new_w[63:32]), .half(half[31:16]), .value(values[31:16]));
    update_source source2 (.clock(clock), .from_half(prune_only), .single(new_w[95:64]), .half(half[47:32]), .value(values[47:32]));
    update_source source3 (.clock(clock), .from_half(prune_only), .single(new_w[127:96]), .half(half[63:48]), .value(values[63:48]));
    wire [3:0] made;
    delay_line #(.WIDTH(4), .DEPTH(2)) delay_made (.clock(clock), .reset(reset), .d(prune_only ? valid : updated), .q(made));
    wire [3:0] ff_made = made & {4{make_ff}};
    wire [3:0] bp_made = made & {4{make_bp}};
    wire [63:0] across;
    wire [3:0] across_valid;
    update_transpose transpose (.clock(clock), .reset(reset), .values(values), .valid(bp_made & {4{transpose_bp}}), .block(block), .out_values(across), .out_valid(across_valid));
    wire [63:0] bp_source = transpose_bp ? across : values;
    wire [3:0] bp_source_valid = transpose_bp ? across_valid : bp_made;
    wire [127:0] ff_word;
    wire [7:0] ff_word_valid;
    update_collect collect_ff (.clock(clock), .reset(reset), .values(values), .valid(ff_made), .group(ff_group), .word(ff_word), .word_valid(ff_word_valid));
    wire [15:0] ff_groups;
    update_select select_ff (.clock(clock), .reset(reset), .values(ff_word), .valid(ff_word_valid), .group(ff_group), .n(ff_n), .dense(1'h0), .groups(ff_groups), .out_valid(ff_valid), .out_slots(ff_slots), .out_values(ff_values), .out_positions(ff_positions));
    wire [127:0] bp_word;
    wire [7:0] bp_word_valid;
    update_collect collect_bp (.clock(clock), .reset(reset), .values(bp_source), .valid(bp_source_valid), .group(bp_group), .word(bp_word), .word_valid(bp_word_valid));
    wire [15:0] bp_groups;
    update_select select_bp (.clock(clock), .reset(reset), .values(bp_word), .valid(bp_word_valid), .group(bp_group), .n(bp_n), .dense(mask_bp), .groups(bp_groups), .out_valid(bp_valid), .out_slots(bp_slots), .out_values(bp_values), .out_positions(bp_positions));
    wire [3:0] counted = updated & {4{~skip}};
    update_total total_parameters (.clock(clock), .reset(reset), .first({12'h0, counted}), .second(16'h0), .total(parameters));
    update_total total_groups (.clock(clock), .reset(reset), .first(ff_groups & {16{selects_ff}}), .second(bp_groups & {16{selects_bp}}), .total(groups));
endmodule

module counter(clock,count,value);

    // Module arguments
    input wire  clock;
    input wire  count;
    output reg  [63:0] value;

    // Stub signals
    reg  [63:0] counted$d;
    wire  [63:0] counted$q;

    // Local signals
    reg  [63:0] up;

    // Sub module instances
    core_dff_64 counted(
        .d(counted$d),
        .q(counted$q),
        .clock(clock)
    );

    // Update code
    always @(*) begin
        counted$d = counted$q;
        up = counted$q + 64'h1;
        if (count) begin
            counted$d = up;
        end
        value = counted$q;
    end

endmodule

module core (
    input wire clock,
    input wire load_clock,
    input wire run,
    input wire instruction_valid,
    input wire [255:0] instruction,
    input wire go,
    input wire forget,
    input wire [15:0] w2e_write,
    input wire [127:0] w2e_lines,
    input wire [2047:0] w2e_data,
    input wire [6:0] w2e_tag,
    input wire [13:0] w2e_tags,
    input wire table_write,
    input wire [4:0] table_entry,
    input wire [319:0] table_values,
    input wire n2s_write,
    input wire [9:0] n2s_entry,
    input wire [79:0] n2s_data,
    output wire instruction_ready,
    output wire mm_free,
    output wire mm_idle,
    output wire mm_busy,
    output wire multiplies,
    output wire mm_start,
    output wire mm_first_out,
    output wire mm_read,
    output wire mm_end,
    output wire drain_valid,
    output wire [127:0] drain,
    output wire [63:0] cycle_count,
    output wire [63:0] mac_slots,
    output wire [63:0] busy_cycles,
    input wire update_reset,
    input wire update_prune_only,
    input wire update_skip,
    input wire update_srste,
    input wire update_make_ff,
    input wire update_make_bp,
    input wire update_prune_ff,
    input wire update_prune_bp,
    input wire update_mask_bp,
    input wire [2:0] update_m_log2,
    input wire [4:0] update_n,
    input wire [31:0] update_inverse_loss_scale,
    input wire [31:0] update_lambda,
    input wire [31:0] update_weight_decay,
    input wire [31:0] update_momentum,
    input wire [31:0] update_learning_rate,
    input wire [3:0] update_valid,
    input wire [127:0] update_w,
    input wire [127:0] update_v,
    input wire [127:0] update_dw,
    input wire [63:0] update_half,
    output wire [3:0] update_new_valid,
    output wire [127:0] update_new_w,
    output wire [127:0] update_new_v,
    output wire update_ff_valid,
    output wire [4:0] update_ff_slots,
    output wire [127:0] update_ff_values,
    output wire [31:0] update_ff_positions,
    output wire update_bp_valid,
    output wire [4:0] update_bp_slots,
    output wire [127:0] update_bp_values,
    output wire [31:0] update_bp_positions,
    output wire [63:0] update_parameters,
    output wire [63:0] update_groups
);
    wire is_geometry;
    assign is_geometry = instruction_valid & (instruction[7:0] == 8'h01);
    wire is_walk;
    assign is_walk = instruction_valid & (instruction[7:0] == 8'h06);
    wire is_mm;
    assign is_mm = instruction_valid & (instruction[7:0] == 8'h12);
    wire unused_instruction;
    assign unused_instruction = &instruction;
    wire walk_room;
    wire mm_room;
    assign instruction_ready = (walk_room | ~is_walk) & (mm_room | ~is_mm);
    wire [3:0] walk_write_at;
    wire [3:0] walk_read_at;
    wire start_streams;
    wire start_drains;
    wire start_posts;
    wire [15:0] start_outputs;
    wire [4:0] start_interleave;
    wire ending;
    wire running_streams;
    wire [215:0] walk;
    small_ram #(.WIDTH(216), .ADDRESS(4)) walks (.clock(clock), .write(is_walk & walk_room), .write_address(walk_write_at), .write_data(instruction[255:40]), .read_address(walk_read_at), .read_data(walk));
    wire [50:0] row_token_0;
    wire [41:0] column_token_0;
    wire [4:0] row_drain_0;
    controller controller (.clock(clock), .rows(7'd4), .last_row(6'd3), .pass_floor(16'd28), .reach_outputs(16'd23), .reach_sums(16'd34), .run_on(16'd12), .geometry(is_geometry), .geometry_streams(~instruction[42]), .walk(is_walk), .walk_room(walk_room), .walk_write(walk_write_at), .mm(is_mm), .mm_room(mm_room), .mm_slots(instruction[195:180]), .mm_rows(instruction[111:96]), .mm_ip(instruction[216:212]), .mm_iq(instruction[221:217]), .mm_accumulate(instruction[222]), .mm_drain(instruction[223]), .mm_posts(instruction[29]), .mm_activations(instruction[9]), .mm_weights(instruction[11]), .go(go), .forget(forget), .starts(mm_start), .start_streams(start_streams), .start_drains(start_drains), .start_posts(start_posts), .start_outputs(start_outputs), .start_interleave(start_interleave), .ended(mm_free), .ending(ending), .running_streams(running_streams), .busy(mm_busy), .walk_read(walk_read_at), .walk_slots(walk[15:0]), .walk_start(walk[35:16]), .walk_kept(walk[40:36]), .walk_kept_left(walk[45:41]), .walk_groups(walk[61:46]), .walk_groups_left(walk[77:62]), .walk_taps(walk[82:78]), .walk_taps_left(walk[87:83]), .walk_lines(walk[103:88]), .walk_lines_left(walk[119:104]), .walk_group_step(walk[139:120]), .walk_tap_step(walk[159:140]), .walk_line_step(walk[179:160]), .walk_block_step(walk[199:180]), .walk_psum(walk[215:200]), .row_token(row_token_0), .column_token(column_token_0), .row_drain(row_drain_0));
    wire row_valid_0;
    assign row_valid_0 = 1'b0;
    wire [50:0] row_token_1;
    wire [4:0] row_drain_1;
    wire row_valid_1;
    wire [6:0] table_entry_0;
    wire [19:0] table_offset_0;
    wire [17:0] bank_word_0;
    wire [127:0] bank_data_0;
    wire [135:0] word_0;
    wire [10:0] token_0;
    wire [4:0] drain_token_0;
    row_edge row_edge_0 (.clock(clock), .token(row_token_0), .drain(row_drain_0), .north_valid(row_valid_0), .table_entry(table_entry_0), .table_offset(table_offset_0), .bank_word(bank_word_0), .bank_data(bank_data_0), .token_south(row_token_1), .drain_south(row_drain_1), .word(word_0), .token_east(token_0), .drain_east(drain_token_0), .valid(row_valid_1));
    w2e_row bank_0 (.clock(load_clock), .run(run), .write(w2e_write[3:0]), .lines(w2e_lines[31:0]), .data(w2e_data[511:0]), .tag(w2e_tag), .tags(w2e_tags), .table_write(table_write), .table_entry(table_entry), .table_values(table_values[79:0]), .bank_word({bank_word_0[17], bank_word_0[8:0]}), .read_entry(table_entry_0), .bank_data(bank_data_0), .table_offset(table_offset_0));
    wire unused_bank_word_0;
    assign unused_bank_word_0 = &bank_word_0;
    wire [50:0] row_token_2;
    wire [4:0] row_drain_2;
    wire row_valid_2;
    wire [6:0] table_entry_1;
    wire [19:0] table_offset_1;
    wire [17:0] bank_word_1;
    wire [127:0] bank_data_1;
    wire [135:0] word_1;
    wire [10:0] token_1;
    wire [4:0] drain_token_1;
    row_edge row_edge_1 (.clock(clock), .token(row_token_1), .drain(row_drain_1), .north_valid(row_valid_1), .table_entry(table_entry_1), .table_offset(table_offset_1), .bank_word(bank_word_1), .bank_data(bank_data_1), .token_south(row_token_2), .drain_south(row_drain_2), .word(word_1), .token_east(token_1), .drain_east(drain_token_1), .valid(row_valid_2));
    w2e_row bank_1 (.clock(load_clock), .run(run), .write(w2e_write[7:4]), .lines(w2e_lines[63:32]), .data(w2e_data[1023:512]), .tag(w2e_tag), .tags(w2e_tags), .table_write(table_write), .table_entry(table_entry), .table_values(table_values[159:80]), .bank_word({bank_word_1[17], bank_word_1[8:0]}), .read_entry(table_entry_1), .bank_data(bank_data_1), .table_offset(table_offset_1));
    wire unused_bank_word_1;
    assign unused_bank_word_1 = &bank_word_1;
    wire [50:0] row_token_3;
    wire [4:0] row_drain_3;
    wire row_valid_3;
    wire [6:0] table_entry_2;
    wire [19:0] table_offset_2;
    wire [17:0] bank_word_2;
    wire [127:0] bank_data_2;
    wire [135:0] word_2;
    wire [10:0] token_2;
    wire [4:0] drain_token_2;
    row_edge row_edge_2 (.clock(clock), .token(row_token_2), .drain(row_drain_2), .north_valid(row_valid_2), .table_entry(table_entry_2), .table_offset(table_offset_2), .bank_word(bank_word_2), .bank_data(bank_data_2), .token_south(row_token_3), .drain_south(row_drain_3), .word(word_2), .token_east(token_2), .drain_east(drain_token_2), .valid(row_valid_3));
    w2e_row bank_2 (.clock(load_clock), .run(run), .write(w2e_write[11:8]), .lines(w2e_lines[95:64]), .data(w2e_data[1535:1024]), .tag(w2e_tag), .tags(w2e_tags), .table_write(table_write), .table_entry(table_entry), .table_values(table_values[239:160]), .bank_word({bank_word_2[17], bank_word_2[8:0]}), .read_entry(table_entry_2), .bank_data(bank_data_2), .table_offset(table_offset_2));
    wire unused_bank_word_2;
    assign unused_bank_word_2 = &bank_word_2;
    wire [50:0] row_token_4;
    wire [4:0] unused_row_drain_4;
    wire row_valid_4;
    wire [6:0] table_entry_3;
    wire [19:0] table_offset_3;
    wire [17:0] bank_word_3;
    wire [127:0] bank_data_3;
    wire [135:0] word_3;
    wire [10:0] token_3;
    wire [4:0] drain_token_3;
    row_edge row_edge_3 (.clock(clock), .token(row_token_3), .drain(row_drain_3), .north_valid(row_valid_3), .table_entry(table_entry_3), .table_offset(table_offset_3), .bank_word(bank_word_3), .bank_data(bank_data_3), .token_south(row_token_4), .drain_south(unused_row_drain_4), .word(word_3), .token_east(token_3), .drain_east(drain_token_3), .valid(row_valid_4));
    w2e_row bank_3 (.clock(load_clock), .run(run), .write(w2e_write[15:12]), .lines(w2e_lines[127:96]), .data(w2e_data[2047:1536]), .tag(w2e_tag), .tags(w2e_tags), .table_write(table_write), .table_entry(table_entry), .table_values(table_values[319:240]), .bank_word({bank_word_3[17], bank_word_3[8:0]}), .read_entry(table_entry_3), .bank_data(bank_data_3), .table_offset(table_offset_3));
    wire unused_bank_word_3;
    assign unused_bank_word_3 = &bank_word_3;
    wire [17:0] foot_token_0;
    delay_line #(.WIDTH(18), .DEPTH(8)) delay_foot_token_0 (.clock(clock), .reset(1'b0), .d({row_token_4[6], row_token_4[4] & row_token_4[7], row_token_4[50:35]}), .q(foot_token_0));
    wire unused_row_token_4;
    assign unused_row_token_4 = &row_token_4;
    wire [41:0] column_token_1;
    wire [17:0] foot_token_1;
    wire [16:0] bank_entry_0;
    wire [19:0] weight_data_0;
    wire [15:0] psum_read_0;
    wire [31:0] psum_data_0;
    wire [16:0] weight_0;
    wire [10:0] tag_0;
    wire [31:0] head_sum_0;
    wire psum_write_0;
    wire [15:0] psum_word_0;
    wire [31:0] out_0;
    column_head column_head_0 (.clock(clock), .token(column_token_0), .bank_entry(bank_entry_0), .bank_data(weight_data_0), .psum_read(psum_read_0), .psum_data(psum_data_0), .token_east(column_token_1), .weight(weight_0), .tag(tag_0), .sum(head_sum_0));
    bank_ram #(.LANES(1), .LANE(20), .ADDRESS(10)) n2s_0 (.clock(load_clock), .run(run), .write(n2s_write), .write_address(n2s_entry), .write_data(n2s_data[19:0]), .read_address({bank_entry_0[16], bank_entry_0[8:0]}), .read_data(weight_data_0));
    block_ram #(.WIDTH(32), .ADDRESS(10)) psum_0 (.clock(clock), .write(psum_write_0), .write_address(psum_word_0[9:0]), .write_data(sums[31:0]), .read_address(psum_read_0[9:0]), .read_data(psum_data_0));
    column_foot column_foot_0 (.clock(clock), .token(foot_token_0), .sum(sums[31:0]), .drained(drained[31:0]), .token_east(foot_token_1), .psum_write(psum_write_0), .psum_word(psum_word_0), .out(out_0));
    wire [31:0] aligned_0;
    delay_line #(.WIDTH(32), .DEPTH(3)) delay_aligned_0 (.clock(clock), .reset(1'b0), .d(out_0), .q(aligned_0));
    wire unused_bank_entry_0;
    assign unused_bank_entry_0 = &bank_entry_0;
    wire unused_psum_read_0;
    assign unused_psum_read_0 = &psum_read_0;
    wire unused_psum_word_0;
    assign unused_psum_word_0 = &psum_word_0;
    wire [41:0] column_token_2;
    wire [17:0] foot_token_2;
    wire [16:0] bank_entry_1;
    wire [19:0] weight_data_1;
    wire [15:0] psum_read_1;
    wire [31:0] psum_data_1;
    wire [16:0] weight_1;
    wire [10:0] tag_1;
    wire [31:0] head_sum_1;
    wire psum_write_1;
    wire [15:0] psum_word_1;
    wire [31:0] out_1;
    column_head column_head_1 (.clock(clock), .token(column_token_1), .bank_entry(bank_entry_1), .bank_data(weight_data_1), .psum_read(psum_read_1), .psum_data(psum_data_1), .token_east(column_token_2), .weight(weight_1), .tag(tag_1), .sum(head_sum_1));
    bank_ram #(.LANES(1), .LANE(20), .ADDRESS(10)) n2s_1 (.clock(load_clock), .run(run), .write(n2s_write), .write_address(n2s_entry), .write_data(n2s_data[39:20]), .read_address({bank_entry_1[16], bank_entry_1[8:0]}), .read_data(weight_data_1));
    block_ram #(.WIDTH(32), .ADDRESS(10)) psum_1 (.clock(clock), .write(psum_write_1), .write_address(psum_word_1[9:0]), .write_data(sums[63:32]), .read_address(psum_read_1[9:0]), .read_data(psum_data_1));
    column_foot column_foot_1 (.clock(clock), .token(foot_token_1), .sum(sums[63:32]), .drained(drained[63:32]), .token_east(foot_token_2), .psum_write(psum_write_1), .psum_word(psum_word_1), .out(out_1));
    wire [31:0] aligned_1;
    delay_line #(.WIDTH(32), .DEPTH(2)) delay_aligned_1 (.clock(clock), .reset(1'b0), .d(out_1), .q(aligned_1));
    wire unused_bank_entry_1;
    assign unused_bank_entry_1 = &bank_entry_1;
    wire unused_psum_read_1;
    assign unused_psum_read_1 = &psum_read_1;
    wire unused_psum_word_1;
    assign unused_psum_word_1 = &psum_word_1;
    wire [41:0] column_token_3;
    wire [17:0] foot_token_3;
    wire [16:0] bank_entry_2;
    wire [19:0] weight_data_2;
    wire [15:0] psum_read_2;
    wire [31:0] psum_data_2;
    wire [16:0] weight_2;
    wire [10:0] tag_2;
    wire [31:0] head_sum_2;
    wire psum_write_2;
    wire [15:0] psum_word_2;
    wire [31:0] out_2;
    column_head column_head_2 (.clock(clock), .token(column_token_2), .bank_entry(bank_entry_2), .bank_data(weight_data_2), .psum_read(psum_read_2), .psum_data(psum_data_2), .token_east(column_token_3), .weight(weight_2), .tag(tag_2), .sum(head_sum_2));
    bank_ram #(.LANES(1), .LANE(20), .ADDRESS(10)) n2s_2 (.clock(load_clock), .run(run), .write(n2s_write), .write_address(n2s_entry), .write_data(n2s_data[59:40]), .read_address({bank_entry_2[16], bank_entry_2[8:0]}), .read_data(weight_data_2));
    block_ram #(.WIDTH(32), .ADDRESS(10)) psum_2 (.clock(clock), .write(psum_write_2), .write_address(psum_word_2[9:0]), .write_data(sums[95:64]), .read_address(psum_read_2[9:0]), .read_data(psum_data_2));
    column_foot column_foot_2 (.clock(clock), .token(foot_token_2), .sum(sums[95:64]), .drained(drained[95:64]), .token_east(foot_token_3), .psum_write(psum_write_2), .psum_word(psum_word_2), .out(out_2));
    wire [31:0] aligned_2;
    delay_line #(.WIDTH(32), .DEPTH(1)) delay_aligned_2 (.clock(clock), .reset(1'b0), .d(out_2), .q(aligned_2));
    wire unused_bank_entry_2;
    assign unused_bank_entry_2 = &bank_entry_2;
    wire unused_psum_read_2;
    assign unused_psum_read_2 = &psum_read_2;
    wire unused_psum_word_2;
    assign unused_psum_word_2 = &psum_word_2;
    wire [41:0] unused_column_token_4;
    wire [17:0] unused_foot_token_4;
    wire [16:0] bank_entry_3;
    wire [19:0] weight_data_3;
    wire [15:0] psum_read_3;
    wire [31:0] psum_data_3;
    wire [16:0] weight_3;
    wire [10:0] tag_3;
    wire [31:0] head_sum_3;
    wire psum_write_3;
    wire [15:0] psum_word_3;
    wire [31:0] out_3;
    column_head column_head_3 (.clock(clock), .token(column_token_3), .bank_entry(bank_entry_3), .bank_data(weight_data_3), .psum_read(psum_read_3), .psum_data(psum_data_3), .token_east(unused_column_token_4), .weight(weight_3), .tag(tag_3), .sum(head_sum_3));
    bank_ram #(.LANES(1), .LANE(20), .ADDRESS(10)) n2s_3 (.clock(load_clock), .run(run), .write(n2s_write), .write_address(n2s_entry), .write_data(n2s_data[79:60]), .read_address({bank_entry_3[16], bank_entry_3[8:0]}), .read_data(weight_data_3));
    block_ram #(.WIDTH(32), .ADDRESS(10)) psum_3 (.clock(clock), .write(psum_write_3), .write_address(psum_word_3[9:0]), .write_data(sums[127:96]), .read_address(psum_read_3[9:0]), .read_data(psum_data_3));
    column_foot column_foot_3 (.clock(clock), .token(foot_token_3), .sum(sums[127:96]), .drained(drained[127:96]), .token_east(unused_foot_token_4), .psum_write(psum_write_3), .psum_word(psum_word_3), .out(out_3));
    wire [31:0] aligned_3;
    delay_line #(.WIDTH(32), .DEPTH(0)) delay_aligned_3 (.clock(clock), .reset(1'b0), .d(out_3), .q(aligned_3));
    wire unused_bank_entry_3;
    assign unused_bank_entry_3 = &bank_entry_3;
    wire unused_psum_read_3;
    assign unused_psum_read_3 = &psum_read_3;
    wire unused_psum_word_3;
    assign unused_psum_word_3 = &psum_word_3;
    wire reaching;
    delay_line #(.WIDTH(1), .DEPTH(3)) delay_reaching (.clock(clock), .reset(1'b0), .d(row_valid_4 | (foot_token_0[16] & foot_token_0[17])), .q(reaching));
    wire aligned_valid;
    delay_line #(.WIDTH(1), .DEPTH(1)) delay_aligned_valid (.clock(clock), .reset(1'b0), .d(reaching), .q(aligned_valid));
    assign drain_valid = aligned_valid;
    assign drain = {aligned_3, aligned_2, aligned_1, aligned_0};
    wire [543:0] words;
    wire [43:0] tokens;
    wire [19:0] drain_tokens;
    assign words = {word_3, word_2, word_1, word_0};
    assign tokens = {token_3, token_2, token_1, token_0};
    assign drain_tokens = {drain_token_3, drain_token_2, drain_token_1, drain_token_0};
    wire [67:0] weights;
    wire [43:0] tags;
    wire [127:0] head_sums;
    assign weights = {weight_3, weight_2, weight_1, weight_0};
    assign tags = {tag_3, tag_2, tag_1, tag_0};
    assign head_sums = {head_sum_3, head_sum_2, head_sum_1, head_sum_0};
    wire [127:0] sums;
    wire [127:0] drained;
    stce array (.clock(clock), .word(words), .token(tokens), .drain(drain_tokens), .weight(weights), .tag(tags), .north_sum(head_sums), .sum(sums), .drained(drained), .multiplies(multiplies));
    mm_ends the_ends (.clock(clock), .forget(forget), .start(mm_start), .drains(start_drains), .posts(start_posts), .streams(start_streams), .outputs(start_outputs), .interleave(start_interleave), .ending(ending), .reaching(reaching), .first_out(mm_first_out), .ended(mm_end), .idle(mm_idle));
    wire tile_read;
    delay_line #(.WIDTH(1), .DEPTH(6)) delay_tile_read (.clock(clock), .reset(1'b0), .d(ending & ~running_streams), .q(tile_read));
    wire pass_read;
    delay_line #(.WIDTH(1), .DEPTH(18)) delay_pass_read (.clock(clock), .reset(1'b0), .d(ending & running_streams), .q(pass_read));
    assign mm_read = tile_read | pass_read;
    update update (.clock(clock), .reset(update_reset), .prune_only(update_prune_only), .skip(update_skip), .srste(update_srste), .make_ff(update_make_ff), .make_bp(update_make_bp), .prune_ff(update_prune_ff), .prune_bp(update_prune_bp), .mask_bp(update_mask_bp), .m_log2(update_m_log2), .n(update_n), .inverse_loss_scale(update_inverse_loss_scale), .lambda(update_lambda), .weight_decay(update_weight_decay), .momentum(update_momentum), .learning_rate(update_learning_rate), .valid(update_valid), .w(update_w), .v(update_v), .dw(update_dw), .half(update_half), .new_valid(update_new_valid), .new_w(update_new_w), .new_v(update_new_v), .ff_valid(update_ff_valid), .ff_slots(update_ff_slots), .ff_values(update_ff_values), .ff_positions(update_ff_positions), .bp_valid(update_bp_valid), .bp_slots(update_bp_slots), .bp_values(update_bp_values), .bp_positions(update_bp_positions), .parameters(update_parameters), .groups(update_groups));
    counter count_cycle_count (.clock(clock), .count(1'b1), .value(cycle_count));
    counter count_mac_slots (.clock(clock), .count(multiplies), .value(mac_slots));
    counter count_busy_cycles (.clock(clock), .count(mm_busy), .value(busy_cycles));
endmodule
