//! Drives the file system as the Linux kernel drives a mount, but without one.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use keyfs::Store;
use keyfs::vfs::{
    AttributeChange, Attributes, Caller, Engine, FileKind, HandleNo, InodeNo, OpenMode, RenameMode, Vfs, VfsError,
};
use rustix::fs::OFlags;
use rustix::io::Errno;

use super::file_system::{Answer, FileSystem, OpenFile, Stat};
use super::kernel_file::KernelFile;

/// How many entries fit into the answer to one request; few, so that a listing takes several.
const ENTRIES_PER_REQUEST: usize = 3;

pub(crate) struct Kernel<'a, E = Store> {
    vfs: &'a Vfs<E>,
    /// Called between the lookups of an open or a rename and what they are for: where others get in between.
    in_between: Option<&'a (dyn Fn() + Sync)>,
    /// How many seconds the time is ahead of the clock, because it was let pass.
    ahead: AtomicU64,
}

impl<'a, E: Engine> Kernel<'a, E> {
    pub(crate) fn new(vfs: &'a Vfs<E>) -> Kernel<'a, E> {
        Kernel { vfs, in_between: None, ahead: AtomicU64::new(0) }
    }

    pub(crate) fn interrupted(vfs: &'a Vfs<E>, in_between: &'a (dyn Fn() + Sync)) -> Kernel<'a, E> {
        Kernel { in_between: Some(in_between), ..Kernel::new(vfs) }
    }

    fn interrupt(&self) {
        if let Some(in_between) = self.in_between {
            in_between();
        }
    }

    fn lookup(&self, parent: InodeNo, name: &[u8]) -> Answer<Attributes> {
        self.vfs.lookup(caller(), parent, OsStr::from_bytes(name)).map_err(errno)
    }

    /// Looks up a path; each inode on it is forgotten at once but the last, which the caller must forget.
    fn walk(&self, path: &[u8], lookups: u64) -> Answer<Found> {
        let (parent, name) = self.parent(path)?;
        if name == b"." {
            return Ok(Found { inode: parent, lookups: 0, kind: FileKind::Directory });
        }
        let mut found = self.lookup(parent, name)?;
        for _ in 1..lookups {
            // The first only shows whether what was known is still right, the second counts.
            self.vfs.forget(found.inode, 1);
            found = self.lookup(parent, name)?;
        }
        Ok(Found { inode: found.inode, lookups: 1, kind: found.kind })
    }

