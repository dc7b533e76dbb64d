//! Multi-head attention.

use super::loss::softmax;
use super::{f, h};
use half::f16;

/// Sizes of an attention layer.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Attention {
    pub(in super::super) b: usize,
    pub(in super::super) t: usize,
    pub(in super::super) heads: usize,
    pub(in super::super) d: usize,
}

impl Attention {
    fn width(&self) -> usize {
        self.heads * self.d
    }

    /// Index of `q` (part 0), `k` (1) or `v` (2).
    fn qkv(&self, part: usize, b: usize, head: usize, t: usize, i: usize) -> usize {
        (b * self.t + t) * 3 * self.width() + part * self.width() + head * self.d + i
    }

    fn o(&self, b: usize, head: usize, t: usize, i: usize) -> usize {
        (b * self.t + t) * self.width() + head * self.d + i
    }

    fn p(&self, b: usize, head: usize, i: usize, j: usize) -> usize {
        ((b * self.heads + head) * self.t + i) * self.t + j
    }

    /// A matrix product's output: k ascending from +0.0.
    fn mac(n: usize, term: impl Fn(usize) -> (f16, f16)) -> f32 {
        let mut acc = 0.0_f32;
        for k in 0..n {
            let (a, b) = term(k);
            acc += f(a) * f(b);
        }
        acc
    }

    /// P and O.
    pub(in super::super) fn forward(&self, qkv: &[f16]) -> (Vec<f16>, Vec<f16>) {
        let mut p = vec![h(0.0); self.b * self.heads * self.t * self.t];
        let mut o = vec![h(0.0); self.b * self.t * self.width()];
        let scale = 1.0 / (self.d as f32).sqrt();
        for (b, head) in self.each_head() {
            for i in 0..self.t {
                let s: Vec<f32> = (0..self.t)
                    .map(|j| {
                        let acc = Self::mac(self.d, |k| {
                            (qkv[self.qkv(0, b, head, i, k)], qkv[self.qkv(1, b, head, j, k)])
                        });
                        f(h(acc * scale))
                    })
                    .collect();
                let (_, e, z) = softmax(&s);
                for j in 0..self.t {
                    p[self.p(b, head, i, j)] = h(e[j] / z);
                }
                for c in 0..self.d {
                    o[self.o(b, head, i, c)] = h(Self::mac(self.t, |j| {
                        (p[self.p(b, head, i, j)], qkv[self.qkv(2, b, head, j, c)])
                    }));
                }
            }
        }
        (p, o)
    }

    /// The gradient of qkv.
    pub(in super::super) fn backward(&self, qkv: &[f16], p: &[f16], d_o: &[f16]) -> Vec<f16> {
        let mut dqkv = vec![h(0.0); qkv.len()];
        let scale = 1.0 / (self.d as f32).sqrt();
        for (b, head) in self.each_head() {
            let mut ds = vec![h(0.0); self.t * self.t];
            for i in 0..self.t {
                let dp: Vec<f32> = (0..self.t)
                    .map(|j| {
                        Self::mac(self.d, |c| {
                            (d_o[self.o(b, head, i, c)], qkv[self.qkv(2, b, head, j, c)])
                        })
                    })
                    .collect();
                let mut r = 0.0_f32;
                for j in 0..self.t {
                    r += dp[j] * f(p[self.p(b, head, i, j)]);
                }
                for j in 0..self.t {
                    let p = f(p[self.p(b, head, i, j)]);
                    ds[i * self.t + j] = h((p * (dp[j] - r)) * scale);
                }
            }
            for i in 0..self.t {
                for c in 0..self.d {
                    let row = |t: usize| (p[self.p(b, head, t, i)], d_o[self.o(b, head, t, c)]);
                    dqkv[self.qkv(2, b, head, i, c)] = h(Self::mac(self.t, row));
                    let row = |j: usize| (ds[i * self.t + j], qkv[self.qkv(1, b, head, j, c)]);
                    dqkv[self.qkv(0, b, head, i, c)] = h(Self::mac(self.t, row));
                    let row = |t: usize| (ds[t * self.t + i], qkv[self.qkv(0, b, head, t, c)]);
                    dqkv[self.qkv(1, b, head, i, c)] = h(Self::mac(self.t, row));
                }
            }
        }
        dqkv
    }

    fn each_head(&self) -> impl Iterator<Item = (usize, usize)> {
        let heads = self.heads;
        (0..self.b).flat_map(move |b| (0..heads).map(move |head| (b, head)))
    }
}
