//! The bank of a row: what was written with the tag of its half is read, all else is zero.

use crate::live::Live;
use crate::support::{Random, accepted_by_the_tools};
use crate::verilog::has_verilog_tool;
use satkit_hdl::array::row_bank;
use satkit_hdl::emit::Design;
use satkit_spec::ArrayConfig;

fn designs() -> [Design; 2] {
    [ArrayConfig::tiny(), ArrayConfig::vcu1525()].map(|config| row_bank(&config))
}

accepted_by_the_tools!(designs);

#[test]
fn a_word_of_another_tag_is_zero() {
    if !has_verilog_tool("verilator") {
        return;
    }
    let config = ArrayConfig::tiny();
    let live = Live::build(&row_bank(&config));
    let mut pins = live.start();
    let mut random = Random(1);
    let line_bits = config.w2e_words_per_row.ilog2() as usize - 2;
    // Few words and tags, so that they meet.
    let mut words = vec![(0_u64, [0_u32; 4]); config.w2e_words_per_row];
    let mut offsets = [[0_u64; 4]; 32];
    let mut fetched = (0, 0_u64, [0; 4]);
    let mut given = [0; 4];
    let mut found = 0;
    pins.put("run", 1);
    for _ in 0..20_000 {
        let half = random.below(2);
        let lines: Vec<u64> = (0..4).map(|_| half << (line_bits - 1) | random.below(3)).collect();
        let (write, tag) = (random.below(16), random.below(3));
        let data: Vec<u32> = (0..16).map(|_| random.next() as u32).collect();
        let tags = [random.below(3), random.below(3)];
        let word = random.below(2) << (line_bits + 1) | random.below(12);
        pins.put("write", write);
        pins.put("lines", (0..4).fold(0, |all, bank| all | lines[bank] << (bank * line_bits)));
        pins.put_words("data", 0, &data);
        pins.put("tag", tag);
        pins.put("tags", tags[0] | tags[1] << (line_bits - 1));
        pins.put("bank_word", word);
        let (table_write, entry, read) = (random.below(2), random.below(32), random.below(128));
        let values: [u64; 4] = std::array::from_fn(|_| random.below(1 << 20));
        let all = values.iter().rev().fold(0_u128, |all, &value| all << 20 | u128::from(value));
        pins.put("table_write", table_write);
        pins.put("table_entry", entry);
        pins.put_words("table_values", 0, &[all as u32, (all >> 32) as u32, (all >> 64) as u32]);
        pins.put("read_entry", read);
        pins.step();
        let offset = offsets[(read >> 6 << 4 | read & 15) as usize][(read >> 4 & 3) as usize];
        assert_eq!(pins.get("table_offset"), offset);
        assert_eq!(pins.get_words("bank_data", 0, 4), given);
        // Fetched at one edge, compared in the next cycle, there after it.
        let (half, has, content) = fetched;
        given = if has == tags[half] { content } else { [0; 4] };
        found += usize::from(given != [0; 4]);
        let (has, content) = words[word as usize];
        fetched = ((word >> (line_bits + 1)) as usize, has, content);
        for bank in (0..4).filter(|bank| write >> bank & 1 == 1) {
            let at = 4 * lines[bank] as usize + bank;
            words[at] = (tag, std::array::from_fn(|word| data[4 * bank + word]));
        }
        if table_write == 1 {
            offsets[entry as usize] = values;
        }
    }
    assert!(found > 1_000);
}
