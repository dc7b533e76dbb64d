// Around the MM engine's controller: what formal.rs proves of it. Constants are small, so that much happens in few cycles.
module harness(
    input wire clock,
    input wire geometry, input wire geometry_streams,
    input wire walk, input wire mm,
    input wire [15:0] mm_slots, input wire [15:0] mm_rows,
    input wire [4:0] mm_ip, input wire [4:0] mm_iq,
    input wire mm_accumulate, input wire mm_drain, input wire mm_activations, input wire mm_weights,
    input wire go,
    input wire [15:0] walk_slots
);
    wire walk_room, mm_room, starts, ended, busy;
    wire [3:0] walk_write, walk_read;
    controller dut(
        .clock(clock), .rows(7'd4), .last_row(6'd3), .pass_floor(16'd7), .reach_outputs(16'd9), .reach_sums(16'd8),
        .run_on(16'd3), .geometry(geometry), .geometry_streams(geometry_streams),
        .walk(walk), .walk_room(walk_room), .walk_write(walk_write),
        .mm(mm), .mm_room(mm_room), .mm_slots(mm_slots), .mm_rows(mm_rows), .mm_ip(mm_ip), .mm_iq(mm_iq),
        .mm_accumulate(mm_accumulate), .mm_drain(mm_drain), .mm_posts(1'b0), .mm_activations(mm_activations), .mm_weights(mm_weights),
        .go(go), .forget(1'b0), .starts(starts), .start_streams(), .start_drains(), .start_posts(), .start_outputs(),
        .start_interleave(), .ending(), .running_streams(), .ended(ended), .busy(busy), .walk_read(walk_read), .walk_slots(walk_slots),
        .walk_start(20'd0), .walk_kept(5'd1), .walk_kept_left(5'd1), .walk_groups(16'd1), .walk_groups_left(16'd1),
        .walk_taps(5'd1), .walk_taps_left(5'd1), .walk_lines(16'd1), .walk_lines_left(16'd1),
        .walk_group_step(20'd0), .walk_tap_step(20'd0), .walk_line_step(20'd0), .walk_block_step(20'd0), .walk_psum(16'd0),
        .row_token(), .column_token(), .row_drain()
    );
    wire [3:0] waiting = walk_write - walk_read;
    wire takes_walk = walk & walk_room;
    wire takes_mm = mm & mm_room;
    // What was in the cycle before.
    reg [3:0] last_write = 0, last_read = 0;
    reg last_taken = 0;
    // MMs that are taken and not started, and for how many cycles.
    reg pending = 0;
    reg [2:0] waited = 0;
    always @(posedge clock) begin
        last_write <= walk_write;
        last_read <= walk_read;
        last_taken <= takes_walk;
        if (takes_mm) pending <= 1;
        if (starts) pending <= 0;
        waited <= takes_mm ? 1 : starts ? 0 : waited == 4 ? 4 : pending ? waited + 1 : 0;
    end
    wire [3:0] step = walk_read - last_read;
    always @* begin
        assert(walk_room == (waiting != 15));
        assert(walk_write == last_write + last_taken);
        assert(step < 2);
        assert(mm_room == !pending);
        assert(!starts | (pending & go & (waited == 4)));
        assert(!starts | busy);
`ifdef BOUNDED
        // Every MM has one walk before it.
        assume(!mm | given != 0);
        assume(mm_slots == 2 & mm_rows == 2 & walk_slots == 2 & mm_iq == 1 & (mm_ip == 1 | mm_ip == 6));
        assert(!step | last_waiting != 0);
        assert(busy == (starts | runs));
        assert(!(starts & runs));
        assert(ended == (occupied & !runs));
        // A pass without a drain waits for nothing else.
        assert(starts | runs | !go | !pending | waited != 4 | !next_streams | next_drain);
`endif
    end
`ifdef BOUNDED
    reg [4:0] given = 0;
    reg [3:0] last_waiting = 0;
    reg streams = 0, next_streams = 0, next_drain = 0, occupied = 0;
    wire runs = occupied & !ended;
    always @(posedge clock) begin
        last_waiting <= waiting;
        occupied <= starts | runs;
        if (geometry) streams <= geometry_streams;
        if (takes_mm) next_streams <= streams;
        if (takes_mm) next_drain <= mm_drain;
        given <= given + takes_walk - takes_mm;
    end
`endif
endmodule
