//! Programs are legal, complete and timed as the machine is described, and what is not is refused.

mod cycles;
mod deadlocks;
mod fetch;
mod given;
mod hand;
mod hazards;
mod mappings;
mod memories;
mod mutations;
mod optimality;
mod refusals;
mod schedules;
mod spaces;
mod streams;
mod walks;
