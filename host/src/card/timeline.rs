//! When the host and the card did what, for traces.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Most spans that are kept: a long run fills a file, not the memory.
const MOST_SPANS: usize = 300_000;

/// Who works in a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Track {
    /// The host writes card memory.
    Upload,
    /// The card runs a program.
    Job,
    /// The host reads card memory.
    Download,
}

impl Track {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Upload, Self::Job, Self::Download];

    /// Its name in traces.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Upload => "upload",
            Self::Job => "job",
            Self::Download => "download",
        }
    }
}

/// A piece of work in wall time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Who works.
    pub track: Track,
    /// What is moved or run.
    pub what: &'static str,
    /// Step of the run that it is for, from 0.
    pub step: Option<u64>,
    /// Its begin, after the timeline's.
    pub start: Duration,
    /// Its end, after the timeline's begin. A job's is the moment in which the host learns of it.
    pub end: Duration,
}

/// What a span is of: track, what, step.
pub(super) type SpanOf = (Track, &'static str, Option<u64>);

/// Spans of one card's work. Its clones are the same timeline.
#[derive(Clone, Debug)]
pub struct Timeline {
    begin: Instant,
    spans: Arc<Mutex<Vec<Span>>>,
}

impl Timeline {
    /// An empty one.
    #[must_use]
    pub fn new(begin: Instant) -> Self {
        Self { begin, spans: Arc::default() }
    }

    /// What was noted so far, at most the first 300,000 spans, in the order in which they ended.
    #[must_use]
    pub fn spans(&self) -> Vec<Span> {
        self.spans.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// True if there was no room for a span.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.spans.lock().unwrap_or_else(PoisonError::into_inner).len() == MOST_SPANS
    }

    pub(super) fn note(&self, (track, what, step): SpanOf, start: Instant, took: Duration) {
        let mut spans = self.spans.lock().unwrap_or_else(PoisonError::into_inner);
        if spans.len() < MOST_SPANS {
            let start = start.saturating_duration_since(self.begin);
            spans.push(Span { track, what, step, start, end: start + took });
        }
    }
}
