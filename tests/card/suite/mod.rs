//! What every card does, whatever it is. The tests see nothing but the `Card` trait, and a session on it.

pub(crate) mod jobs;
pub(crate) mod registers;
pub(crate) mod transfers;

use crate::given::{self, Ready, fault};
use satkit_host::session::SessionSettings;
use satkit_spec::isa::{Engine, Instruction, Operation};
use satkit_transport::Card;
use std::sync::Arc;

/// What a test needs of a card.
pub(crate) enum Needs {
    /// What every card has.
    Nothing,
    /// A program that waits for itself: of instructions that wait for a semaphore, so of engines.
    Engines(&'static [Engine]),
}

/// Runs a test. Where an engine is missing that it needs, the card has to show that it is: then the test is pending, and says so;
/// a marker that is no longer true fails.
pub(crate) fn run(card: &Arc<dyn Card>, needs: &Needs, test: fn(&Arc<dyn Card>)) {
    let there = given::engines(card);
    let needed = match needs {
        Needs::Nothing => &[],
        Needs::Engines(engines) => *engines,
    };
    let missing: Vec<Engine> = needed.iter().copied().filter(|e| !there.contains(e)).collect();
    if missing.is_empty() {
        return test(card);
    }
    for &engine in &missing {
        lacks(card, engine);
    }
    let names: Vec<&str> = missing.iter().map(|engine| engine.name()).collect();
    println!("pending: {} has no {} yet", card.info().name, names.join(", "));
}

/// A card without an engine refuses the first instruction for it as illegal.
fn lacks(card: &Arc<dyn Card>, engine: Engine) {
    let session = Ready::new(Arc::clone(card), SessionSettings::default());
    let of = |i: &Instruction| i.operation.engine() == Some(engine);
    let mut program = given::kept_program(20);
    program.push(given::good_program().into_iter().find(of).unwrap());
    program.push(Instruction::new(Operation::Reads(no_reads())));
    let program = session.load(&program).unwrap();
    let (instruction, reason, _) = fault(session.run(&program, given::PATIENCE));
    assert!(reason.contains("ILLEGAL_INSTRUCTION") && instruction == 20, "{engine:?}: {reason}");
    given::runs_a_good_job(&session);
}

const fn no_reads() -> satkit_spec::isa::Reads {
    satkit_spec::isa::Reads {
        first: 0,
        first_beats: 0,
        second: 0,
        second_beats: 0,
        third: 0,
        third_beats: 0,
    }
}

/// Runs the list on one card: a test for each line, on a card that `$open` gives. In brackets what a line needs besides.
macro_rules! conformance {
    ($card:ident, $open:expr) => {
        conformance! { @each $card, $open;
            registers::identity_is_that_of_the_contract,
            registers::scratch_holds_every_bit,
            registers::registers_take_what_their_access_says,
            registers::offsets_are_checked,
            transfers::patterns_come_back_and_nothing_else_changes,
            transfers::odd_sizes_keep_their_neighbours,
            transfers::ranges_and_channels_are_checked,
            transfers::concurrent_transfers_do_not_mix,
            jobs::nothing_happens_without_a_job,
            jobs::a_job_ends_with_one_event,
            jobs::a_masked_event_waits_for_its_enable,
            jobs::a_second_start_is_ignored (hangs),
            jobs::an_illegal_instruction_is_named,
            jobs::a_fetch_outside_of_memory_or_off_its_beats_is_an_axi_error,
            jobs::a_cancelled_job_says_so (hangs),
            jobs::the_watchdog_ends_a_program_that_waits_for_itself (hangs),
            jobs::a_deadline_ends_a_program_that_waits_for_itself (hangs),
            jobs::a_reset_ends_the_job_and_leaves_memory (hangs),
            jobs::uploads_go_on_while_a_job_runs (hangs),
        }
    };
    (@each $card:ident, $open:expr; $($file:ident::$test:ident $(($needs:ident))?,)*) => {
        mod $card {
            $(
                #[test]
                fn $test() {
                    let card = { use $crate::given; $open };
                    let needs = conformance!(@needs $($needs)?);
                    $crate::suite::run(&card, &needs, $crate::suite::$file::$test);
                }
            )*
        }
    };
    (@needs) => { $crate::suite::Needs::Nothing };
    (@needs hangs) => { $crate::suite::Needs::Engines($crate::given::HANGING_ENGINES) };
}
