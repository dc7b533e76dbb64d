//! STAND-IN for the core, to be replaced: its ports, and an array that multiplies what the banks hold, without instructions.

use crate::emit::{Design, Module, emit};
use crate::float::{AddSingle, MultiplyHalf};
use satkit_spec::ArrayConfig;

/// Why a configuration has no RTL.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("array {array} has no RTL: {reason}")]
pub struct HdlError {
    /// Name of the configuration.
    pub array: String,
    /// What the RTL cannot do, and what would be accepted.
    pub reason: String,
}

/// Verilog of the core.
///
/// # Errors
/// [`HdlError`] if the RTL does not have what the configuration asks for.
pub fn design(config: &ArrayConfig) -> Result<Design, HdlError> {
    make(config, "core")
}

pub(crate) fn make(config: &ArrayConfig, top: &str) -> Result<Design, HdlError> {
    for (what, asked, built) in [
        ("adder", config.adder_latency_cycles, AddSingle::LATENCY_CYCLES),
        ("multiplier", config.multiplier_latency_cycles, MultiplyHalf::LATENCY_CYCLES),
    ] {
        if asked != built {
            let reason = format!("its {what} has {asked} stages; accepted: {built}");
            return Err(HdlError { array: config.name.clone(), reason });
        }
    }
    let mut modules = emit("multiply_half", MultiplyHalf::default).modules().to_vec();
    modules.extend(emit("add_single", AddSingle::default).modules().iter().cloned());
    modules.push(Module { name: "uspe".into(), text: uspe(config.m_lanes) });
    modules.push(Module { name: top.into(), text: array(config, top) });
    Ok(Design::from_modules(modules))
}

