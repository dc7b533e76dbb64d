//! Card memory through every DMA channel.

use super::{Bandwidth, Checked, Failure};
use satkit_spec::memory_map::{CHANNELS, INTERLEAVE_BYTES, MODULE_BYTES};
use satkit_transport::{Card, CardError, CardResult, Direction, DmaBuf};
use std::collections::BTreeSet;
use std::time::Instant;

/// What becomes readable together: a write of a part needs the rest, whose ECC is only set once it was written.
const BLOCK_BYTES: usize = INTERLEAVE_BYTES as usize;
/// Bytes at each place of the address test: a block of every DDR4 channel, and one more.
const PLACE_BYTES: usize = BLOCK_BYTES * (CHANNELS as usize + 1);
/// Bytes of the data patterns.
const PATTERN_BYTES: usize = 64 << 10;
const ODD_SIZES: [usize; 4] = [1, 3, 4095, 4097];
/// Bytes around an odd transfer that have to stay.
const GUARD: usize = 64;

/// Pairs of channels that between them use every channel of the card.
fn pairs(card: &dyn Card) -> impl Iterator<Item = (u8, u8)> {
    let (h2c, c2h) = (card.info().h2c_channels.max(1), card.info().c2h_channels.max(1));
    (0..h2c.max(c2h)).map(move |pair| (pair % h2c, pair % c2h))
}

fn read(card: &dyn Card, channel: u8, address: u64, bytes: usize) -> CardResult<DmaBuf> {
    let mut buffer = DmaBuf::zeroed(bytes);
    card.c2h(channel, address, &mut buffer)?;
    Ok(buffer)
}

fn compare(address: u64, expected: &[u8], found: &[u8]) -> Result<(), Failure> {
    let wrong = expected.iter().zip(found).position(|(expected, found)| expected != found);
    wrong.map_or(Ok(()), |at| {
        let count = expected.iter().zip(found).filter(|(a, b)| a != b).count();
        Err(Failure::Wrong(format!(
            "{count} bytes differ, the first at {:#x}: {:#04x} instead of {:#04x}",
            address + at as u64,
            found[at],
            expected[at]
        )))
    })
}

/// Words that say where they lie, mixed with `salt`.
fn addressed(address: u64, bytes: usize, salt: u64) -> DmaBuf {
    let mut buffer = DmaBuf::zeroed(bytes);
    for (at, word) in buffer.chunks_mut(8).enumerate() {
        let value = (address + 8 * at as u64) ^ salt;
        word.copy_from_slice(&value.to_le_bytes()[..word.len()]);
    }
    buffer
}

/// All places are written before any is read: an address line that is stuck shows one place at another.
pub(super) fn addresses(card: &dyn Card) -> Checked {
    let end = card.info().memory_bytes;
    let last = end.saturating_sub(PLACE_BYTES as u64) / INTERLEAVE_BYTES * INTERLEAVE_BYTES;
    let powers = (INTERLEAVE_BYTES.ilog2()..u64::BITS).map(|bit| 1u64 << bit);
    let modules = (1..u64::from(CHANNELS)).map(|module| module * MODULE_BYTES + INTERLEAVE_BYTES);
    let inner = powers.chain(modules).filter(|&at| at < last);
    let places: BTreeSet<u64> = [0, last].into_iter().chain(inner).collect();
    for (h2c, c2h) in pairs(card) {
        // Places may overlap: a word depends on its address, and not on whose it is.
        let salt = u64::from(h2c) << 56 | u64::from(c2h) << 48;
        for &place in &places {
            card.h2c(h2c, place, &addressed(place, PLACE_BYTES, salt))?;
        }
        for &place in &places {
            let found = read(card, c2h, place, PLACE_BYTES)?;
            compare(place, &addressed(place, PLACE_BYTES, salt), &found)?;
        }
    }
    Ok(format!("{} places up to {end:#x}", places.len()))
}

