//! Faults: each kind is seen as what it is, or changes nothing.

use crate::support::{MOMENT, Mounted, PATIENCE, pattern};
use satkit_host::xdma::XdmaCard;
use satkit_spec::regs::{IDENTITY_MAGIC, MAGIC, SCRATCH};
use satkit_transport::{Card as _, CardError, DmaBuf, Wait};
use satkit_virtual_card::{Ended, FaultKind};

fn read_back(card: &XdmaCard, bytes: usize) -> Result<DmaBuf, CardError> {
    read_back_at(card, 0, bytes)
}

fn read_back_at(card: &XdmaCard, address: u64, bytes: usize) -> Result<DmaBuf, CardError> {
    let mut buffer = DmaBuf::zeroed(bytes);
    card.c2h(0, address, &mut buffer)?;
    Ok(buffer)
}

#[test]
fn errors_of_transfers_have_their_names() {
    type Check = fn(&CardError) -> bool;
    let cases: [(&str, FaultKind, Check); 2] = [
        ("eio=1", FaultKind::Eio, |error| matches!(error, CardError::Axi { .. })),
        ("etimedout=1", FaultKind::Etimedout, |error| matches!(error, CardError::Timeout { .. })),
    ];
    for (spec, kind, check) in cases {
        let Some(mounted) = Mounted::with(spec) else { return };
        let card = mounted.open();
        let error = card.h2c(0, 0, &pattern(1, 3 << 20)).unwrap_err();
        assert!(check(&error), "{spec}: {error:?}");
        let error = read_back(&card, 100).unwrap_err();
        assert!(check(&error), "{spec}: {error:?}");
        assert_eq!(mounted.card.injected(kind), 2);
        // Registers are not transfers.
        assert_eq!(card.read32(IDENTITY_MAGIC.offset).unwrap(), MAGIC);
    }
}

#[test]
fn short_counts_are_made_up_for() {
    let Some(mounted) = Mounted::with("short=0.5,seed=3") else { return };
    let card = mounted.open();
    let mut whole = 0;
    for seed in 0..40 {
        let sent = pattern(seed, (3 << 20) + 4097);
        match card.h2c(0, 4000, &sent).and_then(|()| read_back_at(&card, 4000, sent.len())) {
            Ok(received) => {
                assert!(*received == *sent);
                whole += 1;
            }
            // A count of zero: asking on could take for ever.
            Err(CardError::ShortTransfer { .. }) => {}
            Err(other) => panic!("{other:?}"),
        }
    }
    assert!(whole > 20 && mounted.card.injected(FaultKind::Short) > 40, "{whole} whole");
}

#[test]
fn all_ones_are_the_value_or_a_lost_device() {
    let Some(mounted) = Mounted::with("ones=1") else { return };
    let error = mounted.open().read32(SCRATCH.offset).unwrap_err();
    assert!(matches!(error, CardError::DeviceLost { .. }), "{error:?}");
    drop(mounted);

    let Some(mounted) = Mounted::with("ones=0.02,seed=1") else { return };
    let card = mounted.open();
    let mut lost = 0;
    for value in 0..3000 {
        card.write32(SCRATCH.offset, value).unwrap();
        match card.read32(SCRATCH.offset) {
            Ok(read) => assert_eq!(read, value),
            Err(CardError::DeviceLost { .. }) => lost += 1,
            Err(other) => panic!("{other:?}"),
        }
    }
    assert!(mounted.card.injected(FaultKind::Ones) > 30 && lost < 10, "{lost} lost");
}

#[test]
fn flips_change_one_bit_and_are_counted() {
    let Some(mounted) = Mounted::with("flip=0.3,seed=5") else { return };
    let card = mounted.open();
    let mut wrong = 0;
    for seed in 0..100 {
        let sent = pattern(seed, 1000);
        card.h2c(0, 0, &sent).unwrap();
        let received = read_back(&card, 1000).unwrap();
        let pairs = sent.iter().zip(&*received);
        wrong += pairs.map(|(a, b)| u64::from((a ^ b).count_ones())).sum::<u64>();
    }
    // Two flips of the same bit would hide; this seed has none.
    assert_eq!(wrong, mounted.card.injected(FaultKind::Flip));
    assert!(wrong > 30, "{wrong}");
}

