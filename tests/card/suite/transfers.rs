//! DMA: what is written comes back, and nothing else changes.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use satkit_spec::memory_map::{INTERLEAVE_BYTES, MODULE_BYTES};
use satkit_transport::{Card, CardError, DmaBuf};
use std::sync::Arc;

/// Bytes of each window of memory that these tests write.
const WINDOW_BYTES: usize = 256 << 10;
/// Bytes of a host page, and of a FUSE or IOMMU one.
const PAGE_BYTES: u64 = 4096;

fn write(card: &Arc<dyn Card>, address: u64, bytes: &[u8]) {
    card.h2c(0, address, &DmaBuf::copy_of(bytes)).unwrap();
}

fn read(card: &Arc<dyn Card>, address: u64, len: usize) -> DmaBuf {
    let mut buffer = DmaBuf::zeroed(len);
    // What a transfer leaves out shows.
    buffer.fill(0xEE);
    card.c2h(0, address, &mut buffer).unwrap();
    buffer
}

/// Bytes that differ from their neighbours and from those of another seed.
fn pattern(seed: u64, len: usize) -> Vec<u8> {
    (0..len as u64)
        .map(|i| ((i ^ seed).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) as u8 ^ i as u8)
        .collect()
}

/// Where windows start: the first byte, across the end of the first module's worth, and up to the last byte.
fn windows(card: &Arc<dyn Card>) -> Vec<u64> {
    let (bytes, window) = (card.info().memory_bytes, WINDOW_BYTES as u64);
    let across = (MODULE_BYTES < bytes).then_some(MODULE_BYTES - window / 2);
    [Some(0), across, Some(bytes - window)].into_iter().flatten().collect()
}

pub(crate) fn patterns_come_back_and_nothing_else_changes(card: &Arc<dyn Card>) {
    for base in windows(card) {
        let mut model = vec![0u8; WINDOW_BYTES];
        write(card, base, &model);
        let transfer = (0..WINDOW_BYTES, 0usize..WINDOW_BYTES / 2, any::<u64>(), any::<bool>());
        let transfers = prop::collection::vec(transfer, 1..6);
        let mut runner = TestRunner::new(Config { cases: 24, ..Config::default() });
        let model = std::cell::RefCell::new(&mut model);
        let holds = |transfers: Vec<(usize, usize, u64, bool)>| {
            let mut model = model.borrow_mut();
            for (at, len, seed, whole_blocks) in transfers {
                let unit = if whole_blocks { PAGE_BYTES as usize } else { 1 };
                let (at, len) = (at / unit * unit, len / unit * unit);
                let len = len.min(WINDOW_BYTES - at);
                let bytes = pattern(seed, len);
                write(card, base + at as u64, &bytes);
                model[at..at + len].copy_from_slice(&bytes);
                prop_assert!(*read(card, base + at as u64, len) == *bytes);
            }
            prop_assert!(*read(card, base, WINDOW_BYTES) == **model);
            Ok(())
        };
        runner.run(&transfers, holds).unwrap();
    }
}

pub(crate) fn odd_sizes_keep_their_neighbours(card: &Arc<dyn Card>) {
    const MARGIN: usize = 64;
    let boundaries = windows(card).into_iter().flat_map(|base| {
        let middle = base + WINDOW_BYTES as u64 / 2;
        write(card, base, &vec![0x33; WINDOW_BYTES]);
        [middle, middle + PAGE_BYTES, middle + INTERLEAVE_BYTES * 3]
    });
    for boundary in boundaries {
        for len in [0usize, 1, 3, 63, 64, 65, 4095, 4096, 4097, 16_385] {
            for before in [0u64, 1, 63, 64, 2048, 4095] {
                let at = boundary - before;
                let around = read(card, at - MARGIN as u64, len + 2 * MARGIN);
                let bytes = pattern(at ^ len as u64, len);
                write(card, at, &bytes);
                let mut expected = around.to_vec();
                expected[MARGIN..MARGIN + len].copy_from_slice(&bytes);
                let found = read(card, at - MARGIN as u64, len + 2 * MARGIN);
                assert!(*found == *expected, "{len} bytes at {at:#x}");
            }
        }
    }
    // The last bytes of the memory, and one transfer that is longer than any unit of a driver.
    let end = card.info().memory_bytes;
    for len in [1usize, 3, 4095, 4097] {
        let bytes = pattern(7, len);
        write(card, end - len as u64, &bytes);
        assert!(*read(card, end - len as u64, len) == *bytes);
    }
    let bytes = pattern(8, (5 << 20) + 4097);
    write(card, 0, &vec![0; bytes.len().next_multiple_of(4096)]);
    write(card, 0, &bytes);
    assert!(*read(card, 0, bytes.len()) == *bytes);
}

pub(crate) fn ranges_and_channels_are_checked(card: &Arc<dyn Card>) {
    let end = card.info().memory_bytes;
    let last = end - PAGE_BYTES;
    write(card, last, &pattern(1, PAGE_BYTES as usize));
    let mut buffer = DmaBuf::zeroed(4097);
    for address in [last, end - 1, end, end + 1, u64::MAX - 4096, u64::MAX] {
        let errors = [card.h2c(0, address, &buffer).err(), card.c2h(0, address, &mut buffer).err()];
        for error in errors {
            assert!(matches!(error, Some(CardError::OutOfRange { .. })), "{error:?}");
        }
    }
    assert!(*read(card, last, PAGE_BYTES as usize) == *pattern(1, PAGE_BYTES as usize));
    let info = card.info();
    let no_h2c = card.h2c(info.h2c_channels, last, &DmaBuf::zeroed(64)).err();
    let no_c2h = card.c2h(info.c2h_channels, last, &mut DmaBuf::zeroed(64)).err();
    for error in [no_h2c, no_c2h] {
        assert!(matches!(error, Some(CardError::OutOfRange { .. })), "{error:?}");
    }
}

pub(crate) fn concurrent_transfers_do_not_mix(card: &Arc<dyn Card>) {
    const THREADS: u64 = 4;
    const BYTES: usize = (1 << 20) + 3;
    let stride = (BYTES as u64).next_multiple_of(PAGE_BYTES);
    write(card, 0, &vec![0; (THREADS * stride) as usize]);
    let info = card.info();
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            scope.spawn(move || {
                // Ranges lie side by side, so neighbours share their pages.
                let address = thread * BYTES as u64;
                let h2c = (thread % u64::from(info.h2c_channels)) as u8;
                let c2h = (thread % u64::from(info.c2h_channels)) as u8;
                for round in 0..8 {
                    let bytes = pattern(thread << 32 | round, BYTES);
                    card.h2c(h2c, address, &DmaBuf::copy_of(&bytes)).unwrap();
                    let mut found = DmaBuf::zeroed(BYTES);
                    card.c2h(c2h, address, &mut found).unwrap();
                    assert!(*found == *bytes, "thread {thread}, round {round}");
                }
            });
        }
    });
}
