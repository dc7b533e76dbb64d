//! Every block is the same in RustHDL's simulation and in Verilog, whatever comes in.

use crate::dma::leaves::agrees;
use crate::trace::traced;
use crate::verilog::has_verilog_tool;
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
    [busy address left]
);
traced!(
    WeightSteps,
    [reset last_group beat error is_tiles is_compact skipped slots groups first_group],
    [ready ends keeps group quarter write entry half ended failed]
);
traced!(Positions, [keeps beat], [kept]);
traced!(WeightColumn, [values positions value_at position_at is_compact], [entry]);
traced!(LoadFault, [reset illegal runs refused idle failed], [fault axi halted]);

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
}
