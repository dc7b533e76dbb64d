//! A mounted virtual card.

use crate::filesystem::CardFilesystem;
use crate::node::Nodes;
use crate::service::Service;
use crate::{FaultKind, Faults, MountError};
use fuser::{BackgroundSession, Config, MountOption, Session};
use satkit_transport::Card;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread::JoinHandle;

/// Threads that take requests: transfers both ways, registers, and one more.
const THREADS: usize = 4;

/// Why a virtual card serves no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// A fault `die`.
    Died,
    /// Somebody unmounted it.
    Unmounted,
}

/// A card behind files. Dropping it unmounts them.
#[derive(Debug)]
pub struct VirtualCard {
    service: Arc<Service>,
    session: Option<BackgroundSession>,
    pumps: Vec<JoinHandle<()>>,
    dir: PathBuf,
}

impl std::fmt::Debug for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Service").field("card", self.info()).finish_non_exhaustive()
    }
}

impl VirtualCard {
    /// Serves `card` as `xdma0` in the empty directory `dir`, with `faults`. It is ready when this returns.
    ///
    /// # Errors
    /// See [`MountError`].
    pub fn mount(card: Arc<dyn Card>, dir: &Path, faults: Faults) -> Result<Self, MountError> {
        let owner = check(dir)?;
        let failed = |source| MountError::Mount { dir: dir.into(), source };
        let service = Arc::new(Service::new(card, faults));
        let nodes = Nodes::new(service.info(), service.info_text().len() as u64, owner);
        let filesystem = CardFilesystem { service: service.clone(), nodes };
        let mut config = Config::default();
        config.mount_options = vec![
            MountOption::FSName("satkit-virtual-card".into()),
            MountOption::Subtype("satkit".into()),
            MountOption::NoExec,
            MountOption::NoAtime,
        ];
        config.n_threads = Some(THREADS);
        let session = Session::new(filesystem, dir, &config).map_err(failed)?;
        let session = Some(session.spawn().map_err(failed)?);
        let mut mounted = Self { service, session, pumps: Vec::new(), dir: dir.into() };
        for line in 0..mounted.service.info().events {
            let service = mounted.service.clone();
            let thread = std::thread::Builder::new().name(format!("events-{line}"));
            mounted.pumps.push(thread.spawn(move || service.pump(line)).map_err(failed)?);
        }
        Ok(mounted)
    }

    /// Why it has ended, if it has.
    #[must_use]
    pub fn ended(&self) -> Option<Ended> {
        if self.service.has_died() {
            return Some(Ended::Died);
        }
        let serving = self.session.as_ref().is_some_and(|session| !session.guard.is_finished());
        (!serving).then_some(Ended::Unmounted)
    }

    /// Faults of this kind that were injected so far.
    #[must_use]
    pub fn injected(&self, kind: FaultKind) -> u64 {
        self.service.injector().count(kind)
    }

    /// Operations so far that could have had a fault.
    #[must_use]
    pub fn operations(&self) -> u64 {
        self.service.injector().operations()
    }
}

impl Drop for VirtualCard {
    fn drop(&mut self) {
        // Blocked requests are answered first: a mount with waiting clients cannot be removed.
        self.service.stop();
        for pump in self.pumps.drain(..) {
            let _ = pump.join();
        }
        // Dropping the session unmounts, unless a client has a file open.
        drop(self.session.take());
        if is_mounted(&self.dir) {
            detach(&self.dir);
        }
    }
}

/// Takes the mount out of the tree although files of it are open; those answer ENOTCONN until they are closed.
fn detach(dir: &Path) {
    if rustix::mount::unmount(dir, rustix::mount::UnmountFlags::DETACH).is_err() {
        // Without root, the helper may.
        let mut helper = Command::new("fusermount3");
        helper.args(["-u", "-z", "-q", "--"]).arg(dir);
        let _ = helper.stdout(Stdio::null()).stderr(Stdio::null()).status();
    }
}

/// Whether a file system is mounted on `dir`: it has another device than the directory above.
fn is_mounted(dir: &Path) -> bool {
    let (here, above) = (std::fs::metadata(dir), std::fs::metadata(dir.join("..")));
    matches!((here, above), (Ok(here), Ok(above)) if here.dev() != above.dev())
}

/// Refuses a directory that no card can be mounted on; returns its owner.
fn check(dir: &Path) -> Result<(u32, u32), MountError> {
    let refuse = |error: io::Error| {
        let dir = dir.to_path_buf();
        match error.kind() {
            io::ErrorKind::NotFound => MountError::NoDirectory { dir },
            io::ErrorKind::NotADirectory => MountError::NotADirectory { dir },
            io::ErrorKind::PermissionDenied => MountError::Permission { dir },
            io::ErrorKind::NotConnected => MountError::DeadMount { dir },
            _ => MountError::Mount { dir, source: error },
        }
    };
    let metadata = std::fs::metadata(dir).map_err(refuse)?;
    if !metadata.is_dir() {
        return Err(MountError::NotADirectory { dir: dir.into() });
    }
    if is_mounted(dir) {
        return Err(MountError::Mounted { dir: dir.into() });
    }
    if std::fs::read_dir(dir).map_err(refuse)?.next().is_some() {
        return Err(MountError::NotEmpty { dir: dir.into() });
    }
    if !Path::new("/dev/fuse").exists() {
        return Err(MountError::NoFuse);
    }
    Ok((metadata.uid(), metadata.gid()))
}
