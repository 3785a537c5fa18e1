use std::ffi::OsStr;
use std::io;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use fuser::{
    BsdFileFlags, Errno, FileHandle, Filesystem, Generation, INodeNo, InitFlags, KernelConfig, LockOwner, OpenFlags,
    PollEvents, PollFlags, PollNotifier, RenameFlags, ReplyAttr, ReplyCreate, ReplyData, ReplyDirectory,
    ReplyDirectoryPlus, ReplyEmpty, ReplyEntry, ReplyOpen, ReplyPoll, ReplyStatfs, ReplyWrite, Request, TimeOrNow,
    WriteFlags,
};

use super::convert::{
    attribute_lifetime, caller, caller_with_process, directory_flags, errno, file_attr, file_type, handle, inode,
    lifetime, open_flags, poll_events, process_id_of, rename_mode, system_time,
};
use super::guarded::guarded;
use super::printers::Printers;
use crate::vfs::{
    AttributeChange, Attributes, Engine, Entry, OpenMode, Operation, ReadBytes, Reading, Then, Vfs, VfsError, VfsResult,
};

/// Inode numbers are never used again, so one generation does.
const GENERATION: Generation = Generation(0);

/// Turns requests of the kernel into calls of the file system, and its answers into replies.
pub(super) struct Adapter<E> {
    vfs: Arc<Vfs<E>>,
    printers: Printers,
}

impl<E: Engine> Adapter<E> {
    pub(super) fn new(vfs: Arc<Vfs<E>>) -> Adapter<E> {
        Adapter { vfs, printers: Printers::default() }
    }

    /// Answers a request, and counts it with the time from its arrival until its answer is known.
    pub(super) fn answer<T>(
        &self,
        operation: Operation,
        work: impl FnOnce(&Vfs<E>) -> VfsResult<T>,
    ) -> Result<T, Errno> {
        let began = Instant::now();
        counted(&self.vfs, operation, began, guarded(operation, || work(&self.vfs)))
    }

    /// Answers once the kernel has forgotten what this very request has made out of date: so who has saved sees it.
    fn reply_after_notices(&self, result: Result<(), Errno>, reply: ReplyEmpty) {
        match result {
            Ok(()) => self.vfs.after_notices(Box::new(|| reply.ok())),
            Err(error) => reply.error(error),
        }
    }

    /// The answer to what cannot be done at all.
    fn refuse(&self, operation: Operation, error: VfsError) -> Errno {
        self.answer::<()>(operation, |_| Err(error)).err().unwrap_or(Errno::EIO)
    }
}

/// Counts a request that has arrived at `began` and is answered now.
fn counted<E: Engine, T>(vfs: &Vfs<E>, operation: Operation, began: Instant, result: VfsResult<T>) -> Result<T, Errno> {
    vfs.statistics().record(operation, began.elapsed(), result.is_ok());
    result.map_err(|error| errno(operation, &error))
}

fn reply_data(result: Result<ReadBytes, Errno>, reply: ReplyData) {
    match result {
        Ok(bytes) => reply.data(&bytes),
        Err(error) => reply.error(error),
    }
}

fn reply_empty(result: Result<(), Errno>, reply: ReplyEmpty) {
    match result {
        Ok(()) => reply.ok(),
        Err(error) => reply.error(error),
    }
}

fn reply_attr(result: Result<Attributes, Errno>, reply: ReplyAttr) {
    match result {
        Ok(attributes) => reply.attr(&lifetime(&attributes), &file_attr(&attributes, attributes.shown_inode)),
        Err(error) => reply.error(error),
    }
}

