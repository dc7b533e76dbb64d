//! Jobs, their events, and what stops them. After each stop a good job runs.

use super::registers::{read, write};
use crate::given::{
    PATIENCE, Ready, fault, hanging_job, hanging_program, program_for, ready, runs_a_good_job,
};
use satkit_host::session::{CardProgram, SessionError, SessionSettings};
use satkit_spec::isa::{ADDRESS_UNIT_BYTES, Word};
use satkit_spec::memory_map::{EVENTS, STATUS_EVENT};
use satkit_spec::regs::{self, control, status};
use satkit_transport::{Card, CardError, ResetKind, Wait};
use std::sync::Arc;
use std::time::{Duration, Instant};

const SHORT: Duration = Duration::from_millis(20);

/// Sets the program registers and starts.
fn start(card: &Arc<dyn Card>, program: &CardProgram) {
    write(card, regs::PROGRAM_LOW, program.address() as u32);
    write(card, regs::PROGRAM_HIGH, (program.address() >> 32) as u32);
    write(card, regs::PROGRAM_LENGTH, program.instructions());
    write(card, regs::CONTROL, control::START);
}

fn until_done(card: &Arc<dyn Card>) -> u32 {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let found = read(card, regs::STATUS);
        if found & status::DONE != 0 {
            return found;
        }
        assert!(Instant::now() < deadline, "the job does not end");
        std::thread::sleep(Duration::from_micros(100));
    }
}

pub(crate) fn nothing_happens_without_a_job(card: &Arc<dyn Card>) {
    write(card, regs::INTERRUPT_ENABLE, status::DONE);
    write(card, regs::CONTROL, control::CANCEL);
    assert_eq!(card.wait_event(STATUS_EVENT, SHORT).unwrap(), Wait::TimedOut);
    assert_eq!(card.wait_event(STATUS_EVENT, Duration::ZERO).unwrap(), Wait::TimedOut);
    assert_eq!((read(card, regs::STATUS), read(card, regs::RUNNING)), (0, 0));
    let none = card.wait_event(EVENTS, SHORT).err();
    assert!(matches!(none, Some(CardError::OutOfRange { .. })), "{none:?}");
}

pub(crate) fn a_job_ends_with_one_event(card: &Arc<dyn Card>) {
    let session = ready(card);
    let program = session.load(&program_for(card)).unwrap();
    write(card, regs::INTERRUPT_ENABLE, status::DONE);
    let cycles = |low, high| u64::from(read(card, low)) | u64::from(read(card, high)) << 32;
    let before = cycles(regs::CYCLES_LOW, regs::CYCLES_HIGH);
    // Two ends before anybody waits count as one.
    for _ in 0..2 {
        start(card, &program);
        assert_eq!(until_done(card), status::DONE);
        assert_eq!(read(card, regs::RUNNING), 0);
        assert_eq!(read(card, regs::RETIRED), program.instructions());
        // Zeros clear nothing, and a bit goes alone.
        write(card, regs::STATUS, !status::DONE);
        assert_eq!(read(card, regs::STATUS), status::DONE);
        write(card, regs::STATUS, status::DONE);
        assert_eq!(read(card, regs::STATUS), 0);
    }
    let job = cycles(regs::JOB_CYCLES_LOW, regs::JOB_CYCLES_HIGH);
    let now = cycles(regs::CYCLES_LOW, regs::CYCLES_HIGH);
    assert!(job > u64::from(program.instructions()));
    assert!(now - before >= 2 * job);
    assert_eq!(card.wait_event(STATUS_EVENT, PATIENCE).unwrap(), Wait::Fired);
    assert_eq!(card.wait_event(STATUS_EVENT, SHORT).unwrap(), Wait::TimedOut);
}

pub(crate) fn a_masked_event_waits_for_its_enable(card: &Arc<dyn Card>) {
    let session = ready(card);
    let program = session.load(&program_for(card)).unwrap();
    write(card, regs::INTERRUPT_ENABLE, !status::DONE);
    start(card, &program);
    until_done(card);
    assert_eq!(card.wait_event(STATUS_EVENT, SHORT).unwrap(), Wait::TimedOut);
    write(card, regs::INTERRUPT_ENABLE, status::DONE);
    assert_eq!(card.wait_event(STATUS_EVENT, PATIENCE).unwrap(), Wait::Fired);
    // The status stays, and says nothing new.
    write(card, regs::SCRATCH, 1);
    assert_eq!(card.wait_event(STATUS_EVENT, SHORT).unwrap(), Wait::TimedOut);
}

pub(crate) fn a_second_start_is_ignored(card: &Arc<dyn Card>) {
    let session = ready(card);
    let good = session.load(&program_for(card)).unwrap();
    let (_, job) = hanging_job(&session);
    start(card, &good);
    assert_eq!((read(card, regs::STATUS), read(card, regs::RUNNING)), (0, 1));
    session.cancel().unwrap();
    let (_, reason, _) = fault(session.wait(job, PATIENCE));
    assert!(reason.contains("CANCELLED"), "{reason}");
    runs_a_good_job(&session);
}

