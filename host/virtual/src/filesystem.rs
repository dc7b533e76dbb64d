//! The mount as FUSE asks for it.

use crate::node::{Node, Nodes};
use crate::service::{REQUEST_BYTES, Service};
use fuser::{
    BsdFileFlags, Errno, FileHandle, Filesystem, FopenFlags, Generation, INodeNo, KernelConfig,
    LockOwner, OpenFlags, PollEvents, PollFlags, PollNotifier, ReplyAttr, ReplyData,
    ReplyDirectory, ReplyEmpty, ReplyEntry, ReplyOpen, ReplyPoll, ReplyWrite, Request, TimeOrNow,
    WriteFlags,
};
use satkit_transport::files::DeviceFile;
use std::ffi::OsStr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// How long the kernel may remember names and attributes, which never change.
const REMEMBER: Duration = Duration::from_secs(3600);

/// The directory with a card's files.
pub(crate) struct CardFilesystem {
    pub(crate) service: Arc<Service>,
    pub(crate) nodes: Nodes,
}

impl CardFilesystem {
    fn file(&self, inode: INodeNo) -> Result<DeviceFile, Errno> {
        self.service.check_alive()?;
        match self.nodes.get(inode) {
            Some(Node::File(file)) => Ok(file),
            Some(Node::Root) => Err(Errno::EISDIR),
            None => Err(Errno::ENOENT),
        }
    }

    fn attributes(&self, inode: INodeNo, reply: ReplyAttr) {
        match self.nodes.get(inode) {
            Some(node) => reply.attr(&REMEMBER, &self.nodes.attributes(inode, node)),
            None => reply.error(Errno::ENOENT),
        }
    }
}

impl Filesystem for CardFilesystem {
    fn init(&mut self, _: &Request, config: &mut KernelConfig) -> std::io::Result<()> {
        // Below the kernel's own limit of 256 pages by default; a kernel that offers less is taken as it is.
        let bytes = REQUEST_BYTES as u32;
        let _ = config.set_max_write(bytes);
        let _ = config.set_max_readahead(bytes);
        Ok(())
    }

    fn lookup(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        let found = (parent == INodeNo::ROOT).then(|| self.nodes.named(name)).flatten();
        match found {
            Some((inode, node)) => {
                reply.entry(&REMEMBER, &self.nodes.attributes(inode, node), Generation(0));
            }
            None => reply.error(Errno::ENOENT),
        }
    }

    fn getattr(&self, _: &Request, inode: INodeNo, _: Option<FileHandle>, reply: ReplyAttr) {
        self.attributes(inode, reply);
    }

    /// Opening with truncation, as `dd` does, changes nothing, as on a device.
    fn setattr(
        &self,
        _: &Request,
        inode: INodeNo,
        mode: Option<u32>,
        uid: Option<u32>,
        gid: Option<u32>,
        _: Option<u64>,
        _: Option<TimeOrNow>,
        _: Option<TimeOrNow>,
        _: Option<SystemTime>,
        _: Option<FileHandle>,
        _: Option<SystemTime>,
        _: Option<SystemTime>,
        _: Option<SystemTime>,
        _: Option<BsdFileFlags>,
        reply: ReplyAttr,
    ) {
        if mode.is_some() || uid.is_some() || gid.is_some() {
            reply.error(Errno::EPERM);
        } else {
            self.attributes(inode, reply);
        }
    }

    fn open(&self, _: &Request, inode: INodeNo, _: OpenFlags, reply: ReplyOpen) {
        match self.file(inode) {
            Ok(_) => reply.opened(FileHandle(0), FopenFlags::FOPEN_DIRECT_IO),
            Err(errno) => reply.error(errno),
        }
    }

    fn read(
        &self,
        request: &Request,
        inode: INodeNo,
        _: FileHandle,
        offset: u64,
        size: u32,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyData,
    ) {
        let bytes = size as usize;
        match self.file(inode) {
            Ok(DeviceFile::User) => match self.service.read_register(offset, bytes) {
                Ok(word) => reply.data(&word),
                Err(errno) => reply.error(errno),
            },
            Ok(DeviceFile::CardToHost(channel)) => {
                self.service.read(channel, offset, bytes, |answer| match answer {
                    Ok(data) => reply.data(data),
                    Err(errno) => reply.error(errno),
                });
            }
            Ok(DeviceFile::Events(line)) => match self.service.line(line) {
                // The driver copies exactly 4 bytes.
                Some(line) if bytes >= 4 => line.read(request.pid(), reply),
                _ => reply.error(Errno::EPROTO),
            },
            Ok(DeviceFile::Info) => {
                let text = self.service.info_text();
                let from = text.len().min(usize::try_from(offset).unwrap_or(usize::MAX));
                reply.data(&text.as_bytes()[from..text.len().min(from.saturating_add(bytes))]);
            }
            Ok(DeviceFile::HostToCard(_)) => reply.error(Errno::EINVAL),
            Err(errno) => reply.error(errno),
        }
    }

    fn write(
        &self,
        _: &Request,
        inode: INodeNo,
        _: FileHandle,
        offset: u64,
        data: &[u8],
        _: WriteFlags,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyWrite,
    ) {
        let written = self.file(inode).and_then(|file| match file {
            DeviceFile::User => self.service.write_register(offset, data),
            DeviceFile::HostToCard(channel) => self.service.write(channel, offset, data),
            _ => Err(Errno::EINVAL),
        });
        match written {
            Ok(bytes) => reply.written(bytes),
            Err(errno) => reply.error(errno),
        }
    }

    fn poll(
        &self,
        _: &Request,
        inode: INodeNo,
        _: FileHandle,
        notifier: PollNotifier,
        _: PollEvents,
        flags: PollFlags,
        reply: ReplyPoll,
    ) {
        let readable = PollEvents::POLLIN | PollEvents::POLLRDNORM;
        let line = match self.file(inode) {
            Ok(DeviceFile::Events(line)) => self.service.line(line),
            Ok(_) => {
                return reply.poll(readable | PollEvents::POLLOUT | PollEvents::POLLWRNORM);
            }
            Err(_) => None,
        };
        let Some(line) = line else { return reply.poll(PollEvents::POLLERR) };
        let wanted = flags.contains(PollFlags::FUSE_POLL_SCHEDULE_NOTIFY);
        let ready = line.poll(wanted.then_some(notifier));
        // A card that ended meanwhile has woken all pollers before this one came.
        let ended = self.service.check_alive().is_err();
        reply.poll(match (ended, ready) {
            (true, _) => PollEvents::POLLERR,
            (false, true) => readable,
            (false, false) => PollEvents::empty(),
        });
    }

    fn fsync(&self, _: &Request, _: INodeNo, _: FileHandle, _: bool, reply: ReplyEmpty) {
        reply.ok();
    }

    fn readdir(
        &self,
        _: &Request,
        inode: INodeNo,
        _: FileHandle,
        offset: u64,
        mut reply: ReplyDirectory,
    ) {
        if inode != INodeNo::ROOT {
            return reply.error(Errno::ENOTDIR);
        }
        let from = usize::try_from(offset).unwrap_or(usize::MAX);
        for (at, (inode, kind, name)) in self.nodes.entries().enumerate().skip(from) {
            if reply.add(inode, at as u64 + 1, kind, name) {
                break;
            }
        }
        reply.ok();
    }
}
