//! Max, average and global average pooling, forward and backward.

use super::reference::{self, Pool};
use super::{Values, assert_bits, on_thread_counts, output, values};
use crate::elementwise::{
    Planes, PoolShape, average_pool, average_pool_backward, global_average_pool,
    global_average_pool_backward, max_pool, max_pool_backward,
};
use half::f16;
use proptest::prelude::*;

/// Possible layers over one plane.
fn layers() -> impl Strategy<Value = Pool> {
    let stride = prop_oneof![9 => 1_usize..6, 1 => 6_usize..30, 1 => Just(usize::MAX)];
    (1_usize..8, stride, 0_usize..4, 0_usize..12, 0_usize..12).prop_map(
        |(k, s, p, more_h, more_w)| {
            let p = p.min(k / 2);
            let least = k.saturating_sub(2 * p).max(1);
            Pool { h: least + more_h, w: least + more_w, k, s, p }
        },
    )
}

/// From x and dY of a plane to a result of it.
type PlaneMap<'a> = dyn Fn(&[f16], &[f16]) -> Vec<f16> + 'a;

/// The layer over `batch * channels` planes against the contract on each plane.
fn check(pool: Pool, batch: usize, channels: usize, v: Values) {
    let shape = PoolShape::new(batch, channels, [pool.h, pool.w], pool.k, pool.s, pool.p).unwrap();
    assert_eq!((shape.out_h(), shape.out_w()), (pool.out_h(), pool.out_w()));
    let (pixels, outputs) = (pool.h * pool.w, pool.out_h() * pool.out_w());
    let planes = batch * channels;
    let (x, dy) = (v.halves(0, planes * pixels), v.halves(1, planes * outputs));
    let (mut y, mut best, mut dx) = (output(dy.len()), vec![u32::MAX; dy.len()], output(x.len()));
    let by_plane = |map: &PlaneMap<'_>| -> Vec<f16> {
        x.chunks(pixels).zip(dy.chunks(outputs)).flat_map(|(x, dy)| map(x, dy)).collect()
    };

    max_pool(shape, &x, &mut y, &mut best).unwrap();
    assert_bits("max Y", &y, &by_plane(&|x, _| pool.max(x).0));
    let expected: Vec<u32> = x.chunks(pixels).flat_map(|x| pool.max(x).1).collect();
    assert_eq!(best, expected);
    max_pool_backward(shape, &best, &dy, &mut dx).unwrap();
    assert_bits("max dX", &dx, &by_plane(&|x, dy| pool.max_backward(x, dy)));

    average_pool(shape, &x, &mut y).unwrap();
    assert_bits("average Y", &y, &by_plane(&|x, _| pool.average(x)));
    average_pool_backward(shape, &dy, &mut dx).unwrap();
    assert_bits("average dX", &dx, &by_plane(&|_, dy| pool.average_backward(dy)));
}

proptest! {
    #[test]
    fn windows(pool in layers(), batch in 1_usize..3, channels in 1_usize..4, v in values()) {
        check(pool, batch, channels, v);
    }

    #[test]
    fn planes(batch in 1_usize..4, channels in 1_usize..9, pixels in 1_usize..90, v in values()) {
        let planes = Planes::new(batch, channels, pixels).unwrap();
        let (x, dy) = (v.halves(0, planes.len()), v.halves(1, batch * channels));
        let (mut y, mut dx) = (output(dy.len()), output(x.len()));
        global_average_pool(planes, &x, &mut y).unwrap();
        let expected: Vec<f16> = x.chunks(pixels).map(reference::global_average).collect();
        assert_bits("Y", &y, &expected);
        global_average_pool_backward(planes, &dy, &mut dx).unwrap();
        let expected: Vec<f16> = dy
            .iter()
            .flat_map(|&dy| vec![reference::h(reference::f(dy) / pixels as f32); pixels])
            .collect();
        assert_bits("dX", &dx, &expected);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]
    #[test]
    fn many_planes_on_any_threads(v in values()) {
        let pool = Pool { h: 23, w: 18, k: 3, s: 2, p: 1 };
        on_thread_counts(|| check(pool, 9, 13, v));
    }

    #[test]
    fn windows_beyond_a_block(v in values()) {
        // 91 * 91 pixels are more than FP64 sums without rounding.
        check(Pool { h: 93, w: 92, k: 91, s: 1, p: 0 }, 1, 1, v);
    }
}

#[test]
fn large_windows_of_large_values_do_not_round() {
    // The sum is 654880032 + 2^-24: the last term lifts it above the midpoint of two FP32 numbers, and
    // their quotients by 10,000 lie on both sides of a midpoint of FP16. It needs 54 bits.
    let pool = Pool { h: 100, w: 100, k: 100, s: 1, p: 0 };
    let shape = PoolShape::new(1, 1, [100, 100], 100, 1, 0).unwrap();
    let mut x = vec![f16::MAX; 9_997];
    x.extend([36_544.0, 0.0, 2_f32.powi(-24)].map(f16::from_f32));
    let mut y = output(1);
    average_pool(shape, &x, &mut y).unwrap();
    assert_bits("Y", &y, &pool.average(&x));
    assert_bits("Y", &y, &[f16::MAX]);
}

#[test]
fn impossible_layers_are_refused() {
    for (h, w, k, s, p) in [
        (0, 4, 2, 2, 0),
        (4, 4, 0, 1, 0),
        (4, 4, 2, 0, 0),
        (4, 4, 3, 1, 2),
        (4, 4, 5, 1, 0),
        (4, 2, 5, 1, 1),
        (4, 4, usize::MAX, 1, 0),
        (4, 4, 2049, 1, 0),
        (usize::MAX, usize::MAX, 2, 1, 1),
        (usize::MAX, 1, 2, 1, 1),
        (1 << 20, 1 << 20, 2, 1, 1),
        (4, 4, 2, 1, usize::MAX),
    ] {
        let error = PoolShape::new(1, 1, [h, w], k, s, p).unwrap_err().to_string();
        assert!(error.contains("accepted: "), "{error}");
    }
    let shape = PoolShape::new(1, 1, [4, 4], 2, 2, 0).unwrap();
    let (x, mut y, mut best) = (output(16), output(4), vec![0; 4]);
    assert!(max_pool(shape, &x[1..], &mut y, &mut best).is_err());
    assert!(max_pool(shape, &x, &mut y[1..], &mut best).is_err());
    assert!(max_pool(shape, &x, &mut y, &mut best[1..]).is_err());
    assert!(average_pool(shape, &x, &mut y[1..]).is_err());
    best[3] = 16;
    let mut dx = output(16);
    let error = max_pool_backward(shape, &best, &y, &mut dx).unwrap_err().to_string();
    assert!(error.contains("16; accepted: 0 to 15"), "{error}");
    assert!(average_pool_backward(shape, &y[1..], &mut dx).is_err());
    let planes = Planes::new(1, 1, 16).unwrap();
    assert!(global_average_pool(planes, &x, &mut y).is_err());
    assert!(global_average_pool_backward(planes, &y, &mut dx).is_err());
}
