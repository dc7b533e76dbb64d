//! Mounting, or saying that this machine cannot.

use crate::memory_card::MemoryCard;
use satkit_host::xdma::XdmaCard;
use satkit_transport::DmaBuf;
use satkit_virtual_card::VirtualCard;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

/// Long enough for a busy machine; nothing waits for it unless it hangs.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
/// For an event that does not come.
pub(crate) const MOMENT: Duration = Duration::from_millis(150);

/// A card, its mount and the directory of it.
pub(crate) struct Mounted {
    pub(crate) memory: Arc<MemoryCard>,
    pub(crate) card: VirtualCard,
    pub(crate) dir: TempDir,
}

impl Mounted {
    /// Mounts a card with faults, or says that the test is skipped.
    pub(crate) fn with(faults: &str) -> Option<Self> {
        if !satkit_tests::has_fuse() {
            return None;
        }
        let dir = tempfile::tempdir().unwrap();
        let memory = Arc::new(MemoryCard::new());
        let card = VirtualCard::mount(memory.clone(), dir.path(), faults.parse().unwrap()).unwrap();
        Some(Self { memory, card, dir })
    }

    pub(crate) fn new() -> Option<Self> {
        Self::with("seed=0")
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn open(&self) -> XdmaCard {
        XdmaCard::open(self.path(), 0).unwrap()
    }
}

/// Bytes that depend on their place and on `seed`.
pub(crate) fn pattern(seed: u64, bytes: usize) -> DmaBuf {
    let mut buffer = DmaBuf::zeroed(bytes);
    let mut state = seed | 1;
    for byte in &mut *buffer {
        // A linear congruential generator (Knuth, MMIX); its high bits are good.
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        *byte = (state >> 56) as u8;
    }
    buffer
}