impl<E: Engine> Filesystem for Adapter<E> {
    fn init(&mut self, _request: &Request, config: &mut KernelConfig) -> io::Result<()> {
        let wanted = [
            // O_TRUNC comes with the open, so that opening to empty a file is one request.
            InitFlags::FUSE_ATOMIC_O_TRUNC,
            InitFlags::FUSE_PARALLEL_DIROPS,
            // The mode arrives as the program asked for it.
            InitFlags::FUSE_DONT_MASK,
            // Pages are dropped when this program says so, not when an mtime differs.
            InitFlags::FUSE_EXPLICIT_INVAL_DATA,
            // Listings bring the attributes along when somebody asks for those.
            InitFlags::FUSE_DO_READDIRPLUS,
            InitFlags::FUSE_READDIRPLUS_AUTO,
        ];
        for capability in wanted {
            if let Err(missing) = config.add_capabilities(capability) {
                log::info!("the kernel does not know {missing:?}");
            }
        }
        Ok(())
    }

    fn lookup(&self, request: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        match self.answer(Operation::Lookup, |vfs| vfs.lookup(caller(request), inode(parent), name)) {
            Ok(attributes) => {
                let attr = file_attr(&attributes, attributes.inode);
                reply.entry_with_ttls(&attribute_lifetime(&attributes), &lifetime(&attributes), &attr, GENERATION);
            }
            Err(error) => reply.error(error),
        }
    }

    fn forget(&self, _request: &Request, number: INodeNo, count: u64) {
        let _ = self.answer(Operation::Forget, |vfs| {
            vfs.forget(inode(number), count);
            Ok(())
        });
    }

    fn getattr(&self, _request: &Request, number: INodeNo, _handle: Option<FileHandle>, reply: ReplyAttr) {
        reply_attr(self.answer(Operation::Getattr, |vfs| vfs.getattr(inode(number))), reply);
    }

    fn setattr(
        &self,
        _request: &Request,
        number: INodeNo,
        mode: Option<u32>,
        uid: Option<u32>,
        gid: Option<u32>,
        size: Option<u64>,
        _atime: Option<TimeOrNow>,
        mtime: Option<TimeOrNow>,
        _ctime: Option<SystemTime>,
        open: Option<FileHandle>,
        _crtime: Option<SystemTime>,
        _chgtime: Option<SystemTime>,
        _bkuptime: Option<SystemTime>,
        _flags: Option<BsdFileFlags>,
        reply: ReplyAttr,
    ) {
        let mode = mode.map(|mode| (mode & 0o7777) as u16);
        let change = AttributeChange { size, mode, uid, gid, modified: mtime.map(system_time) };
        reply_attr(self.answer(Operation::Setattr, |vfs| vfs.setattr(inode(number), open.map(handle), change)), reply);
    }

    fn mknod(
        &self,
        _request: &Request,
        _parent: INodeNo,
        _name: &OsStr,
        _mode: u32,
        _umask: u32,
        _rdev: u32,
        reply: ReplyEntry,
    ) {
        reply.error(self.refuse(Operation::Mknod, VfsError::NotPermitted));
    }

    fn mkdir(&self, _request: &Request, _parent: INodeNo, _name: &OsStr, _mode: u32, _umask: u32, reply: ReplyEntry) {
        reply.error(self.refuse(Operation::Mkdir, VfsError::NotPermitted));
    }

    fn rmdir(&self, _request: &Request, _parent: INodeNo, _name: &OsStr, reply: ReplyEmpty) {
        reply.error(self.refuse(Operation::Rmdir, VfsError::NotPermitted));
    }

    fn symlink(&self, _request: &Request, parent: INodeNo, name: &OsStr, target: &std::path::Path, reply: ReplyEntry) {
        match self.answer(Operation::Symlink, |vfs| vfs.symlink(inode(parent), name, target.as_os_str())) {
            Ok(attributes) => {
                reply.entry(&lifetime(&attributes), &file_attr(&attributes, attributes.inode), GENERATION);
            }
            Err(error) => reply.error(error),
        }
    }

    fn readlink(&self, _request: &Request, number: INodeNo, reply: ReplyData) {
        match self.answer(Operation::Readlink, |vfs| vfs.readlink(inode(number))) {
            Ok(target) => reply.data(&target),
            Err(error) => reply.error(error),
        }
    }

