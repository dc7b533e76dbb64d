//! Which queues an instruction goes to.

use super::Engine;

/// Where the sequencer sends an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    /// Into the queue of the engine that executes it.
    Engine(Engine),
    /// Into the queues of the engines that it is kept for.
    Kept(&'static [Engine]),
}

impl Route {
    pub(crate) const fn engine(&self) -> Option<Engine> {
        match self {
            Self::Engine(engine) => Some(*engine),
            Self::Kept(_) => None,
        }
    }

    pub(crate) const fn queues(&self) -> &[Engine] {
        match self {
            Self::Engine(engine) => std::slice::from_ref(engine),
            Self::Kept(engines) => engines,
        }
    }
}
