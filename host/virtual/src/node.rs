//! The files of the mount: their numbers and attributes.

use fuser::{FileAttr, FileType, INodeNo};
use satkit_transport::CardInfo;
use satkit_transport::files::DeviceFile;
use std::time::UNIX_EPOCH;

/// The number of the card in the names of its files.
pub(crate) const INDEX: u32 = 0;

/// A file, or the directory that holds all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Node {
    Root,
    File(DeviceFile),
}

/// The files that a card has, in the order of their inode numbers.
#[derive(Clone, Debug)]
pub(crate) struct Nodes {
    files: Vec<(String, DeviceFile)>,
    info: CardInfo,
    info_bytes: u64,
    owner: (u32, u32),
}

impl Nodes {
    pub(crate) fn new(info: &CardInfo, info_bytes: u64, owner: (u32, u32)) -> Self {
        let mut files = vec![DeviceFile::User];
        files.extend((0..info.h2c_channels).map(DeviceFile::HostToCard));
        files.extend((0..info.c2h_channels).map(DeviceFile::CardToHost));
        files.extend((0..info.events).map(DeviceFile::Events));
        files.push(DeviceFile::Info);
        let files = files.into_iter().map(|file| (file.name(INDEX), file)).collect();
        Self { files, info: info.clone(), info_bytes, owner }
    }

    /// The file of an inode number.
    pub(crate) fn get(&self, inode: INodeNo) -> Option<Node> {
        if inode == INodeNo::ROOT {
            return Some(Node::Root);
        }
        let at = usize::try_from(inode.0.checked_sub(INodeNo::ROOT.0 + 1)?).ok()?;
        self.files.get(at).map(|&(_, file)| Node::File(file))
    }

    /// The inode number and the file of a name.
    pub(crate) fn named(&self, name: &std::ffi::OsStr) -> Option<(INodeNo, Node)> {
        let at = self.files.iter().position(|(own, _)| name == own.as_str())?;
        Some((Self::inode(at), Node::File(self.files[at].1)))
    }

    /// Inode number, kind and name of everything in the directory.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (INodeNo, FileType, &str)> {
        let dots = [".", ".."].map(|name| (INodeNo::ROOT, FileType::Directory, name));
        let files = self.files.iter().enumerate();
        let files =
            files.map(|(at, (name, _))| (Self::inode(at), FileType::RegularFile, name.as_str()));
        dots.into_iter().chain(files)
    }

    const fn inode(at: usize) -> INodeNo {
        INodeNo(INodeNo::ROOT.0 + 1 + at as u64)
    }

    pub(crate) fn attributes(&self, ino: INodeNo, node: Node) -> FileAttr {
        let (kind, perm, size) = match node {
            Node::Root => (FileType::Directory, 0o700, 0),
            // Sizes let `dd skip=` seek; nothing is bounded by them.
            Node::File(DeviceFile::User) => {
                (FileType::RegularFile, 0o600, self.info.register_bytes.into())
            }
            Node::File(DeviceFile::HostToCard(_) | DeviceFile::CardToHost(_)) => {
                (FileType::RegularFile, 0o600, self.info.memory_bytes)
            }
            Node::File(DeviceFile::Events(_)) => (FileType::RegularFile, 0o400, 0),
            Node::File(DeviceFile::Info) => (FileType::RegularFile, 0o400, self.info_bytes),
        };
        let (uid, gid) = self.owner;
        FileAttr {
            ino,
            size,
            blocks: 0,
            atime: UNIX_EPOCH,
            mtime: UNIX_EPOCH,
            ctime: UNIX_EPOCH,
            crtime: UNIX_EPOCH,
            kind,
            perm,
            nlink: 1,
            uid,
            gid,
            rdev: 0,
            blksize: 4096,
            flags: 0,
        }
    }
}
