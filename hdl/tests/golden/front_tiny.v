module registers_dff_1(d,q,clock);

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

module front_lite_port_dff_10(d,q,clock);

    // Module arguments
    input wire  [9:0] d;
    output reg  [9:0] q;
    input wire  clock;

    // Update code (custom)
    initial begin
       q = 10'h0;
    end

    always @(posedge clock) begin
       q <= d;
    end

endmodule

module registers_dff_32(d,q,clock);

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

module front_lite_port_dff_4(d,q,clock);

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

module front_lite_port(clock,reset,hold,awaddr,awvalid,awready,wdata,wstrb,wvalid,wready,bresp,bvalid,bready,araddr,arvalid,arready,rdata,rresp,rvalid,rready,write,write_word,write_data,write_mask,read,read_word,read_data);

    // Module arguments
    input wire  clock;
    input wire  reset;
    input wire  hold;
    input wire  [9:0] awaddr;
    input wire  awvalid;
    output reg  awready;
    input wire  [31:0] wdata;
    input wire  [3:0] wstrb;
    input wire  wvalid;
    output reg  wready;
    output reg  [1:0] bresp;
    output reg  bvalid;
    input wire  bready;
    input wire  [9:0] araddr;
    input wire  arvalid;
    output reg  arready;
    output reg  [31:0] rdata;
    output reg  [1:0] rresp;
    output reg  rvalid;
    input wire  rready;
    output reg  write;
    output reg  [9:0] write_word;
    output reg  [31:0] write_data;
    output reg  [31:0] write_mask;
    output reg  read;
    output reg  [9:0] read_word;
    input wire  [31:0] read_data;

    // Stub signals
    reg  has_address$d;
    wire  has_address$q;
    reg  [9:0] address$d;
    wire  [9:0] address$q;
    reg  has_data$d;
    wire  has_data$q;
    reg  [31:0] data$d;
    wire  [31:0] data$q;
    reg  [3:0] strobes$d;
    wire  [3:0] strobes$q;
    reg  written$d;
    wire  written$q;
    reg  answers$d;
    wire  answers$q;
    reg  has_read$d;
    wire  has_read$q;
    reg  [9:0] read_address$d;
    wire  [9:0] read_address$q;
    reg  shows$d;
    wire  shows$q;
    reg  [31:0] shown$d;
    wire  [31:0] shown$q;

    // Local signals
    reg  writes;
    reg  reads;
    reg  [31:0] byte_0;
    reg  [31:0] byte_1;
    reg  [31:0] byte_2;
    reg  [31:0] byte_3;

    // Sub module instances
    registers_dff_1 has_address(
        .d(has_address$d),
        .q(has_address$q),
        .clock(clock)
    );
    front_lite_port_dff_10 address(
        .d(address$d),
        .q(address$q),
        .clock(clock)
    );
    registers_dff_1 has_data(
        .d(has_data$d),
        .q(has_data$q),
        .clock(clock)
    );
    registers_dff_32 data(
        .d(data$d),
        .q(data$q),
        .clock(clock)
    );
    front_lite_port_dff_4 strobes(
        .d(strobes$d),
        .q(strobes$q),
        .clock(clock)
    );
    registers_dff_1 written(
        .d(written$d),
        .q(written$q),
        .clock(clock)
    );
    registers_dff_1 answers(
        .d(answers$d),
        .q(answers$q),
        .clock(clock)
    );
    registers_dff_1 has_read(
        .d(has_read$d),
        .q(has_read$q),
        .clock(clock)
    );
    front_lite_port_dff_10 read_address(
        .d(read_address$d),
        .q(read_address$q),
        .clock(clock)
    );
    registers_dff_1 shows(
        .d(shows$d),
        .q(shows$q),
        .clock(clock)
    );
    registers_dff_32 shown(
        .d(shown$d),
        .q(shown$q),
        .clock(clock)
    );

    // Update code
    always @(*) begin
        has_address$d = has_address$q;
        address$d = address$q;
        has_data$d = has_data$q;
        data$d = data$q;
        strobes$d = strobes$q;
        written$d = written$q;
        answers$d = answers$q;
        has_read$d = has_read$q;
        read_address$d = read_address$q;
        shows$d = shows$q;
        shown$d = shown$q;
        awready = ~has_address$q;
        wready = ~has_data$q;
        arready = ~has_read$q;
        if (awvalid & ~has_address$q) begin
            has_address$d = 1'b1;
            address$d = awaddr;
        end
        if (wvalid & ~has_data$q) begin
            has_data$d = 1'b1;
            data$d = wdata;
            strobes$d = wstrb;
        end
        if (arvalid & ~has_read$q) begin
            has_read$d = 1'b1;
            read_address$d = araddr;
        end
        writes = has_address$q & has_data$q & ~written$q & ~answers$q;
        if (writes) begin
            written$d = 1'b1;
        end
        if (written$q & ~hold) begin
            written$d = 1'b0;
            answers$d = 1'b1;
        end
        if (answers$q & bready) begin
            answers$d = 1'b0;
            has_address$d = 1'b0;
            has_data$d = 1'b0;
        end
        reads = has_read$q & ~shows$q & ~hold & ~written$q & ~writes;
        if (reads) begin
            shows$d = 1'b1;
            shown$d = read_data;
        end
        if (shows$q & rready) begin
            shows$d = 1'b0;
            has_read$d = 1'b0;
        end
        if (reset) begin
            has_address$d = 1'b0;
            has_data$d = 1'b0;
            written$d = 1'b0;
            answers$d = 1'b0;
            has_read$d = 1'b0;
            shows$d = 1'b0;
        end
        byte_0 = 32'h0;
        byte_1 = 32'h0;
        byte_2 = 32'h0;
        byte_3 = 32'h0;
        if (strobes$q[0]) begin
            byte_0 = 32'hff;
        end
        if (strobes$q[1]) begin
            byte_1 = 32'hff << 5'h8;
        end
        if (strobes$q[2]) begin
            byte_2 = 32'hff << 5'h10;
        end
        if (strobes$q[3]) begin
            byte_3 = 32'hff << 5'h18;
        end
        write = writes;
        write_word = address$q;
        write_data = data$q;
        write_mask = byte_0 | byte_1 | byte_2 | byte_3;
        read = reads;
        read_word = read_address$q;
        bvalid = answers$q;
        bresp = 2'h0;
        rvalid = shows$q;
        rdata = shown$q;
        rresp = 2'h0;
    end

endmodule

module front_shows(word,read_word,value,shown);

    // Module arguments
    input wire  [9:0] word;
    input wire  [9:0] read_word;
    input wire  [31:0] value;
    output reg  [31:0] shown;

    // Update code
    always @(*) begin
        shown = 32'h0;
        if (read_word == word) begin
            shown = value;
        end
    end

endmodule

module front_holds(clock,clear,word,has,write,write_word,write_data,write_mask,value);

    // Module arguments
    input wire  clock;
    input wire  clear;
    input wire  [9:0] word;
    input wire  [31:0] has;
    input wire  write;
    input wire  [9:0] write_word;
    input wire  [31:0] write_data;
    input wire  [31:0] write_mask;
    output reg  [31:0] value;

    // Stub signals
    reg  [31:0] held$d;
    wire  [31:0] held$q;

    // Local signals
    reg  [31:0] kept;

    // Sub module instances
    registers_dff_32 held(
        .d(held$d),
        .q(held$q),
        .clock(clock)
    );

    // Update code
    always @(*) begin
        held$d = held$q;
        kept = ~write_mask;
        if (write & (write_word == word)) begin
            held$d = (held$q & kept) | (write_data & write_mask & has);
        end
        if (clear) begin
            held$d = 32'h0;
        end
        value = held$q;
    end

endmodule

module front_pair(clock,reset,low,high,read,read_word,value,shown);

    // Module arguments
    input wire  clock;
    input wire  reset;
    input wire  [9:0] low;
    input wire  [9:0] high;
    input wire  read;
    input wire  [9:0] read_word;
    input wire  [63:0] value;
    output reg  [31:0] shown;

    // Stub signals
    reg  [31:0] latched$d;
    wire  [31:0] latched$q;

    // Sub module instances
    registers_dff_32 latched(
        .d(latched$d),
        .q(latched$q),
        .clock(clock)
    );

    // Update code
    always @(*) begin
        latched$d = latched$q;
        shown = 32'h0;
        if (read_word == high) begin
            shown = latched$q;
        end
        if (read_word == low) begin
            shown = value[31:0];
            if (read) begin
                latched$d = value[63:32];
            end
        end
        if (reset) begin
            latched$d = 32'h0;
        end
    end

endmodule

module front_control(clock,reset,word,start_bit,cancel_bit,reset_bit,write,write_word,write_data,write_mask,reset_done,start,cancel,resetting);

    // Module arguments
    input wire  clock;
    input wire  reset;
    input wire  [9:0] word;
    input wire  [31:0] start_bit;
    input wire  [31:0] cancel_bit;
    input wire  [31:0] reset_bit;
    input wire  write;
    input wire  [9:0] write_word;
    input wire  [31:0] write_data;
    input wire  [31:0] write_mask;
    input wire  reset_done;
    output reg  start;
    output reg  cancel;
    output reg  resetting;

    // Stub signals
    reg  wish$d;
    wire  wish$q;

    // Local signals
    reg  [31:0] strobes;
    reg  [31:0] starts;
    reg  [31:0] cancels;
    reg  [31:0] resets;

    // Sub module instances
    registers_dff_1 wish(
        .d(wish$d),
        .q(wish$q),
        .clock(clock)
    );

    // Update code
    always @(*) begin
        wish$d = wish$q;
        strobes = 32'h0;
        if (write & (write_word == word)) begin
            strobes = write_data & write_mask;
        end
        starts = strobes & start_bit;
        cancels = strobes & cancel_bit;
        resets = strobes & reset_bit;
        start = |starts & ~|resets;
        cancel = |cancels & ~|resets;
        if (|resets) begin
            wish$d = 1'b1;
        end
        if (reset_done | reset) begin
            wish$d = 1'b0;
        end
        resetting = wish$q;
    end

endmodule

module front_status(clock,clear,word,write,write_word,write_data,write_mask,raised,enable,value,signals);

    // Module arguments
    input wire  clock;
    input wire  clear;
    input wire  [9:0] word;
    input wire  write;
    input wire  [9:0] write_word;
    input wire  [31:0] write_data;
    input wire  [31:0] write_mask;
    input wire  [31:0] raised;
    input wire  [31:0] enable;
    output reg  [31:0] value;
    output reg  signals;

    // Stub signals
    reg  [31:0] sticky$d;
    wire  [31:0] sticky$q;
    reg  line$d;
    wire  line$q;

    // Local signals
    reg  [31:0] acknowledged;
    reg  [31:0] kept;
    reg  [31:0] enabled;

    // Sub module instances
    registers_dff_32 sticky(
        .d(sticky$d),
        .q(sticky$q),
        .clock(clock)
    );
    registers_dff_1 line(
        .d(line$d),
        .q(line$q),
        .clock(clock)
    );

    // Update code
    always @(*) begin
        sticky$d = sticky$q;
        line$d = line$q;
        acknowledged = 32'h0;
        if (write & (write_word == word)) begin
            acknowledged = write_data & write_mask;
        end
        kept = ~acknowledged;
        sticky$d = (sticky$q & kept) | raised;
        enabled = sticky$q & enable;
        line$d = |enabled;
        if (clear) begin
            sticky$d = 32'h0;
            line$d = 1'b0;
        end
        value = sticky$q;
        signals = line$q;
    end

endmodule

