//! A session on a card that is another, goes deaf, or goes away.

use crate::faulty::{ControlMishap, FaultyCard};
use crate::given::{PATIENCE, array, good_program, hanging_job, ready, runs_a_good_job, sim_card};
use satkit_host::session::{Session, SessionError};
use satkit_spec::ArrayConfig;
use satkit_spec::regs::{self, control};
use satkit_transport::{Card as _, CardError};
use std::sync::atomic::Ordering;
use std::time::Duration;

#[test]
fn another_core_is_refused_by_name() {
    let card = FaultyCard::new(sim_card());
    let open_with = |register: regs::Register, value| {
        card.registers.lock().unwrap().insert(register.offset, value);
        let error = Session::open(card.clone(), &array()).unwrap_err();
        card.registers.lock().unwrap().clear();
        error
    };
    let error = open_with(regs::IDENTITY_MAGIC, 0x1234);
    assert!(matches!(error, CardError::IdMismatch { found: 0x1234, .. }), "{error}");
    let error = open_with(regs::IDENTITY_MAGIC, u32::MAX);
    assert!(matches!(error, CardError::DeviceLost { .. }), "{error}");
    for register in [regs::CONTRACT_VERSION, regs::CONTRACT_HASH, regs::CONFIGURATION_HASH] {
        // All ones in one register alone is a value, not a lost device.
        for wrong in [0x99, u32::MAX] {
            let error = open_with(register, wrong);
            assert!(
                matches!(error, CardError::ContractMismatch { found, .. } if found == wrong),
                "{error}"
            );
        }
    }
    let error = open_with(regs::DDR_CALIBRATED, 0b1011);
    assert!(matches!(error, CardError::NotCalibrated { found: 0b1011, .. }), "{error}");
    let error = Session::open(card.clone(), &ArrayConfig::small()).unwrap_err();
    assert!(matches!(error, CardError::ContractMismatch { .. }), "{error}");
    runs_a_good_job(&ready(&(card as _)));
}

#[test]
fn a_lost_interrupt_is_counted_and_costs_no_job() {
    let card = FaultyCard::new(sim_card());
    let session = ready(&(card.clone() as _));
    assert!(!runs_a_good_job(&session).lost_interrupt);
    card.deaf.store(true, Ordering::Relaxed);
    assert!(runs_a_good_job(&session).lost_interrupt);
    card.deaf.store(false, Ordering::Relaxed);
    assert!(!runs_a_good_job(&session).lost_interrupt);
    let stats = session.stats();
    assert_eq!((stats.jobs, stats.lost_interrupts, stats.recoveries), (3, 1, 0));
}

#[test]
fn a_spurious_interrupt_ends_no_job() {
    let card = FaultyCard::new(sim_card());
    let session = ready(&(card.clone() as _));
    let (_, job) = hanging_job(&session);
    card.spurious.store(3, Ordering::Relaxed);
    let error = session.wait(job, Duration::from_millis(150)).unwrap_err();
    assert!(matches!(error, SessionError::Card(CardError::Timeout { .. })), "{error}");
    assert_eq!(session.stats().spurious_interrupts, 3);
    runs_a_good_job(&session);
}

#[test]
fn a_device_that_goes_away_is_lost_at_once() {
    let card = FaultyCard::new(sim_card());
    let session = ready(&(card.clone() as _));
    let buffer = session.allocate(100).unwrap();
    let (_program, job) = hanging_job(&session);
    card.gone.store(true, Ordering::Relaxed);
    let is_lost = |error: &CardError| matches!(error, CardError::DeviceLost { .. });
    let error = session.wait(job, PATIENCE).unwrap_err();
    assert!(matches!(&error, SessionError::Card(error) if is_lost(error)), "{error}");
    let error = session.upload(buffer.address(), &[1; 100]).unwrap_err();
    assert!(is_lost(&error), "{error}");
    let error = session.recover().unwrap_err();
    assert!(is_lost(&error), "{error}");
    // It is there again.
    card.gone.store(false, Ordering::Relaxed);
    session.recover().unwrap();
    runs_a_good_job(&session);
}

/// A transfer of memory may be repeated; a doorbell that is rung twice starts two jobs.
#[test]
fn writes_of_control_are_never_tried_again() {
    let card = FaultyCard::new(sim_card());
    let session = ready(&(card.clone() as _));
    let program = session.load(&good_program()).unwrap();
    let fail_next = |mishap| {
        card.control_writes.lock().unwrap().clear();
        *card.control.lock().unwrap() = Some(mishap);
    };
    let written =
        |value| card.control_writes.lock().unwrap().iter().filter(|&&v| v == value).count();
    let is_its = |error: &CardError| matches!(error, CardError::Timeout { operation: "write", .. });
    for mishap in [ControlMishap::Lost, ControlMishap::Arrived] {
        fail_next(mishap);
        let error = session.submit(&program).unwrap_err();
        assert!(matches!(&error, SessionError::Card(error) if is_its(error)), "{error}");
        assert_eq!(written(control::START), 1, "{mishap:?}");
        // Whether it had started or not: nothing runs, and the next job does.
        assert_eq!(card.read32(regs::RUNNING.offset).unwrap(), 0);
        runs_a_good_job(&session);

        let (_program, job) = hanging_job(&session);
        fail_next(mishap);
        let error = session.cancel().unwrap_err();
        assert!(is_its(&error), "{error}");
        assert_eq!(written(control::CANCEL), 1, "{mishap:?}");
        session.recover().unwrap();
        assert!(matches!(session.wait(job, PATIENCE), Err(SessionError::JobGone)));
        runs_a_good_job(&session);
    }
    assert_eq!(session.stats().retried_transfers, 0);
}

#[test]
fn what_cannot_be_a_program_is_refused() {
    let session = ready(&sim_card());
    assert!(matches!(session.load(&[]), Err(SessionError::ProgramLength { given: 0, .. })));
    let mut program = good_program();
    let last = program.len() - 1;
    if let satkit_spec::isa::Operation::Store(store) = &mut program[last].operation {
        store.group = u32::MAX;
    }
    let error = session.load(&program).unwrap_err();
    assert!(matches!(error, SessionError::Encoding { index, .. } if index == last), "{error}");
}

#[test]
fn a_session_that_is_dropped_leaves_no_job_behind() {
    let card = sim_card();
    let first = ready(&card);
    let (_, job) = hanging_job(&first);
    drop(job);
    drop(first);
    assert_eq!(card.read32(regs::RUNNING.offset).unwrap(), 0);
    runs_a_good_job(&ready(&card));
}
