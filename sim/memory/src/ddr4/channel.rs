//! One channel: a data bus, its banks, its refreshes and its write buffer. All in ticks.

use super::bank::{Bank, Found};
use super::parameters::Ticks;
use super::timing::BANKS;
use crate::{Direction, Statistics};

/// Bursts of one row of one bank.
#[derive(Clone, Copy, Debug)]
pub(super) struct Access {
    pub(super) row: u64,
    pub(super) bank: usize,
    pub(super) bursts: u32,
    /// When the channel knows of it.
    pub(super) ready: u64,
}

/// Nothing is due.
const NEVER: u64 = u64::MAX;

/// One channel. What happens by itself (a refresh, the draining of a full half of the write buffer) is caught up with
/// when an access would put data on the bus at or after its time.
#[derive(Clone, Debug)]
pub(super) struct Channel {
    banks: [Bank; BANKS],
    bus_free: u64,
    last: Direction,
    /// tFAW over the banks: no row opens earlier.
    activate_from: u64,
    refresh_at: u64,
    /// When the sealed half of the write buffer was full, or `NEVER` if it is empty.
    drain_at: u64,
    /// The earlier of the two: one comparison per access.
    event_at: u64,
    sealed: Vec<Access>,
    filling: Vec<Access>,
    filled: u32,
    write_batch: u32,
    /// When the half drained last was empty.
    drained_at: u64,
}

/// When an access would happen.
struct Plan {
    found: Found,
    activated: u64,
    data: u64,
}

impl Channel {
    pub(super) fn new(first_refresh: u64, write_batch: u32) -> Self {
        // A half holds at most one access per burst, so neither ever grows.
        let half = || Vec::with_capacity(write_batch as usize);
        Self {
            banks: [Bank::IDLE; BANKS],
            bus_free: 0,
            last: Direction::Read,
            activate_from: 0,
            refresh_at: first_refresh,
            drain_at: NEVER,
            event_at: first_refresh,
            sealed: half(),
            filling: half(),
            filled: 0,
            write_batch,
            drained_at: 0,
        }
    }

    /// Puts an access on the bus, no earlier than `data_from`; gives when its data begin and end.
    #[inline]
    pub(super) fn serve(
        &mut self,
        access: Access,
        direction: Direction,
        data_from: u64,
        ticks: &Ticks,
        statistics: &mut Statistics,
    ) -> (u64, u64) {
        let mut plan = self.plan(access, direction, data_from, ticks);
        while plan.data >= self.event_at {
            self.catch_up(access.ready, ticks, statistics);
            plan = self.plan(access, direction, data_from, ticks);
        }
        match plan.found {
            Found::Hit => statistics.row_hits += 1,
            Found::Miss => statistics.row_misses += 1,
            Found::Conflict => statistics.row_conflicts += 1,
        }
        if plan.found != Found::Hit {
            self.activate_from = plan.activated + ticks.four_activates;
        }
        statistics.turnarounds += u64::from(direction != self.last);
        self.last = direction;
        let end = plan.data + u64::from(access.bursts) * ticks.burst;
        self.bus_free = end;
        let recovered = match direction {
            Direction::Read => end - ticks.read_recovery,
            Direction::Write => end + ticks.write_recovery,
        };
        self.banks[access.bank].open(access.row, plan.activated, recovered, ticks);
        (plan.data, end)
    }

    #[inline]
    fn plan(&self, access: Access, direction: Direction, data_from: u64, ticks: &Ticks) -> Plan {
        let ready = access.ready;
        let (found, activated) =
            self.banks[access.bank].activation(access.row, ready, self.activate_from, ticks);
        let (command_to_data, turnaround) = match direction {
            Direction::Read => (ticks.read_data, ticks.write_to_read),
            Direction::Write => (ticks.write_data, ticks.read_to_write),
        };
        let bus_from = self.bus_free + if direction == self.last { 0 } else { turnaround };
        let command = ready.max(activated + ticks.activate);
        Plan { found, activated, data: (command + command_to_data).max(bus_from).max(data_from) }
    }

    /// A write enters the buffer; true if that fills the half, which the caller then seals.
    #[inline]
    pub(super) fn push(&mut self, access: Access) -> bool {
        self.filling.push(access);
        self.filled += access.bursts;
        self.filled >= self.write_batch
    }

    /// True if the next write begins a half: it waits for what was in there to drain.
    #[inline]
    pub(super) const fn begins_half(&self) -> bool {
        self.filled == 0
    }

    /// The filling half is full from `full` on and drains from then. Gives when the other half is empty.
    pub(super) fn seal(&mut self, full: u64, ticks: &Ticks, statistics: &mut Statistics) -> u64 {
        if self.drain_at != NEVER {
            self.drain(ticks, statistics);
        }
        std::mem::swap(&mut self.sealed, &mut self.filling);
        self.filled = 0;
        self.drain_at = full;
        self.event_at = self.refresh_at.min(full);
        self.drained_at
    }

    #[inline(never)]
    fn drain(&mut self, ticks: &Ticks, statistics: &mut Statistics) {
        // The addresses were known while the half was filled, so the first rows are open by now.
        let data_from = self.drain_at;
        // Cleared first: the writes themselves must not wait for their own drain.
        self.drain_at = NEVER;
        self.event_at = self.refresh_at;
        for index in 0..self.sealed.len() {
            self.serve(self.sealed[index], Direction::Write, data_from, ticks, statistics);
        }
        self.sealed.clear();
        self.drained_at = self.bus_free;
    }

    /// The earlier of the next refresh and the drain, for an access known from `ready`.
    #[inline(never)]
    fn catch_up(&mut self, ready: u64, ticks: &Ticks, statistics: &mut Statistics) {
        if self.drain_at < self.refresh_at {
            self.drain(ticks, statistics);
        } else {
            self.refresh(ready.min(self.drain_at), ticks, statistics);
        }
    }

    /// One refresh of all banks; the channel is idle until `idle_until`, and the refreshes of that time are counted
    /// at once.
    fn refresh(&mut self, idle_until: u64, ticks: &Ticks, statistics: &mut Statistics) {
        let passed = idle_until.saturating_sub(self.refresh_at) / ticks.refresh_interval;
        if passed > 0 {
            for bank in &mut self.banks {
                bank.close(0);
            }
            self.refresh_at += passed * ticks.refresh_interval;
        }
        let due = self.refresh_at;
        let start =
            self.banks.iter().fold(due, |start, bank| start.max(bank.refresh_from(due, ticks)));
        for bank in &mut self.banks {
            bank.close(start + ticks.refresh);
        }
        self.refresh_at += ticks.refresh_interval;
        self.event_at = self.refresh_at.min(self.drain_at);
        statistics.refreshes += passed + 1;
    }
}