module registers (
    input wire clock,
    input wire reset,
    input wire [11:0] awaddr,
    input wire awvalid,
    input wire [31:0] wdata,
    input wire [3:0] wstrb,
    input wire wvalid,
    input wire bready,
    input wire [11:0] araddr,
    input wire arvalid,
    input wire rready,
    output wire awready,
    output wire wready,
    output wire [1:0] bresp,
    output wire bvalid,
    output wire arready,
    output wire [31:0] rdata,
    output wire [1:0] rresp,
    output wire rvalid,
    input wire [31:0] git_hash,
    input wire [31:0] build_date,
    input wire [3:0] ddr_calibrated,
    input wire [63:0] cycles,
    input wire busy,
    input wire reset_done,
    input wire [31:0] raised,
    input wire [31:0] fault_index,
    input wire [63:0] fault_address,
    input wire [31:0] retired,
    input wire [63:0] job_cycles,
    output wire signals,
    output wire start,
    output wire cancel,
    output wire resetting,
    output wire [63:0] program_address,
    output wire [31:0] length,
    output wire [31:0] watchdog_cycles
);
    wire write;
    wire [9:0] write_word;
    wire [31:0] write_data;
    wire [31:0] write_mask;
    wire read;
    wire [9:0] read_word;
    wire [31:0] read_data;
    wire [3:0] unused_addresses = {araddr[1:0], awaddr[1:0]};
    front_lite_port port (.awaddr(awaddr[11:2]), .awvalid(awvalid), .wdata(wdata), .wstrb(wstrb), .wvalid(wvalid), .bready(bready), .araddr(araddr[11:2]), .arvalid(arvalid), .rready(rready), .awready(awready), .wready(wready), .bresp(bresp), .bvalid(bvalid), .arready(arready), .rdata(rdata), .rresp(rresp), .rvalid(rvalid), .clock(clock), .reset(reset), .hold(resetting), .write(write), .write_word(write_word), .write_data(write_data), .write_mask(write_mask), .read(read), .read_word(read_word), .read_data(read_data));
    wire clear = reset | reset_done;
    wire [31:0] value_scratch;
    wire [31:0] value_interrupt_enable;
    wire [31:0] value_program_low;
    wire [31:0] value_program_high;
    wire [31:0] value_program_length;
    wire [31:0] value_watchdog_cycles;
    wire [31:0] value_status;
    wire [31:0] shown_identity_magic;
    front_shows shows_identity_magic (.word(10'h0), .read_word(read_word), .value(32'h5341544b), .shown(shown_identity_magic));
    wire [31:0] shown_contract_version;
    front_shows shows_contract_version (.word(10'h1), .read_word(read_word), .value(32'h7), .shown(shown_contract_version));
    wire [31:0] shown_contract_hash;
    front_shows shows_contract_hash (.word(10'h2), .read_word(read_word), .value(32'h63cb7977), .shown(shown_contract_hash));
    wire [31:0] shown_configuration_hash;
    front_shows shows_configuration_hash (.word(10'h3), .read_word(read_word), .value(32'h2655c5b8), .shown(shown_configuration_hash));
    wire [31:0] shown_git_hash;
    front_shows shows_git_hash (.word(10'h4), .read_word(read_word), .value(git_hash), .shown(shown_git_hash));
    wire [31:0] shown_build_date;
    front_shows shows_build_date (.word(10'h5), .read_word(read_word), .value(build_date), .shown(shown_build_date));
    wire [31:0] shown_ddr_calibrated;
    front_shows shows_ddr_calibrated (.word(10'h6), .read_word(read_word), .value({28'h0, ddr_calibrated}), .shown(shown_ddr_calibrated));
    front_holds holds_scratch (.clock(clock), .clear(reset), .word(10'h7), .has(32'hffffffff), .write(write), .write_word(write_word), .write_data(write_data), .write_mask(write_mask), .value(value_scratch));
    wire [31:0] shown_scratch;
    front_shows shows_scratch (.word(10'h7), .read_word(read_word), .value(value_scratch), .shown(shown_scratch));
    wire [31:0] shown_cycles_low;
    front_pair pair_cycles_low (.clock(clock), .reset(reset), .low(10'h8), .high(10'h9), .read(read), .read_word(read_word), .value(cycles), .shown(shown_cycles_low));
    front_control control (.clock(clock), .reset(reset), .word(10'h10), .start_bit(32'h1), .cancel_bit(32'h2), .reset_bit(32'h4), .write(write), .write_word(write_word), .write_data(write_data), .write_mask(write_mask), .reset_done(reset_done), .start(start), .cancel(cancel), .resetting(resetting));
    front_status status (.clock(clock), .clear(clear), .word(10'h11), .write(write), .write_word(write_word), .write_data(write_data), .write_mask(write_mask), .raised(raised), .enable(value_interrupt_enable), .value(value_status), .signals(signals));
    wire [31:0] shown_status;
    front_shows shows_status (.word(10'h11), .read_word(read_word), .value(value_status), .shown(shown_status));
    front_holds holds_interrupt_enable (.clock(clock), .clear(clear), .word(10'h12), .has(32'h3f), .write(write), .write_word(write_word), .write_data(write_data), .write_mask(write_mask), .value(value_interrupt_enable));
    wire [31:0] shown_interrupt_enable;
    front_shows shows_interrupt_enable (.word(10'h12), .read_word(read_word), .value(value_interrupt_enable), .shown(shown_interrupt_enable));
    front_holds holds_program_low (.clock(clock), .clear(clear), .word(10'h13), .has(32'hffffffff), .write(write), .write_word(write_word), .write_data(write_data), .write_mask(write_mask), .value(value_program_low));
    wire [31:0] shown_program_low;
    front_shows shows_program_low (.word(10'h13), .read_word(read_word), .value(value_program_low), .shown(shown_program_low));
    front_holds holds_program_high (.clock(clock), .clear(clear), .word(10'h14), .has(32'hffffffff), .write(write), .write_word(write_word), .write_data(write_data), .write_mask(write_mask), .value(value_program_high));
    wire [31:0] shown_program_high;
    front_shows shows_program_high (.word(10'h14), .read_word(read_word), .value(value_program_high), .shown(shown_program_high));
    front_holds holds_program_length (.clock(clock), .clear(clear), .word(10'h15), .has(32'hffffffff), .write(write), .write_word(write_word), .write_data(write_data), .write_mask(write_mask), .value(value_program_length));
    wire [31:0] shown_program_length;
    front_shows shows_program_length (.word(10'h15), .read_word(read_word), .value(value_program_length), .shown(shown_program_length));
    wire [31:0] shown_fault_instruction;
    front_shows shows_fault_instruction (.word(10'h16), .read_word(read_word), .value(fault_index), .shown(shown_fault_instruction));
    front_holds holds_watchdog_cycles (.clock(clock), .clear(reset), .word(10'h17), .has(32'hffffffff), .write(write), .write_word(write_word), .write_data(write_data), .write_mask(write_mask), .value(value_watchdog_cycles));
    wire [31:0] shown_watchdog_cycles;
    front_shows shows_watchdog_cycles (.word(10'h17), .read_word(read_word), .value(value_watchdog_cycles), .shown(shown_watchdog_cycles));
    wire [31:0] shown_running;
    front_shows shows_running (.word(10'h18), .read_word(read_word), .value({31'h0, busy}), .shown(shown_running));
    wire [31:0] shown_retired;
    front_shows shows_retired (.word(10'h19), .read_word(read_word), .value(retired), .shown(shown_retired));
    wire [31:0] shown_job_cycles_low;
    front_pair pair_job_cycles_low (.clock(clock), .reset(reset), .low(10'h1a), .high(10'h1b), .read(read), .read_word(read_word), .value(job_cycles), .shown(shown_job_cycles_low));
    wire [31:0] shown_fault_address_low;
    front_shows shows_fault_address_low (.word(10'h1c), .read_word(read_word), .value(fault_address[31:0]), .shown(shown_fault_address_low));
    wire [31:0] shown_fault_address_high;
    front_shows shows_fault_address_high (.word(10'h1d), .read_word(read_word), .value(fault_address[63:32]), .shown(shown_fault_address_high));
    assign read_data = shown_identity_magic | shown_contract_version | shown_contract_hash | shown_configuration_hash | shown_git_hash | shown_build_date | shown_ddr_calibrated | shown_scratch | shown_cycles_low | shown_status | shown_interrupt_enable | shown_program_low | shown_program_high | shown_program_length | shown_fault_instruction | shown_watchdog_cycles | shown_running | shown_retired | shown_job_cycles_low | shown_fault_address_low | shown_fault_address_high;
    assign program_address = {value_program_high, value_program_low};
    assign length = value_program_length;
    assign watchdog_cycles = value_watchdog_cycles;
endmodule

module front_ask(runs,buffer_beats,next_beat,beats_left,held_beats,ar_valid,ar_address,ar_beats);

    // Module arguments
    input wire  runs;
    input wire  [7:0] buffer_beats;
    input wire  [29:0] next_beat;
    input wire  [29:0] beats_left;
    input wire  [7:0] held_beats;
    output reg  ar_valid;
    output reg  [29:0] ar_address;
    output reg  [6:0] ar_beats;

    // Local signals
    reg  [4:0] to_boundary;
    reg  [4:0] beats;
    reg  [7:0] held_with;

    // Update code
    always @(*) begin
        to_boundary = 5'h10 - {1'h0, next_beat[3:0]};
        beats = to_boundary;
        if (beats_left < {25'h0, to_boundary}) begin
            beats = beats_left[4:0];
        end
        held_with = held_beats + {3'h0, beats};
        ar_valid = runs & |beats_left & (held_with <= buffer_beats);
        ar_address = next_beat;
        ar_beats = {2'h0, beats};
    end

endmodule

module sequencer_dff_30(d,q,clock);

    // Module arguments
    input wire  [29:0] d;
    output reg  [29:0] q;
    input wire  clock;

    // Update code (custom)
    initial begin
       q = 30'h0;
    end

    always @(posedge clock) begin
       q <= d;
    end

endmodule

module sequencer_dff_8(d,q,clock);

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

module front_fetch(clock,load,first_beat,program_beats,frees,freed_beats,ar_valid,ar_beats,ar_ready,next_beat,beats_left,held_beats);

    // Module arguments
    input wire  clock;
    input wire  load;
    input wire  [29:0] first_beat;
    input wire  [29:0] program_beats;
    input wire  frees;
    input wire  [7:0] freed_beats;
    input wire  ar_valid;
    input wire  [6:0] ar_beats;
    input wire  ar_ready;
    output reg  [29:0] next_beat;
    output reg  [29:0] beats_left;
    output reg  [7:0] held_beats;

    // Stub signals
    reg  [29:0] next$d;
    wire  [29:0] next$q;
    reg  [29:0] left$d;
    wire  [29:0] left$q;
    reg  [7:0] held$d;
    wire  [7:0] held$q;

    // Local signals
    reg  [6:0] taken;
    reg  [7:0] given;

    // Sub module instances
    sequencer_dff_30 next(
        .d(next$d),
        .q(next$q),
        .clock(clock)
    );
    sequencer_dff_30 left(
        .d(left$d),
        .q(left$q),
        .clock(clock)
    );
    sequencer_dff_8 held(
        .d(held$d),
        .q(held$q),
        .clock(clock)
    );

    // Update code
    always @(*) begin
        next$d = next$q;
        left$d = left$q;
        held$d = held$q;
        taken = 7'h0;
        if (ar_valid & ar_ready) begin
            taken = ar_beats;
        end
        given = 8'h0;
        if (frees) begin
            given = freed_beats;
        end
        next$d = next$q + {23'h0, taken};
        left$d = left$q - {23'h0, taken};
        held$d = held$q + {1'h0, taken} - given;
        if (load) begin
            next$d = first_beat;
            left$d = program_beats;
            held$d = 8'h0;
        end
        next_beat = next$q;
        beats_left = left$q;
        held_beats = held$q;
    end

endmodule

module front_arrivals_dff_4(d,q,clock);

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

module front_arrivals(clock,load,first_beat,last_beat,port,other_ports,arrives,frees,place,complete);

    // Module arguments
    input wire  clock;
    input wire  load;
    input wire  [29:0] first_beat;
    input wire  [29:0] last_beat;
    input wire  [1:0] port;
    input wire  [1:0] other_ports;
    input wire  arrives;
    input wire  frees;
    output reg  [6:0] place;
    output reg  complete;

    // Stub signals
    reg  [29:0] beat$d;
    wire  [29:0] beat$q;
    reg  [3:0] bursts$d;
    wire  [3:0] bursts$q;

    // Local signals
    reg  [1:0] apart;
    reg  [1:0] ahead;
    reg  [23:0] page;
    reg  [29:0] step;
    reg  [29:0] next;
    reg  ends;
    reg  [3:0] more;
    reg  [3:0] less;
    reg  [3:0] counted;

    // Sub module instances
    sequencer_dff_30 beat(
        .d(beat$d),
        .q(beat$q),
        .clock(clock)
    );
    front_arrivals_dff_4 bursts(
        .d(bursts$d),
        .q(bursts$q),
        .clock(clock)
    );

    // Update code
    always @(*) begin
        beat$d = beat$q;
        bursts$d = bursts$q;
        step = 30'h1;
        if (&beat$q[5:0]) begin
            step = ({28'h0, other_ports} << 5'h6) | 30'h1;
        end
        next = beat$q + step;
        ends = arrives & (&beat$q[3:0] | (beat$q == last_beat));
        if (arrives) begin
            beat$d = next;
        end
        more = 4'h0;
        if (ends) begin
            more = 4'h1;
        end
        less = 4'h0;
        if (frees) begin
            less = 4'h1;
        end
        counted = bursts$q + more - less;
        bursts$d = counted;
        apart = port - first_beat[7:6];
        ahead = apart & other_ports;
        page = first_beat[29:6] + {22'h0, ahead};
        if (load) begin
            bursts$d = 4'h0;
            beat$d = {6'h0, page} << 5'h6;
            if (~|ahead) begin
                beat$d = first_beat;
            end
        end
        place = beat$q[6:0];
        complete = |bursts$q;
    end

endmodule

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

module sequencer_dff_1(d,q,clock);

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

module sequencer_dff_32(d,q,clock);

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

module front_dispatch(clock,load,first_beat,length,runs,complete,queues,full,place,upper,takes,index,frees,freed_beats,all);

    // Module arguments
    input wire  clock;
    input wire  load;
    input wire  [29:0] first_beat;
    input wire  [31:0] length;
    input wire  runs;
    input wire  complete;
    input wire  [5:0] queues;
    input wire  [5:0] full;
    output reg  [7:0] place;
    output reg  upper;
    output reg  takes;
    output reg  [31:0] index;
    output reg  frees;
    output reg  [7:0] freed_beats;
    output reg  all;

    // Stub signals
    reg  [29:0] beat$d;
    wire  [29:0] beat$q;
    reg  half$d;
    wire  half$q;
    reg  [31:0] at$d;
    wire  [31:0] at$q;
    reg  [7:0] earlier_beats$d;
    wire  [7:0] earlier_beats$q;

    // Local signals
    reg  goes;
    reg  [5:0] blocked;
    reg  done;
    reg  ends;
    reg  [31:0] at_up;
    reg  [29:0] beat_up;
    reg  [7:0] earlier_up;

    // Sub module instances
    sequencer_dff_30 beat(
        .d(beat$d),
        .q(beat$q),
        .clock(clock)
    );
    sequencer_dff_1 half(
        .d(half$d),
        .q(half$q),
        .clock(clock)
    );
    sequencer_dff_32 at(
        .d(at$d),
        .q(at$q),
        .clock(clock)
    );
    sequencer_dff_8 earlier_beats(
        .d(earlier_beats$d),
        .q(earlier_beats$q),
        .clock(clock)
    );

    // Update code
    always @(*) begin
        beat$d = beat$q;
        half$d = half$q;
        at$d = at$q;
        earlier_beats$d = earlier_beats$q;
        blocked = queues & full;
        done = at$q == length;
        goes = runs & complete & ~done & ~|blocked;
        at_up = at$q + 32'h1;
        beat_up = beat$q + 30'h1;
        earlier_up = earlier_beats$q + 8'h1;
        ends = goes & ((half$q & &beat$q[3:0]) | (at_up == length));
        if (goes) begin
            at$d = at_up;
            half$d = ~half$q;
            if (half$q) begin
                beat$d = beat_up;
                earlier_beats$d = earlier_up;
            end
        end
        if (ends) begin
            earlier_beats$d = 8'h0;
        end
        if (load) begin
            beat$d = first_beat;
            half$d = 1'b0;
            at$d = 32'h0;
            earlier_beats$d = 8'h0;
        end
        place = beat$q[7:0];
        upper = half$q;
        takes = goes;
        index = at$q;
        frees = ends;
        freed_beats = earlier_up;
        all = done;
    end

endmodule

module front_pick_dff_256(d,q,clock);

    // Module arguments
    input wire  [255:0] d;
    output reg  [255:0] q;
    input wire  clock;

    // Update code (custom)
    initial begin
       q = 256'h0;
    end

    always @(posedge clock) begin
       q <= d;
    end

endmodule

module sequencer_dff_6(d,q,clock);

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

module front_pick(clock,port,upper,beat_0,beat_1,beat_2,beat_3,opcode,queues,own,takes,index,checks,word,error,checked_index,checked_queues,checked_own);

    // Module arguments
    input wire  clock;
    input wire  [1:0] port;
    input wire  upper;
    input wire  [512:0] beat_0;
    input wire  [512:0] beat_1;
    input wire  [512:0] beat_2;
    input wire  [512:0] beat_3;
    output reg  [7:0] opcode;
    input wire  [5:0] queues;
    input wire  own;
    input wire  takes;
    input wire  [31:0] index;
    output reg  checks;
    output reg  [255:0] word;
    output reg  error;
    output reg  [31:0] checked_index;
    output reg  [5:0] checked_queues;
    output reg  checked_own;

    // Stub signals
    reg  is_there$d;
    wire  is_there$q;
    reg  [255:0] held$d;
    wire  [255:0] held$q;
    reg  bad$d;
    wire  bad$q;
    reg  [31:0] number$d;
    wire  [31:0] number$q;
    reg  [5:0] to$d;
    wire  [5:0] to$q;
    reg  executes$d;
    wire  executes$q;

    // Local signals
    reg  [512:0] beat;
    reg  [255:0] chosen;

    // Sub module instances
    sequencer_dff_1 is_there(
        .d(is_there$d),
        .q(is_there$q),
        .clock(clock)
    );
    front_pick_dff_256 held(
        .d(held$d),
        .q(held$q),
        .clock(clock)
    );
    sequencer_dff_1 bad(
        .d(bad$d),
        .q(bad$q),
        .clock(clock)
    );
    sequencer_dff_32 number(
        .d(number$d),
        .q(number$q),
        .clock(clock)
    );
    sequencer_dff_6 to(
        .d(to$d),
        .q(to$q),
        .clock(clock)
    );
    sequencer_dff_1 executes(
        .d(executes$d),
        .q(executes$q),
        .clock(clock)
    );

    // Update code
    always @(*) begin
        is_there$d = is_there$q;
        held$d = held$q;
        bad$d = bad$q;
        number$d = number$q;
        to$d = to$q;
        executes$d = executes$q;
        beat = beat_0;
        if (port == 2'h1) begin
            beat = beat_1;
        end
        if (port == 2'h2) begin
            beat = beat_2;
        end
        if (port == 2'h3) begin
            beat = beat_3;
        end
        chosen = beat[255:0];
        if (upper) begin
            chosen = beat[511:256];
        end
        opcode = chosen[7:0];
        is_there$d = takes;
        held$d = chosen;
        bad$d = beat[512];
        number$d = index;
        to$d = queues;
        executes$d = own;
        checks = is_there$q;
        word = held$q;
        error = bad$q;
        checked_index = number$q;
        checked_queues = to$q;
        checked_own = executes$q;
    end

endmodule

module front_route(row,to,executed,opcode,queues,own);

    // Module arguments
    input wire  [7:0] row;
    input wire  [5:0] to;
    input wire  executed;
    input wire  [7:0] opcode;
    output reg  [5:0] queues;
    output reg  own;

    // Update code
    always @(*) begin
        queues = 6'h0;
        own = 1'b0;
        if (opcode == row) begin
            queues = to;
            own = executed;
        end
    end

endmodule

module front_rule(row,zeros,word,accepts);

    // Module arguments
    input wire  [7:0] row;
    input wire  [255:0] zeros;
    input wire  [255:0] word;
    output reg  accepts;

    // Local signals
    reg  [255:0] set;

    // Update code
    always @(*) begin
        set = word & zeros;
        accepts = (word[7:0] == row) & ~|set;
    end

endmodule

module front_field_rule(row,values,opcode,field,refuses);

    // Module arguments
    input wire  [7:0] row;
    input wire  [63:0] values;
    input wire  [7:0] opcode;
    input wire  [5:0] field;
    output reg  refuses;

    // Local signals
    reg  [63:0] found;

    // Update code
    always @(*) begin
        found = (64'h1 << field) & values;
        refuses = (opcode == row) & ~|found;
    end

endmodule

module decoder (
    input wire [7:0] opcode,
    output wire [5:0] queues,
    output wire own,
    input wire [255:0] word,
    output wire legal
);
    wire [5:0] queues_01;
    wire own_01;
    wire accepted_01;
    front_route route_01 (.row(8'h01), .to(6'hf), .executed(1'b0), .opcode(opcode), .queues(queues_01), .own(own_01));
    front_rule rule_01 (.row(8'h01), .zeros(256'hfffffff80000000000000000000000000000000000000000000000ffffffff00), .word(word), .accepts(accepted_01));
    wire [5:0] queues_02;
    wire own_02;
    wire accepted_02;
    front_route route_02 (.row(8'h02), .to(6'h3), .executed(1'b0), .opcode(opcode), .queues(queues_02), .own(own_02));
    front_rule rule_02 (.row(8'h02), .zeros(256'hfffffffffffffffc00000000000000000000000000000000000000ffffffff00), .word(word), .accepts(accepted_02));
    wire [5:0] queues_05;
    wire own_05;
    wire accepted_05;
    front_route route_05 (.row(8'h05), .to(6'h8), .executed(1'b0), .opcode(opcode), .queues(queues_05), .own(own_05));
    front_rule rule_05 (.row(8'h05), .zeros(256'hfffffff00000000000000000000000000000000000000000000000ffffffff00), .word(word), .accepts(accepted_05));
    wire [5:0] queues_03;
    wire own_03;
    wire accepted_03;
    front_route route_03 (.row(8'h03), .to(6'h30), .executed(1'b0), .opcode(opcode), .queues(queues_03), .own(own_03));
    front_rule rule_03 (.row(8'h03), .zeros(256'hfffffffc0000000000000000000000000000000000000000000000ffffffff00), .word(word), .accepts(accepted_03));
    wire [5:0] queues_04;
    wire own_04;
    wire accepted_04;
    front_route route_04 (.row(8'h04), .to(6'h30), .executed(1'b0), .opcode(opcode), .queues(queues_04), .own(own_04));
    front_rule rule_04 (.row(8'h04), .zeros(256'hfffffffc0000000000000000000000000000000000000000000000ffffffff00), .word(word), .accepts(accepted_04));
    wire [5:0] queues_06;
    wire own_06;
    wire accepted_06;
    front_route route_06 (.row(8'h06), .to(6'h4), .executed(1'b0), .opcode(opcode), .queues(queues_06), .own(own_06));
    front_rule rule_06 (.row(8'h06), .zeros(256'h000000000000000000000000000000000000000000000000000000ffffffff00), .word(word), .accepts(accepted_06));
    wire [5:0] queues_07;
    wire own_07;
    wire accepted_07;
    front_route route_07 (.row(8'h07), .to(6'h10), .executed(1'b0), .opcode(opcode), .queues(queues_07), .own(own_07));
    front_rule rule_07 (.row(8'h07), .zeros(256'hfffffffffffffffffffffffffffc00000000000000000000000000ffffffff00), .word(word), .accepts(accepted_07));
    wire [5:0] queues_08;
    wire own_08;
    wire accepted_08;
    front_route route_08 (.row(8'h08), .to(6'h20), .executed(1'b0), .opcode(opcode), .queues(queues_08), .own(own_08));
    front_rule rule_08 (.row(8'h08), .zeros(256'hfffffffffffffffff8000000000000000000000000000000000000ffffffff00), .word(word), .accepts(accepted_08));
    wire [5:0] queues_09;
    wire own_09;
    wire accepted_09;
    front_route route_09 (.row(8'h09), .to(6'h20), .executed(1'b0), .opcode(opcode), .queues(queues_09), .own(own_09));
    front_rule rule_09 (.row(8'h09), .zeros(256'hfffffffff000000000000000000000000000000000000000000000ffffffff00), .word(word), .accepts(accepted_09));
    wire [5:0] queues_0a;
    wire own_0a;
    wire accepted_0a;
    front_route route_0a (.row(8'h0a), .to(6'h38), .executed(1'b0), .opcode(opcode), .queues(queues_0a), .own(own_0a));
    front_rule rule_0a (.row(8'h0a), .zeros(256'hffffffffffffffffc0000000000000000000000000000000000000ffffffff00), .word(word), .accepts(accepted_0a));
    wire [5:0] queues_10;
    wire own_10;
    wire accepted_10;
    front_route route_10 (.row(8'h10), .to(6'h1), .executed(1'b1), .opcode(opcode), .queues(queues_10), .own(own_10));
    front_rule rule_10 (.row(8'h10), .zeros(256'hffffffffffffffff00000000000000000000000000000000000000fffdfbbe00), .word(word), .accepts(accepted_10));
    wire [5:0] queues_11;
    wire own_11;
    wire accepted_11;
    front_route route_11 (.row(8'h11), .to(6'h2), .executed(1'b1), .opcode(opcode), .queues(queues_11), .own(own_11));
    front_rule rule_11 (.row(8'h11), .zeros(256'hfffffffffffffffffff00000000000000000000000000000000000fff7b77b00), .word(word), .accepts(accepted_11));
    wire [5:0] queues_12;
    wire own_12;
    wire accepted_12;
    front_route route_12 (.row(8'h12), .to(6'h4), .executed(1'b1), .opcode(opcode), .queues(queues_12), .own(own_12));
    front_rule rule_12 (.row(8'h12), .zeros(256'hffffffff0000000000000000000000000000000000000000000000ffdaffe500), .word(word), .accepts(accepted_12));
    wire [5:0] queues_13;
    wire own_13;
    wire accepted_13;
    front_route route_13 (.row(8'h13), .to(6'h8), .executed(1'b1), .opcode(opcode), .queues(queues_13), .own(own_13));
    front_rule rule_13 (.row(8'h13), .zeros(256'hfffffffffffffffffffffffff00000000000000000000000000000fc2fefdf00), .word(word), .accepts(accepted_13));
    wire [5:0] queues_14;
    wire own_14;
    wire accepted_14;
    front_route route_14 (.row(8'h14), .to(6'h10), .executed(1'b1), .opcode(opcode), .queues(queues_14), .own(own_14));
    front_rule rule_14 (.row(8'h14), .zeros(256'hfffffffffffffffffffffffffffffffffffffffffff00000000000bfffddff00), .word(word), .accepts(accepted_14));
    wire [5:0] queues_15;
    wire own_15;
    wire accepted_15;
    front_route route_15 (.row(8'h15), .to(6'h10), .executed(1'b1), .opcode(opcode), .queues(queues_15), .own(own_15));
    front_rule rule_15 (.row(8'h15), .zeros(256'hfffffffffffffffffffffffffffffffffffffffffffc0000000000bfffddff00), .word(word), .accepts(accepted_15));
    wire [5:0] queues_16;
    wire own_16;
    wire accepted_16;
    front_route route_16 (.row(8'h16), .to(6'h20), .executed(1'b1), .opcode(opcode), .queues(queues_16), .own(own_16));
    front_rule rule_16 (.row(8'h16), .zeros(256'hffffffffffffffffffffffffffffffffffffffffff800000000000c3fffeff00), .word(word), .accepts(accepted_16));
    wire refuses_01_40;
    front_field_rule rule_01_40 (.row(8'h01), .values(64'h7), .opcode(word[7:0]), .field({4'h0, word[41:40]}), .refuses(refuses_01_40));
    wire refuses_16_40;
    front_field_rule rule_16_40 (.row(8'h16), .values(64'h1ffffff), .opcode(word[7:0]), .field(word[45:40]), .refuses(refuses_16_40));
    assign queues = queues_01 | queues_02 | queues_05 | queues_03 | queues_04 | queues_06 | queues_07 | queues_08 | queues_09 | queues_0a | queues_10 | queues_11 | queues_12 | queues_13 | queues_14 | queues_15 | queues_16;
    assign own = own_01 | own_02 | own_05 | own_03 | own_04 | own_06 | own_07 | own_08 | own_09 | own_0a | own_10 | own_11 | own_12 | own_13 | own_14 | own_15 | own_16;
    assign legal = (accepted_01 | accepted_02 | accepted_05 | accepted_03 | accepted_04 | accepted_06 | accepted_07 | accepted_08 | accepted_09 | accepted_0a | accepted_10 | accepted_11 | accepted_12 | accepted_13 | accepted_14 | accepted_15 | accepted_16) & ~(refuses_01_40 | refuses_16_40);
endmodule

module sequencer_dff_3(d,q,clock);

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

module front_walk_limit(clock,load,walk,mm,most,checks,opcode,exceeds);

    // Module arguments
    input wire  clock;
    input wire  load;
    input wire  [7:0] walk;
    input wire  [7:0] mm;
    input wire  [2:0] most;
    input wire  checks;
    input wire  [7:0] opcode;
    output reg  exceeds;

    // Stub signals
    reg  [2:0] given$d;
    wire  [2:0] given$q;

    // Local signals
    reg  is_walk;
    reg  is_full;
    reg  [2:0] given_up;

    // Sub module instances
    sequencer_dff_3 given(
        .d(given$d),
        .q(given$q),
        .clock(clock)
    );

    // Update code
    always @(*) begin
        given$d = given$q;
        is_walk = opcode == walk;
        is_full = given$q == most;
        given_up = given$q + 3'h1;
        exceeds = is_walk & is_full;
        if (checks) begin
            if (is_walk & ~is_full) begin
                given$d = given_up;
            end
            if (opcode == mm) begin
                given$d = 3'h0;
            end
        end
        if (load) begin
            given$d = 3'h0;
        end
    end

endmodule

module front_verdict(checks,runs,error,legal,queues,own,beat,first_beat,arrives,kept,fault,axi,address);

    // Module arguments
    input wire  checks;
    input wire  runs;
    input wire  error;
    input wire  legal;
    input wire  [5:0] queues;
    input wire  own;
    input wire  [29:0] beat;
    input wire  [29:0] first_beat;
    output reg  [5:0] arrives;
    output reg  kept;
    output reg  fault;
    output reg  axi;
    output reg  [37:0] address;

    // Local signals
    reg  good;
    reg  [29:0] place;

    // Update code
    always @(*) begin
        good = checks & runs & legal & ~error;
        arrives = 6'h0;
        if (good) begin
            arrives = queues;
        end
        kept = good & ~own;
        fault = checks & runs & ~good;
        axi = error;
        place = first_beat + beat;
        address = {8'h0, place} << 5'h6;
    end

endmodule

module sequencer_dff_9(d,q,clock);

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

module front_queue(clock,clear,depth,dispatched,arrives,ready,full,valid,write,read);

    // Module arguments
    input wire  clock;
    input wire  clear;
    input wire  [8:0] depth;
    input wire  dispatched;
    input wire  arrives;
    input wire  ready;
    output reg  full;
    output reg  valid;
    output reg  [8:0] write;
    output reg  [8:0] read;

    // Stub signals
    reg  [8:0] used$d;
    wire  [8:0] used$q;
    reg  [8:0] waiting$d;
    wire  [8:0] waiting$q;
    reg  [8:0] write_at$d;
    wire  [8:0] write_at$q;
    reg  [8:0] read_at$d;
    wire  [8:0] read_at$q;

    // Local signals
    reg  takes;
    reg  [8:0] less;
    reg  [8:0] more;
    reg  [8:0] arrived;

    // Sub module instances
    sequencer_dff_9 used(
        .d(used$d),
        .q(used$q),
        .clock(clock)
    );
    sequencer_dff_9 waiting(
        .d(waiting$d),
        .q(waiting$q),
        .clock(clock)
    );
    sequencer_dff_9 write_at(
        .d(write_at$d),
        .q(write_at$q),
        .clock(clock)
    );
    sequencer_dff_9 read_at(
        .d(read_at$d),
        .q(read_at$q),
        .clock(clock)
    );

    // Update code
    always @(*) begin
        used$d = used$q;
        waiting$d = waiting$q;
        write_at$d = write_at$q;
        read_at$d = read_at$q;
        takes = ready & |waiting$q;
        less = 9'h0;
        if (takes) begin
            less = 9'h1;
        end
        more = 9'h0;
        if (dispatched) begin
            more = 9'h1;
        end
        arrived = 9'h0;
        if (arrives) begin
            arrived = 9'h1;
        end
        used$d = used$q + more - less;
        waiting$d = waiting$q + arrived - less;
        write_at$d = write_at$q + arrived;
        read_at$d = read_at$q + less;
        if (clear) begin
            used$d = 9'h0;
            waiting$d = 9'h0;
            write_at$d = 9'h0;
            read_at$d = 9'h0;
        end
        full = used$q >= depth;
        valid = |waiting$q;
        write = write_at$q;
        read = read_at$q;
    end

endmodule

module front_taken_dff_16(d,q,clock);

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

module front_taken(clock,clear,stop,takes,waits,empty,start,go,starts,taken);

    // Module arguments
    input wire  clock;
    input wire  clear;
    input wire  stop;
    input wire  takes;
    input wire  [15:0] waits;
    input wire  [15:0] empty;
    input wire  start;
    output reg  go;
    output reg  starts;
    output reg  [15:0] taken;

    // Stub signals
    reg  pending$d;
    wire  pending$q;
    reg  [15:0] wanted$d;
    wire  [15:0] wanted$q;

    // Local signals
    reg  [15:0] lacks;
    reg  may;
    reg  does;

    // Sub module instances
    sequencer_dff_1 pending(
        .d(pending$d),
        .q(pending$q),
        .clock(clock)
    );
    front_taken_dff_16 wanted(
        .d(wanted$d),
        .q(wanted$q),
        .clock(clock)
    );

    // Update code
    always @(*) begin
        pending$d = pending$q;
        wanted$d = wanted$q;
        lacks = wanted$q & empty;
        may = pending$q & ~|lacks & ~stop;
        does = may & start;
        taken = 16'h0;
        if (does) begin
            taken = wanted$q;
            pending$d = 1'b0;
        end
        if (takes) begin
            pending$d = 1'b1;
            wanted$d = waits;
        end
        if (clear) begin
            pending$d = 1'b0;
        end
        go = may;
        starts = does;
    end

endmodule

module front_ledger(clock,clear,arrives,start,early,ends,write,early_read,read,open,runs);

    // Module arguments
    input wire  clock;
    input wire  clear;
    input wire  arrives;
    input wire  start;
    input wire  early;
    input wire  ends;
    output reg  [8:0] write;
    output reg  [8:0] early_read;
    output reg  [8:0] read;
    output reg  open;
    output reg  runs;

    // Stub signals
    reg  [8:0] write_at$d;
    wire  [8:0] write_at$q;
    reg  [8:0] started$d;
    wire  [8:0] started$q;
    reg  [8:0] early_at$d;
    wire  [8:0] early_at$q;
    reg  [8:0] read_at$d;
    wire  [8:0] read_at$q;

    // Local signals
    reg  [8:0] write_up;
    reg  [8:0] started_up;
    reg  [8:0] early_up;
    reg  [8:0] read_up;

    // Sub module instances
    sequencer_dff_9 write_at(
        .d(write_at$d),
        .q(write_at$q),
        .clock(clock)
    );
    sequencer_dff_9 started(
        .d(started$d),
        .q(started$q),
        .clock(clock)
    );
    sequencer_dff_9 early_at(
        .d(early_at$d),
        .q(early_at$q),
        .clock(clock)
    );
    sequencer_dff_9 read_at(
        .d(read_at$d),
        .q(read_at$q),
        .clock(clock)
    );

    // Update code
    always @(*) begin
        write_at$d = write_at$q;
        started$d = started$q;
        early_at$d = early_at$q;
        read_at$d = read_at$q;
        write_up = write_at$q + 9'h1;
        started_up = started$q + 9'h1;
        early_up = early_at$q + 9'h1;
        read_up = read_at$q + 9'h1;
        if (arrives) begin
            write_at$d = write_up;
        end
        if (start) begin
            started$d = started_up;
        end
        if (early) begin
            early_at$d = early_up;
        end
        if (ends) begin
            read_at$d = read_up;
        end
        if (clear) begin
            write_at$d = 9'h0;
            started$d = 9'h0;
            early_at$d = 9'h0;
            read_at$d = 9'h0;
        end
        write = write_at$q;
        early_read = early_at$q;
        read = read_at$q;
        open = write_at$q != read_at$q;
        runs = started$q != read_at$q;
    end

endmodule

module front_tokens_dff_26(d,q,clock);

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

module front_tokens(clock,clear,initial_count,post,take,empty);

    // Module arguments
    input wire  clock;
    input wire  clear;
    input wire  [25:0] initial_count;
    input wire  post;
    input wire  take;
    output reg  empty;

    // Stub signals
    reg  [25:0] count$d;
    wire  [25:0] count$q;

    // Local signals
    reg  [25:0] more;
    reg  [25:0] less;

    // Sub module instances
    front_tokens_dff_26 count(
        .d(count$d),
        .q(count$q),
        .clock(clock)
    );

    // Update code
    always @(*) begin
        count$d = count$q;
        more = 26'h0;
        if (post) begin
            more = 26'h1;
        end
        less = 26'h0;
        if (take) begin
            less = 26'h1;
        end
        count$d = count$q + more - less;
        if (clear) begin
            count$d = initial_count;
        end
        empty = ~|count$q;
    end

endmodule

module front_older(left,left_index,right,right_index,any,index);

    // Module arguments
    input wire  left;
    input wire  [31:0] left_index;
    input wire  right;
    input wire  [31:0] right_index;
    output reg  any;
    output reg  [31:0] index;

    // Update code
    always @(*) begin
        any = left | right;
        index = right_index;
        if (left & (~right | (left_index < right_index))) begin
            index = left_index;
        end
    end

endmodule

module front_fault_pair(first,first_axi,first_index,first_address,second,second_axi,second_index,second_address,any,axi,index,address);

    // Module arguments
    input wire  first;
    input wire  first_axi;
    input wire  [31:0] first_index;
    input wire  [37:0] first_address;
    input wire  second;
    input wire  second_axi;
    input wire  [31:0] second_index;
    input wire  [37:0] second_address;
    output reg  any;
    output reg  axi;
    output reg  [31:0] index;
    output reg  [37:0] address;

    // Update code
    always @(*) begin
        any = first | second;
        axi = second_axi;
        index = second_index;
        address = second_address;
        if (first) begin
            axi = first_axi;
            index = first_index;
            address = first_address;
        end
    end

endmodule

module sequencer_dff_64(d,q,clock);

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

module front_progress(clock,load,runs,fault,kept,ends,watchdog_cycles,retired,cycle,last_end,fires);

    // Module arguments
    input wire  clock;
    input wire  load;
    input wire  runs;
    input wire  fault;
    input wire  kept;
    input wire  [5:0] ends;
    input wire  [31:0] watchdog_cycles;
    output reg  [31:0] retired;
    output reg  [63:0] cycle;
    output reg  [63:0] last_end;
    output reg  fires;

    // Stub signals
    reg  [63:0] now$d;
    wire  [63:0] now$q;
    reg  [63:0] last$d;
    wire  [63:0] last$q;
    reg  [31:0] count$d;
    wire  [31:0] count$q;
    reg  [31:0] since$d;
    wire  [31:0] since$q;

    // Local signals
    reg  [63:0] cycle_up;
    reg  [31:0] since_up;
    reg  [2:0] low;
    reg  [2:0] high;
    reg  [3:0] total;
    reg  [31:0] counted;
    reg  barks;
    reg  counts;

    // Sub module instances
    sequencer_dff_64 now(
        .d(now$d),
        .q(now$q),
        .clock(clock)
    );
    sequencer_dff_64 last(
        .d(last$d),
        .q(last$q),
        .clock(clock)
    );
    sequencer_dff_32 count(
        .d(count$d),
        .q(count$q),
        .clock(clock)
    );
    sequencer_dff_32 since(
        .d(since$d),
        .q(since$q),
        .clock(clock)
    );

    // Update code
    always @(*) begin
        now$d = now$q;
        last$d = last$q;
        count$d = count$q;
        since$d = since$q;
        cycle_up = now$q + 64'h1;
        since_up = since$q + 32'h1;
        low = {2'h0, ends[0]} + {2'h0, ends[1]} + {2'h0, ends[2]};
        high = {2'h0, ends[3]} + {2'h0, ends[4]} + {2'h0, ends[5]};
        total = {1'h0, low} + {1'h0, high} + {3'h0, kept};
        counted = count$q + {28'h0, total};
        barks = runs & |watchdog_cycles & (since$q == watchdog_cycles);
        counts = runs & ~fault & ~barks;
        if (runs) begin
            now$d = cycle_up;
        end
        if (counts) begin
            count$d = counted;
            since$d = since_up;
            if (|ends) begin
                last$d = cycle_up;
                since$d = 32'h0;
            end
        end
        if (load) begin
            now$d = 64'h0;
            last$d = 64'h0;
            count$d = 32'h0;
            since$d = 32'h0;
        end
        retired = count$q;
        cycle = now$q;
        last_end = last$q;
        fires = barks;
    end

endmodule

module front_run(clock,reset,start,cancel,resetting,program_address,length,most,memory_bytes,done_bit,illegal_bit,axi_bit,watchdog_bit,cancelled_bit,not_finite_bit,complete,running,dma_idle,faulty,fault,fault_axi,fault_index,fault_address,watchdog,oldest,cycle,last_end,not_finite,load,runs,stops,stop,flush,busy,reset_done,raised,shown_index,shown_address,shown_cycles);

    // Module arguments
    input wire  clock;
    input wire  reset;
    input wire  start;
    input wire  cancel;
    input wire  resetting;
    input wire  [63:0] program_address;
    input wire  [31:0] length;
    input wire  [31:0] most;
    input wire  [39:0] memory_bytes;
    input wire  [31:0] done_bit;
    input wire  [31:0] illegal_bit;
    input wire  [31:0] axi_bit;
    input wire  [31:0] watchdog_bit;
    input wire  [31:0] cancelled_bit;
    input wire  [31:0] not_finite_bit;
    input wire  complete;
    input wire  [5:0] running;
    input wire  dma_idle;
    input wire  [5:0] faulty;
    input wire  fault;
    input wire  fault_axi;
    input wire  [31:0] fault_index;
    input wire  [37:0] fault_address;
    input wire  watchdog;
    input wire  [31:0] oldest;
    input wire  [63:0] cycle;
    input wire  [63:0] last_end;
    input wire  not_finite;
    output reg  load;
    output reg  runs;
    output reg  stops;
    output reg  stop;
    output reg  flush;
    output reg  busy;
    output reg  reset_done;
    output reg  [31:0] raised;
    output reg  [31:0] shown_index;
    output reg  [63:0] shown_address;
    output reg  [63:0] shown_cycles;

    // Stub signals
    reg  [2:0] state$d;
    wire  [2:0] state$q;
    reg  [31:0] why$d;
    wire  [31:0] why$q;
    reg  [31:0] index$d;
    wire  [31:0] index$q;
    reg  [63:0] address$d;
    wire  [63:0] address$q;
    reg  [63:0] cycles$d;
    wire  [63:0] cycles$q;
    reg  ended_badly$d;
    wire  ended_badly$q;
    reg  by_axi$d;
    wire  by_axi$q;
    reg  [5:0] lost$d;
    wire  [5:0] lost$q;
    reg  unseen$d;
    wire  unseen$q;
    reg  infinite$d;
    wire  infinite$q;
    reg  [31:0] seen_index$d;
    wire  [31:0] seen_index$q;
    reg  [63:0] seen_address$d;
    wire  [63:0] seen_address$q;
    reg  [63:0] seen_cycles$d;
    wire  [63:0] seen_cycles$q;

    // Local signals
    reg  idles;
    reg  looks;
    reg  works;
    reg  drains;
    reg  books;
    reg  [39:0] program_end;
    reg  [31:0] beyond;
    reg  begins_outside;
    reg  wanted;
    reg  [5:0] waits_for;
    reg  [5:0] alive;
    reg  [31:0] extra;

    // Sub module instances
    sequencer_dff_3 state(
        .d(state$d),
        .q(state$q),
        .clock(clock)
    );
    sequencer_dff_32 why(
        .d(why$d),
        .q(why$q),
        .clock(clock)
    );
    sequencer_dff_32 index(
        .d(index$d),
        .q(index$q),
        .clock(clock)
    );
    sequencer_dff_64 address(
        .d(address$d),
        .q(address$q),
        .clock(clock)
    );
    sequencer_dff_64 cycles(
        .d(cycles$d),
        .q(cycles$q),
        .clock(clock)
    );
    sequencer_dff_1 ended_badly(
        .d(ended_badly$d),
        .q(ended_badly$q),
        .clock(clock)
    );
    sequencer_dff_1 by_axi(
        .d(by_axi$d),
        .q(by_axi$q),
        .clock(clock)
    );
    sequencer_dff_6 lost(
        .d(lost$d),
        .q(lost$q),
        .clock(clock)
    );
    sequencer_dff_1 unseen(
        .d(unseen$d),
        .q(unseen$q),
        .clock(clock)
    );
    sequencer_dff_1 infinite(
        .d(infinite$d),
        .q(infinite$q),
        .clock(clock)
    );
    sequencer_dff_32 seen_index(
        .d(seen_index$d),
        .q(seen_index$q),
        .clock(clock)
    );
    sequencer_dff_64 seen_address(
        .d(seen_address$d),
        .q(seen_address$q),
        .clock(clock)
    );
    sequencer_dff_64 seen_cycles(
        .d(seen_cycles$d),
        .q(seen_cycles$q),
        .clock(clock)
    );

    // Update code
    always @(*) begin
        state$d = state$q;
        why$d = why$q;
        index$d = index$q;
        address$d = address$q;
        cycles$d = cycles$q;
        ended_badly$d = ended_badly$q;
        by_axi$d = by_axi$q;
        lost$d = lost$q;
        unseen$d = unseen$q;
        infinite$d = infinite$q;
        seen_index$d = seen_index$q;
        seen_address$d = seen_address$q;
        seen_cycles$d = seen_cycles$q;
        idles = state$q == 3'h0;
        looks = state$q == 3'h1;
        works = state$q == 3'h2;
        drains = state$q == 3'h3;
        books = state$q == 3'h4;
        wanted = cancel | resetting;
        load = state$q == 3'h1;
        runs = state$q == 3'h2;
        stops = (state$q == 3'h2) & ~complete & (cancel | resetting | fault);
        stop = state$q != 3'h2;
        flush = (state$q == 3'h0) | (state$q == 3'h1) | (state$q == 3'h4) | reset;
        busy = state$q != 3'h0;
        reset_done = (state$q == 3'h0) & resetting;
        raised = 32'h0;
        extra = 32'h0;
        if (infinite$q & ~ended_badly$q) begin
            extra = not_finite_bit;
        end
        program_end = {2'h0, program_address[37:0]} + ({15'h0, length[24:0]} << 6'h5);
        begins_outside = |program_address[63:38] | ({2'h0, program_address[37:0]} > memory_bytes);
        beyond = memory_bytes[36:5] - program_address[36:5];
        alive = ~lost$q;
        waits_for = running & alive;
        if (not_finite) begin
            infinite$d = 1'b1;
        end
        if (resetting) begin
            unseen$d = 1'b1;
        end
        if (idles) begin
            ended_badly$d = 1'b0;
            by_axi$d = 1'b0;
            infinite$d = 1'b0;
            unseen$d = 1'b0;
            lost$d = 6'h0;
            why$d = 32'h0;
            if (start & ~resetting) begin
                state$d = 3'h1;
            end
        end
        if (looks) begin
            cycles$d = 64'h0;
            index$d = 32'h0;
            state$d = 3'h2;
            if (begins_outside | (program_end > memory_bytes)) begin
                why$d = axi_bit;
                by_axi$d = 1'b1;
                ended_badly$d = 1'b1;
                address$d = program_address;
                if (~begins_outside) begin
                    address$d = {24'h0, memory_bytes};
                    index$d = beyond;
                end
                state$d = 3'h3;
            end
            if (length > most) begin
                why$d = illegal_bit;
                by_axi$d = 1'b0;
                ended_badly$d = 1'b1;
                index$d = most;
                state$d = 3'h3;
            end
            if (|program_address[5:0]) begin
                why$d = axi_bit;
                by_axi$d = 1'b1;
                ended_badly$d = 1'b1;
                index$d = 32'h0;
                address$d = program_address;
                state$d = 3'h3;
            end
            if (wanted) begin
                why$d = cancelled_bit;
                by_axi$d = 1'b0;
                ended_badly$d = 1'b1;
                index$d = 32'h0;
                state$d = 3'h3;
            end
        end
        if (works) begin
            cycles$d = last_end;
            if (complete) begin
                state$d = 3'h3;
            end
            else begin
                if (wanted | watchdog | fault) begin
                    ended_badly$d = 1'b1;
                    index$d = oldest;
                    lost$d = faulty;
                    state$d = 3'h3;
                end
                if (wanted) begin
                    why$d = cancelled_bit;
                end
                if (watchdog) begin
                    why$d = watchdog_bit;
                    cycles$d = cycle;
                end
                if (fault) begin
                    why$d = illegal_bit;
                    index$d = fault_index;
                    cycles$d = last_end;
                    if (fault_axi) begin
                        why$d = axi_bit;
                        by_axi$d = 1'b1;
                        address$d = {26'h0, fault_address};
                    end
                end
            end
        end
        if (drains) begin
            lost$d = lost$q | faulty;
            if (dma_idle & ~|waits_for) begin
                state$d = 3'h4;
            end
        end
        if (books) begin
            seen_cycles$d = cycles$q;
            if (by_axi$q) begin
                seen_address$d = address$q;
            end
            if (~unseen$q & ~resetting) begin
                raised = done_bit | why$q | extra;
                if (ended_badly$q) begin
                    seen_index$d = index$q;
                end
            end
            state$d = 3'h0;
        end
        if (reset) begin
            state$d = 3'h0;
            seen_index$d = 32'h0;
            seen_address$d = 64'h0;
            seen_cycles$d = 64'h0;
        end
        shown_index = seen_index$q;
        shown_address = seen_address$q;
        shown_cycles = seen_cycles$q;
    end

endmodule

module sequencer (
    input wire clock,
    input wire reset,
    input wire start,
    input wire cancel,
    input wire resetting,
    input wire [63:0] program_address,
    input wire [31:0] length,
    input wire [31:0] watchdog_cycles,
    input wire ar_ready,
    input wire [3:0] r_valid,
    input wire [2047:0] r_data,
    input wire [3:0] r_error,
    input wire dma_idle,
    output wire busy,
    output wire reset_done,
    output wire [31:0] raised,
    output wire [31:0] fault_index,
    output wire [63:0] fault_address,
    output wire [31:0] retired,
    output wire [63:0] job_cycles,
    output wire ar_valid,
    output wire [29:0] ar_address,
    output wire [6:0] ar_beats,
    output wire stop,
    output wire flush,
    output wire load_a_valid,
    output wire [255:0] load_a_word,
    output wire load_a_go,
    input wire load_a_ready,
    input wire load_a_start,
    input wire load_a_end,
    input wire load_a_fault,
    input wire load_a_fault_axi,
    input wire [37:0] load_a_fault_address,
    output wire load_w_valid,
    output wire [255:0] load_w_word,
    output wire load_w_go,
    input wire load_w_ready,
    input wire load_w_start,
    input wire load_w_end,
    input wire load_w_fault,
    input wire load_w_fault_axi,
    input wire [37:0] load_w_fault_address,
    output wire mm_valid,
    output wire [255:0] mm_word,
    output wire mm_go,
    input wire mm_ready,
    input wire mm_start,
    input wire mm_end,
    input wire mm_fault,
    input wire mm_fault_axi,
    input wire [37:0] mm_fault_address,
    input wire mm_first_out,
    input wire mm_read,
    output wire store_valid,
    output wire [255:0] store_word,
    output wire store_go,
    input wire store_ready,
    input wire store_start,
    input wire store_end,
    input wire store_fault,
    input wire store_fault_axi,
    input wire [37:0] store_fault_address,
    input wire store_released,
    output wire update_valid,
    output wire [255:0] update_word,
    output wire update_go,
    input wire update_ready,
    input wire update_start,
    input wire update_end,
    input wire update_fault,
    input wire update_fault_axi,
    input wire [37:0] update_fault_address,
    input wire update_not_finite,
    output wire vector_valid,
    output wire [255:0] vector_word,
    output wire vector_go,
    input wire vector_ready,
    input wire vector_start,
    input wire vector_end,
    input wire vector_fault,
    input wire vector_fault_axi,
    input wire [37:0] vector_fault_address
);
    wire [29:0] first_beat = program_address[35:6];
    wire [29:0] program_beats = {5'h0, length[25:1]} + {29'h0, length[0]};
    wire [29:0] last_beat = first_beat + program_beats - 30'h1;
    wire load;
    wire runs;
    wire frees;
    wire [7:0] freed_beats;
    wire [7:0] next_place;
    wire next_upper;
    wire [31:0] next_index;
    wire takes;
    wire all_dispatched;
    wire [5:0] next_queues;
    wire next_own;
    wire [5:0] full;
    wire [7:0] opcode;
    wire [29:0] next_beat;
    wire [29:0] beats_left;
    wire [7:0] held_beats;
    front_ask ask (.runs(runs), .buffer_beats(8'h80), .ar_valid(ar_valid), .ar_address(ar_address), .ar_beats(ar_beats), .next_beat(next_beat), .beats_left(beats_left), .held_beats(held_beats));
    front_fetch fetch (.clock(clock), .load(load), .first_beat(first_beat), .program_beats(program_beats), .frees(frees), .freed_beats(freed_beats), .ar_valid(ar_valid), .ar_beats(ar_beats), .ar_ready(ar_ready), .next_beat(next_beat), .beats_left(beats_left), .held_beats(held_beats));
    wire [1:0] next_port = next_place[7:6] & 2'h3;
    wire [6:0] arrived_place_0;
    wire complete_0;
    wire [512:0] beat_0;
    front_arrivals arrivals_0 (.clock(clock), .load(load), .first_beat(first_beat), .last_beat(last_beat), .port(2'h0), .other_ports(2'h3), .arrives(r_valid[0]), .frees(frees & (next_port == 2'h0)), .place(arrived_place_0), .complete(complete_0));
    small_ram #(.WIDTH(513), .ADDRESS(7)) buffer_0 (.clock(clock), .write(r_valid[0]), .write_address(arrived_place_0), .write_data({r_error[0], r_data[511:0]}), .read_address(next_place[6:0]), .read_data(beat_0));
    wire [6:0] arrived_place_1;
    wire complete_1;
    wire [512:0] beat_1;
    front_arrivals arrivals_1 (.clock(clock), .load(load), .first_beat(first_beat), .last_beat(last_beat), .port(2'h1), .other_ports(2'h3), .arrives(r_valid[1]), .frees(frees & (next_port == 2'h1)), .place(arrived_place_1), .complete(complete_1));
    small_ram #(.WIDTH(513), .ADDRESS(7)) buffer_1 (.clock(clock), .write(r_valid[1]), .write_address(arrived_place_1), .write_data({r_error[1], r_data[1023:512]}), .read_address(next_place[6:0]), .read_data(beat_1));
    wire [6:0] arrived_place_2;
    wire complete_2;
    wire [512:0] beat_2;
    front_arrivals arrivals_2 (.clock(clock), .load(load), .first_beat(first_beat), .last_beat(last_beat), .port(2'h2), .other_ports(2'h3), .arrives(r_valid[2]), .frees(frees & (next_port == 2'h2)), .place(arrived_place_2), .complete(complete_2));
    small_ram #(.WIDTH(513), .ADDRESS(7)) buffer_2 (.clock(clock), .write(r_valid[2]), .write_address(arrived_place_2), .write_data({r_error[2], r_data[1535:1024]}), .read_address(next_place[6:0]), .read_data(beat_2));
    wire [6:0] arrived_place_3;
    wire complete_3;
    wire [512:0] beat_3;
    front_arrivals arrivals_3 (.clock(clock), .load(load), .first_beat(first_beat), .last_beat(last_beat), .port(2'h3), .other_ports(2'h3), .arrives(r_valid[3]), .frees(frees & (next_port == 2'h3)), .place(arrived_place_3), .complete(complete_3));
    small_ram #(.WIDTH(513), .ADDRESS(7)) buffer_3 (.clock(clock), .write(r_valid[3]), .write_address(arrived_place_3), .write_data({r_error[3], r_data[2047:1536]}), .read_address(next_place[6:0]), .read_data(beat_3));
    wire [3:0] completes = {complete_3, complete_2, complete_1, complete_0};
    front_dispatch dispatch (.clock(clock), .load(load), .first_beat(first_beat), .length(length), .runs(runs), .complete(completes[next_port]), .queues(next_queues), .full(full), .place(next_place), .upper(next_upper), .takes(takes), .index(next_index), .frees(frees), .freed_beats(freed_beats), .all(all_dispatched));
    wire checks;
    wire [255:0] word;
    wire word_error;
    wire [31:0] word_index;
    wire [5:0] word_queues;
    wire word_own;
    front_pick pick (.clock(clock), .port(next_port), .upper(next_upper), .beat_0(beat_0), .beat_1(beat_1), .beat_2(beat_2), .beat_3(beat_3), .opcode(opcode), .queues(next_queues), .own(next_own), .takes(takes), .index(next_index), .checks(checks), .word(word), .error(word_error), .checked_index(word_index), .checked_queues(word_queues), .checked_own(word_own));
    wire legal;
    decoder decoder (.opcode(opcode), .queues(next_queues), .own(next_own), .word(word), .legal(legal));
    wire walks_exceed;
    front_walk_limit walk_limit (.clock(clock), .load(load), .walk(8'h6), .mm(8'h12), .most(3'h4), .checks(checks), .opcode(word[7:0]), .exceeds(walks_exceed));
    wire [5:0] arrives;
    wire kept;
    wire word_fault;
    wire word_axi;
    wire [37:0] word_address;
    front_verdict verdict (.checks(checks), .runs(runs), .error(word_error), .legal(legal & ~walks_exceed), .queues(word_queues), .own(word_own), .beat(word_index[30:1]), .first_beat(first_beat), .arrives(arrives), .kept(kept), .fault(word_fault), .axi(word_axi), .address(word_address));
    wire [15:0] empty;
    wire [8:0] load_a_write_at;
    wire [8:0] load_a_read_at;
    wire load_a_full;
    wire load_a_own;
    wire load_a_starts;
    wire [15:0] load_a_taken;
    wire [8:0] load_a_ledger_write;
    wire [8:0] load_a_ledger_early;
    wire [8:0] load_a_ledger_read;
    wire load_a_open;
    wire load_a_runs;
    front_queue load_a_queue (.clock(clock), .clear(flush), .depth(9'h100), .dispatched(takes & next_queues[0]), .arrives(arrives[0]), .ready(load_a_ready), .full(load_a_full), .valid(load_a_valid), .write(load_a_write_at), .read(load_a_read_at));
    small_ram #(.WIDTH(257), .ADDRESS(8)) load_a_queue_ram (.clock(clock), .write(arrives[0]), .write_address(load_a_write_at[7:0]), .write_data({word_own, word}), .read_address(load_a_read_at[7:0]), .read_data({load_a_own, load_a_word}));
    front_taken load_a_taken_one (.clock(clock), .clear(flush), .stop(stop), .takes(load_a_valid & load_a_ready & load_a_own), .waits(load_a_word[23:8]), .empty(empty), .start(load_a_start), .go(load_a_go), .starts(load_a_starts), .taken(load_a_taken));
    front_ledger load_a_ledger (.clock(clock), .clear(flush), .arrives(arrives[0] & word_own), .start(load_a_starts), .early(1'b0), .ends(load_a_end), .write(load_a_ledger_write), .early_read(load_a_ledger_early), .read(load_a_ledger_read), .open(load_a_open), .runs(load_a_runs));
    wire [23:0] load_a_index;
    wire [15:0] load_a_posts;
    small_ram #(.WIDTH(40), .ADDRESS(9)) load_a_ledger_ram (.clock(clock), .write(arrives[0] & word_own), .write_address(load_a_ledger_write[8:0]), .write_data({word_index[23:0], word[39:24]}), .read_address(load_a_ledger_read[8:0]), .read_data({load_a_index, load_a_posts}));
    wire [44:0] load_a_unused_places = {load_a_ledger_early, load_a_ledger_read, load_a_ledger_write, load_a_read_at, load_a_write_at};
    wire [31:0] load_a_unused_sets = {load_a_posts, load_a_taken};
    wire [8:0] load_w_write_at;
    wire [8:0] load_w_read_at;
    wire load_w_full;
    wire load_w_own;
    wire load_w_starts;
    wire [15:0] load_w_taken;
    wire [8:0] load_w_ledger_write;
    wire [8:0] load_w_ledger_early;
    wire [8:0] load_w_ledger_read;
    wire load_w_open;
    wire load_w_runs;
    front_queue load_w_queue (.clock(clock), .clear(flush), .depth(9'h100), .dispatched(takes & next_queues[1]), .arrives(arrives[1]), .ready(load_w_ready), .full(load_w_full), .valid(load_w_valid), .write(load_w_write_at), .read(load_w_read_at));
    small_ram #(.WIDTH(257), .ADDRESS(8)) load_w_queue_ram (.clock(clock), .write(arrives[1]), .write_address(load_w_write_at[7:0]), .write_data({word_own, word}), .read_address(load_w_read_at[7:0]), .read_data({load_w_own, load_w_word}));
    front_taken load_w_taken_one (.clock(clock), .clear(flush), .stop(stop), .takes(load_w_valid & load_w_ready & load_w_own), .waits(load_w_word[23:8]), .empty(empty), .start(load_w_start), .go(load_w_go), .starts(load_w_starts), .taken(load_w_taken));
    front_ledger load_w_ledger (.clock(clock), .clear(flush), .arrives(arrives[1] & word_own), .start(load_w_starts), .early(1'b0), .ends(load_w_end), .write(load_w_ledger_write), .early_read(load_w_ledger_early), .read(load_w_ledger_read), .open(load_w_open), .runs(load_w_runs));
    wire [23:0] load_w_index;
    wire [15:0] load_w_posts;
    small_ram #(.WIDTH(40), .ADDRESS(9)) load_w_ledger_ram (.clock(clock), .write(arrives[1] & word_own), .write_address(load_w_ledger_write[8:0]), .write_data({word_index[23:0], word[39:24]}), .read_address(load_w_ledger_read[8:0]), .read_data({load_w_index, load_w_posts}));
    wire [44:0] load_w_unused_places = {load_w_ledger_early, load_w_ledger_read, load_w_ledger_write, load_w_read_at, load_w_write_at};
    wire [31:0] load_w_unused_sets = {load_w_posts, load_w_taken};
    wire [8:0] mm_write_at;
    wire [8:0] mm_read_at;
    wire mm_full;
    wire mm_own;
    wire mm_starts;
    wire [15:0] mm_taken;
    wire [8:0] mm_ledger_write;
    wire [8:0] mm_ledger_early;
    wire [8:0] mm_ledger_read;
    wire mm_open;
    wire mm_runs;
    front_queue mm_queue (.clock(clock), .clear(flush), .depth(9'h100), .dispatched(takes & next_queues[2]), .arrives(arrives[2]), .ready(mm_ready), .full(mm_full), .valid(mm_valid), .write(mm_write_at), .read(mm_read_at));
    small_ram #(.WIDTH(257), .ADDRESS(8)) mm_queue_ram (.clock(clock), .write(arrives[2]), .write_address(mm_write_at[7:0]), .write_data({word_own, word}), .read_address(mm_read_at[7:0]), .read_data({mm_own, mm_word}));
    front_taken mm_taken_one (.clock(clock), .clear(flush), .stop(stop), .takes(mm_valid & mm_ready & mm_own), .waits(mm_word[23:8]), .empty(empty), .start(mm_start), .go(mm_go), .starts(mm_starts), .taken(mm_taken));
    front_ledger mm_ledger (.clock(clock), .clear(flush), .arrives(arrives[2] & word_own), .start(mm_starts), .early(mm_read), .ends(mm_end), .write(mm_ledger_write), .early_read(mm_ledger_early), .read(mm_ledger_read), .open(mm_open), .runs(mm_runs));
    wire [23:0] mm_index;
    wire [15:0] mm_posts;
    small_ram #(.WIDTH(40), .ADDRESS(9)) mm_ledger_ram (.clock(clock), .write(arrives[2] & word_own), .write_address(mm_ledger_write[8:0]), .write_data({word_index[23:0], word[39:24]}), .read_address(mm_ledger_read[8:0]), .read_data({mm_index, mm_posts}));
    wire [23:0] mm_unused_early_index;
    wire [15:0] mm_early_posts;
    small_ram #(.WIDTH(40), .ADDRESS(9)) mm_early_ram (.clock(clock), .write(arrives[2] & word_own), .write_address(mm_ledger_write[8:0]), .write_data({word_index[23:0], word[39:24]}), .read_address(mm_ledger_early[8:0]), .read_data({mm_unused_early_index, mm_early_posts}));
    wire [44:0] mm_unused_places = {mm_ledger_early, mm_ledger_read, mm_ledger_write, mm_read_at, mm_write_at};
    wire [47:0] mm_unused_sets = {mm_early_posts, mm_posts, mm_taken};
    wire [8:0] store_write_at;
    wire [8:0] store_read_at;
    wire store_full;
    wire store_own;
    wire store_starts;
    wire [15:0] store_taken;
    wire [8:0] store_ledger_write;
    wire [8:0] store_ledger_early;
    wire [8:0] store_ledger_read;
    wire store_open;
    wire store_runs;
    front_queue store_queue (.clock(clock), .clear(flush), .depth(9'h100), .dispatched(takes & next_queues[3]), .arrives(arrives[3]), .ready(store_ready), .full(store_full), .valid(store_valid), .write(store_write_at), .read(store_read_at));
    small_ram #(.WIDTH(257), .ADDRESS(8)) store_queue_ram (.clock(clock), .write(arrives[3]), .write_address(store_write_at[7:0]), .write_data({word_own, word}), .read_address(store_read_at[7:0]), .read_data({store_own, store_word}));
    front_taken store_taken_one (.clock(clock), .clear(flush), .stop(stop), .takes(store_valid & store_ready & store_own), .waits(store_word[23:8]), .empty(empty), .start(store_start), .go(store_go), .starts(store_starts), .taken(store_taken));
    front_ledger store_ledger (.clock(clock), .clear(flush), .arrives(arrives[3] & word_own), .start(store_starts), .early(store_released), .ends(store_end), .write(store_ledger_write), .early_read(store_ledger_early), .read(store_ledger_read), .open(store_open), .runs(store_runs));
    wire [23:0] store_index;
    wire [15:0] store_posts;
    small_ram #(.WIDTH(40), .ADDRESS(9)) store_ledger_ram (.clock(clock), .write(arrives[3] & word_own), .write_address(store_ledger_write[8:0]), .write_data({word_index[23:0], word[39:24]}), .read_address(store_ledger_read[8:0]), .read_data({store_index, store_posts}));
    wire [23:0] store_unused_early_index;
    wire [15:0] store_early_posts;
    small_ram #(.WIDTH(40), .ADDRESS(9)) store_early_ram (.clock(clock), .write(arrives[3] & word_own), .write_address(store_ledger_write[8:0]), .write_data({word_index[23:0], word[39:24]}), .read_address(store_ledger_early[8:0]), .read_data({store_unused_early_index, store_early_posts}));
    wire [44:0] store_unused_places = {store_ledger_early, store_ledger_read, store_ledger_write, store_read_at, store_write_at};
    wire [47:0] store_unused_sets = {store_early_posts, store_posts, store_taken};
    wire [8:0] update_write_at;
    wire [8:0] update_read_at;
    wire update_full;
    wire update_own;
    wire update_starts;
    wire [15:0] update_taken;
    wire [8:0] update_ledger_write;
    wire [8:0] update_ledger_early;
    wire [8:0] update_ledger_read;
    wire update_open;
    wire update_runs;
    front_queue update_queue (.clock(clock), .clear(flush), .depth(9'h100), .dispatched(takes & next_queues[4]), .arrives(arrives[4]), .ready(update_ready), .full(update_full), .valid(update_valid), .write(update_write_at), .read(update_read_at));
    small_ram #(.WIDTH(257), .ADDRESS(8)) update_queue_ram (.clock(clock), .write(arrives[4]), .write_address(update_write_at[7:0]), .write_data({word_own, word}), .read_address(update_read_at[7:0]), .read_data({update_own, update_word}));
    front_taken update_taken_one (.clock(clock), .clear(flush), .stop(stop), .takes(update_valid & update_ready & update_own), .waits(update_word[23:8]), .empty(empty), .start(update_start), .go(update_go), .starts(update_starts), .taken(update_taken));
    front_ledger update_ledger (.clock(clock), .clear(flush), .arrives(arrives[4] & word_own), .start(update_starts), .early(1'b0), .ends(update_end), .write(update_ledger_write), .early_read(update_ledger_early), .read(update_ledger_read), .open(update_open), .runs(update_runs));
    wire [23:0] update_index;
    wire [15:0] update_posts;
    small_ram #(.WIDTH(40), .ADDRESS(9)) update_ledger_ram (.clock(clock), .write(arrives[4] & word_own), .write_address(update_ledger_write[8:0]), .write_data({word_index[23:0], word[39:24]}), .read_address(update_ledger_read[8:0]), .read_data({update_index, update_posts}));
    wire [44:0] update_unused_places = {update_ledger_early, update_ledger_read, update_ledger_write, update_read_at, update_write_at};
    wire [31:0] update_unused_sets = {update_posts, update_taken};
    wire [8:0] vector_write_at;
    wire [8:0] vector_read_at;
    wire vector_full;
    wire vector_own;
    wire vector_starts;
    wire [15:0] vector_taken;
    wire [8:0] vector_ledger_write;
    wire [8:0] vector_ledger_early;
    wire [8:0] vector_ledger_read;
    wire vector_open;
    wire vector_runs;
    front_queue vector_queue (.clock(clock), .clear(flush), .depth(9'h100), .dispatched(takes & next_queues[5]), .arrives(arrives[5]), .ready(vector_ready), .full(vector_full), .valid(vector_valid), .write(vector_write_at), .read(vector_read_at));
    small_ram #(.WIDTH(257), .ADDRESS(8)) vector_queue_ram (.clock(clock), .write(arrives[5]), .write_address(vector_write_at[7:0]), .write_data({word_own, word}), .read_address(vector_read_at[7:0]), .read_data({vector_own, vector_word}));
    front_taken vector_taken_one (.clock(clock), .clear(flush), .stop(stop), .takes(vector_valid & vector_ready & vector_own), .waits(vector_word[23:8]), .empty(empty), .start(vector_start), .go(vector_go), .starts(vector_starts), .taken(vector_taken));
    front_ledger vector_ledger (.clock(clock), .clear(flush), .arrives(arrives[5] & word_own), .start(vector_starts), .early(1'b0), .ends(vector_end), .write(vector_ledger_write), .early_read(vector_ledger_early), .read(vector_ledger_read), .open(vector_open), .runs(vector_runs));
    wire [23:0] vector_index;
    wire [15:0] vector_posts;
    small_ram #(.WIDTH(40), .ADDRESS(9)) vector_ledger_ram (.clock(clock), .write(arrives[5] & word_own), .write_address(vector_ledger_write[8:0]), .write_data({word_index[23:0], word[39:24]}), .read_address(vector_ledger_read[8:0]), .read_data({vector_index, vector_posts}));
    wire [44:0] vector_unused_places = {vector_ledger_early, vector_ledger_read, vector_ledger_write, vector_read_at, vector_write_at};
    wire [31:0] vector_unused_sets = {vector_posts, vector_taken};
    wire [5:0] unused_queues = arrives;
    wire [15:0] unused_tokens = empty;
    wire empty_0;
    front_tokens tokens_0 (.clock(clock), .clear(flush), .initial_count(26'h2), .post(mm_read & mm_early_posts[0]), .take(load_a_taken[0]), .empty(empty_0));
    wire empty_1;
    front_tokens tokens_1 (.clock(clock), .clear(flush), .initial_count(26'h0), .post(load_a_end & load_a_posts[1]), .take(mm_taken[1]), .empty(empty_1));
    wire empty_2;
    front_tokens tokens_2 (.clock(clock), .clear(flush), .initial_count(26'h2), .post(mm_read & mm_early_posts[2]), .take(load_w_taken[2]), .empty(empty_2));
    wire empty_3;
    front_tokens tokens_3 (.clock(clock), .clear(flush), .initial_count(26'h0), .post(load_w_end & load_w_posts[3]), .take(mm_taken[3]), .empty(empty_3));
    wire empty_4;
    front_tokens tokens_4 (.clock(clock), .clear(flush), .initial_count(26'h2), .post(store_released & store_early_posts[4]), .take(mm_taken[4]), .empty(empty_4));
    wire empty_5;
    front_tokens tokens_5 (.clock(clock), .clear(flush), .initial_count(26'h0), .post(mm_first_out), .take(store_taken[5]), .empty(empty_5));
    wire empty_6;
    front_tokens tokens_6 (.clock(clock), .clear(flush), .initial_count(26'h0), .post(store_end & store_posts[6]), .take(load_a_taken[6]), .empty(empty_6));
    wire empty_7;
    front_tokens tokens_7 (.clock(clock), .clear(flush), .initial_count(26'h0), .post(store_end & store_posts[7]), .take(load_w_taken[7]), .empty(empty_7));
    wire empty_8;
    front_tokens tokens_8 (.clock(clock), .clear(flush), .initial_count(26'h0), .post(store_end & store_posts[8]), .take(vector_taken[8]), .empty(empty_8));
    wire empty_9;
    front_tokens tokens_9 (.clock(clock), .clear(flush), .initial_count(26'h0), .post(store_end & store_posts[9]), .take(update_taken[9]), .empty(empty_9));
    wire empty_10;
    front_tokens tokens_10 (.clock(clock), .clear(flush), .initial_count(26'h0), .post(vector_end & vector_posts[10]), .take(load_a_taken[10]), .empty(empty_10));
    wire empty_11;
    front_tokens tokens_11 (.clock(clock), .clear(flush), .initial_count(26'h0), .post(vector_end & vector_posts[11]), .take(load_w_taken[11]), .empty(empty_11));
    wire empty_12;
    front_tokens tokens_12 (.clock(clock), .clear(flush), .initial_count(26'h0), .post(vector_end & vector_posts[12]), .take(store_taken[12]), .empty(empty_12));
    wire empty_13;
    front_tokens tokens_13 (.clock(clock), .clear(flush), .initial_count(26'h0), .post(vector_end & vector_posts[13]), .take(update_taken[13]), .empty(empty_13));
    wire empty_14;
    front_tokens tokens_14 (.clock(clock), .clear(flush), .initial_count(26'h0), .post(update_end & update_posts[14]), .take(load_w_taken[14]), .empty(empty_14));
    assign empty = {1'b1, empty_14, empty_13, empty_12, empty_11, empty_10, empty_9, empty_8, empty_7, empty_6, empty_5, empty_4, empty_3, empty_2, empty_1, empty_0};
    assign full = {vector_full, update_full, store_full, mm_full, load_w_full, load_a_full};
    wire [5:0] ends;
    wire [5:0] faulty;
    wire [5:0] running;
    wire [5:0] open;
    assign ends = {vector_end, update_end, store_end, mm_end, load_w_end, load_a_end};
    assign faulty = {vector_fault, update_fault, store_fault, mm_fault, load_w_fault, load_a_fault};
    assign running = {vector_runs, update_runs, store_runs, mm_runs, load_w_runs, load_a_runs};
    assign open = {vector_open, update_open, store_open, mm_open, load_w_open, load_a_open};
    wire vector_oldest_any;
    wire [31:0] vector_oldest;
    front_older vector_older (.left(vector_open), .left_index({8'h0, vector_index}), .right(1'b1), .right_index(checks ? word_index : next_index), .any(vector_oldest_any), .index(vector_oldest));
    wire vector_first_any;
    wire vector_first_axi;
    wire [31:0] vector_first_index;
    wire [37:0] vector_first_address;
    front_fault_pair vector_fault_pair (.first(vector_fault), .first_axi(vector_fault_axi), .first_index({8'h0, vector_index}), .first_address(vector_fault_address), .second(word_fault), .second_axi(word_axi), .second_index(word_index), .second_address(word_address), .any(vector_first_any), .axi(vector_first_axi), .index(vector_first_index), .address(vector_first_address));
    wire update_oldest_any;
    wire [31:0] update_oldest;
    front_older update_older (.left(update_open), .left_index({8'h0, update_index}), .right(vector_oldest_any), .right_index(vector_oldest), .any(update_oldest_any), .index(update_oldest));
    wire update_first_any;
    wire update_first_axi;
    wire [31:0] update_first_index;
    wire [37:0] update_first_address;
    front_fault_pair update_fault_pair (.first(update_fault), .first_axi(update_fault_axi), .first_index({8'h0, update_index}), .first_address(update_fault_address), .second(vector_first_any), .second_axi(vector_first_axi), .second_index(vector_first_index), .second_address(vector_first_address), .any(update_first_any), .axi(update_first_axi), .index(update_first_index), .address(update_first_address));
    wire store_oldest_any;
    wire [31:0] store_oldest;
    front_older store_older (.left(store_open), .left_index({8'h0, store_index}), .right(update_oldest_any), .right_index(update_oldest), .any(store_oldest_any), .index(store_oldest));
    wire store_first_any;
    wire store_first_axi;
    wire [31:0] store_first_index;
    wire [37:0] store_first_address;
    front_fault_pair store_fault_pair (.first(store_fault), .first_axi(store_fault_axi), .first_index({8'h0, store_index}), .first_address(store_fault_address), .second(update_first_any), .second_axi(update_first_axi), .second_index(update_first_index), .second_address(update_first_address), .any(store_first_any), .axi(store_first_axi), .index(store_first_index), .address(store_first_address));
    wire mm_oldest_any;
    wire [31:0] mm_oldest;
    front_older mm_older (.left(mm_open), .left_index({8'h0, mm_index}), .right(store_oldest_any), .right_index(store_oldest), .any(mm_oldest_any), .index(mm_oldest));
    wire mm_first_any;
    wire mm_first_axi;
    wire [31:0] mm_first_index;
    wire [37:0] mm_first_address;
    front_fault_pair mm_fault_pair (.first(mm_fault), .first_axi(mm_fault_axi), .first_index({8'h0, mm_index}), .first_address(mm_fault_address), .second(store_first_any), .second_axi(store_first_axi), .second_index(store_first_index), .second_address(store_first_address), .any(mm_first_any), .axi(mm_first_axi), .index(mm_first_index), .address(mm_first_address));
    wire load_w_oldest_any;
    wire [31:0] load_w_oldest;
    front_older load_w_older (.left(load_w_open), .left_index({8'h0, load_w_index}), .right(mm_oldest_any), .right_index(mm_oldest), .any(load_w_oldest_any), .index(load_w_oldest));
    wire load_w_first_any;
    wire load_w_first_axi;
    wire [31:0] load_w_first_index;
    wire [37:0] load_w_first_address;
    front_fault_pair load_w_fault_pair (.first(load_w_fault), .first_axi(load_w_fault_axi), .first_index({8'h0, load_w_index}), .first_address(load_w_fault_address), .second(mm_first_any), .second_axi(mm_first_axi), .second_index(mm_first_index), .second_address(mm_first_address), .any(load_w_first_any), .axi(load_w_first_axi), .index(load_w_first_index), .address(load_w_first_address));
    wire load_a_oldest_any;
    wire [31:0] load_a_oldest;
    front_older load_a_older (.left(load_a_open), .left_index({8'h0, load_a_index}), .right(load_w_oldest_any), .right_index(load_w_oldest), .any(load_a_oldest_any), .index(load_a_oldest));
    wire load_a_first_any;
    wire load_a_first_axi;
    wire [31:0] load_a_first_index;
    wire [37:0] load_a_first_address;
    front_fault_pair load_a_fault_pair (.first(load_a_fault), .first_axi(load_a_fault_axi), .first_index({8'h0, load_a_index}), .first_address(load_a_fault_address), .second(load_w_first_any), .second_axi(load_w_first_axi), .second_index(load_w_first_index), .second_address(load_w_first_address), .any(load_a_first_any), .axi(load_a_first_axi), .index(load_a_first_index), .address(load_a_first_address));
    wire unused_oldest = load_a_oldest_any;
    wire [31:0] oldest = load_a_oldest;
    wire fault = load_a_first_any;
    wire fault_axi = load_a_first_axi;
    wire [31:0] fault_at = load_a_first_index;
    wire [37:0] fault_byte = load_a_first_address;
    wire watchdog;
    wire stops;
    wire [63:0] cycle;
    wire [63:0] last_end;
    front_progress progress (.clock(clock), .load(load | reset), .runs(runs), .fault(stops), .kept(kept), .ends(ends), .watchdog_cycles(watchdog_cycles), .retired(retired), .cycle(cycle), .last_end(last_end), .fires(watchdog));
    front_run run (.clock(clock), .reset(reset), .start(start), .cancel(cancel), .resetting(resetting), .program_address(program_address), .length(length), .most(32'h1000000), .memory_bytes(40'h1000000000), .done_bit(32'h1), .illegal_bit(32'h2), .axi_bit(32'h4), .watchdog_bit(32'h8), .cancelled_bit(32'h10), .not_finite_bit(32'h20), .complete(all_dispatched & ~checks & (open == 6'h0)), .running(running), .dma_idle(dma_idle), .faulty(faulty), .fault(fault), .fault_axi(fault_axi), .fault_index(fault_at), .fault_address(fault_byte), .watchdog(watchdog), .oldest(oldest), .cycle(cycle), .last_end(last_end), .not_finite(update_not_finite), .load(load), .runs(runs), .stops(stops), .stop(stop), .flush(flush), .busy(busy), .reset_done(reset_done), .raised(raised), .shown_index(fault_index), .shown_address(fault_address), .shown_cycles(job_cycles));
endmodule