    fn link(&self, _request: &Request, _number: INodeNo, _parent: INodeNo, _name: &OsStr, reply: ReplyEntry) {
        reply.error(self.refuse(Operation::Link, VfsError::NotPermitted));
    }

    fn unlink(&self, request: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        reply_empty(self.answer(Operation::Unlink, |vfs| vfs.unlink(caller(request), inode(parent), name)), reply);
    }

    fn rename(
        &self,
        _request: &Request,
        parent: INodeNo,
        name: &OsStr,
        new_parent: INodeNo,
        new_name: &OsStr,
        flags: RenameFlags,
        reply: ReplyEmpty,
    ) {
        let Some(mode) = rename_mode(flags) else {
            return reply.error(self.refuse(Operation::Rename, VfsError::Invalid));
        };
        let (parent, new_parent) = (inode(parent), inode(new_parent));
        let result = self.answer(Operation::Rename, |vfs| vfs.rename(parent, name, new_parent, new_name, mode));
        reply_empty(result, reply);
    }

    fn open(&self, request: &Request, number: INodeNo, flags: OpenFlags, reply: ReplyOpen) {
        let mode = OpenMode::from_flags(flags.0);
        let caller = if mode.write { caller_with_process(request) } else { caller(request) };
        match self.answer(Operation::Open, |vfs| vfs.open(caller, inode(number), mode)) {
            Ok(opened) => reply.opened(FileHandle(opened.handle.0), open_flags(&opened)),
            Err(error) => reply.error(error),
        }
    }

    fn create(
        &self,
        request: &Request,
        parent: INodeNo,
        name: &OsStr,
        mode: u32,
        umask: u32,
        flags: i32,
        reply: ReplyCreate,
    ) {
        let (asked, umask) = ((mode & 0o7777) as u16, (umask & 0o777) as u16);
        let open = OpenMode::from_flags(flags);
        let caller = caller_with_process(request);
        match self.answer(Operation::Create, |vfs| vfs.create(caller, inode(parent), name, asked, umask, open)) {
            Ok((attributes, opened)) => {
                let attr = file_attr(&attributes, attributes.inode);
                reply.created(
                    &lifetime(&attributes),
                    &attr,
                    GENERATION,
                    FileHandle(opened.handle.0),
                    open_flags(&opened),
                );
            }
            Err(error) => reply.error(error),
        }
    }

    fn read(
        &self,
        _request: &Request,
        _number: INodeNo,
        open: FileHandle,
        offset: u64,
        size: u32,
        _flags: OpenFlags,
        _owner: Option<LockOwner>,
        reply: ReplyData,
    ) {
        let began = Instant::now();
        let done = match guarded(Operation::Read, || self.vfs.begin_read(handle(open), offset, size)) {
            Ok(Reading::Done(bytes)) => Ok(bytes),
            Ok(Reading::Large(piece)) => {
                let vfs = Arc::clone(&self.vfs);
                let print = move || {
                    let piece = guarded(Operation::Read, || vfs.finish_read(&piece));
                    reply_data(counted(&vfs, Operation::Read, began, piece), reply);
                };
                return self.printers.hand_over(Box::new(print));
            }
            Err(error) => Err(error),
        };
        reply_data(counted(&self.vfs, Operation::Read, began, done), reply);
    }

    fn write(
        &self,
        request: &Request,
        _number: INodeNo,
        open: FileHandle,
        offset: u64,
        data: &[u8],
        _write_flags: WriteFlags,
        _flags: OpenFlags,
        _owner: Option<LockOwner>,
        reply: ReplyWrite,
    ) {
        self.vfs.note_writer(handle(open), request.pid());
        match self.answer(Operation::Write, |vfs| vfs.write(handle(open), offset, data)) {
            Ok(written) => reply.written(written),
            Err(error) => reply.error(error),
        }
    }

    fn flush(&self, request: &Request, _number: INodeNo, open: FileHandle, _owner: LockOwner, reply: ReplyEmpty) {
        let closer = caller(request);
        let flushed = self.answer(Operation::Flush, |vfs| vfs.flush(handle(open), closer, process_id_of));
        self.reply_after_notices(flushed, reply);
    }

