//! One list of tests for every card, and the host's session on cards that misbehave.
//!
//! A card joins by one line: [`conformance!`] with its name and how to open it.

mod faulty;
mod given;
mod recovery;
#[cfg(target_os = "linux")]
mod served;
mod sim;
#[cfg(target_os = "linux")]
mod training;
#[macro_use]
mod suite;
mod transfers;
mod traps;
mod validate;

conformance!(simulator, given::sim_card());
conformance!(
    rtl,
    match given::rtl_card() {
        Some(card) => card,
        None => return,
    }
);
#[cfg(target_os = "linux")]
conformance!(
    virtual_card,
    match given::virtual_card() {
        Some(card) => card,
        None => return,
    }
);
