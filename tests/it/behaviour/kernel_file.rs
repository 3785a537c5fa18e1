//! A file that was opened as the kernel opens it.

use keyfs::vfs::{AttributeChange, Engine, HandleNo, InodeNo, Vfs};
use rustix::io::Errno;

use super::file_system::{Answer, OpenFile, Stat};
use super::kernel::{caller, errno, from_vfs};

/// The largest write that is one request.
const MAX_WRITE: usize = 128 * 1024;

pub(super) struct KernelFile<'a, E: Engine> {
    pub(super) vfs: &'a Vfs<E>,
    pub(super) inode: InodeNo,
    pub(super) handle: HandleNo,
    pub(super) read: bool,
    pub(super) write: bool,
    pub(super) closed: bool,
}

impl<E: Engine> OpenFile for KernelFile<'_, E> {
    fn read_at(&self, offset: u64, length: usize) -> Answer<Vec<u8>> {
        if !self.read {
            return Err(Errno::BADF);
        }
        let length = u32::try_from(length).unwrap();
        self.vfs.read(self.handle, offset, length).map(|bytes| bytes.to_vec()).map_err(errno)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> Answer<usize> {
        if !self.write {
            return Err(Errno::BADF);
        }
        let mut written = 0;
        for piece in bytes.chunks(MAX_WRITE) {
            let at = offset + written as u64;
            written += self.vfs.write(self.handle, at, piece).map_err(errno)? as usize;
        }
        Ok(written)
    }

    fn truncate(&self, size: u64) -> Answer<()> {
        if !self.write {
            return Err(Errno::INVAL);
        }
        let change = AttributeChange { size: Some(size), ..AttributeChange::default() };
        self.vfs.setattr(self.inode, Some(self.handle), change).map(|_| ()).map_err(errno)
    }

    fn fsync(&self) -> Answer<()> {
        self.vfs.fsync(self.handle).map_err(errno)
    }

    fn stat(&self) -> Answer<Stat> {
        self.vfs.getattr(self.inode).map(|found| from_vfs(&found)).map_err(errno)
    }

    fn close_duplicate(&self) -> Answer<()> {
        self.vfs.flush(self.handle, caller(), |_| std::process::id()).map_err(errno)
    }

    fn close(mut self: Box<Self>) -> Answer<()> {
        self.closed = true;
        // Dropping releases.
        self.vfs.flush(self.handle, caller(), |_| std::process::id()).map_err(errno)
    }
}

impl<E: Engine> Drop for KernelFile<'_, E> {
    fn drop(&mut self) {
        if !self.closed {
            let _ = self.vfs.flush(self.handle, caller(), |_| std::process::id());
        }
        self.vfs.release(self.handle).unwrap();
        self.vfs.forget(self.inode, 1);
    }
}
