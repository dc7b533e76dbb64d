//! The driver against fakes of the kernel: calls that answer as told, and folders that look like sysfs.

use super::open::{identify_by, opening_error};
use super::pci::{Link, PciDevice};
use super::transfer::{self, CHUNK_BYTES};
use super::{XdmaCard, hot_reset, list};
use proptest::prelude::*;
use satkit_transport::{CardError, Direction};
use std::fs;
use std::io;
use std::path::Path;

const ADDRESS: u64 = 0x1000;

/// A transfer of 100 bytes whose third call, after 30 bytes, answers with this error number.
fn fails_with(errno: i32) -> CardError {
    let mut calls = 0;
    let outcome = transfer::run(Direction::CardToHost, ADDRESS, 100, |_| {
        calls += 1;
        if calls <= 2 { Ok(15) } else { Err(io::Error::from_raw_os_error(errno)) }
    });
    outcome.unwrap_err()
}

#[test]
fn error_numbers_of_transfers_have_their_meaning() {
    // Numbers as Linux has them on every architecture that a card is plugged into.
    let (eio, enxio, ebusy, enodev, etimedout, enotconn, econnaborted) =
        (5, 6, 16, 19, 110, 107, 103);
    let error = fails_with(etimedout);
    assert!(
        matches!(error, CardError::Timeout { operation: "c2h", address: ADDRESS, done: 30 }),
        "{error:?}"
    );
    let error = fails_with(eio);
    let direction = Direction::CardToHost;
    assert!(
        matches!(error, CardError::Axi { direction: d, address: ADDRESS, done: 30 } if d == direction),
        "{error:?}"
    );
    for lost in [ebusy, enodev, enxio, enotconn, econnaborted] {
        let error = fails_with(lost);
        assert!(matches!(error, CardError::DeviceLost { .. }), "{lost}: {error:?}");
    }
    let (erestartsys, efault) = (512, 14);
    let error = fails_with(erestartsys);
    assert!(matches!(error, CardError::ShortTransfer { done: 30, bytes: 100, .. }), "{error:?}");
    let error = fails_with(efault);
    assert!(error.to_string().contains("c2h at 0x1000: Bad address"), "{error}");
}

#[test]
fn error_numbers_of_registers_have_their_meaning() {
    let error = |errno| {
        transfer::register_error(io::Error::from_raw_os_error(errno), "read", 0x44, "xdma0 in /dev")
    };
    assert!(matches!(error(110), CardError::Timeout { operation: "read", address: 0x44, .. }));
    assert!(error(107).to_string().contains("server is gone"), "{}", error(107));
    assert!(error(16).to_string().contains("offline"), "{}", error(16));
    assert!(error(71).to_string().contains("read register 0x44 of xdma0 in /dev: Protocol error"));
}

proptest! {
    /// Whatever the counts and the interruptions: every byte moves once, in order, in pieces that the driver takes.
    #[test]
    fn short_counts_and_interruptions_lose_nothing(
        bytes in 1usize..1000,
        answers in proptest::collection::vec(prop_oneof![Just(None), (1usize..200).prop_map(Some)], 1..50),
    ) {
        let mut answers = answers.into_iter().cycle();
        let mut moved = Vec::new();
        let mut interruptions = 0;
        let outcome = transfer::run(Direction::HostToCard, 0, bytes, |part| {
            match answers.next().unwrap() {
                None if interruptions < 500 => {
                    interruptions += 1;
                    Err(io::ErrorKind::Interrupted.into())
                }
                count => {
                    let count = count.unwrap_or(1).min(part.len());
                    moved.extend(part.take(count));
                    Ok(count)
                }
            }
        });
        prop_assert!(outcome.is_ok());
        prop_assert_eq!(moved, (0..bytes).collect::<Vec<_>>());
    }
}

#[test]
fn pieces_stay_aligned_and_below_the_drivers_limit() {
    let bytes = 3 * CHUNK_BYTES + 5;
    let mut parts = Vec::new();
    let outcome = transfer::run(Direction::HostToCard, 0, bytes, |part| {
        // The first call is short.
        let moved = if parts.is_empty() { 1000 } else { part.len() };
        parts.push(part);
        Ok(moved)
    });
    outcome.unwrap();
    assert!(parts.iter().all(|part| part.len() <= 0x7fff_f000));
    let starts: Vec<_> = parts.iter().map(|part| part.start).collect();
    assert_eq!(starts, [0, 1000, CHUNK_BYTES, 2 * CHUNK_BYTES, 3 * CHUNK_BYTES]);
}

#[test]
fn a_call_that_moves_nothing_or_is_always_interrupted_ends() {
    let nothing = transfer::run(Direction::HostToCard, 0, 8, |_| Ok(0)).unwrap_err();
    assert!(matches!(nothing, CardError::ShortTransfer { done: 0, bytes: 8, .. }), "{nothing:?}");
    // A driver that claims more than it was given is not believed.
    let more = transfer::run(Direction::HostToCard, 0, 8, |_| Ok(9)).unwrap_err();
    assert!(matches!(more, CardError::ShortTransfer { .. }), "{more:?}");
    let always =
        transfer::run(Direction::HostToCard, 0, 8, |_| Err(io::ErrorKind::Interrupted.into()));
    assert!(matches!(always, Err(CardError::Io { .. })), "{always:?}");
}

