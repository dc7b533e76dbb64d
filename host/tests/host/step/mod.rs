//! Training steps as work for the machine.

mod calls;
mod chain;
mod contents;
mod given;
mod order;
