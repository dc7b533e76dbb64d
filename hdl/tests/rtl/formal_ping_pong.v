// Around the ping-pong of the update unit's transposition: what formal.rs proves of it.
module harness(input wire clock, input wire reset, input wire beat, input wire [1:0] length);
    // A block of 4, 16, 64 elements in beats of 4, or of 4 in one beat.
    wire [7:0] mask = length == 0 ? 8'd3 : length == 1 ? 8'd15 : 8'd63;
    wire [7:0] write_position, read_position;
    wire write_bank, reads;
    update_ping_pong dut(.clock(clock), .reset(reset), .beat(beat), .step(8'd4), .mask(mask), .write_position(write_position),
        .write_bank(write_bank), .read_position(read_position), .reads(reads));
    reg [1:0] last_length;
    // Beats of the block that is written, and beats that are there to be read.
    reg [7:0] written = 0, ready = 0;
    wire [7:0] beats = mask >> 2;
    wire completes = beat & (written == beats);
    always @(posedge clock) begin
        last_length <= length;
        written <= reset | completes ? 0 : written + beat;
        ready <= reset ? 0 : completes ? beats + 1 : ready - reads;
    end
    always @* begin
        // Settings are held.
        assume(length == last_length);
        assert(write_position == (written << 2));
        assert(reads == (ready != 0));
        assert(!reads | read_position == ((beats + 1 - ready) << 2));
        // Nothing is overwritten that is still to be read: a block completes with the last beat that is read, or later.
        assert(!completes | ready <= 1);
        assert(reads | read_position == 0);
        assert(written <= beats & ready <= beats + 1);
        assert(ready == 0 | ready + written <= beats + 1);
    end
endmodule
