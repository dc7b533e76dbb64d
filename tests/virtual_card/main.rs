//! The driver over a mounted virtual card: the same system calls as on a real card, through the kernel.
#![cfg(target_os = "linux")]

mod driver;
mod events;
mod faults;
mod memory_card;
mod mounting;
mod support;
