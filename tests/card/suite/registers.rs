//! The register window.

use crate::given::array;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use satkit_spec::regs::{self, Access, Register};
use satkit_spec::{CONTRACT_VERSION, contract_hash, memory_map};
use satkit_transport::{Card, CardError};
use std::sync::Arc;

pub(crate) fn read(card: &Arc<dyn Card>, register: Register) -> u32 {
    card.read32(register.offset).unwrap()
}

pub(crate) fn write(card: &Arc<dyn Card>, register: Register, value: u32) {
    card.write32(register.offset, value).unwrap();
}

pub(crate) fn identity_is_that_of_the_contract(card: &Arc<dyn Card>) {
    assert_eq!(read(card, regs::IDENTITY_MAGIC), regs::MAGIC);
    assert_eq!(read(card, regs::CONTRACT_VERSION), CONTRACT_VERSION);
    assert_eq!(read(card, regs::CONTRACT_HASH), contract_hash().first_word());
    assert_eq!(read(card, regs::CONFIGURATION_HASH), array().hash_word());
    assert_eq!(read(card, regs::DDR_CALIBRATED), memory_map::ALL_CALIBRATED);
    let info = card.info();
    assert_eq!(info.register_bytes, regs::WINDOW_BYTES);
    assert_eq!(
        (info.h2c_channels, info.c2h_channels, info.events),
        (memory_map::DMA_CHANNELS, memory_map::DMA_CHANNELS, memory_map::EVENTS)
    );
}

pub(crate) fn scratch_holds_every_bit(card: &Arc<dyn Card>) {
    let walk = (0..32).flat_map(|bit| [1 << bit, !(1 << bit)]);
    for value in walk.chain([0, u32::MAX, 0xA5A5_5A5A]) {
        write(card, regs::SCRATCH, value);
        assert_eq!(read(card, regs::SCRATCH), value);
    }
    let mut runner = TestRunner::new(Config { cases: 64, ..Config::default() });
    let values = prop::collection::vec(any::<u32>(), 1..8);
    let last_write_stays = |values: Vec<u32>| {
        values.iter().for_each(|&value| write(card, regs::SCRATCH, value));
        prop_assert_eq!(read(card, regs::SCRATCH), values[values.len() - 1]);
        Ok(())
    };
    runner.run(&values, last_write_stays).unwrap();
}

pub(crate) fn registers_take_what_their_access_says(card: &Arc<dyn Card>) {
    let free_running = [regs::CYCLES_LOW, regs::CYCLES_HIGH];
    let statuses = regs::status::BITS.iter().fold(0, |bits, (_, bit, _)| bits | 1 << bit);
    for register in regs::MAP.iter().filter(|register| !free_running.contains(register)) {
        let before = read(card, *register);
        for value in [0x5A5A_A5A5, 0xA5A5_5A5A, u32::MAX, 0] {
            // A strobe that starts nothing.
            let value = if register.access == Access::WriteStrobe { 0 } else { value };
            write(card, *register, value);
            let expected = match register.access {
                Access::ReadOnly => before,
                Access::WriteStrobe | Access::WriteOneToClear => 0,
                Access::ReadWrite if *register == regs::INTERRUPT_ENABLE => value & statuses,
                Access::ReadWrite => value,
            };
            assert_eq!(read(card, *register), expected, "{} after {value:#x}", register.name);
        }
    }
}

pub(crate) fn offsets_are_checked(card: &Arc<dyn Card>) {
    for offset in [1, 2, 3, 0x1E, regs::WINDOW_BYTES - 1, u32::MAX] {
        let errors = [card.read32(offset).err(), card.write32(offset, 0).err()];
        for error in errors {
            assert!(matches!(error, Some(CardError::Misaligned { align: 4, .. })), "{error:?}");
        }
    }
    for offset in [regs::WINDOW_BYTES, regs::WINDOW_BYTES + 4, u32::MAX - 3] {
        let errors = [card.read32(offset).err(), card.write32(offset, 0).err()];
        for error in errors {
            assert!(matches!(error, Some(CardError::OutOfRange { .. })), "{error:?}");
        }
    }
    // The window's last word is there.
    card.read32(regs::WINDOW_BYTES - 4).unwrap();
}