    fn parent<'n>(&self, path: &'n [u8]) -> Answer<(InodeNo, &'n [u8])> {
        let mut parent = InodeNo::ROOT;
        let mut rest = path;
        while let Some(slash) = rest.iter().position(|&byte| byte == b'/') {
            let found = self.lookup(parent, &rest[..slash])?;
            // Directories are there from the start to the end: their counts mean nothing.
            self.vfs.forget(found.inode, 1);
            if found.kind != FileKind::Directory {
                return Err(Errno::NOTDIR);
            }
            parent = found.inode;
            rest = &rest[slash + 1..];
        }
        Ok((parent, rest))
    }

    /// Looks a name up and uses what it leads to; once more, with two lookups, when that is answered ESTALE.
    fn with<T>(&self, name: &[u8], work: impl Fn(&Found) -> Answer<T>) -> Answer<T> {
        let once = |lookups| {
            let found = self.walk(name, lookups)?;
            let result = work(&found);
            self.vfs.forget(found.inode, found.lookups);
            result
        };
        match once(1) {
            Err(Errno::STALE) => once(2),
            other => other,
        }
    }

    fn open_once(&self, name: &[u8], flags: OFlags, asked: u16, lookups: u64) -> Answer<KernelFile<'_, E>> {
        let creates = flags.contains(OFlags::CREATE);
        let found = match self.walk(name, lookups) {
            Err(Errno::NOENT) if creates => return self.create(name, flags, asked),
            found => found?,
        };
        self.interrupt();
        if found.kind == FileKind::Symlink && !flags.contains(OFlags::EXCL) {
            return self.follow(&found, flags);
        }
        let opened = if creates && flags.contains(OFlags::EXCL) {
            Err(Errno::EXIST)
        } else {
            let flags = flags - OFlags::CREATE - OFlags::EXCL;
            let mode = OpenMode::from_flags(flags.bits() as i32);
            self.vfs.open(caller(), found.inode, mode).map_err(errno)
        };
        match opened {
            Ok(opened) => Ok(self.file(found.inode, opened.handle, flags)),
            Err(error) => {
                self.vfs.forget(found.inode, found.lookups);
                Err(error)
            }
        }
    }

    /// Opens what a symbolic link leads to: a name in the same directory, in these tests.
    fn follow(&self, found: &Found, flags: OFlags) -> Answer<KernelFile<'_, E>> {
        let target = self.vfs.readlink(found.inode).map_err(errno);
        self.vfs.forget(found.inode, found.lookups);
        let target = target?;
        if flags.contains(OFlags::NOFOLLOW) { Err(Errno::LOOP) } else { self.open_once(&target, flags, 0o666, 1) }
    }

    /// Opens a file, or makes it with the permissions that are asked for.
    fn open_as(&self, name: &[u8], flags: OFlags, asked: u16) -> Answer<Box<dyn OpenFile + '_>> {
        let opened = match self.open_once(name, flags, asked, 1) {
            Err(Errno::STALE) => self.open_once(name, flags, asked, 2),
            other => other,
        };
        Ok(Box::new(opened?))
    }

    fn create(&self, name: &[u8], flags: OFlags, asked: u16) -> Answer<KernelFile<'_, E>> {
        let (parent, leaf) = self.parent(name)?;
        let mode = OpenMode::from_flags(flags.bits() as i32);
        let created = self.vfs.create(caller(), parent, OsStr::from_bytes(leaf), asked, 0o022, mode);
        let (attributes, opened) = created.map_err(errno)?;
        Ok(self.file(attributes.inode, opened.handle, flags))
    }

    fn file(&self, inode: InodeNo, handle: HandleNo, flags: OFlags) -> KernelFile<'_, E> {
        let mode = OpenMode::from_flags(flags.bits() as i32);
        KernelFile { vfs: self.vfs, inode, handle, read: mode.read, write: mode.write, closed: false }
    }

    fn rename(&self, from: &[u8], to: &[u8], mode: RenameMode) -> Answer<()> {
        self.with(from, |_| Ok(()))?;
        match self.with(to, |_| Ok(())) {
            Ok(()) if mode == RenameMode::NoReplace => return Err(Errno::EXIST),
            Ok(()) | Err(Errno::NOENT) => {}
            Err(error) => return Err(error),
        }
        self.interrupt();
        let ((parent, from), (new_parent, to)) = (self.parent(from)?, self.parent(to)?);
        let (from, to) = (OsStr::from_bytes(from), OsStr::from_bytes(to));
        self.vfs.rename(parent, from, new_parent, to, mode).map_err(errno)
    }

    fn change(&self, name: &[u8], change: AttributeChange) -> Answer<()> {
        let target = match self.with(name, |found| Ok(found.kind))? {
            FileKind::Symlink => self.read_link(name)?,
            _ => name.to_vec(),
        };
        self.with(&target, |found| self.vfs.setattr(found.inode, None, change).map(|_| ()).map_err(errno))
    }

    /// Reads a directory to its end, a few entries a request; `request` asks for those from an offset on.
    fn read_directory(
        &self,
        directory: &[u8],
        mut request: impl FnMut(HandleNo, &mut Piece) -> keyfs::vfs::VfsResult<()>,
    ) -> Answer<()> {
        let handle = self.with(directory, |found| self.vfs.opendir(found.inode).map_err(errno))?.handle;
        let mut piece = Piece { offset: 0, left: 0 };
        loop {
            let before = piece.offset;
            piece.left = ENTRIES_PER_REQUEST;
            request(handle, &mut piece).map_err(errno)?;
            if piece.offset == before {
                return self.vfs.releasedir(handle).map_err(errno);
            }
        }
    }
}

/// How far a directory was read, and how many entries the answer to a request has still room for.
struct Piece {
    offset: u64,
    left: usize,
}

impl Piece {
    /// Takes an entry; false when there is no room for it.
    fn take(&mut self, next: u64) -> bool {
        if self.left == 0 {
            return false;
        }
        (self.left, self.offset) = (self.left - 1, next);
        true
    }
}

fn is_dots(name: &[u8]) -> bool {
    name == b"." || name == b".."
}

/// What a path leads to, and how often it has to be forgotten.
struct Found {
    inode: InodeNo,
    lookups: u64,
    kind: FileKind,
}

/// Who asks: the kernel tells threads apart.
pub(super) fn caller() -> Caller {
    Caller { thread: rustix::thread::gettid().as_raw_nonzero().get() as u32, process: std::process::id() }
}

#[allow(clippy::needless_pass_by_value)]
pub(super) fn errno(error: VfsError) -> Errno {
    Errno::from_raw_os_error(error.errno())
}

