//! What the training loop trains on: the simulator, the reference, and one checked against the other.

mod card;
mod golden;
mod kernel;
mod shapes;
mod sim;
mod step;
mod verify;

pub(crate) use card::{card_machine, of_engines};
pub use golden::GoldenBackend;
pub use kernel::golden_kernel;
pub(crate) use kernel::same_bits;
pub use sim::{SimBackend, SimSaved};
pub use verify::{Tally, VerifiedBackend, VerifyError};

use half::f16;
use ndarray::{ArrayD, IxDyn};
use satkit_host::backend::{BackendError, BackendResult};

/// The elements of a tensor in C order.
fn elements<T>(tensor: &ArrayD<T>) -> BackendResult<&[T]> {
    tensor.as_slice().ok_or_else(|| {
        BackendError::new("a tensor is not in standard layout; accepted: C order, contiguous")
    })
}

/// A tensor of elements in C order.
fn tensor<T>(shape: &[usize], elements: Vec<T>) -> BackendResult<ArrayD<T>> {
    ArrayD::from_shape_vec(IxDyn(shape), elements).map_err(BackendError::new)
}

/// An empty FP16 tensor of that many elements, to be written.
fn halves(len: usize) -> Vec<f16> {
    vec![f16::ZERO; len]
}
