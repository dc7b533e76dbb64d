//! A session's transfers: any size, faults in between, memory that nobody has used yet.

use crate::faulty::{FaultyCard, Mishap};
use crate::given::{array, sim_card};
use proptest::prelude::*;
use satkit_host::session::{Session, SessionError, SessionSettings};
use satkit_plan::layout::TENSOR_ALIGN_BYTES;
use satkit_spec::memory_map;
use satkit_transport::CardError;
use std::sync::Arc;

const BYTES: usize = 40_000;

#[derive(Clone, Debug)]
struct Transfer {
    upload: bool,
    at: usize,
    len: usize,
    seed: u8,
    /// Of the first transfer that the card sees.
    mishap: Option<Mishap>,
}

fn transfer() -> impl Strategy<Value = Transfer> {
    let len = prop_oneof![0usize..20, 4090usize..4100, 0usize..BYTES];
    let mishap = prop::option::of(prop::sample::select(Mishap::ALL.to_vec()));
    (any::<bool>(), 0..BYTES, len, any::<u8>(), mishap).prop_map(
        |(upload, at, len, seed, mishap)| {
            let len = len.min(BYTES - at);
            // A flipped bit on the way to the host cannot be told from what the card holds.
            let mishap = mishap.filter(|mishap| upload || *mishap != Mishap::Flip);
            Transfer { upload, at, len, seed, mishap }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn one_fault_at_a_time_changes_no_byte(
        chunk_bytes in prop::sample::select(vec![1usize, 4096, 8192, 1 << 20]),
        transfers in prop::collection::vec(transfer(), 1..12),
    ) {
        let card = FaultyCard::new(sim_card());
        let settings =
            SessionSettings { verify_uploads: true, chunk_bytes, ..SessionSettings::default() };
        let session = Session::open_with(card.clone(), &array(), settings).unwrap();
        let buffer = session.allocate(BYTES as u64).unwrap();
        let mut model = vec![0u8; BYTES];
        let (mut failed, mut corrupt) = (0, 0);
        for Transfer { upload, at, len, seed, mishap } in transfers {
            let place = buffer.address() + at as u64;
            if len > 0 {
                corrupt += u64::from(mishap == Some(Mishap::Flip));
                failed += u64::from(mishap.is_some_and(|mishap| mishap != Mishap::Flip));
                let queue = if upload { &card.h2c } else { &card.c2h };
                queue.lock().unwrap().push(mishap);
            }
            if upload {
                let bytes: Vec<u8> = (0..len).map(|i| (i / 7) as u8 ^ i as u8 ^ seed).collect();
                session.upload(place, &bytes).unwrap();
                model[at..at + len].copy_from_slice(&bytes);
            } else {
                let mut bytes = vec![0xEE; len];
                session.download(place, &mut bytes).unwrap();
                prop_assert!(bytes == model[at..at + len]);
            }
        }
        let mut all = vec![0xEE; BYTES];
        session.download(buffer.address(), &mut all).unwrap();
        prop_assert!(all == model);
        let stats = session.stats();
        prop_assert_eq!((stats.retried_transfers, stats.corrupt_transfers), (failed, corrupt));
    }
}

#[test]
fn two_faults_in_a_row_are_told_and_the_next_transfer_works() {
    let card = FaultyCard::new(sim_card());
    let settings = SessionSettings { verify_uploads: true, ..SessionSettings::default() };
    let session = Session::open_with(card.clone(), &array(), settings).unwrap();
    let buffer = session.allocate(5000).unwrap();
    for mishap in Mishap::ALL {
        *card.h2c.lock().unwrap() = vec![Some(mishap); 2];
        let error = session.upload(buffer.address(), &[1; 5000]).unwrap_err();
        let is_named = match mishap {
            Mishap::Io => matches!(error, CardError::Io { .. }),
            Mishap::Axi => matches!(error, CardError::Axi { .. }),
            Mishap::Timeout => matches!(error, CardError::Timeout { .. }),
            Mishap::Short => matches!(error, CardError::ShortTransfer { .. }),
            Mishap::Flip => {
                let place = buffer.address();
                matches!(error, CardError::Corrupt { address, bytes: 5000, .. } if address == place)
            }
        };
        assert!(is_named, "{mishap:?}: {error}");
        session.upload(buffer.address(), &[2; 5000]).unwrap();
        let mut found = [0; 5000];
        session.download(buffer.address(), &mut found).unwrap();
        assert_eq!(found, [2; 5000]);
    }
}

#[test]
fn memory_is_filled_with_zeros_once_before_its_use() {
    let card = sim_card();
    let session = Session::open(Arc::clone(&card), &array()).unwrap();
    let first = session.allocate(100_000).unwrap();
    let zeroed = session.stats().zeroed_bytes;
    assert_eq!(zeroed, 100_000u64.next_multiple_of(TENSOR_ALIGN_BYTES));
    let mut found = vec![1; 100_000];
    session.download(first.address(), &mut found).unwrap();
    assert!(found.iter().all(|&byte| byte == 0));
    session.upload(first.address(), &[7; 100]).unwrap();
    drop(first);
    // The same place again: not filled again, and what was there is there.
    let second = session.allocate(70_000).unwrap();
    let mut found = [0; 101];
    session.download(second.address(), &mut found).unwrap();
    assert_eq!((found[99], found[100]), (7, 0));
    // Beyond what was used: the blocks at the edges of an upload alone.
    let far = 1 << 30;
    session.upload(far + 100, &[9; 10_000]).unwrap();
    assert_eq!(session.stats().zeroed_bytes, zeroed + 2 * 4096);
    let mut found = vec![0; 12_288];
    session.download(far, &mut found).unwrap();
    assert!(found[..100].iter().chain(&found[10_100..]).all(|&byte| byte == 0));
    assert!(found[100..10_100].iter().all(|&byte| byte == 9));
    drop(second);
}

#[test]
fn places_are_handed_out_once() {
    let session = Session::open(sim_card(), &array()).unwrap();
    let whole = session.allocate(u64::MAX).unwrap_err();
    assert!(matches!(whole, SessionError::NoRoom { largest: memory_map::BYTES, .. }), "{whole}");
    let fixed = session.reserve(1 << 20, 1).unwrap();
    for (address, bytes) in [(1 << 20, 1), ((1 << 20) - 65_536, 65_537), (32, 1), (u64::MAX, 1)] {
        let taken = session.reserve(address, bytes).unwrap_err();
        assert!(matches!(taken, SessionError::Place { .. }), "{taken}");
    }
    drop(fixed);
    session.reserve(1 << 20, 1).unwrap();
}

#[test]
fn transfers_beyond_the_memory_move_nothing() {
    let card = sim_card();
    let session = Session::open(Arc::clone(&card), &array()).unwrap();
    let end = card.info().memory_bytes;
    session.upload(end - 100, &[3; 100]).unwrap();
    for (address, len) in [(end - 99, 100), (end, 1), (u64::MAX, 100)] {
        let up = session.upload(address, &vec![4; len]).unwrap_err();
        let down = session.download(address, &mut vec![0; len]).unwrap_err();
        for error in [up, down] {
            assert!(matches!(error, CardError::OutOfRange { .. }), "{error}");
        }
    }
    let mut found = [0; 100];
    session.download(end - 100, &mut found).unwrap();
    assert_eq!(found, [3; 100]);
}
