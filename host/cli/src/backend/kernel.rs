//! Single operations on the reference, and its bits against those of another device.

use super::VerifyError;
use half::f16;
use ndarray::{Array4, ArrayView4, ArrayViewMut4};
use satkit_golden::GoldenError;
use satkit_golden::mac::{self, Weight};
use satkit_golden::number::to_f16;
use satkit_golden::prune::{Pruned, prune_ci, prune_co, prune_gradient};
use satkit_golden::update::Update;
use satkit_host::backend::{BackendError, BackendResult, SgdStep};
use satkit_host::kernel::{Kernel, KernelOperands, KernelResults};
use satkit_spec::{BpGradient, WeightOperand};

/// Computes `kernel` on the reference.
///
/// # Errors
/// [`BackendError`] around the reference's.
pub fn golden_kernel(kernel: &Kernel) -> BackendResult<KernelResults> {
    let Kernel { shape, method, sparsity, .. } = *kernel;
    let y_sizes = [shape.batch, shape.co, shape.out_h(), shape.out_w()];
    let x_sizes = [shape.batch, shape.ci, shape.h, shape.w];
    let w_sizes = [shape.co, shape.ci, shape.kh, shape.kw];
    let stage = |values: Result<Array4<f32>, GoldenError>| -> BackendResult<_> {
        Ok(KernelResults::Stage(values.map_err(BackendError::new)?.iter().copied().collect()))
    };
    let weight = |w, operand| weight(view(w_sizes, w)?, operand, kernel);
    match &kernel.operands {
        KernelOperands::Prune { w } => {
            let w = view(w_sizes, w)?;
            let parts = |pruned: Result<Pruned, GoldenError>| -> BackendResult<_> {
                let pruned = pruned.map_err(BackendError::new)?;
                let positions = pruned.positions().iter().copied().collect();
                Ok((pruned.values().iter().copied().collect(), positions))
            };
            let directions = [parts(prune_ci(w, sparsity))?, parts(prune_co(w, sparsity))?];
            Ok(KernelResults::Pruned(directions))
        }
        KernelOperands::Ff { x, w } => {
            stage(mac::ff(shape, view(x_sizes, x)?, &weight(w, method.ff_weight())?))
        }
        KernelOperands::Bp { dy, w } => {
            let (dy, weight) = (view(y_sizes, dy)?, weight(w, method.bp_weight())?);
            match method.bp_gradient() {
                BpGradient::Dense => stage(mac::bp(shape, dy, &weight)),
                BpGradient::PrunedCoAsDense => {
                    let dy = prune_gradient(dy, sparsity).map_err(BackendError::new)?;
                    stage(mac::bp(shape, dy.view(), &weight))
                }
            }
        }
        KernelOperands::Wu { x, dy } => {
            stage(mac::wu(shape, view(x_sizes, x)?, view(y_sizes, dy)?))
        }
        KernelOperands::Update { w, v, dw, numbers } => {
            let (mut w1, mut v1) = (w.clone(), v.clone());
            let SgdStep { learning_rate, momentum, weight_decay, lambda, loss_scale } = *numbers;
            let update = Update { learning_rate, momentum, weight_decay, lambda, loss_scale };
            let pruned = if method.decays_pruned() {
                let halves: Vec<f16> = w.iter().copied().map(to_f16).collect();
                Some(prune_ci(view(w_sizes, &halves)?, sparsity).map_err(BackendError::new)?)
            } else {
                None
            };
            let mask = pruned.as_ref().map(Pruned::mask);
            let dw = ArrayView4::from_shape(w_sizes, &dw[..]).map_err(BackendError::new)?;
            let of = |values| ArrayViewMut4::from_shape(w_sizes, values);
            let w_view = of(&mut w1[..]).map_err(BackendError::new)?;
            let v_view = of(&mut v1[..]).map_err(BackendError::new)?;
            update.apply(w_view, v_view, dw, mask).map_err(BackendError::new)?;
            Ok(KernelResults::Updated(w1, v1))
        }
    }
}

fn view(sizes: [usize; 4], values: &[f16]) -> BackendResult<ArrayView4<'_, f16>> {
    ArrayView4::from_shape(sizes, values).map_err(BackendError::new)
}

fn weight(
    w: ArrayView4<'_, f16>,
    operand: WeightOperand,
    kernel: &Kernel,
) -> BackendResult<Weight> {
    let weight: Result<Weight, GoldenError> = match operand {
        WeightOperand::Dense => Ok(Weight::Dense(w.to_owned())),
        WeightOperand::PrunedCi => prune_ci(w, kernel.sparsity).map(Weight::PrunedCi),
        WeightOperand::PrunedCo => prune_co(w, kernel.sparsity).map(Weight::PrunedCo),
        WeightOperand::PrunedCiAsDense => {
            prune_ci(w, kernel.sparsity).map(|pruned| Weight::Dense(pruned.to_dense()))
        }
    };
    weight.map_err(BackendError::new)
}

/// Compares `found`, of the device `device`, with the reference's results, bit for bit.
///
/// # Errors
/// [`VerifyError`] naming the first value that differs.
pub(crate) fn same_bits(
    device: &str,
    found: &KernelResults,
    golden: &KernelResults,
) -> Result<(), VerifyError> {
    let (found, golden) = (words(found), words(golden));
    for ((what, own), (_, expected)) in found.iter().zip(&golden) {
        let longest = own.len().max(expected.len());
        let differs = (0..longest).find(|&at| own.get(at) != expected.get(at));
        if let Some(at) = differs {
            let word = |words: &[u32]| {
                words.get(at).map_or_else(|| "nothing".into(), |word| format!("{word:08X}"))
            };
            return Err(VerifyError {
                what: (*what).into(),
                index: vec![at],
                device: device.into(),
                found: word(own),
                golden: word(expected),
            });
        }
    }
    Ok(())
}

/// All bits of results, by the names of their arrays.
fn words(results: &KernelResults) -> Vec<(&'static str, Vec<u32>)> {
    let singles = |values: &[f32]| values.iter().map(|value| value.to_bits()).collect();
    match results {
        KernelResults::Pruned(directions) => {
            let names = [["Wff_val", "Wff_idx"], ["Wbp_val", "Wbp_idx"]];
            let both = names.into_iter().zip(directions);
            let words = both.flat_map(|([value, index], (values, positions))| {
                let positions = positions.iter().copied().map(u32::from).collect();
                [(value, values.iter().map(|v| v.to_bits().into()).collect()), (index, positions)]
            });
            words.collect()
        }
        KernelResults::Stage(values) => vec![("the result", singles(values))],
        KernelResults::Updated(w, v) => vec![("W1", singles(w)), ("V1", singles(v))],
    }
}
