//! Mount points, good and bad, and the end of a mount.

use crate::memory_card::MemoryCard;
use crate::support::Mounted;
use satkit_spec::regs::SCRATCH;
use satkit_transport::{Card as _, CardError};
use satkit_virtual_card::{Ended, Faults, MountError, VirtualCard};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

fn refused(dir: &Path) -> MountError {
    VirtualCard::mount(Arc::new(MemoryCard::new()), dir, Faults::default()).unwrap_err()
}

#[test]
fn bad_mount_points_are_refused_in_words() {
    if !satkit_tests::has_fuse() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let missing = refused(&dir.path().join("missing"));
    assert!(missing.to_string().contains("mkdir -p"), "{missing}");
    let file = dir.path().join("file");
    std::fs::write(&file, "").unwrap();
    let error = refused(&file);
    assert!(matches!(error, MountError::NotADirectory { .. }), "{error:?}");
    let error = refused(&file.join("below"));
    assert!(matches!(error, MountError::NotADirectory { .. }), "{error:?}");
    let error = refused(dir.path());
    assert!(matches!(error, MountError::NotEmpty { .. }), "{error:?}");
    let error = refused(Path::new("/proc"));
    assert!(matches!(error, MountError::Mounted { .. }), "{error:?}");
}

#[test]
fn a_second_card_does_not_hide_the_first() {
    let Some(mounted) = Mounted::new() else { return };
    let error = refused(mounted.path());
    assert!(error.to_string().contains("fusermount3 -u"), "{error}");
    mounted.open();
}

#[test]
fn dropping_unmounts_under_an_open_file_too() {
    let Some(Mounted { card, dir, .. }) = Mounted::new() else { return };
    let client = satkit_host::xdma::XdmaCard::open(dir.path(), 0).unwrap();
    let names = || std::fs::read_dir(dir.path()).unwrap().count();
    // Registers, one channel each way, one event line, the description.
    assert_eq!(names(), 5);
    drop(card);
    assert_eq!(names(), 0);
    let error = client.read32(SCRATCH.offset).unwrap_err();
    assert!(matches!(error, CardError::DeviceLost { .. }), "{error:?}");
    // The directory is as it was: a new card can be mounted there.
    VirtualCard::mount(Arc::new(MemoryCard::new()), dir.path(), Faults::default()).unwrap();
}

#[test]
fn unmounting_from_outside_is_noticed() {
    let Some(mounted) = Mounted::new() else { return };
    assert_eq!(mounted.card.ended(), None);
    let unmounted = Command::new("fusermount3").arg("-u").arg(mounted.path()).status().unwrap();
    assert!(unmounted.success());
    let deadline = std::time::Instant::now() + crate::support::PATIENCE;
    while mounted.card.ended().is_none() {
        assert!(std::time::Instant::now() < deadline, "the card never notices");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    assert_eq!(mounted.card.ended(), Some(Ended::Unmounted));
}
