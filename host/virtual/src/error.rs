//! Why a virtual card cannot be mounted.

use std::io;
use std::path::PathBuf;

/// Why a virtual card cannot be mounted. Each message names the directory and says what to do.
#[derive(Debug, thiserror::Error)]
pub enum MountError {
    /// There is no such directory.
    #[error("{}: no such directory; make it first: mkdir -p {}", dir.display(), dir.display())]
    NoDirectory {
        /// The mount point.
        dir: PathBuf,
    },
    /// It is something else.
    #[error("{}: not a directory; accepted: an empty directory", dir.display())]
    NotADirectory {
        /// The mount point.
        dir: PathBuf,
    },
    /// There is something in it, which the mount would hide.
    #[error("{}: not empty; accepted: an empty directory, such as a new one", dir.display())]
    NotEmpty {
        /// The mount point.
        dir: PathBuf,
    },
    /// Something is mounted there.
    #[error("{}: something is mounted here; if it is a virtual card: stop it, or fusermount3 -u {}", dir.display(), dir.display())]
    Mounted {
        /// The mount point.
        dir: PathBuf,
    },
    /// A server died and left its mount.
    #[error("{}: a dead mount, whose server was killed; remove it: fusermount3 -u {}", dir.display(), dir.display())]
    DeadMount {
        /// The mount point.
        dir: PathBuf,
    },
    /// The directory may not be used.
    #[error("{}: no permission; accepted: a directory that you own", dir.display())]
    Permission {
        /// The mount point.
        dir: PathBuf,
    },
    /// The kernel has no FUSE.
    #[error(
        "no /dev/fuse: load the kernel module (modprobe fuse); in a container, pass --device /dev/fuse --cap-add SYS_ADMIN"
    )]
    NoFuse,
    /// The system refuses.
    #[error("cannot mount a virtual card on {}: {source}; without root this needs fusermount3 (Debian: apt-get install fuse3)", dir.display())]
    Mount {
        /// The mount point.
        dir: PathBuf,
        /// What it says.
        source: io::Error,
    },
}
