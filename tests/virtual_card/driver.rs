//! Registers, transfers and ownership.

use crate::memory_card::MEMORY_BYTES;
use crate::support::{Mounted, pattern};
use proptest::prelude::*;
use satkit_host::xdma::{XdmaCard, list};
use satkit_spec::regs::{CONTROL, IDENTITY_MAGIC, MAGIC, SCRATCH, STATUS, WINDOW_BYTES, control};
use satkit_transport::{Backend, Card as _, CardError, DmaBuf, ResetKind};
use std::fs::OpenOptions;
use std::os::unix::fs::FileExt as _;

#[test]
fn registers_are_words_of_a_window() {
    let Some(mounted) = Mounted::new() else { return };
    let card = mounted.open();
    assert_eq!(card.info().backend, Backend::Virtual);
    assert_eq!(card.read32(IDENTITY_MAGIC.offset).unwrap(), MAGIC);
    // All-ones is a value like any other while the identity answers.
    let walk = (0..32).map(|bit| 1 << bit).chain([0, 0x5555_5555, 0xAAAA_AAAA, u32::MAX]);
    for value in walk {
        card.write32(SCRATCH.offset, value).unwrap();
        assert_eq!(card.read32(SCRATCH.offset).unwrap(), value);
    }
    card.write32(CONTROL.offset, control::START).unwrap();
    assert_ne!(card.read32(STATUS.offset).unwrap(), 0);
    card.reset(ResetKind::Core).unwrap();
    assert_eq!(card.read32(STATUS.offset).unwrap(), 0);
    for kind in [ResetKind::DmaEngine, ResetKind::PciHot] {
        assert!(matches!(card.reset(kind), Err(CardError::Unsupported { .. })));
    }
    for offset in [1, 2, 3, WINDOW_BYTES - 1] {
        assert!(matches!(card.read32(offset), Err(CardError::Misaligned { .. })));
    }
    for offset in [WINDOW_BYTES, u32::MAX - 3] {
        assert!(matches!(card.write32(offset, 0), Err(CardError::OutOfRange { .. })));
    }
}

#[test]
fn the_register_file_behaves_as_the_kernel_drivers() {
    let Some(mounted) = Mounted::new() else { return };
    let path = mounted.path().join("xdma0_user");
    let file = OpenOptions::new().read(true).write(true).open(path).unwrap();
    let offset = u64::from(SCRATCH.offset);
    // Exactly 4 bytes move, however many more are asked for; fewer and unaligned ones are refused.
    assert_eq!(file.write_at(&[1, 2, 3, 4, 5, 6, 7, 8], offset).unwrap(), 4);
    let mut bytes = [0; 8];
    assert_eq!(file.read_at(&mut bytes, offset).unwrap(), 4);
    assert_eq!(bytes, [1, 2, 3, 4, 0, 0, 0, 0]);
    let (einval, eproto) = (22, 71);
    assert_eq!(file.read_at(&mut bytes[..2], offset).unwrap_err().raw_os_error(), Some(einval));
    assert_eq!(file.read_at(&mut bytes, offset + 1).unwrap_err().raw_os_error(), Some(eproto));
}

#[test]
fn random_transfers_move_every_byte() {
    let Some(mounted) = Mounted::new() else { return };
    let card = mounted.open();
    let sizes = prop_oneof![
        proptest::sample::select(vec![1usize, 3, 4095, 4096, 4097]),
        1usize..20_000,
        (1usize << 20) - 2..(1 << 20) + 3,
        (2usize << 20)..(2 << 20) + 9,
    ];
    // Near the start, across pages, around 4 GiB where offsets leave 32 bits, and up to the last byte.
    let starts =
        proptest::sample::select(vec![0, 4095, (4 << 30) - 5, (17 << 30) + 1, MEMORY_BYTES]);
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) };
    proptest!(config, |(bytes in sizes, start in starts, seed: u64)| {
        let address = start.min(MEMORY_BYTES - bytes as u64);
        let sent = pattern(seed, bytes);
        card.h2c(0, address, &sent).unwrap();
        let mut received = DmaBuf::zeroed(bytes);
        card.c2h(0, address, &mut received).unwrap();
        prop_assert!(*sent == *received, "{} bytes at {:#x}", bytes, address);
        // The bytes around them are nobody's.
        if address > 0 {
            let mut around = DmaBuf::zeroed(bytes + 1);
            card.c2h(0, address - 1, &mut around).unwrap();
            prop_assert!(around[1..] == *sent);
        }
    });
}

#[test]
fn memory_has_an_end() {
    let Some(mounted) = Mounted::new() else { return };
    let card = mounted.open();
    for (address, bytes) in [(MEMORY_BYTES - 1, 2), (MEMORY_BYTES, 1), (u64::MAX, 1)] {
        let mut buffer = DmaBuf::zeroed(bytes);
        assert!(matches!(card.h2c(0, address, &buffer), Err(CardError::OutOfRange { .. })));
        assert!(matches!(card.c2h(0, address, &mut buffer), Err(CardError::OutOfRange { .. })));
    }
    let beyond = card.h2c(1, 0, &DmaBuf::zeroed(4)).unwrap_err();
    assert!(beyond.to_string().contains("DMA channel 0x1"), "{beyond}");
    card.h2c(0, MEMORY_BYTES, &DmaBuf::zeroed(0)).unwrap();

    // Who does not check meets a short count, then what an AXI error gives.
    let path = mounted.path().join("xdma0_h2c_0");
    let file = OpenOptions::new().write(true).open(path).unwrap();
    assert_eq!(file.write_at(&[7; 100], MEMORY_BYTES - 30).unwrap(), 30);
    assert_eq!(file.write_at(&[7; 100], MEMORY_BYTES).unwrap_err().raw_os_error(), Some(5));
    let mut tail = DmaBuf::zeroed(31);
    card.c2h(0, MEMORY_BYTES - 31, &mut tail).unwrap();
    assert_eq!((tail[0], &tail[1..]), (0, &[7; 30][..]));
}

#[test]
fn a_card_has_one_owner() {
    let Some(mounted) = Mounted::new() else { return };
    let first = mounted.open();
    let second = XdmaCard::open(mounted.path(), 0).unwrap_err();
    assert!(matches!(second, CardError::Busy { .. }), "{second:?}");
    let own = format!("held by process {}", std::process::id());
    assert!(second.to_string().contains(&own), "{second}");
    // Looking does not need it.
    let found = list(mounted.path()).unwrap();
    assert_eq!((found.len(), found[0].backend), (1, Some(Backend::Virtual)));
    assert_eq!(found[0].virtual_info.as_ref().unwrap().name, "memory");
    drop(first);
    mounted.open();
    let other = XdmaCard::open(mounted.path(), 1).unwrap_err();
    assert!(matches!(other, CardError::NoDevice { .. }), "{other:?}");
}