pub(super) fn patterns(card: &dyn Card) -> Checked {
    type Fill = fn(usize) -> u8;
    let fills: [(&str, Fill); 6] = [
        ("zeros", |_| 0),
        ("ones", |_| 0xFF),
        ("0x55", |_| 0x55),
        ("0xAA", |_| 0xAA),
        ("a walking one", |at| 1 << (at % 8)),
        // Not periodic in a power of two, as buses are.
        ("a count modulo 251", |at| (at % 251) as u8),
    ];
    for (h2c, c2h) in pairs(card) {
        for (name, fill) in fills {
            let mut sent = DmaBuf::zeroed(PATTERN_BYTES);
            sent.iter_mut().enumerate().for_each(|(at, byte)| *byte = fill(at));
            card.h2c(h2c, 0, &sent)?;
            compare(0, &sent, &read(card, c2h, 0, PATTERN_BYTES)?).map_err(|failure| {
                let channels = format!("{name} over h2c {h2c}, c2h {c2h}: ");
                match failure {
                    Failure::Wrong(reason) => Failure::Wrong(channels + &reason),
                    card => card,
                }
            })?;
        }
    }
    Ok(format!("{} patterns on {} pairs of channels", fills.len(), pairs(card).count()))
}

/// Transfers of odd sizes at odd addresses change their bytes and no others.
pub(super) fn odd_sizes(card: &dyn Card) -> Checked {
    let mut count = 0;
    for (h2c, c2h) in pairs(card) {
        for size in ODD_SIZES {
            for offset in [0, 1, 63, 4095] {
                let all = (GUARD + offset + size + GUARD).next_multiple_of(BLOCK_BYTES);
                let mut expected = DmaBuf::zeroed(all);
                expected.fill(0xA5);
                card.h2c(h2c, 0, &expected)?;
                let at = GUARD + offset;
                let sent = addressed(at as u64, size, 0x5A5A_5A5A);
                card.h2c(h2c, at as u64, &sent)?;
                expected[at..at + size].copy_from_slice(&sent);
                compare(0, &expected, &read(card, c2h, 0, all)?)?;
                compare(at as u64, &sent, &read(card, c2h, at as u64, size)?)?;
                count += 1;
            }
        }
    }
    Ok(format!("{count} transfers of {ODD_SIZES:?} bytes"))
}

/// The last bytes of memory are there, and those after them are refused.
pub(super) fn boundaries(card: &dyn Card) -> Checked {
    let end = card.info().memory_bytes;
    card.h2c(0, end - INTERLEAVE_BYTES, &DmaBuf::zeroed(BLOCK_BYTES))?;
    for size in [1, 64, 4096] {
        let place = end - size as u64;
        let sent = addressed(place, size, 0x0F0F);
        card.h2c(0, place, &sent)?;
        compare(place, &sent, &read(card, 0, place, size)?)?;
    }
    for (place, size) in [(end, 1), (end - 1, 2), (u64::MAX, 1)] {
        let refused =
            [card.h2c(0, place, &DmaBuf::zeroed(size)), read(card, 0, place, size).map(drop)];
        for outcome in refused {
            match outcome {
                Err(CardError::OutOfRange { .. }) => {}
                Err(other) => return Err(other.into()),
                Ok(()) => {
                    let reason = format!("{size} bytes at {place:#x} moved beyond {end:#x}");
                    return Err(Failure::Wrong(reason));
                }
            }
        }
    }
    Ok(format!("memory ends at {end:#x}"))
}

/// Times one large transfer on each channel, after one that warms up.
pub(super) fn bandwidth(card: &dyn Card, bytes: usize, speeds: &mut Vec<Bandwidth>) -> Checked {
    let bytes = bytes.min(usize::try_from(card.info().memory_bytes).unwrap_or(usize::MAX));
    let mut buffer = addressed(0, bytes, 0);
    let (h2c, c2h) = (card.info().h2c_channels, card.info().c2h_channels);
    let ways = (0..h2c).map(|channel| (Direction::HostToCard, channel));
    let ways = ways.chain((0..c2h).map(|channel| (Direction::CardToHost, channel)));
    for (direction, channel) in ways {
        let mut once = || match direction {
            Direction::HostToCard => card.h2c(channel, 0, &buffer),
            Direction::CardToHost => card.c2h(channel, 0, &mut buffer),
        };
        once()?;
        let begin = Instant::now();
        once()?;
        let seconds = begin.elapsed().as_secs_f64().max(1e-9);
        speeds.push(Bandwidth { direction, channel, bytes: bytes as u64, seconds });
    }
    let text = speeds.iter().map(|speed| {
        let Bandwidth { direction, channel, .. } = speed;
        format!("{direction} {channel}: {:.0} MB/s", speed.megabytes_per_second())
    });
    Ok(text.collect::<Vec<_>>().join(", "))
}
