//! The CPU's peak FP32 multiply-add rate, measured: what the kernels' speed is a share of.

use crate::Isa;
use rayon::prelude::*;
use std::time::Instant;

/// Independent accumulator chains per thread, of one vector each: they hide the FMA's latency on every known core.
pub const CHAINS: usize = 16;

/// Runs of the measurement, of which the best counts.
const RUNS: usize = 5;

/// The best of five runs of a loop of independent multiply-adds on all threads of the current pool, in GFLOP/s (two
/// operations each), with the vectors of `isa`. The portable version has a multiplication and an addition instead.
/// One run takes about 30 ms. An `isa` that this CPU does not run is measured as the portable one.
#[must_use]
pub fn peak_gflops(isa: Isa) -> f64 {
    let isa = if isa.is_available() { isa } else { Isa::Portable };
    // The first pass finds how many rounds take 30 ms.
    let mut rounds = 1 << 16;
    let mut best: f64 = 0.0;
    for run in 0..=RUNS {
        let (gflops, seconds) = measure(isa, rounds);
        if run == 0 {
            rounds = ((rounds as f64) * 0.03 / seconds.max(1e-6)).ceil() as u64;
        } else {
            best = best.max(gflops);
        }
    }
    best
}

/// GFLOP/s and seconds of `rounds` rounds of [`CHAINS`] vectors on every thread.
fn measure(isa: Isa, rounds: u64) -> (f64, f64) {
    let threads = rayon::current_num_threads();
    let start = Instant::now();
    let flops: u64 = (0..threads)
        .into_par_iter()
        .with_max_len(1)
        .map(|_| {
            let (sum, lanes) = chains(isa, rounds);
            std::hint::black_box(sum);
            2 * rounds * (CHAINS * lanes) as u64
        })
        .sum();
    let seconds = start.elapsed().as_secs_f64();
    (flops as f64 / seconds.max(1e-9) * 1e-9, seconds)
}

/// One thread's loop; the sum of the chains (so that the loop is not removed) and the lanes of a vector.
fn chains(isa: Isa, rounds: u64) -> (f32, usize) {
    match isa {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: `peak_gflops` checked that the CPU runs it.
        Isa::Avx512 => (unsafe { x86::avx512(rounds) }, 16),
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        Isa::Avx2 => (unsafe { x86::avx2(rounds) }, 8),
        _ => (portable(rounds), 4),
    }
}

fn portable(rounds: u64) -> f32 {
    let [factor, addend] = std::hint::black_box([0.999_f32, 0.001]);
    // Half the chains: the compiler's 16 registers also hold the product.
    let mut chains = [[1.0_f32; 4]; CHAINS / 2];
    for _ in 0..2 * rounds {
        for chain in &mut chains {
            for lane in chain {
                *lane = *lane * factor + addend;
            }
        }
    }
    chains.iter().flatten().sum()
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::CHAINS;
    use std::arch::x86_64::{
        _mm256_add_ps, _mm256_cvtss_f32, _mm256_fmadd_ps, _mm256_set1_ps, _mm512_add_ps,
        _mm512_cvtss_f32, _mm512_fmadd_ps, _mm512_set1_ps,
    };

    #[target_feature(enable = "avx512f")]
    pub(super) unsafe fn avx512(rounds: u64) -> f32 {
        let [factor, addend] = std::hint::black_box([0.999, 0.001]).map(|v| _mm512_set1_ps(v));
        let mut chains = [_mm512_set1_ps(1.0); CHAINS];
        for _ in 0..rounds {
            for chain in &mut chains {
                *chain = _mm512_fmadd_ps(*chain, factor, addend);
            }
        }
        let mut sum = chains[0];
        for chain in chains {
            sum = _mm512_add_ps(sum, chain);
        }
        _mm512_cvtss_f32(sum)
    }

    #[target_feature(enable = "avx2,fma")]
    pub(super) unsafe fn avx2(rounds: u64) -> f32 {
        let [factor, addend] = std::hint::black_box([0.999, 0.001]).map(|v| _mm256_set1_ps(v));
        // 14 chains and the two constants fill the 16 registers; the rounds make up for it.
        const HELD: usize = CHAINS - 2;
        let mut chains = [_mm256_set1_ps(1.0); HELD];
        for _ in 0..(rounds * CHAINS as u64).div_ceil(HELD as u64) {
            for chain in &mut chains {
                *chain = _mm256_fmadd_ps(*chain, factor, addend);
            }
        }
        let mut sum = chains[0];
        for chain in chains {
            sum = _mm256_add_ps(sum, chain);
        }
        _mm256_cvtss_f32(sum)
    }
}

#[cfg(test)]
mod tests {
    use super::peak_gflops;
    use crate::Isa;

    #[test]
    fn every_isa_has_a_positive_peak() {
        for isa in Isa::available() {
            assert!(peak_gflops(isa) > 0.0, "{isa}");
        }
    }
}