pub(super) fn from_vfs(attributes: &Attributes) -> Stat {
    Stat {
        size: attributes.size,
        modified: attributes.modified,
        mode: attributes.mode,
        is_directory: attributes.kind == FileKind::Directory,
        is_symlink: attributes.kind == FileKind::Symlink,
    }
}

impl<E: Engine> FileSystem for Kernel<'_, E> {
    fn open(&self, name: &[u8], flags: OFlags) -> Answer<Box<dyn OpenFile + '_>> {
        self.open_as(name, flags, 0o666)
    }

    fn make_temporary(&self, name: &[u8]) -> Answer<Box<dyn OpenFile + '_>> {
        self.open_as(name, OFlags::RDWR | OFlags::CREATE | OFlags::EXCL, 0o600)
    }

    fn truncate(&self, name: &[u8], size: u64) -> Answer<()> {
        self.change(name, AttributeChange { size: Some(size), ..AttributeChange::default() })
    }

    fn unlink(&self, name: &[u8]) -> Answer<()> {
        if self.with(name, |found| Ok(found.kind == FileKind::Directory))? {
            return Err(Errno::ISDIR);
        }
        let (parent, name) = self.parent(name)?;
        self.vfs.unlink(caller(), parent, OsStr::from_bytes(name)).map_err(errno)
    }

    fn rename(&self, from: &[u8], to: &[u8]) -> Answer<()> {
        Kernel::rename(self, from, to, RenameMode::Replace)
    }

    fn rename_no_replace(&self, from: &[u8], to: &[u8]) -> Answer<()> {
        Kernel::rename(self, from, to, RenameMode::NoReplace)
    }

    fn exchange(&self, one: &[u8], other: &[u8]) -> Answer<()> {
        Kernel::rename(self, one, other, RenameMode::Exchange)
    }

    fn stat(&self, name: &[u8]) -> Answer<Stat> {
        self.with(name, |found| self.vfs.getattr(found.inode).map(|found| from_vfs(&found)).map_err(errno))
    }

    fn list(&self, directory: &[u8]) -> Answer<Vec<Vec<u8>>> {
        let mut names = Vec::new();
        self.read_directory(directory, |handle, piece| {
            self.vfs.readdir(handle, piece.offset, |entry, next| {
                let taken = piece.take(next);
                names.extend(taken.then(|| entry.name.as_bytes().to_vec()));
                !taken
            })
        })?;
        names.retain(|name| !is_dots(name));
        names.sort_unstable();
        Ok(names)
    }

    fn list_with_attributes(&self, directory: &[u8]) -> Answer<Vec<(Vec<u8>, Stat)>> {
        let mut found = Vec::new();
        self.read_directory(directory, |handle, piece| {
            self.vfs.readdir_plus(handle, piece.offset, |entry, next, attributes| {
                let taken = piece.take(next);
                found.extend(taken.then(|| (entry.name.as_bytes().to_vec(), *attributes)));
                !taken
            })
        })?;
        found.retain(|(name, _)| !is_dots(name));
        // Each counts as a lookup.
        found.iter().for_each(|(_, attributes)| self.vfs.forget(attributes.inode, 1));
        found.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        Ok(found.into_iter().map(|(name, attributes)| (name, from_vfs(&attributes))).collect())
    }

    fn symlink(&self, name: &[u8], target: &[u8]) -> Answer<()> {
        match self.with(name, |_| Ok(())) {
            Ok(()) => return Err(Errno::EXIST),
            Err(Errno::NOENT) => {}
            Err(error) => return Err(error),
        }
        let (parent, name) = self.parent(name)?;
        let made = self.vfs.symlink(parent, OsStr::from_bytes(name), OsStr::from_bytes(target)).map_err(errno)?;
        self.vfs.forget(made.inode, 1);
        Ok(())
    }

    fn read_link(&self, name: &[u8]) -> Answer<Vec<u8>> {
        self.with(name, |found| self.vfs.readlink(found.inode).map(|target| target.to_vec()).map_err(errno))
    }

    fn chmod(&self, name: &[u8], mode: u16) -> Answer<()> {
        self.change(name, AttributeChange { mode: Some(mode), ..AttributeChange::default() })
    }

    fn set_modified(&self, name: &[u8], modified: SystemTime) -> Answer<()> {
        self.change(name, AttributeChange { modified: Some(modified), ..AttributeChange::default() })
    }

    fn let_time_pass(&self) {
        let ahead = self.ahead.fetch_add(3, Ordering::Relaxed) + 3;
        self.vfs.run_due(Instant::now() + Duration::from_secs(ahead));
    }

    fn space(&self) -> Answer<(u64, u64)> {
        self.vfs.statfs().map(|space| (space.blocks, space.blocks_free)).map_err(errno)
    }
}
