//! Prints nanoseconds per transfer for each memory model: `cargo bench -p satkit-memory`.

use satkit_memory::{AnyMemory, Direction, Memory, MemoryError, MemoryModel, Ports, Request};
use satkit_spec::ArrayConfig;
use std::hint::black_box;
use std::time::Instant;

const TRANSFERS: u64 = 4_000_000;
const REPEATS: usize = 5;

/// Request `index` of a pattern.
type Pattern = (&'static str, fn(u64) -> Request);

const PATTERNS: [Pattern; 3] = [
    ("sequential reads", |index| Request {
        cycle: index * 16,
        address: index * 4096,
        beats: 64,
        direction: Direction::Read,
    }),
    ("reads and writes", |index| Request {
        cycle: index * 16,
        address: ((index % 2) << 33) + index / 2 * 4096,
        beats: 64,
        direction: if index % 2 == 0 { Direction::Read } else { Direction::Write },
    }),
    ("random reads", |index| Request {
        cycle: index * 8,
        address: (index.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 30) & !63,
        beats: 1,
        direction: Direction::Read,
    }),
];

fn nanoseconds(memory: &mut impl Memory, pattern: fn(u64) -> Request) -> f64 {
    let start = Instant::now();
    let mut sum = 0_u64;
    for index in 0..TRANSFERS {
        sum = sum.wrapping_add(memory.transfer(pattern(index)).end_cycle);
    }
    black_box(sum);
    start.elapsed().as_secs_f64() * 1e9 / TRANSFERS as f64
}

fn main() -> Result<(), MemoryError> {
    let ports = Ports::from(&ArrayConfig::vcu1525());
    for name in MemoryModel::names() {
        let model: MemoryModel = name.parse()?;
        for (pattern_name, pattern) in PATTERNS {
            let mut best = f64::INFINITY;
            for _ in 0..REPEATS {
                let time = match model.build(&ports)? {
                    AnyMemory::Pool(mut memory) => nanoseconds(&mut memory, pattern),
                    AnyMemory::Fixed(mut memory) => nanoseconds(&mut memory, pattern),
                    AnyMemory::BackPressure(mut memory) => nanoseconds(&mut memory, pattern),
                    AnyMemory::Ddr4(mut memory) => nanoseconds(&mut memory, pattern),
                };
                best = best.min(time);
            }
            println!("{name:<10}{pattern_name:<20}{best:6.2} ns per transfer");
        }
    }
    Ok(())
}
