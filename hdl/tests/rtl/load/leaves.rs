//! Every block is the same in RustHDL's simulation and in Verilog, whatever comes in.

use crate::dma::leaves::agrees;
use crate::trace::traced;
use crate::verilog::has_verilog_tool;
use satkit_hdl::load::activations::{
    ActivationLane, ActivationRow, ActivationSteps, ActivationTake, Divide, Given, OffsetTable,
    Reckoner, Scatter, ScatterBank, ScatterTurn, Stripes, TapTable,
};
use satkit_hdl::load::{LoadFault, Positions, Runs, WeightColumn, WeightDecode, WeightSteps};

traced!(
    WeightDecode,
    [reset decode_cycles cols_mask most_entries geometry operands load weight_source compact first_slot w w_pitch tile_beats
     group col_base cols slot_base slots entries start],
    [ready decoded illegal address runs beats stride is_tiles is_compact skipped slot_count cols_up first_col]
);
traced!(
    Runs,
    [reset start first length runs stride lines line_stride burst taken],
    [busy address left last_run]
);
traced!(
    WeightSteps,
    [reset last_group beat error is_tiles is_compact skipped slots groups first_group],
    [ready ends keeps group quarter write entry half ended failed]
);
traced!(Positions, [keeps beat], [kept]);
traced!(WeightColumn, [values positions value_at position_at is_compact], [entry]);
traced!(LoadFault, [reset illegal runs ending refused idle failed], [fault axi halted]);

traced!(Divide, [start a b], [done quotient remainder]);
traced!(Reckoner, [reset start fields], [gives place value pushes busy refused]);
traced!(
    ActivationTake,
    [reset geometry operands load start decodes refused],
    [ready takes decoded illegal]
);
traced!(Given, [gives place own value], [given]);
traced!(Stripes, [reset start is_last asks ends], [takes busy]);
traced!(
    ActivationSteps,
    [reset may beat error holds is_first is_last lines pixels words at line_words pixel pixel_step lead line_lead pixel_lead scatters shares_beat
     parts],
    [ready leaves ended failed clears scattered part mask line_at pixel_at word_at half tag lower_tag upper_tag]
);
traced!(
    ActivationRow,
    [row row_first_1 row_end_1 skipped_1 patch_words_2 share_2 streams_3 packed_3 mask_3 line_words_3 at_3 pixel_3 word_3
     lane_3 group_log2_3 beat_4 scatters_4 scattered_write_4 scattered_lines_4 scattered_4 clear_4 clear_line_4],
    [write lines data]
);
traced!(
    Scatter,
    [rows_log2 rows_mask scatters_1 packed_1 part_1 mask_1 line_at_1 pixel_at_1 word_at_1 lane_1 run_words_2],
    [inside_3 turn_3 number_3 base_3 lane_3]
);
traced!(ScatterTurn, [width_log2 mask beat_3 packed_3 part_3 turn_3], [values_4]);
traced!(
    ScatterBank,
    [row bank places bias inside_3 turn_3 number_3 base_3 run_words_3 channels_3 lane_4 values_4 clear_4],
    [write line data]
);
traced!(OffsetTable, [reset start across down width], [write entry offset]);
traced!(
    TapTable,
    [reset start half by_taps narrow rows last_row tap_h tap_w kernel_h kernel_w run_words widths begins least],
    [may own gives all row offsets write entry]
);
traced!(
    ActivationLane,
    [row start streams skipped share lane group_log2 offsets by_taps gives all gives_row given],
    [values]
);

#[test]
fn blocks_in_rusthdl_and_in_verilog_agree() {
    if !has_verilog_tool("verilator") {
        return;
    }
    agrees::<WeightDecode>();
    agrees::<Runs>();
    agrees::<WeightSteps>();
    agrees::<Positions>();
    agrees::<WeightColumn>();
    agrees::<LoadFault>();
    agrees::<Divide>();
    agrees::<Reckoner>();
    agrees::<ActivationTake>();
    agrees::<Given>();
    agrees::<Stripes>();
    agrees::<ActivationSteps>();
    agrees::<ActivationRow>();
    agrees::<Scatter>();
    agrees::<ScatterTurn>();
    agrees::<ScatterBank>();
    agrees::<OffsetTable>();
    agrees::<TapTable>();
    agrees::<ActivationLane>();
}
