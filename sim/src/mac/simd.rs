//! The few vector operations that the kernels are written in, once per instruction set.

/// Vectors of FP32 in one instruction set.
///
/// `multiply_add` may or may not be fused: a product of two FP16 values is exact in FP32, so both give the same bits
/// (`docs/contract.md`, Numbers).
///
/// # Safety
/// Every method needs a CPU that runs the implementing instruction set; pointers are valid for [`Simd::LANES`]
/// values, without alignment, unless said otherwise.
pub(super) trait Simd: Copy {
    /// One vector.
    type Vector: Copy;
    /// FP32 values of one vector.
    const LANES: usize;

    /// Reads a vector.
    unsafe fn load(source: *const f32) -> Self::Vector;
    /// Writes a vector.
    unsafe fn store(target: *mut f32, value: Self::Vector);
    /// The one value at `source` in every lane.
    unsafe fn splat(source: *const f32) -> Self::Vector;
    /// `accumulator + a * b`, rounded to nearest even.
    unsafe fn multiply_add(
        a: Self::Vector,
        b: Self::Vector,
        accumulator: Self::Vector,
    ) -> Self::Vector;
    /// Converts eight FP16 values to FP32, exact; NaNs stay NaNs of some payload.
    unsafe fn widen8(source: *const u16, target: *mut f32);
}

/// Plain Rust on four lanes, the vector width that every 64-bit CPU has.
#[derive(Clone, Copy)]
pub(super) struct Portable;

impl Simd for Portable {
    type Vector = [f32; 4];
    const LANES: usize = 4;

    #[inline(always)]
    unsafe fn load(source: *const f32) -> [f32; 4] {
        // SAFETY: valid for four values by the trait's contract.
        unsafe { source.cast::<[f32; 4]>().read_unaligned() }
    }

    #[inline(always)]
    unsafe fn store(target: *mut f32, value: [f32; 4]) {
        // SAFETY: as above.
        unsafe { target.cast::<[f32; 4]>().write_unaligned(value) }
    }

    #[inline(always)]
    unsafe fn splat(source: *const f32) -> [f32; 4] {
        // SAFETY: valid for one value.
        [unsafe { *source }; 4]
    }

    #[inline(always)]
    unsafe fn multiply_add(a: [f32; 4], b: [f32; 4], accumulator: [f32; 4]) -> [f32; 4] {
        std::array::from_fn(|lane| accumulator[lane] + a[lane] * b[lane])
    }

    #[inline(always)]
    unsafe fn widen8(source: *const u16, target: *mut f32) {
        // SAFETY: both are valid for eight values.
        let halves = unsafe { source.cast::<[u16; 8]>().read_unaligned() };
        let wide = halves.map(crate::number::widen_bits);
        // SAFETY: as above; u32 and f32 have one size.
        unsafe { target.cast::<[u32; 8]>().write_unaligned(wide) }
    }
}

#[cfg(target_arch = "x86_64")]
pub(super) use x86::{Avx2, Avx512};

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::Simd;
    use std::arch::x86_64::{
        __m256, __m512, _mm_loadu_si128, _mm256_broadcast_ss, _mm256_cvtph_ps, _mm256_fmadd_ps,
        _mm256_loadu_ps, _mm256_storeu_ps, _mm512_fmadd_ps, _mm512_loadu_ps, _mm512_set1_ps,
        _mm512_storeu_ps,
    };

    /// Eight lanes: AVX2, FMA, F16C.
    #[derive(Clone, Copy)]
    pub(in super::super) struct Avx2;

    impl Simd for Avx2 {
        type Vector = __m256;
        const LANES: usize = 8;

        #[inline(always)]
        unsafe fn load(source: *const f32) -> __m256 {
            // SAFETY: the trait's contract.
            unsafe { _mm256_loadu_ps(source) }
        }

        #[inline(always)]
        unsafe fn store(target: *mut f32, value: __m256) {
            // SAFETY: the trait's contract.
            unsafe { _mm256_storeu_ps(target, value) }
        }

        #[inline(always)]
        unsafe fn splat(source: *const f32) -> __m256 {
            // SAFETY: the trait's contract.
            unsafe { _mm256_broadcast_ss(&*source) }
        }

        #[inline(always)]
        unsafe fn multiply_add(a: __m256, b: __m256, accumulator: __m256) -> __m256 {
            // SAFETY: the trait's contract.
            unsafe { _mm256_fmadd_ps(a, b, accumulator) }
        }

        #[inline(always)]
        unsafe fn widen8(source: *const u16, target: *mut f32) {
            // SAFETY: the trait's contract, for eight values.
            unsafe { _mm256_storeu_ps(target, _mm256_cvtph_ps(_mm_loadu_si128(source.cast()))) }
        }
    }

    /// Sixteen lanes: AVX-512F.
    #[derive(Clone, Copy)]
    pub(in super::super) struct Avx512;

    impl Simd for Avx512 {
        type Vector = __m512;
        const LANES: usize = 16;

        #[inline(always)]
        unsafe fn load(source: *const f32) -> __m512 {
            // SAFETY: the trait's contract.
            unsafe { _mm512_loadu_ps(source) }
        }

        #[inline(always)]
        unsafe fn store(target: *mut f32, value: __m512) {
            // SAFETY: the trait's contract.
            unsafe { _mm512_storeu_ps(target, value) }
        }

        #[inline(always)]
        unsafe fn splat(source: *const f32) -> __m512 {
            // SAFETY: the trait's contract.
            unsafe { _mm512_set1_ps(*source) }
        }

        #[inline(always)]
        unsafe fn multiply_add(a: __m512, b: __m512, accumulator: __m512) -> __m512 {
            // SAFETY: the trait's contract.
            unsafe { _mm512_fmadd_ps(a, b, accumulator) }
        }

        #[inline(always)]
        unsafe fn widen8(source: *const u16, target: *mut f32) {
            // SAFETY: the trait's contract; AVX-512F CPUs have F16C, which `Isa::is_available` checks.
            unsafe { super::Avx2::widen8(source, target) }
        }
    }
}
