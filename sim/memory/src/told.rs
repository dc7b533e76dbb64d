//! A memory that is listened to.

use crate::{Memory, Request, Statistics, Transfer};

/// A memory that tells `hear` of each request and of its transfer, and else is the memory inside.
#[derive(Clone, Debug)]
pub struct Told<M, F> {
    memory: M,
    hear: F,
}

impl<M: Memory, F: FnMut(&Request, &Transfer)> Told<M, F> {
    /// `memory`, with `hear` for each request in the order in which they come.
    pub const fn new(memory: M, hear: F) -> Self {
        Self { memory, hear }
    }
}

impl<M: Memory, F: FnMut(&Request, &Transfer)> Memory for Told<M, F> {
    #[inline]
    fn transfer(&mut self, request: Request) -> Transfer {
        let transfer = self.memory.transfer(request);
        (self.hear)(&request, &transfer);
        transfer
    }

    #[inline]
    fn paged(&self) -> bool {
        self.memory.paged()
    }

    fn statistics(&self) -> &Statistics {
        self.memory.statistics()
    }
}
