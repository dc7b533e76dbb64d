//! The way to the memory: one read and one write request per port and cycle, and registers both ways.

use crate::traffic::PageRequest;
use satkit_memory::{Direction, Memory, PAGE_BYTES, Request, Transfer};
use satkit_spec::{ArrayConfig, REQUEST_CYCLES, RESPONSE_CYCLES, W_OFFER_CYCLES};

/// The ports. Who asks comes in the order of cycles; in a cycle reads come before writes, and clients in the order of their
/// priority.
pub(super) struct Dma<'m, M> {
    memory: &'m mut M,
    paged: bool,
    /// Ports less one: their number is a power of two.
    mask: usize,
    /// Of each port and direction the first cycle in which it takes a request.
    free: Vec<[u64; 2]>,
    /// Of each port the first cycle in which W, and in which B, has nothing of the writes so far.
    write_free: Vec<[u64; 2]>,
}

impl<'m, M: Memory> Dma<'m, M> {
    pub(super) fn new(config: &ArrayConfig, memory: &'m mut M) -> Self {
        let (paged, ports) = (memory.paged(), config.dram_channels);
        let free = vec![[0; 2]; ports];
        Self { memory, paged, mask: ports - 1, write_free: free.clone(), free }
    }

    /// Asks in `cycle`. Gives the cycles of the first beat, and after the last, at the client; for a write the last is that of
    /// its response. `None` if another client has the port in this cycle.
    #[inline]
    pub(super) fn request(
        &mut self,
        cycle: u64,
        request: PageRequest,
        direction: Direction,
    ) -> Option<Transfer> {
        if self.paged {
            let port = (request.address / PAGE_BYTES) as usize & self.mask;
            let free = &mut self.free[port][direction as usize];
            if cycle < *free {
                return None;
            }
            *free = cycle + 1;
        }
        let mut transfer = self.memory.transfer(Request {
            cycle: cycle + REQUEST_CYCLES as u64,
            address: request.address,
            beats: request.beats,
            direction,
        });
        if self.paged && direction == Direction::Write {
            // Beats come behind the request, one by one, and the response behind the last; a memory that buffers writes would be
            // done before it has them.
            let port = (request.address / PAGE_BYTES) as usize & self.mask;
            let [data_free, response_free] = &mut self.write_free[port];
            let offered = (*data_free).max(cycle + W_OFFER_CYCLES as u64);
            *data_free = offered.max(transfer.start_cycle) + u64::from(request.beats);
            transfer.end_cycle = transfer.end_cycle.max(*data_free).max(*response_free);
            *response_free = transfer.end_cycle + 1;
        }
        Some(Transfer {
            start_cycle: transfer.start_cycle + RESPONSE_CYCLES as u64,
            end_cycle: transfer.end_cycle + RESPONSE_CYCLES as u64,
        })
    }
}