pub(crate) fn an_illegal_instruction_is_named(card: &Arc<dyn Card>) {
    let session = ready(card);
    let program = program_for(card);
    let mut words: Vec<u8> = program.iter().flat_map(|i| i.encode().unwrap().to_bytes()).collect();
    for index in [0, program.len() / 2, program.len() - 1] {
        let at = index * Word::BYTES;
        // No opcode.
        let opcode = std::mem::replace(&mut words[at], 0xFF);
        let illegal = session.load_words(&words).unwrap();
        let (instruction, reason, address) = fault(session.run(&illegal, PATIENCE));
        assert!(reason.contains("ILLEGAL_INSTRUCTION"), "{reason}");
        assert_eq!((instruction as usize, address), (index, None));
        words[at] = opcode;
        runs_a_good_job(&session);
    }
}

pub(crate) fn a_fetch_outside_of_memory_or_off_its_beats_is_an_axi_error(card: &Arc<dyn Card>) {
    let session = ready(card);
    let program = session.load(&program_for(card)).unwrap();
    let beside = program.address() + ADDRESS_UNIT_BYTES / 2;
    for address in [card.info().memory_bytes, beside] {
        write(card, regs::STATUS, u32::MAX);
        write(card, regs::PROGRAM_LOW, address as u32);
        write(card, regs::PROGRAM_HIGH, (address >> 32) as u32);
        write(card, regs::PROGRAM_LENGTH, 1);
        write(card, regs::CONTROL, control::START);
        assert_eq!(until_done(card), status::DONE | status::AXI_ERROR);
        let low = read(card, regs::FAULT_ADDRESS_LOW);
        let high = read(card, regs::FAULT_ADDRESS_HIGH);
        assert_eq!(u64::from(high) << 32 | u64::from(low), address);
        assert_eq!(read(card, regs::FAULT_INSTRUCTION), 0);
        session.recover().unwrap();
        runs_a_good_job(&session);
    }
}

pub(crate) fn a_cancelled_job_says_so(card: &Arc<dyn Card>) {
    let session = ready(card);
    let (program, job) = hanging_job(&session);
    std::thread::scope(|scope| {
        let waits = scope.spawn(|| fault(session.wait(job, PATIENCE)));
        session.cancel().unwrap();
        let (instruction, reason, _) = waits.join().unwrap();
        assert!(reason.contains("CANCELLED") && instruction < program.instructions(), "{reason}");
    });
    assert_eq!((read(card, regs::STATUS), read(card, regs::RUNNING)), (0, 0));
    runs_a_good_job(&session);
}

pub(crate) fn the_watchdog_ends_a_program_that_waits_for_itself(card: &Arc<dyn Card>) {
    let settings = SessionSettings { watchdog_cycles: 200_000, ..SessionSettings::default() };
    let session = Ready::new(Arc::clone(card), settings);
    let (program, job) = hanging_job(&session);
    let (instruction, reason, _) = fault(session.wait(job, PATIENCE));
    assert!(reason.contains("WATCHDOG") && instruction < program.instructions(), "{reason}");
    // The watchdog is patient enough for a program that goes on.
    runs_a_good_job(&session);
}

pub(crate) fn a_deadline_ends_a_program_that_waits_for_itself(card: &Arc<dyn Card>) {
    let session = ready(card);
    let (program, job) = hanging_job(&session);
    let error = session.wait(job, 10 * SHORT).unwrap_err();
    let SessionError::Card(CardError::Timeout { operation: "job", address, done }) = error else {
        panic!("{error}");
    };
    assert_eq!(address, program.address());
    assert!(done > 0 && done < hanging_program().len() as u64, "{done}");
    runs_a_good_job(&session);
}

pub(crate) fn a_reset_ends_the_job_and_leaves_memory(card: &Arc<dyn Card>) {
    let session = ready(card);
    let kept = session.allocate(5000).unwrap();
    session.upload(kept.address(), &[0x5A; 5000]).unwrap();
    for by_register in [true, false] {
        let (_, job) = hanging_job(&session);
        if by_register {
            write(card, regs::CONTROL, control::RESET);
        } else {
            card.reset(ResetKind::Core).unwrap();
        }
        let cleared = [
            regs::RUNNING,
            regs::STATUS,
            regs::INTERRUPT_ENABLE,
            regs::PROGRAM_LOW,
            regs::PROGRAM_HIGH,
            regs::PROGRAM_LENGTH,
        ];
        cleared.iter().for_each(|&register| assert_eq!(read(card, register), 0, "{register:?}"));
        session.recover().unwrap();
        assert!(matches!(session.wait(job, PATIENCE), Err(SessionError::JobGone)));
        runs_a_good_job(&session);
    }
    let mut found = vec![0; 5000];
    session.download(kept.address(), &mut found).unwrap();
    assert!(found.iter().all(|&byte| byte == 0x5A));
}

pub(crate) fn uploads_go_on_while_a_job_runs(card: &Arc<dyn Card>) {
    let session = ready(card);
    let next = session.allocate(1 << 20).unwrap();
    let (program, job) = hanging_job(&session);
    assert!(matches!(session.submit(&program), Err(SessionError::JobRunning)));
    let batch: Vec<u8> = (0..1 << 20).map(|i: u32| (i / 3) as u8).collect();
    session.upload(next.address(), &batch).unwrap();
    let mut found = vec![0; batch.len()];
    session.download(next.address(), &mut found).unwrap();
    assert!(found == batch);
    session.cancel().unwrap();
    fault(session.wait(job, PATIENCE));
    runs_a_good_job(&session);
}