#[test]
fn interrupts_are_lost_and_spurious() {
    let Some(mounted) = Mounted::with("lost-irq=1") else { return };
    let card = mounted.open();
    mounted.memory.fire();
    assert_eq!(card.wait_event(0, MOMENT).unwrap(), Wait::TimedOut);
    assert_eq!(mounted.card.injected(FaultKind::LostIrq), 1);
    drop((card, mounted));

    let Some(mounted) = Mounted::with("spurious-irq=1") else { return };
    let card = mounted.open();
    assert_eq!(card.wait_event(0, MOMENT).unwrap(), Wait::TimedOut);
    card.write32(SCRATCH.offset, 1).unwrap();
    assert_eq!(card.wait_event(0, PATIENCE).unwrap(), Wait::Fired);
    card.h2c(0, 0, &pattern(1, 10)).unwrap();
    assert_eq!(card.wait_event(0, PATIENCE).unwrap(), Wait::Fired);
}

#[test]
fn death_in_a_transfer_ends_everything() {
    let Some(mounted) = Mounted::with("die=0.05,seed=2") else { return };
    let card = mounted.open();
    std::thread::scope(|scope| {
        let waiter = scope.spawn(|| card.wait_event(0, PATIENCE));
        let sent = pattern(1, 1000);
        let error = (0..1000).find_map(|_| card.h2c(0, 0, &sent).err()).unwrap();
        assert!(matches!(error, CardError::DeviceLost { .. }), "{error:?}");
        let waited = waiter.join().unwrap();
        assert!(matches!(waited, Err(CardError::DeviceLost { .. })), "{waited:?}");
    });
    assert_eq!(mounted.card.ended(), Some(Ended::Died));
    assert_eq!(mounted.card.injected(FaultKind::Die), 1);
    for outcome in [
        card.read32(0).map(drop),
        card.write32(SCRATCH.offset, 0),
        read_back(&card, 1).map(drop),
        card.wait_event(0, MOMENT).map(drop),
    ] {
        assert!(matches!(outcome, Err(CardError::DeviceLost { .. })), "{outcome:?}");
    }
    drop(card);
    let reopened = XdmaCard::open(mounted.path(), 0);
    assert!(matches!(reopened, Err(CardError::DeviceLost { .. })), "{reopened:?}");
}

/// What a run of transfers and registers meets, in order, and the faults that were injected.
fn run(spec: &str) -> Option<(Vec<String>, Vec<u64>)> {
    let mounted = Mounted::with(spec)?;
    let card = mounted.open();
    let mut met = Vec::new();
    for seed in 0..300 {
        let sent = pattern(seed, 4097);
        let outcome = card.h2c(0, 0, &sent).and_then(|()| read_back(&card, 4097));
        let register = card.read32(IDENTITY_MAGIC.offset);
        met.push(match &outcome {
            Ok(received) if **received == *sent => "whole".into(),
            Ok(_) => "flipped".into(),
            Err(error) => error.to_string(),
        });
        met.push(register.map_or_else(|error| error.to_string(), |value| value.to_string()));
        // What arrives without an error is what was sent, but for flips, which only a checksum finds.
        if matches!(outcome, Err(CardError::DeviceLost { .. })) {
            break;
        }
    }
    let injected = FaultKind::ALL.map(|kind| mounted.card.injected(kind)).to_vec();
    Some((met, injected))
}

#[test]
fn a_seed_gives_the_same_faults_again() {
    let spec = "eio=0.05,etimedout=0.05,short=0.1,ones=0.05,flip=0.05,die=0.0005,seed=";
    let Some(first) = run(&format!("{spec}11")) else { return };
    assert_eq!(Some(&first), run(&format!("{spec}11")).as_ref());
    assert_ne!(Some(&first.0), run(&format!("{spec}12")).map(|(met, _)| met).as_ref());
    // Without flips asked for, nothing is ever wrong and silent.
    let (met, injected) = run("eio=0.1,etimedout=0.1,short=0.2,seed=4").unwrap();
    assert!(!met.contains(&"flipped".to_owned()));
    assert!(injected[..3].iter().all(|&count| count > 20), "{injected:?}");
}
