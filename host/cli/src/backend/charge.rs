//! What each operation of the simulated machine costs (`docs/machine.md`).

use satkit_host::backend::StepCycles;
use satkit_sim::{Accelerator, AcceleratorError};
use satkit_spec::Sparsity;
use satkit_spec::isa::VectorOp;

/// Bytes of an FP16 value.
const HALF: u64 = 2;
/// Bytes of an FP32 value.
const SINGLE: u64 = 4;

/// The step's account of one machine.
#[derive(Debug)]
pub(super) struct Account {
    cycles: StepCycles,
    counting: bool,
}

/// Bytes that a stream moves, by tensor: FP16 and FP32 elements read and written.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Traffic {
    pub(super) halves_read: usize,
    pub(super) halves_written: usize,
    pub(super) singles_read: usize,
    pub(super) singles_written: usize,
}

impl Traffic {
    /// FP16 elements alone.
    pub(super) const fn halves(read: usize, written: usize) -> Self {
        Self { halves_read: read, halves_written: written, singles_read: 0, singles_written: 0 }
    }

    /// The same with FP32 elements.
    pub(super) const fn and_singles(self, read: usize, written: usize) -> Self {
        Self { singles_read: read, singles_written: written, ..self }
    }
}

/// Where a stage's cycles are booked.
#[derive(Clone, Copy, Debug)]
pub(super) enum Book {
    Ff,
    Bp,
    Wu,
}

impl Account {
    pub(super) fn new() -> Self {
        Self { cycles: StepCycles::default(), counting: true }
    }

    pub(super) const fn cycles(&self) -> StepCycles {
        self.cycles
    }

    pub(super) const fn set_counting(&mut self, counting: bool) {
        self.counting = counting;
    }

    /// Books `cycles` of a MAC stage.
    pub(super) const fn stage(&mut self, book: Book, cycles: u64) {
        if !self.counting {
            return;
        }
        let total = match book {
            Book::Ff => &mut self.cycles.ff,
            Book::Bp => &mut self.cycles.bp,
            Book::Wu => &mut self.cycles.wu,
        };
        *total = total.saturating_add(cycles);
    }

    /// Books `count` products of `(m, k)` and `(k, n)` activations.
    pub(super) fn products(
        &mut self,
        machine: &Accelerator,
        book: Book,
        count: usize,
        [m, n, k]: [usize; 3],
    ) -> Result<(), AcceleratorError> {
        if self.counting {
            let cycles = machine.product_report(m, n, k)?.cycles;
            self.stage(book, cycles.saturating_mul(count as u64));
        }
        Ok(())
    }

    /// Books one elementwise stream.
    pub(super) fn vector(
        &mut self,
        machine: &Accelerator,
        op: VectorOp,
        elements: usize,
        traffic: Traffic,
    ) -> Result<(), AcceleratorError> {
        if self.counting {
            let bytes = |halves: usize, singles: usize| {
                (halves as u64)
                    .saturating_mul(HALF)
                    .saturating_add((singles as u64).saturating_mul(SINGLE))
            };
            let read = bytes(traffic.halves_read, traffic.singles_read);
            let written = bytes(traffic.halves_written, traffic.singles_written);
            let cycles = machine.vector_cycles(op, elements as u64, read, written)?;
            self.cycles.elementwise = self.cycles.elementwise.saturating_add(cycles);
        }
        Ok(())
    }

    /// Books the update of `parameters` values, and of making FF's and BP's operands at these sparsities.
    pub(super) fn update(
        &mut self,
        machine: &Accelerator,
        parameters: usize,
        ff: Option<Sparsity>,
        bp: Option<Sparsity>,
    ) -> Result<(), AcceleratorError> {
        if self.counting {
            let cycles = machine.update_cycles(parameters as u64, ff, bp)?;
            self.cycles.update = self.cycles.update.saturating_add(cycles);
        }
        Ok(())
    }
}
