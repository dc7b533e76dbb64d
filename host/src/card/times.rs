//! Where the time of training on a card goes.

use std::fmt;
use std::time::Duration;

/// Where the time of training steps went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CardTimes {
    /// Steps.
    pub steps: u64,
    /// From a step's order to its output.
    pub wall: Duration,
    /// In which the card worked.
    pub job: Duration,
    /// Uploads of images, labels and numbers.
    pub upload: Duration,
    /// The part of the uploads that ran while the card worked.
    pub overlapped: Duration,
    /// Downloads of losses.
    pub download: Duration,
}

impl CardTimes {
    /// Time that the host added to what the card took.
    #[must_use]
    pub const fn overhead(&self) -> Duration {
        self.wall.saturating_sub(self.job)
    }

    pub(super) fn add(&mut self, more: &Self) {
        self.steps += more.steps;
        self.wall += more.wall;
        self.job += more.job;
        self.upload += more.upload;
        self.overlapped += more.overlapped;
        self.download += more.download;
    }
}

impl fmt::Display for CardTimes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { steps, wall, job, upload, overlapped, download } = *self;
        let share = |part: Duration| 100.0 * part.as_secs_f64() / wall.as_secs_f64().max(1e-9);
        let milliseconds = |time: Duration| time.as_secs_f64() * 1e3 / steps.max(1) as f64;
        write!(
            f,
            "{steps} steps: {:.3} ms a step, in {:.1} % of it the card worked; uploads {:.3} ms, {:.3} ms of them beside \
             that work; downloads {:.3} ms",
            milliseconds(wall),
            share(job),
            milliseconds(upload),
            milliseconds(overlapped),
            milliseconds(download)
        )
    }
}
