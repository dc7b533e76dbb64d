use super::*;
use proptest::prelude::*;

const BYTES: u64 = 3 * PAGE_BYTES + 2 * BLOCK_BYTES + 100;

#[derive(Clone, Debug)]
enum Access {
    Read { address: u64, len: usize },
    Write { address: u64, len: usize, seed: u8 },
}

fn access() -> impl Strategy<Value = Access> {
    let near_block = (0..=BYTES / BLOCK_BYTES, -3i64..=3)
        .prop_map(|(block, off)| (block * BLOCK_BYTES).saturating_add_signed(off));
    let address = prop_oneof![near_block, 0..BYTES + 10, Just(u64::MAX - 3)];
    let len = prop_oneof![
        0usize..10,
        Just(BLOCK_BYTES as usize),
        0usize..3 * BLOCK_BYTES as usize,
        Just(PAGE_BYTES as usize + 1),
        0usize..BYTES as usize + 10,
    ];
    (address, len, any::<Option<u8>>()).prop_map(|(address, len, seed)| match seed {
        None => Access::Read { address, len },
        Some(seed) => Access::Write { address, len, seed },
    })
}

/// The same rules, byte by byte.
struct Model {
    bytes: Vec<u8>,
    readable: Vec<bool>,
}

impl Model {
    fn block(at: u64) -> std::ops::Range<u64> {
        let start = at / BLOCK_BYTES * BLOCK_BYTES;
        start..(start + BLOCK_BYTES).min(BYTES)
    }

    fn fault(&self, address: u64, len: usize, write: bool) -> Option<MemoryFault> {
        let end = u128::from(address) + len as u128;
        if end > u128::from(BYTES) {
            let address = address.max(BYTES);
            return Some(MemoryFault { address, kind: MemoryFaultKind::Outside });
        }
        let end = end as u64;
        let bad = (address..end).find(|&at| {
            let block = Self::block(at);
            let covered = write && address <= block.start && block.end <= end;
            !covered && !self.readable[at as usize]
        })?;
        Some(MemoryFault { address: bad, kind: MemoryFaultKind::NeverWritten })
    }

    /// A write that fails has written what is before its fault.
    fn write(&mut self, address: u64, bytes: &[u8]) -> Result<(), MemoryFault> {
        let fault = self.fault(address, bytes.len(), true);
        let end = address.saturating_add(bytes.len() as u64);
        let written_end = match fault {
            None => end,
            Some(fault) if fault.kind == MemoryFaultKind::Outside => address,
            Some(fault) => fault.address,
        };
        for at in address..written_end {
            let block = Self::block(at);
            self.bytes[at as usize] = bytes[(at - address) as usize];
            self.readable[at as usize] |= address <= block.start && block.end <= end;
        }
        fault.map_or(Ok(()), Err)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn reads_see_what_was_written_and_nothing_else(accesses in prop::collection::vec(access(), 1..30)) {
        let memory = CardMemory::new(BYTES);
        let mut model = Model { bytes: vec![0; BYTES as usize], readable: vec![false; BYTES as usize] };
        for access in accesses {
            match access {
                Access::Write { address, len, seed } => {
                    let bytes: Vec<u8> = (0..len).map(|i| (i as u8).wrapping_mul(7) ^ seed).collect();
                    let due = model.fault(address, len, true);
                    prop_assert_eq!(memory.check_write(address, len).err(), due);
                    prop_assert_eq!(memory.write(address, &bytes), model.write(address, &bytes));
                }
                Access::Read { address, len } => {
                    let mut found = vec![0xEE; len];
                    let answer = memory.read(address, &mut found);
                    prop_assert_eq!(memory.check_read(address, len), answer);
                    prop_assert_eq!(answer.err(), model.fault(address, len, false));
                    if answer.is_ok() {
                        prop_assert_eq!(&found[..], &model.bytes[address as usize..][..len]);
                    }
                }
            }
        }
    }
}

#[test]
fn threads_write_their_own_pages_and_read_them_back() {
    let memory = CardMemory::new(64 << 30);
    std::thread::scope(|scope| {
        for thread in 0..4u8 {
            let memory = &memory;
            scope.spawn(move || {
                for round in 0..16u64 {
                    let address = (round * 4 + u64::from(thread)) * (1 << 29);
                    let bytes = vec![thread ^ round as u8; 3 * PAGE_BYTES as usize];
                    memory.write(address, &bytes).unwrap();
                    let mut found = vec![0; bytes.len()];
                    memory.read(address, &mut found).unwrap();
                    assert_eq!(found, bytes);
                }
            });
        }
    });
}