fn uspe(lanes: usize) -> String {
    let word = lanes * 16;
    let select = (0..lanes)
        .map(|i| format!("            4'd{i}: lane = word[{}:{}];\n", 16 * i + 15, 16 * i))
        .collect::<String>();
    format!(
        "module uspe(
    input wire clock,
    input wire [{high}:0] word, output reg [{high}:0] word_east,
    input wire [8:0] control, output reg [8:0] control_east,
    input wire [15:0] value, output reg [15:0] value_south,
    input wire [3:0] position, output reg [3:0] position_south,
    input wire [32:0] drain, output reg [32:0] drain_south
);
    reg [15:0] lane;
    reg [15:0] lane_q;
    reg [15:0] value_q;
    reg [71:0] kept;
    wire [31:0] product;
    wire [31:0] sum;
    reg [31:0] ring [0:15];
    reg [31:0] done [0:15];
    reg [31:0] previous;
    wire [8:0] started = kept[35:27];
    wire [8:0] ended = kept[71:63];
    always @(*) begin
        case (position)
{select}            default: lane = 16'h0;
        endcase
        if (started[1]) previous = 32'h0;
        else if (ended[0] && ended[6:3] == started[6:3]) previous = sum;
        else previous = ring[started[6:3]];
    end
    multiply_half multiplier(.clock(clock), .a(lane_q), .b(value_q), .product(product));
    add_single adder(.clock(clock), .a(product), .b(previous), .sum(sum));
    always @(posedge clock) begin
        word_east <= word;
        control_east <= control;
        value_south <= value;
        position_south <= position;
        lane_q <= lane;
        value_q <= control[0] ? value : 16'h0;
        kept <= {{kept[62:0], control}};
        if (ended[0]) ring[ended[6:3]] <= sum;
        if (ended[0] && ended[2]) done[ended[6:3]] <= sum;
        drain_south <= control[8] ? {{1'b1, done[control[6:3]]}} : drain;
    end
endmodule
",
        high = word - 1,
    )
}

fn array(config: &ArrayConfig, top: &str) -> String {
    let (r, c, word) = (config.rows, config.cols, config.m_lanes * 16);
    format!(
        "module {top}(
    input wire clock,
    input wire load_clock,
    input wire instruction_valid,
    input wire [255:0] instruction,
    input wire go,
    output wire instruction_ready,
    output reg mm_start,
    output reg mm_end,
    input wire w2e_write,
    input wire [{r1}:0] w2e_rows,
    input wire [15:0] w2e_word,
    input wire [{l1}:0] w2e_lanes,
    input wire [{w1}:0] w2e_data,
    input wire table_write,
    input wire [{r1}:0] table_rows,
    input wire [6:0] table_entry,
    input wire [19:0] table_value,
    input wire n2s_write,
    input wire [{c1}:0] n2s_cols,
    input wire [15:0] n2s_entry,
    input wire [15:0] n2s_value,
    input wire [3:0] n2s_position,
    output wire drain_valid,
    output wire [{d1}:0] drain,
    output reg [63:0] cycle_count,
    output reg [63:0] mac_slots,
    output reg [63:0] idle_slots
);
    reg busy;
    reg [10:0] slot;
    assign instruction_ready = !busy;
    wire [8:0] control = {{slot[10:4] == 7'd65, 1'b0, slot[3:0], slot[10:4] == 7'd63, slot[10:4] == 7'd0, busy && !slot[10]}};
    always @(posedge clock) begin
        cycle_count <= cycle_count + 64'd1;
        mm_start <= instruction_valid && go && !busy;
        mm_end <= busy && slot == 11'd1100;
        if (busy && !slot[10]) mac_slots <= mac_slots + 64'd{macs};
        else idle_slots <= idle_slots + 64'd{macs};
        if (busy) slot <= slot + 11'd1;
        else slot <= {{3'd0, instruction[7:0] & 8'h0}};
        if (instruction_valid && go) busy <= 1'b1;
        if (slot == 11'd1100) busy <= 1'b0;
    end
    wire unused = ^{{table_write, table_rows, table_entry, table_value, instruction, w2e_lanes, w2e_word, n2s_entry}};
    reg [9:0] delayed [0:{longest}];
    integer k;
    always @(posedge clock) begin
        delayed[0] <= {{1'b0, control}};
        for (k = 1; k <= {longest}; k = k + 1) delayed[k] <= delayed[k - 1];
    end
    wire [{w1}:0] words [0:{cells_high}];
    wire [8:0] controls [0:{cells_high}];
    wire [15:0] values [0:{cells_high}];
    wire [3:0] positions [0:{cells_high}];
    wire [32:0] drains [0:{cells_high}];
    genvar row;
    genvar col;
    generate
        for (row = 0; row < {r}; row = row + 1) begin : west
            reg [{w1}:0] bank [0:1023];
            reg [{w1}:0] read;
            always @(posedge load_clock) if (w2e_write && w2e_rows[row]) bank[w2e_word[9:0]] <= w2e_data;
            always @(posedge clock) read <= bank[slot[9:0]];
            assign words[row * {c1x}] = read;
            assign controls[row * {c1x}] = delayed[row][8:0];
        end
        for (col = 0; col < {c}; col = col + 1) begin : north
            reg [19:0] bank [0:1023];
            reg [19:0] read;
            always @(posedge load_clock) if (n2s_write && n2s_cols[col]) bank[n2s_entry[9:0]] <= {{n2s_position, n2s_value}};
            always @(posedge clock) read <= bank[slot[9:0]];
            assign values[col] = read[15:0];
            assign positions[col] = read[19:16];
            assign drains[col] = 33'd0;
            assign drain[32 * col + 31:32 * col] = drains[{r} * {c1x} + col][31:0];
        end
        for (row = 0; row < {r}; row = row + 1) begin : line
            for (col = 0; col < {c}; col = col + 1) begin : pe
                uspe uspe(
                    .clock(clock),
                    .word(words[row * {c1x} + col]), .word_east(words[row * {c1x} + col + 1]),
                    .control(controls[row * {c1x} + col]), .control_east(controls[row * {c1x} + col + 1]),
                    .value(values[row * {c1x} + col]), .value_south(values[(row + 1) * {c1x} + col]),
                    .position(positions[row * {c1x} + col]), .position_south(positions[(row + 1) * {c1x} + col]),
                    .drain(drains[row * {c1x} + col]), .drain_south(drains[(row + 1) * {c1x} + col])
                );
            end
        end
    endgenerate
    assign drain_valid = drains[{r} * {c1x}][32];
endmodule
",
        r1 = r - 1,
        c1 = c - 1,
        c1x = c + 1,
        w1 = word - 1,
        l1 = config.m_lanes - 1,
        d1 = 32 * c - 1,
        macs = r * c,
        longest = r,
        cells_high = (r + 1) * (c + 1) - 1,
    )
}
