//! The driver of the device files, over a virtual card that serves the simulator.

use crate::given::sim_card;
use satkit_host::xdma::XdmaCard;
use satkit_transport::{Card, CardInfo, CardResult, DmaBuf, ResetKind, Wait};
use satkit_virtual_card::{Faults, VirtualCard};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

/// A card with the mount that it lives in. They are dropped from the first to the last.
struct Served {
    card: XdmaCard,
    _mount: VirtualCard,
    _dir: TempDir,
}

/// A new card, or `None` where there is no FUSE.
pub(crate) fn card() -> Option<Arc<dyn Card>> {
    if !satkit_tests::has_fuse() {
        return None;
    }
    let dir = tempfile::tempdir().unwrap();
    let mount = VirtualCard::mount(sim_card(), dir.path(), Faults::default()).unwrap();
    let card = XdmaCard::open(dir.path(), 0).unwrap();
    Some(Arc::new(Served { card, _mount: mount, _dir: dir }))
}

impl Card for Served {
    fn info(&self) -> &CardInfo {
        self.card.info()
    }

    fn read32(&self, offset: u32) -> CardResult<u32> {
        self.card.read32(offset)
    }

    fn write32(&self, offset: u32, value: u32) -> CardResult<()> {
        self.card.write32(offset, value)
    }

    fn h2c(&self, channel: u8, address: u64, buffer: &DmaBuf) -> CardResult<()> {
        self.card.h2c(channel, address, buffer)
    }

    fn c2h(&self, channel: u8, address: u64, buffer: &mut DmaBuf) -> CardResult<()> {
        self.card.c2h(channel, address, buffer)
    }

    fn wait_event(&self, irq: u8, timeout: Duration) -> CardResult<Wait> {
        self.card.wait_event(irq, timeout)
    }

    fn reset(&self, kind: ResetKind) -> CardResult<()> {
        self.card.reset(kind)
    }
}
