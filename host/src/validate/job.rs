//! A job of each kind of unit, whose results are known: operations on small integers, which are exact whatever the order is.

use super::{Checked, Failure, Identity};
use crate::HostError;
use crate::backend::SgdStep;
use crate::card::CardSettings;
use crate::kernel::{Kernel, KernelOperands, KernelResults, run_kernel};
use crate::session::{Session, SessionError};
use half::f16;
use satkit_spec::{ConvShape, Method, Sparsity};
use satkit_transport::Card;
use std::sync::Arc;
use std::time::Duration;

/// How long a job may take. It takes microseconds on a card, and milliseconds on a simulator.
const PATIENCE: Duration = Duration::from_secs(10);

impl From<HostError> for Failure {
    fn from(error: HostError) -> Self {
        match error {
            HostError::Card { source: SessionError::Card(error), .. } => Self::Card(error),
            other => Self::Wrong(other.to_string()),
        }
    }
}

/// Pruning, FF, BP, WU and an update of a small layer, each compared bit for bit with what it has to be.
pub(super) fn check(card: &Arc<dyn Card>) -> Checked {
    let identity = Identity::read(card.as_ref())?;
    let Some(config) = identity.config() else {
        let hash = identity.configuration_hash;
        let reason = format!(
            "no array that this program can plan for has the configuration hash {hash:#010x}: build bitstream and program from one \
             configuration"
        );
        return Err(Failure::Wrong(reason));
    };
    let session = Session::open(Arc::clone(card), &config)?;
    let settings = CardSettings { deadline: PATIENCE, ..CardSettings::default() };
    let (mut values, mut cycles) = (0, 0);
    for (kernel, expected) in known()? {
        let run = run_kernel(&session, &kernel, &settings)?;
        values += compare(kernel.name(), &expected, &run.results)?;
        cycles += run.cycles;
    }
    Ok(format!("prune, ff, bp, wu and update: {values} values, {cycles} cycles"))
}

/// Compares results; gives how many values they have.
fn compare(op: &str, expected: &KernelResults, found: &KernelResults) -> Result<usize, Failure> {
    let (expected, found) = (words(expected), words(found));
    let differs = expected.iter().zip(&found).position(|(expected, found)| expected != found);
    if let Some(at) = differs {
        return Err(Failure::Wrong(format!(
            "value {at} of {op} is {:#010x} instead of {:#010x}: memory is sound where the checks before passed, so the core computes \
             wrongly; load a bitstream whose timing is met, and look at the card's temperature and supply",
            found[at], expected[at]
        )));
    }
    if expected.len() == found.len() {
        return Ok(expected.len());
    }
    let reason = format!("{op} gives {} values instead of {}", found.len(), expected.len());
    Err(Failure::Wrong(reason))
}

fn words(results: &KernelResults) -> Vec<u32> {
    let bits = |values: &[f32]| -> Vec<u32> { values.iter().map(|v| v.to_bits()).collect() };
    match results {
        KernelResults::Pruned(directions) => {
            let words = |(values, positions): &(Vec<f16>, Vec<u8>)| {
                let values = values.iter().map(|value| u32::from(value.to_bits()));
                values.chain(positions.iter().copied().map(u32::from)).collect::<Vec<_>>()
            };
            directions.iter().flat_map(words).collect()
        }
        KernelResults::Stage(values) => bits(values),
        KernelResults::Updated(w, v) => [bits(w), bits(v)].concat(),
    }
}

/// A layer's tensors, of small integers. In each group of eight weights along Ci and along Co, and of gradients along Co, two
/// are no zeros, so that pruning to 2:8 leaves what is there.
struct Integers {
    shape: ConvShape,
    x: Vec<i32>,
    w: Vec<i32>,
    dy: Vec<i32>,
}

/// Sparsity and group of the layer.
const SPARSITY: Sparsity = Sparsity::TWO_OF_EIGHT;

/// -4 to 4 without 0, mixed.
const fn digit(at: usize) -> i32 {
    let value = (at * 7 + at / 11) % 8;
    if value < 4 { value as i32 - 4 } else { value as i32 - 3 }
}

/// True for two of eight neighbours.
const fn is_kept(at: usize) -> bool {
    at % 8 < 2
}

impl Integers {
    fn new() -> Result<Self, Failure> {
        let shape = ConvShape::new(2, 16, (5, 5), 24, (3, 3), 2, 1);
        let shape = shape.map_err(|error| Failure::Wrong(error.to_string()))?;
        let (taps, pixels) = (shape.taps(), shape.out_h() * shape.out_w());
        let w = |at: usize| {
            let (co, ci, tap) = (at / taps / shape.ci, at / taps % shape.ci, at % taps);
            if is_kept(co + ci + tap) { digit(at) } else { 0 }
        };
        let dy = |at: usize| {
            let (channel, pixel) = (at / pixels % shape.co, at % pixels);
            if is_kept(channel + pixel) { digit(at + 3) } else { 0 }
        };
        Ok(Self {
            shape,
            x: (0..shape.x_len()).map(|at| digit(at + 1)).collect(),
            w: (0..shape.w_len()).map(w).collect(),
            dy: (0..shape.y_len()).map(dy).collect(),
        })
    }

