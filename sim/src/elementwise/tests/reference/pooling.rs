//! Pooling over one plane.

use super::{Xsum, f, h};
use half::f16;

/// A pooling layer over one plane.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Pool {
    pub(in super::super) h: usize,
    pub(in super::super) w: usize,
    pub(in super::super) k: usize,
    pub(in super::super) s: usize,
    pub(in super::super) p: usize,
}

impl Pool {
    pub(in super::super) fn out_h(&self) -> usize {
        (self.h + 2 * self.p - self.k) / self.s + 1
    }

    pub(in super::super) fn out_w(&self) -> usize {
        (self.w + 2 * self.p - self.k) / self.s + 1
    }

    /// Pixels of window (oh, ow) inside the plane, in ascending (kh, kw).
    fn window(&self, oh: usize, ow: usize) -> Vec<usize> {
        let mut pixels = vec![];
        for kh in 0..self.k {
            for kw in 0..self.k {
                let (ih, iw) = (oh * self.s + kh, ow * self.s + kw);
                if ih >= self.p && iw >= self.p && ih - self.p < self.h && iw - self.p < self.w {
                    pixels.push((ih - self.p) * self.w + iw - self.p);
                }
            }
        }
        pixels
    }

    /// All windows in ascending (oh, ow).
    fn windows(&self) -> Vec<Vec<usize>> {
        (0..self.out_h())
            .flat_map(|oh| (0..self.out_w()).map(move |ow| self.window(oh, ow)))
            .collect()
    }

    /// Y and the best pixels of one plane.
    pub(in super::super) fn max(&self, x: &[f16]) -> (Vec<f16>, Vec<u32>) {
        let best = |window: Vec<usize>| {
            let mut best = window[0];
            for &i in &window[1..] {
                if f(x[i]) > f(x[best]) || (x[i].is_nan() && !x[best].is_nan()) {
                    best = i;
                }
            }
            (h(f(x[best])), best as u32)
        };
        self.windows().into_iter().map(best).unzip()
    }

    pub(in super::super) fn max_backward(&self, x: &[f16], dy: &[f16]) -> Vec<f16> {
        let mut sums = vec![0.0_f32; x.len()];
        for (&best, &dy) in self.max(x).1.iter().zip(dy) {
            sums[best as usize] += f(dy);
        }
        sums.into_iter().map(h).collect()
    }

    pub(in super::super) fn average(&self, x: &[f16]) -> Vec<f16> {
        let kk = (self.k * self.k) as f32;
        self.windows()
            .into_iter()
            .map(|window| h(Xsum::of(window.into_iter().map(|i| x[i])).r_values(1) / kk))
            .collect()
    }

    pub(in super::super) fn average_backward(&self, dy: &[f16]) -> Vec<f16> {
        let kk = (self.k * self.k) as f32;
        let mut held = vec![vec![]; self.h * self.w];
        for (window, &dy) in self.windows().into_iter().zip(dy) {
            window.into_iter().for_each(|i| held[i].push(dy));
        }
        held.into_iter().map(|dy| h(Xsum::of(dy).r_values(1) / kk)).collect()
    }
}

pub(in super::super) fn global_average(x: &[f16]) -> f16 {
    h(Xsum::of(x.iter().copied()).r_values(1) / x.len() as f32)
}
