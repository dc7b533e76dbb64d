//! An interrupt line behind a file: blocked reads, polls, and the event they wait for.

use crate::client;
use fuser::{Errno, PollNotifier, ReplyData};
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A read that waits for an event.
#[derive(Debug)]
struct Reader {
    thread: u32,
    reply: ReplyData,
}

#[derive(Debug, Default)]
struct State {
    /// An event has come that nobody has read: like the driver's counter, it saturates at one.
    pending: bool,
    closed: bool,
    readers: VecDeque<Reader>,
    pollers: Vec<PollNotifier>,
}

/// An interrupt line. Requests are answered by whoever makes an event, so none of them occupies a thread.
#[derive(Debug, Default)]
pub(crate) struct EventLine {
    state: Mutex<State>,
}

impl EventLine {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An event has come.
    pub(crate) fn fire(&self) {
        let mut state = self.lock();
        state.pending = true;
        if let Some(reader) = state.readers.pop_front() {
            state.pending = false;
            reader.reply.data(&1u32.to_ne_bytes());
        } else {
            state.wake();
        }
    }

    /// Answers a read of 4 bytes now or with the next event.
    pub(crate) fn read(&self, thread: u32, reply: ReplyData) {
        let mut state = self.lock();
        if state.closed {
            reply.error(Errno::ENOTCONN);
        } else if std::mem::take(&mut state.pending) {
            reply.data(&1u32.to_ne_bytes());
        } else {
            state.readers.push_back(Reader { thread, reply });
        }
    }

    /// Whether a read would not block. If it would, `notifier` is called when that changes.
    pub(crate) fn poll(&self, notifier: Option<PollNotifier>) -> bool {
        let mut state = self.lock();
        if state.pending {
            return true;
        }
        if let Some(notifier) = notifier {
            // The kernel polls again after each wake-up, with one handle per open file.
            state.pollers.retain(|other| other.handle().0 != notifier.handle().0);
            state.pollers.push(notifier);
        }
        false
    }

    /// Ends the reads of clients that a signal waits for.
    pub(crate) fn end_interrupted_reads(&self) {
        let mut state = self.lock();
        for _ in 0..state.readers.len() {
            let Some(reader) = state.readers.pop_front() else { break };
            if client::is_interrupted(reader.thread) {
                reader.reply.error(Errno::EINTR);
            } else {
                state.readers.push_back(reader);
            }
        }
    }

    /// Ends everything that waits; reads fail from here on.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        for reader in std::mem::take(&mut state.readers) {
            reader.reply.error(Errno::ENOTCONN);
        }
        state.wake();
    }
}

impl State {
    fn wake(&mut self) {
        for poller in self.pollers.drain(..) {
            // A poller that is gone needs no waking.
            let _ = poller.notify();
        }
    }
}
