//! One bank: its open row and what it waits for.

use super::parameters::Ticks;

/// No row has this number: rows come from addresses of at most 64 bits, shifted down.
const CLOSED: u64 = u64::MAX;

/// How an access finds its bank.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// Its row is open.
    Hit,
    /// No row is open.
    Miss,
    /// Another row is open.
    Conflict,
}

/// A bank, in ticks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bank {
    row: u64,
    /// When the open row was activated.
    activated: u64,
    /// A closed bank opens no earlier: the end of a refresh.
    activate_from: u64,
    /// The open row closes no earlier.
    precharge_from: u64,
}

impl Bank {
    pub(super) const IDLE: Self =
        Self { row: CLOSED, activated: 0, activate_from: 0, precharge_from: 0 };

    /// How `row` is found, and when it is or would be activated if asked for at `ready`.
    #[inline]
    pub(super) fn activation(
        &self,
        row: u64,
        ready: u64,
        activate_from: u64,
        ticks: &Ticks,
    ) -> (Found, u64) {
        if self.row == row {
            (Found::Hit, self.activated)
        } else if self.row == CLOSED {
            (Found::Miss, ready.max(self.activate_from).max(activate_from))
        } else {
            let precharged = ready.max(self.precharge_from) + ticks.precharge;
            (Found::Conflict, precharged.max(activate_from))
        }
    }

    /// `row` is open since `activated` and may close from `data_recovered` on, if tRAS is over.
    #[inline]
    pub(super) fn open(&mut self, row: u64, activated: u64, data_recovered: u64, ticks: &Ticks) {
        self.row = row;
        self.activated = activated;
        self.precharge_from = data_recovered.max(activated + ticks.row);
    }

    /// When a refresh that is due at `due` may begin, as far as this bank goes.
    pub(super) fn refresh_from(&self, due: u64, ticks: &Ticks) -> u64 {
        if self.row == CLOSED {
            due.max(self.activate_from)
        } else {
            due.max(self.precharge_from) + ticks.precharge
        }
    }

    /// Closed by a refresh that ends at `end`.
    pub(super) fn close(&mut self, end: u64) {
        self.row = CLOSED;
        self.activate_from = end;
    }
}
