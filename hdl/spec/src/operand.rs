//! How operand weights lie in card memory: column tiles in which one K slot is one beat.

/// Output columns of a tile, of every array: their FP16 values are one beat. The last tile is filled up.
pub const WEIGHT_TILE_COLS: usize = 32;
/// K slots of which a beat holds the positions, 4 bits for each column. In a tile of compact weights that beat comes before the
/// beats of their values.
pub const POSITION_SLOTS: usize = 4;

/// Beats of a tile of `slots` K slots: those of the values, and those of the positions if the weights are compact.
#[must_use]
pub const fn weight_tile_beats(slots: u64, compact: bool) -> u64 {
    slots + if compact { slots.div_ceil(POSITION_SLOTS as u64) } else { 0 }
}

/// The beat of a tile that holds the values of a K slot.
#[must_use]
pub const fn weight_beat(slot: u64, compact: bool) -> u64 {
    if compact { slot + slot / POSITION_SLOTS as u64 + 1 } else { slot }
}

/// The beat of a tile of compact weights that holds the positions of a K slot.
#[must_use]
pub const fn position_beat(slot: u64) -> u64 {
    slot / POSITION_SLOTS as u64 * (POSITION_SLOTS as u64 + 1)
}

#[cfg(test)]
mod tests {
    use super::{position_beat, weight_beat, weight_tile_beats};

    #[test]
    fn every_beat_of_a_tile_is_used_once() {
        for slots in 0..50 {
            for compact in [false, true] {
                let mut beats: Vec<u64> =
                    (0..slots).map(|slot| weight_beat(slot, compact)).collect();
                if compact {
                    beats.extend((0..slots).map(position_beat));
                }
                beats.sort_unstable();
                beats.dedup();
                assert_eq!(beats, (0..weight_tile_beats(slots, compact)).collect::<Vec<_>>());
            }
        }
    }
}
