//! The bytes of scratch files: reading and writing them takes the disk, and so never the lock.

use std::sync::Arc;

use super::Vfs;
use super::attributes::{HandleNo, InodeNo};
use super::engine::Engine;
use super::error::{VfsError, VfsResult};
use super::handle::OpenFile;
use super::inode::InodeKind;
use super::shelf::{Change, OnShelf, ShelfFile};
use super::state::State;

impl<E: Engine> Vfs<E> {
    /// The scratch file that a handle is open on.
    pub(super) fn scratch_of(&self, handle: HandleNo) -> VfsResult<Option<Arc<ShelfFile>>> {
        let state = self.state.lock();
        let open = state.handles.get(handle)?;
        Ok(match (&open.file, &state.inodes.get(open.inode)?.kind) {
            (OpenFile::OnShelf(file), InodeKind::Scratch(_)) => Some(Arc::clone(file)),
            _ => None,
        })
    }

    /// Writes to a scratch file; none when the handle is not open on one.
    pub(super) fn write_scratch(&self, handle: HandleNo, offset: u64, bytes: &[u8]) -> VfsResult<Option<u32>> {
        while let Some(file) = self.scratch_of(handle)? {
            let open = |state: &State| state.handles.get(handle).map(|open| (open.write, open.append));
            let (write, append) = open(&self.state.lock())?;
            if !write {
                return Err(VfsError::BadHandle);
            }
            let offset = (!append).then_some(offset);
            let limit = self.options.limits.file_bytes;
            match file
                .write_at(offset, bytes, limit, |more| self.take_scratch_room(more))
                .on_shelf("write", "a scratch file")?
            {
                Change::Done(written) => return Ok(u32::try_from(written).ok()),
                Change::TooLarge => return Err(VfsError::TooLarge),
                Change::NoRoom => return Err(VfsError::NoRoom),
                // It has become the draft of a key meanwhile.
                Change::Ended => {}
            }
        }
        Ok(None)
    }

    /// Cuts or lengthens a scratch file; false when the inode is none.
    pub(super) fn resize_scratch(&self, inode: InodeNo, size: u64) -> VfsResult<bool> {
        let file = match &mut self.state.lock().inodes.get_mut(inode)?.kind {
            InodeKind::Scratch(scratch) => scratch.file(&self.shelf)?,
            _ => return Ok(false),
        };
        if size > self.options.limits.file_bytes {
            return Err(VfsError::TooLarge);
        }
        match file.resize(size, |more| self.take_scratch_room(more)).on_shelf("cut", "a scratch file")? {
            Change::NoRoom => Err(VfsError::NoRoom),
            Change::Ended => Ok(false),
            Change::Done(_) | Change::TooLarge => Ok(true),
        }
    }
}
