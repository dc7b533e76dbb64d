//! The contract hash: one number that changes when any shared fact changes.

use crate::{
    K_BLOCK, Method, NORM_KEPT_WORDS, NORM_RUNNING_WORDS, POSITION_SLOTS, Sparsity, Stage,
    WEIGHT_TILE_COLS, isa, memory_map, regs,
};
use sha2::{Digest, Sha256};
use std::fmt::{self, Write as _};

/// Version of `docs/contract.md`, `docs/contract-elementwise.md` and the encodings: raised with every change of what is
/// computed or how an instruction is encoded.
pub const CONTRACT_VERSION: u32 = 7;

/// SHA-256 over the canonical text of the contract's tables.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ContractHash(pub [u8; 32]);

impl ContractHash {
    /// First 32 bits, as `regs::CONTRACT_HASH` holds them.
    #[must_use]
    pub const fn first_word(&self) -> u32 {
        u32::from_be_bytes([self.0[0], self.0[1], self.0[2], self.0[3]])
    }
}

impl fmt::Display for ContractHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ContractHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ContractHash({self})")
    }
}

/// The text that is hashed: version, K order, methods, semaphores, instruction fields, registers.
fn canonical_text() -> String {
    let mut text = format!("satkit contract {CONTRACT_VERSION}\nk_block {K_BLOCK}\n");
    let mut line = |arguments: fmt::Arguments<'_>| {
        // Writing to a string cannot fail.
        let _ = text.write_fmt(arguments);
    };
    line(format_args!("weight tile {WEIGHT_TILE_COLS} {POSITION_SLOTS}\n"));
    line(format_args!("norm {NORM_RUNNING_WORDS} {NORM_KEPT_WORDS}\n"));
    line(format_args!("group sizes {:?}\n", Sparsity::GROUP_SIZES));
    line(format_args!("stages {:?}\n", Stage::ALL));
    for method in Method::ALL {
        line(format_args!(
            "method {method} {:?} {:?} {:?} {}\n",
            method.ff_weight(),
            method.bp_weight(),
            method.bp_gradient(),
            method.decays_pruned()
        ));
    }
    for semaphore in isa::Semaphore::ALL {
        line(format_args!(
            "semaphore {} {} {} {}\n",
            semaphore.name(),
            semaphore.poster().name(),
            semaphore.taker().name(),
            semaphore.initial()
        ));
    }
    for op in isa::VectorOp::ALL {
        line(format_args!("vector {} {} {}\n", *op as u8, op.name(), op.passes()));
    }
    for (mnemonic, opcode, _, fields) in isa::reference() {
        line(format_args!("instruction {mnemonic} {opcode}\n"));
        for field in fields {
            line(format_args!("field {} {} {}\n", field.name, field.lsb, field.width));
        }
    }
    for register in regs::MAP {
        line(format_args!(
            "register {} {} {:?}\n",
            register.name, register.offset, register.access
        ));
    }
    for (table, bits) in [("control", regs::control::BITS), ("status", regs::status::BITS)] {
        for (name, bit, _) in bits {
            line(format_args!("bit {table} {name} {bit}\n"));
        }
    }
    let (base, channels, bytes) = (memory_map::BASE, memory_map::CHANNELS, memory_map::BYTES);
    line(format_args!("memory {base} {channels} {bytes} {}\n", memory_map::INTERLEAVE_BYTES));
    text
}

/// The hash of the contract that this build keeps.
#[must_use]
pub fn contract_hash() -> ContractHash {
    ContractHash(Sha256::digest(canonical_text()).into())
}