#[test]
fn what_is_no_card_is_refused_in_words() {
    let dir = tempfile::tempdir().unwrap();
    let nothing = XdmaCard::open(dir.path(), 0).unwrap_err();
    assert!(matches!(&nothing, CardError::NoDevice { path } if path.ends_with("xdma0_user")));
    assert_eq!(list(dir.path()).unwrap(), []);
    let nowhere = list(&dir.path().join("no")).unwrap_err();
    assert!(matches!(nowhere, CardError::NoDevice { .. }), "{nowhere:?}");

    // A plain file, then one with a description that is none.
    fs::write(dir.path().join("xdma0_user"), "").unwrap();
    for text in [None, Some("backend=real\n")] {
        if let Some(text) = text {
            fs::write(dir.path().join("xdma0_info"), text).unwrap();
        }
        let wrong = XdmaCard::open(dir.path(), 0).unwrap_err();
        assert!(matches!(wrong, CardError::WrongDriver { .. }), "{wrong:?}");
        let found = list(dir.path()).unwrap();
        assert_eq!((found.len(), found[0].backend), (1, None));
        assert!(found[0].warnings[0].contains("not a device of the xdma driver"), "{found:?}");
    }
    fs::remove_file(dir.path().join("xdma0_info")).unwrap();

    // A character device of another driver: no files of channels beside it.
    fs::remove_file(dir.path().join("xdma0_user")).unwrap();
    std::os::unix::fs::symlink("/dev/null", dir.path().join("xdma0_user")).unwrap();
    let lacking = XdmaCard::open(dir.path(), 0).unwrap_err();
    assert!(matches!(&lacking, CardError::NoDevice { path } if path.ends_with("xdma0_h2c_0")));
    assert!(matches!(hot_reset(dir.path(), 0), Err(CardError::Unsupported { .. })));
}

/// Tests run as root too, who may open everything, so the system's answer is given.
#[test]
fn a_file_that_may_not_be_opened_names_the_rule_for_it() {
    let path = Path::new("/dev/xdma0_user");
    let error = opening_error(path, io::Error::from_raw_os_error(13));
    assert!(matches!(&error, CardError::Permission { path: of } if of == path), "{error:?}");
    let rule = "host/udev/60-satkit-xdma.rules";
    let said = error.to_string();
    assert!(said.contains("/dev/xdma0_user") && said.contains("udev rule"), "{said}");
    assert!(said.contains(rule), "{said}");
    assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(rule).is_file());
}

/// A folder that looks like sysfs with one card.
fn sysfs(root: &Path) {
    let device = root.join("devices/pci0000:00/0000:03:00.0");
    fs::create_dir_all(&device).unwrap();
    for (name, text) in [
        ("resource", "0x00000000fb000000 0x00000000fb0fffff 0x0000000000040200\n0x0 0x0 0x0\n"),
        ("current_link_speed", "5.0 GT/s PCIe\n"),
        ("current_link_width", "8\n"),
        ("remove", ""),
    ] {
        fs::write(device.join(name), text).unwrap();
    }
    for folder in ["bus/pci/drivers/xdma", "bus/pci/devices", "module/xdma"] {
        fs::create_dir_all(root.join(folder)).unwrap();
    }
    fs::write(root.join("module/xdma/version"), "2020.2.2\n").unwrap();
    fs::write(root.join("bus/pci/rescan"), "").unwrap();
    let link = |from: &Path, to: &str| std::os::unix::fs::symlink(from, root.join(to)).unwrap();
    link(&root.join("bus/pci/drivers/xdma"), "devices/pci0000:00/0000:03:00.0/driver");
    link(&device, "bus/pci/devices/0000:03:00.0");
}

#[test]
fn sysfs_tells_where_a_card_is_and_how_it_is_linked() {
    let root = tempfile::tempdir().unwrap();
    sysfs(root.path());
    let folder = super::pci::folder(root.path(), "0000:03:00.0");
    let device = PciDevice::read(root.path(), &folder).unwrap();
    let expected = PciDevice {
        address: "0000:03:00.0".into(),
        driver: Some("xdma".into()),
        driver_version: Some("2020.2.2".into()),
        bar_bytes: Some(0x10_0000),
        link: Some(Link { gigatransfers: 5.0, lanes: 8 }),
    };
    assert_eq!(device, expected);
    let warning = device.link.unwrap().warning().unwrap();
    assert!(warning.contains("5 GT/s x8, below Gen3 x16"), "{warning}");
    assert_eq!(Link { gigatransfers: 8.0, lanes: 16 }.warning(), None);
    assert!(Link { gigatransfers: 16.0, lanes: 8 }.warning().is_some());

    // Behind a character device, here the null device's, 1:3: the card as long as the driver is the stock one.
    let devices = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink("/dev/null", devices.path().join("xdma0_user")).unwrap();
    let user = fs::metadata("/dev/null").unwrap();
    fs::create_dir_all(root.path().join("dev/char/1:3")).unwrap();
    std::os::unix::fs::symlink(&folder, root.path().join("dev/char/1:3/device")).unwrap();
    let identify = || identify_by(root.path(), devices.path(), 0, &user);
    assert_eq!(identify().unwrap(), (Some(expected), None));
    let other = root.path().join("bus/pci/drivers/vfio-pci");
    fs::create_dir_all(&other).unwrap();
    fs::remove_file(folder.join("driver")).unwrap();
    std::os::unix::fs::symlink(&other, folder.join("driver")).unwrap();
    let error = identify().unwrap_err();
    assert!(matches!(&error, CardError::WrongDriver { path, .. } if path.ends_with("xdma0_user")));
    assert!(error.to_string().contains("bound to the driver vfio-pci"), "{error}");

    super::hot_reset::remove_and_rescan(root.path(), "0000:03:00.0").unwrap();
    for file in [folder.join("remove"), root.path().join("bus/pci/rescan")] {
        assert_eq!(fs::read_to_string(file).unwrap(), "1\n");
    }
    let gone = super::hot_reset::remove_and_rescan(root.path(), "0000:04:00.0");
    assert!(matches!(gone, Err(CardError::NoDevice { .. })), "{gone:?}");
}