    fn fsync(&self, _request: &Request, _number: INodeNo, open: FileHandle, _datasync: bool, reply: ReplyEmpty) {
        self.reply_after_notices(self.answer(Operation::Fsync, |vfs| vfs.fsync(handle(open))), reply);
    }

    fn release(
        &self,
        _request: &Request,
        _number: INodeNo,
        open: FileHandle,
        _flags: OpenFlags,
        _owner: Option<LockOwner>,
        _flush: bool,
        reply: ReplyEmpty,
    ) {
        reply_empty(self.answer(Operation::Release, |vfs| vfs.release(handle(open))), reply);
    }

    fn opendir(&self, _request: &Request, number: INodeNo, _flags: OpenFlags, reply: ReplyOpen) {
        match self.answer(Operation::Opendir, |vfs| vfs.opendir(inode(number))) {
            Ok(opened) => reply.opened(FileHandle(opened.handle.0), directory_flags(&opened)),
            Err(error) => reply.error(error),
        }
    }

    fn readdir(&self, _request: &Request, _number: INodeNo, open: FileHandle, offset: u64, mut reply: ReplyDirectory) {
        let sink = |entry: &Entry, next| reply.add(INodeNo(entry.inode.0), next, file_type(entry.kind), &entry.name);
        match self.answer(Operation::Readdir, |vfs| vfs.readdir(handle(open), offset, sink)) {
            Ok(()) => reply.ok(),
            Err(error) => reply.error(error),
        }
    }

    fn readdirplus(
        &self,
        _request: &Request,
        _number: INodeNo,
        open: FileHandle,
        offset: u64,
        mut reply: ReplyDirectoryPlus,
    ) {
        let sink = |entry: &Entry, next, attributes: &Attributes| {
            let attr = file_attr(attributes, attributes.inode);
            reply.add(attr.ino, next, &entry.name, &lifetime(attributes), &attr, GENERATION)
        };
        match self.answer(Operation::Readdirplus, |vfs| vfs.readdir_plus(handle(open), offset, sink)) {
            Ok(()) => reply.ok(),
            Err(error) => reply.error(error),
        }
    }

    fn releasedir(&self, _request: &Request, _number: INodeNo, open: FileHandle, _flags: OpenFlags, reply: ReplyEmpty) {
        reply_empty(self.answer(Operation::Releasedir, |vfs| vfs.releasedir(handle(open))), reply);
    }

    fn fsyncdir(&self, _request: &Request, _number: INodeNo, _open: FileHandle, _datasync: bool, reply: ReplyEmpty) {
        reply_empty(self.answer(Operation::Fsyncdir, Vfs::make_all_durable), reply);
    }

    fn poll(
        &self,
        _request: &Request,
        _number: INodeNo,
        open: FileHandle,
        notifier: PollNotifier,
        _events: PollEvents,
        flags: PollFlags,
        reply: ReplyPoll,
    ) {
        let wake: Then = Box::new(|| {
            if let Err(error) = notifier.notify() {
                log::debug!("nobody is woken: {error}");
            }
        });
        let wake = flags.contains(PollFlags::FUSE_POLL_SCHEDULE_NOTIFY).then_some(wake);
        match self.answer(Operation::Poll, |vfs| vfs.poll(handle(open), wake)) {
            Ok(changed) => reply.poll(poll_events(changed)),
            Err(error) => reply.error(error),
        }
    }

    fn statfs(&self, _request: &Request, _number: INodeNo, reply: ReplyStatfs) {
        match self.answer(Operation::Statfs, Vfs::statfs) {
            Ok(space) => {
                let size = u32::try_from(space.block_size).unwrap_or(u32::MAX);
                let (blocks, free, available) = (space.blocks, space.blocks_free, space.blocks_available);
                reply.statfs(blocks, free, available, space.files, space.files_free, size, 255, size);
            }
            Err(error) => reply.error(error),
        }
    }
}
