//! What every card does, whatever it is. The tests see nothing but the `Card` trait, and a session on it.

pub(crate) mod jobs;
pub(crate) mod registers;
pub(crate) mod transfers;

/// Runs the list on one card: a test for each line, on a card that `$open` gives.
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
            jobs::a_second_start_is_ignored,
            jobs::an_illegal_instruction_is_named,
            jobs::a_fetch_outside_of_memory_or_off_its_beats_is_an_axi_error,
            jobs::a_cancelled_job_says_so,
            jobs::the_watchdog_ends_a_program_that_waits_for_itself,
            jobs::a_deadline_ends_a_program_that_waits_for_itself,
            jobs::a_reset_ends_the_job_and_leaves_memory,
            jobs::uploads_go_on_while_a_job_runs,
        }
    };
    (@each $card:ident, $open:expr; $($file:ident::$test:ident,)*) => {
        mod $card {
            $(
                #[test]
                fn $test() {
                    $crate::suite::$file::$test(&{ use $crate::given; $open });
                }
            )*
        }
    };
}
