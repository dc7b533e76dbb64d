//! Interrupts: waits, polls, blocked reads.

use crate::support::{MOMENT, Mounted, PATIENCE, pattern};
use satkit_tests::ends;
use satkit_transport::{Card as _, CardError, DmaBuf, Wait};
use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::process::{Command, Stdio};
use std::time::Duration;

#[test]
fn an_event_ends_a_wait_once() {
    let Some(mounted) = Mounted::new() else { return };
    let card = mounted.open();
    assert_eq!(card.wait_event(0, Duration::ZERO).unwrap(), Wait::TimedOut);
    assert_eq!(card.wait_event(0, MOMENT).unwrap(), Wait::TimedOut);
    for _ in 0..20 {
        mounted.memory.fire();
        assert_eq!(card.wait_event(0, PATIENCE).unwrap(), Wait::Fired);
    }
    assert_eq!(card.wait_event(0, MOMENT).unwrap(), Wait::TimedOut);
    let beyond = card.wait_event(1, MOMENT);
    assert!(matches!(beyond, Err(CardError::OutOfRange { .. })), "{beyond:?}");
}

#[test]
fn one_event_wakes_one_of_two_waiters_and_blocks_nobody() {
    let Some(mounted) = Mounted::new() else { return };
    let card = mounted.open();
    std::thread::scope(|scope| {
        let wait = || card.wait_event(0, Duration::from_millis(1500)).unwrap();
        let waiters = [scope.spawn(wait), scope.spawn(wait)];
        std::thread::sleep(MOMENT);
        // Both wait; transfers and registers go on.
        let sent = pattern(1, 3 << 20);
        card.h2c(0, 0, &sent).unwrap();
        let mut received = DmaBuf::zeroed(3 << 20);
        card.c2h(0, 0, &mut received).unwrap();
        assert!(*sent == *received);
        mounted.memory.fire();
        let outcomes = waiters.map(|waiter| waiter.join().unwrap());
        assert!(
            outcomes.contains(&Wait::Fired) && outcomes.contains(&Wait::TimedOut),
            "{outcomes:?}"
        );
    });
}

#[test]
fn a_blocked_read_gets_four_bytes_and_blocks_nobody() {
    let Some(mounted) = Mounted::new() else { return };
    let card = mounted.open();
    let file = File::open(mounted.path().join("xdma0_events_0")).unwrap();
    std::thread::scope(|scope| {
        // More readers than the server has threads.
        let reader = || {
            let mut bytes = [0; 8];
            let moved = file.read_at(&mut bytes, 0).unwrap();
            (moved, u32::from_ne_bytes(*bytes.first_chunk().unwrap()))
        };
        let readers: Vec<_> = (0..8).map(|_| scope.spawn(reader)).collect();
        std::thread::sleep(MOMENT);
        card.h2c(0, 0, &pattern(1, 3 << 20)).unwrap();
        for reader in readers {
            // An event that comes before the last one is read is the same event.
            while !reader.is_finished() {
                mounted.memory.fire();
                std::thread::sleep(Duration::from_millis(5));
            }
            assert_eq!(reader.join().unwrap(), (4, 1));
        }
    });
}

#[test]
fn a_blocked_read_can_be_interrupted_and_killed() {
    let Some(mounted) = Mounted::new() else { return };
    let input = format!("if={}", mounted.path().join("xdma0_events_0").display());
    for signal in ["INT", "TERM", "KILL"] {
        // Tests that a shell started in the background ignore SIGINT, and what they start would too.
        let mut dd = Command::new("env");
        dd.args(["--default-signal=INT", "dd", &input, "bs=4", "count=1"]);
        let mut dd = dd.stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(MOMENT);
        assert!(dd.try_wait().unwrap().is_none(), "dd waits for an event");
        let kill = format!("kill -{signal} {}", dd.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
        assert!(!ends(&mut dd, PATIENCE).success(), "{signal}");
    }
    // Their reads are gone: the next event is for whoever asks next.
    mounted.memory.fire();
    assert_eq!(mounted.open().wait_event(0, PATIENCE).unwrap(), Wait::Fired);
}