    /// Calls `visit` with the places in X, W and Y of all that are multiplied with each other.
    fn for_each_term(&self, mut visit: impl FnMut(usize, usize, usize)) {
        let s = &self.shape;
        let (out_h, out_w) = (s.out_h(), s.out_w());
        for y in 0..s.y_len() {
            let (row, column) = (y / out_w % out_h, y % out_w);
            let (image, co) = (y / out_w / out_h / s.co, y / out_w / out_h % s.co);
            for w in co * s.ci * s.taps()..(co + 1) * s.ci * s.taps() {
                let (ci, kh, kw) = (w / s.taps() % s.ci, w / s.kw % s.kh, w % s.kw);
                let (ih, iw) = (row * s.stride + kh, column * s.stride + kw);
                let inside = |at: usize, side: usize| (s.pad..side + s.pad).contains(&at);
                if inside(ih, s.h) && inside(iw, s.w) {
                    let x = ((image * s.ci + ci) * s.h + ih - s.pad) * s.w + iw - s.pad;
                    visit(x, w, y);
                }
            }
        }
    }

    /// What pruning keeps along Ci, or along Co.
    fn compact(&self, along_ci: bool) -> (Vec<f16>, Vec<u8>) {
        let s = &self.shape;
        let (outer, inner) = if along_ci { (s.co, s.ci) } else { (s.ci, s.co) };
        let (mut values, mut positions) = (Vec::new(), Vec::new());
        for (a, tap) in (0..outer).flat_map(|a| (0..s.taps()).map(move |tap| (a, tap))) {
            for b in 0..inner {
                let (co, ci) = if along_ci { (a, b) } else { (b, a) };
                let value = self.w[(co * s.ci + ci) * s.taps() + tap];
                if value != 0 {
                    values.push(half(value));
                    positions.push((b % SPARSITY.m()) as u8);
                }
            }
        }
        (values, positions)
    }
}

fn half(value: i32) -> f16 {
    f16::from_f32(value as f32)
}

fn halves(values: &[i32]) -> Vec<f16> {
    values.iter().copied().map(half).collect()
}

fn singles(values: &[i32]) -> Vec<f32> {
    values.iter().map(|&value| value as f32).collect()
}

/// Operations with their results, none of which is rounded anywhere.
fn known() -> Result<Vec<(Kernel, KernelResults)>, Failure> {
    let layer = Integers::new()?;
    let (x, w, dy) = (halves(&layer.x), halves(&layer.w), halves(&layer.dy));
    let (mut y, mut dx, mut dw) =
        (vec![0; layer.dy.len()], vec![0; layer.x.len()], vec![0; layer.w.len()]);
    layer.for_each_term(|at_x, at_w, at_y| {
        y[at_y] += layer.x[at_x] * layer.w[at_w];
        dx[at_x] += layer.dy[at_y] * layer.w[at_w];
        dw[at_w] += layer.x[at_x] * layer.dy[at_y];
    });
    let numbers = SgdStep {
        learning_rate: 0.5,
        momentum: 0.5,
        weight_decay: 0.25,
        lambda: 0.0,
        loss_scale: 4.0,
    };
    // v1 = v / 2 + (dw / 4 + w / 4), w1 = w - v1 / 2.
    let momentum: Vec<i32> = (0..dw.len()).map(|at| digit(at + 5)).collect();
    let quarters = |at: usize| 2 * momentum[at] + dw[at] + layer.w[at];
    let v1 = (0..dw.len()).map(|at| quarters(at) as f32 / 4.0).collect();
    let w1 = (0..dw.len()).map(|at| (8 * layer.w[at] - quarters(at)) as f32 / 8.0).collect();
    let operands = vec![
        (
            Method::Bdwp,
            KernelOperands::Prune { w: w.clone() },
            KernelResults::Pruned([layer.compact(true), layer.compact(false)]),
        ),
        (
            Method::Bdwp,
            KernelOperands::Ff { x: x.clone(), w: w.clone() },
            KernelResults::Stage(singles(&y)),
        ),
        (
            Method::Sdgp,
            KernelOperands::Bp { dy: dy.clone(), w },
            KernelResults::Stage(singles(&dx)),
        ),
        (Method::Bdwp, KernelOperands::Wu { x, dy }, KernelResults::Stage(singles(&dw))),
        (
            Method::Bdwp,
            KernelOperands::Update {
                w: singles(&layer.w),
                v: singles(&momentum),
                dw: singles(&dw),
                numbers,
            },
            KernelResults::Updated(w1, v1),
        ),
    ];
    let kernels = operands.into_iter().map(|(method, operands, results)| {
        (Kernel { shape: layer.shape, method, sparsity: SPARSITY, operands }, results)
    });
    Ok(kernels.collect())
}
