//! The driver of the device files, over a virtual card that serves the simulator.

use crate::given::{PATIENCE, array, good_program, sim_card};
use satkit_host::session::{Session, SessionError, SessionSettings};
use satkit_host::xdma::XdmaCard;
use satkit_transport::{Card, CardError, CardInfo, CardResult, DmaBuf, ResetKind, Wait};
use satkit_virtual_card::{FaultKind, Faults, VirtualCard};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

/// A card with the mount that it lives in. They are dropped from the first to the last.
pub(crate) struct Served {
    card: XdmaCard,
    pub(crate) mount: VirtualCard,
    _dir: TempDir,
}

/// A new card, or `None` where there is no FUSE.
pub(crate) fn card() -> Option<Arc<dyn Card>> {
    if !satkit_tests::has_fuse() {
        return None;
    }
    Some(serve(sim_card(), Faults::default()))
}

pub(crate) fn serve(served: Arc<dyn Card>, faults: Faults) -> Arc<Served> {
    let dir = tempfile::tempdir().unwrap();
    let mount = VirtualCard::mount(served, dir.path(), faults).unwrap();
    let card = XdmaCard::open(dir.path(), 0).unwrap();
    Arc::new(Served { card, mount, _dir: dir })
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

/// True if a fault of this kind comes out as `error` where it stops a session; interrupts that are lost or spurious stop none.
pub(crate) fn stops_with(kind: FaultKind, error: &CardError) -> bool {
    match kind {
        FaultKind::Eio => matches!(error, CardError::Axi { .. }),
        // Of the transfer that it hit; no job and no reset takes too long for it.
        FaultKind::Etimedout => {
            matches!(error, CardError::Timeout { operation: "h2c" | "c2h", .. })
        }
        FaultKind::Short => matches!(error, CardError::ShortTransfer { .. }),
        FaultKind::Flip => matches!(error, CardError::Corrupt { .. }),
        FaultKind::Ones | FaultKind::Die => matches!(error, CardError::DeviceLost { .. }),
        FaultKind::LostIrq | FaultKind::SpuriousIrq => false,
    }
}

/// Every kind of fault but death, over uploads and jobs: what is reported done is done, as the memory behind the mount shows.
#[test]
fn faults_are_told_or_made_up_for() {
    if !satkit_tests::has_fuse() {
        return;
    }
    let spec = "seed=9,eio=0.03,etimedout=0.03,short=0.1,ones=0.004,lost-irq=0.3,spurious-irq=0.1,flip=0.03";
    let truth = sim_card();
    let served = serve(Arc::clone(&truth), spec.parse().unwrap());
    let settings = SessionSettings { verify_uploads: true, ..SessionSettings::default() };
    let (mut uploads, mut jobs, mut told) = (0, 0, 0);
    for round in 0..60u64 {
        // A session for each round, as opening it checks and recovers.
        let before = FaultKind::ALL.map(|kind| served.mount.injected(kind));
        let outcome = (|| {
            let session = Session::open_with(served.clone(), &array(), settings)?;
            let _tensors = session.reserve(0, 1 << 20)?;
            // Whatever of it is taken for weights has positions below 8.
            let bytes: Vec<u8> = (0..300_001).map(|at| (at * 7 + round) as u8 & 0x77).collect();
            session.upload(1001, &bytes)?;
            let mut found = DmaBuf::zeroed(bytes.len());
            truth.c2h(0, 1001, &mut found)?;
            assert!(*found == *bytes, "round {round}: an upload that is done is not");
            uploads += 1;
            let program = session.load(&good_program())?;
            let report = session.run(&program, PATIENCE)?;
            assert_eq!(report.retired, program.instructions());
            jobs += 1;
            Ok(())
        })();
        match outcome {
            Ok(()) => {}
            Err(SessionError::Card(error)) => {
                let mut came = FaultKind::ALL.into_iter().zip(before);
                let is_its = came.any(|(kind, before)| {
                    served.mount.injected(kind) > before && stops_with(kind, &error)
                });
                assert!(is_its, "round {round}: no fault of it is {error:?}");
                told += 1;
            }
            Err(other) => panic!("round {round}: {other:?}"),
        }
    }
    for kind in FaultKind::ALL.into_iter().filter(|&kind| kind != FaultKind::Die) {
        assert!(served.mount.injected(kind) > 0, "{} never came", kind.name());
    }
    assert!(uploads > 20 && jobs > 20, "{uploads} uploads, {jobs} jobs, {told} told");
}
